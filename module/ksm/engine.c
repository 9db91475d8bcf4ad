// SPDX-License-Identifier: GPL-2.0
/*
 * Marks of pages and what they add up to: see engine.h.
 */

#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

#include "ksm/engine.h"
#include "ksm/port.h"

static enum vksm_kind kind_of(u32 mark)
{
	u32 kind = mark & VKSM_MARK_KIND;

	return kind < VKSM_SHARED ? kind : VKSM_SHARED;
}

/* Of a page in an entry. */
static u32 rank_of(u32 mark)
{
	return (mark & VKSM_MARK_KIND) - VKSM_SHARED;
}

static u32 print_of(u32 mark)
{
	return mark >> VKSM_MARK_PRINT_SHIFT;
}

/* @kind: with the rank. */
static u32 make_mark(u32 print, bool still, u32 kind)
{
	return print << VKSM_MARK_PRINT_SHIFT | (still ? VKSM_MARK_STILL : 0) |
	       kind;
}

int vksm_engine_init(struct vksm_engine *e, const struct vksm_policy *policy)
{
	*e = (struct vksm_engine){ .policy = policy };
	return vksm_index_init(&e->index);
}

/* Objects are gone. */
void vksm_engine_free(struct vksm_engine *e)
{
	vksm_index_free(&e->index);
}

u64 vksm_engine_bytes(const struct vksm_engine *e)
{
	return e->meta_bytes + vksm_index_bytes(&e->index);
}

/* --- objects ------------------------------------------------------------------ */

static u64 object_bytes(u64 nr_groups)
{
	return sizeof(struct vksm_object) +
	       nr_groups * (sizeof(struct vksm_group *) +
			    sizeof(struct vksm_stamp));
}

/* For marks. */
static void *meta_alloc(struct vksm_engine *e, u64 bytes)
{
	void *p;

	if (e->meta_max && e->meta_bytes + bytes > e->meta_max)
		return NULL;
	p = vksm_port_alloc(bytes);
	if (p)
		e->meta_bytes += bytes;
	return p;
}

struct vksm_object *vksm_object_create(struct vksm_engine *e, u32 id,
				       u64 nr_pages)
{
	u64 nr_groups = (nr_pages + VKSM_GROUP_PAGES - 1) >> VKSM_GROUP_SHIFT;
	struct vksm_object *o = meta_alloc(e, object_bytes(nr_groups));

	if (!o)
		return NULL;
	o->id = id;
	o->nr_pages = nr_pages;
	o->nr_groups = nr_groups;
	o->stamp = (struct vksm_stamp *)&o->group[nr_groups];
	return o;
}

/* A bit a page. */
static u64 track_bytes(const struct vksm_object *o)
{
	return (o->nr_pages + 63) / 64 * 8;
}

static void object_free(struct vksm_engine *e, struct vksm_object *o)
{
	vksm_object_track(e, o, false);
	e->meta_bytes -= object_bytes(o->nr_groups);
	vksm_port_free(o);
}

bool vksm_object_end(struct vksm_engine *e, struct vksm_object *o, u64 most)
{
	u64 first;

	for (; o->groups; o->ended++) {
		if (!o->group[o->ended])
			continue;
		if (!most--)
			return true;
		first = o->ended << VKSM_GROUP_SHIFT;
		vksm_forget(e, o, first,
			    first + VKSM_GROUP_PAGES < o->nr_pages ?
			    first + VKSM_GROUP_PAGES : o->nr_pages);
	}
	object_free(e, o);
	return false;
}

void vksm_stir_group(struct vksm_object *o, u64 nr)
{
	u64 i;

	for (i = 0; i < VKSM_GROUP_PAGES; i++)
		o->group[nr]->mark[i] &= ~VKSM_MARK_STILL;
}

void vksm_stir_page(struct vksm_object *o, u64 index)
{
	struct vksm_group *g = o->group[index >> VKSM_GROUP_SHIFT];

	if (g)
		g->mark[index & (VKSM_GROUP_PAGES - 1)] &= ~VKSM_MARK_STILL;
}

/* Two marks. */
static inline u64 pair_at(const u32 *mark)
{
	u64 pair;

	memcpy(&pair, mark, sizeof(pair));
	return pair;
}

/* Bits that all of 16 marks have, in either half. */
static u64 bits_of_marks(const u32 *mark)
{
	return pair_at(&mark[0]) & pair_at(&mark[2]) & pair_at(&mark[4]) &
	       pair_at(&mark[6]) & pair_at(&mark[8]) & pair_at(&mark[10]) &
	       pair_at(&mark[12]) & pair_at(&mark[14]);
}

u64 vksm_still_run(const u32 *mark, u64 n)
{
	const u64 still = VKSM_MARK_STILL * 0x100000001ULL;
	u64 i = 0;

	while (i + 16 <= n && !(~bits_of_marks(&mark[i]) & still))
		i += 16;
	while (i < n && (mark[i] & VKSM_MARK_STILL))
		i++;
	return i;
}

/* Of 64 pages in a row those that have a bit. */
static void stir_word(u32 *mark, unsigned long word)
{
	unsigned int i;

	if (word != ~0UL) {
		for (; word; word &= word - 1)
			mark[__builtin_ctzl(word)] &= ~VKSM_MARK_STILL;
		return;
	}
	for (i = 0; i < 64; i++)
		mark[i] &= ~VKSM_MARK_STILL;
}

void vksm_stir_written(struct vksm_object *o, u64 first, u64 count,
		       const unsigned long *bits)
{
	struct vksm_group *g;
	u64 i;

	for (i = first; i < first + count; i += 64, bits++) {
		g = *bits ? o->group[i >> VKSM_GROUP_SHIFT] : NULL;
		if (g)
			stir_word(&g->mark[i & (VKSM_GROUP_PAGES - 1)], *bits);
	}
}

void vksm_object_track(struct vksm_engine *e, struct vksm_object *o,
		       bool tracked)
{
	u64 nr;

	if (o->tracked == tracked)
		return;
	o->tracked = tracked;
	if (tracked)
		e->meta_bytes += track_bytes(o);
	else
		e->meta_bytes -= track_bytes(o);
	for (nr = 0; nr < o->nr_groups; nr++)
		o->stamp[nr].turns = ~o->turns;
}

static struct vksm_group *group_of(struct vksm_engine *e,
				   struct vksm_object *o, u64 index)
{
	struct vksm_group **g = &o->group[index >> VKSM_GROUP_SHIFT];

	if (*g)
		return *g;
	*g = meta_alloc(e, sizeof(**g));
	if (!*g)
		return NULL;
	o->groups++;
	return *g;
}

static void group_free(struct vksm_engine *e, struct vksm_object *o, u64 nr)
{
	vksm_port_free(o->group[nr]);
	o->group[nr] = NULL;
	o->groups--;
	e->meta_bytes -= sizeof(struct vksm_group);
}

static void count_kind(struct vksm_engine *e, struct vksm_object *o,
		       enum vksm_kind kind, int by)
{
	e->figures.kind[kind] += by;
	o->figures.kind[kind] += by;
}

static void count_work(struct vksm_engine *e, struct vksm_object *o,
		       enum vksm_work work)
{
	e->figures.work[work]++;
	o->figures.work[work]++;
}

static void count_move(struct vksm_engine *e, struct vksm_object *o, u32 mark,
		       u32 to)
{
	if (mark)
		count_kind(e, o, kind_of(mark), -1);
	if (to)
		count_kind(e, o, kind_of(to), 1);
}

static inline void set_mark(struct vksm_engine *e, struct vksm_object *o,
			    u32 *mark, u32 to)
{
	if (kind_of(*mark) != kind_of(to))
		count_move(e, o, *mark, to);
	*mark = to;
}

/* --- followed pages ----------------------------------------------------------------- */

static u32 *since_of(const struct vksm_object *o, u64 index)
{
	return &o->stamp[index >> VKSM_GROUP_SHIFT]
			.since[(index & (VKSM_GROUP_PAGES - 1)) >>
			       VKSM_FOLLOW_SHIFT];
}

static void count_time(u64 place[VKSM_TIMES], u32 clock)
{
	u64 ns = (u64)clock << 20;
	unsigned int at = ns < 2 ? 0 : 63 - __builtin_clzll(ns);

	place[at < VKSM_TIMES ? at : VKSM_TIMES - 1]++;
}

static void follow(struct vksm_engine *e, const struct vksm_object *o,
		   u64 index, bool changed)
{
	u32 *since = since_of(o, index);

	if (changed) {
		count_time(e->times.change, e->now - *since);
		e->times.changes++;
	}
	*since = e->now;
}

void vksm_follow_merge(struct vksm_engine *e, const struct vksm_object *o,
		       u64 index)
{
	if (!vksm_is_followed(o, index) || !vksm_mark(o, index))
		return;
	count_time(e->times.found, e->now - *since_of(o, index));
	e->times.merges++;
}

/* --- pages ---------------------------------------------------------------------- */

/* For a mark: by what the index says. */
static u32 kind_found(int found)
{
	if (found >= 0)
		return VKSM_SHARED + found;
	return found == VKSM_FOUND_NONE ? VKSM_SINGLE : VKSM_REFUSED;
}

/* The page leaves what its mark says that it is in. */
static void leave(struct vksm_engine *e, u32 mark)
{
	if (kind_of(mark) == VKSM_SHARED)
		vksm_index_del(&e->index, print_of(mark), rank_of(mark));
}

static bool is_ready(struct vksm_engine *e, const struct vksm_look *look,
		     bool same)
{
	struct vksm_sight sight = { .same = same };

	if (!same && !look->zero)
		sight.shared = vksm_index_count(&e->index, look->hash) > 1;
	return e->policy->is_ready(&sight);
}

/*
 * What a page that has been looked at is from now on.  One that is single and stays
 * so would find its own bits in the filter.
 */
static u32 classify(struct vksm_engine *e, u32 mark,
		    const struct vksm_look *look, bool same)
{
	struct vksm_index *ix = &e->index;

	if (look->zero && kind_of(mark) != VKSM_VOLATILE)
		same = kind_of(mark) == VKSM_ZERO;
	if (same && kind_of(mark) == VKSM_SHARED &&
	    vksm_index_is(ix, look->hash, rank_of(mark)))
		return mark & VKSM_MARK_KIND;
	if (same && kind_of(mark) == VKSM_SINGLE)
		return kind_found(vksm_index_join(ix, look->hash));
	leave(e, mark);
	if (e->policy->is_ready && !is_ready(e, look, same))
		return VKSM_VOLATILE;
	if (look->zero)
		return VKSM_ZERO;
	return kind_found(vksm_index_add(ix, look->hash));
}

int vksm_note(struct vksm_engine *e, struct vksm_object *o, u64 index,
	      const struct vksm_look *look)
{
	struct vksm_group *g = group_of(e, o, index);
	u32 print = look->zero ? 0 : vksm_print(look->hash), *mark, was;
	bool same;
	u32 kind;

	count_work(e, o, VKSM_WORK_SCANNED);
	if (!look->zero)
		count_work(e, o, VKSM_WORK_HASHED);
	if (!g)
		return -1;
	mark = &g->mark[index & (VKSM_GROUP_PAGES - 1)];
	was = *mark;
	same = was && print_of(was) == print;
	if (was && !same)
		count_work(e, o, VKSM_WORK_CHANGED);
	if (!same && vksm_is_followed(o, index))
		follow(e, o, index, was);
	kind = classify(e, was, look, same);
	/* What was refused is tried again. */
	set_mark(e, o, mark, make_mark(print, look->still &&
				       kind != VKSM_REFUSED, kind));
	return kind_of(*mark);
}

static u64 forget_in_group(struct vksm_engine *e, struct vksm_object *o,
			   u64 nr, u64 first, u64 end)
{
	u32 *mark = o->group[nr]->mark;
	u64 n = 0;

	for (; first < end; first++) {
		if (!mark[first])
			continue;
		leave(e, mark[first]);
		set_mark(e, o, &mark[first], 0);
		n++;
	}
	vksm_port_breathe();
	return n;
}

u64 vksm_forget(struct vksm_engine *e, struct vksm_object *o, u64 first,
		u64 end)
{
	u64 nr, next, base, n = 0;

	for (; first < end; first = next) {
		nr = first >> VKSM_GROUP_SHIFT;
		base = nr << VKSM_GROUP_SHIFT;
		next = base + VKSM_GROUP_PAGES < end ? base + VKSM_GROUP_PAGES :
						       end;
		if (!o->group[nr])
			continue;
		n += forget_in_group(e, o, nr, first - base, next - base);
		if (first == base && (next == base + VKSM_GROUP_PAGES ||
				      next == o->nr_pages))
			group_free(e, o, nr);
	}
	return n;
}

void vksm_object_drop(struct vksm_engine *e, struct vksm_object *o)
{
	u64 nr, kind;

	for (nr = 0; o->groups; nr++) {
		if (!o->group[nr])
			continue;
		group_free(e, o, nr);
		vksm_port_breathe();
	}
	for (kind = 0; kind < VKSM_NR_KINDS; kind++)
		e->figures.kind[kind] -= o->figures.kind[kind];
	object_free(e, o);
}

bool vksm_has_several(struct vksm_engine *e, const struct vksm_object *o,
		      u64 index, u64 *hash)
{
	u32 mark = vksm_mark(o, index);

	return kind_of(mark) == VKSM_SHARED &&
	       vksm_index_has_several(&e->index, print_of(mark), rank_of(mark),
				      hash);
}

/* --- at the ends of a pass -------------------------------------------------------- */

bool vksm_begin(struct vksm_engine *e, u64 resident)
{
	u64 known = e->figures.kind[VKSM_SHARED] + e->figures.kind[VKSM_ZERO];
	u64 pages = resident > known ? resident - known : 0;

	if (pages < e->figures.kind[VKSM_SINGLE])
		pages = e->figures.kind[VKSM_SINGLE];
	return vksm_index_refilter(&e->index, pages);
}

void vksm_begin_group(struct vksm_engine *e, struct vksm_object *o, u64 nr)
{
	const u32 *mark = o->group[nr]->mark;
	u64 i;

	for (i = 0; i < VKSM_GROUP_PAGES; i++) {
		if (kind_of(mark[i]) == VKSM_SINGLE)
			vksm_index_note(&e->index, print_of(mark[i]));
	}
}

bool vksm_is_unsettled(const struct vksm_engine *e)
{
	return e->index.nr_wanted || e->index.singles;
}

u64 vksm_next_wanted(const struct vksm_engine *e, const struct vksm_object *o,
		     u64 index, u64 end)
{
	const struct vksm_group *g = o->group[index >> VKSM_GROUP_SHIFT];
	const u32 *mark = &g->mark[index & (VKSM_GROUP_PAGES - 1)];

	if (!e->index.nr_wanted)
		return end;
	for (; index < end; index++, mark++) {
		if (kind_of(*mark) == VKSM_SINGLE &&
		    vksm_index_is_wanted(&e->index, print_of(*mark)))
			break;
	}
	return index;
}

/* What has changed since it was visited will be noted by the next pass. */
enum vksm_kind vksm_join(struct vksm_engine *e, struct vksm_object *o,
			 u64 index, const struct vksm_look *look)
{
	u32 *mark = &o->group[index >> VKSM_GROUP_SHIFT]
			->mark[index & (VKSM_GROUP_PAGES - 1)];
	u32 kind;

	if (look->zero)
		return kind_of(*mark);
	count_work(e, o, VKSM_WORK_HASHED);
	if (vksm_print(look->hash) != print_of(*mark))
		return kind_of(*mark);
	kind = kind_found(vksm_index_join(&e->index, look->hash));
	set_mark(e, o, mark, (*mark & ~VKSM_MARK_KIND) | kind);
	return kind_of(*mark);
}

void vksm_demote_group(struct vksm_engine *e, struct vksm_object *o, u64 nr)
{
	u32 *mark = o->group[nr]->mark;
	u64 i;

	for (i = 0; i < VKSM_GROUP_PAGES && e->index.singles; i++) {
		if (kind_of(mark[i]) == VKSM_SHARED &&
		    vksm_index_demote(&e->index, print_of(mark[i]),
				      rank_of(mark[i])))
			set_mark(e, o, &mark[i],
				 (mark[i] & ~VKSM_MARK_KIND) | VKSM_SINGLE);
	}
}
