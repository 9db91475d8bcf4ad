// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over trees: what was lent out and is pinned, how two trees differ, where
 * there are pages.
 *
 * Each costs what it finds: subtrees without the mark, with the same address on
 * both sides, or absent, are passed over as one.
 */

#include "mem/port.h"
#include "mem/tree.h"
#include "mem/tree_inner.h"

static unsigned long bare(unsigned long word)
{
	return word & ~VMM_WORD_MARKS;
}

/* --- what was lent out ------------------------------------------------------- */

/**
 * vmm_word_each_page() - all pages in memory behind a word
 * @word:	a page, a record, a block or a table
 * @level:	VMM_LEVEL_PAGE for the first two, VMM_LEVEL_BLOCK for the others
 * @fn:		called for each
 * @ctx:	its first argument
 */
void vmm_word_each_page(unsigned long word, enum vmm_level level,
			vmm_tree_page_fn fn, void *ctx)
{
	unsigned long i, page;

	if (level == VMM_LEVEL_PAGE) {
		if (word & VMM_WORD_PAGE)
			fn(ctx, vmm_word_phys(word));
		return;
	}
	for (i = 0; i < VMM_BLOCK_PAGES; i++) {
		page = word & VMM_WORD_PAGE ? word + (i << 12) :
		       READ_ONCE(vmm_word_node(word)->word[i]);
		if (page & VMM_WORD_PAGE)
			fn(ctx, vmm_word_phys(page));
	}
}

typedef void (*lent_fn)(void *ctx, unsigned long index, unsigned long *slot);

/* Calls @fn for each word of a chunk below which something was lent out. */
static void each_lent_block(const struct vmm_tree *tree, lent_fn fn, void *ctx)
{
	struct vmm_root *root = vmm_root_of(tree->root);
	struct vmm_node *chunk;
	unsigned long c, i;

	for (c = 0; c < root->nr_chunks; c++) {
		if (!(root->chunk[c] & VMM_WORD_LENT))
			continue;
		chunk = vmm_word_node(root->chunk[c]);
		for (i = 0; i < VMM_NODE_WORDS; i++) {
			if (!(chunk->word[i] & VMM_WORD_LENT))
				continue;
			fn(ctx, c << VMM_CHUNK_SHIFT | i << VMM_BLOCK_SHIFT,
			   &chunk->word[i]);
			vmm_port_breathe();
		}
	}
}

struct lent_pages {
	vmm_tree_page_fn fn;
	void *ctx;
};

static void lent_in_block(void *ctx, unsigned long index, unsigned long *slot)
{
	const struct lent_pages *lent = ctx;
	unsigned long i, word;

	if (*slot & VMM_WORD_PAGE) {
		vmm_word_each_page(bare(*slot), VMM_LEVEL_BLOCK, lent->fn,
				   lent->ctx);
		return;
	}
	for (i = 0; i < VMM_BLOCK_PAGES; i++) {
		word = vmm_word_node(*slot)->word[i];
		if ((word & VMM_WORD_LENT) && (word & VMM_WORD_PAGE))
			lent->fn(lent->ctx, vmm_word_phys(word));
	}
}

/**
 * vmm_tree_each_lent() - all pages that somebody may have for writing
 * @tree:	whose nodes on the way to them are its own, under all locks
 * @fn:		called for each, and for pages of the same blocks
 * @ctx:	its first argument
 */
void vmm_tree_each_lent(const struct vmm_tree *tree, vmm_tree_page_fn fn,
			void *ctx)
{
	struct lent_pages lent = { .fn = fn, .ctx = ctx };

	each_lent_block(tree, lent_in_block, &lent);
}

/* --- what is pinned ------------------------------------------------------------ */

struct finding {
	struct vmm_tree *tree;
	struct vmm_pinned *found;
	unsigned long chunk;	/* of the last page that was found, plus 1 */
	int err;
};

static bool block_is_pinned(unsigned long word)
{
	unsigned long i;

	for (i = 0; i < VMM_BLOCK_PAGES; i++) {
		if (vmm_port_page_busy(vmm_word_phys(word) + (i << 12)))
			return true;
	}
	return false;
}

/* A page on its way out may be pinned, which its record can't: it stays. */
static void stay_if_leaving(struct vmm_totals *totals, unsigned long index,
			    unsigned long word)
{
	unsigned long away = vmm_word_away(word), phys;

	if (!(word & VMM_WORD_AWAY) || !(word & VMM_WORD_LENT))
		return;
	phys = *vmm_port_away_phys(away);
	if (phys && page_names(phys) == 1)
		vmm_tree_come_back(totals, index, away, phys);
}

/* A block with such a page is taken apart, so that the others stay shared. */
static void find_in_block(void *ctx, unsigned long index, unsigned long *slot)
{
	struct finding *f = ctx;
	unsigned long i, *page, n = 0;

	if (*slot & VMM_WORD_PAGE) {
		if (f->err || !block_is_pinned(*slot))
			return;
		f->err = vmm_tree_take_apart(f->tree, index, NULL);
		if (f->err)
			return;
	}
	for (i = 0; i < VMM_BLOCK_PAGES; i++) {
		page = &vmm_word_node(*slot)->word[i];
		stay_if_leaving(f->tree->totals, index + i, *page);
		*page &= ~VMM_WORD_PINNED;
		if (!(*page & VMM_WORD_LENT) || (*page & VMM_WORD_AWAY) ||
		    !vmm_port_page_busy(vmm_word_phys(*page)))
			continue;
		*page |= VMM_WORD_PINNED;
		n++;
	}
	if (!n)
		return;
	f->found->pages += n;
	f->found->nodes += f->chunk == (index >> VMM_CHUNK_SHIFT) + 1 ? 1 : 2;
	f->chunk = (index >> VMM_CHUNK_SHIFT) + 1;
}

/**
 * vmm_tree_find_pinned() - mark lent pages that somebody refers to
 * @tree:	its nodes on the way to them are its own; under all locks; nobody can
 *		get one of these pages any more
 * @found:	to be filled
 *
 * Return: 0 or -ENOMEM.
 */
int vmm_tree_find_pinned(struct vmm_tree *tree, struct vmm_pinned *found)
{
	struct finding f = { .tree = tree, .found = found };

	*found = (struct vmm_pinned){ };
	each_lent_block(tree, find_in_block, &f);
	return f.err;
}

/**
 * vmm_tree_reserve() - set aside what vmm_tree_keep_pinned() takes at most
 * @tree:	the tree
 * @need:	what was found
 *
 * Return: 0 or -ENOMEM.
 */
int vmm_tree_reserve(struct vmm_tree *tree, const struct vmm_pinned *need)
{
	unsigned long n = need->pages + need->nodes, phys;
	const struct vmm_root *root = vmm_root_of(tree->root);

	if (!n)
		return 0;
	tree->reserve_root = vmm_port_root_alloc(sizeof(*root) +
				root->nr_chunks * sizeof(root->chunk[0]));
	if (!tree->reserve_root)
		return -ENOMEM;
	while (n--) {
		phys = vmm_port_page_alloc(true);
		if (!phys) {
			vmm_tree_unreserve(tree);
			return -ENOMEM;
		}
		*(unsigned long *)vmm_port_va(phys) = tree->reserve;
		tree->reserve = phys;
		if (!(n & (VMM_BLOCK_PAGES - 1)))
			vmm_port_breathe();
	}
	return 0;
}

/* Gives back what is left of it. */
void vmm_tree_unreserve(struct vmm_tree *tree)
{
	unsigned long phys, n = 0;

	while (tree->reserve) {
		phys = tree->reserve;
		tree->reserve = *(unsigned long *)vmm_port_va(phys);
		vmm_port_page_free(phys);
		if (!(++n & (VMM_BLOCK_PAGES - 1)))
			vmm_port_breathe();
	}
	if (tree->reserve_root)
		vmm_port_root_free(tree->reserve_root);
	tree->reserve_root = NULL;
}

struct keeping {
	struct vmm_tree *tree;
	struct vmm_gone *gone;
};

static void keep_in_block(void *ctx, unsigned long index, unsigned long *slot)
{
	struct keeping *k = ctx;
	unsigned long i, *page;

	if (*slot & VMM_WORD_PAGE)
		return;
	for (i = 0; i < VMM_BLOCK_PAGES; i++) {
		page = &vmm_word_node(*slot)->word[i];
		if (*page & VMM_WORD_PINNED)
			vmm_tree_keep(k->tree, index + i, page, k->gone);
	}
}

/**
 * vmm_tree_keep_pinned() - give a frozen tree copies of pages that are pinned
 * @tree:	the live one, which keeps the pages
 * @frozen:	shares its root since vmm_tree_find_pinned(), and nobody reads it
 *		so far, so that its nodes can change
 * @gone:	room for the nodes that were found, and one more
 *
 * Under all locks.  Does not fail: vmm_tree_reserve() saw to that.
 */
void vmm_tree_keep_pinned(struct vmm_tree *tree, struct vmm_tree *frozen,
			  struct vmm_gone *gone)
{
	struct keeping k = { .tree = tree, .gone = gone };

	if (tree->reserve)
		each_lent_block(frozen, keep_in_block, &k);
	vmm_tree_unreserve(tree);
}

/* --- differences ------------------------------------------------------------------ */

static unsigned long chunk_at(const struct vmm_root *root, unsigned long index)
{
	return bare(READ_ONCE(root->chunk[index >> VMM_CHUNK_SHIFT]));
}

static unsigned long block_at(unsigned long chunk, unsigned long index)
{
	index = index >> VMM_BLOCK_SHIFT & (VMM_NODE_WORDS - 1);
	return chunk ? bare(READ_ONCE(vmm_word_node(chunk)->word[index])) : 0;
}

static unsigned long page_at(unsigned long block, unsigned long index)
{
	index &= VMM_BLOCK_PAGES - 1;
	if (!block)
		return 0;
	if (block & VMM_WORD_PAGE)
		return block + (index << 12);
	return vmm_word_bare(READ_ONCE(vmm_word_node(block)->word[index]));
}

/* Looks through one block, from @index to @end. */
static unsigned long differ_in_block(unsigned long a, unsigned long b,
				     unsigned long index, unsigned long end,
				     struct vmm_tree_range *range)
{
	while (index < end && page_at(a, index) == page_at(b, index))
		index++;
	range->first = index;
	while (index < end && page_at(a, index) != page_at(b, index))
		index++;
	range->count = index - range->first;
	return index;
}

/**
 * vmm_tree_differ() - the next pages that two trees don't have in common
 * @a:		the root of one of them
 * @b:		of the other, of the same length
 * @from:	where to begin
 * @end:	where to stop
 * @range:	what differs, if its count is not 0
 *
 * Inside RCU, or where neither of them changes.  Looks at some hundred words at
 * most.
 *
 * Return: where to go on.
 */
unsigned long vmm_tree_differ(const struct vmm_root *a,
			      const struct vmm_root *b, unsigned long from,
			      unsigned long end, struct vmm_tree_range *range)
{
	unsigned long ca = chunk_at(a, from), cb = chunk_at(b, from), ba, bb;
	unsigned long next = (from | (VMM_CHUNK_PAGES - 1)) + 1;

	range->count = 0;
	if (next < end)
		end = next;
	if (ca == cb)
		return end;
	for (; from < end; from = next) {
		next = (from | (VMM_BLOCK_PAGES - 1)) + 1;
		if (next > end)
			next = end;
		ba = block_at(ca, from);
		bb = block_at(cb, from);
		if (ba != bb)
			return differ_in_block(ba, bb, from, next, range);
	}
	return end;
}

/* Calls @fn for all pages in a range of a tree that nobody changes. */
void vmm_root_each_page(const struct vmm_root *root, unsigned long first,
			unsigned long count, vmm_tree_page_fn fn, void *ctx)
{
	unsigned long index, block, page;

	for (index = first; index < first + count; index++) {
		block = block_at(chunk_at(root, index), index);
		page = page_at(block, index);
		if (page & VMM_WORD_PAGE)
			fn(ctx, vmm_word_phys(page));
	}
}

/**
 * vmm_tree_seek() - go on to the next page that is there, or is not
 * @tree:	the tree
 * @index:	from where
 * @present:	which of both
 * @found:	it is this page
 *
 * Inside RCU.  Looks at one block at most.
 *
 * Return: the page, or where to go on, at most the tree's end.
 */
unsigned long vmm_tree_seek(const struct vmm_tree *tree, unsigned long index,
			    bool present, bool *found)
{
	const struct vmm_root *root = vmm_root_of(READ_ONCE(tree->root));
	unsigned long chunk = chunk_at(root, index);
	unsigned long block = block_at(chunk, index), end;

	end = index | (chunk ? VMM_BLOCK_PAGES - 1 : VMM_CHUNK_PAGES - 1);
	end = end + 1 < tree->nr_pages ? end + 1 : tree->nr_pages;
	*found = true;
	if (!block || (block & VMM_WORD_PAGE)) {
		if (!block == !present)
			return index;
		index = end;
	}
	for (; index < end; index++) {
		if (!page_at(block, index) == !present)
			return index;
	}
	*found = false;
	return index;
}
