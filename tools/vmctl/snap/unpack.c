// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <zstd.h>

#include "lib/bytes.h"
#include "snap/frame.h"

int frame_reader_init(struct frame_reader *r, bool unpack, struct err *err)
{
	*r = (struct frame_reader){ .unpack = unpack };
	if (!unpack)
		return 0;
	r->frame.data = malloc(SNAP_FRAME_PAGES * SNAP_PAGE_SIZE);
	r->zstd = ZSTD_createDCtx();
	if (r->frame.data && r->zstd)
		return 0;
	frame_reader_fini(r);
	return err_set(err, VMCTL_FAILED, "out of memory");
}

void frame_reader_fini(struct frame_reader *r)
{
	free(r->frame.data);
	ZSTD_freeDCtx(r->zstd);
	r->frame.data = NULL;
	r->zstd = NULL;
}

/* One run, which is behind all others and in the object. */
static int take_run(struct frame_reader *r, const struct section_in *in,
		    const struct snap_about *about, size_t at, struct err *err)
{
	struct snap_frame *f = &r->frame;
	const uint8_t *p = in->data + at;
	uint64_t pages = about->object[f->object] / SNAP_PAGE_SIZE;
	struct snap_run *run = &f->run[f->nr_runs++];
	uint32_t flags = get32(p + RUN_FLAGS);

	*run = (struct snap_run){
		.page = get64(p + RUN_PAGE), .count = get32(p + RUN_COUNT),
		.zero = flags == RUN_ZERO,
	};
	if (flags & ~(uint32_t)RUN_ZERO ||
	    (run->zero && !about_incremental(about)))
		return section_bad(in, at + RUN_FLAGS, err,
				   "pages with flags %#x, which cannot be here",
				   flags);
	if (run->page < r->page)
		return section_bad(in, at, err,
				   "page %" PRIu64 " behind page %" PRIu64,
				   run->page, r->page - 1);
	if (!run->count || run->page >= pages ||
	    run->count > pages - run->page)
		return section_bad(in, at, err,
				   "%u pages at page %" PRIu64 " of %" PRIu64,
				   run->count, run->page, pages);
	r->page = run->page + run->count;
	*(run->zero ? &f->zero : &f->pages) += run->count;
	return 0;
}

static int take_runs(struct frame_reader *r, const struct section_in *in,
		     const struct snap_about *about, struct err *err)
{
	struct snap_frame *f = &r->frame;
	uint32_t runs = get32(in->data + PAGES_RUNS), i;

	f->object = get32(in->data + PAGES_OBJECT);
	f->nr_runs = 0;
	f->pages = f->zero = 0;
	if (f->object >= about->nr_objects || f->object < r->object)
		return section_bad(in, PAGES_OBJECT, err,
				   "pages of memory object %u, which is not there or has passed",
				   f->object);
	if (f->object > r->object)
		r->page = 0;
	r->object = f->object;
	if (!runs || runs > SNAP_FRAME_RUNS ||
	    in->size < PAGES_HEAD + (size_t)runs * PAGES_RUN)
		return section_bad(in, PAGES_RUNS, err,
				   "%u runs of pages, where 1 to %u can be",
				   runs, SNAP_FRAME_RUNS);
	for (i = 0; i < runs; i++)
		if (take_run(r, in, about, PAGES_HEAD + (size_t)i * PAGES_RUN, err))
			return -1;
	if (f->pages > SNAP_FRAME_PAGES ||
	    f->pages != get32(in->data + PAGES_COUNT))
		return section_bad(in, PAGES_COUNT, err,
				   "%u pages in a frame, and %" PRIu64 " in its runs, where at most %u can be",
				   get32(in->data + PAGES_COUNT), f->pages,
				   SNAP_FRAME_PAGES);
	return 0;
}

static int unpack(struct frame_reader *r, const struct section_in *in,
		  size_t at, struct err *err)
{
	size_t packed = in->size - at, size = r->frame.pages * SNAP_PAGE_SIZE;
	const uint8_t *from = in->data + at;
	size_t got;

	if (ZSTD_getFrameContentSize(from, packed) != size ||
	    ZSTD_findFrameCompressedSize(from, packed) != packed)
		return section_bad(in, at, err,
				   "no single frame of zstd of %zu bytes",
				   size);
	got = ZSTD_decompressDCtx(r->zstd, r->frame.data, size, from, packed);
	if (ZSTD_isError(got))
		return section_bad(in, at, err, "zstd: %s",
				   ZSTD_getErrorName(got));
	if (got != size)
		return section_bad(in, at, err,
				   "zstd: %zu bytes of %zu", got, size);
	return 0;
}

int frame_take(struct frame_reader *r, const struct section_in *in,
	       const struct snap_about *about, struct err *err)
{
	size_t at;

	if (take_runs(r, in, about, err))
		return -1;
	at = PAGES_HEAD + r->frame.nr_runs * PAGES_RUN;
	if (in->size - at != get32(in->data + PAGES_PACKED) ||
	    !r->frame.pages != (in->size == at))
		return section_bad(in, PAGES_PACKED, err,
				   "%u bytes of zstd, where %zu are",
				   get32(in->data + PAGES_PACKED),
				   in->size - at);
	return r->unpack && r->frame.pages ? unpack(r, in, at, err) : 0;
}
