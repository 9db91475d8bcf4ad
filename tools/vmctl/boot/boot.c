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

static int open_kernel(struct boot *boot, const struct boot_options *opt,
		       struct err *err)
{
	const struct image *kernel = &boot->kernel.image, *initrd = NULL;
	struct bzimage_unpack how = {
		.where = opt->unpack,
		.random = random_bits,
		.unpacked = &boot->unpacked,
	};

	if (file_open(&boot->kernel, opt->kernel, "the kernel", err))
		return -1;
	if (opt->initrd) {
		if (file_open(&boot->initrd, opt->initrd, "the initrd", err))
			return -1;
		initrd = &boot->initrd.image;
	}
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

/* "FILE" or "FILE=ARGS" */
static int open_module(struct boot *boot, char *item, struct err *err)
{
	struct multiboot_module *module = &boot->module[boot->modules];
	struct file *file = &boot->module_file[boot->modules];
	char *args = strchr(item, '=');

	if (args)
		*args++ = 0;
	if (file_open(file, item, "the module", err))
		return -1;
	module->image = &file->image;
	module->args = args;
	boot->modules++;
	return 0;
}

static int open_multiboot(struct boot *boot, const struct boot_options *opt,
			  struct err *err)
{
	char *next, *item;

	boot->list = strdup(opt->multiboot);
	if (!boot->list)
		return err_set(err, VMCTL_FAILED, "out of memory");
	next = boot->list;
	item = strsep(&next, ",");
	if (file_open(&boot->kernel, item, "the Multiboot image", err))
		return -1;
	while ((item = strsep(&next, ","))) {
		if (boot->modules == MULTIBOOT_MAX_MODULES)
			return err_set(err, VMCTL_USAGE,
				       "--multiboot: more than %u modules",
				       MULTIBOOT_MAX_MODULES);
		if (open_module(boot, item, err))
			return -1;
	}
	return multiboot_plan(&boot->plan, &boot->kernel.image, boot->module,
			      boot->modules, opt->cmdline, err);
}

int boot_open(struct boot *boot, const struct boot_options *opt,
	      const struct layout *layout, unsigned int cpus, struct err *err)
{
	memset(boot, 0, sizeof(*boot));
	boot->kernel.fd = -1;
	boot->initrd.fd = -1;
	plan_init(&boot->plan, layout);
	if (plan_bda(&boot->plan, err) ||
	    acpi_plan(&boot->plan, cpus, err) ||
	    mptable_plan(&boot->plan, cpus, err))
		return -1;
	return opt->multiboot ? open_multiboot(boot, opt, err) :
				open_kernel(boot, opt, err);
}

void boot_close(struct boot *boot)
{
	plan_free(&boot->plan);
	unpack_free(&boot->unpacked);
	while (boot->modules)
		file_close(&boot->module_file[--boot->modules]);
	file_close(&boot->initrd);
	file_close(&boot->kernel);
	free(boot->list);
	boot->list = NULL;
}
