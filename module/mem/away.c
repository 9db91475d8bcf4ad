// SPDX-License-Identifier: GPL-2.0
/*
 * The store of pages that are away: compressed by LZO, with a sum of what they were.
 */

#include <linux/errno.h>
#include <linux/io.h>
#include <linux/lzo.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/xxhash.h>

#include "mem/away.h"

/* What saves less than a quarter of a page is not worth it. */
#define MOST_BYTES	(PAGE_SIZE * 3 / 4)

#define STORE_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_NORETRY)

static struct kmem_cache *records;

/* What one compression works with. */
static struct {
	u8 memory[LZO1X_1_MEM_COMPRESS];
	u8 out[lzo1x_worst_compress(PAGE_SIZE)];
} *work;
static DEFINE_MUTEX(work_lock);

/**
 * vmm_away_init() - when the module is loaded
 *
 * Return: 0 or -ENOMEM.
 */
int vmm_away_init(void)
{
	records = KMEM_CACHE(vmm_away, SLAB_ACCOUNT);
	work = vzalloc(sizeof(*work));
	if (records && work)
		return 0;
	vmm_away_exit();
	return -ENOMEM;
}

/**
 * vmm_away_exit() - when the module goes; no record is left
 */
void vmm_away_exit(void)
{
	kmem_cache_destroy(records);
	vfree(work);
}

/**
 * vmm_away_alloc() - a record that has nothing so far
 * @store:	of the family
 *
 * Return: it, with a count of 0, or NULL.
 */
struct vmm_away *vmm_away_alloc(struct vmm_store *store)
{
	return kmem_cache_zalloc(records, STORE_GFP);
}

/* What is in @work becomes the record's. */
static int keep(struct vmm_away *away, size_t length)
{
	if (length > MOST_BYTES)
		return -E2BIG;
	away->data = kmemdup(work->out, length, STORE_GFP);
	if (!away->data)
		return -ENOMEM;
	away->length = length;
	return 0;
}

/**
 * vmm_away_pack() - keep what a page has
 * @store:	of the family
 * @away:	the page's record
 * @phys:	the page, which does not change
 *
 * May sleep.
 *
 * Return: 0, VMM_AWAY_ZERO, -E2BIG (does not compress), -ENOMEM.
 */
int vmm_away_pack(struct vmm_store *store, struct vmm_away *away,
		  unsigned long phys)
{
	const void *page = __va(phys);
	size_t length = sizeof(work->out);
	int err = -E2BIG;

	if (!memchr_inv(page, 0, PAGE_SIZE))
		return VMM_AWAY_ZERO;
	away->sum = xxh64(page, PAGE_SIZE, 0);
	mutex_lock(&work_lock);
	if (lzo1x_1_compress(page, PAGE_SIZE, work->out, &length,
			     work->memory) == LZO_E_OK)
		err = keep(away, length);
	mutex_unlock(&work_lock);
	return err;
}

/**
 * vmm_away_unpack() - have a page as it was
 * @store:	of the family
 * @away:	its record, as often as wanted
 * @phys:	where to
 *
 * Return: 0 or -EBADMSG: it is not what it was.
 */
int vmm_away_unpack(struct vmm_store *store, struct vmm_away *away,
		    unsigned long phys)
{
	void *page = __va(phys);
	size_t length = PAGE_SIZE;

	if (!away->data ||
	    lzo1x_decompress_safe(away->data, away->length, page, &length) !=
	    LZO_E_OK || length != PAGE_SIZE ||
	    xxh64(page, PAGE_SIZE, 0) != away->sum)
		return -EBADMSG;
	return 0;
}

/**
 * vmm_away_free() - nobody names a record any more
 * @store:	of the family
 * @away:	it
 */
void vmm_away_free(struct vmm_store *store, struct vmm_away *away)
{
	kfree(away->data);
	kmem_cache_free(records, away);
}
