/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_INDEX_H
#define VMM_KSM_INDEX_H

/*
 * The index: which contents there are, and how often.
 *
 * Most pages are like no other, so these cost least.  A content is an entry of 16 bytes
 * only when it was seen twice; of what was seen once there are two bits in a filter,
 * about a byte a page.  The page itself has a mark elsewhere (engine.h), 4 bytes, of
 * which 28 are its print: a part of its hash, by which it is found again when
 * its content is known no longer.
 *
 * What is seen and has its bits in the filter becomes an entry.  That is right, or a
 * coincidence of bits; and a page that has been seen before and is now equal to an entry
 * is counted nowhere.  So such entries are noted as wanted, and the owner
 * settles: he looks at the marks of single pages for wanted prints, and
 * has them join (vksm_index_join()) or not, then makes entries that stayed single what
 * they are (vksm_index_demote()).
 *
 * Entries of the same print are told apart by a rank, which marks have, too.  A fourth
 * content of a print would have no rank left: it is refused, and counted.
 *
 * Entries are in an open-addressed table, four to a cache line, in order of prints from
 * where their print leads.  It grows while memory is to be had.
 *
 * Pure, and for one caller at a time.
 */

#include <linux/types.h>

#define VKSM_PRINT_BITS		28
#define VKSM_PRINTS		(1UL << VKSM_PRINT_BITS)
#define VKSM_RANKS		3

/** VKSM_ENTRIES_MAX - a GiB of entries */
#define VKSM_ENTRIES_MAX	(1UL << 26)

/** VKSM_COUNT_MAX - pages of one entry; further ones are refused */
#define VKSM_COUNT_BITS		20
#define VKSM_COUNT_MAX		((1UL << VKSM_COUNT_BITS) - 1)

/* What is known of the frames that have a content. */
enum vksm_where {
	VKSM_NOWHERE,		/* nothing */
	VKSM_ONE,		/* the one that was seen: nothing to be merged */
	VKSM_SEVERAL,
	VKSM_MERGED,		/* the merged one, of which the index has a name */
};

/**
 * struct vksm_entry - a content
 * @hash:	its hash
 * @frame:	number of the frame that @where is about
 * @where:	enum vksm_where
 * @rank:	among those of its print
 * @count:	pages that have it; 0: the entry is free
 */
struct vksm_entry {
	u64 hash;
	u64 frame : 40;
	u64 where : 2;
	u64 rank : 2;
	u64 count : VKSM_COUNT_BITS;
};

/**
 * struct vksm_index - the index
 * @entry:	the table
 * @size:	its length, a power of two
 * @used:	entries in it
 * @singles:	those with a count of 1
 * @sites:	the sum of their counts
 * @frames:	those with a merged frame
 * @filter:	bits of what was seen once
 * @wanted:	likewise, eight to one, of entries that were made since the last settling
 * @bits:	length of @filter
 * @noted:	what was put into @filter since it was made
 * @nr_wanted:	entries made since the last settling
 * @lookups:	looks at the table
 * @collisions: contents that were refused, there being no rank
 * @full:	likewise, as their entry counts no more pages
 * @nomem:	contents that are not in the index for want of memory
 */
struct vksm_index {
	struct vksm_entry *entry;
	u64 size;
	u64 used;
	u64 singles;
	u64 sites;
	u64 frames;
	u64 *filter;
	u64 *wanted;
	u64 bits;
	u64 noted;
	u64 nr_wanted;
	u64 lookups;
	u64 collisions;
	u64 full;
	u64 nomem;
};

/* What became of a content, if it is not in an entry of some rank. */
#define VKSM_FOUND_NONE		(-1)	/* seen once: it has its bits in the filter */
#define VKSM_FOUND_NO_RANK	(-2)	/* or its entry is full */

static inline u32 vksm_print(u64 hash)
{
	return hash & (VKSM_PRINTS - 1);
}

int vksm_index_init(struct vksm_index *ix);
void vksm_index_free(struct vksm_index *ix);
u64 vksm_index_bytes(const struct vksm_index *ix);

/* A page has this content from now on.  The rank of its entry, or VKSM_FOUND_*. */
int vksm_index_add(struct vksm_index *ix, u64 hash);

/* It has it no longer; it was counted in the entry of that print and rank. */
void vksm_index_del(struct vksm_index *ix, u32 print, unsigned int rank);

/* As vksm_index_add(), if there is an entry; the filter is left alone. */
int vksm_index_join(struct vksm_index *ix, u64 hash);

/* Whether this content's entry is the one of its print of that rank. */
bool vksm_index_is(struct vksm_index *ix, u64 hash, unsigned int rank);

/* How many have this content, as far as entries tell. */
u64 vksm_index_count(struct vksm_index *ix, u64 hash);

/*
 * A content was seen in this frame, which is not a merged one.  Whether it is in others as
 * well, as far as is known.
 */
bool vksm_index_sight(struct vksm_index *ix, u64 hash, u64 frame);

/* The merged frame of a content; 0: none, or there is no entry. */
u64 vksm_index_frame(struct vksm_index *ix, u64 hash);

/* It has one from now on, whose name is the index's; false: there is no entry. */
bool vksm_index_set_frame(struct vksm_index *ix, u64 hash, u64 frame);

/* Whether what an entry is about is in several frames; and its hash, then. */
bool vksm_index_has_several(struct vksm_index *ix, u32 print, unsigned int rank,
			    u64 *hash);

/* A print's first bit in the filter. */
static inline u64 vksm_index_bit(const struct vksm_index *ix, u32 print)
{
	return (u64)print * ix->bits >> VKSM_PRINT_BITS;
}

static inline bool vksm_index_test(const u64 *bits, u64 at)
{
	return bits[at / 64] >> at % 64 & 1;
}

/* Whether there is an entry of this print. */
bool vksm_index_has(const struct vksm_index *ix, u32 print);

/* Only while @nr_wanted is not 0. */
static inline bool vksm_index_is_wanted(const struct vksm_index *ix, u32 print)
{
	return vksm_index_test(ix->wanted, vksm_index_bit(ix, print) / 8) &&
	       vksm_index_has(ix, print);
}

/* If this entry is single, it is one no longer, but in the filter. */
bool vksm_index_demote(struct vksm_index *ix, u32 print, unsigned int rank);
void vksm_index_settled(struct vksm_index *ix);

/*
 * When all is settled: an empty filter for @pages, if the one there is should be
 * replaced; the caller notes all single pages again.
 */
bool vksm_index_refilter(struct vksm_index *ix, u64 pages);
void vksm_index_note(struct vksm_index *ix, u32 print);

#endif /* VMM_KSM_INDEX_H */
