// SPDX-License-Identifier: GPL-2.0
/*
 * SVM's exit codes into struct vmm_exit.
 */
#include <asm/svm.h>
#include <linux/kernel.h>

#include "svm/svm.h"

#define NPF_IN_PT_WALK		BIT_ULL(33)
#define NPF_ACCESS_MASK		0x1f

/* What an exit code means when it takes no more than a table to say. */
static const struct {
	u16 code;
	u16 reason;
} simple[] = {
	{ SVM_EXIT_INTR,	VMM_EXIT_HOST_IRQ },
	{ SVM_EXIT_NMI,		VMM_EXIT_HOST_IRQ },
	{ SVM_EXIT_SMI,		VMM_EXIT_HOST_IRQ },
	{ SVM_EXIT_VINTR,	VMM_EXIT_IRQ_WINDOW },
	{ SVM_EXIT_CPUID,	VMM_EXIT_CPUID },
	{ SVM_EXIT_HLT,		VMM_EXIT_HLT },
	{ SVM_EXIT_PAUSE,	VMM_EXIT_PAUSE },
	{ SVM_EXIT_VMMCALL,	VMM_EXIT_HYPERCALL },
	{ SVM_EXIT_RDPMC,	VMM_EXIT_RDPMC },
	{ SVM_EXIT_XSETBV,	VMM_EXIT_XSETBV },
	{ SVM_EXIT_WBINVD,	VMM_EXIT_WBINVD },
	{ SVM_EXIT_INVD,	VMM_EXIT_WBINVD },
	{ SVM_EXIT_SHUTDOWN,	VMM_EXIT_SHUTDOWN },
	{ SVM_EXIT_INIT,	VMM_EXIT_INIT },
	{ SVM_EXIT_WRITE_CR4,	VMM_EXIT_INSN },
	{ SVM_EXIT_WRITE_CR8,	VMM_EXIT_INSN },
	{ SVM_EXIT_RDTSCP,	VMM_EXIT_INVALID_OP },
	{ SVM_EXIT_INVPCID,	VMM_EXIT_INVALID_OP },
	{ SVM_EXIT_RDPRU,	VMM_EXIT_INVALID_OP },
	{ SVM_EXIT_MONITOR,	VMM_EXIT_INVALID_OP },
	{ SVM_EXIT_MWAIT,	VMM_EXIT_INVALID_OP },
	{ SVM_EXIT_INVLPGA,	VMM_EXIT_INVALID_OP },
	{ SVM_EXIT_VMRUN,	VMM_EXIT_INVALID_OP },
	{ SVM_EXIT_VMLOAD,	VMM_EXIT_INVALID_OP },
	{ SVM_EXIT_VMSAVE,	VMM_EXIT_INVALID_OP },
	{ SVM_EXIT_STGI,	VMM_EXIT_INVALID_OP },
	{ SVM_EXIT_CLGI,	VMM_EXIT_INVALID_OP },
	{ SVM_EXIT_SKINIT,	VMM_EXIT_INVALID_OP },
};

static u16 lookup(u32 code)
{
	int i;

	if (code >= SVM_EXIT_READ_DR0 && code <= SVM_EXIT_WRITE_DR7)
		return VMM_EXIT_INSN;
	for (i = 0; i < ARRAY_SIZE(simple); i++)
		if (simple[i].code == code)
			return simple[i].reason;
	return VMM_EXIT_UNKNOWN;
}

static void decode_io(struct svm_vcpu *svm, struct vmm_exit *exit)
{
	u32 info = exit->info1;

	exit->reason = VMM_EXIT_IO;
	exit->io.port = info >> 16;
	exit->io.size = (info & SVM_IOIO_SIZE_MASK) >> SVM_IOIO_SIZE_SHIFT;
	exit->io.in = info & SVM_IOIO_TYPE_MASK;
	exit->io.string = info & SVM_IOIO_STR_MASK;
	exit->io.rep = info & SVM_IOIO_REP_MASK;
	/* Port accesses have told their length since the first SVM. */
	exit->insn_len = exit->info2 - svm->vmcb->save.rip;
}

static void decode_npf(struct svm_vcpu *svm, struct vmm_exit *exit)
{
	const struct vmcb_control_area *c = &svm->vmcb->control;

	exit->reason = VMM_EXIT_NPF;
	exit->npf.gpa = exit->info2;
	exit->npf.access = exit->info1 & NPF_ACCESS_MASK;
	if (exit->info1 & NPF_IN_PT_WALK)
		exit->npf.access |= VMM_ACCESS_PT_WALK;
	if (svm_features & SVM_CPUID_DECODE) {
		exit->nr_insn = min_t(u8, c->insn_len, sizeof(c->insn_bytes));
		memcpy(exit->insn, c->insn_bytes, exit->nr_insn);
	}
}

/*
 * The step over an instruction that held an NMI off is over, if there was one.
 * Returns whether the guest has no part in it.
 */
bool svm_end_step(struct vmm_vcpu *vcpu)
{
	struct svm_vcpu *svm = to_svm(vcpu);
	struct vmcb_save_area *s = &svm->vmcb->save;
	bool from_iret = svm->nmi == SVM_NMI_IRET;

	if (!svm->stepping)
		return false;
	svm->stepping = false;
	svm->nmi = SVM_NMI_OPEN;
	if (svm->guest_tf)
		return false;
	/* An IRET has loaded the guest's own TF already. */
	if (!from_iret)
		svm->vcpu.rflags &= ~X86_EFLAGS_TF;
	if (s->dr6 & DR_TRAP_BITS)
		return false;
	s->dr6 &= ~(u64)DR_STEP;
	svm_dirty(svm, SVM_CLEAN_DR);
	return true;
}

static void decode_exception(struct svm_vcpu *svm, struct vmm_exit *exit)
{
	u8 vector = exit->code - SVM_EXIT_EXCP_BASE;

	if (vector == X86_TRAP_MC) {
		/* The host's own: let its handler see it. */
		asm volatile("int $18");
		exit->reason = VMM_EXIT_HOST_IRQ;
		return;
	}
	if (vector == X86_TRAP_DB && svm_end_step(&svm->vcpu)) {
		exit->reason = VMM_EXIT_NMI_WINDOW;
		return;
	}
	exit->reason = VMM_EXIT_EXCEPTION;
	exit->exc.vector = vector;
	exit->exc.error = exit->info1;
}

static void decode_iret(struct svm_vcpu *svm, struct vmm_exit *exit)
{
	svm_intercept(svm, INTERCEPT_IRET, false);
	svm->nmi = SVM_NMI_IRET;
	svm->iret_rip = svm->vmcb->save.rip;
	exit->reason = VMM_EXIT_NONE;
}

static u8 insn_len(struct svm_vcpu *svm)
{
	u64 len;

	if (!(svm_features & SVM_CPUID_NRIPS))
		return 0;
	len = svm->vmcb->control.next_rip - svm->vmcb->save.rip;
	return len <= EMUL_MAX_LEN ? len : 0;
}

void svm_decode(struct svm_vcpu *svm, struct vmm_exit *exit)
{
	const struct vmcb_control_area *c = &svm->vmcb->control;

	exit->code = c->exit_code;
	exit->info1 = c->exit_info_1;
	exit->info2 = c->exit_info_2;
	exit->nr_insn = 0;
	exit->insn_len = insn_len(svm);

	switch (c->exit_code) {
	case SVM_EXIT_IOIO:
		decode_io(svm, exit);
		return;
	case SVM_EXIT_NPF:
		decode_npf(svm, exit);
		return;
	case SVM_EXIT_MSR:
		exit->reason = VMM_EXIT_MSR;
		exit->msr.index = svm->vcpu.gpr[EMUL_RCX];
		exit->msr.write = exit->info1 & 1;
		return;
	case SVM_EXIT_EXCP_BASE ... SVM_EXIT_LAST_EXCP:
		decode_exception(svm, exit);
		return;
	case SVM_EXIT_IRET:
		decode_iret(svm, exit);
		return;
	case (u32)SVM_EXIT_ERR:
		exit->reason = VMM_EXIT_FAIL_ENTRY;
		return;
	}
	exit->reason = lookup(c->exit_code);
}

/* Names the first consistency check that the guest's state fails. */
static const char *invalid_state(const struct vmcb *vmcb)
{
	const struct vmcb_save_area *s = &vmcb->save;

	if (!(s->efer & EFER_SVME))
		return "EFER.SVME is clear";
	if (!(s->cr0 & X86_CR0_CD) && (s->cr0 & X86_CR0_NW))
		return "CR0.NW is set and CR0.CD is not";
	if (s->cr0 >> 32)
		return "CR0 has bits above 31";
	if (s->dr6 >> 32 || s->dr7 >> 32)
		return "DR6 or DR7 has bits above 31";
	if ((s->efer & EFER_LME) && (s->cr0 & X86_CR0_PG)) {
		if (!(s->cr4 & X86_CR4_PAE))
			return "long mode without CR4.PAE";
		if (!(s->cr0 & X86_CR0_PE))
			return "long mode without CR0.PE";
		if ((s->cs.attrib & BIT(9)) && (s->cs.attrib & BIT(10)))
			return "CS has both L and D";
	}
	if (!vmcb->control.asid)
		return "ASID 0";
	return "reserved bits in CR3, CR4 or EFER";
}

void svm_describe(struct vmm_vcpu *vcpu, const struct vmm_exit *exit,
		  char *text, size_t size)
{
	if (exit->reason == VMM_EXIT_FAIL_ENTRY)
		snprintf(text, size, "VMRUN refused the guest's state: %s",
			 invalid_state(to_svm(vcpu)->vmcb));
	else
		snprintf(text, size,
			 "SVM exit %#llx, info %#llx %#llx, nobody handles it",
			 exit->code, exit->info1, exit->info2);
}
