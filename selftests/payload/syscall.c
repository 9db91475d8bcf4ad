// SPDX-License-Identifier: GPL-2.0
/*
 * syscall.c: SYSCALL, SYSRET, SYSENTER, SYSEXIT: the fast ways between the rings,
 * which load selectors from MSRs and trust them.
 */
#include "paging.h"
#include "smp.h"
#include "test.h"

/*
 * The kernel's end, for both ways: notes what it sees and goes back. `entry_rsp`
 * is a stack, since SYSCALL brings the caller's along.
 */
extern u8 entry_syscall[], entry_sysenter[];
u64 entry_rcx, entry_r11, entry_flags, entry_cs, entry_ss, entry_user_rsp, entry_stack[64];

asm(".text\n"
    ".globl entry_syscall, entry_sysenter\n"
    "entry_syscall:\n"
    "	mov %rsp, entry_user_rsp(%rip)\n"
    "	lea entry_stack + 512(%rip), %rsp\n"
    "	pushfq; pop entry_flags(%rip)\n"
    "	mov %rcx, entry_rcx(%rip)\n"
    "	mov %r11, entry_r11(%rip)\n"
    "	mov %cs, %eax; mov %rax, entry_cs(%rip)\n"
    "	mov %ss, %eax; mov %rax, entry_ss(%rip)\n"
    "	mov entry_user_rsp(%rip), %rsp\n"
    "	mov $0x1234, %eax\n"
    "	sysretq\n"
    "entry_sysenter:\n"
    "	pushfq; pop entry_flags(%rip)\n"
    "	mov %rsp, entry_user_rsp(%rip)\n"
    "	mov %cs, %eax; mov %rax, entry_cs(%rip)\n"
    "	mov %ss, %eax; mov %rax, entry_ss(%rip)\n"
    "	mov $0x4321, %eax\n"
    "	rex64 sysexit\n");

static u64 user_syscall(void *arg __unused)
{
	u64 v;

	asm volatile("syscall" : "=a"(v) :: "rcx", "r11", "memory");
	return v;
}

static u64 user_selectors(void *arg __unused)
{
	u64 v, cs, ss;

	asm volatile("syscall" : "=a"(v) :: "rcx", "r11", "memory");
	asm volatile("mov %%cs, %0; mov %%ss, %1" : "=r"(cs), "=r"(ss));
	return cs << 16 | ss;
}

static u64 user_sysenter(void *arg __unused)
{
	u64 v;

	asm volatile("mov %%rsp, %%rcx; lea 1f(%%rip), %%rdx; sysenter; 1:"
		     : "=a"(v) :: "rcx", "rdx", "memory");
	return v;
}

static void setup(void)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	wrmsr(MSR_STAR, (u64)(SEL_USER_CODE32 & ~3) << 48 | (u64)SEL_CODE64 << 32);
	wrmsr(MSR_LSTAR, (u64)entry_syscall);
	wrmsr(MSR_SFMASK, FLAG_CF | FLAG_DF);
}

static void syscall64(void)
{
	u64 v = 0;

	setup();
	user_flags = FLAG_FIXED | FLAG_CF | FLAG_SF;
	check_exc(user_call(user_syscall, NULL, &v), NO_EXCEPTION, 0, "syscall and sysret");
	check_eq(v, 0x1234, "the value comes back");
	check_eq(entry_cs, SEL_CODE64, "CS from STAR");
	check_eq(entry_ss, SEL_DATA, "SS from STAR");
	check(entry_rcx >= USER_ALIAS + (u64)user_syscall &&
	      entry_rcx < USER_ALIAS + (u64)user_syscall + 32, "RCX is the way back");
	check_eq(entry_r11 & (FLAG_CF | FLAG_SF), FLAG_CF | FLAG_SF, "R11 holds the flags");
	check_eq(entry_flags & (FLAG_CF | FLAG_SF), FLAG_SF, "SFMASK clears, and only what it says");
	user_call(user_selectors, NULL, &v);
	check_eq(v, (u64)SEL_USER_CODE64 << 16 | SEL_USER_DATA, "sysret's CS and SS");
	user_flags = FLAG_FIXED;
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~EFER_SCE);
	check_exc(user_call(user_syscall, NULL, NULL), UD, 0, "syscall without EFER.SCE: #UD");
	check_exc(exc_of("sysretq"), UD, 0, "sysret without EFER.SCE: #UD");
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
}

static void sysenter(void)
{
	struct cpuid c = cpuid(0, 0);
	u64 v = 0;

	if (!has_sep()) {
		skip("SYSENTER");
		return;
	}
	if (c.b == 0x68747541 || c.b == 0x6f677948) {	/* "Auth", "Hygo" */
		check_exc(user_call(user_sysenter, NULL, NULL), UD, 0,
			  "this vendor has no sysenter in long mode: #UD");
		return;
	}
	wrmsr(MSR_SYSENTER_CS, 0);
	check_exc(user_call(user_sysenter, NULL, NULL), GP, 0, "sysenter with a null CS: #GP(0)");
	wrmsr(MSR_SYSENTER_CS, SEL_CODE64);
	wrmsr(MSR_SYSENTER_ESP, (u64)(entry_stack + 64));
	wrmsr(MSR_SYSENTER_EIP, (u64)entry_sysenter);
	check_exc(user_call(user_sysenter, NULL, &v), NO_EXCEPTION, 0, "sysenter and sysexit");
	check_eq(v, 0x4321, "the value comes back");
	check(entry_cs == SEL_CODE64 && entry_ss == SEL_DATA, "CS and SS from SYSENTER_CS");
	check_eq(entry_user_rsp, (u64)(entry_stack + 64), "RSP from SYSENTER_ESP");
	check(!(entry_flags & FLAG_IF), "interrupts are off");
}

static u64 user_sysret(void *arg __unused)
{
	asm volatile("sysretq");
	return 0;
}

static u64 user_sysexit(void *arg __unused)
{
	asm volatile("rex64 sysexit");
	return 0;
}

static void privilege(void)
{
	setup();
	check_exc(user_call(user_sysret, NULL, NULL), GP, 0, "sysret at CPL 3: #GP(0)");
	if (cpuid(0, 0).b == 0x756e6547)
		check_exc(user_call(user_sysexit, NULL, NULL), GP, 0, "sysexit at CPL 3: #GP(0)");
}

const struct test tests[] = {
	{ "syscall", syscall64, false },
	{ "sysenter", sysenter, false },
	{ "privilege", privilege, false },
	{}
};
