/* SPDX-License-Identifier: GPL-2.0 */
/* What dumps tell, as one page of HTML that needs nothing beside it. */
#ifndef VMCTL_KSM_REPORT_H
#define VMCTL_KSM_REPORT_H

#include <stdio.h>

#include "ksm/analysis.h"
#include "ksm/samples.h"

/**
 * struct report - what is to be told
 * @samples:	counters that were sampled meanwhile, or NULL
 */
struct report {
	const char *title;
	const struct set *set;
	const struct ksm_analysis *analysis;
	const struct samples *samples;
};

/** report_write() - as HTML; errors of @out are the caller's to look for */
int report_write(const struct report *r, FILE *out, struct err *err);

#endif
