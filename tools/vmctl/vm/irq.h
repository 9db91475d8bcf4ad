/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An interrupt line as a device sees it.
 *
 * The level is remembered here, so that a device may set it after every
 * change of its state and the kernel hears only of changes.  The device's
 * lock protects the line.
 */
#ifndef VMCTL_IRQ_H
#define VMCTL_IRQ_H

#include <stdbool.h>

struct irq_line {
	bool level;
	void (*drive)(struct irq_line *line, bool level);
};

/** irq_sync() - likewise when the kernel may think otherwise: tells it anyway. */
static inline void irq_sync(struct irq_line *line, bool level)
{
	line->level = level;
	line->drive(line, level);
}

static inline void irq_set(struct irq_line *line, bool level)
{
	if (line->level == level)
		return;
	line->level = level;
	line->drive(line, level);
}

#endif
