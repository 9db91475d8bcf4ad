/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_UNMERGE_H
#define VMM_MEM_UNMERGE_H

/*
 * Merged frames become pages of families again: see unmerge.c.
 */

struct vmm_family;

int vmm_family_unmerge(struct vmm_family *family);
int vmm_unmerge_all(void);

#endif /* VMM_MEM_UNMERGE_H */
