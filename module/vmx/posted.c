// SPDX-License-Identifier: GPL-2.0
/*
 * Posted interrupts: what other processors request comes into IRR without an exit.
 *
 * The first half of struct vmm_lapic_posted is the descriptor.  At a notification,
 * an interrupt of the host with a vector of its own, a processor in the guest clears
 * the descriptor's flag, takes the vectors over into the APIC's page, and goes on by
 * itself.  That is what vmx_apic_tell() does before an entry, and never at the same
 * time: the processor looks at notifications in the guest only.
 *
 *	sender				vCPU's thread, interrupts off
 *	vector, then flag		mode = IN_GUEST
 *	full barrier			full barrier
 *	read mode; notify if IN_GUEST	look at the flag; enter
 *
 * One of the two sees the other's write.  A notification that arrives between the
 * look and the entry waits, for interrupts are off, and is the first thing in the
 * guest.  One that arrives after the exit goes to the kernel's handler, which does
 * nothing; the flag is still set, and so the next look finds what was posted.  The
 * same holds if the vCPU has been moved meanwhile, or its APIC is in another mode,
 * where the notification is an exit.
 *
 * The architecture has posting only where exits acknowledge the interrupts of the
 * host that they come for.  Those are served here, on the way out.
 */
#include <asm/desc.h>
#include <linux/irqflags.h>

#include "compat.h"
#include "vmx/vmx.h"

/* The part of the pin-based controls; the rest is there for good. */
void vmx_post_directly(struct vmx_vcpu *vmx, bool on)
{
	u32 pin = vmx->pin & ~PIN_BASED_POSTED_INTR;

	if (!vmx_config.posted)
		return;
	if (on) {
		pin |= PIN_BASED_POSTED_INTR;
		vmcs_write(POSTED_INTR_NV, VMM_NOTIFY_VECTOR);
		vmcs_write(POSTED_INTR_DESC_ADDR, __pa(vmx->vcpu.apic.posted));
	}
	WRITE_ONCE(vmx->pin, pin);
	vmcs_write(PIN_BASED_VM_EXEC_CONTROL, pin);
}

bool vmx_notify(struct vmm_vcpu *vcpu, int cpu)
{
	if (!(READ_ONCE(to_vmx(vcpu)->pin) & PIN_BASED_POSTED_INTR))
		return false;
	vmm_send_notification(cpu);
	return true;
}

/*
 * The exit has taken the interrupt from the APIC; its handler, which ends it, is
 * found where the processor would have.
 */
void vmx_serve_interrupt(void)
{
	u32 info = vmcs_read(VM_EXIT_INTR_INFO);
	struct desc_ptr idt;
	gate_desc *gate;

	lockdep_assert_irqs_disabled();
	if (WARN_ON_ONCE(!(info & INTR_INFO_VALID_MASK)))
		return;
	store_idt(&idt);
	gate = (gate_desc *)idt.address + (info & INTR_INFO_VECTOR_MASK);
	vmx_call_gate(gate_offset(gate));
}
