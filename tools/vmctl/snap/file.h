/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Snapshot files as a whole.
 *
 * One is written into a file of another name beside it, which gets its name when all of
 * it is on the disk: under the name there is a whole file or none.  It is read from front
 * to back, maybe from a pipe, in as much memory as one frame takes.
 */
#ifndef VMCTL_SNAP_FILE_H
#define VMCTL_SNAP_FILE_H

#include <limits.h>

#include "lib/guard.h"
#include "snap/frame.h"

/** struct snap_totals - @pages: in frames; @zero: that are told to be zero */
struct snap_totals {
	uint64_t sections, pages, zero, bytes;
};

/**
 * struct snap_writer - one that is written
 * @path:	its name, the caller's
 * @part:	the name that it has until it is whole; empty: none
 * @guard:	who removes it if we are killed
 */
struct snap_writer {
	struct section_out out;
	struct frame_packer packer;
	struct snap_totals totals;
	const char *path;
	char part[PATH_MAX];
	struct guard guard;
	bool sparse;
};

/**
 * snap_write_begin() - in @path, where nothing is
 *
 * Unless it fails, snap_write_end() or snap_write_give_up() must follow.
 */
int snap_write_begin(struct snap_writer *w, const char *path, struct err *err);

/** snap_write_about() - what comes first */
int snap_write_about(struct snap_writer *w, const struct snap_about *about,
		     struct err *err);

/**
 * snap_write_pages() - @count pages from @page of @object, behind all before
 * @data:	NULL: they are zero.  Zero pages cost nothing; in a file without a parent
 *		they are not even told.
 */
int snap_write_pages(struct snap_writer *w, uint32_t object, uint64_t page,
		     uint64_t count, const uint8_t *data, struct err *err);

/** snap_write_end() - the file is there, and on the disk; or nothing is left of it */
int snap_write_end(struct snap_writer *w, struct err *err);
void snap_write_give_up(struct snap_writer *w);

/**
 * struct snap_reader - one that is read
 * @about:	after snap_read_begin()
 * @totals:	of what has been read
 * @size:	of the file; 0: nobody knows
 * @named:	it is not standard input
 * @any_tsc:	the reader's: whatever the frequency of the guest's time-stamp counter
 */
struct snap_reader {
	struct section_in in;
	struct frame_reader frames;
	struct snap_about about;
	struct snap_totals totals;
	uint64_t size;
	bool named;
	bool any_tsc;
};

/**
 * snap_read_begin() - opens @path, "-": standard input, and reads what is ahead of pages
 * @unpack:	pages, too
 *
 * snap_read_close() must follow, on failure too.
 */
int snap_read_begin(struct snap_reader *r, const char *path, bool unpack,
		    struct err *err);

/** snap_read_frame() - the next, in r->frames.frame: 1; 0: all was read, and is right */
int snap_read_frame(struct snap_reader *r, struct err *err);
void snap_read_close(struct snap_reader *r);

#endif
