// SPDX-License-Identifier: GPL-2.0
/*
 * Registers in and out, for user space.
 */
#include <linux/build_bug.h>
#include <linux/printk.h>

#include "core/request.h"
#include "core/trace.h"
#include "core/vcpu.h"
#include "core/vcpu_state.h"
#include "core/vm.h"
#include "emul/glue.h"
#include "x86/segment.h"

/* Flags that RFLAGS has; the others read as zero, but bit 1 as one. */
#define RFLAGS_VALID							\
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF |	\
	 X86_EFLAGS_SF | X86_EFLAGS_TF | X86_EFLAGS_IF | X86_EFLAGS_DF |	\
	 X86_EFLAGS_OF | X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_RF |	\
	 X86_EFLAGS_VM | X86_EFLAGS_AC | X86_EFLAGS_VIF | X86_EFLAGS_VIP |	\
	 X86_EFLAGS_ID | X86_EFLAGS_FIXED)

/* struct vmm_regs has the registers in the order that instructions number. */
void vmm_vcpu_get_regs(struct vmm_vcpu *vcpu, struct vmm_regs *regs)
{
	BUILD_BUG_ON(offsetof(struct vmm_regs, rip) != sizeof(vcpu->gpr));
	memcpy(regs, vcpu->gpr, sizeof(vcpu->gpr));
	regs->rip = vcpu->rip;
	regs->rflags = vcpu->rflags;
}

bool vmm_regs_valid(const struct vmm_regs *regs)
{
	return !(regs->rflags & ~(u64)RFLAGS_VALID);
}

int vmm_vcpu_set_regs(struct vmm_vcpu *vcpu, const struct vmm_regs *regs)
{
	if (!vmm_regs_valid(regs))
		return -EINVAL;
	vmm_emul_forget_user(vcpu);
	memcpy(vcpu->gpr, regs, sizeof(vcpu->gpr));
	vcpu->rip = regs->rip;
	vcpu->rflags = regs->rflags | X86_EFLAGS_FIXED;
	vcpu->events.exception.valid = 0;
	vcpu->state_set = true;
	vcpu->stopped = false;
	return 0;
}

/* The segments of struct vmm_sregs, in the order of enum vmm_seg. */
static const struct vmm_segment *segments(const struct vmm_sregs *sregs)
{
	BUILD_BUG_ON(offsetof(struct vmm_sregs, tr) !=
		     VMM_SEG_TR * sizeof(struct vmm_segment));
	return &sregs->es;
}

static void get_table(struct vmm_vcpu *vcpu, enum vmm_seg seg,
		      struct vmm_dtable *table)
{
	struct vmm_segment s;

	vmm_backend->get_segment(vcpu, seg, &s);
	*table = (struct vmm_dtable){ .base = s.base, .limit = s.limit };
}

static void set_table(struct vmm_vcpu *vcpu, enum vmm_seg seg,
		      const struct vmm_dtable *table)
{
	struct vmm_segment s = { .base = table->base, .limit = table->limit };

	vmm_backend->set_segment(vcpu, seg, &s);
}

static void read_sregs(struct vmm_vcpu *vcpu, struct vmm_sregs *sregs)
{
	struct vmm_segment *seg = (struct vmm_segment *)segments(sregs);
	struct vmm_cpu_mode mode;
	int i;

	for (i = VMM_SEG_ES; i <= VMM_SEG_TR; i++)
		vmm_backend->get_segment(vcpu, i, &seg[i]);
	get_table(vcpu, VMM_SEG_GDTR, &sregs->gdtr);
	get_table(vcpu, VMM_SEG_IDTR, &sregs->idtr);
	vmm_backend->get_mode(vcpu, &mode);
	sregs->cr0 = mode.cr0;
	sregs->cr2 = vmm_backend->get_cr(vcpu, 2);
	sregs->cr3 = mode.cr3;
	sregs->cr4 = mode.cr4;
	sregs->cr8 = vmm_lapic_get_tpr(&vcpu->apic);
	sregs->efer = mode.efer;
	vmm_lapic_msr_read(&vcpu->apic, MSR_IA32_APICBASE, &sregs->apic_base);
}

/*
 * Virtual-8086 mode has one set of attributes.  What a processor keeps there is
 * its own affair, and not what another would enter with.
 */
void vmm_vcpu_get_sregs(struct vmm_vcpu *vcpu, struct vmm_sregs *sregs)
{
	struct vmm_segment *seg;

	read_sregs(vcpu, sregs);
	if (!(vcpu->rflags & X86_EFLAGS_VM))
		return;
	for (seg = &sregs->es; seg <= &sregs->gs; seg++)
		seg->attr = VMM_ATTR_VM86;
}

const char *vmm_sregs_check(const struct vmm_cpu_limits *limits,
			    const struct vmm_sregs *sregs)
{
	struct vmm_cregs cregs = {
		.cr0 = sregs->cr0, .cr3 = sregs->cr3, .cr4 = sregs->cr4,
		.efer = sregs->efer,
		.cs_l = sregs->cs.attr & EMUL_AR_L,
		.cs_db = sregs->cs.attr & EMUL_AR_DB,
	};

	if (!vmm_cr8_write_valid(sregs->cr8))
		return "CR8 is above 15";
	if (!vmm_cregs_valid(limits, &cregs))
		return "CR0, CR3, CR4 and EFER do not go together";
	return vmm_segments_check(sregs);
}

int vmm_vcpu_set_sregs(struct vmm_vcpu *vcpu, const struct vmm_sregs *sregs)
{
	const struct vmm_segment *seg = segments(sregs);
	const char *why = vmm_sregs_check(vmm_x86_limits(&vcpu->x86), sregs);
	int i, err;

	if (why) {
		pr_debug_ratelimited("vCPU %u: system registers refused: %s\n",
				     vcpu->id, why);
		return -EINVAL;
	}
	err = vmm_lapic_set_base(&vcpu->apic, sregs->apic_base);
	if (err)
		return err;

	vmm_emul_forget_user(vcpu);
	for (i = VMM_SEG_ES; i <= VMM_SEG_TR; i++)
		vmm_backend->set_segment(vcpu, i, &seg[i]);
	set_table(vcpu, VMM_SEG_GDTR, &sregs->gdtr);
	set_table(vcpu, VMM_SEG_IDTR, &sregs->idtr);
	vmm_backend->set_cr(vcpu, 0, sregs->cr0);
	vmm_backend->set_cr(vcpu, 2, sregs->cr2);
	vmm_backend->set_cr(vcpu, 3, sregs->cr3);
	vmm_backend->set_cr(vcpu, 4, sregs->cr4);
	vmm_backend->set_efer(vcpu, sregs->efer);
	vmm_lapic_set_tpr(&vcpu->apic, sregs->cr8);
	vcpu->state_set = true;
	vcpu->stopped = false;
	return 0;
}

static bool lacks_error(const struct vmm_event *ev)
{
	return ev->valid && ev->type == VMM_EVENT_EXC && !ev->has_error &&
	       vmm_exception_has_error(ev->vector);
}

const char *vmm_events_check(const struct vmm_events *ev, u64 cr0, u64 rflags)
{
	if (ev->injected.valid && ev->injected.type == VMM_EVENT_INTR &&
	    !(rflags & X86_EFLAGS_IF))
		return "an interrupt is under way with RFLAGS.IF clear";
	if ((cr0 & X86_CR0_PE) &&
	    (lacks_error(&ev->injected) || lacks_error(&ev->exception)))
		return "an exception lacks its error code";
	return NULL;
}

/* Not on the way of a vCPU that only runs. */
static noinline int check_state(struct vmm_vcpu *vcpu)
{
	struct vmm_sregs sregs = {};
	const char *why;

	read_sregs(vcpu, &sregs);
	why = vmm_mode_check(&sregs, vcpu->rip, vcpu->rflags) ?:
	      vmm_events_check(&vcpu->events, sregs.cr0, vcpu->rflags);
	if (!why)
		return VMM_RESUME;
	trace_vmm_entry_failed(vcpu, 0, 0, why);
	memset(&vcpu->run->fail, 0, sizeof(vcpu->run->fail));
	return vmm_vcpu_stop(vcpu, VMM_RUN_FAIL_ENTRY,
			     "the registers that were set cannot be entered with: %s",
			     why);
}

int vmm_vcpu_check_state(struct vmm_vcpu *vcpu)
{
	if (likely(!vcpu->state_set))
		return VMM_RESUME;
	vcpu->state_set = false;
	return check_state(vcpu);
}

void vmm_vcpu_get_debugregs(struct vmm_vcpu *vcpu, struct vmm_debugregs *d)
{
	memcpy(d->db, vcpu->db, sizeof(d->db));
	d->dr6 = vmm_backend->get_dr(vcpu, 6);
	d->dr7 = vmm_backend->get_dr(vcpu, 7);
}

int vmm_vcpu_set_debugregs(struct vmm_vcpu *vcpu, const struct vmm_debugregs *d)
{
	if (!vmm_debugregs_valid(d->dr6, d->dr7))
		return -EINVAL;
	memcpy(vcpu->db, d->db, sizeof(d->db));
	vmm_backend->set_dr(vcpu, 6, d->dr6);
	vmm_vcpu_set_dr7(vcpu, d->dr7);
	return 0;
}

static void export_event(struct vmm_vcpu_events *e, const struct vmm_event *ev)
{
	e->vector = ev->vector;
	e->type = ev->type;
	e->error = ev->error;
	e->cr2 = ev->cr2;
	if (ev->has_error)
		e->flags |= VMM_EVENT_ERROR_CODE;
}

void vmm_vcpu_get_events(struct vmm_vcpu *vcpu, struct vmm_vcpu_events *e)
{
	const struct vmm_events *ev = &vcpu->events;
	bool nmi = ev->nmi_pending ||
		   test_bit(VMM_REQ_NMI, &vcpu->requests);

	if (ev->injected.valid) {
		e->flags |= VMM_EVENT_INJECTED;
		export_event(e, &ev->injected);
	} else if (ev->exception.valid) {
		e->flags |= VMM_EVENT_EXCEPTION;
		export_event(e, &ev->exception);
	}
	if (nmi)
		e->flags |= VMM_EVENT_NMI_PENDING;
	if (vmm_backend->nmi_masked(vcpu))
		e->flags |= VMM_EVENT_NMI_MASKED;
	if (vcpu->irq_shadow)
		e->flags |= VMM_EVENT_SHADOW_STI;
	e->mp_state = vcpu->mp_state;
}

#define EVENT_FLAGS							\
	(VMM_EVENT_EXCEPTION | VMM_EVENT_ERROR_CODE |			\
	 VMM_EVENT_NMI_PENDING | VMM_EVENT_NMI_MASKED |			\
	 VMM_EVENT_SHADOW_STI | VMM_EVENT_SHADOW_SS | VMM_EVENT_INJECTED)

/* Vectors that are exceptions; processors refuse to enter with others as such. */
#define EXCEPTIONS							\
	(0x703f7fffU & ~(BIT(X86_TRAP_NMI) | BIT(X86_TRAP_OLD_MF)))

static bool is_exception(u8 vector)
{
	return vector < 32 && (EXCEPTIONS >> vector & 1);
}

bool vmm_event_valid(const struct vmm_event *ev, bool injected, bool masked,
		     bool real)
{
	bool error = ev->has_error, has_error;

	switch (ev->type) {
	case VMM_EVENT_INTR:
		/* Any vector: a PIC may be programmed to give the first. */
		return !error && injected;
	case VMM_EVENT_NMI:
		/* Delivery of an NMI is what masks them. */
		return !error && ev->vector == X86_TRAP_NMI && injected &&
		       !masked;
	case VMM_EVENT_EXC:
		has_error = vmm_exception_has_error(ev->vector);
		return is_exception(ev->vector) && (!error || has_error) &&
		       (error || real || !has_error);
	}
	return false;
}

static bool events_valid(const struct vmm_vcpu_events *e, bool real)
{
	u32 one = e->flags & (VMM_EVENT_EXCEPTION | VMM_EVENT_INJECTED);
	struct vmm_event ev = {
		.type = e->type, .vector = e->vector,
		.has_error = !!(e->flags & VMM_EVENT_ERROR_CODE),
	};

	if ((e->flags & ~EVENT_FLAGS) || e->pad ||
	    e->mp_state > VMM_MP_WAIT_FOR_SIPI)
		return false;
	if (one == (VMM_EVENT_EXCEPTION | VMM_EVENT_INJECTED))
		return false;
	if (!one)
		return !ev.has_error;
	return vmm_event_valid(&ev, one == VMM_EVENT_INJECTED,
			       e->flags & VMM_EVENT_NMI_MASKED, real);
}

int vmm_vcpu_set_events(struct vmm_vcpu *vcpu, const struct vmm_vcpu_events *e)
{
	struct vmm_events *ev = &vcpu->events;
	struct vmm_event one = {
		.valid = 1, .type = e->type, .vector = e->vector,
		.has_error = !!(e->flags & VMM_EVENT_ERROR_CODE),
		.error = e->error, .cr2 = e->cr2,
	};

	if (!events_valid(e, !(vmm_backend->get_cr(vcpu, 0) & X86_CR0_PE)))
		return -EINVAL;
	memset(ev, 0, sizeof(*ev));
	clear_bit(VMM_REQ_NMI, &vcpu->requests);
	clear_bit(VMM_REQ_NMI2, &vcpu->requests);
	if (e->flags & VMM_EVENT_INJECTED)
		ev->injected = one;
	if (e->flags & VMM_EVENT_EXCEPTION)
		ev->exception = one;
	ev->nmi_pending = !!(e->flags & VMM_EVENT_NMI_PENDING);
	vmm_backend->set_nmi_masked(vcpu, e->flags & VMM_EVENT_NMI_MASKED);
	vcpu->irq_shadow = e->flags & (VMM_EVENT_SHADOW_STI |
				       VMM_EVENT_SHADOW_SS);
	vcpu->mp_state = e->mp_state;
	vcpu->state_set = true;
	vcpu->stopped = false;
	return 0;
}
