// SPDX-License-Identifier: GPL-2.0
/*
 * x2apic.c: the APIC behind MSRs: the ways in and out of the mode, what each
 * register takes, and interrupts in it. (ipi.c runs in this mode with `x2`.)
 */
#include "apic.h"
#include "smp.h"
#include "test.h"
#include "time.h"

#define VEC	0x60
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
	{ "page", page, false },
	{}
};
