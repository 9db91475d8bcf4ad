/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_SWAP_INNER_H
#define VMM_MEM_SWAP_INNER_H

/*
 * A swap file, as swap.c, that moves records, and swap_file.c, that attaches and
 * detaches, have it.
 */

#include <linux/list.h>
#include <linux/types.h>

#include "mem/swap_map.h"

struct file;
struct vmm_away;

/* Bytes that are written at once, and pages that are read at once. */
#define VMM_SWAP_BATCH	(32 * PAGE_SIZE)
#define VMM_SWAP_WINDOW	16

/**
 * struct vmm_swap - a swap file
 * @node:	on files; files_lock
 * @file:	referenced, constant
 * @offset:	where the part begins that is used, constant
 * @map:	pages of it; vmm_store.lock
 * @seed:	of checksums, constant
 * @closing:	nothing is to be written any more; vmm_store.lock
 * @failed:	writing has, and rests until @again; vmm_store.lock
 * @again:	jiffies
 * @out:	VMM_SWAP_BATCH; vmm_store.write_lock

 * @window:	VMM_SWAP_WINDOW; with the next two, vmm_store.read_lock
 * @first:	page of the file that it begins with
 * @pages:	that are in it
 */
struct vmm_swap {
	struct list_head node;
	struct file *file;
	u64 offset;
	struct vmm_swap_map map;
	u64 seed;
	bool closing;
	bool failed;
	unsigned long again;
	void *out;
	void *window;
	unsigned long first;
	unsigned long pages;
};

int vmm_swap_read_piece(struct vmm_swap *swap, const struct vmm_away *away,
			void *to);

#endif /* VMM_MEM_SWAP_INNER_H */
