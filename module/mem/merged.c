// SPDX-License-Identifier: GPL-2.0
/*
 * Merged frames: see merged.h.
 */

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/mm.h>

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

/* A pool's first pages; with each frame there are some more, as there may be many frames. */
#define POOL_FIRST	32
#define POOL_MORE	2

/* Takes what lies ready: who makes frames holds what reclaim may wait for. */
#define POOL_GFP	(GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN)

/* Within the group's limit, and not from reserves, which who merges may use otherwise. */
static void fill_pool(struct vmm_frame_pool *pool)
{
	unsigned long flags = current->flags;
	struct page *fresh;

	current->flags &= ~PF_MEMALLOC;
	pool->want = pool->want ? min(pool->want + POOL_MORE, VMM_FRAME_POOL) :
				  POOL_FIRST;
	while (pool->nr < pool->want) {
		fresh = alloc_page(POOL_GFP);
		if (!fresh)
			break;
		pool->page[pool->nr++] = page_to_phys(fresh);
	}
	current_restore_flags(flags, PF_MEMALLOC);
}

/*
 * Where nothing lies ready: beyond the group's limit, as the page that the frame is made of
 * is given back a moment later; but not from the kernel's reserves.
 */
static unsigned long alloc_one(void)
{
	unsigned int scope = memalloc_noreclaim_save();
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
				       __GFP_NOMEMALLOC);

	memalloc_noreclaim_restore(scope);
	return page ? page_to_phys(page) : 0;
}

static unsigned long take_from_pool(struct vmm_frame_pool *pool)
{
	unsigned long page;
	unsigned int i;

	fill_pool(pool);
	if (!pool->nr)
		return alloc_one();
	i = get_random_u32() % pool->nr;
	page = pool->page[i];
	pool->page[i] = pool->page[--pool->nr];
	return page;
}

/**
 * vmm_merged_drain() - no frames will be made for a while
 * @pool:	is empty then
 */
void vmm_merged_drain(struct vmm_frame_pool *pool)
{
	while (pool->nr)
		vmm_port_page_free(pool->page[--pool->nr]);
	pool->want = 0;
}

/**
 * vmm_merged_create() - make a frame
 * @pool:	where from
 * @phys:	a page that nobody changes; stays as it is
 *
 * Does not reclaim.
 *
 * Return: physical address of a frame with what is in @phys, and one name, the
 * caller's; or 0.
 */
unsigned long vmm_merged_create(struct vmm_frame_pool *pool,
				unsigned long phys)
{
	unsigned long frame = vmm_mem_fault() ? 0 : take_from_pool(pool);

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
