// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are not in memory: records, and what is packed in memory.
 *
 * Packed data is kept in caches of sizes that lie 128 bytes apart, of which the slab
 * allocator makes the best: the kernel has an allocator for compressed pages, but as
 * a module that needs not be there.  All of it is charged to the group of who packs.
 *
 * Memory for who makes memory free
 *   A page is packed because there is too little memory, or because its group is at
 *   its limit.  So the allocations here run as those of the kernel's own reclaim do: they
 *   may exceed the group's limit, for as long as it takes to give back more, and they
 *   may use what the kernel keeps for this if nothing else is left.  Who packs a merged
 *   frame need not give anything back: he may do neither.  They do not
 *   reclaim, so whatever lock the caller holds is none of reclaim's.
 *
 * Packed data does not move, and is copied under the store's lock; so nobody has to
 * be waited for when it goes to the file, comes back from there, or is freed.
 */

#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mem/away.h"
#include "mem/compress.h"
#include "mem/lines.h"
#include "mem/store.h"
#include "mem/swap.h"

#define CLASS_STEP	128
#define CLASSES		(VMM_PACKED_MAX / CLASS_STEP)

#define AWAY_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN)

static struct kmem_cache *records;
static struct kmem_cache *classes[CLASSES];

static void destroy_caches(void)
{
	unsigned int i;

	for (i = 0; i < CLASSES; i++)
		kmem_cache_destroy(classes[i]);
	kmem_cache_destroy(records);
}

static int create_caches(void)
{
	char name[24];
	unsigned int i;

	records = kmem_cache_create("vmm_away", sizeof(struct vmm_away),
				    __alignof__(struct vmm_away), SLAB_ACCOUNT,
				    NULL);
	if (!records)
		return -ENOMEM;
	for (i = 0; i < CLASSES; i++) {
		snprintf(name, sizeof(name), "vmm_packed_%u",
			 (i + 1) * CLASS_STEP);
		classes[i] = kmem_cache_create(name, (i + 1) * CLASS_STEP, 0,
					       SLAB_ACCOUNT, NULL);
		if (!classes[i])
			return -ENOMEM;
	}
	return 0;
}

/**
 * vmm_away_init() - when the module is loaded
 */
int vmm_away_init(void)
{
	int err = create_caches();

	if (err)
		goto caches;
	err = vmm_compress_init();
	if (err)
		goto caches;
	err = vmm_swap_init();
	if (err)
		goto compress;
	return 0;
compress:
	vmm_compress_exit();
caches:
	destroy_caches();
	return err;
}

/**
 * vmm_away_exit() - when the module goes; no store is left
 */
void vmm_away_exit(void)
{
	vmm_swap_exit();
	vmm_compress_exit();
	destroy_caches();
}

/**
 * vmm_store_create() - a family's store, empty and without a file
 *
 * Return: it, or NULL.
 */
struct vmm_store *vmm_store_create(void)
{
	struct vmm_store *store = kzalloc(sizeof(*store), GFP_KERNEL_ACCOUNT);

	if (!store)
		return NULL;
	spin_lock_init(&store->lock);
	INIT_LIST_HEAD(&store->packed);
	INIT_LIST_HEAD(&store->plain);
	INIT_LIST_HEAD(&store->filed);
	mutex_init(&store->write_lock);
	mutex_init(&store->read_lock);
	vmm_swap_setup(store);
	return store;
}

/**
 * vmm_store_destroy() - the family is gone, and with it all records
 * @store:	whose
 */
void vmm_store_destroy(struct vmm_store *store)
{
	vmm_swap_destroy(store);
	WARN_ON_ONCE(store->nr_packed || store->nr_filed);
	kfree(store);
}

void vmm_store_stats(struct vmm_store *store, struct vmm_store_stats *stats)
{
	spin_lock(&store->lock);
	stats->packed = store->nr_packed;
	stats->packed_bytes = store->packed_bytes;
	stats->filed = store->nr_filed;
	stats->filed_bytes = store->filed_bytes;
	stats->file_room = vmm_swap_room(store);
	spin_unlock(&store->lock);
}

/* --- what is packed ------------------------------------------------------------ */

static void *cache_or_page(struct kmem_cache *cache, gfp_t gfp)
{
	return cache ? kmem_cache_alloc(cache, gfp) : kmalloc(PAGE_SIZE, gfp);
}

/* Like the kernel's reclaim: without limits, and the last reserves last. */
static void *reserved_alloc(struct kmem_cache *cache)
{
	unsigned int scope = memalloc_noreclaim_save();
	void *data = cache_or_page(cache, AWAY_GFP | __GFP_NOMEMALLOC);

	if (!data)
		data = cache_or_page(cache, AWAY_GFP);
	memalloc_noreclaim_restore(scope);
	return data;
}

/*
 * For who may give nothing back: what lies ready, within the group's limit.  He does not
 * reclaim either, as he may be making room for others.
 */
static void *modest_alloc(struct kmem_cache *cache)
{
	unsigned long flags = current->flags;
	void *data;

	current->flags &= ~PF_MEMALLOC;
	data = cache_or_page(cache, GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN);
	current_restore_flags(flags, PF_MEMALLOC);
	return data;
}

static struct kmem_cache *class_of(unsigned int length)
{
	return length > VMM_PACKED_MAX ? NULL :
	       classes[(length - 1) / CLASS_STEP];
}

/* What @length bytes, not 0, take in memory. */
unsigned int vmm_packed_size(unsigned int length)
{
	return length > VMM_PACKED_MAX ? PAGE_SIZE :
	       roundup(length, CLASS_STEP);
}

/* @makes_room: for who gives back more than this. */
void *vmm_packed_alloc(unsigned int length, bool makes_room)
{
	return makes_room ? reserved_alloc(class_of(length)) :
	       cache_or_page(class_of(length), AWAY_GFP | __GFP_NORETRY);
}

void vmm_packed_free(void *data, unsigned int length)
{
	if (class_of(length))
		kmem_cache_free(class_of(length), data);
	else
		kfree(data);
}

/* --- where a record is ----------------------------------------------------------- */

static void count_packed(struct vmm_store *store, const struct vmm_away *away,
			 int sign)
{
	long size = sign * (long)vmm_packed_size(away->length);

	store->nr_packed += sign;
	store->packed_bytes += size;
	if (away->length == PAGE_SIZE)
		store->plain_bytes += size;
}

static void count_filed(struct vmm_store *store, const struct vmm_away *away,
			int sign)
{
	store->nr_filed += sign;
	store->filed_bytes += sign * (long)away->length;
}

static struct list_head *packed_list(struct vmm_store *store,
				     const struct vmm_away *away)
{
	return away->length == PAGE_SIZE ? &store->plain : &store->packed;
}

/* It is on no list, and the youngest. */
void vmm_away_set_packed(struct vmm_store *store, struct vmm_away *away,
			 void *data)
{
	lockdep_assert_held(&store->lock);

	away->data = data;
	away->where = VMM_AWAY_PACKED;
	count_packed(store, away, 1);
	list_add_tail(&away->node, packed_list(store, away));
}

/* It was to go to the file, and is on no list: it is the oldest. */
void vmm_away_put_back(struct vmm_store *store, struct vmm_away *away)
{
	lockdep_assert_held(&store->lock);

	list_add(&away->node, packed_list(store, away));
}

/* Its @place is set, and it is on no list. */
void vmm_away_set_filed(struct vmm_store *store, struct vmm_away *away)
{
	lockdep_assert_held(&store->lock);

	away->where = VMM_AWAY_FILED;
	count_filed(store, away, 1);
	list_add_tail(&away->node, &store->filed);
}

/*
 * It is on no list, and nowhere from now on.  Returns what the caller frees when it has
 * dropped the lock, or NULL.
 */
void *vmm_away_unset(struct vmm_store *store, struct vmm_away *away)
{
	void *data = away->data;

	lockdep_assert_held(&store->lock);

	if (away->where == VMM_AWAY_PACKED) {
		count_packed(store, away, -1);
	} else if (away->where == VMM_AWAY_FILED) {
		count_filed(store, away, -1);
		vmm_swap_forget(store, away->place, away->length);
	}
	away->where = VMM_AWAY_NOWHERE;
	away->data = NULL;
	return data;
}

/* Nobody has the record, nor @data, which may be NULL. */
void vmm_away_release(struct vmm_away *away, void *data)
{
	if (data)
		vmm_packed_free(data, away->length);
	kmem_cache_free(records, away);
}

/* --- for the trees ----------------------------------------------------------------- */

/**
 * vmm_away_alloc() - a record of no page
 * @store:	of its family
 * @frees:	the page will be given back
 *
 * Return: it, or NULL.
 */
struct vmm_away *vmm_away_alloc(struct vmm_store *store, bool frees)
{
	struct vmm_away *away = frees ? reserved_alloc(records) :
					modest_alloc(records);

	if (!away)
		return NULL;
	memset(away, 0, sizeof(*away));
	INIT_LIST_HEAD(&away->node);
	return away;
}

/* Room for what is packed, or NULL. */
static void *room_for(unsigned int length, bool frees)
{
	return frees ? vmm_packed_alloc(length, true) :
	       modest_alloc(class_of(length));
}

static void keep(struct vmm_store *store, struct vmm_away *away, void *data,
		 unsigned int length)
{
	away->length = length;
	spin_lock(&store->lock);
	vmm_away_set_packed(store, away, data);
	spin_unlock(&store->lock);
}

/* What is in the packer's buffer, or in the page if that is better. */
static int keep_bytes(struct vmm_store *store, struct vmm_away *away,
		      const void *from, unsigned int length, bool frees)
{
	void *data = room_for(length, frees);

	if (!data)
		return -ENOMEM;
	memcpy(data, from, length);
	keep(store, away, data, length);
	return 0;
}

static int keep_lines(struct vmm_store *store, struct vmm_away *away,
		      const void *page, const struct vmm_lines *lines,
		      bool frees)
{
	unsigned int length = vmm_lines_length(lines);
	void *data;

	if (length > VMM_PACKED_MAX)
		return -E2BIG;
	data = room_for(length, frees);
	if (!data)
		return -ENOMEM;
	vmm_lines_pack(page, lines, data);
	away->lines = true;
	keep(store, away, data, length);
	return 0;
}

static int keep_compressed(struct vmm_store *store, struct vmm_away *away,
			   void *page, bool frees)
{
	struct vmm_packer *packer = vmm_packer_get();
	int length = vmm_packer_pack(packer, page), err = -E2BIG;

	if (length > 0 && length <= VMM_PACKED_MAX)
		err = keep_bytes(store, away, packer->buf, length, frees);
	vmm_packer_put(packer);
	return err;
}

/**
 * vmm_away_pack() - have a record of a page
 * @store:	of the family
 * @away:	the record, of no page so far
 * @phys:	the page, which nobody changes
 * @frees:	it is given back then
 *
 * Return: 0: the page is not needed any more; VMM_AWAY_ZERO: it is zero, and the
 * record is of no page still; -E2BIG: it does not compress, and there is no file
 * that takes it; or -ENOMEM.
 */
int vmm_away_pack(struct vmm_store *store, struct vmm_away *away,
		  unsigned long phys, bool frees)
{
	void *page = __va(phys);
	struct vmm_lines lines;
	int err;

	if (WARN_ON_ONCE(away->length))
		return -EINVAL;
	lines = vmm_lines_of(page);
	if (!lines.nr)
		return VMM_AWAY_ZERO;
	if (vmm_lines_are_noise(page, &lines))
		err = keep_lines(store, away, page, &lines, frees);
	else
		err = keep_compressed(store, away, page, frees);
	if (err == -E2BIG && vmm_swap_takes(store))
		err = keep_bytes(store, away, page, PAGE_SIZE, frees);
	if (!err)
		vmm_swap_hurry(store);
	return err;
}

/* Copies what is packed in memory; false: it is not. */
static bool copy_packed(struct vmm_store *store, struct vmm_away *away, void *to)
{
	bool packed;

	spin_lock(&store->lock);
	packed = away->where == VMM_AWAY_PACKED;
	if (packed)
		memcpy(to, away->data, away->length);
	spin_unlock(&store->lock);
	return packed;
}

/**
 * vmm_away_unpack() - make a page what it was
 * @store:	of the family
 * @away:	a record of it, which stays one
 * @phys:	a page
 *
 * Return: 0, -EIO: the file cannot be read; -EBADMSG: it is not what was written
 * there; -ENOMEM or -EINTR of the file's file system.
 */
int vmm_away_unpack(struct vmm_store *store, struct vmm_away *away,
		    unsigned long phys)
{
	void *page = __va(phys);
	struct vmm_packer *packer;
	int err = 0;

	if (WARN_ON_ONCE(!away->length))
		return -EIO;
	/* Nobody who only unpacks waits for who reads. */
	if (!copy_packed(store, away, page))
		err = vmm_swap_read(store, away, page);
	if (err || away->length == PAGE_SIZE)
		return err;
	if (away->lines)
		return vmm_lines_unpack(page, away->length) ? 0 : -EBADMSG;
	packer = vmm_packer_get();
	memcpy(packer->buf, page, away->length);
	err = vmm_packer_unpack(packer, away->length, page);
	vmm_packer_put(packer);
	return err;
}

/**
 * vmm_away_free() - nobody needs a record any more
 * @store:	of the family
 * @away:	nobody packs or unpacks it
 *
 * Does not sleep.
 */
void vmm_away_free(struct vmm_store *store, struct vmm_away *away)
{
	void *data = NULL;
	bool moving;

	spin_lock(&store->lock);
	moving = away->moving;
	away->dead = moving;
	if (!moving) {
		list_del(&away->node);
		data = vmm_away_unset(store, away);
	}
	spin_unlock(&store->lock);
	/* Who moves it frees it. */
	if (!moving)
		vmm_away_release(away, data);
}
