/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vCPU's registers and events as saved records.  For the owner of the vCPU, or who
 * holds the VM.
 *
 * Checks ask about records alone, with the CPUID that comes with them.  0 or -EINVAL;
 * what they have found good a load takes: first CPUID, then system registers, then
 * registers, then events.
 */
#ifndef VMM_CORE_VCPU_RECORD_H
#define VMM_CORE_VCPU_RECORD_H

#include <linux/types.h>
#include <linux/vmm_state.h>

struct vmm_cpu_limits;
struct vmm_vcpu;

/*
 * Whether there is anything under way that records do not have: -EINPROGRESS, an
 * access that user space is to finish; -ENOTRECOVERABLE, it has stopped for good.
 */
int vmm_vcpu_savable(struct vmm_vcpu *vcpu);

void vmm_vcpu_save_sregs(struct vmm_vcpu *vcpu, struct vmm_state_sregs *st);
void vmm_vcpu_save_debugregs(struct vmm_vcpu *vcpu,
			     struct vmm_state_debugregs *st);
void vmm_vcpu_save_events(struct vmm_vcpu *vcpu, struct vmm_state_events *st);

int vmm_vcpu_check_sregs(const struct vmm_cpu_limits *limits,
			 const struct vmm_state_sregs *st);
int vmm_vcpu_check_events(const struct vmm_state_events *st,
			  const struct vmm_state_sregs *sregs,
			  const struct vmm_regs *regs);

/* @apic_base: of the local APIC's record, which is loaded later. */
int vmm_vcpu_load_sregs(struct vmm_vcpu *vcpu, const struct vmm_state_sregs *st,
			u64 apic_base);
int vmm_vcpu_load_debugregs(struct vmm_vcpu *vcpu,
			    const struct vmm_state_debugregs *st);
void vmm_vcpu_load_events(struct vmm_vcpu *vcpu,
			  const struct vmm_state_events *st);

#endif
