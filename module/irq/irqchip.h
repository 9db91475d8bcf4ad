/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interrupt hardware of a VM outside of its vCPUs: PIC, IOAPIC, PIT, the
 * routes from GSIs to them and to messages, and irqfds.
 *
 * A line is asserted while any of its sources asserts it. Messages go to the
 * APICs without a lock; pins of the PIC and IOAPIC are driven under the
 * irqchip's lock, which is the innermost of interrupt delivery: the local
 * APICs inside of it have none.
 */
#ifndef VMM_IRQ_IRQCHIP_H
#define VMM_IRQ_IRQCHIP_H

#include <linux/types.h>
#include <linux/hrtimer.h>
#include <linux/spinlock.h>

#include "io/bus.h"
#include "irq/apic_map.h"
#include "irq/ioapic.h"
#include "irq/irqfd.h"
#include "irq/pic.h"
#include "irq/pit_dev.h"
#include "irq/route.h"

/* Who asserts a line. A line is the OR of its sources. */
enum vmm_irq_source {
	VMM_IRQ_SRC_USER,	/* ioctl */
	VMM_IRQ_SRC_PIT,
	VMM_IRQ_SRC_IRQFD,	/* pulses */
	VMM_IRQ_SRC_RESAMPLE,	/* irqfds that hold the line until EOI */
	VMM_IRQ_SRC_DEVICE,	/* in-kernel devices to come */
	VMM_IRQ_SOURCES
};

/**
 * struct vmm_irqchip - embed it in the VM
 * @apics: the VM's local APICs (constant)
 * @lock: protects @pic, @ioapic, @sources, @dead and changes of @routes; irqs off
 * @pic: the 8259A pair
 * @ioapic: the IOAPIC
 * @flood_timer: sends deferred level interrupts again
 * @sources: by GSI, who asserts it
 * @dead: timers are not to be started any more
 * @routes: routes in force (RCU)
 * @pit: the interval timer
 * @irqfds: eventfds that raise GSIs
 * @pio: port bus (constant)
 * @mmio: bus of guest-physical addresses (constant)
 * @pic_dev: the PIC's ranges on the port bus
 * @ioapic_dev: the IOAPIC's range
 */
struct vmm_irqchip {
	struct vmm_apic_map *apics;
	raw_spinlock_t lock;
	struct vmm_pic pic;
	struct vmm_ioapic ioapic;
	struct hrtimer flood_timer;
	u8 sources[VMM_MAX_GSI];
	bool dead;
	struct vmm_route_table __rcu *routes;
	struct vmm_pit_dev pit;
	struct vmm_irqfds irqfds;
	struct vmm_bus *pio;
	struct vmm_bus *mmio;
	struct vmm_bus_dev pic_dev[3];
	struct vmm_bus_dev ioapic_dev;
};

/**
 * vmm_irqchip_init - give a VM its interrupt hardware, with the PC's routes
 * @chip: zeroed storage
 * @apics: the VM's local APICs
 * @pio: its port bus
 * @mmio: its memory bus
 *
 * May sleep. Return: 0, -EEXIST if something lives at the devices' addresses,
 * -ENOMEM. On failure nothing is left behind.
 */
int vmm_irqchip_init(struct vmm_irqchip *chip, struct vmm_apic_map *apics,
		     struct vmm_bus *pio, struct vmm_bus *mmio);

/*
 * First step of death: off the buses, timers and irqfds stopped. May sleep.
 * Waits for no grace period.
 */
void vmm_irqchip_kill(struct vmm_irqchip *chip);

/* Second step, an RCU grace period later: nobody calls in any more. */
void vmm_irqchip_release(struct vmm_irqchip *chip);

/**
 * vmm_irq_set_gsi - a source asserts or releases an interrupt line
 * @chip: the irqchip
 * @gsi: which line
 * @source: who
 * @level: asserts
 *
 * Any context, hard interrupts included. A message is sent when a source
 * asserts, whatever the others do.
 * Return: > 0: something new is pending; 0: nothing new (merged with what is
 * pending, masked, or released); -EINVAL: @gsi or @source out of range;
 * -ENOENT: no route, or nobody takes the message.
 */
int vmm_irq_set_gsi(struct vmm_irqchip *chip, u32 gsi,
		    enum vmm_irq_source source, bool level);

/* Assert and release at once: an edge. Return: that of the assertion. */
int vmm_irq_pulse_gsi(struct vmm_irqchip *chip, u32 gsi,
		      enum vmm_irq_source source);

/* Send one message without a route. As vmm_lapic_deliver(). Any context. */
int vmm_irqchip_send_msi(struct vmm_irqchip *chip, u64 addr, u32 data);

/* A vCPU ended a level interrupt; for vmm_lapic_ops.eoi. Any context. */
void vmm_irqchip_eoi(struct vmm_irqchip *chip, u8 vector);

/* Is the PIC's output high? To be combined with vmm_lapic_accepts_extint(). */
static inline bool vmm_irqchip_extint(const struct vmm_irqchip *chip)
{
	return READ_ONCE(chip->pic.output);
}

/* Acknowledge the PIC: the vector to inject. Any context. */
u8 vmm_irqchip_intack(struct vmm_irqchip *chip);

/*
 * Replace all routes. Lines that are asserted follow to their new pins. May
 * sleep. Errors of vmm_route_table_build().
 */
int vmm_irqchip_set_routes(struct vmm_irqchip *chip,
			   const struct vmm_route *routes, u32 nr);

/* Puts a table in force and leaves the pins to whoever loads them next. */
void vmm_irqchip_put_routes(struct vmm_irqchip *chip,
			    struct vmm_route_table *new);

#endif /* VMM_IRQ_IRQCHIP_H */
