// SPDX-License-Identifier: GPL-2.0
/*
 * Memory objects: life, filling, discarding, clients.  See mem.h for the rules.
 *
 * Why no translation outlives its page
 *
 * An invalidation runs
 *	I1  busy++
 *	I2  take the words out of the layer	(under the blocks' locks)
 *	I3  remove user mappings
 *	I4  call the clients			(each takes its own lock)
 *	I5  seq++, then busy--
 *	I6  free the pages after an RCU grace period
 * and a client that wants to keep a translation
 *	C1  reads seq
 *	C2  looks the page up
 *	C3  takes the lock that its invalidate() takes
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
 * unmaps; a later one finds the page gone, and faults again.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "mem/file.h"
#include "mem/mem.h"

/* Pages that one round of a discard takes at most: 1 GiB. */
#define DISCARD_PAGES	(1UL << 18)

/* Pages on their way out, waiting for readers. */
struct leaving {
	struct rcu_work work;
	struct list_head pages;
};

/* Frees what left; apart from system queues so that unloading can drain it. */
static struct workqueue_struct *leaving_wq;

/**
 * vmm_mem_init() - when the module is loaded
 */
int vmm_mem_init(void)
{
	int err;

	leaving_wq = alloc_workqueue("vmm_mem", WQ_UNBOUND, 0);
	if (!leaving_wq)
		return -ENOMEM;
	err = vmm_mem_file_init();
	if (err)
		destroy_workqueue(leaving_wq);
	return err;
}

/**
 * vmm_mem_exit() - when the module goes; no object is left
 */
void vmm_mem_exit(void)
{
	vmm_mem_file_exit();
	rcu_barrier();
	destroy_workqueue(leaving_wq);
}

static bool valid_size(u64 bytes)
{
	return bytes && !(bytes & ~PAGE_MASK) && bytes <= VMM_MEM_MAX_BYTES;
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
	struct vmm_mem *mem;
	int err = -ENOMEM;
	unsigned int i;

	if (!valid_size(bytes) || (flags & ~VMM_MEM_F_ALL))
		return ERR_PTR(-EINVAL);

	mem = kzalloc(sizeof(*mem), GFP_KERNEL_ACCOUNT);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	kref_init(&mem->ref);
	mem->nr_pages = bytes >> PAGE_SHIFT;
	mem->flags = flags;
	for (i = 0; i < VMM_MEM_LOCKS; i++)
		mutex_init(&mem->lock[i]);
	INIT_LIST_HEAD(&mem->clients);
	init_rwsem(&mem->clients_lock);

	mem->top = vmm_layer_alloc(mem->nr_pages);
	if (!mem->top)
		goto err_mem;
	mem->inode = vmm_mem_inode_create(bytes);
	if (IS_ERR(mem->inode)) {
		err = PTR_ERR(mem->inode);
		goto err_layer;
	}
	return mem;

err_layer:
	vmm_layer_free(mem->top);
err_mem:
	kfree(mem);
	return ERR_PTR(err);
}

static void mem_release(struct kref *ref)
{
	struct vmm_mem *mem = container_of(ref, struct vmm_mem, ref);

	WARN_ON_ONCE(!list_empty(&mem->clients));
	iput(mem->inode);
	vmm_layer_free(mem->top);
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

/* --- filling ------------------------------------------------------------- */

static struct mutex *block_lock(struct vmm_mem *mem, unsigned long block)
{
	return &mem->lock[block % VMM_MEM_LOCKS];
}

/* Whether the block may be allocated as one: it lies in the object whole. */
static bool may_be_huge(const struct vmm_mem *mem, unsigned long block)
{
	return !(mem->flags & VMM_MEM_F_NOHUGE) &&
	       (block + 1) << VMM_BLOCK_SHIFT <= mem->nr_pages;
}

static int fill(struct vmm_mem *mem, pgoff_t index)
{
	unsigned long block = index >> VMM_BLOCK_SHIFT;
	int err;

	mutex_lock(block_lock(mem, block));
	err = vmm_layer_fill(mem->top, index, may_be_huge(mem, block));
	mutex_unlock(block_lock(mem, block));
	return err;
}

/**
 * vmm_mem_get_slow() - vmm_mem_get() for an index that no layer has
 * @mem:	the object
 * @index:	page number, checked
 * @flags:	as there
 * @out:	as there
 */
int vmm_mem_get_slow(struct vmm_mem *mem, pgoff_t index, unsigned int flags,
		     struct vmm_mem_page *out)
{
	out->huge = false;
	out->writable = false;
	out->zero = false;
	if ((flags & VMM_MEM_ZERO_OK) && !(flags & VMM_MEM_WRITE)) {
		out->phys = page_to_phys(ZERO_PAGE(0));
		out->zero = true;
		return 0;
	}
	if (flags & VMM_MEM_NOWAIT)
		return -EWOULDBLOCK;
	/* The page may be gone again already: only the next look counts. */
	out->phys = 0;
	return fill(mem, index);
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

static void call_clients(struct vmm_mem *mem, pgoff_t first,
			 unsigned long count)
{
	struct vmm_mem_client *c;

	down_read(&mem->clients_lock);
	list_for_each_entry(c, &mem->clients, node) {
		pgoff_t from = max(first, c->first);
		pgoff_t to = min(first + count, c->first + c->count);

		if (from < to)
			c->ops->invalidate(c, from, to - from);
	}
	up_read(&mem->clients_lock);
}

/* --- discarding ---------------------------------------------------------- */

static void invalidate_begin(struct vmm_mem *mem)
{
	atomic_inc(&mem->busy);
	/* Seen as busy before a page is seen to go. */
	smp_mb__after_atomic();
}

static void invalidate_end(struct vmm_mem *mem)
{
	/* All pages are gone before the sequence says so ... */
	smp_mb__before_atomic();
	atomic_inc(&mem->seq);
	/* ... and it says so before the object looks idle again. */
	smp_mb__before_atomic();
	atomic_dec(&mem->busy);
}

static void leaving_work(struct work_struct *work)
{
	struct leaving *l = container_of(to_rcu_work(work), struct leaving,
					 work);

	vmm_layer_free_pages(&l->pages);
	kfree(l);
}

/* Free @pages when no reader can be left. */
static void free_later(struct list_head *pages)
{
	struct leaving *l;

	if (list_empty(pages))
		return;
	l = kmalloc(sizeof(*l), GFP_KERNEL | __GFP_NOWARN);
	if (!l) {
		synchronize_rcu();
		vmm_layer_free_pages(pages);
		return;
	}
	INIT_LIST_HEAD(&l->pages);
	list_splice_init(pages, &l->pages);
	INIT_RCU_WORK(&l->work, leaving_work);
	queue_rcu_work(leaving_wq, &l->work);
}

static int remove_words(struct vmm_mem *mem, pgoff_t first,
			unsigned long count, struct list_head *pages)
{
	pgoff_t end = first + count, next;
	int err = 0;

	for (; first < end && !err; first = next) {
		unsigned long block = first >> VMM_BLOCK_SHIFT;

		next = min(end, (block + 1) << VMM_BLOCK_SHIFT);
		mutex_lock(block_lock(mem, block));
		err = vmm_layer_remove(mem->top, first, next - first, pages);
		mutex_unlock(block_lock(mem, block));
	}
	return err;
}

static void remove_user_mappings(struct vmm_mem *mem, pgoff_t first,
				 unsigned long count, struct list_head *pages)
{
	struct address_space *mapping = mem->inode->i_mapping;
	struct page *page;

	/*
	 * The words are gone before we look at locks and mappings.  A fault
	 * handler locks the page before its second look, and is called only
	 * for a mapping that is in place: what we don't see here comes late
	 * enough to see that the page is gone.
	 */
	smp_mb();
	if (!mapping_mapped(mapping))
		return;
	list_for_each_entry(page, pages, lru) {
		if (PageLocked(page)) {
			lock_page(page);
			unlock_page(page);
		}
	}
	unmap_mapping_pages(mapping, first, count, false);
}

static int discard_round(struct vmm_mem *mem, pgoff_t first,
			 unsigned long count)
{
	LIST_HEAD(pages);
	int err;

	invalidate_begin(mem);
	err = remove_words(mem, first, count, &pages);
	if (!list_empty(&pages)) {
		remove_user_mappings(mem, first, count, &pages);
		call_clients(mem, first, count);
	}
	invalidate_end(mem);
	free_later(&pages);
	return err;
}

/*
 * Take the block around @index apart if that is where the range ends, so that
 * the rest of it can stay.  Done for both ends before anything is removed: the
 * discard can then fail no more, unless a block comes back whole meanwhile.
 */
static int split_at(struct vmm_mem *mem, pgoff_t index)
{
	unsigned long block = index >> VMM_BLOCK_SHIFT;
	int err;

	if (!(index & (VMM_BLOCK_PAGES - 1)) || index >= mem->nr_pages)
		return 0;
	mutex_lock(block_lock(mem, block));
	err = vmm_layer_split(mem->top, block);
	mutex_unlock(block_lock(mem, block));
	return err;
}

/**
 * vmm_mem_discard() - give pages back; they read as zero from now on
 * @mem:	the object
 * @first:	first page
 * @count:	how many
 *
 * A page that somebody holds or has pinned is freed when that ends, but is no
 * longer part of the object.  What is written while the discard runs survives or
 * not.  May sleep.
 *
 * Return: 0, -ERANGE, or -ENOMEM: a partial block needs a table to name its
 * remaining pages.
 */
int vmm_mem_discard(struct vmm_mem *mem, pgoff_t first, unsigned long count)
{
	pgoff_t end = first + count, next;
	int err;

	if (first > mem->nr_pages || count > mem->nr_pages - first)
		return -ERANGE;
	err = split_at(mem, first);
	if (!err)
		err = split_at(mem, end);

	for (; first < end && !err; first = next) {
		next = min(end, round_down(first, DISCARD_PAGES) +
			   DISCARD_PAGES);
		err = discard_round(mem, first, next - first);
		cond_resched();
	}
	return err;
}

/* The first page behind @index that need not be like it. */
static pgoff_t next_index(const struct vmm_mem *mem, pgoff_t index)
{
	unsigned long block = index >> VMM_BLOCK_SHIFT;

	if (READ_ONCE(mem->top->block[block]))
		return index + 1;
	return min_t(pgoff_t, (block + 1) << VMM_BLOCK_SHIFT, mem->nr_pages);
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
	pgoff_t index = from, next;
	bool huge, there;

	while (index < mem->nr_pages) {
		rcu_read_lock();
		there = vmm_layer_lookup(mem->top, index, &huge);
		next = next_index(mem, index);
		rcu_read_unlock();
		if (there == present)
			return index;
		index = there ? index + 1 : next;
		if (!(index & (VMM_BLOCK_PAGES - 1))) {
			if (fatal_signal_pending(current))
				return -EINTR;
			cond_resched();
		}
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
	const struct vmm_layer *top = mem->top;

	stats->pages = mem->nr_pages;
	stats->resident = atomic_long_read(&top->resident);
	stats->huge = atomic_long_read(&top->huge);
	stats->tables = atomic_long_read(&top->tables);
}
