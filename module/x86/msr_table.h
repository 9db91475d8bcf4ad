/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table behind msr.c, and the functions that it names.
 */
#ifndef VMM_X86_MSR_TABLE_H
#define VMM_X86_MSR_TABLE_H

#include <linux/types.h>

struct vmm_x86;

typedef int vmm_msr_getter(struct vmm_x86 *x86, u32 index, u64 *val,
			   bool by_host);
typedef int vmm_msr_setter(struct vmm_x86 *x86, u32 index, u64 val,
			   bool by_host);

/**
 * struct vmm_msr_rule - what to do about a range of MSRs
 * @first, @last: the range
 * @need:	the guest's CPUID must have one of these (bits by enum
 *		vmm_cpu_feat), if any
 * @get:	0 or -EINVAL; NULL: cannot be read
 * @set:	0 or -EINVAL; NULL: cannot be written
 */
struct vmm_msr_rule {
	u32 first;
	u32 last;
	u64 need;
	vmm_msr_getter *get;
	vmm_msr_setter *set;
};

/* Sorted; no two ranges overlap. */
extern const struct vmm_msr_rule vmm_msr_rules[];
extern const unsigned int vmm_nr_msr_rules;

/*
 * For msr_state.c: whether a register that is stored takes @val of user space, and
 * IA32_ARCH_CAPABILITIES as guests see it.
 */
bool vmm_msr_stored_valid(struct vmm_x86 *x86, u32 index, u64 val);
u64 vmm_msr_arch_caps(void);

vmm_msr_getter vmm_msr_get_backend, vmm_msr_get_efer, vmm_msr_get_fixed,
	       vmm_msr_get_kvm, vmm_msr_get_lapic, vmm_msr_get_mtrr,
	       vmm_msr_get_pat, vmm_msr_get_stored, vmm_msr_get_tsc,
	       vmm_msr_get_tsc_aux, vmm_msr_get_zero;
vmm_msr_setter vmm_msr_set_address, vmm_msr_set_backend, vmm_msr_set_efer,
	       vmm_msr_set_fixed, vmm_msr_set_ignore, vmm_msr_set_kvm,
	       vmm_msr_set_lapic, vmm_msr_set_microcode, vmm_msr_set_mtrr,
	       vmm_msr_set_pat, vmm_msr_set_pred_cmd, vmm_msr_set_sfmask,
	       vmm_msr_set_stored, vmm_msr_set_tsc, vmm_msr_set_tsc_aux, vmm_msr_set_zero;

#endif
