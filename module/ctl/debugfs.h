/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_CTL_DEBUGFS_H
#define VMM_CTL_DEBUGFS_H

/* Without debugfs there are no files, which is no failure. */
void vmm_debugfs_init(void);
void vmm_debugfs_exit(void);

#endif
