/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pause: no vCPU of a VM runs its guest, and the guest's time stands still.
 *
 * The owner of a vCPU sets vmm_vcpu.inside before it looks at wanted, of which it
 * has a copy at hand, vmm_vcpu.wanted; the pauser sets both and then waits until nobody is inside:
 *
 *	owner				pauser
 *	inside = true			wanted = true
 *	full barrier			full barrier
 *	read wanted; leave if set	read inside; wait if set
 *
 * Timers of a vCPU are its owner's, who brings them in line with wanted before
 * he goes in.  Of a vCPU that nobody owns the pauser does it, and if he finds
 * it owned, the owner does, after he has let go of it:
 *
 *	owner				pauser
 *	unlock				write wanted
 *	full barrier			full barrier
 *	read wanted; try to lock	try to lock
 *
 * The owner's side is in gate.h.
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
 * @lock:	one pause or resume at a time; who finds a vCPU owned can tell with
 *		it whether that is but the pauser
 * @wanted:	written under @lock, read by all
 * @done:	likewise; nobody is inside, and this is what others are told: it
 *		changes before the notice of the change is given
 * @stopped_ns:	under @lock; how long the VM's clock has stood still in all
 * @wait:	where a pauser waits for vCPUs to come out, and others for @lock
 */
struct vmm_pause {
	struct mutex lock;
	bool wanted;
	bool done;
	u64 stopped_ns;
	wait_queue_head_t wait;
};

void vmm_pause_init(struct vmm_pause *p);

/* Lets the next one have the lock. */
void vmm_pause_unlock(struct vmm_pause *p);

/* Publishes a vCPU, which no pause shall miss.  Holding vmm_vm.lock. */
void vmm_pause_add_vcpu(struct vmm_vm *vm, u32 id, struct vmm_vcpu *vcpu);

/*
 * Holds a VM that is paused: it stays that, it gets no more vCPUs, and its vCPUs are
 * the caller's, who takes vmm_vcpu.lock for each in turn while he is at it.  Who wants
 * to own one waits until the end.  -EBUSY: it is not paused, or a vCPU is owned;
 * -ESHUTDOWN, -EINTR.  Not all the locks at once: there may be more of them than
 * lockdep follows.
 */
int vmm_pause_hold(struct vmm_vm *vm);
void vmm_pause_unhold(struct vmm_vm *vm);

/*
 * May sleep.  0: no vCPU runs, nor will until the resume; -EALREADY,
 * -ESHUTDOWN, -EINTR; -ETIMEDOUT: one did not come out, and all go on, or others
 * were at it all the time.
 */
int vmm_vm_pause(struct vmm_vm *vm);
int vmm_vm_resume(struct vmm_vm *vm);

#endif
