/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_RECENT_H
#define VMM_MEM_RECENT_H

/*
 * Pages of a family that came back lately, in that order, and are on probation: recent.c
 * says why.  Knows no locks.
 */

#include <linux/types.h>

/* One page in so many that come back is not put on probation. */
#define VMM_RECENT_ODDS		16

/**
 * struct vmm_recent - a ring of page numbers
 * @size:	room, constant
 * @first:	where the oldest is
 * @nr:		how many there are
 * @page:	their numbers
 */
struct vmm_recent {
	unsigned long size;
	unsigned long first;
	unsigned long nr;
	u32 *page;
};

unsigned long vmm_recent_size(unsigned long nr_pages);
void vmm_recent_add(struct vmm_recent *r, unsigned long index);
unsigned int vmm_recent_take(struct vmm_recent *r, unsigned long resident,
			     unsigned int most, unsigned long *block,
			     unsigned long *slots);
void vmm_recent_clear(struct vmm_recent *r);

#endif /* VMM_MEM_RECENT_H */
