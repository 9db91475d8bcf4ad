// SPDX-License-Identifier: GPL-2.0
/*
 * Pause and resume of a VM.
 */
#include <linux/rcuwait.h>
#include <linux/sched/signal.h>

#include "core/control.h"
#include "core/gate.h"
#include "core/pause.h"
#include "core/request.h"
#include "core/run.h"
#include "core/steal.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "uapi/linux/vmm_netlink.h"

/* Far more than any exit takes; a host that cannot do it has no memory left. */
#define PAUSE_LIMIT	(2 * HZ)

void vmm_pause_init(struct vmm_pause *p)
{
	mutex_init(&p->lock);
	init_waitqueue_head(&p->wait);
}

/*
 * Whoever asks over netlink holds what all families share: many who ask at once
 * shall not wait for each other's limits in a row.
 */
static int take_turn(struct vmm_pause *p)
{
	long left = wait_event_interruptible_timeout(p->wait,
						     mutex_trylock(&p->lock),
						     PAUSE_LIMIT);

	if (left > 0)
		return 0;
	return left ? -EINTR : -ETIMEDOUT;
}

void vmm_pause_unlock(struct vmm_pause *p)
{
	mutex_unlock(&p->lock);
	wake_up(&p->wait);
}

/* ---- a vCPU's side --------------------------------------------------------- */

/* Brings timers in line with the VM's state. */
static void follow(struct vmm_vcpu *vcpu)
{
	bool paused = vmm_vm_is_paused(vcpu->vm);
	u64 stopped_ns;

	lockdep_assert_held(&vcpu->lock);
	if (paused == vcpu->frozen)
		return;
	stopped_ns = vmm_clock_vm_stopped_ns(&vcpu->vm->x86.clock);
	WRITE_ONCE(vcpu->frozen, paused);
	if (paused) {
		vcpu->frozen_ns = stopped_ns;
		vmm_lapic_timer_freeze(&vcpu->apic);
		vmm_steal_stop(vcpu);
	} else {
		vmm_lapic_timer_thaw(&vcpu->apic, stopped_ns - vcpu->frozen_ns);
		vmm_steal_go(vcpu);
	}
}

void __vmm_vcpu_settle_pause(struct vmm_vcpu *vcpu)
{
	wake_up(&vcpu->vm->pause.wait);
	if (mutex_trylock(&vcpu->lock)) {
		follow(vcpu);
		mutex_unlock(&vcpu->lock);
	}
}

/*
 * Until the VM goes on, or the thread has something else to do.  To give way is
 * nothing else: who came out to do it would wake the pauser, and for him give way
 * again.
 */
static int park(struct vmm_vcpu *vcpu)
{
	struct vmm_vm *vm = vcpu->vm;
	int err;

	follow(vcpu);
	do {
		err = rcuwait_wait_event(&vcpu->wait, !vmm_vm_is_paused(vm) ||
					 vmm_vm_is_dead(vm) ||
					 vmm_thread_work(),
					 TASK_INTERRUPTIBLE);
		if (err)
			return err;
		cond_resched();
		err = vmm_vcpu_thread_work(vcpu);
	} while (err == VMM_RESUME && vmm_vm_is_paused(vm));
	return err;
}

int __vmm_vcpu_go_in(struct vmm_vcpu *vcpu)
{
	int ret;

	while (vmm_vm_is_paused(vcpu->vm)) {
		vmm_vcpu_go_out(vcpu);
		ret = park(vcpu);
		if (ret != VMM_RESUME)
			return ret;
		/* See pause.h. */
		smp_store_mb(vcpu->inside, true);
	}
	follow(vcpu);
	return VMM_RESUME;
}

/* ---- the VM's side ---------------------------------------------------------- */

static bool all_out(struct vmm_vm *vm)
{
	struct vmm_vcpu *vcpu;
	u32 i;

	vmm_for_each_vcpu(i, vcpu, vm)
		if (READ_ONCE(vcpu->inside))
			return false;
	return true;
}

/* Tells all vCPUs; a full barrier. */
static void want(struct vmm_vm *vm, bool wanted)
{
	struct vmm_vcpu *vcpu;
	u32 i;

	lockdep_assert_held(&vm->pause.lock);
	WRITE_ONCE(vm->pause.wanted, wanted);
	vmm_for_each_vcpu(i, vcpu, vm)
		WRITE_ONCE(vcpu->wanted, wanted);
	/* See pause.h. */
	smp_mb();
}

void vmm_pause_add_vcpu(struct vmm_vm *vm, u32 id, struct vmm_vcpu *vcpu)
{
	mutex_lock(&vm->pause.lock);
	vcpu->wanted = vm->pause.wanted;
	/* Pairs with vmm_vm_vcpu(): ready for use from here on. */
	smp_store_release(&vm->vcpus[id], vcpu);
	vmm_pause_unlock(&vm->pause);
}

static void let_go(struct vmm_vm *vm)
{
	struct vmm_vcpu *vcpu;
	u32 i;

	lockdep_assert_held(&vm->pause.lock);
	want(vm, false);
	vmm_for_each_vcpu(i, vcpu, vm) {
		vmm_vcpu_kick(vcpu);
		vmm_vcpu_settle_pause(vcpu);
	}
}

static int stop_all(struct vmm_vm *vm)
{
	struct vmm_vcpu *vcpu;
	u32 i;

	lockdep_assert_held(&vm->pause.lock);
	want(vm, true);
	vmm_for_each_vcpu(i, vcpu, vm)
		vmm_vcpu_request(vcpu, VMM_REQ_PAUSE);
	if (!wait_event_timeout(vm->pause.wait, all_out(vm), PAUSE_LIMIT)) {
		let_go(vm);
		return -ETIMEDOUT;
	}
	vmm_clock_vm_stop(&vm->x86.clock);
	vmm_pit_dev_freeze(&vm->irq.pit);
	/* The barrier above is that for settling, too. */
	vmm_for_each_vcpu(i, vcpu, vm)
		vmm_vcpu_settle_pause(vcpu);
	return 0;
}

int vmm_vm_pause(struct vmm_vm *vm)
{
	int err = take_turn(&vm->pause);

	if (err)
		return err;
	if (vmm_vm_is_dead(vm))
		err = -ESHUTDOWN;
	else if (vm->pause.wanted)
		err = -EALREADY;
	else
		err = stop_all(vm);
	if (!err) {
		WRITE_ONCE(vm->pause.done, true);
		vmm_control_life(vm, VMM_NL_EVENT_PAUSED);
	}
	vmm_pause_unlock(&vm->pause);
	return err;
}

int vmm_vm_resume(struct vmm_vm *vm)
{
	u64 before;
	int err = take_turn(&vm->pause);

	if (err)
		return err;
	if (vmm_vm_is_dead(vm)) {
		err = -ESHUTDOWN;
	} else if (!vm->pause.wanted) {
		err = -EALREADY;
	} else {
		before = vm->pause.stopped_ns;
		vmm_clock_vm_go(&vm->x86.clock);
		vm->pause.stopped_ns =
			vmm_clock_vm_stopped_ns(&vm->x86.clock);
		vmm_pit_dev_thaw(&vm->irq.pit,
				 vm->pause.stopped_ns - before);
		WRITE_ONCE(vm->pause.done, false);
		vmm_control_life(vm, VMM_NL_EVENT_RESUMED);
		let_go(vm);
	}
	vmm_pause_unlock(&vm->pause);
	return err;
}

/* ---- holding it ------------------------------------------------------------- */

static void unhold_vcpu(struct vmm_vcpu *vcpu)
{
	mutex_lock(&vcpu->lock);
	vcpu->held = false;
	mutex_unlock(&vcpu->lock);
}

/* Its last owner may not have come to stop its timers. */
static int hold_vcpu(struct vmm_vcpu *vcpu)
{
	if (!mutex_trylock(&vcpu->lock))
		return -EBUSY;
	follow(vcpu);
	vcpu->held = true;
	mutex_unlock(&vcpu->lock);
	return 0;
}

/* All of those below @end. */
static void unhold_vcpus(struct vmm_vm *vm, u32 end)
{
	struct vmm_vcpu *vcpu;
	u32 i;

	vmm_for_each_vcpu(i, vcpu, vm)
		if (i < end)
			unhold_vcpu(vcpu);
}

static int hold_vcpus(struct vmm_vm *vm)
{
	struct vmm_vcpu *vcpu;
	int err;
	u32 i;

	lockdep_assert_held(&vm->pause.lock);
	if (vmm_vm_is_dead(vm))
		return -ESHUTDOWN;
	if (!vm->pause.done)
		return -EBUSY;
	vmm_for_each_vcpu(i, vcpu, vm) {
		err = hold_vcpu(vcpu);
		if (err) {
			unhold_vcpus(vm, i);
			return err;
		}
	}
	return 0;
}

int vmm_pause_hold(struct vmm_vm *vm)
{
	int err = mutex_lock_interruptible(&vm->lock);

	if (err)
		return err;
	err = mutex_lock_interruptible(&vm->pause.lock);
	if (err)
		goto out;
	err = hold_vcpus(vm);
	if (!err)
		return 0;
	vmm_pause_unlock(&vm->pause);
out:
	mutex_unlock(&vm->lock);
	return err;
}

void vmm_pause_unhold(struct vmm_vm *vm)
{
	unhold_vcpus(vm, vm->nr_vcpus);
	vmm_pause_unlock(&vm->pause);
	mutex_unlock(&vm->lock);
}
