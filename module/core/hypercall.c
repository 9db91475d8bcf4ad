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

/* Argument @i; @mask is as wide as the caller's registers. */
static inline u64 arg(const struct vmm_vcpu *vcpu, unsigned int i, u64 mask)
{
	static const u8 in[] = { EMUL_RBX, EMUL_RCX, EMUL_RDX, EMUL_RSI };

	return vcpu->gpr[in[i]] & mask;
}

/*
 * One IPI to each APIC id from the third argument on whose bit in the mask is set,
 * which is the first two; answers how many it reached.  The last is as ICR.
 */
static u64 send_ipi(struct vmm_vcpu *vcpu, u64 mask)
{
	u32 width = mask == U64_MAX ? 64 : 32, min = arg(vcpu, 2, mask);
	u64 sent = 0, bits, icr = arg(vcpu, 3, mask);
	struct vmm_apic_msg msg = {
		.wide = true, .assert = true, .vector = icr & 0xff,
		.mode = icr & APIC_DM_FIXED_MASK,
	};
	int word, bit;

	if (msg.mode != APIC_DM_FIXED && msg.mode != APIC_DM_NMI)
		return -KVM_EINVAL;
	for (word = 0; word < 2; word++) {
		bits = arg(vcpu, word, mask);
		while (bits) {
			bit = __ffs64(bits);
			bits &= bits - 1;
			msg.dest = min + width * word + bit;
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
	u64 mask = U64_MAX, val;

	vmm_backend->get_mode(vcpu, &mode);
	if (mode.cpl) {
		vcpu->gpr[EMUL_RAX] = -KVM_EPERM;
		return VMM_RESUME;
	}
	if (vmm_mode_emul(&mode, vcpu->rflags) != EMUL_MODE_LONG64)
		mask = U32_MAX;
	switch (vcpu->gpr[EMUL_RAX] & mask) {
	case KVM_HC_VAPIC_POLL_IRQ:
		val = 0;
		break;
	case KVM_HC_KICK_CPU:
		val = kick_cpu(vcpu, arg(vcpu, 1, mask));
		break;
	case KVM_HC_SEND_IPI:
		val = send_ipi(vcpu, mask);
		break;
	case KVM_HC_SCHED_YIELD:
		if (!give_way(vcpu, arg(vcpu, 0, mask), atomic))
			return VMM_WOULD_SLEEP;
		val = 0;
		break;
	default:
		val = -KVM_ENOSYS;
	}
	vcpu->gpr[EMUL_RAX] = val;
	return VMM_RESUME;
}
