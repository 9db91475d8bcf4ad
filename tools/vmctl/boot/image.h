/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file that a loader looks into: its name, its size and a way to read.
 *
 * The loaders see files through this only, and never a file as a whole: they
 * read headers and say in their plan which bytes go where.  That keeps them
 * free of I/O, and keeps a large initrd out of vmctl's own memory.
 */
#ifndef VMCTL_IMAGE_H
#define VMCTL_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/**
 * struct image - a file
 * @name:	as the user gave it, for messages
 * @size:	bytes
 * @read:	reads exactly @len bytes at @off, which lie inside @size
 */
struct image {
	const char *name;
	uint64_t size;
	int (*read)(const struct image *img, uint64_t off, void *buf,
		    size_t len, struct err *err);
};

/**
 * image_read() - reads @len bytes at @off into @buf
 * @what: what these bytes are, for the message when the file ends before
 */
int image_read(const struct image *img, uint64_t off, void *buf, size_t len,
	       const char *what, struct err *err);

/** image_check() - whether @len bytes at @off lie in the file; 0 or -1. */
int image_check(const struct image *img, uint64_t off, uint64_t len,
		const char *what, struct err *err);

#endif
