// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "top/sampler.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Where /proc hides it, or the kernel keeps no such account, the times stay absent. */
static void read_times(struct top_vcpu *v)
{
	char path[64];
	uint64_t run, wait;
	FILE *f;

	if (v->vcpu.thread == RECORD_NONE)
		return;
	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/schedstat",
		 v->vcpu.thread);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fscanf(f, "%" SCNu64 " %" SCNu64, &run, &wait) == 2) {
		v->run_ns = run;
		v->wait_ns = wait;
	}
	fclose(f);
}

static int take_vcpus(struct control *c, struct top_sample *s, uint64_t vm,
		      struct err *err)
{
	struct record_vcpu *vcpus = NULL;
	size_t count = 0, first = s->nr_vcpus;
	int ret;

	if (records_vcpus(c, vm, &vcpus, &count, err))
		/* it may have ended since it was listed */
		return err->code == VMCTL_NO_VM || err->code == VMCTL_STATE ?
		       0 : -1;
	ret = top_sample_vcpus(s, vm, vcpus, count);
	free(vcpus);
	if (ret)
		return err_set(err, VMCTL_FAILED, "out of memory");
	for (; first < s->nr_vcpus; first++)
		read_times(&s->vcpus[first]);
	return 0;
}

int top_sample_take(struct control *c, struct top_sample *s, struct err *err)
{
	size_t i;
	int ret;

	memset(s, 0, sizeof(*s));
	s->time_ns = now_ns();
	ret = records_vms(c, &s->vms, &s->nr_vms, err) ||
	      records_all_stats(c, &s->stats, &s->nr_stats, err) ? -1 : 0;
	for (i = 0; i < s->nr_vms && !ret; i++)
		ret = take_vcpus(c, s, s->vms[i].id, err);
	if (ret)
		top_sample_free(s);
	return ret;
}
