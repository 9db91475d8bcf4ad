// SPDX-License-Identifier: GPL-2.0
/*
 * Task switches of a vCPU: the executor's part, and what it leaves to others,
 * which is events, debug registers and NMIs.
 *
 * The event that is delivered through a task gate is no longer hardware's once
 * the switch has come to anything: it has been delivered, or an exception has
 * come on top of it.
 */
#include <asm/trapnr.h>

#include "core/vcpu.h"
#include "core/vm.h"
#include "emul/glue.h"
#include "emul/task.h"
#include "uapi/linux/vmm.h"

/* The enables of breakpoints that are one task's. */
#define DR7_LOCAL	0x155ULL

/* @task as the exit has it; returns whether it is for an NMI. */
static bool describe(const struct vmm_vcpu *vcpu, const struct vmm_exit *exit,
		     struct emul_task *task)
{
	const struct vmm_event *ev = &vcpu->events.injected;

	*task = (struct emul_task){
		.sel = exit->task.selector,
		.source = exit->task.source,
		.rip = vcpu->rip + exit->insn_len,
	};
	if (task->source != EMUL_TASK_GATE || !ev->valid)
		return false;
	task->ext = ev->type != VMM_EVENT_SOFT;
	task->has_error = ev->has_error;
	task->error = ev->error;
	return ev->type == VMM_EVENT_NMI;
}

/* The registers of the new task, and what else a switch does. */
static void commit(struct vmm_vcpu *vcpu, const struct emul_task *task)
{
	u64 dr7 = vmm_backend->get_dr(vcpu, 7);

	vcpu->rip = vcpu->emul.rip;
	vcpu->rflags = vcpu->emul.rflags;
	vcpu->irq_shadow = false;
	vmm_stat_inc(&vcpu->stats, VMM_STAT_EMULATED);
	if (dr7 & DR7_LOCAL)
		vmm_vcpu_set_dr7(vcpu, dr7 & ~DR7_LOCAL);
	if (task->source == EMUL_TASK_IRET)
		vmm_backend->set_nmi_masked(vcpu, false);
}

/* The new task's TSS asks for a trap before its first instruction. */
static void trap(struct vmm_vcpu *vcpu)
{
	u64 dr6 = vmm_backend->get_dr(vcpu, 6);

	vmm_backend->set_dr(vcpu, 6, dr6 | DR_SWITCH);
	vmm_vcpu_raise(vcpu, X86_TRAP_DB);
}

int vmm_emul_task_switch(struct vmm_vcpu *vcpu, const struct vmm_exit *exit)
{
	struct emul_task task;
	bool nmi = describe(vcpu, exit, &task);
	int rc;

	vmm_emul_prepare(vcpu, NULL, false);
	rc = emul_task_switch(&vcpu->emul, &task);
	if (rc == EMUL_RETRY_SLEEP)
		return VMM_WOULD_SLEEP;
	if (task.committed)
		commit(vcpu, &task);
	if (rc != EMUL_OK && rc != EMUL_EXCEPTION)
		return vmm_vcpu_stop(vcpu, VMM_RUN_INTERNAL,
				     "cannot switch to the task of selector %#x: %s",
				     task.sel, vcpu->emul.stop_why ?: "unknown");

	vmm_event_take_over(&vcpu->events);
	if (nmi)
		vmm_backend->set_nmi_masked(vcpu, true);
	if (rc == EMUL_EXCEPTION)
		return vmm_emul_raise(vcpu);
	vmm_event_delivered(&vcpu->events);
	if (task.trap)
		trap(vcpu);
	return VMM_RESUME;
}
