/* SPDX-License-Identifier: GPL-2.0 */
/* Surveys whose rows are VMs. */
#ifndef VMM_CTL_KSM_ROWS_H
#define VMM_CTL_KSM_ROWS_H

#include <linux/types.h>

#include "ksm/survey.h"

/**
 * struct vmm_ksm_rows - which VMs, and what they claim
 * @id:		of each row
 * @nr:		how many
 * @room:	for so many
 * @claim:	what they claim
 * @nr_claims:	how many
 * @claim_room:	for so many
 * @err:	there was no memory
 */
struct vmm_ksm_rows {
	u32 *id;
	u32 nr;
	u32 room;
	struct vksm_claim *claim;
	u32 nr_claims;
	u32 claim_room;
	int err;
};

/*
 * A survey, and what its rows are, which is to be freed after it; or ERR_PTR and none.
 * @pairs: as for vksm_survey_create().
 */
struct vksm_survey *vmm_ksm_survey(struct vmm_ksm_rows *rows, bool pairs);
void vmm_ksm_rows_free(struct vmm_ksm_rows *rows);

#endif
