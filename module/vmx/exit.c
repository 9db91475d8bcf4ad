// SPDX-License-Identifier: GPL-2.0
/*
 * VMX's exit reasons into struct vmm_exit.
 */
#include <linux/kernel.h>

#include "emul/task.h"
#include "vmx/vmx.h"

/* Exit qualification of an I/O instruction; the port is above. */
#define IO_SIZE_MASK		0x7
#define IO_IN			BIT(3)
#define IO_STRING		BIT(4)
#define IO_REP			BIT(5)
#define IO_PORT_SHIFT		16

/* Of a #DB exit, in the places that DR6 has; the others are undefined. */
#define DB_BITS		(DR_TRAP_BITS | DR_GENERAL_DETECT | DR_STEP)
#define DR_GENERAL_DETECT	BIT(13)

/* Of a task switch; the selector is below. */
#define TASK_SOURCE_SHIFT	30

/* Of an EPT violation or full log: IRET had unmasked NMIs before it faulted. */
#define NMI_UNBLOCKED		INTR_INFO_UNBLOCK_NMI

/*
 * What an exit reason means when it takes hardly more than a table to say.
 * @len: the length of the instruction is told.
 */
static const struct simple_exit {
	u8 reason;
	bool len;
} simple[] = {
	[EXIT_REASON_TRIPLE_FAULT]	= { VMM_EXIT_SHUTDOWN },
	[EXIT_REASON_INIT_SIGNAL]	= { VMM_EXIT_INIT },
	[EXIT_REASON_SIPI_SIGNAL]	= { VMM_EXIT_INIT },
	[EXIT_REASON_INTERRUPT_WINDOW]	= { VMM_EXIT_IRQ_WINDOW },
	[EXIT_REASON_NMI_WINDOW]	= { VMM_EXIT_NMI_WINDOW },
	[EXIT_REASON_CPUID]		= { VMM_EXIT_CPUID, true },
	[EXIT_REASON_HLT]		= { VMM_EXIT_HLT, true },
	[EXIT_REASON_INVD]		= { VMM_EXIT_WBINVD, true },
	[EXIT_REASON_RDPMC]		= { VMM_EXIT_RDPMC, true },
	[EXIT_REASON_VMCALL]		= { VMM_EXIT_HYPERCALL, true },
	[EXIT_REASON_VMCLEAR]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_VMLAUNCH]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_VMPTRLD]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_VMPTRST]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_VMREAD]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_VMRESUME]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_VMWRITE]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_VMOFF]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_VMON]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_CR_ACCESS]		= { VMM_EXIT_INSN },
	[EXIT_REASON_DR_ACCESS]		= { VMM_EXIT_INSN },
	[EXIT_REASON_MSR_READ]		= { VMM_EXIT_MSR, true },
	[EXIT_REASON_MSR_WRITE]		= { VMM_EXIT_MSR, true },
	[EXIT_REASON_MWAIT_INSTRUCTION]	= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_MONITOR_INSTRUCTION] = { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_PAUSE_INSTRUCTION]	= { VMM_EXIT_PAUSE, true },
	[EXIT_REASON_TPR_BELOW_THRESHOLD] = { VMM_EXIT_IRQ_WINDOW },
	[EXIT_REASON_INVEPT]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_PREEMPTION_TIMER]	= { VMM_EXIT_TIMER },
	[EXIT_REASON_INVVPID]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_VMFUNC]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_ENCLS]		= { VMM_EXIT_INVALID_OP },
	[EXIT_REASON_WBINVD]		= { VMM_EXIT_WBINVD, true },
	[EXIT_REASON_XSETBV]		= { VMM_EXIT_XSETBV, true },
};

static void decode_unknown(struct vmm_exit *exit)
{
	exit->reason = VMM_EXIT_UNKNOWN;
	exit->info1 = vmcs_read(EXIT_QUALIFICATION);
	exit->info2 = vmcs_read(GUEST_PHYSICAL_ADDRESS);
}

static void decode_io(struct vmm_exit *exit)
{
	u32 info = vmcs_read(EXIT_QUALIFICATION);

	exit->reason = VMM_EXIT_IO;
	exit->info1 = info;
	exit->io.port = info >> IO_PORT_SHIFT;
	exit->io.size = (info & IO_SIZE_MASK) + 1;
	exit->io.in = info & IO_IN;
	exit->io.string = info & IO_STRING;
	exit->io.rep = info & IO_REP;
	exit->insn_len = vmcs_read(VM_EXIT_INSTRUCTION_LEN);
}

/*
 * An IRET that ended an NMI has unmasked NMIs even if it then faults or has no
 * memory to read: it will run again, as part of that NMI's handler.
 */
static void mask_nmi_again(struct vmx_vcpu *vmx)
{
	if (!vmx->vcpu.events.injected.valid)
		vmx_set_nmi_masked(&vmx->vcpu, true);
}

static void decode_violation(struct vmx_vcpu *vmx, struct vmm_exit *exit)
{
	u64 info = vmcs_read(EXIT_QUALIFICATION);
	u32 access = 0;

	if (info & EPT_VIOLATION_ACC_WRITE)
		access |= VMM_ACCESS_WRITE;
	if (info & EPT_VIOLATION_ACC_INSTR)
		access |= VMM_ACCESS_FETCH;
	if (info & EPT_VIOLATION_RWX_MASK)
		access |= VMM_ACCESS_PRESENT;
	/* Without a linear address it was a load of PAE's top-level entries. */
	if (!(info & EPT_VIOLATION_GVA_IS_VALID) ||
	    !(info & EPT_VIOLATION_GVA_TRANSLATED))
		access |= VMM_ACCESS_PT_WALK;
	exit->reason = VMM_EXIT_NPF;
	exit->info1 = info;
	exit->info2 = vmcs_read(GUEST_PHYSICAL_ADDRESS);
	exit->npf.gpa = exit->info2;
	exit->npf.access = access;
	if (unlikely(info & NMI_UNBLOCKED))
		mask_nmi_again(vmx);
}

/* The log has been emptied; the write goes on as if nothing had been. */
static void decode_log_full(struct vmx_vcpu *vmx, struct vmm_exit *exit)
{
	exit->reason = VMM_EXIT_LOG_FULL;
	exit->info1 = vmcs_read(EXIT_QUALIFICATION);
	if (unlikely(exit->info1 & NMI_UNBLOCKED))
		mask_nmi_again(vmx);
}

/*
 * Hardware leaves it to us to put what it says of a #DB into DR6, and to clear
 * DR7.GD as the delivery of #DB does.
 */
static void decode_debug(struct vmx_vcpu *vmx, u32 info)
{
	u64 what = vmcs_read(EXIT_QUALIFICATION) & DB_BITS;

	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_PRIV_SW_EXCEPTION) {
		/* INT1 is a trap, and so RIP is to be behind it. */
		vmx->vcpu.rip += vmcs_read(VM_EXIT_INSTRUCTION_LEN);
		return;
	}
	vmx->dr6 = (vmx->dr6 & ~(u64)DR_TRAP_BITS) | what;
	if (vmx->dr7 & DR_GENERAL_DETECT)
		vmx_set_dr(&vmx->vcpu, 7, vmx->dr7 & ~DR_GENERAL_DETECT);
}

static void decode_exception(struct vmx_vcpu *vmx, struct vmm_exit *exit)
{
	u32 info = vmcs_read(VM_EXIT_INTR_INFO);

	exit->info1 = info;
	exit->reason = VMM_EXIT_HOST_IRQ;
	/* The host's own: let its handlers see them. */
	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR) {
		asm volatile("int $2");
		return;
	}
	if ((info & INTR_INFO_VECTOR_MASK) == X86_TRAP_MC) {
		asm volatile("int $18");
		return;
	}
	exit->reason = VMM_EXIT_EXCEPTION;
	exit->exc.vector = info & INTR_INFO_VECTOR_MASK;
	exit->exc.error = 0;
	if (info & INTR_INFO_DELIVER_CODE_MASK)
		exit->exc.error = vmcs_read(VM_EXIT_INTR_ERROR_CODE);
	if (exit->exc.vector == X86_TRAP_DB)
		decode_debug(vmx, info);
	if (info & INTR_INFO_UNBLOCK_NMI)
		mask_nmi_again(vmx);
}

/*
 * An event that no instruction raised leaves RIP where the task goes on, and
 * has no length.  Hardware puts RF as the old task's TSS is to have it.
 */
static void decode_task_switch(struct vmx_vcpu *vmx, struct vmm_exit *exit)
{
	u32 info = vmcs_read(EXIT_QUALIFICATION);

	exit->reason = VMM_EXIT_TASK_SWITCH;
	exit->info1 = info;
	exit->task.selector = info;
	exit->task.source = info >> TASK_SOURCE_SHIFT;
	if (exit->task.source != EMUL_TASK_GATE ||
	    vmx->vcpu.events.again.any)
		exit->insn_len = vmcs_read(VM_EXIT_INSTRUCTION_LEN);
}

void vmx_decode_failure(struct vmx_vcpu *vmx, struct vmm_exit *exit)
{
	exit->reason = VMM_EXIT_FAIL_ENTRY;
	exit->insn_len = 0;
	exit->nr_insn = 0;
	exit->code = U32_MAX;
	exit->info1 = vmx->entry_error;
	exit->info2 = 0;
}

static void decode_entry_failure(struct vmm_exit *exit, u32 reason)
{
	exit->info1 = vmcs_read(EXIT_QUALIFICATION);
	exit->reason = VMM_EXIT_FAIL_ENTRY;
	if ((u16)reason == EXIT_REASON_MCE_DURING_VMENTRY) {
		asm volatile("int $18");
		exit->reason = VMM_EXIT_HOST_IRQ;
	}
}

/* Behind the instruction, which has been carried out. */
static void decode_apic(struct vmm_exit *exit, u32 reason)
{
	u64 what = vmcs_read(EXIT_QUALIFICATION);

	exit->reason = VMM_EXIT_APIC;
	exit->info1 = what;
	if (reason == EXIT_REASON_EOI_INDUCED) {
		exit->apic.offset = APIC_EOI;
		exit->apic.vector = what;
	} else {
		exit->apic.offset = what & ~PAGE_MASK;
	}
}

/* Out of line, so that the simple ones save no registers for these. */
static noinline void decode_special(struct vmx_vcpu *vmx,
				    struct vmm_exit *exit, u32 reason)
{
	switch (reason) {
	case EXIT_REASON_EXCEPTION_NMI:
		decode_exception(vmx, exit);
		return;
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		exit->reason = VMM_EXIT_HOST_IRQ;
		if (vmx_config.posted)
			vmx_serve_interrupt();
		return;
	case EXIT_REASON_IO_INSTRUCTION:
		decode_io(exit);
		return;
	case EXIT_REASON_EPT_VIOLATION:
		decode_violation(vmx, exit);
		return;
	case EXIT_REASON_PML_FULL:
		decode_log_full(vmx, exit);
		return;
	case EXIT_REASON_EOI_INDUCED:
	case EXIT_REASON_APIC_WRITE:
		decode_apic(exit, reason);
		return;
	case EXIT_REASON_TASK_SWITCH:
		decode_task_switch(vmx, exit);
		return;
	}
	if (unlikely(reason & VMX_EXIT_REASONS_FAILED_VMENTRY))
		decode_entry_failure(exit, reason);
	else
		decode_unknown(exit);
}

void vmx_decode(struct vmx_vcpu *vmx, struct vmm_exit *exit, u32 reason)
{
	exit->code = reason;
	exit->info1 = 0;
	exit->info2 = 0;
	exit->nr_insn = 0;
	exit->insn_len = 0;

	/* Reason 0 has no place in the table, and NONE no meaning there. */
	if (reason >= ARRAY_SIZE(simple) || !simple[reason].reason) {
		decode_special(vmx, exit, reason);
		return;
	}
	exit->reason = simple[reason].reason;
	if (simple[reason].len)
		exit->insn_len = vmcs_read(VM_EXIT_INSTRUCTION_LEN);
	if (exit->reason == VMM_EXIT_MSR) {
		exit->msr.index = vmx->vcpu.gpr[EMUL_RCX];
		exit->msr.write = reason == EXIT_REASON_MSR_WRITE;
	}
}
