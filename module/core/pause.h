/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pause: no vCPU of a VM runs its guest, and the guest's time stands still.
 *
 * The owner of a vCPU sets vmm_vcpu.inside before it looks at vmm_pause.wanted;
 * the pauser sets wanted and then waits until nobody is inside:
 *
 *	owner				pauser
 *	inside = true			wanted = true
 *	full barrier			full barrier
 *	read wanted; leave if set	read inside; wait if set
 *
 * Timers of a vCPU are its owner's.  Whoever holds vmm_vcpu.lock brings them in
 * line with wanted when he takes it, and once more after he has let go of it.
 */
#ifndef VMM_CORE_PAUSE_H
#define VMM_CORE_PAUSE_H

#include <linux/compiler.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>

struct vmm_vcpu;
struct vmm_vm;

/**
 * struct vmm_pause - embedded in the VM
 * @lock:	one pause or resume at a time
 * @wanted:	written under @lock, read by all
 * @stopped_ns:	under @lock; how long the VM's clock has stood still in all
 * @wait:	where a pauser waits for vCPUs to come out
 */
struct vmm_pause {
	struct mutex lock;
	bool wanted;
	u64 stopped_ns;
	wait_queue_head_t wait;
};

void vmm_pause_init(struct vmm_pause *p);

/*
 * May sleep.  0: no vCPU runs, nor will until the resume; -EALREADY,
 * -ESHUTDOWN, -EINTR; -ETIMEDOUT: one did not come out, and all go on.
 */
int vmm_vm_pause(struct vmm_vm *vm);
int vmm_vm_resume(struct vmm_vm *vm);

/*
 * Around all that runs the guest or finishes its instructions; owner only.
 * Waits while the VM is paused.  VMM_RESUME: inside; else what the run call
 * is to answer.
 */
int vmm_vcpu_go_in(struct vmm_vcpu *vcpu);
void vmm_vcpu_go_out(struct vmm_vcpu *vcpu);

/* Brings timers in line with the VM's state; owner only. */
void vmm_vcpu_follow_pause(struct vmm_vcpu *vcpu);

/* Likewise for a vCPU that has just been let go of, or that may be free. */
void vmm_vcpu_settle_pause(struct vmm_vcpu *vcpu);

#endif
