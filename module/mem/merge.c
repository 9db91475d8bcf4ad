// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of an object become merged frames (merged.h), by the steps of leave.c.
 *
 * A page that was found equal to others leaves; when nobody can change it any more it is
 * compared with the frame, every byte.  If it is equal the frame takes its place, in all
 * tables of the family that name the page.  Else, or if somebody wants it in the
 * meantime, the page comes back.  So a merge is an eviction whose store is another page, and
 * why no write is lost, and nobody's translation forgotten, is said in leave.c.
 */

#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mem/leave.h"
#include "mem/mem.h"
#include "mem/merge.h"
#include "mem/merged.h"
#include "mem/port.h"

/**
 * struct merge - a merge under way
 * @leave:	the pages
 * @mem:	the object
 * @ops:	of who merges
 * @ctx:	likewise
 * @candidate:	in order
 * @nr:		how many
 * @first:	the first one in the block that is looked at
 * @end:	behind the last one
 */
struct merge {
	struct vmm_leave leave;
	struct vmm_mem *mem;
	const struct vmm_merge_ops *ops;
	void *ctx;
	struct vmm_merge_candidate *candidate;
	unsigned int nr;
	unsigned int first;
	unsigned int end;
};

static struct merge *merge_of(struct vmm_leave *l)
{
	return container_of(l, struct merge, leave);
}

static bool prepare(struct vmm_leave *l)
{
	struct merge *m = merge_of(l);
	unsigned long word = vmm_tree_block(&m->mem->tree, l->gather.index);

	return (word & VMM_WORD_PAGE) && m->ops->split(m->ctx, m->end - m->first);
}

/* The page that the object has at @slot, by the first table that names it. */
static bool pick_page(struct vmm_leave *l, const struct vmm_node *table,
		      unsigned int slot)
{
	unsigned long word = table->word[slot], other;
	unsigned int t;

	for (t = 0; t < l->gather.nr; t++) {
		other = l->gather.at[t].table->word[slot];
		if ((other & VMM_WORD_PAGE) &&
		    vmm_word_phys(other) == vmm_word_phys(word))
			return vmm_leave_pick(l, t, slot);
	}
	return false;
}

static void pick(struct vmm_leave *l)
{
	struct merge *m = merge_of(l);
	const struct vmm_gathered *ours = vmm_gather_of(&l->gather,
							&m->mem->tree);
	unsigned int i, slot;

	for (i = m->first; ours && i < m->end; i++) {
		slot = m->candidate[i].index & (VMM_BLOCK_PAGES - 1);
		if ((ours->table->word[slot] & VMM_WORD_PAGE) &&
		    pick_page(l, ours->table, slot))
			m->candidate[i].end = VMM_MERGE_RACE;
	}
}

static struct vmm_merge_candidate *candidate_at(struct merge *m, pgoff_t index)
{
	unsigned int low = 0, high = m->nr, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (m->candidate[mid].index < index)
			low = mid + 1;
		else
			high = mid;
	}
	return &m->candidate[low];
}

static unsigned long compare(struct vmm_leave *l, const struct vmm_leaver *at)
{
	struct merge *m = merge_of(l);
	struct vmm_merge_candidate *c = candidate_at(m, at->index);
	unsigned long frame;

	if (c->zero) {
		c->end = VMM_MERGE_DIFFERS;
		return memchr_inv(__va(at->phys), 0, PAGE_SIZE) ?
		       VMM_LEAVE_BACK : VMM_LEAVE_ZERO;
	}
	c->end = VMM_MERGE_NO_FRAME;
	frame = m->ops->frame(m->ctx, c, at->phys);
	if (!frame)
		return VMM_LEAVE_BACK;
	c->end = VMM_MERGE_RACE;
	if (memcmp(__va(frame), __va(at->phys), PAGE_SIZE)) {
		c->end = VMM_MERGE_DIFFERS;
		vmm_merged_put(frame);
		return VMM_LEAVE_BACK;
	}
	return frame | VMM_WORD_PAGE | VMM_WORD_MERGED;
}

static void decided(struct vmm_leave *l, const struct vmm_leaver *at, bool left)
{
	struct merge *m = merge_of(l);

	if (!left)
		return;
	candidate_at(m, at->index)->end = VMM_MERGE_DONE;
	atomic_long_inc(&m->mem->merges);
}

static const struct vmm_leave_ops merge_ops = {
	.prepare	= prepare,
	.pick		= pick,
	.settle		= compare,
	.decided	= decided,
};

/* The candidates of one block, and whether there were any. */
static bool merge_next(struct merge *m)
{
	pgoff_t block;

	if (m->end == m->nr)
		return false;
	m->first = m->end;
	block = round_down(m->candidate[m->first].index, VMM_BLOCK_PAGES);
	while (m->end < m->nr &&
	       m->candidate[m->end].index < block + VMM_BLOCK_PAGES)
		m->end++;
	vmm_leave_block(&m->leave, block);
	if (vmm_leave_is_full(&m->leave))
		vmm_leave_settle(&m->leave);
	return true;
}

/**
 * vmm_mem_merge() - have frames take the places of equal pages
 * @mem:	the object, referenced
 * @candidate:	pages of it, in order of their index and each once; what became of
 *		each is told
 * @nr:		how many
 * @ops:	where frames come from
 * @ctx:	for @ops
 *
 * May sleep, and waits for a grace period.  The caller holds no lock of the family's.
 *
 * Return: 0, -ENOMEM, -EINTR (about to be killed).
 */
int vmm_mem_merge(struct vmm_mem *mem, struct vmm_merge_candidate *candidate,
		  unsigned int nr, const struct vmm_merge_ops *ops, void *ctx)
{
	struct merge *m = kvzalloc(sizeof(*m), GFP_KERNEL | __GFP_NOWARN);
	unsigned int i;
	int err = 0;

	if (!m)
		return -ENOMEM;
	vmm_leave_init(&m->leave, &merge_ops, mem->family);
	m->mem = mem;
	m->ops = ops;
	m->ctx = ctx;
	m->candidate = candidate;
	m->nr = nr;
	for (i = 0; i < nr; i++)
		candidate[i].end = VMM_MERGE_STAYS;
	if (mutex_lock_killable(&mem->family->evict_lock)) {
		err = -EINTR;
	} else {
		while (!fatal_signal_pending(current) && merge_next(m))
			cond_resched();
		vmm_leave_settle(&m->leave);
		mutex_unlock(&mem->family->evict_lock);
	}
	kvfree(m);
	return err;
}
