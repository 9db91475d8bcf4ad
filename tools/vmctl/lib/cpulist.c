// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/cpulist.h"

/* The number that @text begins with, which moves behind it; -1: none, or too large */
static int number(const char **text)
{
	int value = 0, digits = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
		value = 10 * value + (**text - '0');
		if (value >= CPU_SETSIZE)
			return -1;
	}
	return digits ? value : -1;
}

int cpulist_parse(const char *text, cpu_set_t *cpus)
{
	int first, last;

	CPU_ZERO(cpus);
	for (;; text++) {
		first = last = number(&text);
		if (*text == '-') {
			text++;
			last = number(&text);
		}
		if (first < 0 || last < first)
			return -1;
		for (; first <= last; first++)
			CPU_SET(first, cpus);
		if (!*text)
			return 0;
		if (*text != ',')
			return -1;
	}
}

static bool has(const cpu_set_t *cpus, int cpu)
{
	return cpu < CPU_SETSIZE && CPU_ISSET(cpu, cpus);
}

const char *cpulist_text(char buf[CPULIST_LEN], const cpu_set_t *cpus)
{
	char *at = buf;
	int cpu, last;

	*buf = 0;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu = last + 1) {
		last = cpu;
		if (!has(cpus, cpu))
			continue;
		while (has(cpus, last + 1))
			last++;
		at += sprintf(at, "%s%d", at == buf ? "" : ",", cpu);
		if (last > cpu)
			at += sprintf(at, "-%d", last);
	}
	return buf;
}

int cpulist_read(const char *path, cpu_set_t *cpus)
{
	FILE *f = fopen(path, "re");
	char line[CPULIST_LEN];
	int ret = -1;

	if (!f)
		return -1;
	if (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		ret = cpulist_parse(line, cpus);
	}
	fclose(f);
	return ret;
}
