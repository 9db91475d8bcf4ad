// SPDX-License-Identifier: GPL-2.0
#include <asm/bootparam.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "boot/bzimage.h"
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
	uint64_t payload;	/* offset in the file */
	uint64_t payload_size;
	uint64_t load;
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
	bz->payload = (sects + 1) * SECTOR;
	bz->payload_size = (uint64_t)hdr->syssize * 16;
	return image_check(bz->file, bz->payload, bz->payload_size,
			   "the kernel", err);
}

/*
 * The kernel goes where it would move itself anyway.  It needs init_size
 * bytes there before it knows of any memory map.
 */
static int place_kernel(struct boot_plan *plan, struct bzimage *bz,
			struct err *err)
{
	const struct setup_header *hdr = &bz->hdr;
	uint64_t size = hdr->init_size;

	if (size < bz->payload_size)
		return err_set(err, VMCTL_FAILED,
			       "%s: init_size %" PRIu64 " is less than the kernel's %"
			       PRIu64 " bytes", bz->file->name, size,
			       bz->payload_size);
	if (hdr->relocatable_kernel &&
	    (!hdr->kernel_alignment ||
	     (hdr->kernel_alignment & (hdr->kernel_alignment - 1)) ||
	     hdr->pref_address % hdr->kernel_alignment))
		return err_set(err, VMCTL_FAILED,
			       "%s: preferred address %#" PRIx64
			       " and alignment %#x don't go together",
			       bz->file->name, (uint64_t)hdr->pref_address,
			       hdr->kernel_alignment);
	bz->load = hdr->pref_address;
	if (bz->load < LAYOUT_HIGH_MEMORY || bz->load >= LAYOUT_4G ||
	    bz->load + size > LAYOUT_4G)
		return err_set(err, VMCTL_FAILED,
			       "%s: wants %#" PRIx64 " bytes at %#" PRIx64
			       ": the 64-bit entry is loaded between 1 MiB and 4 GiB",
			       bz->file->name, size, bz->load);
	if (plan_claim(plan, bz->load, size, "the kernel", err))
		return err_wrap(err, "%s", bz->file->name);
	return plan_file(plan, bz->load, bz->file, bz->payload,
			 bz->payload_size, err);
}

static int place_initrd(struct boot_plan *plan, struct bzimage *bz,
			const struct image *initrd, struct err *err)
{
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

static int place_cmdline(struct boot_plan *plan, struct bzimage *bz,
			 const char *cmdline, struct err *err)
{
	uint64_t len = strlen(cmdline), gpa;
	uint8_t *blob;

	if (len > bz->hdr.cmdline_size)
		return err_set(err, VMCTL_FAILED,
			       "the command line has %" PRIu64 " bytes, %s takes %"
			       PRIu32, len, bz->file->name,
			       bz->hdr.cmdline_size);
	blob = plan_low_blob(plan, len + 1, 16, "the command line", &gpa, err);
	if (!blob)
		return -1;
	memcpy(blob, cmdline, len);
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
		 struct err *err)
{
	struct bzimage bz = { .file = kernel };

	if (read_header(&bz, err) ||
	    place_kernel(plan, &bz, err) ||
	    place_initrd(plan, &bz, initrd, err) ||
	    place_cmdline(plan, &bz, cmdline, err) ||
	    place_params(plan, &bz, err) ||
	    place_tables(plan, err) ||
	    plan_gdt(plan, BOOT_LONG, err))
		return -1;
	plan->entry.rip = bz.load + ENTRY_64;
	return 0;
}
