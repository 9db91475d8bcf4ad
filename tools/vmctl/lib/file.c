// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/file.h"

const struct file *file_of(const struct image *image)
{
	return container_of(image, struct file, image);
}

static int read_fd(const struct image *img, uint64_t off, void *buf,
		   size_t len, struct err *err)
{
	uint8_t *p = buf;
	ssize_t n;

	while (len) {
		n = pread(file_of(img)->fd, p, len, (off_t)off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, VMCTL_FAILED,
				       "%s: cannot read %zu bytes at %" PRIu64
				       ": %s", img->name, len, off,
				       strerror(errno));
		if (!n)
			return err_set(err, VMCTL_FAILED,
				       "%s: has become shorter than its %" PRIu64
				       " bytes", img->name, img->size);
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int file_open(struct file *file, const char *name, const char *what,
	      struct err *err)
{
	struct stat st;

	file->fd = open(name, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return err_set(err, errno == EACCES ? VMCTL_PERM : VMCTL_FAILED,
			       "%s: cannot open %s: %s", name, what,
			       strerror(errno));
	if (fstat(file->fd, &st) || !S_ISREG(st.st_mode)) {
		file_close(file);
		return err_set(err, VMCTL_FAILED,
			       "%s: %s must be a regular file", name, what);
	}
	file->image = (struct image){
		.name = name,
		.size = (uint64_t)st.st_size,
		.read = read_fd,
	};
	return 0;
}

int file_look(struct file *file, struct err *err)
{
	struct stat st;

	if (fstat(file->fd, &st))
		return err_set(err, VMCTL_FAILED, "%s: cannot look at it: %s",
			       file->image.name, strerror(errno));
	file->image.size = (uint64_t)st.st_size;
	return 0;
}

void file_close(struct file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}
