/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_ENGINE_H
#define VMM_KSM_ENGINE_H

/*
 * The engine: what is known of pages, and what it adds up to.
 *
 * Each page of an object that has been looked at has a mark: the print of its content
 * and its kind.  Marks are in groups, which are there where there are marks.  What has
 * a mark of kind VKSM_SHARED is counted in an entry of the index; all others are not,
 * and what single pages are like only the index's filter knows, vaguely.
 *
 * A pass looks at each page once:
 *	begin	a filter for as many pages as there are, if need be, in which single
 *		pages are noted
 *	scan	pages, by vksm_note()
 *	join	single pages that turned out to have an equal join its entry, each after
 *		another look at it
 *	demote	entries of one page become none
 *	merge	pages whose content is in several frames can be merged, and zeros be given
 *		up, by who wants that
 * After a pass over pages that nobody changes, the figures are exact.
 *
 * Nothing is known of pages' numbers in the host: frames that several objects have
 * count for each.
 *
 * Pure, and for one caller at a time.
 */

#include <linux/types.h>

#include "ksm/hash.h"
#include "ksm/index.h"
#include "ksm/policy.h"
#include "ksm/times.h"

#define VKSM_GROUP_SHIFT	10
#define VKSM_GROUP_PAGES	(1UL << VKSM_GROUP_SHIFT)

/* Kinds of pages. */
enum vksm_kind {
	VKSM_UNKNOWN,		/* not looked at */
	VKSM_SINGLE,		/* like no other */
	VKSM_ZERO,		/* of zeros only */
	VKSM_VOLATILE,		/* to be seen with the same content once more */
	VKSM_REFUSED,		/* too many contents have its print */
	VKSM_SHARED,		/* in an entry: like others, after a pass */
	VKSM_NR_KINDS,
};

/*
 * A mark: print, whether the page was one that cannot change unnoticed, kind; that of
 * a page in an entry is VKSM_SHARED and the entry's rank.
 */
#define VKSM_MARK_KIND		7U
#define VKSM_MARK_STILL		8U
#define VKSM_MARK_PRINT_SHIFT	4

struct vksm_group {
	u32 mark[VKSM_GROUP_PAGES];
};

/* One page of so many in a row is followed: which, depends on the object and the group. */
#define VKSM_FOLLOW_SHIFT	6
#define VKSM_FOLLOWED		(VKSM_GROUP_PAGES >> VKSM_FOLLOW_SHIFT)

/**
 * struct vksm_stamp - when something was, of a group
 * @turns:	what vmm_mem_turns() was when its still pages were last gone through
 * @moves:	likewise vmm_mem_moves()
 * @since:	of followed pages that have marks: when their contents were first seen there,
 *		by vksm_clock()
 */
struct vksm_stamp {
	u32 turns;
	u32 moves;
	u32 since[VKSM_FOLLOWED];
};

/* Counters of work, of an object and of all. */
#define VKSM_WORK(X)							\
	X(SCANNED,	"pages_scanned")	/* visited */		\
	X(SKIPPED,	"pages_skipped_clean")	/* cannot have changed */ \
	X(HASHED,	"pages_hashed")					\
	X(CHANGED,	"pages_changed")	/* not as they were */

enum vksm_work {
#define X(sym, name) VKSM_WORK_##sym,
	VKSM_WORK(X)
#undef X
	VKSM_NR_WORK
};

/**
 * struct vksm_figures - of an object, or of all
 * @kind:	pages by kind
 * @work:	what was done
 */
struct vksm_figures {
	u64 kind[VKSM_NR_KINDS];
	u64 work[VKSM_NR_WORK];
};

/**
 * struct vksm_object - what is known of a memory object
 * @id:		its number in mem's registry
 * @turns:	what vmm_mem_turns() was when still pages were marked
 * @moves:	likewise vmm_mem_moves()
 * @tracked:	it is told which of its pages were written; what that takes is counted
 * @nr_pages:	its length
 * @figures:	of it
 * @stamp:	one for each group, whether it is there or not; behind @group
 * @nr_groups:	length of @group
 * @groups:	how many are there
 * @ended:	groups before it are forgotten, of one that goes
 * @group:	marks, or NULL where there are none
 */
struct vksm_object {
	u32 id;
	u32 turns;
	u32 moves;
	bool tracked;
	u64 nr_pages;
	struct vksm_figures figures;
	struct vksm_stamp *stamp;
	u64 nr_groups;
	u64 groups;
	u64 ended;
	struct vksm_group *group[];
};

/**
 * struct vksm_engine - all of it
 * @index:	contents
 * @figures:	of all objects; work includes that of objects that are gone
 * @policy:	which
 * @meta_bytes:	what marks take
 * @meta_max:	what they may take, or 0 for no limit: no control group is charged for them
 * @now:	time, by vksm_clock()
 * @times:	of followed pages
 */
struct vksm_engine {
	struct vksm_index index;
	struct vksm_figures figures;
	const struct vksm_policy *policy;
	u64 meta_bytes;
	u64 meta_max;
	u32 now;
	struct vksm_times times;
};

/* Whether a page is followed, and then its place in @since. */
static inline bool vksm_is_followed(const struct vksm_object *o, u64 index)
{
	return !(((index >> VKSM_GROUP_SHIFT) * 37 + o->id + index) &
		 ((1U << VKSM_FOLLOW_SHIFT) - 1));
}

/* A page that is known was merged. */
void vksm_follow_merge(struct vksm_engine *e, const struct vksm_object *o,
		       u64 index);

/**
 * struct vksm_look - a look at a page
 * @hash:	its hash, unless
 * @zero:	it is of zeros
 * @still:	it cannot have changed as long as it is found so
 * @phys:	where it is
 * @frame:	it is this merged frame, of which the looker has a name; or 0
 */
struct vksm_look {
	u64 hash;
	bool zero;
	bool still;
	unsigned long phys;
	unsigned long frame;
};

int vksm_engine_init(struct vksm_engine *e, const struct vksm_policy *policy);
void vksm_engine_free(struct vksm_engine *e);
u64 vksm_engine_bytes(const struct vksm_engine *e);

struct vksm_object *vksm_object_create(struct vksm_engine *e, u32 id,
				       u64 nr_pages);
/*
 * Forgets some pages of an object that is not looked at any more, in @most groups; false: that
 * was all, and it has been freed.
 */
bool vksm_object_end(struct vksm_engine *e, struct vksm_object *o, u64 most);

/* Of an engine that is to be freed: contents stay, as if it still had them. */
void vksm_object_drop(struct vksm_engine *e, struct vksm_object *o);

/* What has been still in a group that is there may have changed; one page that has. */
void vksm_stir_group(struct vksm_object *o, u64 nr);
void vksm_stir_page(struct vksm_object *o, u64 index);

/* Likewise those of [@first, @first + @count) that have a bit. */
void vksm_stir_written(struct vksm_object *o, u64 first, u64 count,
		       const unsigned long *bits);

/* Whether it is told which were written; if that has changed, they may have. */
void vksm_object_track(struct vksm_engine *e, struct vksm_object *o,
		       bool tracked);

/* Whether a group's still pages have been gone through since @turns and @moves changed. */
static inline bool vksm_is_fresh(const struct vksm_object *o, u64 nr)
{
	return o->stamp[nr].turns == o->turns && o->stamp[nr].moves == o->moves;
}

static inline u32 vksm_mark(const struct vksm_object *o, u64 index)
{
	const struct vksm_group *g = o->group[index >> VKSM_GROUP_SHIFT];

	return g ? g->mark[index & (VKSM_GROUP_PAGES - 1)] : 0;
}

/* How many of @n pages that have marks in a row are marked as still. */
u64 vksm_still_run(const u32 *mark, u64 n);

static inline bool vksm_is_shared(const struct vksm_object *o, u64 index)
{
	return (vksm_mark(o, index) & VKSM_MARK_KIND) >= VKSM_SHARED;
}

static inline bool vksm_is_zero(const struct vksm_object *o, u64 index)
{
	return (vksm_mark(o, index) & VKSM_MARK_KIND) == VKSM_ZERO;
}

/* Whether what the page has is in several frames; and its hash, then. */
bool vksm_has_several(struct vksm_engine *e, const struct vksm_object *o,
		      u64 index, u64 *hash);

/* Pages were visited, and what was known of them holds. */
static inline void vksm_pass_over(struct vksm_engine *e, struct vksm_object *o,
				  u64 pages)
{
	e->figures.work[VKSM_WORK_SCANNED] += pages;
	e->figures.work[VKSM_WORK_SKIPPED] += pages;
	o->figures.work[VKSM_WORK_SCANNED] += pages;
	o->figures.work[VKSM_WORK_SKIPPED] += pages;
}

/*
 * A page was visited and looked at.  Its enum vksm_kind from now on, or -1: no memory for what
 * is to be known of it.
 */
int vksm_note(struct vksm_engine *e, struct vksm_object *o, u64 index,
	      const struct vksm_look *look);

/* There are no pages in [@first, @end); how many had been seen there. */
u64 vksm_forget(struct vksm_engine *e, struct vksm_object *o, u64 first,
		u64 end);

/* --- at the ends of a pass ----------------------------------------------------- */

/* Single pages are to be noted again. */
bool vksm_begin(struct vksm_engine *e, u64 resident);
void vksm_begin_group(struct vksm_engine *e, struct vksm_object *o, u64 nr);

/* Whether there is something to be settled. */
bool vksm_is_unsettled(const struct vksm_engine *e);

/*
 * The first page from @index on that has to be looked at, or @end; all of them in one
 * group that is there.  And the look, and what it is from now on.
 */
u64 vksm_next_wanted(const struct vksm_engine *e, const struct vksm_object *o,
		     u64 index, u64 end);
enum vksm_kind vksm_join(struct vksm_engine *e, struct vksm_object *o,
			 u64 index, const struct vksm_look *look);
void vksm_demote_group(struct vksm_engine *e, struct vksm_object *o, u64 nr);

#endif /* VMM_KSM_ENGINE_H */
