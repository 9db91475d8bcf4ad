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

/** pm_press_button() - presses and releases the power button. */
void pm_press_button(struct pm *pm);

#endif
