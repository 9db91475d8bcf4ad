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
struct vmm_msr_rule;

/**
 * struct vmm_msr_host - what the registers tell about this host
 * @microcode:	revision
 * @arch_caps:	IA32_ARCH_CAPABILITIES, 0 if there is none
 * @tsc_khz:	frequency of the TSC
 * @vm_cr:	VM_CR, as it is where virtualization is off and locked
 * @lfence_serializes: DE_CFG says so
 */
struct vmm_msr_host {
	u32 microcode;
	u32 tsc_khz;
	u64 arch_caps;
	u64 vm_cr;
	bool lfence_serializes;
};

/**
 * struct vmm_msr_state - MSRs of a vCPU that are nothing but storage
 * @mtrr:	memory-type ranges
 * @pat:	IA32_PAT, of which the backend has a copy
 * @misc_enable: IA32_MISC_ENABLE
 * @mcg_status:	IA32_MCG_STATUS
 * @microcode:	IA32_BIOS_SIGN_ID or PATCH_LEVEL
 * @hwcr, @nb_cfg: of AMD
 * @tsc_aux:	IA32_TSC_AUX
 * @last_rule:	of the policy's table, where the last look-up ended
 */
struct vmm_msr_state {
	const struct vmm_msr_rule *last_rule;
	struct vmm_mtrr mtrr;
	u64 pat;
	u64 misc_enable;
	u64 mcg_status;
	u64 microcode;
	u64 hwcr;
	u64 nb_cfg;
	u32 tsc_aux;
};

void vmm_msr_setup(const struct vmm_msr_host *host);	/* once */

/* After power-on.  INIT leaves all of these alone. */
void vmm_msr_reset(struct vmm_x86 *x86);

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
 * All of them as a record.  Check: with the CPUID of @limits; -EINVAL, or -EOPNOTSUPP
 * for what the guest has been told of and this host cannot give; load: what a check
 * has found good.
 */
struct vmm_cpu_limits;
struct vmm_state_msrs;
void vmm_msr_save(struct vmm_x86 *x86, struct vmm_state_msrs *st);
int vmm_msr_check(struct vmm_x86 *x86, const struct vmm_cpu_limits *limits,
		  const struct vmm_state_msrs *st);
void vmm_msr_load(struct vmm_x86 *x86, const struct vmm_state_msrs *st);

/*
 * MSRs that a backend whose hardware switches them need not intercept; ended
 * by 0.
 */
extern const u32 vmm_msr_passthrough[];

#endif
