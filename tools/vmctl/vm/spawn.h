/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process in the background: of no terminal and no session but its own, a child of
 * init, with nothing open that its starter had but what it is told to keep.  The
 * starter waits until it has said that it is ready, or why it cannot be.
 */
#ifndef VMCTL_SPAWN_H
#define VMCTL_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/err.h"

/** struct spawn - the child's side; @fd: of the pipe to its starter, or -1 */
struct spawn {
	int fd;
};

/** spawn_step() - tells the starter that all is well so far */
void spawn_step(struct spawn *s);

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

/**
 * struct spawned - the starter's side of one that is not waited for; @fd: -1: none
 */
struct spawned {
	int fd;
	pid_t pid;
};

/**
 * spawn_begin() - as spawn(), which is this and what follows
 *
 * Unless it fails, spawn_end() must follow.
 */
int spawn_begin(struct spawned *child,
		int (*body)(struct spawn *s, void *arg), void *arg,
		const int *keep, bool alone, struct err *err);
/** spawn_hear() - waits for its next step, or that it is ready, or why it cannot be */
int spawn_hear(struct spawned *child, struct err *err);
/** spawn_end() - nothing more is heard of it */
void spawn_end(struct spawned *child);

#endif
