// SPDX-License-Identifier: GPL-2.0
/*
 * Running a guest on SVM: binding to a processor, entry, injection, windows.
 *
 * NMIs.  Without virtual NMI the processor tells nothing of whether an NMI is
 * being served, so the end is found by intercepting IRET.  That exit comes
 * before the IRET has run; if another NMI waits, the IRET is single-stepped
 * and the #DB after it opens the window.  Otherwise the window opens at the
 * first exit at which RIP has moved on.
 */
#include <asm/barrier.h>
#include <asm/nospec-branch.h>
#include <asm/svm.h>
#include <linux/sched.h>

#include "core/stats.h"
#include "svm/svm.h"
#include "x86/ldt.h"

static void save_host(phys_addr_t pa)
{
	asm volatile("vmsave %0" : : "a" (pa) : "memory");
}

void svm_load(struct vmm_vcpu *vcpu)
{
	struct svm_vcpu *svm = to_svm(vcpu);
	struct svm_cpu *sc = this_cpu_ptr(&svm_cpu);
	int cpu = smp_processor_id();

	if (svm->last_cpu != cpu) {
		svm->vmcb->control.clean = 0;
		svm->last_cpu = cpu;
	}
	save_host(sc->host_vmcb_pa);
}

void svm_put(struct vmm_vcpu *vcpu)
{
	vmm_ldt_renew();
}

void svm_flush_tlb(struct vmm_vcpu *vcpu)
{
	to_svm(vcpu)->forget = true;
}

bool svm_nmi_masked(struct vmm_vcpu *vcpu)
{
	return to_svm(vcpu)->nmi != SVM_NMI_OPEN;
}

void svm_set_nmi_masked(struct vmm_vcpu *vcpu, bool masked)
{
	struct svm_vcpu *svm = to_svm(vcpu);

	svm->nmi = masked ? SVM_NMI_SERVED : SVM_NMI_OPEN;
	svm_intercept(svm, INTERCEPT_IRET, masked);
}

void svm_inject(struct vmm_vcpu *vcpu, const struct vmm_event *event)
{
	struct svm_vcpu *svm = to_svm(vcpu);
	struct vmcb_control_area *c = &svm->vmcb->control;

	c->event_inj = event->vector | event->type << SVM_EVTINJ_TYPE_SHIFT |
		       SVM_EVTINJ_VALID;
	if (event->has_error) {
		c->event_inj |= SVM_EVTINJ_VALID_ERR;
		c->event_inj_err = event->error;
	}
	if (event->type == VMM_EVENT_NMI)
		svm_set_nmi_masked(vcpu, true);
}

/*
 * A virtual interrupt with its intercept on is an exit as soon as RFLAGS.IF and
 * the shadow would let an interrupt in.  Priorities are the local APIC's
 * affair, so it goes past V_TPR; while an interrupt waits, writes of CR8 are
 * intercepted for the APIC to weigh it again.
 */
static void want_irq_window(struct svm_vcpu *svm, int prio)
{
	struct vmcb_control_area *c = &svm->vmcb->control;
	u32 ctl = c->int_ctl & ~V_IRQ_INJECTION_BITS_MASK;

	if (prio == VMM_PRIO_ANY)
		ctl |= V_IRQ_MASK | V_IGN_TPR_MASK;
	svm_intercept(svm, INTERCEPT_VINTR, ctl & V_IRQ_MASK);
	svm_intercept(svm, INTERCEPT_CR8_WRITE, prio != VMM_PRIO_NONE);
	if (ctl == c->int_ctl)
		return;
	c->int_ctl = ctl;
	svm_dirty(svm, SVM_CLEAN_INTR);
}

void svm_want_window(struct vmm_vcpu *vcpu, int prio, bool nmi)
{
	struct svm_vcpu *svm = to_svm(vcpu);

	want_irq_window(svm, prio);
	if (!nmi)
		return;
	/*
	 * Masked by an NMI under service: the IRET intercept is armed.  Held
	 * off by a shadow, or by the IRET itself: one step ends that.
	 */
	if (svm->nmi != SVM_NMI_SERVED && !svm->stepping) {
		svm->stepping = true;
		svm->guest_tf = vcpu->rflags & X86_EFLAGS_TF;
		vcpu->rflags |= X86_EFLAGS_TF;
	}
}

static void write_guest(struct svm_vcpu *svm)
{
	struct vmm_vcpu *vcpu = &svm->vcpu;
	struct vmcb_save_area *s = &svm->vmcb->save;
	struct vmcb_control_area *c = &svm->vmcb->control;
	u32 tpr = vmm_lapic_get_tpr(&vcpu->apic);

	s->rax = vcpu->gpr[EMUL_RAX];
	s->rsp = vcpu->gpr[EMUL_RSP];
	s->rip = vcpu->rip;
	s->rflags = vcpu->rflags;
	c->int_state = vcpu->irq_shadow ? SVM_INTERRUPT_SHADOW_MASK : 0;
	if ((c->int_ctl & V_TPR_MASK) != tpr) {
		c->int_ctl = (c->int_ctl & ~V_TPR_MASK) | tpr;
		svm_dirty(svm, SVM_CLEAN_INTR);
	}
}

static void read_event(struct svm_vcpu *svm)
{
	const struct vmcb_control_area *c = &svm->vmcb->control;
	struct vmm_events *events = &svm->vcpu.events;
	struct vmm_event *ev = &events->injected;
	u32 info = c->exit_int_info;

	ev->valid = 0;
	events->again.any = false;
	if (likely(!(info & SVM_EXITINTINFO_VALID)))
		return;
	ev->vector = info & SVM_EXITINTINFO_VEC_MASK;
	ev->type = (info & SVM_EXITINTINFO_TYPE_MASK) >> SVM_EVTINJ_TYPE_SHIFT;
	ev->has_error = !!(info & SVM_EXITINTINFO_VALID_ERR);
	ev->error = c->exit_int_info_err;
	/*
	 * What an instruction raised comes again when it runs again: RIP still
	 * points at INT n, INT3 or INTO.
	 */
	events->again.any = ev->type == VMM_EVENT_SOFT ||
			    (ev->type == VMM_EVENT_EXC &&
			     (ev->vector == X86_TRAP_BP ||
			      ev->vector == X86_TRAP_OF));
	events->again.vector = ev->vector;
	ev->valid = !events->again.any;
	if (ev->type == VMM_EVENT_NMI)
		svm_set_nmi_masked(&svm->vcpu, false);
}

static void read_guest(struct svm_vcpu *svm)
{
	struct vmm_vcpu *vcpu = &svm->vcpu;
	const struct vmcb_save_area *s = &svm->vmcb->save;
	const struct vmcb_control_area *c = &svm->vmcb->control;
	u32 tpr = c->int_ctl & V_TPR_MASK;

	vcpu->gpr[EMUL_RAX] = s->rax;
	vcpu->gpr[EMUL_RSP] = s->rsp;
	vcpu->rip = s->rip;
	vcpu->rflags = s->rflags;
	vcpu->irq_shadow = c->int_state & SVM_INTERRUPT_SHADOW_MASK;
	if (unlikely(tpr != vmm_lapic_get_tpr(&vcpu->apic)))
		vmm_lapic_set_tpr(&vcpu->apic, tpr);
	if (svm->nmi == SVM_NMI_IRET && s->rip != svm->iret_rip)
		svm->nmi = SVM_NMI_OPEN;
}

static void prepare_tlb(struct svm_vcpu *svm, struct svm_cpu *sc)
{
	struct vmcb_control_area *c = &svm->vmcb->control;
	u32 asid = c->asid;

	c->tlb_ctl = svm_asid_prepare(&sc->pool, &svm->asid,
				      smp_processor_id(), svm->forget);
	svm->forget = false;
	c->asid = svm->asid.asid;
	if (c->asid != asid)
		svm_dirty(svm, SVM_CLEAN_ASID);
}

void svm_enter(struct vmm_vcpu *vcpu, struct vmm_exit *exit)
{
	struct svm_vcpu *svm = to_svm(vcpu);
	struct svm_cpu *sc = this_cpu_ptr(&svm_cpu);

	write_guest(svm);
	prepare_tlb(svm, sc);

	svm_world_switch(svm->vmcb_pa, vcpu->gpr, sc->host_vmcb_pa);

	if (unlikely(sc->barrier_on_exit))
		wrmsrl(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
	if (svm_features & SVM_CPUID_CLEAN)
		svm->vmcb->control.clean = SVM_CLEAN_ALL;
	svm->vmcb->control.event_inj = 0;
	/* What a refused entry leaves in the VMCB need not be the guest's. */
	if (likely(svm->vmcb->control.exit_code != (u32)SVM_EXIT_ERR)) {
		read_guest(svm);
		read_event(svm);
	}
	svm_decode(svm, exit);
}
