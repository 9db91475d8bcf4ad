/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the run loop shares with other waits of a vCPU's thread.
 */
#ifndef VMM_CORE_RUN_H
#define VMM_CORE_RUN_H

struct vmm_vcpu;

/* _TIF_*: what the kernel wants of the current thread; 0: nothing. */
unsigned long vmm_thread_work(void);

/*
 * Why a run call has to return though the guest could go on: VMM_TO_USER, an
 * errno, or VMM_RESUME if it has not.
 */
int vmm_vcpu_thread_work(struct vmm_vcpu *vcpu);

#endif
