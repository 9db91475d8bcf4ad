/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The I/O APIC: 24 pins, version 0x20 (with an EOI register).
 *
 * Lines are given as asserted or not: the polarity bit of an entry is kept for
 * the guest to read and otherwise has no effect, as whoever drives a line
 * knows which level means "asserted".
 *
 * Pure: no locks, no allocation. All calls on one struct vmm_ioapic are
 * serialized by its owner (struct vmm_irqchip does it with its lock).
 */
#ifndef VMM_IRQ_IOAPIC_H
#define VMM_IRQ_IOAPIC_H

#include <linux/types.h>

#include "irq/apic_map.h"

#define VMM_IOAPIC_PINS		24U
#define VMM_IOAPIC_VERSION	0x20U
#define VMM_IOAPIC_SIZE		0x1000U

/*
 * A level line that stays asserted is sent again upon each EOI. A guest that
 * has no handler yet for the device would do nothing else: after this
 * many in a row the next one is deferred, so that the guest makes progress.
 */
#define VMM_IOAPIC_FLOOD_EOIS	10000U
#define VMM_IOAPIC_FLOOD_NS	10000000U

struct vmm_ioapic;

/**
 * struct vmm_ioapic_ops - what an IOAPIC asks of its owner
 * @send: put a message on the bus; returns what vmm_lapic_deliver() returns
 * @defer: call vmm_ioapic_retrigger(~0) VMM_IOAPIC_FLOOD_NS from now
 */
struct vmm_ioapic_ops {
	int (*send)(struct vmm_ioapic *io, const struct vmm_apic_msg *msg);
	void (*defer)(struct vmm_ioapic *io);
};

/**
 * struct vmm_ioapic - an IOAPIC
 * @ops: upcalls
 * @rte: redirection entries as the guest reads them
 * @lines: level of each pin
 * @floods: EOIs in a row that found the line asserted, for each pin
 * @id: id register's value, 0 to 15
 * @select: index register
 */
struct vmm_ioapic {
	const struct vmm_ioapic_ops *ops;
	u64 rte[VMM_IOAPIC_PINS];
	u32 lines;
	u32 floods[VMM_IOAPIC_PINS];
	u8 id;
	u8 select;
};

void vmm_ioapic_init(struct vmm_ioapic *io, const struct vmm_ioapic_ops *ops);

/*
 * Drive pin 0 to 23. Return: as vmm_lapic_deliver() if a message was sent; 0
 * if the pin is masked, its request was already under way, or nothing changed.
 */
int vmm_ioapic_set_pin(struct vmm_ioapic *io, unsigned int pin, bool level);

/*
 * The guest ended level interrupts with this vector. Return: bits of the pins
 * concerned, to be handed to vmm_ioapic_retrigger() when their devices have
 * had the chance to lower them.
 */
u32 vmm_ioapic_eoi(struct vmm_ioapic *io, u8 vector);

/* Send again what is still asserted among @pins. */
void vmm_ioapic_retrigger(struct vmm_ioapic *io, u32 pins);

/*
 * Guest access to the register window, @offset below VMM_IOAPIC_SIZE; any width
 * is safe. @ended: pins as from vmm_ioapic_eoi(), for the EOI register.
 */
u64 vmm_ioapic_read(struct vmm_ioapic *io, u32 offset, unsigned int len);
void vmm_ioapic_write(struct vmm_ioapic *io, u32 offset, unsigned int len,
		      u64 val, u32 *ended);

/**
 * struct vmm_ioapic_state - an IOAPIC, saved
 */
struct vmm_ioapic_state {
	u64 rte[VMM_IOAPIC_PINS];
	u32 lines;
	u8 id;
	u8 select;
	u8 pad[2];
};

void vmm_ioapic_save(const struct vmm_ioapic *io, struct vmm_ioapic_state *st);

/* -EINVAL if @st is in no state that an IOAPIC can have. */
int vmm_ioapic_check(const struct vmm_ioapic_state *st);

/*
 * -EINVAL and no effect likewise.  Nothing is sent: vmm_ioapic_retrigger() does what
 * is due when those who are to take it are there.
 */
int vmm_ioapic_restore(struct vmm_ioapic *io,
		       const struct vmm_ioapic_state *st);

#endif /* VMM_IRQ_IOAPIC_H */
