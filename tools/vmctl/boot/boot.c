// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "boot/acpi.h"
#include "boot/boot.h"
#include "boot/bzimage.h"
#include "boot/elf.h"
#include "boot/mptable.h"
#include "boot/pvh.h"
#include "lib/bytes.h"

/* What real-mode code looks up: COM1, the EBDA's segment, base memory. */
static int plan_bda(struct boot_plan *plan, struct err *err)
{
	uint8_t *bda = plan_blob(plan, LAYOUT_BDA,
				 LAYOUT_BDA_END - LAYOUT_BDA, err);

	if (!bda)
		return -1;
	put16(bda, 0x3f8);
	put16(bda + 0x0e, LAYOUT_EBDA >> 4);
	put16(bda + 0x13, LAYOUT_EBDA / KIB);
	return 0;
}

static int random_bits(uint64_t random[2], struct err *err)
{
	const ssize_t want = 2 * sizeof(random[0]);
	ssize_t n;

	do
		n = getrandom(random, (size_t)want, 0);
	while (n < 0 && errno == EINTR);
	if (n == want)
		return 0;
	return err_set(err, VMCTL_FAILED, "getrandom: %s", strerror(errno));
}

/* ---- the files --------------------------------------------------------------- */

/* "FILE" or "FILE=ARGS" */
static int open_module(struct boot_files *files, char *item, struct err *err)
{
	char *args = strchr(item, '=');

	if (files->modules == MULTIBOOT_MAX_MODULES)
		return err_set(err, VMCTL_USAGE,
			       "--multiboot: more than %u modules",
			       MULTIBOOT_MAX_MODULES);
	if (args)
		*args++ = 0;
	files->args[files->modules] = args;
	return file_open(&files->module[files->modules++], item, "the module",
			 err);
}

static int open_multiboot(struct boot_files *files,
			  const struct boot_options *opt, struct err *err)
{
	char *next, *item;

	files->list = strdup(opt->multiboot);
	if (!files->list)
		return err_set(err, VMCTL_FAILED, "out of memory");
	next = files->list;
	item = strsep(&next, ",");
	if (file_open(&files->kernel, item, "the Multiboot image", err))
		return -1;
	while ((item = strsep(&next, ",")))
		if (open_module(files, item, err))
			return -1;
	return 0;
}

int boot_files_open(struct boot_files *files, const struct boot_options *opt,
		    struct err *err)
{
	memset(files, 0, sizeof(*files));
	files->kernel.fd = files->initrd.fd = -1;
	if (opt->multiboot)
		return open_multiboot(files, opt, err);
	if (file_open(&files->kernel, opt->kernel, "the kernel", err))
		return -1;
	return opt->initrd ?
	       file_open(&files->initrd, opt->initrd, "the initrd", err) : 0;
}

void boot_files_close(struct boot_files *files)
{
	while (files->modules)
		file_close(&files->module[--files->modules]);
	file_close(&files->initrd);
	file_close(&files->kernel);
	free(files->list);
	files->list = NULL;
}

/* Their sizes, which may have changed since they were opened. */
static int look_again(struct boot_files *files, struct err *err)
{
	unsigned int i;

	if (file_look(&files->kernel, err) ||
	    (files->initrd.fd >= 0 && file_look(&files->initrd, err)))
		return -1;
	for (i = 0; i < files->modules; i++)
		if (file_look(&files->module[i], err))
			return -1;
	return 0;
}

/* ---- the plan ------------------------------------------------------------------ */

static int plan_kernel(struct boot *boot, const struct boot_files *files,
		       const struct boot_options *opt, struct err *err)
{
	const struct image *kernel = &files->kernel.image;
	const struct image *initrd = files->initrd.fd < 0 ? NULL :
				     &files->initrd.image;
	struct bzimage_unpack how = {
		.where = opt->unpack,
		.random = random_bits,
		.unpacked = &boot->unpacked,
	};

	if (bzimage_probe(kernel))
		return bzimage_plan(&boot->plan, kernel, initrd, opt->cmdline,
				    &how, err);
	if (elf_probe(kernel))
		return pvh_plan(&boot->plan, kernel, initrd, opt->cmdline,
				err);
	return err_set(err, VMCTL_FAILED,
		       "%s: not a kernel: neither a bzImage nor ELF (%llu bytes); for Multiboot images try: --multiboot",
		       kernel->name, (unsigned long long)kernel->size);
}

static int plan_multiboot(struct boot *boot, const struct boot_files *files,
			  const struct boot_options *opt, struct err *err)
{
	unsigned int i;

	for (i = 0; i < files->modules; i++)
		boot->module[i] = (struct multiboot_module){
			.image = &files->module[i].image,
			.args = files->args[i],
		};
	return multiboot_plan(&boot->plan, &files->kernel.image, boot->module,
			      files->modules, opt->cmdline, err);
}

int boot_open(struct boot *boot, struct boot_files *files,
	      const struct boot_options *opt, const struct layout *layout,
	      unsigned int cpus, struct err *err)
{
	memset(boot, 0, sizeof(*boot));
	plan_init(&boot->plan, layout);
	if (look_again(files, err) ||
	    plan_bda(&boot->plan, err) ||
	    acpi_plan(&boot->plan, cpus, err) ||
	    mptable_plan(&boot->plan, cpus, err))
		return -1;
	return opt->multiboot ? plan_multiboot(boot, files, opt, err) :
				plan_kernel(boot, files, opt, err);
}

void boot_close(struct boot *boot)
{
	plan_free(&boot->plan);
	unpack_free(&boot->unpacked);
}
