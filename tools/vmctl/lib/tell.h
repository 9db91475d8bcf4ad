/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How each kind of record is told: keys, heads, columns.  Keys are an interface,
 * as Documentation/schema has it.
 */
#ifndef VMCTL_TELL_H
#define VMCTL_TELL_H

#include "lib/rows.h"

extern const struct rows_field tell_vm[];	/* struct record_vm */
extern const struct rows_field tell_policy[];	/* likewise, its share of the host */
extern const struct rows_field tell_vcpu[];	/* struct record_vcpu */
extern const struct rows_field tell_slot[];	/* struct record_slot */
extern const struct rows_field tell_event[];	/* struct record_event */

#endif
