// SPDX-License-Identifier: GPL-2.0
/*
 * Steal time.  See steal.h.
 */
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>

#include "core/stats.h"
#include "core/steal.h"
#include "core/vcpu.h"

/* How often to look again at figures that the scheduler is changing. */
#define TRIES	8

/*
 * What @task, any thread, has waited until this moment.  The scheduler adds a
 * wait when it is over, so that one under way is added here, by the clock of
 * its run queue.
 */
#ifdef CONFIG_SCHED_INFO
static u64 run_delay_of(const struct task_struct *task)
{
	u64 since, delay, wait;
	int i;

	for (i = 0; i < TRIES; i++) {
		since = READ_ONCE(task->sched_info.last_queued);
		smp_rmb();	/* one that ended in between is not added twice */
		delay = READ_ONCE(task->sched_info.run_delay);
		smp_rmb();	/* as above */
		if (since == READ_ONCE(task->sched_info.last_queued))
			break;
	}
	if (!since)
		return delay;
	wait = sched_clock_cpu(task_cpu(task)) - since;
	return (s64)wait > 0 ? delay + wait : delay;
}
#else
static u64 run_delay_of(const struct task_struct *task)
{
	return 0;
}
#endif

/* The account of the thread that runs @vcpu, or ran it last. */
static u64 thread_run_delay(struct vmm_vcpu *vcpu)
{
	struct task_struct *task;
	u64 delay = vcpu->run_delay;

	rcu_read_lock();
	task = pid_task(rcu_dereference(vcpu->pid), PIDTYPE_PID);
	if (task)
		delay = run_delay_of(task);
	rcu_read_unlock();
	return delay;
}

/* An estimate of a wait under way may have been a little too much. */
static void account(struct vmm_vcpu *vcpu, u64 delay)
{
	u64 ns = delay - vcpu->run_delay;

	vcpu->run_delay = delay;
	if ((s64)ns <= 0)
		return;
	vmm_stat_add(&vcpu->stats, VMM_STAT_STEAL_NS, ns);
	vmm_pvtime_steal(&vcpu->x86, ns);
}

void vmm_steal_begin(struct vmm_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->lock);
	vcpu->run_delay = vmm_run_delay();
}

void __vmm_steal_load(struct vmm_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->lock);
	account(vcpu, vmm_run_delay());
}

void vmm_steal_stop(struct vmm_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->lock);
	account(vcpu, thread_run_delay(vcpu));
}

void vmm_steal_go(struct vmm_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->lock);
	vcpu->run_delay = thread_run_delay(vcpu);
}
