/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_SWAP_MAP_H
#define VMM_MEM_SWAP_MAP_H

/*
 * Which pages of a swap file are in use: for each the number of pieces that are in
 * it, or partly so.  A page without any can be written.  Knows no locks.
 */

#include <linux/types.h>

/* Pieces begin at multiples of this, so that a page's number fits. */
#define VMM_PIECE_ALIGN		32

/* Pages that one search looks at: it is made under a spin lock. */
#define VMM_SWAP_SEARCH		65536UL

/**
 * struct vmm_swap_map - the pages of a file
 * @nr_pages:	how many, constant
 * @free:	those that have no piece
 * @next:	where the search goes on
 * @pieces:	of each page
 */
struct vmm_swap_map {
	unsigned long nr_pages;
	unsigned long free;
	unsigned long next;
	u8 *pieces;
};

void vmm_swap_map_init(struct vmm_swap_map *map, u8 *pieces,
		       unsigned long nr_pages);
unsigned long vmm_swap_map_find(struct vmm_swap_map *map, unsigned long want,
				unsigned long *first);
void vmm_swap_map_add(struct vmm_swap_map *map, u64 place, unsigned int length);
void vmm_swap_map_del(struct vmm_swap_map *map, u64 place, unsigned int length);

#endif /* VMM_MEM_SWAP_MAP_H */
