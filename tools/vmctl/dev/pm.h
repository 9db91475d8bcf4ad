/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ACPI fixed hardware: PM1a event and control registers and the PM timer.
 *
 * ACPI mode is always on (there is no SMI command port).  Of the sleep states
 * only S5, power-off, exists.  Of the events only the power button is wired
 * to the status register; the SCI line is high while one that is enabled is
 * not cleared.  The timer counts the machine's time.
 */
#ifndef VMCTL_PM_H
#define VMCTL_PM_H

#include <pthread.h>

#include "vm/bus.h"
#include "vm/clock.h"
#include "vm/end.h"
#include "vm/irq.h"

/** struct pm - @lock protects @reg, the event and control registers, and @sci */
struct pm {
	struct port_device regs;
	struct port_device timer;
	struct vm_end *end;
	struct irq_line *sci;
	struct vm_clock *clock;
	pthread_mutex_t lock;
	uint8_t reg[8];
};

void pm_init(struct pm *pm, struct irq_line *sci, struct vm_clock *clock,
	     struct vm_end *end);

/** struct pm_state - the registers, saved */
struct pm_state {
	uint8_t reg[8];
};

/*
 * Save and load, by who holds the lock; pm_valid(): whether they can be like that.  The
 * timer counts the machine's time and has no other state.
 */
void pm_save(const struct pm *pm, struct pm_state *st);
bool pm_valid(const struct pm_state *st);
void pm_load(struct pm *pm, const struct pm_state *st);

/** pm_press_button() - presses and releases the power button. */
void pm_press_button(struct pm *pm);

#endif
