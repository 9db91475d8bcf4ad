/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_CTL_SYSFS_H
#define VMM_CTL_SYSFS_H

struct vmm_vm;

int vmm_sysfs_init(void);
void vmm_sysfs_exit(void);

/* The directory of a VM comes; and goes, when no read of it is under way. */
int vmm_sysfs_add(struct vmm_vm *vm);
void vmm_sysfs_del(struct vmm_vm *vm);

#endif
