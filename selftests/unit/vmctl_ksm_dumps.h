/* SPDX-License-Identifier: GPL-2.0 */
/* Dumps of page hashes that are made up: for tests of what reads and counts them. */
#ifndef VMCTL_KSM_DUMPS_H
#define VMCTL_KSM_DUMPS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ksm/analysis.h"
#include "ksm/map.h"
#include "lib/bytes.h"

#define DUMPS_SECOND	1000000000ULL
#define DUMPS_TIME	(1700000000ULL * DUMPS_SECOND)

/* One of a name, number and time, without pages. */
__attribute__((unused))
static struct dump *dump_of(const char *name, uint64_t vm, uint64_t seconds)
{
	struct dump *d = calloc(1, sizeof(*d));
	unsigned int i;

	d->time_ns = DUMPS_TIME + seconds * DUMPS_SECOND;
	d->vm = vm;
	d->seed = 7;
	for (i = 0; i < DUMP_NUMBERS; i++)
		d->number[i] = i < DUMP_KNOWN_NUMBERS - 1 ? 1000 + i : DUMP_NONE;
	snprintf(d->name, sizeof(d->name), "%s", name);
	strcpy(d->host, "lab");
	strcpy(d->kernel, "6.1.0-test");
	strcpy(d->mode, "merge");
	strcpy(d->policy, "dirty-clock");
	strcpy(d->hash, "aes");
	strcpy(d->module, "0.1.0");
	return d;
}

/* A page, behind the others; whether it was taken. */
__attribute__((unused))
static bool add_page(struct dump *d, uint32_t object, uint32_t flags,
		     uint64_t hash, uint64_t frame)
{
	uint8_t r[DUMP_PAGE_RECORD];
	struct err err;
	size_t bad;

	put64(r + DUMP_PAGE_HASH, hash);
	put64(r + DUMP_PAGE_FRAME, frame);
	put32(r + DUMP_PAGE_FLAGS, flags);
	put32(r + DUMP_PAGE_OBJECT, object);
	return !dump_add(d, r, 1, &bad, &err);
}

/* As a file, all of it, allocated. */
__attribute__((unused))
static uint8_t *dump_bytes(const struct dump *d, size_t *size)
{
	int fd = memfd_create("dump", 0);
	struct err err;
	uint8_t *data;

	if (fd < 0 || dump_write(d, fd, &err))
		abort();
	*size = (size_t)lseek(fd, 0, SEEK_END);
	data = malloc(*size + 1);
	if (pread(fd, data, *size, 0) != (ssize_t)*size)
		abort();
	close(fd);
	return data;
}

/* What is read from these bytes, which are called "x". */
__attribute__((unused))
static int read_bytes(struct dump *d, const uint8_t *data, size_t size,
		      struct err *err)
{
	int fd = memfd_create("dump", 0), ret;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET))
		abort();
	ret = dump_read(d, fd, "x", err);
	close(fd);
	return ret;
}

#endif
