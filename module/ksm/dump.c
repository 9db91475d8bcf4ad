// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of page hashes.
 *
 * A page is looked at as the scan does it: by the word that its object has for it at that
 * moment, inside of RCU, with no lock and no reference.  What is written meanwhile has a hash of no
 * content that ever was, as in a scan.
 *
 * Where a page is in the host would tell a reader of dumps more than he needs: which
 * pages share a frame.  So a frame is told by a hash of its number, under a key
 * that nobody knows; the seed is no secret to whoever repeats a run.
 */

#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/siphash.h>

#include "ksm/dump.h"
#include "ksm/ksm.h"
#include "ksm/look.h"
#include "mem/mem.h"
#include "mem/registry.h"

static_assert(sizeof(struct vmm_ksm_page) == 24);
static_assert(offsetof(struct vmm_ksm_page, frame) == 8);
static_assert(offsetof(struct vmm_ksm_page, flags) == 16);
static_assert(offsetof(struct vmm_ksm_page, object) == 20);

static siphash_key_t frame_key __read_mostly;

void vksm_dump_begin(struct vksm_dump *dump)
{
	struct vksm_knobs knobs;

	get_random_once(&frame_key, sizeof(frame_key));
	vksm_get_knobs(&knobs);
	vksm_key_make(&dump->key, knobs.seed);
	dump->way = vksm_look_way(knobs.hash == VKSM_HASH_AES);
}

static void fill(const struct vksm_dump *dump, const struct vmm_mem_peek *peek,
		 struct vmm_ksm_page *page)
{
	page->flags = VMM_KSM_PAGE_PRESENT;
	page->frame = siphash_1u64(peek->phys >> PAGE_SHIFT, &frame_key);
	if (vksm_page_look(&dump->key, dump->way, true, peek->phys,
			   &page->hash))
		page->flags |= VMM_KSM_PAGE_ZERO;
	if (peek->merged)
		page->flags |= VMM_KSM_PAGE_MERGED;
	else if (!peek->own)
		page->flags |= VMM_KSM_PAGE_KIN;
	if (peek->huge)
		page->flags |= VMM_KSM_PAGE_HUGE;
}

void vksm_dump_page(const struct vksm_dump *dump, const struct vmm_mem *mem,
		    u64 index, struct vmm_ksm_page *page)
{
	struct vmm_mem_peek peek;

	*page = (struct vmm_ksm_page){ .object = mem->id };
	rcu_read_lock();
	if (vmm_mem_peek(mem, index, &peek))
		fill(dump, &peek, page);
	else if (peek.away)
		page->flags = VMM_KSM_PAGE_AWAY;
	rcu_read_unlock();
}
