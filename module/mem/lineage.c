// SPDX-License-Identifier: GPL-2.0
/*
 * Freeze, fork, return: memory objects out of others.
 *
 * Freezing
 *
 * A freeze makes a second object of the same root, and has to see to it that
 * nobody writes to what that has become.  A live object that has not been written
 * since its last freeze has nothing that could be written; else
 *	F1  busy++, and all locks of the family
 *	F2  VMM_WORD_OWN goes from the root: no lookup finds a page for writing, and
 *	    who wants one waits for the locks
 *	F3  user mappings go, if there are any, as in a discard (mem.c)
 *	F4  the clients take write permission from their translations, and
 *	    move what tells who keeps an address that he has to look again
 *	F5  a grace period: who found a page for writing has written
 *	F6  the root is shared
 *	F7  pages that somebody has by a reference stay with the live object
 *	F8  locks, seq++, busy--
 * Nobody can reach the new object before all of this is done.  Then every page of it
 * is as it will be: a processor, the kernel and user space write through
 * translations, which are gone after F3, F4; or within an RCU section or an
 * operation on references.
 *
 * F7 is for the last of these: pins by GUP, be they for a moment or long-term, pipes,
 * holds.  They write without asking.  What they have for writing was lent out,
 * and VMM_WORD_LENT is in all words that lead there: so they are found at the cost
 * of what user space has touched.  No reference can be taken any more after F3
 * and F5, so one that is there now, is there for good, and its page must not be
 * frozen: the frozen object gets a copy, and the live one keeps the page, as its
 * own.  What such a device writes at that moment is in the copy or not.  What this
 * takes is set aside before F6: if there are such pages at all, they are counted, the
 * root gets its bit back, and all is begun anew with memory for that many and some
 * more, allocated without the locks.  Where memory fails the freeze does: some
 * translations are gone, and nothing else has happened.
 *
 * F5 is an expedited grace period, as guests stand still meanwhile, and so sends
 * interrupts to processors that others use.  Who freezes in a loop gets one at a
 * time, for which he waits, and only for an object that was written in between;
 * the kernel has those of several who ask at once done as one.  That is less than
 * membarrier() gives to anybody, so nothing counts them here.
 *
 * Returning
 *
 * The live object gets the frozen one's root, in one step, and its old root
 * tells what differs.  Where both name the same page nothing has to be done:
 * the frozen object has a share in it, so no translation lets a write through.  The
 * others are an invalidation like that of a discard.  While it runs, some see the old
 * content and others the new one; who wants to avoid that stops his guest.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "mem/audit.h"
#include "mem/mem.h"
#include "mem/registry.h"

/* Ranges, and pages in them, between two calls of the clients. */
#define RETURN_RANGES	32
#define RETURN_PAGES	(1UL << 18)

/* Turns of a freeze that finds more pinned than memory was set aside for. */
#define FREEZE_TRIES	4

/* Pages that may be pinned between counting and freezing, with an eighth more. */
#define PIN_SLACK	16

/* Words that one call compares at most, about. */
#define DIFFER_STEPS	4096

/* Before anything changes that vmm_mem_turns() is about ... */
static void begin_turn(struct vmm_mem *mem)
{
	lockdep_assert_held(&mem->change);

	atomic_inc(&mem->turns);
	/* Who finds what changes sees it: pairs with vmm_mem_turns(). */
	smp_mb__after_atomic();
}

/* ... and after all of it has. */
static void end_turn(struct vmm_mem *mem)
{
	/* Who sees the number sees all of it: likewise. */
	smp_mb__before_atomic();
	atomic_inc(&mem->turns);
}

/* --- freezing ------------------------------------------------------------------- */

/* F2 to F5. */
static void stop_writers(struct vmm_mem *mem)
{
	const struct vmm_mem_range all = { .count = mem->nr_pages };

	WRITE_ONCE(mem->tree.root, mem->tree.root & ~VMM_WORD_OWN);
	if (vmm_mem_is_mapped(mem)) {
		vmm_tree_each_lent(&mem->tree, vmm_mem_wait_for_fault, mem);
		unmap_mapping_pages(mem->inode->i_mapping, 0, mem->nr_pages,
				    false);
	}
	vmm_mem_call_clients(mem, &all, 1, VMM_MEM_FROZEN);
	synchronize_rcu_expedited();
}

/**
 * struct aside - what F7 takes
 * @need:	pages and nodes that were found
 * @have:	those that there is memory for
 * @memory:	no tree, but a keeper of that: in the object's own others would take it
 * @gone:	room for the nodes
 */
struct aside {
	struct vmm_pinned need;
	struct vmm_pinned have;
	struct vmm_tree memory;
	struct vmm_gone gone;
};

static void put_back(struct aside *a)
{
	vmm_tree_unreserve(&a->memory);
	kvfree(a->gone.item);
	*a = (struct aside){ .need = a->need };
}

/* For what was found and @slack of it more; the root does not change meanwhile. */
static int set_aside(struct vmm_mem *mem, struct aside *a, unsigned long slack)
{
	put_back(a);
	a->have.pages = a->need.pages + slack;
	a->have.nodes = a->need.nodes + slack;
	a->gone.max = a->have.nodes + 1;
	a->gone.item = kvmalloc_array(a->gone.max, sizeof(*a->gone.item),
				      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!a->gone.item)
		return -ENOMEM;
	a->memory.root = mem->tree.root;
	return vmm_tree_reserve(&a->memory, &a->have);
}

/* Whether there is memory for what is pinned; -EAGAIN: not enough. */
static int count_pinned(struct vmm_mem *mem, struct aside *a)
{
	int err = vmm_tree_find_pinned(&mem->tree, &a->need);

	if (err)
		return err;
	return a->need.pages > a->have.pages || a->need.nodes > a->have.nodes ?
	       -EAGAIN : 0;
}

static void keep_pinned(struct vmm_mem *mem, struct vmm_mem *frozen,
			struct aside *a)
{
	if (!a->need.pages)
		return;
	mem->tree.reserve = a->memory.reserve;
	mem->tree.reserve_root = a->memory.reserve_root;
	a->memory.reserve = 0;
	a->memory.reserve_root = NULL;
	vmm_tree_keep_pinned(&mem->tree, &frozen->tree, &a->gone);
}

/* Under all locks; -EAGAIN: F7 takes more than was set aside. */
static int share(struct vmm_mem *mem, struct vmm_mem *frozen, struct aside *a,
		 bool last)
{
	bool own = mem->tree.root & VMM_WORD_OWN;
	int err;

	if (own) {
		stop_writers(mem);
		err = count_pinned(mem, a);
		if (err == -EAGAIN && last)
			err = set_aside(mem, a, 0);
		if (err) {
			WRITE_ONCE(mem->tree.root,
				   mem->tree.root | VMM_WORD_OWN);
			return err;
		}
	}
	vmm_tree_share(&frozen->tree, &mem->tree);
	if (own)
		keep_pinned(mem, frozen, a);
	vmm_audit_freeze(&frozen->tree);
	return 0;
}

static int freeze_once(struct vmm_mem *mem, struct vmm_mem *frozen,
		       struct aside *a, bool last)
{
	int err;

	/* Each of them: one that fails lets the object be written to again. */
	begin_turn(mem);
	vmm_mem_change_begin(mem);
	vmm_family_lock_all(mem->family);
	err = share(mem, frozen, a, last);
	vmm_family_unlock_all(mem->family);
	vmm_mem_change_end(mem);
	end_turn(mem);
	return err;
}

/*
 * More can be pinned each time; in the end memory is set aside under the locks, and
 * others wait.
 */
static int freeze(struct vmm_mem *mem, struct vmm_mem *frozen)
{
	unsigned int tries = FREEZE_TRIES;
	struct aside a = { };
	int err;

	lockdep_assert_held(&mem->change);
	do {
		err = freeze_once(mem, frozen, &a, !--tries);
		if (err != -EAGAIN)
			break;
		err = set_aside(mem, &a, a.need.pages / 8 + PIN_SLACK);
	} while (!err);
	vmm_family_defer(mem->family, &a.gone);
	put_back(&a);
	return err;
}

/* An object without a tree, like @mem. */
static struct vmm_mem *alloc_kin(struct vmm_mem *mem, bool frozen)
{
	struct vmm_mem *kin = vmm_mem_alloc(mem->family, mem->nr_pages, frozen);

	if (IS_ERR(kin))
		return kin;
	kin->tree.nr_pages = mem->tree.nr_pages;
	kin->tree.small = mem->tree.small;
	kin->tree.totals = mem->tree.totals;
	return kin;
}

/**
 * vmm_mem_freeze() - keep what a live object has
 * @mem:	the object, which goes on
 *
 * May sleep, and waits for a grace period.
 *
 * Return: a frozen object with one reference; or ERR_PTR of -EINVAL (is frozen
 * itself), -ENOMEM, -EINTR (about to be killed).
 */
struct vmm_mem *vmm_mem_freeze(struct vmm_mem *mem)
{
	struct vmm_mem *frozen;
	int err;

	if (mem->frozen)
		return ERR_PTR(-EINVAL);
	frozen = alloc_kin(mem, true);
	if (IS_ERR(frozen))
		return frozen;
	err = mutex_lock_killable(&mem->change);
	if (!err) {
		err = freeze(mem, frozen);
		mutex_unlock(&mem->change);
	}
	if (!err) {
		vmm_mem_join(frozen);
		vmm_registry_add(frozen);
		return frozen;
	}
	vmm_mem_unref(frozen);
	return ERR_PTR(err);
}

/**
 * vmm_mem_fork() - a live object that begins as a frozen one
 * @frozen:	which
 *
 * Return: the object with one reference, or ERR_PTR of -EINVAL (is not frozen),
 * -ENOMEM.
 */
struct vmm_mem *vmm_mem_fork(struct vmm_mem *frozen)
{
	struct vmm_mem *mem;

	if (!frozen->frozen)
		return ERR_PTR(-EINVAL);
	mem = alloc_kin(frozen, false);
	if (IS_ERR(mem))
		return mem;
	/* The frozen object's root is constant, its count is not. */
	mutex_lock(&mem->family->top);
	vmm_tree_share(&mem->tree, &frozen->tree);
	mutex_unlock(&mem->family->top);
	vmm_mem_join(mem);
	vmm_registry_add(mem);
	return mem;
}

/* --- returning ------------------------------------------------------------------ */

struct returning {
	struct vmm_mem *mem;
	const struct vmm_root *old;
	unsigned int nr;
	unsigned long pages;
	struct vmm_mem_range range[RETURN_RANGES];
};

/* The pages of the ranges so far are replaced for all. */
static void replace(struct returning *r)
{
	struct vmm_mem *mem = r->mem;
	unsigned int i;

	if (!r->nr)
		return;
	for (i = 0; i < r->nr && vmm_mem_is_mapped(mem); i++)
		unmap_mapping_pages(mem->inode->i_mapping, r->range[i].first,
				    r->range[i].count, false);
	vmm_mem_call_clients(mem, r->range, r->nr, VMM_MEM_REPLACED);
	r->nr = 0;
	r->pages = 0;
}

/* Pages of one block, which could leave memory but for its lock. */
static void wait_for_faults(struct returning *r,
			    const struct vmm_tree_range *range)
{
	struct mutex *lock = vmm_family_lock(r->mem->family, range->first);

	mutex_lock(lock);
	vmm_root_each_page(r->old, range->first, range->count,
			   vmm_mem_wait_for_fault, r->mem);
	mutex_unlock(lock);
}

static void note_range(struct returning *r, const struct vmm_tree_range *range)
{
	struct vmm_mem_range *last;

	if (vmm_mem_is_mapped(r->mem))
		wait_for_faults(r, range);
	if (r->pages + range->count > RETURN_PAGES)
		replace(r);
	r->pages += range->count;
	last = r->nr ? &r->range[r->nr - 1] : NULL;
	if (last && last->first + last->count == range->first) {
		last->count += range->count;
		return;
	}
	if (r->nr == RETURN_RANGES) {
		replace(r);
		r->pages = range->count;
	}
	r->range[r->nr].first = range->first;
	r->range[r->nr].count = range->count;
	r->nr++;
}

static void replace_differing(struct vmm_mem *mem, const struct vmm_root *old,
			      const struct vmm_root *new)
{
	struct returning r = { .mem = mem, .old = old };
	struct vmm_tree_range range;
	unsigned long at = 0;

	while (at < mem->nr_pages) {
		/* Addresses mean one thing while pages and records don't go. */
		rcu_read_lock();
		at = vmm_tree_differ(old, new, at, mem->nr_pages, &range);
		rcu_read_unlock();
		if (range.count)
			note_range(&r, &range);
		cond_resched();
	}
	replace(&r);
}

/**
 * vmm_mem_return() - have again what a frozen object has
 * @mem:	a live object
 * @frozen:	a frozen one of its family; stays as it is
 *
 * What is written while it runs survives or not.  Costs what differs.  May sleep.
 *
 * Return: 0, -EINVAL (the wrong kind of object), -EXDEV (not of its family),
 * -EINTR (about to be killed).
 */
int vmm_mem_return(struct vmm_mem *mem, struct vmm_mem *frozen)
{
	const struct vmm_root *new = vmm_root_of(frozen->tree.root);
	struct vmm_gone_item item = { .level = VMM_LEVEL_ROOT };
	struct vmm_gone gone = { .nr = 1, .max = 1, .item = &item };
	struct vmm_root *old;

	if (mem->frozen || !frozen->frozen)
		return -EINVAL;
	if (mem->family != frozen->family)
		return -EXDEV;
	if (mutex_lock_killable(&mem->change))
		return -EINTR;
	begin_turn(mem);
	vmm_mem_change_begin(mem);
	vmm_family_lock_all(mem->family);
	old = vmm_root_of(mem->tree.root);
	vmm_tree_share(&mem->tree, &frozen->tree);
	vmm_family_unlock_all(mem->family);
	replace_differing(mem, old, new);
	vmm_mem_change_end(mem);
	end_turn(mem);
	mutex_unlock(&mem->change);
	item.word = (unsigned long)old;
	vmm_family_defer(mem->family, &gone);
	return 0;
}

/* --- differences ------------------------------------------------------------------ */

/* One step from *@next on. */
static void differ_step(struct vmm_mem *mem, struct vmm_mem *other,
			pgoff_t *next, struct vmm_tree_range *range)
{
	rcu_read_lock();
	*next = vmm_tree_differ(vmm_root_of(READ_ONCE(mem->tree.root)),
				vmm_root_of(READ_ONCE(other->tree.root)),
				*next, mem->nr_pages, range);
	rcu_read_unlock();
}

/**
 * vmm_mem_differ() - which pages two objects do not have in common
 * @mem:	one
 * @other:	another of its family
 * @next:	where to begin; receives where to go on, the end if it was reached
 * @range:	to be filled
 * @room:	ranges that fit
 *
 * Pages that are told can have the same content all the same.  What a live object
 * has may change meanwhile.  Does a bounded piece of work.
 *
 * Return: how many ranges were filled; -EXDEV, -ERANGE.
 */
long vmm_mem_differ(struct vmm_mem *mem, struct vmm_mem *other, pgoff_t *next,
		    struct vmm_mem_range *range, unsigned int room)
{
	unsigned int steps = DIFFER_STEPS, nr = 0;
	struct vmm_tree_range found;
	pgoff_t was;

	if (mem->family != other->family)
		return -EXDEV;
	if (*next > mem->nr_pages)
		return -ERANGE;
	for (; *next < mem->nr_pages && steps; steps--) {
		was = *next;
		differ_step(mem, other, next, &found);
		cond_resched();
		if (!found.count)
			continue;
		if (nr && range[nr - 1].first + range[nr - 1].count ==
			  found.first) {
			range[nr - 1].count += found.count;
			continue;
		}
		if (nr == room) {
			*next = was;
			break;
		}
		range[nr].first = found.first;
		range[nr].count = found.count;
		nr++;
	}
	return nr;
}
