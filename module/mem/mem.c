// SPDX-License-Identifier: GPL-2.0
/*
 * Memory objects: life, getting pages, clients.  See mem.h for the rules.
 *
 * Why no translation outlives its page
 *
 * An invalidation runs
 *	I1  busy++
 *	I2  change the tree			(under the blocks' locks)
 *	I3  remove user mappings
 *	I4  call the clients			(each takes its own lock)
 *	I5  seq++, then busy--
 *	I6  give up the object's shares after an RCU grace period
 * and a client that wants to keep a translation
 *	C1  reads seq
 *	C2  looks the page up
 *	C3  takes the lock that its changed() takes
 *	C4  reads busy, then seq; goes on only if busy is 0 and seq is C1's
 *	C5  stores the translation, drops the lock
 * Assume that C2 found a page that I2 takes away, and that C5 happens.
 * - If C3 comes before the lock in I4, then I4 comes after C5, sees the
 *   translation and removes it.
 * - If C3 comes after the lock in I4, C4 sees I1.  If it also sees I5's busy--,
 *   it sees the seq++ before that.  C1 read the old seq, or else (acquire) C2
 *   would have seen I2; so C4 fails.  Contradiction.
 * With several invalidations at once, busy stays above 0 until the last has
 * done I5, and seq never returns to an old value within one fault: that would
 * take 2^32 invalidations inside one RCU section.
 *
 * "Takes away" may be read as "denies to writers": a freeze is an invalidation
 * whose I2 takes VMM_WORD_OWN from the root, and whose I4 takes write permission
 * from all translations.  It takes the bit from all words below at once, as
 * lookups AND them.
 *
 * C1 to C5 lie in one RCU section, so between C2 and C5 the page can't be
 * reused, and neither can it under a reader that takes no lock at all and only
 * copies bytes.
 *
 * Why no user mapping outlives its page
 *
 * Here the "lock" is the page's own, which the kernel holds from the fault
 * handler until the page-table entry is there.  The handler looks the page up,
 * locks it, and looks again; I3 waits for each page's lock before it unmaps.
 * A handler whose second look came before I2 has its entry in place before I3
 * unmaps; a later one finds the page gone, or not its own any more, and faults
 * again.
 *
 * Why a writer gets a page of its own, and all see what he writes
 *
 * Breaking a shared page is an invalidation under the block's lock.  Its I2 puts the
 * copy in place, but not as own: whoever looks the page up for writing has to take
 * the lock and comes after the break.  Only when nobody reads the old page by way of
 * this object any more does the copy become own.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mem/audit.h"
#include "mem/away.h"
#include "mem/evict.h"
#include "mem/file.h"
#include "mem/mem.h"
#include "mem/pressure.h"
#include "mem/registry.h"

/* What frozen objects show where they have nothing; never written. */
static struct page *nothing;

/**
 * vmm_mem_init() - when the module is loaded
 * @ioctl:	for the files of objects
 */
int vmm_mem_init(vmm_mem_ioctl_fn ioctl)
{
	int err = -ENOMEM;

	nothing = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!nothing)
		return -ENOMEM;
	err = vmm_away_init();
	if (err)
		goto err_page;
	err = vmm_family_init();
	if (err)
		goto err_away;
	err = vmm_evict_init();
	if (err)
		goto err_family;
	err = vmm_pressure_init();
	if (err)
		goto err_evict;
	err = vmm_mem_file_init(ioctl);
	if (err)
		goto err_pressure;
	return 0;

err_pressure:
	vmm_pressure_exit();
err_evict:
	vmm_evict_exit();
err_family:
	vmm_family_exit();
err_away:
	vmm_away_exit();
err_page:
	__free_page(nothing);
	return err;
}

/**
 * vmm_mem_exit() - when the module goes; no object is left
 */
void vmm_mem_exit(void)
{
	vmm_mem_file_exit();
	vmm_pressure_exit();
	vmm_family_exit();
	vmm_evict_exit();
	vmm_away_exit();
	vmm_audit_exit();
	__free_page(nothing);
}

static bool valid_size(u64 bytes)
{
	return bytes && !(bytes & ~PAGE_MASK) && bytes <= VMM_MEM_MAX_BYTES;
}

/**
 * vmm_mem_alloc() - an object without a tree
 * @family:	which it will be of
 * @nr_pages:	its size
 * @frozen:	what it will be
 *
 * Return: the object with one reference, or ERR_PTR.
 */
struct vmm_mem *vmm_mem_alloc(struct vmm_family *family, unsigned long nr_pages,
			      bool frozen)
{
	struct vmm_mem *mem = kzalloc(sizeof(*mem), GFP_KERNEL_ACCOUNT);
	struct inode *inode;
	int err;

	if (!mem)
		return ERR_PTR(-ENOMEM);
	err = vmm_registry_reserve(mem);
	if (err)
		goto err_mem;
	inode = vmm_mem_inode_create((u64)nr_pages << PAGE_SHIFT);
	if (IS_ERR(inode)) {
		err = PTR_ERR(inode);
		goto err_id;
	}
	kref_init(&mem->ref);
	mem->nr_pages = nr_pages;
	mem->frozen = frozen;
	mem->family = vmm_family_get(family);
	mem->inode = inode;
	INIT_LIST_HEAD(&mem->kin);
	mutex_init(&mem->change);
	init_waitqueue_head(&mem->calm);
	INIT_LIST_HEAD(&mem->clients);
	init_rwsem(&mem->clients_lock);
	return mem;

err_id:
	vmm_registry_del(mem);
err_mem:
	kfree(mem);
	return ERR_PTR(err);
}

/**
 * vmm_mem_join() - hear of pages that leave memory
 * @mem:	has a tree, and nobody can have a translation so far
 */
void vmm_mem_join(struct vmm_mem *mem)
{
	mutex_lock(&mem->family->members_lock);
	list_add_tail(&mem->kin, &mem->family->members);
	mutex_unlock(&mem->family->members_lock);
}

static void quit(struct vmm_mem *mem)
{
	mutex_lock(&mem->family->members_lock);
	list_del(&mem->kin);
	mutex_unlock(&mem->family->members_lock);
}

/**
 * vmm_mem_create() - make an object, all of it zero and none of it allocated
 * @bytes:	its size, a multiple of the page size, at most VMM_MEM_MAX_BYTES
 * @flags:	VMM_MEM_F_*
 *
 * Return: the object with one reference, or ERR_PTR of -EINVAL or -ENOMEM.
 */
struct vmm_mem *vmm_mem_create(u64 bytes, unsigned int flags)
{
	struct vmm_family *family;
	struct vmm_mem *mem;
	int err;

	if (!valid_size(bytes) || (flags & ~VMM_MEM_F_ALL))
		return ERR_PTR(-EINVAL);

	family = vmm_family_create(bytes >> PAGE_SHIFT);
	if (!family)
		return ERR_PTR(-ENOMEM);
	mem = vmm_mem_alloc(family, bytes >> PAGE_SHIFT, false);
	vmm_family_put(family);
	if (IS_ERR(mem))
		return mem;
	err = vmm_tree_init(&mem->tree, mem->nr_pages, flags & VMM_MEM_F_NOHUGE,
			    &family->totals);
	if (err) {
		vmm_mem_unref(mem);
		return ERR_PTR(err);
	}
	vmm_mem_join(mem);
	vmm_registry_add(mem);
	return mem;
}

static void mem_release(struct kref *ref)
{
	struct vmm_mem *mem = container_of(ref, struct vmm_mem, ref);

	WARN_ON_ONCE(!list_empty(&mem->clients));
	vmm_registry_del(mem);
	quit(mem);
	iput(mem->inode);
	if (mem->tree.root)
		vmm_family_drop_root(mem->family, vmm_root_of(mem->tree.root));
	vmm_family_put(mem->family);
	kvfree(mem->written);
	kfree(mem);
}

/**
 * vmm_mem_ref() - take a reference
 * @mem:	the object
 */
struct vmm_mem *vmm_mem_ref(struct vmm_mem *mem)
{
	kref_get(&mem->ref);
	return mem;
}

/**
 * vmm_mem_unref() - drop a reference; may sleep
 * @mem:	the object; with the last reference everything it owns is freed
 *
 * Lockless readers found the object through something that holds a reference,
 * and whoever takes that away waits for them first.
 */
void vmm_mem_unref(struct vmm_mem *mem)
{
	kref_put(&mem->ref, mem_release);
}

/* --- invalidations ------------------------------------------------------- */

void vmm_mem_change_begin(struct vmm_mem *mem)
{
	atomic_inc(&mem->busy);
	/* Seen as busy before a page is seen to go. */
	smp_mb__after_atomic();
}

void vmm_mem_change_end(struct vmm_mem *mem)
{
	/* All pages are gone before the sequence says so ... */
	smp_mb__before_atomic();
	atomic_inc(&mem->seq);
	/* ... and it says so before the object looks idle again. */
	smp_mb__before_atomic();
	atomic_dec(&mem->busy);
	if (wq_has_sleeper(&mem->calm))
		wake_up_all(&mem->calm);
}

/**
 * vmm_mem_wait_calm() - wait until no invalidation is under way
 * @mem:	the object, referenced
 *
 * For who has found a page stale and may sleep: whoever changes the object may want the
 * processor that he would try again on.
 *
 * Return: 0, -EINTR (about to be killed).
 */
int vmm_mem_wait_calm(struct vmm_mem *mem)
{
	return wait_event_killable(mem->calm, !atomic_read(&mem->busy)) ?
	       -EINTR : 0;
}

/**
 * vmm_mem_is_mapped() - whether there are user mappings to be removed
 * @mem:	its tree has changed
 */
bool vmm_mem_is_mapped(struct vmm_mem *mem)
{
	/*
	 * The tree has changed before we look at locks and mappings.  A fault
	 * handler locks the page before its second look, and is called only
	 * for a mapping that is in place: what we don't see here comes late
	 * enough to see the change.
	 */
	smp_mb();
	return mapping_mapped(mem->inode->i_mapping);
}

/* Until the entry of a fault handler that has the page is in place. */
void vmm_mem_wait_for_fault(void *mem, unsigned long phys)
{
	struct page *page = pfn_to_page(phys >> PAGE_SHIFT);

	if (PageLocked(page)) {
		lock_page(page);
		unlock_page(page);
	}
}

/*
 * A page that is gone itself stays, and so does a table; but what a table names can
 * leave memory meanwhile, by way of others who have it, unless its lock is held.
 */
static void wait_for_faults(struct vmm_mem *mem,
			    const struct vmm_gone_item *item)
{
	struct mutex *lock = vmm_family_lock(mem->family, item->index);

	if (item->level == VMM_LEVEL_BLOCK)
		mutex_lock(lock);
	vmm_word_each_page(item->word, item->level, vmm_mem_wait_for_fault,
			   mem);
	if (item->level == VMM_LEVEL_BLOCK)
		mutex_unlock(lock);
}

/*
 * Of pages [first, first + count), what is gone of which is in @gone.  The block's
 * lock may be held if that is pages.
 */
void vmm_mem_unmap_users(struct vmm_mem *mem, pgoff_t first,
			 unsigned long count, const struct vmm_gone *gone)
{
	unsigned long i;

	if (!vmm_mem_is_mapped(mem))
		return;
	for (i = 0; i < gone->nr; i++) {
		if (gone->item[i].level <= VMM_LEVEL_BLOCK)
			wait_for_faults(mem, &gone->item[i]);
	}
	unmap_mapping_pages(mem->inode->i_mapping, first, count, false);
}

/* --- getting pages ------------------------------------------------------- */

/* What is above the block becomes own; a freeze may change that at once. */
static int own_top(struct vmm_mem *mem, pgoff_t index)
{
	struct vmm_gone_item item[2];
	struct vmm_gone gone = { .max = ARRAY_SIZE(item), .item = item };
	int err;

	vmm_family_lock_all(mem->family);
	err = vmm_tree_own_top(&mem->tree, index, &gone);
	vmm_family_unlock_all(mem->family);
	vmm_family_defer(mem->family, &gone);
	return err;
}

/**
 * vmm_mem_lock_block() - get ready to change what is in a block
 * @mem:	a live object
 * @index:	a page in the block
 *
 * Return: 0 with the block's lock held, and what is above the block own; or -ENOMEM,
 * -EINTR (about to be killed).
 */
int vmm_mem_lock_block(struct vmm_mem *mem, pgoff_t index)
{
	struct mutex *lock = vmm_family_lock(mem->family, index);
	int err;

	for (;;) {
		mutex_lock(lock);
		if (likely(vmm_tree_top_is_own(&mem->tree, index)))
			return 0;
		mutex_unlock(lock);
		err = own_top(mem, index);
		/* Others can freeze the object again before we look. */
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		if (err)
			return err;
	}
}

static void count_break(struct vmm_mem *mem, pgoff_t index, unsigned long word,
			const struct vmm_break_way *way)
{
	if (!vmm_word_is_merged(word))
		return;
	atomic_long_inc(&mem->breaks);
	vmm_breaks_count(mem->id, index, vmm_word_phys(word), way);
}

/* The page at @index, which others share, becomes one of the object's own. */
static int break_page(struct vmm_mem *mem, pgoff_t index, unsigned int flags,
		      struct vmm_gone *gone)
{
	struct vmm_mem_range range = { .first = index, .count = 1 };
	struct vmm_gone old = { .item = gone->item + gone->nr };
	struct vmm_break_way way = {
		.why = (flags & VMM_MEM_BY_MASK) >> VMM_MEM_BY_SHIFT,
		.began = ktime_get_ns(),
	};
	unsigned long copy = vmm_tree_copy(&mem->tree, index);

	if (!copy)
		return -ENOMEM;
	vmm_mem_change_begin(mem);
	vmm_tree_break(&mem->tree, index, copy, gone);
	old.nr = 1;
	vmm_mem_unmap_users(mem, index, 1, &old);
	way.flushes = vmm_mem_call_clients(mem, &range, 1, VMM_MEM_MOVED);
	vmm_tree_settle(&mem->tree, index, flags & VMM_MEM_LEND);
	vmm_mem_change_end(mem);
	count_break(mem, index, old.item->word, &way);
	return 0;
}

/* @full: there is to be no page more. */
static int own_page(struct vmm_mem *mem, pgoff_t index, unsigned int flags,
		    bool full)
{
	struct vmm_gone_item item[VMM_GONE_FEW];
	struct vmm_gone gone = { .max = ARRAY_SIZE(item), .item = item };
	int err = vmm_mem_lock_block(mem, index);

	if (err)
		return err;
	err = vmm_tree_own(&mem->tree, index, flags & VMM_MEM_LEND, &gone);
	if (err == VMM_TREE_SHARED)
		err = full ? -ENOMEM : break_page(mem, index, flags, &gone);
	mutex_unlock(vmm_family_lock(mem->family, index));
	vmm_family_defer(mem->family, &gone);
	/* What has left since it was looked at shows at the next look. */
	return err == VMM_TREE_AWAY ? 0 : err;
}

/**
 * vmm_mem_get_slow() - vmm_mem_get() for what is not there as it is wanted
 * @mem:	the object
 * @word:	what was found
 * @flags:	as there
 * @out:	as there
 */
int vmm_mem_get_slow(struct vmm_mem *mem, unsigned long word,
		     unsigned int flags, struct vmm_mem_page *out)
{
	out->huge = false;
	out->writable = false;
	out->zero = false;
	if ((word & VMM_WORD_AWAY) &&
	    !(mem->frozen && (flags & VMM_MEM_WRITE)))
		return -EWOULDBLOCK;
	if ((flags & VMM_MEM_ZERO_OK) && !(flags & VMM_MEM_WRITE)) {
		out->phys = page_to_phys(ZERO_PAGE(0));
		out->zero = true;
		return 0;
	}
	if (mem->frozen) {
		out->phys = page_to_phys(nothing);
		return flags & VMM_MEM_WRITE ? -EROFS : 0;
	}
	return -EWOULDBLOCK;
}

static int make(struct vmm_mem *mem, pgoff_t index, unsigned int flags)
{
	struct vmm_mem_page page;
	unsigned long word = 0;
	bool huge, full;
	int err;

	rcu_read_lock();
	err = vmm_mem_get(mem, index, flags, &page);
	if (err == -EWOULDBLOCK)
		word = vmm_tree_lookup(&mem->tree, index, &huge);
	rcu_read_unlock();
	if (err != -EWOULDBLOCK)
		return err;
	if (word & VMM_WORD_AWAY)
		return vmm_mem_fetch(mem, index, false);
	/* What is there already, and nobody else's, takes no memory. */
	full = vmm_policy_is_full(mem->family, vmm_word_is_merged(word));
	if (full && !(word & VMM_WORD_PAGE))
		return -ENOMEM;
	return own_page(mem, index, flags, full);
}

/* A frame's copy, or what comes back, where no room can be made: see pressure.c. */
static int make_reserved(struct vmm_mem *mem, pgoff_t index,
			 unsigned int flags)
{
	unsigned int scope;
	unsigned long word;
	bool huge, merged;
	int err;

	rcu_read_lock();
	word = vmm_tree_lookup(&mem->tree, index, &huge);
	rcu_read_unlock();
	merged = vmm_word_is_merged(word);
	if (!(merged ? flags & VMM_MEM_WRITE : word & VMM_WORD_AWAY) ||
	    !vmm_policy_has_reserve(mem->family, merged))
		return -ENOMEM;
	scope = memalloc_noreclaim_save();
	err = merged ? own_page(mem, index, flags, false) :
		       vmm_mem_fetch(mem, index, true);
	memalloc_noreclaim_restore(scope);
	return err;
}

/**
 * vmm_mem_make() - have the page at an index as it is wanted
 * @mem:	the object
 * @index:	page number
 * @flags:	as for vmm_mem_get()
 *
 * It may be gone again already when this returns: only the next look counts.  May
 * sleep, and so is called outside of RCU, and makes room where there is none.
 *
 * Return: 0, -ENOMEM, -EINTR (about to be killed), -EROFS or -ERANGE; of a page that
 * was away also -EIO and -EBADMSG.
 */
int vmm_mem_make(struct vmm_mem *mem, pgoff_t index, unsigned int flags)
{
	struct vmm_room room = { };
	int err;

	do {
		err = make(mem, index, flags);
	} while (err == -ENOMEM && vmm_make_room(mem->family, &room));
	return err == -ENOMEM ? make_reserved(mem, index, flags) : err;
}

/* --- clients ------------------------------------------------------------- */

/**
 * vmm_mem_client_add() - hear of changes from now on
 * @mem:	the object
 * @client:	ops, first and count are set
 */
void vmm_mem_client_add(struct vmm_mem *mem, struct vmm_mem_client *client)
{
	down_write(&mem->clients_lock);
	list_add_tail(&client->node, &mem->clients);
	up_write(&mem->clients_lock);
}

/**
 * vmm_mem_client_del() - hear no more
 * @mem:	the object
 * @client:	keeps no translation; after return it is not being called either
 */
void vmm_mem_client_del(struct vmm_mem *mem, struct vmm_mem_client *client)
{
	down_write(&mem->clients_lock);
	list_del(&client->node);
	up_write(&mem->clients_lock);
}

/**
 * vmm_mem_call_clients() - tell them, and wait until they are done
 * @mem:	the object
 * @range:	pages, in order
 * @nr:		how many ranges
 * @what:	has happened to them
 *
 * Return: how often that had CPUs forget translations.
 */
unsigned int vmm_mem_call_clients(struct vmm_mem *mem,
				  const struct vmm_mem_range *range,
				  unsigned int nr, enum vmm_mem_change what)
{
	struct vmm_mem_client *c;
	unsigned int flushes = 0;

	down_read(&mem->clients_lock);
	list_for_each_entry(c, &mem->clients, node)
		flushes += c->ops->changed(c, range, nr, what);
	up_read(&mem->clients_lock);
	return flushes;
}

/**
 * vmm_mem_ask_young() - which pages were used by way of clients
 * @mem:	the object
 * @range:	at most a block
 * @bits:	a bit for each page, which is set
 */
void vmm_mem_ask_young(struct vmm_mem *mem, const struct vmm_mem_range *range,
		       unsigned long *bits)
{
	struct vmm_mem_client *c;

	down_read(&mem->clients_lock);
	list_for_each_entry(c, &mem->clients, node) {
		if (c->ops->young)
			c->ops->young(c, range, bits);
	}
	up_read(&mem->clients_lock);
}

/**
 * vmm_mem_seek() - the first page from one on that is there, or is not
 * @mem:	the object
 * @from:	page number, at most the number of pages
 * @present:	which of both
 *
 * What comes and goes meanwhile may be seen or not.  May sleep.
 *
 * Return: its number, that of pages if there is none, or -EINTR.
 */
long vmm_mem_seek(struct vmm_mem *mem, pgoff_t from, bool present)
{
	pgoff_t index = from;
	bool found = false;

	while (index < mem->nr_pages && !found) {
		rcu_read_lock();
		index = vmm_tree_seek(&mem->tree, index, present, &found);
		rcu_read_unlock();
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return index;
}

/**
 * vmm_mem_stats() - figures of one object
 * @mem:	the object
 * @stats:	to be filled
 */
void vmm_mem_stats(struct vmm_mem *mem, struct vmm_mem_stats *stats)
{
	const struct vmm_totals *totals = &mem->family->totals;
	const struct vmm_root *root;

	rcu_read_lock();
	root = vmm_root_of(READ_ONCE(mem->tree.root));
	stats->pages = mem->nr_pages;
	stats->resident = atomic_long_read(&root->resident);
	stats->away = atomic_long_read(&root->away);
	stats->huge = atomic_long_read(&root->huge);
	stats->tables = atomic_long_read(&root->tables);
	rcu_read_unlock();
	/* Whether a page has become a merged frame depends on what others have. */
	stats->family_pages = atomic_long_read(&totals->pages) +
			      atomic_long_read(&totals->merged);
	stats->family_away = atomic_long_read(&totals->away);
	stats->family_nodes = atomic_long_read(&totals->nodes);
}
