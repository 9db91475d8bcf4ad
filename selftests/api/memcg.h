/* SPDX-License-Identifier: GPL-2.0 */
/* A memory cgroup for a test. */
#ifndef MEMCG_H
#define MEMCG_H

#include <sys/mount.h>
#include <sys/stat.h>

#include "vmmtest.h"

#define ROOT	"/tmp/vmm-memcg"
#define GROUP	ROOT "/test"

/* A group may have more by what the kernel keeps ready on each processor, and a reserve. */
#define GROUP_SLACK	((64 * sysconf(_SC_NPROCESSORS_ONLN) + 128) * VT_PAGE)

VT_UNUSED static bool put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	close(fd);
	return good;
}

VT_UNUSED static bool put_number(const char *file, unsigned long val)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", val);
	return put(file, text);
}

/* The number behind @key in a file of the group, or its only one. */
VT_UNUSED static long number(const char *file, const char *key)
{
	char text[4096] = "", *at = text;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		at = NULL;
	close(fd);
	if (at && key)
		at = strstr(at, key);
	return at ? strtol(at + (key ? strlen(key) : 0), NULL, 10) : -1;
}

VT_UNUSED static bool make_group(unsigned long limit)
{
	mkdir(ROOT, 0700);
	if (mount("none", ROOT, "cgroup2", 0, NULL))
		return false;
	return put(ROOT "/cgroup.subtree_control", "+memory") &&
	       !mkdir(GROUP, 0700) && put_number(GROUP "/memory.max", limit);
}

/* Touches its stack as deep as it will need it. */
VT_UNUSED static void grow_stack(void)
{
	volatile char deep[65536];
	size_t i;

	for (i = 0; i < sizeof(deep); i += 4096)
		deep[i] = 1;
}

#endif
