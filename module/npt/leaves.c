// SPDX-License-Identifier: GPL-2.0
/*
 * The leaves of a range, one after the other: a part of the table engine (engine.h).
 */

#include "npt/engine.h"
#include "npt/leaf.h"
#include "npt/port.h"

/**
 * npt_iter_start() - begin to visit a range
 * @it:		to be filled
 * @tree:	the tree
 * @first:	first address
 * @end:	first address behind
 */
void npt_iter_start(struct npt_iter *it, const struct npt_tree *tree, u64 first,
		    u64 end)
{
	u64 limit = npt_tree_limit(tree);

	it->tree = tree;
	it->next = first;
	it->end = end < limit ? end : limit;
	it->level = tree->levels;
	it->table[it->level] = npt_table_va(tree->root);
}

/**
 * npt_iter_next() - go on to the next leaf or hole
 * @it:		the position
 *
 * The tables above the position must not have been unlinked since the last call.
 *
 * Return: false at the end.
 */
bool npt_iter_next(struct npt_iter *it)
{
	const struct npt_format *fmt = it->tree->fmt;

	if (it->next >= it->end)
		return false;
	if (it->level == NPT_LEVEL_4K && npt_level_index(it->next, it->level) &&
	    it->next == it->gpa + npt_level_size(it->level)) {
		it->entry = npt_entry_read(++it->slot);
		it->gpa = it->next;
		it->next += npt_level_size(it->level);
		return true;
	}
	while (it->level < it->tree->levels && it->next > it->gpa &&
	       (it->next ^ it->gpa) >> npt_level_shift(it->level + 1))
		it->level++;
	for (;;) {
		it->slot = it->table[it->level] +
			   npt_level_index(it->next, it->level);
		it->entry = npt_entry_read(it->slot);
		if (!npt_table_entry(fmt, it->entry, it->level))
			break;
		it->level--;
		it->table[it->level] = npt_table_va(npt_addr(fmt, it->entry));
	}
	it->gpa = it->next & ~(npt_level_size(it->level) - 1);
	it->next = it->gpa + npt_level_size(it->level);
	return true;
}

/**
 * npt_tree_protect() - take write permission from the leaves in a range
 * @tree:	the tree
 * @first:	first address
 * @end:	first address behind
 * @level:	from leaves of this size on
 * @batch:	what to do afterwards
 *
 * A large leaf that the range cuts is protected whole.
 */
void npt_tree_protect(struct npt_tree *tree, u64 first, u64 end,
		      unsigned int level, struct npt_batch *batch)
{
	const struct npt_format *fmt = tree->fmt;
	struct npt_iter it;

	npt_iter_start(&it, tree, first, end);
	while (npt_iter_next(&it)) {
		if (it.level >= level && npt_leaf(fmt, it.entry, it.level) &&
		    (npt_leaf_clear(it.slot, fmt->write) & fmt->write))
			batch->flush = true;
	}
}

/**
 * npt_tree_allow() - give write permission to all leaves in a range
 * @tree:	the tree
 * @first:	first address
 * @end:	first address behind
 *
 * Leaves stay clean until they are written.  A table above that denies writes
 * goes on doing so.
 */
void npt_tree_allow(struct npt_tree *tree, u64 first, u64 end)
{
	const struct npt_format *fmt = tree->fmt;
	struct npt_iter it;

	npt_iter_start(&it, tree, first, end);
	while (npt_iter_next(&it)) {
		u64 old = it.entry;

		if (!npt_leaf(fmt, old, it.level))
			continue;
		while (!npt_writable(fmt, old) &&
		       !npt_entry_cmpxchg(it.slot, &old, old | fmt->write))
			;
	}
}

/* --- what leaves tell ----------------------------------------------------- */

/**
 * struct look - what is looked for, and what is found
 * @fmt:	of the tree
 * @accessed:	bits that say so in a leaf, and are cleared, if that is asked for
 * @dirty:	likewise
 * @always:	what every leaf is
 * @fn:		hears of leaves in a row that were the same
 * @ctx:	its first argument
 * @batch:	what to do afterwards
 * @gpa:	where those begin that it has not heard of
 * @end:	where they end
 * @what:	what they were, or 0: there are none
 */
struct look {
	const struct npt_format *fmt;
	u64 accessed;
	u64 dirty;
	unsigned int always;
	npt_collect_fn fn;
	void *ctx;
	struct npt_batch *batch;
	u64 gpa;
	u64 end;
	unsigned int what;
};

static void tell(struct look *look)
{
	if (look->what)
		look->fn(look->ctx, look->gpa, look->end - look->gpa,
			 look->what);
	look->what = 0;
}

/* A leaf that was @old. */
static inline void note(struct look *look, u64 gpa, unsigned int level, u64 old)
{
	unsigned int what = look->always;

	if (old & look->accessed)
		what |= NPT_COLLECT_ACCESSED;
	if (old & look->dirty)
		what |= NPT_COLLECT_DIRTY;
	if (!what)
		return;
	if (what != look->what || gpa != look->end) {
		tell(look);
		look->gpa = gpa;
		look->what = what;
	}
	look->end = gpa + npt_level_size(level);
}

static inline void collect(struct look *look, u64 *slot, u64 gpa, unsigned int level)
{
	u64 old = npt_leaf_clear(slot, look->accessed | look->dirty);

	if (old & look->dirty)
		look->batch->flush = true;
	note(look, gpa, level, old);
}

/* Of eight entries, which make a cache line, all bits. */
static u64 bits_of_line(const u64 *e)
{
	return npt_entry_read(&e[0]) | npt_entry_read(&e[1]) | npt_entry_read(&e[2]) |
	       npt_entry_read(&e[3]) | npt_entry_read(&e[4]) | npt_entry_read(&e[5]) |
	       npt_entry_read(&e[6]) | npt_entry_read(&e[7]);
}

/* From the leaf or hole at level 1 that @it is at to the end of its table, or of the range. */
static void collect_table(struct look *look, struct npt_iter *it)
{
	u64 mask = look->accessed | look->dirty |
		   (look->always ? look->fmt->present : 0);
	unsigned int at = npt_level_index(it->gpa, NPT_LEVEL_4K);
	u64 size = npt_level_size(NPT_LEVEL_4K);
	u64 base = it->gpa - at * size;
	u64 left = (it->end - it->gpa + size - 1) / size;
	unsigned int end = NPT_ENTRIES;
	u64 *table = it->table[NPT_LEVEL_4K];

	if (left < NPT_ENTRIES - at)
		end = at + left;
	while (at < end) {
		if (!(at % 8)) {
			while (at + 8 <= end && !(bits_of_line(&table[at]) & mask))
				at += 8;
			if (at == end)
				break;
		}
		if (npt_entry_read(&table[at]) & mask)
			collect(look, &table[at], base + at * size,
				NPT_LEVEL_4K);
		at++;
	}
	it->next = base + at * size;
}

/**
 * npt_tree_collect() - report and clear accessed and dirty bits
 * @tree:	the tree
 * @first:	first address
 * @end:	first address behind
 * @what:	NPT_COLLECT_*
 * @fn:		hears of the leaves that had one of them
 * @ctx:	its first argument
 * @batch:	what to do afterwards
 *
 * Until the flush a CPU that has a leaf cached as dirty goes on writing without
 * setting the bit again: what was reported before the flush may be written after
 * it was looked at.  So look at pages after the flush.  An accessed bit that
 * stays clear for as long is harmless, and no reason to flush.
 *
 * Where the format has no dirty bit, collecting takes write permission away, and
 * whatever else does that forgets that a page was dirty.
 */
void npt_tree_collect(struct npt_tree *tree, u64 first, u64 end,
		      unsigned int what, npt_collect_fn fn, void *ctx,
		      struct npt_batch *batch)
{
	const struct npt_format *fmt = tree->fmt;
	struct look look = { .fmt = fmt, .fn = fn, .ctx = ctx, .batch = batch };
	struct npt_iter it;

	if (what & NPT_COLLECT_ACCESSED) {
		look.accessed = fmt->accessed;
		look.always = fmt->accessed ? 0 : NPT_COLLECT_ACCESSED;
	}
	if (what & NPT_COLLECT_DIRTY)
		look.dirty = fmt->dirty ? fmt->dirty : fmt->write;
	npt_iter_start(&it, tree, first, end);
	while (npt_iter_next(&it)) {
		if (it.level == NPT_LEVEL_4K)
			collect_table(&look, &it);
		else if (npt_leaf(fmt, it.entry, it.level))
			collect(&look, it.slot, it.gpa, it.level);
	}
	tell(&look);
}

/**
 * npt_tree_take() - take leaves out, and report those that were dirty
 * @tree:	the tree
 * @first:	first address
 * @end:	first address behind; a large leaf that the range cuts goes whole
 * @fn:		hears of the leaves that were dirty
 * @ctx:	its first argument
 * @batch:	what to do afterwards
 *
 * No write is missed: a CPU sets the dirty bit in an entry that is there, before it
 * writes, and the exchange that ends the entry tells whether one has.
 */
void npt_tree_take(struct npt_tree *tree, u64 first, u64 end,
		   npt_collect_fn fn, void *ctx, struct npt_batch *batch)
{
	const struct npt_format *fmt = tree->fmt;
	struct look look = {
		.fmt = fmt, .fn = fn, .ctx = ctx,
		.dirty = fmt->dirty ? fmt->dirty : fmt->write,
	};
	struct npt_iter it;

	npt_iter_start(&it, tree, first, end);
	while (npt_iter_next(&it)) {
		if (!npt_leaf(fmt, it.entry, it.level))
			continue;
		tree->leaves[it.level]--;
		batch->flush = true;
		note(&look, it.gpa, it.level, npt_entry_xchg(it.slot, 0));
	}
	tell(&look);
}
