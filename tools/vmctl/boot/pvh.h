/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ELF kernels with a PVH entry: a note says where 32-bit code starts, EBX
 * points to a start-info block.  An uncompressed vmlinux has one.
 */
#ifndef VMCTL_PVH_H
#define VMCTL_PVH_H

#include "boot/plan.h"

/** pvh_plan() - plans a boot; @initrd may be NULL. */
int pvh_plan(struct boot_plan *plan, const struct image *kernel,
	     const struct image *initrd, const char *cmdline,
	     struct err *err);

#endif
