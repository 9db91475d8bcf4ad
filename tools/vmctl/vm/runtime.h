/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The runtime directory of a VM that runs in the background: RUN/NAME with its
 * lock and its sockets.  Who holds the lock is the VM; there is no other sign of
 * life, and none that outlives it, as the kernel drops the lock of a process that
 * dies in whatever way.  What a dead owner left is reused.
 *
 * The lock belongs to the open file, so a child that inherits @lock keeps it when
 * its parent ends.  It can be looked at without being taken: asking whether a VM
 * lives never makes its start fail.
 */
#ifndef VMCTL_RUNTIME_H
#define VMCTL_RUNTIME_H

#include <stdbool.h>

#include "lib/paths.h"

/**
 * struct runtime - one that is ours, or whose lock is -1
 * @dir:	its name
 * @at:		it, open; @above: the directory that it is in; -1: not to be touched
 */
struct runtime {
	char dir[PATHS_LEN];
	int lock, at, above;
};

/**
 * runtime_claim() - makes the directory ours, and empties it
 *
 * VMCTL_STATE if another process has it.
 */
int runtime_claim(struct runtime *rt, const struct paths *paths,
		  const char *name, struct err *err);

/**
 * runtime_adopt() - by a child that kept @lock of all files
 *
 * Its parent calls runtime_leave(), which gives nothing up.
 */
int runtime_adopt(struct runtime *rt, struct err *err);
void runtime_leave(struct runtime *rt);

/** runtime_release() - removes the directory, then gives it up. */
void runtime_release(struct runtime *rt);

/**
 * runtime_watch() - the lock as it is now, to see when its owner has gone
 *
 * A descriptor; -1: there is none.  A later owner has another lock.
 */
int runtime_watch(const struct paths *paths, const char *name);

/** runtime_held() - whether the owner still has the lock of runtime_watch() */
bool runtime_held(int fd);

/** runtime_alive() - 1: some process has it; 0: none; -1: failed */
int runtime_alive(const struct paths *paths, const char *name, struct err *err);

#endif
