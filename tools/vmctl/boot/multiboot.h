/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Multiboot 1 images: a header in the first 8 KiB, an ELF file or a flat one
 * with load addresses in the header, modules, and a block of information.
 *
 * As other loaders do, the command line starts with the image's name; so does
 * a module's string.
 */
#ifndef VMCTL_MULTIBOOT_H
#define VMCTL_MULTIBOOT_H

#include "boot/plan.h"

#define MULTIBOOT_MAX_MODULES	32

/** struct multiboot_module - @args: after the name in its string, or NULL */
struct multiboot_module {
	const struct image *image;
	const char *args;
};

/** multiboot_plan() - plans a boot of @kernel with @count modules. */
int multiboot_plan(struct boot_plan *plan, const struct image *kernel,
		   const struct multiboot_module *module, unsigned int count,
		   const char *cmdline, struct err *err);

#endif
