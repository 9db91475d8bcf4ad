/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_NPT_ENGINE_H
#define VMM_NPT_ENGINE_H

/*
 * The table engine: one radix tree of page tables that hardware walks.
 *
 * Pure: no lock, no sleep, no allocation.  The owner serializes all calls for
 * one tree (hardware is the only concurrent party), brings pages for new
 * tables in a pool, and gets back in a batch what it must do afterwards:
 *
 *	lock
 *	npt_tree_...(tree, ..., &batch)		any number of times
 *	unlock
 *	if (batch.flush) make every CPU forget	before anything below
 *	npt_batch_release() detached tables, then free the pages behind them
 *
 * Hardware may walk at any instant and sets accessed and dirty bits in leaves.
 * So a table is complete before it is linked, every entry changes in one store,
 * a live leaf is changed only by compare-and-exchange or exchange (its old
 * bits are never lost), and detached tables stay intact until the flush.
 */

#include "npt/format.h"

/**
 * struct npt_pages - table pages linked through npt_link() (port.h)
 * @head:	physical address of the first; means nothing if @count is 0
 * @count:	how many
 */
struct npt_pages {
	u64 head;
	unsigned long count;
};

void npt_pages_push(struct npt_pages *pages, u64 phys);
u64 npt_pages_pop(struct npt_pages *pages);

/**
 * struct npt_batch - what the owner must do after changing a tree
 * @flush:	translations were removed, narrowed or replaced
 * @detached:	by level, tables that were unlinked together with all below
 *		them; hardware may still be inside
 * @tables:	tables that npt_batch_release() took apart
 * @leaves:	leaves by level that were in them
 */
struct npt_batch {
	bool flush;
	struct npt_pages detached[NPT_LEVELS_MAX + 1];
	unsigned long tables;
	unsigned long leaves[NPT_LEVEL_1G + 1];
};

/**
 * struct npt_tree - one nested page table
 * @fmt:	constant
 * @levels:	4 or 5, constant
 * @root:	physical address of the top table, constant
 * @tables:	table pages, the root included; detached ones count until
 *		npt_tree_account()
 * @leaves:	leaves by level; those in detached tables likewise
 */
struct npt_tree {
	const struct npt_format *fmt;
	unsigned int levels;
	u64 root;
	unsigned long tables;
	unsigned long leaves[NPT_LEVEL_1G + 1];
};

/**
 * struct npt_iter - a position in a tree
 * @tree:	where
 * @next:	address to look at next
 * @end:	address to stop at
 * @gpa:	first address that @entry covers
 * @level:	level of @entry
 * @entry:	value read when the iterator got here
 * @slot:	the entry itself
 * @table:	the tables on the way down, by level
 *
 * npt_iter_next() visits leaves and holes in address order, each once; a hole
 * is reported at the highest level that has no table.
 */
struct npt_iter {
	const struct npt_tree *tree;
	u64 next;
	u64 end;
	u64 gpa;
	unsigned int level;
	u64 entry;
	u64 *slot;
	u64 *table[NPT_LEVELS_MAX + 1];
};

void npt_iter_start(struct npt_iter *it, const struct npt_tree *tree, u64 first,
		    u64 end);
bool npt_iter_next(struct npt_iter *it);

void npt_tree_init(struct npt_tree *tree, const struct npt_format *fmt,
		   unsigned int levels, u64 root);
u64 npt_tree_limit(const struct npt_tree *tree);
u64 npt_tree_lookup(const struct npt_tree *tree, u64 gpa, unsigned int *level);

int npt_tree_map(struct npt_tree *tree, u64 gpa, u64 phys, unsigned int level,
		 unsigned int prot, bool dirty, struct npt_pages *pool,
		 struct npt_batch *batch);
void npt_tree_unmap(struct npt_tree *tree, u64 first, u64 end,
		    struct npt_batch *batch);
void npt_tree_protect(struct npt_tree *tree, u64 first, u64 end,
		      unsigned int level, struct npt_batch *batch);
void npt_tree_allow(struct npt_tree *tree, u64 first, u64 end);
void npt_tree_protect_all(struct npt_tree *tree, struct npt_batch *batch);
int npt_tree_split(struct npt_tree *tree, u64 gpa, unsigned int level,
		   struct npt_pages *pool, struct npt_batch *batch);

/* What npt_tree_collect() looks at and clears. */
#define NPT_COLLECT_ACCESSED	(1U << 0)
#define NPT_COLLECT_DIRTY	(1U << 1)

/**
 * typedef npt_collect_fn - hears of leaves in a row that had the same bits, and one at least
 * @gpa:	where the first of them begins
 * @size:	bytes of all of them
 * @what:	NPT_COLLECT_* that were set in each
 */
typedef void (*npt_collect_fn)(void *ctx, u64 gpa, u64 size, unsigned int what);

void npt_tree_collect(struct npt_tree *tree, u64 first, u64 end,
		      unsigned int what, npt_collect_fn fn, void *ctx,
		      struct npt_batch *batch);

void npt_tree_take(struct npt_tree *tree, u64 first, u64 end,
		   npt_collect_fn fn, void *ctx, struct npt_batch *batch);

static inline void npt_batch_init(struct npt_batch *batch)
{
	*batch = (struct npt_batch){ };
}

void npt_batch_release(const struct npt_format *fmt, struct npt_batch *batch,
		       struct npt_pages *free);
void npt_tree_account(struct npt_tree *tree, const struct npt_batch *batch);
void npt_tree_destroy(struct npt_tree *tree, struct npt_pages *free);

#endif /* VMM_NPT_ENGINE_H */
