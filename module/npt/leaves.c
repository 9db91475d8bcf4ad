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

/* Of eight entries, which make a cache line, all bits. */
static u64 bits_of_line(const u64 *e)
{
	return npt_entry_read(&e[0]) | npt_entry_read(&e[1]) | npt_entry_read(&e[2]) |
	       npt_entry_read(&e[3]) | npt_entry_read(&e[4]) | npt_entry_read(&e[5]) |
	       npt_entry_read(&e[6]) | npt_entry_read(&e[7]);
}

/* On behind a leaf or hole at level 1, over those in its table that have no bit of @mask. */
static void pass_over(struct npt_iter *it, u64 mask)
{
	u64 size = npt_level_size(NPT_LEVEL_4K);
	unsigned int at = npt_level_index(it->gpa, NPT_LEVEL_4K) + 1;
	const u64 *table = it->table[NPT_LEVEL_4K];
	u64 left = (it->end - it->gpa + size - 1) / size;
	unsigned int end = NPT_ENTRIES;

	if (left < NPT_ENTRIES - at + 1)
		end = at + left - 1;
	while (at < end && !(npt_entry_read(&table[at]) & mask)) {
		at++;
		while (!(at % 8) && at + 8 <= end && !(bits_of_line(&table[at]) & mask))
			at += 8;
	}
	it->next = (it->gpa & ~(size * NPT_ENTRIES - 1)) + at * size;
}

/* Which bits say "accessed" and "dirty" in a leaf that stays mapped. */
static u64 collect_mask(const struct npt_format *fmt, unsigned int what)
{
	u64 mask = 0;

	if (what & NPT_COLLECT_ACCESSED)
		mask |= fmt->accessed;
	if (what & NPT_COLLECT_DIRTY)
		mask |= fmt->dirty ? fmt->dirty : fmt->write;
	return mask;
}

/**
 * npt_tree_collect() - report and clear accessed and dirty bits
 * @tree:	the tree
 * @first:	first address
 * @end:	first address behind
 * @what:	NPT_COLLECT_*
 * @fn:		called for each leaf that had one of them
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
	u64 mask = collect_mask(fmt, what);
	bool tells = fmt->accessed || !(what & NPT_COLLECT_ACCESSED);
	struct npt_iter it;

	npt_iter_start(&it, tree, first, end);
	while (npt_iter_next(&it)) {
		unsigned int had = 0;
		u64 old;

		if (tells && !(it.entry & mask)) {
			if (it.level == NPT_LEVEL_4K)
				pass_over(&it, mask);
			continue;
		}
		if (!npt_leaf(fmt, it.entry, it.level))
			continue;
		old = npt_leaf_clear(it.slot, mask);
		if ((what & NPT_COLLECT_ACCESSED) && npt_accessed(fmt, old))
			had |= NPT_COLLECT_ACCESSED;
		if ((what & NPT_COLLECT_DIRTY) && npt_dirty(fmt, old)) {
			had |= NPT_COLLECT_DIRTY;
			batch->flush = true;
		}
		if (had)
			fn(ctx, it.gpa, it.level, had);
	}
}

/**
 * npt_tree_take() - take leaves out, and report those that were dirty
 * @tree:	the tree
 * @first:	first address
 * @end:	first address behind; a large leaf that the range cuts goes whole
 * @fn:		called for each leaf that was dirty
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
	struct npt_iter it;
	u64 old;

	npt_iter_start(&it, tree, first, end);
	while (npt_iter_next(&it)) {
		if (!npt_leaf(fmt, it.entry, it.level))
			continue;
		old = npt_entry_xchg(it.slot, 0);
		tree->leaves[it.level]--;
		batch->flush = true;
		if (npt_dirty(fmt, old))
			fn(ctx, it.gpa, it.level, NPT_COLLECT_DIRTY);
	}
}
