// SPDX-License-Identifier: GPL-2.0
/* bzImage, PVH and Multiboot: good files, and every way to be bad. */
#include <stdlib.h>
#include <string.h>

#include "boot/acpi.h"
#include "boot/bzimage.h"
#include "boot/multiboot.h"
#include "boot/pvh.h"
#include "tap.h"
#include "vmctl_image.h"
#include "vmctl_samples.h"

static struct boot_plan plan;
static struct err err;

static void fresh(uint64_t ram)
{
	struct layout layout;

	plan_free(&plan);
	layout_make(&layout, ram, 48, &err);
	plan_init(&plan, &layout);
	plan.rsdp = LAYOUT_ACPI;
}

static void good(int ret, const char *what)
{
	const char *fault = ret ? err.text : plan_fault(&plan);

	tap_ok(!fault, "%s%s%s", what, fault ? ": " : "", fault ? fault : "");
}

/* Refused with a text that has @part in it. */
static void bad(int ret, const char *part, const char *what)
{
	tap_ok(ret == -1 && strstr(err.text, part) && !strchr(err.text, '\n'),
	       "%s: %s", what, ret ? err.text : "accepted");
}

/* ---- bzImage ------------------------------------------------------------ */

static int bz_plan(uint64_t size, uint64_t initrd_size, const char *cmdline)
{
	static const uint8_t zeroes[4096];
	static struct memory_image kernel, initrd;
	struct bzimage_unpack how = { .where = UNPACK_GUEST };

	kernel = memory_image("bz", bz, size);
	initrd = memory_image("rd", zeroes, initrd_size);
	if (!bzimage_probe(&kernel.image))
		return err_set(&err, 1, "not probed");
	return bzimage_plan(&plan, &kernel.image,
			    initrd_size ? &initrd.image : NULL, cmdline, &how,
			    &err);
}

static bool bz_pages(uint64_t gpa)
{
	uint64_t cr3 = plan.entry.cr3, entry;

	return plan_peek(&plan, cr3, &entry, 8) && (entry & 1) &&
	       plan_peek(&plan, (entry & ~0xfffULL) + 8 * (gpa >> 30), &entry,
			 8) && (entry & 1) &&
	       plan_peek(&plan, (entry & ~0xfffULL) + 8 * (gpa >> 21 & 511),
			 &entry, 8) &&
	       entry == ((gpa & ~0x1fffffULL) | 0x83);
}

static void test_bzimage(void)
{
	struct boot_params page;
	char text[8] = "";

	bz_make();
	fresh(6 * GIB);
	good(bz_plan(sizeof(bz), 0, "hello"), "bzImage");
	tap_ok(plan.entry.mode == BOOT_LONG &&
	       plan.entry.rip == KERNEL_AT + 0x200, "enters at 0x200");
	tap_ok(plan_peek(&plan, plan.entry.rsi, &page, sizeof(page)),
	       "RSI points to boot_params");
	tap_ok(!memcmp(&page.hdr.header, "HdrS", 4) &&
	       page.hdr.type_of_loader == 0xff &&
	       page.acpi_rsdp_addr == LAYOUT_ACPI, "header and RSDP are there");
	tap_ok(plan_peek(&plan, page.hdr.cmd_line_ptr, text, 6) &&
	       !strcmp(text, "hello"), "command line");
	tap_ok(page.e820_entries == 5 && page.e820_table[4].addr == 4 * GIB &&
	       page.e820_table[4].size == 3 * GIB &&
	       page.e820_table[3].addr + page.e820_table[3].size ==
	       LAYOUT_PCI_HOLE, "e820 leaves the PCI hole");
	tap_ok(bz_pages(0) && bz_pages(KERNEL_AT) && bz_pages(0xffffffff),
	       "4 GiB are mapped");
	tap_ok(!page.hdr.ramdisk_size, "no initrd");
}

static void test_bzimage_initrd(void)
{
	struct boot_params page;

	bz_make();
	fresh(64 * MIB);
	good(bz_plan(sizeof(bz), 4000, ""), "bzImage with initrd");
	plan_peek(&plan, plan.entry.rsi, &page, sizeof(page));
	tap_ok(page.hdr.ramdisk_size == 4000 &&
	       page.hdr.ramdisk_image == 64 * MIB - 4096, "at the top");
	bz_header()->initrd_addr_max = 0x37fffff;
	fresh(6 * GIB);
	good(bz_plan(sizeof(bz), 4096, ""), "with a limit");
	plan_peek(&plan, plan.entry.rsi, &page, sizeof(page));
	tap_ok(page.hdr.ramdisk_image == 0x3800000 - 4096, "below the limit");
	bz_header()->initrd_addr_max = UINT32_MAX;
	fresh(64 * MIB);
	bad(bz_plan(sizeof(bz), 64 * MIB, ""), "67108864", "initrd too large");
	fresh(64 * MIB);
	bad(bz_plan(sizeof(bz), UINT64_MAX, ""), "4294967295",
	    "absurd initrd");
	/* between the kernel's end and the end of RAM: to the byte */
	fresh(32 * MIB);
	good(bz_plan(sizeof(bz), 15 * MIB, ""), "initrd that just fits");
	fresh(32 * MIB);
	bz_header()->pref_address = 2 * MIB;
	bz_header()->init_size = 30 * MIB;
	bad(bz_plan(sizeof(bz), 2 * MIB, ""), "2097152", "1 MiB too much");
}

#define BAD_BZ(field, value, part) do {				\
	bz_make();						\
	bz_header()->field = (value);				\
	fresh(256 * MIB);					\
	bad(bz_plan(sizeof(bz), 0, ""), part, #field " " #value);	\
} while (0)

static void test_bzimage_bad(void)
{
	static char long_line[4096];
	size_t size, refused = 0;

	BAD_BZ(boot_flag, 0, "not probed");
	BAD_BZ(header, 0, "not probed");
	BAD_BZ(version, 0x20b, "2.11");
	BAD_BZ(xloadflags, 0, "no 64-bit entry");
	BAD_BZ(loadflags, 0, "zImage");
	BAD_BZ(syssize, 0, "syssize 0");
	BAD_BZ(syssize, UINT32_MAX, "68719476720");
	BAD_BZ(syssize, PAYLOAD / 16 + 1, "cut short");
	BAD_BZ(setup_sects, 255, "cut short");
	BAD_BZ(setup_sects, 0, "cut short");
	BAD_BZ(init_size, 4096, "less than");
	BAD_BZ(init_size, UINT32_MAX, "0xffffffff");
	BAD_BZ(kernel_alignment, 0, "alignment");
	BAD_BZ(kernel_alignment, 3, "alignment");
	BAD_BZ(pref_address, 0x1001000, "alignment");
	BAD_BZ(pref_address, 0, "1 MiB");
	BAD_BZ(pref_address, 0xffe00000, "nothing");
	BAD_BZ(pref_address, UINT64_MAX & ~0x1fffffULL, "4 GiB");
	BAD_BZ(pref_address, 5 * GIB, "4 GiB");

	bz_make();
	memset(long_line, 'x', 2048);
	fresh(256 * MIB);
	bad(bz_plan(sizeof(bz), 0, long_line), "2047", "long command line");
	long_line[2047] = 0;
	fresh(256 * MIB);
	good(bz_plan(sizeof(bz), 0, long_line), "the longest command line");
	for (size = 0; size < sizeof(bz); size++) {
		fresh(256 * MIB);
		refused += bz_plan(size, 0, "") == -1;
	}
	tap_ok(refused == sizeof(bz), "every cut of the file is refused");
	fresh(8 * MIB);
	bad(bz_plan(sizeof(bz), 0, ""), "8M", "too little RAM");
}

/* ---- ELF and PVH -------------------------------------------------------- */

static int elf_plan_it(uint64_t size, uint64_t initrd_size)
{
	static const uint8_t zeroes[4096];
	static struct memory_image kernel, initrd;

	kernel = memory_image("elf", elf64, size);
	initrd = memory_image("rd", zeroes, initrd_size);
	return pvh_plan(&plan, &kernel.image,
			initrd_size ? &initrd.image : NULL, "args", &err);
}

static void test_pvh(void)
{
	uint8_t info[56], map[24], module[32];
	char text[5] = "";

	elf_make();
	fresh(6 * GIB);
	good(elf_plan_it(sizeof(elf64), 4096), "PVH");
	tap_ok(plan.entry.mode == BOOT_PROTECTED &&
	       plan.entry.rip == ELF_AT + 0x40, "enters where the note says");
	tap_ok(plan_peek(&plan, plan.entry.rbx, info, 56) &&
	       get32(info) == 0x336ec578 && get32(info + 4) == 1 &&
	       get64(info + 32) == LAYOUT_ACPI, "start info");
	tap_ok(get32(info + 48) == 5 &&
	       plan_peek(&plan, get64(info + 40) + 4 * 24, map, 24) &&
	       get64(map) == 4 * GIB && get64(map + 8) == 3 * GIB &&
	       get32(map + 16) == 1, "memory map");
	tap_ok(get32(info + 12) == 1 &&
	       plan_peek(&plan, get64(info + 16), module, 32) &&
	       get64(module + 8) == 4096, "initrd as a module");
	tap_ok(plan_peek(&plan, get64(info + 24), text, 5) &&
	       !strcmp(text, "args"), "command line");
	fresh(256 * MIB);
	bad(elf_plan_it(sizeof(elf64), 256 * MIB), "initrd",
	    "initrd too large");
}

#define BAD_ELF(change, part) do {				\
	elf_make();						\
	change;							\
	fresh(256 * MIB);					\
	bad(elf_plan_it(sizeof(elf64), 0), part, #change);	\
} while (0)

static void test_pvh_bad(void)
{
	size_t size, refused = 0;

	BAD_ELF(elf_header()->e_ident[EI_DATA] = ELFDATA2MSB, "encoding 2");
	BAD_ELF(elf_header()->e_ident[EI_CLASS] = 7, "class 7");
	BAD_ELF(elf_header()->e_machine = EM_ARM, "not x86");
	BAD_ELF(elf_header()->e_type = ET_REL, "no executable");
	BAD_ELF(elf_header()->e_phentsize = 1, "1 bytes");
	BAD_ELF(elf_header()->e_phnum = 0, "0 program");
	BAD_ELF(elf_header()->e_phnum = 0xffff, "65535");
	BAD_ELF(elf_header()->e_phoff = UINT64_MAX - 8, "cut short");
	BAD_ELF(elf_phdr(0)->p_filesz = 0x6000, "memory");
	BAD_ELF(elf_phdr(0)->p_offset = UINT64_MAX, "cut short");
	BAD_ELF(elf_phdr(0)->p_memsz = UINT64_MAX, "nothing");
	BAD_ELF(elf_phdr(0)->p_paddr = UINT64_MAX, "nothing");
	BAD_ELF(elf_phdr(0)->p_paddr = LAYOUT_PCI_HOLE, "nothing");
	BAD_ELF(elf_phdr(0)->p_paddr = 0x9f000, "BIOS area");
	BAD_ELF(elf_phdr(0)->p_type = PT_NULL, "nothing to load");
	BAD_ELF(*elf_phdr(1) = *elf_phdr(0), "PVH entry note");
	BAD_ELF(elf_phdr(1)->p_filesz = UINT64_MAX, "cut short");
	BAD_ELF(put32(elf64 + NOTE_OFF, UINT32_MAX), "PVH entry note");
	BAD_ELF(put32(elf64 + NOTE_OFF + 20, UINT32_MAX), "PVH entry note");
	BAD_ELF(put32(elf64 + NOTE_OFF + 24, 17), "PVH entry note");
	BAD_ELF(put64(elf64 + NOTE_OFF + 32, 5 * GIB), "4 GiB");
	BAD_ELF((elf_header()->e_phnum = 3, *elf_phdr(2) = *elf_phdr(0)),
		"runs into");
	elf_make();
	for (size = 0; size < sizeof(elf64); size++) {
		fresh(256 * MIB);
		refused += elf_plan_it(size, 0) == -1;
	}
	tap_ok(refused == sizeof(elf64), "every cut of the file is refused");
}

/* ---- Multiboot ---------------------------------------------------------- */

static struct multiboot_module mods[MULTIBOOT_MAX_MODULES + 1];

static int mb_plan(uint64_t size, unsigned int count)
{
	static struct memory_image kernel;

	kernel = memory_image("mb", mb, size);
	return multiboot_plan(&plan, &kernel.image, mods, count, "one two",
			      &err);
}

static bool string_is(uint32_t gpa, const char *text)
{
	char have[64] = "";

	return plan_peek(&plan, gpa, have, strlen(text) + 1) &&
	       !strcmp(have, text);
}

static void test_multiboot_info(void)
{
	static const uint8_t data[5000];
	struct memory_image a = memory_image("a", data, 5000);
	struct memory_image b = memory_image("b", data, 3);
	uint8_t info[120], list[32], map[24];

	mods[0] = (struct multiboot_module){ &a.image, NULL };
	mods[1] = (struct multiboot_module){ &b.image, "x=1 y" };
	mb_make();
	fresh(6 * GIB);
	good(mb_plan(sizeof(mb), 2), "Multiboot, flat");
	tap_ok(plan.entry.mode == BOOT_PROTECTED &&
	       plan.entry.rax == 0x2badb002 && plan.entry.rip == 0x100200,
	       "entry");
	plan_peek(&plan, plan.entry.rbx, info, sizeof(info));
	tap_ok(get32(info) == 0x24d && get32(info + 4) == 639 &&
	       get32(info + 8) == (LAYOUT_PCI_HOLE >> 10) - 1024, "sizes");
	tap_ok(string_is(get32(info + 16), "mb one two"), "command line");
	tap_ok(get32(info + 20) == 2 &&
	       plan_peek(&plan, get32(info + 24), list, 32), "modules");
	tap_ok(get32(list) == 0x105000 && get32(list + 4) == 0x105000 + 5000 &&
	       get32(list + 16) == 0x107000 &&
	       get32(list + 20) == 0x107003, "on pages after the image");
	tap_ok(string_is(get32(list + 8), "a") &&
	       string_is(get32(list + 24), "b x=1 y"), "and their strings");
	tap_ok(get32(info + 44) == 5 * 24 &&
	       plan_peek(&plan, get32(info + 48) + 4 * 24, map, 24) &&
	       get32(map) == 20 && get64(map + 4) == 4 * GIB &&
	       get64(map + 12) == 3 * GIB && get32(map + 20) == 1, "map");
	tap_ok(string_is(get32(info + 64), "vmctl"), "loader's name");
}

static void test_multiboot(void)
{
	mb_make_elf(ELFCLASS32);
	fresh(64 * MIB);
	good(mb_plan(sizeof(mb), 0), "Multiboot, ELF32");
	tap_ok(plan.entry.rip == ELF_AT + 0x10, "entry is made physical");
	mb_make_elf(ELFCLASS64);
	fresh(64 * MIB);
	good(mb_plan(sizeof(mb), 0), "Multiboot, ELF64");
	tap_ok(plan.entry.rip == ELF_AT, "entry is made physical");

	/* what the boot information must keep clear of */
	mb_make();
	put32(mb + 0x10c, 0x4100);
	put32(mb + 0x110, 0x4000);
	put32(mb + 0x114, 0x6000);
	put32(mb + 0x118, 0x9f800);
	put32(mb + 0x11c, 0x4200);
	fresh(64 * MIB);
	good(mb_plan(sizeof(mb), 0), "an image in base memory");

	mb_make();
	put32(mb + 0x114, 0);
	put32(mb + 0x118, 0);
	fresh(64 * MIB);
	good(mb_plan(sizeof(mb), 0), "no load end: the whole file");
	tap_ok(plan.claim[2].size == sizeof(mb), "indeed");
}

#define BAD_MB(change, part) do {			\
	mb_make();					\
	change;						\
	fresh(64 * MIB);				\
	bad(mb_plan(sizeof(mb), 0), part, #change);	\
} while (0)

static void test_multiboot_bad(void)
{
	static struct memory_image empty;
	size_t size, refused = 0;
	unsigned int i;

	BAD_MB(put32(mb + 0x108, 0), "no Multiboot header");
	BAD_MB((memset(mb, 0, 0x200), mb_put(0x1ffc, 0x10000)),
	       "no Multiboot header");
	BAD_MB((memset(mb, 0, 0x200), mb_put(0x1ff4, 0x10000)), "cut off");
	BAD_MB(mb_put(0x100, 0x10004), "a video mode");
	BAD_MB(mb_put(0x100, 0x18000), "0x8000");
	BAD_MB(mb_put(0x100, 0), "not ELF");
	BAD_MB(put32(mb + 0x110, 0x100101), "load address");
	BAD_MB(put32(mb + 0x110, 0xfff00), "load address");
	BAD_MB(put32(mb + 0x114, 0xfffff), "load end");
	BAD_MB(put32(mb + 0x114, 0x200000), "cut short");
	BAD_MB(put32(mb + 0x118, 0x101fff), "bss end");
	BAD_MB(put32(mb + 0x118, UINT32_MAX), "nothing");
	BAD_MB((put32(mb + 0x10c, 0xa0100), put32(mb + 0x110, 0xa0000),
		put32(mb + 0x114, 0xa1000)),
	       "BIOS area");

	for (i = 0; i <= MULTIBOOT_MAX_MODULES; i++)
		mods[i] = (struct multiboot_module){ &empty.image, NULL };
	empty = memory_image("empty", "", 0);
	mb_make();
	fresh(64 * MIB);
	good(mb_plan(sizeof(mb), MULTIBOOT_MAX_MODULES), "many modules");
	fresh(64 * MIB);
	bad(mb_plan(sizeof(mb), MULTIBOOT_MAX_MODULES + 1), "33",
	    "too many modules");
	empty.image.size = 64 * MIB;
	fresh(64 * MIB);
	bad(mb_plan(sizeof(mb), 1), "67108864", "a module too large");

	for (size = 0; size < 0x2000; size++) {
		fresh(64 * MIB);
		refused += mb_plan(size, 0) == -1;
	}
	tap_ok(refused == 0x2000, "every cut of the image is refused");
}

int main(void)
{
	test_bzimage();
	test_bzimage_initrd();
	test_bzimage_bad();
	test_pvh();
	test_pvh_bad();
	test_multiboot_info();
	test_multiboot();
	test_multiboot_bad();
	plan_free(&plan);
	return tap_done();
}
