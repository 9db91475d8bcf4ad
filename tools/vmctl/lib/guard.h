/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Someone who undoes what this process has done if it is killed before it can do so
 * itself, by SIGKILL too: a process of its own, in a session of its own, that waits for
 * the other end of a socket.
 */
#ifndef VMCTL_GUARD_H
#define VMCTL_GUARD_H

#include <sys/types.h>

#include "lib/err.h"

/** struct guard - @fd: the socket, -1: there is nobody */
struct guard {
	int fd;
	pid_t pid;
};

/**
 * guard_begin() - from here on @undo is called with @arg if this process dies
 *
 * In the other process, which has no files but the standard ones, on /dev/null.
 */
int guard_begin(struct guard *g, void (*undo)(void *arg), void *arg,
		struct err *err);

/** guard_end() - nothing is left to be undone */
void guard_end(struct guard *g);

#endif
