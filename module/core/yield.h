/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Directed yield: a vCPU that waits for another one of its VM gives that one the
 * processor.
 *
 * Two things ask for it: the processor, which has left a guest that spins in a
 * loop of PAUSE, and does not say what for; and the guest, which names a vCPU.
 * Documentation/contention.rst has the rules in words.
 *
 * The functions are for the owner of @vcpu.
 */
#ifndef VMM_CORE_YIELD_H
#define VMM_CORE_YIELD_H

#include <linux/types.h>

struct vmm_vcpu;

/* Whether vmm_yield_spinning() has somebody to give way to; does not sleep. */
bool vmm_yield_wanted(struct vmm_vcpu *vcpu);

/* @vcpu spins: gives way to the vCPU that most likely ends that.  May sleep. */
void vmm_yield_spinning(struct vmm_vcpu *vcpu);

/* The thread of @vcpu, any one, waits for a processor; does not sleep. */
bool vmm_yield_waits(struct vmm_vcpu *vcpu);

/* The guest has @vcpu give way to @other, which waits.  May sleep. */
void vmm_yield_to(struct vmm_vcpu *vcpu, struct vmm_vcpu *other);

#endif
