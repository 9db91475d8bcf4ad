/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x86 ELF executables, 32- and 64-bit: their segments go into a plan by
 * physical address.  Used by the PVH and the Multiboot loader.
 */
#ifndef VMCTL_ELF_H
#define VMCTL_ELF_H

#include <stdbool.h>

#include "boot/plan.h"

#define ELF_MAX_PHDRS	128

/** struct elf_segment - a program header, whatever the class of the file. */
struct elf_segment {
	uint32_t type;
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

/**
 * struct elf - an executable
 * @entry: as the header has it
 */
struct elf {
	const struct image *file;
	bool is64;
	uint64_t entry;
	unsigned int count;
	struct elf_segment segment[ELF_MAX_PHDRS];
};

/** elf_probe() - whether the file has the magic of ELF. */
bool elf_probe(const struct image *file);

/** elf_open() - reads and checks the headers. */
int elf_open(struct elf *elf, const struct image *file, struct err *err);

/** elf_plan() - loads the segments; @end: where the last one ends. */
int elf_plan(struct boot_plan *plan, const struct elf *elf, uint64_t *end,
	     struct err *err);

/** elf_physical() - where a virtual address of the file is loaded; an
 * address of no segment is taken as physical already. */
uint64_t elf_physical(const struct elf *elf, uint64_t vaddr);

/**
 * elf_note() - finds a note
 * @name:	its name
 * @type:	its type
 * @desc:	gets up to @size bytes of its contents
 * Returns how many bytes were written, 0 when there is no such note, or -1.
 */
int elf_note(const struct elf *elf, const char *name, uint32_t type,
	     void *desc, size_t size, struct err *err);

#endif
