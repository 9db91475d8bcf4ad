/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_NPT_LEAF_H
#define VMM_NPT_LEAF_H

/*
 * What the engine's files do to one leaf; for them alone.
 */

#include "npt/format.h"
#include "npt/port.h"

#define NPT_ENTRIES	512

/* Clears @bits in a leaf and returns what it was before. */
static inline u64 npt_leaf_clear(u64 *slot, u64 bits)
{
	u64 old = npt_entry_read(slot);

	while ((old & bits) && !npt_entry_cmpxchg(slot, &old, old & ~bits))
		;
	return old;
}

#endif /* VMM_NPT_LEAF_H */
