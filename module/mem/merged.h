/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_MERGED_H
#define VMM_MEM_MERGED_H

/*
 * Merged frames: pages that never change, which tables of any family can name.
 *
 * A frame counts the words that name it, and those who know it otherwise.  It is charged to the
 * control group of the family whose page it was made of, as long as there is one of these: as
 * the kernel charges a page of a file to who used it first.  That group has a page
 * less then, and others which name the frame have one less, too.
 */

#include <linux/types.h>

#define VMM_FRAME_POOL	256

/**
 * struct vmm_frame_pool - pages that frames are made of, in no order
 * @page:	which
 * @nr:		how many there are
 * @want:	how many there should be
 *
 * So nobody knows where a frame will lie: by giving a page back just before, say.  Of one
 * who makes frames for one family, and whose active group is that family's; zeroed at first.
 */
struct vmm_frame_pool {
	unsigned long page[VMM_FRAME_POOL];
	unsigned int nr;
	unsigned int want;
};

unsigned long vmm_merged_create(struct vmm_frame_pool *pool,
				unsigned long phys);
void vmm_merged_drain(struct vmm_frame_pool *pool);
void vmm_merged_get(unsigned long frame, unsigned long nr);
void vmm_merged_put(unsigned long frame);
void vmm_merged_drop(unsigned long frame, unsigned long nr);
u64 vmm_merged_names_of(unsigned long frame);
u64 vmm_merged_frames(void);
u64 vmm_merged_names(void);

#endif /* VMM_MEM_MERGED_H */
