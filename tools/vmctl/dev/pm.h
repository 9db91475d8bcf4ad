/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ACPI fixed hardware: PM1a event and control registers and the PM timer.
 *
 * ACPI mode is always on (there is no SMI command port).  Of the sleep states
 * only S5, power-off, exists.  No event source is wired to the status
 * register, so the SCI line stays low.
 */
#ifndef VMCTL_PM_H
#define VMCTL_PM_H

#include <pthread.h>

#include "vm/bus.h"
#include "vm/end.h"

/** struct pm - @lock protects @reg, the event and control registers */
struct pm {
	struct port_device regs;
	struct port_device timer;
	struct vm_end *end;
	pthread_mutex_t lock;
	uint8_t reg[8];
};

void pm_init(struct pm *pm, struct vm_end *end);

#endif
