/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vCPU's registers in the form of the device interface.  For the owner of the
 * vCPU.  The setters check everything that would make an entry fail, and
 * return -EINVAL with nothing changed; what is wrong is a debug message.
 */
#ifndef VMM_CORE_VCPU_STATE_H
#define VMM_CORE_VCPU_STATE_H

#include "uapi/linux/vmm.h"

struct vmm_vcpu;

void vmm_vcpu_get_regs(struct vmm_vcpu *vcpu, struct vmm_regs *regs);
int vmm_vcpu_set_regs(struct vmm_vcpu *vcpu, const struct vmm_regs *regs);
void vmm_vcpu_get_sregs(struct vmm_vcpu *vcpu, struct vmm_sregs *sregs);
int vmm_vcpu_set_sregs(struct vmm_vcpu *vcpu, const struct vmm_sregs *sregs);
void vmm_vcpu_get_debugregs(struct vmm_vcpu *vcpu, struct vmm_debugregs *d);
int vmm_vcpu_set_debugregs(struct vmm_vcpu *vcpu,
			   const struct vmm_debugregs *d);
void vmm_vcpu_get_events(struct vmm_vcpu *vcpu, struct vmm_vcpu_events *e);
int vmm_vcpu_set_events(struct vmm_vcpu *vcpu,
			const struct vmm_vcpu_events *e);

/*
 * What depends on several of the calls above: asked before the first entry after
 * one.  VMM_RESUME, or VMM_TO_USER with VMM_RUN_FAIL_ENTRY and words.
 */
int vmm_vcpu_check_state(struct vmm_vcpu *vcpu);

#endif
