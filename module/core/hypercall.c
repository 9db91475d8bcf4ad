// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls, in the form that Linux documents for KVM guests: number in RAX,
 * arguments in RBX, RCX, RDX, RSI; the result, or a negated error, in RAX.
 */
#include <asm/apicdef.h>
#include <uapi/linux/kvm_para.h>

#include "core/hypercall.h"
#include "core/request.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "core/yield.h"

/* APIC ids are those of the vCPUs. */
static struct vmm_vcpu *vcpu_of(struct vmm_vcpu *vcpu, u64 id)
{
	return id < vcpu->vm->nr_vcpus ? vmm_vm_vcpu(vcpu->vm, id) : NULL;
}

/* Ends the halt of the vCPU with APIC id @id. */
static u64 kick_cpu(struct vmm_vcpu *vcpu, u64 id)
{
	struct vmm_vcpu *target = vcpu_of(vcpu, id);

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

/*
 * Gives way to the vCPU with APIC id @id, if that would run but for a processor.
 * False: has to sleep for it.
 */
static bool give_way(struct vmm_vcpu *vcpu, u64 id, bool atomic)
{
	struct vmm_vcpu *target = vcpu_of(vcpu, id);

	if (!target || target == vcpu || !vmm_yield_waits(target))
		return true;
	if (!atomic)
		vmm_yield_to(vcpu, target);
	return !atomic;
}

int vmm_hypercall(struct vmm_vcpu *vcpu, bool atomic)
{
	struct vmm_cpu_mode mode;
	u64 nr, a[4], val;
	u32 width = 64;
	int i;

	a[0] = vcpu->gpr[EMUL_RBX];
	a[1] = vcpu->gpr[EMUL_RCX];
	a[2] = vcpu->gpr[EMUL_RDX];
	a[3] = vcpu->gpr[EMUL_RSI];
	nr = vcpu->gpr[EMUL_RAX];

	vmm_backend->get_mode(vcpu, &mode);
	if (mode.cpl) {
		vcpu->gpr[EMUL_RAX] = -KVM_EPERM;
		return VMM_RESUME;
	}
	if (vmm_mode_emul(&mode, vcpu->rflags) != EMUL_MODE_LONG64) {
		width = 32;
		nr = (u32)nr;
		for (i = 0; i < ARRAY_SIZE(a); i++)
			a[i] = (u32)a[i];
	}
	switch (nr) {
	case KVM_HC_VAPIC_POLL_IRQ:
		val = 0;
		break;
	case KVM_HC_KICK_CPU:
		val = kick_cpu(vcpu, a[1]);
		break;
	case KVM_HC_SEND_IPI:
		val = send_ipi(vcpu, a, width, a[2], a[3]);
		break;
	case KVM_HC_SCHED_YIELD:
		if (!give_way(vcpu, a[0], atomic))
			return VMM_WOULD_SLEEP;
		val = 0;
		break;
	default:
		val = -KVM_ENOSYS;
	}
	vcpu->gpr[EMUL_RAX] = val;
	return VMM_RESUME;
}
