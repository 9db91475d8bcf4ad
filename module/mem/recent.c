// SPDX-License-Identifier: GPL-2.0
/*
 * Pages on probation.
 *
 * A guest that goes over more memory than it may have, in order, again and again, finds none
 * of it there if what was used longest ago leaves: each page leaves shortly before its turn.
 * So who comes back has to prove himself: he is the first to leave again, before those who
 * have been there all the time, of whom a good part is there then when its turn comes.
 *
 * Who is wanted often comes back often, and each time has a chance to stay for good (bimodal
 * insertion: Qureshi et al., "Adaptive Insertion Policies for High Performance Caching",
 * ISCA 2007).  The others stay for as long as it takes an eighth of all pages to come back
 * (a queue beside a main part: Johnson and Shasha, "2Q", VLDB 1994): longer than a guest needs
 * to get on.  The clock's hand goes on slowly meanwhile (evict.c), and finds those who were there
 * all the time and are not used any more.
 */

#include <linux/kernel.h>
#include <linux/string.h>

#include "mem/recent.h"
#include "mem/tree.h"

/* This part of all pages is on probation. */
#define SHARE		8

#define SIZE_LEAST	2UL
#define SIZE_MOST	65536UL

/**
 * vmm_recent_size() - how much room a ring should have
 * @nr_pages:	of the family's objects, less than 2^32
 */
unsigned long vmm_recent_size(unsigned long nr_pages)
{
	unsigned long size = nr_pages / SHARE;

	if (size < SIZE_LEAST)
		return SIZE_LEAST;
	return size < SIZE_MOST ? size : SIZE_MOST;
}

/* How many stay on probation, of @resident pages in memory. */
static unsigned long to_keep(const struct vmm_recent *r, unsigned long resident)
{
	unsigned long keep = resident / SHARE;

	return keep < r->size / 2 ? keep : r->size / 2;
}

/**
 * vmm_recent_add() - a page has come back
 * @r:		a ring
 * @index:	page number
 *
 * If there are too many the oldest may stay for good.
 */
void vmm_recent_add(struct vmm_recent *r, unsigned long index)
{
	if (r->nr == r->size) {
		r->first = (r->first + 1) % r->size;
		r->nr--;
	}
	r->page[(r->first + r->nr++) % r->size] = index;
}

/**
 * vmm_recent_take() - who has been on probation for long enough
 * @r:		a ring
 * @resident:	pages in memory
 * @most:	pages to take at most
 * @block:	receives their block
 * @slots:	VMM_BLOCK_PAGES bits, those of the pages in the block are set; the rest is zeroed
 *
 * Return: how many pages; those that came one behind the other, and are of one block.
 */
unsigned int vmm_recent_take(struct vmm_recent *r, unsigned long resident,
			     unsigned int most, unsigned long *block,
			     unsigned long *slots)
{
	unsigned long keep = to_keep(r, resident);
	unsigned int n = 0;
	u32 index;

	memset(slots, 0, VMM_BLOCK_PAGES / 8);
	for (; n < most && r->nr > keep; n++) {
		index = r->page[r->first];
		if (!n)
			*block = index >> VMM_BLOCK_SHIFT;
		else if (index >> VMM_BLOCK_SHIFT != *block)
			break;
		index &= VMM_BLOCK_PAGES - 1;
		slots[index / 64] |= 1UL << index % 64;
		r->first = (r->first + 1) % r->size;
		r->nr--;
	}
	return n;
}

/**
 * vmm_recent_clear() - all may stay for good
 * @r:		a ring
 */
void vmm_recent_clear(struct vmm_recent *r)
{
	r->nr = 0;
}
