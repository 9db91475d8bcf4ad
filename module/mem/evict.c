// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a family leave memory, and come back.
 *
 * Which ones
 *
 * A clock's hand goes over the blocks.  What was used since it came by has a second
 * chance: clients tell by accessed bits; a page that user space has mapped counts as
 * used, and loses its mappings, so that the next use is a fault.  A whole block
 * goes, or stays, as one.  If all is in use the hand goes round once more, and
 * takes what was not used in the meantime.
 *
 * Leaving
 *
 * All objects of the family lose a page at once: its record takes its place in all
 * tables (tree_away.c).  For many pages together
 *	L1  a block's lock; find its tables, and pages all of whose names are there
 *	L2  an invalidation, as mem.c argues it, of these pages for every object that
 *	    has one of the tables, or is being changed by somebody else; the block's
 *	    lock, until it is over
 *	...  the same for some blocks more
 *	L3  a grace period
 *	L4  for each page, under its lock: it may be back, and nothing is to do; it has
 *	    a reference that is not ours, and goes back; else it is ours, by a name
 *	L5  it is packed, with no lock held
 *	L6  under the lock: unless it is back it is freed
 * Clients hear of L2 that the page has moved: it has not changed, so what is left of
 * it are the traces of writes in dirty bits.
 *
 * Why nobody writes to a page that is packed
 *
 * After L2 no translation leads to it and no lookup finds it; after L3 nobody is inside
 * of RCU who found it before, so the kernel's own writers are done, and no reference
 * can be taken any more.  One that is there at L4 may be a device's, which writes
 * without asking: so the page is put back with all its marks, as own and lent as it was.
 * If there is none, nobody can write until the page comes back, and then it
 * has a name too many, the packer's: who wants to write makes a copy.
 *
 * A freeze looks for pinned pages, and finds those that are between L2 and L4 by
 * their marks: it puts them back first.  From L4 on a page has no
 * references.
 *
 * Why nobody's translation is forgotten
 *
 * Objects whose tree names the page are found by their tables.  One that had it until
 * a moment ago, and from which a discard or a return has yet to take translations, is
 * busy (mem.c, I1), which the block's lock makes visible: such ones are
 * told, too.  An object is on the family's list before it has translations and
 * until it has none.
 *
 * Coming back
 *
 * A page that is still in its memory takes its record's place again.  Else it is
 * unpacked without a lock, as a file may have to be read for it, to a fresh page;
 * of several who do that at a time one is first.
 */

#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mem/away.h"
#include "mem/evict.h"
#include "mem/mem.h"
#include "mem/port.h"

/* Between two grace periods. */
#define EVICT_ITEMS	(4 * VMM_BLOCK_PAGES)

/* Tables of a block: each page is looked for in all of them, so one of more stays. */
#define TABLES_MAX	256

/* A page that is to leave: the place of one of its names. */
struct pick {
	struct vmm_away *away;
	unsigned int table;
	unsigned int slot;
};

/* A page that has left. */
struct leaver {
	struct vmm_away *away;
	unsigned long phys;
	pgoff_t index;
};

/**
 * struct evict - an eviction under way
 * @family:	whose pages
 * @flags:	VMM_EVICT_*
 * @want:	how many pages are still to be tried
 * @freed:	how many have left memory
 * @gather:	tables of a block
 * @young:	pages of it that are in use
 * @nr_picks:	how many are in @pick
 * @nr_ranges:	likewise in @range
 * @nr:		likewise in @leaver
 * @table:	room for @gather
 * @pick:	pages of one block that are to leave
 * @range:	where they are
 * @leaver:	pages that have left, of several blocks
 * @gone:	names of records that are to be dropped
 * @item:	what @gone has
 */
struct evict {
	struct vmm_family *family;
	unsigned int flags;
	unsigned long want;
	unsigned long freed;
	struct vmm_gather gather;
	DECLARE_BITMAP(young, VMM_BLOCK_PAGES);
	unsigned int nr_picks;
	unsigned int nr_ranges;
	unsigned int nr;
	struct vmm_gathered table[TABLES_MAX];
	struct pick pick[VMM_BLOCK_PAGES];
	struct vmm_mem_range range[VMM_BLOCK_PAGES / 2];
	struct leaver leaver[EVICT_ITEMS];
	struct vmm_gone gone;
	struct vmm_gone_item item[EVICT_ITEMS];
};

/* A name of a record is dropped when nobody can be comparing its address. */
static struct vmm_gone_item name_of(pgoff_t index, const struct vmm_away *away)
{
	return (struct vmm_gone_item){
		.word = (unsigned long)away | VMM_WORD_AWAY,
		.index = index,
		.level = VMM_LEVEL_PAGE,
	};
}

/* --- which pages ----------------------------------------------------------------- */

/* What user space has mapped; it isn't any more. */
static void look_at_users(struct evict *e, struct vmm_mem *mem,
			  const struct vmm_mem_range *range)
{
	unsigned long i, word;
	bool huge;

	if (!vmm_mem_is_mapped(mem))
		return;
	rcu_read_lock();
	for (i = 0; i < range->count; i++) {
		word = vmm_tree_lookup(&mem->tree, range->first + i, &huge);
		if ((word & VMM_WORD_PAGE) &&
		    atomic_read(&vmm_port_page(word)->_mapcount) >= 0)
			__set_bit(i, e->young);
	}
	rcu_read_unlock();
	unmap_mapping_pages(mem->inode->i_mapping, range->first, range->count,
			    false);
}

/* Under the block's lock. */
static void look(struct evict *e, pgoff_t index)
{
	struct vmm_family *family = e->family;
	struct vmm_mem_range range = { .first = index };
	struct vmm_mem *mem;

	bitmap_zero(e->young, VMM_BLOCK_PAGES);
	if (e->flags & VMM_EVICT_ALL)
		return;
	mutex_lock(&family->members_lock);
	list_for_each_entry(mem, &family->members, kin) {
		if (!vmm_tree_block(&mem->tree, index))
			continue;
		range.count = min(VMM_BLOCK_PAGES, mem->nr_pages - index);
		look_at_users(e, mem, &range);
		vmm_mem_ask_young(mem, &range, e->young);
	}
	mutex_unlock(&family->members_lock);
}

/* --- L1 ----------------------------------------------------------------------- */

/* References beyond those of user mappings: it would go back. */
static bool is_pinned(unsigned long phys)
{
	struct page *page = pfn_to_page(phys >> PAGE_SHIFT);

	return page_count(page) > 2 + atomic_read(&page->_mapcount);
}

static bool pick_page(struct evict *e, unsigned int table, unsigned int slot)
{
	unsigned long phys = vmm_gather_page(&e->gather, table, slot);
	struct vmm_away *away;

	if (!phys || is_pinned(phys))
		return true;
	away = vmm_away_alloc(e->family->totals.store);
	if (!away)
		return false;
	away->count = 1;
	e->pick[e->nr_picks++] = (struct pick){ away, table, slot };
	e->want--;
	return e->want && e->nr_picks < VMM_BLOCK_PAGES;
}

static void pick_pages(struct evict *e)
{
	unsigned int slot, table;

	e->nr_picks = 0;
	for_each_clear_bit(slot, e->young, VMM_BLOCK_PAGES) {
		cond_resched();
		for (table = 0; table < e->gather.nr; table++) {
			if (!pick_page(e, table, slot))
				return;
		}
	}
}

/* --- L2 ----------------------------------------------------------------------- */

static void leave(struct evict *e)
{
	struct vmm_mem_range *last = NULL;
	unsigned int i;
	pgoff_t index;

	e->nr_ranges = 0;
	for (i = 0; i < e->nr_picks; i++) {
		const struct pick *pick = &e->pick[i];

		vmm_gather_leave(&e->gather, pick->table, pick->slot,
				 (unsigned long)pick->away);
		index = e->gather.index + pick->slot;
		e->leaver[e->nr++] = (struct leaver){
			pick->away, pick->away->phys, index,
		};
		if (last && index < last->first + last->count)
			continue;	/* another object's */
		if (!last || index != last->first + last->count) {
			last = &e->range[e->nr_ranges++];
			*last = (struct vmm_mem_range){ .first = index };
		}
		last->count++;
	}
}

static void unmap_users(struct evict *e, struct vmm_mem *mem)
{
	unsigned int i;

	if (!vmm_mem_is_mapped(mem))
		return;
	for (i = e->nr - e->nr_picks; i < e->nr; i++)
		vmm_mem_wait_for_fault(mem, e->leaver[i].phys);
	for (i = 0; i < e->nr_ranges; i++)
		unmap_mapping_pages(mem->inode->i_mapping, e->range[i].first,
				    e->range[i].count, false);
}

static void invalidate(struct evict *e)
{
	struct vmm_family *family = e->family;
	struct vmm_mem *mem;

	mutex_lock(&family->members_lock);
	list_for_each_entry(mem, &family->members, kin) {
		mem->evicting = atomic_read(&mem->busy) ||
				vmm_gather_of(&e->gather, &mem->tree);
		if (!mem->evicting)
			continue;
		vmm_mem_change_begin(mem);
		/* What was own may come back as what is not: see registry.c. */
		atomic_add(2, &mem->turns);
	}
	leave(e);
	list_for_each_entry(mem, &family->members, kin) {
		if (!mem->evicting)
			continue;
		unmap_users(e, mem);
		vmm_mem_call_clients(mem, e->range, e->nr_ranges,
				     VMM_MEM_MOVED);
		vmm_mem_change_end(mem);
	}
	mutex_unlock(&family->members_lock);
}

/* L1 and L2, for the block that begins at @index. */
static void evict_block(struct evict *e, pgoff_t index)
{
	struct mutex *lock = vmm_family_lock(e->family, index);

	e->gather.index = index;
	mutex_lock(lock);
	look(e, index);
	/* What of it stays whole has a name too many for its pages to leave. */
	if (bitmap_empty(e->young, VMM_BLOCK_PAGES))
		vmm_tree_apart_all(e->gather.totals, index);
	if (!vmm_tree_gather(&e->gather)) {
		pick_pages(e);
		if (e->nr_picks)
			invalidate(e);
		vmm_gather_end(&e->gather);
	}
	mutex_unlock(lock);
}

/* --- L4 to L6 ------------------------------------------------------------------ */

/* L4: the page is ours, with two names. */
static bool take(struct vmm_totals *totals, const struct leaver *l)
{
	if (!l->away->phys)
		return false;
	if (vmm_port_page_busy(l->phys)) {
		vmm_tree_come_back(totals, l->index, (unsigned long)l->away,
				   l->phys);
		return false;
	}
	++*vmm_port_page_count(l->phys);
	return true;
}

/* L6, after packing said @err; true: it has left. */
static bool settle(struct vmm_totals *totals, const struct leaver *l, int err)
{
	bool left = l->away->phys && (!err || err == VMM_AWAY_ZERO);

	if (l->away->phys && !left)
		vmm_tree_come_back(totals, l->index, (unsigned long)l->away,
				   l->phys);
	if (left && err == VMM_AWAY_ZERO)
		vmm_tree_forget(totals, l->index, (unsigned long)l->away);
	if (left) {
		l->away->phys = 0;
		vmm_page_put(l->phys, totals);
	}
	vmm_page_put(l->phys, totals);
	return left;
}

static void pack(struct evict *e, const struct leaver *l)
{
	struct vmm_totals *totals = &e->family->totals;
	struct mutex *lock = vmm_family_lock(e->family, l->index);
	bool ours;
	int err;

	mutex_lock(lock);
	ours = take(totals, l);
	mutex_unlock(lock);
	if (ours) {
		err = vmm_away_pack(totals->store, l->away, l->phys);
		mutex_lock(lock);
		e->freed += settle(totals, l, err);
		mutex_unlock(lock);
	}
	e->item[e->gone.nr++] = name_of(l->index, l->away);
}

static void pack_all(struct evict *e)
{
	unsigned int i;

	if (!e->nr)
		return;
	synchronize_rcu_expedited();
	for (i = 0; i < e->nr; i++) {
		pack(e, &e->leaver[i]);
		cond_resched();
	}
	e->nr = 0;
	vmm_family_defer(e->family, &e->gone);
	e->gone.nr = 0;
}

/* --- all of it ------------------------------------------------------------------- */

static void evict_next(struct evict *e, pgoff_t index)
{
	evict_block(e, index);
	if (!e->want || e->nr + VMM_BLOCK_PAGES > EVICT_ITEMS)
		pack_all(e);
}

static void evict_all(struct evict *e)
{
	struct vmm_family *family = e->family;
	unsigned long blocks = DIV_ROUND_UP(family->nr_pages, VMM_BLOCK_PAGES);
	unsigned long n;

	/* The second time round shows what has been used since the first. */
	n = e->flags & VMM_EVICT_ALL ? blocks : 2 * blocks;
	for (; n && e->want; n--) {
		if (family->hand >= blocks)
			family->hand = 0;
		evict_next(e, family->hand << VMM_BLOCK_SHIFT);
		if (e->want)
			family->hand++;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	pack_all(e);
}

/*
 * All of it allocates from the kernel's last reserves, and beyond the limit of a group
 * (see away.c): each page that has been packed is given back before the next one is.
 */
static int evict(struct evict *e, struct vmm_family *family,
		 unsigned long *pages, unsigned int flags)
{
	unsigned int scope;

	e->family = family;
	e->flags = flags;
	e->want = *pages;
	e->gather.totals = &family->totals;
	e->gather.at = e->table;
	e->gather.max = TABLES_MAX;
	e->gone.max = EVICT_ITEMS;
	e->gone.item = e->item;
	*pages = 0;
	if (mutex_lock_killable(&family->evict_lock))
		return -EINTR;
	scope = memalloc_noreclaim_save();
	evict_all(e);
	memalloc_noreclaim_restore(scope);
	mutex_unlock(&family->evict_lock);
	*pages = e->freed;
	return 0;
}

/* For those who find no memory for their own. */
static struct evict *spare;
static DEFINE_MUTEX(spare_lock);

int vmm_evict_init(void)
{
	spare = kvmalloc(sizeof(*spare), GFP_KERNEL);
	return spare ? 0 : -ENOMEM;
}

void vmm_evict_exit(void)
{
	kvfree(spare);
}

/**
 * vmm_family_evict() - take pages of a family out of memory
 * @family:	the family, referenced
 * @pages:	how many to try; receives how many have left
 * @flags:	VMM_EVICT_*
 *
 * One at a time for a family.  May sleep, and waits for grace periods; the caller
 * holds none of the family's locks.
 *
 * Return: 0, -EINTR (about to be killed).
 */
int vmm_family_evict(struct vmm_family *family, unsigned long *pages,
		     unsigned int flags)
{
	struct evict *e = kvzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT |
					      __GFP_NOWARN | __GFP_NORETRY |
					      __GFP_NOMEMALLOC);
	int err;

	if (e) {
		err = evict(e, family, pages, flags);
		kvfree(e);
		return err;
	}
	if (mutex_lock_killable(&spare_lock)) {
		*pages = 0;
		return -EINTR;
	}
	memset(spare, 0, sizeof(*spare));
	err = evict(spare, family, pages, flags);
	mutex_unlock(&spare_lock);
	return err;
}

/* --- coming back ------------------------------------------------------------------ */

/* The record at @index with a name more, or NULL: the page is not away any more. */
static struct vmm_away *find_record(struct vmm_mem *mem, pgoff_t index)
{
	struct mutex *lock = vmm_family_lock(mem->family, index);
	struct vmm_away *away;

	mutex_lock(lock);
	away = (struct vmm_away *)vmm_tree_away(&mem->tree, index);
	if (away && away->phys) {
		vmm_tree_come_back(&mem->family->totals, index,
				   (unsigned long)away, away->phys);
		away = NULL;
	}
	if (away)
		away->count++;
	mutex_unlock(lock);
	return away;
}

/* What has become of unpacking to @phys. */
static int fetched(struct vmm_mem *mem, pgoff_t index, struct vmm_away *away,
		   unsigned long phys, int err)
{
	struct mutex *lock = vmm_family_lock(mem->family, index);

	mutex_lock(lock);
	if (!err)
		vmm_tree_fetched(&mem->family->totals, index,
				 (unsigned long)away, phys);
	else if (vmm_tree_away(&mem->tree, index) != (unsigned long)away)
		err = 0;	/* somebody else had more luck */
	mutex_unlock(lock);
	return err;
}

/**
 * vmm_mem_fetch() - bring a page back, if it is away
 * @mem:	the object
 * @index:	page number, checked
 *
 * It may have left again when this returns.  May sleep, and read a file.
 *
 * Return: 0, -ENOMEM, -EIO, -EBADMSG (what is stored is not what was).
 */
int vmm_mem_fetch(struct vmm_mem *mem, pgoff_t index)
{
	struct vmm_away *away = find_record(mem, index);
	struct vmm_gone_item item = name_of(index, away);
	struct vmm_gone gone = { .nr = 1, .max = 1, .item = &item };
	unsigned long phys;
	int err = -ENOMEM;

	if (!away)
		return 0;
	phys = vmm_port_page_alloc(false);
	if (phys)
		err = vmm_away_unpack(mem->family->totals.store, away, phys);
	if (phys && err)
		vmm_port_page_free(phys);
	err = fetched(mem, index, away, phys, err);
	vmm_family_defer(mem->family, &gone);
	return err;
}

/**
 * vmm_mem_fetch_all() - bring all pages of an object back
 * @mem:	the object
 *
 * Return: 0, -EINTR (about to be killed), or as vmm_mem_fetch().
 */
int vmm_mem_fetch_all(struct vmm_mem *mem)
{
	unsigned long index, word = 0;
	bool found, huge;
	int err = 0;

	for (index = 0; index < mem->nr_pages && !err; index += found) {
		rcu_read_lock();
		index = vmm_tree_seek(&mem->tree, index, true, &found);
		if (found)
			word = vmm_tree_lookup(&mem->tree, index, &huge);
		rcu_read_unlock();
		if (found && (word & VMM_WORD_AWAY))
			err = vmm_mem_fetch(mem, index);
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	return err;
}
