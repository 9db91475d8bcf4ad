// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "snap/file.h"

static int failed(const char *path, const char *what, struct err *err)
{
	return err_set(err, errno == EACCES ? VMCTL_PERM : VMCTL_FAILED,
		       "%.200s: cannot %s: %s", path, what, strerror(errno));
}

static int open_part(struct snap_writer *w, struct err *err)
{
	int n = snprintf(w->part, sizeof(w->part), "%s.XXXXXX", w->path), fd;

	if (n < 0 || (size_t)n >= sizeof(w->part)) {
		errno = ENAMETOOLONG;
		fd = -1;
	} else {
		fd = mkostemp(w->part, O_CLOEXEC);
	}
	if (fd >= 0)
		return fd;
	w->part[0] = 0;
	return failed(w->path, "create", err);
}

/* In the process that is left. */
static void remove_part(void *arg)
{
	struct snap_writer *w = arg;

	unlink(w->part);
}

/* What a writer has; on failure, nothing. */
static int get_ready(struct snap_writer *w, struct err *err)
{
	if (guard_begin(&w->guard, remove_part, w, err))
		return -1;
	if (!packer_init(&w->packer, err))
		return 0;
	guard_end(&w->guard);
	return -1;
}

int snap_write_begin(struct snap_writer *w, const char *path, struct err *err)
{
	int fd;

	w->path = path;
	w->part[0] = 0;
	w->totals = (struct snap_totals){ .bytes = 0 };
	/* told now, and not only when all has been written */
	if (!access(path, F_OK)) {
		errno = EEXIST;
		return failed(path, "create", err);
	}
	fd = open_part(w, err);
	if (fd < 0)
		return -1;
	w->out.fd = fd;
	if (get_ready(w, err)) {
		close(fd);
		unlink(w->part);
		return -1;
	}
	if (!section_out_begin(&w->out, fd, err))
		return 0;
	snap_write_give_up(w);
	return err_wrap(err, "%.200s", path);
}

int snap_write_about(struct snap_writer *w, const struct snap_about *about,
		     struct err *err)
{
	w->sparse = !about_incremental(about);
	if (about_write(about, &w->out, err))
		return err_wrap(err, "%.200s", w->path);
	return 0;
}

/* As many as can be at once. */
static int write_some(struct snap_writer *w, uint32_t object, uint64_t page,
		      uint64_t *count, const uint8_t *data, struct err *err)
{
	uint32_t some = *count < UINT32_MAX ? (uint32_t)*count : UINT32_MAX;

	*count = packer_add(&w->packer, object, page, some, data);
	if (*count)
		return 0;
	if (packer_write(&w->packer, &w->out, err))
		return err_wrap(err, "%.200s", w->path);
	*count = packer_add(&w->packer, object, page, some, data);
	return 0;
}

static bool is_zero(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, SNAP_PAGE_SIZE - 1);
}

/* How many of @count pages are as the first is: zero, or not. */
static uint64_t alike(const uint8_t *data, uint64_t count, bool *zero)
{
	uint64_t n = 1;

	*zero = is_zero(data);
	while (n < count && is_zero(data + n * SNAP_PAGE_SIZE) == *zero)
		n++;
	return n;
}

int snap_write_pages(struct snap_writer *w, uint32_t object, uint64_t page,
		     uint64_t count, const uint8_t *data, struct err *err)
{
	bool zero = true;
	uint64_t n;

	for (; count; count -= n, page += n) {
		n = data ? alike(data, count, &zero) : count;
		if (!zero || !w->sparse) {
			if (write_some(w, object, page, &n, zero ? NULL : data,
				       err))
				return -1;
			*(zero ? &w->totals.zero : &w->totals.pages) += n;
		}
		if (data)
			data += n * SNAP_PAGE_SIZE;
	}
	return 0;
}

static int write_end(struct snap_writer *w, struct err *err)
{
	uint8_t end[END_SIZE];

	if (packer_write(&w->packer, &w->out, err))
		return -1;
	w->totals.sections = w->out.count;
	put64(end + END_SECTIONS, w->totals.sections);
	put64(end + END_PAGES, w->totals.pages);
	put64(end + END_ZERO, w->totals.zero);
	if (section_write(&w->out, SNAP_END, end, sizeof(end), err))
		return -1;
	w->totals.bytes = w->out.at;
	if (fsync(w->out.fd))
		return err_set(err, VMCTL_FAILED, "cannot write: %s",
			       strerror(errno));
	return 0;
}

static void sync_directory(const char *path)
{
	char copy[PATH_MAX];
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;	/* of one that cannot be read, too */
	fsync(fd);
	close(fd);
}

/* Never over another; where the file system cannot tell, by a second name. */
static int publish(struct snap_writer *w, struct err *err)
{
	if (renameat2(AT_FDCWD, w->part, AT_FDCWD, w->path, RENAME_NOREPLACE)) {
		if (errno != EINVAL && errno != ENOSYS)
			return failed(w->path, "create", err);
		if (link(w->part, w->path))
			return failed(w->path, "create", err);
		unlink(w->part);
	}
	w->part[0] = 0;
	sync_directory(w->path);
	return 0;
}

int snap_write_end(struct snap_writer *w, struct err *err)
{
	int ret = write_end(w, err);

	if (ret)
		err_wrap(err, "%.200s", w->path);
	else
		ret = publish(w, err);
	snap_write_give_up(w);
	return ret;
}

void snap_write_give_up(struct snap_writer *w)
{
	packer_fini(&w->packer);
	close(w->out.fd);
	if (*w->part)
		unlink(w->part);
	w->part[0] = 0;
	guard_end(&w->guard);
}
