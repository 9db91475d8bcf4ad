// SPDX-License-Identifier: GPL-2.0
/*
 * The CPUID of one vCPU: finding an entry, answering the instruction, and the
 * limits that follow.  Pure.
 *
 * An answer costs two table look-ups: the index leads from a leaf to its first
 * entry, and the subleaves of a leaf follow each other.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include <asm/cpufeatures.h>
#include <asm/kvm_para.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "x86/cpuid_build.h"
#include "x86/xsave.h"

/* Which row of the index @leaf is in, and where; false if in none. */
static bool index_of(u32 leaf, unsigned int *range, unsigned int *at)
{
	*range = leaf >> 30;
	*at = leaf & 0x3fffffff;
	return *range < 3 && *at < VMM_CPUID_WINDOW;
}

const struct vmm_cpuid_entry *vmm_cpuid_find(const struct vmm_cpuid_state *s,
					     u32 leaf, u32 subleaf)
{
	const struct vmm_cpuid_entry *e, *end = s->entries + s->count;
	unsigned int range, at;

	if (!index_of(leaf, &range, &at) || !s->index[range][at])
		return NULL;
	e = &s->entries[s->index[range][at] - 1];
	if (!(e->flags & VMM_CPUID_SUBLEAF))
		return e;
	/* Mostly, subleaves are numbered without gaps. */
	if (subleaf < (u32)(end - e) && e[subleaf].leaf == leaf &&
	    e[subleaf].subleaf == subleaf)
		return e + subleaf;
	for (; e < end && e->leaf == leaf; e++) {
		if (e->subleaf == subleaf)
			return e;
	}
	return NULL;
}

/* Bytes of an XSAVE area for the components in @mask, in either form. */
static u32 xsave_bytes(const struct vmm_cpuid_state *s, u64 mask, bool compact)
{
	const struct vmm_cpuid_entry *e = vmm_cpuid_find(s, 0xd, 2);
	const struct vmm_cpuid_entry *end = s->entries + s->count;
	u32 size = VMM_XSAVE_MIN;

	for (; e && e < end && e->leaf == 0xd; e++) {
		if (e->subleaf > 62 || !(mask >> e->subleaf & 1))
			continue;
		if (!compact) {
			size = max_t(u32, size, e->ebx + e->eax);
			continue;
		}
		if (e->ecx & 2)
			size = (size + 63) & ~63U;
		size += e->eax;
	}
	return size;
}

static bool out_of_range(const struct vmm_cpuid_state *s, u32 leaf)
{
	const struct vmm_cpuid_entry *first;

	if (leaf < 0x40000000)
		return leaf > s->max_basic;
	first = vmm_cpuid_find(s, leaf & 0xc0000000, 0);
	return !first || leaf > first->eax;
}

static void fill_dynamic(const struct vmm_cpuid_state *s,
			 const struct vmm_cpuid_dyn *dyn, u32 leaf,
			 u32 subleaf, u32 regs[4])
{
	switch (leaf) {
	case 0x1:
		regs[VMM_ECX] &= ~BIT(X86_FEATURE_OSXSAVE & 31);
		if (dyn->cr4 & X86_CR4_OSXSAVE)
			regs[VMM_ECX] |= BIT(X86_FEATURE_OSXSAVE & 31);
		if (!dyn->apic_enabled)
			regs[VMM_EDX] &= ~BIT(X86_FEATURE_APIC & 31);
		break;
	case 0xd:
		if (!s->limits.xcr0)
			break;
		if (subleaf == 0)
			regs[VMM_EBX] = xsave_bytes(s, dyn->xcr0, false);
		else if (subleaf == 1 &&
			 regs[VMM_EAX] & BIT(X86_FEATURE_XSAVEC & 31))
			regs[VMM_EBX] = xsave_bytes(s, dyn->xcr0, true);
		break;
	case 0x80000001:
		if (vmm_cpu_has(&s->limits, VMM_CPU_AMD) &&
		    !dyn->apic_enabled)
			regs[VMM_EDX] &= ~BIT(X86_FEATURE_APIC & 31);
		break;
	}
}

/* The levels past the last one of the extended topology leaves. */
static void topology_end(const struct vmm_cpuid_state *s, u32 leaf,
			 u32 subleaf, u32 regs[4])
{
	const struct vmm_cpuid_entry *first = vmm_cpuid_find(s, leaf, 0);

	if (!first)
		return;
	regs[VMM_ECX] = subleaf & 0xff;
	regs[VMM_EDX] = first->edx;
}

void vmm_cpuid_exec(const struct vmm_cpuid_state *state,
		    const struct vmm_cpuid_dyn *dyn, u32 regs[4])
{
	u32 leaf = regs[VMM_EAX], subleaf = regs[VMM_ECX];
	const struct vmm_cpuid_entry *e;

	e = vmm_cpuid_find(state, leaf, subleaf);
	if ((!e || leaf > state->max_basic) && out_of_range(state, leaf)) {
		e = NULL;
		if (vmm_cpu_has(&state->limits, VMM_CPU_INTEL)) {
			leaf = state->max_basic;
			e = vmm_cpuid_find(state, leaf, subleaf);
		}
	}
	if (!e) {
		memset(regs, 0, 4 * sizeof(*regs));
		if (leaf == 0xb || leaf == 0x1f)
			topology_end(state, leaf, subleaf, regs);
		return;
	}
	regs[VMM_EAX] = e->eax;
	regs[VMM_EBX] = e->ebx;
	regs[VMM_ECX] = e->ecx;
	regs[VMM_EDX] = e->edx;
	if (leaf == 0x1 || leaf == 0xd || leaf == 0x80000001)
		fill_dynamic(state, dyn, leaf, subleaf, regs);
}

/* ---- limits ------------------------------------------------------------- */

/* Which register of which leaf a feature is in. */
struct feature {
	u8 feat;
	u8 reg;
	u8 bit;
	u8 subleaf;
	u32 leaf;
};

#define FEAT(f, l, r, name) \
	{ VMM_CPU_##f, VMM_##r, X86_FEATURE_##name & 31, 0, l }
#define KVM_FEAT(f, name) \
	{ VMM_CPU_##f, VMM_EAX, KVM_FEATURE_##name, 0, KVM_CPUID_FEATURES }

static const struct feature features[] = {
	FEAT(PAT, 1, EDX, PAT),
	FEAT(MTRR, 1, EDX, MTRR),
	FEAT(MCE, 1, EDX, MCE),
	FEAT(MCA, 1, EDX, MCA),
	FEAT(SEP, 1, EDX, SEP),
	FEAT(XSAVE, 1, ECX, XSAVE),
	FEAT(X2APIC, 1, ECX, X2APIC),
	FEAT(TSC_DEADLINE, 1, ECX, TSC_DEADLINE_TIMER),
	FEAT(PCID, 1, ECX, PCID),
	FEAT(TSC_ADJUST, 7, EBX, TSC_ADJUST),
	FEAT(FSGSBASE, 7, EBX, FSGSBASE),
	FEAT(TSC_AUX, 7, ECX, RDPID),
	FEAT(ARCH_CAPS, 7, EDX, ARCH_CAPABILITIES),
	FEAT(LM, 0x80000001, EDX, LM),
	FEAT(SYSCALL, 0x80000001, EDX, SYSCALL),
	FEAT(TSC_AUX, 0x80000001, EDX, RDTSCP),
	{ VMM_CPU_CONSTANT_TSC, VMM_EDX, 8, 0, 0x80000007 },
	FEAT(IBPB, 0x80000008, EBX, AMD_IBPB),
	KVM_FEAT(KVM_CLOCK, CLOCKSOURCE),
	KVM_FEAT(KVM_CLOCK2, CLOCKSOURCE2),
	KVM_FEAT(KVM_STEAL, STEAL_TIME),
};

/* A register of an entry, 0 if the table has none; by VMM_EAX to VMM_EDX. */
static u32 table_reg(const struct vmm_cpuid_state *s, u32 leaf, u32 subleaf,
		     unsigned int reg)
{
	const struct vmm_cpuid_entry *e = vmm_cpuid_find(s, leaf, subleaf);

	if (!e || (leaf < 0x40000000 && leaf > s->max_basic))
		return 0;
	switch (reg) {
	case VMM_EAX: return e->eax;
	case VMM_EBX: return e->ebx;
	case VMM_ECX: return e->ecx;
	default: return e->edx;
	}
}

static u64 find_features(const struct vmm_cpuid_state *s)
{
	const struct vmm_cpuid_entry *e = vmm_cpuid_find(s, 0, 0);
	u64 feat = 0;
	unsigned int i;

	if (e && !memcmp(&e->ebx, "Genu", 4) && !memcmp(&e->edx, "ineI", 4) &&
	    !memcmp(&e->ecx, "ntel", 4))
		feat |= BIT_ULL(VMM_CPU_INTEL);
	if (e && ((!memcmp(&e->ebx, "Auth", 4) && !memcmp(&e->ecx, "cAMD", 4)) ||
		  (!memcmp(&e->ebx, "Hygo", 4) && !memcmp(&e->ecx, "uine", 4))))
		feat |= BIT_ULL(VMM_CPU_AMD);

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];

		if (table_reg(s, f->leaf, f->subleaf, f->reg) >> f->bit & 1)
			feat |= BIT_ULL(f->feat);
	}
	return feat;
}

/* Bits of CR4, and what in CPUID makes each of them writable. */
#define CR4(cr4_bit, l, r, name) \
	{ X86_CR4_##cr4_bit, l, VMM_##r, X86_FEATURE_##name & 31 }

static const struct {
	u64 bit;
	u32 leaf;
	u8 reg;
	u8 feature;
} cr4_bits[] = {
	CR4(VME, 1, EDX, VME),
	CR4(PVI, 1, EDX, VME),
	CR4(TSD, 1, EDX, TSC),
	CR4(DE, 1, EDX, DE),
	CR4(PSE, 1, EDX, PSE),
	CR4(PAE, 1, EDX, PAE),
	CR4(MCE, 1, EDX, MCE),
	CR4(PGE, 1, EDX, PGE),
	CR4(OSFXSR, 1, EDX, FXSR),
	CR4(OSXMMEXCPT, 1, EDX, XMM),
	CR4(PCIDE, 1, ECX, PCID),
	CR4(OSXSAVE, 1, ECX, XSAVE),
	CR4(FSGSBASE, 7, EBX, FSGSBASE),
	CR4(SMEP, 7, EBX, SMEP),
	CR4(SMAP, 7, EBX, SMAP),
	CR4(UMIP, 7, ECX, UMIP),
};

static u64 find_cr4(const struct vmm_cpuid_state *s)
{
	u64 allowed = X86_CR4_PCE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cr4_bits); i++) {
		if (table_reg(s, cr4_bits[i].leaf, 0, cr4_bits[i].reg) >>
		    cr4_bits[i].feature & 1)
			allowed |= cr4_bits[i].bit;
	}
	return ~allowed;
}

static u64 find_efer(const struct vmm_cpuid_state *s, u64 feat)
{
	u32 edx = table_reg(s, 0x80000001, 0, VMM_EDX);
	u64 allowed = 0;

	if (feat & BIT_ULL(VMM_CPU_SYSCALL))
		allowed |= EFER_SCE;
	if (feat & BIT_ULL(VMM_CPU_LM))
		allowed |= EFER_LME | EFER_LMA;
	if (edx >> (X86_FEATURE_NX & 31) & 1)
		allowed |= EFER_NX;
	if (edx >> (X86_FEATURE_FXSR_OPT & 31) & 1)
		allowed |= EFER_FFXSR;
	return ~allowed;
}

static u8 find_maxphyaddr(const struct vmm_cpuid_state *s)
{
	u8 bits = table_reg(s, 0x80000008, 0, VMM_EAX) & 0xff;

	if (!bits)
		bits = 36;
	return bits < 32 ? 32 : bits > 52 ? 52 : bits;
}

static void find_limits(struct vmm_cpuid_state *s)
{
	struct vmm_cpu_limits *l = &s->limits;

	l->feat = find_features(s);
	l->cr4_reserved = find_cr4(s);
	l->efer_reserved = find_efer(s, l->feat);
	l->xcr0 = 0;
	if (l->feat & BIT_ULL(VMM_CPU_XSAVE))
		l->xcr0 = table_reg(s, 0xd, 0, VMM_EAX) |
			  (u64)table_reg(s, 0xd, 0, VMM_EDX) << 32;
	l->maxphyaddr = find_maxphyaddr(s);
	l->gpa_reserved = ~(BIT_ULL(l->maxphyaddr) - 1);
}

/* ---- taking a table over ------------------------------------------------ */

static void insert_sorted(struct vmm_cpuid_state *s,
			  const struct vmm_cpuid_entry *e)
{
	u32 i = s->count++;

	for (; i > 0; i--) {
		const struct vmm_cpuid_entry *p = &s->entries[i - 1];

		if (p->leaf < e->leaf ||
		    (p->leaf == e->leaf && p->subleaf < e->subleaf))
			break;
		s->entries[i] = *p;
	}
	s->entries[i] = *e;
}

void vmm_cpuid_adopt(struct vmm_cpuid_state *state,
		     const struct vmm_cpuid_entry *entries, unsigned int n)
{
	unsigned int range, at;
	u32 i;

	memset(state, 0, sizeof(*state));
	for (i = 0; i < n; i++)
		insert_sorted(state, &entries[i]);
	for (i = state->count; i-- > 0; ) {
		if (index_of(state->entries[i].leaf, &range, &at))
			state->index[range][at] = i + 1;
	}
	if (state->index[0][0])
		state->max_basic = state->entries[state->index[0][0] - 1].eax;
	find_limits(state);
}
