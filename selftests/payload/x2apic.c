// SPDX-License-Identifier: GPL-2.0
/*
 * x2apic.c: the APIC behind MSRs: the ways in and out of the mode, what each
 * register takes, and interrupts in it, which a processor may deliver by itself.
 * (ipi.c runs in this mode with `x2`.)
 */
#include "apic.h"
#include "pc.h"
#include "smp.h"
#include "test.h"
#include "time.h"

#define VEC	0x60
#define HIGH	0x75
#define PIC_BASE 0x50
#define REG(off)	(MSR_X2APIC + ((off) >> 4))

static volatile u32 count;

static void on_irq(struct regs *r __unused)
{
	count++;
	apic_eoi();
}

static bool available(void)
{
	if (!has_x2apic()) {
		skip("x2APIC");
		return false;
	}
	trap_set_handler(VEC, on_irq);
	count = 0;
	return true;
}

static struct exc set_mode(u64 bits)
{
	u64 base = rdmsr(MSR_APIC_BASE) & ~(APIC_BASE_ENABLE | APIC_BASE_X2APIC);

	return wrmsr_exc(MSR_APIC_BASE, base | bits);
}

static void transitions(void)
{
	u64 both = APIC_BASE_ENABLE | APIC_BASE_X2APIC;

	if (!available())
		return;
	apic_to_xmode();
	check_exc(rdmsr_exc(REG(APIC_ID), NULL), GP, 0, "x2APIC registers in xAPIC mode: #GP(0)");
	check_exc(set_mode(both), NO_EXCEPTION, 0, "xAPIC to x2APIC");
	check_exc(set_mode(APIC_BASE_ENABLE), GP, 0, "x2APIC to xAPIC: #GP(0)");
	check_exc(set_mode(APIC_BASE_X2APIC), GP, 0, "x2APIC bit alone: #GP(0)");
	check(apic_in_x2mode(), "a refused change changes nothing");
	check_exc(set_mode(0), NO_EXCEPTION, 0, "x2APIC to disabled");
	check_exc(rdmsr_exc(REG(APIC_ID), NULL), GP, 0, "x2APIC registers while disabled: #GP(0)");
	check_exc(set_mode(both), GP, 0, "disabled to x2APIC: #GP(0)");
	check_exc(set_mode(APIC_BASE_X2APIC), GP, 0, "disabled, x2APIC bit alone: #GP(0)");
	check_exc(set_mode(APIC_BASE_ENABLE), NO_EXCEPTION, 0, "disabled to xAPIC");
	apic_enable();
}

static void registers(void)
{
	static const struct { u32 reg; const char *text; } ro[] = {
		{ APIC_ID, "id" }, { APIC_VERSION, "version" }, { APIC_PPR, "PPR" },
		{ APIC_LDR, "LDR" }, { APIC_ISR, "ISR" }, { APIC_TMR, "TMR" },
		{ APIC_IRR + 0x70, "IRR" }, { APIC_TIMER_CUR, "current count" },
	};
	static const struct { u32 reg; const char *text; } absent[] = {
		{ 0x000, "0x800" }, { 0x090, "arbitration" }, { APIC_DFR, "DFR" },
		{ APIC_ICR2, "upper ICR" }, { 0x3a0, "0x83a" },
	};
	u32 id;
	u64 v;

	if (!available())
		return;
	apic_to_x2mode();
	apic_enable();
	id = apic_read(APIC_ID);
	check_eq(id, cpus[0].apic_id, "the id is 32 bits wide and the same");
	check_eq(apic_read(APIC_LDR), (id >> 4) << 16 | 1u << (id & 15), "LDR follows from it");
	for (u32 i = 0; i < ARRAY_SIZE(ro); i++) {
		check_exc(rdmsr_exc(REG(ro[i].reg), NULL), NO_EXCEPTION, 0, "%s reads", ro[i].text);
		check_exc(wrmsr_exc(REG(ro[i].reg), 0), GP, 0, "%s is read-only: #GP(0)", ro[i].text);
	}
	for (u32 i = 0; i < ARRAY_SIZE(absent); i++) {
		check_exc(rdmsr_exc(REG(absent[i].reg), NULL), GP, 0, "%s is absent, read: #GP(0)",
			  absent[i].text);
		check_exc(wrmsr_exc(REG(absent[i].reg), 0), GP, 0, "%s is absent, write: #GP(0)",
			  absent[i].text);
	}
	check_exc(rdmsr_exc(REG(APIC_EOI), NULL), GP, 0, "EOI is write-only: #GP(0)");
	check_exc(wrmsr_exc(REG(APIC_EOI), 1), GP, 0, "EOI takes 0 only: #GP(0)");
	check_exc(wrmsr_exc(REG(APIC_EOI), 0), NO_EXCEPTION, 0, "EOI with 0");
	check_exc(rdmsr_exc(REG(APIC_SELF_IPI), NULL), GP, 0, "self-IPI is write-only: #GP(0)");
	check_exc(wrmsr_exc(REG(APIC_TPR), 0x100), GP, 0, "TPR reserved bit: #GP(0)");
	check_exc(wrmsr_exc(REG(APIC_ESR), 1), GP, 0, "ESR takes 0 only: #GP(0)");
	check_exc(wrmsr_exc(REG(APIC_LVT_TIMER), BIT(32)), GP, 0, "an upper half: #GP(0)");
	check_exc(wrmsr_exc(REG(APIC_TPR), 0x20), NO_EXCEPTION, 0, "TPR");
	check_eq(read_cr8(), 2, "CR8 mirrors it");
	write_cr8(0);
	rdmsr_exc(REG(APIC_TPR), &v);
	check_eq(v, 0, "and back");
	apic_to_xmode();
	apic_enable();
}

static void interrupts(void)
{
	if (!available())
		return;
	apic_to_x2mode();
	apic_enable();
	wrmsr(REG(APIC_SELF_IPI), VEC);
	irq_window();
	check_eq(count, 1, "the self-IPI register");
	apic_send_ipi(apic_id(), ICR_ASSERT | VEC);
	irq_window();
	check_eq(count, 2, "ICR, physical");
	apic_send_ipi(apic_read(APIC_LDR), ICR_LOGICAL | ICR_ASSERT | VEC);
	irq_window();
	check_eq(count, 3, "ICR, logical");
	apic_send_ipi(~0u, ICR_ASSERT | VEC);
	irq_window();
	check_eq(count, 4, "ICR, broadcast");
	check_eq(rdmsr(REG(APIC_ICR)) >> 32, ~0u, "ICR reads back whole");
	check(!(rdmsr(REG(APIC_ICR)) & ICR_BUSY), "there is no busy bit");
	apic_write(APIC_TIMER_DIV, 0xb);
	apic_write(APIC_LVT_TIMER, VEC);
	apic_write(APIC_TIMER_INIT, 10000);
	sti();
	check(wait_until(count == 5, 5000), "the timer");
	cli();
	apic_send_ipi(apic_id(), ICR_ASSERT | VEC);
	check(apic_bit(APIC_IRR, VEC), "IRR shows a request");
	irq_window();
	check(!apic_bit(APIC_IRR, VEC) && !apic_bit(APIC_ISR, VEC), "and is empty behind it");
	apic_to_xmode();
	apic_enable();
}

static volatile u8 order[8];
static volatile u32 ppr_inside, isr_inside;

static void on_ordered(struct regs *r)
{
	order[count++ & 7] = r->vector;
	ppr_inside = apic_read(APIC_PPR);
	isr_inside = apic_bit(APIC_ISR, r->vector);
	apic_eoi();
}

static void self(u8 vector)
{
	wrmsr(REG(APIC_SELF_IPI), vector);
}

static void start(void)
{
	apic_to_x2mode();
	apic_enable();
	trap_set_handler(VEC, on_ordered);
	trap_set_handler(VEC + 1, on_ordered);
	trap_set_handler(HIGH, on_ordered);
	count = 0;
}

static void end(void)
{
	irq_window();
	irq_window();
	apic_to_xmode();
	apic_enable();
}

static void priorities(void)
{
	if (!available())
		return;
	start();
	self(VEC);
	self(HIGH);
	self(VEC + 1);
	check(!count && apic_bit(APIC_IRR, VEC) && apic_bit(APIC_IRR, VEC + 1) &&
	      apic_bit(APIC_IRR, HIGH), "with IF clear three requests wait in IRR");
	irq_window();
	irq_window();
	irq_window();
	check(count == 3 && order[0] == HIGH && order[1] == VEC + 1 && order[2] == VEC,
	      "the highest goes first");
	check(ppr_inside == (VEC & 0xf0) && isr_inside, "PPR and ISR tell of it inside");
	check(!apic_bit(APIC_ISR, VEC) && apic_read(APIC_PPR) == 0, "and no more behind EOI");

	count = 0;
	apic_write(APIC_TPR, 0x60);
	check_eq(apic_read(APIC_PPR), 0x60, "PPR follows TPR");
	self(VEC);
	self(HIGH);
	irq_window();
	irq_window();
	check(count == 1 && order[0] == HIGH, "TPR holds its class and lower ones");
	sti();
	apic_write(APIC_TPR, 0x50);
	check(wait_until(count == 2, 1000) && order[1] == VEC, "a write of TPR lets it in");
	write_cr8(15);
	apic_send_ipi(apic_id(), ICR_ASSERT | HIGH);
	check(!wait_until(count == 3, 20), "CR8 holds all");
	write_cr8(0);
	check(wait_until(count == 3, 1000), "and lets them in");
	cli();
	end();
}

static volatile u32 ticks;

static void on_tick(struct regs *r __unused)
{
	ticks++;
	apic_eoi();
}

/* A tick ends a HLT that should have ended before, and so the test does not hang. */
static void halted(void)
{
	if (!available())
		return;
	start();
	ticks = 0;
	trap_set_handler(HIGH, on_tick);
	apic_write(APIC_TIMER_DIV, 0xb);
	apic_write(APIC_LVT_TIMER, LVT_PERIODIC | HIGH);
	apic_write(APIC_TIMER_INIT, 1000000);
	for (int i = 0; i < 20; i++) {
		self(VEC);
		asm volatile("sti; hlt; cli" ::: "memory");
	}
	check_eq(count, 20, "HLT lets in what is requested already");
	for (int i = 0; i < 5; i++)
		asm volatile("sti; hlt; cli" ::: "memory");
	check(ticks >= 5, "and ends by what comes later");
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_TIMER_INIT, 0);
	end();
}

static void self_ipi_errors(void)
{
	if (!available())
		return;
	start();
	apic_write(APIC_ESR, 0);
	apic_write(APIC_ESR, 0);
	check_exc(wrmsr_exc(REG(APIC_SELF_IPI), 0x100), GP, 0, "self-IPI reserved bit: #GP(0)");
	check_exc(wrmsr_exc(REG(APIC_SELF_IPI), 0x0f), NO_EXCEPTION, 0, "self-IPI of vector 15");
	apic_write(APIC_ESR, 0);
	check(apic_read(APIC_ESR) & (BIT(5) | BIT(6)), "is an error");
	irq_window();
	check_eq(count, 0, "and no interrupt");
	end();
}

static volatile u32 drop_at;

static void line_down(void)
{
	pit_set(0, 0, 0);
	outb(PIT_CH0, 0);
}

static void on_level(struct regs *r __unused)
{
	if (++count >= drop_at)
		line_down();
	apic_eoi();
}

static void on_pic(struct regs *r)
{
	count++;
	pic_eoi(r->vector - PIC_BASE);
}

static bool within(u32 n, u32 ms)
{
	return wait_open(count >= n, ms);
}

static void level(void)
{
	u8 pin = ioapic_isa_pin(0);
	u64 dest = (u64)apic_id() << 56;

	if (!available())
		return;
	start();
	line_down();
	ioapic_mask_all();
	trap_set_handler(VEC, on_level);
	drop_at = 4;
	ioapic_set(pin, VEC | REDIR_LEVEL | dest);
	pit_set(0, 0, 100);
	check(within(4, 5000), "a level-triggered line comes again behind each EOI");
	check(apic_bit(APIC_TMR, VEC), "TMR says level");
	within(5, 20);
	check_eq(count, 4, "once it is down there is quiet");
	check(!(ioapic_get(pin) & REDIR_IRR), "remote IRR is clear");

	ioapic_set(pin, VEC | dest);
	line_down();
	count = 0;
	drop_at = 9;
	pit_set(0, 0, 100);
	check(within(1, 2000), "the same vector as an edge");
	check(!apic_bit(APIC_TMR, VEC), "TMR says edge");
	line_down();
	ioapic_mask_all();
	end();
}

/* An interrupt of the PIC has neither a place in IRR nor a priority. */
static void through_pic(void)
{
	if (!available())
		return;
	start();
	line_down();
	ioapic_mask_all();
	pic_init(PIC_BASE, false);
	trap_set_handler(PIC_BASE, on_pic);
	apic_write(APIC_LVT_LINT0, LVT_EXTINT);
	apic_write(APIC_TPR, 0x80);
	self(VEC);
	pic_unmask(0);
	pit_set(0, 0, 100);
	check(within(1, 2000), "the PIC through LINT0, past TPR and a request");
	within(2, 20);
	check_eq(count, 1, "which still waits");
	apic_write(APIC_TPR, 0);
	check(within(2, 1000), "for TPR alone");
	pic_mask_all();
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	line_down();
	end();
}

/* In this mode the page is not the APIC's: what is there does not matter to it. */
static void page(void)
{
	if (!available())
		return;
	apic_to_x2mode();
	apic_enable();
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_TIMER_INIT, 0x1234);
	*(volatile u32 *)(0xfee00000ul + APIC_TIMER_INIT) = 0x77777777;
	check_eq(apic_read(APIC_TIMER_INIT), 0x1234, "a store to the page does not reach it");
	apic_write(APIC_TIMER_INIT, 0);
	apic_to_xmode();
	apic_enable();
}

const struct test tests[] = {
	{ "transitions", transitions, false },
	{ "registers", registers, false },
	{ "interrupts", interrupts, false },
	{ "priorities", priorities, false },
	{ "halted", halted, false },
	{ "self-IPI errors", self_ipi_errors, false },
	{ "level", level, false },
	{ "through the PIC", through_pic, false },
	{ "page", page, false },
	{}
};
