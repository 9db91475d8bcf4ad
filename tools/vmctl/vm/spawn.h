/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process in the background: of no terminal and no session but its own, a child of
 * init, with nothing open that its starter had but what it is told to keep.  The
 * starter waits until it has said that it is ready, or why it cannot be.
 */
#ifndef VMCTL_SPAWN_H
#define VMCTL_SPAWN_H

#include <stdbool.h>

#include "lib/err.h"

/** struct spawn - the child's side; @fd: of the pipe to its starter, or -1 */
struct spawn {
	int fd;
};

/** spawn_ready() - lets the starter go, with success */
void spawn_ready(struct spawn *s);

/** spawn_fail() - likewise, with why not; the child should end then */
void spawn_fail(struct spawn *s, const struct err *err);

/**
 * spawn() - runs @body(@s, @arg) in such a process, whose exit code it returns
 * @keep:	descriptors that the child keeps, closed by -1; the caller closes its own
 * @alone:	in a namespace where there are no other processes, if we may make one
 *
 * 0: it is ready; -1: it is not and will not be.  The caller has one thread.
 */
int spawn(int (*body)(struct spawn *s, void *arg), void *arg, const int *keep,
	  bool alone, struct err *err);

#endif
