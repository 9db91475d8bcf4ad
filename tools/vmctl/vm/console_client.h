/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A person, or a script, at the console of a machine in the background: standard
 * input and output on one side, the console's socket on the other.  It may leave at
 * any moment, and a later one goes on with the byte that follows.
 */
#ifndef VMCTL_CONSOLE_CLIENT_H
#define VMCTL_CONSOLE_CLIENT_H

#include "vm/console_feed.h"

/** struct console_place - an offset of a run; @run 0: none */
struct console_place {
	uint64_t run, at;
};

#define CONSOLE_PLACE_LEN	40

/** console_place_text() - "RUN:OFFSET", which console_place_parse() takes */
const char *console_place_text(char buf[CONSOLE_PLACE_LEN],
			       const struct console_place *place);
int console_place_parse(const char *text, struct console_place *place);

enum console_leave {
	CONSOLE_FAILED,		/* the error says why */
	CONSOLE_DETACHED,	/* Ctrl-], or a signal */
	CONSOLE_ENDED,		/* the machine has, and has told how */
};

/**
 * struct console_client - @name: for words
 * @flags:	CONSOLE_WRITE, TAKE and TAIL
 * @place:	where to go on, and then how far standard output has got
 * @unheard:	some keys did not reach the guest
 * @end:	how the machine ended
 */
struct console_client {
	const char *name;
	unsigned int flags;
	struct console_place place;
	bool unheard;
	char end[256];
};

/** console_client() - stays at the console on @fd until it is over */
enum console_leave console_client(struct console_client *c, int fd,
				  struct err *err);

#endif
