// SPDX-License-Identifier: GPL-2.0
/*
 * bzImages that vmctl unpacks: each format, where the kernel lands and what
 * is relocated, and every way in which it is left to the guest.
 */
#include "boot/acpi.h"
#include "boot/vmlinux.h"
#include "tap.h"
#include "vmctl_image.h"
#include "vmctl_packed.h"

static struct boot_plan plan;
static struct unpacked unpacked;
static struct boot_params page;
static struct err err;
static uint64_t chance[2];
static unsigned int asked;	/* how often for chance */

static int random_bits(uint64_t random[2], struct err *e)
{
	(void)e;
	asked++;
	memcpy(random, chance, sizeof(chance));
	return 0;
}

static int boot(enum unpack_where where, uint64_t ram, uint64_t initrd_size,
		const char *cmdline)
{
	static const uint8_t zeroes[4096];
	static struct memory_image kernel, initrd;
	struct bzimage_unpack how = { where, random_bits, &unpacked };
	struct layout layout;
	int ret;

	plan_free(&plan);
	unpack_free(&unpacked);
	layout_make(&layout, ram, 48, &err);
	plan_init(&plan, &layout);
	kernel = memory_image("bz", pk_file, pk_len);
	initrd = memory_image("rd", zeroes, initrd_size);
	ret = bzimage_plan(&plan, &kernel.image,
			   initrd_size ? &initrd.image : NULL, cmdline, &how,
			   &err);
	if (!ret)
		plan_peek(&plan, plan.entry.rsi, &page, sizeof(page));
	return ret;
}

static void good(int ret, const char *what)
{
	const char *fault = ret ? err.text : plan_fault(&plan);

	tap_ok(!fault, "%s%s%s", what, fault ? ": " : "", fault ? fault : "");
}

/* What a kernel linked to @paddr has there after it was placed. */
static uint64_t word(uint64_t paddr, unsigned int width)
{
	uint64_t load = plan.entry.rip - 0x80, v = 0;

	return plan_peek(&plan, load + (paddr - PK_BASE), &v, width) ? v :
								       ~0ULL;
}

/* Relocated by @offset, and nothing else. */
static bool moved_by(uint64_t offset)
{
	return word(PK_WORD32, 4) == (uint32_t)(PK_ADDRESS + offset) &&
	       word(PK_MINUS32, 4) == (uint32_t)(PK_MINUS - offset) &&
	       word(PK_WORD64, 8) == PK_ADDRESS + offset &&
	       word(PK_BASE + 0x14, 4) == 0xc3c3c3c3 &&
	       !word(PK_DATA_AT + 0x38, 8);
}

static bool in_guest(void)
{
	return plan.entry.rip == PK_BASE + 0x200 && !unpacked.data;
}

static void test_formats(void)
{
	enum packing how;

	for (how = PK_XZ; how <= PK_GZIP; how++) {
		packed_kernel();
		packed_seal(how);
		good(boot(UNPACK_HOST, 256 * MIB, 0, "nokaslr"), pk_names[how]);
		tap_ok(plan.entry.rip == PK_BASE + 0x80 && moved_by(0) &&
		       plan.entry.mode == BOOT_LONG && !asked,
		       "%s: where it is linked to", pk_names[how]);
		tap_ok(!(page.hdr.loadflags & KASLR_FLAG), "%s: no KASLR",
		       pk_names[how]);
		boot(UNPACK_GUEST, 256 * MIB, 0, "nokaslr");
		tap_ok(in_guest(), "%s: left to the guest", pk_names[how]);
		boot(UNPACK_AUTO, 256 * MIB, 0, "nokaslr");
		tap_ok(in_guest() == (how == PK_LZ4), "%s: as it pays",
		       pk_names[how]);
	}
}

static void test_kaslr(void)
{
	/* places in 1 GiB and in RAM: what the last of them is */
	const uint64_t last = (GIB - PK_BASE - 0x205000) & ~0x1fffffULL;

	packed_kernel();
	packed_seal(PK_XZ);
	memset(chance, 0, sizeof(chance));
	good(boot(UNPACK_HOST, 256 * MIB, 0, "quiet"), "least chance");
	tap_ok(asked == 1 && plan.entry.rip == PK_BASE + 0x80 && moved_by(0) &&
	       page.hdr.loadflags & KASLR_FLAG, "is the first place");
	memset(chance, 0xff, sizeof(chance));
	good(boot(UNPACK_HOST, 256 * MIB, 0, "nokaslr_not"), "most chance");
	tap_ok(moved_by(last), "is the last offset");
	tap_ok(plan.entry.rip == 256 * MIB - PK_INIT_SIZE + 0x80,
	       "and the last address");
	good(boot(UNPACK_HOST, 256 * MIB, 4000, ""), "with an initrd");
	tap_ok(page.hdr.ramdisk_image == 256 * MIB - 4096 &&
	       plan.entry.rip == 256 * MIB - PK_INIT_SIZE - 0x200000 + 0x80,
	       "below it");
	good(boot(UNPACK_HOST, 256 * MIB, 0, "a mem=128M"), "less memory");
	tap_ok(moved_by(last) && plan.entry.rip == PK_BASE + 0x80,
	       "moves in virtual memory only");
	good(boot(UNPACK_HOST, 6 * GIB, 0, ""), "much memory");
	tap_ok(plan.entry.rip == LAYOUT_PCI_HOLE - PK_INIT_SIZE + 0x80,
	       "below the hole");
	good(boot(UNPACK_HOST, 256 * MIB, 0, "a\tnokaslr\tb"), "tabs");
	tap_ok(moved_by(0) && plan.entry.rip == PK_BASE + 0x80, "part words");
	asked = 0;
	pk_header()->relocatable_kernel = 0;
	good(boot(UNPACK_HOST, 256 * MIB, 0, ""), "not relocatable");
	tap_ok(moved_by(0) && !asked, "stays");
}

/* Every place is as likely as another, with claims between them. */
static void test_places(void)
{
	unsigned int seen[16] = { 0 }, i, bad = 0;
	struct layout layout;
	uint64_t gpa = 0;

	plan_free(&plan);
	layout_make(&layout, 32 * MIB, 48, &err);
	for (i = 0; i < 1200; i++) {
		plan_init(&plan, &layout);
		plan_claim(&plan, 20 * MIB + 4096, 4096, "a", &err);
		plan_claim(&plan, 26 * MIB, 2 * MIB, "b", &err);
		if (plan_find_random(&plan, 4 * MIB, 2 * MIB, 16 * MIB + 1,
				     LAYOUT_4G, UINT64_MAX / 1200 * i + i, "x",
				     &gpa, &err) || plan_fault(&plan))
			bad++;
		else
			seen[(gpa / MIB - 16) / 2]++;
	}
	/* 18..20 only half, 22..26 once, 28..32 once */
	tap_ok(!bad && seen[3] == 600 && seen[6] == 600, "two places: %u %u",
	       seen[3], seen[6]);
	tap_ok(plan_find_random(&plan, 40 * MIB, 2 * MIB, 0, LAYOUT_4G, 0,
				"the kernel", &gpa, &err) == -1 &&
	       strstr(err.text, "no place"), "none: %s", err.text);
}

static void test_tables(void)
{
	const uint32_t two[] = {
		0, (uint32_t)(PK_MAP + PK_WORD64),
		0, (uint32_t)(PK_MAP + PK_WORD32),
	};

	packed_kernel();
	pk_table(two, 4);
	packed_seal(PK_ZSTD);
	memset(chance, 0x80, sizeof(chance));
	good(boot(UNPACK_HOST, 256 * MIB, 0, ""), "two lists");
	tap_ok(word(PK_MINUS32, 4) == PK_MINUS &&
	       word(PK_WORD32, 4) != (uint32_t)PK_ADDRESS &&
	       (uint32_t)word(PK_WORD64, 8) == word(PK_WORD32, 4),
	       "no inverse ones");
	packed_kernel();
	pk_elf_len = PK_TABLE;
	packed_seal(PK_ZSTD);
	asked = 0;
	good(boot(UNPACK_HOST, 256 * MIB, 0, ""), "no table");
	tap_ok(moved_by(0) && !asked && !(page.hdr.loadflags & KASLR_FLAG),
	       "can't move");
}

/* Is refused with @part, and left to the guest where that is allowed. */
static void refused(const char *what, const char *part)
{
	int ret = boot(UNPACK_HOST, 256 * MIB, 4000, "");

	tap_ok(ret == -1 && strstr(err.text, part) &&
	       !strchr(err.text, '\n') && !strncmp(err.text, "--unpack", 8) &&
	       !unpacked.data, "%s: %s", what, ret ? err.text : "accepted");
	ret = boot(UNPACK_AUTO, 256 * MIB, 4000, "");
	tap_ok(!ret && in_guest() && !plan_fault(&plan) &&
	       !(page.hdr.loadflags & KASLR_FLAG) &&
	       page.hdr.ramdisk_image == 256 * MIB - 4096,
	       "%s: the guest's own affair", what);
}

#define BAD_KERNEL(what, part, change) do {			\
	packed_kernel();					\
	change;							\
	packed_seal(PK_ZSTD);					\
	refused(what, part);					\
} while (0)

#define BAD_FILE(how, what, part, change) do {			\
	packed_kernel();					\
	packed_seal(how);					\
	change;							\
	refused(what, part);					\
} while (0)

static void test_bad_kernel(void)
{
	static const uint32_t no_start[] = { 1, 0, (uint32_t)PK_MAP };
	static const uint32_t one_list[] = { 0, (uint32_t)PK_MAP };
	static const uint32_t four[] = { 0, 1, 0, 1, 0, 1, 0, 1 };
	static const uint32_t astray[] = { 0, 0, 0, 0x80000000 };
	const uint32_t edge[] = { 0, (uint32_t)(PK_MAP + PK_BASE + 0x1ffc), 0 };

	memset(chance, 0x80, sizeof(chance));
	BAD_KERNEL("no ELF", "ELF", pk_elf[4] = 9);
	BAD_KERNEL("32 bits", "program headers", pk_elf[4] = ELFCLASS32);
	BAD_KERNEL("entry", "entry", pk_ehdr()->e_entry = PK_BASE - 1);
	BAD_KERNEL("entry in .bss", "entry",
		   pk_ehdr()->e_entry = PK_DATA_AT + 0x2000);
	BAD_KERNEL("below its base", "in order",
		   pk_phdr(0)->p_paddr = PK_BASE - 1);
	BAD_KERNEL("order", "in order", pk_phdr(1)->p_paddr = PK_BASE);
	BAD_KERNEL("beyond init_size", "exceeds",
		   pk_phdr(1)->p_memsz = PK_INIT_SIZE - 0x200000 + 1);
	BAD_KERNEL("wraps", "exceeds", pk_phdr(1)->p_memsz = UINT64_MAX);
	BAD_KERNEL("far away", "exceeds",
		   pk_phdr(1)->p_paddr = UINT64_MAX - 0x1000);
	BAD_KERNEL("more in the file", "in order", pk_phdr(1)->p_memsz = 1);
	BAD_KERNEL("segment cut off", "cut short",
		   pk_phdr(1)->p_offset = PK_TABLE);
	BAD_KERNEL("sections cut off", "cut short",
		   pk_ehdr()->e_shoff = UINT64_MAX - 8);
	BAD_KERNEL("no first zero", "no table", pk_table(no_start, 3));
	BAD_KERNEL("one list", "no table", pk_table(one_list, 2));
	BAD_KERNEL("four lists", "no table", pk_table(four, 8));
	BAD_KERNEL("odd table", "no table", pk_elf_len++);
	BAD_KERNEL("place in no segment", "0xffffffff80000000",
		   pk_table(astray, 4));
	BAD_KERNEL("place at a segment's edge", "0xffffffff81001ffc",
		   pk_table(edge, 3));
}

static uint8_t *pk_end(void)
{
	return pk_file + PK_SETUP + PK_PAYLOAD_AT +
	       pk_header()->payload_length;
}

static void test_bad_payload(void)
{
	uint8_t *payload = pk_file + PK_SETUP + PK_PAYLOAD_AT;
	enum packing how;

	BAD_FILE(PK_STORED, "not packed", "7f 45 4c 46", (void)0);
	BAD_FILE(PK_XZ, "no payload", "is none",
		 pk_header()->payload_length = 0);
	BAD_FILE(PK_XZ, "payload past the end", "exceeds",
		 pk_header()->payload_length = UINT32_MAX);
	BAD_FILE(PK_XZ, "payload elsewhere", "exceeds",
		 pk_header()->payload_offset = UINT32_MAX);
	BAD_FILE(PK_XZ, "alignment", "2 MiB",
		 pk_header()->kernel_alignment = 0x100000);
	for (how = PK_XZ; how <= PK_GZIP; how++) {
		BAD_FILE(how, "damaged", "unpacked", memset(payload + 40, 0xff,
							    60));
		BAD_FILE(how, "bomb", "the limit is 4194304",
			 put32(pk_end() - 4, PK_INIT_SIZE + 1));
		BAD_FILE(how, "larger than it says", "unpacked",
			 put32(pk_end() - 4, (uint32_t)pk_elf_len - 1));
		BAD_FILE(how, "smaller than it says", "unpacked",
			 put32(pk_end() - 4, (uint32_t)pk_elf_len + 1));
		BAD_FILE(how, "nothing", "unpacks to 0",
			 put32(pk_end() - 4, 0));
	}
}

/* No room for chance: the guest may still find its place, or nobody does. */
static void test_small(void)
{
	packed_kernel();
	packed_seal(PK_XZ);
	memset(chance, 0xff, sizeof(chance));
	good(boot(UNPACK_HOST, 20 * MIB, 0, ""), "one place");
	tap_ok(plan.entry.rip == PK_BASE + 0x80, "is taken");
	good(boot(UNPACK_AUTO, 20 * MIB, 6 * MIB, ""), "initrd below");
	tap_ok(boot(UNPACK_AUTO, 16 * MIB, 0, "") == -1 &&
	       !strchr(err.text, '\n'), "too small: %s", err.text);
}

int main(void)
{
	test_formats();
	test_kaslr();
	test_places();
	test_tables();
	test_bad_kernel();
	test_bad_payload();
	test_small();
	plan_free(&plan);
	unpack_free(&unpacked);
	return tap_done();
}
