/* SPDX-License-Identifier: GPL-2.0 */
/* Memory objects out of others, for tests that make many. */
#ifndef LINEAGE_H
#define LINEAGE_H

#include <stdio.h>

#include "vmmtest.h"

VT_UNUSED static int mem_freeze(int fd)
{
	struct vmm_mem_freeze f = { 0 };

	return ioctl(fd, VMM_MEM_FREEZE, &f);
}

VT_UNUSED static int mem_fork(int fd)
{
	struct vmm_mem_fork f = { 0 };

	return ioctl(fd, VMM_MEM_FORK, &f);
}

VT_UNUSED static int mem_return(int fd, int to)
{
	struct vmm_mem_return r = { .mem_fd = to };

	return ioctl(fd, VMM_MEM_RETURN, &r);
}

/* A figure of the object, from its fdinfo. */
VT_UNUSED static long mem_figure(int fd, const char *name)
{
	char path[64], line[128];
	size_t len = strlen(name);
	long val = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "vmm-mem-", 8) &&
		    !strncmp(line + 8, name, len) && line[8 + len] == ':')
			val = atol(line + 9 + len);
	}
	if (f)
		fclose(f);
	return val;
}

/* A hash of all of it, read and not mapped. */
VT_UNUSED static uint64_t mem_sum(int fd, size_t size)
{
	static __thread uint64_t buf[8192];
	uint64_t sum = 14695981039346656037ULL;
	size_t at, i;

	for (at = 0; at < size; at += sizeof(buf)) {
		if (pread(fd, buf, sizeof(buf), at) != sizeof(buf))
			return 0;
		for (i = 0; i < 8192; i++)
			sum = (sum ^ buf[i]) * 1099511628211ULL;
	}
	return sum;
}

#endif
