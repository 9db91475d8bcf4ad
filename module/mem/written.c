// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages of an object were written since somebody has asked.
 *
 * A tracked object has a bit for each page.  Who writes sets it afterwards, or leaves a trace
 * that becomes one:
 *	the kernel for a guest	inside of RCU, when it has written
 *	user space, devices	by a reference, which is counted as long as they can write: when
 *				they have got it.  A lent page that somebody refers to counts as
 *				written always (registry.h)
 *	vCPUs			the dirty bit of a leaf, which the client that has it moves here
 *				when it is asked, and when the leaf goes
 *	discards		when the page is gone
 * Freezes and returns are counted apart (vmm_mem_turns()).  What leaves and comes back, is
 * merged, or is copied for who is going to write, has not changed by that.
 *
 * Why no write is missed
 *
 * Who looks (the scan)
 *	W1  has the clients move dirty bits here, and flush if there were any
 *	W2  takes the marks
 *	W3  has the clients flush if somebody owes one
 *	W4  forgets what it knew of marked pages
 *	W5  looks at them, and knows them
 * Let a write be seen by no W5 of its page, and W5 be the last one before it; then it must be
 * marked later than the W2 before that, so that another W4 comes.
 * - The kernel's mark, a reference's, a discard's comes after the write, or the reference; and the
 *   exchange of W2 and the setting of the bit are atomic.  If W2 had found it, W5 would have
 *   seen the write, or found the reference.
 * - A vCPU that finds the leaf clean sets the dirty bit before it writes.  If a client
 *   has cleared that before W2, W5 comes after the flush: that of W1, or of W3 if somebody else
 *   cleared it, a reader of the dirty log, who moved it here under the same lock under which he
 *   owes the flush.  So the write, which was done by then, would have been seen.
 *   If it was cleared later, or not yet, the mark is to come.
 * - A vCPU that has the leaf cached as dirty writes without a trace.  The bit that it stands for
 *   was cleared when, or after, it was cached, and the write comes before the flush that
 *   follows.  As above: W5 is behind that flush, or the mark is to come.
 * What was known before W4 is gone, by whomever it was found meanwhile.  So several may look at
 * once.
 *
 * A mark too much costs a look.  A look is not what a merge relies on: that compares.
 */

#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "mem/mem.h"
#include "mem/written.h"

/* Marks may take as much as 4 bytes for each page that is there. */
#define PAGES_PER_RESIDENT	32

/**
 * vmm_mem_mark_range() - pages were written, or replaced
 * @mem:	the object
 * @first:	the first of them
 * @count:	how many
 */
void vmm_mem_mark_range(struct vmm_mem *mem, pgoff_t first,
			unsigned long count)
{
	unsigned long *written = READ_ONCE(mem->written);
	pgoff_t end = first + count, next;
	unsigned long bits;

	if (!written)
		return;
	smp_mb();	/* as in vmm_mem_mark_written() */
	for (; first < end; first = next) {
		next = min(end, round_down(first, BITS_PER_LONG) + BITS_PER_LONG);
		bits = GENMASK((next - 1) % BITS_PER_LONG,
			       first % BITS_PER_LONG);
		atomic_long_or(bits, (atomic_long_t *)written +
				     first / BITS_PER_LONG);
	}
}

bool vmm_mem_track(struct vmm_mem *mem)
{
	struct vmm_mem_stats stats;
	unsigned long *written;

	if (likely(READ_ONCE(mem->tracked)))
		return true;
	vmm_mem_stats(mem, &stats);
	if (stats.resident < mem->nr_pages / PAGES_PER_RESIDENT)
		return false;
	written = kvzalloc(vmm_mem_track_bytes(mem), GFP_KERNEL | __GFP_NOWARN |
						     __GFP_RETRY_MAYFAIL);
	if (!written)
		return false;
	if (cmpxchg(&mem->written, NULL, written))
		kvfree(written);
	/* Who has written and found that nobody wants to know. */
	synchronize_rcu_expedited();
	WRITE_ONCE(mem->tracked, true);
	return true;
}

/* W2. */
static void take(struct vmm_mem *mem, const struct vmm_mem_range *range,
		 unsigned long *bits)
{
	unsigned long *written = mem->written + range->first / BITS_PER_LONG;
	unsigned long i;

	for (i = 0; i < BITS_TO_LONGS(range->count); i++)
		bits[i] = READ_ONCE(written[i]) ? xchg(&written[i], 0) : 0;
}

int vmm_mem_take_written(struct vmm_mem *mem,
			 const struct vmm_mem_range *range,
			 unsigned long *bits)
{
	struct vmm_mem_client *c;
	int flushes = 0, ret = 0;

	down_read(&mem->clients_lock);
	list_for_each_entry(c, &mem->clients, node) {
		ret = c->ops->written ? c->ops->written(c, range) : -EOPNOTSUPP;
		if (ret < 0)
			break;
		flushes += ret;
	}
	if (ret >= 0) {
		take(mem, range, bits);
		list_for_each_entry(c, &mem->clients, node)
			flushes += c->ops->settle(c);
	}
	up_read(&mem->clients_lock);
	return ret < 0 ? ret : flushes;
}
