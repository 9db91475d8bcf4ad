/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_PORT_H
#define VMM_KSM_PORT_H

/*
 * What the pure half of deduplication (hash, index, engine) needs from its
 * surroundings: memory for its tables.  The unit tests bring a port of their own.
 */

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "mem/merged.h"

/* Zeroed; NULL rather than an OOM kill. */
static inline void *vksm_port_alloc(size_t size)
{
	return kvzalloc(size, GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
}

static inline void vksm_port_free(void *p)
{
	kvfree(p);
}

/* The index needs a merged frame, by its number, no longer. */
static inline void vksm_port_frame_put(u64 frame)
{
	vmm_merged_put(frame << PAGE_SHIFT);
}

/* In loops that can be long. */
static inline void vksm_port_breathe(void)
{
	cond_resched();
}

#endif /* VMM_KSM_PORT_H */
