/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_CTL_SYSFS_KSM_H
#define VMM_CTL_SYSFS_KSM_H

#include <linux/sysfs.h>

/* Once, before either of these is used. */
void vmm_sysfs_ksm_fill(void);

extern const struct attribute_group vmm_sysfs_ksm_group;
extern const struct attribute_group vmm_sysfs_ksm_vm_group;

#endif
