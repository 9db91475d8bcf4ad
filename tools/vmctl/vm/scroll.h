/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last bytes that a guest wrote, in a ring.  Each byte has an offset, counted
 * from the machine's start, by which readers say how far they are; a ring never
 * waits for one, and one that is too slow finds that @end has run away from it.
 *
 * No lock: callers bring one.
 */
#ifndef VMCTL_SCROLL_H
#define VMCTL_SCROLL_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct scroll - the ring
 * @buf:	@size bytes, of the caller
 * @end:	offset behind the last byte
 */
struct scroll {
	uint8_t *buf;
	size_t size;
	uint64_t end;
};

static inline void scroll_init(struct scroll *s, uint8_t *buf, size_t size)
{
	*s = (struct scroll){ .buf = buf, .size = size };
}

/** scroll_start() - offset of the oldest byte that is still there */
static inline uint64_t scroll_start(const struct scroll *s)
{
	return s->end > s->size ? s->end - s->size : 0;
}

void scroll_put(struct scroll *s, const uint8_t *data, size_t len);

/**
 * scroll_get() - up to @len bytes from offset @at on; how many
 *
 * Where these are gone, @at moves to the oldest that are not; where they are still
 * to come, to the end.
 */
size_t scroll_get(const struct scroll *s, uint64_t *at, uint8_t *data,
		  size_t len);

#endif
