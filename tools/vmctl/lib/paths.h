/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where things lie: definitions, what belongs to running VMs, and logs.  root has
 * the system's places, others those of the XDG base directories; VMM_DIR puts all
 * below one directory.
 */
#ifndef VMCTL_PATHS_H
#define VMCTL_PATHS_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/err.h"

#define PATHS_LEN	1024	/* of a file's name, with its end */

/**
 * struct paths - directories; they need not exist
 * @conf:	NAME.conf for each definition
 * @run:	a directory for each VM that runs; empty: this user has none
 * @log:	a directory for each VM
 */
struct paths {
	char conf[PATHS_LEN], run[PATHS_LEN], log[PATHS_LEN];
};

/** paths_find() - this user's */
int paths_find(struct paths *paths, struct err *err);

/** paths_find_as() - those of @uid, whose environment @env asks */
int paths_find_as(struct paths *paths, uid_t uid, char *(*env)(const char *name),
		  struct err *err);

/** paths_join() - "DIR/NAME" and @suffix; -1: too long */
int paths_join(char path[PATHS_LEN], const char *dir, const char *name,
	       const char *suffix, struct err *err);

/** paths_make() - the directory and those above it; private where new */
int paths_make(const char *dir, struct err *err);

#endif
