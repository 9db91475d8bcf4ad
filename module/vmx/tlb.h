/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When translations must be forgotten.
 *
 * Pure: the unit test asserts every decision, because emulators flush the
 * whole TLB on each world switch and so forgive a flush that is forgotten.
 *
 * The processor tags what it caches of nested tables alone with the root of
 * those tables, and what it caches of guest and nested tables together with
 * root and VPID.  INVEPT of a root forgets both kinds; INVVPID only the second,
 * and leaves the first to fill it quickly.
 *
 * A vCPU keeps one VPID for life.  Wherever it is entered after another
 * processor, or for the first time, its root is forgotten first: it may have
 * missed flushes there, and root and VPID may have had other owners.  Without
 * a VPID every entry and every exit forgets the second kind by itself.
 */
#ifndef VMM_VMX_TLB_H
#define VMM_VMX_TLB_H

#include <linux/types.h>

/* What an entry has to do first. */
enum vmx_flush {
	VMX_FLUSH_NONE,
	VMX_FLUSH_VPID,		/* INVVPID of this vCPU's VPID */
	VMX_FLUSH_ROOT,		/* INVEPT of this VM's root */
};

/**
 * struct vmx_tlb - what a vCPU must know of its translations
 * @vpid:	its tag; 0 is the host's and means none
 * @cpu:	where it was entered last, or -1
 * @forget_nested: nested tables have changed
 * @forget_guest: control registers were changed from outside the guest
 */
struct vmx_tlb {
	u16 vpid;
	int cpu;
	bool forget_nested;
	bool forget_guest;
};

static inline void vmx_tlb_init(struct vmx_tlb *tlb, u16 vpid)
{
	tlb->vpid = vpid;
	tlb->cpu = -1;
	tlb->forget_nested = false;
	tlb->forget_guest = false;
}

/* Before an entry on @cpu. */
static inline enum vmx_flush vmx_tlb_prepare(struct vmx_tlb *tlb, int cpu)
{
	bool nested = tlb->forget_nested || tlb->cpu != cpu;
	bool guest = tlb->forget_guest && tlb->vpid;

	tlb->cpu = cpu;
	tlb->forget_nested = false;
	tlb->forget_guest = false;
	if (nested)
		return VMX_FLUSH_ROOT;
	return guest ? VMX_FLUSH_VPID : VMX_FLUSH_NONE;
}

#endif
