/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a machine in the background ended, in a line beside its log: for who asks when it
 * is gone.  The log tells it as well, but there the guest could have written the same.
 *
 * The file is opened at the start, when it becomes empty; if it still is, and nobody
 * lives, the process had no time to say anything.
 */
#ifndef VMCTL_EPITAPH_H
#define VMCTL_EPITAPH_H

#include <stdbool.h>

#include "lib/paths.h"

#define EPITAPH_LEN	256

/** struct epitaph - @plain: an end that is nobody's fault */
struct epitaph {
	bool plain;
	char text[EPITAPH_LEN];
};

/* What stands before the text, for who writes without these functions. */
#define EPITAPH_PLAIN	"+"
#define EPITAPH_SUDDEN	"-"

/** epitaph_open() - a descriptor to write to, or -1 */
int epitaph_open(const struct paths *paths, const char *name, struct err *err);

/** epitaph_write() - of @text the first line */
void epitaph_write(int fd, bool plain, const char *text);

/** epitaph_read() - 1; 0: it has never run; -1: cannot be read */
int epitaph_read(const struct paths *paths, const char *name,
		 struct epitaph *epitaph, struct err *err);

int epitaph_remove(const struct paths *paths, const char *name,
		   struct err *err);

#endif
