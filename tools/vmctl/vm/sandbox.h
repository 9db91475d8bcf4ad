/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sandbox of a machine's process: what it gives up for good when it has opened what
 * it needs, and before it looks at anything of a guest's or of a file that one
 * boots from.  Documentation/sandbox.rst has whom that keeps from what.
 *
 * Each of its *parts* is had or lacks; a part that the kernel, or whoever confines us
 * already, does not grant is told and done without where the others still hold.
 *
 * A call that is forbidden ends the process by SIGSYS, after a line that names it.
 */
#ifndef VMCTL_SANDBOX_H
#define VMCTL_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/** enum sandbox_mode - what was asked for; REQUIRED: with all parts or not at all */
enum sandbox_mode {
	SANDBOX_ON,
	SANDBOX_OFF,
	SANDBOX_REQUIRED,
	SANDBOX_MODES
};

/**
 * enum sandbox_part - the first three never lack
 *
 * Groups and processes need root, and the latter a process in the background; where these
 * are not to be had they are not missed.
 */
enum sandbox_part {
	SANDBOX_PRIVILEGES,	/* no capabilities, and no way to more */
	SANDBOX_SYSCALLS,	/* a list of system calls, and no others */
	SANDBOX_LIMITS,		/* of files, their sizes, memory that is locked */
	SANDBOX_GROUPS,		/* no supplementary groups */
	SANDBOX_LANDLOCK,	/* names of files only in our own directories */
	SANDBOX_ROOT,		/* an empty root directory of its own */
	SANDBOX_NETWORK,	/* and network, */
	SANDBOX_IPC,		/* System V's and POSIX's objects, */
	SANDBOX_NAMES,		/* host names, */
	SANDBOX_CGROUPS,	/* names of control groups, */
	SANDBOX_PROCESSES,	/* processes that it could see */
	SANDBOX_PARTS
};

/** enum sandbox_use - what a directory is kept for, by names of files in it */
enum sandbox_use {
	SANDBOX_USE_LOG,	/* opening a log, and renaming it */
	SANDBOX_USE_UNLINK,	/* removing files */
	SANDBOX_USE_RMDIR,	/* removing directories that are empty */
};

/**
 * struct sandbox_dir - a directory that stays open
 * @fd:		its descriptor, which keeps its number; -1 afterwards if names could not
 *		be confined to it
 */
struct sandbox_dir {
	int *fd;
	const char *path;
	enum sandbox_use use;
};

/** struct sandbox_words - where a forbidden call is told: @before TEXT @after */
struct sandbox_words {
	const int *fd;
	const char *before, *after;
};

#define SANDBOX_DIRS	4
#define SANDBOX_WORDS	2

/**
 * struct sandbox - what is wanted, and what came of it
 * @files:	descriptors that may be open beside those that are, at most
 * @file_size:	that it may write to; 0: any
 * @terminal:	whether descriptor 0 is a terminal whose mode will be set
 * @network:	of sandbox_network(): enters that instead of one of its own; or -1
 * @has:	bits of enum sandbox_part
 * @error:	errno of those that lack
 */
struct sandbox {
	enum sandbox_mode mode;
	unsigned int files;
	uint64_t file_size;
	bool terminal;
	int network;
	struct sandbox_dir dir[SANDBOX_DIRS];
	unsigned int dirs;
	struct sandbox_words words[SANDBOX_WORDS];
	unsigned int nr_words;

	unsigned int has;
	int error[SANDBOX_PARTS];
};

void sandbox_init(struct sandbox *s, enum sandbox_mode mode);
void sandbox_keep_dir(struct sandbox *s, int *fd, const char *path,
		      enum sandbox_use use);
/** sandbox_tell() - the strings are kept by reference, @fd too: it may change */
void sandbox_tell(struct sandbox *s, const int *fd, const char *before,
		  const char *after);

/**
 * sandbox_network() - an empty network namespace for several sandboxes to be in
 * @fd:		it, or -1: each of them has to make its own
 *
 * For who may do that.  The caller has one thread, and is where it was afterwards; if
 * it could not get back that is an error.
 */
int sandbox_network(int *fd, struct err *err);

/**
 * sandbox_prepare() - names for last words, before several sandboxes are forked
 *
 * So that these have one copy of what each would make.  Done once.
 */
void sandbox_prepare(void);

/** sandbox_close_others() - all that was inherited; before anything is opened */
void sandbox_close_others(void);

/**
 * sandbox_enter() - for good
 *
 * The caller has one thread; those that it makes are in it, too.  On failure it may
 * be half-way in, and should end.
 */
int sandbox_enter(struct sandbox *s, struct err *err);

/** sandbox_mode_name() - "on", "off", "required" */
const char *sandbox_mode_name(enum sandbox_mode mode);
/** sandbox_part_name() - one word */
const char *sandbox_part_name(enum sandbox_part part);

/**
 * sandbox_lacks() - in words: "own root and network (Operation not permitted)"
 *
 * false: nothing that can be had in the mode lacks.
 */
bool sandbox_lacks(const struct sandbox *s, char *text, size_t size);

#endif
