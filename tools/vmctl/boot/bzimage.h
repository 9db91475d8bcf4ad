/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Linux bzImage by the boot protocol's 64-bit entry.
 *
 * The file is boot sectors, a setup header in the second of them, and the
 * kernel proper (here: the payload), which is entered at 0x200 in long mode
 * with a boot_params page in RSI.
 */
#ifndef VMCTL_BZIMAGE_H
#define VMCTL_BZIMAGE_H

#include <stdbool.h>

#include "boot/plan.h"

/** bzimage_probe() - whether the file has the magic of a bzImage. */
bool bzimage_probe(const struct image *kernel);

/**
 * bzimage_plan() - plans a boot
 * @initrd: NULL for none
 * @cmdline: the kernel's command line, may be empty
 */
int bzimage_plan(struct boot_plan *plan, const struct image *kernel,
		 const struct image *initrd, const char *cmdline,
		 struct err *err);

#endif
