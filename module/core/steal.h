/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Steal time: how long a vCPU did not run because its thread waited for a
 * processor of the host.
 *
 * The scheduler keeps that account for each thread, sched_info.run_delay, and
 * here it is read when the vCPU is loaded: what it has grown by is the steal
 * time since the last load.  It has all waits of a thread that wants to run:
 * behind others, in a group that has used up its quota, after it was woken.
 * Sleep is none.
 *
 * While the VM is paused no time is stolen: its clock stands still.  What its
 * threads wait for a processor meanwhile, in user space or parked, is left out.
 *
 * All of it is for the owner of the vCPU (vmm_vcpu.lock).
 */
#ifndef VMM_CORE_STEAL_H
#define VMM_CORE_STEAL_H

#include <linux/sched.h>

#include "core/vcpu.h"

/* The calling thread runs @vcpu from here on, and did not before. */
void vmm_steal_begin(struct vmm_vcpu *vcpu);

/* The VM's clock has stopped, or goes on. */
void vmm_steal_stop(struct vmm_vcpu *vcpu);
void vmm_steal_go(struct vmm_vcpu *vcpu);

void __vmm_steal_load(struct vmm_vcpu *vcpu);

#ifdef CONFIG_SCHED_INFO
static inline u64 vmm_run_delay(void)
{
	return current->sched_info.run_delay;
}
#else
static inline u64 vmm_run_delay(void)
{
	return 0;
}
#endif

/* The calling thread is about to load @vcpu. */
static inline void vmm_steal_load(struct vmm_vcpu *vcpu)
{
	if (unlikely(vmm_run_delay() != vcpu->run_delay))
		__vmm_steal_load(vcpu);
}

#endif
