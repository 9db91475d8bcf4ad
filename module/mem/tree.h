/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_TREE_H
#define VMM_MEM_TREE_H

/*
 * The index of a memory object: a tree of words whose nodes objects can share.
 *
 *	root	a word for each 1 GiB: a chunk
 *	chunk	a word for each 2 MiB: a table, or a whole block of memory
 *	table	a word for each 4 KiB: a page, or the record of one that is away
 *
 * A word of 0 is absent.  The lowest bits of a word tell its kind; a page is named
 * by its physical address, so a lookup is four loads and touches nothing outside
 * of the tree: pages carry no back pointer.  A page can leave memory: a record
 * takes its place in all tables at once, and so does the page when it is back
 * (tree_away.c).  Both have the same content, so this is no change of a shared node.
 *
 * Own and shared
 *   Roots, chunks, tables and pages count the words (or objects) that name them.
 *   What has a count above 1 is shared and does not change.  A tree may change a
 *   node, and let others write to a page, only if every count on the way from its
 *   root is 1: then nobody else can get there, and so nobody can raise a count.
 *   Lookups must not look at counts, so the answer is kept in the words: one has
 *   VMM_WORD_OWN if what it names was found, or made, to have a count of 1.  It means
 *   something only if all words above it have the bit too: permissions AND down
 *   the walk, as in a page table.  To share a whole tree is to take the bit from
 *   the root; it is pushed down where somebody writes.  Pushing down makes a node
 *   own: a shared one is copied, one that is named once only is taken over, and
 *   in both cases what it names is no longer said to be own.
 *
 * Counts
 *   Of roots in them; of nodes beside them (port.h).  A page's, beside it: the
 *   tables that name it, and one more as long as a chunk names the block that it is a
 *   part of.  So it shows alone whether a page can go, without knowing
 *   whether it ever was in a block.  A record counts the tables that name it.  How many chunks name a block is in the upper
 *   half of the count of its first page: each of these is a node of 4 KiB, so
 *   neither half can overflow.
 *
 * Merged frames
 *   One of these has names in tables of several families, so that no lock of a
 *   family's is enough for its count: that is atomic, and has one more as long as
 *   somebody else, who merges, knows the frame (merged.h).  A word tells by
 *   VMM_WORD_MERGED which kind of count it is about.  It never becomes own: who writes
 *   makes a copy, the last one, too.  It is a page of none of the families.  It leaves a
 *   family as a page does; its record says VMM_WORD_MERGED, too, until it is packed.
 *   A family has it once at an index, as a page that its tables share: one of the names that it
 *   has there has VMM_WORD_COUNTED.  When that one goes another one gets it (tree_merged.c).
 *
 * Who may call
 *   Lookups are inside rcu_read_lock().  Changes of what is in one block, counts
 *   included, are made under the lock that the family has for it; changes of
 *   roots and chunks of whole trees, and the pushing down to them, under
 *   all locks.  What a word named before is not given up but put on a list of
 *   what is gone, for the caller to drop when nobody can be using it.  So a count
 *   falls only when the last reader has left, and what has a count of 1 is
 *   used by nobody else even at the same instant.
 */

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define VMM_BLOCK_SHIFT		9			/* pages in a block */
#define VMM_BLOCK_PAGES		(1UL << VMM_BLOCK_SHIFT)
#define VMM_CHUNK_SHIFT		18			/* pages in a chunk */
#define VMM_CHUNK_PAGES		(1UL << VMM_CHUNK_SHIFT)
#define VMM_NODE_WORDS		512UL

/* Bits of words; the root's, in struct vmm_tree, has VMM_WORD_OWN alone. */
#define VMM_WORD_PAGE		1UL	/* physical address: page, or whole block */
#define VMM_WORD_NODE		2UL	/* kernel address of a vmm_node */
#define VMM_WORD_OWN		4UL	/* see above */
/* Below it somebody may have, beyond RCU, a page for writing: user space, holds. */
#define VMM_WORD_LENT		8UL
#define VMM_WORD_PINNED		16UL	/* during a freeze: and somebody does */
#define VMM_WORD_AWAY		32UL	/* kernel address of a page's record */
#define VMM_WORD_MERGED		64UL	/* with PAGE, never with OWN: see below */
#define VMM_WORD_COUNTED	128UL	/* with MERGED: the family's figure has it */
#define VMM_WORD_MASK		0xfffUL
#define VMM_WORD_AWAY_MASK	0x3fUL
#define VMM_WORD_MARKS		(VMM_WORD_OWN | VMM_WORD_LENT | VMM_WORD_PINNED)

/* Nodes: a page each. */
struct vmm_node {
	unsigned long word[VMM_NODE_WORDS];
};

/**
 * struct vmm_root - a root; also the figures of the tree below it
 * @count:	trees that have it
 * @next:	of all roots of the family
 * @link:	what points here, of that list
 * @nr_chunks:	length of @chunk, constant
 * @resident:	4 KiB pages in memory that can be reached, shared or not
 * @away:	likewise, not in memory
 * @huge:	whole blocks
 * @tables:	tables
 * @chunk:	the words
 */
struct vmm_root {
	unsigned long count;
	struct vmm_root *next;
	struct vmm_root **link;
	unsigned long nr_chunks;
	atomic_long_t resident;
	atomic_long_t away;
	atomic_long_t huge;
	atomic_long_t tables;
	unsigned long chunk[];
};

/**
 * struct vmm_totals - what all trees of a family have, each thing once
 * @pages:	4 KiB pages in memory
 * @nodes:	chunks and tables
 * @merged:	merged frames, each once at an index: pages that there would be without
 * @away:	records of pages that are not in memory, or on their way
 * @roots:	all roots that have a count; changed under all locks
 * @store:	where pages are that are away; constant
 */
struct vmm_totals {
	atomic_long_t pages;
	atomic_long_t nodes;
	atomic_long_t merged;
	atomic_long_t away;
	struct vmm_root *roots;
	struct vmm_store *store;
};

/**
 * struct vmm_tree - a tree
 * @root:	a vmm_root, with VMM_WORD_OWN if it is own; read under RCU
 * @nr_pages:	its length, constant
 * @small:	never take whole blocks, constant
 * @totals:	of its family
 * @reserve:	pages set aside, linked through their first word
 * @reserve_root: likewise, or NULL
 */
struct vmm_tree {
	unsigned long root;
	unsigned long nr_pages;
	bool small;
	struct vmm_totals *totals;
	unsigned long reserve;
	struct vmm_root *reserve_root;
};

/* What a word that is gone has named. */
enum vmm_level {
	VMM_LEVEL_PAGE,
	VMM_LEVEL_BLOCK,	/* a table or a block */
	VMM_LEVEL_CHUNK,
	VMM_LEVEL_ROOT,
};

/**
 * struct vmm_gone_item - a reference to be dropped
 * @word:	the word without marks; a root's address
 * @index:	where it stood
 * @level:	enum vmm_level
 */
struct vmm_gone_item {
	unsigned long word;
	unsigned long index : 40;
	unsigned long level : 2;
};

/** struct vmm_gone - references to be dropped; those who fill it see to its size. */
struct vmm_gone {
	unsigned long nr;
	unsigned long max;
	struct vmm_gone_item *item;
};

/* How many vmm_tree_own_top() and vmm_tree_own() with a break can leave. */
#define VMM_GONE_FEW		4

static inline unsigned long vmm_word_phys(unsigned long word)
{
	return word & ~VMM_WORD_MASK;
}

static inline struct vmm_node *vmm_word_node(unsigned long word)
{
	return (struct vmm_node *)(word & ~VMM_WORD_MASK);
}

/* A record's address may have these bits. */
static inline bool vmm_word_is_merged(unsigned long word)
{
	return (word & (VMM_WORD_PAGE | VMM_WORD_MERGED)) ==
	       (VMM_WORD_PAGE | VMM_WORD_MERGED);
}

/* What a table's word says of its page: equal for the same one. */
static inline unsigned long vmm_word_bare(unsigned long word)
{
	word &= ~VMM_WORD_MARKS;
	return vmm_word_is_merged(word) ? word & ~VMM_WORD_COUNTED : word;
}

/* The address of a record. */
static inline unsigned long vmm_word_away(unsigned long word)
{
	return word & ~VMM_WORD_AWAY_MASK;
}

static inline struct vmm_root *vmm_root_of(unsigned long root)
{
	return (struct vmm_root *)(root & ~VMM_WORD_OWN);
}

/*
 * The word of the page at @index, its physical address with VMM_WORD_PAGE set; one
 * with VMM_WORD_AWAY; or 0 if absent.  It has VMM_WORD_OWN if all on the way do.  *huge tells whether the
 * page is part of a whole block.
 */
static __always_inline unsigned long
vmm_tree_lookup(const struct vmm_tree *tree, unsigned long index, bool *huge)
{
	unsigned long own = READ_ONCE(tree->root), word;

	*huge = false;
	word = READ_ONCE(vmm_root_of(own)->chunk[index >> VMM_CHUNK_SHIFT]);
	if (unlikely(!word))
		return 0;
	own &= word;
	index &= VMM_CHUNK_PAGES - 1;
	word = READ_ONCE(vmm_word_node(word)->word[index >> VMM_BLOCK_SHIFT]);
	index &= VMM_BLOCK_PAGES - 1;
	if (word & VMM_WORD_PAGE) {
		*huge = true;
		word += index << 12;
	} else {
		if (unlikely(!word))
			return 0;
		own &= word;
		word = READ_ONCE(vmm_word_node(word)->word[index]);
	}
	return word & (own | ~VMM_WORD_OWN);
}

int vmm_tree_init(struct vmm_tree *tree, unsigned long nr_pages, bool small,
		  struct vmm_totals *totals);
void vmm_tree_share(struct vmm_tree *tree, struct vmm_tree *with);

/* Returned by vmm_tree_own(): there is a page, which others have too. */
#define VMM_TREE_SHARED		1
/* Likewise: there is one, which is not in memory. */
#define VMM_TREE_AWAY		2

bool vmm_tree_top_is_own(const struct vmm_tree *tree, unsigned long index);
int vmm_tree_own_top(struct vmm_tree *tree, unsigned long index,
		     struct vmm_gone *gone);
int vmm_tree_own(struct vmm_tree *tree, unsigned long index, bool lend,
		 struct vmm_gone *gone);
unsigned long vmm_tree_copy(struct vmm_tree *tree, unsigned long index);
void vmm_tree_break(struct vmm_tree *tree, unsigned long index,
		    unsigned long phys, struct vmm_gone *gone);
void vmm_tree_settle(struct vmm_tree *tree, unsigned long index, bool lend);
void vmm_tree_keep(struct vmm_tree *tree, unsigned long index,
		   unsigned long *frozen, struct vmm_gone *gone);

int vmm_tree_take_apart(struct vmm_tree *tree, unsigned long index,
			struct vmm_gone *gone);
int vmm_tree_remove(struct vmm_tree *tree, unsigned long first,
		    unsigned long count, struct vmm_gone *gone);
unsigned long vmm_tree_block(const struct vmm_tree *tree, unsigned long index);

/* The last references; true: it is for the caller to take apart, and to free. */
bool vmm_root_put(struct vmm_root *root);
bool vmm_chunk_put(unsigned long word);
void vmm_root_free(struct vmm_root *root);
void vmm_chunk_free(unsigned long word, struct vmm_totals *totals);
void vmm_block_put(unsigned long word, unsigned long index,
		   struct vmm_totals *totals);
void vmm_page_put(unsigned long word, unsigned long index,
		  struct vmm_totals *totals);

/* --- leaving and coming back, tree_away.c ------------------------------------ */

/**
 * struct vmm_gathered - one table of a block
 * @table:	it
 * @moved:	how many of its pages have left
 */
struct vmm_gathered {
	struct vmm_node *table;
	unsigned long moved;
};

/**
 * struct vmm_gather - all tables that a family has for one block
 * @totals:	of the family
 * @index:	a page in the block
 * @nr:		how many tables
 * @max:	room
 * @at:		each once
 *
 * From vmm_tree_gather() to vmm_gather_end() under the block's lock.
 */
struct vmm_gather {
	struct vmm_totals *totals;
	unsigned long index;
	unsigned long nr;
	unsigned long max;
	struct vmm_gathered *at;
};

int vmm_tree_apart_all(struct vmm_totals *totals, unsigned long index);
int vmm_tree_gather(struct vmm_gather *gather);
struct vmm_gathered *vmm_gather_of(const struct vmm_gather *gather,
				   const struct vmm_tree *tree);
unsigned long vmm_gather_page(const struct vmm_gather *gather, unsigned long t,
			      unsigned long i);
void vmm_gather_leave(struct vmm_gather *gather, unsigned long t,
		      unsigned long i, unsigned long away);
void vmm_gather_end(struct vmm_gather *gather);

unsigned long vmm_tree_away(const struct vmm_tree *tree, unsigned long index);
unsigned long vmm_tree_come_back(struct vmm_totals *totals, unsigned long index,
				 unsigned long away, unsigned long phys);
unsigned long vmm_tree_fetched(struct vmm_totals *totals, unsigned long index,
			       unsigned long away, unsigned long phys);
unsigned long vmm_tree_merge(struct vmm_totals *totals, unsigned long index,
			     unsigned long away, unsigned long frame);
void vmm_tree_forget(struct vmm_totals *totals, unsigned long index,
		     unsigned long away);

/* --- merged frames, tree_merged.c --------------------------------------------- */

unsigned long vmm_gather_frame(const struct vmm_gather *gather, unsigned long t,
			       unsigned long i);
unsigned long vmm_gather_replace(struct vmm_gather *gather, unsigned long t,
				 unsigned long i, unsigned long word);
unsigned long vmm_gather_leave_frame(struct vmm_gather *gather, unsigned long t,
				     unsigned long i, unsigned long away);

/* --- walks, tree_walk.c ---------------------------------------------------- */

typedef void (*vmm_tree_page_fn)(void *ctx, unsigned long phys);

/**
 * struct vmm_pinned - what vmm_tree_find_pinned() found
 * @pages:	pages that somebody else refers to
 * @nodes:	nodes that it takes to keep them apart
 */
struct vmm_pinned {
	unsigned long pages;
	unsigned long nodes;
};

void vmm_tree_each_lent(const struct vmm_tree *tree, vmm_tree_page_fn fn,
			void *ctx);
int vmm_tree_find_pinned(struct vmm_tree *tree, struct vmm_pinned *found);
int vmm_tree_reserve(struct vmm_tree *tree, const struct vmm_pinned *need);
void vmm_tree_unreserve(struct vmm_tree *tree);
void vmm_tree_keep_pinned(struct vmm_tree *tree, struct vmm_tree *frozen,
			  struct vmm_gone *gone);

/* One difference of two trees: pages [first, first + count). */
struct vmm_tree_range {
	unsigned long first;
	unsigned long count;
};

unsigned long vmm_tree_differ(const struct vmm_root *a,
			      const struct vmm_root *b, unsigned long from,
			      unsigned long end, struct vmm_tree_range *range);
unsigned long vmm_tree_seek(const struct vmm_tree *tree, unsigned long index,
			    bool present, bool *found);
void vmm_word_each_page(unsigned long word, enum vmm_level level,
			vmm_tree_page_fn fn, void *ctx);
void vmm_root_each_page(const struct vmm_root *root, unsigned long first,
			unsigned long count, vmm_tree_page_fn fn, void *ctx);

#endif /* VMM_MEM_TREE_H */
