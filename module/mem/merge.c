// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of an object become merged frames (merged.h), by the steps of leave.c.
 *
 * A page that was found equal to others leaves; when nobody can change it any more it is
 * compared with the frame, every byte.  If it is equal the frame takes its place, in all
 * tables of the family that name the page.  Else, or if somebody wants it in the
 * meantime, the page comes back.  So a merge is an eviction whose store is another page, and
 * why no write is lost, and nobody's translation forgotten, is said in leave.c.
 *
 * A page that is merged already can become another frame with the same bytes.  Neither
 * changes, so nothing has to leave: the one takes the other's place under the block's
 * lock, by a move.
 */

#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mem/leave.h"
#include "mem/mem.h"
#include "mem/merge.h"
#include "mem/merged.h"
#include "mem/port.h"

/* Pages of a block that leave under one hold of its lock, which faults wait for. */
#define PIECE	16U

/**
 * struct merge - a merge under way
 * @leave:	the pages
 * @mem:	the object
 * @ops:	of who merges
 * @ctx:	likewise
 * @candidate:	in order
 * @nr:		how many
 * @first:	the first one in the piece that is looked at
 * @end:	behind the last one
 * @left:	from @first on, those in the block
 * @shift:	of frames that become others
 * @shifts:	there were such
 */
struct merge {
	struct vmm_leave leave;
	struct vmm_move shift;
	bool shifts;
	struct vmm_mem *mem;
	const struct vmm_merge_ops *ops;
	void *ctx;
	struct vmm_merge_candidate *candidate;
	unsigned int nr;
	unsigned int first;
	unsigned int end;
	unsigned int left;
};

static struct merge *merge_of(struct vmm_leave *l)
{
	return container_of(l, struct merge, leave);
}

static bool prepare(struct vmm_leave *l)
{
	struct merge *m = merge_of(l);
	unsigned long word = vmm_tree_block(&m->mem->tree, l->gather.index);

	return (word & VMM_WORD_PAGE) &&
	       m->ops->split(m->ctx, l->gather.index, m->left);
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

/* --- frames that become others ---------------------------------------------------- */

/* The first table that names the frame which a candidate still is; or -1. */
static long table_of(const struct merge *m, const struct vmm_merge_candidate *c)
{
	const struct vmm_gather *gather = &m->leave.gather;
	const struct vmm_gathered *ours = vmm_gather_of(gather, &m->mem->tree);
	unsigned long slot = c->index & (VMM_BLOCK_PAGES - 1), t;

	if (!c->to || vmm_gather_frame(gather, ours - gather->at, slot) !=
		      c->frame)
		return -1;
	for (t = 0; vmm_gather_frame(gather, t, slot) != c->frame; t++)
		;
	return t;
}

static void shift(struct vmm_move *move)
{
	struct merge *m = container_of(move, struct merge, shift);
	struct vmm_merge_candidate *c;
	long t;

	for (c = m->candidate + m->first; c < m->candidate + m->end; c++) {
		t = table_of(m, c);
		if (t < 0)
			continue;
		c->names = vmm_gather_replace(&m->leave.gather, t,
					      c->index & (VMM_BLOCK_PAGES - 1),
					      c->to | VMM_WORD_PAGE |
					      VMM_WORD_MERGED);
		c->end = c->to == c->frame ? VMM_MERGE_KEPT : VMM_MERGE_DONE;
		vmm_move_add(move, c->index);
	}
}

static void wait_for_faults(struct vmm_move *move, struct vmm_mem *mem)
{
	struct merge *m = container_of(move, struct merge, shift);
	unsigned int i;

	for (i = m->first; i < m->end; i++) {
		if (m->candidate[i].names)
			vmm_mem_wait_for_fault(mem, m->candidate[i].frame);
	}
}

static void shift_frames(struct merge *m)
{
	unsigned int i;

	for (i = m->first; i < m->end; i++) {
		if (table_of(m, &m->candidate[i]) >= 0)
			break;
	}
	if (i == m->end)
		return;
	vmm_family_move(m->leave.family, &m->leave.gather, &m->shift);
	m->shifts = true;
}

/* Nobody uses a frame any more by way of where it was. */
static void drop_frames(struct merge *m)
{
	struct vmm_merge_candidate *c;

	if (!m->shifts)
		return;
	synchronize_rcu_expedited();
	for (c = m->candidate; c < m->candidate + m->nr; c++) {
		if (c->names)
			vmm_merged_drop(c->frame, c->names);
	}
}

/* --- pages that become frames ------------------------------------------------------- */

static void pick(struct vmm_leave *l)
{
	struct merge *m = merge_of(l);
	const struct vmm_gathered *ours = vmm_gather_of(&l->gather,
							&m->mem->tree);
	unsigned int i, slot;

	if (ours)
		shift_frames(m);
	for (i = m->first; ours && i < m->end; i++) {
		slot = m->candidate[i].index & (VMM_BLOCK_PAGES - 1);
		if (m->candidate[i].frame)
			continue;
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

/* Candidates of one block, a piece of them, and whether there were any. */
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
	m->left = m->end - m->first;
	m->end = m->first + min(m->left, PIECE);
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
 * @flushes:	how often CPUs had to forget translations
 *
 * May sleep, and waits for a grace period.  The caller holds no lock of the family's, and
 * has the family's group active.
 *
 * Nothing of it reclaims while others wait for evict_lock, as they do who need memory: it
 * allocates as an eviction does.  What it takes is less than what it gives back, or comes
 * to that with the first page that is merged.
 *
 * Return: 0, -ENOMEM, -EINTR (about to be killed).
 */
int vmm_mem_merge(struct vmm_mem *mem, struct vmm_merge_candidate *candidate,
		  unsigned int nr, const struct vmm_merge_ops *ops, void *ctx,
		  unsigned long *flushes)
{
	struct merge *m = kvzalloc(sizeof(*m), GFP_KERNEL | __GFP_NOWARN);
	unsigned int scope, i;
	int err = 0;

	for (i = 0; i < nr; i++) {
		candidate[i].end = VMM_MERGE_STAYS;
		candidate[i].names = 0;
	}
	*flushes = 0;
	if (!m)
		return -ENOMEM;
	vmm_leave_init(&m->leave, &merge_ops, mem->family);
	m->shift.change = shift;
	m->shift.wait = wait_for_faults;
	m->mem = mem;
	m->ops = ops;
	m->ctx = ctx;
	m->candidate = candidate;
	m->nr = nr;
	if (mutex_lock_killable(&mem->family->evict_lock)) {
		err = -EINTR;
	} else {
		scope = memalloc_noreclaim_save();
		while (!fatal_signal_pending(current) && merge_next(m))
			cond_resched();
		vmm_leave_settle(&m->leave);
		drop_frames(m);
		vmm_leave_end(&m->leave);
		*flushes = m->leave.move.flushes + m->shift.flushes;
		memalloc_noreclaim_restore(scope);
		mutex_unlock(&mem->family->evict_lock);
	}
	kvfree(m);
	return err;
}
