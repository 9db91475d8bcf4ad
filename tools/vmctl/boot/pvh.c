// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "boot/elf.h"
#include "boot/pvh.h"
#include "lib/bytes.h"

#define NOTE_NAME	"Xen"
#define NOTE_PHYS32_ENTRY 18

#define START_MAGIC	0x336ec578
#define START_VERSION	1
#define START_LEN	56
#define MODULE_LEN	32
#define MAP_ENTRY_LEN	24
#define CMDLINE_MAX	4096
#define PAGE		4096

static int find_entry(const struct elf *elf, uint64_t *entry, struct err *err)
{
	uint8_t desc[8] = { 0 };
	int len = elf_note(elf, NOTE_NAME, NOTE_PHYS32_ENTRY, desc,
			   sizeof(desc), err);

	if (len < 0)
		return -1;
	if (len < 4)
		return err_set(err, VMCTL_FAILED,
			       "%s: an ELF file without the PVH entry note; try: a bzImage, a kernel built with CONFIG_PVH, or --multiboot",
			       elf->file->name);
	*entry = get64(desc);
	if (*entry >= LAYOUT_4G)
		return err_set(err, VMCTL_FAILED,
			       "%s: PVH entry %#llx is not below 4 GiB",
			       elf->file->name, (unsigned long long)*entry);
	return 0;
}

static int place_initrd(struct boot_plan *plan, const struct image *initrd,
			uint8_t *start, uint8_t *module, struct err *err)
{
	uint64_t gpa;

	if (!initrd || !initrd->size)
		return 0;
	if (plan_find_high(plan, initrd->size, PAGE, LAYOUT_HIGH_MEMORY,
			   LAYOUT_4G, "the initrd", &gpa, err))
		return err_wrap(err, "%s", initrd->name);
	put32(start + 12, 1);
	put64(module, gpa);
	put64(module + 8, initrd->size);
	return plan_file(plan, gpa, initrd, 0, initrd->size, err);
}

static int place_cmdline(struct boot_plan *plan, const char *cmdline,
			 uint8_t *start, struct err *err)
{
	size_t len = strlen(cmdline);
	uint8_t *blob;
	uint64_t gpa;

	if (len >= CMDLINE_MAX)
		return err_set(err, VMCTL_FAILED,
			       "the command line has %zu bytes, the limit is %d",
			       len, CMDLINE_MAX - 1);
	blob = plan_low_blob(plan, len + 1, 16, "the command line", &gpa, err);
	if (!blob)
		return -1;
	memcpy(blob, cmdline, len);
	put64(start + 24, gpa);
	return 0;
}

static void fill_map(uint8_t *p, const struct memmap *map)
{
	unsigned int i;

	for (i = 0; i < map->count; i++, p += MAP_ENTRY_LEN) {
		put64(p, map->entry[i].gpa);
		put64(p + 8, map->entry[i].size);
		put32(p + 16, map->entry[i].type);
	}
}

/* One block: start info, the list of modules, the memory map. */
static uint8_t *place_start(struct boot_plan *plan, struct err *err)
{
	size_t len = START_LEN + MODULE_LEN + plan->map.count * MAP_ENTRY_LEN;
	uint64_t gpa;
	uint8_t *p = plan_low_blob(plan, len, 16, "the start info", &gpa, err);

	if (!p)
		return NULL;
	put32(p, START_MAGIC);
	put32(p + 4, START_VERSION);
	put64(p + 16, gpa + START_LEN);
	put64(p + 32, plan->rsdp);
	put64(p + 40, gpa + START_LEN + MODULE_LEN);
	put32(p + 48, plan->map.count);
	fill_map(p + START_LEN + MODULE_LEN, &plan->map);
	plan->entry.rbx = gpa;
	return p;
}

int pvh_plan(struct boot_plan *plan, const struct image *kernel,
	     const struct image *initrd, const char *cmdline,
	     struct err *err)
{
	uint64_t entry = 0, end;
	struct elf elf;
	uint8_t *start;

	if (elf_open(&elf, kernel, err) || find_entry(&elf, &entry, err) ||
	    elf_plan(plan, &elf, &end, err))
		return -1;
	start = place_start(plan, err);
	if (!start ||
	    place_initrd(plan, initrd, start, start + START_LEN, err) ||
	    place_cmdline(plan, cmdline, start, err) ||
	    plan_gdt(plan, BOOT_PROTECTED, err))
		return -1;
	plan->entry.rip = entry;
	return 0;
}
