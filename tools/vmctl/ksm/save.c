// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ksm/save.h"

int save_bytes(int fd, const void *data, size_t len, struct err *err)
{
	const uint8_t *from = data;
	ssize_t n;

	for (; len; from += n, len -= (size_t)n) {
		n = write(fd, from, len);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return err_set(err, VMCTL_FAILED, "cannot write: %s",
				       strerror(errno));
	}
	return 0;
}

static int failed(const char *path, const char *what, struct err *err)
{
	return err_set(err, errno == EACCES ? VMCTL_PERM : VMCTL_FAILED,
		       "%.200s: cannot %s: %s", path, what, strerror(errno));
}

/* A device or pipe is written to; another file is replaced when the new one is whole. */
static bool is_special(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode);
}

static int save_special(const char *path, save_fn write_to, void *arg,
			struct err *err)
{
	FILE *out = fopen(path, "we");
	int ret;

	if (!out)
		return failed(path, "open", err);
	ret = write_to(fileno(out), arg, err);
	fclose(out);
	return ret ? err_wrap(err, "%.200s", path) : 0;
}

int save_file(const char *path, mode_t mode, save_fn write_to, void *arg,
	      struct err *err)
{
	mode_t mask = umask(0);
	char part[PATH_MAX];
	int fd, n, ret;

	umask(mask);
	if (!path || !strcmp(path, "-"))
		return write_to(STDOUT_FILENO, arg, err);
	if (is_special(path))
		return save_special(path, write_to, arg, err);
	n = snprintf(part, sizeof(part), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return failed(path, "create", err);
	}
	fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0)
		return failed(path, "create", err);
	ret = write_to(fd, arg, err);
	if (ret)
		err_wrap(err, "%.200s", path);
	else if (fchmod(fd, mode & ~mask) || fsync(fd) || rename(part, path))
		ret = failed(path, "write", err);
	close(fd);
	if (ret)
		unlink(part);
	return ret;
}
