/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The place of a VM's process on the host: a control group of its own, and the CPUs it is
 * pinned to.  With systemd the group is a scope (vm/unit.h); without, a directory below
 * "vmm", or for users other than root "vmm-UID", in the highest group that lets this
 * user make one.  All VMs of a user are there, so that their weights are compared.
 *
 * Without a policy a VM that can have no group runs without one; with one that needs a
 * group it is refused.
 *
 * A process cannot remove the directory that it is in.  At its end it moves to ".end", a
 * group with so little for all in it that going there earlier is no way out of a
 * policy.  The directory of one that is killed stays, empty, and whoever comes by
 * removes it: no directory with a process in it can be removed.
 */
#ifndef VMCTL_PLACE_H
#define VMCTL_PLACE_H

#include "lib/paths.h"
#include "vm/sched.h"

/**
 * struct place - how to leave what was made; nothing here if @group is empty
 * @group:	the name of the directory in @base, whose name was @base_path
 * @end:	for writing, cgroup.procs of the group where processes end; or -1
 */
struct place {
	char group[128], base_path[PATHS_LEN];
	int base, end;
};

/**
 * place_enter() - moves this process, which has one thread
 *
 * Before it takes memory for the guest: that is charged to where it is then.
 */
int place_enter(struct place *p, const char *name, const struct sched *s,
		struct err *err);

/**
 * place_leave() - moves it to where processes end, and removes the group
 *
 * Takes no rights but those of its files, and of the system calls write() and unlinkat().
 */
void place_leave(struct place *p);

/** place_sweep() - removes the groups of this user's processes that were killed */
void place_sweep(void);

/** place_check_pin() - whether the host has these CPUs */
int place_check_pin(const struct sched *s, struct err *err);

/** place_pin() - pins the thread, 0: this one; no pin is all CPUs that it may have */
int place_pin(pid_t thread, const struct sched *s, struct err *err);

#endif
