// SPDX-License-Identifier: GPL-2.0
/*
 * Merged frames: see merged.h.
 */

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "mem/breaks.h"
#include "mem/merged.h"
#include "mem/port.h"

/* Beside the page, as the counts of all pages are. */
static atomic_long_t *names_of(unsigned long frame)
{
	return (atomic_long_t *)vmm_port_page_count(frame);
}

static atomic_long_t frames;

/* Names of all. */
static atomic_long_t names;

static void free_frame(unsigned long frame)
{
	atomic_long_dec(&frames);
	vmm_port_page_thaw(frame);
	vmm_port_page_free(frame);
}

/*
 * Pages that frames are made of, in no order, so that nobody knows where one will lie: by
 * giving a page back just before, say.
 */
#define POOL_PAGES	256

static unsigned long pool[POOL_PAGES];
static unsigned int pool_nr;

static unsigned long take_from_pool(void)
{
	unsigned long page;
	struct page *fresh;
	unsigned int i;

	while (pool_nr < POOL_PAGES) {
		fresh = alloc_page(GFP_KERNEL | __GFP_NOWARN |
				   __GFP_RETRY_MAYFAIL);
		if (!fresh)
			break;
		WRITE_ONCE(pool_nr, pool_nr + 1);
		pool[pool_nr - 1] = page_to_phys(fresh);
	}
	if (!pool_nr)
		return 0;
	i = get_random_u32() % pool_nr;
	page = pool[i];
	WRITE_ONCE(pool_nr, pool_nr - 1);
	pool[i] = pool[pool_nr];
	return page;
}

/**
 * vmm_merged_drain() - no frames will be made for a while
 *
 * Not at the same time as vmm_merged_create().
 */
void vmm_merged_drain(void)
{
	while (pool_nr) {
		WRITE_ONCE(pool_nr, pool_nr - 1);
		vmm_port_page_free(pool[pool_nr]);
	}
}

/* Bytes that lie ready. */
u64 vmm_merged_pool_bytes(void)
{
	return (u64)READ_ONCE(pool_nr) << PAGE_SHIFT;
}

/**
 * vmm_merged_create() - make a frame
 * @phys:	a page that nobody changes; stays as it is
 *
 * One at a time.
 *
 * Return: physical address of a frame with what is in @phys, and one name, the
 * caller's; or 0.
 */
unsigned long vmm_merged_create(unsigned long phys)
{
	unsigned long frame = take_from_pool();

	if (!frame)
		return 0;
	vmm_port_page_copy(frame, phys);
	vmm_breaks_begin(frame);
	atomic_long_set(names_of(frame), 1);
	atomic_long_inc(&names);
	atomic_long_inc(&frames);
	return frame;
}

/* By who has a name. */
void vmm_merged_get(unsigned long frame, unsigned long nr)
{
	atomic_long_add(nr, names_of(frame));
	atomic_long_add(nr, &names);
}

/* When nobody can be looking at it by way of these names. */
void vmm_merged_drop(unsigned long frame, unsigned long nr)
{
	atomic_long_sub(nr, &names);
	if (atomic_long_sub_and_test(nr, names_of(frame)))
		free_frame(frame);
}

void vmm_merged_put(unsigned long frame)
{
	vmm_merged_drop(frame, 1);
}

/* Of one that the caller has a name of; others come and go. */
u64 vmm_merged_names_of(unsigned long frame)
{
	return atomic_long_read(names_of(frame));
}

/* All there are. */
u64 vmm_merged_frames(void)
{
	return atomic_long_read(&frames);
}

/* Names of all frames, those of who is not a table included. */
u64 vmm_merged_names(void)
{
	return atomic_long_read(&names);
}
