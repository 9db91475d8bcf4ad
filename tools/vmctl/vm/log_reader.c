// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/name.h"
#include "vm/log_reader.h"

static int failed(const char *path, const char *what, struct err *err)
{
	return err_set(err, errno == EACCES || errno == EPERM ? VMCTL_PERM :
		       VMCTL_FAILED, "%.256s: cannot %s: %s", path, what,
		       strerror(errno));
}

int log_reader_open(struct log_reader *r, const struct paths *paths,
		    const char *name, struct err *err)
{
	memset(r, 0, sizeof(*r));
	r->fd = -1;
	return name_check(name, err) ||
	       paths_join(r->dir, paths->log, name, "", err) ||
	       paths_join(r->path, r->dir, "console.log", "", err) ||
	       paths_join(r->older, r->dir, "console.log", ".1", err) ? -1 : 0;
}

void log_reader_close(struct log_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* -1 with errno ENOENT: there is none */
static int open_file(const char *path)
{
	return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* Whether it is the file that is read. */
static bool is_ours(const struct log_reader *r, const char *path)
{
	struct stat ours, there;

	return !fstat(r->fd, &ours) && !lstat(path, &there) &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* Takes @fd for the file; 1: it is another */
static int turn_to(struct log_reader *r, int fd)
{
	log_reader_close(r);
	r->fd = fd;
	return 1;
}

/* The oldest there is. */
static int turn_to_oldest(struct log_reader *r, struct err *err)
{
	int fd;

	for (;;) {
		fd = open_file(r->older);
		if (fd >= 0)
			return turn_to(r, fd);
		if (errno != ENOENT)
			return failed(r->older, "open", err);
		fd = open_file(r->path);
		if (fd < 0)
			return errno == ENOENT ? 0 :
			       failed(r->path, "open", err);
		/* another may have become the older one in between */
		if (access(r->older, F_OK))
			return turn_to(r, fd);
		close(fd);
	}
}

/*
 * The file that follows ours, which has been read to its end: 1; 0: there is none
 * yet.  A file is not written any more once it has the older one's name, so if ours
 * has that name, before and after we open the other, that one follows it.
 */
static int turn(struct log_reader *r, struct err *err)
{
	int fd;

	if (r->fd < 0)
		return turn_to_oldest(r, err);
	if (is_ours(r, r->path))
		return 0;
	fd = open_file(r->path);
	if (fd < 0)
		return errno == ENOENT ? 0 : failed(r->path, "open", err);
	if (is_ours(r, r->older))
		return turn_to(r, fd);
	close(fd);
	/* what was between ours and these is gone, or all of them are others' */
	r->gap = true;
	return turn_to_oldest(r, err);
}

static ssize_t read_some(struct log_reader *r, void *buf, size_t len,
			 struct err *err)
{
	ssize_t n;

	if (r->fd < 0)
		return 0;
	do {
		n = read(r->fd, buf, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? failed(r->path, "read", err) : n;
}

ssize_t log_reader_read(struct log_reader *r, void *buf, size_t len,
			struct err *err)
{
	bool ours;
	ssize_t n;
	int ret;

	for (;;) {
		/* looked at first: if it has been put aside by then, its end is
		 * its end */
		ours = r->fd >= 0 && is_ours(r, r->path);
		n = read_some(r, buf, len, err);
		if (n || ours)
			return n;
		ret = turn(r, err);
		if (ret <= 0)
			return ret;
	}
}
