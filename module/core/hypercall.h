/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_CORE_HYPERCALL_H
#define VMM_CORE_HYPERCALL_H

#include <linux/types.h>

struct vmm_vcpu;

/* Carries out the hypercall in the guest's registers; the value for RAX. */
u64 vmm_hypercall(struct vmm_vcpu *vcpu);

/* Gives the processor to a vCPU of the same VM that could use it.  May sleep. */
void vmm_vcpu_yield(struct vmm_vcpu *vcpu);

#endif
