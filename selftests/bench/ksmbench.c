// SPDX-License-Identifier: GPL-2.0
/*
 * ksmbench [-s SEED] [-n PAGES] [-e EXPERIMENT] SIDE...: one trace for several
 * deduplicators, byte by byte the same, and what each makes of it.
 *
 * SIDE is ksm, observe or merge; for ksm its best settings are looked for first.  Lines
 * "SIDE,KIND,UNIT,VALUE"; "#" begins what is said beside.  Where the clock counts
 * instructions, costs are instructions; else the ruler does not hold, and it says so.
 *
 * Each experiment (experiments.c) has a process of its own.  EXPERIMENT is the one to be made
 * alone, without a search for settings.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>
#include "experiments.h"

/* --- the ruler -------------------------------------------------------------------- */

/* A loop of so many instructions. */
static void work(uint64_t n)
{
	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (n) : : "cc");
}

/* Both clocks count instructions. */
static bool ruler_holds(void)
{
	const uint64_t rounds = 50000000;
	uint64_t ns = side_own_ns(), ticks = __rdtsc();
	double by_ns, by_ticks;

	work(rounds);
	ticks = __rdtsc() - ticks;
	ns = side_own_ns() - ns;
	by_ns = ns / 2.0 / rounds;
	by_ticks = ticks / 2.0 / rounds;
	printf("# an instruction: %.4f ticks, %.4f ns of a thread's time\n", by_ticks, by_ns);
	return by_ns > 0.99 && by_ns < 1.01 && by_ticks > 0.99 && by_ticks < 1.01;
}

/* Both ways of counting passes. */
static void compare_counts(void)
{
	struct side_figures f = experiment_mixed(0);

	printf("# %s: passes cost %llu, counted otherwise %llu\n", experiment.side->name,
	       (unsigned long long)f.cost, (unsigned long long)f.other);
	experiment_tell("counts", "per mille", f.other * 1000.0 / f.cost);
}

/* --- KSM's settings ----------------------------------------------------------------- */

/* Enough to try settings with. */
#define TRIAL_PAGES	512

/* To a parent. */
struct outcome {
	struct side_linux_knobs knobs;
	uint64_t saved;
	uint64_t cost;
};

static void try_knobs(void *arg)
{
	struct outcome *o = arg;
	struct side_figures f;

	side_linux_knobs = o->knobs;
	experiment.pages = TRIAL_PAGES;
	f = experiment_mixed(4);
	o->saved = f.saved;
	o->cost = f.cost;
}

/* In a process of its own. */
static void apart(void (*fn)(void *), void *arg, size_t len)
{
	int fds[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		fn(arg);
		fflush(stdout);
		_exit(len && write(fds[1], arg, len) != (ssize_t)len);
	}
	close(fds[1]);
	if (len && read(fds[0], arg, len) != (ssize_t)len)
		errx(1, "%s: an experiment has failed", experiment.side->name);
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "%s: an experiment has failed", experiment.side->name);
}

static void run_apart(void *fn)
{
	(*(experiment_fn *)fn)();
}

static void run(experiment_fn fn)
{
	apart(run_apart, &fn, 0);
}

/* What saves most, of that what costs least: after as many passes. */
static void find_best_knobs(void)
{
	static const unsigned int at_once[] = { 0, 100, 1000 }, sharing[] = { 256, 65536 };
	struct outcome best = { .saved = 0 }, o;
	unsigned int i;

	for (i = 0; i < 12; i++) {
		o = (struct outcome){ .knobs = {
			at_once[i / 4], i / 2 % 2, sharing[i % 2],
		} };
		apart(try_knobs, &o, sizeof(o));
		printf("# ksm: pages_to_scan %u, use_zero_pages %u, max_page_sharing %u: "
		       "saves %llu, costs %llu\n", o.knobs.pages_to_scan, o.knobs.use_zero_pages,
		       o.knobs.max_page_sharing, (unsigned long long)o.saved,
		       (unsigned long long)o.cost);
		if (o.saved > best.saved || (o.saved == best.saved && o.cost < best.cost))
			best = o;
	}
	side_linux_knobs = best.knobs;
	printf("# ksm: best: pages_to_scan %u (0: a pass at once), use_zero_pages %u, "
	       "max_page_sharing %u\n", best.knobs.pages_to_scan, best.knobs.use_zero_pages,
	       best.knobs.max_page_sharing);
}

/* --- all of it ---------------------------------------------------------------------- */

static int find_side(const char *name)
{
	static const struct side *const sides[] = { &side_linux, &side_observe, &side_merge };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		experiment.side = sides[i];
		if (!strcmp(name, sides[i]->name))
			return 0;
	}
	return -1;
}

static void usage(void)
{
	fprintf(stderr, "usage: ksmbench [-s SEED] [-n PAGES] [-e EXPERIMENT] ksm|observe|merge...\n");
	exit(2);
}

static void measure_side(void)
{
	unsigned int i;

	if (experiment.side == &side_linux)
		find_best_knobs();
	run(compare_counts);
	for (i = 0; experiments[i].fn; i++)
		run(experiments[i].fn);
}

static void measure_one(const char *name)
{
	unsigned int i;

	for (i = 0; experiments[i].fn && strcmp(experiments[i].name, name); i++)
		;
	if (!experiments[i].fn)
		usage();
	run(experiments[i].fn);
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	int opt;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((opt = getopt(argc, argv, "s:n:e:")) != -1) {
		if (opt == 's')
			experiment.seed = strtoull(optarg, NULL, 0);
		else if (opt == 'n')
			experiment.pages = strtoul(optarg, NULL, 0);
		else if (opt == 'e')
			only = optarg;
		else
			usage();
	}
	/* Blocks of 2 MiB, and parts of a hundred. */
	if (optind == argc || !experiment.pages || experiment.pages % 512 ||
	    experiment.pages > 1 << 20)
		usage();
	if (!ruler_holds())
		errx(1, "the clock does not count instructions here");
	for (; optind < argc; optind++) {
		if (find_side(argv[optind]))
			usage();
		if (only)
			measure_one(only);
		else
			measure_side();
	}
	return 0;
}
