/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_INNER_H
#define VMM_KSM_INNER_H

/*
 * What the files of deduplication's outside share; for them alone.
 *
 *	ksm.c		knobs, the thread, start and end
 *	domain.c	which pages may become one with which
 *	work.c		scanning and merging, a batch at a time
 *	figures.c	what is told of all of it
 */

#include <linux/mutex.h>

#include "ksm/ksm.h"
#include "ksm/scan.h"
#include "mem/breaks.h"
#include "mem/merge.h"
#include "mem/merged.h"

/* Candidates that are merged at once: for a grace period. */
#define VKSM_CANDIDATES		(2 * VKSM_BATCH_CANDIDATES)

/* Pages that are visited under the lock; fewer if they have to be looked at. */
#define VKSM_BATCH_PAGES	1024

/**
 * struct vksm_count - what was done since all was forgotten
 * @ended:	what became of candidates, by enum vmm_merge_end
 * @compares:	pages that were compared with a frame, or of which one was made
 * @zeros:	pages of zeros that were given up
 * @merge_ns:	time
 * @flushes:	how often CPUs had to forget translations, but for breaks
 * @broken:	what vmm_breaks_read() said then
 */
struct vksm_count {
	u64 ended[VMM_NR_MERGE_ENDS];
	u64 compares;
	u64 zeros;
	u64 merge_ns;
	u64 flushes;
	struct vmm_breaks broken;
};

/**
 * struct vksm - all of it; under vksm_lock, but that knobs may be read without
 * @scan:	what is known, unless the mode is off
 * @knobs:	what can be set
 * @unmerging:	how many have frames become pages: merges get none meanwhile
 * @count:	work
 */
struct vksm {
	struct vksm_scan scan;
	struct vksm_knobs knobs;
	unsigned int unmerging;
	struct vksm_count count;
};

extern struct vksm vksm;
extern struct mutex vksm_lock;

/**
 * struct vksm_worker - who scans, and what it has found that can be merged
 * @batch:	of the scan
 * @written:	a bit a page, of those that the batch has asked about
 * @mem:	the object of the candidates, referenced, or NULL
 * @salt:	the one that they were found with
 * @pool:	what frames are made of while candidates are merged
 * @nr:		how many there are
 * @candidate:	with room for those of a batch more
 */
struct vksm_worker {
	struct vksm_batch batch;
	DECLARE_BITMAP(written, VKSM_NEWS_PAGES);
	struct vmm_frame_pool pool;
	struct vmm_mem *mem;
	u64 salt;
	unsigned int nr;
	struct vmm_merge_candidate candidate[VKSM_CANDIDATES];
};

/* false: the mode is off, and nothing was done. */
bool vksm_run_batch(struct vksm_worker *w);

void vksm_step_exit(void);

/* Forgets an object that is gone, or is not scanned; takes vksm_lock, a few times. */
void vksm_forget_object(u32 id);

/* Merges what was found, and lets its object go. */
void vksm_merge(struct vksm_worker *w);

#endif /* VMM_KSM_INNER_H */
