/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A client's end of a console's socket: takes what comes in pieces of any size and
 * hands on what the guest wrote.  Bytes are handed on as they come, and counted then;
 * so a client can detach at any moment and attach again without loss.
 */
#ifndef VMCTL_CONSOLE_FEED_H
#define VMCTL_CONSOLE_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"
#include "vm/console_wire.h"

struct console_feed;

/**
 * struct console_feed_ops - what becomes of it
 * @data:	the guest wrote this
 * @lost:	@count bytes before the next are gone
 * @word:	READER and END, in words
 */
struct console_feed_ops {
	void (*data)(struct console_feed *feed, const uint8_t *data, size_t len);
	void (*lost)(struct console_feed *feed, uint64_t count);
	void (*word)(struct console_feed *feed, enum console_type type,
		     const char *text);
};

/**
 * struct console_feed - embedded in the client
 * @run, @at:	which run, and what has been seen of it; for the next attach
 * @attached:	HELLO came, @run and @at are good
 * @ended:	END came: nothing follows
 */
struct console_feed {
	const struct console_feed_ops *ops;
	uint64_t run, at;
	bool attached, ended;

	/* the frame that is coming: its head, then its body, @have bytes so far */
	struct console_frame frame;
	bool in_body;
	size_t have;
	char body[CONSOLE_MAX_FRAME + 1];
};

void console_feed_init(struct console_feed *feed,
		       const struct console_feed_ops *ops);

/**
 * console_feed_attach() - what to send first
 *
 * A feed that has been attached goes on where it was; its frames begin anew.
 */
void console_feed_attach(struct console_feed *feed, unsigned int flags,
			 struct console_attach *attach);

/** console_feed_take() - what came; -1: refused, or nonsense */
int console_feed_take(struct console_feed *feed, const uint8_t *data,
		      size_t len, struct err *err);

#endif
