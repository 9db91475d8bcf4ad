// SPDX-License-Identifier: GPL-2.0
/*
 * Why an entry failed, in words.
 *
 * The processor says no more than "invalid guest state" or "invalid control
 * field".  What follows reads what check.c judges, and says which check it names.
 * Nothing here is on any path of a guest that runs.
 */
#include <asm/msr.h>
#include <linux/kernel.h>

#include "uapi/linux/vmm.h"
#include "vmx/check.h"
#include "vmx/vmx.h"

#define NO_CHECK	"no check that is known here"

static void read_limits(struct vmx_entry_state *s)
{
	rdmsrl(MSR_IA32_VMX_CR0_FIXED1, s->cr0_may);
	s->cr0_must = vmx_config.cr0_fixed;
	s->cr4_may = vmx_config.cr4_allowed;
	s->cr4_must = vmx_config.cr4_fixed;
	s->phys_bits = boot_cpu_data.x86_phys_bits;
}

static void read_registers(struct vmm_vcpu *vcpu, struct vmx_entry_state *s)
{
	int i;

	s->cr0 = vmcs_read(GUEST_CR0);
	s->cr3 = vmcs_read(GUEST_CR3);
	s->cr4 = vmcs_read(GUEST_CR4);
	s->efer = vmcs_read(GUEST_IA32_EFER);
	s->rip = vmcs_read(GUEST_RIP);
	s->rflags = vmcs_read(GUEST_RFLAGS);
	s->dr7 = vmcs_read(GUEST_DR7);
	s->sysenter_esp = vmcs_read(GUEST_SYSENTER_ESP);
	s->sysenter_eip = vmcs_read(GUEST_SYSENTER_EIP);
	s->pat = vmcs_read(GUEST_IA32_PAT);
	for (i = VMM_SEG_ES; i <= VMM_SEG_IDTR; i++)
		vmx_get_segment(vcpu, i, &s->seg[i]);
}

static void read_state(struct vmm_vcpu *vcpu, struct vmx_entry_state *s)
{
	*s = (struct vmx_entry_state){};
	read_limits(s);
	read_registers(vcpu, s);
	s->long_mode = vmcs_read(VM_ENTRY_CONTROLS) & VM_ENTRY_IA32E_MODE;
	s->pending_debug = vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS);
	s->link = vmcs_read(VMCS_LINK_POINTER);
	s->intr = vmcs_read(GUEST_INTERRUPTIBILITY_INFO);
	s->activity = vmcs_read(GUEST_ACTIVITY_STATE);
	s->event = vmcs_read(VM_ENTRY_INTR_INFO_FIELD);
	s->event_len = vmcs_read(VM_ENTRY_INSTRUCTION_LEN);
	if ((vmcs_read(CPU_BASED_VM_EXEC_CONTROL) & CPU_BASED_TPR_SHADOW) &&
	    !vcpu->apic.hw)
		s->tpr_threshold = vmcs_read(TPR_THRESHOLD);
	s->tpr = vmm_lapic_get_tpr(&vcpu->apic);
}

static void describe_state(struct vmm_vcpu *vcpu, char *text, size_t size)
{
	struct vmx_entry_state s;
	const char *why, *where;

	read_state(vcpu, &s);
	why = vmx_check_guest(&s, &where);
	snprintf(text, size, "VM entry refused the guest's %s: %s", where,
		 why ?: NO_CHECK);
}

static void describe_controls(struct vmm_vcpu *vcpu, char *text, size_t size)
{
	struct vmx_entry_state s;

	read_state(vcpu, &s);
	snprintf(text, size, "VM entry refused a control: %s",
		 vmx_check_controls(&s) ?: NO_CHECK);
}

static const char *instruction_error(u32 error)
{
	switch (error) {
	case VMXERR_ENTRY_INVALID_HOST_STATE_FIELD:
		return "an invalid field of the host's state";
	case VMXERR_VMLAUNCH_NONCLEAR_VMCS:
		return "VMLAUNCH of a VMCS that is not clear";
	case VMXERR_VMRESUME_NONLAUNCHED_VMCS:
		return "VMRESUME of a VMCS that is not launched";
	case VMXERR_ENTRY_EVENTS_BLOCKED_BY_MOV_SS:
		return "MOV SS right before it";
	}
	return "another reason";
}

static void describe_no_entry(struct vmm_vcpu *vcpu, u32 error, char *text,
			      size_t size)
{
	if (error == VMXERR_ENTRY_INVALID_CONTROL_FIELD)
		describe_controls(vcpu, text, size);
	else
		snprintf(text, size, "VM entry failed with error %u: %s", error,
			 instruction_error(error));
}

static void describe_failure(struct vmm_vcpu *vcpu, const struct vmm_exit *exit,
			     char *text, size_t size)
{
	if (exit->code == U32_MAX)
		describe_no_entry(vcpu, exit->info1, text, size);
	else if (exit->info1 == ENTRY_FAIL_PDPTE)
		snprintf(text, size,
			 "VM entry refused the guest's state: reserved bits in PAE's top-level entries");
	else if ((u16)exit->code == EXIT_REASON_INVALID_STATE)
		describe_state(vcpu, text, size);
	else
		snprintf(text, size, "VM entry failed with reason %u",
			 (u16)exit->code);
}

void vmx_describe(struct vmm_vcpu *vcpu, const struct vmm_exit *exit,
		  char *text, size_t size)
{
	struct vmx_vcpu *vmx = vmx_vmcs_begin(vcpu);

	if (exit->reason == VMM_EXIT_FAIL_ENTRY)
		describe_failure(vcpu, exit, text, size);
	else if (exit->code == EXIT_REASON_EPT_MISCONFIG)
		snprintf(text, size,
			 "misconfigured nested table entry for guest address %#llx",
			 exit->info2);
	else
		snprintf(text, size,
			 "VMX exit %#llx, info %#llx %#llx, nobody handles it",
			 exit->code, exit->info1, exit->info2);
	vmx_vmcs_end(vmx);
}
