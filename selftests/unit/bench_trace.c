// SPDX-License-Identifier: GPL-2.0
/*
 * Traces: the same seed gives the same bytes, on any machine; the numbers of pages of each
 * kind are those asked for; what the oracle says is what comparing all pages says.
 */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "trace.h"

static unsigned char *memory;		/* all areas, played */
static bool *present;

static const struct trace_params usual = {
	.seed = 42, .areas = 3, .pages = 500,
	.equal = 600, .degrees = TRACE_GEOMETRIC, .degree = 4, .self = 300,
	.zero = 150, .tail = 100, .absent = 50,
	.hot = 400, .rewritten = 100, .zeroed = 20, .freed = 30, .back = 25,
};

static void begin(struct trace *t, const struct trace_params *p)
{
	uint64_t pages = (uint64_t)p->areas * p->pages;

	if (trace_init(t, p)) {
		printf("Bail out! no trace\n");
		exit(1);
	}
	memory = calloc(pages, TRACE_PAGE);
	present = calloc(pages, sizeof(*present));
}

static void end(struct trace *t)
{
	trace_free(t);
	free(memory);
	free(present);
}

static unsigned char *page_of(const struct trace *t, uint32_t at)
{
	return memory + (uint64_t)at * TRACE_PAGE;
}

static uint64_t play(struct trace *t, uint64_t sum)
{
	struct trace_op op;

	while (trace_next(t, &op)) {
		uint32_t at = op.area * t->p.pages + op.page, i;
		uint64_t *word = (uint64_t *)page_of(t, at);

		present[at] = op.kind != TRACE_FREE;
		if (op.kind == TRACE_WRITE)
			trace_bytes(t, op.content, word);
		else
			memset(word, 0, TRACE_PAGE);
		sum = (sum ^ at) * 1099511628211ULL;
		for (i = 0; i < TRACE_PAGE / 8; i++)
			sum = (sum ^ word[i]) * 1099511628211ULL;
	}
	return sum;
}

/* All that happens in some periods. */
static uint64_t sum_of(uint64_t seed)
{
	struct trace_params p = usual;
	uint64_t sum = 14695981039346656037ULL;
	struct trace t;
	int i;

	p.seed = seed;
	begin(&t, &p);
	sum = play(&t, sum);
	for (i = 0; i < 5; i++) {
		trace_advance(&t);
		sum = play(&t, sum);
	}
	end(&t);
	return sum;
}

static void test_seed(void)
{
	uint64_t sum = sum_of(42);

	if (!tap_ok(sum == 0x58f370e378799aceULL, "the bytes of seed 42"))
		tap_note("%#llx", (unsigned long long)sum);
	tap_ok(sum_of(42) == sum && sum_of(43) != sum, "a seed says it all");
}

/* --- by comparing ---------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
	return memcmp(*(unsigned char *const *)a, *(unsigned char *const *)b, TRACE_PAGE);
}

static bool is_zero(const unsigned char *page)
{
	return !page[0] && !memcmp(page, page + 1, TRACE_PAGE - 1);
}

static struct trace_oracle compare(const struct trace *t)
{
	unsigned char **page = malloc(t->total * sizeof(*page));
	struct trace_oracle o = { 0 };
	uint32_t i, n = 0;

	for (i = 0; i < t->total; i++) {
		if (!present[i])
			continue;
		o.pages++;
		if (is_zero(page_of(t, i)))
			o.zero++;
		else
			page[n++] = page_of(t, i);
	}
	qsort(page, n, sizeof(*page), by_bytes);
	for (i = 0; i < n; i++)
		o.contents += !i || by_bytes(&page[i], &page[i - 1]);
	o.stable = o.pages;
	o.save = o.pages - o.contents;
	free(page);
	return o;
}

static bool agrees(const struct trace *t)
{
	struct trace_oracle said = trace_oracle(t, 0), is = compare(t);

	if (!memcmp(&said, &is, sizeof(is)))
		return true;
	tap_note("period %u: pages %u is %u, zero %u is %u, contents %u is %u",
		 t->period, said.pages, is.pages, said.zero, is.zero, said.contents,
		 is.contents);
	return false;
}

static void test_oracle(void)
{
	struct trace_oracle all, old;
	bool good, less = true;
	struct trace t;
	int i;

	begin(&t, &usual);
	play(&t, 0);
	good = agrees(&t);
	for (i = 0; i < 20; i++) {
		trace_advance(&t);
		play(&t, 0);
		good &= agrees(&t);
		all = trace_oracle(&t, 0);
		old = trace_oracle(&t, 2);
		less &= old.stable < all.stable && old.stable >= all.stable -
			2 * (usual.rewritten + usual.zeroed + usual.back) &&
			trace_oracle(&t, i + 2).stable <= old.stable;
	}
	tap_ok(good, "the oracle is right in each period");
	tap_ok(less, "and knows what is stable");
	end(&t);
}

/* --- numbers ---------------------------------------------------------------------- */

static uint32_t times(const struct trace *t, uint64_t content)
{
	uint32_t i, n = 0;

	for (i = 0; i < t->total; i++)
		n += t->content[i] == content;
	return n;
}

static void test_numbers(void)
{
	uint32_t i, equal = 0, tail = 0, k;
	unsigned char a[TRACE_PAGE], b[TRACE_PAGE];
	uint64_t one = 0;
	struct trace t;

	begin(&t, &usual);
	play(&t, 0);
	for (i = 0; i < t.total; i++) {
		uint64_t c = t.content[i];

		if (c == TRACE_ZERO || c == TRACE_ABSENT)
			continue;
		equal += times(&t, c) > 1;
		if (!(c >> 62))
			continue;
		trace_bytes(&t, c, a);
		trace_bytes(&t, one ? one : c, b);
		tail += !memcmp(a, b, TRACE_PAGE - 8) &&
			(!one || memcmp(a, b, TRACE_PAGE));
		one = c;
	}
	tap_ok(equal == usual.equal && times(&t, TRACE_ZERO) == usual.zero &&
	       times(&t, TRACE_ABSENT) == usual.absent, "kinds of pages (%u equal)", equal);
	tap_ok(tail == usual.tail, "and those that differ at their end (%u)", tail);
	trace_advance(&t);
	for (k = i = 0; i < t.nr_ops; i++)
		k += t.op[i].kind == TRACE_WRITE && t.op[i].content > usual.equal;
	tap_ok(k >= usual.rewritten && t.nr_ops >= usual.rewritten + usual.zeroed + usual.freed,
	       "and what happens in a period");
	end(&t);
}

/* Contents all of whose pages are in one area, and the largest number of pages of one. */
static void measure_contents(const struct trace *t, uint32_t *contents, uint32_t *self,
			     uint32_t *most)
{
	uint32_t i, k, n, same;

	*contents = *self = *most = 0;
	for (i = 0; i < t->total; i++) {
		for (n = same = k = 0; k < t->total; k++) {
			if (t->content[k] != t->content[i])
				continue;
			if (k < i)
				break;
			n++;
			same += k / t->p.pages == i / t->p.pages;
		}
		if (k < t->total || n < 2)
			continue;
		++*contents;
		*self += same == n;
		*most = n > *most ? n : *most;
	}
}

static void test_degrees(void)
{
	struct trace_params p = {
		.seed = 7, .areas = 4, .pages = 300, .equal = 600, .degree = 6,
	};
	uint32_t contents, self, most;
	struct trace t;

	begin(&t, &p);
	measure_contents(&t, &contents, &self, &most);
	tap_ok(contents == 100 && most == 6 && !self, "as many each, in all areas");
	end(&t);
	p.self = 1000;
	begin(&t, &p);
	measure_contents(&t, &contents, &self, &most);
	tap_ok(contents == 100 && self >= 98, "in one area each (%u)", self);
	end(&t);
	p.degrees = TRACE_ZIPF;
	p.degree = 200;
	p.self = 0;
	begin(&t, &p);
	measure_contents(&t, &contents, &self, &most);
	tap_ok(most == 200 && contents < 20, "few that many have (%u)", contents);
	end(&t);
	p.degrees = TRACE_GEOMETRIC;
	p.degree = 6;
	begin(&t, &p);
	measure_contents(&t, &contents, &self, &most);
	tap_ok(contents > 60 && contents < 150 && most > 10, "or as it comes (%u, %u)",
	       contents, most);
	end(&t);
}

static void test_spread(void)
{
	struct trace_params p = {
		.seed = 7, .areas = 2, .pages = 4096, .equal = 16, .degree = 2,
		.spread = 512,
	};
	uint32_t run[16] = { 0 }, i, good = 0;
	struct trace t;

	begin(&t, &p);
	for (i = 0; i < t.total; i++)
		run[i / 512] += times(&t, t.content[i]) > 1;
	for (i = 0; i < 16; i++)
		good += run[i] == 1;
	tap_ok(good == 16, "one in each run (%u)", good);
	end(&t);
}

static void test_refused(void)
{
	static const struct trace_params bad[] = {
		{ .areas = 0, .pages = 10 },
		{ .areas = 1, .pages = 0 },
		{ .areas = 1, .pages = 10, .equal = 1, .degree = 2 },
		{ .areas = 1, .pages = 10, .equal = 4, .degree = 1 },
		{ .areas = 1, .pages = 10, .equal = 8, .degree = 2, .zero = 3 },
		{ .areas = 1, .pages = 10, .absent = 5, .hot = 6 },
		{ .areas = 1, .pages = 10, .hot = 5, .rewritten = 6 },
		{ .areas = 1, .pages = 10, .self = 1001 },
		{ .areas = 1, .pages = 10, .spread = 11 },
		{ .areas = 1 << 20, .pages = 1 << 20 },
	};
	unsigned int i, refused = 0;
	struct trace t;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused += trace_init(&t, &bad[i]) < 0;
	tap_ok(refused == i, "what does not fit together");
}

int main(void)
{
	test_seed();
	test_oracle();
	test_numbers();
	test_degrees();
	test_spread();
	test_refused();
	return tap_done();
}
