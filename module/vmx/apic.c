// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC in hardware's hands.
 *
 * In x2APIC mode the processor serves reads of registers from the APIC's page,
 * delivers what is in IRR, and carries out writes of TPR, EOI and SELF_IPI, all
 * without an exit.  In the other modes software does it, with the TPR shadow at
 * most.  The three controls are used together or not at all.
 *
 * While the guest runs the page is the processor's; the highest vectors of IRR
 * and ISR are in a field, from which it goes on, and which tells the APIC behind
 * the exit what has become of them.  Ends of level-triggered interrupts are
 * exits, since the IOAPIC has to hear of them.
 *
 * Events that are not the local APIC's are injected as ever.  One that waits for
 * interrupts to be open holds the processor's own delivery up until it is in.
 */
#include "vmx/vmx.h"

/* GUEST_INTR_STATUS: the highest of IRR, then of ISR; 0: none. */
#define STATUS_ISR_SHIFT	8
#define STATUS_IRR_MASK		0xff

bool vmx_virtualize_apic(struct vmm_vcpu *vcpu, bool x2apic)
{
	struct vmx_vcpu *vmx;

	if (!vmx_config.apicv)
		return false;
	vmx = vmx_vmcs_begin(vcpu);
	vmx->secondary &= ~vmx_config.apicv;
	if (x2apic) {
		vmx->secondary |= vmx_config.apicv;
		vmx->intr_status = 0;
		vmcs_write(GUEST_INTR_STATUS, 0);
		vcpu->apic.changed = true;
	}
	vmx_post_directly(vmx, x2apic);
	vmcs_write(SECONDARY_VM_EXEC_CONTROL, vmx->secondary);
	vmcs_write(MSR_BITMAP, x2apic ? vmx_config.msr_bitmap_apicv_pa :
				       vmx_config.msr_bitmap_pa);
	vmx_vmcs_end(vmx);
	return x2apic;
}

static void write_eoi_exits(struct vmm_lapic *apic)
{
	int i;

	apic->changed = false;
	for (i = 0; i < 4; i++)
		vmcs_write(EOI_EXIT_BITMAP0 + 2 * i, vmm_lapic_levels(apic, i));
}

void vmx_apic_tell(struct vmx_vcpu *vmx)
{
	struct vmm_lapic *apic = &vmx->vcpu.apic;
	u16 status = max(apic->isr_top, 0) << STATUS_ISR_SHIFT;

	if (vmm_lapic_requested(apic))
		status |= max(vmm_lapic_highest_irr(apic), 0);
	if (unlikely(apic->changed))
		write_eoi_exits(apic);
	if (status == vmx->intr_status)
		return;
	vmx->intr_status = status;
	vmcs_write(GUEST_INTR_STATUS, status);
}

void vmx_apic_told(struct vmx_vcpu *vmx, u16 status)
{
	vmx->intr_status = status;
	vmm_lapic_hw_left(&vmx->vcpu.apic, (status & STATUS_IRR_MASK) ?: -1,
			  (status >> STATUS_ISR_SHIFT) ?: -1);
}
