/* SPDX-License-Identifier: GPL-2.0 */
/* Regular files as images (boot/image.h). */
#ifndef VMCTL_FILE_H
#define VMCTL_FILE_H

#include "boot/image.h"

/** struct file - @fd is -1 when there is none */
struct file {
	struct image image;
	int fd;
};

/** file_open() - @what: its role, for messages. */
int file_open(struct file *file, const char *name, const char *what,
	      struct err *err);
/** file_look() - takes its size anew */
int file_look(struct file *file, struct err *err);
void file_close(struct file *file);

/** file_of() - the file behind an image that file_open() made. */
const struct file *file_of(const struct image *image);

#endif
