/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A snapshot file and increments, each of them on the one before: the pages of all, of
 * each the last.  All are read once, from front to back and side by side, a frame of each
 * at a time.
 */
#ifndef VMCTL_SNAP_MERGE_H
#define VMCTL_SNAP_MERGE_H

#include "snap/source.h"

#define MERGE_MAX	64

/**
 * struct merge_input - a file, and what comes next of it
 * @live:	there is something
 * @run, @within: pages of runs of its frame that have passed
 * @data:	those of them that had data
 */
struct merge_input {
	struct snap_reader reader;
	bool live;
	unsigned int run;
	uint32_t within;
	uint64_t data;
};

/** struct merge - @count of @input are open, the base first; @given: what was given last */
struct merge {
	struct snap_source source;
	struct snap_chunk given;
	struct merge_input *input;
	unsigned int count;
};

/**
 * merge_open() - @count files, which fit each other; merge_close() must follow
 *
 * m->source then gives their pages.
 */
int merge_open(struct merge *m, char **paths, unsigned int count,
	       struct err *err);
void merge_close(struct merge *m);

/** merge_fits() - whether @next is an increment on @before, told by @name */
int merge_fits(const struct snap_about *before, const struct snap_about *next,
	       const char *name, struct err *err);

/** merge_files() - all of it, into @out */
int merge_files(char **paths, unsigned int count, const char *out,
		struct snap_watcher *watcher, struct err *err);

#endif
