// SPDX-License-Identifier: GPL-2.0
/*
 * smp.c: several CPUs on one memory: locked operations lose nothing, order is
 * what the architecture promises, time goes forward, stale translations go
 * away when told, code may be rewritten under another's feet.
 */
#include "smp.h"
#include "apic.h"
#include "machine.h"
#include "paging.h"
#include "sync.h"
#include "test.h"
#include "time.h"

#define ROUNDS	2000

static struct meeting start_line;
static u64 counter, by_cmpxchg;
static u32 bits_word, bits_won, spin_total;
static struct lock spin;

static void line_up(void)
{
	meet(&start_line, machine.ncpus);
}

static void locked_work(void *arg __unused)
{
	line_up();
	for (u32 i = 0; i < ROUNDS; i++) {
		u64 old = load(&by_cmpxchg), one = 1;
		u8 was;

		asm volatile("lock incq %0" : "+m"(counter) :: "cc");
		asm volatile("lock xaddq %1, %0" : "+m"(counter), "+r"(one) :: "cc", "memory");
		while (!__atomic_compare_exchange_n(&by_cmpxchg, &old, old + 1, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		asm volatile("lock btsl $7, %0; setc %1" : "+m"(bits_word), "=q"(was) :: "cc");
		if (!was) {
			bits_won++;	/* ours until we clear the bit */
			asm volatile("lock btrl $7, %0" : "+m"(bits_word) :: "cc", "memory");
		}
		lock(&spin);
		spin_total++;
		unlock(&spin);
	}
}

static void locked(void)
{
	u32 n = machine.ncpus;

	smp_call_all(locked_work, NULL);
	check_eq(counter, 2ull * n * ROUNDS, "lock inc and xadd");
	check_eq(by_cmpxchg, (u64)n * ROUNDS, "lock cmpxchg");
	check_eq(spin_total, n * ROUNDS, "a spin lock of xchg");
	check(bits_won >= 1 && bits_won <= n * ROUNDS, "lock bts and btr");
}

static u64 split_buf[32] __aligned(64);

static void split_work(void *arg __unused)
{
	u64 *p = (u64 *)((u8 *)split_buf + 60);	/* across two cache lines */

	line_up();
	for (u32 i = 0; i < ROUNDS; i++)
		asm volatile("lock incq (%0)" :: "r"(p) : "cc", "memory");
}

static void split_lock(void)
{
	smp_call_all(split_work, NULL);
	check_eq(*(u64 *)((u8 *)split_buf + 60), (u64)machine.ncpus * ROUNDS,
		 "locked operations across two cache lines");
}

static volatile u64 msg_data, msg_flag;
static u32 reordered;

/* Message passing: who sees the flag sees the data (no fences on x86). */
static void message_work(void *arg __unused)
{
	u32 self = this_cpu()->index;

	line_up();
	for (u64 i = 1; i <= ROUNDS && self < 2; i++) {
		if (!self) {
			msg_data = i;
			msg_flag = i;
		} else {
			u64 f = msg_flag, d = msg_data;

			reordered += d < f;
		}
	}
}

static void ordering(void)
{
	smp_call_all(message_work, NULL);
	check_eq(reordered, 0, "stores are seen in order");
}

static struct lock tsc_lock;
static u64 tsc_last;
static u32 tsc_back;

static void tsc_work(void *arg __unused)
{
	line_up();
	for (u32 i = 0; i < ROUNDS; i++) {
		u64 t;

		lock(&tsc_lock);
		t = rdtsc();
		tsc_back += t < tsc_last;
		tsc_last = t;
		unlock(&tsc_lock);
	}
}

static void tsc(void)
{
	smp_call_all(tsc_work, NULL);
	check_eq(tsc_back, 0, "the TSC never steps back from CPU to CPU");
}

#define SHOOT_VA	(TEST_BASE + MIB(2))
#define SHOOT_VEC	0x70
static u32 acks, stale, stop;
static u8 *page_a, *page_b;

static void on_shoot(struct regs *r __unused)
{
	invlpg((void *)SHOOT_VA);
	add(&acks, 1);
	apic_eoi();
}

static u64 shoot_generation;

static void reader_work(void *arg __unused)
{
	if (!this_cpu()->index)
		return;
	sti();
	while (!load(&stop)) {
		u64 before = load(&shoot_generation);
		u8 v = *(volatile u8 *)SHOOT_VA;

		barrier();
		/* Even generations: settled on page A or B by the next bit. */
		if (!(before & 1) && load(&shoot_generation) == before)
			stale += v != (before & 2 ? 2 : 1);
	}
	cli();
}

static void shootdown(void)
{
	u32 n = machine.ncpus, lost = 0;

	page_a = alloc_pages(1);
	page_b = alloc_pages(1);
	*page_a = 1;
	*page_b = 2;
	map(SHOOT_VA, (u64)page_a, PTE_P | PTE_W, 1);
	trap_set_handler(SHOOT_VEC, on_shoot);
	for (u32 i = 1; i < n; i++)
		smp_call_async(i, reader_work, NULL);
	for (u64 g = 0; g < 100; g++) {
		u64 *pte = pte_of(SHOOT_VA, 1);

		add(&shoot_generation, 1);
		store(&acks, 0);
		*pte = (g & 1 ? (u64)page_a : (u64)page_b) | PTE_P | PTE_W;
		invlpg((void *)SHOOT_VA);
		if (n > 1)
			apic_send_ipi(0, ICR_OTHERS | ICR_ASSERT | SHOOT_VEC);
		lost += !wait_until(load(&acks) == n - 1, 10000);
		add(&shoot_generation, 1);
	}
	store(&stop, 1);
	for (u32 i = 1; i < n; i++)
		smp_wait(i);
	check_eq(lost, 0, "every shootdown is answered");
	check_eq(stale, 0, "no CPU reads the old page behind its answer");
}

/* mov $imm32, %eax; ret -- with the immediate rewritten all the time */
/* The opcode is at an odd place so that the immediate is aligned. */
static u8 code_area[64] __aligned(64) = { 0x90, 0xb8, 0, 0, 0, 0, 0xc3 };
#define code	(code_area + 1)
static u32 written, old_code;

/* A CPU that heard of a change and then serialized itself must run the new code. */
static void runner_work(void *arg __unused)
{
	if (!this_cpu()->index)
		return;
	while (!load(&stop)) {
		u32 heard = load(&written);

		cpuid(0, 0);
		if (((u32 (*)(void))code)() < heard)
			add(&old_code, 1);
	}
}

static void self_modifying(void)
{
	bool ok = true;

	store(&stop, 0);
	for (u32 i = 0; i < 2000; i++) {
		*(volatile u32 *)(code + 1) = i;
		ok &= ((u32 (*)(void))code)() == i;
	}
	check(ok, "a CPU sees its own change of the next instructions");
	*(volatile u32 *)(code + 1) = 0;
	for (u32 i = 1; i < machine.ncpus; i++)
		smp_call_async(i, runner_work, NULL);
	/* The two low bytes, in one aligned store: never a torn instruction. */
	for (u32 i = 1; i < 5000; i++) {
		*(volatile u16 *)(code + 1) = i;
		store(&written, i);
	}
	store(&stop, 1);
	for (u32 i = 1; i < machine.ncpus; i++)
		smp_wait(i);
	check_eq(old_code, 0, "others run the new code once told");
}

/* An asynchronous change of A/D bits by other CPUs while one edits the entry. */
static u32 ad_lost, wrong_faults;

static void ad_work(void *arg __unused)
{
	u32 self = this_cpu()->index;
	u64 va = TEST_BASE + MIB(4), *pte = pte_of(va, 1);

	line_up();
	for (u32 i = 0; i < 1000; i++) {
		if (self) {
			struct exc e;

			exc_clear();
			asm volatile("invlpg (%0);" CATCH("lock incq (%0)") :: "r"(va) : "memory");
			e = exc_last();
			if (e.vector != NO_EXCEPTION && (e.vector != PF || e.cr2 != va))
				add(&wrong_faults, 1);
		} else {
			u64 old = __atomic_exchange_n(pte, (u64)page_a | (i & 1 ? PTE_P | PTE_W : 0),
						      __ATOMIC_SEQ_CST);

			if (!(old & PTE_P) && old & (PTE_A | PTE_D))
				add(&ad_lost, 1);
		}
	}
}

static void table_race(void)
{
	if (!page_a)
		page_a = alloc_pages(1);
	map(TEST_BASE + MIB(4), (u64)page_a, PTE_P | PTE_W, 1);
	smp_call_all(ad_work, NULL);
	check_eq(ad_lost, 0, "A and D are never set in an entry that is not present");
	check_eq(wrong_faults, 0, "the only faults are of the page that comes and goes");
}

const struct test tests[] = {
	{ "locked", locked, false },
	{ "split-lock", split_lock, false },
	{ "ordering", ordering, false },
	{ "tsc", tsc, false },
	{ "shootdown", shootdown, false },
	{ "self-modifying", self_modifying, false },
	{ "table-race", table_race, false },
	{}
};
