/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_SCAN_H
#define VMM_KSM_SCAN_H

/*
 * Passes over all memory objects, in small batches.  For one caller at a time, who
 * holds vksm_lock.
 */

#include <linux/types.h>
#include <linux/xarray.h>

#include "ksm/engine.h"
#include "ksm/hash.h"
#include "ksm/look.h"
#include "mem/mem.h"
#include "mem/merge.h"

/* The parts of a pass; see engine.h. */
enum vksm_phase {
	VKSM_PHASE_START,
	VKSM_PHASE_BEGIN,
	VKSM_PHASE_SCAN,
	VKSM_PHASE_JOIN,
	VKSM_PHASE_DEMOTE,
	VKSM_PHASE_MERGE,
};

/* Pages of which is asked at once which were written. */
#define VKSM_NEWS_PAGES		8192

/**
 * struct vksm_news - pages of which is known which were written before
 * @id:		their object, or 0
 * @pass:	in which that was asked
 * @first:	the first of them
 * @end:	behind the last one
 */
struct vksm_news {
	u32 id;
	u64 pass;
	u64 first;
	u64 end;
};

/**
 * struct vksm_scan - where the scan is, and what it knows
 * @engine:	what is known
 * @objects:	vksm_object by number
 * @key:	of hashes
 * @way:	which hash, and how
 * @seed:	of orders and salts
 * @shared:	all is of one domain
 * @uniform:	what is looked at is merged, if only with itself
 * @salt:	of the object that is being looked at
 * @phase:	part of the pass
 * @id:		objects before it are done in this part
 * @step:	steps done in the next one: pages or groups
 * @at:		pages done in the group that is next
 * @news:	the last ones
 * @passes:	that have ended
 * @epoch:	likewise, and how often all was forgotten, since the module was loaded
 * @visited:	pages visited in this pass
 * @mergeable:	pages that were looked at since candidates were last asked for, and are
 *		zero or in an entry, and not merged or not with the entry's frame; and
 *		those that were refused
 * @scan_ns:	time spent
 */
struct vksm_scan {
	struct vksm_engine engine;
	struct xarray objects;
	struct vksm_key key;
	enum vksm_way way;
	u64 seed;
	bool shared;
	bool uniform;
	u64 salt;
	enum vksm_phase phase;
	u32 id;
	u64 step;
	u64 at;
	struct vksm_news news;
	u64 passes;
	u64 epoch;
	u64 visited;
	u64 mergeable;
	u64 scan_ns;
};

/**
 * struct vksm_batch - a bounded piece of work
 * @room:	pages to visit at most
 * @visited:	pages that were
 * @forgotten:	pages that were not there any more
 * @at_page:	stopped before a page, having no room
 * @ended:	the pass came to its end
 * @merging:	candidates are wanted
 * @sharing:	names that a frame may have
 * @ask:	pages of @mem: which were written has to be asked, and told by vksm_scan_told(),
 *		before the scan goes on; or none
 * @candidate:	pages of @mem that are equal to others, and not merged with them
 * @nr:		how many
 * @salt:	of their domain
 * @mem:	to be given back by vmm_mem_unref() without vksm_lock, or NULL
 */
struct vksm_batch {
	unsigned int room;
	unsigned int visited;
	u64 forgotten;
	bool at_page;
	bool ended;
	bool merging;
	unsigned int sharing;
	struct vmm_mem_range ask;
	struct vmm_merge_candidate *candidate;
	unsigned int nr;
	u64 salt;
	struct vmm_mem *mem;
};

/* Candidates that one batch has at most. */
#define VKSM_BATCH_CANDIDATES	VKSM_GROUP_PAGES

int vksm_scan_init(struct vksm_scan *s, const struct vksm_policy *policy);
void vksm_scan_free(struct vksm_scan *s);

/* The next piece. */
void vksm_scan_batch(struct vksm_scan *s, struct vksm_batch *b);

/* What was asked for: @bits of @range, or NULL if nobody can tell. */
void vksm_scan_told(struct vksm_scan *s, const struct vmm_mem *mem,
		    const struct vmm_mem_range *range,
		    const unsigned long *bits);

/* What goes into hashes of an object's pages. */
u64 vksm_scan_salt(const struct vksm_scan *s, const struct vmm_mem *mem);

/* Whether a page that nobody changes has this hash, with that salt. */
bool vksm_scan_is(const struct vksm_scan *s, u64 salt, unsigned long phys,
		  u64 hash);

/*
 * Forgets some of an object that is gone, or is not to be scanned for a while; whether there is
 * more.
 */
bool vksm_scan_gone(struct vksm_scan *s, u32 id);

#endif /* VMM_KSM_SCAN_H */
