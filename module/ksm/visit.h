/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_VISIT_H
#define VMM_KSM_VISIT_H

/*
 * Visits of the scan to pages: whether one can have changed, and what is in it if so.  For
 * the files of the scan.
 *
 * A page is looked at inside of RCU, by the word that the object has for it at that
 * moment; nothing is made, no reference taken, no lock of memory objects held, so that
 * no vCPU waits for a hash.  What is written meanwhile makes a hash of no content
 * that ever was; the next pass sees that the page is another one.
 *
 * Pages that cannot have changed
 *   A page that was not the object's own when it was hashed, and is not now, is as it was
 *   (mem/registry.c), if no freeze and no return began in between; that is a count
 *   for each object.  All pages of frozen objects are such pages.
 *   A page that is own can be written at any time.  Who writes leaves a trace, if the object is
 *   tracked (mem/written.c), but for who has a reference; so a page that somebody
 *   refers to is always looked at.  Traces of some thousand pages at a time are asked for before
 *   the scan comes to them, without vksm_lock, as vCPUs may have to be interrupted for that.
 *   Where hardware does not tell, only the first kind of pages is passed over.
 */

#include "ksm/scan.h"

enum vksm_seen {
	VKSM_ABSENT,
	VKSM_PRESENT,		/* there was no room to look at it */
	VKSM_AS_BEFORE,
	VKSM_LOOKED_AT,
};

/*
 * Passes over pages from @index on that cannot have changed, as far as @end and within a group;
 * how many.
 */
unsigned int vksm_visit_still(struct vksm_scan *s, struct vmm_mem *mem,
			      struct vksm_object *o, u64 index, u64 end,
			      struct vksm_batch *b);

/*
 * Visits the page at @index, if there is one and room, and some that follow it in a row if that
 * is asked for, as far as @end and within a group.  @nr: how many were visited; they were all
 * the same.
 */
enum vksm_seen vksm_visit(struct vksm_scan *s, struct vmm_mem *mem,
			  struct vksm_object *o, u64 index, u64 end,
			  struct vksm_batch *b, unsigned int *nr);

/*
 * Single pages of a group that may be equal to one that was seen after them, some of them at a
 * time; whether that was all.
 */
bool vksm_visit_wanted(struct vksm_scan *s, struct vmm_mem *mem,
		       struct vksm_object *o, u64 nr);

#endif /* VMM_KSM_VISIT_H */
