// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "lib/container.h"
#include "snap/diff.h"

/* ---- one side --------------------------------------------------------------------- */

/* Sees that something is next, unless nothing comes. */
static int look(struct diff_side *s, struct err *err)
{
	int ret;

	while (!s->over && !s->next.count) {
		ret = s->source->next(s->source, &s->next, err);
		if (ret < 0)
			return -1;
		s->over = !ret;
	}
	return 0;
}

/* Whether it gives the page where @at begins, or only one behind it. */
static bool has(const struct diff_side *s, const struct snap_chunk *at)
{
	return !s->over && s->next.object == at->object &&
	       s->next.page == at->page;
}

static void pass(struct diff_side *s, uint64_t count)
{
	s->next.page += count;
	s->next.count -= count;
	if (s->next.data)
		s->next.data += count * SNAP_PAGE_SIZE;
}

/* Less than 0 if @a comes first. */
static int compare(const struct diff_side *a, const struct diff_side *b)
{
	if (a->over || b->over)
		return a->over - b->over;
	if (a->next.object != b->next.object)
		return a->next.object < b->next.object ? -1 : 1;
	return a->next.page < b->next.page ? -1 : a->next.page > b->next.page;
}

/* How many of @count pages come before the other side has any. */
static uint64_t before(const struct diff_side *other,
		       const struct snap_chunk *at)
{
	if (other->over || other->next.object != at->object ||
	    other->next.page - at->page > at->count)
		return at->count;
	return other->next.page - at->page;
}

/* ---- both ---------------------------------------------------------------------------- */

/* Where nothing is known of either side's pages but these. */
static bool page_differs(const uint8_t *old, const uint8_t *new)
{
	static const uint8_t zero[SNAP_PAGE_SIZE];

	return memcmp(old ? old : zero, new ? new : zero, SNAP_PAGE_SIZE);
}

static const uint8_t *page_at(const uint8_t *data, uint64_t n)
{
	return data ? data + n * SNAP_PAGE_SIZE : NULL;
}

/* How many of @count pages differ, or do not, as the first does. */
static uint64_t alike(const uint8_t *old, const uint8_t *new, uint64_t count,
		      bool *differ)
{
	uint64_t n = 1;

	*differ = page_differs(old, new);
	while (n < count && page_differs(page_at(old, n), page_at(new, n)) == *differ)
		n++;
	return n;
}

/* The pages that come next, of one side or both: where, and how many as one. */
static struct snap_chunk stretch(const struct diff_source *d)
{
	int order = compare(&d->old, &d->new);
	struct snap_chunk at = order <= 0 ? d->old.next : d->new.next;

	if (!order)
		at.count = d->old.next.count < d->new.next.count ?
			   d->old.next.count : d->new.next.count;
	else
		at.count = before(order < 0 ? &d->new : &d->old, &at);
	return at;
}

/* What was given stays where it is until the next call. */
static void pass_given(struct diff_source *d)
{
	struct snap_chunk at;
	bool old, new;

	if (!d->given)
		return;
	at = stretch(d);
	old = has(&d->old, &at);
	new = has(&d->new, &at);
	if (old)
		pass(&d->old, d->given);
	if (new)
		pass(&d->new, d->given);
	d->given = 0;
}

static int next_chunk(struct snap_source *source, struct snap_chunk *c,
		      struct err *err)
{
	struct diff_source *d = container_of(source, struct diff_source, source);
	const uint8_t *old, *new;
	bool differ;

	do {
		pass_given(d);
		if (look(&d->old, err) || look(&d->new, err))
			return -1;
		source->done = d->new.source->done;
		if (d->old.over && d->new.over)
			return 0;
		*c = stretch(d);
		old = has(&d->old, c) ? d->old.next.data : NULL;
		new = has(&d->new, c) ? d->new.next.data : NULL;
		c->count = alike(old, new, c->count, &differ);
		c->data = new;
		d->given = c->count;
	} while (!differ);
	return 1;
}

void diff_source_init(struct diff_source *d, struct snap_source *old,
		      struct snap_source *new)
{
	*d = (struct diff_source){
		.source = { .next = next_chunk, .total = new->total },
		.old.source = old, .new.source = new,
	};
}
