/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads what vm/console_log.h writes, also while it is written and its files change
 * places: each byte once and in order, or a gap that is told.
 */
#ifndef VMCTL_LOG_READER_H
#define VMCTL_LOG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/paths.h"

/**
 * struct log_reader - @fd: the file that is read, or -1
 * @gap:	files were gone before they were read; for the caller to clear
 */
struct log_reader {
	int fd;
	bool gap;
	char dir[PATHS_LEN], path[PATHS_LEN], older[PATHS_LEN];
};

/** log_reader_open() - at the oldest byte there is; there need not be a log yet */
int log_reader_open(struct log_reader *r, const struct paths *paths,
		    const char *name, struct err *err);

/** log_reader_read() - what comes next; 0: nothing yet; -1: failed */
ssize_t log_reader_read(struct log_reader *r, void *buf, size_t len,
			struct err *err);

void log_reader_close(struct log_reader *r);

#endif
