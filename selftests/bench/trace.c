// SPDX-License-Identifier: GPL-2.0
/* Traces: see trace.h. */
#include <stdlib.h>
#include <string.h>
#include "trace.h"

#define WORDS	(TRACE_PAGE / 8)

/* Contents that differ in their last word alone have this bit. */
#define TAIL	(1ULL << 62)

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static uint64_t rnd(struct trace *t)
{
	t->state += 0x9e3779b97f4a7c15ULL;
	return mix(t->state);
}

static uint32_t below(struct trace *t, uint32_t n)
{
	return (rnd(t) >> 32) * n >> 32;
}

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t was = *a;

	*a = *b;
	*b = was;
}

static void shuffle(struct trace *t, uint32_t *v, uint32_t n)
{
	while (n > 1) {
		uint32_t i = below(t, n--);

		swap(&v[i], &v[n]);
	}
}

/* --- bytes -------------------------------------------------------------------- */

void trace_bytes(const struct trace *t, uint64_t content, void *page)
{
	uint64_t *word = page, body = content & TAIL ? TAIL : content;
	uint64_t x = mix(t->p.seed ^ mix(body)) | 1;
	unsigned int i;

	if (content == TRACE_ZERO) {
		memset(page, 0, TRACE_PAGE);
		return;
	}
	for (i = 0; i < WORDS; i++) {
		x = x * 0xd1342543de82ef95ULL + 1;
		word[i] = x ^ x >> 32;
	}
	/* No two contents are equal by chance. */
	word[WORDS - 1] = content;
}

/* --- what happens ---------------------------------------------------------------- */

static void add_op(struct trace *t, enum trace_kind kind, uint32_t at, uint64_t content)
{
	if (t->nr_ops == t->room)
		return;
	t->op[t->nr_ops++] = (struct trace_op){
		.kind = kind, .content = content,
		.area = at / t->p.pages, .page = at % t->p.pages,
	};
	t->content[at] = content;
	t->since[at] = t->period;
}

static void write_page(struct trace *t, uint32_t at, uint64_t content)
{
	add_op(t, content == TRACE_ZERO ? TRACE_CLEAR : TRACE_WRITE, at, content);
}

bool trace_next(struct trace *t, struct trace_op *op)
{
	if (t->next == t->nr_ops)
		return false;
	*op = t->op[t->next++];
	return true;
}

/* Some page that is there, or that is not. */
static uint32_t some_page(struct trace *t, bool there)
{
	uint32_t at = below(t, t->total), n = t->total;

	while (n-- && (t->content[at] != TRACE_ABSENT) != there)
		at = (at + 1) % t->total;
	return at;
}

void trace_advance(struct trace *t)
{
	uint32_t i, at;

	t->period++;
	t->nr_ops = 0;
	t->next = 0;
	/* Each hot page at most once: the first ones in a new order. */
	for (i = 0; i < t->p.rewritten; i++) {
		swap(&t->hot[i], &t->hot[i + below(t, t->nr_hot - i)]);
		if (t->content[t->hot[i]] != TRACE_ABSENT)
			write_page(t, t->hot[i], ++t->last);
	}
	for (i = 0; i < t->p.zeroed; i++) {
		at = some_page(t, true);
		if (t->content[at] != TRACE_ABSENT)
			write_page(t, at, TRACE_ZERO);
	}
	for (i = 0; i < t->p.freed; i++) {
		at = some_page(t, true);
		if (t->content[at] != TRACE_ABSENT)
			add_op(t, TRACE_FREE, at, TRACE_ABSENT);
	}
	for (i = 0; i < t->p.back; i++) {
		at = some_page(t, false);
		if (t->content[at] == TRACE_ABSENT && t->first[at] != TRACE_ABSENT)
			write_page(t, at, t->first[at]);
	}
}

/* --- the beginning ---------------------------------------------------------------- */

/**
 * struct places - pages that have no content yet
 * @at:		of all areas, those of an area together
 * @left:	how many of each area
 * @turn:	area whose turn it is
 */
struct places {
	uint32_t *at;
	uint32_t *left;
	uint32_t turn;
};

/* One of an area, which has some. */
static uint32_t take(struct trace *t, struct places *pl, uint32_t area)
{
	return pl->at[area * t->p.pages + --pl->left[area]];
}

/* One of the area whose turn it is, or that comes next and has one. */
static uint32_t take_any(struct trace *t, struct places *pl)
{
	while (!pl->left[pl->turn % t->p.areas])
		pl->turn++;
	return take(t, pl, pl->turn++ % t->p.areas);
}

/* One page of each run comes up first, in any order, then the next one of each. */
static void order_by_runs(struct trace *t, uint32_t *at, uint32_t n)
{
	uint32_t runs = n / t->p.spread, run, i, *to;

	to = malloc(n * sizeof(*to));
	if (!to)
		return;
	for (run = 0; run < runs; run++)
		shuffle(t, at + run * t->p.spread, t->p.spread);
	for (i = 0; i < runs * t->p.spread; i++)
		to[n - 1 - i] = at[i % runs * t->p.spread + i / runs];
	for (; i < n; i++)
		to[n - 1 - i] = at[i];
	memcpy(at, to, n * sizeof(*to));
	free(to);
}

static int make_places(struct trace *t, struct places *pl)
{
	uint32_t i, area;

	pl->at = malloc(t->total * sizeof(*pl->at));
	pl->left = malloc(t->p.areas * sizeof(*pl->left));
	pl->turn = 0;
	if (!pl->at || !pl->left)
		return -1;
	for (i = 0; i < t->total; i++)
		pl->at[i] = i;
	for (area = 0; area < t->p.areas; area++) {
		pl->left[area] = t->p.pages;
		if (t->p.spread)
			order_by_runs(t, pl->at + area * t->p.pages, t->p.pages);
		else
			shuffle(t, pl->at + area * t->p.pages, t->p.pages);
	}
	return 0;
}

/* Pages of the @nth content. */
static uint32_t degree_of(struct trace *t, uint32_t nth)
{
	uint32_t n = t->p.degree;

	if (t->p.degrees == TRACE_ZIPF)
		return n / nth > 2 ? n / nth : 2;
	if (t->p.degrees == TRACE_GEOMETRIC) {
		for (n = 2; t->p.degree > 2 && below(t, t->p.degree - 1); n++)
			;
	}
	return n;
}

/* What all pages of a content are in, if it is one of those; else -1. */
static int64_t area_of(struct trace *t, struct places *pl, uint32_t pages)
{
	uint32_t area = below(t, t->p.areas), n;

	if (below(t, 1000) >= t->p.self)
		return -1;
	for (n = 0; n < t->p.areas; n++) {
		if (pl->left[area] >= pages)
			return area;
		area = (area + 1) % t->p.areas;
	}
	return -1;
}

static void place_equal(struct trace *t, struct places *pl)
{
	uint32_t left = t->p.equal, nth = 1, n;
	int64_t area;

	while (left) {
		n = degree_of(t, nth++);
		/* What would be left is enough for another one. */
		if (n > left || left - n < 2)
			n = left;
		left -= n;
		area = area_of(t, pl, n);
		for (t->last++; n; n--)
			write_page(t, area < 0 ? take_any(t, pl) :
						 take(t, pl, area), t->last);
	}
}

static void place_all(struct trace *t, struct places *pl)
{
	uint32_t i, single = t->total - t->p.equal - t->p.zero - t->p.tail - t->p.absent;

	place_equal(t, pl);
	for (i = 0; i < t->p.zero; i++)
		write_page(t, take_any(t, pl), TRACE_ZERO);
	for (i = 0; i < t->p.tail; i++)
		write_page(t, take_any(t, pl), TAIL | ++t->last);
	for (i = 0; i < single; i++)
		write_page(t, take_any(t, pl), ++t->last);
	for (i = 0; i < t->p.absent; i++)
		t->content[take_any(t, pl)] = TRACE_ABSENT;
}

/* Pages are written in the order in which they lie. */
static int by_place(const void *a, const void *b)
{
	const struct trace_op *x = a, *y = b;

	if (x->area != y->area)
		return x->area < y->area ? -1 : 1;
	return x->page < y->page ? -1 : x->page > y->page;
}

static void choose_hot(struct trace *t)
{
	uint32_t i, n = 0;

	for (i = 0; i < t->total; i++) {
		if (t->content[i] != TRACE_ABSENT)
			t->hot[n++] = i;
	}
	shuffle(t, t->hot, n);
	t->nr_hot = t->p.hot;
}

static bool is_sane(const struct trace_params *p)
{
	uint64_t total = (uint64_t)p->areas * p->pages;
	uint64_t kinds = (uint64_t)p->equal + p->zero + p->tail + p->absent;

	return total && total < 1U << 28 && kinds <= total && p->equal != 1 &&
	       (!p->equal || p->degree >= 2) && p->self <= 1000 && p->spread <= p->pages &&
	       p->hot <= total - p->absent && p->rewritten <= p->hot;
}

static int allocate(struct trace *t)
{
	uint64_t room = (uint64_t)t->p.rewritten + t->p.zeroed + t->p.freed + t->p.back;

	t->room = room > t->total ? room : t->total;
	t->content = calloc(t->total, sizeof(*t->content));
	t->first = malloc(t->total * sizeof(*t->first));
	t->since = calloc(t->total, sizeof(*t->since));
	t->hot = malloc(t->total * sizeof(*t->hot));
	t->op = malloc(t->room * sizeof(*t->op));
	return t->content && t->first && t->since && t->hot && t->op ? 0 : -1;
}

int trace_init(struct trace *t, const struct trace_params *p)
{
	struct places pl = { 0 };
	int r;

	*t = (struct trace){ .p = *p, .state = mix(p->seed) };
	if (!is_sane(p))
		return -1;
	t->total = p->areas * p->pages;
	r = allocate(t) ? -1 : make_places(t, &pl);
	if (!r) {
		place_all(t, &pl);
		qsort(t->op, t->nr_ops, sizeof(*t->op), by_place);
		memcpy(t->first, t->content, t->total * sizeof(*t->first));
		choose_hot(t);
	}
	free(pl.at);
	free(pl.left);
	if (r)
		trace_free(t);
	return r;
}

void trace_free(struct trace *t)
{
	free(t->content);
	free(t->first);
	free(t->since);
	free(t->hot);
	free(t->op);
	*t = (struct trace){ 0 };
}

/* --- the oracle -------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_stable(const struct trace *t, uint32_t at, uint32_t periods)
{
	return !t->since[at] || t->since[at] + periods <= t->period;
}

struct trace_oracle trace_oracle(const struct trace *t, uint32_t periods)
{
	uint64_t *seen = malloc(t->total * sizeof(*seen));
	struct trace_oracle o = { 0 };
	uint32_t i, n = 0;

	for (i = 0; seen && i < t->total; i++) {
		if (t->content[i] == TRACE_ABSENT)
			continue;
		o.pages++;
		if (!is_stable(t, i, periods))
			continue;
		o.stable++;
		if (t->content[i] == TRACE_ZERO)
			o.zero++;
		else
			seen[n++] = t->content[i];
	}
	if (n)
		qsort(seen, n, sizeof(*seen), by_number);
	for (i = 0; i < n; i++)
		o.contents += !i || seen[i] != seen[i - 1];
	free(seen);
	o.save = o.stable - o.contents;
	return o;
}
