// SPDX-License-Identifier: GPL-2.0
/*
 * Families: their locks, and dropping what their trees have no more.
 *
 * A reference that a tree gives up is dropped when every client has been called
 * and a grace period has passed: until then somebody may look at what it named
 * by way of that tree, and it must not be freed, nor become another
 * tree's own.  References are collected in batches, one of which waits while the
 * next is filled: so a page that is broken costs an entry, not a callback.
 *
 * When an object goes, nobody can reach anything by way of it, so its references
 * are dropped at once.  What falls to 0 can be freed then: references that other
 * objects gave up, and whose readers may still be there, count until their
 * grace period ends.
 */

#include <linux/cred.h>
#include <linux/memcontrol.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "mem/away.h"
#include "mem/family.h"

/* A page each. */
#define BATCH_ITEMS	((PAGE_SIZE - sizeof(struct vmm_gone_batch)) / \
			 sizeof(struct vmm_gone_item))

/**
 * struct vmm_gone_batch - references that wait
 * @work:	drops them
 * @family:	whose, referenced
 * @nr:		how many
 * @item:	which
 */
struct vmm_gone_batch {
	struct rcu_work work;
	struct vmm_family *family;
	unsigned long nr;
	struct vmm_gone_item item[];
};

/* Apart from system queues so that unloading can drain it. */
static struct workqueue_struct *gone_wq;
static atomic_t families;

/* Who waits for a family's batches, of any. */
static DECLARE_WAIT_QUEUE_HEAD(dropped);
#define HURRY_WAIT	(5 * HZ)

/* All of them. */
static LIST_HEAD(family_list);
static DEFINE_SPINLOCK(family_list_lock);

/**
 * vmm_family_init() - when the module is loaded
 */
int vmm_family_init(void)
{
	gone_wq = alloc_workqueue("vmm_mem", WQ_UNBOUND, 0);
	return gone_wq ? 0 : -ENOMEM;
}

/**
 * vmm_family_exit() - when the module goes; no object is left
 *
 * Batches may be, each of which can make another one go on its way.
 */
void vmm_family_exit(void)
{
	while (atomic_read(&families)) {
		rcu_barrier();
		flush_workqueue(gone_wq);
	}
	rcu_barrier();
	destroy_workqueue(gone_wq);
}

/**
 * vmm_family_create() - start a family
 * @nr_pages:	of each object
 *
 * Return: it, with one reference, or NULL.
 */
struct vmm_family *vmm_family_create(unsigned long nr_pages)
{
	struct vmm_family *family = kzalloc(sizeof(*family),
					    GFP_KERNEL_ACCOUNT);
	unsigned int i;

	if (!family)
		return NULL;
	family->recent.size = vmm_recent_size(nr_pages);
	family->recent.page = kvmalloc_array(family->recent.size, sizeof(u32),
					     GFP_KERNEL_ACCOUNT);
	family->totals.store = vmm_store_create();
	if (!family->recent.page || !family->totals.store) {
		if (family->totals.store)
			vmm_store_destroy(family->totals.store);
		kvfree(family->recent.page);
		kfree(family);
		return NULL;
	}
	kref_init(&family->ref);
	family->nr_pages = nr_pages;
	vmm_policy_init(&family->policy);
	/* Different users have nothing in common. */
	family->merging.domain = from_kuid(&init_user_ns, current_euid());
	family->group = get_mem_cgroup_from_mm(current->mm);
	mutex_init(&family->top);
	for (i = 0; i < VMM_FAMILY_LOCKS; i++)
		mutex_init(&family->lock[i]);
	INIT_LIST_HEAD(&family->members);
	mutex_init(&family->members_lock);
	mutex_init(&family->evict_lock);
	spin_lock_init(&family->recent_lock);
	spin_lock_init(&family->gone_lock);
	atomic_inc(&families);
	spin_lock(&family_list_lock);
	list_add_tail(&family->node, &family_list);
	spin_unlock(&family_list_lock);
	return family;
}

struct vmm_family *vmm_family_get(struct vmm_family *family)
{
	kref_get(&family->ref);
	return family;
}

static void family_release(struct kref *ref)
{
	struct vmm_family *family = container_of(ref, struct vmm_family, ref);

	WARN_ON_ONCE(atomic_long_read(&family->totals.pages) ||
		     atomic_long_read(&family->totals.nodes) ||
		     atomic_long_read(&family->totals.merged) ||
		     atomic_long_read(&family->totals.away));
	spin_lock(&family_list_lock);
	list_del(&family->node);
	spin_unlock(&family_list_lock);
	vmm_store_destroy(family->totals.store);
	kvfree(family->recent.page);
	mem_cgroup_put(family->group);
	kfree(family);
	atomic_dec(&families);
}

/**
 * vmm_family_pages() - pages of all families, each once
 */
u64 vmm_family_pages(void)
{
	struct vmm_family *family;
	u64 sum = 0;

	spin_lock(&family_list_lock);
	list_for_each_entry(family, &family_list, node)
		sum += atomic_long_read(&family->totals.pages);
	spin_unlock(&family_list_lock);
	return sum;
}

void vmm_family_put(struct vmm_family *family)
{
	kref_put(&family->ref, family_release);
}

/**
 * vmm_family_next() - one family after the other
 * @family:	the last one, whose reference is given up; or NULL
 *
 * May sleep.  Families that come or go meanwhile may be seen or not.
 *
 * Return: the next one, referenced; or NULL.
 */
struct vmm_family *vmm_family_next(struct vmm_family *family)
{
	struct vmm_family *next = family;

	spin_lock(&family_list_lock);
	next = list_prepare_entry(next, &family_list, node);
	list_for_each_entry_continue(next, &family_list, node) {
		if (kref_get_unless_zero(&next->ref))
			break;
	}
	if (list_entry_is_head(next, &family_list, node))
		next = NULL;
	spin_unlock(&family_list_lock);
	if (family)
		vmm_family_put(family);
	return next;
}

/* Nobody changes any of the trees. */
void vmm_family_lock_all(struct vmm_family *family)
{
	unsigned int i;

	mutex_lock(&family->top);
	for (i = 0; i < VMM_FAMILY_LOCKS; i++)
		mutex_lock_nest_lock(&family->lock[i], &family->top);
}

void vmm_family_unlock_all(struct vmm_family *family)
{
	unsigned int i;

	for (i = 0; i < VMM_FAMILY_LOCKS; i++)
		mutex_unlock(&family->lock[i]);
	mutex_unlock(&family->top);
}

/* --- dropping -------------------------------------------------------------- */

static void drop_block(struct vmm_family *family, unsigned long index,
		       unsigned long word)
{
	struct mutex *lock = vmm_family_lock(family, index);

	mutex_lock(lock);
	vmm_block_put(word, index, &family->totals);
	mutex_unlock(lock);
}

static void drop_page(struct vmm_family *family, unsigned long index,
		      unsigned long word)
{
	struct mutex *lock = vmm_family_lock(family, index);

	mutex_lock(lock);
	vmm_page_put(word, index, &family->totals);
	mutex_unlock(lock);
}

static void drop_chunk(struct vmm_family *family, unsigned long index,
		       unsigned long word)
{
	const struct vmm_node *chunk = vmm_word_node(word);
	unsigned long i;
	bool last;

	mutex_lock(&family->top);
	last = vmm_chunk_put(word);
	mutex_unlock(&family->top);
	if (!last)
		return;
	for (i = 0; i < VMM_NODE_WORDS; i++) {
		if (!chunk->word[i])
			continue;
		drop_block(family, (index & ~(VMM_CHUNK_PAGES - 1)) +
				   (i << VMM_BLOCK_SHIFT), chunk->word[i]);
		cond_resched();
	}
	vmm_chunk_free(word, &family->totals);
}

/**
 * vmm_family_drop_root() - a tree is gone that nobody uses
 * @family:	whose
 * @root:	its root
 *
 * May sleep, and takes its time with what nobody else shares.
 */
void vmm_family_drop_root(struct vmm_family *family, struct vmm_root *root)
{
	unsigned long i;
	bool last;

	vmm_family_lock_all(family);
	last = vmm_root_put(root);
	vmm_family_unlock_all(family);
	if (!last)
		return;
	for (i = 0; i < root->nr_chunks; i++) {
		if (root->chunk[i])
			drop_chunk(family, i << VMM_CHUNK_SHIFT,
				   root->chunk[i]);
	}
	vmm_root_free(root);
}

static void drop_items(struct vmm_family *family,
		       const struct vmm_gone_item *item, unsigned long nr)
{
	for (; nr; nr--, item++) {
		switch (item->level) {
		case VMM_LEVEL_PAGE:
			drop_page(family, item->index, item->word);
			break;
		case VMM_LEVEL_BLOCK:
			drop_block(family, item->index, item->word);
			break;
		case VMM_LEVEL_CHUNK:
			drop_chunk(family, item->index, item->word);
			break;
		case VMM_LEVEL_ROOT:
			vmm_family_drop_root(family,
					     (struct vmm_root *)item->word);
			break;
		}
		cond_resched();
	}
}

/* --- batches ----------------------------------------------------------------- */

/* The batch waits from now on. */
static void submit(struct vmm_family *family)
{
	struct vmm_gone_batch *batch = family->batch;

	lockdep_assert_held(&family->gone_lock);

	family->batch = NULL;
	family->waiting++;
	queue_rcu_work(gone_wq, &batch->work);
}

static void batch_work(struct work_struct *work)
{
	struct vmm_gone_batch *batch = container_of(to_rcu_work(work),
						    struct vmm_gone_batch,
						    work);
	struct vmm_family *family = batch->family;

	drop_items(family, batch->item, batch->nr);
	kfree(batch);
	spin_lock(&family->gone_lock);
	family->waiting--;
	WRITE_ONCE(family->dropped, family->dropped + 1);
	if (!family->waiting && family->batch)
		submit(family);
	spin_unlock(&family->gone_lock);
	wake_up_all(&dropped);
	vmm_family_put(family);
}

static struct vmm_gone_batch *batch_alloc(struct vmm_family *family)
{
	struct vmm_gone_batch *batch;

	batch = kmalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_NORETRY);
	if (!batch)
		return NULL;
	INIT_RCU_WORK(&batch->work, batch_work);
	batch->family = vmm_family_get(family);
	batch->nr = 0;
	return batch;
}

/* Puts some of @nr items into the batch that is open, if one is. */
static unsigned long append(struct vmm_family *family,
			    const struct vmm_gone_item *item, unsigned long nr,
			    struct vmm_gone_batch **fresh)
{
	struct vmm_gone_batch *batch;

	spin_lock(&family->gone_lock);
	if (!family->batch) {
		family->batch = *fresh;
		*fresh = NULL;
	}
	batch = family->batch;
	nr = batch ? min(nr, BATCH_ITEMS - batch->nr) : 0;
	if (nr) {
		memcpy(batch->item + batch->nr, item, nr * sizeof(*item));
		batch->nr += nr;
		if (!family->waiting || batch->nr == BATCH_ITEMS)
			submit(family);
	}
	spin_unlock(&family->gone_lock);
	return nr;
}

static void batch_free(struct vmm_gone_batch *batch)
{
	if (!batch)
		return;
	vmm_family_put(batch->family);
	kfree(batch);
}

/**
 * vmm_family_defer() - drop references after a grace period
 * @family:	whose
 * @gone:	which; every client that could use them was called
 *
 * The caller holds a reference to the family, and none of its locks.  May sleep.
 */
void vmm_family_defer(struct vmm_family *family, const struct vmm_gone *gone)
{
	struct vmm_gone_batch *fresh = NULL;
	unsigned long done = 0, n;

	while (done < gone->nr) {
		n = append(family, gone->item + done, gone->nr - done, &fresh);
		done += n;
		if (n)
			continue;
		fresh = batch_alloc(family);
		if (!fresh)
			break;
	}
	batch_free(fresh);
	if (done == gone->nr)
		return;
	synchronize_rcu();
	drop_items(family, gone->item + done, gone->nr - done);
}

/* How many batches will have been dropped when those are that wait; what has not begun begins. */
static bool submit_all(struct vmm_family *family, unsigned int *until)
{
	bool waiting;

	spin_lock(&family->gone_lock);
	if (family->batch)
		submit(family);
	waiting = family->waiting;
	*until = family->dropped + family->waiting;
	spin_unlock(&family->gone_lock);
	return waiting;
}

/**
 * vmm_family_hurry() - wait until what was given up is free, but not for ever
 * @family:	whose; the caller holds none of its locks
 *
 * Return: whether there was anything that is free now.
 */
bool vmm_family_hurry(struct vmm_family *family)
{
	unsigned int until;

	if (!submit_all(family, &until))
		return false;
	return wait_event_killable_timeout(dropped,
					   (int)(READ_ONCE(family->dropped) - until) >= 0,
					   HURRY_WAIT) > 0;
}
