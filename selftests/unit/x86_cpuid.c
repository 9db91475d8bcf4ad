// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID tables of canned hosts, of hosts that claim everything, and of this
 * machine: nothing forbidden is shown, topology is right, the answers are those
 * of the vendor.
 */
#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <asm/cpufeatures.h>
#include <asm/kvm_para.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "tap.h"
#include "x86/cpuid_build.h"
#include "x86/cpuid_rules.h"
#include "x86/xsave.h"
#include "x86_cpuid_hosts.h"

#define F(name)		(1U << (X86_FEATURE_##name & 31))

static u64 seed = 88172645463325252ULL;

static u32 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 16;
}

/* ---- hosts -------------------------------------------------------------- */

/* Not shown: what every table is to be free of. */
static const struct {
	const char *name;
	u32 leaf;
	u8 sub;
	u8 reg;
	u32 bits;
} forbidden[] = {
	{ "VMX, SMX, MONITOR, PDCM", 1, 0, VMM_ECX,
	  F(VMX) | F(SMX) | F(MWAIT) | F(PDCM) | F(DTES64) | F(EST) | F(TM2) },
	{ "OSXSAVE at rest", 1, 0, VMM_ECX, F(OSXSAVE) },
	{ "DS, thermal control", 1, 0, VMM_EDX,
	  F(DS) | F(ACPI) | F(ACC) | F(PBE) | F(PN) },
	{ "SGX, MPX, PT, RDT", 7, 0, VMM_EBX,
	  F(SGX) | F(MPX) | F(INTEL_PT) | F(CQM) | F(RDT_A) },
	{ "PKU, LA57, WAITPKG, shadow stacks", 7, 0, VMM_ECX,
	  F(PKU) | F(OSPKE) | F(LA57) | F(WAITPKG) | 1 << 7 | F(ENQCMD) |
	  F(BUS_LOCK_DETECT) | F(TME) | F(SGX_LC) | 1u << 31 },
	{ "IBRS, STIBP, SSBD, AMX, IBT, LBR", 7, 0, VMM_EDX,
	  F(SPEC_CTRL) | F(INTEL_STIBP) | F(SPEC_CTRL_SSBD) | F(AMX_TILE) |
	  F(AMX_INT8) | F(AMX_BF16) | F(IBT) | F(ARCH_LBR) | F(PCONFIG) |
	  F(CORE_CAPABILITIES) | F(HYBRID_CPU) | F(FLUSH_L1D) },
	{ "XSAVES, XFD", 0xd, 1, VMM_EAX, F(XSAVES) | F(XFD) },
	{ "supervisor state", 0xd, 1, VMM_ECX, ~0U },
	{ "SVM, performance counters, IBS, MWAITX", 0x80000001, 0, VMM_ECX,
	  F(SVM) | F(EXTAPIC) | F(OSVW) | F(IBS) | F(SKINIT) | F(WDT) |
	  F(LWP) | F(TCE) | F(NODEID_MSR) | F(PERFCTR_CORE) | F(PERFCTR_NB) |
	  F(BPEXT) | F(PTSC) | F(PERFCTR_LLC) | F(MWAITX) },
	{ "power management", 0x80000007, 0, VMM_EDX, ~(1U << 8) },
	{ "error recovery", 0x80000007, 0, VMM_EBX, ~0U },
	{ "IBRS, STIBP, SSBD, RDPRU", 0x80000008, 0, VMM_EBX,
	  F(AMD_IBRS) | F(AMD_STIBP) | F(AMD_STIBP_ALWAYS_ON) | F(AMD_SSBD) |
	  F(VIRT_SSBD) | F(RDPRU) | F(IRPERF) | F(CPPC) | F(BRS) |
	  F(AMD_PPIN) },
	{ "nested paging's features", 0x8000000a, 0, VMM_EDX, ~0U },
	{ "memory encryption", 0x8000001f, 0, VMM_EAX, ~0U },
	{ "counters", 0xa, 0, VMM_EAX, ~0U },
	{ "MONITOR's leaf", 5, 0, VMM_EAX, ~0U },
	{ "trace", 0x14, 0, VMM_EAX, ~0U },
	{ "SGX's leaf", 0x12, 0, VMM_EAX, ~0U },
	{ "AMX's leaf", 0x1d, 0, VMM_EAX, ~0U },
	{ "automatic IBRS", 0x80000021, 0, VMM_EAX, 1 << 8 },
};

/**
 * struct host - a host in a test
 * @h:		as the module sees it
 * @leaves:	canned ones; NULL: by @mode
 */
struct host {
	struct vmm_cpuid_host h;
	const struct leaf *leaves;
	enum { CANNED, ONES, RANDOM, NATIVE } mode;
	u64 seed;
};

static void read_canned(const struct leaf *l, u32 regs[4])
{
	u32 leaf = regs[VMM_EAX], sub = regs[VMM_ECX];

	memset(regs, 0, 16);
	for (; l->leaf || l->eax; l++) {
		if (l->leaf == leaf && (l->sub == sub || leaf == 0 ||
					(l[1].leaf != leaf && !l->sub &&
					 leaf != 0xd && leaf != 7))) {
			regs[VMM_EAX] = l->eax;
			regs[VMM_EBX] = l->ebx;
			regs[VMM_ECX] = l->ecx;
			regs[VMM_EDX] = l->edx;
			return;
		}
	}
}

/* The same for the same leaf, as random hosts must be. */
static void read_random(u64 s, u32 regs[4])
{
	u64 x = s ^ (regs[VMM_EAX] * 0x9e3779b97f4a7c15) ^
		((u64)regs[VMM_ECX] << 40);
	int i;

	for (i = 0; i < 4; i++) {
		x ^= x >> 31;
		x *= 0xbf58476d1ce4e5b9;
		x ^= x >> 29;
		regs[i] = x;
	}
}

static void read_host(const struct vmm_cpuid_host *h, u32 regs[4])
{
	const struct host *t = (const struct host *)h;
	u32 leaf = regs[VMM_EAX];

	switch (t->mode) {
	case CANNED:
		read_canned(t->leaves, regs);
		return;
	case NATIVE:
		__cpuid_count(leaf, regs[VMM_ECX], regs[VMM_EAX],
			      regs[VMM_EBX], regs[VMM_ECX], regs[VMM_EDX]);
		return;
	case ONES:
		memset(regs, 0xff, 16);
		break;
	case RANDOM:
		read_random(t->seed, regs);
		break;
	}
	if (leaf == 0)
		regs[VMM_EAX] = 0x20;
	if (leaf == 0x80000000)
		regs[VMM_EAX] = 0x80000028;
}

static struct host host(const struct leaf *leaves)
{
	return (struct host) {
		.h = {
			.read = read_host, .xcr0 = leaves == skylake ? 0xe7 : 7,
			.xsave_size = leaves == skylake ? 2688 : 832,
			.tsc_khz = 2100000, .tsc_stable = true,
			.phys_bits = 48, .kvm_features = 0x1000028,
		},
		.leaves = leaves,
		.mode = CANNED,
	};
}

static struct vmm_cpuid_table table;
static struct vmm_cpuid_state state;

static bool build(const struct host *h, u32 apic_id, unsigned int vcpus)
{
	if (vmm_cpuid_build(&h->h, &table))
		return false;
	vmm_cpuid_adopt(&state, table.entries, table.count);
	vmm_cpuid_topology(state.entries, state.count, apic_id, vcpus);
	return true;
}

/* CPUID in a guest at rest: CR4 zero, XCR0 x87 alone, APIC on. */
static const u32 *ask(u32 leaf, u32 sub)
{
	static const struct vmm_cpuid_dyn dyn = {
		.xcr0 = 1, .apic_enabled = true,
	};
	static u32 regs[4];

	regs[VMM_EAX] = leaf;
	regs[VMM_ECX] = sub;
	vmm_cpuid_exec(&state, &dyn, regs);
	return regs;
}

/* ---- what is shown ------------------------------------------------------ */

static void test_forbidden(const struct host *h, const char *name)
{
	unsigned int i, bad = 0;

	if (!tap_ok(build(h, 0, 4), "%s: table", name))
		return;
	for (i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++) {
		u32 got = ask(forbidden[i].leaf,
			      forbidden[i].sub)[forbidden[i].reg];

		/* Out of range, Intel answers with another leaf. */
		if (!vmm_cpuid_find(&state, forbidden[i].leaf,
				    forbidden[i].sub))
			continue;
		if (got & forbidden[i].bits) {
			tap_note("%s: %s: %#x", name, forbidden[i].name,
				 got & forbidden[i].bits);
			bad++;
		}
	}
	tap_ok(!bad, "%s: nothing forbidden is shown", name);
	for (i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++) {
		if (forbidden[i].bits == ~0U && forbidden[i].leaf != 0xd &&
		    forbidden[i].leaf != 0x80000007)
			bad += vmm_cpuid_find(&state, forbidden[i].leaf, 0) !=
			       NULL;
	}
	tap_ok(!bad, "%s: hidden leaves are absent", name);
	tap_ok(vmm_cpuid_check(&table, state.entries, state.count) == 0,
	       "%s: a vCPU's table may be set again", name);
	tap_ok(ask(1, 0)[VMM_ECX] & F(HYPERVISOR) &&
	       ask(1, 0)[VMM_ECX] & F(X2APIC) &&
	       ask(1, 0)[VMM_ECX] & F(TSC_DEADLINE_TIMER) &&
	       ask(1, 0)[VMM_EDX] & F(APIC), "%s: what we emulate is shown",
	       name);
}

static void test_random_hosts(void)
{
	struct host h = host(NULL);
	unsigned int i, j, bad = 0, full = 0;

	h.mode = RANDOM;
	for (i = 0; i < 3000; i++) {
		h.seed = ((u64)rnd() << 32) | rnd();
		h.h.xcr0 = i & 1 ? 0xe7 : 3;
		if (!build(&h, rnd() & 255, 1 + rnd() % 256)) {
			full++;
			continue;
		}
		for (j = 0; j < sizeof(forbidden) / sizeof(*forbidden); j++) {
			if (vmm_cpuid_find(&state, forbidden[j].leaf,
					   forbidden[j].sub))
				bad += !!(ask(forbidden[j].leaf,
					      forbidden[j].sub)
					  [forbidden[j].reg] &
					  forbidden[j].bits);
		}
		for (j = 1; j < state.count; j++) {
			const struct vmm_cpuid_entry *e = &state.entries[j];

			bad += e[-1].leaf > e->leaf ||
			       (e[-1].leaf == e->leaf &&
				e[-1].subleaf >= e->subleaf);
		}
		for (j = 0; j < 200; j++) {
			ask((rnd() & 3) << 30 | (rnd() & 0x7f), rnd() & 0x7f);
			ask(rnd(), rnd());
		}
	}
	tap_ok(!bad && !full, "3000 random hosts: tables are sorted and clean");
}

static void test_vectors(void)
{
	struct host h = host(skylake);

	build(&h, 0, 1);
	tap_ok(ask(7, 0)[VMM_EBX] & F(AVX512F) && ask(7, 0)[VMM_EBX] & F(AVX2) &&
	       ask(1, 0)[VMM_ECX] & F(AVX), "vectors are shown");
	h.h.xcr0 = 7;
	build(&h, 0, 1);
	tap_ok(!(ask(7, 0)[VMM_EBX] & (F(AVX512F) | F(AVX512BW))) &&
	       ask(7, 0)[VMM_EBX] & F(AVX2), "no AVX-512 without its state");
	h.h.xcr0 = 3;
	build(&h, 0, 1);
	tap_ok(!(ask(7, 0)[VMM_EBX] & F(AVX2)) &&
	       !(ask(1, 0)[VMM_ECX] & (F(AVX) | F(FMA) | F(F16C))) &&
	       ask(1, 0)[VMM_ECX] & F(XSAVE), "no AVX without its state");
	h.h.xcr0 = 0;
	build(&h, 0, 1);
	tap_ok(!(ask(1, 0)[VMM_ECX] & F(XSAVE)) && !state.limits.xcr0 &&
	       !ask(0xd, 0)[VMM_EBX], "no XSAVE without XCR0");
}

static void test_paravirt(void)
{
	struct host h = host(epyc);
	char sig[13] = { 0 };

	build(&h, 0, 1);
	memcpy(sig, ask(KVM_CPUID_SIGNATURE, 0) + 1, 12);
	tap_ok(!memcmp(sig, KVM_SIGNATURE, 12) &&
	       ask(KVM_CPUID_SIGNATURE, 0)[VMM_EAX] == 0x40000010,
	       "the signature that Linux looks for");
	tap_ok(ask(KVM_CPUID_FEATURES, 0)[VMM_EAX] == 0x1000028,
	       "its features are those that are served");
	tap_ok(ask(0x40000010, 0)[VMM_EAX] == 2100000, "frequencies");
	tap_ok(ask(0x40000011, 0)[VMM_EAX] == 0, "nothing after");
	h = host(skylake);
	build(&h, 0, 1);
	tap_ok((u64)ask(0x15, 0)[VMM_ECX] * ask(0x15, 0)[VMM_EBX] /
	       ask(0x15, 0)[VMM_EAX] == 2100000000 &&
	       ask(0x15, 0)[VMM_ECX] == 1000000000 &&
	       ask(0x16, 0)[VMM_EAX] == 2100,
	       "Intel's leaves have the same frequencies, not the host's");
	h = host(epyc);
	build(&h, 0, 1);
	tap_ok(ask(0x80000007, 0)[VMM_EDX] == 1 << 8, "invariant TSC");
	h.h.tsc_stable = false;
	build(&h, 0, 1);
	tap_ok(ask(0x80000007, 0)[VMM_EDX] == 0, "only if it is");
}

/* ---- topology ----------------------------------------------------------- */

static void test_topology_amd(void)
{
	static const struct {
		unsigned int n;
		u32 width;
	} sizes[] = {
		{ 1, 0 }, { 2, 1 }, { 3, 2 }, { 4, 2 }, { 8, 3 }, { 9, 4 },
		{ 255, 8 },
	};
	struct host h = host(epyc);
	unsigned int i, bad = 0;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		unsigned int n = sizes[i].n;
		u32 id = n - 1;

		build(&h, id, n);
		bad += ask(1, 0)[VMM_EBX] != (id << 24 | n << 16 | 0x0800);
		bad += !!(ask(1, 0)[VMM_EDX] & F(HT)) != (n > 1);
		bad += !!(ask(0x80000001, 0)[VMM_ECX] & F(CMP_LEGACY)) !=
		       (n > 1);
		bad += ask(0x80000008, 0)[VMM_ECX] !=
		       ((n - 1) | sizes[i].width << 12);
		bad += ask(0x8000001e, 0)[VMM_EAX] != id ||
		       ask(0x8000001e, 0)[VMM_EBX] != id ||
		       ask(0x8000001e, 0)[VMM_ECX] != 0;
		/* Level 1 to 2 for one core, level 3 for all. */
		bad += ask(0x8000001d, 0)[VMM_EAX] != 0x121 ||
		       ask(0x8000001d, 2)[VMM_EAX] != 0x143 ||
		       ask(0x8000001d, 3)[VMM_EAX] != (0x163 | (n - 1) << 14) ||
		       ask(0x8000001d, 4)[VMM_EAX] != 0;
	}
	tap_ok(!bad, "AMD: one package of N cores (%u wrong)", bad);
}

static void test_topology_intel(void)
{
	struct host h = host(skylake);

	build(&h, 5, 6);
	tap_ok(ask(1, 0)[VMM_EBX] >> 16 == (5 << 8 | 6), "Intel: leaf 1");
	tap_ok(ask(4, 0)[VMM_EAX] == (7U << 26 | 0x121) &&
	       ask(4, 3)[VMM_EAX] == (7U << 26 | 7 << 14 | 0x163),
	       "Intel: caches, of a core and of the package");
	tap_ok(ask(0xb, 0)[VMM_EAX] == 0 && ask(0xb, 0)[VMM_EBX] == 1 &&
	       ask(0xb, 0)[VMM_ECX] == 0x100 && ask(0xb, 0)[VMM_EDX] == 5,
	       "Intel: threads");
	tap_ok(ask(0xb, 1)[VMM_EAX] == 3 && ask(0xb, 1)[VMM_EBX] == 6 &&
	       ask(0xb, 1)[VMM_ECX] == 0x201 && ask(0xb, 1)[VMM_EDX] == 5,
	       "Intel: cores");
	tap_ok(ask(0xb, 7)[VMM_EAX] == 0 && ask(0xb, 7)[VMM_EBX] == 0 &&
	       ask(0xb, 7)[VMM_ECX] == 7 && ask(0xb, 7)[VMM_EDX] == 5,
	       "Intel: past the last level");
}

/* ---- answers ------------------------------------------------------------ */

static void test_ranges(void)
{
	static const u32 outside[] = {
		0xe, 0x3f, 0x40, 0x12345, 0x3fffffff, 0x80000022, 0x80000100,
		0xbfffffff, 0xc0000000, 0xffffffff, 0x40000100,
	};
	struct host h = host(epyc);
	unsigned int i, bad = 0;
	u32 last[4];

	build(&h, 0, 2);
	for (i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		bad += ask(outside[i], 0)[VMM_EAX] ||
		       ask(outside[i], 0)[VMM_EBX] ||
		       ask(outside[i], 0)[VMM_ECX] ||
		       ask(outside[i], 0)[VMM_EDX];
	tap_ok(!bad, "AMD: zeros out of range");

	h = host(skylake);
	build(&h, 0, 2);
	memcpy(last, ask(0x16, 0), sizeof(last));
	for (i = 1; i < sizeof(outside) / sizeof(*outside); i++)
		bad += memcmp(last, ask(outside[i], 0), sizeof(last)) != 0;
	tap_ok(!bad && last[VMM_EAX] == 2100,
	       "Intel: the last basic leaf out of range");
	tap_ok(!ask(0xc, 0)[VMM_EAX] && !ask(5, 0)[VMM_ECX] &&
	       !ask(0x80000003, 0)[VMM_EAX], "zeros within the ranges");
	tap_ok(ask(0, 12345)[VMM_EBX] == 0x756e6547,
	       "ECX does not matter where there are no subleaves");
}

static u32 xsave_now(u64 xcr0, u32 sub)
{
	struct vmm_cpuid_dyn dyn = { .xcr0 = xcr0, .apic_enabled = true };
	u32 regs[4] = { 0xd, 0, sub, 0 };

	vmm_cpuid_exec(&state, &dyn, regs);
	return regs[VMM_EBX];
}

static void test_dynamic(void)
{
	struct vmm_cpuid_dyn dyn = { .cr4 = X86_CR4_OSXSAVE };
	struct host h = host(epyc);
	u32 regs[4] = { 1 };

	build(&h, 0, 1);
	vmm_cpuid_exec(&state, &dyn, regs);
	tap_ok(regs[VMM_ECX] & F(OSXSAVE) && !(regs[VMM_EDX] & F(APIC)),
	       "OSXSAVE and the APIC bit follow the vCPU");
	regs[VMM_EAX] = 0x80000001;
	vmm_cpuid_exec(&state, &dyn, regs);
	tap_ok(!(regs[VMM_EDX] & F(APIC)), "AMD: in the other place, too");
	tap_ok(xsave_now(1, 0) == 576 && xsave_now(7, 0) == 832 &&
	       ask(0xd, 0)[VMM_ECX] == 832, "leaf 0xd follows XCR0");
	h = host(skylake);
	build(&h, 0, 1);
	tap_ok(xsave_now(3, 0) == 576 && xsave_now(0xe7, 0) == 0xa80 &&
	       xsave_now(7, 1) == 832 && xsave_now(0xe7, 1) == 832 + 1600 &&
	       ask(0xd, 0)[VMM_EAX] == 0xe7 && !ask(0xd, 9)[VMM_EAX],
	       "both forms of AVX-512 state");
}

/* In the compacted form, some components begin at a multiple of 64. */
static void test_alignment(void)
{
	static const struct leaf aligned[] = {
		{ 0x0, 0, 0xd, 0x68747541, 0x444d4163, 0x69746e65 },
		{ 0x1, 0, 0, 0, F(XSAVE) | F(AVX), 0 },
		{ 0xd, 0, 0xe7, 832, 832, 0 },
		{ 0xd, 1, F(XSAVEC), 0, 0, 0 },
		{ 0xd, 2, 8, 576, 0, 0 },
		{ 0xd, 5, 16, 640, 0, 0 },
		{ 0xd, 6, 64, 704, 2, 0 },
		{ 0xd, 7, 64, 768, 0, 0 },
		{ }
	};
	struct host h = host(aligned);

	h.h.xcr0 = 0xe7;
	build(&h, 0, 1);
	tap_ok(xsave_now(0xe7, 1) == 640 + 64 + 64 &&
	       xsave_now(0xe7, 0) == 832, "a component that is aligned");
}

static void test_limits(void)
{
	const struct vmm_cpu_limits *l = &state.limits;
	struct host h = host(epyc);
	u64 cr4;

	build(&h, 0, 1);
	cr4 = ~l->cr4_reserved;
	tap_ok(cr4 == (X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE |
		       X86_CR4_PSE | X86_CR4_PAE | X86_CR4_MCE | X86_CR4_PGE |
		       X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT |
		       X86_CR4_FSGSBASE | X86_CR4_OSXSAVE | X86_CR4_SMEP |
		       X86_CR4_SMAP), "AMD: CR4 (%#llx)", cr4);
	tap_ok(~l->efer_reserved == (EFER_SCE | EFER_LME | EFER_LMA | EFER_NX |
				     EFER_FFXSR), "AMD: EFER");
	tap_ok(l->xcr0 == 7 && l->maxphyaddr == 48 &&
	       l->gpa_reserved == ~((1ULL << 48) - 1), "AMD: XCR0 and width");
	tap_ok(vmm_cpu_has(l, VMM_CPU_AMD) && !vmm_cpu_has(l, VMM_CPU_INTEL) &&
	       vmm_cpu_has(l, VMM_CPU_TSC_AUX) && vmm_cpu_has(l, VMM_CPU_LM) &&
	       vmm_cpu_has(l, VMM_CPU_TSC_ADJUST) &&
	       vmm_cpu_has(l, VMM_CPU_IBPB) && !vmm_cpu_has(l, VMM_CPU_PCID) &&
	       vmm_cpu_has(l, VMM_CPU_KVM_CLOCK2), "AMD: features");
	h = host(skylake);
	h.h.phys_bits = 40;
	build(&h, 0, 1);
	tap_ok(vmm_cpu_has(l, VMM_CPU_INTEL) && vmm_cpu_has(l, VMM_CPU_PCID) &&
	       vmm_cpu_has(l, VMM_CPU_ARCH_CAPS) &&
	       !(l->cr4_reserved & X86_CR4_PCIDE) && l->maxphyaddr == 40 &&
	       ask(0x80000008, 0)[VMM_EAX] == 0x3028,
	       "Intel: features, and no wider than the tables");
}

/* ---- what user space may set -------------------------------------------- */

static struct vmm_cpuid_entry *entry(struct vmm_cpuid_entry *t, u32 leaf,
				     u32 sub)
{
	unsigned int i;

	for (i = 0; i < table.count; i++) {
		if (t[i].leaf == leaf && t[i].subleaf == sub)
			return &t[i];
	}
	abort();
}

#define TRY(name, want, change)						\
	do {								\
		struct vmm_cpuid_entry t[VMM_MAX_CPUID];		\
		unsigned int n = table.count;				\
									\
		memcpy(t, table.entries, sizeof(t));			\
		change;							\
		tap_ok(vmm_cpuid_check(&table, t, n) == (want),		\
		       "set: " name);					\
	} while (0)

static void test_set(void)
{
	struct host h = host(epyc);

	build(&h, 0, 1);
	TRY("as supported", 0, (void)0);
	TRY("nothing", 0, n = 0);
	TRY("a feature less", 0, entry(t, 1, 0)->ecx &= ~F(AVX));
	TRY("a feature more", -EINVAL, entry(t, 1, 0)->ecx |= F(VMX));
	TRY("OSXSAVE", -EINVAL, entry(t, 1, 0)->ecx |= F(OSXSAVE));
	TRY("another model", 0, entry(t, 1, 0)->eax ^= 0x10);
	TRY("another vendor", -EINVAL, entry(t, 0, 0)->ebx ^= 1);
	TRY("fewer leaves", 0, entry(t, 0, 0)->eax = 7);
	TRY("more leaves", -EINVAL, entry(t, 0, 0)->eax = 0x20);
	TRY("narrower", 0, entry(t, 0x80000008, 0)->eax = 0x3024);
	TRY("wider", -EINVAL, entry(t, 0x80000008, 0)->eax = 0x2031);
	TRY("less XCR0", 0, entry(t, 0xd, 0)->eax = 3);
	TRY("more XCR0", -EINVAL, entry(t, 0xd, 0)->eax = 0xe7);
	TRY("XCR0 without SSE", -EINVAL, entry(t, 0xd, 0)->eax = 5);
	TRY("another offset", -EINVAL, entry(t, 0xd, 2)->ebx++);
	TRY("a hidden leaf, empty", 0, {
		memset(&t[n], 0, sizeof(t[n]));
		t[n++].leaf = 0x8000000a;
	});
	TRY("a hidden leaf", -EINVAL, {
		memset(&t[n], 0, sizeof(t[n]));
		t[n].leaf = 0x8000000a;
		t[n++].edx = 1;
	});
	TRY("a leaf twice", -EINVAL, t[n++] = t[0]);
	TRY("a subleaf where there are none", -EINVAL,
	    entry(t, 1, 0)->subleaf = 1);
	TRY("a flag", -EINVAL, t[0].flags |= 2);
	TRY("padding", -EINVAL, t[0].pad = 1);
	TRY("a wrong kind of leaf", -EINVAL, t[0].flags ^= VMM_CPUID_SUBLEAF);
	TRY("a paravirtual feature less", 0,
	    entry(t, KVM_CPUID_FEATURES, 0)->eax = 0);
	TRY("a paravirtual feature more", -EINVAL,
	    entry(t, KVM_CPUID_FEATURES, 0)->eax |= 1 << 30);
	tap_ok(vmm_cpuid_check(&table, table.entries, VMM_MAX_CPUID + 1) ==
	       -EINVAL, "set: too many");
}

/* The order of what user space hands in does not matter. */
static void test_shuffled(void)
{
	struct vmm_cpuid_entry t[VMM_MAX_CPUID], tmp;
	struct vmm_cpuid_state other;
	struct host h = host(skylake);
	unsigned int i, j;

	build(&h, 3, 4);
	memcpy(t, state.entries, sizeof(t));
	for (i = state.count; i-- > 1; ) {
		j = rnd() % (i + 1);
		tmp = t[i];
		t[i] = t[j];
		t[j] = tmp;
	}
	vmm_cpuid_adopt(&other, t, state.count);
	tap_ok(!memcmp(&other.entries, &state.entries, sizeof(t)) &&
	       !memcmp(&other.index, &state.index, sizeof(other.index)) &&
	       !memcmp(&other.limits, &state.limits, sizeof(other.limits)),
	       "entries in any order make the same table");
}

/* Whatever user space gets through, the limits keep within the host's. */
static void test_set_fuzz(void)
{
	struct vmm_cpuid_entry t[VMM_MAX_CPUID];
	struct host h = host(skylake);
	struct vmm_cpu_limits full;
	unsigned int i, j, k, n, bad = 0, passed = 0;

	build(&h, 0, 1);
	full = state.limits;
	for (i = 0; i < 100000; i++) {
		n = table.count;
		memcpy(t, table.entries, sizeof(t));
		for (j = rnd() % 4; j-- > 0; ) {
			u32 *word = (u32 *)&t[rnd() % n];

			word[rnd() & 7] ^= rnd() & 1 ? 1U << (rnd() & 31) :
						       rnd();
		}
		if (vmm_cpuid_check(&table, t, n))
			continue;
		passed++;
		vmm_cpuid_adopt(&state, t, n);
		bad += (full.cr4_reserved & ~state.limits.cr4_reserved) != 0;
		bad += (full.efer_reserved & ~state.limits.efer_reserved) != 0;
		bad += (state.limits.xcr0 & ~full.xcr0) != 0;
		bad += (state.limits.feat & ~full.feat) != 0;
		bad += state.limits.maxphyaddr > full.maxphyaddr;
		for (k = 0; k < 8; k++)
			ask(rnd() & 0x8000001f, rnd() & 15);
	}
	tap_ok(passed > 1000 && !bad,
	       "%u tables of user space: within the host's limits", passed);
}

int main(void)
{
	struct host h = host(epyc);

	test_forbidden(&h, "EPYC");
	h = host(skylake);
	test_forbidden(&h, "Skylake");
	h = host(NULL);
	h.mode = ONES;
	test_forbidden(&h, "a host with everything");
	h.mode = NATIVE;
	test_forbidden(&h, "this machine");
	test_random_hosts();
	test_vectors();
	test_paravirt();
	test_topology_amd();
	test_topology_intel();
	test_ranges();
	test_dynamic();
	test_alignment();
	test_limits();
	test_set();
	test_shuffled();
	test_set_fuzz();
	return tap_done();
}
