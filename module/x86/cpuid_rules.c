// SPDX-License-Identifier: GPL-2.0
/*
 * What may be shown to guests, leaf by leaf.  Sorted by leaf and subleaf.
 *
 * A feature is shown if using it is harmless and complete without our doing
 * anything, or if we do what it needs.  Not shown: virtualization, MONITOR and
 * its kin, protection keys, five-level paging, supervisor XSAVE state, AMX,
 * shadow stacks, performance counters, and speculation controls other than
 * the barrier, which live in MSRs that are not switched.
 */
#include <linux/bits.h>
#include <linux/kernel.h>

#include <asm/cpufeatures.h>
#include <asm/kvm_para.h>

#include "x86/cpuid_rules.h"

/* The bit of a feature in its own register. */
#define F(name)		(1U << (X86_FEATURE_##name & 31))

#define ZERO		{ VMM_CPUID_ZERO, 0, 0 }
#define BITS(m)		{ VMM_CPUID_BITS, (m), 0 }
#define BITS_SET(m, s)	{ VMM_CPUID_BITS, (m), (s) }
#define UPTO(m)		{ VMM_CPUID_MAX, (m), 0 }
#define UPTO8(m)	{ VMM_CPUID_MAX8, (m), 0 }
#define SAME(m)		{ VMM_CPUID_SAME, (m), 0 }
#define ANY		{ VMM_CPUID_ANY, ~0U, 0 }

#define LEAF(l, a, b, c, d) \
	{ .leaf = (l), .reg = { a, b, c, d } }
#define SUBLEAVES(l, from, to, a, b, c, d) \
	{ .leaf = (l), .first = (from), .last = (to), .has_sub = true, \
	  .reg = { a, b, c, d } }
#define OURS(l, a, b, c, d) \
	{ .leaf = (l), .synthetic = true, .reg = { a, b, c, d } }

/* Features that AMD shows in leaf 0x80000001 as well as in leaf 1. */
#define LEAF1_EDX_COMMON \
	(F(FPU) | F(VME) | F(DE) | F(PSE) | F(TSC) | F(MSR) | F(PAE) | \
	 F(MCE) | F(CX8) | F(APIC) | F(MTRR) | F(PGE) | F(MCA) | F(CMOV) | \
	 F(PAT) | F(PSE36) | F(MMX) | F(FXSR))

#define LEAF1_EDX \
	(LEAF1_EDX_COMMON | F(SEP) | F(CLFLUSH) | F(XMM) | F(XMM2) | \
	 F(SELFSNOOP))
/* Likewise; HT tells of several processors. */
#define LEAF1_EDX_OURS	(F(APIC) | F(HT))

#define LEAF1_ECX \
	(F(XMM3) | F(PCLMULQDQ) | F(SSSE3) | F(FMA) | F(CX16) | F(PCID) | \
	 F(XMM4_1) | F(XMM4_2) | F(MOVBE) | F(POPCNT) | F(AES) | F(XSAVE) | \
	 F(AVX) | F(F16C) | F(RDRAND))
/* What our local APIC has, on any host. */
#define LEAF1_ECX_OURS \
	(F(X2APIC) | F(TSC_DEADLINE_TIMER) | F(HYPERVISOR))

#define LEAF7_EBX \
	(F(FSGSBASE) | F(BMI1) | F(HLE) | F(AVX2) | F(FDP_EXCPTN_ONLY) | \
	 F(SMEP) | F(BMI2) | F(ERMS) | F(INVPCID) | F(RTM) | \
	 F(ZERO_FCS_FDS) | F(AVX512F) | F(AVX512DQ) | F(RDSEED) | F(ADX) | \
	 F(SMAP) | F(AVX512IFMA) | F(CLFLUSHOPT) | F(CLWB) | F(AVX512PF) | \
	 F(AVX512ER) | F(AVX512CD) | F(SHA_NI) | F(AVX512BW) | F(AVX512VL))
#define LEAF7_ECX \
	(F(AVX512VBMI) | F(UMIP) | F(AVX512_VBMI2) | F(GFNI) | F(VAES) | \
	 F(VPCLMULQDQ) | F(AVX512_VNNI) | F(AVX512_BITALG) | \
	 F(AVX512_VPOPCNTDQ) | F(RDPID) | F(CLDEMOTE) | F(MOVDIRI) | \
	 F(MOVDIR64B))
#define LEAF7_EDX \
	(F(AVX512_4VNNIW) | F(AVX512_4FMAPS) | F(FSRM) | \
	 F(AVX512_VP2INTERSECT) | F(MD_CLEAR) | F(SERIALIZE) | \
	 F(TSXLDTRK) | F(AVX512_FP16) | F(ARCH_CAPABILITIES))
/* AVX-IFMA and the short REP forms have no name in older kernels. */
#define LEAF7_1_EAX \
	(F(AVX_VNNI) | F(AVX512_BF16) | 1U << 10 | 1U << 11 | 1U << 12 | \
	 1U << 23)

#define EXT1_ECX \
	(F(LAHF_LM) | F(CMP_LEGACY) | F(CR8_LEGACY) | F(ABM) | F(SSE4A) | \
	 F(MISALIGNSSE) | F(3DNOWPREFETCH) | F(XOP) | F(FMA4) | F(TBM) | \
	 F(TOPOEXT))
#define EXT1_EDX \
	(LEAF1_EDX_COMMON | F(SYSCALL) | F(NX) | F(MMXEXT) | F(FXSR_OPT) | \
	 F(GBPAGES) | F(RDTSCP) | F(LM) | F(3DNOWEXT) | F(3DNOW))
#define EXT8_EBX \
	(F(CLZERO) | F(XSAVEERPTR) | F(WBNOINVD) | F(AMD_IBPB) | \
	 F(AMD_SSB_NO) | F(BTC_NO) | F(AMD_IBPB_RET))
/*
 * No nested data breakpoints, LFENCE serializes, loading a null selector
 * clears the base, and the bits that tell of mended faults.
 */
#define EXT21_EAX \
	(1U << 0 | 1U << 2 | 1U << 6 | F(VERW_CLEAR) | F(IBPB_BRTYPE) | \
	 F(SRSO_NO))
#define EXT21_ECX	(1U << 1 | 1U << 2)

#define ARAT		F(ARAT)
#define INVARIANT_TSC	(1U << 8)
#define XSAVE_FORMS	(F(XSAVEOPT) | F(XSAVEC) | F(XGETBV1))

const struct vmm_cpuid_rule vmm_cpuid_rules[] = {
	LEAF(0x0, UPTO(~0U), SAME(~0U), SAME(~0U), SAME(~0U)),
	LEAF(0x1, ANY, ANY, BITS_SET(LEAF1_ECX, LEAF1_ECX_OURS),
	     BITS_SET(LEAF1_EDX, LEAF1_EDX_OURS)),
	LEAF(0x2, ANY, ANY, ANY, ANY),
	SUBLEAVES(0x4, 0, 7, ANY, ANY, ANY, ANY),
	LEAF(0x6, BITS_SET(0, ARAT), ZERO, ZERO, ZERO),
	SUBLEAVES(0x7, 0, 0, UPTO(~0U), BITS_SET(LEAF7_EBX, F(TSC_ADJUST)),
		  BITS(LEAF7_ECX), BITS(LEAF7_EDX)),
	SUBLEAVES(0x7, 1, 1, BITS(LEAF7_1_EAX), ZERO, ZERO, ZERO),
	SUBLEAVES(0xb, 0, 1, ANY, ANY, ANY, ANY),
	SUBLEAVES(0xd, 0, 0, BITS(~0U), ANY, UPTO(~0U), BITS(~0U)),
	SUBLEAVES(0xd, 1, 1, BITS(XSAVE_FORMS), ANY, ZERO, ZERO),
	SUBLEAVES(0xd, 2, 62, SAME(~0U), SAME(~0U), SAME(~1U), ZERO),
	LEAF(0x15, ANY, ANY, ANY, ZERO),
	LEAF(0x16, ANY, ANY, ANY, ZERO),
	SUBLEAVES(0x1f, 0, 1, ANY, ANY, ANY, ANY),

	OURS(KVM_CPUID_SIGNATURE, UPTO(~0U), ANY, ANY, ANY),
	OURS(KVM_CPUID_FEATURES, BITS(~0U), ZERO, ZERO, BITS(~0U)),
	OURS(0x40000010, ANY, ANY, ZERO, ZERO),

	LEAF(0x80000000, UPTO(~0U), SAME(~0U), SAME(~0U), SAME(~0U)),
	LEAF(0x80000001, ANY, ANY, BITS(EXT1_ECX), BITS(EXT1_EDX)),
	LEAF(0x80000002, ANY, ANY, ANY, ANY),
	LEAF(0x80000003, ANY, ANY, ANY, ANY),
	LEAF(0x80000004, ANY, ANY, ANY, ANY),
	LEAF(0x80000005, ANY, ANY, ANY, ANY),
	LEAF(0x80000006, ANY, ANY, ANY, ANY),
	LEAF(0x80000007, ZERO, ZERO, ZERO, BITS(INVARIANT_TSC)),
	LEAF(0x80000008, UPTO8(0xffff), BITS(EXT8_EBX), ANY, ZERO),
	LEAF(0x80000019, ANY, ANY, ZERO, ZERO),
	LEAF(0x8000001a, BITS(7), ZERO, ZERO, ZERO),
	SUBLEAVES(0x8000001d, 0, 7, ANY, ANY, ANY, ANY),
	LEAF(0x8000001e, ANY, ANY, ANY, ZERO),
	LEAF(0x80000021, BITS(EXT21_EAX), ZERO, BITS(EXT21_ECX), ZERO),
};

const unsigned int vmm_nr_cpuid_rules = ARRAY_SIZE(vmm_cpuid_rules);

const struct vmm_cpuid_rule *vmm_cpuid_rule(u32 leaf, u32 subleaf)
{
	const struct vmm_cpuid_rule *r;
	unsigned int i;

	for (i = 0; i < vmm_nr_cpuid_rules; i++) {
		r = &vmm_cpuid_rules[i];
		if (r->leaf != leaf)
			continue;
		if (!r->has_sub || (subleaf >= r->first && subleaf <= r->last))
			return r;
	}
	return NULL;
}
