/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The MSR policy: one sorted table of ranges with a getter and a setter each.
 * What is not in the table, or not in this vCPU's CPUID, is refused.
 *
 * Nothing here sleeps: the functions may run in the entry loop.  They are for
 * the thread that owns the vCPU.  A write that takes effect in guest memory
 * (clock, steal time) is carried out by vmm_clock_update(), which gets
 * requested through the ops.
 */
#ifndef VMM_X86_MSR_H
#define VMM_X86_MSR_H

#include <linux/types.h>

#include "x86/mtrr.h"

struct vmm_x86;

/**
 * struct vmm_msr_state - MSRs that are nothing but storage
 */
struct vmm_msr_state {
	struct vmm_mtrr mtrr;
	u64 pat;
	u64 misc_enable;
	u64 mcg_status;
	u64 patch_level;
	u64 hwcr;
	u64 tsc_aux;
	u64 debugctl;
};

/* RDMSR and WRMSR of the guest: 0, or -EINVAL for #GP. */
int vmm_msr_read(struct vmm_x86 *x86, u32 index, u64 *val);
int vmm_msr_write(struct vmm_x86 *x86, u32 index, u64 val);

/*
 * The same for user space, which may also write what the guest can only read,
 * and whose write of the TSC sets the counter of this vCPU exactly.
 */
int vmm_msr_get(struct vmm_x86 *x86, u32 index, u64 *val);
int vmm_msr_set(struct vmm_x86 *x86, u32 index, u64 val);

/*
 * MSRs that a backend whose hardware switches them need not intercept, sorted;
 * ended by 0.
 */
extern const u32 vmm_msr_passthrough[];

#endif
