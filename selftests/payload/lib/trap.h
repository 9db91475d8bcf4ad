/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trap.h: exceptions and interrupts.
 *
 * Three ways to meet an exception on purpose:
 * - CATCH("insn") around instructions in an asm statement: a fault or trap
 *   within them is recorded and execution goes on behind them;
 *     exc_clear(); asm volatile(CATCH("ud2")); e = exc_last();
 * - catch_call(fn, arg): runs a function, comes back at the first exception;
 * - user_call(fn, arg): the same at CPL 3.
 * A handler set for the vector goes before all of these.
 */
#ifndef PAYLOAD_TRAP_H
#define PAYLOAD_TRAP_H

#include "cpu.h"
#include "test.h"

#define NO_EXCEPTION	(-1)

struct regs {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

struct exc {
	int vector;		/* NO_EXCEPTION if there was none */
	u64 error, cr2;
	u64 rip;		/* as pushed; the alias of CPL 3 taken off */
	u64 cs, rflags, rsp;
};

struct context { u64 rip, rsp, rbx, rbp, r12, r13, r14, r15, rflags; };

#define CATCH(insn)						\
	".pushsection .catch, \"a\"; .quad 771f, 772f; .popsection;" \
	"771: " insn "; 772:"

void exc_clear(void);
struct exc exc_last(void);
void exc_print(const struct exc *e);
/* Checks vector and error code; prints the whole exception on failure. */
bool check_exc(struct exc e, int vector, u64 error, const char *fmt, ...)
	__printf(4, 5);

struct exc catch_call(void (*fn)(void *), void *arg);
struct exc user_call(u64 (*fn)(void *), void *arg, u64 *result);
/* Flags for user_call() on this CPU, normally 0x2: IF, TF, AC... as a test needs. */
extern u64 user_flags;
/*
 * The same for 32-bit code (compatibility mode), made with CODE32(). It gets
 * @arg in EDI and returns EAX. In the result, rip is an offset into the code.
 */
struct exc user32_call(const u8 *code, const u8 *end, u32 arg, u64 *result);

/* Defines @name and @name_end around instructions for another mode. */
#define CODE_OF(bits, name, insns)				\
	extern const u8 name[], name##_end[];			\
	asm(".pushsection .rodata; .code" #bits ";" #name ":" insns ";" \
	    #name "_end: .code64; .popsection")
#define CODE32(name, insns)	CODE_OF(32, name, insns)

typedef void (*trap_fn)(struct regs *);
void trap_set_handler(u8 vector, trap_fn fn);

/* A gate descriptor of the IDT, in long mode. */
struct gate {
	u16 off_lo, selector;
	u8 ist, type;
	u16 off_mid;
	u32 off_hi, zero;
};
#define GATE_INTERRUPT	0x8e
#define GATE_TRAP	0x8f
#define GATE_DPL3	0x60

extern struct gate idt[256];
void trap_set_gate(u8 vector, u8 type, u8 ist);
void trap_init(void);
void trap_load(void);

/* Runs one instruction string; returns what it raised. For no-operand forms. */
#define exc_of(insn) ({						\
	exc_clear();						\
	asm volatile(CATCH(insn) ::: "memory", "cc", "rax", "rcx", "rdx", "rbx"); \
	exc_last();						\
})

static inline struct exc rdmsr_exc(u32 msr, u64 *v)
{
	u32 lo = 0, hi = 0;

	exc_clear();
	asm volatile(CATCH("rdmsr") : "+a"(lo), "+d"(hi) : "c"(msr) : "memory");
	if (v)
		*v = lo | (u64)hi << 32;
	return exc_last();
}

static inline struct exc wrmsr_exc(u32 msr, u64 v)
{
	exc_clear();
	asm volatile(CATCH("wrmsr") :: "c"(msr), "a"((u32)v), "d"((u32)(v >> 32))
		     : "memory");
	return exc_last();
}

#define write_exc(reg, v) ({					\
	exc_clear();						\
	asm volatile(CATCH("mov %0, %%" #reg) :: "r"((u64)(v)) : "memory"); \
	exc_last();						\
})

#endif
