/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_CTL_SYSFS_KSM_H
#define VMM_CTL_SYSFS_KSM_H

#include <linux/sysfs.h>
#include <linux/types.h>

#include "compat.h"

struct vmm_vm;

#include "compat.h"

/* Once, before either of these is used. */
void vmm_sysfs_ksm_fill(void);

/* Closed by NULL; a part of the second group. */
extern vmm_bin_attribute *vmm_sysfs_ksm_dumps[];

extern const struct attribute_group vmm_sysfs_ksm_group;
extern const struct attribute_group vmm_sysfs_ksm_vm_group;

/* Binary files of the first one; and what is kept for them goes, when they are gone. */
extern vmm_bin_attribute *vmm_sysfs_ksm_bins[];
void vmm_sysfs_ksm_survey_exit(void);

/* A figure of a VM, enum vksm_row_stat, from a survey that is at most a second old. */
int vmm_sysfs_ksm_row_stat(const struct vmm_vm *vm, unsigned int stat, u64 *out);

/* For the second one. */
void vmm_sysfs_ksm_vm_fill(void);

/* A file for root. */
void vmm_sysfs_ksm_file(struct kobj_attribute *file, const char *name,
			ssize_t (*show)(struct kobject *kobj,
					struct kobj_attribute *attr,
					char *buf));

#endif
