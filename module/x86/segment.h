/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which contents of the segment registers and descriptor tables a processor
 * can be in.  Pure.
 *
 * The two vendors differ: VMX refuses to enter with much that SVM takes and
 * makes the best of.  What is refused here is what no instruction could have
 * left, on either; so a state that was read from a vCPU can be set again.  Bits
 * that VMX alone insists on (accessed, busy, granularity) are put right by its
 * backend and not asked for here.
 */
#ifndef VMM_X86_SEGMENT_H
#define VMM_X86_SEGMENT_H

#include <linux/types.h>

struct vmm_sregs;

/*
 * Attributes of all segments in virtual-8086 mode: present, writable, accessed,
 * of level 3, 16 bits and bytes.
 */
#define VMM_ATTR_VM86	0x00f3

/* NULL, or what is wrong with the segments of @s, in words. */
const char *vmm_segments_check(const struct vmm_sregs *s);

/*
 * NULL, or what is wrong with @rip and @rflags in the mode that @s is in: what
 * cannot be known while registers are set one group after another.
 */
const char *vmm_mode_check(const struct vmm_sregs *s, u64 rip, u64 rflags);

#endif
