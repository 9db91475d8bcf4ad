/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_FILE_H
#define VMM_MEM_FILE_H

/* The file side of memory objects, for mem.c alone. */

#include <linux/types.h>

#include "mem/mem.h"

struct inode;

int vmm_mem_file_init(vmm_mem_ioctl_fn ioctl);
void vmm_mem_file_exit(void);

struct inode *vmm_mem_inode_create(u64 bytes);

#endif /* VMM_MEM_FILE_H */
