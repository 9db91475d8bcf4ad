// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages of a slot were used, for who looks for those that are not.
 *
 * Where hardware sets accessed bits, these are read and cleared.  A CPU that has the
 * translation cached does not set the bit again so soon, and its page may look unused:
 * that costs a fault, and a flush for each look would cost more.  Where hardware has
 * no such bits the translations are taken away, and who misses one has used the page.
 */

#include <linux/bitmap.h>
#include <linux/minmax.h>

#include "npt/space.h"
#include "npt/space_slot.h"

/**
 * struct look - a look at a range
 * @first:	its first address
 * @end:	the first one behind
 * @bits:	a bit a page
 */
struct look {
	u64 first;
	u64 end;
	unsigned long *bits;
};

static void note(void *ctx, u64 gpa, u64 size, unsigned int what)
{
	const struct look *look = ctx;
	u64 from = max(gpa, look->first);
	u64 to = min(gpa + size, look->end);

	bitmap_set(look->bits, (from - look->first) >> PAGE_SHIFT,
		   (to - from) >> PAGE_SHIFT);
}

/**
 * npt_space_young() - which pages were used since it was asked last
 * @s:		the slot
 * @gpa:	from where
 * @count:	pages, all of the slot
 * @bits:	their bits are set; others stay
 *
 * May sleep.
 */
void npt_space_young(struct space_slot *s, u64 gpa, unsigned long count,
		     unsigned long *bits)
{
	struct npt_space *space = s->space;
	struct look look = {
		.first = gpa,
		.end = gpa + ((u64)count << PAGE_SHIFT),
		.bits = bits,
	};
	struct npt_batch batch;

	npt_batch_init(&batch);
	spin_lock(&space->lock);
	npt_tree_collect(&space->tree, look.first, look.end,
			 NPT_COLLECT_ACCESSED, note, &look, &batch);
	if (!space->tree.fmt->accessed)
		npt_tree_unmap(&space->tree, look.first, look.end, &batch);
	npt_space_owe(space, &batch, false);
	spin_unlock(&space->lock);
	npt_space_finish(space, &batch);
}
