// SPDX-License-Identifier: GPL-2.0
/*
 * paging.c: four-level paging in long mode: page sizes, permissions, accessed
 * and dirty bits, reserved bits, what a page fault says, and when the TLB may
 * still remember. (modes.c has the two-level and PAE formats.)
 */
#include "paging.h"
#include "machine.h"
#include "test.h"
#include "trap.h"

#define VA	(TEST_BASE + GIB(1))
#define FULL	(PTE_P | PTE_W | PTE_U)

static u8 *page;		/* one page of RAM, `ret` at its start */

static struct exc read_at(u64 va)
{
	u8 v;

	exc_clear();
	asm volatile(CATCH("movb (%1), %0") : "=q"(v) : "r"(va) : "memory");
	return exc_last();
}

static struct exc write_at(u64 va)
{
	exc_clear();
	asm volatile(CATCH("movb $0xc3, (%0)") :: "r"(va) : "memory");
	return exc_last();
}

static void call_it(void *va)
{
	((void (*)(void))va)();
}

static struct exc exec_at(u64 va)
{
	return catch_call(call_it, (void *)va);
}

static u64 user_read(void *va)
{
	return *(volatile u8 *)va;
}

static u64 user_write(void *va)
{
	*(volatile u8 *)va = 0xc3;
	return 0;
}

static u64 user_exec(void *va)
{
	call_it(va);
	return 0;
}

#define user_read_at(va)	user_call(user_read, (void *)(va), NULL)
#define user_write_at(va)	user_call(user_write, (void *)(va), NULL)
#define user_exec_at(va)	user_call(user_exec, (void *)(va), NULL)

static void setup(void)
{
	if (!page)
		page = alloc_pages(1);
	page[0] = 0xc3;
}

static void fault_is(struct exc e, u64 error, u64 cr2, const char *text)
{
	check_exc(e, PF, error, "%s", text);
	if (e.vector == PF)
		check_eq(e.cr2, cr2, "%s: CR2", text);
}

#define passes(e, text)	check_exc(e, NO_EXCEPTION, 0, text)

static void page_sizes(void)
{
	u8 *big = alloc_aligned(MIB(4), MIB(4));

	setup();
	map(VA, (u64)page, FULL, 1);
	*(volatile u32 *)(page + 0xabc) = 0x1234;
	check_eq(*(volatile u32 *)(VA + 0xabc), 0x1234, "4 KiB page");
	*(volatile u32 *)(big + MIB(2) + 0x123450) = 0x5678;
	map(VA + MIB(2), (u64)big + MIB(2), FULL, 2);
	check_eq(*(volatile u32 *)(VA + MIB(2) + 0x123450), 0x5678, "2 MiB page");
	if (has_1g_pages()) {
		map(VA + GIB(1), 0, FULL, 3);
		check_eq(*(volatile u32 *)(VA + GIB(1) + (u64)big + MIB(2) + 0x123450), 0x5678,
			 "1 GiB page");
	} else {
		skip("1 GiB pages");
	}
	fault_is(read_at(VA + MIB(8)), 0, VA + MIB(8), "not present");
	fault_is(write_at(VA + MIB(8) + 7), PF_W, VA + MIB(8) + 7, "not present, write");
	fault_is(user_read_at(VA + MIB(8)), PF_U, VA + MIB(8), "not present, user");
}

static void permissions(void)
{
	setup();
	map(VA, (u64)page, PTE_P | PTE_U, 1);
	passes(read_at(VA), "read-only page: read");
	fault_is(write_at(VA), PF_P | PF_W, VA, "read-only page: write with CR0.WP");
	fault_is(user_write_at(VA), PF_P | PF_W | PF_U, VA, "read-only page: user write");
	write_cr0(read_cr0() & ~CR0_WP);
	passes(write_at(VA), "read-only page: write without CR0.WP");
	fault_is(user_write_at(VA), PF_P | PF_W | PF_U, VA, "read-only page: user write without CR0.WP");
	write_cr0(read_cr0() | CR0_WP);

	map(VA, (u64)page, PTE_P | PTE_W, 1);
	passes(write_at(VA), "supervisor page: write");
	fault_is(user_read_at(VA), PF_P | PF_U, VA, "supervisor page: user read");
	fault_is(user_write_at(VA), PF_P | PF_U | PF_W, VA, "supervisor page: user write");
	map(VA, (u64)page, FULL, 1);
	passes(user_write_at(VA), "user page: user write");
	passes(user_exec_at(VA), "user page: user execution");

	/* Every level has its say. */
	for (int level = 2; level <= 4; level++) {
		u64 *e = pte_of(VA, level), was = *e;

		*e = was & ~PTE_W;
		write_cr3(read_cr3());
		fault_is(write_at(VA), PF_P | PF_W, VA, level == 2 ? "read-only by the level-2 entry" :
			 level == 3 ? "read-only by the level-3 entry" : "read-only by the level-4 entry");
		*e = was & ~PTE_U;
		write_cr3(read_cr3());
		fault_is(user_read_at(VA), PF_P | PF_U, VA, level == 2 ? "supervisor by the level-2 entry" :
			 level == 3 ? "supervisor by the level-3 entry" : "supervisor by the level-4 entry");
		*e = was;
		write_cr3(read_cr3());
	}
}

static void no_execute(void)
{
	if (!has_nx()) {
		skip("NX");
		return;
	}
	setup();
	map(VA, (u64)page, PTE_P | PTE_W, 1);
	passes(exec_at(VA), "executable page");
	map(VA, (u64)page, PTE_P | PTE_W | PTE_NX, 1);
	passes(read_at(VA), "no-execute page: read");
	fault_is(exec_at(VA), PF_P | PF_I, VA, "no-execute page: fetch");
	map(VA, (u64)page, FULL | PTE_NX, 1);
	fault_is(user_exec_at(VA), PF_P | PF_U | PF_I, VA, "no-execute page: user fetch");
	fault_is(exec_at(VA + MIB(8)), PF_I, VA + MIB(8), "not present: fetch");
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~EFER_NXE);
	invlpg((void *)VA);
	fault_is(read_at(VA), PF_P | PF_RSVD, VA, "NX is reserved without EFER.NXE");
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	map(VA, (u64)page, FULL, 1);
}

static void accessed_dirty(void)
{
	u64 *pte = pte_of(VA, 1), *pde = pte_of(VA, 2), *big = pte_of(VA + MIB(2), 2);

	setup();
	map(VA, (u64)page, FULL, 1);
	*pde &= ~PTE_A;
	invlpg((void *)VA);
	read_at(VA);
	check_eq(*pte & (PTE_A | PTE_D), PTE_A, "a read sets A, not D");
	check(*pde & PTE_A, "... and A of the entry above");
	check(!(*pde & PTE_D), "... but never D there");
	write_at(VA);
	check_eq(*pte & (PTE_A | PTE_D), PTE_A | PTE_D, "a write sets D");
	map(VA, (u64)page, FULL, 1);
	write_at(VA);
	check_eq(*pte & (PTE_A | PTE_D), PTE_A | PTE_D, "a first write sets both");
	map(VA, (u64)page, PTE_P | PTE_U, 1);
	write_at(VA);
	check(!(*pte & PTE_D), "a write that faults sets no D");
	map(VA + MIB(2), 0, FULL, 2);
	read_at(VA + MIB(2));
	check_eq(*big & (PTE_A | PTE_D), PTE_A, "2 MiB: a read sets A");
	map(VA, (u64)page, FULL, 1);
	exec_at(VA);
	check_eq(*pte & (PTE_A | PTE_D), PTE_A, "a fetch sets A");
	map(VA, (u64)page, FULL, 1);
	exc_clear();
	asm volatile(CATCH("lock cmpxchgb %%cl, (%0)") :: "r"(VA), "a"(1), "c"(2) : "memory", "cc");
	check(*pte & PTE_D, "cmpxchg that does not match still writes: D");
}

static void reserved_bits(void)
{
	u32 width = cpuid_max(0x80000000) >= 0x80000008 ? cpuid(0x80000008, 0).a & 0xff : 36;
	u64 *pdpte = pte_of(VA, 3), *pml4e = pte_of(VA, 4), was;

	setup();
	map(VA, (u64)page, FULL, 1);
	map(VA + MIB(2), MIB(2) | BIT(13), FULL, 2);
	fault_is(read_at(VA + MIB(2)), PF_P | PF_RSVD, VA + MIB(2), "2 MiB page, address bit 13");
	fault_is(user_write_at(VA + MIB(2)), PF_P | PF_RSVD | PF_U | PF_W, VA + MIB(2),
		 "the same, user write");
	if (width < 52) {
		map(VA, (u64)page | BIT(51), FULL, 1);
		fault_is(read_at(VA), PF_P | PF_RSVD, VA, "4 KiB page, address bit 51");
		map(VA, (u64)page, FULL, 1);
		was = *pdpte;
		*pdpte |= BIT(51);
		write_cr3(read_cr3());
		fault_is(read_at(VA), PF_P | PF_RSVD, VA, "level-3 entry, address bit 51");
		*pdpte = was;
	} else {
		skip("address bits: 52 are implemented");
	}
	was = *pml4e;
	*pml4e |= PTE_PS;
	write_cr3(read_cr3());
	fault_is(read_at(VA), PF_P | PF_RSVD, VA, "level-4 entry, page size bit");
	*pml4e = was;
	write_cr3(read_cr3());
	map(VA + MIB(2), 0, 0, 2);
}

/* What the TLB may keep is up to the CPU; what INVLPG and CR3 drop is not. */
static void invalidation(void)
{
	u8 *a = alloc_pages(1), *b = alloc_pages(1);
	volatile u8 *v = (void *)VA;
	u64 *pte = pte_of(VA, 1);

	a[0] = 1;
	b[0] = 2;
	map(VA, (u64)a, FULL, 1);
	check_eq(v[0], 1, "mapped to the first page");
	*pte = (u64)b | FULL;
	invlpg(v);
	check_eq(v[0], 2, "INVLPG shows the second");
	*pte = (u64)a | FULL;
	write_cr3(read_cr3());
	check_eq(v[0], 1, "a CR3 write shows the first");
	write_cr4(read_cr4() | CR4_PGE);
	*pte = (u64)a | FULL | PTE_G;
	invlpg(v);
	v[0];
	*pte = (u64)b | FULL | PTE_G;
	invlpg(v);
	check_eq(v[0], 2, "INVLPG drops a global page");
	*pte = (u64)a | FULL | PTE_G;
	write_cr4(read_cr4() & ~CR4_PGE);
	check_eq(v[0], 1, "clearing CR4.PGE drops global pages");
	*pte = 0;
	invlpg(v);
	fault_is(read_at(VA), 0, VA, "INVLPG after unmapping");
	*pte = (u64)a | FULL;
	check_exc(read_at(VA), NO_EXCEPTION, 0, "a new mapping needs no INVLPG");
	*pte = (u64)a | PTE_P;
	invlpg(v);
	v[0];
	*pte = (u64)a | FULL;
	check_exc(write_at(VA), NO_EXCEPTION, 0, "nor does adding a permission");
	exc_clear();
	asm volatile(CATCH("invlpg (%0)") :: "r"(1ull << 63) : "memory");
	check_exc(exc_last(), NO_EXCEPTION, 0, "INVLPG of a non-canonical address does nothing");
}

static struct exc invpcid(u64 type, u64 pcid, u64 va)
{
	struct { u64 pcid, va; } d = { pcid, va };

	exc_clear();
	asm volatile(CATCH("invpcid %0, %1") :: "m"(d), "r"(type) : "memory");
	return exc_last();
}

static void pcid(void)
{
	u64 cr3 = read_cr3(), *pte = pte_of(VA, 1);
	u8 *a = alloc_pages(1), *b = alloc_pages(1);
	volatile u8 *v = (void *)VA;

	if (!has_pcid()) {
		check_exc(write_exc(cr4, read_cr4() | CR4_PCIDE), GP, 0, "CR4.PCIDE without PCID: #GP(0)");
		write_cr4(read_cr4() & ~CR4_PCIDE);
		return;
	}
	a[0] = 1;
	b[0] = 2;
	write_cr3(cr3 | 1);
	check_exc(write_exc(cr4, read_cr4() | CR4_PCIDE), GP, 0, "CR4.PCIDE with CR3[11:0] != 0: #GP(0)");
	write_cr3(cr3);
	write_cr4(read_cr4() | CR4_PCIDE);
	write_cr3(cr3 | 5);
	map(VA, (u64)a, FULL, 1);
	check_eq(v[0], 1, "PCID 5");
	check_eq(read_cr3() & 0xfff, 5, "CR3 reads back the PCID");
	*pte = (u64)b | FULL;
	write_cr3(cr3 | 5);
	check_eq(v[0], 2, "CR3 without bit 63 drops its PCID's entries");
	check_exc(write_exc(cr3, (cr3 | 5) | BIT(63)), NO_EXCEPTION, 0, "CR3 with bit 63");
	check(!(read_cr3() >> 63), "bit 63 does not read back");
	if (has_invpcid()) {
		*pte = (u64)a | FULL;
		passes(invpcid(0, 5, VA), "INVPCID 0");
		check_eq(v[0], 1, "INVPCID 0 drops one address");
		*pte = (u64)b | FULL;
		passes(invpcid(1, 5, 0), "INVPCID 1");
		check_eq(v[0], 2, "INVPCID 1 drops one PCID");
		*pte = (u64)a | FULL;
		passes(invpcid(2, 0, 0), "INVPCID 2");
		check_eq(v[0], 1, "INVPCID 2 drops all");
		check_exc(invpcid(4, 0, 0), GP, 0, "INVPCID type 4: #GP(0)");
		check_exc(invpcid(0, 0x1000, VA), GP, 0, "INVPCID with a PCID of 13 bits: #GP(0)");
	}
	write_cr3(cr3);
	write_cr4(read_cr4() & ~CR4_PCIDE);
	write_cr3(cr3);
}

static void smep_smap(void)
{
	setup();
	map(VA, (u64)page, FULL, 1);
	if (has_smep()) {
		write_cr4(read_cr4() | CR4_SMEP);
		fault_is(exec_at(VA), PF_P | PF_I, VA, "SMEP: supervisor fetch from a user page");
		passes(read_at(VA), "SMEP: data stays readable");
		passes(user_exec_at(VA), "SMEP: users may execute");
		write_cr4(read_cr4() & ~CR4_SMEP);
		passes(exec_at(VA), "without SMEP: supervisor fetch from a user page");
	} else {
		check_exc(write_exc(cr4, read_cr4() | CR4_SMEP), GP, 0, "CR4.SMEP without SMEP: #GP(0)");
	}
	if (!has_smap()) {
		check_exc(write_exc(cr4, read_cr4() | CR4_SMAP), GP, 0, "CR4.SMAP without SMAP: #GP(0)");
		return;
	}
	write_cr4(read_cr4() | CR4_SMAP);
	fault_is(read_at(VA), PF_P, VA, "SMAP: supervisor read of a user page");
	fault_is(write_at(VA), PF_P | PF_W, VA, "SMAP: supervisor write of a user page");
	asm volatile("stac");
	passes(read_at(VA), "SMAP: with RFLAGS.AC");
	asm volatile("clac");
	passes(user_read_at(VA), "SMAP: users may read");
	write_cr4(read_cr4() & ~CR4_SMAP);
	passes(read_at(VA), "without SMAP");
}

/* An access across two pages faults on the one that is missing, doing nothing. */
static void crossing(void)
{
	u8 *a = alloc_pages(1);
	struct exc e;

	map(VA, (u64)a, FULL, 1);
	map(VA + PAGE_SIZE, 0, 0, 1);
	exc_clear();
	asm volatile(CATCH("movq %1, (%0)") :: "r"(VA + 0xffc), "r"(~0ull) : "memory");
	e = exc_last();
	fault_is(e, PF_W, VA + PAGE_SIZE, "store into a missing second page");
	check_eq(*(u32 *)(a + 0xffc), 0, "nothing of it reaches the first");
	map(VA + PAGE_SIZE, (u64)a, FULL, 1);
	*(volatile u64 *)(VA + 0xffc) = 0x1122334455667788;
	check(*(u32 *)(a + 0xffc) == 0x55667788 && *(u32 *)a == 0x11223344,
	      "a store across two pages that are one frame");
}

const struct test tests[] = {
	{ "sizes", page_sizes, false },
	{ "permissions", permissions, false },
	{ "nx", no_execute, false },
	{ "accessed-dirty", accessed_dirty, false },
	{ "reserved", reserved_bits, false },
	{ "invalidation", invalidation, false },
	{ "pcid", pcid, false },
	{ "smep-smap", smep_smap, false },
	{ "crossing", crossing, false },
	{}
};
