// SPDX-License-Identifier: GPL-2.0
/*
 * hypercall.c: calls to the monitor, in the form that Linux documents for its
 * guests: number in RAX, arguments in RBX, RCX, RDX, RSI, result in RAX. Both
 * vendors' instructions must do; without a monitor of that kind both are #UD.
 */
#include "apic.h"
#include "machine.h"
#include "smp.h"
#include "test.h"
#include "time.h"

#define HC_VAPIC_POLL_IRQ	1
#define HC_KICK_CPU		5
#define HC_SEND_IPI		10
#define HC_SCHED_YIELD		11
#define FEATURE_PV_UNHALT	7
#define FEATURE_SEND_IPI	11
#define FEATURE_SCHED_YIELD	13
#define ENOSYS_HC		1000
#define EPERM_HC		1
#define VEC			0x60

static bool present(void)
{
	struct cpuid h = cpuid(0x40000000, 0);

	return cpuid(1, 0).c >> 31 && h.b == 0x4b4d564b && h.c == 0x564b4d56 && h.d == 0x4d;
}

static u64 call_amd(u64 nr, u64 a, u64 b, u64 c, u64 d)
{
	asm volatile(CATCH("vmmcall") : "+a"(nr) : "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
	return nr;
}

static u64 call_intel(u64 nr, u64 a, u64 b, u64 c, u64 d)
{
	asm volatile(CATCH("vmcall") : "+a"(nr) : "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
	return nr;
}

static u64 user_amd(void *arg)
{
	u64 v = (u64)arg;

	asm volatile("vmmcall" : "+a"(v) :: "memory");
	return v;
}

static u64 user_intel(void *arg)
{
	u64 v = (u64)arg;

	asm volatile("vmcall" : "+a"(v) :: "memory");
	return v;
}

static void absent(void)
{
	if (present()) {
		skip("a monitor is there");
		return;
	}
	check_exc(exc_of("vmmcall"), UD, 0, "VMMCALL without a monitor: #UD");
	check_exc(exc_of("vmcall"), UD, 0, "VMCALL without a monitor: #UD");
}

static void both(const char *name, u64 (*call)(u64, u64, u64, u64, u64),
		 u64 (*from_user)(void *))
{
	static const u64 unknown[] = { 0, 2, 77, 0xffff, 0x7fffffff, ~0ull };
	u64 v = 0;

	for (u32 i = 0; i < ARRAY_SIZE(unknown); i++) {
		exc_clear();
		v = call(unknown[i], 1, 2, 3, 4);
		check(exc_last().vector == NO_EXCEPTION && (s64)v == -ENOSYS_HC,
		      "%s: unknown number 0x%lx: -KVM_ENOSYS", name, unknown[i]);
	}
	exc_clear();
	check_eq(call(HC_VAPIC_POLL_IRQ, 0, 0, 0, 0), 0, "%s: poll for interrupts: 0", name);
	check_exc(user_call(from_user, (void *)77, &v), NO_EXCEPTION, 0, "%s: from CPL 3", name);
	check((s64)v == -EPERM_HC, "%s: from CPL 3: -EPERM", name);
}

static void numbers(void)
{
	if (!present()) {
		skip("no monitor");
		return;
	}
	both("VMMCALL", call_amd, user_amd);
	both("VMCALL", call_intel, user_intel);
}

static void registers(void)
{
	u64 a = 77, b = 0x1111111122222222, c = 0x3333, d = 0x4444, s = 0x5555, r8 = 0x6666, f;

	if (!present()) {
		skip("no monitor");
		return;
	}
	asm volatile("mov %7, %%r8; stc; vmmcall; mov %%r8, %5; pushfq; pop %6"
		     : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(s), "=r"(r8), "=r"(f)
		     : "r"(0x6666ull) : "r8", "memory", "cc");
	check(b == 0x1111111122222222 && c == 0x3333 && d == 0x4444 && s == 0x5555 && r8 == 0x6666,
	      "all registers but RAX are kept");
	check(f & FLAG_CF, "the flags are kept");
}

static u32 got[MAX_CPUS];

static void on_ipi(struct regs *r __unused)
{
	__atomic_add_fetch(&got[this_cpu()->index], 1, __ATOMIC_SEQ_CST);
	apic_eoi();
}

static void features(void)
{
	u32 f = present() ? cpuid(0x40000001, 0).a : 0;
	u64 mask = 0;
	bool all;

	trap_set_handler(VEC, on_ipi);
	if (f >> FEATURE_SEND_IPI & 1) {
		for (u32 i = 0; i < machine.ncpus; i++)
			mask |= 1ull << cpus[i].apic_id;
		check_eq(call_amd(HC_SEND_IPI, mask, 0, 0, VEC), machine.ncpus,
			 "one call interrupts every CPU");
		sti();
		all = true;
		for (u32 i = 0; i < machine.ncpus; i++)
			all &= wait_until(__atomic_load_n(&got[i], __ATOMIC_SEQ_CST) == 1, 5000);
		cli();
		check(all, "and each gets it");
	} else {
		skip("no IPI call");
	}
	if (f >> FEATURE_PV_UNHALT & 1)
		check_eq(call_amd(HC_KICK_CPU, 0, cpus[machine.ncpus - 1].apic_id, 0, 0), 0,
			 "kick a CPU: 0");
	else
		skip("no kick");
	if (f >> FEATURE_SCHED_YIELD & 1)
		check_eq(call_amd(HC_SCHED_YIELD, cpus[0].apic_id, 0, 0, 0), 0, "yield to a CPU: 0");
	else
		skip("no yield");
}

const struct test tests[] = {
	{ "absent", absent, false },
	{ "numbers", numbers, false },
	{ "registers", registers, false },
	{ "features", features, false },
	{}
};
