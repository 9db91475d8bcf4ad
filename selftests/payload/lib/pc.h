/* SPDX-License-Identifier: GPL-2.0 */
/* pc.h: the PC's old chips: 8259 pair, 8254, port 0x61, IOAPIC, RTC. */
#ifndef PAYLOAD_PC_H
#define PAYLOAD_PC_H

#include "cpu.h"

#define PIC1_CMD	0x20
#define PIC1_DATA	0x21
#define PIC2_CMD	0xa0
#define PIC2_DATA	0xa1
#define ELCR1		0x4d0

/* Both chips: edge triggered, vectors from @base, all masked; AEOI if asked. */
void pic_init(u8 base, bool auto_eoi);
void pic_mask_all(void);
void pic_unmask(u8 irq);
void pic_eoi(u8 irq);
u16 pic_irr(void);
u16 pic_isr(void);

#define PIT_HZ		1193182
#define PIT_CH0		0x40
#define PIT_CH2		0x42
#define PIT_CMD		0x43
#define PORT61		0x61
#define PORT61_GATE	BIT(0)
#define PORT61_SPEAKER	BIT(1)
#define PORT61_OUT	BIT(5)

/* Programs channel @ch in @mode with a 16-bit @count (0 means 65536). */
void pit_set(u8 ch, u8 mode, u16 count);
u16 pit_read(u8 ch);			/* latched */
u8 pit_status(u8 ch);			/* by read-back */

#define IOAPIC_ID	0x00
#define IOAPIC_VER	0x01
#define IOAPIC_REDIR	0x10

#define REDIR_LOWEST	(1u << 8)
#define REDIR_NMI	(4u << 8)
#define REDIR_EXTINT	(7u << 8)
#define REDIR_LOGICAL	BIT(11)
#define REDIR_PENDING	BIT(12)
#define REDIR_LOW	BIT(13)		/* active low */
#define REDIR_IRR	BIT(14)
#define REDIR_LEVEL	BIT(15)
#define REDIR_MASKED	BIT(16)

u32 ioapic_read(u8 reg);
void ioapic_write(u8 reg, u32 v);
u32 ioapic_pins(void);
u64 ioapic_get(u8 pin);
void ioapic_set(u8 pin, u64 entry);	/* destination in bits 56-63 */
void ioapic_mask_all(void);
/* The pin that ISA interrupt @irq arrives at. */
u8 ioapic_isa_pin(u8 irq);

u8 cmos_read(u8 reg);
void cmos_write(u8 reg, u8 v);
bool rtc_present(void);

#endif
