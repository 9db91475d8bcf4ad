/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_TALLY_H
#define VMM_KSM_TALLY_H

/*
 * A tally: who has which frames, and how much of them is his.
 *
 * A site is a page that somebody has; several can be in one frame.  Sites are added one
 * by one, in any order, with the frame and the row of who has them; then each row gets
 * its part of all frames.  Bytes are whole: of a frame of B bytes with K sites who has C
 * of these gets B * C / K, rounded down, and what is left of it goes to the row whose site
 * came first.  So all rows together have what all frames are, to the byte.
 *
 * A table by frames, 16 bytes for each, and as much for each row that has a frame which
 * another one had first.
 *
 * Pure, and for one caller at a time.
 */

#include <linux/types.h>

#include "ksm/stats_list.h"

#define VKSM_FRAME_BYTES	4096

/* Of a row. */
enum vksm_row_stat {
#define X(sym, name) VKSM_ROW_##sym,
	VKSM_ROW_STATS(X)
#undef X
	VKSM_NR_ROW_STATS
};

/**
 * struct vksm_row - what somebody has
 * @sites:	all of his; the sum of those below: alone, self and other
 * @stat:	figures that follow from them, and others
 */
struct vksm_row {
	u64 sites;
	u64 stat[VKSM_NR_ROW_STATS];
};

/* Frames with 1 site, 2, 3 to 4, 5 to 8, ...; the last one has all above, too. */
#define VKSM_DEGREES		20

/**
 * struct vksm_degrees - how many sites frames have
 * @frames:	so many frames
 * @sites:	and their sites
 */
struct vksm_degrees {
	u64 frames[VKSM_DEGREES];
	u64 sites[VKSM_DEGREES];
};

/**
 * struct vksm_tally_entry - a frame, or one more row that has it
 * @frame:	its number
 * @row:	who has it; the first one, of a frame
 * @more:	not the first one
 * @count:	sites of the row; 0: the entry is free
 * @total:	of a frame: of all rows
 */
struct vksm_tally_entry {
	u64 frame : 40;
	u64 row : 23;
	u64 more : 1;
	u32 count;
	u32 total;
};

/**
 * struct vksm_tally - a tally
 * @entry:	the table
 * @size:	its length, a power of two
 * @used:	entries in it
 * @frames:	how many of these are frames
 * @sites:	what was added
 */
struct vksm_tally {
	struct vksm_tally_entry *entry;
	u64 size;
	u64 used;
	u64 frames;
	u64 sites;
};

int vksm_tally_init(struct vksm_tally *t);
void vksm_tally_free(struct vksm_tally *t);

/* -1: there is no memory, and it was not added. */
int vksm_tally_add(struct vksm_tally *t, u64 frame, u32 row);

/* Adds to rows, of which there are enough, and to @degrees. */
void vksm_tally_sum(struct vksm_tally *t, struct vksm_row *row,
		    struct vksm_degrees *degrees);

/* Frames that most sites are in. */
#define VKSM_TOP		16

/**
 * struct vksm_top - one of these
 * @sites:	in it
 * @rows:	that have them
 * @row:	the one that was met first
 */
struct vksm_top {
	u32 sites;
	u32 rows;
	u32 row;
};

/*
 * Adds to @pairs, @rows times @rows of them, the frames that each two rows have in common, and
 * those that a row has; and puts the greatest in @top, in order.  At most 2^32 - 1
 * entries.  -1: there is no memory.
 */
int vksm_tally_pairs(const struct vksm_tally *t, u32 rows, u64 *pairs,
		     struct vksm_top top[VKSM_TOP]);

/* The place of a frame that is there; for vksm_tally_pairs(). */
u64 vksm_tally_first(const struct vksm_tally *t, u64 frame);

/* The least sites of frames that are in a place of struct vksm_degrees. */
static inline u64 vksm_degree_first(unsigned int place)
{
	return place ? (1ULL << (place - 1)) + 1 : 1;
}

#endif /* VMM_KSM_TALLY_H */
