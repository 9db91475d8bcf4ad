// SPDX-License-Identifier: GPL-2.0
/*
 * The table engine: see engine.h for its rules.
 *
 * Why hardware may walk while entries change
 *
 * Hardware reads entries top down and writes only accessed and dirty bits, and
 * those only in leaves: entries that point to tables carry their accessed bit
 * from birth.  So
 * - an entry that points to a table, or is not present, is the engine's alone
 *   and changes by a plain (release) store;
 * - a leaf changes by exchange when all of its old value ends (unmap, replace
 *   by another page or a table), and by compare-and-exchange when some of it
 *   lives on (permissions, collecting bits, splitting), retried when hardware
 *   set a bit in between; bits only ever get set, so two retries are the most;
 * - a table that goes is cut off at its top and not written again until every
 *   CPU has flushed: a walk that was inside finds what it would have found
 *   just before.
 * What a CPU has cached is not the engine's business; npt_batch.flush says when
 * it is someone's.
 *
 * Write protection from the top
 *
 * Permissions AND down the walk, so npt_tree_protect_all() takes the write bit
 * from the root's entries only.  npt_tree_map() pushes that down when a write
 * wants through: first every child loses its write bit, then the parent gets
 * its own back.  At no instant can a walk see more than it could before, so
 * that needs no flush.
 */

#include "npt/engine.h"
#include "npt/leaf.h"
#include "npt/port.h"

/* --- pages and batches --------------------------------------------------- */

void npt_pages_push(struct npt_pages *pages, u64 phys)
{
	*npt_link(phys) = pages->head;
	pages->head = phys;
	pages->count++;
}

/* Only while count is not 0. */
u64 npt_pages_pop(struct npt_pages *pages)
{
	u64 phys = pages->head;

	pages->head = *npt_link(phys);
	*npt_link(phys) = 0;
	pages->count--;
	return phys;
}

static void detach(struct npt_batch *batch, u64 table, unsigned int level)
{
	npt_pages_push(&batch->detached[level], table);
	batch->flush = true;
}

/* Everything below @table, and @table, goes to @free. */
static void release(const struct npt_format *fmt, struct npt_batch *batch,
		    u64 table, unsigned int level, struct npt_pages *free)
{
	const u64 *va = npt_table_va(table);
	unsigned int i;

	for (i = 0; i < NPT_ENTRIES; i++) {
		u64 entry = npt_entry_read(&va[i]);

		if (npt_leaf(fmt, entry, level))
			batch->leaves[level]++;
		else if (npt_table_entry(fmt, entry, level))
			release(fmt, batch, npt_addr(fmt, entry), level - 1,
				free);
	}
	batch->tables++;
	npt_pages_push(free, table);
}

/**
 * npt_batch_release() - take detached tables apart
 * @fmt:	the tree's format
 * @batch:	after the flush that it asked for
 * @free:	receives every page
 *
 * Needs no lock: nobody else can reach these tables.
 */
void npt_batch_release(const struct npt_format *fmt, struct npt_batch *batch,
		       struct npt_pages *free)
{
	unsigned int level;

	for (level = 1; level <= NPT_LEVELS_MAX; level++) {
		while (batch->detached[level].count)
			release(fmt, batch,
				npt_pages_pop(&batch->detached[level]), level,
				free);
	}
	batch->flush = false;
}

/**
 * npt_tree_account() - take a released batch out of the tree's counts
 * @tree:	the tree
 * @batch:	after npt_batch_release()
 */
void npt_tree_account(struct npt_tree *tree, const struct npt_batch *batch)
{
	unsigned int level;

	tree->tables -= batch->tables;
	for (level = 1; level <= NPT_LEVEL_1G; level++)
		tree->leaves[level] -= batch->leaves[level];
}

/* --- the tree ------------------------------------------------------------ */

/**
 * npt_tree_init() - start a tree
 * @tree:	to be filled
 * @fmt:	format of its entries
 * @levels:	4 or 5
 * @root:	a zeroed page, from now on the top table
 */
void npt_tree_init(struct npt_tree *tree, const struct npt_format *fmt,
		   unsigned int levels, u64 root)
{
	memset(tree, 0, sizeof(*tree));
	tree->fmt = fmt;
	tree->levels = levels;
	tree->root = root;
	tree->tables = 1;
}

/**
 * npt_tree_destroy() - end a tree that no CPU uses any more
 * @tree:	the tree
 * @free:	receives every page, the root's too
 */
void npt_tree_destroy(struct npt_tree *tree, struct npt_pages *free)
{
	struct npt_batch batch;

	npt_batch_init(&batch);
	release(tree->fmt, &batch, tree->root, tree->levels, free);
	npt_tree_account(tree, &batch);
	tree->root = 0;
}

/* First address beyond the tree's reach. */
u64 npt_tree_limit(const struct npt_tree *tree)
{
	return npt_level_size(tree->levels) * NPT_ENTRIES;
}

/**
 * npt_tree_lookup() - what hardware would find
 * @tree:	the tree
 * @gpa:	below npt_tree_limit()
 * @level:	receives the level of the answer
 *
 * Return: a leaf, without its write bit if a table above denies writing, or 0.
 */
u64 npt_tree_lookup(const struct npt_tree *tree, u64 gpa, unsigned int *level)
{
	const struct npt_format *fmt = tree->fmt;
	u64 table = tree->root, denied = 0;

	for (*level = tree->levels; *level; --*level) {
		u64 entry = npt_entry_read(npt_table_va(table) +
					   npt_level_index(gpa, *level));

		if (!npt_present(fmt, entry))
			return 0;
		if (npt_leaf(fmt, entry, *level))
			return entry & ~denied;
		denied |= fmt->write & ~entry;
		table = npt_addr(fmt, entry);
	}
	return 0;
}

static u64 table_entry(const struct npt_format *fmt, u64 table)
{
	return table | fmt->table;
}

/* Give @slot, a table entry at @level, its write bit back: see the top. */
static void push_down(const struct npt_format *fmt, u64 *slot)
{
	u64 entry = npt_entry_read(slot);
	u64 *child = npt_table_va(npt_addr(fmt, entry));
	unsigned int i;

	for (i = 0; i < NPT_ENTRIES; i++) {
		if (npt_present(fmt, npt_entry_read(&child[i])))
			npt_leaf_clear(&child[i], fmt->write);
	}
	npt_entry_write(slot, entry | fmt->write);
}

static void split_into(const struct npt_format *fmt, u64 *child, u64 leaf,
		       unsigned int level)
{
	u64 entry = leaf, step = npt_level_size(level - 1);
	unsigned int i;

	if (level - 1 == 1)
		entry &= ~fmt->huge;
	for (i = 0; i < NPT_ENTRIES; i++, entry += step)
		npt_entry_write(&child[i], entry);
}

/*
 * Replace the leaf in @slot by a table of smaller leaves that say the same,
 * accessed and dirty bits included.  Translations stay as they are, but a CPU
 * should not hold two sizes for one address: hence the flush.
 */
static int split(struct npt_tree *tree, u64 *slot, unsigned int level,
		 struct npt_pages *pool, struct npt_batch *batch)
{
	const struct npt_format *fmt = tree->fmt;
	u64 table, old;

	if (!pool->count)
		return -ENOMEM;
	table = npt_pages_pop(pool);
	old = npt_entry_read(slot);
	do {
		split_into(fmt, npt_table_va(table), old, level);
	} while (!npt_entry_cmpxchg(slot, &old, table_entry(fmt, table)));

	tree->leaves[level]--;
	tree->leaves[level - 1] += NPT_ENTRIES;
	tree->tables++;
	batch->flush = true;
	return 0;
}

/* The entry in @slot at @level becomes, or is, one that points to a table. */
static int descend(struct npt_tree *tree, u64 *slot, unsigned int level,
		   struct npt_pages *pool, struct npt_batch *batch)
{
	const struct npt_format *fmt = tree->fmt;
	u64 entry = npt_entry_read(slot);

	if (npt_table_entry(fmt, entry, level))
		return 0;
	if (npt_present(fmt, entry))
		return split(tree, slot, level, pool, batch);
	if (!pool->count)
		return -ENOMEM;
	npt_entry_write(slot, table_entry(fmt, npt_pages_pop(pool)));
	tree->tables++;
	return 0;
}

/*
 * Walk down to the entry for @gpa at @level, making tables and splitting
 * leaves on the way; for a writer, every table on the way lets writes through.
 */
static int walk_to(struct npt_tree *tree, u64 gpa, unsigned int level,
		   bool write, struct npt_pages *pool, struct npt_batch *batch,
		   u64 **slotp)
{
	const struct npt_format *fmt = tree->fmt;
	u64 *table = npt_table_va(tree->root);
	unsigned int at;
	u64 *slot;
	int err;

	for (at = tree->levels; at > level; at--) {
		slot = table + npt_level_index(gpa, at);
		err = descend(tree, slot, at, pool, batch);
		if (err)
			return err;
		if (write && !npt_writable(fmt, npt_entry_read(slot)))
			push_down(fmt, slot);
		table = npt_table_va(npt_addr(fmt, npt_entry_read(slot)));
	}
	*slotp = table + npt_level_index(gpa, level);
	return 0;
}

/* Whether a CPU could do something under @old that @new denies. */
static bool narrows(const struct npt_format *fmt, u64 old, u64 new)
{
	return (old ^ fmt->deny) & ~(new ^ fmt->deny) & fmt->prot_mask;
}

/* Put @leaf into @slot, whatever is there. */
static void set_leaf(struct npt_tree *tree, u64 *slot, unsigned int level,
		     u64 leaf, struct npt_batch *batch)
{
	const struct npt_format *fmt = tree->fmt;
	u64 keep = fmt->accessed | fmt->dirty;
	u64 old = npt_entry_read(slot);

	if (!npt_present(fmt, old)) {
		npt_entry_write(slot, leaf);
		tree->leaves[level]++;
		return;
	}
	if (!npt_leaf(fmt, old, level)) {
		npt_entry_write(slot, leaf);
		tree->leaves[level]++;
		detach(batch, npt_addr(fmt, old), level - 1);
		return;
	}
	if (npt_addr(fmt, old) != npt_addr(fmt, leaf)) {
		npt_entry_xchg(slot, leaf);
		batch->flush = true;
		return;
	}
	while (old != (leaf | (old & keep)) &&
	       !npt_entry_cmpxchg(slot, &old, leaf | (old & keep)))
		;
	if (narrows(fmt, old, leaf))
		batch->flush = true;
}

/**
 * npt_tree_map() - make one leaf say that @gpa is at @phys
 * @tree:	the tree
 * @gpa:	aligned to @level, below npt_tree_limit()
 * @phys:	likewise aligned
 * @level:	size of the leaf
 * @prot:	NPT_READ, NPT_WRITE, NPT_EXEC: exactly these
 * @dirty:	born dirty (the write that faulted is about to happen)
 * @pool:	zeroed pages for tables; as many as the tree has levels suffice
 * @batch:	what to do afterwards
 *
 * Whatever stood there is replaced: a leaf of another size, or a whole table.
 * A leaf for the same page keeps its accessed and dirty bits.  What the leaves of
 * a table knew is lost with it, so a leaf that replaces one for the same memory
 * wants @dirty.
 *
 * Return: 0, -ENOMEM if the pool ran dry (nothing is lost or mapped wrong; fill
 * it and call again), -EINVAL if the format has no such leaf.
 */
int npt_tree_map(struct npt_tree *tree, u64 gpa, u64 phys, unsigned int level,
		 unsigned int prot, bool dirty, struct npt_pages *pool,
		 struct npt_batch *batch)
{
	const struct npt_format *fmt = tree->fmt;
	u64 leaf = fmt->prot[prot & NPT_RWX];
	u64 *slot;
	int err;

	if (!level || level > fmt->max_leaf || leaf == NPT_PROT_NONE ||
	    gpa >= npt_tree_limit(tree) || (phys & ~fmt->addr) ||
	    ((gpa | phys) & (npt_level_size(level) - 1)))
		return -EINVAL;

	leaf |= phys | fmt->leaf | fmt->accessed;
	if (dirty)
		leaf |= fmt->dirty;
	if (level > 1)
		leaf |= fmt->huge;

	err = walk_to(tree, gpa, level, prot & NPT_WRITE, pool, batch, &slot);
	if (!err)
		set_leaf(tree, slot, level, leaf, batch);
	return err;
}

/**
 * npt_tree_split() - replace the leaf that holds @gpa by leaves of @level
 * @tree:	the tree
 * @gpa:	any address in it
 * @level:	largest size that may remain there
 * @pool:	zeroed pages for tables
 * @batch:	what to do afterwards
 *
 * Return: 0, also if there was nothing to split; -ENOMEM if the pool ran dry.
 */
int npt_tree_split(struct npt_tree *tree, u64 gpa, unsigned int level,
		   struct npt_pages *pool, struct npt_batch *batch)
{
	unsigned int found;
	u64 *slot;

	if (!npt_tree_lookup(tree, gpa, &found) || found <= level)
		return 0;
	return walk_to(tree, gpa, level, false, pool, batch, &slot);
}

/* @table at @level begins at @base; drop what [first, end) touches. */
static void unmap_table(struct npt_tree *tree, u64 *table, unsigned int level,
			u64 base, u64 first, u64 end, struct npt_batch *batch)
{
	const struct npt_format *fmt = tree->fmt;
	u64 size = npt_level_size(level);
	u64 gpa = first > base ? first & ~(size - 1) : base;

	for (; gpa < end && gpa - base < size * NPT_ENTRIES; gpa += size) {
		u64 *slot = table + npt_level_index(gpa, level);
		u64 entry = npt_entry_read(slot);
		u64 below = npt_addr(fmt, entry);

		if (!npt_present(fmt, entry))
			continue;
		if (npt_leaf(fmt, entry, level)) {
			npt_entry_xchg(slot, 0);
			tree->leaves[level]--;
			batch->flush = true;
		} else if (first <= gpa && gpa + size <= end) {
			npt_entry_write(slot, 0);
			detach(batch, below, level - 1);
		} else {
			unmap_table(tree, npt_table_va(below), level - 1, gpa,
				    first, end, batch);
		}
	}
}

/**
 * npt_tree_unmap() - drop all translations in a range
 * @tree:	the tree
 * @first:	first address
 * @end:	first address behind
 * @batch:	what to do afterwards
 *
 * A large leaf that the range cuts goes whole, so that this cannot fail; the
 * rest of it comes back by faults.
 */
void npt_tree_unmap(struct npt_tree *tree, u64 first, u64 end,
		    struct npt_batch *batch)
{
	u64 limit = npt_tree_limit(tree);

	if (end > limit)
		end = limit;
	if (first < end)
		unmap_table(tree, npt_table_va(tree->root), tree->levels, 0,
			    first, end, batch);
}

/**
 * npt_tree_protect_all() - take write permission from everything, in O(1)
 * @tree:	the tree
 * @batch:	what to do afterwards
 */
void npt_tree_protect_all(struct npt_tree *tree, struct npt_batch *batch)
{
	const struct npt_format *fmt = tree->fmt;
	u64 *table = npt_table_va(tree->root);
	unsigned int i;

	for (i = 0; i < NPT_ENTRIES; i++) {
		u64 entry = npt_entry_read(&table[i]);

		if (!npt_present(fmt, entry) || !npt_writable(fmt, entry))
			continue;
		npt_entry_write(&table[i], entry & ~fmt->write);
		batch->flush = true;
	}
}
