// SPDX-License-Identifier: GPL-2.0
/*
 * Which values control registers take.
 */
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "tap.h"
#include "x86/cpuid.h"
#include "x86/creg.h"

#define PE	X86_CR0_PE
#define PG	X86_CR0_PG
#define LONG	(EFER_LME | EFER_LMA)

static const struct vmm_cpu_limits limits = {
	.cr4_reserved = ~(u64)(X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE |
			       X86_CR4_PCIDE | X86_CR4_SMEP | X86_CR4_OSFXSR),
	.efer_reserved = ~(u64)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NX),
	.maxphyaddr = 40,
	.gpa_reserved = ~((1ULL << 40) - 1),
};

static const struct vmm_cregs real = { .cr0 = X86_CR0_ET };
static const struct vmm_cregs prot = { .cr0 = PE | PG };
static const struct vmm_cregs ready = {		/* for long mode */
	.cr0 = PE, .cr4 = X86_CR4_PAE, .efer = EFER_LME,
};
static const struct vmm_cregs not_pae = { .cr0 = PE, .efer = EFER_LME };
static const struct vmm_cregs from_l = {
	.cr0 = PE, .cr4 = X86_CR4_PAE, .efer = EFER_LME, .cs_l = true,
};
static const struct vmm_cregs long64 = {
	.cr0 = PE | PG, .cr3 = 0x1000, .cr4 = X86_CR4_PAE, .efer = LONG,
	.cs_l = true,
};
static const struct vmm_cregs compat = {
	.cr0 = PE | PG, .cr3 = 0x1000, .cr4 = X86_CR4_PAE, .efer = LONG,
};
static const struct vmm_cregs pcid = {
	.cr0 = PE | PG, .cr3 = 0x1001, .cr4 = X86_CR4_PAE | X86_CR4_PCIDE,
	.efer = LONG,
};
static const struct vmm_cregs low_cr3 = {
	.cr0 = PE | PG, .cr3 = 0x1001, .cr4 = X86_CR4_PAE, .efer = LONG,
};

typedef bool check(const struct vmm_cpu_limits *l, const struct vmm_cregs *cur,
		   u64 val);

static const struct {
	const char *name;
	check *check;
	const struct vmm_cregs *cur;
	u64 val;
	bool good;
} cases[] = {
	{ "CR0: real mode", vmm_cr0_write_valid, &real, 0, true },
	{ "CR0: PE", vmm_cr0_write_valid, &real, PE, true },
	{ "CR0: PG without PE", vmm_cr0_write_valid, &real, PG, false },
	{ "CR0: NW without CD", vmm_cr0_write_valid, &real, X86_CR0_NW, false },
	{ "CR0: NW with CD", vmm_cr0_write_valid, &real,
	  X86_CR0_NW | X86_CR0_CD, true },
	{ "CR0: CD alone", vmm_cr0_write_valid, &real, X86_CR0_CD, true },
	{ "CR0: bit 32", vmm_cr0_write_valid, &real, 1ULL << 32, false },
	{ "CR0: bit 63", vmm_cr0_write_valid, &real, 1ULL << 63, false },
	{ "CR0: undefined low bits are ignored", vmm_cr0_write_valid, &real,
	  1 << 8 | 1 << 28, true },
	{ "CR0: into long mode", vmm_cr0_write_valid, &ready, PE | PG, true },
	{ "CR0: into long mode without PAE", vmm_cr0_write_valid, &not_pae,
	  PE | PG, false },
	{ "CR0: into long mode from a segment with L", vmm_cr0_write_valid,
	  &from_l, PE | PG, false },
	{ "CR0: paging off in 64-bit mode", vmm_cr0_write_valid, &long64, PE,
	  false },
	{ "CR0: paging off in compatibility mode", vmm_cr0_write_valid,
	  &compat, PE, true },
	{ "CR0: paging off with PCIDs", vmm_cr0_write_valid, &pcid, PE, false },
	{ "CR0: WP in long mode", vmm_cr0_write_valid, &long64,
	  PE | PG | X86_CR0_WP, true },

	{ "CR3: within the width", vmm_cr3_write_valid, &long64,
	  0xfffffff000, true },
	{ "CR3: past the width", vmm_cr3_write_valid, &long64, 1ULL << 40,
	  false },
	{ "CR3: bit 63 without PCIDs", vmm_cr3_write_valid, &long64,
	  1ULL << 63, false },
	{ "CR3: bit 63 with PCIDs", vmm_cr3_write_valid, &pcid,
	  1ULL << 63 | 0x1fff, true },
	{ "CR3: bit 62 with PCIDs", vmm_cr3_write_valid, &pcid, 1ULL << 62,
	  false },
	{ "CR3: low bits", vmm_cr3_write_valid, &long64, 0xfff, true },

	{ "CR4: a bit the CPUID lacks", vmm_cr4_write_valid, &prot,
	  X86_CR4_SMAP, false },
	{ "CR4: a bit nobody has", vmm_cr4_write_valid, &prot, 1ULL << 40,
	  false },
	{ "CR4: SMEP", vmm_cr4_write_valid, &prot, X86_CR4_SMEP, true },
	{ "CR4: PAE off in long mode", vmm_cr4_write_valid, &long64, 0, false },
	{ "CR4: PAE off in compatibility mode", vmm_cr4_write_valid, &compat,
	  X86_CR4_PGE, false },
	{ "CR4: PAE off outside", vmm_cr4_write_valid, &prot, 0, true },
	{ "CR4: PCIDE in long mode", vmm_cr4_write_valid, &long64,
	  X86_CR4_PAE | X86_CR4_PCIDE, true },
	{ "CR4: PCIDE outside", vmm_cr4_write_valid, &prot,
	  X86_CR4_PAE | X86_CR4_PCIDE, false },
	{ "CR4: PCIDE with a PCID in CR3", vmm_cr4_write_valid, &low_cr3,
	  X86_CR4_PAE | X86_CR4_PCIDE, false },
	{ "CR4: PCIDE stays set with a PCID in CR3", vmm_cr4_write_valid,
	  &pcid, X86_CR4_PAE | X86_CR4_PCIDE | X86_CR4_PGE, true },

	{ "EFER: SVME", vmm_efer_write_valid, &real, EFER_SVME, false },
	{ "EFER: LME", vmm_efer_write_valid, &real, EFER_LME, true },
	{ "EFER: LME on under paging", vmm_efer_write_valid, &prot, EFER_LME,
	  false },
	{ "EFER: LME off under paging", vmm_efer_write_valid, &long64, EFER_SCE,
	  false },
	{ "EFER: SCE under paging", vmm_efer_write_valid, &long64,
	  EFER_LME | EFER_SCE, true },
	{ "EFER: NX under paging", vmm_efer_write_valid, &prot, EFER_NX, true },
	{ "EFER: bit 63", vmm_efer_write_valid, &real, 1ULL << 63, false },
};

static const struct {
	const char *name;
	struct vmm_cregs c;
	bool good;
} states[] = {
	{ "reset", { .cr0 = X86_CR0_ET | X86_CR0_CD | X86_CR0_NW }, true },
	{ "long mode", { PE | PG, 0x1000, X86_CR4_PAE, LONG, true, false },
	  true },
	{ "compatibility mode",
	  { PE | PG, 0x1000, X86_CR4_PAE, LONG, false, true }, true },
	{ "LME without paging", { PE, 0, X86_CR4_PAE, EFER_LME, false, true },
	  true },
	{ "LMA without LME",
	  { PE | PG, 0, X86_CR4_PAE, EFER_LMA, false, true }, false },
	{ "LMA without paging", { PE, 0, X86_CR4_PAE, LONG, false, true },
	  false },
	{ "paging and LME without LMA",
	  { PE | PG, 0, X86_CR4_PAE, EFER_LME, false, true }, false },
	{ "long mode without PAE", { PE | PG, 0, 0, LONG, false, true },
	  false },
	{ "L and D at once", { PE | PG, 0, X86_CR4_PAE, LONG, true, true },
	  false },
	{ "PG without PE", { PG, 0, 0, 0, false, false }, false },
	{ "upper half of CR0", { 1ULL << 40, 0, 0, 0, false, false }, false },
	{ "CR3 past the width", { PE | PG, 1ULL << 45, 0, 0, false, false },
	  false },
	{ "PCIDs outside of long mode",
	  { PE | PG, 0, X86_CR4_PAE | X86_CR4_PCIDE, 0, false, false }, false },
	{ "EFER.SVME", { 0, 0, 0, EFER_SVME, false, false }, false },
	{ "a hidden bit of CR4", { 0, 0, X86_CR4_VMXE, 0, false, false },
	  false },
};

static void test_tables(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		tap_ok(cases[i].check(&limits, cases[i].cur, cases[i].val) ==
		       cases[i].good, "%s", cases[i].name);
	for (i = 0; i < sizeof(states) / sizeof(*states); i++)
		tap_ok(vmm_cregs_valid(&limits, &states[i].c) ==
		       states[i].good, "state: %s", states[i].name);
}

/*
 * Every valid write leads from a valid state to a valid state: over all
 * combinations of the bits that have rules.
 */
static void test_closed(void)
{
	static const u64 cr0s[] = {
		0, PE, PE | PG, PG, X86_CR0_NW, X86_CR0_CD | PE | PG,
	};
	static const u64 cr4s[] = {
		0, X86_CR4_PAE, X86_CR4_PCIDE, X86_CR4_PAE | X86_CR4_PCIDE,
		X86_CR4_SMAP,
	};
	static const u64 efers[] = { 0, EFER_LME, EFER_LMA, LONG, EFER_SVME };
	unsigned int from = 0, writes = 0, bad = 0, i, w;

	for (i = 0; i < 6 * 5 * 5 * 4; i++) {
		struct vmm_cregs c = {
			.cr0 = cr0s[i % 6], .cr4 = cr4s[i / 6 % 5],
			.efer = efers[i / 30 % 5], .cs_l = i / 150 & 1,
			.cs_db = i / 300 & 1,
		}, n;

		if (!vmm_cregs_valid(&limits, &c))
			continue;
		from++;
		for (w = 0; w < 16; w++) {
			n = c;
			if (w < 6 && vmm_cr0_write_valid(&limits, &c,
							 cr0s[w])) {
				n.cr0 = vmm_cr0_after_write(cr0s[w]);
				n.efer = vmm_efer_after_cr0(c.efer, n.cr0);
			} else if (w >= 6 && w < 11 &&
				   vmm_cr4_write_valid(&limits, &c,
						       cr4s[w - 6])) {
				n.cr4 = cr4s[w - 6];
			} else if (w >= 11 &&
				   vmm_efer_write_valid(&limits, &c,
							efers[w - 11])) {
				n.efer = vmm_efer_after_write(&c,
							      efers[w - 11]);
			} else {
				continue;
			}
			writes++;
			/* A segment with L and D is only bad in long mode. */
			if (c.cs_l && c.cs_db)
				n.cs_db = false;
			bad += !vmm_cregs_valid(&limits, &n);
		}
	}
	tap_ok(from > 20 && writes > 100 && !bad,
	       "%u valid writes from %u valid states end in valid states",
	       writes, from);
}

static void test_after(void)
{
	tap_ok(vmm_efer_after_cr0(EFER_LME, PE | PG) == LONG, "LMA comes");
	tap_ok(vmm_efer_after_cr0(LONG, PE) == EFER_LME, "LMA goes");
	tap_ok(vmm_efer_after_write(&real, EFER_LME | EFER_LMA) == EFER_LME,
	       "LMA cannot be written");
	tap_ok(vmm_efer_after_write(&long64, EFER_LME) == LONG,
	       "LMA cannot be cleared");
	tap_ok(vmm_cr0_after_write(0) == X86_CR0_ET, "ET stays set");
	tap_ok(vmm_cr0_after_write(~0U) ==
	       (PE | PG | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET |
		X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_NW |
		X86_CR0_CD), "undefined bits of CR0 read as zero");
	tap_ok(vmm_cr8_write_valid(15) && !vmm_cr8_write_valid(16) &&
	       !vmm_cr8_write_valid(1ULL << 63), "CR8 has four bits");
	tap_ok(vmm_canonical(0x00007fffffffffff) &&
	       vmm_canonical(0xffff800000000000) &&
	       !vmm_canonical(0x0000800000000000) &&
	       !vmm_canonical(0xffff7fffffffffff), "canonical addresses");
}

static void test_flushes(void)
{
	tap_ok(vmm_cr0_flushes(PE, PE | PG) && vmm_cr0_flushes(PE | PG, PE) &&
	       vmm_cr0_flushes(PE | PG, PE | PG | X86_CR0_WP),
	       "CR0: PG and WP flush");
	tap_ok(!vmm_cr0_flushes(PE | PG, PE | PG | X86_CR0_TS), "TS does not");
	tap_ok(vmm_cr4_flushes(0, X86_CR4_PGE) &&
	       vmm_cr4_flushes(X86_CR4_PGE, 0) &&
	       vmm_cr4_flushes(X86_CR4_PCIDE, 0) &&
	       vmm_cr4_flushes(0, X86_CR4_SMEP), "CR4: what flushes");
	tap_ok(!vmm_cr4_flushes(0, X86_CR4_OSFXSR) &&
	       !vmm_cr4_flushes(0, X86_CR4_PCIDE), "CR4: what does not");
}

static void test_pdptrs(void)
{
	struct vmm_cregs pae = { .cr0 = PE | PG, .cr4 = X86_CR4_PAE };
	struct vmm_cregs flat = { .cr0 = PE, .cr4 = X86_CR4_PAE };
	struct vmm_cregs old = { .cr0 = PE | PG };
	struct vmm_cregs wp = pae, pge = pae, off = pae;

	wp.cr0 |= X86_CR0_WP;
	pge.cr4 |= X86_CR4_PGE;
	off.cr0 |= X86_CR0_CD;
	tap_ok(vmm_cregs_load_pdptrs(&pae, &pae, 3), "CR3 loads the entries");
	tap_ok(!vmm_cregs_load_pdptrs(&old, &old, 3) &&
	       !vmm_cregs_load_pdptrs(&long64, &long64, 3) &&
	       !vmm_cregs_load_pdptrs(&flat, &flat, 3), "not outside of PAE");
	tap_ok(vmm_cregs_load_pdptrs(&flat, &pae, 0) &&
	       vmm_cregs_load_pdptrs(&pae, &off, 0) &&
	       !vmm_cregs_load_pdptrs(&pae, &wp, 0), "CR0: paging and caching do");
	tap_ok(vmm_cregs_load_pdptrs(&old, &pae, 4) &&
	       vmm_cregs_load_pdptrs(&pae, &pge, 4) &&
	       !vmm_cregs_load_pdptrs(&pae, &pae, 4), "CR4: PAE and PGE do");
	tap_ok(vmm_pdptr_valid(&limits, 0x123456001) &&
	       vmm_pdptr_valid(&limits, 0xe19) && vmm_pdptr_valid(&limits, ~1ULL),
	       "entries that can be loaded");
	tap_ok(!vmm_pdptr_valid(&limits, 1 | 2) &&
	       !vmm_pdptr_valid(&limits, 1 | 0x20) &&
	       !vmm_pdptr_valid(&limits, 1 | 0x100) &&
	       !vmm_pdptr_valid(&limits, 1 | 1ULL << limits.maxphyaddr) &&
	       !vmm_pdptr_valid(&limits, 1 | 1ULL << 63), "entries that cannot");
}

int main(void)
{
	test_tables();
	test_closed();
	test_after();
	test_flushes();
	test_pdptrs();
	return tap_done();
}
