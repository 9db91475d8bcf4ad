// SPDX-License-Identifier: GPL-2.0
/*
 * Guests whose page tables are merged (A8): the processor writes accessed and dirty bits into
 * them by itself, and gets pages of the guest's own for that; while guests rewrite their tables
 * over and over with the scanner at full speed, each access finds the page that the guest's own
 * tables say.
 *
 * The argument is for how many seconds guests churn; 5 if there is none.
 *
 * test: timeout: 240
 */
#include "ksm_tables.h"

#define VMS	3

static struct vt t[VMS];
static int fd[VMS];

static bool run_rounds(struct vt *vm, uint32_t from, uint32_t rounds)
{
	tables_start(vm, from, rounds);
	return vt_wrote_port(vm, 0, 0x80);
}

static void pass(void)
{
	long long passes = figure("full_scans");

	set_number("step", figure("pages_total"));
	while (figure("full_scans") == passes)
		set_number("step", 1);
}

/* ---- tables that are merged --------------------------------------------------------- */

static void test_merged(void)
{
	long long walks, sharing;
	bool good = true;
	unsigned int i;

	pass();
	pass();
	sharing = figure("pages_sharing");
	/* All are equal: the directory, tables, data; and what is in the guests' RAM. */
	tap_ok(sharing >= (VMS - 1) * (1 + 2 + 4 + 64),
	       "tables are merged (%lld pages saved)", sharing);
	walks = figure("breaks_walk");
	for (i = 0; i < VMS; i++)
		good &= run_rounds(&t[i], 0, 1);
	tap_ok(good, "guests find what their tables say");
	walks = figure("breaks_walk") - walks;
	tap_ok(walks >= VMS, "walks have got pages of their own (%lld)", walks);
	good = true;
	for (i = 0; i < VMS; i++)
		good &= run_rounds(&t[i], 1, 3);
	tap_ok(good, "and once more, without");
}

/* ---- and rewritten ------------------------------------------------------------------- */

static volatile bool stop;

struct churner {
	struct vt *t;
	pthread_t thread;
	unsigned long rounds;
	bool good;
};

static void *churner_main(void *arg)
{
	struct churner *c = arg;

	while (!stop && c->good) {
		c->good = run_rounds(c->t, 4 + c->rounds, 5);
		c->rounds += 5;
	}
	return NULL;
}

static void test_churn(unsigned int seconds)
{
	long long merges = figure("merges"), breaks = figure("breaks");
	struct churner c[VMS];
	unsigned long rounds = 0;
	bool good = true;
	unsigned int i;

	set_number("pages_to_scan", 100000);
	set_number("sleep_millisecs", 0);
	set_number("budget_cpu_pct", 100);
	set_number("run", 1);
	for (i = 0; i < VMS; i++) {
		c[i] = (struct churner){ .t = &t[i], .good = true };
		if (pthread_create(&c[i].thread, NULL, churner_main, &c[i]))
			vt_bail("thread");
	}
	vt_sleep_ms(1000 * seconds);
	stop = true;
	for (i = 0; i < VMS; i++) {
		pthread_join(c[i].thread, NULL);
		good &= c[i].good;
		rounds += c[i].rounds;
	}
	set_number("run", 0);
	merges = figure("merges") - merges;
	breaks = figure("breaks") - breaks;
	tap_ok(good && rounds, "guests find what their tables say, in %lu rounds",
	       rounds);
	tap_ok(merges > 0 && breaks > 0, "with %lld merges and %lld breaks beside",
	       merges, breaks);
}

int main(int argc, char **argv)
{
	unsigned int i;

	vt_open();
	set("run", "0");
	set("mode", "merge");
	set_number("seed", 42);
	for (i = 0; i < VMS; i++)
		fd[i] = tables_make(&t[i]);
	test_merged();
	test_churn(argc > 1 ? atoi(argv[1]) : 5);
	for (i = 0; i < VMS; i++) {
		vt_free(&t[i]);
		close(fd[i]);
	}
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("frames_total")), "nothing is left");
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
