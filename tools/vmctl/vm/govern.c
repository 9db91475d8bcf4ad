// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cpulist.h"
#include "vm/cgroup.h"
#include "vm/govern.h"
#include "vm/place.h"
#include "vm/unit.h"

#define PASSES		16	/* over threads that come and go */

/* ---- its process -------------------------------------------------------------------- */

/**
 * struct subject - what a policy is about
 * @thread:	one that runs its processors
 * @group:	its control group, "" if that is not its own, and @dir, where that is
 */
struct subject {
	pid_t thread;
	char group[PATHS_LEN], dir[PATHS_LEN];
};

/* Some thread that has run a processor, all of which are in one process; 0: none yet */
static int find_thread(struct control *c, uint64_t vm, pid_t *thread,
		       struct err *err)
{
	struct record_vcpu *vcpus;
	size_t count, i;

	if (records_vcpus(c, vm, &vcpus, &count, err))
		return -1;
	*thread = 0;
	for (i = 0; i < count && !*thread; i++)
		if (vcpus[i].thread != RECORD_NONE)
			*thread = (pid_t)vcpus[i].thread;
	free(vcpus);
	return 0;
}

static void find_group(struct subject *s)
{
	char file[64], root[PATHS_LEN];
	struct err err;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)s->thread);
	if (cgroup_of(s->group, file) ||
	    !(cgroup_is_unit(s->group) || cgroup_is_made(s->group)) ||
	    cgroup_root(root, "/proc/self/mountinfo", &err) ||
	    paths_join(s->dir, root, s->group + 1, "", &err))
		*s->group = 0;
}

static int find(struct subject *s, struct control *c, uint64_t vm,
		struct err *err)
{
	*s = (struct subject){};
	if (find_thread(c, vm, &s->thread, err))
		return -1;
	if (s->thread)
		find_group(s);
	return 0;
}

/* Its number cannot have become another's if it runs the VM still. */
static int still(const struct subject *s, struct control *c, uint64_t vm,
		 struct err *err)
{
	pid_t thread;

	if (find_thread(c, vm, &thread, err))
		return -1;
	return thread == s->thread ? 0 :
	       err_set(err, VMCTL_STATE, "its process is about to end");
}

/* ---- looking ------------------------------------------------------------------------ */

static void read_pin(pid_t thread, char pin[CPULIST_LEN])
{
	cpu_set_t set, online, both;

	if (sched_getaffinity(thread, sizeof(set), &set) ||
	    cpulist_read(CPULIST_ONLINE, &online))
		return;
	CPU_AND(&both, &set, &online);
	if (!CPU_EQUAL(&both, &online))
		cpulist_text(pin, &both);
}

static uint64_t none_if_zero(uint64_t value)
{
	return value ? value : RECORD_NONE;
}

void govern_read(struct control *c, struct record_vm *vm)
{
	struct cgroup_values is;
	struct subject s;
	struct err err;

	if (find(&s, c, vm->id, &err) || !s.thread)
		return;
	read_pin(s.thread, vm->policy.pin);
	if (!*s.group)
		return;
	cgroup_read(s.dir, &is);
	vm->policy.weight = is.weight;
	vm->policy.cap = none_if_zero(is.cap);
	vm->policy.mem_limit = none_if_zero(is.mem_limit);
}

void govern_defined(struct record_vm *vm, const struct sched *s)
{
	if (sched_wants_weight(s))
		vm->policy.weight = sched_weight(s);
	if (sched_wants(s, SCHED_CAP))
		vm->policy.cap = s->cap;
	if (sched_wants(s, SCHED_MEM_LIMIT))
		vm->policy.mem_limit = s->mem_limit;
	if (sched_wants(s, SCHED_PIN))
		cpulist_text(vm->policy.pin, &s->pin);
}

/* ---- changing pins ------------------------------------------------------------------ */

static pid_t process_of(pid_t thread)
{
	char file[64], line[128];
	int process = 0;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%d/status", (int)thread);
	f = fopen(file, "re");
	while (f && !process && fgets(line, sizeof(line), f))
		sscanf(line, "Tgid: %d", &process);
	if (f)
		fclose(f);
	return process;
}

static bool pinned(pid_t thread, const struct sched *s)
{
	cpu_set_t is;

	return !sched_getaffinity(thread, sizeof(is), &is) &&
	       CPU_EQUAL(&is, &s->pin);
}

/* How many had to be pinned; -1: one could not be */
static int pin_pass(pid_t process, const struct sched *s, struct err *err)
{
	struct dirent *e;
	char dir[64];
	int count = 0;
	pid_t thread;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%d/task", (int)process);
	d = opendir(dir);
	if (!d)
		return err_set(err, VMCTL_STATE, "its process has ended");
	while (count >= 0 && (e = readdir(d))) {
		thread = (pid_t)atoi(e->d_name);
		if (thread <= 0 || pinned(thread, s))
			continue;
		if (!place_pin(thread, s, err))
			count++;
		else if (!faccessat(dirfd(d), e->d_name, F_OK, 0))
			count = -1;
	}
	closedir(d);
	return count;
}

/* A thread has the pin of the one that made it, so once all have it all will have. */
static int pin_all(pid_t process, const struct sched *s, struct err *err)
{
	unsigned int i;
	int count = 1;

	for (i = 0; i < PASSES && count > 0; i++) {
		count = pin_pass(process, s, err);
		/* without a pin each has as many as it may, which is not told */
		if (!CPU_COUNT(&s->pin) && i)
			break;
	}
	return count < 0 ? -1 : 0;
}

/* ---- changing groups ---------------------------------------------------------------- */

static int change_group(const struct subject *subject, uid_t owner,
			const struct sched *s, struct err *err)
{
	if (!cgroup_is_unit(subject->group))
		return cgroup_apply(subject->dir, s, err);
	if (unit_change(owner, strrchr(subject->group, '/') + 1, s, err))
		return -1;
	return cgroup_await(subject->dir, s, err);
}

/* What can be known to be refused, before anything is changed. */
static int check(const struct subject *subject, const struct record_vm *vm,
		 const struct sched *s, struct err *err)
{
	if (sched_check(s, (unsigned int)vm->vcpus, err) ||
	    place_check_pin(s, err))
		return -1;
	if (!subject->thread)
		return err_set(err, VMCTL_STATE, "its processors have not run yet");
	if (!sched_wants_group(s))
		return 0;
	if (*subject->group)
		return cgroup_accepts(subject->dir, s, err);
	return err_set(err, VMCTL_HOST,
		       "it has no control group of its own; try: vmctl start, where one can be made");
}

int govern_change(struct control *c, const struct record_vm *vm,
		  const struct sched *s, struct err *err)
{
	bool pins = sched_wants(s, SCHED_PIN);
	struct sched old = {};
	struct subject subject;
	pid_t process;

	if (find(&subject, c, vm->id, err) || check(&subject, vm, s, err))
		return -1;
	process = process_of(subject.thread);
	if (!process ||
	    sched_getaffinity(subject.thread, sizeof(old.pin), &old.pin))
		return err_set(err, VMCTL_STATE, "its process has ended");
	if (still(&subject, c, vm->id, err))
		return -1;
	if ((!pins || !pin_all(process, s, err)) &&
	    (!sched_wants_group(s) || !change_group(&subject, vm->owner, s, err)))
		return 0;
	if (pins)
		pin_all(process, &old, &(struct err){});
	return -1;
}
