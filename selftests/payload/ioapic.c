// SPDX-License-Identifier: GPL-2.0
/*
 * ioapic.c: interrupts from outside: the 8259 pair in virtual-wire mode, the
 * IOAPIC with edge and level pins. The source of all is PIT channel 0, whose
 * output in mode 0 is a line that goes up once and stays.
 */
#include "apic.h"
#include "pc.h"
#include "smp.h"
#include "test.h"
#include "time.h"

#define PIC_BASE	0x50
#define VEC		0x60

static volatile u32 count;
static volatile u64 redir_inside;
static volatile u32 drop_at;	/* the handler lowers the line at this count; 0: never */
static bool eoi, mask_inside;

static void line_up(void)
{
	pit_set(0, 0, 100);
}

/* In mode 0 the output is low until the count ends; half of another stops it. */
static void line_down(void)
{
	pit_set(0, 0, 0);
	outb(PIT_CH0, 0);
}

static void on_pic(struct regs *r)
{
	count++;
	pic_eoi(r->vector - PIC_BASE);
}

static void on_irq(struct regs *r __unused)
{
	u8 pin = ioapic_isa_pin(0);

	count++;
	redir_inside = ioapic_get(pin);
	if (mask_inside)
		ioapic_write(IOAPIC_REDIR + 2 * pin, ioapic_read(IOAPIC_REDIR + 2 * pin) | REDIR_MASKED);
	if (drop_at && count >= drop_at)
		line_down();
	if (eoi)
		apic_eoi();
}

static void reset(void)
{
	eoi = true;
	mask_inside = false;
	drop_at = 0;
	line_down();
	ioapic_mask_all();
	pic_init(PIC_BASE, false);
	apic_enable();
	trap_set_handler(VEC, on_irq);
	for (int i = 0; i < 16; i++)
		trap_set_handler(PIC_BASE + i, on_pic);
	irq_window();			/* what an earlier test left pending */
	irq_window();
	count = 0;
}

static bool within(u32 n, u32 ms)
{
	return wait_open(count >= n, ms);
}

static void through_pic(void)
{
	reset();
	apic_write(APIC_LVT_LINT0, LVT_EXTINT);
	pic_unmask(0);
	line_up();
	check(within(1, 2000), "IRQ 0 through PIC and LINT0 (ExtINT)");
	within(2, 20);
	check_eq(count, 1, "mode 0 fires once");
	check_eq(pic_isr(), 0, "nothing in service behind EOI");

	reset();
	apic_write(APIC_LVT_LINT0, LVT_EXTINT);
	line_up();
	within(1, 20);
	check_eq(count, 0, "masked in the PIC");
	check(wait_until(pic_irr() & 1, 1000), "... but requested in its IRR");
	pic_unmask(0);
	check(within(1, 1000), "unmasking delivers it");

	reset();
	pic_unmask(0);
	line_up();
	within(1, 20);
	check_eq(count, 0, "masked in LINT0");

	reset();
	apic_write(APIC_LVT_LINT0, LVT_EXTINT);
	apic_write(APIC_TPR, 0xf0);
	pic_unmask(0);
	line_up();
	check(within(1, 2000), "TPR has no say over ExtINT");
	apic_write(APIC_TPR, 0);

	reset();
	pic_init(PIC_BASE, true);
	apic_write(APIC_LVT_LINT0, LVT_EXTINT);
	pic_unmask(0);
	pit_set(0, 2, PIT_HZ / 1000);
	check(within(5, 5000), "periodic interrupts, automatic EOI");
	check_eq(pic_isr(), 0, "automatic EOI leaves nothing in service");
	reset();
	pic_init(0x48, false);
	check_eq(inb(PIC1_DATA), 0xff, "the mask reads back");
	outb(PIC1_DATA, 0xa5);
	check_eq(inb(PIC1_DATA), 0xa5, "... as written");
	pic_mask_all();
}

static void registers(void)
{
	u32 pins = ioapic_pins();
	u64 e;

	reset();
	check((ioapic_read(IOAPIC_VER) & 0xff) >= 0x10, "version");
	check(pins >= 16 && pins <= 240, "pins: %u", pins);
	ioapic_write(IOAPIC_ID, 0x05000000);
	check_eq(ioapic_read(IOAPIC_ID) >> 24 & 0xf, 5, "the id reads back");
	ioapic_write(IOAPIC_ID, 0);
	ioapic_write(IOAPIC_VER, 0xffffffff);
	check_eq(ioapic_pins(), pins, "the version can't be written");
	ioapic_set(5, REDIR_MASKED | REDIR_LEVEL | REDIR_LOGICAL | 0x77 | 0xabull << 56);
	e = ioapic_get(5);
	check_eq(e & ~(u64)(REDIR_PENDING | REDIR_IRR) & ~MASK(55, 17),
		 REDIR_MASKED | REDIR_LEVEL | REDIR_LOGICAL | 0x77 | 0xabull << 56,
		 "a redirection entry reads back");
	ioapic_write(IOAPIC_REDIR + 10, REDIR_MASKED | REDIR_LEVEL | REDIR_IRR | REDIR_PENDING);
	check(!(ioapic_get(5) & (REDIR_IRR | REDIR_PENDING)), "remote IRR and status can't be written");
	ioapic_set(5, REDIR_MASKED);
}

static void edge(void)
{
	u8 pin = ioapic_isa_pin(0);
	u64 dest = (u64)apic_id() << 56;

	reset();
	ioapic_set(pin, VEC | dest);
	line_up();
	check(within(1, 2000), "an edge");
	within(2, 20);
	check_eq(count, 1, "is delivered once");
	check(!(redir_inside & REDIR_IRR), "remote IRR stays clear");
	check(!apic_bit(APIC_TMR, VEC), "TMR says edge");
	reset();
	ioapic_set(pin, VEC | dest | REDIR_MASKED);
	line_up();
	udelay(20000);	/* the timer behind the line may be late */
	ioapic_set(pin, VEC | dest);
	within(1, 20);
	check_eq(count, 0, "an edge while masked is lost");
	line_down();
	line_up();
	check(within(1, 2000), "the next one is not");
	reset();
	ioapic_set(pin, VEC | dest);
	pit_set(0, 2, PIT_HZ / 1000);
	check(within(5, 5000), "periodic edges");
	reset();
	apic_write(APIC_LDR, 1u << 24);
	ioapic_set(pin, VEC | REDIR_LOGICAL | 1ull << 56);
	line_up();
	check(within(1, 2000), "logical destination");
	reset();
	ioapic_set(pin, VEC | REDIR_LOWEST | dest);
	line_up();
	check(within(1, 2000), "lowest priority delivery");
	line_down();
}

static void level(void)
{
	u8 pin = ioapic_isa_pin(0);
	u64 entry = VEC | REDIR_LEVEL | (u64)apic_id() << 56;

	reset();
	mask_inside = true;
	ioapic_set(pin, entry);
	line_up();
	check(within(1, 2000), "a level");
	check(redir_inside & REDIR_IRR, "sets remote IRR");
	check(apic_bit(APIC_TMR, VEC), "TMR says level");
	check(!(ioapic_get(pin) & REDIR_IRR), "EOI clears remote IRR");
	mask_inside = false;
	drop_at = 2;
	ioapic_write(IOAPIC_REDIR + 2 * pin, entry);
	check(within(2, 2000), "unmasking delivers a line that is still up");
	within(3, 20);
	check_eq(count, 2, "once the line is down there is quiet");

	/* Left up it might leave the code here no time to run. */
	reset();
	drop_at = 5;
	ioapic_set(pin, entry);
	line_up();
	check(within(5, 5000), "a line that stays up comes again behind each EOI");
	line_down();
	reset();
	eoi = false;
	ioapic_set(pin, entry);
	line_up();
	check(within(1, 2000), "a level without EOI");
	within(2, 20);
	check_eq(count, 1, "does not come again");
	check(ioapic_get(pin) & REDIR_IRR, "remote IRR stays");
	line_down();
	apic_eoi();
	check(!(ioapic_get(pin) & REDIR_IRR), "until EOI");
	reset();
}

static volatile u32 nmis;

static void on_nmi(struct regs *r __unused)
{
	nmis++;
}

static void nmi_pin(void)
{
	u8 pin = ioapic_isa_pin(0);

	reset();
	trap_set_handler(NMI, on_nmi);
	ioapic_set(pin, REDIR_NMI | (u64)apic_id() << 56);
	line_up();
	check(wait_until(nmis, 2000), "a pin in NMI mode");
	reset();
	nmis = 0;
	apic_write(APIC_LVT_LINT0, LVT_NMI);
	pic_unmask(0);
	line_up();
	check(wait_until(nmis, 2000), "LINT0 in NMI mode");
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	reset();
	trap_set_handler(NMI, NULL);
}

const struct test tests[] = {
	{ "pic", through_pic, false },
	{ "registers", registers, false },
	{ "edge", edge, false },
	{ "level", level, false },
	{ "nmi", nmi_pin, false },
	{}
};
