// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a block are somewhere else from now on.
 *
 * That is an invalidation, as mem.c argues it, for many objects at once: words change in
 * tables that several have in common.  Their content does not: so clients hear that
 * pages have moved.
 *
 * Why nobody's translation is forgotten
 *
 * Objects whose tree names the page are found by their tables.  One that had it until
 * a moment ago, and from which a discard or a return has yet to take translations, is
 * busy (mem.c, I1), which the block's lock makes visible: such ones are
 * told, too.  An object is on the family's list before it has translations and
 * until it has none.
 */

#include <linux/fs.h>
#include <linux/mm.h>

#include "mem/family.h"
#include "mem/move.h"

/**
 * vmm_move_add() - a page has moved
 * @move:	in its @change
 * @index:	which; not before those that were added
 */
void vmm_move_add(struct vmm_move *move, pgoff_t index)
{
	struct vmm_mem_range *last = move->range + move->nr_ranges - 1;

	/* One object's, and another's. */
	if (move->nr_ranges && index < last->first + last->count)
		return;
	if (!move->nr_ranges || index != last->first + last->count) {
		last = &move->range[move->nr_ranges++];
		*last = (struct vmm_mem_range){ .first = index };
	}
	last->count++;
}

static void unmap_users(struct vmm_move *move, struct vmm_mem *mem)
{
	unsigned int i;

	if (!vmm_mem_is_mapped(mem))
		return;
	move->wait(move, mem);
	for (i = 0; i < move->nr_ranges; i++)
		unmap_mapping_pages(mem->inode->i_mapping, move->range[i].first,
				    move->range[i].count, false);
}

/**
 * vmm_family_move() - have pages moved
 * @family:	whose
 * @gather:	tables of the block, under its lock
 * @move:	what is done
 */
void vmm_family_move(struct vmm_family *family, const struct vmm_gather *gather,
		     struct vmm_move *move)
{
	struct vmm_mem *mem;

	move->nr_ranges = 0;
	mutex_lock(&family->members_lock);
	list_for_each_entry(mem, &family->members, kin) {
		mem->evicting = atomic_read(&mem->busy) ||
				vmm_gather_of(gather, &mem->tree);
		if (!mem->evicting)
			continue;
		vmm_mem_change_begin(mem);
		/* What was own may come back as what is not: see registry.c. */
		atomic_inc(&mem->moves);
	}
	move->change(move);
	list_for_each_entry(mem, &family->members, kin) {
		if (!mem->evicting)
			continue;
		unmap_users(move, mem);
		move->flushes += vmm_mem_call_clients(mem, move->range,
						      move->nr_ranges,
						      VMM_MEM_MOVED);
		vmm_mem_change_end(mem);
	}
	mutex_unlock(&family->members_lock);
}
