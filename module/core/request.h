/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests and kicks: how anybody gets a vCPU's attention.
 *
 * A request is a bit in vmm_vcpu.requests.  The owner looks at all of them
 * with interrupts off, after it has published VMM_IN_GUEST and before it
 * enters.  A requester sets the bit, then looks at the mode:
 *
 *	owner				requester
 *	mode = IN_GUEST			requests |= bit
 *	full barrier			full barrier
 *	read requests			read mode; IPI if IN_GUEST
 *
 * One of the two sees the other's write, so that a request is served before
 * the guest runs on, or an IPI ends the guest's run.
 */
#ifndef VMM_CORE_REQUEST_H
#define VMM_CORE_REQUEST_H

#include <linux/bitops.h>

#include "core/vcpu.h"

enum vmm_request {
	VMM_REQ_TLB_FLUSH,	/* forget translations */
	VMM_REQ_LOG,		/* dirty logs begin or end, or are looked at */
	VMM_REQ_NMI,		/* one NMI arrived; a second sets NMI2 */
	VMM_REQ_NMI2,
	VMM_REQ_INIT,		/* INIT; a SIPI after it counts */
	VMM_REQ_SIPI,
	VMM_REQ_CLOCK,		/* PV clock or steal time to be written */
	VMM_REQ_UNHALT,		/* PV kick: end a halt */
	VMM_REQ_DEAD,		/* the VM is dead */
	VMM_REQ_PAUSE,		/* look whether the VM is paused */
};

/* Makes the owner notice what has been set before: wakes it or sends an IPI. */
void vmm_vcpu_kick(struct vmm_vcpu *vcpu);

static inline void vmm_vcpu_request(struct vmm_vcpu *vcpu, enum vmm_request r)
{
	set_bit(r, &vcpu->requests);
	vmm_vcpu_kick(vcpu);
}

static inline bool vmm_vcpu_take(struct vmm_vcpu *vcpu, enum vmm_request r)
{
	return test_bit(r, &vcpu->requests) &&
	       test_and_clear_bit(r, &vcpu->requests);
}

#endif
