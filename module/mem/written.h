/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_WRITTEN_H
#define VMM_MEM_WRITTEN_H

/*
 * Which pages of an object were written: for one who remembers what is in them, and wants
 * to know which of them he has to look at again.  written.c has the rules.
 */

#include <linux/atomic.h>
#include <linux/bitops.h>

#include "mem/mem.h"

/* The page at @index was written, or somebody has got a reference to write it by. */
static __always_inline void vmm_mem_mark_written(struct vmm_mem *mem,
						 pgoff_t index)
{
	unsigned long *written = READ_ONCE(mem->written);

	if (unlikely(written)) {
		smp_mb__before_atomic();	/* pairs with the exchange in take() */
		set_bit(index, written);
	}
}

void vmm_mem_mark_range(struct vmm_mem *mem, pgoff_t first,
			unsigned long count);

/*
 * From now on marks are kept, if that is worth the memory.  May sleep, and waits for a grace
 * period for each object once.  false: they are not.
 */
bool vmm_mem_track(struct vmm_mem *mem);

/* What is kept for an object takes so many bytes. */
static inline u64 vmm_mem_track_bytes(const struct vmm_mem *mem)
{
	return BITS_TO_LONGS(mem->nr_pages) * sizeof(long);
}

/*
 * Moves the marks of pages @range, whose first is a multiple of 64, to @bits.  What is read of
 * them after that has all writes that were marked so far; others will be marked.
 * For who has asked vmm_mem_track().  May sleep.  How many flushes that took, or -EOPNOTSUPP:
 * there is somebody who cannot tell.
 */
int vmm_mem_take_written(struct vmm_mem *mem,
			 const struct vmm_mem_range *range,
			 unsigned long *bits);

#endif /* VMM_MEM_WRITTEN_H */
