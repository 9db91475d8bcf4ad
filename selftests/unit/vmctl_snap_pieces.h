/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A snapshot file in pieces, its sections, so that tests can alter one and sum all anew:
 * what is refused then is refused for what it says.  The sums are reckoned here by what
 * Documentation/snapshot-format.rst says of them.
 */
#ifndef UNIT_VMCTL_SNAP_PIECES_H
#define UNIT_VMCTL_SNAP_PIECES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lib/bytes.h"
#include "snap/format.h"

#define MAX_PIECES	64

struct piece {
	uint32_t type, flags;
	uint64_t size;
	uint8_t *data;
};

struct pieces {
	struct piece piece[MAX_PIECES];
	unsigned int count;
};

__attribute__((unused))
static struct pieces take_apart(const uint8_t *file, size_t size)
{
	struct pieces p = {};
	size_t at = SNAP_SIGNATURE_SIZE;
	struct piece *one;

	while (at < size && p.count < MAX_PIECES) {
		one = &p.piece[p.count++];
		one->type = get32(file + at);
		one->flags = get32(file + at + 4);
		one->size = get64(file + at + 8);
		/* room to grow */
		one->data = calloc(1, one->size + 4096);
		memcpy(one->data, file + at + 24, one->size);
		at += 24 + one->size;
	}
	return p;
}

/* A file of them, whose sums are right. */
__attribute__((unused))
static uint8_t *put_together(const struct pieces *p, size_t *size)
{
	uint64_t sum = XXH64("\211VMSNAP\n", 8, 0);
	const struct piece *one;
	uint8_t *file, *to;

	*size = 8;
	for (one = p->piece; one < p->piece + p->count; one++)
		*size += 24 + one->size;
	to = file = malloc(*size + 1);
	memcpy(to, "\211VMSNAP\n", 8);
	to += 8;
	for (one = p->piece; one < p->piece + p->count; one++) {
		put32(to, one->type);
		put32(to + 4, one->flags);
		put64(to + 8, one->size);
		sum = XXH64(to, 16, sum);
		sum = XXH64(one->data, one->size, sum);
		put64(to + 16, sum);
		memcpy(to + 24, one->data, one->size);
		to += 24 + one->size;
	}
	return file;
}

__attribute__((unused))
static void free_pieces(struct pieces *p)
{
	while (p->count)
		free(p->piece[--p->count].data);
}

/* The first of a type. */
__attribute__((unused))
static struct piece *piece_of(struct pieces *p, uint32_t type)
{
	struct piece *one;

	for (one = p->piece; one < p->piece + p->count; one++)
		if (one->type == type)
			return one;
	abort();
}

#endif
