/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which check of an entry a state does not pass.
 *
 * Pure: processors and emulators refuse such states without a word, and states
 * that fail one check alone are hard to come by in a guest.  The unit test makes
 * each of them.
 *
 * What is judged is what this backend enters with: unrestricted guests, that are
 * active, outside of SMM, with virtual NMIs and debug controls loaded.
 */
#ifndef VMM_VMX_CHECK_H
#define VMM_VMX_CHECK_H

#include <linux/types.h>
#include <linux/vmm.h>

#include "core/backend_ops.h"

/**
 * struct vmx_entry_state - what an entry is judged by
 *
 * Fields of the VMCS, but for what the processor allows.
 *
 * @cr0_must, @cr4_must: bits that must be set
 * @cr0_may, @cr4_may: bits that may be
 * @phys_bits:	width of physical addresses
 * @seg:	by enum vmm_seg; attributes of GDTR and IDTR do not count
 * @pending_debug: pending debug exceptions
 * @link:	VMCS link pointer
 * @intr:	interruptibility
 * @activity:	activity state
 * @event:	interruption information of the entry
 * @event_len:	its instruction length
 * @tpr_threshold: where it is compared with TPR
 * @tpr:	its upper half, in the APIC's page
 * @long_mode:	the entry's mode
 */
struct vmx_entry_state {
	u64 cr0, cr3, cr4, efer;
	u64 cr0_must, cr0_may;
	u64 cr4_must, cr4_may;
	u8 phys_bits;
	u64 rip, rflags, dr7;
	u64 sysenter_esp, sysenter_eip, pat;
	struct vmm_segment seg[VMM_SEG_IDTR + 1];
	u64 pending_debug;
	u64 link;
	u32 intr;
	u32 activity;
	u32 event, event_len;
	u32 tpr_threshold;
	u8 tpr;
	bool long_mode;
};

/*
 * The first check of the guest's state that @s does not pass, in words, or NULL
 * if it passes all that are known here.  @where: the segment, or "state".
 */
const char *vmx_check_guest(const struct vmx_entry_state *s, const char **where);

/* Likewise of the controls, of those that change between entries. */
const char *vmx_check_controls(const struct vmx_entry_state *s);

#endif
