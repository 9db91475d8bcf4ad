// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/size.h"
#include "vm/cgroup.h"

#define VALUE_LEN	64	/* of a file */
#define PERIOD_US	100000	/* of the kernel, unless told otherwise */
#define SETTLE_MS	2000
#define LOOK_MS		10
#define UNIT_BEGIN	"vmm-"
#define UNIT_END	".scope"

/* ---- files ----------------------------------------------------------------------- */

static int read_file(const char *dir, const char *name, char text[VALUE_LEN])
{
	char path[PATHS_LEN];
	struct err err;
	ssize_t n;
	int fd;

	if (paths_join(path, dir, name, "", &err))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, VALUE_LEN - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	return n > 0 ? 0 : -1;
}

static int write_file(const char *dir, const char *name, const char *text)
{
	size_t len = strlen(text);
	char path[PATHS_LEN];
	struct err err;
	bool good;
	int fd, e;

	if (paths_join(path, dir, name, "", &err)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -1;
	good = write(fd, text, len) == (ssize_t)len;
	e = errno;
	close(fd);
	errno = e;
	return good ? 0 : -1;
}

static int failed(const char *dir, const char *name, struct err *err)
{
	bool rights = errno == EACCES || errno == EPERM || errno == EROFS;

	return err_set(err, rights ? VMCTL_PERM : VMCTL_HOST, "%.256s/%s: %s",
		       dir, name, strerror(errno));
}

/* ---- places ------------------------------------------------------------------------ */

/* "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw": where all of it is mounted */
static bool is_mount(char *line, char path[PATHS_LEN])
{
	char *type = strstr(line, " - cgroup2 ");
	char root[PATHS_LEN];

	if (!type)
		return false;
	*type = 0;
	/* what has a blank in its name is escaped, and nobody's */
	return sscanf(line, "%*s %*s %*s %1023s %1023s", root, path) == 2 &&
	       !strcmp(root, "/") && !strchr(path, '\\');
}

int cgroup_root(char path[PATHS_LEN], const char *mountinfo, struct err *err)
{
	FILE *f = fopen(mountinfo, "re");
	char *line = NULL;
	bool found = false;
	size_t size = 0;

	while (f && !found && getline(&line, &size, f) > 0)
		found = is_mount(line, path);
	free(line);
	if (f)
		fclose(f);
	if (found)
		return 0;
	return err_set(err, VMCTL_HOST,
		       "control groups, version 2, are not mounted here; try: mount -t cgroup2 cgroup /sys/fs/cgroup");
}

int cgroup_of(char group[PATHS_LEN], const char *file)
{
	FILE *f = fopen(file, "re");
	char line[PATHS_LEN + 8];
	int ret = -1;

	while (f && ret && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		/* one beyond the reader's own root has dots in front */
		if (strncmp(line, "0::/", 4) || !strncmp(line, "0::/..", 6))
			continue;
		if (strlen(line + 3) < PATHS_LEN) {
			strcpy(group, line + 3);
			ret = 0;
		}
	}
	if (f)
		fclose(f);
	return ret;
}

bool cgroup_is_unit(const char *group)
{
	const char *name = strrchr(group, '/');
	size_t len = name ? strlen(name + 1) : 0;

	return len > strlen(UNIT_BEGIN UNIT_END) &&
	       !strncmp(name + 1, UNIT_BEGIN, strlen(UNIT_BEGIN)) &&
	       !strcmp(name + 1 + len - strlen(UNIT_END), UNIT_END);
}

bool cgroup_is_made(const char *group)
{
	const char *name = strrchr(group, '/'), *base = name;

	if (!name || !name[1])
		return false;
	while (base > group && base[-1] != '/')
		base--;
	if (base == group || strncmp(base, "vmm", 3))
		return false;
	base += 3;
	if (*base == '-' && isdigit((unsigned char)base[1]))
		base += 1 + strspn(base + 1, "0123456789");
	return base == name;
}

void cgroup_enable(const char *dir)
{
	/* one by one: a host may have one and not the other */
	write_file(dir, "cgroup.subtree_control", "+cpu");
	write_file(dir, "cgroup.subtree_control", "+memory");
}

int cgroup_join(const char *dir)
{
	return write_file(dir, "cgroup.procs", "0");
}

/* ---- values ------------------------------------------------------------------------ */

static uint64_t read_number(const char *dir, const char *name)
{
	char text[VALUE_LEN];
	uint64_t value;

	if (read_file(dir, name, text))
		return CGROUP_NONE;
	if (!strcmp(text, "max"))
		return 0;
	return uint_parse(text, &value) ? CGROUP_NONE : value;
}

static uint64_t read_cap(const char *dir)
{
	uint64_t quota, period;
	char text[VALUE_LEN];

	if (read_file(dir, "cpu.max", text))
		return CGROUP_NONE;
	if (sscanf(text, "%" SCNu64 " %" SCNu64, &quota, &period) != 2 || !period)
		return 0;
	return (quota * SCHED_FULL_CPU + period / 2) / period;
}

void cgroup_read(const char *dir, struct cgroup_values *values)
{
	values->weight = read_number(dir, "cpu.weight");
	values->cap = read_cap(dir);
	values->mem_limit = read_number(dir, "memory.max");
	values->memory = read_number(dir, "memory.current");
}

static bool has(const char *dir, const struct sched *s)
{
	struct cgroup_values is;

	cgroup_read(dir, &is);
	return !(sched_wants_weight(s) && is.weight != sched_weight(s)) &&
	       !(sched_wants(s, SCHED_CAP) && is.cap != s->cap) &&
	       !(sched_wants(s, SCHED_MEM_LIMIT) && is.mem_limit != s->mem_limit);
}

int cgroup_await(const char *dir, const struct sched *s, struct err *err)
{
	const struct timespec nap = { .tv_nsec = LOOK_MS * 1000000 };
	unsigned int waited;

	for (waited = 0; waited < SETTLE_MS; waited += LOOK_MS) {
		if (has(dir, s))
			return 0;
		nanosleep(&nap, NULL);
	}
	return err_set(err, VMCTL_HOST, "%.256s: systemd has not set what it was told",
		       dir);
}

/* ---- changes ------------------------------------------------------------------------ */

/** struct setting - a value for a file; @old: what was there */
struct setting {
	const char *file;
	char text[VALUE_LEN], old[VALUE_LEN];
};

#define MAX_SETTINGS	3

static unsigned int settings_of(struct setting to[MAX_SETTINGS],
				const struct sched *s)
{
	unsigned int n = 0;

	if (sched_wants_weight(s)) {
		to[n].file = "cpu.weight";
		snprintf(to[n++].text, VALUE_LEN, "%u", sched_weight(s));
	}
	if (sched_wants(s, SCHED_CAP)) {
		to[n].file = "cpu.max";
		if (s->cap)
			snprintf(to[n].text, VALUE_LEN, "%u %u",
				 s->cap * (PERIOD_US / SCHED_FULL_CPU), PERIOD_US);
		else
			snprintf(to[n].text, VALUE_LEN, "max %u", PERIOD_US);
		n++;
	}
	if (sched_wants(s, SCHED_MEM_LIMIT)) {
		to[n].file = "memory.max";
		if (s->mem_limit)
			snprintf(to[n].text, VALUE_LEN, "%" PRIu64, s->mem_limit);
		else
			strcpy(to[n].text, "max");
		n++;
	}
	return n;
}

/* The kernel would make room by killing the process. */
static int check_memory(const char *dir, const struct sched *s, struct err *err)
{
	char has[SIZE_TEXT_LEN], limit[SIZE_TEXT_LEN];
	struct cgroup_values is;

	if (!sched_wants(s, SCHED_MEM_LIMIT) || !s->mem_limit)
		return 0;
	cgroup_read(dir, &is);
	if (is.memory == CGROUP_NONE || is.memory <= s->mem_limit)
		return 0;
	return err_set(err, VMCTL_STATE, "mem-limit %s: it has %s already",
		       size_text(limit, s->mem_limit), size_text(has, is.memory));
}

static int read_settings(const char *dir, const struct sched *s,
			 struct setting set[MAX_SETTINGS], unsigned int *count,
			 struct err *err)
{
	unsigned int i;

	*count = settings_of(set, s);
	for (i = 0; i < *count; i++) {
		if (!read_file(dir, set[i].file, set[i].old))
			continue;
		if (errno != ENOENT)
			return failed(dir, set[i].file, err);
		return err_set(err, VMCTL_HOST,
			       "%.256s/%s is not there: its controller is not enabled for this group",
			       dir, set[i].file);
	}
	return check_memory(dir, s, err);
}

int cgroup_accepts(const char *dir, const struct sched *s, struct err *err)
{
	struct setting set[MAX_SETTINGS];
	unsigned int count;

	return read_settings(dir, s, set, &count, err);
}

int cgroup_apply(const char *dir, const struct sched *s, struct err *err)
{
	struct setting set[MAX_SETTINGS];
	unsigned int i, count;

	if (read_settings(dir, s, set, &count, err))
		return -1;
	for (i = 0; i < count; i++)
		if (write_file(dir, set[i].file, set[i].text))
			break;
	if (i == count)
		return 0;
	failed(dir, set[i].file, err);
	while (i--)
		write_file(dir, set[i].file, set[i].old);
	return -1;
}
