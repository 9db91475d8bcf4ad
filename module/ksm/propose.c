// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages can be merged: see propose.h.
 */

#include <linux/minmax.h>
#include <linux/rcupdate.h>

#include "ksm/propose.h"
#include "mem/mem.h"
#include "mem/merged.h"
#include "mem/registry.h"

/* Inside of RCU: the candidate is a merged frame, if it is. */
static void take_frame(struct vmm_merge_candidate *c,
		       const struct vmm_mem_peek *peek)
{
	if (!peek->merged)
		return;
	c->frame = peek->phys;
	vmm_merged_get(c->frame, 1);
}

/* The content has another frame, and room there for all that have this one. */
static bool may_join(struct vksm_scan *s, u64 hash, unsigned long frame,
		     unsigned int max)
{
	unsigned long to = vksm_index_frame(&s->engine.index, hash) <<
			   PAGE_SHIFT;

	/* The index has a name of that, too. */
	return to && to != frame &&
	       vmm_merged_names_of(to) + vmm_merged_names_of(frame) <= max;
}

/* Pages that could be a merged frame, or another one, or nothing, and are not. */
static void propose_equal(struct vksm_scan *s, struct vmm_mem *mem,
			  struct vksm_object *o, u64 nr, struct vksm_batch *b)
{
	u64 index = nr << VKSM_GROUP_SHIFT, hash = 0;
	u64 end = min(index + VKSM_GROUP_PAGES, o->nr_pages);
	struct vmm_merge_candidate *c;
	struct vmm_mem_peek peek;
	bool zero, there;

	b->salt = vksm_scan_salt(s, mem);
	for (; index < end; index++) {
		zero = vksm_is_zero(o, index);
		if (!zero && (!vksm_is_shared(o, index) ||
			      !vksm_has_several(&s->engine, o, index, &hash)))
			continue;
		c = &b->candidate[b->nr];
		*c = (struct vmm_merge_candidate){
			.index = index, .cookie = hash, .zero = zero,
		};
		rcu_read_lock();
		there = vmm_mem_peek(mem, index, &peek);
		if (there && peek.merged)
			there = !zero && may_join(s, hash, peek.phys, b->sharing);
		if (there)
			take_frame(c, &peek);
		rcu_read_unlock();
		b->nr += there;
	}
}

/* All that were looked at, whatever is in them. */
static void propose_all(struct vksm_scan *s, struct vmm_mem *mem,
			struct vksm_object *o, u64 nr, struct vksm_batch *b)
{
	u64 index = nr << VKSM_GROUP_SHIFT;
	u64 end = min(index + VKSM_GROUP_PAGES, o->nr_pages);
	struct vmm_merge_candidate *c;
	struct vmm_mem_peek peek;
	bool there;

	b->salt = vksm_scan_salt(s, mem);
	for (; index < end; index++) {
		if (!vksm_mark(o, index))
			continue;
		c = &b->candidate[b->nr];
		*c = (struct vmm_merge_candidate){
			.index = index, .alone = !vksm_is_shared(o, index),
		};
		vksm_has_several(&s->engine, o, index, &c->cookie);
		rcu_read_lock();
		there = vmm_mem_peek(mem, index, &peek);
		if (there)
			take_frame(c, &peek);
		rcu_read_unlock();
		/* It becomes a frame of what it has then, whatever was seen. */
		if (!there || !peek.merged)
			vksm_stir_page(o, index);
		b->nr += there;
	}
}

void vksm_propose(struct vksm_scan *s, struct vmm_mem *mem,
		  struct vksm_object *o, u64 nr, struct vksm_batch *b)
{
	if (s->uniform)
		propose_all(s, mem, o, nr, b);
	else
		propose_equal(s, mem, o, nr, b);
}
