/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a guest's memory and platform devices are.
 *
 * RAM starts at 0 and goes up to the PCI hole below 4 GiB; what is left
 * continues at 4 GiB.  The first MiB is RAM throughout, but the map that the
 * guest gets keeps it away from the tables that lie in the BIOS area and from
 * the place where a display adapter would be.
 */
#ifndef VMCTL_LAYOUT_H
#define VMCTL_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/size.h"

#define LAYOUT_BDA		0x400ULL	/* BIOS data area */
#define LAYOUT_BDA_END		0x500ULL
#define LAYOUT_EBDA		0x9fc00ULL	/* last KiB of base memory */
#define LAYOUT_VGA		0xa0000ULL
#define LAYOUT_ACPI		0xe0000ULL
#define LAYOUT_ACPI_END		0xf0000ULL
#define LAYOUT_MP		0xf0000ULL
#define LAYOUT_MP_END		0x100000ULL
#define LAYOUT_HIGH_MEMORY	0x100000ULL
#define LAYOUT_PCI_HOLE		0xc0000000ULL
#define LAYOUT_IOAPIC		0xfec00000ULL
#define LAYOUT_LAPIC		0xfee00000ULL
#define LAYOUT_4G		0x100000000ULL

#define LAYOUT_MIN_RAM		(2 * MIB)

/* What the tables of this tool have room for; a module may offer less. */
#define LAYOUT_MAX_CPUS		1024

/**
 * struct layout - the RAM of a guest
 * @low:	bytes from 0
 * @high:	bytes from 4 GiB
 */
struct layout {
	uint64_t low;
	uint64_t high;
};

/** layout_make() - lays out @ram bytes below @phys_bits of address. */
int layout_make(struct layout *layout, uint64_t ram, unsigned int phys_bits,
		struct err *err);

/** layout_has() - whether all of a range is RAM. */
bool layout_has(const struct layout *layout, uint64_t gpa, uint64_t size);

enum memmap_type {
	MEMMAP_RAM	= 1,
	MEMMAP_RESERVED	= 2,
};

struct memmap_entry {
	uint64_t gpa;
	uint64_t size;
	enum memmap_type type;
};

#define MEMMAP_MAX	8

/** struct memmap - what the guest is told, in the order of addresses. */
struct memmap {
	unsigned int count;
	struct memmap_entry entry[MEMMAP_MAX];
};

void layout_memmap(const struct layout *layout, struct memmap *map);

#endif
