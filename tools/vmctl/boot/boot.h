/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What to boot: opens the files that the user named; picks the loader and
 * makes the plan, for each boot anew.  The files stay open as long as a plan
 * refers to them, and longer: a machine that is reset boots from the same files,
 * whatever has become of their names.
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

/**
 * struct boot_files - what the options name
 * @kernel:	or the Multiboot image
 * @args:	of the modules, in @list; NULL for none
 * @list:	a copy of boot_options.multiboot, cut up
 */
struct boot_files {
	struct file kernel, initrd;
	unsigned int modules;
	struct file module[MULTIBOOT_MAX_MODULES];
	const char *args[MULTIBOOT_MAX_MODULES];
	char *list;
};

/** struct boot - the plan, and what it refers to beside the files */
struct boot {
	struct multiboot_module module[MULTIBOOT_MAX_MODULES];
	struct unpacked unpacked;
	struct boot_plan plan;
};

/** boot_files_open() - on failure too, boot_files_close() must follow. */
int boot_files_open(struct boot_files *files, const struct boot_options *opt,
		    struct err *err);
void boot_files_close(struct boot_files *files);

/** boot_open() - on failure too, boot_close() must follow. */
int boot_open(struct boot *boot, struct boot_files *files,
	      const struct boot_options *opt, const struct layout *layout,
	      unsigned int cpus, struct err *err);
void boot_close(struct boot *boot);

#endif
