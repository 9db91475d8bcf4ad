// SPDX-License-Identifier: GPL-2.0
/*
 * Spaces: faults, and the nested page table that they fill.  See space.h.
 *
 * A fault runs in two parts.  The first tries everything inside one RCU read
 * section, without sleeping: find the slot, find the page, and under the spin
 * lock make the translation.  If memory is missing, the second part allocates it
 * outside, stores it where the first part will find it (the object's tree, the
 * space's pool of table pages), and the first part runs again.  So whatever is
 * looked up is used within one RCU section, and
 * - a slot that is being removed: npt_space_slot_remove() unpublishes it, waits
 *   for a grace period, and only then drops its translations.  Every fault
 *   that found the slot has ended by then, and later ones don't find it;
 * - a page that is being discarded: mem.c argues that one.
 */

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "mem/faults.h"
#include "mem/pressure.h"
#include "npt/port.h"
#include "npt/space.h"
#include "npt/space_slot.h"

/* Fails rather than wakes the OOM killer. */
#define TABLE_GFP	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | \
			 __GFP_RETRY_MAYFAIL)

/* So often a fault that may sleep looks again before its caller has to. */
#define FAULT_TRIES	8

/* Table pages in stock: enough for two faults in a new part of the tree. */
#define POOL_PAGES	(2 * NPT_LEVELS_MAX)

/* --- tables -------------------------------------------------------------- */

static u64 table_alloc(void)
{
	struct page *page = vmm_mem_fault() ? NULL : alloc_page(TABLE_GFP);

	return page ? page_to_phys(page) : 0;
}

static void tables_free(struct npt_pages *pages)
{
	while (pages->count)
		__free_page(pfn_to_page(npt_pages_pop(pages) >> PAGE_SHIFT));
}

/* Bring the pool up to its mark; may sleep. */
static int pool_fill(struct npt_space *space)
{
	u64 page;

	while (READ_ONCE(space->pool.count) < POOL_PAGES) {
		page = table_alloc();
		if (!page)
			return -ENOMEM;
		spin_lock(&space->lock);
		npt_pages_push(&space->pool, page);
		spin_unlock(&space->lock);
	}
	return 0;
}

/*
 * Before the lock is dropped that @batch was filled under; @owed: it was counted
 * before.  What is gone or narrowed already by somebody else's doing may be
 * cached until the flush that he owes; we can't wait for it.
 */
void npt_space_owe(struct npt_space *space, struct npt_batch *batch, bool owed)
{
	lockdep_assert_held(&space->lock);

	if (space->flushes_owed)
		batch->flush = true;
	space->flushes_owed += batch->flush && !owed;
}

/*
 * Do what a batch asks for, after the lock was dropped: when this returns, no
 * CPU uses what was removed, and the caller may free the pages behind it.
 */
void __npt_space_finish(struct npt_space *space, struct npt_batch *batch)
{
	struct npt_pages free = { };

	atomic64_inc(&space->nr_flushes);
	space->ops->flush(space);
	npt_batch_release(space->tree.fmt, batch, &free);
	spin_lock(&space->lock);
	space->flushes_owed--;
	npt_tree_account(&space->tree, batch);
	spin_unlock(&space->lock);
	tables_free(&free);
}

void npt_space_unmap(struct npt_space *space, u64 first, u64 size)
{
	struct npt_batch batch;

	npt_batch_init(&batch);
	spin_lock(&space->lock);
	npt_tree_unmap(&space->tree, first, first + size, &batch);
	npt_space_owe(space, &batch, false);
	spin_unlock(&space->lock);
	npt_space_finish(space, &batch);
}

/* --- faults -------------------------------------------------------------- */

static unsigned int mem_flags(unsigned int access)
{
	return access & NPT_WRITE ? VMM_MEM_WRITE : 0;
}

/* The largest leaf that may map @gpa to @page. */
static unsigned int leaf_level(const struct space_slot *s, u64 gpa,
			       const struct vmm_mem_page *page, bool logged)
{
	u64 size = npt_level_size(NPT_LEVEL_2M);
	u64 start = round_down(gpa, size);

	if (!page->huge || !s->huge_ok || logged || start < s->slot.base ||
	    start - s->slot.base + size > s->slot.size)
		return NPT_LEVEL_4K;
	return NPT_LEVEL_2M;
}

static bool entry_allows(const struct npt_format *fmt, u64 entry,
			 unsigned int access)
{
	return npt_present(fmt, entry) &&
	       (!(access & NPT_WRITE) || npt_writable(fmt, entry));
}

/*
 * Whether a new leaf takes the place of something that CPUs may have cached:
 * @entry stands at level @found, or a hole does.
 */
static bool replaces(const struct npt_format *fmt, u64 entry,
		     unsigned int found, u64 phys, unsigned int level)
{
	if (!npt_present(fmt, entry))
		return found < level;
	return found != level || npt_addr(fmt, entry) != phys;
}

/*
 * Make the translation.  What would need a flush (a table gives way to a large
 * leaf, which is rare) is left to a caller who may sleep.
 */
static int install(struct npt_space *space, struct space_slot *s, u64 gpa,
		   unsigned int access, unsigned int flags,
		   const struct vmm_mem_page *page, struct npt_batch *batch)
{
	struct npt_tree *tree = &space->tree;
	struct npt_dirty *log = locked_log(space, s);
	unsigned int level = leaf_level(s, gpa, page, log), found;
	u64 mask = ~(npt_level_size(level) - 1);
	unsigned int prot = NPT_READ | NPT_EXEC;
	bool dirty = access & NPT_WRITE;
	u64 entry;
	int err;

	lockdep_assert_held(&space->lock);

	entry = npt_tree_lookup(tree, gpa, &found);
	if (entry_allows(tree->fmt, entry, access))
		return 0;	/* another vCPU was faster */
	if (space->pool.count < tree->levels)
		return -EWOULDBLOCK;
	if ((flags & VMM_MEM_NOWAIT) &&
	    replaces(tree->fmt, entry, found, page->phys & mask, level))
		return -EWOULDBLOCK;
	if (page->writable && !(s->slot.flags & NPT_SLOT_READONLY) &&
	    !(log && npt_dirty_denies(tree->fmt, access)))
		prot |= NPT_WRITE;
	if (found < level)
		dirty = true;	/* for the table that goes */
	space->nr_faults++;
	err = npt_tree_map(tree, gpa & mask, page->phys & mask, level, prot,
			   dirty, &space->pool, batch);
	if (log && !err)
		npt_dirty_mapped(log, tree, gpa, access, found > level &&
				 npt_present(tree->fmt, entry) && page->huge);
	return err;
}

/* All of a fault that needs no sleep; inside RCU. */
static int fault_try(struct npt_space *space, u64 gpa, unsigned int access,
		     unsigned int flags, struct npt_batch *batch)
{
	struct space_slot *s = find_slot(space, gpa);
	bool owed = batch->flush;
	struct vmm_mem_page page;
	int err;

	if (!s)
		return NPT_FAULT_MMIO;
	if ((access & NPT_WRITE) && (s->slot.flags & NPT_SLOT_READONLY))
		return NPT_FAULT_READONLY;
	err = vmm_mem_get(s->mem, npt_slot_index(&s->slot, gpa),
			  mem_flags(access), &page);
	if (err)
		return err;

	spin_lock(&space->lock);
	if (vmm_mem_page_stale(s->mem, &page))
		err = -ESTALE;
	else
		err = install(space, s, gpa, access, flags, &page, batch);
	space->flushes_owed += batch->flush && !owed;
	spin_unlock(&space->lock);
	return err;
}

/* The object that has @gpa, referenced, and where; or NULL. */
static struct vmm_mem *mem_at(struct npt_space *space, u64 gpa, pgoff_t *index)
{
	struct vmm_mem *mem = NULL;
	struct space_slot *s;

	rcu_read_lock();
	s = find_slot(space, gpa);
	if (s) {
		mem = vmm_mem_ref(s->mem);
		*index = npt_slot_index(&s->slot, gpa);
	}
	rcu_read_unlock();
	return mem;
}

/*
 * Allocate the page at @gpa if there is none; may sleep.  Where there is nothing
 * to allocate 0 as well: the caller tries again and sees.
 */
int npt_space_populate(struct npt_space *space, u64 gpa, unsigned int flags)
{
	pgoff_t index;
	struct vmm_mem *mem = mem_at(space, gpa, &index);
	int err;

	if (!mem)
		return 0;
	err = vmm_mem_make(mem, index, flags);
	vmm_mem_unref(mem);
	return err;
}

/* The pool is full again, at the cost of pages of who has @gpa if need be. */
static int refill(struct npt_space *space, u64 gpa)
{
	struct vmm_room room = { };
	struct vmm_mem *mem;
	pgoff_t index;
	int err = pool_fill(space);

	if (err != -ENOMEM)
		return err;
	mem = mem_at(space, gpa, &index);
	if (!mem)
		return err;
	while (err == -ENOMEM && vmm_make_room(mem->family, &room))
		err = pool_fill(space);
	vmm_mem_unref(mem);
	return err;
}

/* Until nobody changes the object that has @gpa. */
static int wait_for_change(struct npt_space *space, u64 gpa)
{
	pgoff_t index;
	struct vmm_mem *mem = mem_at(space, gpa, &index);
	int err;

	if (!mem)
		return 0;
	err = vmm_mem_wait_calm(mem);
	vmm_mem_unref(mem);
	return err;
}

/* What a fault wants that must sleep for it. */
static int provide(struct npt_space *space, u64 gpa, unsigned int flags)
{
	int err = refill(space, gpa);

	return err ?: npt_space_populate(space, gpa, flags);
}

/**
 * npt_space_fault() - make a guest-physical address usable
 * @space:	the space
 * @gpa:	where the guest's access failed
 * @access:	NPT_READ, NPT_WRITE, NPT_EXEC
 * @flags:	VMM_MEM_NOWAIT where sleeping is not allowed; VMM_MEM_BY()
 *
 * Return: NPT_FAULT_MAPPED, NPT_FAULT_MMIO, NPT_FAULT_READONLY; or
 * -EWOULDBLOCK (call again where sleeping is allowed; if it is, others keep
 * changing the object, and there may be something else to do first), -ENOMEM,
 * -EINTR (about to be killed).
 */
int npt_space_fault(struct npt_space *space, u64 gpa, unsigned int access,
		    unsigned int flags)
{
	unsigned int tries = flags & VMM_MEM_NOWAIT ? 1 : FAULT_TRIES;
	struct npt_batch batch;
	int ret;

	npt_batch_init(&batch);
	for (;;) {
		rcu_read_lock();
		ret = fault_try(space, gpa, access, flags, &batch);
		rcu_read_unlock();
		if (ret != -EWOULDBLOCK && ret != -ESTALE)
			break;
		if (!--tries) {
			ret = -EWOULDBLOCK;
			break;
		}
		cond_resched();
		/* Most changes are short. */
		if (ret == -ESTALE && tries == FAULT_TRIES - 1)
			continue;
		if (ret == -ESTALE)
			ret = wait_for_change(space, gpa);
		else
			ret = provide(space, gpa, mem_flags(access) |
				      (flags & VMM_MEM_BY_MASK));
		if (ret)
			break;
	}
	npt_space_finish(space, &batch);
	return ret;
}

/* --- life ---------------------------------------------------------------- */

/**
 * npt_space_init() - start a space without memory
 * @space:	to be filled, zeroed
 * @fmt:	of the nested page table
 * @levels:	its levels, 4 or 5
 * @ops:	the vCPUs' owner
 *
 * Return: 0 or -ENOMEM.
 */
int npt_space_init(struct npt_space *space, const struct npt_format *fmt,
		   unsigned int levels, const struct npt_space_ops *ops)
{
	struct npt_slots *slots = npt_space_slots_create();
	u64 root;

	if (!slots)
		return -ENOMEM;
	root = table_alloc();
	if (!root) {
		npt_space_slots_destroy(slots);
		return -ENOMEM;
	}
	space->ops = ops;
	mutex_init(&space->slots_lock);
	spin_lock_init(&space->lock);
	RCU_INIT_POINTER(space->slots, slots);
	npt_tree_init(&space->tree, fmt, levels, root);
	return 0;
}

/**
 * npt_space_destroy() - end a space
 * @space:	no vCPU runs on it or will, and nobody calls in any more
 */
void npt_space_destroy(struct npt_space *space)
{
	struct npt_slots *slots = rcu_dereference_protected(space->slots, true);
	struct npt_pages free = { };

	npt_space_slots_destroy(slots);
	RCU_INIT_POINTER(space->slots, NULL);
	npt_tree_destroy(&space->tree, &free);
	tables_free(&free);
	tables_free(&space->pool);
}

/**
 * npt_space_root() - value for the control register that points at the tables
 * @space:	the space
 */
u64 npt_space_root(const struct npt_space *space)
{
	return space->tree.fmt->root(space->tree.root, space->tree.levels);
}

/**
 * npt_space_stats() - figures of one space
 * @space:	the space
 * @stats:	to be filled
 */
void npt_space_stats(struct npt_space *space, struct npt_space_stats *stats)
{
	spin_lock(&space->lock);
	stats->tables = space->tree.tables + space->pool.count;
	stats->leaves_4k = space->tree.leaves[NPT_LEVEL_4K];
	stats->leaves_2m = space->tree.leaves[NPT_LEVEL_2M];
	stats->faults = space->nr_faults;
	spin_unlock(&space->lock);
	stats->flushes = atomic64_read(&space->nr_flushes);
}
