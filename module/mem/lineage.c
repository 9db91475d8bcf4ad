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
 * takes is set aside before F6, and where that fails the root gets its bit back:
 * some translations are gone, and nothing else has happened.
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

/* Ranges between two calls of the clients. */
#define RETURN_RANGES	32

/* Words that one call compares at most, about. */
#define DIFFER_STEPS	4096

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

/* What F7 takes at most. */
static int prepare(struct vmm_mem *mem, struct vmm_gone *gone)
{
	struct vmm_pinned pinned;
	int err;

	err = vmm_tree_find_pinned(&mem->tree, &pinned);
	if (err || !pinned.pages)
		return err;
	gone->max = pinned.nodes + 1;
	gone->item = kvmalloc_array(gone->max, sizeof(*gone->item),
				    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!gone->item)
		return -ENOMEM;
	return vmm_tree_reserve(&mem->tree, &pinned);
}

/* Under all locks. */
static int share(struct vmm_mem *mem, struct vmm_mem *frozen,
		 struct vmm_gone *gone)
{
	bool own = mem->tree.root & VMM_WORD_OWN;
	int err;

	if (own) {
		stop_writers(mem);
		err = prepare(mem, gone);
		if (err) {
			WRITE_ONCE(mem->tree.root,
				   mem->tree.root | VMM_WORD_OWN);
			return err;
		}
	}
	vmm_tree_share(&frozen->tree, &mem->tree);
	if (own)
		vmm_tree_keep_pinned(&mem->tree, &frozen->tree, gone);
	vmm_audit_freeze(&frozen->tree);
	return 0;
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
	struct vmm_gone gone = { };
	struct vmm_mem *frozen;
	int err;

	if (mem->frozen)
		return ERR_PTR(-EINVAL);
	frozen = alloc_kin(mem, true);
	if (IS_ERR(frozen))
		return frozen;
	err = mutex_lock_killable(&mem->change);
	if (err)
		goto out;
	vmm_mem_change_begin(mem);
	vmm_family_lock_all(mem->family);
	err = share(mem, frozen, &gone);
	vmm_family_unlock_all(mem->family);
	vmm_mem_change_end(mem);
	mutex_unlock(&mem->change);
	vmm_family_defer(mem->family, &gone);
	kvfree(gone.item);
out:
	if (!err) {
		vmm_mem_join(frozen);
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
	return mem;
}

/* --- returning ------------------------------------------------------------------ */

struct returning {
	struct vmm_mem *mem;
	const struct vmm_root *old;
	unsigned int nr;
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
	struct vmm_mem_range *last = r->nr ? &r->range[r->nr - 1] : NULL;

	if (vmm_mem_is_mapped(r->mem))
		wait_for_faults(r, range);
	if (last && last->first + last->count == range->first) {
		last->count += range->count;
		return;
	}
	if (r->nr == RETURN_RANGES)
		replace(r);
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
	vmm_mem_change_begin(mem);
	vmm_family_lock_all(mem->family);
	old = vmm_root_of(mem->tree.root);
	vmm_tree_share(&mem->tree, &frozen->tree);
	vmm_family_unlock_all(mem->family);
	replace_differing(mem, old, new);
	vmm_mem_change_end(mem);
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
