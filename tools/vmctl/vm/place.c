// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cpulist.h"
#include "vm/cgroup.h"
#include "vm/place.h"
#include "vm/unit.h"

#define TRIES		10	/* each lost to a sweep */
#define END		".end"	/* no VM's name */
#define END_CAP		20
#define END_MEMORY	(16 << 20)
#define OWN		"/proc/self/cgroup"
#define MOUNTS		"/proc/self/mountinfo"

/* ---- pins ------------------------------------------------------------------------ */

int place_check_pin(const struct sched *s, struct err *err)
{
	char want[CPULIST_LEN], have[CPULIST_LEN];
	cpu_set_t online, both;

	if (!sched_wants(s, SCHED_PIN))
		return 0;
	if (cpulist_read(CPULIST_ONLINE, &online))
		return err_set(err, VMCTL_HOST, "%s: cannot be read", CPULIST_ONLINE);
	CPU_AND(&both, &online, &s->pin);
	if (CPU_EQUAL(&both, &s->pin))
		return 0;
	return err_set(err, VMCTL_USAGE, "pin %.128s: this host has the CPUs %.128s",
		       cpulist_text(want, &s->pin), cpulist_text(have, &online));
}

int place_pin(pid_t thread, const struct sched *s, struct err *err)
{
	char want[CPULIST_LEN], have[CPULIST_LEN];
	bool any = !CPU_COUNT(&s->pin);
	cpu_set_t set = s->pin, got;

	if (any)
		memset(&set, 0xff, sizeof(set));
	if (sched_setaffinity(thread, sizeof(set), &set))
		return err_set(err, errno == EPERM ? VMCTL_PERM : VMCTL_FAILED,
			       "pin: %s", strerror(errno));
	/* a cpuset may leave less than was asked for */
	if (any || sched_getaffinity(thread, sizeof(got), &got) ||
	    CPU_EQUAL(&got, &set))
		return 0;
	return err_set(err, VMCTL_HOST, "pin %.128s: its cpuset leaves it only %.128s",
		       cpulist_text(want, &set), cpulist_text(have, &got));
}

/* ---- groups that are directories --------------------------------------------------- */

/** struct spot - a directory of groups, @base, in the group @above */
struct spot {
	char above[PATHS_LEN], base[PATHS_LEN], dir[PATHS_LEN], end[PATHS_LEN];
	char name[128];
};

static void name_base(char name[32])
{
	if (geteuid())
		snprintf(name, 32, "vmm-%lu", (unsigned long)geteuid());
	else
		strcpy(name, "vmm");
}

/* The kernel's own files there have a dot in their names, directories never so. */
static int spot_set(struct spot *spot, const char *vm, struct err *err)
{
	char base[32];

	snprintf(spot->name, sizeof(spot->name), "%s%s", vm,
		 strchr(vm, '.') ? ".vm" : "");
	name_base(base);
	return paths_join(spot->base, spot->above, base, "", err) ||
	       paths_join(spot->dir, spot->base, spot->name, "", err) ||
	       paths_join(spot->end, spot->base, END, "", err) ? -1 : 0;
}

static int failed(const char *path, const char *what, struct err *err)
{
	bool rights = errno == EACCES || errno == EPERM || errno == EROFS;

	return err_set(err, rights ? VMCTL_PERM : VMCTL_HOST, "%.256s: cannot %s: %s",
		       path, what, strerror(errno));
}

/* Without a controller for it there was none to have a policy by. */
static void make_end(const char *dir)
{
	const struct sched cap = { .told = 1U << SCHED_CAP, .cap = END_CAP };
	const struct sched memory = {
		.told = 1U << SCHED_MEM_LIMIT, .mem_limit = END_MEMORY,
	};
	struct err err;

	if (mkdir(dir, 0755))
		return;
	cgroup_apply(dir, &cap, &err);
	cgroup_apply(dir, &memory, &err);
}

/* 1: there, and ours; 0: a sweep took what was just made */
static int make_group(const struct spot *spot, struct err *err)
{
	if (mkdir(spot->base, 0755) && errno != EEXIST)
		return failed(spot->base, "make a control group", err);
	cgroup_enable(spot->above);
	cgroup_enable(spot->base);
	make_end(spot->end);
	rmdir(spot->dir);
	if (!mkdir(spot->dir, 0755))
		return 1;
	if (errno == ENOENT)
		return 0;
	if (errno != EEXIST)
		return failed(spot->dir, "make a control group", err);
	return err_set(err, VMCTL_STATE, "%.256s: another process has this control group",
		       spot->dir);
}

static int settle_in(const struct spot *spot, const struct sched *s,
		     struct err *err)
{
	if (cgroup_apply(spot->dir, s, err))
		return access(spot->dir, F_OK) ? 0 : -1;
	if (!cgroup_join(spot->dir))
		return 1;
	if (errno == ENOENT || errno == ENODEV)
		return 0;
	return failed(spot->dir, "enter", err);
}

/* Where VMs are left ".end" is, too: they will want it. */
static void sweep_base(const char *base)
{
	char path[PATHS_LEN];
	unsigned int left = 0;
	struct dirent *e;
	struct err err;
	DIR *d = opendir(base);

	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_type == DT_DIR && *e->d_name != '.' &&
		    !paths_join(path, base, e->d_name, "", &err))
			left += rmdir(path) && errno != ENOENT;
	closedir(d);
	if (left || paths_join(path, base, END, "", &err))
		return;
	rmdir(path);
	rmdir(base);
}

static int enter_spot(const struct spot *spot, const struct sched *s,
		      struct err *err)
{
	unsigned int tries;
	int ret = 0;

	for (tries = 0; tries < TRIES && !ret; tries++) {
		ret = make_group(spot, err);
		if (ret <= 0)
			continue;
		ret = settle_in(spot, s, err);
		if (ret < 0)
			rmdir(spot->dir);
	}
	if (ret > 0)
		return 0;
	sweep_base(spot->base);
	return ret ? ret : err_set(err, VMCTL_STATE, "%.256s: others remove it all the time",
				   spot->dir);
}

/* What leaving needs, which rights that are dropped must not spoil. */
static void remember(struct place *p, const struct spot *spot)
{
	char procs[PATHS_LEN];
	struct err err;

	/* a sweep may have taken it before there was a VM here */
	make_end(spot->end);
	if (!paths_join(procs, spot->end, "cgroup.procs", "", &err))
		p->end = open(procs, O_WRONLY | O_CLOEXEC);
	p->base = open(spot->base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(p->base_path, sizeof(p->base_path), "%s", spot->base);
	snprintf(p->group, sizeof(p->group), "%s", spot->name);
}

/* The next group on the way from the root down to @own, in @group; false: there was none */
static bool next_below(char group[PATHS_LEN], const char *own)
{
	size_t len = strlen(group);

	if (!own[len] || !own[1])
		return false;
	len += 1 + strcspn(own + len + 1, "/");
	memcpy(group, own, len);
	group[len] = 0;
	return true;
}

void place_sweep(void)
{
	char root[PATHS_LEN], own[PATHS_LEN], group[PATHS_LEN] = "";
	char above[PATHS_LEN], base[PATHS_LEN], name[32];
	struct err err;

	if (cgroup_root(root, MOUNTS, &err) || cgroup_of(own, OWN))
		return;
	name_base(name);
	do {
		if (!paths_join(above, root, group + !!*group, "", &err) &&
		    !paths_join(base, above, name, "", &err))
			sweep_base(base);
	} while (next_below(group, own));
}

/* From the highest one down, so that all of a user's are beside each other. */
static int enter_directory(struct place *p, const char *vm,
			   const struct sched *s, struct err *err)
{
	char root[PATHS_LEN], own[PATHS_LEN], group[PATHS_LEN] = "";
	struct spot spot;
	int ret;

	if (cgroup_root(root, MOUNTS, err))
		return -1;
	if (cgroup_of(own, OWN))
		return err_set(err, VMCTL_HOST, "%s: cannot be read", OWN);
	place_sweep();
	do {
		snprintf(spot.above, sizeof(spot.above), "%s", root);
		ret = (*group && paths_join(spot.above, root, group + 1, "", err)) ||
		      spot_set(&spot, vm, err) || enter_spot(&spot, s, err) ? -1 : 0;
	} while (ret && err->code != VMCTL_STATE && next_below(group, own));
	if (!ret)
		remember(p, &spot);
	return ret;
}

/* ---- groups that are units ---------------------------------------------------------- */

static int confirm(const struct sched *s, struct err *err)
{
	char root[PATHS_LEN], own[PATHS_LEN], dir[PATHS_LEN];

	if (cgroup_root(root, MOUNTS, err))
		return -1;
	if (cgroup_of(own, OWN) || !cgroup_is_unit(own) ||
	    paths_join(dir, root, own + 1, "", err))
		return err_set(err, VMCTL_HOST, "systemd has not moved the process to its scope");
	return cgroup_accepts(dir, s, err) ? -1 : cgroup_await(dir, s, err);
}

static int enter_unit(const char *vm, const struct sched *s, struct err *err)
{
	if (unit_enter(vm, s, err))
		return -1;
	return sched_wants_group(s) ? confirm(s, err) : 0;
}

/* ---- both --------------------------------------------------------------------------- */

int place_enter(struct place *p, const char *name, const struct sched *s,
		struct err *err)
{
	int ret;

	*p = (struct place){ .base = -1, .end = -1 };
	if (place_check_pin(s, err) ||
	    (sched_wants(s, SCHED_PIN) && place_pin(0, s, err)))
		return -1;
	ret = unit_present() ? enter_unit(name, s, err) :
			       enter_directory(p, name, s, err);
	if (!ret || !sched_wants_group(s))
		return 0;
	return err_wrap(err, "no control group for its policy");
}

void place_leave(struct place *p)
{
	/* who may use no names leaves it empty, to be swept up */
	if (*p->group && p->end >= 0 && write(p->end, "0", 1) == 1 &&
	    p->base >= 0)
		unlinkat(p->base, p->group, AT_REMOVEDIR);
	if (p->end >= 0)
		close(p->end);
	if (p->base >= 0)
		close(p->base);
	p->base = p->end = -1;
	*p->group = 0;
}
