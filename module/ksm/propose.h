/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_PROPOSE_H
#define VMM_KSM_PROPOSE_H

/*
 * The part of a pass in which merges are proposed; for the files of the scan.
 */

#include "ksm/scan.h"

/* The candidates of a group that is there, to @b, in which there is room for all of it. */
void vksm_propose(struct vksm_scan *s, struct vmm_mem *mem,
		  struct vksm_object *o, u64 nr, struct vksm_batch *b);

#endif /* VMM_KSM_PROPOSE_H */
