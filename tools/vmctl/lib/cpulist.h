/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of the host's CPUs, as text: "0-3,8".  Numbers go up to CPU_SETSIZE - 1.  What
 * is printed is in order, with ranges as long as they can be.
 */
#ifndef VMCTL_CPULIST_H
#define VMCTL_CPULIST_H

#include <sched.h>
#include <stddef.h>

/* Enough for any set: at worst pairs of three digits, of each three CPUs two. */
#define CPULIST_LEN	(3 * CPU_SETSIZE)

#define CPULIST_ONLINE	"/sys/devices/system/cpu/online"

/** cpulist_parse() - 0, or -1: not a list of CPUs, or one of none */
int cpulist_parse(const char *text, cpu_set_t *cpus);

/** cpulist_text() - the empty set is an empty text */
const char *cpulist_text(char buf[CPULIST_LEN], const cpu_set_t *cpus);

/** cpulist_read() - a file's one line, as sysfs has them; 0, or -1 */
int cpulist_read(const char *path, cpu_set_t *cpus);

#endif
