// SPDX-License-Identifier: GPL-2.0
/*
 * Merged frames become pages of a family again.
 *
 * A writer gets a copy for his object alone; here all objects of the family that name a
 * frame at an index get one in common, as before it was merged: frozen ones, too, and
 * what is shared stays so.  For some pages of a block at a time
 *	U1  copies are allocated, with no lock held, and room made where there is none
 *	U2  the block's lock; find its tables, and frames in them; fill the copies
 *	U3  a move (move.c): the copies take the frames' places, with as many names
 *	U4  the lock's end
 *	...  the same for some pages more
 *	U5  a grace period, after which the frames' names are dropped
 * A frame does not change, so it does not matter when it is copied.
 *
 * Who reads by the frame until U3 is done reads the same bytes by the copy later.  Who
 * wants to write finds a page that is not own, and waits for the lock: so nobody writes to
 * the copy before U4, when nobody has a translation to the frame any more.  He can take the
 * copy over if he is alone with it.
 *
 * That no frame comes after the hand that looks for them is the caller's: he gives no more
 * frames to merges (merge.h) from some moment on, and those that got one before it hold
 * the family's evict_lock until they are done, for which this waits once.  From then on
 * words of frames come from other tables of the same block alone, whose tables are
 * all looked at under its lock.
 *
 * The copies are charged to the group of who made the family, whoever unmerges.
 */

#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mem/family.h"
#include "mem/breaks.h"
#include "mem/merged.h"
#include "mem/move.h"
#include "mem/port.h"
#include "mem/unmerge.h"

/* Pages that move under one hold of a lock. */
#define AT_ONCE		64

/* Frames between two grace periods. */
#define DROPS		(16 * AT_ONCE)

/* Tables of a block; where there are more, room for twice as many is tried. */
#define TABLES		256UL

/* The place of a frame, in the first table that names it, and the copy. */
struct unmerge_pick {
	unsigned long table;
	unsigned int slot;
	unsigned long frame;
	unsigned long copy;
};

/* Names of a frame that are to be dropped. */
struct unmerge_drop {
	unsigned long frame;
	unsigned long nr;
};

/**
 * struct unmerge - frames of a family under way
 * @family:	whose
 * @move:	of the pages of one round
 * @gather:	tables of their block
 * @nr_picks:	how many pages
 * @nr_pages:	pages that are ready to become copies
 * @nr_drops:	how many are in @drop
 * @pick:	which pages
 * @page:	which are ready
 * @drop:	names that nobody needs after a grace period
 */
struct unmerge {
	struct vmm_family *family;
	struct vmm_move move;
	struct vmm_gather gather;
	unsigned int nr_picks;
	unsigned int nr_pages;
	unsigned int nr_drops;
	struct unmerge_pick pick[AT_ONCE];
	unsigned long page[AT_ONCE];
	struct unmerge_drop drop[DROPS];
};

/* --- U1 ------------------------------------------------------------------------- */

static bool allocate(struct unmerge *u)
{
	unsigned long page = vmm_policy_is_full(u->family, true) ? 0 :
			     vmm_port_page_alloc(false);

	if (page)
		u->page[u->nr_pages++] = page;
	return page;
}

/* At least one. */
static int prepare(struct unmerge *u)
{
	struct vmm_room room = { };

	while (!u->nr_pages && !allocate(u)) {
		if (!vmm_make_room(u->family, &room))
			return fatal_signal_pending(current) ? -EINTR : -ENOMEM;
	}
	while (u->nr_pages < AT_ONCE && allocate(u))
		;
	return 0;
}

static int more_tables(struct unmerge *u, unsigned long nr)
{
	kvfree(u->gather.at);
	u->gather.max = 0;
	u->gather.at = kvmalloc_array(nr, sizeof(*u->gather.at),
				      GFP_KERNEL | __GFP_NOWARN);
	if (!u->gather.at)
		return -ENOMEM;
	u->gather.max = nr;
	return 0;
}

/* --- U2, U3 --------------------------------------------------------------------- */

/* Among those of the same index. */
static bool is_picked(const struct unmerge *u, unsigned int slot,
		      unsigned long frame)
{
	unsigned int i = u->nr_picks;

	while (i-- && u->pick[i].slot == slot) {
		if (u->pick[i].frame == frame)
			return true;
	}
	return false;
}

/* As many as there are copies for, and whether there are more. */
static bool pick_frames(struct unmerge *u)
{
	unsigned long slot, t, frame, copy;

	u->nr_picks = 0;
	for (slot = 0; slot < VMM_BLOCK_PAGES; slot++) {
		for (t = 0; t < u->gather.nr; t++) {
			frame = vmm_gather_frame(&u->gather, t, slot);
			if (!frame || is_picked(u, slot, frame))
				continue;
			if (!u->nr_pages)
				return true;
			copy = u->page[--u->nr_pages];
			vmm_port_page_copy(copy, frame);
			u->pick[u->nr_picks++] = (struct unmerge_pick){
				t, slot, frame, copy,
			};
		}
	}
	return false;
}

static struct unmerge *unmerge_of(struct vmm_move *move)
{
	return container_of(move, struct unmerge, move);
}

static void change(struct vmm_move *move)
{
	struct unmerge *u = unmerge_of(move);
	const struct unmerge_pick *p;
	unsigned long n;

	for (p = u->pick; p < u->pick + u->nr_picks; p++) {
		n = vmm_gather_replace(&u->gather, p->table, p->slot,
				       p->copy | VMM_WORD_PAGE);
		u->drop[u->nr_drops++] = (struct unmerge_drop){ p->frame, n };
		vmm_move_add(move, u->gather.index + p->slot);
	}
}

static void wait_for_faults(struct vmm_move *move, struct vmm_mem *mem)
{
	struct unmerge *u = unmerge_of(move);
	unsigned int i;

	for (i = 0; i < u->nr_picks; i++)
		vmm_mem_wait_for_fault(mem, u->pick[i].frame);
}

/* Some frames of the block; *more: there are others. */
static int unmerge_some(struct unmerge *u, bool *more)
{
	struct mutex *lock = vmm_family_lock(u->family, u->gather.index);
	int err;

	mutex_lock(lock);
	err = vmm_tree_gather(&u->gather);
	if (!err) {
		*more = pick_frames(u);
		if (u->nr_picks) {
			u->move.flushes = 0;
			vmm_family_move(u->family, &u->gather, &u->move);
			vmm_breaks_unmerge(u->gather.index + u->pick[0].slot,
					   u->nr_picks, u->move.flushes);
		}
		vmm_gather_end(&u->gather);
	}
	mutex_unlock(lock);
	return err;
}

/* --- all of it ------------------------------------------------------------------ */

/* U5 */
static void settle(struct unmerge *u)
{
	if (!u->nr_drops)
		return;
	synchronize_rcu_expedited();
	while (u->nr_drops--) {
		vmm_merged_drop(u->drop[u->nr_drops].frame,
				u->drop[u->nr_drops].nr);
		cond_resched();
	}
	u->nr_drops = 0;
}

static int unmerge_block(struct unmerge *u, pgoff_t index)
{
	bool more;
	int err;

	u->gather.index = index;
	do {
		more = false;
		err = unmerge_some(u, &more);
		if (err == -ENOSPC) {
			more = true;
			err = more_tables(u, 2 * u->gather.max);
		}
		if (u->nr_drops > DROPS - AT_ONCE)
			settle(u);
		if (!err && more)
			err = prepare(u);
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	} while (!err && more);
	return err;
}

static int unmerge(struct unmerge *u)
{
	struct vmm_family *family = u->family;
	unsigned long index;
	int err;

	if (mutex_lock_killable(&family->evict_lock))
		return -EINTR;
	mutex_unlock(&family->evict_lock);
	err = more_tables(u, TABLES);
	for (index = 0; index < family->nr_pages && !err;
	     index += VMM_BLOCK_PAGES)
		err = unmerge_block(u, index);
	settle(u);
	while (u->nr_pages)
		vmm_port_page_free(u->page[--u->nr_pages]);
	kvfree(u->gather.at);
	return err;
}

/**
 * vmm_family_unmerge() - have no merged frames in a family
 * @family:	which, referenced; no merge of its pages gets a frame any more
 *
 * May sleep, make room, and wait for grace periods; the caller holds none of the family's
 * locks.
 *
 * Return: 0; -ENOMEM, -EINTR (about to be killed): some frames are left.
 */
int vmm_family_unmerge(struct vmm_family *family)
{
	struct unmerge *u = kvzalloc(sizeof(*u), GFP_KERNEL | __GFP_NOWARN);
	struct mem_cgroup *was;
	int err;

	if (!u)
		return -ENOMEM;
	u->family = family;
	u->move.change = change;
	u->move.wait = wait_for_faults;
	u->gather.totals = &family->totals;
	was = set_active_memcg(family->group);
	err = unmerge(u);
	set_active_memcg(was);
	kvfree(u);
	return err;
}

/**
 * vmm_unmerge_all() - likewise, in all of them, and in those behind one that has no room
 */
int vmm_unmerge_all(void)
{
	struct vmm_family *family = NULL;
	int err = 0, now;

	while (err != -EINTR && (family = vmm_family_next(family))) {
		now = vmm_family_unmerge(family);
		err = now ?: err;
	}
	if (family)
		vmm_family_put(family);
	return err;
}
