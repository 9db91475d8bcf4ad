/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_MERGE_H
#define VMM_MEM_MERGE_H

/*
 * Pages of an object become merged frames: see merge.c.
 */

#include <linux/types.h>

struct vmm_mem;
struct vmm_merge;

/* What became of a candidate. */
enum vmm_merge_end {
	VMM_MERGE_DONE,
	VMM_MERGE_STAYS,	/* not there, pinned, of a whole block, or named elsewhere, too */
	VMM_MERGE_RACE,		/* somebody wanted it in the meantime */
	VMM_MERGE_DIFFERS,	/* it has other bytes than the frame */
	VMM_MERGE_NO_FRAME,	/* there was no memory for one */
	VMM_MERGE_REFUSED,	/* who merges has changed his mind */
	VMM_MERGE_KEPT,		/* it is the frame that it was */
	VMM_NR_MERGE_ENDS,
};

/**
 * struct vmm_merge_candidate - a page
 * @index:	page number, below the object's number of pages
 * @cookie:	the caller's
 * @alone:	likewise: no other has its content
 * @zero:	it is to be given up if it is zero, for which there is no frame
 * @frame:	it is this merged frame already, of which the caller has a name; or 0
 * @to:		then: the one that it is to be, likewise, with the same bytes; that can be
 *		@frame, and what is left of it then is that translations go
 * @names:	likewise: those of @frame that are to be dropped
 * @end:	what became of it
 */
struct vmm_merge_candidate {
	pgoff_t index;
	u64 cookie;
	bool alone;
	bool zero;
	unsigned long frame;
	unsigned long to;
	unsigned long names;
	enum vmm_merge_end end;
};

/**
 * struct vmm_merge_ops - who merges
 * @frame:	a frame for the content of a candidate, of which a name is taken for the
 *		caller; @phys is the page, which does not change, to make one of; 0: none,
 *		and @end, which is VMM_MERGE_NO_FRAME, may be set to why.  No locks are
 *		held; may sleep
 * @split:	whether the whole block of 2 MiB at @index is to be taken apart for so many
 *		candidates in it
 */
struct vmm_merge_ops {
	unsigned long (*frame)(void *ctx,
			       struct vmm_merge_candidate *candidate,
			       unsigned long phys);
	bool (*split)(void *ctx, pgoff_t index, unsigned int candidates);
};

int vmm_mem_merge(struct vmm_mem *mem, struct vmm_merge_candidate *candidate,
		  unsigned int nr, const struct vmm_merge_ops *ops, void *ctx,
		  unsigned long *flushes);

#endif /* VMM_MEM_MERGE_H */
