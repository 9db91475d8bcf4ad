// SPDX-License-Identifier: GPL-2.0
/*
 * Trees: taking pages out, and dropping what is gone.  See tree.h for the rules.
 */

#include "mem/port.h"
#include "mem/tree.h"
#include "mem/tree_inner.h"

/* --- removing ------------------------------------------------------------------ */

static void remove_pages(struct vmm_tree *tree, unsigned long table,
			 unsigned long first, unsigned long count,
			 struct vmm_gone *gone)
{
	struct vmm_root *root = vmm_root_of(tree->root);
	unsigned long index, *slot, removed = 0, away = 0;

	for (index = first; index < first + count; index++) {
		slot = page_slot(table, index);
		if (!*slot)
			continue;
		if (*slot & VMM_WORD_AWAY)
			away++;
		else
			removed++;
		gone_add(gone, *slot, index, VMM_LEVEL_PAGE);
		WRITE_ONCE(*slot, 0);
	}
	atomic_long_sub(removed, &root->resident);
	atomic_long_sub(away, &root->away);
}

static void remove_block(struct vmm_tree *tree, unsigned long *slot,
			 unsigned long index, struct vmm_gone *gone)
{
	struct vmm_root *root = vmm_root_of(tree->root);
	unsigned long word = *slot, i, page, pages = 0, away = 0;

	gone_add(gone, word, index, VMM_LEVEL_BLOCK);
	WRITE_ONCE(*slot, 0);
	if (word & VMM_WORD_PAGE) {
		pages = VMM_BLOCK_PAGES;
		atomic_long_dec(&root->huge);
	} else {
		for (i = 0; i < VMM_BLOCK_PAGES; i++) {
			page = vmm_word_node(word)->word[i];
			pages += !!(page & VMM_WORD_PAGE);
			away += !!(page & VMM_WORD_AWAY);
		}
		atomic_long_dec(&root->tables);
	}
	atomic_long_sub(pages, &root->resident);
	atomic_long_sub(away, &root->away);
}

/**
 * vmm_tree_remove() - take pages out of one block
 * @tree:	the tree
 * @first:	first page
 * @count:	how many; all in one block
 * @gone:	room for @count and one more, or for one if that is all of the block
 *
 * Under the block's lock, what is above it is own.
 *
 * Return: 0, or -ENOMEM, if only a part of a block or of a shared table was to go.
 */
int vmm_tree_remove(struct vmm_tree *tree, unsigned long first,
		    unsigned long count, struct vmm_gone *gone)
{
	unsigned long *slot = block_slot(tree, first);
	int err;

	if (!*slot)
		return 0;
	if (count == VMM_BLOCK_PAGES) {
		remove_block(tree, slot, first, gone);
		return 0;
	}
	err = vmm_tree_take_apart(tree, first, gone);
	if (!err)
		remove_pages(tree, *slot, first, count, gone);
	return err;
}

static void node_free(struct vmm_node *node, struct vmm_totals *totals)
{
	atomic_long_dec(&totals->nodes);
	*node_count(node) = 0;
	vmm_port_page_free(vmm_port_phys(node));
}

/* --- dropping what is gone ------------------------------------------------------ */

/* Under all locks. */
bool vmm_root_put(struct vmm_root *root)
{
	if (--root->count)
		return false;
	*root->link = root->next;
	if (root->next)
		root->next->link = root->link;
	return true;
}

/* Under the lock of roots and chunks. */
bool vmm_chunk_put(unsigned long word)
{
	return !--*node_count(vmm_word_node(word));
}

/* What it named was put. */
void vmm_root_free(struct vmm_root *root)
{
	vmm_port_root_free(root);
}

void vmm_chunk_free(unsigned long word, struct vmm_totals *totals)
{
	node_free(vmm_word_node(word), totals);
}

static void away_put(unsigned long away, struct vmm_totals *totals)
{
	if (--*vmm_port_away_count(away))
		return;
	atomic_long_dec(&totals->away);
	vmm_port_away_free(totals, away);
}

/**
 * vmm_page_put() - a table names a page, or a record, no longer
 * @word:	which
 * @index:	where it stood
 * @totals:	of its family
 *
 * Under its block's lock.
 */
void vmm_page_put(unsigned long word, unsigned long index,
		  struct vmm_totals *totals)
{
	if (word & VMM_WORD_AWAY) {
		away_put(vmm_word_away(word), totals);
		return;
	}
	if (vmm_word_is_merged(word)) {
		vmm_frame_uncount(totals, index, word);
		vmm_port_merged_put(vmm_word_phys(word));
		return;
	}
	if ((--*count_of(word) & PAGE_COUNT))
		return;
	atomic_long_dec(&totals->pages);
	vmm_port_page_thaw(vmm_word_phys(word));
	vmm_port_page_free(vmm_word_phys(word));
}

/**
 * vmm_block_put() - a chunk names a block, or a table, no longer
 * @word:	which
 * @index:	a page in it
 * @totals:	of its family
 *
 * Under its lock.
 */
void vmm_block_put(unsigned long word, unsigned long index,
		   struct vmm_totals *totals)
{
	struct vmm_node *table = vmm_word_node(word);
	unsigned long i;

	index &= ~(VMM_BLOCK_PAGES - 1);
	if (word & VMM_WORD_PAGE) {
		*count_of(word) -= BLOCK_ONE;
		if (*count_of(word) >> 32)
			return;
		for (i = 0; i < VMM_BLOCK_PAGES; i++)
			vmm_page_put(word + (i << 12), index + i, totals);
		return;
	}
	if (--*node_count(table))
		return;
	for (i = 0; i < VMM_BLOCK_PAGES; i++) {
		if (table->word[i])
			vmm_page_put(table->word[i], index + i, totals);
	}
	node_free(table, totals);
}
