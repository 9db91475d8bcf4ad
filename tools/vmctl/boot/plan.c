// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "boot/plan.h"
#include "lib/bytes.h"

static void reserve(struct boot_plan *plan, uint64_t gpa, uint64_t end,
		    const char *what)
{
	plan->claim[plan->claims++] = (struct boot_claim){
		.gpa = gpa, .size = end - gpa, .what = what,
	};
}

void plan_init(struct boot_plan *plan, const struct layout *layout)
{
	memset(plan, 0, sizeof(*plan));
	plan->layout = *layout;
	layout_memmap(layout, &plan->map);
	reserve(plan, LAYOUT_BDA, LAYOUT_BDA_END, "the BIOS data area");
	reserve(plan, LAYOUT_EBDA, LAYOUT_HIGH_MEMORY, "the BIOS area");
}

void plan_free(struct boot_plan *plan)
{
	plan_rewind(plan, (struct boot_mark){ .claims = plan->claims });
}

struct boot_mark plan_mark(const struct boot_plan *plan)
{
	return (struct boot_mark){ plan->claims, plan->pieces };
}

void plan_rewind(struct boot_plan *plan, struct boot_mark mark)
{
	while (plan->pieces > mark.pieces)
		free(plan->piece[--plan->pieces].data);
	plan->claims = mark.claims;
}

/* The claim that a range overlaps, or NULL. */
static const struct boot_claim *taken(const struct boot_plan *plan,
				      uint64_t gpa, uint64_t size)
{
	const struct boot_claim *c;
	unsigned int i;

	for (i = 0; i < plan->claims; i++) {
		c = &plan->claim[i];
		if (gpa < c->gpa + c->size && c->gpa < gpa + size)
			return c;
	}
	return NULL;
}

static int add_claim(struct boot_plan *plan, uint64_t gpa, uint64_t size,
		     const char *what, struct err *err)
{
	if (plan->claims == PLAN_MAX_CLAIMS)
		return err_set(err, VMCTL_FAILED,
			       "too many parts: %s is one more than the %u that can be placed",
			       what, PLAN_MAX_CLAIMS);
	reserve(plan, gpa, gpa + size, what);
	return 0;
}

int plan_claim(struct boot_plan *plan, uint64_t gpa, uint64_t size,
	       const char *what, struct err *err)
{
	char have[SIZE_TEXT_LEN];
	const struct boot_claim *c;

	if (!layout_has(&plan->layout, gpa, size))
		return err_set(err, VMCTL_FAILED,
			       "%s wants %#" PRIx64 " bytes at %#" PRIx64
			       ", where the guest's %s of memory have nothing",
			       what, size, gpa,
			       size_text(have, plan->layout.low +
					 plan->layout.high));
	if (!size)
		return 0;
	c = taken(plan, gpa, size);
	if (c)
		return err_set(err, VMCTL_FAILED,
			       "%s at %#" PRIx64 "-%#" PRIx64
			       " runs into %s at %#" PRIx64 "-%#" PRIx64,
			       what, gpa, gpa + size - 1, c->what, c->gpa,
			       c->gpa + c->size - 1);
	return add_claim(plan, gpa, size, what, err);
}

static int no_place(const struct boot_plan *plan, uint64_t size,
		    uint64_t start, uint64_t end, const char *what,
		    struct err *err)
{
	char have[SIZE_TEXT_LEN];

	return err_set(err, VMCTL_FAILED,
		       "%s of %" PRIu64 " bytes has no place in %#" PRIx64
		       "-%#" PRIx64 ": the guest has %s of memory; try: a larger -m",
		       what, size, start, end ? end - 1 : 0,
		       size_text(have, plan->layout.low + plan->layout.high));
}

/*
 * Both searches step from claim to claim: each round either finds a place or
 * moves past one claim for good, so they end.
 */
int plan_find_high(struct boot_plan *plan, uint64_t size, uint64_t align,
		   uint64_t start, uint64_t end, const char *what,
		   uint64_t *gpa, struct err *err)
{
	const struct boot_claim *c;
	uint64_t limit = end, at;

	if (limit > plan->layout.low)
		limit = plan->layout.low;
	while (limit >= start && limit - start >= size) {
		at = (limit - size) & ~(align - 1);
		if (at < start)
			break;
		c = taken(plan, at, size);
		if (!c) {
			*gpa = at;
			return add_claim(plan, at, size, what, err);
		}
		limit = c->gpa;
	}
	return no_place(plan, size, start, end, what, err);
}

int plan_find_low(struct boot_plan *plan, uint64_t size, uint64_t align,
		  uint64_t start, uint64_t end, const char *what,
		  uint64_t *gpa, struct err *err)
{
	const struct boot_claim *c;
	uint64_t at = start;

	if (end > plan->layout.low)
		end = plan->layout.low;
	for (;;) {
		at = (at + align - 1) & ~(align - 1);
		if (at > end || size > end - at)
			return no_place(plan, size, start, end, what, err);
		c = taken(plan, at, size);
		if (!c)
			break;
		at = c->gpa + c->size;
	}
	*gpa = at;
	return add_claim(plan, at, size, what, err);
}

uint64_t plan_scale(uint64_t random, uint64_t count)
{
	return (uint64_t)((unsigned __int128)random * count >> 64);
}

/* The free range that starts at @at or after; false when there is none. */
static bool next_gap(const struct boot_plan *plan, uint64_t *at, uint64_t end,
		     uint64_t *gap_end)
{
	const struct boot_claim *c;
	unsigned int i;

	while (*at < end && (c = taken(plan, *at, 1)))
		*at = c->gpa + c->size;
	if (*at >= end)
		return false;
	*gap_end = end;
	for (i = 0; i < plan->claims; i++) {
		c = &plan->claim[i];
		if (c->gpa > *at && c->gpa < *gap_end)
			*gap_end = c->gpa;
	}
	return true;
}

/* Counts places until @nth, which it leaves in @gpa. */
static uint64_t count_places(const struct boot_plan *plan, uint64_t size,
			     uint64_t align, uint64_t start, uint64_t end,
			     uint64_t nth, uint64_t *gpa)
{
	uint64_t count = 0, at = start, gap_end, first, here;

	for (; next_gap(plan, &at, end, &gap_end); at = gap_end) {
		first = (at + align - 1) & ~(align - 1);
		if (first > gap_end || size > gap_end - first)
			continue;
		here = (gap_end - first - size) / align + 1;
		if (nth - count < here)
			*gpa = first + (nth - count) * align;
		count += here;
	}
	return count;
}

int plan_find_random(struct boot_plan *plan, uint64_t size, uint64_t align,
		     uint64_t start, uint64_t end, uint64_t random,
		     const char *what, uint64_t *gpa, struct err *err)
{
	uint64_t count;

	if (end > plan->layout.low)
		end = plan->layout.low;
	count = count_places(plan, size, align, start, end, UINT64_MAX, gpa);
	if (!count)
		return no_place(plan, size, start, end, what, err);
	count_places(plan, size, align, start, end, plan_scale(random, count),
		     gpa);
	return add_claim(plan, *gpa, size, what, err);
}

static struct boot_piece *add_piece(struct boot_plan *plan, uint64_t gpa,
				    uint64_t size, struct err *err)
{
	struct boot_piece *piece;

	if (plan->pieces == PLAN_MAX_PIECES) {
		err_set(err, VMCTL_FAILED,
			"too many parts: more than %u to load",
			PLAN_MAX_PIECES);
		return NULL;
	}
	piece = &plan->piece[plan->pieces++];
	*piece = (struct boot_piece){ .gpa = gpa, .size = size };
	return piece;
}

int plan_file(struct boot_plan *plan, uint64_t gpa, const struct image *image,
	      uint64_t off, uint64_t size, struct err *err)
{
	struct boot_piece *piece;

	if (!size)
		return 0;
	piece = add_piece(plan, gpa, size, err);
	if (!piece)
		return -1;
	piece->image = image;
	piece->offset = off;
	return 0;
}

uint8_t *plan_blob(struct boot_plan *plan, uint64_t gpa, uint64_t size,
		   struct err *err)
{
	struct boot_piece *piece = add_piece(plan, gpa, size, err);

	if (!piece)
		return NULL;
	piece->data = calloc(1, size);
	if (!piece->data)
		err_set(err, VMCTL_FAILED, "out of memory: %" PRIu64 " bytes",
			size);
	return piece->data;
}

uint8_t *plan_low_blob(struct boot_plan *plan, uint64_t size, uint64_t align,
		       const char *what, uint64_t *gpa, struct err *err)
{
	if (plan_find_high(plan, size, align, LAYOUT_BDA_END, LAYOUT_EBDA,
			   what, gpa, err))
		return NULL;
	return plan_blob(plan, *gpa, size, err);
}

int plan_gdt(struct boot_plan *plan, enum boot_mode mode, struct err *err)
{
	uint8_t *gdt = plan_low_blob(plan, BOOT_GDT_SIZE, 16,
				     "the descriptor table", &plan->entry.gdt,
				     err);

	if (!gdt)
		return -1;
	/* flat, present, accessed; code: 64-bit (L) or 32-bit (D) */
	put64(gdt + BOOT_CS, mode == BOOT_LONG ? 0x00af9b000000ffffULL :
						 0x00cf9b000000ffffULL);
	put64(gdt + BOOT_DS, 0x00cf93000000ffffULL);
	/* busy TSS, base 0, limit 0x67; the upper half of a long one is 0 */
	put64(gdt + BOOT_TSS, 0x00008b0000000067ULL);
	plan->entry.mode = mode;
	return 0;
}
