// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>

#include "boot/image.h"

int image_check(const struct image *img, uint64_t off, uint64_t len,
		const char *what, struct err *err)
{
	if (off <= img->size && len <= img->size - off)
		return 0;
	return err_set(err, VMCTL_FAILED,
		       "%s: cut short: %s needs %" PRIu64 " bytes at offset %"
		       PRIu64 ", the file has %" PRIu64 " in all",
		       img->name, what, len, off, img->size);
}

int image_read(const struct image *img, uint64_t off, void *buf, size_t len,
	       const char *what, struct err *err)
{
	if (image_check(img, off, len, what, err))
		return -1;
	return img->read(img, off, buf, len, err);
}
