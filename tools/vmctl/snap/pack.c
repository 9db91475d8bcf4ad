// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "lib/bytes.h"
#include "snap/frame.h"

#define LEVEL	1	/* the guest may be waiting */

_Static_assert(PAGES_HEAD + SNAP_FRAME_RUNS * PAGES_RUN +
	       ZSTD_COMPRESSBOUND(SNAP_FRAME_PAGES * SNAP_PAGE_SIZE) <= SNAP_MAX_PAGES,
	       "room for a frame that cannot be made smaller");

int packer_init(struct frame_packer *p, struct err *err)
{
	size_t size = SNAP_FRAME_PAGES * SNAP_PAGE_SIZE;

	p->room = SNAP_MAX_PAGES;
	p->frame.nr_runs = 0;
	p->frame.pages = p->frame.zero = 0;
	p->frame.data = malloc(size);
	p->packed = malloc(p->room);
	p->zstd = ZSTD_createCCtx();
	if (p->frame.data && p->packed && p->zstd)
		return 0;
	packer_fini(p);
	return err_set(err, VMCTL_FAILED, "out of memory");
}

void packer_fini(struct frame_packer *p)
{
	free(p->frame.data);
	free(p->packed);
	ZSTD_freeCCtx(p->zstd);
	p->frame.data = p->packed = NULL;
	p->zstd = NULL;
}

/* The last run, if the pages only lengthen it. */
static struct snap_run *run_before(struct snap_frame *f, uint64_t page,
				   bool zero)
{
	struct snap_run *r;

	if (!f->nr_runs)
		return NULL;
	r = &f->run[f->nr_runs - 1];
	return r->zero == zero && r->page + r->count == page ? r : NULL;
}

uint32_t packer_add(struct frame_packer *p, uint32_t object, uint64_t page,
		    uint32_t count, const uint8_t *data)
{
	struct snap_frame *f = &p->frame;
	struct snap_run *run;

	if (f->nr_runs && f->object != object)
		return 0;
	run = run_before(f, page, !data);
	if (data && count > SNAP_FRAME_PAGES - f->pages)
		count = (uint32_t)(SNAP_FRAME_PAGES - f->pages);
	if (run && count > UINT32_MAX - run->count)
		run = NULL;
	if (!count || (!run && f->nr_runs == SNAP_FRAME_RUNS))
		return 0;
	if (!run) {
		run = &f->run[f->nr_runs++];
		*run = (struct snap_run){ .page = page, .zero = !data };
	}
	f->object = object;
	run->count += count;
	if (!data) {
		f->zero += count;
		return count;
	}
	memcpy(f->data + f->pages * SNAP_PAGE_SIZE, data,
	       (size_t)count * SNAP_PAGE_SIZE);
	f->pages += count;
	return count;
}

static void put_runs(uint8_t *to, const struct snap_frame *f)
{
	const struct snap_run *r;

	for (r = f->run; r < f->run + f->nr_runs; r++, to += PAGES_RUN) {
		put64(to + RUN_PAGE, r->page);
		put32(to + RUN_COUNT, r->count);
		put32(to + RUN_FLAGS, r->zero ? RUN_ZERO : 0);
	}
}

int packer_write(struct frame_packer *p, struct section_out *out,
		 struct err *err)
{
	struct snap_frame *f = &p->frame;
	size_t head = PAGES_HEAD + f->nr_runs * PAGES_RUN, packed = 0;

	if (!f->nr_runs)
		return 0;
	if (f->pages)
		packed = ZSTD_compressCCtx(p->zstd, p->packed + head,
					   p->room - head, f->data,
					   f->pages * SNAP_PAGE_SIZE, LEVEL);
	if (ZSTD_isError(packed))
		return err_set(err, VMCTL_FAILED, "zstd: %s",
			       ZSTD_getErrorName(packed));
	put32(p->packed + PAGES_OBJECT, f->object);
	put32(p->packed + PAGES_RUNS, f->nr_runs);
	put32(p->packed + PAGES_COUNT, (uint32_t)f->pages);
	put32(p->packed + PAGES_PACKED, (uint32_t)packed);
	put_runs(p->packed + PAGES_HEAD, f);
	f->nr_runs = 0;
	f->pages = f->zero = 0;
	return section_write(out, SNAP_PAGES, p->packed, head + packed, err);
}
