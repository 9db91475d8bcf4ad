/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The main thread's event loop: file descriptors and what to do when they
 * are ready.  Callbacks run in the main thread only.
 */
#ifndef VMCTL_LOOP_H
#define VMCTL_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

struct loop_source {
	int fd;
	void (*ready)(struct loop_source *source);
};

struct loop {
	int epoll;
};

int loop_init(struct loop *loop, struct err *err);
void loop_fini(struct loop *loop);

/** loop_add() - 0, -1 on failure, 1 when @source's kind of file is always
 * ready and can't be waited for. */
int loop_add(struct loop *loop, struct loop_source *source, struct err *err);
/** loop_watch() - from now on @source waits for input, for room, for both, or for
 * the other end's going alone, which is always waited for. */
void loop_watch(struct loop *loop, struct loop_source *source, bool in, bool out);
/** loop_remove() - no more calls of @source->ready. */
void loop_remove(struct loop *loop, struct loop_source *source);
/** loop_once() - waits, and serves what is ready. */
int loop_once(struct loop *loop, struct err *err);

#endif
