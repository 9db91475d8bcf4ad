// SPDX-License-Identifier: GPL-2.0
/*
 * Trees: pages that leave memory, and come back.  See tree.h for the rules.
 *
 * A record takes a page's place in all tables of the family at once, or not at all:
 * whoever leaves a page finds as many names of it as it counts, so that
 * nobody else has one.  So sharing is never lost.  What a record's words say of own
 * and lent stays as it is with a page's, and is taken from them in the same way.
 *
 * A page that is leaving has one name, its record's, and is in its memory still:
 * it comes back as it was, own and lent, if somebody asks for it or turns out to
 * have a reference.  Who packs it adds a name of his own: then the page has two,
 * comes back as a shared one, and does not change under him.
 *
 * All of it is under the block's lock.
 */

#include "mem/port.h"
#include "mem/tree.h"
#include "mem/tree_inner.h"

/* In the count of a table, while it is gathered: its place, from 1 on. */
#define GATHER_ONE	(1UL << 32)

#define KEPT_MARKS	(VMM_WORD_OWN | VMM_WORD_LENT)

static unsigned long bare(unsigned long word)
{
	return word & ~VMM_WORD_MARKS;
}

/* The word of the block of @index, or NULL. */
static unsigned long *block_of(const struct vmm_root *root, unsigned long index)
{
	unsigned long chunk = root->chunk[index >> VMM_CHUNK_SHIFT];

	index = index >> VMM_BLOCK_SHIFT & (VMM_NODE_WORDS - 1);
	return chunk ? &vmm_word_node(chunk)->word[index] : NULL;
}

static struct vmm_node *table_of(const struct vmm_root *root,
				 unsigned long index)
{
	unsigned long *slot = block_of(root, index);

	return slot && (*slot & VMM_WORD_NODE) ? vmm_word_node(*slot) : NULL;
}

/* The word of the page at @index, or NULL. */
unsigned long *vmm_root_word(const struct vmm_root *root, unsigned long index)
{
	struct vmm_node *table = table_of(root, index);

	return table ? &table->word[index & (VMM_BLOCK_PAGES - 1)] : NULL;
}

/* --- whole blocks ------------------------------------------------------------ */

/* How many chunks name @block; each of their words is marked. */
static unsigned long find_block(struct vmm_totals *totals, unsigned long index,
				unsigned long block)
{
	unsigned long *slot, found = 0;
	struct vmm_root *root;

	for (root = totals->roots; root; root = root->next) {
		slot = block_of(root, index);
		if (!slot || bare(*slot) != block || (*slot & VMM_WORD_PINNED))
			continue;
		WRITE_ONCE(*slot, *slot | VMM_WORD_PINNED);
		found++;
	}
	return found;
}

/* They get @word instead, or if that is 0 lose the mark. */
static void replace_block(struct vmm_totals *totals, unsigned long index,
			  unsigned long block, unsigned long word)
{
	struct vmm_root *root;
	unsigned long *slot;

	for (root = totals->roots; root; root = root->next) {
		slot = block_of(root, index);
		if (!slot)
			continue;
		if (bare(*slot) == block)
			vmm_port_publish(slot, word ? word :
					       *slot & ~VMM_WORD_PINNED);
		if (word && bare(*slot) == bare(word)) {
			atomic_long_dec(&root->huge);
			atomic_long_inc(&root->tables);
		}
	}
}

static int apart(struct vmm_totals *totals, unsigned long index,
		 unsigned long word)
{
	unsigned long block = bare(word), i;
	unsigned long found = find_block(totals, index, block);
	unsigned long marks = found == 1 ? word & KEPT_MARKS : 0;
	struct vmm_node *table = NULL;

	/* Else it has a name that is about to be dropped. */
	if (*count_of(block) >> 32 == found)
		table = vmm_node_alloc(vmm_port_page_alloc(true), totals);
	else
		found = 0;
	if (!table) {
		replace_block(totals, index, block, 0);
		return found ? -ENOMEM : -EBUSY;
	}
	/* The table's names are what was the block's. */
	for (i = 0; i < VMM_BLOCK_PAGES; i++)
		table->word[i] = (block + (i << 12)) | marks;
	*count_of(block) -= found * BLOCK_ONE;
	*node_count(table) = found;
	replace_block(totals, index, block,
		      (unsigned long)table | VMM_WORD_NODE | marks);
	return 0;
}

/**
 * vmm_tree_apart_all() - put tables of their pages in place of whole blocks
 * @totals:	of the family
 * @index:	a page in the block
 *
 * Who shared a block shares the table.  What readers see stays.
 *
 * Return: 0, -ENOMEM, or -EBUSY if one has a name that no tree has.
 */
int vmm_tree_apart_all(struct vmm_totals *totals, unsigned long index)
{
	struct vmm_root *root;
	unsigned long *slot;
	int err = 0;

	for (root = totals->roots; root && !err; root = root->next) {
		slot = block_of(root, index);
		if (slot && (*slot & VMM_WORD_PAGE))
			err = apart(totals, index, *slot);
	}
	return err;
}

/* --- leaving -------------------------------------------------------------------- */

/**
 * vmm_tree_gather() - find all tables of a block
 * @gather:	@totals, @index, @at and @max are set
 *
 * Return: 0, or -ENOSPC.  With 0 the caller ends it by vmm_gather_end().
 */
int vmm_tree_gather(struct vmm_gather *gather)
{
	struct vmm_node *table;
	struct vmm_root *root;

	gather->nr = 0;
	for (root = gather->totals->roots; root; root = root->next) {
		table = table_of(root, gather->index);
		if (!table || *node_count(table) >= GATHER_ONE)
			continue;
		if (gather->nr == gather->max) {
			vmm_gather_end(gather);
			return -ENOSPC;
		}
		gather->at[gather->nr++] = (struct vmm_gathered){ table };
		*node_count(table) += gather->nr * GATHER_ONE;
	}
	return 0;
}

static struct vmm_gathered *gathered(const struct vmm_gather *gather,
				     const struct vmm_root *root)
{
	struct vmm_node *table = table_of(root, gather->index);
	unsigned long n = table ? *node_count(table) / GATHER_ONE : 0;

	return n ? &gather->at[n - 1] : NULL;
}

/* What was gathered of a tree's, or NULL. */
struct vmm_gathered *vmm_gather_of(const struct vmm_gather *gather,
				   const struct vmm_tree *tree)
{
	return gathered(gather, vmm_root_of(tree->root));
}

/**
 * vmm_gather_page() - a page that can leave
 * @gather:	the tables
 * @t:		number of a table
 * @i:		of a page in it
 *
 * Return: its address, if no table before @t names it, and those from there on
 * have all names that it counts; else 0.
 */
unsigned long vmm_gather_page(const struct vmm_gather *gather, unsigned long t,
			      unsigned long i)
{
	unsigned long word = gather->at[t].table->word[i], other, left;

	if (!(word & VMM_WORD_PAGE) || vmm_word_is_merged(word))
		return 0;
	/* Most of them have it in common; that was looked at with the first. */
	other = gather->at[0].table->word[i];
	if (t && (other & VMM_WORD_PAGE) &&
	    vmm_word_phys(other) == vmm_word_phys(word))
		return 0;
	for (left = page_names(word); left && t < gather->nr; t++) {
		other = gather->at[t].table->word[i];
		left -= (other & VMM_WORD_PAGE) &&
			vmm_word_phys(other) == vmm_word_phys(word);
	}
	return left ? 0 : vmm_word_phys(word);
}

/**
 * vmm_gather_leave() - a record takes the place of a page
 * @gather:	the tables
 * @t:		as for vmm_gather_page(), which found it
 * @i:		likewise
 * @away:	address of the record, which has one name already: the caller's
 *
 * The page is the record's until it is packed.
 */
void vmm_gather_leave(struct vmm_gather *gather, unsigned long t,
		      unsigned long i, unsigned long away)
{
	unsigned long phys = vmm_word_phys(gather->at[t].table->word[i]);
	unsigned long *slot;

	for (; t < gather->nr; t++) {
		slot = &gather->at[t].table->word[i];
		if (!(*slot & VMM_WORD_PAGE) || vmm_word_phys(*slot) != phys)
			continue;
		vmm_port_publish(slot, away | VMM_WORD_AWAY |
				       (*slot & KEPT_MARKS));
		gather->at[t].moved++;
		++*vmm_port_away_count(away);
	}
	*vmm_port_away_phys(away) = phys;
	*count_of(phys) = 1;
	atomic_long_inc(&gather->totals->away);
}

/* The figures are what they are by now, and the tables may change again. */
void vmm_gather_end(struct vmm_gather *gather)
{
	const struct vmm_gathered *found;
	struct vmm_root *root;
	unsigned long i;

	for (root = gather->totals->roots; root; root = root->next) {
		found = gathered(gather, root);
		if (!found)
			continue;
		atomic_long_sub(found->moved, &root->resident);
		atomic_long_add(found->moved, &root->away);
	}
	for (i = 0; i < gather->nr; i++)
		*node_count(gather->at[i].table) &= GATHER_ONE - 1;
	gather->nr = 0;
}

/* --- coming back ----------------------------------------------------------------- */

/* The record at @index, or 0. */
unsigned long vmm_tree_away(const struct vmm_tree *tree, unsigned long index)
{
	unsigned long *slot = vmm_root_word(vmm_root_of(tree->root), index);

	return slot && (*slot & VMM_WORD_AWAY) ? vmm_word_away(*slot) : 0;
}

static bool names(const unsigned long *slot, unsigned long away)
{
	return slot && (*slot & VMM_WORD_AWAY) && vmm_word_away(*slot) == away;
}

/* @word, with some marks of what was there, takes the place of a record. */
static unsigned long replace(struct vmm_totals *totals, unsigned long index,
			     unsigned long away, unsigned long word,
			     unsigned long marks)
{
	struct vmm_root *root;
	unsigned long *slot, n = 0;

	for (root = totals->roots; root; root = root->next) {
		if (!names(vmm_root_word(root, index), away))
			continue;
		atomic_long_dec(&root->away);
		if (word)
			atomic_long_inc(&root->resident);
	}
	for (root = totals->roots; root; root = root->next) {
		slot = vmm_root_word(root, index);
		if (!names(slot, away))
			continue;
		vmm_port_publish(slot, word | (*slot & marks));
		n++;
	}
	*vmm_port_away_count(away) -= n;
	return n;
}

/**
 * vmm_tree_come_back() - a page takes the place of its record again
 * @totals:	of the family
 * @index:	page number
 * @away:	the record, which has a name besides
 * @phys:	the page, which has one name, the record's, and maybe that of who
 *		packs it; it is put if no tree has the record any more.  With VMM_WORD_MERGED
 *		a frame, of which the caller, or who packs it, has a name
 *
 * Return: how many tables have it.
 */
unsigned long vmm_tree_come_back(struct vmm_totals *totals, unsigned long index,
				 unsigned long away, unsigned long phys)
{
	unsigned long marks, n;

	*vmm_port_away_phys(away) = 0;
	if (phys & VMM_WORD_MERGED)
		return vmm_tree_merge(totals, index, away, vmm_word_phys(phys));
	marks = page_names(phys) == 1 ? KEPT_MARKS : 0;
	n = replace(totals, index, away, phys | VMM_WORD_PAGE, marks);
	*count_of(phys) += n;
	vmm_page_put(phys, index, totals);
	return n;
}

/**
 * vmm_tree_fetched() - likewise, of a page that was unpacked
 * @totals:	of the family
 * @index:	page number
 * @away:	the record, which has a name besides
 * @phys:	a page without a name
 *
 * Return: how many tables have it; with 0 it has been freed.
 */
unsigned long vmm_tree_fetched(struct vmm_totals *totals, unsigned long index,
			       unsigned long away, unsigned long phys)
{
	*count_of(phys) = 1;
	atomic_long_inc(&totals->pages);
	return vmm_tree_come_back(totals, index, away, phys);
}

/**
 * vmm_tree_merge() - a merged frame takes the place of a record
 * @totals:	of the family
 * @index:	page number
 * @away:	the record, which has a name besides
 * @frame:	physical address; the caller has a name of it
 *
 * Return: how many tables have it.
 */
unsigned long vmm_tree_merge(struct vmm_totals *totals, unsigned long index,
			     unsigned long away, unsigned long frame)
{
	unsigned long n = replace(totals, index, away,
				  frame | VMM_WORD_PAGE | VMM_WORD_MERGED, 0);

	vmm_port_merged_get(frame, n);
	vmm_frame_count(totals, index, frame | VMM_WORD_PAGE | VMM_WORD_MERGED);
	return n;
}

/**
 * vmm_tree_forget() - nothing takes the place of a record, whose page was zero
 * @totals:	of the family
 * @index:	page number
 * @away:	the record, which has a name besides
 */
void vmm_tree_forget(struct vmm_totals *totals, unsigned long index,
		     unsigned long away)
{
	replace(totals, index, away, 0, 0);
}
