// SPDX-License-Identifier: GPL-2.0
/*
 * delivery.c: how an exception reaches its handler: stacks, flags, gates, and
 * what becomes of one that can't be delivered.
 */
#include "paging.h"
#include "smp.h"
#include "test.h"

#define VEC	0x60		/* a vector of this payload's own */

static struct regs seen;

static void look(struct regs *r)
{
	seen = *r;
	seen.rax = read_flags();	/* as the gate left them */
	seen.rdi = (u64)r;		/* where the frame was */
}

static bool on(u64 sp, const u8 *stack, u64 size)
{
	return sp > (u64)stack && sp <= (u64)stack + size;
}

static u64 user_int(void *arg __unused)
{
	asm volatile("int $0x60");
	return read_flags();
}

static void gates(void)
{
	struct cpu *cpu = this_cpu();
	u64 v, sp;

	trap_set_handler(VEC, look);
	asm volatile("mov %%rsp, %0; sti; int $0x60; cli" : "=r"(sp) :: "memory");
	check(!(seen.rax & FLAG_IF), "an interrupt gate clears IF");
	check(seen.rflags & FLAG_IF, "the pushed flags keep IF");
	check(seen.rdi < sp && sp - seen.rdi < 512, "same privilege: the same stack");
	check_eq((u64)&((struct regs *)seen.rdi)->ss & 15, 8, "the stack is aligned to 16 before the push");
	check_eq(seen.rsp, sp, "the pushed rsp is the one before alignment");
	check(seen.cs == SEL_CODE64 && seen.ss == SEL_DATA, "pushed cs and ss");

	trap_set_gate(VEC, GATE_TRAP, 0);
	asm volatile("sti; int $0x60; cli" ::: "memory");
	check(seen.rax & FLAG_IF, "a trap gate leaves IF");
	trap_set_gate(VEC, GATE_INTERRUPT | GATE_DPL3, 0);

	write_flags(read_flags() | FLAG_NT);
	asm volatile("pushfq; int $0x60; pushfq; pop %0; popfq" : "=r"(v) :: "memory");
	write_flags(read_flags() & ~FLAG_NT);
	check(!(seen.rax & FLAG_NT) && seen.rflags & FLAG_NT, "delivery clears NT and pushes it");

	check_exc(user_call(user_int, NULL, &v), NO_EXCEPTION, 0, "int from CPL 3 returns to it");
	check(on(seen.rdi, cpu->trap_stack, STACK_SIZE), "from CPL 3: the stack of RSP0");
	check(seen.cs == SEL_USER_CODE64 && seen.ss == SEL_USER_DATA, "pushed user cs and ss");
	check(on(seen.rsp - USER_ALIAS, cpu->user_stack, STACK_SIZE), "pushed user rsp");
	trap_set_handler(VEC, NULL);
}

static void interrupt_stacks(void)
{
	struct cpu *cpu = this_cpu();

	trap_set_handler(VEC, look);
	trap_set_gate(VEC, GATE_INTERRUPT | GATE_DPL3, 2);
	asm volatile("int $0x60" ::: "memory");
	check(on(seen.rdi, cpu->ist_stack[1], sizeof(cpu->ist_stack[1])), "IST 2 from CPL 0");
	check(!on(seen.rsp, cpu->ist_stack[1], sizeof(cpu->ist_stack[1])),
	      "the pushed rsp is the old stack's");
	user_call(user_int, NULL, NULL);
	check(on(seen.rdi, cpu->ist_stack[1], sizeof(cpu->ist_stack[1])), "IST 2 from CPL 3");
	check_eq((u64)seen.rdi + sizeof(struct regs), cpu->tss.ist[1], "the frame starts at its top");
	trap_set_gate(VEC, GATE_INTERRUPT, 0);
	trap_set_handler(VEC, NULL);
}

static void raise_gp(void *arg __unused)
{
	asm volatile("mov (%0), %%al" :: "r"(1ull << 63) : "rax");
}

static void raise_pf(void *arg __unused)
{
	asm volatile("mov (%0), %%al" :: "r"(TEST_BASE) : "rax");
}

static void raise_ud(void *arg __unused)
{
	asm volatile("ud2");
}

static void raise_de(void *arg __unused)
{
	asm volatile("xor %%ecx, %%ecx; div %%ecx" ::: "rax", "rcx", "rdx");
}

static struct exc without_gate(u8 vector, void (*fn)(void *))
{
	struct gate saved = idt[vector];
	struct exc e;

	idt[vector].type &= ~0x80;
	e = catch_call(fn, NULL);
	idt[vector] = saved;
	return e;
}

/* A gate that is not present is itself a contributory exception (#NP). */
static void double_fault(void)
{
	struct cpu *cpu = this_cpu();
	struct exc e = without_gate(GP, raise_gp);

	check_exc(e, DF, 0, "#NP while delivering #GP: #DF(0)");
	check(!on(e.rsp, cpu->ist_stack[0], sizeof(cpu->ist_stack[0])), "its frame holds the old stack");
	check_exc(without_gate(PF, raise_pf), DF, 0, "#NP while delivering #PF: #DF(0)");
	check_exc(without_gate(DE, raise_de), DF, 0, "#NP while delivering #DE: #DF(0)");
	e = without_gate(UD, raise_ud);
	e.error &= ~1;		/* the EXT bit: the vendors differ */
	check_exc(e, NP, UD * 8 + 2, "#NP while delivering benign #UD: #NP(IDT 6)");
}

/* An idle page in the way of a push: page faults while delivering. */
static void fault_on_stack(void)
{
	struct cpu *cpu = this_cpu();
	u64 rsp0 = cpu->tss.rsp[0];
	struct exc e;

	cpu->tss.rsp[0] = TEST_BASE + 0x8000;
	e = user_call(user_int, NULL, NULL);
	cpu->tss.rsp[0] = rsp0;
	check(e.vector == DF, "#PF on RSP0's page, and again for its handler: #DF");
	cpu->tss.rsp[0] = 1ull << 63;
	e = user_call(user_int, NULL, NULL);
	cpu->tss.rsp[0] = rsp0;
	check(e.vector == DF, "a non-canonical RSP0, #SS on the same: #DF");
	trap_set_gate(PF, GATE_INTERRUPT, 2);
	cpu->tss.rsp[0] = TEST_BASE + 0x8000;
	e = user_call(user_int, NULL, NULL);
	cpu->tss.rsp[0] = rsp0;
	trap_set_gate(PF, GATE_INTERRUPT, 0);
	check_exc(e, PF, PF_W, "#PF on RSP0's page, handler on an IST stack: #PF, write by the supervisor");
	check_eq(e.cr2, TEST_BASE + 0x8000 - 8, "CR2 is the first push");
}

static void set_tss_limit(u32 limit)
{
	u64 *desc = gdt + (SEL_TSS >> 3);

	desc[0] = (desc[0] & ~0xffffull & ~(0xfull << 40)) | limit | 9ull << 40;
	asm volatile("ltr %w0" :: "r"(SEL_TSS));
}

static void selectors(void)
{
	u64 *spare = gdt + (SEL_SPARE >> 3);
	struct exc e;
	u64 was;

#define LOAD(seg, sel) ({						\
	exc_clear();							\
	asm volatile(CATCH("mov %w0, %%" #seg) :: "r"(sel));		\
	exc_last();							\
})
	spare[0] = 0x00cf13000000ffff;		/* data, not present */
	check_exc(LOAD(ds, SEL_SPARE), NP, SEL_SPARE, "not-present segment into ds: #NP(sel)");
	check_exc(LOAD(ss, SEL_SPARE), SS, SEL_SPARE, "not-present segment into ss: #SS(sel)");
	spare[0] = 0x00cf99000000ffff;		/* execute-only code */
	check_exc(LOAD(ds, SEL_SPARE), GP, SEL_SPARE, "execute-only code into ds: #GP(sel)");
	check_exc(LOAD(ss, SEL_SPARE), GP, SEL_SPARE, "code into ss: #GP(sel)");
	check_exc(LOAD(ds, 0x7ff8), GP, 0x7ff8, "selector behind the table's end: #GP(sel)");
	check_exc(LOAD(ds, SEL_SPARE | 4), GP, SEL_SPARE | 4, "LDT selector without an LDT: #GP(sel)");
	check_exc(LOAD(ss, SEL_DATA | 3), GP, SEL_DATA, "ss with the wrong RPL: #GP(sel)");
	check_exc(LOAD(ds, 0), NO_EXCEPTION, 0, "the null selector into ds");
	asm volatile("mov %w0, %%ds" :: "r"(SEL_DATA));

	spare[0] = 0x00cf93000000ffff;
	check_exc(LOAD(ds, SEL_SPARE), NO_EXCEPTION, 0, "a good segment into ds");
	spare[0] = 0x00cf92000000ffff;
	LOAD(ds, SEL_SPARE);
	check_eq(spare[0] >> 40 & 1, 1, "loading sets the accessed bit");
	asm volatile("mov %w0, %%ds" :: "r"(SEL_DATA));

	exc_clear();
	asm volatile(CATCH("ltr %w0") :: "r"(SEL_TSS));
	check_exc(exc_last(), GP, SEL_TSS, "ltr of a busy TSS: #GP(sel)");

	/* RSP0 lies inside the shortened TSS, IST 7 does not. */
	was = idt[VEC].ist;
	trap_set_gate(VEC, GATE_INTERRUPT, 7);
	set_tss_limit(83);
	exc_clear();
	asm volatile(CATCH("int $0x60"));
	e = exc_last();
	set_tss_limit(sizeof(struct tss) - 1);
	trap_set_gate(VEC, GATE_INTERRUPT, was);
	e.error &= ~1;
	check_exc(e, TS, SEL_TSS, "an IST entry behind the TSS's limit: #TS(TSS)");
}

static void returns(void)
{
	struct exc e;

#define IRET(cs, ss) ({							\
	exc_clear();							\
	asm volatile("mov %%rsp, %%r8; pushq %1; pushq %%r8; pushfq; pushq %0;"	\
		     "lea 775f(%%rip), %%r9; pushq %%r9;" CATCH("iretq")	\
		     "775: mov %%r8, %%rsp" :: "i"(cs), "i"(ss) : "r8", "r9", "memory"); \
	e = exc_last();							\
})
	IRET(SEL_CODE64, SEL_DATA);
	check_exc(e, NO_EXCEPTION, 0, "iretq to the same level");
	IRET(SEL_DATA, SEL_DATA);
	check_exc(e, GP, SEL_DATA, "iretq with data in cs: #GP(sel)");
	IRET(0, SEL_DATA);
	check_exc(e, GP, 0, "iretq with a null cs: #GP(0)");
	IRET(SEL_CODE64, SEL_USER_DATA);
	check_exc(e, GP, SEL_USER_DATA & ~3, "iretq with ss of another RPL: #GP(sel)");
	IRET(SEL_CODE64, 0);
	check_exc(e, NO_EXCEPTION, 0, "iretq with a null ss at CPL 0 in 64-bit mode");
	asm volatile("mov %w0, %%ss" :: "r"(SEL_DATA));
	write_flags(read_flags() | FLAG_NT);
	IRET(SEL_CODE64, SEL_DATA);
	write_flags(read_flags() & ~FLAG_NT);
	check_exc(e, GP, 0, "iretq with NT in long mode: #GP(0)");
}

static void triple(void)
{
	struct table_ptr none = { 0, 0 };

	note("about to fault with an empty IDT: the VM should stop");
	asm volatile("lidt %0; ud2" :: "m"(none));
	check(false, "still here");
}

static void triple_df(void)
{
	note("about to fault while delivering #DF: the VM should stop");
	idt[DF].type = 0;
	idt[GP].type = 0;
	raise_gp(NULL);
	check(false, "still here");
}

const struct test tests[] = {
	{ "gates", gates, false },
	{ "stacks", interrupt_stacks, false },
	{ "double", double_fault, false },
	{ "stack-faults", fault_on_stack, false },
	{ "selectors", selectors, false },
	{ "returns", returns, false },
	{ "triple", triple, true },
	{ "triple-df", triple_df, true },
	{}
};
