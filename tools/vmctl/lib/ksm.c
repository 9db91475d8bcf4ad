// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ksm.h"

#define DIR "/sys/kernel/vmm/ksm/"

static int fail(const char *file, struct err *err)
{
	switch (errno) {
	case ENOENT:
		return err_set(err, VMCTL_MODULE,
			       DIR "%s: no such file; try: modprobe vmm, or insmod vmm.ko",
			       file);
	case EACCES:
	case EPERM:
		return err_set(err, VMCTL_PERM, "%s: only root may", file);
	case EOPNOTSUPP:
		return err_set(err, VMCTL_HOST,
			       "%s: not in this version or on this processor; see dmesg",
			       file);
	default:
		return err_set(err, VMCTL_FAILED, "%s: %s", file,
			       strerror(errno));
	}
}

static int open_file(const char *file, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), DIR "%s", file);
	return open(path, flags | O_CLOEXEC);
}

int ksm_open(const char *file, struct err *err)
{
	int fd = open_file(file, O_RDONLY);

	return fd < 0 ? fail(file, err) : fd;
}

int ksm_read(const char *file, char *buf, size_t size, struct err *err)
{
	int fd = open_file(file, O_RDONLY);
	ssize_t len;

	if (fd < 0)
		return fail(file, err);
	len = read(fd, buf, size - 1);
	if (len < 0) {
		fail(file, err);
		close(fd);
		return -1;
	}
	close(fd);
	buf[len] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

int ksm_number(const char *file, uint64_t *number, struct err *err)
{
	char buf[32], *end;

	if (ksm_read(file, buf, sizeof(buf), err))
		return -1;
	*number = strtoull(buf, &end, 10);
	if (!buf[0] || *end)
		return err_set(err, VMCTL_MODULE, "%s: no number: %s", file, buf);
	return 0;
}

int ksm_write(const char *file, const char *text, struct err *err)
{
	int fd = open_file(file, O_WRONLY), ret = 0;

	if (fd < 0)
		return fail(file, err);
	if (write(fd, text, strlen(text)) < 0)
		ret = fail(file, err);
	close(fd);
	return ret;
}
