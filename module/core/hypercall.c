// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls, in the form that Linux documents for KVM guests: number in RAX,
 * arguments in RBX, RCX, RDX, RSI; the result, or a negated error, in RAX.
 */
#include <asm/apicdef.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <uapi/linux/kvm_para.h>

#include "core/hypercall.h"
#include "core/request.h"
#include "core/vcpu.h"
#include "core/vm.h"

/* Ends the halt of the vCPU with APIC id @id. */
static u64 kick_cpu(struct vmm_vcpu *vcpu, u64 id)
{
	struct vmm_vcpu *target;

	target = id < vcpu->vm->nr_vcpus ? vmm_vm_vcpu(vcpu->vm, id) : NULL;
	if (target)
		vmm_vcpu_request(target, VMM_REQ_UNHALT);
	return 0;
}

/*
 * One IPI to each APIC id from @min on whose bit in the mask is set, which is
 * two words of @width bits; answers how many it reached.
 */
static u64 send_ipi(struct vmm_vcpu *vcpu, const u64 mask[2], u32 width,
		    u64 min, u64 icr)
{
	struct vmm_apic_msg msg = {
		.wide = true, .assert = true, .vector = icr & 0xff,
		.mode = icr & APIC_DM_FIXED_MASK,
	};
	u64 sent = 0, bits;
	int word, bit;

	if (msg.mode != APIC_DM_FIXED && msg.mode != APIC_DM_NMI)
		return -KVM_EINVAL;
	for (word = 0; word < 2; word++) {
		bits = mask[word];
		while (bits) {
			bit = __ffs64(bits);
			bits &= bits - 1;
			msg.dest = (u32)min + width * word + bit;
			if (vmm_lapic_deliver(&vcpu->vm->apics, &msg) >= 0)
				sent++;
		}
	}
	return sent;
}

u64 vmm_hypercall(struct vmm_vcpu *vcpu)
{
	struct vmm_cpu_mode mode;
	u64 nr, a[4];
	u32 width = 64;
	int i;

	a[0] = vcpu->gpr[EMUL_RBX];
	a[1] = vcpu->gpr[EMUL_RCX];
	a[2] = vcpu->gpr[EMUL_RDX];
	a[3] = vcpu->gpr[EMUL_RSI];
	nr = vcpu->gpr[EMUL_RAX];

	vmm_backend->get_mode(vcpu, &mode);
	if (mode.cpl)
		return -KVM_EPERM;
	if (vmm_mode_emul(&mode, vcpu->rflags) != EMUL_MODE_LONG64) {
		width = 32;
		nr = (u32)nr;
		for (i = 0; i < ARRAY_SIZE(a); i++)
			a[i] = (u32)a[i];
	}
	switch (nr) {
	case KVM_HC_VAPIC_POLL_IRQ:
		return 0;
	case KVM_HC_KICK_CPU:
		return kick_cpu(vcpu, a[1]);
	case KVM_HC_SEND_IPI:
		return send_ipi(vcpu, a, width, a[2], a[3]);
	}
	return -KVM_ENOSYS;
}

/*
 * A spinning vCPU most likely waits for one that was preempted: the next one
 * after it that wants to run gets the rest of its time.
 */
void vmm_vcpu_yield(struct vmm_vcpu *vcpu)
{
	struct vmm_vm *vm = vcpu->vm;
	struct vmm_vcpu *other;
	struct task_struct *task;
	bool done = false;
	u32 i;

	for (i = 1; i < vm->nr_vcpus && !done; i++) {
		other = vmm_vm_vcpu(vm, (vcpu->id + i) % vm->nr_vcpus);
		if (!other || READ_ONCE(other->cpu) >= 0 ||
		    READ_ONCE(other->mp_state) != VMM_MP_RUNNABLE)
			continue;
		rcu_read_lock();
		task = pid_task(rcu_dereference(other->pid), PIDTYPE_PID);
		if (task)
			get_task_struct(task);
		rcu_read_unlock();
		if (!task)
			continue;
		done = yield_to(task, true) > 0;
		put_task_struct(task);
	}
	if (!done)
		cond_resched();
}
