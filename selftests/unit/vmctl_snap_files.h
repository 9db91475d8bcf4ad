/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Snapshot files for tests: of a machine with two memory objects, whose pages come from
 * a number and their place.
 */
#ifndef UNIT_VMCTL_SNAP_FILES_H
#define UNIT_VMCTL_SNAP_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#include "snap/merge.h"

#define PAGE	SNAP_PAGE_SIZE
#define PAGES	3000		/* of the first object, several frames */
#define MORE	40		/* of the second */

/** struct world - what memory of a machine holds */
struct world {
	uint8_t page[PAGES + MORE][PAGE];
};

/* @kind: 0: zero; odd: noise; even: the same all over */
__attribute__((unused))
static void fill(struct world *w, unsigned int page, uint64_t kind)
{
	uint64_t *to = (uint64_t *)w->page[page], state = kind * 0x9e3779b97f4a7c15 + page;
	unsigned int i;

	for (i = 0; i < PAGE / 8; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		to[i] = !kind ? 0 : kind & 1 ? state : kind;
	}
}

__attribute__((unused))
static struct snap_about about_of(uint8_t id, uint8_t parent)
{
	struct snap_about a = {
		.time_ns = 1700000000123456789, .backend = "svm", .name = "web",
		.cpuid = { { .leaf = 1, .ecx = 5, .edx = 7 },
			   { .leaf = 7, .flags = VMM_CPUID_SUBLEAF, .ebx = 9 } },
		.nr_cpuid = 2, .conf = (char *)"kernel /k\n",
		.object = { PAGES * PAGE, MORE * PAGE }, .nr_objects = 2,
		.slot = { { 0, 0, 0, 2000 * PAGE, 0 },
			  { 1, 0, 1ULL << 32, 1000 * PAGE, 2000 * PAGE },
			  { 5, 1, 1ULL << 40, MORE * PAGE, 0 } },
		.nr_slots = 3, .state = (uint8_t *)"state", .state_size = 5,
	};

	a.id.byte[15] = id;
	a.parent.byte[15] = parent;
	return a;
}

/* All of @now, or what differs from @before. */
__attribute__((unused))
static int write_file(const char *path, const struct snap_about *a,
		      const struct world *now, const struct world *before,
		      struct err *err)
{
	struct snap_writer w;
	unsigned int i;

	if (snap_write_begin(&w, path, err))
		return -1;
	if (snap_write_about(&w, a, err))
		goto fail;
	for (i = 0; i < PAGES + MORE; i++) {
		if (before && !memcmp(now->page[i], before->page[i], PAGE))
			continue;
		if (snap_write_pages(&w, i >= PAGES, i < PAGES ? i : i - PAGES,
				     1, now->page[i], err))
			goto fail;
	}
	return snap_write_end(&w, err);
fail:
	snap_write_give_up(&w);
	return -1;
}

/* Puts the pages of a file where they are in @w; the number of sections, or -1 */
__attribute__((unused))
static int read_file(const char *path, struct world *w, struct snap_about *about,
		     struct snap_totals *totals, struct err *err)
{
	const struct snap_frame *f;
	struct snap_reader r;
	const uint8_t *from;
	unsigned int i;
	uint8_t *to;
	int ret = snap_read_begin(&r, path, true, err);

	while (!ret && (ret = snap_read_frame(&r, err)) > 0) {
		f = &r.frames.frame;
		from = f->data;
		for (i = 0; i < f->nr_runs; i++) {
			/* as large as the world is, or the reader is wrong */
			to = w->page[(f->object ? PAGES : 0) + f->run[i].page];
			if (f->run[i].zero) {
				memset(to, 0, (size_t)f->run[i].count * PAGE);
				continue;
			}
			memcpy(to, from, (size_t)f->run[i].count * PAGE);
			from += (size_t)f->run[i].count * PAGE;
		}
		ret = 0;
	}
	*totals = r.totals;
	*about = r.about;
	about->conf = NULL;
	about->state = NULL;
	snap_read_close(&r);
	return ret;
}

__attribute__((unused))
static uint8_t *slurp(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;

	if (fd < 0 || fstat(fd, &st))
		abort();
	*size = (size_t)st.st_size;
	data = malloc(*size + 1);
	if (read(fd, data, *size) != (ssize_t)*size)
		abort();
	close(fd);
	return data;
}

__attribute__((unused))
static void spit(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

#endif
