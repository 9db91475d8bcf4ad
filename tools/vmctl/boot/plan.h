/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A boot plan: everything that has to be in a guest's memory before its first
 * instruction, and the state in which the boot processor starts.
 *
 * Loaders fill a plan and touch nothing else.  A plan holds *claims* (ranges
 * of RAM that are taken, so that nothing is put on top of anything) and
 * *pieces* (bytes of a file, or bytes built here, and where they go).  What
 * no piece covers stays as it is: the RAM of a new guest reads as zeroes.
 */
#ifndef VMCTL_PLAN_H
#define VMCTL_PLAN_H

#include "boot/image.h"
#include "boot/layout.h"

enum boot_mode {
	BOOT_PROTECTED,		/* 32-bit, flat segments, paging off */
	BOOT_LONG,		/* 64-bit, page tables at cr3 */
};

/** struct boot_entry - the registers that an entry protocol fixes. */
struct boot_entry {
	enum boot_mode mode;
	uint64_t rip, rax, rbx, rsi;
	uint64_t cr3;
	uint64_t gdt;
};

/* The descriptors of the table at boot_entry.gdt. */
#define BOOT_CS		0x10
#define BOOT_DS		0x18
#define BOOT_TSS	0x20
#define BOOT_GDT_SIZE	0x30

/** struct boot_claim - a range of guest RAM that is taken, and by what. */
struct boot_claim {
	uint64_t gpa, size;
	const char *what;
};

/**
 * struct boot_piece - bytes that go into guest RAM
 * @image:	where from; NULL: from @data, which the plan owns
 */
struct boot_piece {
	uint64_t gpa, size;
	const struct image *image;
	uint64_t offset;
	uint8_t *data;
};

#define PLAN_MAX_CLAIMS	192
#define PLAN_MAX_PIECES	192

struct boot_plan {
	struct layout layout;
	struct memmap map;
	uint64_t rsdp;		/* 0: no ACPI tables */
	struct boot_entry entry;
	unsigned int claims, pieces;
	struct boot_claim claim[PLAN_MAX_CLAIMS];
	struct boot_piece piece[PLAN_MAX_PIECES];
};

/** plan_init() - an empty plan; the BIOS's areas are claimed. */
void plan_init(struct boot_plan *plan, const struct layout *layout);
void plan_free(struct boot_plan *plan);

/** struct boot_mark - how far a plan has come */
struct boot_mark {
	unsigned int claims, pieces;
};

/** plan_rewind() - forgets what was added since plan_mark(). */
struct boot_mark plan_mark(const struct boot_plan *plan);
void plan_rewind(struct boot_plan *plan, struct boot_mark mark);

/** plan_claim() - takes a range; it must be RAM and nobody's. */
int plan_claim(struct boot_plan *plan, uint64_t gpa, uint64_t size,
	       const char *what, struct err *err);

/**
 * plan_find_high() - takes the highest free place that ends at or below @end
 * @align: a power of two
 */
int plan_find_high(struct boot_plan *plan, uint64_t size, uint64_t align,
		   uint64_t start, uint64_t end, const char *what,
		   uint64_t *gpa, struct err *err);

/** plan_find_low() - takes the lowest free place at or above @start. */
int plan_find_low(struct boot_plan *plan, uint64_t size, uint64_t align,
		  uint64_t start, uint64_t end, const char *what,
		  uint64_t *gpa, struct err *err);

/** plan_scale() - a number below @count, by 64 bits of chance. */
uint64_t plan_scale(uint64_t random, uint64_t count);

/** plan_find_random() - takes one of all free places, by chance. */
int plan_find_random(struct boot_plan *plan, uint64_t size, uint64_t align,
		     uint64_t start, uint64_t end, uint64_t random,
		     const char *what, uint64_t *gpa, struct err *err);

/** plan_file() - @size bytes of @image at @off go to @gpa (claimed before). */
int plan_file(struct boot_plan *plan, uint64_t gpa, const struct image *image,
	      uint64_t off, uint64_t size, struct err *err);

/** plan_blob() - @size zeroed bytes that go to @gpa, for the caller to fill;
 * NULL when there is no memory. */
uint8_t *plan_blob(struct boot_plan *plan, uint64_t gpa, uint64_t size,
		   struct err *err);

/** plan_low_blob() - likewise, in base memory, with a place found for it. */
uint8_t *plan_low_blob(struct boot_plan *plan, uint64_t size, uint64_t align,
		       const char *what, uint64_t *gpa, struct err *err);

/** plan_gdt() - adds the table that the BOOT_* selectors index. */
int plan_gdt(struct boot_plan *plan, enum boot_mode mode, struct err *err);

#endif
