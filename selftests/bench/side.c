// SPDX-License-Identifier: GPL-2.0
/* What deduplicators have in common: see side.h. */
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "side.h"

unsigned char *side_area[SIDE_AREAS];

void side_put_text(const char *dir, const char *file, const char *text)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s to %s", text, path);
	close(fd);
}

void side_put(const char *dir, const char *file, uint64_t val)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)val);
	side_put_text(dir, file, text);
}

uint64_t side_get(const char *dir, const char *file)
{
	char path[PATH_MAX], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		err(1, "%s", path);
	close(fd);
	return strtoull(text, NULL, 10);
}

uint64_t side_field(const char *path, const char *word)
{
	size_t len = strlen(word);
	char line[256];
	uint64_t val = 0;
	FILE *f = fopen(path, "r");
	bool found = false;

	if (!f)
		err(1, "%s", path);
	while (!found && fgets(line, sizeof(line), f)) {
		found = !strncmp(line, word, len);
		if (found)
			val = strtoull(line + len + strspn(line + len, ": \t"), NULL, 10);
	}
	fclose(f);
	if (!found)
		errx(1, "%s: no %s", path, word);
	return val;
}

uint64_t side_own_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}
