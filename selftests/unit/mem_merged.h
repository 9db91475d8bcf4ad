/* SPDX-License-Identifier: GPL-2.0 */
/* What takes the places of merged frames in memory objects' trees.  For mem_tree.c. */
#ifndef UNIT_MEM_MERGED_H
#define UNIT_MEM_MERGED_H

#include "mem_world.h"

/* Whether a table before @t names the same frame. */
static bool named_before(const struct vmm_gather *gather, unsigned long t,
			 unsigned long i)
{
	unsigned long was = vmm_gather_frame(gather, t, i);

	while (t--) {
		if (vmm_gather_frame(gather, t, i) == was)
			return true;
	}
	return false;
}

/* Pages take the places of some merged frames of a block, or other frames do. */
static void op_unmerge(void)
{
	unsigned long index = index_of(some_page()) & ~511UL, word, n;
	static struct vmm_gathered at[OBJECTS + QUEUE];
	struct vmm_gather gather = {
		.totals = &totals, .index = index, .at = at,
		.max = OBJECTS + QUEUE,
	};
	unsigned long was, to, i, t;

	if (vmm_tree_gather(&gather)) {
		good = false;
		return;
	}
	for (i = 0; i < 512 * gather.nr; i++) {
		t = i % gather.nr;
		was = vmm_gather_frame(&gather, t, i / gather.nr);
		if (!was || named_before(&gather, t, i / gather.nr) || below(3))
			continue;
		to = vmm_port_page_alloc(false);
		if (!to)
			continue;
		vmm_port_page_copy(to, was);
		word = to | VMM_WORD_PAGE;
		if (!below(3)) {
			word |= VMM_WORD_MERGED;
			count[nr_of(to)] = 1;
			live_frames++;
		}
		n = vmm_gather_replace(&gather, t, i / gather.nr, word);
		good &= n > 0;
		unmerges++;
		if (word & VMM_WORD_MERGED)
			vmm_port_merged_put(to);
		assert(queued + n <= QUEUE);
		while (n--)
			queue[queued++] = (struct vmm_gone_item){
				was | VMM_WORD_PAGE | VMM_WORD_MERGED,
				index + i / gather.nr, VMM_LEVEL_PAGE,
			};
		if (queued > QUEUE / 2)
			break;
	}
	vmm_gather_end(&gather);
	if (queued > QUEUE / 2)
		drain();
}

#endif
