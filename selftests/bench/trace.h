/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traces: what happens to pages of memory, as a seed and some numbers determine it.
 *
 * There are areas of pages.  In period 0 pages get their first contents; in each further
 * one some of them are rewritten, zeroed, freed, or come back.  A content is a number,
 * from which the bytes follow; so a trace can be played to several systems, which then
 * have the same bytes, and what they could save is known exactly.
 *
 * Pure, but for memory.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#define TRACE_PAGE	4096

/* Contents of no number of their own. */
#define TRACE_ZERO	0ULL
#define TRACE_ABSENT	(~0ULL)

/* How many pages equal contents have. */
enum trace_degrees {
	TRACE_FIXED,		/* as many as @degree says */
	TRACE_GEOMETRIC,	/* two or more, and @degree in the mean */
	TRACE_ZIPF,		/* the first as many as @degree says, the nth an nth of it */
};

/**
 * struct trace_params - what kind of trace; numbers of pages are of all areas together
 * @seed:	of all that is random
 * @areas:	at least one
 * @pages:	of each
 * @equal:	pages whose content others have, too
 * @degrees:	how their contents are distributed
 * @degree:	see there; at least 2
 * @self:	of 1000 equal contents: those all of whose pages are in one area
 * @spread:	0, or equal pages are spread evenly over runs of so many pages
 * @zero:	pages of zeros
 * @tail:	pages that differ from each other in their last 8 bytes alone
 * @absent:	pages that are not there
 * @hot:	pages that can be rewritten, of those that are there
 * @rewritten:	pages that are, in each period; of those that are @hot
 * @zeroed:	pages that become zeros in each period
 * @freed:	pages that go in each period
 * @back:	pages that come back in each period, with what they began with
 *
 * The other pages have contents of their own.
 */
struct trace_params {
	uint64_t seed;
	uint32_t areas;
	uint32_t pages;
	uint32_t equal;
	enum trace_degrees degrees;
	uint32_t degree;
	uint32_t self;
	uint32_t spread;
	uint32_t zero;
	uint32_t tail;
	uint32_t absent;
	uint32_t hot;
	uint32_t rewritten;
	uint32_t zeroed;
	uint32_t freed;
	uint32_t back;
};

enum trace_kind {
	TRACE_WRITE,
	TRACE_CLEAR,
	TRACE_FREE,
};

/**
 * struct trace_op - something happens to a page
 * @kind:	what
 * @area:	where
 * @page:	in it
 * @content:	that it has then
 */
struct trace_op {
	enum trace_kind kind;
	uint32_t area;
	uint32_t page;
	uint64_t content;
};

/**
 * struct trace - a trace at some point of it
 * @p:		as it was asked for
 * @total:	pages of all areas
 * @period:	the one under way
 * @content:	of each page, when the period is over
 * @first:	that it began with
 * @since:	period in which it got that
 * @hot:	pages that can be rewritten
 * @nr_hot:	how many
 * @op:		what happens in this period
 * @nr_ops:	how much
 * @room:	for ops
 * @next:	the one that trace_next() gives
 * @state:	of the random numbers
 * @last:	number of the last content that was made
 */
struct trace {
	struct trace_params p;
	uint32_t total;
	uint32_t period;
	uint64_t *content;
	uint64_t *first;
	uint32_t *since;
	uint32_t *hot;
	uint32_t nr_hot;
	struct trace_op *op;
	uint32_t nr_ops;
	uint32_t room;
	uint32_t next;
	uint64_t state;
	uint64_t last;
};

/**
 * struct trace_oracle - what there is to be had
 * @pages:	that are there
 * @stable:	of these: as they are for as many periods as was asked
 * @zero:	of @stable: zeros
 * @contents:	different contents of the others
 * @save:	frames that @stable could do without, those of zeros included
 */
struct trace_oracle {
	uint32_t pages;
	uint32_t stable;
	uint32_t zero;
	uint32_t contents;
	uint32_t save;
};

/* In period 0.  -1: the numbers do not fit together, or there is no memory. */
int trace_init(struct trace *t, const struct trace_params *p);
void trace_free(struct trace *t);

/* The next thing of this period; false: there is none. */
bool trace_next(struct trace *t, struct trace_op *op);

/* The next period. */
void trace_advance(struct trace *t);

/* The bytes of a content. */
void trace_bytes(const struct trace *t, uint64_t content, void *page);

static inline uint64_t trace_content(const struct trace *t, uint32_t area, uint32_t page)
{
	return t->content[(uint64_t)area * t->p.pages + page];
}

/*
 * What could be saved of pages whose content is at least @periods old: 0 is all of
 * them, 1 those that this period has not changed.  What is older than the trace
 * counts as stable.
 */
struct trace_oracle trace_oracle(const struct trace *t, uint32_t periods);

#endif
