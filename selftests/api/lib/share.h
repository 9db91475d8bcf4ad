/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vCPUs that share one processor of the host with each other, and with a thread
 * that wants all of it.
 */
#ifndef API_SHARE_H
#define API_SHARE_H

#include <sched.h>
#include <sys/syscall.h>

#include "../vmmtest.h"

/* This thread, and those that it makes, run on one processor from here on. */
VT_UNUSED static void sh_one_cpu(void)
{
	cpu_set_t set, one;
	int cpu, last = -1;

	if (sched_getaffinity(0, sizeof(set), &set))
		vt_bail("affinity");
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			last = cpu;
	CPU_ZERO(&one);
	CPU_SET(last, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		vt_bail("affinity");
}

VT_UNUSED static uint64_t sh_now_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		vt_bail("clock");
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* For how long a thread has waited for a processor in all its life, in ns. */
VT_UNUSED static uint64_t sh_waited(pid_t tid)
{
	unsigned long long ran, waited = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", tid);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%llu %llu", &ran, &waited) != 2)
		vt_bail("%s", path);
	fclose(f);
	return waited;
}

/**
 * struct sh_runner - a thread that runs one vCPU, or burns the time itself
 * @burn:	it is to leave the guest, and to spin
 * @burns:	it does
 */
struct sh_runner {
	struct vt *t;
	unsigned int n;
	pthread_t thread;
	volatile pid_t tid;
	volatile bool burn, burns, stop;
	volatile int err;
};

VT_UNUSED static void *sh_runner_main(void *arg)
{
	struct sh_runner *r = arg;

	r->tid = syscall(SYS_gettid);
	while (!r->stop) {
		r->err = vt_run(r->t, r->n);
		while (r->burn && !r->stop)
			r->burns = true;
		r->burns = false;
	}
	return NULL;
}

VT_UNUSED static void sh_spawn(struct sh_runner *r, struct vt *t, unsigned int n)
{
	*r = (struct sh_runner){ .t = t, .n = n };
	if (pthread_create(&r->thread, NULL, sh_runner_main, r))
		vt_bail("thread");
	if (!VT_WAIT_FOR(r->tid))
		vt_bail("thread does not run");
}

VT_UNUSED static void sh_burn(struct sh_runner *r, bool on)
{
	r->burn = on;
	if (on && !VT_WAIT_FOR((pthread_kill(r->thread, SIGUSR1), r->burns)))
		vt_bail("thread does not leave the guest");
}

VT_UNUSED static void sh_stop(struct sh_runner *r)
{
	r->stop = true;
	r->t->run[r->n]->immediate_exit = 1;
	pthread_kill(r->thread, SIGUSR1);
	pthread_join(r->thread, NULL);
	r->t->run[r->n]->immediate_exit = 0;
}

/* A thread that is always willing to run. */
struct sh_rival {
	pthread_t thread;
	volatile bool stop;
};

VT_UNUSED static void *sh_rival_main(void *arg)
{
	struct sh_rival *r = arg;

	while (!r->stop)
		;
	return NULL;
}

VT_UNUSED static void sh_rival_start(struct sh_rival *r)
{
	r->stop = false;
	if (pthread_create(&r->thread, NULL, sh_rival_main, r))
		vt_bail("thread");
}

VT_UNUSED static void sh_rival_stop(struct sh_rival *r)
{
	r->stop = true;
	pthread_join(r->thread, NULL);
}

VT_UNUSED static uint64_t sh_counter(struct vt *t, const char *name)
{
	static char names[256][VMM_STAT_NAME_LEN];
	static uint64_t values[256];
	struct vmm_stats stats = {
		.count = 256, .values = (uintptr_t)values,
		.names = (uintptr_t)names,
	};
	unsigned int i;

	if (ioctl(t->vm, VMM_VM_STATS, &stats))
		vt_bail("statistics");
	for (i = 0; i < stats.count; i++)
		if (!strcmp(names[i], name))
			return values[i];
	vt_bail("no counter %s", name);
}

#endif
