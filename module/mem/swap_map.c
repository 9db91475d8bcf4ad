// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages of a swap file are in use.
 *
 * Batches are written to runs of free pages, the longer the better, so the search
 * goes round like the hand of a clock and finds what was freed longest ago.
 */

#include <linux/kernel.h>

#include "mem/swap_map.h"

#define PAGE_BITS	12

/**
 * vmm_swap_map_init() - a file of which nothing is in use
 * @map:	to be filled
 * @pieces:	@nr_pages zeros
 * @nr_pages:	its length, not 0
 */
void vmm_swap_map_init(struct vmm_swap_map *map, u8 *pieces,
		       unsigned long nr_pages)
{
	map->nr_pages = nr_pages;
	map->free = nr_pages;
	map->next = 0;
	map->pieces = pieces;
}

/* How many free pages there are from @first on, at most @want. */
static unsigned long run_at(const struct vmm_swap_map *map, unsigned long first,
			    unsigned long want)
{
	unsigned long n = 0;

	while (n < want && first + n < map->nr_pages && !map->pieces[first + n])
		n++;
	return n;
}

/**
 * vmm_swap_map_find() - look for a run of free pages
 * @map:	in which
 * @want:	how many, not 0
 * @first:	out: where the run begins
 *
 * Looks at VMM_SWAP_SEARCH pages at most, and goes on from there the next time.
 *
 * Return: its length, @want if there is one so long, else that of the longest; 0 if
 * nothing is free there.
 */
unsigned long vmm_swap_map_find(struct vmm_swap_map *map, unsigned long want,
				unsigned long *first)
{
	unsigned long seen = 0, at = map->next, best = 0, n, most;

	most = min_t(unsigned long, map->nr_pages + want, VMM_SWAP_SEARCH);

	/* A run across the place where it begins is seen whole at the end. */
	while (map->free && best < want && seen < most) {
		if (at >= map->nr_pages)
			at = 0;
		n = run_at(map, at, want);
		if (n > best) {
			best = n;
			*first = at;
		}
		at += n + 1;
		seen += n + 1;
	}
	map->next = best ? *first + best : at;
	return best;
}

/**
 * vmm_swap_map_add() - a piece is in the file
 * @map:	the file's
 * @place:	first byte, a multiple of VMM_PIECE_ALIGN
 * @length:	its bytes, not 0
 */
void vmm_swap_map_add(struct vmm_swap_map *map, u64 place, unsigned int length)
{
	unsigned long page = place >> PAGE_BITS;
	unsigned long last = (place + length - 1) >> PAGE_BITS;

	for (; page <= last; page++) {
		if (!map->pieces[page]++)
			map->free--;
	}
}

/**
 * vmm_swap_map_del() - nobody needs a piece any more
 * @map:	the file's
 * @place:	as it was added
 * @length:	likewise
 */
void vmm_swap_map_del(struct vmm_swap_map *map, u64 place, unsigned int length)
{
	unsigned long page = place >> PAGE_BITS;
	unsigned long last = (place + length - 1) >> PAGE_BITS;

	for (; page <= last; page++) {
		if (!--map->pieces[page])
			map->free++;
	}
}
