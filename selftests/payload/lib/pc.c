// SPDX-License-Identifier: GPL-2.0
/* pc.c: see pc.h. */
#include "pc.h"
#include "machine.h"

void pic_init(u8 base, bool auto_eoi)
{
	outb(PIC1_CMD, 0x11);		/* ICW1: edge, cascade, ICW4 follows */
	outb(PIC2_CMD, 0x11);
	outb(PIC1_DATA, base);		/* ICW2: vector base */
	outb(PIC2_DATA, base + 8);
	outb(PIC1_DATA, 1 << 2);	/* ICW3: slave on input 2 */
	outb(PIC2_DATA, 2);
	outb(PIC1_DATA, auto_eoi ? 3 : 1);	/* ICW4: 8086 mode */
	outb(PIC2_DATA, auto_eoi ? 3 : 1);
	pic_mask_all();
}

void pic_mask_all(void)
{
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
}

void pic_unmask(u8 irq)
{
	if (irq >= 8) {
		outb(PIC2_DATA, inb(PIC2_DATA) & ~(1 << (irq - 8)));
		irq = 2;
	}
	outb(PIC1_DATA, inb(PIC1_DATA) & ~(1 << irq));
}

void pic_eoi(u8 irq)
{
	if (irq >= 8)
		outb(PIC2_CMD, 0x20);
	outb(PIC1_CMD, 0x20);
}

static u16 pic_status(u8 ocw3)
{
	outb(PIC1_CMD, ocw3);
	outb(PIC2_CMD, ocw3);
	return inb(PIC1_CMD) | inb(PIC2_CMD) << 8;
}

u16 pic_irr(void)
{
	return pic_status(0x0a);
}

u16 pic_isr(void)
{
	return pic_status(0x0b);
}

void pit_set(u8 ch, u8 mode, u16 count)
{
	outb(PIT_CMD, ch << 6 | 3 << 4 | mode << 1);
	outb(PIT_CH0 + ch, count);
	outb(PIT_CH0 + ch, count >> 8);
}

u16 pit_read(u8 ch)
{
	u8 lo;

	outb(PIT_CMD, ch << 6);
	lo = inb(PIT_CH0 + ch);
	return lo | inb(PIT_CH0 + ch) << 8;
}

u8 pit_status(u8 ch)
{
	outb(PIT_CMD, 0xe0 | 2 << ch);
	return inb(PIT_CH0 + ch);
}

u32 ioapic_read(u8 reg)
{
	*(volatile u32 *)machine.ioapic = reg;
	return *(volatile u32 *)(machine.ioapic + 0x10);
}

void ioapic_write(u8 reg, u32 v)
{
	*(volatile u32 *)machine.ioapic = reg;
	*(volatile u32 *)(machine.ioapic + 0x10) = v;
}

u32 ioapic_pins(void)
{
	return (ioapic_read(IOAPIC_VER) >> 16 & 0xff) + 1;
}

u64 ioapic_get(u8 pin)
{
	return ioapic_read(IOAPIC_REDIR + 2 * pin) |
	       (u64)ioapic_read(IOAPIC_REDIR + 2 * pin + 1) << 32;
}

void ioapic_set(u8 pin, u64 entry)
{
	/* Masked first: a half-written entry must not fire. */
	ioapic_write(IOAPIC_REDIR + 2 * pin, REDIR_MASKED);
	ioapic_write(IOAPIC_REDIR + 2 * pin + 1, entry >> 32);
	ioapic_write(IOAPIC_REDIR + 2 * pin, entry);
}

void ioapic_mask_all(void)
{
	for (u32 i = 0; i < ioapic_pins(); i++)
		ioapic_set(i, REDIR_MASKED);
}

u8 ioapic_isa_pin(u8 irq)
{
	return machine.irq_gsi[irq];
}

u8 cmos_read(u8 reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

void cmos_write(u8 reg, u8 v)
{
	outb(0x70, reg);
	outb(0x71, v);
}

/* Register D's low bits always read 0; an empty bus reads all ones. */
bool rtc_present(void)
{
	return !(cmos_read(0x0d) & 0x7f);
}
