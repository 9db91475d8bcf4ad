// SPDX-License-Identifier: GPL-2.0
/*
 * Discarding pages of memory objects: an invalidation as mem.c argues it, in rounds.
 */

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "mem/mem.h"
#include "mem/written.h"

/* Pages that one round of a discard takes at most: 1 GiB. */
#define DISCARD_PAGES	(1UL << 18)

/* References that one round leaves at most, and if there is no memory to note them. */
#define DISCARD_ITEMS	(VMM_BLOCK_PAGES + 8)
#define DISCARD_FEW	8

/* Whether there may be pages in the block of @index. */
static bool has_block(struct vmm_mem *mem, pgoff_t index)
{
	struct mutex *lock = vmm_family_lock(mem->family, index);
	bool has;

	mutex_lock(lock);
	has = vmm_tree_block(&mem->tree, index);
	mutex_unlock(lock);
	return has;
}

static int remove_in_block(struct vmm_mem *mem, pgoff_t first,
			   unsigned long count, struct vmm_gone *gone)
{
	int err;

	if (!has_block(mem, first))
		return 0;
	err = vmm_mem_lock_block(mem, first);
	if (err)
		return err;
	err = vmm_tree_remove(&mem->tree, first, count, gone);
	mutex_unlock(vmm_family_lock(mem->family, first));
	return err;
}

/* From *@first on, until @gone is full. */
static int remove_words(struct vmm_mem *mem, pgoff_t *first, pgoff_t end,
			struct vmm_gone *gone)
{
	unsigned long room;
	pgoff_t next;
	int err = 0;

	for (; *first < end && !err; *first = next) {
		room = gone->max - gone->nr;
		if (room < 4)
			break;
		next = min(end, (*first | (VMM_BLOCK_PAGES - 1)) + 1);
		if (next - *first < VMM_BLOCK_PAGES)
			next = min(next, *first + room - 2);
		err = remove_in_block(mem, *first, next - *first, gone);
		cond_resched();
	}
	return err;
}

/* Some of the pages from *@first on, as many as @gone has room for. */
static int discard_round(struct vmm_mem *mem, pgoff_t *first, pgoff_t end,
			 struct vmm_gone *gone)
{
	struct vmm_mem_range range = { .first = *first };
	int err;

	gone->nr = 0;
	/* A return says that nothing of before is seen any more: one at a time. */
	err = mutex_lock_killable(&mem->change);
	if (err)
		return err;
	vmm_mem_change_begin(mem);
	err = remove_words(mem, first, end, gone);
	range.count = *first - range.first;
	if (gone->nr) {
		vmm_mem_unmap_users(mem, range.first, range.count, gone);
		vmm_mem_call_clients(mem, &range, 1, VMM_MEM_REPLACED);
		vmm_mem_mark_range(mem, range.first, range.count);
	}
	vmm_mem_change_end(mem);
	mutex_unlock(&mem->change);
	vmm_family_defer(mem->family, gone);
	return err;
}

/*
 * Take the block around @index apart if that is where the range ends, so that
 * the rest of it can stay.  Done for both ends before anything is removed.
 */
static int split_at(struct vmm_mem *mem, pgoff_t index)
{
	struct vmm_gone_item item[1];
	struct vmm_gone gone = { .max = ARRAY_SIZE(item), .item = item };
	int err;

	if (!(index & (VMM_BLOCK_PAGES - 1)) || index >= mem->nr_pages)
		return 0;
	if (!has_block(mem, index))
		return 0;
	err = vmm_mem_lock_block(mem, index);
	if (err)
		return err;
	if (vmm_tree_block(&mem->tree, index))
		err = vmm_tree_take_apart(&mem->tree, index, &gone);
	mutex_unlock(vmm_family_lock(mem->family, index));
	vmm_family_defer(mem->family, &gone);
	return err;
}

static int discard(struct vmm_mem *mem, pgoff_t first, pgoff_t end,
		   struct vmm_gone *gone)
{
	int err = split_at(mem, first);

	if (!err)
		err = split_at(mem, end);
	while (first < end && !err) {
		err = discard_round(mem, &first,
				    min(end, round_down(first, DISCARD_PAGES) +
					DISCARD_PAGES), gone);
		cond_resched();
	}
	return err;
}

/**
 * vmm_mem_discard() - give pages back; they read as zero from now on
 * @mem:	the object
 * @first:	first page
 * @count:	how many
 *
 * A page that somebody holds or has pinned is freed when that ends, but is no
 * longer part of the object.  What is written while the discard runs survives or
 * not.  May sleep.
 *
 * Return: 0, -ERANGE, -EROFS if the object is frozen, or -ENOMEM: a partial block, or
 * one whose table others share, needs a table to name its remaining pages; what lies
 * behind it has stayed.
 */
int vmm_mem_discard(struct vmm_mem *mem, pgoff_t first, unsigned long count)
{
	struct vmm_gone_item few[DISCARD_FEW];
	struct vmm_gone gone = { .max = DISCARD_ITEMS };
	int err;

	if (first > mem->nr_pages || count > mem->nr_pages - first)
		return -ERANGE;
	if (mem->frozen)
		return -EROFS;
	gone.item = kmalloc_array(gone.max, sizeof(*gone.item),
				  GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (gone.item) {
		err = discard(mem, first, first + count, &gone);
		kfree(gone.item);
		return err;
	}
	gone.item = few;
	gone.max = ARRAY_SIZE(few);
	return discard(mem, first, first + count, &gone);
}
