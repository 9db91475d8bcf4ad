/* SPDX-License-Identifier: GPL-2.0 */
/* How much memory the host has left, for tests that look for leaks. */
#ifndef HOSTMEM_H
#define HOSTMEM_H

#include <stdio.h>
#include <unistd.h>

/*
 * Free memory in kB, with the pages that processors keep at hand: those lists
 * hold tens of megabytes of freed blocks, and the kernel leaves them out.
 */
static long host_free_kb(void)
{
	long count, total = -1, page_kb = sysconf(_SC_PAGESIZE) / 1024;
	char line[128];
	FILE *f;

	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "MemFree: %ld", &total);
	if (f)
		fclose(f);
	f = fopen("/proc/zoneinfo", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " count: %ld", &count) == 1)
			total += count * page_kb;
	}
	if (f)
		fclose(f);
	return total;
}

#endif
