/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest wrote, in files: LOG/NAME/console.log, and before it
 * console.log.1.  Each is at most half of a limit; a full one takes the place of
 * the older.  What cannot be written, as the disk is full, is counted, and a line
 * in the log says how much is missing as soon as one can be written again: the
 * guest is not stopped, and the log does not lie.
 *
 * The directory is kept open, and files are opened in it by their name alone: a
 * process in a sandbox has no other way.  Without even that one, the log has an
 * end at half of its limit.
 *
 * No lock: one thread writes.
 */
#ifndef VMCTL_CONSOLE_LOG_H
#define VMCTL_CONSOLE_LOG_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/paths.h"

#define CONSOLE_LOG_LIMIT	(2 * 1024 * 1024)	/* of both files */

/* All that opening the file ever asks for; reading is for its last byte. */
#define CONSOLE_LOG_OPEN	(O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | \
				 O_NONBLOCK | O_CLOEXEC)
#define CONSOLE_LOG_MODE	0600

/**
 * struct console_log - the log of one VM
 * @dir:	where the files are, -1: no more may be opened
 * @fd:		of the file that is written, -1: it could not be opened
 * @size:	of that file
 * @half:	what it may have
 * @missing:	bytes not written since the last that were
 * @lost:	bytes not written at all
 * @error:	errno of the last failure
 * @where:	the directory's name
 * @stays:	even if there is nothing in it: names can no longer be used
 */
struct console_log {
	int dir, fd;
	uint64_t size, half;
	uint64_t missing, lost;
	int error;
	char where[PATHS_LEN];
	bool stays;
};

/** console_log_open() - goes on where another run ended */
int console_log_open(struct console_log *log, const struct paths *paths,
		     const char *name, uint64_t limit, struct err *err);

/** console_log_write() - as much as there is room for on the disk */
void console_log_write(struct console_log *log, const uint8_t *data,
		       size_t len);

/** console_log_miss() - @len bytes never came here */
void console_log_miss(struct console_log *log, uint64_t len);

/** console_log_mark() - a line "[vmctl: @text]"; other lines of @text as they are */
void console_log_mark(struct console_log *log, const char *text);

/** console_log_close() - one that is empty leaves no file, unless it stays */
void console_log_close(struct console_log *log);

/** console_log_remove() - both files; there need not be any */
int console_log_remove(const struct paths *paths, const char *name,
		       struct err *err);

#endif
