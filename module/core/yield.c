// SPDX-License-Identifier: GPL-2.0
/*
 * Directed yield.  See yield.h, and yield_choice.h for the choice.
 */
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "core/request.h"
#include "core/stats.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "core/yield.h"
#include "core/yield_choice.h"

/* Each attempt takes the locks of two run queues. */
#define MAX_TRIES	3

static bool directed_yield = true;
module_param(directed_yield, bool, 0644);
MODULE_PARM_DESC(directed_yield,
		 "a vCPU that spins gives way to one that waits for a processor");

/* The scheduler notes since when a thread has been waiting. */
#ifdef CONFIG_SCHED_INFO
static bool task_waits(struct task_struct *task)
{
	return READ_ONCE(task->sched_info.last_queued);
}
#else
static bool task_waits(struct task_struct *task)
{
	return task_is_running(task) && task != current;
}
#endif

bool vmm_yield_waits(struct vmm_vcpu *vcpu)
{
	struct task_struct *task;
	bool waits;

	if (READ_ONCE(vcpu->cpu) >= 0)
		return false;
	rcu_read_lock();
	task = pid_task(rcu_dereference(vcpu->pid), PIDTYPE_PID);
	waits = task && task_waits(task);
	rcu_read_unlock();
	return waits;
}

static bool interrupted(const struct vmm_vcpu *vcpu)
{
	return vmm_lapic_requested(&vcpu->apic) ||
	       (READ_ONCE(vcpu->requests) & BIT(VMM_REQ_NMI));
}

static enum vmm_yield_rank rank(struct vmm_vcpu *vcpu, bool kernel)
{
	struct vmm_yield_view v = {
		.waits = vmm_yield_waits(vcpu),
		.spins = READ_ONCE(vcpu->spinning),
		.in_user = READ_ONCE(vcpu->preempted_in_user),
		.interrupted = interrupted(vcpu),
	};

	return vmm_yield_rank(&v, kernel);
}

static bool in_kernel(struct vmm_vcpu *vcpu)
{
	struct vmm_cpu_mode mode;

	vmm_backend->get_mode(vcpu, &mode);
	return mode.cpl < 3;
}

static struct vmm_yield_walk walk_from(struct vmm_vcpu *vcpu)
{
	return (struct vmm_yield_walk) {
		.nr = vcpu->vm->nr_vcpus,
		.self = vcpu->id,
		.last = READ_ONCE(vcpu->vm->last_yield),
	};
}

/* The next candidate of the walk that will do, or NULL. */
static struct vmm_vcpu *next(struct vmm_vcpu *vcpu, struct vmm_yield_walk *w,
			     bool kernel)
{
	struct vmm_vcpu *other;
	u32 id;

	while (vmm_yield_next(w, &id)) {
		other = vmm_vm_vcpu(vcpu->vm, id);
		if (other && rank(other, kernel) == w->rank)
			return other;
	}
	return NULL;
}

/* Returns whether @other's thread gets the processor. */
static bool attempt(struct vmm_vcpu *vcpu, struct vmm_vcpu *other)
{
	struct task_struct *task;
	bool hit;

	rcu_read_lock();
	task = pid_task(rcu_dereference(other->pid), PIDTYPE_PID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (!task)
		return false;
	vmm_stat_inc(&vcpu->stats, VMM_STAT_YIELDS_TRIED);
	hit = yield_to(task, true) > 0;
	put_task_struct(task);
	if (hit)
		vmm_stat_inc(&vcpu->stats, VMM_STAT_YIELDS_HIT);
	return hit;
}

bool vmm_yield_wanted(struct vmm_vcpu *vcpu)
{
	struct vmm_yield_walk w = walk_from(vcpu);

	return READ_ONCE(directed_yield) && next(vcpu, &w, in_kernel(vcpu));
}

void vmm_yield_spinning(struct vmm_vcpu *vcpu)
{
	struct vmm_yield_walk w = walk_from(vcpu);
	bool kernel = in_kernel(vcpu), hit = false;
	struct vmm_vcpu *other;
	int tries;

	lockdep_assert_held(&vcpu->lock);
	WRITE_ONCE(vcpu->spinning, true);
	WRITE_ONCE(vcpu->preempted_in_user, !kernel);
	vmm_clock_preempted(&vcpu->x86);
	for (tries = 0; tries < MAX_TRIES && !hit; tries++) {
		other = next(vcpu, &w, kernel);
		if (!other)
			break;
		WRITE_ONCE(vcpu->vm->last_yield, other->id);
		hit = attempt(vcpu, other);
	}
	if (!hit)
		cond_resched();
	WRITE_ONCE(vcpu->spinning, false);
}

void vmm_yield_to(struct vmm_vcpu *vcpu, struct vmm_vcpu *other)
{
	lockdep_assert_held(&vcpu->lock);
	vmm_clock_preempted(&vcpu->x86);
	if (!READ_ONCE(directed_yield) || !attempt(vcpu, other))
		cond_resched();
}
