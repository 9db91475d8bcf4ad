// SPDX-License-Identifier: GPL-2.0
/*
 * The 8259A pair.
 *
 * Each chip is a small state machine; pic_update() derives the cascade and the
 * INTR output from both after every change. A request of an edge pin stays
 * latched until it is acknowledged.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "irq/pic.h"

#define CASCADE_PIN	2U
#define SPURIOUS_PIN	7U

/* Pins that a PC lets be level-triggered: not timer, keyboard, cascade, RTC, FPU. */
static const u8 elcr_mask[2] = { 0xf8, 0xde };

static u8 level_pins(const struct vmm_pic_chip *c)
{
	return c->ltim ? 0xff : c->elcr;
}

/* The pin of highest priority in @pins, counted from the top; -1 if none. */
static int first_pin(const struct vmm_pic_chip *c, u8 pins)
{
	unsigned int i;

	for (i = 1; i <= 8; i++) {
		unsigned int pin = (c->lowest + i) & 7;

		if (pins & (1U << pin))
			return pin;
	}
	return -1;
}

/* How far @pin is from the highest priority; 8 for no pin. */
static unsigned int rank(const struct vmm_pic_chip *c, int pin)
{
	return pin < 0 ? 8 : (pin - c->lowest - 1) & 7;
}

/* The pin for which the chip raises its output, or -1. */
static int chip_request(const struct vmm_pic *pic, unsigned int n)
{
	const struct vmm_pic_chip *c = &pic->chip[n];
	u8 inhibit = c->isr;
	int pin;

	if (c->init != VMM_PIC_READY)
		return -1;
	pin = first_pin(c, c->irr & ~c->imr);
	if (pin < 0)
		return -1;
	/* In special mask mode, masked pins in service inhibit nobody. */
	if (c->smm)
		inhibit &= ~c->imr;
	/* Fully nested: let the slave's higher requests through. */
	if (c->sfnm && n == 0)
		inhibit &= ~(1U << CASCADE_PIN);
	return rank(c, pin) < rank(c, first_pin(c, inhibit)) ? pin : -1;
}

static void set_output(struct vmm_pic *pic, bool level)
{
	if (pic->output == level)
		return;
	pic->output = level;
	pic->ops->output(pic, level);
}

static void pic_update(struct vmm_pic *pic)
{
	if (chip_request(pic, 1) >= 0)
		pic->chip[0].irr |= 1U << CASCADE_PIN;
	else
		pic->chip[0].irr &= ~(1U << CASCADE_PIN);
	set_output(pic, chip_request(pic, 0) >= 0);
}

static void pin_ended(struct vmm_pic *pic, unsigned int n, u8 pins)
{
	pic->ended |= pins << 8 * n;
}

/* @pin goes into service, or through it at once. */
static void chip_ack(struct vmm_pic *pic, unsigned int n, unsigned int pin)
{
	struct vmm_pic_chip *c = &pic->chip[n];
	u8 bit = 1U << pin;

	if (!(level_pins(c) & bit))
		c->irr &= ~bit;
	if (!c->aeoi) {
		c->isr |= bit;
		return;
	}
	if (c->rotate_aeoi)
		c->lowest = pin;
	pin_ended(pic, n, bit);
}

/* Acknowledge cycle of one chip: the pin, the spurious one if none requests. */
static unsigned int chip_intack(struct vmm_pic *pic, unsigned int n)
{
	int pin = chip_request(pic, n);

	if (pin < 0)
		return SPURIOUS_PIN;
	chip_ack(pic, n, pin);
	return pin;
}

u8 vmm_pic_intack(struct vmm_pic *pic)
{
	int pin = chip_request(pic, 0);
	u8 vector;

	/* INTR drops in the cycle, even if it is to rise again. */
	set_output(pic, false);
	if (pin == CASCADE_PIN) {
		/* The slave first: its output is what the master's pin shows. */
		vector = pic->chip[1].base + chip_intack(pic, 1);
		chip_ack(pic, 0, CASCADE_PIN);
	} else {
		vector = pic->chip[0].base + chip_intack(pic, 0);
	}
	pic_update(pic);
	return vector;
}

bool vmm_pic_set_pin(struct vmm_pic *pic, unsigned int pin, bool level)
{
	struct vmm_pic_chip *c;
	u8 bit, before;

	if (pin >= VMM_PIC_PINS || pin == CASCADE_PIN)
		return false;
	c = &pic->chip[pin >> 3];
	bit = 1U << (pin & 7);
	before = c->irr;

	if (level_pins(c) & bit)
		c->irr = level ? c->irr | bit : c->irr & ~bit;
	else if (level && !(c->lines & bit))
		c->irr |= bit;
	c->lines = level ? c->lines | bit : c->lines & ~bit;
	if (c->irr != before)
		pic_update(pic);
	return c->irr & ~before & bit;
}

/* Level pins request what their lines say; other pins keep their latches. */
static void resample_levels(struct vmm_pic_chip *c)
{
	u8 level = level_pins(c);

	c->irr = (c->irr & ~level) | (c->lines & level);
}

static void end_of_interrupt(struct vmm_pic *pic, unsigned int n, int pin,
			     bool rotate)
{
	struct vmm_pic_chip *c = &pic->chip[n];

	if (pin < 0)
		return;
	pin_ended(pic, n, c->isr & (1U << pin));
	c->isr &= ~(1U << pin);
	if (rotate)
		c->lowest = pin;
}

/* The pin that a non-specific end of interrupt means. */
static int top_in_service(const struct vmm_pic_chip *c)
{
	return first_pin(c, c->smm ? c->isr & ~c->imr : c->isr);
}

static void write_ocw2(struct vmm_pic *pic, unsigned int n, u8 val)
{
	struct vmm_pic_chip *c = &pic->chip[n];
	bool rotate = val & 0x80;

	switch (val >> 5) {
	case 0:
	case 4:
		c->rotate_aeoi = rotate;
		break;
	case 1:
	case 5:
		end_of_interrupt(pic, n, top_in_service(c), rotate);
		break;
	case 3:
	case 7:
		end_of_interrupt(pic, n, val & 7, rotate);
		break;
	case 6:
		c->lowest = val & 7;
		break;
	}
}

static void write_ocw3(struct vmm_pic_chip *c, u8 val)
{
	if (val & 0x04)
		c->poll = true;
	if (val & 0x02)
		c->read_isr = val & 0x01;
	if (val & 0x40)
		c->smm = !!(val & 0x20);
}

static void write_icw1(struct vmm_pic *pic, unsigned int n, u8 val)
{
	struct vmm_pic_chip *c = &pic->chip[n];

	pin_ended(pic, n, c->isr);
	c->isr = 0;
	c->imr = 0;
	c->irr = 0;
	c->lowest = 7;
	c->aeoi = false;
	c->rotate_aeoi = false;
	c->sfnm = false;
	c->smm = false;
	c->read_isr = false;
	c->poll = false;
	c->icw4 = val & 0x01;
	c->single = !!(val & 0x02);
	c->ltim = !!(val & 0x08);
	c->init = VMM_PIC_WANT_ICW2;
	resample_levels(c);
}

static void write_command(struct vmm_pic *pic, unsigned int n, u8 val)
{
	if (val & 0x10)
		write_icw1(pic, n, val);
	else if (val & 0x08)
		write_ocw3(&pic->chip[n], val);
	else
		write_ocw2(pic, n, val);
}

static void write_data(struct vmm_pic_chip *c, u8 val)
{
	u8 last = c->icw4 ? VMM_PIC_WANT_ICW4 : VMM_PIC_READY;

	switch (c->init) {
	case VMM_PIC_READY:
		c->imr = val;
		break;
	case VMM_PIC_WANT_ICW2:
		c->base = val & 0xf8;
		c->init = c->single ? last : VMM_PIC_WANT_ICW3;
		break;
	case VMM_PIC_WANT_ICW3:
		/* The wiring of the cascade is the PC's, whatever it says. */
		c->init = last;
		break;
	case VMM_PIC_WANT_ICW4:
		c->aeoi = !!(val & 0x02);
		c->sfnm = !!(val & 0x10);
		c->init = VMM_PIC_READY;
		break;
	}
}

/* A poll is an acknowledge cycle by a read. */
static u8 read_poll(struct vmm_pic *pic, unsigned int n)
{
	int pin = chip_request(pic, n);

	pic->chip[n].poll = false;
	if (pin < 0)
		return 0;
	chip_ack(pic, n, pin);
	pic_update(pic);
	return 0x80 | pin;
}

u8 vmm_pic_read(struct vmm_pic *pic, u16 port)
{
	unsigned int n = (port >> 7) & 1;
	const struct vmm_pic_chip *c = &pic->chip[n];

	switch (port) {
	case VMM_PIC_PORT_MASTER:
	case VMM_PIC_PORT_SLAVE:
		if (c->poll)
			return read_poll(pic, n);
		return c->read_isr ? c->isr : c->irr;
	case VMM_PIC_PORT_MASTER + 1:
	case VMM_PIC_PORT_SLAVE + 1:
		return c->poll ? read_poll(pic, n) : c->imr;
	case VMM_PIC_PORT_ELCR:
		return pic->chip[0].elcr;
	case VMM_PIC_PORT_ELCR + 1:
		return pic->chip[1].elcr;
	}
	return 0xff;
}

static void write_elcr(struct vmm_pic *pic, unsigned int n, u8 val)
{
	struct vmm_pic_chip *c = &pic->chip[n];
	u8 changed = c->elcr ^ (val & elcr_mask[n]);

	c->elcr ^= changed;
	c->irr &= ~changed;
	resample_levels(c);
}

void vmm_pic_write(struct vmm_pic *pic, u16 port, u8 val)
{
	unsigned int n = (port >> 7) & 1;

	switch (port) {
	case VMM_PIC_PORT_MASTER:
	case VMM_PIC_PORT_SLAVE:
		write_command(pic, n, val);
		break;
	case VMM_PIC_PORT_MASTER + 1:
	case VMM_PIC_PORT_SLAVE + 1:
		write_data(&pic->chip[n], val);
		break;
	case VMM_PIC_PORT_ELCR:
	case VMM_PIC_PORT_ELCR + 1:
		write_elcr(pic, port & 1, val);
		break;
	default:
		return;
	}
	pic_update(pic);
}

u16 vmm_pic_take_ended(struct vmm_pic *pic)
{
	u16 ended = pic->ended;

	pic->ended = 0;
	return ended;
}

void vmm_pic_init(struct vmm_pic *pic, const struct vmm_pic_ops *ops)
{
	unsigned int n;

	memset(pic, 0, sizeof(*pic));
	pic->ops = ops;
	for (n = 0; n < 2; n++) {
		pic->chip[n].lowest = 7;
		/* Undefined in hardware; this way nothing comes unasked. */
		pic->chip[n].imr = 0xff;
	}
}

static bool chip_valid(const struct vmm_pic_chip *c, unsigned int n)
{
	const u8 flags = c->icw4 | c->single | c->ltim | c->aeoi |
		c->rotate_aeoi | c->sfnm | c->smm | c->read_isr | c->poll;

	return flags <= 1 && c->lowest < 8 && c->init <= VMM_PIC_WANT_ICW4 &&
		!(c->base & 7) && !(c->elcr & ~elcr_mask[n]);
}

int vmm_pic_check(const struct vmm_pic_chip chip[2])
{
	return chip_valid(&chip[0], 0) && chip_valid(&chip[1], 1) ? 0 : -EINVAL;
}

int vmm_pic_restore(struct vmm_pic *pic, const struct vmm_pic_chip chip[2])
{
	if (vmm_pic_check(chip))
		return -EINVAL;
	pic->chip[0] = chip[0];
	pic->chip[1] = chip[1];
	pic->ended = 0;
	set_output(pic, false);
	pic_update(pic);
	return 0;
}
