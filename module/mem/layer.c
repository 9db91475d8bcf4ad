// SPDX-License-Identifier: GPL-2.0
/*
 * Layers: filling, splitting and emptying the index.  See layer.h.
 *
 * A block of 2 MiB is allocated in one piece where that is possible without
 * effort, and split into pages at once: each then has its own reference count,
 * so that user mappings, holds and pins work page by page, and one page can be
 * given back without the others.  The pages of a layer are on no LRU list, so
 * page->lru links those on their way out.
 */

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "mem/layer.h"

/* Fails rather than wakes the OOM killer: the caller passes -ENOMEM on. */
#define PAGE_GFP	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | \
			 __GFP_RETRY_MAYFAIL)

/* Takes a block that lies ready; reclaim and compaction cost more than it wins. */
#define BLOCK_GFP	((GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | \
			  __GFP_NORETRY) & ~__GFP_DIRECT_RECLAIM)

static struct page *word_page(unsigned long word)
{
	return pfn_to_page(vmm_word_phys(word) >> PAGE_SHIFT);
}

static unsigned long page_word(struct page *page)
{
	return (unsigned long)page_to_phys(page) | VMM_WORD_PAGE;
}

/**
 * vmm_layer_alloc() - make an empty layer
 * @nr_pages:	its length
 */
struct vmm_layer *vmm_layer_alloc(unsigned long nr_pages)
{
	unsigned long nr_blocks = DIV_ROUND_UP(nr_pages, VMM_BLOCK_PAGES);
	struct vmm_layer *layer;

	layer = kvzalloc(struct_size(layer, block, nr_blocks),
			 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (layer)
		layer->nr_blocks = nr_blocks;
	return layer;
}

static void free_block(unsigned long word)
{
	struct vmm_layer_table *table;
	unsigned long i;

	if (word & VMM_WORD_PAGE) {
		for (i = 0; i < VMM_BLOCK_PAGES; i++)
			put_page(word_page(word + (i << PAGE_SHIFT)));
		return;
	}
	table = vmm_word_table(word);
	for (i = 0; i < VMM_BLOCK_PAGES; i++) {
		if (table->page[i])
			put_page(word_page(table->page[i]));
	}
	free_page((unsigned long)table);
}

/**
 * vmm_layer_free() - free a layer with all that it owns
 * @layer:	nobody reads it any more
 *
 * Pages that somebody else still refers to live on until that ends.
 */
void vmm_layer_free(struct vmm_layer *layer)
{
	unsigned long i;

	for (i = 0; i < layer->nr_blocks; i++) {
		if (layer->block[i]) {
			free_block(layer->block[i]);
			cond_resched();
		}
	}
	kvfree(layer);
}

static bool fill_huge(struct vmm_layer *layer, unsigned long block)
{
	struct page *page = alloc_pages(BLOCK_GFP, VMM_BLOCK_SHIFT);

	if (!page)
		return false;
	split_page(page, VMM_BLOCK_SHIFT);
	/* The page is cleared before a lookup can find it. */
	smp_store_release(&layer->block[block], page_word(page));
	atomic_long_add(VMM_BLOCK_PAGES, &layer->resident);
	atomic_long_inc(&layer->huge);
	return true;
}

/* The table of a block, made if absent; the block is not a whole one. */
static struct vmm_layer_table *get_table(struct vmm_layer *layer,
					 unsigned long block)
{
	unsigned long word = layer->block[block];

	if (!word) {
		word = __get_free_page(PAGE_GFP);
		if (!word)
			return NULL;
		word |= VMM_WORD_TABLE;
		/* A lookup that finds the table finds it empty, not unset. */
		smp_store_release(&layer->block[block], word);
		atomic_long_inc(&layer->tables);
	}
	return vmm_word_table(word);
}

/**
 * vmm_layer_fill() - put a zeroed page, or the whole block, at an index
 * @layer:	the layer
 * @index:	page number
 * @huge:	try a whole block first
 *
 * The caller holds the block's lock.
 *
 * Return: 0, also if there is a page already; or -ENOMEM.
 */
int vmm_layer_fill(struct vmm_layer *layer, unsigned long index, bool huge)
{
	unsigned long block = index >> VMM_BLOCK_SHIFT;
	unsigned long sub = index & (VMM_BLOCK_PAGES - 1);
	struct vmm_layer_table *table;
	struct page *page;

	if (layer->block[block] & VMM_WORD_PAGE)
		return 0;
	if (huge && !layer->block[block] && fill_huge(layer, block))
		return 0;
	table = get_table(layer, block);
	if (!table)
		return -ENOMEM;
	if (table->page[sub])
		return 0;
	page = alloc_page(PAGE_GFP);
	if (!page)
		return -ENOMEM;
	/* The page is cleared before a lookup can find it. */
	smp_store_release(&table->page[sub], page_word(page));
	atomic_long_inc(&layer->resident);
	return 0;
}

/**
 * vmm_layer_split() - turn a whole block into a table of its pages
 * @layer:	the layer
 * @block:	block number
 *
 * The caller holds the block's lock.  What readers see stays the same.
 *
 * Return: 0, also if it is no whole block, or -ENOMEM.
 */
int vmm_layer_split(struct vmm_layer *layer, unsigned long block)
{
	unsigned long word = layer->block[block], i;
	struct vmm_layer_table *table;

	if (!(word & VMM_WORD_PAGE))
		return 0;
	table = (struct vmm_layer_table *)__get_free_page(PAGE_GFP);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < VMM_BLOCK_PAGES; i++)
		table->page[i] = word + (i << PAGE_SHIFT);
	/* The table is complete before a lookup can find it. */
	smp_store_release(&layer->block[block],
			  (unsigned long)table | VMM_WORD_TABLE);
	atomic_long_dec(&layer->huge);
	atomic_long_inc(&layer->tables);
	return 0;
}

static void remove_from_table(struct vmm_layer *layer,
			      struct vmm_layer_table *table,
			      unsigned long first, unsigned long count,
			      struct list_head *pages)
{
	unsigned long i, removed = 0;

	for (i = first; i < first + count; i++) {
		if (!table->page[i])
			continue;
		list_add_tail(&word_page(table->page[i])->lru, pages);
		WRITE_ONCE(table->page[i], 0);
		removed++;
	}
	atomic_long_sub(removed, &layer->resident);
}

static void remove_whole(struct vmm_layer *layer, unsigned long block,
			 struct list_head *pages)
{
	unsigned long word = layer->block[block], i;

	WRITE_ONCE(layer->block[block], 0);
	if (word & VMM_WORD_PAGE) {
		for (i = 0; i < VMM_BLOCK_PAGES; i++)
			list_add_tail(&word_page(word + (i << PAGE_SHIFT))->lru,
				      pages);
		atomic_long_sub(VMM_BLOCK_PAGES, &layer->resident);
		atomic_long_dec(&layer->huge);
		return;
	}
	remove_from_table(layer, vmm_word_table(word), 0, VMM_BLOCK_PAGES,
			  pages);
	list_add_tail(&virt_to_page(vmm_word_table(word))->lru, pages);
	atomic_long_dec(&layer->tables);
}

/**
 * vmm_layer_remove() - take pages out of one block
 * @layer:	the layer
 * @first:	first page
 * @count:	how many; all in one block
 * @pages:	receives the pages, and the table if it goes too, with the layer's
 *		references
 *
 * The caller holds the block's lock.
 *
 * Return: 0, or -ENOMEM if only a part of a whole block was to go.
 */
int vmm_layer_remove(struct vmm_layer *layer, unsigned long first,
		     unsigned long count, struct list_head *pages)
{
	unsigned long block = first >> VMM_BLOCK_SHIFT;
	int err;

	if (!layer->block[block])
		return 0;
	if (count == VMM_BLOCK_PAGES) {
		remove_whole(layer, block, pages);
		return 0;
	}
	err = vmm_layer_split(layer, block);
	if (err)
		return err;
	remove_from_table(layer, vmm_word_table(layer->block[block]),
			  first & (VMM_BLOCK_PAGES - 1), count, pages);
	return 0;
}

/**
 * vmm_layer_free_pages() - drop the layer's references to removed pages
 * @pages:	what vmm_layer_remove() collected, a grace period ago
 */
void vmm_layer_free_pages(struct list_head *pages)
{
	struct page *page, *next;
	unsigned int done = 0;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		put_page(page);
		if (!(++done & (VMM_BLOCK_PAGES - 1)))
			cond_resched();
	}
}
