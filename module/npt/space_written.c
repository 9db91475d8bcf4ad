// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages of a slot vCPUs have written, for who keeps that of its object
 * (mem/written.h): the dirty bits of leaves.  They serve the dirty log as well; dirty.c
 * argues that neither takes a write from the other.
 */

#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "mem/written.h"
#include "npt/space.h"
#include "npt/space_slot.h"

/* Pages between two openings of the spin lock, which faults wait for. */
#define STEP_PAGES	(1UL << 8)

static void tell(void *ctx, u64 gpa, u64 size, unsigned int what)
{
	struct space_slot *s = ctx;
	u64 end = min(gpa + size, s->slot.base + s->slot.size);

	gpa = max(gpa, s->slot.base);
	if (gpa < end)
		vmm_mem_mark_range(s->mem, npt_slot_index(&s->slot, gpa),
				   (end - gpa) >> PAGE_SHIFT);
}

/* Who keeps what dirty bits tell of a slot; under the space's spin lock. */
struct npt_keepers npt_space_keepers(struct space_slot *s)
{
	struct npt_space *space = s->space;

	return (struct npt_keepers){
		.log = rcu_dereference_protected(s->log,
						 lockdep_is_held(&space->lock)),
		.tell = space->tree.fmt->dirty && READ_ONCE(s->mem->written) ?
			tell : NULL,
		.ctx = s,
	};
}

/**
 * npt_space_written() - marks of the pages that vCPUs have written
 * @s:		the slot
 * @gpa:	from where
 * @count:	pages, all of the slot
 *
 * May sleep.
 *
 * Return: how many flushes that took, or -EOPNOTSUPP if hardware does not tell.
 */
int npt_space_written(struct space_slot *s, u64 gpa, unsigned long count)
{
	struct npt_space *space = s->space;
	struct npt_keepers keepers;
	struct npt_batch batch;
	unsigned long n;
	bool owed;

	if (!space->tree.fmt->dirty)
		return -EOPNOTSUPP;
	npt_batch_init(&batch);
	for (; count; count -= n, gpa += (u64)n << PAGE_SHIFT) {
		n = min(count, STEP_PAGES);
		spin_lock(&space->lock);
		owed = batch.flush;
		keepers = npt_space_keepers(s);
		npt_dirty_look(&keepers, &space->tree, gpa,
			       gpa + ((u64)n << PAGE_SHIFT), &batch);
		npt_space_owe(space, &batch, owed);
		spin_unlock(&space->lock);
		cond_resched();
	}
	return npt_space_finish(space, &batch);
}

/* No CPU has anything cached that somebody has said to be otherwise; whether one might have. */
bool npt_space_settle(struct npt_space *space)
{
	struct npt_batch batch;

	npt_batch_init(&batch);
	spin_lock(&space->lock);
	npt_space_owe(space, &batch, false);
	spin_unlock(&space->lock);
	return npt_space_finish(space, &batch);
}

/* Leaves of the slot have gone, and nobody has looked what they told. */
void npt_space_lose(struct space_slot *s)
{
	vmm_mem_mark_range(s->mem, s->client.first, s->client.count);
}
