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

static inline void gone_add(struct vmm_gone *gone, unsigned long word,
		     unsigned long index, enum vmm_level level)
{
	struct vmm_gone_item *item = &gone->item[gone->nr++];

	item->word = word & ~VMM_WORD_MARKS;
	item->index = index;
	item->level = level;
}

#endif /* VMM_MEM_TREE_INNER_H */
