// SPDX-License-Identifier: GPL-2.0
/*
 * tasks-c32.c: the part of tasks.c that switches tasks, 32-bit code. Each test
 * begins with prepare(), which makes the tables anew and the main task the
 * current one, whatever was left of the test before.
 */
#include "tasks.h"

typedef unsigned long long wide;
typedef unsigned short half;

#define FL_NT		(1u << 14)
#define FL_VM		(1u << 17)
#define FL_RF		(1u << 16)
#define CR0_TS		(1u << 3)
#define CR0_PG		(1u << 31)
#define DR6_BT		(1u << 15)
#define VA		0x40000000u
#define BUSY		(1ull << 41)
#define ACCESSED	(1ull << 40)
#define IGNORE		0xffffffffu

struct tss32 {
	word link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	word eax, ecx, edx, ebx, esp, ebp, esi, edi;
	word es, cs, ss, ds, fs, gs, ldt;
	half trap, iomap;
};

struct tss16 {
	half link, sp0, ss0, sp1, ss1, sp2, ss2, ip, flags;
	half ax, cx, dx, bx, sp, bp, si, di, es, cs, ss, ds, ldt;
};

struct frame { word edi, esi, ebp, esp, ebx, edx, ecx, eax, eflags, error; };

/* The TSS of the other task lies across two pages. */
static unsigned char pages[2 * 4096] __attribute__((aligned(4096)));
#define other ((volatile struct tss32 *)(pages + 4096 - 50))
static volatile struct tss32 main_tss __attribute__((aligned(128)));
static volatile struct tss32 fault_tss[5] __attribute__((aligned(128)));
static volatile struct tss16 low_tss __attribute__((aligned(64)));
static volatile wide my_gdt[32] __attribute__((aligned(8)));
static volatile wide my_ldt[2] __attribute__((aligned(8)));
static volatile struct { half lo, sel, type, hi; } my_idt[0x70] __attribute__((aligned(8)));
static volatile wide pae[8][512] __attribute__((aligned(4096)));
static word other_stack[512], fault_stack[256];

static const int vectors[5] = { 8, 10, 11, 12, 13 };

extern const wide gdt[];
extern const unsigned char other_entry[], other_faults[], fault_entry[];
extern const unsigned char low16[], low16_end[], vm86[], vm86_end[];
extern word other_jumps, other_again, fault_tr, fault_back;
extern volatile half seen16[8];
void far_call(word sel);
void far_jump(word sel);
void probe_out(void);

/* What other_seen() saw. */
static volatile struct {
	word times, tr, ldt, cr0, cr3, dr7, at_va, es, fs, link;
	struct frame f;
} seen;
static word paging;

static void report(int ok, const char *text)
{
	if (log32.n < 64) {
		log32.line[log32.n].ok = ok;
		log32.line[log32.n++].text = (word)text;
	}
}

#define GET(name, insn)							\
static word get_##name(void)						\
{									\
	word v = 0;							\
									\
	asm volatile(insn : "+r"(v) :: "memory");			\
	return v;							\
}
GET(cr0, "mov %%cr0, %0")
GET(cr3, "mov %%cr3, %0")
GET(cr4, "mov %%cr4, %0")
GET(dr6, "mov %%dr6, %0")
GET(dr7, "mov %%dr7, %0")
GET(tr, "str %0")
GET(ldt, "sldt %0")
GET(es, "mov %%es, %0")
GET(fs, "mov %%fs, %0")
GET(flags, "pushf; pop %0")

static void set_cr0(word v)
{
	asm volatile("mov %0, %%cr0" :: "r"(v) : "memory");
}

static void set_cr3(word v)
{
	asm volatile("mov %0, %%cr3" :: "r"(v) : "memory");
}

static void set_cr4(word v)
{
	asm volatile("mov %0, %%cr4" :: "r"(v) : "memory");
}

static void set_dr7(word v)
{
	asm volatile("mov %0, %%dr7" :: "r"(v) : "memory");
}

void other_seen(const struct frame *f)
{
	seen.times++;
	seen.tr = get_tr();
	seen.ldt = get_ldt();
	seen.cr0 = get_cr0();
	seen.cr3 = get_cr3();
	seen.es = get_es();
	seen.fs = get_fs();
	seen.link = other->link;
	seen.f = *f;
	seen.at_va = paging ? *(volatile word *)VA : 0;
}

/* ---- tables --------------------------------------------------------------- */

static wide descriptor(word base, word limit, word type)
{
	return (limit & 0xffff) | (wide)(base & 0xffffff) << 16 | (wide)type << 40 |
	       (wide)(limit >> 16 & 0xf) << 48 | (wide)(base >> 24) << 56;
}

static void fill(volatile void *p, word size, unsigned char with)
{
	for (word i = 0; i < size; i++)
		((volatile unsigned char *)p)[i] = with;
}

static void make_tss(volatile struct tss32 *t, const void *eip, word *stack_top)
{
	fill(t, sizeof(*t), 0);
	t->cr3 = get_cr3();
	t->eip = (word)eip;
	t->eflags = 2;
	t->esp = (word)stack_top;
	t->es = t->ss = t->ds = t->fs = t->gs = 0x10;
	t->cs = 0x38;
	t->esp0 = (word)stack_top;
	t->ss0 = 0x10;
	t->iomap = sizeof(*t);
}

static void make_gdt(void)
{
	volatile wide *g = my_gdt;
	struct { half limit; word base; } __attribute__((packed)) p = {
		sizeof(my_gdt) - 1, (word)my_gdt
	};

	for (word i = 0; i < 10; i++)
		g[i] = gdt[i];
	g[SEL_MAIN / 8] = descriptor((word)&main_tss, sizeof(main_tss) - 1, 0x89);
	g[SEL_OTHER / 8] = descriptor((word)other, sizeof(*other) - 1, 0x89);
	for (word i = 0; i < 5; i++)
		g[SEL_FAULT / 8 + i] = descriptor((word)&fault_tss[i], sizeof(*fault_tss) - 1, 0x89);
	g[SEL_TSS16 / 8] = descriptor((word)&low_tss, sizeof(low_tss) - 1, 0x81);
	g[SEL_LDT / 8] = descriptor((word)my_ldt, sizeof(my_ldt) - 1, 0x82);
	g[SEL_ABSENT / 8] = descriptor(0, 0xffff, 0x13);
	g[SEL_NO_CODE / 8] = descriptor(0, 0xffff, 0x1b);
	g[SEL_NO_TSS / 8] = descriptor((word)other, sizeof(*other) - 1, 0x09);
	g[SEL_SHORT / 8] = descriptor((word)other, 0x66, 0x89);
	g[SEL_GATE / 8] = (wide)0x85 << 40 | SEL_OTHER << 16;
	g[SEL_READ_ONLY / 8] = descriptor(0, 0xffff, 0x91);
	my_ldt[0] = descriptor(0x1000, 0xffff, 0x92);
	asm volatile("lgdt %0" :: "m"(p));
}

static void set_gate(word vector, word off)
{
	my_idt[vector].lo = off;
	my_idt[vector].hi = off >> 16;
	my_idt[vector].sel = 0x38;
	my_idt[vector].type = 0x8e00;
}

static void set_task_gate(word vector, word sel)
{
	my_idt[vector].sel = sel;
	my_idt[vector].type = 0x8500;
}

static void make_idt(void)
{
	struct { half limit; word base; } __attribute__((packed)) p = {
		sizeof(my_idt) - 1, (word)my_idt
	};

	for (word i = 0; i < 32; i++)
		set_gate(i, (word)gates32[i]);
	for (word i = 0x60; i < 0x70; i++)
		set_task_gate(i, SEL_OTHER);
	asm volatile("lidt %0" :: "m"(p));
}

static void prepare(void)
{
	word *top = other_stack + 500;

	make_gdt();
	make_idt();
	fill(&main_tss, sizeof(main_tss), 0);
	main_tss.cr3 = get_cr3();
	make_tss(other, other_entry, top);
	other->eax = 0xa1;
	other->ecx = 0xa2;
	other->edx = 0xa3;
	other->ebx = 0xa4;
	other->ebp = 0xa5;
	other->esi = 0xa6;
	other->edi = 0xa7;
	for (word i = 0; i < 5; i++) {
		make_tss(&fault_tss[i], fault_entry, fault_stack + 250);
		fault_tss[i].eax = vectors[i];
	}
	fill(&seen, sizeof(seen), 0);
	other_jumps = other_again = 0;
	fault_tr = 0;
	fault_back = (word)probe_out;
	asm volatile("pushf; andl %0, (%%esp); popf" :: "i"(~FL_NT) : "memory", "cc");
	asm volatile("mov %0, %%es; mov %0, %%fs; mov %0, %%gs; lldt %1; ltr %2"
		     :: "r"(0x10), "r"((half)0), "r"((half)SEL_MAIN));
	set_cr0(get_cr0() & ~CR0_TS);
}

static int busy(word sel)
{
	return (my_gdt[sel / 8] & BUSY) != 0;
}

/* Leaves the library's tables in place of these. */
static void give_back(void)
{
	struct { half limit; word base; } __attribute__((packed)) p = { 0x7f + 1024, (word)gdt };

	asm volatile("lldt %0; lgdt %1" :: "r"((half)0), "m"(p));
}

/* ---- switches -------------------------------------------------------------- */

static void saw_other(void)
{
	report(seen.times == 1 && seen.tr == SEL_OTHER, "the task runs, TR is its TSS");
	report(seen.f.eax == 0xa1 && seen.f.ecx == 0xa2 && seen.f.edx == 0xa3 &&
	       seen.f.ebx == 0xa4 && seen.f.ebp == 0xa5 && seen.f.esi == 0xa6 &&
	       seen.f.edi == 0xa7, "with the general registers of its TSS");
	report(seen.cr0 & CR0_TS, "and CR0.TS");
}

static void task_call(void)
{
	prepare();
	asm volatile("mov $0x48, %%eax; mov %%eax, %%es" ::: "eax");
	other->es = 0x10;
	fill(&main_tss, sizeof(main_tss), 0xee);
	main_tss.cr3 = get_cr3();
	main_tss.ldt = 0;
	main_tss.trap = 0;
	far_call(SEL_OTHER);
	saw_other();
	report(seen.f.eflags & FL_NT && seen.link == SEL_MAIN,
	       "a call sets NT and the link back");
	report(get_tr() == SEL_MAIN && get_es() == 0x48, "and returns");
	report(main_tss.es == 0xeeee0048 && main_tss.cs == 0xeeee0038,
	       "of a selector 16 bits are saved");
	report(main_tss.esp0 == 0xeeeeeeee && main_tss.link == 0xeeeeeeee,
	       "the static fields of a TSS are not written");
	report(busy(SEL_MAIN) && !busy(SEL_OTHER), "the busy bits are back");
	report(!(other->eflags & FL_NT), "IRET saves its task without NT");
	seen.times = 0;
	other->eax = 0xa1;
	far_call(SEL_OTHER);
	report(seen.times == 1 && other_again == 1, "called again it goes on behind its IRET");
}

static void task_jump(void)
{
	prepare();
	other_jumps = 1;
	far_jump(SEL_OTHER);
	saw_other();
	report(!(seen.f.eflags & FL_NT) && !seen.link, "a jump sets neither NT nor the link");
	report(get_tr() == SEL_MAIN, "and jumps back");
	report(busy(SEL_MAIN) && !busy(SEL_OTHER), "it moves the busy bit");
	prepare();
	far_call(SEL_GATE);
	saw_other();
	report(get_tr() == SEL_MAIN, "a call through a task gate returns");
}

static void task_gates(void)
{
	word flags;

	prepare();
	asm volatile("int $0x60" ::: "memory");
	saw_other();
	report(seen.f.eflags & FL_NT && get_tr() == SEL_MAIN, "INT n through a task gate");
	report(seen.f.esp == (word)(other_stack + 500) - 4, "pushes nothing");

	prepare();
	set_task_gate(3, SEL_OTHER);
	asm volatile("int3" ::: "memory");
	report(seen.times == 1 && get_tr() == SEL_MAIN, "INT3");

	prepare();
	set_task_gate(4, SEL_OTHER);
	asm volatile("mov $0x7fffffff, %%eax; inc %%eax; into" ::: "eax", "memory", "cc");
	report(seen.times == 1 && get_tr() == SEL_MAIN, "INTO");

	prepare();
	asm volatile("stc; int $0x61; pushf; pop %0" : "=r"(flags) :: "memory", "cc");
	report(flags & 1 && !(flags & FL_NT), "flags come back");
}

static void call_ud(word arg)
{
	(void)arg;
	asm volatile("ud2");
}

static void load_es(word sel)
{
	asm volatile("mov %w0, %%es" :: "r"(sel));
}

static void call(word sel)
{
	far_call(sel);
}

static void jump(word sel)
{
	far_jump(sel);
}

static void iret(word arg)
{
	(void)arg;
	asm volatile("pushf; orl %0, (%%esp); popf; iret" :: "i"(FL_NT) : "memory", "cc");
}

static void interrupt(word arg)
{
	(void)arg;
	asm volatile("int $0x60" ::: "memory");
}

static void task_exceptions(void)
{
	prepare();
	set_task_gate(6, SEL_FAULT + 8);
	report(probe32(call_ud, 0) == 10 && fault_tr == SEL_FAULT + 8,
	       "#UD through a task gate");
	report(*(const half *)main_tss.eip == 0x0b0f, "the old task's EIP is at the instruction");
	report(main_tss.eflags & FL_RF, "and its flags have RF");

	prepare();
	set_task_gate(13, SEL_FAULT + 32);
	report(probe32(load_es, 0x7ff8) == 13 && probe_error == 0x7ff8,
	       "#GP through a task gate pushes its code");
	report(fault_tss[4].link == SEL_MAIN && get_flags() & FL_NT, "in a nested task");
	report(main_tss.eflags & FL_RF, "the flags of #GP have RF");
}

/* ---- faults ---------------------------------------------------------------- */

static void expect(void (*fn)(word), word arg, int vector, word error, const char *text)
{
	int got = probe32(fn, arg);

	report(got == vector && (error == IGNORE || probe_error == error) &&
	       get_tr() == SEL_MAIN, text);
}

static void task_refused(void)
{
	prepare();
	expect(call, SEL_MAIN, 13, SEL_MAIN, "call to a busy TSS: #GP(TSS)");
	expect(jump, SEL_NO_TSS, 11, SEL_NO_TSS, "jump to an absent TSS: #NP(TSS)");
	expect(call, SEL_SHORT, 10, SEL_SHORT, "call to a TSS too short: #TS(TSS)");
	expect(call, SEL_LDT, 13, SEL_LDT, "call to an LDT: #GP(sel)");
	main_tss.link = SEL_OTHER;
	expect(iret, 0, 10, SEL_OTHER, "IRET to a TSS that is not busy: #TS(TSS)");
	prepare();
	main_tss.link = SEL_OTHER | 4;
	expect(iret, 0, 10, SEL_OTHER | 4, "IRET to a TSS in the LDT: #TS(TSS)");
	prepare();
	my_idt[0x60].sel = SEL_MAIN;
	expect(interrupt, 0, 13, SEL_MAIN, "INT n to a busy TSS: #GP(TSS)");
	report(!busy(SEL_OTHER) && busy(SEL_MAIN), "none of these has changed a busy bit");
}

/* Calls the other task, which faults, as itself and to a task; then starts afresh. */
static void in_new(int vector, word error, const char *text)
{
	word i;
	int got;

	for (i = 0; i < 5; i++)
		set_task_gate(vectors[i], SEL_FAULT + 8 * i);
	got = probe32(call, SEL_OTHER);
	for (i = 0; i < 4 && vectors[i] != vector; i++)
		;
	report(got == vector && probe_error == error &&
	       fault_tss[i].link == SEL_OTHER && busy(SEL_OTHER), text);
	prepare();
}

static void task_faults(void)
{
	prepare();
	other->ldt = SEL_OTHER;
	in_new(10, SEL_OTHER, "an LDT that is none: #TS(LDT)");
	other->ldt = 4;
	in_new(10, 4, "an LDT in the LDT: #TS(LDT)");
	other->cs = 0x10;
	in_new(10, 0x10, "CS with data: #TS(CS)");
	other->cs = 0;
	in_new(10, 0, "CS null: #TS(0)");
	other->cs = SEL_NO_CODE;
	in_new(11, SEL_NO_CODE, "CS absent: #NP(CS)");
	other->ss = 0;
	in_new(10, 0, "SS null: #TS(0)");
	other->ss = SEL_READ_ONLY;
	in_new(10, SEL_READ_ONLY, "SS read-only: #TS(SS)");
	other->ss = 0x20;
	in_new(10, 0x20, "SS of another level: #TS(SS)");
	other->ss = SEL_ABSENT;
	in_new(12, SEL_ABSENT, "SS absent: #SS(SS)");
	other->ds = SEL_OTHER;
	in_new(10, SEL_OTHER, "DS with a TSS: #TS(DS)");
	other->fs = 0x7ff8;
	in_new(10, 0x7ff8, "FS behind the table: #TS(FS)");
	other->es = SEL_ABSENT;
	in_new(11, SEL_ABSENT, "ES absent: #NP(ES)");
	other->gs = SEL_LDT_DATA;
	in_new(10, 4, "GS in an LDT that is not there: #TS(GS)");
	other->eip = (word)other_faults;
	set_task_gate(6, SEL_FAULT + 8);
	report(probe32(call, SEL_OTHER) == 10 && other->eip == (word)other_faults,
	       "a fault of the new task's first instruction");
	prepare();
}

/* A fault while an exception is delivered to a task. */
static void task_double(void)
{
	prepare();
	set_task_gate(8, SEL_FAULT);
	set_task_gate(13, SEL_OTHER);
	other->ss = 0;
	report(probe32(load_es, 0x7ff8) == 8 && probe_error == 0,
	       "#TS of the task of #GP: a double fault");
	prepare();
	set_task_gate(8, SEL_FAULT);
	set_task_gate(13, SEL_NO_TSS);
	report(probe32(load_es, 0x7ff8) == 8 && probe_error == 0,
	       "an absent task for #GP: a double fault");
	report(fault_tss[0].link == SEL_MAIN, "which is the old task's");
	prepare();
	set_task_gate(6, SEL_NO_TSS);
	expect(call_ud, 0, 11, SEL_NO_TSS | 1, "an absent task for #UD: #NP(TSS, EXT)");
	prepare();
	set_task_gate(6, SEL_OTHER);
	for (word i = 0; i < 5; i++)
		set_task_gate(vectors[i], SEL_FAULT + 8 * i);
	other->ds = SEL_ABSENT;
	report(probe32(call_ud, 0) == 11 && probe_error == (SEL_ABSENT | 1),
	       "DS absent in the task of #UD: #NP(DS, EXT)");
}

/* ---- what else a task has --------------------------------------------------- */

static void task_ldt(void)
{
	prepare();
	other->ldt = SEL_LDT;
	other->es = SEL_LDT_DATA;
	my_gdt[0x48 / 8] &= ~ACCESSED;
	other->fs = 0x48;
	far_call(SEL_OTHER);
	report(seen.ldt == SEL_LDT && seen.es == SEL_LDT_DATA, "LDT and a segment of it");
	report((my_ldt[0] & ACCESSED) != 0, "loading marks that accessed");
	report((my_gdt[0x48 / 8] & ACCESSED) != 0, "and one of the GDT");
	report(get_ldt() == 0 && get_es() == 0x10, "the old task has its own again");
	report(other->ldt == SEL_LDT, "LDTR is not saved");
}

static void map(word root)
{
	volatile wide *pdpt = pae[root];

	for (word i = 0; i < 4; i++) {
		pdpt[i] = (word)pae[2 + i] | 1;
		for (word k = 0; k < 512; k++)
			pae[2 + i][k] = (wide)i << 30 | k << 21 | 0x83;
	}
}

static void task_paging(void)
{
	map(0);
	map(1);
	for (word k = 0; k < 512; k++)
		pae[6][k] = pae[3][k];
	pae[1][1] = (word)pae[6] | 1;
	pae[3][0] = 0x2000083;
	pae[6][0] = 0x2200083;
	*(volatile word *)0x2000000 = 0x11;
	*(volatile word *)0x2200000 = 0x22;
	prepare();
	set_cr4(get_cr4() | 1 << 5);
	set_cr3((word)pae[0]);
	set_cr0(get_cr0() | CR0_PG);
	prepare();
	other->cr3 = (word)pae[1];
	paging = 1;
	report(*(volatile word *)VA == 0x11, "the old task's page");
	far_call(SEL_OTHER);
	report(seen.cr3 == (word)pae[1] && seen.at_va == 0x22, "CR3 and its PAE entries");
	report(get_cr3() == (word)pae[0] && *(volatile word *)VA == 0x11, "and back");
	report(other->cr3 == (word)pae[1] && main_tss.cr3 == (word)pae[0], "CR3 is not saved");
	paging = 0;
	set_cr0(get_cr0() & ~CR0_PG);
}

static void task_16(void)
{
	word ecx = 0xcccc1111, edi = 0xdddd2222;
	unsigned char *low = (unsigned char *)LOW;

	prepare();
	for (word i = 0; i < (word)(low16_end - low16); i++)
		low[i] = low16[i];
	fill(&low_tss, sizeof(low_tss), 0);
	low_tss.ip = LOW;
	low_tss.flags = 2;
	low_tss.ax = 0x5151;
	low_tss.si = 0x6161;
	low_tss.sp = LOW_STACK;
	low_tss.cs = 0x38;
	low_tss.es = low_tss.ds = 0x10;
	low_tss.ss = 0x48;
	asm volatile("push %2; call far_call; add $4, %%esp" : "+c"(ecx), "+D"(edi)
		     : "i"(SEL_TSS16) : "eax", "edx", "esi", "memory", "cc");
	report(seen16[0] == 0x5151 && seen16[1] == 0x6161 && seen16[2] == LOW_STACK,
	       "registers of a 16-bit TSS");
	report(seen16[3] == 0, "it has no FS: null");
	report(seen16[4] == SEL_TSS16 && seen16[5] & FL_NT, "TR and NT");
	report(low_tss.cx == 0x7777 && low_tss.ip == LOW + (low16_end - low16) &&
	       low_tss.link == SEL_MAIN, "it is saved at its end");
	report(ecx == 0xcccc1111 && edi == 0xdddd2222, "a 32-bit task has all its bits again");
}

static void task_vm86(void)
{
	unsigned char *low = (unsigned char *)LOW;

	prepare();
	for (word i = 0; i < (word)(vm86_end - vm86); i++)
		low[i] = vm86[i];
	for (word i = 0; i < 5; i++)
		set_task_gate(vectors[i], SEL_FAULT + 8 * i);
	other->eflags = FL_VM | 2;
	other->cs = LOW >> 4;
	other->eip = 0;
	other->ds = 0x4321;
	other->es = other->fs = other->gs = 0;
	other->ss = LOW_STACK >> 4;
	other->esp = 0x100;
	report(probe32(call, SEL_OTHER) == 13 && probe_error == 0, "HLT in virtual-8086 mode: #GP(0)");
	report(other->eflags & FL_VM && other->cs == LOW >> 4 && other->eip == 5,
	       "saved with its flags, CS and EIP");
	report((other->eax & 0xffff) == 0x1234 && (other->ebx & 0xffff) == 0x4321,
	       "it ran with its segments");
	prepare();
}

static void task_debug(void)
{
	prepare();
	other->trap = 1;
	asm volatile("mov %0, %%dr6" :: "r"(0));
	report(probe32(call, SEL_OTHER) == 1 && get_tr() == SEL_OTHER && !seen.times &&
	       probe_eip == (word)other_entry, "the T bit: #DB before the first instruction");
	report(get_dr6() & DR6_BT, "DR6 says BT");
	prepare();
	set_dr7(0x455);
	far_call(SEL_OTHER);
	report(!(get_dr7() & 0x55), "a switch clears local breakpoints");
	set_dr7(0x4aa);
	far_call(SEL_OTHER);
	report((get_dr7() & 0xaa) == 0xaa, "and keeps global ones");
	set_dr7(0x400);
}

/* ---- for 64-bit code ---------------------------------------------------------- */

#define RUN(name)							\
void run_##name(void)							\
{									\
	word cr0 = get_cr0();						\
									\
	task_##name();							\
	give_back();							\
	set_cr0((cr0 & ~CR0_TS) | (get_cr0() & CR0_PG));		\
}
RUN(call)
RUN(jump)
RUN(gates)
RUN(exceptions)
RUN(refused)
RUN(faults)
RUN(double)
RUN(ldt)
RUN(paging)
RUN(16)
RUN(vm86)
RUN(debug)
