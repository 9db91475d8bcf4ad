/* SPDX-License-Identifier: GPL-2.0 */
/* Results as files: whole, or not there. */
#ifndef VMCTL_KSM_SAVE_H
#define VMCTL_KSM_SAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/err.h"

typedef int (*save_fn)(int fd, void *arg, struct err *err);

/**
 * save_file() - what @write writes, in @path, in the place of what was there
 * @path:	NULL or "-": on standard output
 * @mode:	of the file, less the mask of the process
 */
int save_file(const char *path, mode_t mode, save_fn write, void *arg,
	      struct err *err);

/** save_bytes() - all of it, to a descriptor */
int save_bytes(int fd, const void *data, size_t len, struct err *err);

#endif
