// SPDX-License-Identifier: GPL-2.0
/*
 * Page-modification logging: the processor writes down the guest-physical
 * address of each page whose dirty bit it sets.
 *
 * Each vCPU has a page for that, filled from its end.  It is emptied at every
 * exit before an interrupt is taken, also one that the exit came for: so one whose
 * vCPU is not in the guest is empty, and whoever makes a vCPU leave by an IPI that
 * he waits for finds it told.
 * When the page is full an exit comes before the next dirty bit.
 *
 * While no slot has a dirty log the control is off, and an exit reads no field for
 * it.
 */
#include <linux/mm.h>

#include "core/vm.h"
#include "vmx/vmx.h"

#define PML_ENTRIES	(PAGE_SIZE / sizeof(u64))
#define PML_TOP		(PML_ENTRIES - 1)	/* filled first */

int vmx_pml_init(struct vmx_vcpu *vmx)
{
	if (!vmx_config.pml)
		return 0;
	vmx->pml = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	return vmx->pml ? 0 : -ENOMEM;
}

void vmx_pml_destroy(struct vmx_vcpu *vmx)
{
	free_page((unsigned long)vmx->pml);
}

void vmx_log_writes(struct vmm_vcpu *vcpu, bool on)
{
	struct vmx_vcpu *vmx = to_vmx(vcpu);

	if (on == vmx->logging)
		return;
	vmx->logging = on;
	vmx->secondary ^= SECONDARY_EXEC_ENABLE_PML;
	vmcs_write(SECONDARY_VM_EXEC_CONTROL, vmx->secondary);
	if (on) {
		vmcs_write(PML_ADDRESS, __pa(vmx->pml));
		vmcs_write(GUEST_PML_INDEX, PML_TOP);
	}
}

void vmx_pml_tell(struct vmx_vcpu *vmx)
{
	u16 next = vmcs_read(GUEST_PML_INDEX);
	unsigned int used;

	if (next == PML_TOP)
		return;
	/* Behind the first one it wraps to the largest. */
	used = min_t(u16, PML_TOP - next, PML_ENTRIES);
	npt_space_logged(&vmx->vcpu.vm->space,
			 vmx->pml + PML_ENTRIES - used, used);
	vmcs_write(GUEST_PML_INDEX, PML_TOP);
}
