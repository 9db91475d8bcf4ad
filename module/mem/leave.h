/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_LEAVE_H
#define VMM_MEM_LEAVE_H

/*
 * Pages leave the trees of a family, and something takes their places, or they come
 * back: the steps that whoever takes pages away has in common.  See leave.c.
 */

#include <linux/types.h>

#include "mem/mem.h"
#include "mem/move.h"
#include "mem/tree.h"

struct vmm_away;
struct vmm_leave;

/* Between two grace periods. */
#define VMM_LEAVE_MAX		(4 * VMM_BLOCK_PAGES)

/*
 * Tables of a block for which there is room; and at most: each page is looked for in all of
 * them, so a block of more stays.
 */
#define VMM_LEAVE_TABLES	256
#define VMM_LEAVE_TABLES_MAX	4096

/*
 * What becomes of a page; or the word of a merged frame that takes its place, of which
 * settle() has taken a name for that.
 */
#define VMM_LEAVE_BACK		0UL	/* it comes back */
#define VMM_LEAVE_AWAY		1UL	/* the record has what is in it */
#define VMM_LEAVE_ZERO		2UL	/* it is zero, and nothing takes its place */

/**
 * struct vmm_leaver - a page that has left
 * @away:	its record
 * @phys:	it
 * @names:	of a merged frame: those that it had here; else 0
 * @index:	where it stood
 */
struct vmm_leaver {
	struct vmm_away *away;
	unsigned long phys;
	unsigned long names;
	pgoff_t index;
};

/* The place of a page: one of its names; of a merged frame, the first. */
struct vmm_leave_pick {
	struct vmm_away *away;
	bool merged;
	unsigned int table;
	unsigned int slot;
};

/**
 * struct vmm_leave_ops - who takes pages away
 * @prepare:	looks at the block of @gather.index, under its lock; true: what of it is
 *		whole is to be taken apart
 * @pick:	tells by vmm_leave_pick() which pages of the block are to leave; likewise,
 *		and its tables are gathered
 * @settle:	looks at a page that nobody changes, without locks: VMM_LEAVE_*, or a word
 * @decided:	optional: hears whether that has been done; not so if somebody wanted the
 *		page in the meantime
 */
struct vmm_leave_ops {
	bool (*prepare)(struct vmm_leave *l);
	void (*pick)(struct vmm_leave *l);
	unsigned long (*settle)(struct vmm_leave *l,
				const struct vmm_leaver *leaver);
	void (*decided)(struct vmm_leave *l, const struct vmm_leaver *leaver,
			bool left);
};

/**
 * struct vmm_leave - pages under way
 * @ops:	whose
 * @family:	of the pages, referenced
 * @try:	leave out blocks that somebody is at
 * @left:	how many have been replaced
 * @move:	of those of one block
 * @gather:	its tables
 * @nr_picks:	how many are in @pick
 * @nr:		likewise in @leaver
 * @table:	room for @gather
 * @more:	more of it, or NULL
 * @pick:	pages of one block that are to leave
 * @leaver:	pages that have left, of several blocks
 * @gone:	names of records that are to be dropped
 * @item:	what @gone has
 *
 * Large: not for the stack.
 */
struct vmm_leave {
	const struct vmm_leave_ops *ops;
	struct vmm_family *family;
	bool try;
	unsigned long left;
	struct vmm_move move;
	struct vmm_gather gather;
	unsigned int nr_picks;
	unsigned int nr;
	struct vmm_gathered table[VMM_LEAVE_TABLES];
	struct vmm_gathered *more;
	struct vmm_leave_pick pick[VMM_BLOCK_PAGES];
	struct vmm_leaver leaver[VMM_LEAVE_MAX];
	struct vmm_gone gone;
	struct vmm_gone_item item[VMM_LEAVE_MAX];
};

void vmm_leave_init(struct vmm_leave *l, const struct vmm_leave_ops *ops,
		    struct vmm_family *family);
void vmm_leave_block(struct vmm_leave *l, pgoff_t index);
bool vmm_leave_pick(struct vmm_leave *l, unsigned int table, unsigned int slot);
bool vmm_leave_pick_frame(struct vmm_leave *l, unsigned int table,
			  unsigned int slot);
void vmm_leave_settle(struct vmm_leave *l);
void vmm_leave_end(struct vmm_leave *l);

/* Whether a block may have more pages than there is room for. */
static inline bool vmm_leave_is_full(const struct vmm_leave *l)
{
	return l->nr + VMM_BLOCK_PAGES > VMM_LEAVE_MAX;
}

/* A name of a record is dropped when nobody can be comparing its address. */
static inline struct vmm_gone_item vmm_leave_name(pgoff_t index,
						  const struct vmm_away *away)
{
	return (struct vmm_gone_item){
		.word = (unsigned long)away | VMM_WORD_AWAY,
		.index = index,
		.level = VMM_LEVEL_PAGE,
	};
}

#endif /* VMM_MEM_LEAVE_H */
