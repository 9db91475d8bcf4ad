// SPDX-License-Identifier: GPL-2.0
/*
 * Merged frames: see merged.h.
 */

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>

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

static atomic_long_t breaks[VMM_NR_BREAKS];

static void free_frame(unsigned long frame)
{
	atomic_long_dec(&frames);
	vmm_port_page_thaw(frame);
	vmm_port_page_free(frame);
}

/**
 * vmm_merged_create() - make a frame
 * @phys:	a page that nobody changes; stays as it is
 *
 * Return: physical address of a frame with what is in @phys, and one name, the
 * caller's; or 0.
 */
unsigned long vmm_merged_create(unsigned long phys)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOWARN |
				       __GFP_RETRY_MAYFAIL);
	unsigned long frame;

	if (!page)
		return 0;
	frame = page_to_phys(page);
	vmm_port_page_copy(frame, phys);
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

/* A copy was made. */
void vmm_merged_broken(enum vmm_break why)
{
	atomic_long_inc(&breaks[why]);
}

/* All so far. */
void vmm_merged_breaks(u64 all[VMM_NR_BREAKS])
{
	unsigned int i;

	for (i = 0; i < VMM_NR_BREAKS; i++)
		all[i] = atomic_long_read(&breaks[i]);
}
