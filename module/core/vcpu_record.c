// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU's registers and events as saved records.  See vcpu_record.h.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "core/request.h"
#include "core/vcpu.h"
#include "core/vcpu_record.h"
#include "core/vcpu_state.h"
#include "uapi/linux/vmm.h"
#include "x86/segment.h"

int vmm_vcpu_savable(struct vmm_vcpu *vcpu)
{
	if (vcpu->stopped)
		return -ENOTRECOVERABLE;
	if (vcpu->user_io == VMM_IO_PORT || vcpu->user_io == VMM_IO_EMUL ||
	    emul_busy(&vcpu->emul))
		return -EINPROGRESS;
	return 0;
}

/* Segments and tables lie in both as they do in the other. */
#define SEGMENTS	offsetof(struct vmm_state_sregs, cr0)
static_assert(SEGMENTS == offsetof(struct vmm_sregs, cr0));
static_assert(offsetof(struct vmm_state_sregs, idtr) ==
	      offsetof(struct vmm_sregs, idtr));

static void to_sregs(const struct vmm_state_sregs *st, struct vmm_sregs *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s, st, SEGMENTS);
	s->cr0 = st->cr0;
	s->cr2 = st->cr2;
	s->cr3 = st->cr3;
	s->cr4 = st->cr4;
	s->efer = st->efer;
}

void vmm_vcpu_save_sregs(struct vmm_vcpu *vcpu, struct vmm_state_sregs *st)
{
	struct vmm_sregs s = {};

	vmm_vcpu_get_sregs(vcpu, &s);
	memcpy(st, &s, SEGMENTS);
	st->cr0 = s.cr0;
	st->cr2 = s.cr2;
	st->cr3 = s.cr3;
	st->cr4 = s.cr4;
	st->efer = s.efer;
}

int vmm_vcpu_check_sregs(const struct vmm_cpu_limits *limits,
			 const struct vmm_state_sregs *st)
{
	const struct vmm_segment *seg;
	struct vmm_sregs s;

	for (seg = &st->es; seg <= &st->tr; seg++)
		if (seg->pad || seg->pad2)
			return -EINVAL;
	if (st->gdtr.pad || st->idtr.pad)
		return -EINVAL;
	to_sregs(st, &s);
	return vmm_sregs_check(limits, &s) ? -EINVAL : 0;
}

int vmm_vcpu_load_sregs(struct vmm_vcpu *vcpu, const struct vmm_state_sregs *st,
			u64 apic_base)
{
	struct vmm_sregs s;

	to_sregs(st, &s);
	s.apic_base = apic_base;
	return vmm_vcpu_set_sregs(vcpu, &s);
}

void vmm_vcpu_save_debugregs(struct vmm_vcpu *vcpu,
			     struct vmm_state_debugregs *st)
{
	struct vmm_debugregs d = {};

	vmm_vcpu_get_debugregs(vcpu, &d);
	memcpy(st->db, d.db, sizeof(st->db));
	st->dr6 = d.dr6;
	st->dr7 = d.dr7;
}

int vmm_vcpu_load_debugregs(struct vmm_vcpu *vcpu,
			    const struct vmm_state_debugregs *st)
{
	struct vmm_debugregs d = { .dr6 = st->dr6, .dr7 = st->dr7 };

	memcpy(d.db, st->db, sizeof(d.db));
	return vmm_vcpu_set_debugregs(vcpu, &d);
}

/* ---- events ------------------------------------------------------------------ */

static void save_event(const struct vmm_event *ev, struct vmm_state_event *st)
{
	memset(st, 0, sizeof(*st));
	if (!ev->valid)
		return;
	st->flags = VMM_STATE_EVENT_VALID;
	if (ev->has_error)
		st->flags |= VMM_STATE_EVENT_ERROR;
	st->type = ev->type;
	st->vector = ev->vector;
	st->error = ev->error;
	st->cr2 = ev->cr2;
}

static struct vmm_event to_event(const struct vmm_state_event *st)
{
	return (struct vmm_event) {
		.valid = !!(st->flags & VMM_STATE_EVENT_VALID),
		.type = st->type, .vector = st->vector,
		.has_error = !!(st->flags & VMM_STATE_EVENT_ERROR),
		.error = st->error, .cr2 = st->cr2,
	};
}

/* Requests that are state of the guest, and the flags that stand for them. */
static const struct {
	enum vmm_request request;
	u32 flag;
} requests[] = {
	{ VMM_REQ_INIT, VMM_STATE_INIT },
	{ VMM_REQ_SIPI, VMM_STATE_SIPI },
	{ VMM_REQ_UNHALT, VMM_STATE_UNHALT },
};

void vmm_vcpu_save_events(struct vmm_vcpu *vcpu, struct vmm_state_events *st)
{
	const struct vmm_events *ev = &vcpu->events;
	unsigned int i, nmis = ev->nmi_pending;

	nmis += test_bit(VMM_REQ_NMI, &vcpu->requests);
	nmis += test_bit(VMM_REQ_NMI2, &vcpu->requests);
	memset(st, 0, sizeof(*st));
	save_event(&ev->injected, &st->injected);
	save_event(&ev->exception, &st->exception);
	st->mp_state = vcpu->mp_state;
	st->nmis = min(nmis, 2U);
	if (vmm_backend->nmi_masked(vcpu))
		st->flags |= VMM_STATE_NMI_MASKED;
	if (vcpu->irq_shadow)
		st->flags |= VMM_STATE_IRQ_SHADOW;
	for (i = 0; i < ARRAY_SIZE(requests); i++)
		if (test_bit(requests[i].request, &vcpu->requests))
			st->flags |= requests[i].flag;
	if (st->flags & VMM_STATE_SIPI)
		st->sipi_vector = READ_ONCE(vcpu->sipi_vector);
}

static bool event_valid(const struct vmm_state_event *st, bool injected,
			bool masked, bool real)
{
	static const struct vmm_state_event none;
	const struct vmm_event ev = to_event(st);

	if (!ev.valid)
		return !memcmp(st, &none, sizeof(none));
	return st->flags < VMM_STATE_EVENT_ERROR << 1 && !st->pad &&
	       vmm_event_valid(&ev, injected, masked, real);
}

int vmm_vcpu_check_events(const struct vmm_state_events *st,
			  const struct vmm_state_sregs *sregs,
			  const struct vmm_regs *regs)
{
	bool masked = st->flags & VMM_STATE_NMI_MASKED;
	bool real = !(sregs->cr0 & X86_CR0_PE);
	static const u8 zero[sizeof(st->pad)];
	struct vmm_events events = {
		.injected = to_event(&st->injected),
		.exception = to_event(&st->exception),
	};
	struct vmm_sregs s;

	if (st->mp_state > VMM_MP_WAIT_FOR_SIPI || st->nmis > 2 ||
	    st->flags >= VMM_STATE_UNHALT << 1 ||
	    memcmp(st->pad, zero, sizeof(zero)) ||
	    (st->sipi_vector && !(st->flags & VMM_STATE_SIPI)))
		return -EINVAL;
	if (!event_valid(&st->injected, true, masked, real) ||
	    !event_valid(&st->exception, false, masked, real))
		return -EINVAL;
	to_sregs(sregs, &s);
	return vmm_mode_check(&s, regs->rip, regs->rflags) ||
	       vmm_events_check(&events, sregs->cr0, regs->rflags) ?
		-EINVAL : 0;
}

void vmm_vcpu_load_events(struct vmm_vcpu *vcpu,
			  const struct vmm_state_events *st)
{
	struct vmm_events *ev = &vcpu->events;
	unsigned int i;

	memset(ev, 0, sizeof(*ev));
	ev->injected = to_event(&st->injected);
	ev->exception = to_event(&st->exception);
	ev->nmi_pending = st->nmis;
	clear_bit(VMM_REQ_NMI, &vcpu->requests);
	clear_bit(VMM_REQ_NMI2, &vcpu->requests);
	WRITE_ONCE(vcpu->sipi_vector, st->sipi_vector);
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		if (st->flags & requests[i].flag)
			set_bit(requests[i].request, &vcpu->requests);
		else
			clear_bit(requests[i].request, &vcpu->requests);
	}
	vmm_backend->set_nmi_masked(vcpu, st->flags & VMM_STATE_NMI_MASKED);
	vcpu->irq_shadow = st->flags & VMM_STATE_IRQ_SHADOW;
	vcpu->mp_state = st->mp_state;
	vcpu->state_set = true;
	vcpu->stopped = false;
}
