// SPDX-License-Identifier: GPL-2.0
/*
 * Who has which frames: see tally.h.
 */

#include <linux/kernel.h>
#include <linux/types.h>

#include "ksm/port.h"
#include "ksm/tally.h"

#define FIRST_SIZE	1024UL

int vksm_tally_init(struct vksm_tally *t)
{
	*t = (struct vksm_tally){ .size = FIRST_SIZE };
	t->entry = vksm_port_alloc(FIRST_SIZE * sizeof(*t->entry));
	return t->entry ? 0 : -1;
}

void vksm_tally_free(struct vksm_tally *t)
{
	vksm_port_free(t->entry);
	*t = (struct vksm_tally){ };
}

/* --- the table ------------------------------------------------------------------- */

static u64 home(const struct vksm_tally *t, u64 frame, u32 row, bool more)
{
	u64 x = frame + (more ? (u64)(row + 1) << 41 : 0);

	x = (x ^ x >> 32) * 0x9e3779b97f4a7c15ULL;
	return (x ^ x >> 29) & (t->size - 1);
}

/* The entry of a frame, or of a row that has it, too; or where it would be. */
static struct vksm_tally_entry *find(const struct vksm_tally *t, u64 frame,
				     u32 row, bool more)
{
	u64 at = home(t, frame, row, more);
	struct vksm_tally_entry *e;

	for (;; at = (at + 1) & (t->size - 1)) {
		e = &t->entry[at];
		if (!e->count || (e->frame == frame && e->more == more &&
				  (!more || e->row == row)))
			return e;
	}
}

u64 vksm_tally_first(const struct vksm_tally *t, u64 frame)
{
	return find(t, frame, 0, false) - t->entry;
}

static bool grow(struct vksm_tally *t)
{
	struct vksm_tally_entry *old = t->entry, *entry;
	u64 size = t->size, i;

	entry = vksm_port_alloc(2 * size * sizeof(*entry));
	if (!entry)
		return false;
	t->entry = entry;
	t->size = 2 * size;
	for (i = 0; i < size; i++) {
		if (old[i].count)
			*find(t, old[i].frame, old[i].row, old[i].more) = old[i];
		if (!(i % 4096))
			vksm_port_breathe();
	}
	vksm_port_free(old);
	return true;
}

/* For one entry more. */
static bool has_room(struct vksm_tally *t)
{
	return t->used < t->size / 4 * 3 || grow(t) ||
	       t->used < t->size / 16 * 15;
}

static void put(struct vksm_tally *t, struct vksm_tally_entry *e, u64 frame,
		u32 row, bool more)
{
	*e = (struct vksm_tally_entry){
		.frame = frame, .row = row, .more = more, .count = 1,
		.total = !more,
	};
	t->used++;
	t->frames += !more;
}

int vksm_tally_add(struct vksm_tally *t, u64 frame, u32 row)
{
	struct vksm_tally_entry *e, *other;

	if (!has_room(t))
		return -1;
	t->sites++;
	e = find(t, frame, row, false);
	if (!e->count) {
		put(t, e, frame, row, false);
		return 0;
	}
	e->total++;
	if (e->row == row) {
		e->count++;
		return 0;
	}
	other = find(t, frame, row, true);
	if (other->count)
		other->count++;
	else
		put(t, other, frame, row, true);
	return 0;
}

/* --- sums ------------------------------------------------------------------------ */

static unsigned int degree_of(u32 sites)
{
	unsigned int place = 0;

	while (place < VKSM_DEGREES - 1 && vksm_degree_first(place + 1) <= sites)
		place++;
	return place;
}

/* Of a frame: as if it were all its first row's. */
static void sum_frame(const struct vksm_tally_entry *e, struct vksm_row *row,
		      struct vksm_degrees *degrees)
{
	unsigned int place = degree_of(e->total);

	degrees->frames[place]++;
	degrees->sites[place] += e->total;
	row->sites += e->count;
	row->stat[VKSM_ROW_PSS] += VKSM_FRAME_BYTES;
	row->stat[VKSM_ROW_MARGINAL] += e->count == e->total;
	if (e->total == 1)
		row->stat[VKSM_ROW_USS]++;
	else if (e->count == e->total)
		row->stat[VKSM_ROW_SHARED_SELF] += e->count;
	else
		row->stat[VKSM_ROW_SHARED_OTHER] += e->count;
}

/* Of another row that has it: its part, which the first one has no more. */
static void sum_more(const struct vksm_tally_entry *e, u32 total,
		     struct vksm_row *row, struct vksm_row *first)
{
	u64 part = (u64)VKSM_FRAME_BYTES * e->count / total;

	row->sites += e->count;
	row->stat[VKSM_ROW_SHARED_OTHER] += e->count;
	row->stat[VKSM_ROW_PSS] += part;
	first->stat[VKSM_ROW_PSS] -= part;
}

void vksm_tally_sum(struct vksm_tally *t, struct vksm_row *row,
		    struct vksm_degrees *degrees)
{
	const struct vksm_tally_entry *e, *frame;
	u64 i;

	for (i = 0; i < t->size; i++) {
		e = &t->entry[i];
		if (!(i % 4096))
			vksm_port_breathe();
		if (!e->count)
			continue;
		if (!e->more) {
			sum_frame(e, &row[e->row], degrees);
			continue;
		}
		frame = find(t, e->frame, 0, false);
		sum_more(e, frame->total, &row[e->row], &row[frame->row]);
	}
}
