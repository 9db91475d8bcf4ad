// SPDX-License-Identifier: GPL-2.0
/*
 * Pages leave the trees of a family.
 *
 * All objects of the family lose a page at once: a record takes its place in all
 * tables (tree_away.c).  For many pages together
 *	L1  a block's lock; find its tables, and pages all of whose names are there
 *	L2  an invalidation, as mem.c and move.c argue it, of these pages for every object that
 *	    has one of the tables, or is being changed by somebody else; the block's
 *	    lock, until it is over
 *	...  the same for some blocks more
 *	L3  a grace period
 *	L4  for each page, under its lock: it may be back, and nothing is to do; it has
 *	    a reference that is not ours, and goes back; else it is ours, by a name
 *	L5  somebody looks at it and says what is to become of it, with no lock held
 *	L6  under the lock: unless it is back it is replaced, and freed
 * Clients hear of L2 that the page has moved: it has not changed, so what is left of
 * it are the traces of writes in dirty bits.
 *
 * Why nobody writes to a page that is looked at
 *
 * After L2 no translation leads to it and no lookup finds it; after L3 nobody is inside
 * of RCU who found it before, so the kernel's own writers are done, and no reference
 * can be taken any more.  One that is there at L4 may be a device's, which writes
 * without asking: so the page is put back with all its marks, as own and lent as it was.
 * If there is none, nobody can write until the page comes back, and then it
 * has a name too many, ours: who wants to write makes a copy.
 *
 * Merged frames
 *
 * These never change, so nobody has to be kept from writing, and references do no
 * harm.  A frame that leaves keeps the names that it had here until it is packed: so it
 * is there for who wants it in the meantime, and his words have names of their own.  What becomes
 * of it elsewhere is no concern of this family's.
 *
 * A freeze looks for pinned pages, and finds those that are between L2 and L4 by
 * their marks: it puts them back first.  From L4 on a page has no
 * references.
 */

#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "mem/away.h"
#include "mem/leave.h"
#include "mem/mem.h"
#include "mem/merged.h"
#include "mem/port.h"

/* --- L1 ----------------------------------------------------------------------- */

/* References beyond those of user mappings: it would go back. */
static bool is_pinned(unsigned long phys)
{
	struct page *page = pfn_to_page(phys >> PAGE_SHIFT);

	return page_count(page) > 2 + atomic_read(&page->_mapcount);
}

static bool pick(struct vmm_leave *l, unsigned int table, unsigned int slot,
		 bool merged)
{
	struct vmm_store *store = l->family->totals.store;
	struct mem_cgroup *was;
	struct vmm_away *away;

	if (l->nr_picks == VMM_BLOCK_PAGES)
		return false;
	if (merged) {
		was = set_active_memcg(l->family->group);
		away = vmm_away_alloc(store, false);
		set_active_memcg(was);
	} else {
		away = vmm_away_alloc(store, true);
	}
	if (!away)
		return false;
	away->count = 1;
	l->pick[l->nr_picks++] = (struct vmm_leave_pick){
		away, merged, table, slot,
	};
	return true;
}

/**
 * vmm_leave_pick() - a page is to leave, if it can
 * @l:		in its @pick
 * @table:	one of @gather that has it
 * @slot:	where
 *
 * Return: whether it will: then there is room for it, and it is not pinned.
 */
bool vmm_leave_pick(struct vmm_leave *l, unsigned int table, unsigned int slot)
{
	unsigned long phys = vmm_gather_page(&l->gather, table, slot);

	return phys && !is_pinned(phys) && pick(l, table, slot, false);
}

/**
 * vmm_leave_pick_frame() - a merged frame is to leave, if it can
 * @l:		in its @pick
 * @table:	one of @gather that has it
 * @slot:	where
 *
 * Return: whether it will; not by any but the first table that has it.
 */
bool vmm_leave_pick_frame(struct vmm_leave *l, unsigned int table,
			  unsigned int slot)
{
	unsigned long frame = vmm_gather_frame(&l->gather, table, slot);
	unsigned int t;

	if (!frame)
		return false;
	for (t = 0; t < table; t++) {
		if (vmm_gather_frame(&l->gather, t, slot) == frame)
			return false;
	}
	return pick(l, table, slot, true);
}

/* --- L2 ----------------------------------------------------------------------- */

static struct vmm_leave *leave_of(struct vmm_move *move)
{
	return container_of(move, struct vmm_leave, move);
}

static void leave(struct vmm_move *move)
{
	struct vmm_leave *l = leave_of(move);
	unsigned long names;
	unsigned int i;
	pgoff_t index;

	for (i = 0; i < l->nr_picks; i++) {
		const struct vmm_leave_pick *pick = &l->pick[i];
		unsigned long away = (unsigned long)pick->away;

		names = 0;
		if (pick->merged)
			names = vmm_gather_leave_frame(&l->gather, pick->table,
						       pick->slot, away);
		else
			vmm_gather_leave(&l->gather, pick->table, pick->slot,
					 away);
		index = l->gather.index + pick->slot;
		l->leaver[l->nr++] = (struct vmm_leaver){
			pick->away, vmm_word_phys(pick->away->phys), names,
			index,
		};
		vmm_move_add(move, index);
	}
}

static void wait_for_faults(struct vmm_move *move, struct vmm_mem *mem)
{
	struct vmm_leave *l = leave_of(move);
	unsigned int i;

	for (i = l->nr - l->nr_picks; i < l->nr; i++)
		vmm_mem_wait_for_fault(mem, l->leaver[i].phys);
}

/**
 * vmm_leave_init() - nothing is under way
 * @l:		to be filled, zeroed
 * @ops:	who takes pages away
 * @family:	whose pages
 */
void vmm_leave_init(struct vmm_leave *l, const struct vmm_leave_ops *ops,
		    struct vmm_family *family)
{
	l->ops = ops;
	l->family = family;
	l->move.change = leave;
	l->move.wait = wait_for_faults;
	l->gather.totals = &family->totals;
	l->gather.at = l->table;
	l->gather.max = ARRAY_SIZE(l->table);
	l->gone.max = ARRAY_SIZE(l->item);
	l->gone.item = l->item;
}

/**
 * vmm_leave_end() - nothing is under way any more
 * @l:		settled
 */
void vmm_leave_end(struct vmm_leave *l)
{
	kvfree(l->more);
}

static bool more_tables(struct vmm_leave *l)
{
	unsigned long nr = 4 * l->gather.max;
	struct vmm_gathered *at;

	if (nr > VMM_LEAVE_TABLES_MAX)
		return false;
	at = kvmalloc_array(nr, sizeof(*at), GFP_KERNEL | __GFP_NOWARN |
					     __GFP_NOMEMALLOC);
	if (!at)
		return false;
	kvfree(l->more);
	l->more = at;
	l->gather.at = at;
	l->gather.max = nr;
	return true;
}

static int gather_tables(struct vmm_leave *l)
{
	int err;

	do {
		err = vmm_tree_gather(&l->gather);
	} while (err == -ENOSPC && more_tables(l));
	return err;
}

/**
 * vmm_leave_block() - L1 and L2 of a block
 * @l:		with room for all of its pages
 * @index:	where it begins
 *
 * The caller holds none of the family's locks.
 */
void vmm_leave_block(struct vmm_leave *l, pgoff_t index)
{
	struct mutex *lock = vmm_family_lock(l->family, index);

	l->gather.index = index;
	l->nr_picks = 0;
	if (!l->try)
		mutex_lock(lock);
	else if (!mutex_trylock(lock))
		return;
	/* What stays whole has a name too many for its pages to leave. */
	if (l->ops->prepare(l))
		vmm_tree_apart_all(l->gather.totals, index);
	if (!gather_tables(l)) {
		l->ops->pick(l);
		if (l->nr_picks)
			vmm_family_move(l->family, &l->gather, &l->move);
		vmm_gather_end(&l->gather);
	}
	mutex_unlock(lock);
}

/* --- L4 to L6 ------------------------------------------------------------------ */

/* L4: the page is ours, with two names; a frame has as many as it had. */
static bool take(struct vmm_totals *totals, const struct vmm_leaver *l)
{
	if (!l->away->phys)
		return false;
	if (l->names)
		return true;
	if (vmm_port_page_busy(l->phys)) {
		vmm_tree_come_back(totals, l->index, (unsigned long)l->away,
				   l->phys);
		return false;
	}
	++*vmm_port_page_count(l->phys);
	return true;
}

/* Something else takes the place of a page that has not come back meanwhile. */
static void replace(struct vmm_totals *totals, const struct vmm_leaver *l,
		    unsigned long what)
{
	unsigned long away = (unsigned long)l->away;

	if (what == VMM_LEAVE_ZERO)
		vmm_tree_forget(totals, l->index, away);
	else if (what != VMM_LEAVE_AWAY)
		vmm_tree_merge(totals, l->index, away, vmm_word_phys(what));
	l->away->phys = 0;
	if (!l->names)
		vmm_page_put(l->phys, l->index, totals);
}

/* L6, after @what was said to become of it; true: it has been replaced. */
static bool decide(struct vmm_totals *totals, const struct vmm_leaver *l,
		   unsigned long what)
{
	bool left = l->away->phys && what != VMM_LEAVE_BACK;

	if (left)
		replace(totals, l, what);
	else if (l->away->phys)
		vmm_tree_come_back(totals, l->index, (unsigned long)l->away,
				   l->away->phys);
	if (!l->names)
		vmm_page_put(l->phys, l->index, totals);
	if (vmm_word_is_merged(what))
		vmm_merged_put(vmm_word_phys(what));
	return left;
}

static void settle(struct vmm_leave *l, const struct vmm_leaver *at)
{
	struct vmm_totals *totals = &l->family->totals;
	struct mutex *lock = vmm_family_lock(l->family, at->index);
	unsigned long what;
	bool ours, left;

	mutex_lock(lock);
	ours = take(totals, at);
	mutex_unlock(lock);
	if (ours) {
		what = l->ops->settle(l, at);
		mutex_lock(lock);
		left = decide(totals, at, what);
		mutex_unlock(lock);
		l->left += left;
		if (l->ops->decided)
			l->ops->decided(l, at, left);
	}
	if (at->names)
		vmm_merged_drop(at->phys, at->names);
	l->item[l->gone.nr++] = vmm_leave_name(at->index, at->away);
}

/**
 * vmm_leave_settle() - L3 to L6 of all pages under way
 * @l:		is empty then
 *
 * Waits for a grace period.
 */
void vmm_leave_settle(struct vmm_leave *l)
{
	unsigned int i;

	if (!l->nr)
		return;
	synchronize_rcu_expedited();
	for (i = 0; i < l->nr; i++) {
		settle(l, &l->leaver[i]);
		cond_resched();
	}
	l->nr = 0;
	vmm_family_defer(l->family, &l->gone);
	l->gone.nr = 0;
}
