// SPDX-License-Identifier: GPL-2.0
/* See busy.h. A tick is a nanosecond where the clock counts instructions. */
#include <err.h>
#include <stdio.h>
#include <x86intrin.h>
#include "busy.h"

static uint64_t own;		/* ticks that the measuring itself took */

/* Nanoseconds in which the first processor had nothing to do. */
static uint64_t idle_ns(void)
{
	unsigned long long ns = 0;
	char line[256];
	FILE *f = fopen("/proc/timer_list", "r");

	if (!f)
		err(1, "/proc/timer_list");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " .idle_sleeptime : %llu", &ns) == 1)
			break;
	fclose(f);
	return ns;
}

uint64_t busy(void)
{
	uint64_t begun = __rdtsc(), now = begun - own;

	now -= idle_ns();
	own += __rdtsc() - begun;
	return now;
}
