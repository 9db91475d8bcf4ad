// SPDX-License-Identifier: GPL-2.0
/*
 * exceptions.c: every exception that an instruction can raise, with the error
 * code and the instruction pointer that it pushes: a fault's is that of the
 * instruction, a trap's that of the next one.
 */
#include "test.h"
#include "trap.h"

#define NONCANONICAL	(1ull << 63 | 0x1000)

/* Runs @insn and checks what it raises; for a fault the saved RIP is its own. */
#define expect_fault(insn, vec, err, text) ({				\
	u64 at_;							\
	struct exc e_;							\
									\
	exc_clear();							\
	asm volatile("lea 771f(%%rip), %0;" CATCH(insn)			\
		     : "=&r"(at_) :: "memory", "cc", "rax", "rcx", "rdx", "rbx", "rsi"); \
	e_ = exc_last();						\
	if (!check(e_.vector == (vec) && e_.error == (err) && e_.rip == at_, text)) \
		exc_print(&e_);						\
})

static void divide_errors(void)
{
	struct exc e;
	u64 at;

#define DIVIDE(setup, insn, text) ({					\
	exc_clear();							\
	asm volatile(setup "; lea 771f(%%rip), %0;" CATCH(insn)		\
		     : "=&r"(at) :: "rax", "rcx", "rdx", "cc", "memory"); \
	e = exc_last();							\
	check(e.vector == DE && e.rip == at && !e.error, text);		\
})
	DIVIDE("mov $1, %%eax; xor %%ecx, %%ecx", "divb %%cl", "div r8 by zero");
	DIVIDE("xor %%edx, %%edx; xor %%ecx, %%ecx", "divw %%cx", "div r16 by zero");
	DIVIDE("xor %%edx, %%edx; xor %%ecx, %%ecx", "divl %%ecx", "div r32 by zero");
	DIVIDE("xor %%edx, %%edx; xor %%ecx, %%ecx", "divq %%rcx", "div r64 by zero");
	DIVIDE("mov $1, %%edx; mov $1, %%ecx", "divl %%ecx", "div r32, quotient too large");
	DIVIDE("mov $1, %%edx; mov $1, %%ecx", "divq %%rcx", "div r64, quotient too large");
	DIVIDE("mov $0x80000000, %%eax; cdq; mov $-1, %%ecx", "idivl %%ecx",
	       "idiv r32, most negative by -1");
	DIVIDE("mov $1, %%eax; shl $63, %%rax; cqo; mov $-1, %%rcx", "idivq %%rcx",
	       "idiv r64, most negative by -1");
	asm volatile("mov $100, %%eax; xor %%edx, %%edx; mov $7, %%ecx; divl %%ecx"
		     : "=&a"(at) :: "rcx", "rdx", "cc");
	check_eq(at, 14, "a good division still divides");
}

static void invalid_opcodes(void)
{
	expect_fault("ud2", UD, 0, "ud2");
	expect_fault(".byte 0x0f, 0xff, 0xc0", UD, 0, "ud0");
	expect_fault(".byte 0x06", UD, 0, "push es in 64-bit mode");
	expect_fault(".byte 0x27", UD, 0, "daa in 64-bit mode");
	expect_fault(".byte 0x60", UD, 0, "pusha in 64-bit mode");
	expect_fault(".byte 0xce", UD, 0, "into in 64-bit mode");
	expect_fault(".byte 0x9a, 0, 0, 0, 0, 8, 0", UD, 0, "far call immediate in 64-bit mode");
	expect_fault("lock; .byte 0x89, 0xc0", UD, 0, "lock mov");
	expect_fault("lock; .byte 0x01, 0xc0", UD, 0, "lock add with a register destination");
	expect_fault(".byte 0xf0, 0x90", UD, 0, "lock nop");
	expect_fault(".byte 0x8e, 0xc8", UD, 0, "mov to cs");
	expect_fault(".byte 0x0f, 0x22, 0xc8", UD, 0, "mov to cr1");
	expect_fault(".byte 0x0f, 0x20, 0xe8", UD, 0, "mov from cr5");
	expect_fault(".byte 0x8d, 0xc0", UD, 0, "lea of a register");
	expect_fault(".byte 0xc6, 0xc8, 0", UD, 0, "group 11 /1");
}

static void int3_and_friends(void)
{
	struct exc e;
	u64 next;

#define SOFT(insn, vec, text) ({					\
	exc_clear();							\
	asm volatile("lea 772f(%%rip), %0;" CATCH(insn) : "=&r"(next) :: "memory"); \
	e = exc_last();							\
	check(e.vector == (vec) && e.rip == next && !e.error, text);	\
})
	SOFT("int3", BP, "int3 pushes the next instruction");
	SOFT("int $3", BP, "int $3 pushes the next instruction");
	SOFT("int $4", OF, "int $4 pushes the next instruction");
	SOFT("int $0x20", 0x20, "int $0x20 pushes the next instruction");
	SOFT("int $0xff", 0xff, "int $0xff pushes the next instruction");
	/* Software interrupts push no error code, whatever the vector. */
	SOFT("int $0x80", 0x80, "int $0x80 pushes the next instruction");
}

CODE32(into_overflow, "mov $0x7fffffff, %eax; add $1, %eax; into; ret");
CODE32(into_quiet, "xor %eax, %eax; into; mov $77, %eax; ret");
CODE32(bound_low, "push $9; push $5; mov $4, %eax; bound %eax, (%esp); ret");
CODE32(bound_inside, "push $9; push $5; mov $5, %eax; bound %eax, (%esp); add $8, %esp; ret");
CODE32(bound_high, "push $9; push $5; mov $10, %eax; bound %eax, (%esp); ret");

static void compat_only(void)
{
	u64 v = 0;
	struct exc e = user32_call(into_overflow, into_overflow_end, 0, NULL);

	check(e.vector == OF && e.rip == 9 && !e.error, "into with OF set traps behind itself");
	e = user32_call(into_quiet, into_quiet_end, 0, &v);
	check(e.vector == NO_EXCEPTION && v == 77, "into with OF clear does nothing");
	e = user32_call(bound_low, bound_low_end, 0, NULL);
	check(e.vector == BR && e.rip == 9 && !e.error, "bound below the lower limit faults");
	e = user32_call(bound_high, bound_high_end, 0, NULL);
	check(e.vector == BR && e.rip == 9 && !e.error, "bound above the upper limit faults");
	e = user32_call(bound_inside, bound_inside_end, 0, &v);
	check(e.vector == NO_EXCEPTION && v == 5, "bound inside passes");
}

static void fpu_unavailable(void)
{
	u64 cr0 = read_cr0();

	write_cr0(cr0 | CR0_TS);
	expect_fault("fnop", NM, 0, "x87 with CR0.TS");
	expect_fault("pxor %%xmm0, %%xmm0", NM, 0, "SSE with CR0.TS");
	expect_fault("fwait", NM, 0, "fwait with CR0.TS and CR0.MP");
	write_cr0((cr0 | CR0_TS) & ~CR0_MP);
	check_eq(exc_of("fwait").vector, NO_EXCEPTION, "fwait with CR0.TS but not CR0.MP");
	asm volatile("clts");
	check(!(read_cr0() & CR0_TS), "clts clears CR0.TS");
	check_eq(exc_of("fnop").vector, NO_EXCEPTION, "x87 after clts");
	write_cr0((cr0 | CR0_EM) & ~CR0_TS);
	expect_fault("fnop", NM, 0, "x87 with CR0.EM");
	expect_fault("pxor %%xmm0, %%xmm0", UD, 0, "SSE with CR0.EM");
	write_cr0(cr0);
	write_cr4(read_cr4() & ~CR4_OSFXSR);
	expect_fault("pxor %%xmm0, %%xmm0", UD, 0, "SSE without CR4.OSFXSR");
	write_cr4(read_cr4() | CR4_OSFXSR);
}

static void fpu_errors(void)
{
	static const u16 unmask_ze = 0x37b;
	static const u32 mx_unmask_ze = 0x1d80, mx_default = 0x1f80, mx_reserved = 0x10000;
	struct exc e;

	asm volatile("fninit; fldcw %0; fld1; fldz" :: "m"(unmask_ze));
	check_eq(exc_of("fdivrp").vector, NO_EXCEPTION, "an x87 error waits");
	expect_fault("fwait", MF, 0, "#MF at the next waiting instruction");
	asm volatile("fnclex; fninit");
	check_eq(exc_of("fwait").vector, NO_EXCEPTION, "fnclex forgets it");

	asm volatile("ldmxcsr %0; xorps %%xmm1, %%xmm1; movl $0x3f800000, %%eax; movd %%eax, %%xmm0"
		     :: "m"(mx_unmask_ze) : "rax");
	expect_fault("divss %%xmm1, %%xmm0", XM, 0, "SSE division by zero");
	write_cr4(read_cr4() & ~CR4_OSXMMEXCPT);
	expect_fault("divss %%xmm1, %%xmm0", UD, 0, "the same without CR4.OSXMMEXCPT");
	write_cr4(read_cr4() | CR4_OSXMMEXCPT);
	asm volatile("ldmxcsr %0" :: "m"(mx_default));
	exc_clear();
	asm volatile(CATCH("ldmxcsr %0") :: "m"(mx_reserved));
	e = exc_last();
	check_exc(e, GP, 0, "ldmxcsr with a reserved bit");
}

static void general_protection(void)
{
	static u8 buf[64] __aligned(16);
	struct exc e;

	exc_clear();
	asm volatile(CATCH("mov (%0), %%eax") :: "D"(NONCANONICAL) : "rax");
	e = exc_last();
	check_exc(e, GP, 0, "load from a non-canonical address: #GP(0)");
	exc_clear();
	asm volatile(CATCH("mov %%eax, (%0)") :: "D"(NONCANONICAL) : "memory");
	e = exc_last();
	check_exc(e, GP, 0, "store to a non-canonical address: #GP(0)");
	exc_clear();
	asm volatile("mov %%rbp, %%r8; mov %0, %%rbp;" CATCH("mov (%%rbp), %%eax") "; mov %%r8, %%rbp"
		     :: "r"(NONCANONICAL) : "rax", "r8");
	e = exc_last();
	check_exc(e, SS, 0, "the same through rbp: #SS(0)");
	exc_clear();
	asm volatile(CATCH("movaps (%0), %%xmm0") :: "r"(buf + 1));
	e = exc_last();
	check_exc(e, GP, 0, "movaps misaligned: #GP(0)");
	check_eq(exc_of(".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90").vector,
		 NO_EXCEPTION, "an instruction of 15 bytes runs");
	expect_fault(".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90",
		     GP, 0, "an instruction of 16 bytes: #GP(0)");
	check_exc(write_exc(cr8, 16), GP, 0, "CR8 above 15: #GP(0)");
	write_cr8(0);
}

/* Each alone in its run: an emulator that gets one wrong does not live on. */
static void cr0_reserved(void)
{
	check_exc(write_exc(cr0, read_cr0() | BIT(32)), GP, 0, "CR0 bit 32");
	check_exc(write_exc(cr0, (read_cr0() | CR0_NW) & ~CR0_CD), GP, 0, "CR0.NW without CD");
	check_exc(write_exc(cr0, read_cr0() & ~CR0_PE), GP, 0, "CR0.PG without PE");
}

static void cr4_reserved(void)
{
	check_exc(write_exc(cr4, read_cr4() & ~CR4_PAE), GP, 0, "CR4.PAE cleared in long mode");
	check_exc(write_exc(cr4, read_cr4() | BIT(31)), GP, 0, "CR4 reserved bit");
}

#define USER_INSN(name, insn)						\
static u64 name(void *arg __unused)					\
{									\
	asm volatile(insn ::: "memory", "rax", "rcx", "rdx");		\
	return 0;							\
}
USER_INSN(user_hlt, "hlt")
USER_INSN(user_cli, "cli")
USER_INSN(user_in, "in $0x80, %%al")
USER_INSN(user_out, "out %%al, $0x80")
USER_INSN(user_cr0, "mov %%cr0, %%rax")
USER_INSN(user_dr7, "mov %%dr7, %%rax")
USER_INSN(user_rdmsr, "mov $0x10, %%ecx; rdmsr")
USER_INSN(user_lidt, "lidt (%%rsp)")
USER_INSN(user_lldt, "xor %%eax, %%eax; lldt %%ax")
USER_INSN(user_clts, "clts")
USER_INSN(user_invlpg, "invlpg (%%rsp)")
USER_INSN(user_wbinvd, "wbinvd")
USER_INSN(user_int20, "int $0x20")
USER_INSN(user_int3, "int3")
USER_INSN(user_ud2, "ud2")
USER_INSN(user_misaligned, "mov 1(%%rsp), %%eax")

static void user_mode(void)
{
	static const struct { u64 (*fn)(void *); const char *text; } gp[] = {
		{ user_hlt, "hlt" }, { user_cli, "cli" }, { user_in, "in" },
		{ user_out, "out" }, { user_cr0, "mov from cr0" },
		{ user_dr7, "mov from dr7" }, { user_rdmsr, "rdmsr" },
		{ user_lidt, "lidt" }, { user_lldt, "lldt" }, { user_clts, "clts" },
		{ user_invlpg, "invlpg" }, { user_wbinvd, "wbinvd" },
	};
	struct exc e;

	for (u32 i = 0; i < ARRAY_SIZE(gp); i++) {
		e = user_call(gp[i].fn, NULL, NULL);
		check(e.vector == GP && !e.error && (e.cs & 3) == 3, "%s at CPL 3: #GP(0)",
		      gp[i].text);
	}
	e = user_call(user_int20, NULL, NULL);
	check_exc(e, GP, 0x20 * 8 + 2, "int through a gate of DPL 0: #GP(IDT 0x20)");
	e = user_call(user_int3, NULL, NULL);
	check(e.vector == BP && e.cs == SEL_USER_CODE64, "int3 through a gate of DPL 3");
	e = user_call(user_ud2, NULL, NULL);
	check(e.vector == UD && e.cs == SEL_USER_CODE64, "ud2 ignores its gate's DPL");
}

static void alignment(void)
{
	u64 cr0 = read_cr0();
	struct exc e;

	write_cr0(cr0 | CR0_AM);
	user_flags = FLAG_FIXED | FLAG_AC;
	e = user_call(user_misaligned, NULL, NULL);
	check_exc(e, AC, 0, "misaligned load at CPL 3 with AM and AC: #AC(0)");
	user_flags = FLAG_FIXED;
	e = user_call(user_misaligned, NULL, NULL);
	check_eq(e.vector, NO_EXCEPTION, "no #AC without RFLAGS.AC");
	write_flags(read_flags() | FLAG_AC);
	check_eq(exc_of("mov 1(%%rsp), %%eax").vector, NO_EXCEPTION, "no #AC at CPL 0");
	write_flags(read_flags() & ~FLAG_AC);
	write_cr0(cr0 & ~CR0_AM);
	user_flags = FLAG_FIXED | FLAG_AC;
	e = user_call(user_misaligned, NULL, NULL);
	check_eq(e.vector, NO_EXCEPTION, "no #AC without CR0.AM");
	user_flags = FLAG_FIXED;
	write_cr0(cr0);
}

const struct test tests[] = {
	{ "divide", divide_errors, false },
	{ "invalid", invalid_opcodes, false },
	{ "soft", int3_and_friends, false },
	{ "compat", compat_only, false },
	{ "fpu-unavailable", fpu_unavailable, false },
	{ "fpu-errors", fpu_errors, false },
	{ "protection", general_protection, false },
	{ "user", user_mode, false },
	{ "alignment", alignment, false },
	{ "cr0-reserved", cr0_reserved, true },
	{ "cr4-reserved", cr4_reserved, true },
	{}
};
