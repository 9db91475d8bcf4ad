// SPDX-License-Identifier: GPL-2.0
/*
 * The dirty logs of a space's slots: starting, taking, stopping.  dirty.c has
 * the rules and argues that no write is lost; here are the locks and the waits.
 *
 * A log is published, then a grace period passes: a kernel write that has seen no
 * log has ended when the start returns.  Faults look at it under the spin lock.
 * While a slot has a log its pages are mapped by 4 KiB; a large leaf from before
 * serves readers until the first write.
 */

#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "npt/space.h"
#include "npt/space_slot.h"

/* Pages between two openings of the spin lock; whole words of a log. */
#define STEP_PAGES	(1UL << 14)

static struct space_slot *slot_by_id(struct npt_space *space, u32 id)
{
	struct npt_slot *slot;

	slot = npt_slots_by_id(npt_space_slots_now(space), id);
	return slot ? to_space_slot(slot) : NULL;
}

static struct npt_dirty *log_of(struct npt_space *space, struct space_slot *s)
{
	return rcu_dereference_protected(s->log,
				lockdep_is_held(&space->slots_lock));
}

static void set_log(struct npt_space *space, struct space_slot *s,
		    struct npt_dirty *log)
{
	spin_lock(&space->lock);
	rcu_assign_pointer(s->log, log);
	spin_unlock(&space->lock);
}

/* The CPUs' own logging follows the first log and the last one. */
static void count_log(struct npt_space *space, int by)
{
	lockdep_assert_held(&space->slots_lock);

	WRITE_ONCE(space->nr_logs, space->nr_logs + by);
	/* A vCPU that is being made, which the call misses, sees the count. */
	smp_mb();
	if (space->ops->log && space->nr_logs == (by > 0))
		space->ops->log(space);
}

/* @change of [first, end), in steps, and the flush that it takes. */
static void in_steps(struct npt_space *space, u64 nr_pages,
		     void (*change)(struct npt_space *space, void *ctx,
				    u64 first, u64 count,
				    struct npt_batch *batch), void *ctx)
{
	struct npt_batch batch;
	u64 page, n;
	bool owed;

	npt_batch_init(&batch);
	for (page = 0; page < nr_pages; page += n) {
		n = min_t(u64, nr_pages - page, STEP_PAGES);
		spin_lock(&space->lock);
		owed = batch.flush;
		change(space, ctx, page, n, &batch);
		npt_space_owe(space, &batch, owed);
		spin_unlock(&space->lock);
		cond_resched();
	}
	npt_space_finish(space, &batch);
}

static void begin(struct npt_space *space, void *ctx, u64 first, u64 count,
		  struct npt_batch *batch)
{
	struct space_slot *s = ctx;
	u64 gpa = s->slot.base + (first << PAGE_SHIFT);
	struct npt_keepers keepers = npt_space_keepers(s);

	npt_dirty_begin(&keepers, &space->tree, gpa,
			gpa + (count << PAGE_SHIFT), batch);
}

static struct npt_dirty *log_alloc(const struct npt_slot *slot)
{
	u64 nr_pages = slot->size >> PAGE_SHIFT;
	struct npt_dirty *log;

	log = kvzalloc(struct_size(log, bits, npt_dirty_words(nr_pages)),
		       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!log)
		return NULL;
	log->base = slot->base;
	log->nr_pages = nr_pages;
	return log;
}

static int start(struct npt_space *space, struct space_slot *s)
{
	struct npt_dirty *log;

	if (log_of(space, s))
		return -EEXIST;
	log = log_alloc(&s->slot);
	if (!log)
		return -ENOMEM;
	/* CPUs log by themselves before the first dirty bit is cleared. */
	count_log(space, 1);
	set_log(space, s, log);
	in_steps(space, log->nr_pages, begin, s);
	synchronize_rcu();
	return 0;
}

/**
 * npt_space_log_start() - begin to log writes to a slot
 * @space:	the space
 * @id:		the slot
 *
 * Return: see space.h.
 */
int npt_space_log_start(struct npt_space *space, u32 id)
{
	struct space_slot *s;
	int err = -ENOENT;

	mutex_lock(&space->slots_lock);
	s = slot_by_id(space, id);
	if (s)
		err = start(space, s);
	mutex_unlock(&space->slots_lock);
	return err;
}

/* Large leaves come back by faults, once small ones are gone. */
static void stop(struct npt_space *space, struct space_slot *s,
		 struct npt_dirty *log)
{
	set_log(space, s, NULL);
	count_log(space, -1);
	synchronize_rcu();
	kvfree(log);
	if (!s->huge_ok)
		return;
	npt_space_unmap(space, s->slot.base, s->slot.size);
	npt_space_lose(s);
}

/**
 * npt_space_log_stop() - log writes to a slot no longer
 * @space:	the space
 * @id:		the slot
 *
 * Return: see space.h.
 */
int npt_space_log_stop(struct npt_space *space, u32 id)
{
	struct npt_dirty *log = NULL;
	struct space_slot *s;

	mutex_lock(&space->slots_lock);
	s = slot_by_id(space, id);
	if (s)
		log = log_of(space, s);
	if (log)
		stop(space, s, log);
	mutex_unlock(&space->slots_lock);
	return log ? 0 : -ENOENT;
}

void npt_space_log_drop(struct npt_space *space, struct space_slot *s)
{
	struct npt_dirty *log = log_of(space, s);

	if (!log)
		return;
	count_log(space, -1);
	kvfree(log);
}

static int check_range(const struct npt_dirty *log, u64 first, u64 count)
{
	if (!log)
		return -ENOENT;
	if (!count || first % NPT_DIRTY_WORD)
		return -EINVAL;
	if (first >= log->nr_pages || count > log->nr_pages - first)
		return -ERANGE;
	if (count % NPT_DIRTY_WORD && first + count != log->nr_pages)
		return -EINVAL;
	return 0;
}

struct taking {
	struct space_slot *slot;
	u64 first;
	u64 *bits;
};

static void take(struct npt_space *space, void *ctx, u64 first, u64 count,
		 struct npt_batch *batch)
{
	const struct taking *t = ctx;
	struct npt_keepers keepers = npt_space_keepers(t->slot);

	npt_dirty_take(&keepers, &space->tree, t->first + first, count,
		       space->ops->log, t->bits + first / NPT_DIRTY_WORD,
		       batch);
}

/**
 * npt_space_log_take() - what has been written, and start over
 * @space:	the space
 * @id:		the slot
 * @first:	its first page to tell of
 * @count:	how many
 * @bits:	to be filled
 *
 * Return: see space.h.
 */
int npt_space_log_take(struct npt_space *space, u32 id, u64 first, u64 count,
		       u64 *bits)
{
	struct taking t = { .first = first, .bits = bits };
	struct npt_dirty *log = NULL;
	struct space_slot *s;
	int err;

	mutex_lock(&space->slots_lock);
	s = slot_by_id(space, id);
	if (s)
		log = log_of(space, s);
	err = check_range(log, first, count);
	if (!err) {
		t.slot = s;
		if (space->ops->log)
			space->ops->log(space);
		in_steps(space, count, take, &t);
	}
	mutex_unlock(&space->slots_lock);
	return err;
}

/**
 * npt_space_log_put() - an answer that reached nobody
 * @space:	the space
 * @id:		as in npt_space_log_take()
 * @first:	likewise
 * @count:	likewise
 * @bits:	what that filled
 *
 * Too much for a log that is another one by now, which does no harm.
 */
void npt_space_log_put(struct npt_space *space, u32 id, u64 first, u64 count,
		       const u64 *bits)
{
	struct npt_dirty *log = NULL;
	struct space_slot *s;
	unsigned long i;

	mutex_lock(&space->slots_lock);
	s = slot_by_id(space, id);
	if (s)
		log = log_of(space, s);
	if (!log)
		count = 0;
	for_each_set_bit(i, (const unsigned long *)bits, count) {
		npt_dirty_mark(log, log->base + ((first + i) << PAGE_SHIFT));
		cond_resched();
	}
	mutex_unlock(&space->slots_lock);
}

static bool mark_step(struct space_slot *s, u64 gpa, unsigned long count)
{
	struct npt_dirty *log;

	rcu_read_lock();
	log = rcu_dereference(s->log);
	for (; log && count; count--, gpa += PAGE_SIZE)
		npt_dirty_mark(log, gpa);
	rcu_read_unlock();
	return log;
}

/* A log that ends meanwhile needs no more; whoever begins one looks at all. */
void npt_space_log_range(struct space_slot *s, u64 gpa, unsigned long count)
{
	unsigned long n;

	for (; count; count -= n, gpa += (u64)n << PAGE_SHIFT) {
		n = min(count, STEP_PAGES);
		if (!mark_step(s, gpa, n))
			break;
		cond_resched();
	}
}

/**
 * npt_space_logged() - pages that a CPU says it has written
 * @space:	the space
 * @gpa:	their addresses, anywhere
 * @nr:		how many
 */
void npt_space_logged(struct npt_space *space, const u64 *gpa, unsigned int nr)
{
	struct space_slot *s;

	rcu_read_lock();
	for (; nr; nr--, gpa++) {
		s = find_slot(space, *gpa);
		if (s)
			mark_logged(s, *gpa);
	}
	rcu_read_unlock();
}
