/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_LINES_H
#define VMM_MEM_LINES_H

/*
 * A page by its lines of 64 bytes: which of them are zero, whether the rest will
 * compress, and how it is packed if not.  Pure.
 */

#include <linux/types.h>

#define VMM_LINES	64
#define VMM_LINE_BYTES	64

/**
 * struct vmm_lines - those of a page that are not zero
 * @mask:	a bit for each
 * @nr:		how many
 */
struct vmm_lines {
	u64 mask;
	unsigned int nr;
};

struct vmm_lines vmm_lines_of(const void *page);
bool vmm_lines_are_noise(const void *page, const struct vmm_lines *lines);

/* What vmm_lines_pack() makes. */
static inline unsigned int vmm_lines_length(const struct vmm_lines *lines)
{
	return lines->nr * VMM_LINE_BYTES + sizeof(lines->mask);
}

void vmm_lines_pack(const void *page, const struct vmm_lines *lines, void *to);
bool vmm_lines_unpack(void *page, unsigned int length);

#endif /* VMM_MEM_LINES_H */
