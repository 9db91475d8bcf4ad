// SPDX-License-Identifier: GPL-2.0
#include "ksm/fields.h"

#define TOTALS(key, head, kind) ROWS_FIELD(#key, head, kind, struct ksm_totals, key)

const struct rows_field ksm_totals_fields[] = {
	TOTALS(time_ns,		NULL,		NUMBER),
	TOTALS(vms,		"VMS",		NUMBER),
	TOTALS(pages,		"PAGES",	NUMBER),
	TOTALS(absent,		"ABSENT",	NUMBER),
	TOTALS(away,		"AWAY",		NUMBER),
	TOTALS(present,		"PRESENT",	NUMBER),
	TOTALS(zero,		"ZERO",		NUMBER),
	TOTALS(nonzero,		NULL,		NUMBER),
	TOTALS(contents,	"CONTENTS",	NUMBER),
	TOTALS(frames,		"FRAMES",	NUMBER),
	TOTALS(zero_frames,	NULL,		NUMBER),
	TOTALS(merged,		"MERGED",	NUMBER),
	TOTALS(merged_frames,	NULL,		NUMBER),
	TOTALS(kin,		"KIN",		NUMBER),
	TOTALS(saved,		"SAVED",	NUMBER),
	TOTALS(saved_merged,	NULL,		NUMBER),
	TOTALS(saved_kin,	NULL,		NUMBER),
	TOTALS(possible,	"POSSIBLE",	NUMBER),
	TOTALS(possible_zero,	NULL,		NUMBER),
	TOTALS(share,		"PERMILLE",	NUMBER),
	{}
};

#define VM(key, head, kind) ROWS_FIELD(#key, head, kind, struct ksm_vm, key)

const struct rows_field ksm_vm_fields[] = {
	VM(name,	"VM",		TEXT),
	VM(id,		NULL,		NUMBER),
	VM(host,	NULL,		TEXT),
	VM(kernel,	NULL,		TEXT),
	VM(time_ns,	NULL,		NUMBER),
	VM(pages,	"PAGES",	NUMBER),
	VM(absent,	NULL,		NUMBER),
	VM(away,	"AWAY",		NUMBER),
	VM(present,	"PRESENT",	NUMBER),
	VM(zero,	"ZERO",		NUMBER),
	VM(merged,	"MERGED",	NUMBER),
	VM(kin,		"KIN",		NUMBER),
	VM(huge,	"HUGE",		NUMBER),
	VM(contents,	"CONTENTS",	NUMBER),
	VM(unique,	"UNIQUE",	NUMBER),
	VM(self,	"SELF",		NUMBER),
	VM(other,	"OTHER",	NUMBER),
	VM(same,	NULL,		NUMBER),
	VM(changed,	"CHANGED",	NUMBER),
	VM(appeared,	NULL,		NUMBER),
	VM(gone,	NULL,		NUMBER),
	VM(unknown,	NULL,		NUMBER),
	{}
};

#define WHATIF(key, head, kind) ROWS_FIELD(#key, head, kind, struct ksm_whatif, key)

const struct rows_field ksm_whatif_fields[] = {
	WHATIF(name,		"RULE",		TEXT),
	WHATIF(frames,		"FRAMES",	NUMBER),
	WHATIF(saved,		"SAVED",	NUMBER),
	WHATIF(saved_zero,	"OF-ZERO",	NUMBER),
	WHATIF(bytes,		"SIZE",		ABOUT),
	WHATIF(share,		"PERMILLE",	NUMBER),
	WHATIF(what,		"WHAT",		TEXT),
	{}
};

#define DEGREE(key, head, kind) ROWS_FIELD(#key, head, kind, struct ksm_degree, key)

const struct rows_field ksm_degree_fields[] = {
	DEGREE(least,		"FROM",		NUMBER),
	DEGREE(most,		"TO",		NUMBER),
	DEGREE(contents,	"CONTENTS",	NUMBER),
	DEGREE(pages,		"PAGES",	NUMBER),
	{}
};

#define TOP(key, head, kind) ROWS_FIELD(#key, head, kind, struct ksm_top, key)

const struct rows_field ksm_top_fields[] = {
	TOP(hash,	"HASH",		HEX),
	TOP(pages,	"PAGES",	NUMBER),
	TOP(vms,	"VMS",		NUMBER),
	TOP(frames,	"FRAMES",	NUMBER),
	ROWS_FIELD("vm", "IN", TEXT, struct ksm_top, name),
	TOP(object,	"OBJECT",	NUMBER),
	TOP(index,	"PAGE",		NUMBER),
	{}
};

#define PAIR(key, head, kind) ROWS_FIELD(#key, head, kind, struct ksm_pair, key)

const struct rows_field ksm_pair_fields[] = {
	PAIR(a,		"VM",		TEXT),
	PAIR(b,		"AND",		TEXT),
	PAIR(pages,	"PAGES",	NUMBER),
	PAIR(bytes,	"SIZE",		ABOUT),
	{}
};

#define CHANGE(key, head, kind) ROWS_FIELD(#key, head, kind, struct ksm_change, key)

const struct rows_field ksm_change_fields[] = {
	ROWS_FIELD("vm", "VM", TEXT, struct ksm_change, name),
	CHANGE(from_ns,		NULL,		NUMBER),
	CHANGE(to_ns,		NULL,		NUMBER),
	CHANGE(same,		"SAME",		NUMBER),
	CHANGE(changed,		"CHANGED",	NUMBER),
	CHANGE(appeared,	"APPEARED",	NUMBER),
	CHANGE(gone,		"GONE",		NUMBER),
	CHANGE(unknown,		"UNKNOWN",	NUMBER),
	{}
};

struct rows ksm_part(const struct ksm_analysis *a, enum ksm_part part)
{
	/* They may be sorted where they are, which is nobody's loss. */
	switch (part) {
	case KSM_PART_ROUNDS:
		return (struct rows){ "rounds", ksm_totals_fields, a->round,
				      sizeof(*a->round), a->rounds };
	case KSM_PART_VMS:
		return (struct rows){ "vms", ksm_vm_fields, a->vm,
				      sizeof(*a->vm), a->vms };
	case KSM_PART_WHATIFS:
		return (struct rows){ "rules", ksm_whatif_fields,
				      (void *)a->whatif, sizeof(*a->whatif),
				      a->whatifs };
	case KSM_PART_DEGREES:
		return (struct rows){ "degrees", ksm_degree_fields,
				      (void *)a->degree, sizeof(*a->degree),
				      a->degrees };
	case KSM_PART_TOP:
		return (struct rows){ "top", ksm_top_fields, (void *)a->top,
				      sizeof(*a->top), a->tops };
	default:
		return (struct rows){ "changes", ksm_change_fields, a->change,
				      sizeof(*a->change), a->changes };
	}
}
