// SPDX-License-Identifier: GPL-2.0
/*
 * When the VMX backend forgets translations. Emulators flush everything at each
 * world switch, so that no guest can tell whether these decisions are right.
 */
#include "tap.h"
#include "vmx/tlb.h"

static void expect(struct vmx_tlb *tlb, int cpu, enum vmx_flush want,
		   const char *when)
{
	enum vmx_flush got = vmx_tlb_prepare(tlb, cpu);

	tap_ok(got == want, "%s: %d, want %d", when, got, want);
}

static void moves(void)
{
	struct vmx_tlb tlb;

	vmx_tlb_init(&tlb, 7);
	expect(&tlb, 0, VMX_FLUSH_ROOT, "first entry");
	expect(&tlb, 0, VMX_FLUSH_NONE, "again there");
	expect(&tlb, 1, VMX_FLUSH_ROOT, "on another processor");
	expect(&tlb, 1, VMX_FLUSH_NONE, "again there");
	expect(&tlb, 0, VMX_FLUSH_ROOT, "back on the first");
	expect(&tlb, 0, VMX_FLUSH_NONE, "again there");
}

static void changes(void)
{
	struct vmx_tlb tlb;

	vmx_tlb_init(&tlb, 7);
	vmx_tlb_prepare(&tlb, 3);
	tlb.forget_nested = true;
	expect(&tlb, 3, VMX_FLUSH_ROOT, "nested tables changed");
	expect(&tlb, 3, VMX_FLUSH_NONE, "once");
	tlb.forget_guest = true;
	expect(&tlb, 3, VMX_FLUSH_VPID, "control registers changed");
	expect(&tlb, 3, VMX_FLUSH_NONE, "once");
	tlb.forget_guest = true;
	tlb.forget_nested = true;
	expect(&tlb, 3, VMX_FLUSH_ROOT, "both: the wider one");
	expect(&tlb, 3, VMX_FLUSH_NONE, "which does for both");
	tlb.forget_guest = true;
	expect(&tlb, 4, VMX_FLUSH_ROOT, "moved and changed");
	expect(&tlb, 4, VMX_FLUSH_NONE, "once");
}

static void without_vpid(void)
{
	struct vmx_tlb tlb;

	vmx_tlb_init(&tlb, 0);
	expect(&tlb, 0, VMX_FLUSH_ROOT, "no VPID: first entry");
	tlb.forget_guest = true;
	expect(&tlb, 0, VMX_FLUSH_NONE, "no VPID: entries forget by themselves");
	tlb.forget_nested = true;
	expect(&tlb, 0, VMX_FLUSH_ROOT, "no VPID: nested tables changed");
	expect(&tlb, 1, VMX_FLUSH_ROOT, "no VPID: on another processor");
}

/* A VPID or root that had another owner: the first entry anywhere clears it. */
static void other_owners(void)
{
	struct vmx_tlb old, new;

	vmx_tlb_init(&old, 9);
	vmx_tlb_prepare(&old, 2);
	vmx_tlb_init(&new, 9);
	expect(&new, 2, VMX_FLUSH_ROOT, "VPID handed on");
}

int main(void)
{
	moves();
	changes();
	without_vpid();
	other_owners();
	return tap_done();
}
