// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest can learn from the time that its reads and writes take (ksm_probe.h): with
 * security=uniform nothing, by the test of Kolmogorov and Smirnov; with the others that the
 * same test tells merged pages from those that are not, so it would see a leak.
 *
 * It is for hosts whose clock counts instructions, as that of Intel's emulator does; testhost/uniform is
 * the same on AMD.  By a clock of real time caches are seen as well, which is not what uniform
 * hides: the one frame of zeros is in them whenever it is copied.
 *
 * Arguments: how many latencies, 10000 if there are none; what is to be held to be
 * uniform, if not that.
 *
 * test: host: intel, timeout: 300
 */
#include "ksm_probe.h"
#include "ks.h"

/* One test in so many refuses what is the same; there are four. */
#define ALPHA	1e-4

static void sort_samples(void)
{
	struct probe_sample *s = probe_sample[0];
	unsigned int i;

	for (i = 0; i < PROBE_ACCESSES * PROBE_KINDS; i++, s++)
		ks_sort(s->val, s->nr);
}

/* Of a kind, against those that are like no other. */
static struct ks told(const char *security, enum probe_access access,
		      enum probe_kind kind)
{
	const struct probe_sample *a = &probe_sample[access][kind];
	const struct probe_sample *b = &probe_sample[access][PROBE_SINGLE];
	struct ks ks = ks_test(a->val, a->nr, b->val, b->nr);

	tap_note("%s: %s: %s %zu, median %u, single %zu, median %u: D %.4f, p %.3g",
		 security, probe_access_name[access], probe_kind_name[kind],
		 a->nr, a->val[a->nr / 2], b->nr, b->val[b->nr / 2], ks.d, ks.p);
	return ks;
}

static void test_same(const char *security, unsigned long probes)
{
	unsigned int access, kind;
	bool same = true;

	probe_take(security, probes, 1);
	sort_samples();
	for (access = 0; access < PROBE_ACCESSES; access++) {
		for (kind = 0; kind < PROBE_KINDS; kind++) {
			if (kind != PROBE_SINGLE)
				same &= told(security, access, kind).p >= ALPHA;
		}
	}
	tap_ok(same, "%s: all kinds of pages take the same time", security);
}

/* A write to a merged page is a copy, and one to another is not even a fault. */
static void test_leak(const char *security, unsigned long probes)
{
	struct ks merged, zero;

	probe_take(security, probes, 1);
	sort_samples();
	told(security, PROBE_READ, PROBE_MERGED);
	told(security, PROBE_READ, PROBE_ZERO);
	merged = told(security, PROBE_WRITE, PROBE_MERGED);
	zero = told(security, PROBE_WRITE, PROBE_ZERO);
	tap_ok(merged.p < ALPHA && merged.d > 0.3 && zero.p < ALPHA &&
	       zero.d > 0.3, "%s: the time of a write tells what was merged",
	       security);
}

int main(int argc, char **argv)
{
	unsigned long probes = argc > 1 ? strtoul(argv[1], NULL, 0) : 10000;

	vt_open();
	test_same(argc > 2 ? argv[2] : "uniform", probes);
	test_leak("domain", probes / 4);
	test_leak("shared", probes / 4);
	tap_ok(VT_WAIT_FOR(!figure("pages_shared") && !figure("frames_total")),
	       "nothing is left");
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
