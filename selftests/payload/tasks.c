// SPDX-License-Identifier: GPL-2.0
/*
 * tasks.c: task switches, which long mode has not: far calls and jumps to TSSs
 * and task gates, IRET of a nested task, events through task gates, and the
 * faults on either side of the point where the new task's registers are in.
 * tasks-c32.c makes the checks as 32-bit code, tasks-asm.S holds the tasks.
 */
#include "smp.h"
#include "tasks.h"
#include "test.h"

extern u64 gdt[];

/* Per-CPU data are found by the task register. */
static void in_tasks(void (*fn)(void))
{
	u16 tr;

	asm volatile("str %0" : "=r"(tr));
	leave_long(fn);
	gdt[tr >> 3] &= ~(2ull << 40);
	asm volatile("ltr %0" :: "r"(tr));
	report_log();
}

#define TEST(name)							\
void run_##name(void);							\
static void test_##name(void)							\
{									\
	in_tasks(run_##name);						\
}
TEST(call)
TEST(jump)
TEST(gates)
TEST(exceptions)
TEST(refused)
TEST(faults)
TEST(double)
TEST(ldt)
TEST(paging)
TEST(16)
TEST(vm86)
TEST(debug)

const struct test tests[] = {
	{ "call", test_call, false },
	{ "jump", test_jump, false },
	{ "gates", test_gates, false },
	{ "exceptions", test_exceptions, false },
	{ "refused", test_refused, false },
	{ "faults", test_faults, false },
	{ "double", test_double, false },
	{ "ldt", test_ldt, false },
	{ "paging", test_paging, false },
	{ "16-bit", test_16, false },
	{ "vm86", test_vm86, false },
	{ "debug", test_debug, false },
	{}
};
