/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files in memory for the loaders' tests, and what a plan would leave in the
 * guest's memory.
 */
#ifndef VMCTL_TEST_IMAGE_H
#define VMCTL_TEST_IMAGE_H

#include <stdlib.h>
#include <string.h>

#include "boot/plan.h"
#include "lib/bytes.h"
#include "lib/container.h"

struct memory_image {
	struct image image;
	const uint8_t *data;
};

static int memory_image_read(const struct image *img, uint64_t off, void *buf,
			     size_t len, struct err *err)
{
	memcpy(buf, container_of(img, struct memory_image, image)->data + off,
	       len);
	return 0;
}

__attribute__((unused))
static struct memory_image memory_image(const char *name, const void *data,
					uint64_t size)
{
	return (struct memory_image){
		.image = { name, size, memory_image_read },
		.data = data,
	};
}

/* Copies what the plan puts at @gpa; whether all of it is covered. */
__attribute__((unused))
static bool plan_peek(const struct boot_plan *plan, uint64_t gpa, void *buf,
		      uint64_t size)
{
	const struct boot_piece *p;
	uint64_t off;
	struct err err;
	unsigned int i;

	for (i = 0; i < plan->pieces; i++) {
		p = &plan->piece[i];
		if (gpa < p->gpa || gpa - p->gpa > p->size ||
		    size > p->size - (gpa - p->gpa))
			continue;
		off = gpa - p->gpa;
		if (p->data)
			memcpy(buf, p->data + off, size);
		else if (image_read(p->image, p->offset + off, buf, size, "",
				    &err))
			return false;
		return true;
	}
	return false;
}

/*
 * What must hold of any plan that a loader made: pieces are RAM, lie inside
 * claims, come from within their file; claims are RAM and don't overlap, and
 * the entry point is below 4 GiB.  NULL, or what is wrong.
 */
__attribute__((unused))
static const char *plan_fault(const struct boot_plan *plan)
{
	const struct boot_claim *c, *d;
	const struct boot_piece *p;
	unsigned int i, j;

	for (i = 0; i < plan->pieces; i++) {
		p = &plan->piece[i];
		if (!layout_has(&plan->layout, p->gpa, p->size))
			return "a piece outside RAM";
		if (!p->data && (p->offset > p->image->size ||
				 p->size > p->image->size - p->offset))
			return "a piece past the end of its file";
		for (j = 0; j < plan->claims; j++) {
			c = &plan->claim[j];
			if (p->gpa >= c->gpa &&
			    p->gpa + p->size <= c->gpa + c->size)
				break;
		}
		if (j == plan->claims)
			return "a piece that nobody claimed";
	}
	for (i = 0; i < plan->claims; i++) {
		c = &plan->claim[i];
		if (!layout_has(&plan->layout, c->gpa, c->size))
			return "a claim outside RAM";
		for (j = i + 1; j < plan->claims; j++) {
			d = &plan->claim[j];
			if (c->gpa < d->gpa + d->size &&
			    d->gpa < c->gpa + c->size)
				return "claims overlap";
		}
	}
	if (plan->entry.rip >= LAYOUT_4G)
		return "entry above 4 GiB";
	return NULL;
}

#endif
