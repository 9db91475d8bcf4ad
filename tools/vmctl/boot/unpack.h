/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unpacks what a bzImage is wrapped around.
 *
 * The payload is one compressed stream with its unpacked size, 32 bits,
 * behind it (in gzip's case: as the stream's own last field).  The unpacked
 * size is known before anything is unpacked, so memory is asked for once, and
 * no stream can make more of it than that.
 */
#ifndef VMCTL_UNPACK_H
#define VMCTL_UNPACK_H

#include <stdbool.h>

#include "boot/image.h"

/**
 * struct unpacked - an image in memory of ours
 * @image:	reads from @data
 * @data:	NULL when there is none
 */
struct unpacked {
	struct image image;
	uint8_t *data;
};

/** unpack_pays() - whether unpacking what is at @off here takes less work than
 * letting the kernel do it, for all that has to be copied. */
bool unpack_pays(const struct image *packed, uint64_t off);

/**
 * unpack() - unpacks @len bytes of @packed at @off
 * @limit: how many bytes may come out
 *
 * On success unpack_free() must follow some time.
 */
int unpack(struct unpacked *out, const struct image *packed, uint64_t off,
	   uint64_t len, uint64_t limit, struct err *err);
void unpack_free(struct unpacked *out);

#endif
