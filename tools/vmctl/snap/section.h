/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sections of a snapshot file, one behind the other, and the chain of their sums: each is
 * XXH64 of the content, its seed XXH64 of the header's first 16 bytes, whose seed is the
 * sum before, and the first that of the signature.  So a section that is altered, left
 * out, doubled or moved, within a file or between two, is found where it stands.  Sums
 * find accidents and not forgers.
 */
#ifndef VMCTL_SNAP_SECTION_H
#define VMCTL_SNAP_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "snap/format.h"

/**
 * struct section_out - a file that is written
 * @at:		bytes so far
 * @sum:	the last section's
 * @count:	of sections
 */
struct section_out {
	int fd;
	uint64_t at, sum, count;
};

/** section_out_begin() - writes the signature to @fd */
int section_out_begin(struct section_out *out, int fd, struct err *err);

/** section_write() - one */
int section_write(struct section_out *out, uint32_t type, const void *data,
		  size_t size, struct err *err);

#define SECTION_STOPS	2

/**
 * struct section_in - a file that is read, in its order; it may be a pipe
 * @name:	for messages
 * @stop:	descriptors, or -1: reading ends when one of them can be read, or has no
 *		other end any more
 * @at:		bytes so far
 * @where:	of these, before the section
 * @type, @size, @data: the section
 * @room:	bytes at @data
 */
struct section_in {
	int fd;
	const char *name;
	int stop[SECTION_STOPS];
	uint64_t at, where, sum, count;
	uint32_t type;
	size_t size, room;
	uint8_t *data;
};

/** section_in_begin() - reads the signature; section_in_end() must follow */
int section_in_begin(struct section_in *in, int fd, const char *name,
		     struct err *err);
void section_in_end(struct section_in *in);

/** section_read() - the next whose type is known; its sum is right, and so were theirs
 * that it passed over */
int section_read(struct section_in *in, struct err *err);

/** section_over() - 0 if nothing follows */
int section_over(struct section_in *in, struct err *err);

/** section_bad() - refuses what is at @offset of the section's content; -1 */
int section_bad(const struct section_in *in, size_t offset, struct err *err,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
