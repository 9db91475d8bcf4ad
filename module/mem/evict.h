/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_EVICT_H
#define VMM_MEM_EVICT_H

/*
 * Pages leave memory, for a store (away.h), and come back: see evict.c.
 */

#include <linux/bits.h>
#include <linux/types.h>

struct vmm_mem;

/* Flags of vmm_mem_reclaim(). */
#define VMM_EVICT_ALL		BIT(0)	/* pages that are in use, too */

int vmm_mem_reclaim(struct vmm_mem *mem, unsigned long *pages,
		    unsigned int flags);
int vmm_mem_fetch(struct vmm_mem *mem, pgoff_t index);
int vmm_mem_fetch_all(struct vmm_mem *mem);

#endif /* VMM_MEM_EVICT_H */
