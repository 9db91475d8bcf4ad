// SPDX-License-Identifier: GPL-2.0
/*
 * The scan: passes over all objects.
 *
 *	visit.c		pages, and what is in them
 *	propose.c	which of them can be merged
 */

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "core/trace.h"
#include "ksm/propose.h"
#include "ksm/scan.h"
#include "ksm/visit.h"
#include "mem/mem.h"
#include "mem/registry.h"

/* Steps that find nothing or pass over pages, or forget some, in one batch; and pages looked at. */
#define STEPS_MAX	4096
#define LOOKS_MAX	64

/* Groups of marks that are forgotten at once. */
#define GONE_GROUPS	8

/* Marks may take this part of the host's memory: 4 bytes a page of four times as much. */
#define META_SHARE	256

int vksm_scan_init(struct vksm_scan *s, const struct vksm_policy *policy)
{
	if (vksm_engine_init(&s->engine, policy))
		return -ENOMEM;
	s->engine.meta_max = (u64)totalram_pages() * PAGE_SIZE / META_SHARE;
	xa_init(&s->objects);
	s->phase = VKSM_PHASE_START;
	s->id = 0;
	s->step = 0;
	s->at = 0;
	s->passes = 0;
	s->visited = 0;
	s->news.id = 0;
	s->mergeable = 0;
	s->scan_ns = 0;
	s->epoch++;
	return 0;
}

void vksm_scan_free(struct vksm_scan *s)
{
	struct vksm_object *o;
	unsigned long id;

	xa_for_each(&s->objects, id, o) {
		xa_erase(&s->objects, id);
		vksm_object_drop(&s->engine, o);
	}
	xa_destroy(&s->objects);
	vksm_engine_free(&s->engine);
}

bool vksm_scan_gone(struct vksm_scan *s, u32 id)
{
	struct vksm_object *o = xa_load(&s->objects, id);

	if (!o)
		return false;
	if (vksm_object_end(&s->engine, o, GONE_GROUPS))
		return true;
	xa_erase(&s->objects, id);
	return false;
}

static struct vksm_object *object_of(struct vksm_scan *s, struct vmm_mem *mem)
{
	struct vksm_object *o = xa_load(&s->objects, mem->id);

	if (o)
		return o;
	o = vksm_object_create(&s->engine, mem->id, mem->nr_pages);
	if (!o)
		return NULL;
	if (!xa_is_err(xa_store(&s->objects, mem->id, o, GFP_KERNEL)))
		return o;
	vksm_object_end(&s->engine, o, 0);
	return NULL;
}

u64 vksm_scan_salt(const struct vksm_scan *s, const struct vmm_mem *mem)
{
	return vksm_salt(s->seed, s->shared ? 0 : mem->family->merging.domain);
}

/* --- what was written --------------------------------------------------------- */

/* How far it is known what was written, from the next step on; or what has to be asked. */
static u64 known_end(const struct vksm_scan *s, const struct vmm_mem *mem,
		     struct vmm_mem_range *ask)
{
	const struct vksm_policy *policy = s->engine.policy;
	const struct vksm_news *news = &s->news;

	if (!policy->passes_over || policy->place || mem->frozen)
		return U64_MAX;
	if (news->id == mem->id && news->pass == s->passes &&
	    s->step >= news->first && s->step < news->end)
		return news->end;
	ask->first = round_down(s->step, BITS_PER_LONG);
	ask->count = min_t(u64, VKSM_NEWS_PAGES, mem->nr_pages - ask->first);
	return s->step;
}

void vksm_scan_told(struct vksm_scan *s, const struct vmm_mem *mem,
		    const struct vmm_mem_range *range,
		    const unsigned long *bits)
{
	struct vksm_object *o = xa_load(&s->objects, mem->id);

	if (!o)
		return;
	vksm_object_track(&s->engine, o, bits);
	if (bits)
		vksm_stir_written(o, range->first, range->count, bits);
	s->news = (struct vksm_news){
		.id = mem->id, .pass = s->passes, .first = range->first,
		/* It will not be otherwise a moment later. */
		.end = bits ? range->first + range->count : mem->nr_pages,
	};
}

/* --- an object ----------------------------------------------------------------- */

static void next_object(struct vksm_scan *s, u32 id)
{
	s->id = id + 1;
	s->step = 0;
	s->at = 0;
}

/* From a page that is not there to the next one that may be. */
static u64 skip_hole(struct vksm_scan *s, struct vmm_mem *mem,
		     struct vksm_object *o, u64 index, struct vksm_batch *b)
{
	bool found;
	u64 next;

	rcu_read_lock();
	next = vmm_tree_seek(&mem->tree, index, true, &found);
	rcu_read_unlock();
	/* It came meanwhile, or is something else than a page in memory. */
	next = clamp(next, index + 1, index + GONE_GROUPS * VKSM_GROUP_PAGES);
	b->forgotten += vksm_forget(&s->engine, o, index, next);
	return next;
}

/* From a step in which there was no page to the next one. */
static void step_on(struct vksm_scan *s, struct vmm_mem *mem,
		    struct vksm_object *o, u64 index, struct vksm_batch *b)
{
	if (!s->engine.policy->place) {
		s->step = skip_hole(s, mem, o, index, b);
		return;
	}
	if (index < mem->nr_pages)
		b->forgotten += vksm_forget(&s->engine, o, index, index + 1);
	s->step++;
}

/*
 * Pages have left or were merged: what has not been merged since may have changed.  A
 * page that is merged now was so when it was marked, or was noted as own before it
 * was merged, or is not still since then (propose_all()).
 */
static void stir_unmerged(struct vmm_mem *mem, struct vksm_object *o, u64 nr)
{
	u64 index = nr << VKSM_GROUP_SHIFT;
	u64 end = min(index + VKSM_GROUP_PAGES, o->nr_pages);
	struct vmm_mem_peek peek;

	for (; index < end; index++) {
		if (!(vksm_mark(o, index) & VKSM_MARK_STILL))
			continue;
		rcu_read_lock();
		if (!vmm_mem_peek(mem, index, &peek) || !peek.merged)
			vksm_stir_page(o, index);
		rcu_read_unlock();
	}
}

/* Group by group, as they are come to: who is large is not gone through in one go. */
static void freshen(struct vmm_mem *mem, struct vksm_object *o, u64 nr)
{
	struct vksm_stamp *stamp = &o->stamp[nr];

	if (likely(vksm_is_fresh(o, nr)))
		return;
	if (o->group[nr] && stamp->turns != o->turns)
		vksm_stir_group(o, nr);
	else if (o->group[nr])
		stir_unmerged(mem, o, nr);
	stamp->turns = o->turns;
	stamp->moves = o->moves;
}

/* One step, or several over pages in a row; @end: behind the last one that may be taken. */
static enum vksm_seen take_step(struct vksm_scan *s, struct vmm_mem *mem,
				struct vksm_object *o, u64 salt, u64 end,
				struct vksm_batch *b, unsigned int *looks)
{
	const struct vksm_policy *policy = s->engine.policy;
	u64 index = policy->place ?
		    policy->place(salt, s->step, mem->nr_pages) : s->step;
	enum vksm_seen seen = VKSM_ABSENT;
	unsigned int n = 0;

	if (index < mem->nr_pages) {
		freshen(mem, o, index >> VKSM_GROUP_SHIFT);
		end = policy->place ? index + 1 :
		      min3(end, (u64)mem->nr_pages,
			   round_down(index, VKSM_GROUP_PAGES) +
			   VKSM_GROUP_PAGES);
		n = vksm_visit_still(s, mem, o, index, end, b);
	}
	if (n) {
		s->step += n;
		return VKSM_AS_BEFORE;
	}
	if (index < mem->nr_pages)
		seen = vksm_visit(s, mem, o, index, end, b, &n);
	if (seen == VKSM_ABSENT)
		step_on(s, mem, o, index, b);
	s->step += n;
	if (seen == VKSM_LOOKED_AT)
		*looks += n;
	return seen;
}

static void scan_object(struct vksm_scan *s, struct vmm_mem *mem,
			struct vksm_batch *b)
{
	u64 steps = vksm_policy_steps(s->engine.policy, mem->nr_pages);
	u64 salt = s->seed + mem->id + (s->passes << 32);
	struct vksm_object *o = object_of(s, mem);
	unsigned int tries = STEPS_MAX, looks = 0;
	enum vksm_seen seen;
	u64 end;

	if (!o) {
		s->engine.index.nomem++;
		next_object(s, mem->id);
		return;
	}
	end = min(steps, known_end(s, mem, &b->ask));
	if (b->ask.count)
		return;
	salt = vksm_random(&salt);
	s->salt = vksm_scan_salt(s, mem);
	o->turns = vmm_mem_turns(mem);
	/* Once in a pass: a merge is a move, too. */
	if (!o->tracked && !s->step)
		o->moves = vmm_mem_moves(mem);
	while (s->step < end && tries-- && looks < LOOKS_MAX &&
	       b->forgotten < STEPS_MAX) {
		seen = take_step(s, mem, o, salt, end, b, &looks);
		if (seen == VKSM_PRESENT) {
			b->at_page = true;
			return;
		}
	}
	if (s->step >= steps)
		next_object(s, mem->id);
}

/* --- a pass ---------------------------------------------------------------------- */

static void enter(struct vksm_scan *s, enum vksm_phase phase)
{
	s->phase = phase;
	s->id = 0;
	s->step = 0;
	s->at = 0;
}

static void start_pass(struct vksm_scan *s)
{
	trace_vmm_ksm_begin(s->passes);
	s->visited = 0;
	enter(s, vksm_begin(&s->engine, vmm_registry_resident()) ?
		 VKSM_PHASE_BEGIN : VKSM_PHASE_SCAN);
}

static void end_pass(struct vksm_scan *s, struct vksm_batch *b)
{
	vksm_index_settled(&s->engine.index);
	trace_vmm_ksm_end(s->passes, s->visited,
			  s->engine.figures.work[VKSM_WORK_HASHED],
			  s->scan_ns);
	s->passes++;
	s->epoch++;
	b->ended = true;
	enter(s, VKSM_PHASE_START);
}

static void merge_or_end(struct vksm_scan *s, struct vksm_batch *b)
{
	if (!b->merging || !(s->mergeable || s->uniform)) {
		end_pass(s, b);
		return;
	}
	s->mergeable = 0;
	enter(s, VKSM_PHASE_MERGE);
}

static bool is_merging(const struct vmm_mem *mem)
{
	const struct vmm_merging *m = &mem->family->merging;

	return !m->off && !m->barred;
}

static void scan_next(struct vksm_scan *s, struct vksm_batch *b)
{
	b->mem = vmm_registry_next(s->id);
	if (b->mem && b->mem->id != s->id)
		next_object(s, b->mem->id - 1);
	if (b->mem && is_merging(b->mem))
		scan_object(s, b->mem, b);
	else if (b->mem)
		next_object(s, b->mem->id);
	else if (vksm_is_unsettled(&s->engine))
		enter(s, VKSM_PHASE_JOIN);
	else
		merge_or_end(s, b);
}

static void next_phase(struct vksm_scan *s, struct vksm_batch *b)
{
	if (s->phase == VKSM_PHASE_BEGIN)
		enter(s, VKSM_PHASE_SCAN);
	else if (s->phase == VKSM_PHASE_JOIN)
		enter(s, VKSM_PHASE_DEMOTE);
	else if (s->phase == VKSM_PHASE_DEMOTE)
		merge_or_end(s, b);
	else
		end_pass(s, b);
}

/* Whether that was all of it. */
static bool settle_group(struct vksm_scan *s, struct vksm_object *o, u64 nr,
			 struct vksm_batch *b)
{
	if (s->phase == VKSM_PHASE_BEGIN)
		vksm_begin_group(&s->engine, o, nr);
	else if (s->phase == VKSM_PHASE_DEMOTE)
		vksm_demote_group(&s->engine, o, nr);
	else if (b->mem->id != o->id)
		return true;
	else if (s->phase == VKSM_PHASE_JOIN)
		return vksm_visit_wanted(s, b->mem, o, nr);
	else if (b->merging)
		vksm_propose(s, b->mem, o, nr, b);
	return true;
}

static void next_group(struct vksm_scan *s)
{
	s->step++;
	s->at = 0;
}

/* The next group of marks in the other parts of a pass. */
static void settle_next(struct vksm_scan *s, struct vksm_batch *b)
{
	unsigned long id = s->id;
	struct vksm_object *o = xa_find(&s->objects, &id, U32_MAX, XA_PRESENT);

	if (!o) {
		next_phase(s, b);
		return;
	}
	if (o->id != s->id)
		next_object(s, o->id - 1);
	while (s->step < o->nr_groups && !o->group[s->step])
		next_group(s);
	if (s->step >= o->nr_groups) {
		next_object(s, o->id);
		return;
	}
	if (s->phase >= VKSM_PHASE_JOIN && s->phase != VKSM_PHASE_DEMOTE) {
		/* One that is dying is not found, and will be forgotten. */
		b->mem = vmm_registry_next(o->id);
		if (!b->mem) {
			next_object(s, o->id);
			return;
		}
	}
	if (settle_group(s, o, s->step, b))
		next_group(s);
}

void vksm_scan_batch(struct vksm_scan *s, struct vksm_batch *b)
{
	u64 began = ktime_get_ns();

	s->engine.now = vksm_clock(began);
	b->visited = 0;
	b->forgotten = 0;
	b->at_page = false;
	b->ended = false;
	b->nr = 0;
	b->ask.count = 0;
	b->mem = NULL;
	if (s->phase == VKSM_PHASE_START)
		start_pass(s);
	if (s->phase == VKSM_PHASE_SCAN)
		scan_next(s, b);
	else
		settle_next(s, b);
	s->scan_ns += ktime_get_ns() - began;
}
