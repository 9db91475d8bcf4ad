// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a family leave memory, by the steps of leave.c, and come back.
 *
 * Which ones
 *
 * First who has come back lately, but for the last of them (recent.c).  While these leave
 * a clock's hand goes slowly over the blocks; if there are none, as fast as it takes.  What was
 * used since it came by has a second chance: clients tell by accessed bits; a page that user
 * space has mapped counts as used, and loses its mappings, so that the next use is a fault.
 * A whole block goes, or stays, as one.  If all is in use the hand goes round once more, and
 * takes what was not used in the meantime.
 *
 * A merged frame leaves the family, and memory if nobody else has it; else each who has it keeps
 * what he packs until the last one has done so.  So for the limit of a family, which counts what
 * it has, all of them can leave (VMM_EVICT_SHARED); for the host, which will come to
 * the others, too, those that few have (VMM_EVICT_FEW); and for a control group, which may have
 * nothing to do with the others, only those that are freed.
 *
 * Coming back
 *
 * A page that is still in its memory takes its record's place again.  Else it is
 * unpacked without a lock, as a file may have to be read for it, to a fresh page;
 * of several who do that at a time one is first.
 */

#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mem/away.h"
#include "mem/evict.h"
#include "mem/leave.h"
#include "mem/mem.h"
#include "mem/merged.h"
#include "mem/port.h"
#include "mem/swap.h"

/* Names of a frame that few have: two, and the one of who merges. */
#define FEW_NAMES	3

/* The hand goes on by a page for so many that are to leave, at least. */
#define SLOW_HAND	4

/* Who came back before a time without evictions as long has proved himself. */
#define QUIET_TIME	(60 * HZ)

/**
 * struct evict - an eviction under way
 * @leave:	the pages
 * @flags:	VMM_EVICT_*
 * @want:	how many pages are still to be tried
 * @chosen:	the other pages of the block have been
 * @young:	pages of a block that are in use, or are not to leave
 */
struct evict {
	struct vmm_leave leave;
	unsigned int flags;
	unsigned long want;
	bool chosen;
	DECLARE_BITMAP(young, VMM_BLOCK_PAGES);
};

static struct evict *evict_of(struct vmm_leave *l)
{
	return container_of(l, struct evict, leave);
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

static void look_at_object(struct evict *e, struct vmm_mem *mem, pgoff_t index)
{
	struct vmm_mem_range range = {
		.first = index,
		.count = min(VMM_BLOCK_PAGES, mem->nr_pages - index),
	};

	if (!vmm_tree_block(&mem->tree, index))
		return;
	look_at_users(e, mem, &range);
	vmm_mem_ask_young(mem, &range, e->young);
}

/* A whole block goes or stays as one. */
static bool prepare(struct vmm_leave *l)
{
	struct vmm_family *family = l->family;
	struct evict *e = evict_of(l);
	struct vmm_mem *mem;

	if (e->chosen)
		return false;
	bitmap_zero(e->young, VMM_BLOCK_PAGES);
	if (e->flags & VMM_EVICT_ALL)
		return true;
	/* The hand has been here, and cleared what it saw. */
	bitmap_copy(e->young, family->seen, VMM_BLOCK_PAGES);
	mutex_lock(&family->members_lock);
	list_for_each_entry(mem, &family->members, kin)
		look_at_object(e, mem, l->gather.index);
	mutex_unlock(&family->members_lock);
	return bitmap_empty(e->young, VMM_BLOCK_PAGES);
}

static bool may_leave(const struct evict *e, unsigned long frame,
		      unsigned int slot)
{
	u64 names = vmm_merged_names_of(frame);
	unsigned long t;

	if (e->flags & VMM_EVICT_SHARED)
		return true;
	if ((e->flags & VMM_EVICT_FEW) && names <= FEW_NAMES)
		return true;
	for (t = 0; t < e->leave.gather.nr && names; t++)
		names -= vmm_gather_frame(&e->leave.gather, t, slot) == frame;
	return !names;
}

static bool pick_frame(struct evict *e, unsigned int table, unsigned int slot)
{
	unsigned long frame = vmm_gather_frame(&e->leave.gather, table, slot);

	return frame && may_leave(e, frame, slot) &&
	       vmm_leave_pick_frame(&e->leave, table, slot);
}

static void pick(struct vmm_leave *l)
{
	struct evict *e = evict_of(l);
	unsigned int slot, table;

	for_each_clear_bit(slot, e->young, VMM_BLOCK_PAGES) {
		cond_resched();
		for (table = 0; table < l->gather.nr && e->want; table++)
			e->want -= vmm_leave_pick(l, table, slot) ||
				   pick_frame(e, table, slot);
	}
}

static unsigned long pack(struct vmm_leave *l, const struct vmm_leaver *leaver)
{
	struct vmm_store *store = l->family->totals.store;
	struct mem_cgroup *was;
	int err;

	if (leaver->names) {
		/* The family's charge, whoever has it leave. */
		was = set_active_memcg(l->family->group);
		err = vmm_away_pack(store, leaver->away, leaver->phys, false);
		set_active_memcg(was);
	} else {
		err = vmm_away_pack(store, leaver->away, leaver->phys, true);
	}
	if (err == VMM_AWAY_ZERO)
		return VMM_LEAVE_ZERO;
	return err ? VMM_LEAVE_BACK : VMM_LEAVE_AWAY;
}

static const struct vmm_leave_ops evict_ops = {
	.prepare	= prepare,
	.pick		= pick,
	.settle		= pack,
};

/* --- all of it ------------------------------------------------------------------- */

static void evict_next(struct evict *e, pgoff_t index)
{
	vmm_leave_block(&e->leave, index);
	if (!e->want || vmm_leave_is_full(&e->leave))
		vmm_leave_settle(&e->leave);
}

static bool may_go_on(const struct evict *e)
{
	cond_resched();
	return e->want && !fatal_signal_pending(current);
}

/* A block; the hand stays if there may be more to leave in it. */
static void evict_at_hand(struct evict *e, bool stay)
{
	struct vmm_family *family = e->leave.family;

	if (family->hand >= DIV_ROUND_UP(family->nr_pages, VMM_BLOCK_PAGES))
		family->hand = 0;
	evict_next(e, family->hand << VMM_BLOCK_SHIFT);
	if (stay && !e->want) {
		bitmap_copy(family->seen, e->young, VMM_BLOCK_PAGES);
		return;
	}
	bitmap_zero(family->seen, VMM_BLOCK_PAGES);
	family->hand++;
}

static void evict_slowly(struct evict *e)
{
	struct vmm_family *family = e->leave.family;

	family->owed += min(e->want, family->nr_pages);
	while (family->owed >= SLOW_HAND * VMM_BLOCK_PAGES && may_go_on(e)) {
		family->owed -= SLOW_HAND * VMM_BLOCK_PAGES;
		evict_at_hand(e, false);
	}
}

/* The last who have come back stay: they may not have been used yet. */
static void evict_recent(struct evict *e)
{
	struct vmm_family *family = e->leave.family;
	unsigned long block, resident;
	unsigned int n;

	e->chosen = true;
	while (may_go_on(e)) {
		resident = atomic_long_read(&family->totals.pages);
		spin_lock(&family->recent_lock);
		n = vmm_recent_take(&family->recent, resident,
				    min(e->want, VMM_BLOCK_PAGES), &block,
				    e->young);
		spin_unlock(&family->recent_lock);
		if (!n)
			break;
		bitmap_complement(e->young, e->young, VMM_BLOCK_PAGES);
		evict_next(e, block << VMM_BLOCK_SHIFT);
	}
	e->chosen = false;
}

static void evict_rest(struct evict *e)
{
	struct vmm_family *family = e->leave.family;
	unsigned long blocks = DIV_ROUND_UP(family->nr_pages, VMM_BLOCK_PAGES);
	unsigned long n;

	/* The second time round shows what has been used since the first. */
	n = e->flags & VMM_EVICT_ALL ? blocks : 2 * blocks;
	while (n-- && may_go_on(e))
		evict_at_hand(e, true);
}

static void evict_all(struct evict *e)
{
	struct vmm_family *family = e->leave.family;

	if (time_after(jiffies, family->evicted + QUIET_TIME)) {
		spin_lock(&family->recent_lock);
		vmm_recent_clear(&family->recent);
		spin_unlock(&family->recent_lock);
	}
	family->evicted = jiffies;
	evict_slowly(e);
	evict_recent(e);
	evict_rest(e);
	vmm_leave_settle(&e->leave);
}

static int evict(struct evict *e, struct vmm_family *family,
		 unsigned long *pages, unsigned int flags)
{
	vmm_leave_init(&e->leave, &evict_ops, family);
	/* Who has a block may be waiting for memory. */
	e->leave.try = flags & VMM_EVICT_TRY;
	e->flags = flags;
	e->want = *pages;
	*pages = 0;
	if ((flags & VMM_EVICT_TRY) ? !mutex_trylock(&family->evict_lock) :
				      mutex_lock_killable(&family->evict_lock))
		return flags & VMM_EVICT_TRY ? -EBUSY : -EINTR;
	evict_all(e);
	vmm_leave_end(&e->leave);
	WRITE_ONCE(family->left, family->left + e->leave.left);
	mutex_unlock(&family->evict_lock);
	vmm_swap_flush(family->totals.store);
	*pages = e->leave.left;
	return 0;
}

/* For those who find no memory for their own. */
static struct evict *spare;
static DEFINE_MUTEX(spare_lock);

static int evict_by_spare(struct vmm_family *family, unsigned long *pages,
			  unsigned int flags)
{
	unsigned long most = *pages;
	int err;

	*pages = 0;
	/* Who waits for nobody does not wait for who has it, either. */
	if ((flags & VMM_EVICT_TRY) ? !mutex_trylock(&spare_lock) :
				      mutex_lock_killable(&spare_lock))
		return flags & VMM_EVICT_TRY ? -EBUSY : -EINTR;
	*pages = most;
	memset(spare, 0, sizeof(*spare));
	err = evict(spare, family, pages, flags);
	mutex_unlock(&spare_lock);
	return err;
}

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
 * All of it allocates from the kernel's last reserves, and beyond the limit of a group
 * (see away.c): each page that has been packed is given back before the next one is.  And
 * nothing of it reclaims: that could wait for it.
 *
 * Return: 0, -EINTR (about to be killed), -EBUSY (with VMM_EVICT_TRY: somebody else is
 * at it).
 */
int vmm_family_evict(struct vmm_family *family, unsigned long *pages,
		     unsigned int flags)
{
	unsigned int scope = memalloc_noreclaim_save();
	struct evict *e = kvzalloc(sizeof(*e), GFP_KERNEL | __GFP_NOWARN |
					      __GFP_NOMEMALLOC);
	int err = e ? evict(e, family, pages, flags) :
		      evict_by_spare(family, pages, flags);

	kvfree(e);
	memalloc_noreclaim_restore(scope);
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

/* Who comes back is on probation, unless he is lucky. */
static void note_back(struct vmm_family *family, pgoff_t index)
{
	if (!(get_random_u32() % VMM_RECENT_ODDS))
		return;
	spin_lock(&family->recent_lock);
	vmm_recent_add(&family->recent, index);
	spin_unlock(&family->recent_lock);
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
 * @reserved:	even if there is to be no page more
 *
 * It may have left again when this returns.  May sleep, and read a file.
 *
 * Return: 0, -ENOMEM (also at the family's limit), -EIO, -EBADMSG (what is stored is not
 * what was).
 */
int vmm_mem_fetch(struct vmm_mem *mem, pgoff_t index, bool reserved)
{
	struct vmm_away *away = find_record(mem, index);
	struct vmm_gone_item item = vmm_leave_name(index, away);
	struct vmm_gone gone = { .nr = 1, .max = 1, .item = &item };
	unsigned long phys = 0;
	int err = -ENOMEM;

	if (!away)
		return 0;
	if (reserved || !vmm_policy_is_full(mem->family, false))
		phys = vmm_port_page_alloc(false);
	if (phys)
		err = vmm_away_unpack(mem->family->totals.store, away, phys);
	if (phys && err)
		vmm_port_page_free(phys);
	err = fetched(mem, index, away, phys, err);
	if (!err)
		note_back(mem->family, index);
	vmm_family_defer(mem->family, &gone);
	return err;
}

/**
 * vmm_mem_fetch_all() - bring all pages of an object back
 * @mem:	the object
 *
 * What is back does not push out what has come before.
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
			err = vmm_mem_fetch(mem, index, false);
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	return err;
}
