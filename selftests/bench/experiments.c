// SPDX-License-Identifier: GPL-2.0
/* Experiments: see experiments.h. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>
#include "experiments.h"
#include "trace.h"

#define AREAS		4
#define PASSES_MAX	10

/* Converged is who has saved so many per mille of what the oracle knows. */
#define CONVERGED	980

/* What is as it is for so many periods should be saved. */
#define STABLE		2

struct experiment experiment = { .seed = 1, .pages = 2048 };

static struct trace t;
static unsigned char image[TRACE_PAGE];

void experiment_tell(const char *kind, const char *unit, double val)
{
	printf("%s,%s,%s,%.*f\n", experiment.side->name, kind, unit, val < 100, val);
}

/* --- playing --------------------------------------------------------------------- */

static unsigned char *page_at(uint32_t area, uint32_t page)
{
	return side_area[area] + (uint64_t)page * TRACE_PAGE;
}

/* What this period has. */
static void play(void)
{
	struct trace_op op;

	while (trace_next(&t, &op)) {
		if (op.kind == TRACE_FREE) {
			experiment.side->discard(op.area, op.page);
			continue;
		}
		trace_bytes(&t, op.content, page_at(op.area, op.page));
		if (experiment.side->written)
			experiment.side->written(op.area, op.page);
	}
}

static void verify(void)
{
	uint32_t area, page;
	uint64_t content;

	for (area = 0; area < t.p.areas; area++) {
		for (page = 0; page < t.p.pages; page++) {
			content = trace_content(&t, area, page);
			if (content == TRACE_ABSENT)
				content = TRACE_ZERO;
			trace_bytes(&t, content, image);
			if (memcmp(image, page_at(area, page), TRACE_PAGE))
				errx(1, "%s: area %u: page %u has other bytes than the trace",
				     experiment.side->name, area, page);
		}
	}
}

static void begin(const char *name, const struct trace_params *p, bool huge)
{
	struct side_setup setup = {
		.areas = p->areas, .bytes = (uint64_t)p->pages * TRACE_PAGE, .huge = huge,
	};

	if (trace_init(&t, p))
		errx(1, "no such trace");
	printf("# %s: %s: %u pages\n", experiment.side->name, name, t.total);
	experiment.side->begin(&setup);
	play();
}

static void next_period(void)
{
	trace_advance(&t);
	play();
}

static void end(void)
{
	verify();
	experiment.side->end();
	trace_free(&t);
}

/* --- passes ----------------------------------------------------------------------- */

static struct side_figures figures(void)
{
	struct side_figures f;

	experiment.side->figures(trace_oracle(&t, 0).pages, &f);
	return f;
}

/* Per mille of what could be saved of stable pages. */
static uint32_t share(void)
{
	uint32_t could = trace_oracle(&t, STABLE).save;

	return could ? figures().saved * 1000 / could : 0;
}

/* Passes until all that is to be had is saved; what the first one cost. */
static unsigned int converge(uint64_t *first)
{
	unsigned int n = 0;
	uint64_t cost;

	do {
		cost = experiment.side->pass();
		if (!n++ && first)
			*first = cost;
	} while (share() < CONVERGED && n < PASSES_MAX);
	return n;
}

/* As if it went on for ever: the last of some passes. */
static uint64_t settled_pass(void)
{
	experiment.side->pass();
	experiment.side->pass();
	return experiment.side->pass();
}

/* --- experiments ----------------------------------------------------------------- */

static void unique(void)
{
	struct trace_params p = {
		.seed = experiment.seed, .areas = AREAS, .pages = experiment.pages,
		.hot = AREAS * experiment.pages, .rewritten = AREAS * experiment.pages,
	};
	uint64_t first;

	begin("unique", &p, false);
	first = experiment.side->pass();
	experiment_tell("first", "instructions", (double)first / t.total);
	experiment_tell("unchanged", "instructions", (double)settled_pass() / t.total);
	experiment_tell("bytes_unique", "bytes", (double)figures().meta_bytes / t.total);
	next_period();
	experiment_tell("changed", "instructions", (double)experiment.side->pass() / t.total);
	end();
}

/* A2: what differs does so at its end. */
static void tail(void)
{
	struct trace_params p = {
		.seed = experiment.seed, .areas = AREAS, .pages = experiment.pages, .tail = AREAS * experiment.pages,
	};

	begin("tail", &p, false);
	experiment_tell("tail_first", "instructions", (double)experiment.side->pass() / t.total);
	experiment_tell("tail_later", "instructions", (double)settled_pass() / t.total);
	if (figures().saved)
		errx(1, "%s: pages that differ were taken for equal", experiment.side->name);
	end();
}

/* The first write to each page, with the fault. */
static uint64_t write_all(void)
{
	uint64_t ticks = __rdtsc();
	uint32_t area, page;

	for (area = 0; area < t.p.areas; area++) {
		for (page = 0; page < t.p.pages; page++)
			((volatile unsigned char *)page_at(area, page))[8] ^= 0;
	}
	return __rdtsc() - ticks;
}

static void equal(void)
{
	struct trace_params p = {
		.seed = experiment.seed, .areas = AREAS, .pages = experiment.pages,
		.equal = AREAS * experiment.pages, .degree = 4,
	};
	struct side_figures f;

	begin("equal", &p, false);
	experiment_tell("merge_passes", "passes", converge(NULL));
	f = figures();
	experiment_tell("merge", "instructions", f.saved ? (double)f.cost / f.saved : 0);
	experiment_tell("merged_later", "instructions", (double)settled_pass() / t.total);
	experiment_tell("bytes_equal", "bytes", (double)figures().meta_bytes / t.total);
	experiment_tell("break", "instructions", (double)write_all() / t.total);
	end();
}

static void zero(void)
{
	struct trace_params p = {
		.seed = experiment.seed, .areas = AREAS, .pages = experiment.pages, .zero = AREAS * experiment.pages,
	};
	struct side_figures f;

	begin("zero", &p, false);
	converge(NULL);
	f = figures();
	experiment_tell("zero", "instructions", (double)f.cost / t.total);
	experiment_tell("zero_later", "instructions", (double)settled_pass() / t.total);
	experiment_tell("bytes_zero", "bytes", (double)figures().meta_bytes / t.total);
	end();
}

/* A3: one page has most of them. */
static void many(void)
{
	struct trace_params p = {
		.seed = experiment.seed, .areas = AREAS, .pages = experiment.pages,
		.equal = AREAS * experiment.pages, .degree = AREAS * experiment.pages,
	};
	struct side_figures f;

	begin("many", &p, false);
	experiment_tell("many_passes", "passes", converge(NULL));
	f = figures();
	experiment_tell("many", "instructions", f.saved ? (double)f.cost / f.saved : 0);
	experiment_tell("many_share", "per mille", share());
	end();
}

static const struct trace_params usual = {
	.areas = AREAS, .degrees = TRACE_GEOMETRIC, .degree = 4, .self = 250,
};

/* Memory as guests have it: parts of all pages, of 100. */
static struct trace_params mixed(void)
{
	uint32_t part = AREAS * experiment.pages / 100;
	struct trace_params p = usual;

	p.seed = experiment.seed;
	p.pages = experiment.pages;
	p.equal = 40 * part;
	p.zero = 10 * part;
	p.tail = 5 * part;
	p.absent = 10 * part;
	p.hot = 10 * part;
	p.rewritten = 5 * part;
	p.zeroed = part / 4;
	p.freed = part / 4;
	p.back = part / 4;
	return p;
}

struct side_figures experiment_mixed(unsigned int passes)
{
	struct trace_params p = mixed();
	struct side_figures f;
	unsigned int n;

	begin("mix, for itself", &p, false);
	for (n = 0; n < passes; n++)
		experiment.side->pass();
	if (!passes)
		converge(NULL);
	f = figures();
	end();
	return f;
}

static void mix(void)
{
	struct trace_params p = mixed();
	unsigned int n, passes = 0;
	uint64_t last = 0;

	begin("mix", &p, false);
	for (n = 1; n <= PASSES_MAX; n++) {
		last = experiment.side->pass();
		if (!passes && share() >= CONVERGED) {
			passes = n;
			experiment_tell("mix", "instructions", (double)figures().cost / t.total);
		}
		if (n < PASSES_MAX)
			next_period();
	}
	experiment_tell("mix_passes", "passes", passes ? passes : PASSES_MAX + 1);
	if (!passes)
		experiment_tell("mix", "instructions", (double)figures().cost / t.total);
	experiment_tell("mix_share", "per mille", share());
	experiment_tell("mix_later", "instructions", (double)last / t.total);
	experiment_tell("mix_bytes", "bytes", (double)figures().meta_bytes / t.total);
	end();
}

/* A1: half of all pages are rewritten, each in every second period; few stay. */
static void churn(void)
{
	uint32_t total = AREAS * experiment.pages;
	struct trace_params p = usual;
	unsigned int n;
	uint64_t cost;

	p.seed = experiment.seed;
	p.pages = experiment.pages;
	p.equal = total / 2;
	p.hot = total / 2;
	p.rewritten = total / 4;
	begin("churn", &p, false);
	converge(NULL);
	cost = figures().cost;
	for (n = 0; n < 4; n++) {
		next_period();
		experiment.side->pass();
	}
	experiment_tell("churn", "instructions", (double)(figures().cost - cost) / 4 / t.total);
	experiment_tell("churn_share", "per mille", share());
	end();
}

/* A4: one equal page in each block of 2 MiB. */
static void sparse(void)
{
	struct trace_params p = {
		.seed = experiment.seed, .areas = AREAS, .pages = experiment.pages, .equal = AREAS * experiment.pages / 512,
		.degree = 2, .spread = 512,
	};
	struct side_figures f;
	uint64_t had;

	begin("sparse", &p, true);
	had = figures().huge;
	converge(NULL);
	f = figures();
	printf("# %s: %llu of %u pages were in blocks, %llu are\n", experiment.side->name,
	       (unsigned long long)had, t.total, (unsigned long long)f.huge);
	experiment_tell("sparse_share", "per mille", share());
	experiment_tell("sparse_huge", "per mille", had ? f.huge * 1000.0 / had : 0);
	end();
}

const struct experiment_name experiments[] = {
	{ "unique", unique },
	{ "tail", tail },
	{ "equal", equal },
	{ "zero", zero },
	{ "many", many },
	{ "mix", mix },
	{ "churn", churn },
	{ "sparse", sparse },
	{ },
};
