/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_NPT_DIRTY_H
#define VMM_NPT_DIRTY_H

/*
 * The dirty log of a slot: a bit for each of its pages, and the rules by which
 * no write escapes it.
 *
 * Pure, like the engine: the owner of the tree serializes everything but
 * npt_dirty_mark(), which anybody may call at any time.
 *
 * Every write since the log was taken last leaves one of these traces:
 *	the page's bit;
 *	the dirty bit of its leaf, where the format has one;
 *	its address in a buffer that a processor writes by itself and that will
 *	be emptied through npt_dirty_mark(), if the processors do that.
 * With such buffers a leaf's dirty bit is never the only trace.  In a format
 * without dirty bits a leaf that lets writes through has its page's bit set.
 */

#include <linux/types.h>

#include "npt/engine.h"

/**
 * struct npt_dirty - the log of one slot
 * @base:	first guest-physical address; constant
 * @nr_pages:	constant
 * @bits:	a bit a page, changed atomically
 */
struct npt_dirty {
	u64 base;
	u64 nr_pages;
	u64 bits[];
};

#define NPT_DIRTY_WORD		64	/* pages to a word */

/**
 * struct npt_keepers - who keeps what dirty bits tell
 * @log:	the slot's, or NULL
 * @tell:	somebody else hears of such leaves, under the tree's lock and so before the flush;
 *		or NULL
 * @ctx:	for @tell
 *
 * A dirty bit is cleared for all of them at once, whoever asked.
 */
struct npt_keepers {
	struct npt_dirty *log;
	npt_collect_fn tell;
	void *ctx;
};

static inline u64 npt_dirty_words(u64 nr_pages)
{
	return (nr_pages + NPT_DIRTY_WORD - 1) / NPT_DIRTY_WORD;
}

/*
 * The page at @gpa was written: to be called after the write, unless the caller
 * keeps npt_dirty_take() away from before the write.  Any @gpa.
 */
void npt_dirty_mark(struct npt_dirty *log, u64 gpa);

/*
 * A log begins in a range; what faults install there from before this call on
 * obeys the two functions below it.  Processors that log by themselves do.
 */
void npt_dirty_begin(const struct npt_keepers *k, struct npt_tree *tree,
		     u64 first, u64 end, struct npt_batch *batch);

/* Whether a leaf that serves @access must deny writes. */
static inline bool npt_dirty_denies(const struct npt_format *fmt,
				    unsigned int access)
{
	return !fmt->dirty && !(access & NPT_WRITE);
}

/*
 * A leaf of 4 KiB has been mapped for @access at @gpa; @whole: in place of a
 * larger one whose other pages may be written just as well.
 */
void npt_dirty_mapped(struct npt_dirty *log, struct npt_tree *tree, u64 gpa,
		      unsigned int access, bool whole);

/*
 * The leaves in a range go, or large ones that it cuts, and the pages behind them have
 * not changed: what a dirty bit alone tells is kept, and those that have one are taken
 * out for it.
 */
void npt_dirty_leave(const struct npt_keepers *k, struct npt_tree *tree,
		     u64 first, u64 end, struct npt_batch *batch);

/*
 * The leaves in a range go with what was behind them; what was behind the rest of large ones
 * that it cuts has not changed.
 */
void npt_dirty_unmap(const struct npt_keepers *k, struct npt_tree *tree,
		     u64 first, u64 end, struct npt_batch *batch);

/*
 * All keepers are told of the leaves in a range that are dirty, which start over; for a format
 * with dirty bits.
 */
void npt_dirty_look(const struct npt_keepers *k, struct npt_tree *tree,
		    u64 first, u64 end, struct npt_batch *batch);

/*
 * Moves the log of pages [@first, @first + @count) to @out and lets it start
 * over.  @first is a multiple of 64, as is @count, or they reach the end.
 * @buffered: processors log by themselves.
 */
void npt_dirty_take(const struct npt_keepers *k, struct npt_tree *tree,
		    u64 first, u64 count, bool buffered, u64 *out,
		    struct npt_batch *batch);

#endif /* VMM_NPT_DIRTY_H */
