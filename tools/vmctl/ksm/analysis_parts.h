/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the analysis share: a pass over the contents of the last round. */
#ifndef VMCTL_KSM_ANALYSIS_PARTS_H
#define VMCTL_KSM_ANALYSIS_PARTS_H

#include "ksm/analysis.h"
#include "ksm/sites.h"

/**
 * struct content_pass - what a content is added to
 * @pages:	of the content at hand, for each VM, of which @touched have any
 * @before:	the dump before of each VM, or NULL
 * @stable:	pages that could be saved among those that have not changed
 */
struct content_pass {
	struct ksm_analysis *a;
	struct dump *const *dump;
	const struct dump *before[SET_MAX_ROUND];
	bool has_before;
	uint32_t pages[SET_MAX_ROUND];
	uint16_t touched[SET_MAX_ROUND];
	unsigned int nr_touched;
	uint64_t stable, stable_zero;
};

int content_begin(struct content_pass *pass, struct ksm_analysis *a,
		  const struct set *s, struct err *err);
void content_add(struct content_pass *pass, const struct site *site, size_t n,
		 bool zero);

/** content_end() - after the last */
void content_end(struct content_pass *pass);

#endif
