// SPDX-License-Identifier: GPL-2.0
/*
 * A survey of all memory.
 *
 * It walks over all objects, one after the other, and looks each page up inside of RCU, as the
 * scan does: some hundred words at a time, with no lock held, and so in nobody's way.
 * Frames that it meets go into a tally, with the row of the VM that has the object in its slots; if
 * several have, each has a site of its own there.
 *
 * So it is no instant: memory changes meanwhile.  But it is one account: each frame that
 * was met counts once, its bytes belong to those who were met having it, and all figures of
 * a survey are of these same sites.  When nothing changes they are what
 * there is.  A frame that is given up and comes back elsewhere during the walk counts as
 * shared by both.
 */

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "ksm/survey.h"
#include "mem/mem.h"
#include "mem/registry.h"

/* Pages that are looked up in one RCU section. */
#define AT_ONCE		256

const char *const vksm_row_stat_names[VKSM_NR_ROW_STATS] = {
#define X(sym, name) [VKSM_ROW_##sym] = name,
	VKSM_ROW_STATS(X)
#undef X
};

/**
 * struct surveying - a survey under way
 * @s:		what is to come of it
 * @tally:	of frames and rows
 * @row:	of the tally
 * @claim:	by object, and then by row
 * @nr_claims:	how many
 * @first:	the first one of the object that is looked at
 * @end:	behind the last one
 * @nr:		how many pages are in @page
 * @page:	found: address, and VMM_WORD_MERGED
 */
struct surveying {
	struct vksm_survey *s;
	struct vksm_tally tally;
	struct vksm_row *row;
	const struct vksm_claim *claim;
	u32 nr_claims;
	u32 first;
	u32 end;
	unsigned int nr;
	unsigned long page[AT_ONCE];
};

static int by_object(const void *a, const void *b)
{
	const struct vksm_claim *x = a, *y = b;

	if (x->mem != y->mem)
		return x->mem < y->mem ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* --- pages ----------------------------------------------------------------------- */

/* Some from @index on, up to a hole, and over that; where to go on. */
static unsigned long look(struct surveying *w, const struct vmm_mem *mem,
			  unsigned long index)
{
	struct vmm_mem_peek peek;
	unsigned long next;
	bool found;

	w->nr = 0;
	rcu_read_lock();
	while (w->nr < AT_ONCE && index < mem->nr_pages) {
		if (!vmm_mem_peek(mem, index, &peek)) {
			next = vmm_tree_seek(&mem->tree, index, true, &found);
			/* What is not in memory is no hole. */
			index = max(next, index + 1);
			break;
		}
		w->page[w->nr++] = peek.phys |
				   (peek.merged ? VMM_WORD_MERGED : 0);
		index++;
	}
	rcu_read_unlock();
	return index;
}

static int add_site(struct surveying *w, unsigned long page, u32 row)
{
	if (vksm_tally_add(&w->tally, page >> PAGE_SHIFT, row))
		return -ENOMEM;
	if (page & VMM_WORD_MERGED)
		w->row[row].stat[VKSM_ROW_MERGED]++;
	return 0;
}

/* For each row that claims the object. */
static int add_sites(struct surveying *w)
{
	unsigned int i;
	int err = 0;
	u32 c;

	for (i = 0; i < w->nr && !err; i++) {
		if (w->first == w->end)
			err = add_site(w, w->page[i], w->s->nr - 1);
		for (c = w->first; c < w->end && !err; c++)
			err = add_site(w, w->page[i], w->claim[c].row);
	}
	return err;
}

/* --- objects --------------------------------------------------------------------- */

static void add_object(struct surveying *w, struct vmm_mem *mem, u32 row)
{
	struct vksm_holder *h = &w->s->holder[row];
	struct vmm_mem_stats stats;

	vmm_mem_stats(mem, &stats);
	vksm_add_object_stats(mem, h->stat);
	w->row[row].stat[VKSM_ROW_HUGE] += stats.huge;
	h->objects++;
}

static int walk_over(struct surveying *w, struct vmm_mem *mem)
{
	unsigned long index = 0;
	int err = 0;
	u32 c;

	while (w->end < w->nr_claims && w->claim[w->end].mem < mem->id)
		w->end++;
	w->first = w->end;
	while (w->end < w->nr_claims && w->claim[w->end].mem == mem->id)
		w->end++;
	while (index < mem->nr_pages && !err) {
		index = look(w, mem, index);
		err = add_sites(w);
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	if (w->first == w->end)
		add_object(w, mem, w->s->nr - 1);
	for (c = w->first; c < w->end; c++)
		add_object(w, mem, w->claim[c].row);
	w->s->objects++;
	return err;
}

static int walk(struct surveying *w)
{
	struct vmm_mem *mem;
	int err = 0;
	u32 id = 0;

	while (!err && (mem = vmm_registry_next(id))) {
		id = mem->id + 1;
		err = walk_over(w, mem);
		vmm_mem_unref(mem);
	}
	return err;
}

/* --- all of it -------------------------------------------------------------------- */

static int find_pairs(struct surveying *w)
{
	struct vksm_survey *s = w->s;

	if (s->nr > VKSM_PAIRS_ROWS)
		return -E2BIG;
	s->pairs = kvcalloc((size_t)s->nr * s->nr, sizeof(*s->pairs),
			    GFP_KERNEL_ACCOUNT);
	if (!s->pairs || vksm_tally_pairs(&w->tally, s->nr, s->pairs, s->top))
		return -ENOMEM;
	return 0;
}

static void finish(struct surveying *w)
{
	struct vksm_survey *s = w->s;
	u32 i;

	vksm_tally_sum(&w->tally, w->row, &s->degrees);
	for (i = 0; i < s->nr; i++)
		s->holder[i].row = w->row[i];
	s->frames = w->tally.frames;
	s->sites = w->tally.sites;
	vksm_stats(s->stat, &s->spans);
	s->took_ns = ktime_get_boottime_ns() - s->began_ns;
}

static int survey(struct surveying *w, bool pairs)
{
	int err;

	w->row = kvcalloc(w->s->nr, sizeof(*w->row), GFP_KERNEL_ACCOUNT);
	if (!w->row || vksm_tally_init(&w->tally)) {
		kvfree(w->row);
		return -ENOMEM;
	}
	err = walk(w);
	if (!err && pairs)
		err = find_pairs(w);
	if (!err)
		finish(w);
	vksm_tally_free(&w->tally);
	kvfree(w->row);
	return err;
}

/**
 * vksm_survey_create() - walk over all memory
 * @claim:	which objects are whose, each pair once; will be sorted
 * @nr:		how many claims
 * @rows:	how many rows they name
 * @pairs:	what each two of them have in common is wanted, too
 *
 * May sleep, and takes as long as there is memory.
 *
 * Return: a survey with one row more, or ERR_PTR of -ENOMEM, -EINTR (about to be killed),
 * -E2BIG (more than VKSM_PAIRS_ROWS for @pairs).
 */
struct vksm_survey *vksm_survey_create(struct vksm_claim *claim, u32 nr,
				       u32 rows, bool pairs)
{
	struct vksm_survey *s;
	struct surveying *w;
	int err = -ENOMEM;

	s = kvzalloc(struct_size(s, holder, rows + 1), GFP_KERNEL_ACCOUNT);
	w = kvzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (!s || !w)
		goto out;
	sort(claim, nr, sizeof(*claim), by_object, NULL);
	s->nr = rows + 1;
	s->began_ns = ktime_get_boottime_ns();
	w->s = s;
	w->claim = claim;
	w->nr_claims = nr;
	err = survey(w, pairs);
out:
	kvfree(w);
	if (!err)
		return s;
	vksm_survey_free(s);
	return ERR_PTR(err);
}

void vksm_survey_free(struct vksm_survey *s)
{
	if (s)
		kvfree(s->pairs);
	kvfree(s);
}
