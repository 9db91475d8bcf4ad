/* SPDX-License-Identifier: GPL-2.0 */
/* Deduplication's files in sysfs. */
#ifndef KSM_H
#define KSM_H

#include <limits.h>

#include "vmmtest.h"

#define KSM	"/sys/kernel/vmm/ksm"

static char ksm_text[256];

/* The first line of a file; NULL, and errno. */
VT_UNUSED static char *get(const char *file)
{
	char path[PATH_MAX];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), KSM "/%s", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	len = read(fd, ksm_text, sizeof(ksm_text) - 1);
	close(fd);
	if (len < 0)
		return NULL;
	ksm_text[len] = 0;
	ksm_text[strcspn(ksm_text, "\n")] = 0;
	return ksm_text;
}

VT_UNUSED static long long figure(const char *file)
{
	char *val = get(file);

	return val ? atoll(val) : LLONG_MIN;
}

/* 0 or an errno. */
VT_UNUSED static int set(const char *file, const char *to)
{
	char path[PATH_MAX];
	int fd, err = 0;

	snprintf(path, sizeof(path), KSM "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, to, strlen(to)) < 0)
		err = errno;
	close(fd);
	return err;
}

VT_UNUSED static void set_number(const char *file, unsigned long n)
{
	char to[32];
	int err;

	snprintf(to, sizeof(to), "%lu", n);
	err = set(file, to);
	if (err) {
		errno = err;
		vt_bail("%s to %s", to, file);
	}
}

VT_UNUSED static bool is(const char *file, long long wanted)
{
	long long got = figure(file);

	if (got != wanted)
		tap_note("%s: %lld, wanted %lld", file, got, wanted);
	return got == wanted;
}

#endif
