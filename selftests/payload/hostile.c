// SPDX-License-Identifier: GPL-2.0
/*
 * hostile.c: guests that a monitor must outlive. Each test is a run of its own:
 * it ends with the fault that hardware would raise, with the VM stopped, or,
 * where it only burns or sleeps away time, by the runner's limit.
 */
#include "apic.h"
#include "machine.h"
#include "paging.h"
#include "pc.h"
#include "smp.h"
#include "test.h"

#define HOLE	0xd0000000ul

static void jump(void *to)
{
	asm volatile("jmp *%0" :: "r"(to));
}

static void nowhere(void)
{
	struct exc e = catch_call(jump, (void *)(TEST_BASE + 0x123000));

	check_exc(e, PF, has_nx() ? PF_I : 0, "a jump to an unmapped address: #PF");
	e = catch_call(jump, (void *)(1ull << 63));
	check_exc(e, GP, 0, "a jump to a non-canonical address: #GP(0)");
}

/* What is fetched there is all ones: an undefined opcode. */
static void fetch(u64 where, const char *text)
{
	struct exc e;

	note("%s: a fault, or the VM stops", text);
	e = catch_call(jump, (void *)where);
	check(e.vector != NO_EXCEPTION, "%s: a fault", text);
}

static void fetch_hole(void)
{
	fetch(HOLE, "fetching from where nobody answers");
}

static void fetch_mmio(void)
{
	fetch(0xfee00000, "fetching from the local APIC's page");
}

static void beyond_ram(void)
{
	u32 width = cpuid(0x80000008, 0).a & 0xff;
	u64 va = TEST_BASE + GIB(5), top = (1ull << width) - PAGE_SIZE;
	volatile u32 *p = (u32 *)va;

	map(va, top, PTE_P | PTE_W, 1);
	*p = 0x12345678;
	check(*p != 0x12345678, "the last page of physical addresses drops writes");
	map(va, 1ull << (width - 1), PTE_P | PTE_W, 1);
	*p = 0x12345678;
	check(*p != 0x12345678, "the middle of physical addresses drops writes");
	check_exc(exc_of("nop"), NO_EXCEPTION, 0, "life goes on");
}

static void sleep_forever(void)
{
	note("sleeping with interrupts off: only the time limit should end this");
	for (;;)
		asm volatile("cli; hlt");
}

static void spin_forever(void)
{
	note("spinning with interrupts off: only the time limit should end this");
	cli();
	for (;;)
		;
}

/* An entry that maps its own table, walked at every level. */
static void recursive(void)
{
	u64 *pml4 = boot_pml4, *spare = alloc_pages(1), *self;

	pml4[300] = (u64)pml4 | PTE_P | PTE_W;
	write_cr3(read_cr3());
	self = (u64 *)(0xffffull << 48 | 300ull << 39 | 300ull << 30 | 300ull << 21 | 300ull << 12);
	check_eq(self[300] & PTE_ADDR, (u64)pml4, "the table shows itself through itself");
	for (u32 i = 0; i < 2000; i++) {
		self[301 + i % 100] = (i & 1 ? (u64)pml4 : (u64)spare) | PTE_P | PTE_W;
		invlpg((void *)(0xffffull << 48 | (301ull + i % 100) << 39));
		exc_clear();
		asm volatile(CATCH("mov (%0), %%al")
			     :: "r"(0xffffull << 48 | (301ull + i % 100) << 39 | (u64)i * 0x1003000)
			     : "rax", "memory");
	}
	check(true, "2000 loads through tables made of anything");
}

/* From here no handler can be reached: a triple fault must be the end. */
static void cr3(u64 to, const char *text)
{
	note("%s as a page table: the VM should stop", text);
	write_cr3(to);
	check(false, "still here");
}

static void cr3_hole(void)
{
	cr3(HOLE, "nothing");
}

static void cr3_mmio(void)
{
	cr3(0xfee00000, "the local APIC's page");
}

static void cr3_zeroes(void)
{
	cr3((u64)alloc_pages(1), "a page of zeroes");
}

static bool forbidden(u32 port)
{
	return (port >= 0x3f8 && port < 0x400) ||	/* our console */
	       (port >= 0xf0 && port < 0xfc) ||		/* the exit device */
	       (port >= 0x60 && port < 0x68) || port == 0x92 || /* resets */
	       (port >= 0xcf8 && port < 0xd00) ||	/* PCI: could move devices about */
	       (port >= 0x500 && port < 0x700) || (port >= 0xb000 && port < 0xb100);
							/* QEMU's power and DMA ports */
}

/* Each where devices are; of the desert above, samples. */
static void ports(void)
{
	for (u32 port = 0; port < 0x10000; port += port < 0x500 ? 1 : 61) {
		if (forbidden(port) || forbidden(port + 3))
			continue;
		outb(port, 0x5a);
		outl(port, 0x5a5a5a5a);
		inb(port);
		inw(port);
		inl(port);
		outw(port, 0);
	}
	check(true, "ports written and read in all sizes");
	for (u32 i = 0; i < 4000; i++)
		outb(0x80, i);
	check(true, "one port, 4000 times");
	pic_mask_all();
	apic_enable();
}

static void stack_in_mmio(void *arg)
{
	asm volatile("mov %0, %%rsp; ud2" :: "r"(arg) : "memory");
}

/* The frame goes to a device; what comes back is not what was pushed. */
static void stack_hole(void)
{
	struct exc e;

	note("an exception frame pushed to nowhere: handled, or the VM stops");
	e = catch_call(stack_in_mmio, (void *)(HOLE + 0x800));
	check(e.vector != NO_EXCEPTION, "an exception with the stack in a hole");
}

static void stack_apic(void)
{
	struct exc e;

	note("an exception frame pushed into the APIC: handled, or the VM stops");
	e = catch_call(stack_in_mmio, (void *)0xfee00800);
	check(e.vector != NO_EXCEPTION, "an exception with the stack in the local APIC");
}

static void idt_hole(void)
{
	struct table_ptr p = { 0xfff, HOLE };

	note("an IDT where nobody answers: the VM should stop");
	asm volatile("lidt %0; ud2" :: "m"(p));
	check(false, "still here");
}

static void gdt_hole(void)
{
	struct table_ptr p = { 0xfff, HOLE }, good;

	asm volatile("sgdt %0" : "=m"(good));
	asm volatile("lgdt %0" :: "m"(p));
	exc_clear();
	asm volatile("mov %1, %%r11; mov %w0, %%ds; 1: lgdt (%%r11)" :: "r"(0), "r"(&good) : "r11");
	check(true, "a GDT where nobody answers, and back");
	note("a selector from there: the VM may stop");
	asm volatile("lgdt %0; mov %w1, %%es" :: "m"(p), "r"(SEL_DATA));
	asm volatile("lgdt %0" :: "m"(good));
	check(true, "loaded");
}

/* Everybody rewrites everybody's tables, runs through them, and sends IPIs. */
static u64 shared_pt;

static void ignore(struct regs *r __unused)
{
	apic_eoi();
}

static void riot_work(void *arg __unused)
{
	u32 self = this_cpu()->index, x = 12345 + self;
	u64 *pt = (u64 *)shared_pt;

	for (u32 i = 0; i < 3000; i++) {
		x = x * 1103515245 + 12345;
		pt[x >> 16 & 511] = (u64)x << 12 | (x >> 20 & 0x1ff);
		invlpg((void *)(TEST_BASE + (x >> 16 & 511) * PAGE_SIZE));
		exc_clear();
		asm volatile(CATCH("mov (%0), %%al") :: "r"(TEST_BASE + (x >> 8 & 511) * PAGE_SIZE)
			     : "rax", "memory");
		if (!(i & 15))
			write_cr3(read_cr3());
		if (!(i & 63))
			apic_send_ipi(0, ICR_OTHERS | ICR_ASSERT | 0x70);
		if (!(i & 31))
			irq_window();
	}
}

static void riot(void)
{
	pte_of(TEST_BASE, 1);
	shared_pt = *pte_of(TEST_BASE, 2) & PTE_ADDR;
	trap_set_handler(0x70, ignore);
	smp_call_all(riot_work, NULL);
	check(true, "page tables of random content, changed by all CPUs at once");
}

const struct test tests[] = {
	{ "nowhere", nowhere, true },
	{ "fetch-hole", fetch_hole, true },
	{ "fetch-mmio", fetch_mmio, true },
	{ "beyond-ram", beyond_ram, true },
	{ "sleep", sleep_forever, true },
	{ "spin", spin_forever, true },
	{ "recursive", recursive, true },
	{ "cr3-hole", cr3_hole, true },
	{ "cr3-mmio", cr3_mmio, true },
	{ "cr3-zeroes", cr3_zeroes, true },
	{ "ports", ports, true },
	{ "stack-hole", stack_hole, true },
	{ "stack-apic", stack_apic, true },
	{ "idt-hole", idt_hole, true },
	{ "gdt-hole", gdt_hole, true },
	{ "riot", riot, true },
	{}
};
