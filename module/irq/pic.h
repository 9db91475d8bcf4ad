/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pair of 8259A interrupt controllers of a PC, the slave on pin 2 of the
 * master. Pins count 0 to 15 over both; pin 2 itself can't be driven.
 *
 * Pure: no locks, no allocation. All calls on one struct vmm_pic are serialized
 * by its owner (struct vmm_irqchip does it with its lock).
 */
#ifndef VMM_IRQ_PIC_H
#define VMM_IRQ_PIC_H

#include <linux/types.h>

#define VMM_PIC_PINS		16U

#define VMM_PIC_PORT_MASTER	0x20U	/* and 0x21 */
#define VMM_PIC_PORT_SLAVE	0xa0U	/* and 0xa1 */
#define VMM_PIC_PORT_ELCR	0x4d0U	/* and 0x4d1 */

struct vmm_pic;

/**
 * struct vmm_pic_ops - what the pair tells its owner
 * @output: the master's INTR output changed to @level
 */
struct vmm_pic_ops {
	void (*output)(struct vmm_pic *pic, bool level);
};

/* Which of the initialization words a write to the odd port is. */
enum vmm_pic_init {
	VMM_PIC_READY,
	VMM_PIC_WANT_ICW2,
	VMM_PIC_WANT_ICW3,
	VMM_PIC_WANT_ICW4,
};

/**
 * struct vmm_pic_chip - one 8259A
 * @irr: interrupt requests (of level pins: the level; of edge pins: latched)
 * @isr: in service
 * @imr: masked
 * @lines: levels of the pins, to see edges
 * @elcr: pins that are level-triggered
 * @base: vector of pin 0
 * @lowest: pin of lowest priority
 * @init: next initialization word, enum vmm_pic_init
 * @icw4: ICW4 is part of the sequence under way
 * @single: ICW1 said that there is no cascade (no ICW3)
 * @ltim: ICW1 made all pins level-triggered
 * @aeoi: automatic end of interrupt
 * @rotate_aeoi: rotate priorities on automatic end of interrupt
 * @sfnm: special fully nested mode
 * @smm: special mask mode
 * @read_isr: reads of the even port give ISR, not IRR
 * @poll: the next read is a poll
 */
struct vmm_pic_chip {
	u8 irr;
	u8 isr;
	u8 imr;
	u8 lines;
	u8 elcr;
	u8 base;
	u8 lowest;
	u8 init;
	u8 icw4;
	u8 single;
	u8 ltim;
	u8 aeoi;
	u8 rotate_aeoi;
	u8 sfnm;
	u8 smm;
	u8 read_isr;
	u8 poll;
};

/**
 * struct vmm_pic - the pair
 * @ops: upcalls
 * @chip: master and slave
 * @output: level of the INTR output
 * @ended: pins whose interrupt ended since vmm_pic_take_ended()
 */
struct vmm_pic {
	const struct vmm_pic_ops *ops;
	struct vmm_pic_chip chip[2];
	bool output;
	u16 ended;
};

void vmm_pic_init(struct vmm_pic *pic, const struct vmm_pic_ops *ops);

/* Drive pin 0 to 15. Return: true if the request is new, false if merged. */
bool vmm_pic_set_pin(struct vmm_pic *pic, unsigned int pin, bool level);

/* Interrupt acknowledge: the vector; that of pin 7 if the cause is gone. */
u8 vmm_pic_intack(struct vmm_pic *pic);

/* Byte access to the ports above; others read 0xff and ignore writes. */
u8 vmm_pic_read(struct vmm_pic *pic, u16 port);
void vmm_pic_write(struct vmm_pic *pic, u16 port, u8 val);

/* Bits of pins whose interrupts the guest has ended; clears them. */
u16 vmm_pic_take_ended(struct vmm_pic *pic);

/* -EINVAL if @chip is in no state that a pair can have; restore: and no effect. */
int vmm_pic_check(const struct vmm_pic_chip chip[2]);
int vmm_pic_restore(struct vmm_pic *pic, const struct vmm_pic_chip chip[2]);

#endif /* VMM_IRQ_PIC_H */
