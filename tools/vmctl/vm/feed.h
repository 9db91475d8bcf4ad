/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a machine's process that is in its sandbox already gets the moment it goes on from: the
 * frozen memory over a socket, the state in a file that all children of a fork share.  The
 * end of the socket before it was let go is the end of the process.
 */
#ifndef VMCTL_FEED_H
#define VMCTL_FEED_H

#include "lib/buffer.h"
#include "snap/about.h"

/**
 * struct feed - the process's end
 * @fd:		the socket
 * @store:	a file with the state, when it is fed
 * @id, @memory, @state: after feed_take()
 */
struct feed {
	int fd, store, memory;
	struct snap_id id;
	struct bytes state;
};

/** feed_store() - such a file, which is nowhere; -1 */
int feed_store(struct err *err);
/** feed_fill() - puts the state in */
int feed_fill(int store, const void *state, size_t size, struct err *err);

/** feed_make() - @fd is the process's end, @to the other */
int feed_make(struct feed *feed, int store, int *to, struct err *err);

/* The starter's. */
int feed_give(int to, const struct snap_id *id, int memory, size_t state,
	      struct err *err);
int feed_let_go(int to, struct err *err);

/* The process's: the moment, in @memory and @state until feed_done(); to be let go. */
int feed_take(struct feed *feed, struct err *err);
void feed_done(struct feed *feed);
int feed_await(struct feed *feed, struct err *err);

#endif
