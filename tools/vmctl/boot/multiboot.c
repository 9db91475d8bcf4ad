// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "boot/elf.h"
#include "boot/multiboot.h"
#include "lib/bytes.h"

#define HEADER_SEARCH	8192
#define HEADER_MAGIC	0x1badb002
#define BOOT_MAGIC	0x2badb002

#define WANT_ALIGNED	(1U << 0)
#define WANT_MEMORY	(1U << 1)
#define WANT_MASK	0xffffU	/* of these an unknown one must be refused */
#define HAS_ADDRESSES	(1U << 16)

#define INFO_MEMORY	(1U << 0)
#define INFO_CMDLINE	(1U << 2)
#define INFO_MODULES	(1U << 3)
#define INFO_MAP	(1U << 6)
#define INFO_LOADER	(1U << 9)

#define INFO_LEN	120
#define MODULE_LEN	16
#define MAP_ENTRY_LEN	24	/* with the size that stands before it */
#define STRING_MAX	4096
#define PAGE		4096

static const char loader_name[] = "vmctl";

/** struct header - what was found in the first 8 KiB */
struct header {
	uint64_t offset;
	uint32_t flags;
	uint32_t addr, load, load_end, bss_end, entry;
};

static int find_header(const struct image *file, struct header *h,
		       struct err *err)
{
	uint8_t buf[HEADER_SEARCH] = { 0 };
	size_t len = file->size < sizeof(buf) ? (size_t)file->size :
						sizeof(buf);
	const uint8_t *p;
	size_t at;

	if (image_read(file, 0, buf, len, "the image", err))
		return -1;
	for (at = 0; at + 12 <= len; at += 4) {
		p = buf + at;
		if (get32(p) == HEADER_MAGIC &&
		    get32(p) + get32(p + 4) + get32(p + 8) == 0)
			break;
	}
	if (at + 12 > len)
		return err_set(err, VMCTL_FAILED,
			       "%s: no Multiboot header in the first %zu bytes",
			       file->name, len);
	p = buf + at;
	*h = (struct header){ .offset = at, .flags = get32(p + 4) };
	if (!(h->flags & HAS_ADDRESSES))
		return 0;
	if (at + 32 > len)
		return err_set(err, VMCTL_FAILED,
			       "%s: the Multiboot header at %zu is cut off",
			       file->name, at);
	h->addr = get32(p + 12);
	h->load = get32(p + 16);
	h->load_end = get32(p + 20);
	h->bss_end = get32(p + 24);
	h->entry = get32(p + 28);
	return 0;
}

static int check_flags(const struct image *file, const struct header *h,
		       struct err *err)
{
	uint32_t bad = h->flags & WANT_MASK & ~(WANT_ALIGNED | WANT_MEMORY);

	if (!bad)
		return 0;
	return err_set(err, VMCTL_FAILED,
		       "%s: the Multiboot header requires %#" PRIx32
		       ", of which %#" PRIx32 " is not supported%s",
		       file->name, h->flags & WANT_MASK, bad,
		       bad & 4 ? " (a video mode)" : "");
}

/* A flat image: the header says which part of the file goes where. */
static int plan_flat(struct boot_plan *plan, const struct image *file,
		     const struct header *h, uint64_t *end, struct err *err)
{
	uint64_t offset, size, mem;

	if (h->load > h->addr || h->addr - h->load > h->offset)
		return err_set(err, VMCTL_FAILED,
			       "%s: load address %#" PRIx32
			       " and header address %#" PRIx32
			       " don't fit a header at offset %" PRIu64,
			       file->name, h->load, h->addr, h->offset);
	offset = h->offset - (h->addr - h->load);
	if (h->load_end && h->load_end < h->load)
		return err_set(err, VMCTL_FAILED,
			       "%s: load end %#" PRIx32 " lies before load address %#"
			       PRIx32, file->name, h->load_end, h->load);
	size = h->load_end ? h->load_end - h->load : file->size - offset;
	if (image_check(file, offset, size, "the image", err))
		return -1;
	mem = size;
	if (h->bss_end) {
		if (h->bss_end < h->load || h->bss_end - h->load < size)
			return err_set(err, VMCTL_FAILED,
				       "%s: bss end %#" PRIx32
				       " lies before the end of what is loaded, %#"
				       PRIx64, file->name, h->bss_end,
				       h->load + size);
		mem = h->bss_end - h->load;
	}
	if (plan_claim(plan, h->load, mem, "the image", err))
		return err_wrap(err, "%s", file->name);
	*end = h->load + mem;
	plan->entry.rip = h->entry;
	return plan_file(plan, h->load, file, offset, size, err);
}

static int plan_elf(struct boot_plan *plan, const struct image *file,
		    uint64_t *end, struct err *err)
{
	struct elf elf;

	if (!elf_probe(file))
		return err_set(err, VMCTL_FAILED,
			       "%s: a Multiboot header without load addresses, in a file that is not ELF",
			       file->name);
	if (elf_open(&elf, file, err) || elf_plan(plan, &elf, end, err))
		return -1;
	plan->entry.rip = elf_physical(&elf, elf.entry);
	if (plan->entry.rip >= LAYOUT_4G)
		return err_set(err, VMCTL_FAILED,
			       "%s: entry %#" PRIx64 " is not below 4 GiB",
			       file->name, plan->entry.rip);
	return 0;
}

/* "NAME" or "NAME ARGS", in base memory. */
static int place_string(struct boot_plan *plan, const char *name,
			const char *args, uint8_t *field, struct err *err)
{
	size_t len = strlen(name) + 1 + (args ? strlen(args) + 1 : 0);
	uint8_t *blob;
	uint64_t gpa;

	if (len > STRING_MAX)
		return err_set(err, VMCTL_FAILED,
			       "%s: name and arguments have %zu bytes, the limit is %d",
			       name, len - 1, STRING_MAX - 1);
	blob = plan_low_blob(plan, len, 4, "a string", &gpa, err);
	if (!blob)
		return -1;
	snprintf((char *)blob, len, "%s%s%s", name, args ? " " : "",
		 args ? args : "");
	put32(field, (uint32_t)gpa);
	return 0;
}

static int place_module(struct boot_plan *plan,
			const struct multiboot_module *module, uint64_t after,
			uint8_t *entry, struct err *err)
{
	const struct image *file = module->image;
	uint64_t gpa;

	if (plan_find_low(plan, file->size, PAGE, after, LAYOUT_4G,
			  "a module", &gpa, err))
		return err_wrap(err, "%s", file->name);
	put32(entry, (uint32_t)gpa);
	put32(entry + 4, (uint32_t)(gpa + file->size));
	return plan_file(plan, gpa, file, 0, file->size, err) ||
	       place_string(plan, file->name, module->args, entry + 8, err) ?
	       -1 : 0;
}

static int place_modules(struct boot_plan *plan,
			 const struct multiboot_module *module,
			 unsigned int count, uint64_t after, uint8_t *info,
			 struct err *err)
{
	uint8_t *list;
	uint64_t gpa;
	unsigned int i;

	if (!count)
		return 0;
	list = plan_low_blob(plan, count * MODULE_LEN, 16,
			     "the list of modules", &gpa, err);
	if (!list)
		return -1;
	if (after < LAYOUT_HIGH_MEMORY)
		after = LAYOUT_HIGH_MEMORY;
	for (i = 0; i < count; i++)
		if (place_module(plan, &module[i], after,
				 list + i * MODULE_LEN, err))
			return -1;
	put32(info + 20, count);
	put32(info + 24, (uint32_t)gpa);
	return 0;
}

static int place_map(struct boot_plan *plan, uint8_t *info, struct err *err)
{
	const struct memmap *map = &plan->map;
	uint32_t len = map->count * MAP_ENTRY_LEN;
	uint64_t gpa;
	unsigned int i;
	uint8_t *p = plan_low_blob(plan, len, 16, "the memory map", &gpa, err);

	if (!p)
		return -1;
	for (i = 0; i < map->count; i++, p += MAP_ENTRY_LEN) {
		put32(p, MAP_ENTRY_LEN - 4);
		put64(p + 4, map->entry[i].gpa);
		put64(p + 12, map->entry[i].size);
		put32(p + 20, map->entry[i].type);
	}
	put32(info + 44, len);
	put32(info + 48, (uint32_t)gpa);
	return 0;
}

static int place_info(struct boot_plan *plan, const struct image *kernel,
		      const struct multiboot_module *module,
		      unsigned int count, const char *cmdline, uint64_t end,
		      struct err *err)
{
	uint8_t *info = plan_low_blob(plan, INFO_LEN, 16,
				      "the boot information",
				      &plan->entry.rbx, err);

	if (!info)
		return -1;
	put32(info, INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MAP |
		    INFO_LOADER);
	put32(info + 4, LAYOUT_EBDA / KIB);
	put32(info + 8, (uint32_t)((plan->layout.low - LAYOUT_HIGH_MEMORY) /
				   KIB));
	return place_string(plan, kernel->name, *cmdline ? cmdline : NULL,
			    info + 16, err) ||
	       place_modules(plan, module, count, end, info, err) ||
	       place_map(plan, info, err) ||
	       place_string(plan, loader_name, NULL, info + 64, err) ? -1 : 0;
}

int multiboot_plan(struct boot_plan *plan, const struct image *kernel,
		   const struct multiboot_module *module, unsigned int count,
		   const char *cmdline, struct err *err)
{
	struct header h;
	uint64_t end = 0;

	if (count > MULTIBOOT_MAX_MODULES)
		return err_set(err, VMCTL_USAGE,
			       "%u modules: the limit is %u", count,
			       MULTIBOOT_MAX_MODULES);
	if (find_header(kernel, &h, err) || check_flags(kernel, &h, err))
		return -1;
	if (h.flags & HAS_ADDRESSES ? plan_flat(plan, kernel, &h, &end, err) :
				      plan_elf(plan, kernel, &end, err))
		return -1;
	if (place_info(plan, kernel, module, count, cmdline, end, err) ||
	    plan_gdt(plan, BOOT_PROTECTED, err))
		return -1;
	plan->entry.rax = BOOT_MAGIC;
	return 0;
}
