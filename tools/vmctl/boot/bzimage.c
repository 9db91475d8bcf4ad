// SPDX-License-Identifier: GPL-2.0
#include <asm/bootparam.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "boot/bzimage.h"
#include "boot/vmlinux.h"
#include "lib/bytes.h"

#define SECTOR		512
#define HDR_OFFSET	0x1f1	/* of struct setup_header, in file and page */
#define HDR_MAGIC	0x53726448	/* "HdrS" */
#define BOOT_FLAG	0xaa55
#define VERSION_64	0x20c	/* the first with xloadflags */
#define ENTRY_64	0x200
#define LOADER_OTHER	0xff

#define PTE_TABLE	0x3	/* present, writable */
#define PTE_LARGE	0x83
#define PAGE		4096ULL
#define LARGE_PAGE	(2 * MIB)

bool bzimage_probe(const struct image *kernel)
{
	struct setup_header hdr;
	struct err err;

	if (image_read(kernel, HDR_OFFSET, &hdr, sizeof(hdr), "", &err))
		return false;
	return hdr.boot_flag == BOOT_FLAG && hdr.header == HDR_MAGIC;
}

static int check_header(const struct image *kernel,
			const struct setup_header *hdr, struct err *err)
{
	if (hdr->version < VERSION_64)
		return err_set(err, VMCTL_FAILED,
			       "%s: boot protocol %u.%02u: the 64-bit entry needs 2.12 or later",
			       kernel->name, hdr->version >> 8,
			       hdr->version & 0xff);
	if (!(hdr->xloadflags & XLF_KERNEL_64))
		return err_set(err, VMCTL_FAILED,
			       "%s: xloadflags %#x say that this kernel has no 64-bit entry",
			       kernel->name, hdr->xloadflags);
	if (!(hdr->loadflags & LOADED_HIGH))
		return err_set(err, VMCTL_FAILED,
			       "%s: loadflags %#x: a zImage, which loads below 1 MiB; only bzImage is supported",
			       kernel->name, hdr->loadflags);
	if (!hdr->syssize)
		return err_set(err, VMCTL_FAILED,
			       "%s: syssize 0: there is no kernel after the setup code",
			       kernel->name);
	return 0;
}

/* One kernel on its way into a plan. */
struct bzimage {
	const struct image *file;
	struct setup_header hdr;
	unsigned int hdr_len;	/* bytes of the header that the file has */
	uint64_t code;		/* what is loaded as it is: offset in the file */
	uint64_t code_size;
	uint64_t load;
	const struct image *initrd;
	const char *cmdline;
};

static int read_header(struct bzimage *bz, struct err *err)
{
	struct setup_header *hdr = &bz->hdr;
	unsigned int sects;

	if (image_read(bz->file, HDR_OFFSET, hdr, sizeof(*hdr),
		       "the setup header", err) ||
	    check_header(bz->file, hdr, err))
		return -1;
	/* the jump over the header tells where it ends */
	bz->hdr_len = offsetof(struct setup_header, header) +
		      (hdr->jump >> 8);
	if (bz->hdr_len > sizeof(*hdr))
		bz->hdr_len = sizeof(*hdr);
	if (bz->hdr_len < offsetof(struct setup_header, kernel_info_offset))
		memset((uint8_t *)hdr + bz->hdr_len, 0,
		       sizeof(*hdr) - bz->hdr_len);
	sects = hdr->setup_sects ? hdr->setup_sects : 4;
	bz->code = (sects + 1) * SECTOR;
	bz->code_size = (uint64_t)hdr->syssize * 16;
	return image_check(bz->file, bz->code, bz->code_size,
			   "the kernel", err);
}

/*
 * Where the kernel would move itself if nothing speaks against it.  It needs
 * init_size bytes before it knows of any memory map.
 */
static int check_place(const struct bzimage *bz, struct err *err)
{
	const struct setup_header *hdr = &bz->hdr;
	uint64_t size = hdr->init_size, at = hdr->pref_address;

	if (size < bz->code_size)
		return err_set(err, VMCTL_FAILED,
			       "%s: init_size %" PRIu64 " is less than the kernel's %"
			       PRIu64 " bytes", bz->file->name, size,
			       bz->code_size);
	if (hdr->relocatable_kernel &&
	    (!hdr->kernel_alignment ||
	     (hdr->kernel_alignment & (hdr->kernel_alignment - 1)) ||
	     at % hdr->kernel_alignment))
		return err_set(err, VMCTL_FAILED,
			       "%s: preferred address %#" PRIx64
			       " and alignment %#x don't go together",
			       bz->file->name, at, hdr->kernel_alignment);
	if (at < LAYOUT_HIGH_MEMORY || at >= LAYOUT_4G ||
	    at + size > LAYOUT_4G)
		return err_set(err, VMCTL_FAILED,
			       "%s: wants %#" PRIx64 " bytes at %#" PRIx64
			       ": the 64-bit entry is loaded between 1 MiB and 4 GiB",
			       bz->file->name, size, at);
	return 0;
}

static int claim_kernel(struct boot_plan *plan, struct bzimage *bz,
			struct err *err)
{
	bz->load = bz->hdr.pref_address;
	if (plan_claim(plan, bz->load, bz->hdr.init_size, "the kernel", err))
		return err_wrap(err, "%s", bz->file->name);
	return 0;
}

static int place_initrd(struct boot_plan *plan, struct bzimage *bz,
			struct err *err)
{
	const struct image *initrd = bz->initrd;
	uint64_t gpa;

	if (!initrd || !initrd->size)
		return 0;
	if (initrd->size > UINT32_MAX)
		return err_set(err, VMCTL_FAILED,
			       "%s: %" PRIu64 " bytes: an initrd has at most %"
			       PRIu32, initrd->name, initrd->size, UINT32_MAX);
	if (plan_find_high(plan, initrd->size, PAGE, LAYOUT_HIGH_MEMORY,
			   bz->hdr.initrd_addr_max + 1ULL, "the initrd", &gpa,
			   err))
		return err_wrap(err, "%s", initrd->name);
	bz->hdr.ramdisk_image = (uint32_t)gpa;
	bz->hdr.ramdisk_size = (uint32_t)initrd->size;
	return plan_file(plan, gpa, initrd, 0, initrd->size, err);
}

/* ---- two ways to unpack ------------------------------------------------- */

/* The kernel does it: it goes where it would move itself anyway. */
static int unpack_in_guest(struct boot_plan *plan, struct bzimage *bz,
			   struct err *err)
{
	if (claim_kernel(plan, bz, err) || place_initrd(plan, bz, err))
		return -1;
	plan->entry.rip = bz->load + ENTRY_64;
	return plan_file(plan, bz->load, bz->file, bz->code, bz->code_size,
			 err);
}

static bool is_space(char c)
{
	return (unsigned char)c <= ' ';
}

/* Whether a word of the command line is @word, or starts with it if @open. */
static bool has_word(const char *cmdline, const char *word, bool open)
{
	size_t len = strlen(word);

	while (*cmdline) {
		if (!strncmp(cmdline, word, len) &&
		    (open || is_space(cmdline[len])))
			return true;
		while (!is_space(*cmdline))
			cmdline++;
		while (*cmdline && is_space(*cmdline))
			cmdline++;
	}
	return false;
}

/* Options that take memory away: which, only the kernel knows for sure. */
static bool memory_is_told(const char *cmdline)
{
	return has_word(cmdline, "mem=", true) ||
	       has_word(cmdline, "memmap=", true) ||
	       has_word(cmdline, "hugepages=", true);
}

/*
 * Puts the kernel where the code that unpacks it in the guest would have: by
 * chance, if it can be moved and nobody forbids it.
 */
static int place_vmlinux(struct boot_plan *plan, struct bzimage *bz,
			 struct vmlinux *v, struct bzimage_unpack *how,
			 struct err *err)
{
	const struct setup_header *hdr = &bz->hdr;
	uint64_t random[2];

	bz->hdr.loadflags &= (uint8_t)~KASLR_FLAG;
	if (!v->movable || !hdr->relocatable_kernel ||
	    has_word(bz->cmdline, "nokaslr", false))
		return claim_kernel(plan, bz, err) ||
		       place_initrd(plan, bz, err) ? -1 : 0;
	bz->hdr.loadflags |= KASLR_FLAG;
	if (how->random(random, err) ||
	    vmlinux_relocate(v, vmlinux_offset(v, hdr->kernel_alignment,
					       random[0]), err))
		return -1;
	if (memory_is_told(bz->cmdline))
		return claim_kernel(plan, bz, err) ||
		       place_initrd(plan, bz, err) ? -1 : 0;
	return place_initrd(plan, bz, err) ||
	       plan_find_random(plan, hdr->init_size, hdr->kernel_alignment,
				hdr->pref_address, LAYOUT_4G, random[1],
				"the kernel", &bz->load, err) ? -1 : 0;
}

static int unpack_here(struct boot_plan *plan, struct bzimage *bz,
		       struct bzimage_unpack *how, struct err *err)
{
	const struct setup_header *hdr = &bz->hdr;
	struct vmlinux v;

	if ((uint64_t)hdr->payload_offset + hdr->payload_length >
	    bz->code_size)
		return err_set(err, VMCTL_FAILED,
			       "%s: a payload of %#x bytes at %#x exceeds the kernel's %#"
			       PRIx64, bz->file->name, hdr->payload_length,
			       hdr->payload_offset, bz->code_size);
	if (hdr->pref_address % LARGE_PAGE ||
	    (hdr->relocatable_kernel && hdr->kernel_alignment % LARGE_PAGE))
		return err_set(err, VMCTL_FAILED,
			       "%s: preferred address %#" PRIx64
			       " and alignment %#x are not in steps of 2 MiB",
			       bz->file->name, (uint64_t)hdr->pref_address,
			       hdr->kernel_alignment);
	if (unpack(how->unpacked, bz->file, bz->code + hdr->payload_offset,
		   hdr->payload_length, hdr->init_size, err))
		return -1;
	if (vmlinux_open(&v, how->unpacked, hdr->pref_address, hdr->init_size,
			 err) ||
	    place_vmlinux(plan, bz, &v, how, err) ||
	    vmlinux_plan(plan, &v, bz->load, err)) {
		unpack_free(how->unpacked);
		return -1;
	}
	return 0;
}

static int place_kernel(struct boot_plan *plan, struct bzimage *bz,
			struct bzimage_unpack *how, struct err *err)
{
	struct boot_mark mark = plan_mark(plan);
	struct bzimage was = *bz;

	if (check_place(bz, err))
		return -1;
	if (how->where == UNPACK_HOST ||
	    (how->where == UNPACK_AUTO &&
	     unpack_pays(bz->file, bz->code + bz->hdr.payload_offset))) {
		if (!unpack_here(plan, bz, how, err))
			return 0;
		if (how->where == UNPACK_HOST)
			return err_wrap(err, "--unpack host");
		plan_rewind(plan, mark);
		*bz = was;
	}
	return unpack_in_guest(plan, bz, err);
}

/* ---- the rest ----------------------------------------------------------- */

static int place_cmdline(struct boot_plan *plan, struct bzimage *bz,
			 struct err *err)
{
	uint64_t len = strlen(bz->cmdline), gpa;
	uint8_t *blob;

	if (len > bz->hdr.cmdline_size)
		return err_set(err, VMCTL_FAILED,
			       "the command line has %" PRIu64 " bytes, %s takes %"
			       PRIu32, len, bz->file->name,
			       bz->hdr.cmdline_size);
	blob = plan_low_blob(plan, len + 1, 16, "the command line", &gpa, err);
	if (!blob)
		return -1;
	memcpy(blob, bz->cmdline, len);
	bz->hdr.cmd_line_ptr = (uint32_t)gpa;
	return 0;
}

/* Identity, 2 MiB a page, all that is below 4 GiB. */
static int place_tables(struct boot_plan *plan, struct err *err)
{
	uint64_t gpa, i;
	uint8_t *blob = plan_low_blob(plan, 6 * PAGE, PAGE, "the page tables",
				      &gpa, err);

	if (!blob)
		return -1;
	plan->entry.cr3 = gpa;
	put64(blob, (gpa + PAGE) | PTE_TABLE);
	for (i = 0; i < 4; i++)
		put64(blob + PAGE + 8 * i,
		      (gpa + (2 + i) * PAGE) | PTE_TABLE);
	for (i = 0; i < 2048; i++)
		put64(blob + 2 * PAGE + 8 * i, i * 2 * MIB | PTE_LARGE);
	return 0;
}

static void fill_e820(struct boot_params *page, const struct memmap *map)
{
	unsigned int i;

	for (i = 0; i < map->count; i++) {
		page->e820_table[i].addr = map->entry[i].gpa;
		page->e820_table[i].size = map->entry[i].size;
		page->e820_table[i].type = map->entry[i].type;
	}
	page->e820_entries = (uint8_t)map->count;
}

static int place_params(struct boot_plan *plan, struct bzimage *bz,
			struct err *err)
{
	struct boot_params *page;
	uint64_t gpa;

	page = (struct boot_params *)plan_low_blob(plan, PAGE, PAGE,
						   "boot_params", &gpa, err);
	if (!page)
		return -1;
	memcpy(&page->hdr, &bz->hdr, bz->hdr_len);
	page->hdr.type_of_loader = LOADER_OTHER;
	page->hdr.code32_start = (uint32_t)bz->load;
	page->acpi_rsdp_addr = plan->rsdp;
	fill_e820(page, &plan->map);
	plan->entry.rsi = gpa;
	return 0;
}

int bzimage_plan(struct boot_plan *plan, const struct image *kernel,
		 const struct image *initrd, const char *cmdline,
		 struct bzimage_unpack *how, struct err *err)
{
	struct bzimage bz = {
		.file = kernel, .initrd = initrd, .cmdline = cmdline,
	};

	return read_header(&bz, err) ||
	       place_kernel(plan, &bz, how, err) ||
	       place_cmdline(plan, &bz, err) ||
	       place_params(plan, &bz, err) ||
	       place_tables(plan, err) ||
	       plan_gdt(plan, BOOT_LONG, err) ? -1 : 0;
}
