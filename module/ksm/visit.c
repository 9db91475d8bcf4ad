// SPDX-License-Identifier: GPL-2.0
/*
 * Visits to pages: see visit.h.
 */

#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "ksm/look.h"
#include "ksm/visit.h"
#include "mem/mem.h"
#include "mem/merged.h"
#include "mem/registry.h"

/* Single pages that are looked at once more in one go. */
#define WANTED_MAX	64

/* --- a look --------------------------------------------------------------------- */

bool vksm_scan_is(const struct vksm_scan *s, u64 salt, unsigned long phys,
		  u64 hash)
{
	u64 found;

	return !vksm_page_look(&s->key, s->way, !s->uniform, phys, &found) &&
	       (found ^ salt) == hash;
}

/* Inside of RCU: a merged frame's word has a name, which nobody drops before its end. */
static void note_frame(const struct vmm_mem_peek *peek, struct vksm_look *look)
{
	look->phys = peek->phys;
	look->frame = 0;
	if (!peek->merged)
		return;
	look->frame = peek->phys;
	vmm_merged_get(peek->phys, 1);
}

/* Inside of RCU, at pages whose places are known. */
static void look_at(const struct vksm_scan *s, struct vksm_look *look,
		    unsigned int nr)
{
	unsigned int i;

	vksm_pages_look(&s->key, s->way, !s->uniform, look, nr);
	for (i = 0; i < nr; i++) {
		if (!look[i].zero)
			look[i].hash ^= s->salt;
	}
}

/* The content's frame, if that is lost and this page is one. */
static void adopt(struct vksm_scan *s, const struct vksm_look *look)
{
	struct vksm_index *ix = &s->engine.index;

	if (vksm_index_frame(ix, look->hash) ||
	    !vksm_index_set_frame(ix, look->hash, look->frame >> PAGE_SHIFT))
		vmm_merged_put(look->frame);
}

/* What the look says beyond the content: where that is. */
static void note_place(struct vksm_scan *s, enum vksm_kind kind,
		       const struct vksm_look *look)
{
	struct vksm_index *ix = &s->engine.index;
	u64 frame;

	if (kind == VKSM_ZERO) {
		s->mergeable++;
	} else if (kind == VKSM_SHARED && !look->frame) {
		s->mergeable += vksm_index_sight(ix, look->hash,
						 look->phys >> PAGE_SHIFT);
	} else if (look->frame) {
		frame = vksm_index_frame(ix, look->hash);
		s->mergeable += frame && frame != look->frame >> PAGE_SHIFT;
	}
}

/* @kind: what it is from now on. */
static inline void note(struct vksm_scan *s, int kind,
			const struct vksm_look *look)
{
	if (kind < 0)
		s->engine.index.nomem++;
	else if (kind != VKSM_SINGLE || look->frame)
		note_place(s, kind, look);
	if (look->frame)
		adopt(s, look);
}

/* --- pages that may have changed ------------------------------------------------- */

/* If it is found to be so next time as well, it has not changed. */
static bool is_still(const struct vmm_mem *mem, const struct vksm_object *o,
		     const struct vmm_mem_peek *peek)
{
	if ((o->turns & 1) || vmm_mem_turns(mem) != o->turns)
		return false;
	if (o->tracked)
		return !peek->lent;
	return !peek->own && (peek->merged || vmm_mem_moves(mem) == o->moves);
}

/* A page that has to be looked at is ready for that. */
static enum vksm_seen find(const struct vksm_scan *s,
			   const struct vmm_mem *mem,
			   const struct vksm_object *o, u64 index,
			   struct vksm_look *look)
{
	struct vmm_mem_peek peek;

	if (!vmm_mem_peek(mem, index, &peek))
		return VKSM_ABSENT;
	look->still = is_still(mem, o, &peek);
	if (look->still && (vksm_mark(o, index) & VKSM_MARK_STILL) &&
	    s->engine.policy->passes_over)
		return VKSM_AS_BEFORE;
	note_frame(&peek, look);
	return VKSM_LOOKED_AT;
}

/* The first page, and those that follow and are the same; @nr: so many at most, and found. */
static enum vksm_seen look_on(const struct vksm_scan *s,
			      const struct vmm_mem *mem,
			      const struct vksm_object *o, u64 index,
			      struct vksm_look *look, unsigned int *nr)
{
	enum vksm_seen first = VKSM_ABSENT;
	unsigned int n;

	rcu_read_lock();
	for (n = 0; n < *nr; n++) {
		enum vksm_seen seen = find(s, mem, o, index + n, &look[n]);

		if (!n)
			first = seen;
		if (seen != VKSM_LOOKED_AT)
			break;
	}
	if (n)
		look_at(s, look, n);
	rcu_read_unlock();
	*nr = first == VKSM_AS_BEFORE ? 1 : n;
	return first;
}

static bool is_there(const struct vmm_mem *mem, u64 index)
{
	struct vmm_mem_peek peek;
	bool there;

	rcu_read_lock();
	there = vmm_mem_peek(mem, index, &peek);
	rcu_read_unlock();
	return there;
}

enum vksm_seen vksm_visit(struct vksm_scan *s, struct vmm_mem *mem,
			  struct vksm_object *o, u64 index, u64 end,
			  struct vksm_batch *b, unsigned int *nr)
{
	struct vksm_look look[VKSM_LOOKS];
	enum vksm_seen seen;
	unsigned int i;

	*nr = min_t(u64, min(b->room - b->visited, (unsigned int)VKSM_LOOKS),
		    end - index);
	if (!*nr)
		return is_there(mem, index) ? VKSM_PRESENT : VKSM_ABSENT;
	seen = look_on(s, mem, o, index, look, nr);
	if (seen == VKSM_AS_BEFORE)
		vksm_pass_over(&s->engine, o, 1);
	for (i = 0; seen == VKSM_LOOKED_AT && i < *nr; i++)
		note(s, vksm_note(&s->engine, o, index + i, &look[i]), &look[i]);
	b->visited += *nr;
	s->visited += *nr;
	return seen;
}

/* --- pages that cannot have changed ----------------------------------------------- */

/* Which ones, if their marks say so. */
static enum vmm_peek_run still_kind(const struct vmm_mem *mem,
				    const struct vksm_object *o)
{
	if (o->tracked)
		return VMM_PEEK_ANY;
	return vmm_mem_moves(mem) == o->moves ? VMM_PEEK_SHARED :
						VMM_PEEK_MERGED;
}

unsigned int vksm_visit_still(struct vksm_scan *s, struct vmm_mem *mem,
			      struct vksm_object *o, u64 index, u64 end,
			      struct vksm_batch *b)
{
	const struct vksm_group *g = o->group[index >> VKSM_GROUP_SHIFT];
	unsigned int n, i, at = index & (VKSM_GROUP_PAGES - 1);

	if (!g || !(g->mark[at] & VKSM_MARK_STILL) ||
	    !s->engine.policy->passes_over)
		return 0;
	n = min_t(u64, b->room - b->visited, end - index);
	rcu_read_lock();
	n = vmm_mem_peek_run(mem, index, n, still_kind(mem, o));
	if (vmm_mem_turns(mem) != o->turns)
		n = 0;
	rcu_read_unlock();
	i = vksm_still_run(&g->mark[at], n);
	vksm_pass_over(&s->engine, o, i);
	b->visited += i;
	s->visited += i;
	return i;
}

/* --- pages that one may be equal to that was seen after them ----------------------- */

bool vksm_visit_wanted(struct vksm_scan *s, struct vmm_mem *mem,
		       struct vksm_object *o, u64 nr)
{
	u64 first = nr << VKSM_GROUP_SHIFT, index = first + s->at;
	u64 end = min(first + VKSM_GROUP_PAGES, o->nr_pages);
	unsigned int looks = WANTED_MAX;
	struct vksm_look look = { };
	struct vmm_mem_peek peek;
	bool there;

	s->salt = vksm_scan_salt(s, mem);
	for (; index < end; index++) {
		index = vksm_next_wanted(&s->engine, o, index, end);
		if (index == end)
			break;
		if (!looks--) {
			s->at = index - first;
			return false;
		}
		rcu_read_lock();
		there = vmm_mem_peek(mem, index, &peek);
		if (there) {
			note_frame(&peek, &look);
			look_at(s, &look, 1);
		}
		rcu_read_unlock();
		if (there)
			note(s, vksm_join(&s->engine, o, index, &look), &look);
	}
	return true;
}
