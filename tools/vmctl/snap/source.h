/* SPDX-License-Identifier: GPL-2.0 */
/* Where the pages of a snapshot file come from. */
#ifndef VMCTL_SNAP_SOURCE_H
#define VMCTL_SNAP_SOURCE_H

#include "snap/file.h"

/** struct snap_chunk - pages of an object; @data: NULL: they are zero */
struct snap_chunk {
	uint32_t object;
	uint64_t page, count;
	const uint8_t *data;
};

/**
 * struct snap_source - gives pages in ascending order, each at most once
 * @next:	1: @c is the next, until the call after it; 0: there is none
 * @done, @total: bytes, roughly, for a person who waits; @total: 0: unknown
 */
struct snap_source {
	int (*next)(struct snap_source *s, struct snap_chunk *c,
		    struct err *err);
	uint64_t done, total;
};

/**
 * struct snap_watcher - is told how far it is, and may end it
 * @go_on:	false: no more
 */
struct snap_watcher {
	bool (*go_on)(struct snap_watcher *w, uint64_t done, uint64_t total);
};

/** snap_copy() - all that @s gives into @w */
int snap_copy(struct snap_source *s, struct snap_writer *w,
	      struct snap_watcher *watcher, struct err *err);

/** snap_interrupted() - what is told when a watcher ends it; -1 */
int snap_interrupted(struct err *err);

/**
 * struct object_source - the pages of memory objects that hold their peace meanwhile
 * @fd:		of each, which can be mapped; those that are no hole are given
 * @at:		bytes of it that are done
 * @map:	what is mapped of it
 */
struct object_source {
	struct snap_source source;
	const int *fd;
	const uint64_t *size;
	unsigned int count, object;
	uint64_t at;
	void *map;
	size_t mapped;
};

/** object_source_init() - of @count objects; object_source_fini() must follow */
void object_source_init(struct object_source *s, const int *fd,
			const uint64_t *size, unsigned int count);
void object_source_fini(struct object_source *s);

#endif
