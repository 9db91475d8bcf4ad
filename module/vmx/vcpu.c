// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a vCPU on VMX: its VMCS, the controls, reset.
 */
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>
#include <linux/mm.h>

#include "core/vm.h"
#include "vmx/vmx.h"

/* Spins this long, in cycles, count as waiting for a lock. */
#define PLE_GAP_CYCLES		128
#define PLE_WINDOW_CYCLES	4096

static void init_controls(struct vmx_vcpu *vmx)
{
	const struct vmx_config *c = &vmx_config;

	vmx->pin = c->pin;
	vmx->primary = c->primary;
	vmx->secondary = c->secondary;
	if (!vmx->tlb.vpid)
		vmx->secondary &= ~SECONDARY_EXEC_ENABLE_VPID;
	vmcs_write(PIN_BASED_VM_EXEC_CONTROL, vmx->pin);
	vmcs_write(CPU_BASED_VM_EXEC_CONTROL, vmx->primary);
	vmcs_write(SECONDARY_VM_EXEC_CONTROL, vmx->secondary);
	vmcs_write(VM_EXIT_CONTROLS, c->exit);
	vmcs_write(VM_ENTRY_CONTROLS, c->entry);
	vmcs_write(EXCEPTION_BITMAP, VMM_EXIT_EXCEPTIONS);
	vmcs_write(MSR_BITMAP, c->msr_bitmap_pa);
	vmcs_write(EPT_POINTER, npt_space_root(&vmx->vcpu.vm->space));
	vmcs_write(VMCS_LINK_POINTER, ~0ULL);
	if (vmx->tlb.vpid)
		vmcs_write(VIRTUAL_PROCESSOR_ID, vmx->tlb.vpid);
	if (vmx->secondary & SECONDARY_EXEC_PAUSE_LOOP_EXITING) {
		vmcs_write(PLE_GAP, PLE_GAP_CYCLES);
		vmcs_write(PLE_WINDOW, PLE_WINDOW_CYCLES);
	}
	if (c->pin & PIN_BASED_VMX_PREEMPTION_TIMER) {
		vmx->timer_value = VMX_TIMER_OFF;
		vmcs_write(VMX_PREEMPTION_TIMER_VALUE, vmx->timer_value);
	}
	if (vmx->secondary & SECONDARY_EXEC_ENCLS_EXITING)
		vmcs_write(ENCLS_EXITING_BITMAP, ~0ULL);
}

/* What is the same on all processors; vmx_load() writes the rest. */
static void init_host_state(void)
{
	struct desc_ptr idt;
	u64 val;

	vmcs_write(HOST_CR0, read_cr0());
	vmcs_write(HOST_CS_SELECTOR, __KERNEL_CS);
	vmcs_write(HOST_SS_SELECTOR, __KERNEL_DS);
	vmcs_write(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	store_idt(&idt);
	vmcs_write(HOST_IDTR_BASE, idt.address);
	rdmsrl(MSR_IA32_SYSENTER_CS, val);
	vmcs_write(HOST_IA32_SYSENTER_CS, val);
	rdmsrl(MSR_IA32_SYSENTER_EIP, val);
	vmcs_write(HOST_IA32_SYSENTER_EIP, val);
	rdmsrl(MSR_IA32_CR_PAT, val);
	vmcs_write(HOST_IA32_PAT, val);
	rdmsrl(MSR_EFER, val);
	vmcs_write(HOST_IA32_EFER, val);
	vmcs_write(HOST_RIP, (unsigned long)vmx_exit_point);
}

int vmx_init(struct vmm_vcpu *vcpu)
{
	struct vmx_vcpu *vmx = to_vmx(vcpu);
	int err;

	err = vmx_pml_init(vmx);
	if (err)
		return err;
	err = vmx_vmcs_alloc(&vmx->vmcs);
	if (err) {
		vmx_pml_destroy(vmx);
		return err;
	}
	vmx_tlb_init(&vmx->tlb, vmx_vpid_get());
	vmx->host_cpu = -1;
	vmx_vmcs_begin(vcpu);
	init_controls(vmx);
	init_host_state();
	vmx_vmcs_end(vmx);
	return 0;
}

void vmx_destroy(struct vmm_vcpu *vcpu)
{
	struct vmx_vcpu *vmx = to_vmx(vcpu);

	vmx_vmcs_free(&vmx->vmcs);
	vmx_vpid_put(vmx->tlb.vpid);
	vmx_pml_destroy(vmx);
}

void vmx_set_primary(struct vmx_vcpu *vmx, u32 bit, bool on)
{
	if (!!(vmx->primary & bit) == on)
		return;
	vmx->primary ^= bit;
	vmcs_write(CPU_BASED_VM_EXEC_CONTROL, vmx->primary);
}

/* The registers that the core keeps are in the VMCS by the next entry. */
static void reset_cached(struct vmx_vcpu *vmx)
{
	vmx->rip = vmx->rsp = 0;
	vmx->rflags = X86_EFLAGS_FIXED;
	vmcs_write(GUEST_RIP, vmx->rip);
	vmcs_write(GUEST_RSP, vmx->rsp);
	vmcs_write(GUEST_RFLAGS, vmx->rflags);
	vmx->intr_state = 0;
	vmcs_write(GUEST_INTERRUPTIBILITY_INFO, 0);
	vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	vmcs_write(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	vmcs_write(VM_ENTRY_INTR_INFO_FIELD, 0);
	vmx->injecting = false;
}

void vmx_reset(struct vmm_vcpu *vcpu)
{
	struct vmx_vcpu *vmx = vmx_vmcs_begin(vcpu);

	reset_cached(vmx);
	vmcs_write(GUEST_IA32_DEBUGCTL, 0);
	vmx->tlb.forget_nested = true;
	/* The APIC's page, whose TPR hardware shadows, is there by now. */
	if (vmx->primary & CPU_BASED_TPR_SHADOW) {
		vmcs_write(VIRTUAL_APIC_PAGE_ADDR, __pa(vcpu->apic.regs));
		vmcs_write(TPR_THRESHOLD, 0);
		vmx->tpr_threshold = 0;
	}
	vmx_vmcs_end(vmx);
}

/*
 * A bit of CR4 is the guest's own if its CPUID offers it; not so VMXE, which
 * must be set, and MCE, without which a machine check would end the host.
 */
static void update_cr4_mask(struct vmx_vcpu *vmx)
{
	const struct vmm_cpu_limits *limits = vmm_x86_limits(&vmx->vcpu.x86);
	u64 cr4 = vmx_get_cr(&vmx->vcpu, 4);

	vmx->cr4_host = limits->cr4_reserved | vmx_config.cr4_fixed |
			~vmx_config.cr4_allowed | X86_CR4_VMXE | X86_CR4_MCE;
	vmcs_write(CR4_GUEST_HOST_MASK, vmx->cr4_host);
	vmx_set_cr(&vmx->vcpu, 4, cr4);
}

static void set_secondary(struct vmx_vcpu *vmx, u32 bit, bool on)
{
	if (!(vmx_config.may_secondary & bit))
		return;
	if (on)
		vmx->secondary |= bit;
	else
		vmx->secondary &= ~bit;
	vmcs_write(SECONDARY_VM_EXEC_CONTROL, vmx->secondary);
}

static bool has_invpcid(struct vmm_vcpu *vcpu)
{
	u32 regs[4] = { [VMM_EAX] = 7 };
	struct vmm_cpuid_dyn dyn = {};

	vmm_cpuid_exec(&vcpu->x86.cpuid, &dyn, regs);
	return regs[VMM_EBX] & BIT(X86_FEATURE_INVPCID & 31);
}

void vmx_cpuid_changed(struct vmm_vcpu *vcpu)
{
	const struct vmm_cpu_limits *limits = vmm_x86_limits(&vcpu->x86);
	struct vmx_vcpu *vmx = vmx_vmcs_begin(vcpu);

	update_cr4_mask(vmx);
	set_secondary(vmx, SECONDARY_EXEC_ENABLE_RDTSCP,
		      vmm_cpu_has(limits, VMM_CPU_TSC_AUX));
	set_secondary(vmx, SECONDARY_EXEC_ENABLE_INVPCID,
		      has_invpcid(vcpu));
	vmx_vmcs_end(vmx);
}
