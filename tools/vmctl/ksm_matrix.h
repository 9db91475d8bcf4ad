/* SPDX-License-Identifier: GPL-2.0 */
/* What each VM has in common with each other, on standard output. */
#ifndef VMCTL_KSM_MATRIX_H
#define VMCTL_KSM_MATRIX_H

#include "ksm/analysis.h"

/** matrix_print() - a table of pages; @header: with a line of names */
void matrix_print(const struct ksm_analysis *a, bool header);

/** matrix_json() - an object: the names, and rows of pages in their order */
void matrix_json(const struct ksm_analysis *a);

#endif
