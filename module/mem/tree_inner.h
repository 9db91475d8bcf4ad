/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_TREE_INNER_H
#define VMM_MEM_TREE_INNER_H

/* What the files of a tree share; for mem/tree*.c alone. */

#include "mem/port.h"
#include "mem/tree.h"

/* In the count of the first page of a block: one chunk more names it. */
#define BLOCK_ONE	(1UL << 32)
#define PAGE_COUNT	(BLOCK_ONE - 1)

static inline unsigned long *count_of(unsigned long word)
{
	return vmm_port_page_count(vmm_word_phys(word));
}

/* Of what a table's word names, which is not merged. */
static inline unsigned long *name_count(unsigned long word)
{
	return word & VMM_WORD_AWAY ? vmm_port_away_count(vmm_word_away(word)) :
				      count_of(word);
}

/* What a table's word names has one more. */
static inline void name_get(unsigned long word)
{
	if (vmm_word_is_merged(word))
		vmm_port_merged_get(vmm_word_phys(word), 1);
	else
		++*name_count(word);
}

static inline unsigned long *node_count(const struct vmm_node *node)
{
	return vmm_port_page_count(vmm_port_phys(node));
}

static inline unsigned long *chunk_slot(const struct vmm_tree *tree,
					unsigned long index)
{
	return &vmm_root_of(tree->root)->chunk[index >> VMM_CHUNK_SHIFT];
}

static inline unsigned long *block_slot(const struct vmm_tree *tree,
					unsigned long index)
{
	struct vmm_node *chunk = vmm_word_node(*chunk_slot(tree, index));

	return &chunk->word[index >> VMM_BLOCK_SHIFT & (VMM_NODE_WORDS - 1)];
}

static inline unsigned long *page_slot(unsigned long block, unsigned long index)
{
	return &vmm_word_node(block)->word[index & (VMM_BLOCK_PAGES - 1)];
}

static inline unsigned long page_names(unsigned long word)
{
	return *count_of(word) & PAGE_COUNT;
}

static inline void gone_add(struct vmm_gone *gone, unsigned long word,
		     unsigned long index, enum vmm_level level)
{
	struct vmm_gone_item *item = &gone->item[gone->nr++];

	/* A root's address has room for one mark, which the caller took. */
	item->word = level == VMM_LEVEL_ROOT ? word : word & ~VMM_WORD_MARKS;
	item->index = index;
	item->level = level;
}

unsigned long *vmm_root_word(const struct vmm_root *root, unsigned long index);
void vmm_frame_count(struct vmm_totals *totals, unsigned long index,
		     unsigned long word);
void vmm_frame_uncount(struct vmm_totals *totals, unsigned long index,
		       unsigned long word);
struct vmm_node *vmm_node_alloc(unsigned long phys, struct vmm_totals *totals);

#endif /* VMM_MEM_TREE_INNER_H */
