/* SPDX-License-Identifier: GPL-2.0 */
/* How far long work is, for a person at a terminal: a line that is written over. */
#ifndef VMCTL_PROGRESS_H
#define VMCTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct progress - @shown: there is a line
 * @next_ns:	not again before
 */
struct progress {
	const char *what;
	bool on, shown;
	uint64_t next_ns;
};

/** progress_init() - of @what; silent unless standard error is a terminal */
void progress_init(struct progress *p, const char *what, bool quiet);

/** progress_tell() - @done of @total bytes; 0: of who knows how many */
void progress_tell(struct progress *p, uint64_t done, uint64_t total);

/** progress_end() - takes the line away */
void progress_end(struct progress *p);

/** progress_text() - what the line says */
void progress_text(char *buf, unsigned int size, const char *what,
		   uint64_t done, uint64_t total);

#endif
