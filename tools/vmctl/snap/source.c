// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/container.h"
#include "snap/source.h"

#define WINDOW	(16UL << 20)	/* of memory, mapped at once */

int snap_interrupted(struct err *err)
{
	return err_set(err, VMCTL_FAILED, "interrupted");
}

int snap_copy(struct snap_source *s, struct snap_writer *w,
	      struct snap_watcher *watcher, struct err *err)
{
	struct snap_chunk c;
	int ret;

	for (;;) {
		if (watcher && !watcher->go_on(watcher, s->done, s->total))
			return snap_interrupted(err);
		ret = s->next(s, &c, err);
		if (ret <= 0)
			return ret;
		if (snap_write_pages(w, c.object, c.page, c.count, c.data, err))
			return -1;
	}
}

/* ---- memory objects ---------------------------------------------------------------- */

static void unmap(struct object_source *s)
{
	if (s->map)
		munmap(s->map, s->mapped);
	s->map = NULL;
}

/* The next place from @at that may be no hole, and where it may be one again. */
static bool next_data(int fd, uint64_t size, uint64_t *at, uint64_t *end)
{
	off_t data = lseek(fd, (off_t)*at, SEEK_DATA), hole;

	if (data < 0 && errno == ENXIO)
		return false;
	/* from one that cannot tell, all is read */
	if (data >= (off_t)*at)
		*at = (uint64_t)data & ~(SNAP_PAGE_SIZE - 1UL);
	hole = lseek(fd, (off_t)*at, SEEK_HOLE);
	*end = hole > (off_t)*at ? ((uint64_t)hole + SNAP_PAGE_SIZE - 1) &
				   ~(SNAP_PAGE_SIZE - 1UL) : size;
	if (*end > size)
		*end = size;
	if (*end > *at + WINDOW)
		*end = *at + WINDOW;
	return *at < size;
}

static int map_chunk(struct object_source *s, uint64_t end,
		     struct snap_chunk *c, struct err *err)
{
	size_t size = (size_t)(end - s->at);
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_NORESERVE,
			 s->fd[s->object], (off_t)s->at);

	if (map == MAP_FAILED)
		return err_set(err, VMCTL_FAILED,
			       "cannot map guest memory: %s", strerror(errno));
	s->map = map;
	s->mapped = size;
	*c = (struct snap_chunk){
		.object = s->object, .page = s->at / SNAP_PAGE_SIZE,
		.count = size / SNAP_PAGE_SIZE, .data = map,
	};
	return 1;
}

static int next_chunk(struct snap_source *source, struct snap_chunk *c,
		      struct err *err)
{
	struct object_source *s = container_of(source, struct object_source,
					       source);
	uint64_t at, end;
	int ret;

	unmap(s);
	for (; s->object < s->count; s->object++, s->at = 0) {
		at = s->at;
		if (!next_data(s->fd[s->object], s->size[s->object], &at, &end)) {
			source->done += s->size[s->object] - s->at;
			continue;
		}
		source->done += end - s->at;
		s->at = at;
		ret = map_chunk(s, end, c, err);
		s->at = end;
		return ret;
	}
	return 0;
}

void object_source_init(struct object_source *s, const int *fd,
			const uint64_t *size, unsigned int count)
{
	unsigned int i;

	*s = (struct object_source){
		.source.next = next_chunk, .fd = fd, .size = size,
		.count = count,
	};
	for (i = 0; i < count; i++)
		s->source.total += size[i];
}

void object_source_fini(struct object_source *s)
{
	unmap(s);
}
