// SPDX-License-Identifier: GPL-2.0
/*
 * Which frames each two rows of a tally have in common, and the frames that most sites are in:
 * see tally.h.
 *
 * The table knows the first row that had a frame by the frame, and each other one by frame and
 * row, which cannot be found from the frame.  So entries of others are put into chains first,
 * by their places in the table, beside it.
 */

#include <linux/kernel.h>
#include <linux/types.h>

#include "ksm/port.h"
#include "ksm/tally.h"

/* No further one: no entry has this place, as there are not so many. */
#define NONE	0U

/* Of each frame, the last of its other rows; of each of these, the one before it; plus 1. */
static void link_all(const struct vksm_tally *t, u32 *link)
{
	const struct vksm_tally_entry *e;
	u64 i, first;

	for (i = 0; i < t->size; i++) {
		e = &t->entry[i];
		if (!(i % 4096))
			vksm_port_breathe();
		if (!e->count || !e->more)
			continue;
		first = vksm_tally_first(t, e->frame);
		link[i] = link[first];
		link[first] = i + 1;
	}
}

/* One that is greater than the least of @top takes its place among them. */
static void rank(struct vksm_top top[VKSM_TOP], u32 sites, u32 rows, u32 row)
{
	int i = VKSM_TOP;

	while (i && sites > top[i - 1].sites) {
		if (i < VKSM_TOP)
			top[i] = top[i - 1];
		i--;
	}
	if (i < VKSM_TOP)
		top[i] = (struct vksm_top){ sites, rows, row };
}

/* All rows that have a frame, in @who; how many. */
static u32 gather(const struct vksm_tally *t, const u32 *link, u64 at, u32 *who)
{
	u32 n = 0, next;

	who[n++] = t->entry[at].row;
	for (next = link[at]; next != NONE; next = link[next - 1])
		who[n++] = t->entry[next - 1].row;
	return n;
}

static void count_pairs(u64 *pairs, u32 rows, const u32 *who, u32 n)
{
	u32 i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < n; k++)
			pairs[(u64)who[i] * rows + who[k]]++;
	}
}

int vksm_tally_pairs(const struct vksm_tally *t, u32 rows, u64 *pairs,
		     struct vksm_top top[VKSM_TOP])
{
	u32 *link = vksm_port_alloc(t->size * sizeof(*link));
	u32 *who = vksm_port_alloc(rows * sizeof(*who));
	const struct vksm_tally_entry *e;
	u64 i;
	u32 n;

	if (!link || !who) {
		vksm_port_free(link);
		vksm_port_free(who);
		return -1;
	}
	link_all(t, link);
	for (i = 0; i < t->size; i++) {
		e = &t->entry[i];
		if (!(i % 64))
			vksm_port_breathe();
		if (!e->count || e->more)
			continue;
		n = gather(t, link, i, who);
		count_pairs(pairs, rows, who, n);
		rank(top, e->total, n, e->row);
	}
	vksm_port_free(link);
	vksm_port_free(who);
	return 0;
}
