// SPDX-License-Identifier: GPL-2.0
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "boot/vmlinux.h"
#include "lib/bytes.h"

#define KERNEL_MAP	0xffffffff80000000ULL
#define KERNEL_MAP_SIZE	GIB	/* that a kernel can move in */
#define WORD		4
#define PAGE		4096

static bool is_load(const struct elf_segment *s)
{
	return s->type == PT_LOAD && s->memsz;
}

/* Segments in the order of their addresses, all within the limit. */
static int check_segments(struct vmlinux *v, uint64_t limit, struct err *err)
{
	const struct image *file = v->elf.file;
	const struct elf_segment *s;
	unsigned int i;

	for (i = 0; i < v->elf.count; i++) {
		s = &v->elf.segment[i];
		if (!is_load(s))
			continue;
		if (s->filesz > s->memsz || s->paddr < v->base + v->size ||
		    s->paddr - v->base > limit ||
		    s->memsz > limit - (s->paddr - v->base))
			return err_set(err, VMCTL_FAILED,
				       "%s: a segment of %" PRIu64
				       " bytes at %#" PRIx64
				       " that is not in order or exceeds %#"
				       PRIx64 " bytes from %#" PRIx64,
				       file->name, s->memsz, s->paddr, limit,
				       v->base);
		if (image_check(file, s->offset, s->filesz, "a segment", err))
			return -1;
		v->size = s->paddr - v->base + s->memsz;
	}
	return 0;
}

/* The bytes at a physical address, if a segment has @width of them. */
static uint8_t *bytes_at(const struct vmlinux *v, uint64_t paddr,
			 unsigned int width, const struct elf_segment **last)
{
	const struct elf_segment *s = *last;
	unsigned int i;

	if (!s || paddr - s->paddr >= s->filesz) {
		for (i = 0; i < v->elf.count; i++) {
			s = &v->elf.segment[i];
			if (is_load(s) && paddr - s->paddr < s->filesz)
				break;
		}
		if (i == v->elf.count)
			return NULL;
		*last = s;
	}
	if (s->filesz - (paddr - s->paddr) < width)
		return NULL;
	return v->file->data + s->offset + (paddr - s->paddr);
}

static int check_entry(const struct vmlinux *v, struct err *err)
{
	const struct elf_segment *s = NULL;

	if (bytes_at(v, v->elf.entry, 1, &s))
		return 0;
	return err_set(err, VMCTL_FAILED,
		       "%s: its kernel's entry %#" PRIx64
		       " is in none of its segments",
		       v->elf.file->name, v->elf.entry);
}

/* Where the executable ends: its section headers, or its last segment. */
static int find_end(const struct vmlinux *v, uint64_t *end, struct err *err)
{
	const struct elf_segment *s;
	Elf64_Ehdr h;
	unsigned int i;

	if (image_read(v->elf.file, 0, &h, sizeof(h), "the ELF header", err))
		return -1;
	*end = h.e_phoff + (uint64_t)h.e_phnum * h.e_phentsize;
	for (i = 0; i < v->elf.count; i++) {
		s = &v->elf.segment[i];
		if (is_load(s) && s->offset + s->filesz > *end)
			*end = s->offset + s->filesz;
	}
	if (!h.e_shnum)
		return 0;
	if (image_check(v->elf.file, h.e_shoff,
			(uint64_t)h.e_shnum * h.e_shentsize,
			"the section headers", err))
		return -1;
	if (h.e_shoff + (uint64_t)h.e_shnum * h.e_shentsize > *end)
		*end = h.e_shoff + (uint64_t)h.e_shnum * h.e_shentsize;
	return 0;
}

/* The list that ends, downwards, before *@word; a zero is before it. */
static int take_list(const uint8_t *table, uint64_t *word,
		     const uint8_t **list, uint64_t *count)
{
	uint64_t end = *word, i = end;

	while (i && get32(table + (i - 1) * WORD))
		i--;
	*list = table + i * WORD;
	*count = end - i;
	if (!i)
		return -1;
	*word = i - 1;
	return 0;
}

/*
 * The table is read from its end: 32-bit places, those of the inverse kind,
 * 64-bit places, each list with a zero before it.  Kernels from 6.15 on have
 * no inverse ones and leave out that list with its zero; since the table
 * begins with a zero, how many there are tells which it is.
 */
static int find_relocations(struct vmlinux *v, struct err *err)
{
	const struct image *file = v->elf.file;
	struct relocations *r = &v->relocs;
	const uint8_t *table;
	uint64_t end, word;
	int ret;

	if (find_end(v, &end, err))
		return -1;
	v->movable = end < file->size;
	if (!v->movable)
		return 0;
	table = v->file->data + end;
	word = (file->size - end) / WORD;
	ret = (file->size - end) % WORD ||
	      take_list(table, &word, &r->word32, &r->words32) ||
	      take_list(table, &word, &r->word64, &r->words64);
	if (!ret && word) {
		r->minus32 = r->word64;
		r->minuses32 = r->words64;
		ret = take_list(table, &word, &r->word64, &r->words64);
	}
	if (!ret && !word)
		return 0;
	return err_set(err, VMCTL_FAILED,
		       "%s: %" PRIu64
		       " bytes behind its kernel that are no table of relocations",
		       file->name, file->size - end);
}

int vmlinux_open(struct vmlinux *v, struct unpacked *file, uint64_t base,
		 uint64_t limit, struct err *err)
{
	memset(v, 0, sizeof(*v));
	v->file = file;
	v->base = base;
	if (elf_open(&v->elf, &file->image, err))
		return -1;
	if (!v->elf.is64)
		return err_set(err, VMCTL_FAILED,
			       "%s: its kernel is a 32-bit one",
			       file->image.name);
	return check_segments(v, limit, err) || check_entry(v, err) ||
	       find_relocations(v, err) ? -1 : 0;
}

uint64_t vmlinux_offset(const struct vmlinux *v, uint64_t align,
			uint64_t random)
{
	uint64_t places;

	if (v->base + v->size > KERNEL_MAP_SIZE)
		return 0;
	places = (KERNEL_MAP_SIZE - v->base - v->size) / align + 1;
	return plan_scale(random, places) * align;
}

/* How many bytes a kind of place has, and what is added there. */
struct kind {
	unsigned int width;
	uint64_t add;
};

static int apply(struct vmlinux *v, const uint8_t *list, uint64_t count,
		 struct kind kind, struct err *err)
{
	const struct elf_segment *s = NULL;
	uint64_t i, vaddr;
	uint8_t *p;

	for (i = 0; i < count; i++) {
		vaddr = (uint64_t)(int64_t)(int32_t)get32(list + i * WORD);
		p = bytes_at(v, vaddr - KERNEL_MAP, kind.width, &s);
		if (!p)
			return err_set(err, VMCTL_FAILED,
				       "%s: a relocation at %#" PRIx64
				       ", where its kernel has nothing",
				       v->elf.file->name, vaddr);
		if (kind.width == 8)
			put64(p, get64(p) + kind.add);
		else
			put32(p, get32(p) + (uint32_t)kind.add);
	}
	return 0;
}

int vmlinux_relocate(struct vmlinux *v, uint64_t offset, struct err *err)
{
	const struct relocations *r = &v->relocs;

	if (!offset)
		return 0;
	return apply(v, r->word32, r->words32, (struct kind){ 4, offset },
		     err) ||
	       apply(v, r->minus32, r->minuses32, (struct kind){ 4, -offset },
		     err) ||
	       apply(v, r->word64, r->words64, (struct kind){ 8, offset },
		     err) ? -1 : 0;
}

/* Without the zeroes at its end: the kernel's .bss is in the file, too. */
static uint64_t filled(const uint8_t *data, uint64_t len)
{
	static const uint8_t zeroes[PAGE];

	while (len >= PAGE && !memcmp(data + len - PAGE, zeroes, PAGE))
		len -= PAGE;
	return len;
}

int vmlinux_plan(struct boot_plan *plan, const struct vmlinux *v,
		 uint64_t load, struct err *err)
{
	const struct elf_segment *s;
	unsigned int i;

	for (i = 0; i < v->elf.count; i++) {
		s = &v->elf.segment[i];
		if (is_load(s) &&
		    plan_file(plan, load + (s->paddr - v->base),
			      &v->file->image, s->offset,
			      filled(v->file->data + s->offset, s->filesz),
			      err))
			return -1;
	}
	plan->entry.rip = load + (v->elf.entry - v->base);
	return 0;
}
