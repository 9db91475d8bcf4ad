// SPDX-License-Identifier: GPL-2.0
/*
 * Scanning and merging, a batch at a time, by the thread or who steps.
 *
 * vksm_lock is held for a batch at a time, and never by who has a lock that a vCPU's
 * fault wants.  The scanner has a reference to the object that a batch is about, and
 * gives it back without the lock: if it is the last one, the object's end takes it.
 */

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "core/trace.h"
#include "ksm/inner.h"
#include "mem/mem.h"
#include "mem/written.h"

void vksm_forget_object(u32 id)
{
	bool more;

	do {
		mutex_lock(&vksm_lock);
		more = vksm.knobs.mode != VKSM_OFF &&
		       vksm_scan_gone(&vksm.scan, id);
		mutex_unlock(&vksm_lock);
		cond_resched();
	} while (more);
}

/* A block of 2 MiB is taken apart if this part of it can be merged. */
#define SPLIT_PART	8

/* The one for that content, if it has room; the caller gets a name. */
static unsigned long known_frame(u64 hash)
{
	unsigned long frame = vksm_index_frame(&vksm.scan.engine.index, hash)
			      << PAGE_SHIFT;

	/* The index has a name, too. */
	if (!frame || vmm_merged_names_of(frame) > vksm.knobs.max_page_sharing)
		return 0;
	vmm_merged_get(frame, 1);
	return frame;
}

/*
 * That one, or a new one, of the page.  That can have changed since it was found: so it is
 * hashed once more, now that nobody writes to it, before the index says that it has
 * this content.
 */
static unsigned long frame_for(struct vksm_worker *w,
			       struct vmm_merge_candidate *c,
			       unsigned long phys)
{
	struct vksm_index *ix = &vksm.scan.engine.index;
	unsigned long frame = known_frame(c->cookie);

	if (frame)
		return frame;
	if (!vksm_scan_is(&vksm.scan, w->salt, phys, c->cookie)) {
		c->end = VMM_MERGE_DIFFERS;
		return 0;
	}
	frame = vmm_merged_create(&w->pool, phys);
	if (frame && vksm_index_set_frame(ix, c->cookie, frame >> PAGE_SHIFT))
		vmm_merged_get(frame, 1);
	return frame;
}

/* It can have come to be otherwise since the candidates were found. */
static bool may_merge(const struct vksm_worker *w)
{
	return vksm.knobs.mode == VKSM_MERGE && !vksm.unmerging &&
	       !w->mem->family->merging.off && !w->mem->family->merging.barred &&
	       vksm_scan_salt(&vksm.scan, w->mem) == w->salt;
}

/* It has no content in common with others, as far as is known; or not any more. */
static bool is_alone(const struct vmm_merge_candidate *c)
{
	return c->alone ||
	       !vksm_index_count(&vksm.scan.engine.index, c->cookie);
}

static unsigned long frame_of(void *ctx, struct vmm_merge_candidate *c,
			      unsigned long phys)
{
	struct vksm_worker *w = ctx;
	unsigned long frame = 0;

	mutex_lock(&vksm_lock);
	vksm.count.compares++;
	if (!may_merge(w))
		c->end = VMM_MERGE_REFUSED;
	else if (!is_alone(c))
		frame = frame_for(w, c, phys);
	else if (vksm.scan.uniform)
		frame = vmm_merged_create(&w->pool, phys);
	else
		c->end = VMM_MERGE_REFUSED;
	mutex_unlock(&vksm_lock);
	return frame;
}

/* The frame of a content that has one gets another; each has a name. */
static void shift_frame(struct vksm_worker *w, struct vmm_merge_candidate *c)
{
	unsigned long to = 0;
	bool uniform;

	mutex_lock(&vksm_lock);
	uniform = vksm.scan.uniform;
	if (may_merge(w) && !is_alone(c))
		to = uniform ? frame_for(w, c, c->frame) :
			       known_frame(c->cookie);
	mutex_unlock(&vksm_lock);
	if (to && to != c->frame &&
	    memcmp(__va(to), __va(c->frame), PAGE_SIZE)) {
		vmm_merged_put(to);
		to = 0;
	}
	/* Translations are to go, all the same. */
	if (!to && uniform) {
		to = c->frame;
		vmm_merged_get(to, 1);
	}
	c->to = to;
}

static void put_frames(const struct vmm_merge_candidate *c)
{
	if (c->to)
		vmm_merged_put(c->to);
	if (c->frame)
		vmm_merged_put(c->frame);
}

static bool split(void *ctx, pgoff_t index, unsigned int candidates)
{
	const struct vksm_worker *w = ctx;
	bool pays = vksm.scan.uniform ||
		    candidates >= VMM_BLOCK_PAGES / SPLIT_PART;

	trace_vmm_ksm_split(w->mem->id, index, candidates, pays);
	return pays;
}

static const struct vmm_merge_ops merge_ops = {
	.frame	= frame_of,
	.split	= split,
};

static int by_index(const void *a, const void *b)
{
	const struct vmm_merge_candidate *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

/* A page that was none before is a frame's. */
static bool is_found(const struct vmm_merge_candidate *c)
{
	return c->end == VMM_MERGE_DONE && !c->zero && !c->frame;
}

static void count_ends(const struct vksm_worker *w)
{
	const struct vksm_object *o = NULL;
	unsigned int i;

	lockdep_assert_held(&vksm_lock);

	if (vksm.knobs.mode != VKSM_OFF)
		o = xa_load(&vksm.scan.objects, w->mem->id);
	vksm.scan.engine.now = vksm_clock(ktime_get_ns());
	for (i = 0; i < w->nr; i++) {
		if (w->candidate[i].zero &&
		    w->candidate[i].end == VMM_MERGE_DONE)
			vksm.count.zeros++;
		else
			vksm.count.ended[w->candidate[i].end]++;
		if (o && is_found(&w->candidate[i]))
			vksm_follow_merge(&vksm.scan.engine, o,
					  w->candidate[i].index);
		/* What differs has been written, and will be looked at. */
		if (w->candidate[i].end != VMM_MERGE_DONE &&
		    w->candidate[i].end != VMM_MERGE_KEPT &&
		    w->candidate[i].end != VMM_MERGE_DIFFERS)
			vksm.scan.mergeable++;
		trace_vmm_ksm_merge(w->mem->id, w->candidate[i].index,
				    w->candidate[i].zero, w->candidate[i].end);
		cond_resched();
	}
}

static bool is_sorted(const struct vksm_worker *w)
{
	unsigned int i;

	for (i = 1; i < w->nr; i++) {
		if (w->candidate[i - 1].index > w->candidate[i].index)
			return false;
	}
	return true;
}

/* Nobody is a candidate twice.  Most come in order, and to sort takes long. */
static void sort_candidates(struct vksm_worker *w)
{
	unsigned int i, n = 0;

	if (!is_sorted(w))
		sort(w->candidate, w->nr, sizeof(w->candidate[0]), by_index, NULL);
	for (i = 0; i < w->nr; i++) {
		if (n && w->candidate[n - 1].index == w->candidate[i].index)
			put_frames(&w->candidate[--n]);
		w->candidate[n++] = w->candidate[i];
	}
	w->nr = n;
}

/* All candidates so far. */
void vksm_merge(struct vksm_worker *w)
{
	u64 began = ktime_get_ns();
	struct mem_cgroup *was;
	unsigned long flushes;
	unsigned int i;

	if (w->nr) {
		sort_candidates(w);
		was = set_active_memcg(w->mem->family->group);
		for (i = 0; i < w->nr; i++) {
			if (w->candidate[i].frame)
				shift_frame(w, &w->candidate[i]);
			cond_resched();
		}
		vmm_mem_merge(w->mem, w->candidate, w->nr, &merge_ops, w,
			      &flushes);
		set_active_memcg(was);
		vmm_merged_drain(&w->pool);
		mutex_lock(&vksm_lock);
		count_ends(w);
		vksm.count.flushes += flushes;
		vksm.count.merge_ns += ktime_get_ns() - began;
		mutex_unlock(&vksm_lock);
		for (i = 0; i < w->nr; i++) {
			put_frames(&w->candidate[i]);
			cond_resched();
		}
	}
	w->nr = 0;
	if (w->mem)
		vmm_mem_unref(w->mem);
	w->mem = NULL;
}

/* A batch has come to another object, or salt: its candidates are the first of that. */
static void hand_over(struct vksm_worker *w)
{
	unsigned int before = w->nr;

	vksm_merge(w);
	memmove(w->candidate, w->candidate + before,
		w->batch.nr * sizeof(w->candidate[0]));
}

/* What a batch has found, to what is known so far; the batch's reference goes there, too. */
static void collect(struct vksm_worker *w)
{
	struct vksm_batch *b = &w->batch;

	if (!b->nr) {
		if (b->mem)
			vmm_mem_unref(b->mem);
		return;
	}
	if (w->mem)
		vmm_mem_unref(w->mem);
	w->mem = b->mem;
	w->salt = b->salt;
	w->nr += b->nr;
}

/* Which pages were written that the scan has come to. */
static void ask(struct vksm_worker *w)
{
	const struct vksm_batch *b = &w->batch;
	int flushes = vmm_mem_track(b->mem) ?
		      vmm_mem_take_written(b->mem, &b->ask, w->written) :
		      -EOPNOTSUPP;

	mutex_lock(&vksm_lock);
	vksm.count.flushes += max(flushes, 0);
	if (vksm.knobs.mode != VKSM_OFF)
		vksm_scan_told(&vksm.scan, b->mem, &b->ask,
			       flushes >= 0 ? w->written : NULL);
	mutex_unlock(&vksm_lock);
}

/* false: the mode is off, and nothing was done. */
bool vksm_run_batch(struct vksm_worker *w)
{
	struct vksm_batch *b = &w->batch;
	bool on;

	if (w->nr > VKSM_CANDIDATES - VKSM_BATCH_CANDIDATES)
		vksm_merge(w);
	b->mem = NULL;
	b->nr = 0;
	b->candidate = w->candidate + w->nr;
	mutex_lock(&vksm_lock);
	on = vksm.knobs.mode != VKSM_OFF;
	b->merging = vksm.knobs.mode == VKSM_MERGE;
	b->sharing = vksm.knobs.max_page_sharing;
	if (on)
		vksm_scan_batch(&vksm.scan, b);
	mutex_unlock(&vksm_lock);
	if (on && b->ask.count)
		ask(w);
	if (w->mem && b->mem && (b->mem != w->mem ||
				 (b->nr && b->salt != w->salt)))
		hand_over(w);
	collect(w);
	cond_resched();
	return on;
}

static int step(struct vksm_worker *w, u64 pages)
{
	struct vksm_batch *b = &w->batch;
	u64 in_pass = 0;

	while (pages) {
		b->room = min_t(u64, pages, VKSM_BATCH_PAGES);
		if (!vksm_run_batch(w))
			return -EOPNOTSUPP;
		if (fatal_signal_pending(current))
			return -EINTR;
		pages -= b->visited;
		in_pass += b->visited;
		if (b->ended && !in_pass)
			return 0;
		if (b->ended)
			in_pass = 0;
	}
	b->room = 0;
	while (!b->at_page && !b->ended) {
		if (!vksm_run_batch(w))
			return -EOPNOTSUPP;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/* Of who has stepped, for who does so next: to make one takes as long as to pass over a guest. */
static struct vksm_worker *stepper;

int vksm_step(u64 pages)
{
	struct vksm_worker *w = xchg(&stepper, NULL);
	int err;

	if (!w)
		w = kvzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	err = step(w, pages);
	vksm_merge(w);
	kvfree(xchg(&stepper, w));
	return err;
}

/* When the module goes. */
void vksm_step_exit(void)
{
	kvfree(stepper);
}
