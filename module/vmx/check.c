// SPDX-License-Identifier: GPL-2.0
/*
 * Why an entry failed, in words.
 *
 * The processor says no more than "invalid guest state" or "invalid control
 * field".  What follows goes through the architecture's checks of the guest's
 * state one by one, and names the first that the VMCS does not pass.  Nothing
 * here is on any path of a guest that runs.
 */
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <linux/kernel.h>

#include "uapi/linux/vmm.h"
#include "vmx/vmx.h"

/* What several checks ask for. */
struct state {
	u64 cr0, cr4, efer, rflags;
	u32 entry, intr, event;
	bool long_mode, vm86;
};

static const char *const seg_names[] = {
	"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR",
};

static void read_state(struct state *s)
{
	s->cr0 = vmcs_read(GUEST_CR0);
	s->cr4 = vmcs_read(GUEST_CR4);
	s->efer = vmcs_read(GUEST_IA32_EFER);
	s->rflags = vmcs_read(GUEST_RFLAGS);
	s->entry = vmcs_read(VM_ENTRY_CONTROLS);
	s->intr = vmcs_read(GUEST_INTERRUPTIBILITY_INFO);
	s->event = vmcs_read(VM_ENTRY_INTR_INFO_FIELD);
	s->long_mode = s->entry & VM_ENTRY_IA32E_MODE;
	s->vm86 = s->rflags & X86_EFLAGS_VM;
}

static const char *check_control_registers(const struct state *s)
{
	u64 fixed0, fixed1;

	rdmsrl(MSR_IA32_VMX_CR0_FIXED1, fixed1);
	if (~s->cr0 & vmx_config.cr0_fixed)
		return "CR0 lacks a bit that must be set";
	if (s->cr0 & ~fixed1)
		return "CR0 has a bit that must be clear";
	if ((s->cr0 & X86_CR0_PG) && !(s->cr0 & X86_CR0_PE))
		return "CR0.PG without CR0.PE";
	fixed0 = vmx_config.cr4_fixed;
	if (~s->cr4 & fixed0)
		return "CR4 lacks a bit that must be set";
	if (s->cr4 & ~vmx_config.cr4_allowed)
		return "CR4 has a bit that must be clear";
	if (s->long_mode && !(s->cr0 & X86_CR0_PG))
		return "long mode without CR0.PG";
	if (s->long_mode && !(s->cr4 & X86_CR4_PAE))
		return "long mode without CR4.PAE";
	if (!s->long_mode && (s->cr4 & X86_CR4_PCIDE))
		return "CR4.PCIDE outside of long mode";
	if (vmcs_read(GUEST_CR3) >> boot_cpu_data.x86_phys_bits)
		return "CR3 beyond the width of physical addresses";
	return NULL;
}

static const char *check_msrs(const struct state *s)
{
	if (!!(s->efer & EFER_LMA) != s->long_mode)
		return "EFER.LMA differs from the entry's mode";
	if ((s->cr0 & X86_CR0_PG) &&
	    !!(s->efer & EFER_LME) != !!(s->efer & EFER_LMA))
		return "EFER.LMA differs from EFER.LME under paging";
	if (s->efer & ~(u64)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NX))
		return "EFER has a reserved bit";
	if (vmcs_read(GUEST_DR7) >> 32)
		return "DR7 has bits above 31";
	if (!vmm_canonical(vmcs_read(GUEST_SYSENTER_ESP)) ||
	    !vmm_canonical(vmcs_read(GUEST_SYSENTER_EIP)))
		return "SYSENTER_ESP or SYSENTER_EIP is not canonical";
	if (!vmm_pat_valid(vmcs_read(GUEST_IA32_PAT)))
		return "PAT has an unknown memory type";
	return NULL;
}

static const char *check_granularity(u32 limit, u32 ar)
{
	if ((limit & 0xfff) != 0xfff && (ar & VMX_AR_G_MASK))
		return "granularity set with a limit that is no page's end";
	if (limit >> 20 && !(ar & VMX_AR_G_MASK))
		return "granularity clear with a limit above 1 MiB";
	return NULL;
}

static const char *check_code_type(const struct state *s, u32 ar, u32 ss_ar)
{
	u32 type = ar & VMX_AR_TYPE_MASK;

	if (!(ar & VMX_AR_S_MASK))
		return "a system segment";
	if (s->long_mode && (ar & VMX_AR_L_MASK) && (ar & VMX_AR_DB_MASK))
		return "both L and D";
	switch (type) {
	case 3:
		return VMX_AR_DPL(ar) ? "a data segment above level 0" : NULL;
	case 9:
	case 11:
		return VMX_AR_DPL(ar) == VMX_AR_DPL(ss_ar) ? NULL :
			"level differs from SS's";
	case 13:
	case 15:
		return VMX_AR_DPL(ar) <= VMX_AR_DPL(ss_ar) ? NULL :
			"conforming, with a level above SS's";
	}
	return "neither code nor accessed";
}

static const char *check_data_type(enum vmm_seg seg, u32 ar)
{
	u32 type = ar & VMX_AR_TYPE_MASK;

	if (!(ar & VMX_AR_S_MASK))
		return "a system segment";
	if (!(type & VMX_AR_TYPE_ACCESSES_MASK))
		return "not accessed";
	if (seg == VMM_SEG_SS && type != 3 && type != 7)
		return "not writable data";
	if ((type & VMX_AR_TYPE_CODE_MASK) &&
	    !(type & VMX_AR_TYPE_READABLE_MASK))
		return "code that cannot be read";
	return NULL;
}

static const char *check_system_type(const struct state *s, enum vmm_seg seg,
				     u32 ar, u16 selector)
{
	u32 type = ar & VMX_AR_TYPE_MASK;

	if (ar & VMX_AR_S_MASK)
		return "not a system segment";
	if (selector & 4)
		return "selector is of the LDT";
	if (seg == VMM_SEG_LDTR)
		return type == VMX_AR_TYPE_LDT ? NULL : "not an LDT";
	if (type == VMX_AR_TYPE_BUSY_64_TSS ||
	    (type == VMX_AR_TYPE_BUSY_16_TSS && !s->long_mode))
		return NULL;
	return "not a busy TSS";
}

static const char *check_base(enum vmm_seg seg, u64 base)
{
	if (seg >= VMM_SEG_FS)
		return vmm_canonical(base) ? NULL : "base is not canonical";
	return base >> 32 ? "base above 4 GiB" : NULL;
}

static const char *check_segment(const struct state *s, struct vmm_vcpu *vcpu,
				 enum vmm_seg seg)
{
	u32 ss_ar = vmcs_read(GUEST_SS_AR_BYTES);
	const char *why;
	struct vmm_segment v;

	vmx_get_segment(vcpu, seg, &v);
	if (s->vm86 && seg < VMM_SEG_LDTR) {
		if (v.base == (u64)v.selector << 4 && v.limit == 0xffff &&
		    v.attr == 0xf3)
			return NULL;
		return "not as in virtual-8086 mode";
	}
	if (seg == VMM_SEG_SS && !(s->cr0 & X86_CR0_PE) && VMX_AR_DPL(v.attr))
		return "a level above 0 in real mode";
	if (v.attr & VMX_AR_UNUSABLE_MASK)
		return seg == VMM_SEG_CS || seg == VMM_SEG_TR ? "unusable" : NULL;
	if (v.attr & VMX_AR_RESERVD_MASK)
		return "reserved attributes";
	if (!(v.attr & VMX_AR_P_MASK))
		return "not present";
	why = check_base(seg, v.base) ?: check_granularity(v.limit, v.attr);
	if (why)
		return why;
	if (seg == VMM_SEG_CS)
		return check_code_type(s, v.attr, ss_ar);
	if (seg >= VMM_SEG_LDTR)
		return check_system_type(s, seg, v.attr, v.selector);
	return check_data_type(seg, v.attr);
}

static const char *check_tables(void)
{
	if (!vmm_canonical(vmcs_read(GUEST_GDTR_BASE)) ||
	    !vmm_canonical(vmcs_read(GUEST_IDTR_BASE)))
		return "GDTR or IDTR is not canonical";
	if (vmcs_read(GUEST_GDTR_LIMIT) >> 16 ||
	    vmcs_read(GUEST_IDTR_LIMIT) >> 16)
		return "GDTR or IDTR has a limit above 64 KiB";
	return NULL;
}

static const char *check_rip_and_flags(const struct state *s)
{
	u64 rip = vmcs_read(GUEST_RIP);
	bool code64 = s->long_mode &&
		      (vmcs_read(GUEST_CS_AR_BYTES) & VMX_AR_L_MASK);

	if (!code64 && rip >> 32)
		return "RIP above 4 GiB outside of 64-bit code";
	if (code64 && !vmm_canonical_rip(rip))
		return "RIP is not canonical";
	if (s->vm86 && (s->long_mode || !(s->cr0 & X86_CR0_PE)))
		return "RFLAGS.VM outside of protected mode";
	if ((s->event & INTR_INFO_VALID_MASK) &&
	    (s->event & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_EXT_INTR &&
	    !(s->rflags & X86_EFLAGS_IF))
		return "an interrupt is injected with RFLAGS.IF clear";
	if (!(s->rflags & X86_EFLAGS_FIXED) || s->rflags >> 22)
		return "RFLAGS has reserved bits";
	return NULL;
}

static const char *check_non_register(const struct state *s)
{
	const u32 shadow = GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS;
	u32 type = s->event & INTR_INFO_INTR_TYPE_MASK;
	bool event = s->event & INTR_INFO_VALID_MASK;
	bool step = vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS) & DR_STEP;

	if ((s->intr & shadow) == shadow)
		return "shadows of both STI and MOV SS";
	if ((s->intr & GUEST_INTR_STATE_STI) && !(s->rflags & X86_EFLAGS_IF))
		return "shadow of STI with RFLAGS.IF clear";
	if (event && type == INTR_TYPE_EXT_INTR && (s->intr & shadow))
		return "an interrupt is injected in a shadow";
	if (event && type == INTR_TYPE_NMI_INTR &&
	    (s->intr & (GUEST_INTR_STATE_MOV_SS | GUEST_INTR_STATE_NMI)))
		return "an NMI is injected where none can be";
	if ((s->intr & shadow) && step != !!(s->rflags & X86_EFLAGS_TF))
		return "pending single step differs from RFLAGS.TF in a shadow";
	if (vmcs_read(GUEST_ACTIVITY_STATE))
		return "not active";
	if (~vmcs_read(VMCS_LINK_POINTER))
		return "VMCS link pointer";
	return NULL;
}

static void describe_state(struct vmm_vcpu *vcpu, char *text, size_t size)
{
	struct state s;
	const char *why;
	int i;

	read_state(&s);
	for (i = VMM_SEG_ES; i <= VMM_SEG_TR; i++) {
		why = check_segment(&s, vcpu, i);
		if (!why)
			continue;
		snprintf(text, size, "VM entry refused the guest's %s: %s",
			 seg_names[i], why);
		return;
	}
	why = check_control_registers(&s) ?: check_msrs(&s) ?:
	      check_tables() ?: check_rip_and_flags(&s) ?:
	      check_non_register(&s) ?: "no check that is known here";
	snprintf(text, size, "VM entry refused the guest's state: %s", why);
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

/* Exceptions that have an error code. */
#define WITH_ERROR	(BIT(X86_TRAP_DF) | BIT(X86_TRAP_TS) | BIT(X86_TRAP_NP) | \
			 BIT(X86_TRAP_SS) | BIT(X86_TRAP_GP) | BIT(X86_TRAP_PF) | \
			 BIT(X86_TRAP_AC))

static const char *check_error_code(u32 event)
{
	u32 vector = event & INTR_INFO_VECTOR_MASK;
	bool exception = (event & INTR_INFO_INTR_TYPE_MASK) ==
			 INTR_TYPE_HARD_EXCEPTION;
	bool due = exception && vector < 32 && BIT(vector) & WITH_ERROR &&
		   vmcs_read(GUEST_CR0) & X86_CR0_PE;

	if (!!(event & INTR_INFO_DELIVER_CODE_MASK) == due)
		return NULL;
	return due ? "the injected exception lacks its error code" :
		     "an error code is injected where there is none";
}

static const char *check_event(u32 event)
{
	u32 vector = event & INTR_INFO_VECTOR_MASK;
	u32 len = vmcs_read(VM_ENTRY_INSTRUCTION_LEN);

	if (!(event & INTR_INFO_VALID_MASK))
		return NULL;
	switch (event & INTR_INFO_INTR_TYPE_MASK) {
	case INTR_TYPE_NMI_INTR:
		if (vector != X86_TRAP_NMI)
			return "an NMI is injected with another vector";
		break;
	case INTR_TYPE_HARD_EXCEPTION:
		if (vector > 31)
			return "an exception is injected with a vector above 31";
		break;
	case INTR_TYPE_SOFT_INTR:
		if (len < 1 || len > 15)
			return "a software interrupt is injected with a bad length";
	}
	return check_error_code(event);
}

/* The part of control checks that depends on what changes between entries. */
static const char *check_controls(struct vmm_vcpu *vcpu)
{
	u32 primary = vmcs_read(CPU_BASED_VM_EXEC_CONTROL);

	if ((primary & CPU_BASED_TPR_SHADOW) && !vcpu->apic.hw &&
	    vmcs_read(TPR_THRESHOLD) > vmm_lapic_get_tpr(&vcpu->apic))
		return "TPR threshold above TPR";
	return check_event(vmcs_read(VM_ENTRY_INTR_INFO_FIELD)) ?:
	       "no check that is known here";
}

static void describe_no_entry(struct vmm_vcpu *vcpu, u32 error, char *text,
			      size_t size)
{
	if (error == VMXERR_ENTRY_INVALID_CONTROL_FIELD)
		snprintf(text, size, "VM entry refused a control: %s",
			 check_controls(vcpu));
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
