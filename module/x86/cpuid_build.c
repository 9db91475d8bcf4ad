// SPDX-License-Identifier: GPL-2.0
/*
 * Making CPUID tables: from a host by the rules, topology, and whether user
 * space's table is allowed.  Pure.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include <asm/cpufeatures.h>
#include <asm/kvm_para.h>

#include "x86/cpuid_build.h"
#include "x86/cpuid_rules.h"
#include "x86/xsave.h"

#define F(name)		(1U << (X86_FEATURE_##name & 31))

static struct vmm_cpuid_entry *find_in(struct vmm_cpuid_entry *entries,
				       u32 count, u32 leaf, u32 subleaf)
{
	u32 i;

	for (i = 0; i < count; i++) {
		if (entries[i].leaf == leaf && entries[i].subleaf == subleaf)
			return &entries[i];
	}
	return NULL;
}

static struct vmm_cpuid_entry *find(struct vmm_cpuid_table *t, u32 leaf,
				    u32 subleaf)
{
	return find_in(t->entries, t->count, leaf, subleaf);
}

static void entry_regs(const struct vmm_cpuid_entry *e, u32 regs[4])
{
	regs[VMM_EAX] = e->eax;
	regs[VMM_EBX] = e->ebx;
	regs[VMM_ECX] = e->ecx;
	regs[VMM_EDX] = e->edx;
}

/* ---- from the host ------------------------------------------------------ */

static u32 apply(const struct vmm_cpuid_reg *r, u32 host)
{
	return (host & r->mask) | r->set;
}

/* The host has @leaf in the range that it is in. */
static bool host_has(const struct vmm_cpuid_host *h, u32 leaf)
{
	u32 regs[4] = { leaf & 0x80000000 };

	h->read(h, regs);
	if ((regs[VMM_EAX] ^ leaf) & 0x80000000)
		return false;
	return leaf <= regs[VMM_EAX];
}

/* A leaf whose subleaves end somewhere: nothing follows this one. */
static bool is_last(u32 leaf, const u32 regs[4])
{
	switch (leaf) {
	case 0x4:
	case 0x8000001d:
		return !(regs[VMM_EAX] & 0x1f);
	default:
		return false;
	}
}

/* A subleaf that only fills up space. */
static bool is_empty(u32 leaf, u32 subleaf, const u32 regs[4])
{
	if (leaf == 0xd && subleaf >= 2)
		return !regs[VMM_EAX];
	return is_last(leaf, regs);
}

static int add(struct vmm_cpuid_table *t, const struct vmm_cpuid_rule *rule,
	       u32 subleaf, const u32 host[4])
{
	struct vmm_cpuid_entry *e;

	if (t->count == VMM_MAX_CPUID)
		return -ENOSPC;
	e = &t->entries[t->count++];
	memset(e, 0, sizeof(*e));
	e->leaf = rule->leaf;
	e->subleaf = subleaf;
	e->flags = rule->has_sub ? VMM_CPUID_SUBLEAF : 0;
	e->eax = apply(&rule->reg[VMM_EAX], host[VMM_EAX]);
	e->ebx = apply(&rule->reg[VMM_EBX], host[VMM_EBX]);
	e->ecx = apply(&rule->reg[VMM_ECX], host[VMM_ECX]);
	e->edx = apply(&rule->reg[VMM_EDX], host[VMM_EDX]);
	return 0;
}

static int add_rule(const struct vmm_cpuid_host *h, struct vmm_cpuid_table *t,
		    const struct vmm_cpuid_rule *rule)
{
	static const u32 none[4];
	u32 sub, regs[4];
	int err;

	if (rule->synthetic)
		return add(t, rule, 0, none);
	if (!host_has(h, rule->leaf))
		return 0;
	for (sub = rule->first; sub <= rule->last; sub++) {
		memset(regs, 0, sizeof(regs));
		regs[VMM_EAX] = rule->leaf;
		regs[VMM_ECX] = sub;
		h->read(h, regs);
		if (is_last(rule->leaf, regs))
			break;
		if (rule->leaf == 0xd && sub >= 2 && !(h->xcr0 >> sub & 1))
			continue;
		if (is_empty(rule->leaf, sub, regs))
			continue;
		err = add(t, rule, sub, regs);
		if (err)
			return err;
	}
	return 0;
}

/* Features that need registers which the guest cannot have. */
static void drop_vector_features(struct vmm_cpuid_table *t, u64 xcr0)
{
	struct vmm_cpuid_entry *e1 = find(t, 1, 0), *e7 = find(t, 7, 0);
	struct vmm_cpuid_entry *e71 = find(t, 7, 1);
	struct vmm_cpuid_entry *x1 = find(t, 0x80000001, 0);
	bool avx = xcr0 & VMM_XCR0_AVX;
	bool avx512 = (xcr0 & VMM_XCR0_AVX512) == VMM_XCR0_AVX512;

	if (e1 && !xcr0)
		e1->ecx &= ~F(XSAVE);
	if (e1 && !avx)
		e1->ecx &= ~(F(AVX) | F(FMA) | F(F16C));
	if (x1 && !avx)
		x1->ecx &= ~(F(XOP) | F(FMA4));
	if (e7 && !avx) {
		e7->ebx &= ~F(AVX2);
		e7->ecx &= ~(F(VAES) | F(VPCLMULQDQ));
	}
	if (e71 && !avx)
		e71->eax &= ~(F(AVX_VNNI) | 1U << 23);
	if (e7 && !avx512) {
		e7->ebx &= ~(F(AVX512F) | F(AVX512DQ) | F(AVX512IFMA) |
			     F(AVX512PF) | F(AVX512ER) | F(AVX512CD) |
			     F(AVX512BW) | F(AVX512VL));
		e7->ecx &= ~(F(AVX512VBMI) | F(AVX512_VBMI2) |
			     F(AVX512_VNNI) | F(AVX512_BITALG) |
			     F(AVX512_VPOPCNTDQ));
		e7->edx &= ~(F(AVX512_4VNNIW) | F(AVX512_4FMAPS) |
			     F(AVX512_VP2INTERSECT) | F(AVX512_FP16));
	}
	if (e71 && !avx512)
		e71->eax &= ~F(AVX512_BF16);
}

static void fix_xsave(struct vmm_cpuid_table *t,
		      const struct vmm_cpuid_host *h)
{
	struct vmm_cpuid_entry *e = find(t, 0xd, 0);

	drop_vector_features(t, h->xcr0);
	if (!e)
		return;
	e->eax = (u32)h->xcr0;
	e->edx = h->xcr0 >> 32;
	e->ebx = h->xcr0 ? h->xsave_size : 0;
	e->ecx = e->ebx;
	e = find(t, 0xd, 1);
	if (e && !h->xcr0)
		e->eax = 0;
	if (e)
		e->ebx = 0;
}

static void fix_paravirt(struct vmm_cpuid_table *t,
			 const struct vmm_cpuid_host *h)
{
	struct vmm_cpuid_entry *e = find(t, KVM_CPUID_SIGNATURE, 0);

	e->eax = 0x40000010;
	memcpy(&e->ebx, KVM_SIGNATURE, 4);
	memcpy(&e->ecx, KVM_SIGNATURE + 4, 4);
	memcpy(&e->edx, KVM_SIGNATURE + 8, 4);

	e = find(t, KVM_CPUID_FEATURES, 0);
	e->eax = h->kvm_features;

	/* Frequencies in kHz: the TSC's, and the local APIC timer's 1 GHz. */
	e = find(t, 0x40000010, 0);
	e->eax = h->tsc_khz;
	e->ebx = 1000000;
}

/*
 * What drives the TSC and the local APIC timer is one crystal to guests, of the timer's
 * 1 GHz; the host's drives neither.
 */
static void fix_frequencies(struct vmm_cpuid_table *t,
			    const struct vmm_cpuid_host *h)
{
	struct vmm_cpuid_entry *e = find(t, 0x15, 0);

	if (e) {
		e->eax = 1000000;
		e->ebx = h->tsc_khz;
		e->ecx = 1000000000;
	}
	e = find(t, 0x16, 0);
	if (e) {
		e->eax = h->tsc_khz / 1000;
		e->ebx = e->eax;
	}
}

static void fix_widths(struct vmm_cpuid_table *t,
		       const struct vmm_cpuid_host *h)
{
	struct vmm_cpuid_entry *e = find(t, 0x80000008, 0);
	u32 phys, lin;

	if (!e)
		return;
	phys = min_t(u32, e->eax & 0xff, h->phys_bits);
	lin = min_t(u32, e->eax >> 8 & 0xff, 48);
	e->eax = phys | lin << 8;
}

/* The highest leaf of each range is the highest that there is an entry for. */
static void fix_maxima(struct vmm_cpuid_table *t)
{
	struct vmm_cpuid_entry *basic = find(t, 0, 0);
	struct vmm_cpuid_entry *ext = find(t, 0x80000000, 0);
	u32 i, leaf;

	if (basic)
		basic->eax = 0;
	if (ext)
		ext->eax = 0x80000000;
	for (i = 0; i < t->count; i++) {
		leaf = t->entries[i].leaf;
		if (basic && leaf < 0x40000000)
			basic->eax = max_t(u32, basic->eax, leaf);
		else if (ext && leaf >= 0x80000000)
			ext->eax = max_t(u32, ext->eax, leaf);
	}
}

/* Leaf 7 ends at the last subleaf that is shown. */
static void fix_leaf7(struct vmm_cpuid_table *t)
{
	struct vmm_cpuid_entry *e = find(t, 7, 0);

	if (e)
		e->eax = min_t(u32, e->eax, 1);
}

int vmm_cpuid_build(const struct vmm_cpuid_host *host,
		    struct vmm_cpuid_table *t)
{
	struct vmm_cpuid_entry *e;
	unsigned int i;
	int err;

	t->count = 0;
	for (i = 0; i < vmm_nr_cpuid_rules; i++) {
		err = add_rule(host, t, &vmm_cpuid_rules[i]);
		if (err)
			return err;
	}
	fix_leaf7(t);
	fix_xsave(t, host);
	fix_paravirt(t, host);
	fix_frequencies(t, host);
	fix_widths(t, host);
	fix_maxima(t);
	e = find(t, 0x80000007, 0);
	if (e && !host->tsc_stable)
		e->edx = 0;
	return 0;
}

/* ---- topology ----------------------------------------------------------- */

/* Bits that number @n things. */
static u32 id_width(unsigned int n)
{
	u32 w = 0;

	while (w < 31 && 1U << w < n)
		w++;
	return w;
}

/* A cache of @level: the last one is shared by all cores, others by none. */
static u32 cache_sharing(u32 eax, u32 sharers)
{
	u32 level = eax >> 5 & 7;

	eax &= ~(0xfffU << 14);
	if (level >= 3)
		eax |= min_t(u32, sharers - 1, 0xfff) << 14;
	return eax;
}

/* One level of the extended topology leaves: @type 1 threads, 2 cores. */
static void topology_level(struct vmm_cpuid_entry *e, u32 apic_id, u32 type,
			   u32 width, u32 count)
{
	e->eax = width;
	e->ebx = count;
	e->ecx = type << 8 | e->subleaf;
	e->edx = apic_id;
}

static void entry_topology(struct vmm_cpuid_entry *e, u32 apic_id,
			   unsigned int n)
{
	u32 width = id_width(n), ids = 1U << width;

	switch (e->leaf) {
	case 0x1:
		e->ebx = (e->ebx & 0xffff) | min_t(u32, n, 255) << 16 |
			 apic_id << 24;
		e->edx &= ~F(HT);
		e->edx |= n > 1 ? F(HT) : 0;
		break;
	case 0x4:
		e->eax = (cache_sharing(e->eax, ids) & 0x03ffffff) |
			 min_t(u32, ids - 1, 63) << 26;
		break;
	case 0xb:
	case 0x1f:
		if (e->subleaf == 0)
			topology_level(e, apic_id, 1, 0, 1);
		else
			topology_level(e, apic_id, 2, width, n);
		break;
	case 0x80000001:
		if (n == 1)
			e->ecx &= ~F(CMP_LEGACY);
		break;
	case 0x80000008:
		e->ecx = min_t(u32, n - 1, 255) | width << 12;
		break;
	case 0x8000001d:
		e->eax = cache_sharing(e->eax, n) & 0x03ffffff;
		break;
	case 0x8000001e:
		e->eax = apic_id;
		e->ebx = apic_id & 0xff;
		e->ecx = 0;
		break;
	}
}

void vmm_cpuid_topology(struct vmm_cpuid_entry *entries, unsigned int count,
			u32 apic_id, unsigned int nr_vcpus)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		entry_topology(&entries[i], apic_id, max_t(u32, nr_vcpus, 1));
}

/* ---- what user space may set -------------------------------------------- */

static bool bytes_allowed(u32 sup, u32 val)
{
	unsigned int shift;

	for (shift = 0; shift < 32; shift += 8) {
		if ((val >> shift & 0xff) > (sup >> shift & 0xff))
			return false;
	}
	return true;
}

static bool reg_allowed(const struct vmm_cpuid_reg *r, u32 sup, u32 val)
{
	switch (r->kind) {
	case VMM_CPUID_BITS:
		return !(val & ~sup);
	case VMM_CPUID_MAX:
		return val <= sup;
	case VMM_CPUID_MAX8:
		return bytes_allowed(sup, val);
	case VMM_CPUID_SAME:
		return val == sup;
	case VMM_CPUID_ANY:
		return true;
	default:
		return !val;
	}
}

static bool entry_allowed(struct vmm_cpuid_table *sup,
			  const struct vmm_cpuid_entry *e)
{
	static const struct vmm_cpuid_rule hidden;
	const struct vmm_cpuid_rule *rule = vmm_cpuid_rule(e->leaf, e->subleaf);
	const struct vmm_cpuid_entry *s = find(sup, e->leaf, e->subleaf);
	u32 val[4], limit[4] = { 0 };
	unsigned int i;

	if (e->pad || e->flags & ~VMM_CPUID_SUBLEAF)
		return false;
	if (!(e->flags & VMM_CPUID_SUBLEAF) && e->subleaf)
		return false;
	if (!rule)
		rule = &hidden;
	else if (rule->has_sub != !!(e->flags & VMM_CPUID_SUBLEAF))
		return false;

	entry_regs(e, val);
	if (s)
		entry_regs(s, limit);
	for (i = 0; i < 4; i++) {
		if (!reg_allowed(&rule->reg[i], limit[i], val[i]))
			return false;
	}
	return true;
}

/* XCR0 of the table is one that the processor would have. */
static bool xcr0_allowed(const struct vmm_cpuid_entry *e)
{
	u64 xcr0 = e->eax | (u64)e->edx << 32;

	return !xcr0 || vmm_xcr0_valid(xcr0, xcr0);
}

int vmm_cpuid_check(struct vmm_cpuid_table *sup,
		    const struct vmm_cpuid_entry *entries, unsigned int n)
{
	unsigned int i, j;

	if (n > VMM_MAX_CPUID)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		const struct vmm_cpuid_entry *e = &entries[i];

		if (!entry_allowed(sup, e))
			return -EINVAL;
		if (e->leaf == 0xd && e->subleaf == 0 && !xcr0_allowed(e))
			return -EINVAL;
		for (j = 0; j < i; j++) {
			if (entries[j].leaf == e->leaf &&
			    entries[j].subleaf == e->subleaf)
				return -EINVAL;
		}
	}
	return 0;
}
