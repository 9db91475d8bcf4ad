/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory-type range registers and PAT as stored values.  Pure.
 *
 * Nested paging does not look at the guest's MTRRs, and all guest RAM is
 * write-back: the registers keep what the guest wrote, checked as hardware
 * checks it, and no more.
 */
#ifndef VMM_X86_MTRR_H
#define VMM_X86_MTRR_H

#include <linux/types.h>

#define VMM_MTRR_VARIABLE	8	/* as IA32_MTRRCAP shows */
#define VMM_MTRR_FIXED		11

/* struct vmm_mtrr - @base, @mask: variable ranges; @fixed: in MSR order */
struct vmm_mtrr {
	u64 deftype;
	u64 base[VMM_MTRR_VARIABLE];
	u64 mask[VMM_MTRR_VARIABLE];
	u64 fixed[VMM_MTRR_FIXED];
};

u64 vmm_mtrr_cap(void);

/* -EINVAL: no such register (#GP), or a value that it does not take. */
int vmm_mtrr_get(const struct vmm_mtrr *m, u32 index, u64 *val);
int vmm_mtrr_set(struct vmm_mtrr *m, u64 gpa_reserved, u32 index, u64 val);

bool vmm_pat_valid(u64 val);

#define VMM_PAT_RESET	0x0007040600070406ULL

#endif
