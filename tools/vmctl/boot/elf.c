// SPDX-License-Identifier: GPL-2.0
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "boot/elf.h"
#include "lib/bytes.h"

#define NOTES_MAX	(1 << 20)	/* bytes of notes that are looked at */

bool elf_probe(const struct image *file)
{
	uint8_t ident[EI_NIDENT];
	struct err err;

	return !image_read(file, 0, ident, sizeof(ident), "", &err) &&
	       !memcmp(ident, ELFMAG, SELFMAG);
}

struct phdr_table {
	uint64_t off;
	unsigned int size, count;
};

static int check_ident(const struct image *file, const uint8_t *ident,
		       struct err *err)
{
	if (ident[EI_DATA] != ELFDATA2LSB)
		return err_set(err, VMCTL_FAILED,
			       "%s: ELF data encoding %u: not little-endian",
			       file->name, ident[EI_DATA]);
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return err_set(err, VMCTL_FAILED,
			       "%s: ELF class %u is neither 32- nor 64-bit",
			       file->name, ident[EI_CLASS]);
	return 0;
}

static int check_machine(const struct image *file, unsigned int type,
			 unsigned int machine, struct err *err)
{
	if (type != ET_EXEC && type != ET_DYN)
		return err_set(err, VMCTL_FAILED,
			       "%s: ELF type %u is no executable", file->name,
			       type);
	if (machine != EM_386 && machine != EM_X86_64)
		return err_set(err, VMCTL_FAILED,
			       "%s: ELF machine %u is not x86", file->name,
			       machine);
	return 0;
}

static int read_header(struct elf *elf, struct phdr_table *t, struct err *err)
{
	static const char what[] = "the ELF header";
	union {
		uint8_t ident[EI_NIDENT];
		Elf32_Ehdr h32;
		Elf64_Ehdr h64;
	} u;

	if (image_read(elf->file, 0, u.ident, sizeof(u.ident), what, err) ||
	    check_ident(elf->file, u.ident, err))
		return -1;
	elf->is64 = u.ident[EI_CLASS] == ELFCLASS64;
	if (elf->is64) {
		if (image_read(elf->file, 0, &u.h64, sizeof(u.h64), what, err))
			return -1;
		elf->entry = u.h64.e_entry;
		*t = (struct phdr_table){ u.h64.e_phoff, u.h64.e_phentsize,
					  u.h64.e_phnum };
		return check_machine(elf->file, u.h64.e_type, u.h64.e_machine,
				     err);
	}
	if (image_read(elf->file, 0, &u.h32, sizeof(u.h32), what, err))
		return -1;
	elf->entry = u.h32.e_entry;
	*t = (struct phdr_table){ u.h32.e_phoff, u.h32.e_phentsize,
				  u.h32.e_phnum };
	return check_machine(elf->file, u.h32.e_type, u.h32.e_machine, err);
}

static int read_phdr(struct elf *elf, uint64_t off, struct elf_segment *s,
		     struct err *err)
{
	static const char what[] = "a program header";
	Elf64_Phdr p64;
	Elf32_Phdr p32;

	if (elf->is64) {
		if (image_read(elf->file, off, &p64, sizeof(p64), what, err))
			return -1;
		*s = (struct elf_segment){ p64.p_type, p64.p_offset,
					   p64.p_vaddr, p64.p_paddr,
					   p64.p_filesz, p64.p_memsz };
		return 0;
	}
	if (image_read(elf->file, off, &p32, sizeof(p32), what, err))
		return -1;
	*s = (struct elf_segment){ p32.p_type, p32.p_offset, p32.p_vaddr,
				   p32.p_paddr, p32.p_filesz, p32.p_memsz };
	return 0;
}

int elf_open(struct elf *elf, const struct image *file, struct err *err)
{
	struct phdr_table t;
	unsigned int i;
	size_t want;

	memset(elf, 0, sizeof(*elf));
	elf->file = file;
	if (read_header(elf, &t, err))
		return -1;
	want = elf->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	if (t.size != want)
		return err_set(err, VMCTL_FAILED,
			       "%s: program headers of %u bytes, not %zu",
			       file->name, t.size, want);
	if (!t.count || t.count > ELF_MAX_PHDRS)
		return err_set(err, VMCTL_FAILED,
			       "%s: %u program headers: 1 to %u are supported",
			       file->name, t.count, ELF_MAX_PHDRS);
	if (image_check(file, t.off, (uint64_t)t.count * want,
			"the program headers", err))
		return -1;
	for (i = 0; i < t.count; i++)
		if (read_phdr(elf, t.off + i * want, &elf->segment[i], err))
			return -1;
	elf->count = t.count;
	return 0;
}

static int plan_segment(struct boot_plan *plan, const struct elf *elf,
			const struct elf_segment *s, struct err *err)
{
	if (s->filesz > s->memsz)
		return err_set(err, VMCTL_FAILED,
			       "%s: a segment with %" PRIu64
			       " bytes in the file and %" PRIu64 " in memory",
			       elf->file->name, s->filesz, s->memsz);
	if (image_check(elf->file, s->offset, s->filesz, "a segment", err))
		return -1;
	if (plan_claim(plan, s->paddr, s->memsz, "a segment", err))
		return err_wrap(err, "%s", elf->file->name);
	return plan_file(plan, s->paddr, elf->file, s->offset, s->filesz, err);
}

int elf_plan(struct boot_plan *plan, const struct elf *elf, uint64_t *end,
	     struct err *err)
{
	const struct elf_segment *s;
	unsigned int i;

	*end = 0;
	for (i = 0; i < elf->count; i++) {
		s = &elf->segment[i];
		if (s->type != PT_LOAD || !s->memsz)
			continue;
		if (plan_segment(plan, elf, s, err))
			return -1;
		if (s->paddr + s->memsz > *end)
			*end = s->paddr + s->memsz;
	}
	if (!*end)
		return err_set(err, VMCTL_FAILED, "%s: nothing to load",
			       elf->file->name);
	return 0;
}

uint64_t elf_physical(const struct elf *elf, uint64_t vaddr)
{
	const struct elf_segment *s;
	unsigned int i;

	for (i = 0; i < elf->count; i++) {
		s = &elf->segment[i];
		if (s->type == PT_LOAD && vaddr >= s->vaddr &&
		    vaddr - s->vaddr < s->memsz)
			return vaddr - s->vaddr + s->paddr;
	}
	return vaddr;
}

static uint64_t pad4(uint64_t len)
{
	return (len + 3) & ~3ULL;
}

/* Looks through one segment of notes. */
static int find_note(const struct elf *elf, const struct elf_segment *s,
		     const char *name, uint32_t type, void *desc, size_t size,
		     struct err *err)
{
	uint64_t len = s->filesz < NOTES_MAX ? s->filesz : NOTES_MAX;
	uint64_t at = 0, namesz, descsz;
	size_t name_len = strlen(name) + 1;
	uint8_t head[12];
	char have[16];

	if (image_check(elf->file, s->offset, s->filesz, "the notes", err))
		return -1;
	while (at + sizeof(head) <= len) {
		if (image_read(elf->file, s->offset + at, head, sizeof(head),
			       "a note", err))
			return -1;
		namesz = get32(head);
		descsz = get32(head + 4);
		at += sizeof(head);
		if (at + pad4(namesz) + pad4(descsz) > len)
			break;
		if (get32(head + 8) == type && namesz == name_len &&
		    name_len <= sizeof(have)) {
			if (image_read(elf->file, s->offset + at, have,
				       name_len, "a note", err))
				return -1;
			if (!memcmp(have, name, name_len)) {
				if (descsz < size)
					size = descsz;
				if (image_read(elf->file,
					       s->offset + at + pad4(namesz),
					       desc, size, "a note", err))
					return -1;
				return (int)size;
			}
		}
		at += pad4(namesz) + pad4(descsz);
	}
	return 0;
}

int elf_note(const struct elf *elf, const char *name, uint32_t type,
	     void *desc, size_t size, struct err *err)
{
	unsigned int i;
	int ret;

	for (i = 0; i < elf->count; i++) {
		if (elf->segment[i].type != PT_NOTE)
			continue;
		ret = find_note(elf, &elf->segment[i], name, type, desc, size,
				err);
		if (ret)
			return ret;
	}
	return 0;
}
