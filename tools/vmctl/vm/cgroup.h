/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control groups, version 2, as files.  A group is a directory below the file system's
 * root; its path, "/vmm/web", is what the kernel tells of a process.  Here are reading
 * and writing of a group's files; who makes groups is vm/place.h.
 */
#ifndef VMCTL_CGROUP_H
#define VMCTL_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/paths.h"
#include "vm/sched.h"

#define CGROUP_NONE	UINT64_MAX

/**
 * struct cgroup_values - what is in force; CGROUP_NONE: the group has no such file
 * @cap:	percent of one CPU; 0: none
 * @mem_limit:	bytes; 0: none
 * @memory:	bytes that it has
 */
struct cgroup_values {
	uint64_t weight, cap, mem_limit, memory;
};

/** cgroup_root() - the directory that "/" is, by a file like /proc/self/mountinfo */
int cgroup_root(char path[PATHS_LEN], const char *mountinfo, struct err *err);

/** cgroup_of() - the group of a process, by a file like /proc/self/cgroup; 0, or -1 */
int cgroup_of(char group[PATHS_LEN], const char *file);

/** cgroup_is_unit() - whether it is a unit that vm/unit.h made */
bool cgroup_is_unit(const char *group);
/** cgroup_is_made() - whether it is a directory that vm/place.h made */
bool cgroup_is_made(const char *group);

/** cgroup_enable() - controllers for the groups below @dir, as many as it lets */
void cgroup_enable(const char *dir);

/** cgroup_read() - of the group @dir */
void cgroup_read(const char *dir, struct cgroup_values *values);

/**
 * cgroup_accepts() - whether the group can be told all of @s
 *
 * VMCTL_HOST if it lacks a controller, VMCTL_STATE if it has more memory than it may.
 */
int cgroup_accepts(const char *dir, const struct sched *s, struct err *err);

/** cgroup_apply() - all of @s but its pin, or nothing */
int cgroup_apply(const char *dir, const struct sched *s, struct err *err);

/**
 * cgroup_await() - until all of @s but its pin is in force there
 *
 * systemd says that it is done before all of it is written.  VMCTL_HOST if it is not
 * in two seconds.
 */
int cgroup_await(const char *dir, const struct sched *s, struct err *err);

/** cgroup_join() - moves this process there; -1: errno */
int cgroup_join(const char *dir);

#endif
