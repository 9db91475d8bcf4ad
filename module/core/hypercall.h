/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_CORE_HYPERCALL_H
#define VMM_CORE_HYPERCALL_H

#include <linux/types.h>

struct vmm_vcpu;

/*
 * Carries out the hypercall in the guest's registers; VMM_RESUME, or
 * VMM_WOULD_SLEEP with @atomic, and nothing is done.
 */
int vmm_hypercall(struct vmm_vcpu *vcpu, bool atomic);

#endif
