/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vCPU's side of pause: see core/pause.h for what it is.
 *
 * Run calls that nobody pauses go through here thousands of times a second, so
 * the short way is inline and the rest is in pause.c.
 */
#ifndef VMM_CORE_GATE_H
#define VMM_CORE_GATE_H

#include "core/exit.h"
#include "core/vcpu.h"
#include "core/vm.h"

void __vmm_vcpu_settle_pause(struct vmm_vcpu *vcpu);
int __vmm_vcpu_go_in(struct vmm_vcpu *vcpu);

/*
 * Nobody pauses the vCPU, nor has.  A plain read, which the compiler folds into the
 * comparison; it follows a barrier each time.
 */
static inline bool vmm_vcpu_gate_open(const struct vmm_vcpu *vcpu)
{
	/* A pauser may be writing: see pause.h. */
	return !data_race(vcpu->gate);
}

/*
 * Around all that runs the guest or finishes its instructions; owner only.
 * Waits while the VM is paused.  VMM_RESUME: inside; else what the run call
 * is to answer.
 */
static inline int vmm_vcpu_go_in(struct vmm_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->lock);

	/* See pause.h. */
	smp_store_mb(vcpu->inside, true);
	if (likely(vmm_vcpu_gate_open(vcpu)))
		return VMM_RESUME;
	return __vmm_vcpu_go_in(vcpu);
}

static inline void vmm_vcpu_go_out(struct vmm_vcpu *vcpu)
{
	/* See pause.h. */
	smp_store_mb(vcpu->inside, false);
	if (unlikely(!vmm_vcpu_gate_open(vcpu)))
		wake_up(&vcpu->vm->pause.wait);
}

/* As vmm_vcpu_go_out(), for who settles next: the pauser is woken there. */
static inline void vmm_vcpu_go_out_settling(struct vmm_vcpu *vcpu)
{
	/* See pause.h. */
	smp_store_release(&vcpu->inside, false);
}

/*
 * Brings timers in line with the VM's state, and wakes a pauser.  For a vCPU
 * that has just been let go of, or that may be free; not holding its lock.
 */
static inline void vmm_vcpu_settle_pause(struct vmm_vcpu *vcpu)
{
	/*
	 * See pause.h.  Unlocking a mutex is a locked operation, and these are
	 * full barriers on this architecture.
	 */
	smp_mb__after_atomic();
	if (unlikely(!vmm_vcpu_gate_open(vcpu)))
		__vmm_vcpu_settle_pause(vcpu);
}

#endif
