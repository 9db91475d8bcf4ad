// SPDX-License-Identifier: GPL-2.0
/*
 * irq.c: when the CPU takes an interrupt: the flag, STI's shadow, NMIs and
 * their blocking, the local APIC's priorities, and its registers meanwhile.
 */
#include "apic.h"
#include "smp.h"
#include "test.h"
#include "time.h"

#define LOG	16

static volatile u32 count, log_len;
static volatile u8 order[LOG];
static u64 seen_rax, seen_rip;	/* of the first one */

static void on_irq(struct regs *r)
{
	if (!log_len) {
		seen_rax = r->rax;
		seen_rip = r->rip;
	}
	if (log_len < LOG)
		order[log_len++] = r->vector;
	count++;
	apic_eoi();
}

static void reset(void)
{
	count = 0;
	log_len = 0;
	apic_write(APIC_TPR, 0);
	for (int v = 0x30; v < 0xf0; v++)
		if (v != 0x81)
			trap_set_handler(v, on_irq);
}

/* Leaves @vector requested, interrupts off. */
static void request(u8 vector)
{
	apic_write(APIC_ICR, ICR_SELF | ICR_ASSERT | vector);
	wait_until(apic_bit(APIC_IRR, vector) || count, 1000);
}

static void shadows(void)
{
	reset();
	request(0x40);
	check(!count && apic_bit(APIC_IRR, 0x40), "with IF clear a request waits in IRR");
	asm volatile("xor %%eax, %%eax; sti; inc %%eax; inc %%eax; inc %%eax; cli" ::: "rax", "memory");
	check_eq(count, 1, "STI lets it in");
	check_eq(seen_rax, 1, "exactly one instruction runs behind STI");

	reset();
	request(0x40);
	asm volatile("sti; cli" ::: "memory");
	check_eq(count, 0, "STI; CLI opens no window");
	asm volatile("pushfq; orl $0x200, (%%rsp); xor %%eax, %%eax; popfq; inc %%eax; cli"
		     ::: "rax", "memory");
	check(count == 1 && seen_rax == 0, "POPF has no shadow");

	reset();
	request(0x40);
	asm volatile("xor %%eax, %%eax; mov %%rsp, %%rcx; pushq %0; pushq %%rcx; pushfq; orl $0x200, (%%rsp);"
		     "pushq %1; lea 1f(%%rip), %%rcx; pushq %%rcx; iretq; 1: inc %%eax; cli"
		     :: "i"(SEL_DATA), "i"(SEL_CODE64) : "rax", "rcx", "memory");
	check(count == 1 && seen_rax == 0, "IRET has no shadow");

}

/*
 * An interrupt that waits comes behind the HLT that follows STI: were it to come in front,
 * HLT would sleep over it. Then the timer ends the sleep.
 */
static void halts(void)
{
	u64 turns = arg_u64("turns", 300), early = 0;

	apic_write(APIC_LVT_TIMER, 0x50);
	apic_write(APIC_TIMER_DIV, 0xb);
	for (u64 i = 0; i < turns; i++) {
		reset();
		request(0x40);
		apic_write(APIC_TIMER_INIT, 100 * 1000 * 1000);
		asm volatile("lea 1f(%%rip), %%rax; sti; 1: hlt; cli" ::: "rax", "memory");
		apic_write(APIC_TIMER_INIT, 0);
		early += order[0] == 0x40 && seen_rip == seen_rax;
	}
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	check_eq(early, 0, "STI; HLT does not sleep over a pending interrupt");
}

static void priorities(void)
{
	reset();
	request(0x40);
	request(0x60);
	request(0x51);
	request(0x52);
	irq_window();
	irq_window();
	irq_window();
	irq_window();
	check(log_len == 4 && order[0] == 0x60 && order[1] == 0x52 && order[2] == 0x51 &&
	      order[3] == 0x40, "highest vector first");

	reset();
	apic_write(APIC_TPR, 0x50);
	check_eq(read_cr8(), 5, "CR8 mirrors TPR");
	check_eq(apic_read(APIC_PPR), 0x50, "PPR follows TPR");
	request(0x5f);
	irq_window();
	check_eq(count, 0, "TPR holds its own class back");
	request(0x61);
	irq_window();
	check(count == 1 && order[0] == 0x61, "TPR lets the class above in");
	write_cr8(4);
	check_eq(apic_read(APIC_TPR), 0x40, "TPR mirrors CR8");
	irq_window();
	check(count == 2 && order[1] == 0x5f, "lowering CR8 lets the held one in");

	reset();
	apic_write(APIC_TPR, 0x2f);
	check_eq(apic_read(APIC_PPR), 0x2f, "PPR takes the subclass of TPR");
	check_eq(read_cr8(), 2, "CR8 does not");
	apic_write(APIC_TPR, 0);

	reset();
	sti();
	request(0x40);
	write_cr8(15);
	apic_write(APIC_ICR, ICR_SELF | ICR_ASSERT | 0xee);
	udelay(1000);
	cli();
	check_eq(count, 1, "CR8 = 15 holds everything back");
	write_cr8(0);
	irq_window();
	check_eq(count, 2, "until it falls");
}

static u32 nested_at, ppr_inside, isr_inside;

static void outer(struct regs *r)
{
	order[log_len++] = r->vector;
	isr_inside = apic_bit(APIC_ISR, r->vector);
	ppr_inside = apic_read(APIC_PPR);
	request(0x5f);			/* same class: must wait */
	request(0x62);			/* higher: nests */
	sti();
	asm volatile("nop");
	udelay(100);
	cli();
	nested_at = log_len;
	apic_eoi();
}

static void nesting(void)
{
	reset();
	trap_set_handler(0x50, outer);
	request(0x50);
	check(!apic_bit(APIC_ISR, 0x50), "ISR is clear before delivery");
	irq_window();
	irq_window();
	check(isr_inside, "ISR is set inside the handler");
	check_eq(ppr_inside, 0x50, "PPR is the class in service");
	check(nested_at == 2 && order[1] == 0x62, "a higher class nests");
	check(log_len == 3 && order[2] == 0x5f, "the same class waits for EOI");
	check(!apic_bit(APIC_ISR, 0x50) && !apic_bit(APIC_IRR, 0x5f), "all is clear behind EOI");
	check_eq(apic_read(APIC_PPR), 0, "PPR is 0 again");
}

static void again(struct regs *r)
{
	count++;
	if (count == 1) {
		request(r->vector);
		apic_write(APIC_ICR, ICR_SELF | ICR_ASSERT | r->vector);
		check(apic_bit(APIC_IRR, r->vector) && apic_bit(APIC_ISR, r->vector),
		      "one vector can be in service and requested");
	}
	apic_eoi();
}

static void coalescing(void)
{
	reset();
	request(0x44);
	request(0x44);
	irq_window();
	irq_window();
	check_eq(count, 1, "two requests before delivery are one");
	reset();
	trap_set_handler(0x44, again);
	request(0x44);
	irq_window();
	irq_window();
	irq_window();
	check_eq(count, 2, "two more during service are one more");
	trap_set_handler(0x44, on_irq);
}

static void software_disable(void)
{
	reset();
	request(0x40);
	apic_write(APIC_LVT_TIMER, 0x41);
	apic_write(APIC_SVR, SPURIOUS_VECTOR);
	check(apic_read(APIC_LVT_TIMER) & LVT_MASKED, "disabling masks the LVT");
	apic_write(APIC_LVT_TIMER, 0x41);
	check(apic_read(APIC_LVT_TIMER) & LVT_MASKED, "the mask can't be taken off meanwhile");
	apic_write(APIC_SVR, SVR_ENABLE | SPURIOUS_VECTOR);
	check(apic_read(APIC_LVT_TIMER) & LVT_MASKED, "enabling leaves it masked");
	irq_window();
	check_eq(count, 1, "a request from before survives");
	apic_write(APIC_SVR, SPURIOUS_VECTOR);
	apic_write(APIC_ICR, ICR_SELF | ICR_ASSERT | 0x42);
	udelay(1000);
	apic_write(APIC_SVR, SVR_ENABLE | SPURIOUS_VECTOR);
	irq_window();
	check_eq(count, 1, "a disabled APIC takes no fixed interrupt");
	apic_enable();
}

static void errors(void)
{
	reset();
	apic_write(APIC_ESR, 0);
	apic_write(APIC_ESR, 0);
	check_eq(apic_read(APIC_ESR), 0, "ESR is clear after two writes");
	apic_write(APIC_LVT_ERROR, 0x45);
	apic_write(APIC_ICR, ICR_SELF | ICR_ASSERT | 0x05);
	wait_until(apic_bit(APIC_IRR, 0x45), 10);
	irq_window();
	apic_write(APIC_ESR, 0);
	check(apic_read(APIC_ESR) & (BIT(5) | BIT(6)), "an illegal vector is an error");
	check_eq(count, 1, "... and raises the error interrupt");
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_ESR, 0);
}

static void registers(void)
{
	u32 lvts = apic_max_lvt();

	check((apic_read(APIC_VERSION) & 0xff) >= 0x10 && (apic_read(APIC_VERSION) & 0xff) < 0x20,
	      "version of an integrated APIC");
	check(lvts >= 3 && lvts <= 6, "LVT entries: %u", lvts + 1);
	check_eq(apic_read(APIC_TMR), 0, "TMR is readable");
	apic_write(APIC_VERSION, 0);
	check(apic_read(APIC_VERSION), "the version can't be written");
	apic_write(APIC_LVT_LINT0, LVT_MASKED | LVT_EXTINT | 0x33);
	check_eq(apic_read(APIC_LVT_LINT0), LVT_MASKED | LVT_EXTINT | 0x33, "LINT0 reads back");
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_TPR, 0xffffff00);
	check_eq(apic_read(APIC_TPR), 0, "TPR has 8 bits");
	if (!apic_in_x2mode()) {
		apic_write(APIC_LDR, 0x01ffffff);
		check_eq(apic_read(APIC_LDR) >> 24, 1, "LDR's id reads back");
	}
}

static volatile u32 nmis, nmi_seen_inside, nmi_depth, nmi_deepest;
static bool nmi_send_two, nmi_iret_inside;

static void send_nmi(void)
{
	apic_send_ipi(apic_id(), ICR_NMI | ICR_ASSERT);
}

static void on_nmi(struct regs *r __unused)
{
	nmis++;
	if (++nmi_depth > nmi_deepest)
		nmi_deepest = nmi_depth;
	if (nmi_send_two) {
		nmi_send_two = false;
		send_nmi();
		udelay(1000);
		send_nmi();
		udelay(1000);
		nmi_seen_inside = nmis;
		if (nmi_iret_inside)
			asm volatile("int $0x44" ::: "memory");
		udelay(1000);
	}
	nmi_depth--;
}

static void nmi(void)
{
	reset();
	trap_set_handler(NMI, on_nmi);
	nmis = nmi_deepest = 0;
	send_nmi();
	wait_until(nmis, 1000);
	check_eq(nmis, 1, "an NMI ignores IF");
	nmis = nmi_deepest = 0;
	nmi_send_two = true;
	send_nmi();
	wait_until(nmis >= 2, 1000);
	udelay(1000);
	check_eq(nmi_seen_inside, 1, "NMIs are blocked inside the handler");
	check_eq(nmis, 2, "of two meanwhile one is kept, to come behind IRET");
	check_eq(nmi_deepest, 1, "... not nested");
	nmis = nmi_deepest = 0;
	nmi_send_two = nmi_iret_inside = true;
	send_nmi();
	wait_until(nmis >= 2, 1000);
	if (!check(nmis == 2 && nmi_deepest == 2, "an IRET of another handler inside unblocks too"))
		note("%u NMIs, %u deep", nmis, nmi_deepest);
	nmi_iret_inside = false;
	nmis = 0;
	apic_write(APIC_SVR, SPURIOUS_VECTOR);
	send_nmi();
	wait_until(nmis, 1000);
	check_eq(nmis, 1, "a software-disabled APIC still takes NMIs");
	apic_enable();
	trap_set_handler(NMI, NULL);
}

const struct test tests[] = {
	{ "shadows", shadows, false },
	{ "halts", halts, false },
	{ "priorities", priorities, true },
	{ "nesting", nesting, false },
	{ "coalescing", coalescing, false },
	{ "software-disable", software_disable, false },
	{ "errors", errors, false },
	{ "registers", registers, false },
	{ "nmi", nmi, false },
	{}
};
