/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Deduplication: what is in the pages of a VM, as hashes.
 *
 * /sys/kernel/vmm/vms/<id>/ksm/hashes is an array of these, one for each page of each memory
 * object that the VM has mapped: the object that is mapped at the lowest guest-physical
 * address first, and each object once.
 */
#ifndef _UAPI_LINUX_VMM_KSM_H
#define _UAPI_LINUX_VMM_KSM_H

#include <linux/types.h>

/* In memory.  Without it the page is AWAY, or there is none: no hash, no frame. */
#define VMM_KSM_PAGE_PRESENT	(1U << 0)
/* PRESENT, and all of it is zero: no hash. */
#define VMM_KSM_PAGE_ZERO	(1U << 1)
/* PRESENT, in a frame that deduplication has made, and that nobody writes to. */
#define VMM_KSM_PAGE_MERGED	(1U << 2)
/* PRESENT, and not the object's own: others of its family have it, or had it. */
#define VMM_KSM_PAGE_KIN	(1U << 3)
/* Compressed, or in a swap file. */
#define VMM_KSM_PAGE_AWAY	(1U << 4)
/* PRESENT, a part of a whole block of 2 MiB. */
#define VMM_KSM_PAGE_HUGE	(1U << 5)

/**
 * struct vmm_ksm_page - a page of 4 KiB
 * @hash:	of its content, keyed by /sys/kernel/vmm/ksm/seed and of the kind that .../hash
 *		says: equal for equal pages, wherever those are the same
 * @frame:	which page of the host it is in: equal for the same one, until the module is
 *		loaded anew.  Tells nothing else.
 * @flags:	VMM_KSM_PAGE_*
 * @object:	number of its memory object; the first record with it is of page 0
 */
struct vmm_ksm_page {
	__u64 hash;
	__u64 frame;
	__u32 flags;
	__u32 object;
};

#endif /* _UAPI_LINUX_VMM_KSM_H */
