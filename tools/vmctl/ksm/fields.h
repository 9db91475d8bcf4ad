/* SPDX-License-Identifier: GPL-2.0 */
/* What is told of an analysis, as records of fields. */
#ifndef VMCTL_KSM_FIELDS_H
#define VMCTL_KSM_FIELDS_H

#include "ksm/analysis.h"
#include "lib/rows.h"

_Static_assert(DUMP_NONE == ROWS_NONE, "what is not known is not told");

extern const struct rows_field ksm_totals_fields[], ksm_vm_fields[],
			       ksm_whatif_fields[], ksm_degree_fields[],
			       ksm_top_fields[], ksm_pair_fields[],
			       ksm_change_fields[];

/** enum ksm_part - a list of records in an analysis */
enum ksm_part {
	KSM_PART_ROUNDS,
	KSM_PART_VMS,
	KSM_PART_WHATIFS,
	KSM_PART_DEGREES,
	KSM_PART_TOP,
	KSM_PART_CHANGES,
	KSM_PARTS,
};

/** ksm_part() - of @a; it is named as in JSON */
struct rows ksm_part(const struct ksm_analysis *a, enum ksm_part part);

#endif
