/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in. */
#ifndef SHIM_LINUX_SPINLOCK_H
#define SHIM_LINUX_SPINLOCK_H

#include <assert.h>
#include <stdbool.h>

#include <linux/compiler.h>

/* Knows whether it is held, which is all that one thread can get wrong. */
typedef struct {
	bool held;
} raw_spinlock_t;

#define raw_spin_lock_init(l)	((l)->held = false)
#define raw_spin_lock_irqsave(l, flags) \
	(assert(!(l)->held), (l)->held = true, (flags) = 0)
#define raw_spin_unlock_irqrestore(l, flags) \
	(assert((l)->held), (void)(flags), (l)->held = false)

#endif
