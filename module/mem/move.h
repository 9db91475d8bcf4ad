/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_MOVE_H
#define VMM_MEM_MOVE_H

/*
 * Pages of a block are somewhere else from now on, for all objects of a family that
 * have them: see move.c.
 */

#include <linux/types.h>

#include "mem/mem.h"
#include "mem/tree.h"

/**
 * struct vmm_move - a move
 * @change:	puts other words in the place of those that were, and tells by
 *		vmm_move_add() where
 * @wait:	waits until the entries of user faults that have found what was there are
 *		in place, by vmm_mem_wait_for_fault()
 * @flushes:	how often CPUs had to forget translations, for all that was moved by it
 * @nr_ranges:	how many are in @range
 * @range:	where pages have moved; those of a block at most
 */
struct vmm_move {
	void (*change)(struct vmm_move *move);
	void (*wait)(struct vmm_move *move, struct vmm_mem *mem);
	unsigned long flushes;
	unsigned int nr_ranges;
	struct vmm_mem_range range[VMM_BLOCK_PAGES / 2];
};

void vmm_move_add(struct vmm_move *move, pgoff_t index);
void vmm_family_move(struct vmm_family *family, const struct vmm_gather *gather,
		     struct vmm_move *move);

#endif /* VMM_MEM_MOVE_H */
