/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_EVICT_H
#define VMM_MEM_EVICT_H

/*
 * Pages leave memory, for a store (away.h), and come back: see evict.c.
 */

#include <linux/bits.h>
#include <linux/types.h>

struct vmm_family;
struct vmm_mem;

/* Flags of vmm_family_evict(). */
#define VMM_EVICT_ALL		BIT(0)	/* pages that are in use, too */
#define VMM_EVICT_TRY		BIT(1)	/* not if somebody else is at it */
#define VMM_EVICT_FEW		BIT(2)	/* merged frames that few others have, too */
#define VMM_EVICT_SHARED	BIT(3)	/* all merged frames */

int vmm_evict_init(void);
void vmm_evict_exit(void);

int vmm_family_evict(struct vmm_family *family, unsigned long *pages,
		     unsigned int flags);
int vmm_mem_fetch(struct vmm_mem *mem, pgoff_t index, bool reserved);
int vmm_mem_fetch_all(struct vmm_mem *mem);

#endif /* VMM_MEM_EVICT_H */
