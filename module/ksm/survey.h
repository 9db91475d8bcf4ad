/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_SURVEY_H
#define VMM_KSM_SURVEY_H

/*
 * A survey: who has how much of all frames, by one walk over all memory objects.
 * See survey.c.
 */

#include <linux/types.h>

#include "ksm/ksm.h"
#include "ksm/tally.h"
#include "mem/breaks.h"

/* Most rows that pairs are counted of. */
#define VKSM_PAIRS_ROWS		512

/**
 * struct vksm_claim - an object is in a VM's slots
 * @mem:	its number
 * @row:	the VM's
 */
struct vksm_claim {
	u32 mem;
	u32 row;
};

/**
 * struct vksm_holder - what a row has
 * @row:	of frames
 * @stat:	what is known of its objects
 * @objects:	how many
 */
struct vksm_holder {
	struct vksm_row row;
	u64 stat[VKSM_NR_VM_STATS];
	u32 objects;
};

/**
 * struct vksm_survey - what a walk has met
 * @frames:	each once
 * @sites:	pages in them, of all rows
 * @objects:	that were walked over
 * @began_ns:	time since boot
 * @took_ns:	until the end
 * @degrees:	how many sites frames have
 * @stat:	all figures, at the end
 * @spans:	what is counted in them
 * @pairs:	NULL, or frames that each two rows have in common, @nr times @nr
 * @top:	with @pairs: frames with most sites
 * @nr:		length of @holder
 * @holder:	rows; the last one is of objects that no row claims
 */
struct vksm_survey {
	u64 frames;
	u64 sites;
	u32 objects;
	u64 began_ns;
	u64 took_ns;
	struct vksm_degrees degrees;
	s64 stat[VKSM_NR_STATS];
	struct vksm_spans spans;
	u64 *pairs;
	struct vksm_top top[VKSM_TOP];
	u32 nr;
	struct vksm_holder holder[];
};

struct vksm_survey *vksm_survey_create(struct vksm_claim *claim, u32 nr,
				       u32 rows, bool pairs);
void vksm_survey_free(struct vksm_survey *s);

extern const char *const vksm_row_stat_names[VKSM_NR_ROW_STATS];

#endif /* VMM_KSM_SURVEY_H */
