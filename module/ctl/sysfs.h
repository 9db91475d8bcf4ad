/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_CTL_SYSFS_H
#define VMM_CTL_SYSFS_H

#include <linux/kobject.h>

struct vmm_vm;

/**
 * struct vmm_sysfs_vm - the directory of a VM
 * @kobj:	what keeps this alive
 * @vm:		valid until the directory has been removed
 */
struct vmm_sysfs_vm {
	struct kobject kobj;
	struct vmm_vm *vm;
};

int vmm_sysfs_init(void);
void vmm_sysfs_exit(void);

/* The directory of a VM comes; and goes, when no read of it is under way. */
int vmm_sysfs_add(struct vmm_vm *vm);
void vmm_sysfs_del(struct vmm_vm *vm);

#endif
