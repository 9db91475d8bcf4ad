/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between two sources of pages: what an increment on the old holds. */
#ifndef VMCTL_SNAP_DIFF_H
#define VMCTL_SNAP_DIFF_H

#include "snap/source.h"

/** struct diff_side - a source, and what comes next of it; @over: nothing */
struct diff_side {
	struct snap_source *source;
	struct snap_chunk next;
	bool over;
};

/** struct diff_source - gives pages of the new that are not as the old has them */
struct diff_source {
	struct snap_source source;
	struct diff_side old, new;
	uint64_t given;
};

/** diff_source_init() - what neither source gives is zero in it */
void diff_source_init(struct diff_source *d, struct snap_source *old,
		      struct snap_source *new);

#endif
