/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vCPU's registers in the form of the device interface.  For the owner of the
 * vCPU.  The setters check everything that would make an entry fail, and
 * return -EINVAL with nothing changed; what is wrong is a debug message.
 */
#ifndef VMM_CORE_VCPU_STATE_H
#define VMM_CORE_VCPU_STATE_H

#include "uapi/linux/vmm.h"

struct vmm_cpu_limits;
struct vmm_event;
struct vmm_events;
struct vmm_vcpu;

void vmm_vcpu_get_regs(struct vmm_vcpu *vcpu, struct vmm_regs *regs);
int vmm_vcpu_set_regs(struct vmm_vcpu *vcpu, const struct vmm_regs *regs);
void vmm_vcpu_get_sregs(struct vmm_vcpu *vcpu, struct vmm_sregs *sregs);
int vmm_vcpu_set_sregs(struct vmm_vcpu *vcpu, const struct vmm_sregs *sregs);
void vmm_vcpu_get_debugregs(struct vmm_vcpu *vcpu, struct vmm_debugregs *d);
int vmm_vcpu_set_debugregs(struct vmm_vcpu *vcpu,
			   const struct vmm_debugregs *d);
void vmm_vcpu_get_events(struct vmm_vcpu *vcpu, struct vmm_vcpu_events *e);
int vmm_vcpu_set_events(struct vmm_vcpu *vcpu,
			const struct vmm_vcpu_events *e);

/*
 * What the setters ask, of any state: NULL, or what is wrong, in words.
 *
 * vmm_events_check() knows events that no processor would have begun to deliver;
 * vmm_event_valid() an event that is being delivered, @injected, or is to be, while
 * NMIs are @masked, in real mode or not: an error code is dropped there.
 */
bool vmm_regs_valid(const struct vmm_regs *regs);
const char *vmm_sregs_check(const struct vmm_cpu_limits *limits,
			    const struct vmm_sregs *sregs);
const char *vmm_events_check(const struct vmm_events *ev, u64 cr0, u64 rflags);
bool vmm_event_valid(const struct vmm_event *ev, bool injected, bool masked,
		     bool real);

static inline bool vmm_debugregs_valid(u64 dr6, u64 dr7)
{
	return !(dr6 >> 32 || dr7 >> 32);
}

/*
 * What depends on several of the calls above: asked before the first entry after
 * one.  VMM_RESUME, or VMM_TO_USER with VMM_RUN_FAIL_ENTRY and words.
 */
int vmm_vcpu_check_state(struct vmm_vcpu *vcpu);

#endif
