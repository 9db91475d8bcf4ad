/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_DUMP_H
#define VMM_KSM_DUMP_H

/*
 * Pages of memory objects as records of hashes, for who analyzes them elsewhere.  By
 * the knobs alone: whatever the mode, and whether or not anything was scanned.
 */

#include "ksm/look.h"
#include "uapi/linux/vmm_ksm.h"

struct vmm_mem;

/**
 * struct vksm_dump - how pages are looked at
 * @key:	of the knob seed, of no domain: hashes of all VMs can be compared
 * @way:	which hash
 */
struct vksm_dump {
	struct vksm_key key;
	enum vksm_way way;
};

/* By the knobs of now.  May sleep. */
void vksm_dump_begin(struct vksm_dump *dump);

/* The record of a page.  Makes nothing, and holds nothing but RCU. */
void vksm_dump_page(const struct vksm_dump *dump, const struct vmm_mem *mem,
		    u64 index, struct vmm_ksm_page *page);

#endif /* VMM_KSM_DUMP_H */
