/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames: pages of one memory object, packed together.  A frame is a list of runs of
 * pages, ascending, and what the pages hold, one behind the other, as one frame of zstd;
 * of runs of zero pages it holds nothing.
 */
#ifndef VMCTL_SNAP_FRAME_H
#define VMCTL_SNAP_FRAME_H

#include "snap/about.h"

/** struct snap_run - @zero: these have no data */
struct snap_run {
	uint64_t page;
	uint32_t count;
	bool zero;
};

/**
 * struct snap_frame - one, unpacked
 * @pages:	of the runs that are not zero
 * @zero:	of those that are
 * @data:	those; NULL where it was read without
 */
struct snap_frame {
	uint32_t object;
	unsigned int nr_runs;
	uint64_t pages, zero;
	struct snap_run run[SNAP_FRAME_RUNS];
	uint8_t *data;
};

/** struct frame_packer - makes sections of frames; @packed: @room bytes for that */
struct frame_packer {
	struct snap_frame frame;
	uint8_t *packed;
	size_t room;
	void *zstd;
};

int packer_init(struct frame_packer *p, struct err *err);
void packer_fini(struct frame_packer *p);

/**
 * packer_add() - takes what it has room for of @count pages from @page of @object, which
 * are behind all that it has; @data: NULL: zero
 *
 * How many; 0: it must be written first.
 */
uint32_t packer_add(struct frame_packer *p, uint32_t object, uint64_t page,
		    uint32_t count, const uint8_t *data);

/** packer_write() - writes what it has, if any, and has nothing then */
int packer_write(struct frame_packer *p, struct section_out *out,
		 struct err *err);

/**
 * struct frame_reader - takes frames out of sections
 * @unpack:	else what is in them is not looked at
 * @object, @page: where the next may begin at the earliest
 */
struct frame_reader {
	struct snap_frame frame;
	bool unpack;
	uint32_t object;
	uint64_t page;
	void *zstd;
};

int frame_reader_init(struct frame_reader *r, bool unpack, struct err *err);
void frame_reader_fini(struct frame_reader *r);

/** frame_take() - the section @in is at, of a file of @about, into r->frame */
int frame_take(struct frame_reader *r, const struct section_in *in,
	       const struct snap_about *about, struct err *err);

#endif
