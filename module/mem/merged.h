/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_MERGED_H
#define VMM_MEM_MERGED_H

/*
 * Merged frames: pages that never change, which tables of any family can name.
 *
 * A frame counts the words that name it, and those who know it otherwise.  It is charged to
 * nobody: whoever it would be charged to may be the first to go.
 */

#include <linux/types.h>

unsigned long vmm_merged_create(unsigned long phys);
void vmm_merged_drain(void);
u64 vmm_merged_pool_bytes(void);
void vmm_merged_get(unsigned long frame, unsigned long nr);
void vmm_merged_put(unsigned long frame);
void vmm_merged_drop(unsigned long frame, unsigned long nr);
u64 vmm_merged_names_of(unsigned long frame);
u64 vmm_merged_frames(void);
u64 vmm_merged_names(void);

#endif /* VMM_MEM_MERGED_H */
