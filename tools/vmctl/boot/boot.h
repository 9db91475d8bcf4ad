/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What to boot: opens the files that the user named, picks the loader and
 * makes the plan.  The files stay open until boot_close(), because the plan
 * refers to them.
 */
#ifndef VMCTL_BOOT_H
#define VMCTL_BOOT_H

#include "boot/bzimage.h"
#include "boot/multiboot.h"
#include "boot/plan.h"
#include "lib/file.h"

/**
 * struct boot_options - as given on the command line
 * @kernel, @initrd: file names, or NULL
 * @multiboot:	"FILE[,MODULE...]", or NULL
 * @cmdline:	never NULL
 * @unpack:	who unpacks a bzImage
 */
struct boot_options {
	const char *kernel;
	const char *initrd;
	const char *multiboot;
	const char *cmdline;
	enum unpack_where unpack;
};

struct boot {
	struct file kernel, initrd;
	unsigned int modules;
	struct file module_file[MULTIBOOT_MAX_MODULES];
	struct multiboot_module module[MULTIBOOT_MAX_MODULES];
	struct unpacked unpacked;
	char *list;		/* a copy of boot_options.multiboot, cut up */
	struct boot_plan plan;
};

/** boot_open() - on failure too, boot_close() must follow. */
int boot_open(struct boot *boot, const struct boot_options *opt,
	      const struct layout *layout, unsigned int cpus, struct err *err);
void boot_close(struct boot *boot);

#endif
