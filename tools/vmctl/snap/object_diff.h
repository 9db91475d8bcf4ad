/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pages of a memory object that an older one of its family does not have in common with
 * it, as the kernel tells without looking at what is in them.
 */
#ifndef VMCTL_SNAP_OBJECT_DIFF_H
#define VMCTL_SNAP_OBJECT_DIFF_H

#include <linux/vmm.h>

#include "snap/source.h"

#define OBJECT_DIFF_EXTENTS	1024

/**
 * struct object_diff - a source of one object
 * @new, @old:	descriptors, the caller's
 * @pages:	of the objects
 * @next:	where the kernel goes on
 * @extent:	what it told last: @count, of which @at are given, and of that one @within pages
 */
struct object_diff {
	struct snap_source source;
	int new, old;
	uint64_t pages, next, within;
	unsigned int count, at;
	struct vmm_mem_extent extent[OBJECT_DIFF_EXTENTS];
	void *map;
	size_t mapped;
};

/** object_diff_init() - of objects of @size bytes; object_diff_fini() must follow */
void object_diff_init(struct object_diff *d, int new, int old, uint64_t size);
void object_diff_fini(struct object_diff *d);

#endif
