/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_CTL_SYSFS_KSM_H
#define VMM_CTL_SYSFS_KSM_H

#include <linux/sysfs.h>

/* Once, before either of these is used. */
void vmm_sysfs_ksm_fill(void);

extern const struct attribute_group vmm_sysfs_ksm_group;
extern const struct attribute_group vmm_sysfs_ksm_vm_group;

/* For the second one. */
void vmm_sysfs_ksm_vm_fill(void);

/* A file for root. */
void vmm_sysfs_ksm_file(struct kobj_attribute *file, const char *name,
			ssize_t (*show)(struct kobject *kobj,
					struct kobj_attribute *attr,
					char *buf));

#endif
