// SPDX-License-Identifier: GPL-2.0
/* trap.c: see trap.h. One IDT for all CPUs; handlers are shared. */
#include "trap.h"
#include "machine.h"
#include "paging.h"
#include "smp.h"
#include "test.h"

#define USER_RETURN_VECTOR	0x81
#define DF_IST			1

extern const u8 trap_gates[256][16];
extern void context_restore(struct context *c) __noreturn;
extern void enter_user(u64 rip, u64 rsp, void *arg, u64 cs, u64 flags) __noreturn;
extern u8 user_return[];
int context_save(struct context *c) __attribute__((returns_twice));

struct catch_range { u64 start, end; };
extern const struct catch_range catch_start[], catch_end[];

struct gate idt[256] __aligned(16);
static trap_fn handlers[256];
u64 user_flags = FLAG_FIXED;

void exc_clear(void)
{
	this_cpu()->exc = (struct exc){ .vector = NO_EXCEPTION };
}

struct exc exc_last(void)
{
	return this_cpu()->exc;
}

void exc_print(const struct exc *e)
{
	note("vector %d error 0x%lx at 0x%lx, cr2 0x%lx, cs 0x%lx, rflags 0x%lx, rsp 0x%lx",
	     e->vector, e->error, e->rip, e->cr2, e->cs, e->rflags, e->rsp);
}

bool check_exc(struct exc e, int vector, u64 error, const char *fmt, ...)
{
	bool ok = e.vector == vector && (vector == NO_EXCEPTION || e.error == error);
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	check(ok, "%s", text);
	if (!ok)
		exc_print(&e);
	return ok;
}

static void record(struct cpu *cpu, const struct regs *r)
{
	cpu->exc = (struct exc){
		.vector = r->vector, .error = r->error, .cr2 = read_cr2(),
		.rip = r->rip >= USER_ALIAS && r->rip < USER_ALIAS + GIB(4) ?
			r->rip - USER_ALIAS : r->rip,
		.cs = r->cs, .rflags = r->rflags, .rsp = r->rsp,
	};
}

/* Is the pushed RIP inside a CATCH(), or just behind it (a trap)? */
static bool resume_behind(const struct cpu *cpu, struct regs *r)
{
	for (const struct catch_range *c = catch_start; c < catch_end; c++) {
		if (cpu->exc.rip < c->start || cpu->exc.rip > c->end)
			continue;
		r->rip += c->end - cpu->exc.rip;
		return true;
	}
	return false;
}

static void go_back(struct cpu *cpu, struct regs *r)
{
	r->rdi = (u64)cpu->catcher;
	r->rip = (u64)context_restore;
	r->cs = SEL_CODE64;
	r->ss = SEL_DATA;
	r->rsp = cpu->catcher->rsp;
	r->rflags = FLAG_FIXED;
}

static void __noreturn die(struct cpu *cpu, struct regs *r)
{
	check(false, "unexpected exception on cpu %u", cpu->index);
	exc_print(&cpu->exc);
	note("rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx",
	     r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp);
	exit(1);
}

void trap(struct regs *r)
{
	struct cpu *cpu = this_cpu();

	if (handlers[r->vector]) {
		handlers[r->vector](r);
		return;
	}
	if (r->vector == USER_RETURN_VECTOR && cpu->catcher) {
		cpu->user_result = r->rax;
		go_back(cpu, r);
		return;
	}
	record(cpu, r);
	if (resume_behind(cpu, r))
		return;
	if (!cpu->catcher)
		die(cpu, r);
	go_back(cpu, r);
}

struct exc catch_call(void (*fn)(void *), void *arg)
{
	struct cpu *cpu = this_cpu();
	struct context here, *outer = cpu->catcher;

	exc_clear();
	cpu->catcher = &here;
	if (!context_save(&here)) {
		fn(arg);
		/* fn may have used exc_of() itself: that is its own affair */
		exc_clear();
	}
	cpu->catcher = outer;
	return cpu->exc;
}

static struct exc to_user(u64 rip, u64 rsp, void *arg, u64 cs, u64 *result)
{
	struct cpu *cpu = this_cpu();
	struct context here, *outer = cpu->catcher;

	exc_clear();
	cpu->catcher = &here;
	if (!context_save(&here))
		enter_user(rip, rsp, arg, cs, user_flags);
	asm volatile("mov %0, %%ds; mov %0, %%es" :: "r"(SEL_DATA));
	cpu->catcher = outer;
	if (result)
		*result = cpu->user_result;
	return cpu->exc;
}

/* Data that @fn reaches through pointers must be given as its user alias. */
struct exc user_call(u64 (*fn)(void *), void *arg, u64 *result)
{
	u64 *rsp = (u64 *)(this_cpu()->user_stack + STACK_SIZE - 24);

	*rsp = (u64)user_return + USER_ALIAS;
	return to_user((u64)user_ptr(fn), (u64)user_ptr(rsp), arg, SEL_USER_CODE64, result);
}

/* Below 4 GiB, user code needs a page of its own: the identity map is CPL 0's. */
struct exc user32_call(const u8 *code, const u8 *end, u32 arg, u64 *result)
{
	static const u8 int_user_return[] = { 0xcd, USER_RETURN_VECTOR };
	static u8 *page;
	u32 *esp;
	struct exc e;

	if (!page) {
		page = alloc_aligned(MIB(2), MIB(2));
		*pte_of((u64)page, 2) |= PTE_U;
		invlpg(page);
	}
	esp = (u32 *)(page + MIB(1));
	*esp = (u64)page + MIB(1) + 64;
	memcpy(page + MIB(1) + 64, int_user_return, sizeof(int_user_return));
	memcpy(page, code, end - code);
	e = to_user((u64)page, (u64)esp, (void *)(u64)arg, SEL_USER_CODE32, result);
	e.rip -= (u64)page;
	return e;
}

void trap_set_handler(u8 vector, trap_fn fn)
{
	handlers[vector] = fn;
}

void trap_set_gate(u8 vector, u8 type, u8 ist)
{
	u64 addr = (u64)trap_gates[vector];

	idt[vector] = (struct gate){
		.off_lo = addr, .off_mid = addr >> 16, .off_hi = addr >> 32,
		.selector = SEL_CODE64, .ist = ist, .type = type,
	};
}

void trap_init(void)
{
	for (int i = 0; i < 256; i++)
		trap_set_gate(i, GATE_INTERRUPT, i == DF ? DF_IST : 0);
	trap_set_gate(BP, GATE_INTERRUPT | GATE_DPL3, 0);
	trap_set_gate(OF, GATE_INTERRUPT | GATE_DPL3, 0);
	trap_set_gate(USER_RETURN_VECTOR, GATE_INTERRUPT | GATE_DPL3, 0);
}

void trap_load(void)
{
	struct table_ptr p = { sizeof(idt) - 1, (u64)idt };

	asm volatile("lidt %0" :: "m"(p));
}
