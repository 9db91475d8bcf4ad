/* SPDX-License-Identifier: GPL-2.0 */
/* A run of bytes that grows. */
#ifndef VMCTL_BUFFER_H
#define VMCTL_BUFFER_H

#include <stddef.h>
#include <stdint.h>

/** struct bytes - all zeroes is an empty one; @room: what @data has space for */
struct bytes {
	uint8_t *data;
	size_t len, room;
};

/** bytes_extend() - @len bytes more, zeroes; where they are, NULL: out of memory. */
void *bytes_extend(struct bytes *bytes, size_t len);

/** bytes_add() - 0, or -1: out of memory, and nothing is added. */
int bytes_add(struct bytes *bytes, const void *data, size_t len);

/** bytes_fini() - frees what it has, and makes it empty. */
void bytes_fini(struct bytes *bytes);

#endif
