/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_LAYER_H
#define VMM_MEM_LAYER_H

/*
 * A layer is a sparse map from page index to frame.
 *
 * One word for each 2 MiB block: absent, a contiguous block, or a table with
 * one word for each page.  The lowest bits of a word tell its kind, and a page
 * is named by its physical address, so a lookup is two loads, and nothing
 * outside the layer is touched: pages carry no back pointer, and one frame can
 * stand at many indexes.
 *
 * Readers are inside rcu_read_lock().  Whoever changes a word holds the lock that
 * the object has for its block; each change is one store, and what a word named
 * before, page or table, lives on for an RCU grace period.
 */

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/types.h>

struct page;

#define VMM_BLOCK_SHIFT		9			/* pages in a block */
#define VMM_BLOCK_PAGES		(1UL << VMM_BLOCK_SHIFT)

/* Kinds of words; a word of 0 is absent. */
#define VMM_WORD_PAGE		1UL	/* physical address: page, or whole block */
#define VMM_WORD_TABLE		2UL	/* kernel address of a vmm_layer_table */
#define VMM_WORD_KIND		3UL

/**
 * struct vmm_layer_table - the pages of one block, one by one
 */
struct vmm_layer_table {
	unsigned long page[VMM_BLOCK_PAGES];
};

/**
 * struct vmm_layer - sparse index -> frame
 * @nr_blocks:	length of @block, constant
 * @resident:	4 KiB pages that the layer owns
 * @huge:	whole blocks
 * @tables:	tables
 * @block:	the words; written under the object's lock, read under RCU
 *
 * The counts change with the words.
 */
struct vmm_layer {
	unsigned long nr_blocks;
	atomic_long_t resident;
	atomic_long_t huge;
	atomic_long_t tables;
	unsigned long block[];
};

static inline unsigned long vmm_word_phys(unsigned long word)
{
	return word & ~0xfffUL;
}

static inline struct vmm_layer_table *vmm_word_table(unsigned long word)
{
	return (struct vmm_layer_table *)(word & ~VMM_WORD_KIND);
}

struct vmm_layer *vmm_layer_alloc(unsigned long nr_pages);
void vmm_layer_free(struct vmm_layer *layer);

int vmm_layer_fill(struct vmm_layer *layer, unsigned long index, bool huge);
int vmm_layer_split(struct vmm_layer *layer, unsigned long block);
int vmm_layer_remove(struct vmm_layer *layer, unsigned long first,
		     unsigned long count, struct list_head *pages);
void vmm_layer_free_pages(struct list_head *pages);

/*
 * The physical address of page @index with VMM_WORD_PAGE set, or 0 if absent;
 * *huge tells whether it is part of a whole block.
 */
static inline unsigned long vmm_layer_lookup(const struct vmm_layer *layer,
					     unsigned long index, bool *huge)
{
	unsigned long word = READ_ONCE(layer->block[index >> VMM_BLOCK_SHIFT]);
	unsigned long sub = index & (VMM_BLOCK_PAGES - 1);

	*huge = word & VMM_WORD_PAGE;
	if (word & VMM_WORD_PAGE)
		return word + (sub << 12);
	if (!word)
		return 0;
	return READ_ONCE(vmm_word_table(word)->page[sub]);
}

#endif /* VMM_MEM_LAYER_H */
