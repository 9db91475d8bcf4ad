// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/container.h"
#include "lib/vmm.h"
#include "snap/object_diff.h"

#define WINDOW	(16UL << 20)	/* of memory, mapped at once */

static void unmap(struct object_diff *d)
{
	if (d->map)
		munmap(d->map, d->mapped);
	d->map = NULL;
}

/* 1: there is an extent; 0: there are none left */
static int more(struct object_diff *d, struct err *err)
{
	int n;

	while (d->at == d->count) {
		if (d->next >= d->pages)
			return 0;
		n = vmm_mem_differ(d->new, d->old, &d->next, d->extent,
				   OBJECT_DIFF_EXTENTS, err);
		if (n < 0)
			return -1;
		d->count = (unsigned int)n;
		d->at = 0;
	}
	return 1;
}

static int map_chunk(struct object_diff *d, uint64_t page, uint64_t count,
		     struct snap_chunk *c, struct err *err)
{
	size_t size = (size_t)count * SNAP_PAGE_SIZE;
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_NORESERVE,
			 d->new, (off_t)(page * SNAP_PAGE_SIZE));

	if (map == MAP_FAILED)
		return err_set(err, VMCTL_FAILED,
			       "cannot map guest memory: %s", strerror(errno));
	d->map = map;
	d->mapped = size;
	*c = (struct snap_chunk){ .page = page, .count = count, .data = map };
	return 1;
}

static int next_chunk(struct snap_source *source, struct snap_chunk *c,
		      struct err *err)
{
	struct object_diff *d = container_of(source, struct object_diff, source);
	const struct vmm_mem_extent *e;
	uint64_t page, count;
	int ret;

	unmap(d);
	ret = more(d, err);
	if (ret <= 0)
		return ret;
	e = &d->extent[d->at];
	page = e->first + d->within;
	count = e->pages - d->within;
	if (count > WINDOW / SNAP_PAGE_SIZE)
		count = WINDOW / SNAP_PAGE_SIZE;
	d->within += count;
	if (d->within == e->pages) {
		d->within = 0;
		d->at++;
	}
	source->done = page * SNAP_PAGE_SIZE;
	return map_chunk(d, page, count, c, err);
}

void object_diff_init(struct object_diff *d, int new, int old, uint64_t size)
{
	memset(d, 0, sizeof(*d));
	d->source.next = next_chunk;
	d->source.total = size;
	d->new = new;
	d->old = old;
	d->pages = size / SNAP_PAGE_SIZE;
}

void object_diff_fini(struct object_diff *d)
{
	unmap(d);
}
