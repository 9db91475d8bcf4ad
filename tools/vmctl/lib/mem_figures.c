// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem_figures.h"

#define PAGE	4096

#define FIGURE(key, kind) \
	ROWS_FIELD(#key, #key, kind, struct mem_figures, key)

const struct rows_field mem_figures_fields[] = {
	FIGURE(memory,		SIZE),
	FIGURE(resident,	SIZE),
	FIGURE(away,		SIZE),
	FIGURE(family,		SIZE),
	FIGURE(compressed,	SIZE),
	FIGURE(compressed_to,	SIZE),
	FIGURE(filed,		SIZE),
	FIGURE(filed_to,	SIZE),
	FIGURE(room,		SIZE),
	FIGURE(limit,		SIZE),
	FIGURE(min,		SIZE),
	FIGURE(shares,		NUMBER),
	FIGURE(active,		MILLI),
	{}
};

/* Lines of the object's fdinfo, and how many bytes one of them is. */
static const struct line {
	const char *name;
	size_t offset;
	unsigned int unit;
} lines[] = {
#define LINE(name, member, unit) \
	{ "vmm-mem-" name, offsetof(struct mem_figures, member), unit }
	LINE("pages", memory, PAGE),
	LINE("resident", resident, PAGE),
	LINE("away", away, PAGE),
	LINE("family-pages", family, PAGE),
	LINE("packed", compressed, PAGE),
	LINE("packed-bytes", compressed_to, 1),
	LINE("filed", filed, PAGE),
	LINE("filed-bytes", filed_to, 1),
	LINE("file-room", room, 1),
	LINE("limit", limit, PAGE),
	LINE("min", min, PAGE),
	LINE("shares", shares, 1),
	LINE("active", active, 1),
};

#define NR_LINES	(sizeof(lines) / sizeof(lines[0]))

/* The line that @name is, or NR_LINES. */
static size_t line_of(const char *name)
{
	size_t i;

	for (i = 0; i < NR_LINES && strcmp(lines[i].name, name); i++)
		;
	return i;
}

static unsigned int take_lines(FILE *f, struct mem_figures *figures)
{
	unsigned int found = 0;
	unsigned long long value;
	char text[128], name[64];
	size_t i;

	while (fgets(text, sizeof(text), f)) {
		if (sscanf(text, "%63[^:]: %llu", name, &value) != 2)
			continue;
		i = line_of(name);
		if (i == NR_LINES)
			continue;
		*(uint64_t *)((char *)figures + lines[i].offset) =
			value * lines[i].unit;
		found |= 1U << i;
	}
	return found;
}

int mem_figures_read(int fd, struct mem_figures *figures, struct err *err)
{
	unsigned int found;
	char path[64];
	FILE *f;

	memset(figures, 0, sizeof(*figures));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	if (!f)
		return err_set(err, VMCTL_FAILED, "cannot open %s: %s", path,
			       strerror(errno));
	found = take_lines(f, figures);
	fclose(f);
	if (found == (1U << NR_LINES) - 1)
		return 0;
	return err_set(err, VMCTL_MODULE, "the module does not tell where its memory is");
}
