// SPDX-License-Identifier: GPL-2.0
/*
 * uniformbench [-s SEED] [-n PROBES] SECURITY...: what a guest can tell by the time that its reads
 * and writes take (api/ksm_probe.h), under each setting of deduplication's security: so many
 * latencies under the first one, a quarter of that under the others.
 *
 * A line for each access and each kind of pages, against those that are like no other:
 * "SECURITY,ACCESS,KIND,NUMBER,MEDIAN,SINGLE_NUMBER,SINGLE_MEDIAN,D,P" (ks.h).  And the
 * distributions, "cdf SECURITY,ACCESS,KIND,LATENCY,PART": the part of latencies that are at most so.
 */
#include <stdio.h>

#include "ksm_probe.h"
#include "ks.h"

/* Points of a distribution that are told, and at most one for a latency. */
#define POINTS	200

static void tell_distribution(const char *security, unsigned int access, unsigned int kind)
{
	const struct probe_sample *s = &probe_sample[access][kind];
	uint32_t told = 0;
	size_t i, at;

	for (i = 1; i <= POINTS; i++) {
		at = i * (s->nr - 1) / POINTS;
		/* The last one that is equal. */
		while (at + 1 < s->nr && s->val[at + 1] == s->val[at])
			at++;
		if (s->val[at] == told)
			continue;
		told = s->val[at];
		printf("cdf %s,%s,%s,%u,%.5f\n", security, probe_access_name[access],
		       probe_kind_name[kind], told, (double)(at + 1) / s->nr);
	}
}

static void compare(const char *security, unsigned int access, unsigned int kind)
{
	const struct probe_sample *a = &probe_sample[access][kind];
	const struct probe_sample *b = &probe_sample[access][PROBE_SINGLE];
	struct ks ks = ks_test(a->val, a->nr, b->val, b->nr);

	printf("%s,%s,%s,%zu,%u,%zu,%u,%.5f,%.3g\n", security, probe_access_name[access],
	       probe_kind_name[kind], a->nr, a->val[a->nr / 2], b->nr, b->val[b->nr / 2],
	       ks.d, ks.p);
}

static void measure(const char *security, unsigned long probes, uint64_t seed)
{
	unsigned int access, kind;
	struct probe_sample *s;

	probe_take(security, probes, seed);
	for (access = 0; access < PROBE_ACCESSES; access++) {
		for (kind = 0; kind < PROBE_KINDS; kind++) {
			s = &probe_sample[access][kind];
			ks_sort(s->val, s->nr);
			tell_distribution(security, access, kind);
		}
		for (kind = 0; kind < PROBE_KINDS; kind++) {
			if (kind != PROBE_SINGLE)
				compare(security, access, kind);
		}
	}
}

int main(int argc, char **argv)
{
	unsigned long probes = 100000;
	uint64_t seed = 1;
	int opt, i;

	while ((opt = getopt(argc, argv, "s:n:")) != -1) {
		if (opt == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (opt == 'n')
			probes = strtoul(optarg, NULL, 0);
	}
	if (optind == argc || probes < 4 || probes > 10000000) {
		fprintf(stderr, "usage: uniformbench [-s SEED] [-n PROBES] SECURITY...\n");
		return 2;
	}
	vt_open();
	for (i = optind; i < argc; i++)
		measure(argv[i], i == optind ? probes : probes / 4, seed);
	return 0;
}
