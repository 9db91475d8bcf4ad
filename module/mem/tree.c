// SPDX-License-Identifier: GPL-2.0
/*
 * Trees: pushing down, filling and breaking.  See tree.h for the rules.
 */

#include "mem/port.h"
#include "mem/tree.h"
#include "mem/tree_inner.h"

/* --- counts ---------------------------------------------------------------- */

/* A word of a chunk is there once more. */
static void get_block(unsigned long word)
{
	if (word & VMM_WORD_PAGE)
		*count_of(word) += BLOCK_ONE;
	else if (word)
		++*node_count(vmm_word_node(word));
}

/* No other chunk names the block, no table, nobody else has one of its pages. */
static bool block_is_own(unsigned long word)
{
	unsigned long i;

	if (*count_of(word) >> 32 != 1)
		return false;
	for (i = 0; i < VMM_BLOCK_PAGES; i++, word += 1UL << 12) {
		if (page_names(word) != 1 ||
		    vmm_port_page_busy(vmm_word_phys(word)))
			return false;
	}
	return true;
}

static bool page_is_own(unsigned long word)
{
	return !vmm_word_is_merged(word) && page_names(word) == 1 &&
	       !vmm_port_page_busy(vmm_word_phys(word));
}

/* --- memory ---------------------------------------------------------------- */

/* A page for @tree, from its reserve if it has one. */
static unsigned long get_page_for(struct vmm_tree *tree, bool zeroed)
{
	unsigned long phys = tree->reserve, *va;

	if (!phys)
		return vmm_port_page_alloc(zeroed);
	va = vmm_port_va(phys);
	tree->reserve = *va;
	*va = 0;
	return phys;
}

/* A zeroed page, or none, becomes a node. */
struct vmm_node *vmm_node_alloc(unsigned long phys, struct vmm_totals *totals)
{
	struct vmm_node *node;

	if (!phys)
		return NULL;
	node = vmm_port_va(phys);
	*node_count(node) = 1;
	atomic_long_inc(&totals->nodes);
	return node;
}

static struct vmm_node *node_alloc(struct vmm_tree *tree)
{
	return vmm_node_alloc(get_page_for(tree, true), tree->totals);
}

static struct vmm_root *root_alloc(struct vmm_tree *tree)
{
	unsigned long nr = (tree->nr_pages + VMM_CHUNK_PAGES - 1) >>
			   VMM_CHUNK_SHIFT;
	struct vmm_root *root = tree->reserve_root;

	tree->reserve_root = NULL;
	if (!root)
		root = vmm_port_root_alloc(sizeof(*root) +
					   nr * sizeof(root->chunk[0]));
	if (!root)
		return NULL;
	root->count = 1;
	root->nr_chunks = nr;
	root->next = tree->totals->roots;
	root->link = &tree->totals->roots;
	if (root->next)
		root->next->link = &root->next;
	tree->totals->roots = root;
	return root;
}

/* --- life -------------------------------------------------------------------- */

/**
 * vmm_tree_init() - start an empty tree
 * @tree:	to be filled
 * @nr_pages:	its length
 * @small:	never take whole blocks
 * @totals:	of its family
 *
 * Return: 0 or -ENOMEM.
 */
int vmm_tree_init(struct vmm_tree *tree, unsigned long nr_pages, bool small,
		  struct vmm_totals *totals)
{
	struct vmm_root *root;

	*tree = (struct vmm_tree){
		.nr_pages = nr_pages, .small = small, .totals = totals,
	};
	root = root_alloc(tree);
	if (!root)
		return -ENOMEM;
	tree->root = (unsigned long)root | VMM_WORD_OWN;
	return 0;
}

/**
 * vmm_tree_share() - have what another tree has
 * @tree:	has nothing, or its root was put on a list of what is gone
 * @with:	the other one, whose root nobody may change meanwhile
 *
 * The caller keeps counts of roots from changing, and takes care of translations to
 * what either of them calls its own.
 */
void vmm_tree_share(struct vmm_tree *tree, struct vmm_tree *with)
{
	struct vmm_root *root = vmm_root_of(with->root);

	root->count++;
	WRITE_ONCE(with->root, (unsigned long)root);
	vmm_port_publish(&tree->root, (unsigned long)root);
}

/* --- pushing down to the blocks ---------------------------------------------- */

/* @to has what @from has, none of it own; @from may be @to. */
static void copy_words(unsigned long *to, const unsigned long *from,
		       unsigned long nr)
{
	unsigned long i, word;

	for (i = 0; i < nr; i++) {
		word = from[i] & ~VMM_WORD_MARKS;
		if (to[i] != word)
			WRITE_ONCE(to[i], word);
	}
}

static int own_root(struct vmm_tree *tree, struct vmm_gone *gone)
{
	struct vmm_root *old = vmm_root_of(tree->root), *root = old;
	unsigned long i;

	if (tree->root & VMM_WORD_OWN)
		return 0;
	if (old->count > 1) {
		root = root_alloc(tree);
		if (!root)
			return -ENOMEM;
		atomic_long_set(&root->resident, atomic_long_read(&old->resident));
		atomic_long_set(&root->away, atomic_long_read(&old->away));
		atomic_long_set(&root->huge, atomic_long_read(&old->huge));
		atomic_long_set(&root->tables, atomic_long_read(&old->tables));
		for (i = 0; i < old->nr_chunks; i++) {
			if (old->chunk[i])
				++*node_count(vmm_word_node(old->chunk[i]));
		}
		gone_add(gone, (unsigned long)old, 0, VMM_LEVEL_ROOT);
	}
	copy_words(root->chunk, old->chunk, old->nr_chunks);
	vmm_port_publish(&tree->root, (unsigned long)root | VMM_WORD_OWN);
	return 0;
}

static int own_chunk(struct vmm_tree *tree, unsigned long index,
		     struct vmm_gone *gone)
{
	unsigned long *slot = chunk_slot(tree, index), i;
	struct vmm_node *old = vmm_word_node(*slot), *node = old;

	if (*slot & VMM_WORD_OWN)
		return 0;
	if (!old || *node_count(old) > 1) {
		node = node_alloc(tree);
		if (!node)
			return -ENOMEM;
	}
	if (old && node != old) {
		for (i = 0; i < VMM_NODE_WORDS; i++)
			get_block(old->word[i]);
		gone_add(gone, *slot, index, VMM_LEVEL_CHUNK);
	}
	if (old)
		copy_words(node->word, old->word, VMM_NODE_WORDS);
	vmm_port_publish(slot, (unsigned long)node | VMM_WORD_NODE |
			       VMM_WORD_OWN);
	return 0;
}

/* Whether all above the block of @index is own; under its lock. */
bool vmm_tree_top_is_own(const struct vmm_tree *tree, unsigned long index)
{
	return tree->root & *chunk_slot(tree, index) & VMM_WORD_OWN;
}

/**
 * vmm_tree_own_top() - make what is above a block own
 * @tree:	the tree
 * @index:	a page in the block
 * @gone:	room for two
 *
 * Under all locks.
 *
 * Return: 0 or -ENOMEM.
 */
int vmm_tree_own_top(struct vmm_tree *tree, unsigned long index,
		     struct vmm_gone *gone)
{
	int err = own_root(tree, gone);

	return err ? err : own_chunk(tree, index, gone);
}

/* --- in a block ---------------------------------------------------------------- */

/* The word of the block of @index, whoever owns it; 0 if there is none. */
unsigned long vmm_tree_block(const struct vmm_tree *tree, unsigned long index)
{
	unsigned long *slot = chunk_slot(tree, index);

	return READ_ONCE(*slot) ? READ_ONCE(*block_slot(tree, index)) : 0;
}

/* The block lies in the tree whole. */
static bool may_be_huge(const struct vmm_tree *tree, unsigned long index)
{
	return !tree->small &&
	       (index | (VMM_BLOCK_PAGES - 1)) < tree->nr_pages;
}

static bool fill_huge(struct vmm_tree *tree, unsigned long *slot)
{
	struct vmm_root *root = vmm_root_of(tree->root);
	unsigned long phys = vmm_port_block_alloc(), i;

	if (!phys)
		return false;
	for (i = 1; i < VMM_BLOCK_PAGES; i++)
		*count_of(phys + (i << 12)) = 1;
	*count_of(phys) = BLOCK_ONE + 1;
	vmm_port_publish(slot, phys | VMM_WORD_PAGE | VMM_WORD_OWN);
	atomic_long_add(VMM_BLOCK_PAGES, &root->resident);
	atomic_long_add(VMM_BLOCK_PAGES, &tree->totals->pages);
	atomic_long_inc(&root->huge);
	return true;
}

static int new_table(struct vmm_tree *tree, unsigned long *slot)
{
	struct vmm_node *table = node_alloc(tree);

	if (!table)
		return -ENOMEM;
	vmm_port_publish(slot, (unsigned long)table | VMM_WORD_NODE |
			       VMM_WORD_OWN);
	atomic_long_inc(&vmm_root_of(tree->root)->tables);
	return 0;
}

/* Put a table of the pages in place of the block; what it had is in it. */
static int split(struct vmm_tree *tree, unsigned long *slot,
		 unsigned long index, struct vmm_gone *gone)
{
	struct vmm_root *root = vmm_root_of(tree->root);
	struct vmm_node *table = node_alloc(tree);
	unsigned long word = *slot, i;

	if (!table)
		return -ENOMEM;
	if (!(word & VMM_WORD_OWN))
		word &= ~VMM_WORD_MARKS;
	for (i = 0; i < VMM_BLOCK_PAGES; i++) {
		table->word[i] = word + (i << 12);
		if (!(word & VMM_WORD_OWN))
			++*count_of(table->word[i]);
	}
	/* Of an own block the tables' share is what was the block's. */
	if (word & VMM_WORD_OWN)
		*count_of(word) -= BLOCK_ONE;
	else
		gone_add(gone, word, index, VMM_LEVEL_BLOCK);
	vmm_port_publish(slot, (unsigned long)table | VMM_WORD_NODE |
			       VMM_WORD_OWN | (word & VMM_WORD_LENT));
	atomic_long_dec(&root->huge);
	atomic_long_inc(&root->tables);
	return 0;
}

/* @to names what @from does, none of it own; what is counted is so in @from. */
static void copy_table(struct vmm_node *to, const struct vmm_node *from)
{
	unsigned long i;

	for (i = 0; i < VMM_BLOCK_PAGES; i++) {
		if (from->word[i])
			name_get(from->word[i]);
		to->word[i] = vmm_word_bare(from->word[i]);
	}
}

/* The table in @slot becomes own. */
static int own_table(struct vmm_tree *tree, unsigned long *slot,
		     unsigned long index, struct vmm_gone *gone)
{
	struct vmm_node *old = vmm_word_node(*slot), *table = old;

	if (*slot & VMM_WORD_OWN)
		return 0;
	if (*node_count(old) > 1) {
		table = node_alloc(tree);
		if (!table)
			return -ENOMEM;
		copy_table(table, old);
		gone_add(gone, *slot, index, VMM_LEVEL_BLOCK);
	} else {
		copy_words(old->word, old->word, VMM_BLOCK_PAGES);
	}
	vmm_port_publish(slot, (unsigned long)table | VMM_WORD_NODE |
			       VMM_WORD_OWN);
	return 0;
}

/* What is in @slot becomes an own table, or an own block; pages may be shared. */
static int own_block(struct vmm_tree *tree, unsigned long *slot,
		     unsigned long index, struct vmm_gone *gone)
{
	unsigned long word = *slot, i;

	if (!word) {
		if (may_be_huge(tree, index) && fill_huge(tree, slot))
			return 0;
		return new_table(tree, slot);
	}
	if (word & VMM_WORD_NODE)
		return own_table(tree, slot, index, gone);
	if (word & VMM_WORD_OWN)
		return 0;
	if (!block_is_own(word))
		return split(tree, slot, index, gone);
	for (i = 0; i < VMM_BLOCK_PAGES; i++)
		vmm_port_page_thaw(vmm_word_phys(word) + (i << 12));
	WRITE_ONCE(*slot, (word & ~VMM_WORD_MARKS) | VMM_WORD_OWN);
	return 0;
}

static int fill_page(struct vmm_tree *tree, unsigned long *slot)
{
	unsigned long phys = get_page_for(tree, true);

	if (!phys)
		return -ENOMEM;
	*count_of(phys) = 1;
	vmm_port_publish(slot, phys | VMM_WORD_PAGE | VMM_WORD_OWN);
	atomic_long_inc(&vmm_root_of(tree->root)->resident);
	atomic_long_inc(&tree->totals->pages);
	return 0;
}

/* Leave a trace for the next freeze, from the page up. */
static void lend_out(struct vmm_tree *tree, unsigned long index,
		     unsigned long *slot)
{
	unsigned long *block = block_slot(tree, index);

	WRITE_ONCE(*slot, *slot | VMM_WORD_LENT);
	if (!(*block & VMM_WORD_LENT))
		WRITE_ONCE(*block, *block | VMM_WORD_LENT);
	if (!(*chunk_slot(tree, index) & VMM_WORD_LENT))
		vmm_port_mark(chunk_slot(tree, index), VMM_WORD_LENT);
}

/**
 * vmm_tree_own() - make a page own, a new one if there is none
 * @tree:	the tree
 * @index:	page number; what is above its block is own
 * @lend:	somebody may write to it beyond an RCU section
 * @gone:	room for one
 *
 * Under the block's lock.
 *
 * Return: 0; -ENOMEM; VMM_TREE_SHARED: the table is own, its page is not: see
 * vmm_tree_break(); or VMM_TREE_AWAY.
 */
int vmm_tree_own(struct vmm_tree *tree, unsigned long index, bool lend,
		 struct vmm_gone *gone)
{
	unsigned long *slot = block_slot(tree, index);
	int err = own_block(tree, slot, index, gone);

	if (err)
		return err;
	if (*slot & VMM_WORD_NODE) {
		slot = page_slot(*slot, index);
		if (*slot & VMM_WORD_AWAY)
			return VMM_TREE_AWAY;
		if (!*slot) {
			err = fill_page(tree, slot);
			if (err)
				return err;
		} else if (!(*slot & VMM_WORD_OWN)) {
			if (!page_is_own(*slot))
				return VMM_TREE_SHARED;
			vmm_port_page_thaw(vmm_word_phys(*slot));
			WRITE_ONCE(*slot, *slot | VMM_WORD_OWN);
		}
	}
	if (lend)
		lend_out(tree, index, slot);
	return 0;
}

/**
 * vmm_tree_copy() - a copy of a shared page, for vmm_tree_break()
 * @tree:	the tree
 * @index:	of which vmm_tree_own() said VMM_TREE_SHARED
 *
 * Return: its physical address, or 0.
 */
unsigned long vmm_tree_copy(struct vmm_tree *tree, unsigned long index)
{
	unsigned long phys = get_page_for(tree, false);

	if (phys) {
		vmm_port_page_copy(phys, vmm_word_phys(*page_slot(
					*block_slot(tree, index), index)));
		*count_of(phys) = 1;
		atomic_long_inc(&tree->totals->pages);
	}
	return phys;
}

/**
 * vmm_tree_break() - put the copy in place of a shared page
 * @tree:	the tree
 * @index:	page number
 * @phys:	the copy
 * @gone:	room for one
 *
 * Under the block's lock, which is kept until nobody uses the old page by way of
 * this tree any more, and vmm_tree_settle() was called: before that the copy can
 * be read but not written, or a writer's store could be missed by who still reads
 * the old page.
 */
void vmm_tree_break(struct vmm_tree *tree, unsigned long index,
		    unsigned long phys, struct vmm_gone *gone)
{
	unsigned long *slot = page_slot(*block_slot(tree, index), index);
	unsigned long was = *slot;

	vmm_port_publish(slot, phys | VMM_WORD_PAGE);
	/* The copy counts in its stead from now on. */
	if (vmm_word_is_merged(was)) {
		vmm_frame_uncount(tree->totals, index, was);
		was = vmm_word_bare(was);
	}
	gone_add(gone, was, index, VMM_LEVEL_PAGE);
}

/* The copy may be written. */
void vmm_tree_settle(struct vmm_tree *tree, unsigned long index, bool lend)
{
	unsigned long *slot = page_slot(*block_slot(tree, index), index);

	WRITE_ONCE(*slot, *slot | VMM_WORD_OWN);
	if (lend)
		lend_out(tree, index, slot);
}

/**
 * vmm_tree_keep() - a page that was shared just now stays, and the others get a copy
 * @tree:	keeps it, as its own
 * @index:	page number
 * @frozen:	the word of the others, whom nobody reads so far
 * @gone:	room for three
 *
 * Under all locks, with a reserve that is large enough.
 */
void vmm_tree_keep(struct vmm_tree *tree, unsigned long index,
		   unsigned long *frozen, struct vmm_gone *gone)
{
	unsigned long copy;

	/* It has two names by now, so that this finds it shared. */
	if (vmm_tree_own_top(tree, index, gone) ||
	    vmm_tree_own(tree, index, false, gone) != VMM_TREE_SHARED)
		return;
	copy = vmm_tree_copy(tree, index);
	if (!copy)
		return;
	--*count_of(*frozen);
	vmm_port_publish(frozen, copy | VMM_WORD_PAGE);
	vmm_tree_settle(tree, index, true);
}

/**
 * vmm_tree_take_apart() - make a block an own table of its pages
 * @tree:	the tree
 * @index:	a page in it; there is something in the block
 * @gone:	room for one
 *
 * Under the block's lock, what is above it is own.  What readers see stays.
 *
 * Return: 0 or -ENOMEM.
 */
int vmm_tree_take_apart(struct vmm_tree *tree, unsigned long index,
			struct vmm_gone *gone)
{
	unsigned long *slot = block_slot(tree, index);

	if (*slot & VMM_WORD_PAGE)
		return split(tree, slot, index, gone);
	return own_table(tree, slot, index, gone);
}
