/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel that a bzImage is wrapped around: an ELF executable and, behind
 * it, the table of what must change when it runs at another virtual address.
 *
 * It is linked for one physical address, and for the virtual one that lies
 * KERNEL_MAP above it.  Moving it in physical memory changes nothing in it;
 * moving it in virtual memory adds the same offset everywhere that the table
 * says.
 */
#ifndef VMCTL_VMLINUX_H
#define VMCTL_VMLINUX_H

#include "boot/elf.h"
#include "boot/plan.h"
#include "boot/unpack.h"

/** struct relocations - places, as the low halves of virtual addresses */
struct relocations {
	const uint8_t *word32;	/* a 32-bit address there: add the offset */
	const uint8_t *minus32;	/* 32 bits, relative to it: subtract */
	const uint8_t *word64;	/* a 64-bit address */
	uint64_t words32, minuses32, words64;
};

/**
 * struct vmlinux - one that has been unpacked
 * @file:	its image, which plans refer to
 * @base:	the physical address that it is linked for
 * @size:	how much it takes from there on
 * @movable:	it has a table of relocations
 */
struct vmlinux {
	struct unpacked *file;
	struct elf elf;
	uint64_t base, size;
	bool movable;
	struct relocations relocs;
};

/**
 * vmlinux_open() - checks all but what the relocations say
 * @base:	where the setup header says that it is linked to
 * @limit:	how much memory the setup header says that it takes
 */
int vmlinux_open(struct vmlinux *v, struct unpacked *file, uint64_t base,
		 uint64_t limit, struct err *err);

/** vmlinux_offset() - a virtual offset of @align's multiples, by chance.
 * @random: any 64 bits */
uint64_t vmlinux_offset(const struct vmlinux *v, uint64_t align,
			uint64_t random);

/** vmlinux_relocate() - moves it; after a failure it is of no use. */
int vmlinux_relocate(struct vmlinux *v, uint64_t offset, struct err *err);

/** vmlinux_plan() - loads it to @load, which is claimed, and enters it. */
int vmlinux_plan(struct boot_plan *plan, const struct vmlinux *v,
		 uint64_t load, struct err *err);

#endif
