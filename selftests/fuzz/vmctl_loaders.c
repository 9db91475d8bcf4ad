// SPDX-License-Identifier: GPL-2.0
/*
 * Spoiled kernel files against all loaders.  Whatever the file, a loader
 * refuses it with one line of text, or makes a plan that keeps to the rules
 * of plan_fault(); the sanitizers see to the rest.
 *
 *	vmctl_loaders COUNT SEED
 *
 * test: timeout: 600
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/acpi.h"
#include "boot/bzimage.h"
#include "boot/elf.h"
#include "boot/multiboot.h"
#include "boot/pvh.h"
#include "vmctl_image.h"
#include "vmctl_packed.h"
#include "vmctl_samples.h"

static uint64_t state;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t below(uint64_t limit)
{
	return next() % limit;
}

struct sample {
	const char *name;
	void (*make)(void);
	uint8_t *data;
	size_t size;
	size_t hot;	/* headers are in the first so many bytes */
};

static void mb_make_elf32(void)
{
	mb_make_elf(ELFCLASS32);
}

static void mb_make_elf64(void)
{
	mb_make_elf(ELFCLASS64);
}

/* A payload that is spoiled before it is packed, so that it can be unpacked. */
static void make_packed(void);

static const struct sample samples[] = {
	{ "bzImage", bz_make, bz, sizeof(bz), 0x270 },
	{ "PVH", elf_make, elf64, sizeof(elf64), NOTE_OFF + 40 },
	{ "Multiboot", mb_make, mb, sizeof(mb), 0x120 },
	{ "Multiboot ELF32", mb_make_elf32, mb, sizeof(mb), 0x80c },
	{ "Multiboot ELF64", mb_make_elf64, mb, sizeof(mb), 0x80c },
	{ "packed", make_packed, pk_file, sizeof(pk_file), 0x800 },
};

/* Values at the edges of what the loaders compute with. */
static uint64_t edge(void)
{
	static const uint64_t values[] = {
		0, 1, 0xfff, 0x1000, 0x9fc00, 0xa0000, 0x100000, 0x200000,
		0x7fffffff, 0x80000000, 0xbfffffff, 0xc0000000, 0xfffff000,
		0xffffffff, 0x100000000, 0x7fffffffffffffff,
		0x8000000000000000, 0xfffffffffffff000, 0xffffffffffffffff,
	};
	uint64_t v = values[below(sizeof(values) / sizeof(values[0]))];

	return v + below(5) - 2;
}

/* A few changes, most of them to the headers and most of whole fields. */
static void spoil(uint8_t *data, size_t size, size_t hot)
{
	unsigned int n = 1 + (unsigned int)below(4);
	size_t range, at;
	uint64_t v;
	unsigned int width;

	while (n--) {
		range = below(8) && hot < size ? hot : size;
		if (!range)
			return;
		at = below(range);
		width = 1U << below(4);
		if (width > 1 && below(4))
			at &= ~(size_t)(width - 1);
		if (width > size - at)
			width = 1;
		v = below(2) ? edge() : next();
		memcpy(data + at, &v, width);
	}
}

static void make_packed(void)
{
	packed_kernel();
	if (below(4))
		spoil(pk_elf, sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr),
		      SIZE_MAX);
	if (below(2))
		spoil(pk_elf + PK_TABLE, pk_elf_len - PK_TABLE, SIZE_MAX);
	/* XZ seldom: its checks leave nothing to find, and it is slow */
	packed_seal(below(16) ? PK_ZSTD + (enum packing)below(3) : PK_XZ);
}

static int random_bits(uint64_t random[2], struct err *err)
{
	random[0] = next();
	random[1] = next();
	return below(16) ? 0 : err_set(err, VMCTL_FAILED, "no chance");
}

static struct unpacked unpacked;
static unsigned long unpacked_here;

static int load_bzimage(struct boot_plan *plan, const struct image *kernel,
			const struct image *initrd, struct err *err)
{
	struct bzimage_unpack how = {
		.where = (enum unpack_where)below(3),
		.random = random_bits,
		.unpacked = &unpacked,
	};
	int ret;

	if (!bzimage_probe(kernel))
		return err_set(err, VMCTL_FAILED, "not a bzImage");
	ret = bzimage_plan(plan, kernel, initrd,
			   below(4) ? "quiet" : "nokaslr", &how, err);
	unpacked_here += !ret && unpacked.data;
	return ret;
}

static int load(struct boot_plan *plan, const struct image *kernel,
		struct err *err)
{
	static uint8_t initrd_data[4096];
	static struct memory_image initrd;	/* the plan refers to it */
	struct multiboot_module mod = { &initrd.image, "args" };

	initrd = memory_image("initrd", initrd_data, below(4096));
	switch (below(3)) {
	case 0:
		return multiboot_plan(plan, kernel, &mod,
				      (unsigned int)below(2), "", err);
	case 1:
		return pvh_plan(plan, kernel, &initrd.image, "quiet", err);
	default:
		return load_bzimage(plan, kernel, &initrd.image, err);
	}
}

/* The right loader three times in four. */
static int load_sample(struct boot_plan *plan, unsigned int which,
		       const struct image *kernel, struct err *err)
{
	if (!below(4))
		return load(plan, kernel, err);
	if (which == 0 || which == 5)
		return load_bzimage(plan, kernel, NULL, err);
	if (which == 1)
		return pvh_plan(plan, kernel, NULL, "quiet", err);
	return multiboot_plan(plan, kernel, NULL, 0, "quiet", err);
}

static const char *one(unsigned int which, bool *loaded)
{
	static const uint64_t rams[] = {
		2 * MIB, 16 * MIB, 256 * MIB, 3 * GIB, 6 * GIB,
	};
	const struct sample *s = &samples[which];
	static struct boot_plan plan;
	struct memory_image kernel;
	struct layout layout;
	const char *fault = NULL;
	size_t size = s->size;
	struct err err = { 0 };
	uint8_t *data;

	s->make();
	if (s->data == pk_file)
		size = pk_len;
	if (!below(4))
		size = below(size + 1);
	data = malloc(size ? size : 1);
	memcpy(data, s->data, size);
	if (s->data != pk_file || !below(4))
		spoil(data, size, s->hot);
	kernel = memory_image("kernel", data, size);
	layout_make(&layout, rams[below(5)], 48, &err);
	plan_init(&plan, &layout);
	*loaded = !load_sample(&plan, which, &kernel.image, &err);
	if (*loaded)
		fault = plan_fault(&plan);
	else if (!err.text[0] || strchr(err.text, '\n'))
		fault = "a refusal that is not one line";
	plan_free(&plan);
	unpack_free(&unpacked);
	free(data);
	return fault;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1, i;
	unsigned int n = sizeof(samples) / sizeof(samples[0]);
	unsigned long loaded[sizeof(samples) / sizeof(samples[0])] = { 0 };
	const char *fault;
	bool is_loaded;

	for (i = 0; i < count; i++) {
		/* each case from its own number, so that it can be repeated */
		state = (seed << 32 ^ i) * 0x9e3779b97f4a7c15 | 1;
		next();
		fault = one((unsigned int)(i % n), &is_loaded);
		loaded[i % n] += is_loaded;
		if (fault) {
			printf("case %lu of seed %lu (%s): %s\n", i, seed,
			       samples[i % n].name, fault);
			return 1;
		}
	}
	for (i = 0; i < n; i++) {
		printf("%s: %lu files, %lu loaded\n", samples[i].name,
		       count / n, loaded[i]);
		/* a fuzzer that gets nothing past the front door is broken */
		if (count >= 1000 && !loaded[i])
			return 1;
	}
	printf("%lu unpacked here\n", unpacked_here);
	return count >= 1000 && !unpacked_here;
}
