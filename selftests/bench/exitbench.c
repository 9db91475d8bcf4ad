// SPDX-License-Identifier: GPL-2.0
/*
 * exitbench [-r RUNS] [-n ROUNDS] kvm|vmm [KIND...]: what the exits of a guest cost.
 * exitbench -l: the kinds there are.
 *
 * A *kind* is a guest routine that does one thing over and over. Its cost is the growth of
 * the time-stamp counter from a few rounds to many, over the rounds between, so that
 * entering and leaving the routine is not in it, but its loop is. Where the clock counts
 * instructions this is instructions a round. Host ticks fall into some of the runs: the
 * least of all runs at each length has none of them, the median tells that it is no freak.
 *
 * One line a kind, comma-separated: back end, kind, where it is handled, least, median.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "backend.h"
#include "guest.h"

#define PAGE_BYTES	0x1000UL
#define HUGE_BYTES	0x200000UL
#define MEM_SMALL	(4 * HUGE_BYTES)
#define MEM_TOUCH	(256 * HUGE_BYTES / 2)
#define MAX_RUNS	1000
#define MAX_ROUNDS	1000000

/**
 * struct kind - something that a guest does
 * @name:	as on the command line and in the tables
 * @where:	who handles it: "none", "kernel" or "user"; "memory" if it is about
 *		translations, "page" about pages of memory
 * @code:	the guest's routine
 * @few:	rounds of the short run; the long one has @few + @many
 * @stride:	distance of the pages that it touches
 * @pages:	their kind
 * @present:	they are there before the guest touches them
 * @shared:	and somebody else has them, too, so that a write takes a copy
 */
struct kind {
	const char *name;
	const char *where;
	const uint8_t *code;
	unsigned int few, many;
	uint64_t stride;
	enum pages pages;
	int present, shared;
};

#define EXIT(name_, where_) { .name = #name_, .where = where_, .code = guest_##name_, \
	.few = 16, .many = 100 }
#define TIMER(name_) { .name = #name_, .where = "kernel", .code = guest_##name_, \
	.few = 2, .many = 20 }
#define TOUCH(name_, where_, stride_, many_, pages_, present_, shared_) { .name = name_, \
	.where = where_, .code = guest_touch, .few = 1, .many = many_, .stride = stride_, \
	.pages = pages_, .present = present_, .shared = shared_ }

#define ROUTINE(name) extern const uint8_t guest_##name[];
ROUTINE(loop) ROUTINE(cpuid) ROUTINE(hypercall) ROUTINE(rdmsr) ROUTINE(wrmsr)
ROUTINE(pic_write) ROUTINE(pic_read) ROUTINE(port_write) ROUTINE(port_read)
ROUTINE(lapic_write) ROUTINE(lapic_read) ROUTINE(mmio_write) ROUTINE(mmio_read)
ROUTINE(ipi_x2apic) ROUTINE(ipi_xapic) ROUTINE(ipi_tpr) ROUTINE(timer_spin) ROUTINE(timer_halt)
ROUTINE(touch)

static const struct kind kinds[] = {
	EXIT(loop, "none"),
	EXIT(cpuid, "kernel"),
	EXIT(hypercall, "kernel"),
	EXIT(rdmsr, "kernel"),
	EXIT(wrmsr, "kernel"),
	EXIT(pic_write, "kernel"),
	EXIT(pic_read, "kernel"),
	EXIT(lapic_write, "kernel"),
	EXIT(lapic_read, "kernel"),
	EXIT(ipi_x2apic, "kernel"),
	EXIT(ipi_xapic, "kernel"),
	EXIT(ipi_tpr, "kernel"),
	TIMER(timer_spin),
	TIMER(timer_halt),
	EXIT(port_write, "user"),
	EXIT(port_read, "user"),
	EXIT(mmio_write, "user"),
	EXIT(mmio_read, "user"),
	TOUCH("fault_4k", "memory", PAGE_BYTES, 64, PAGES_SMALL, 1, 0),
	TOUCH("fault_2m", "memory", HUGE_BYTES, 3, PAGES_ANY, 1, 0),
	TOUCH("first_touch_4k", "page", PAGE_BYTES, 64, PAGES_SMALL, 0, 0),
	TOUCH("first_touch_2m", "page", HUGE_BYTES, 3, PAGES_ANY, 0, 0),
	TOUCH("break_4k", "page", PAGE_BYTES, 64, PAGES_SMALL, 1, 1),
	TOUCH("break_in_2m", "page", HUGE_BYTES, 3, PAGES_ANY, 1, 1),
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* What @rounds rounds cost; 0 if they failed. */
static uint64_t run_once(struct machine *m, const struct kind *k, unsigned int rounds,
			 uint64_t first)
{
	return machine_run(m, k->code, rounds, first, k->stride);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* All that the runs of a kind will touch, where memory must be there beforehand. */
static int lay_out(struct machine *m, const struct kind *k, uint64_t pages)
{
	uint64_t end = GUEST_TOUCH + pages * k->stride, at;

	if (!k->stride)
		return 0;
	if (end > m->size) {
		warnx("%s: too many runs for %zu bytes", k->name, m->size);
		return -1;
	}
	for (at = GUEST_TOUCH; k->present && at < end; at += PAGE_BYTES)
		m->mem[at] = 1;
	return k->shared ? m->ops->share(m) : 0;
}

/* Runs of both lengths in turn, so that what wears off does so for both. */
static int measure(struct machine *m, const struct kind *k, unsigned int runs)
{
	uint64_t cost[2][MAX_RUNS], at = GUEST_TOUCH;
	unsigned int length[2] = { k->few, k->few + k->many }, i, n;

	if (lay_out(m, k, (uint64_t)runs * (length[0] + length[1])))
		return -1;
	for (i = 0; i < runs; i++) {
		for (n = 0; n < 2; n++) {
			cost[n][i] = run_once(m, k, length[n], at);
			if (!cost[n][i])
				return -1;
			at += k->stride * length[n];
		}
	}
	for (n = 0; n < 2; n++)
		qsort(cost[n], runs, sizeof(cost[n][0]), by_value);
	printf("%s,%s,%s,%.1f,%.1f\n", m->ops->name, k->name, k->where,
	       (double)(int64_t)(cost[1][0] - cost[0][0]) / k->many,
	       (double)(int64_t)(cost[1][runs / 2] - cost[0][runs / 2]) / k->many);
	fflush(stdout);
	return 0;
}

/* A machine of its own for each kind: none finds what another left. */
static int bench(const struct backend *backend, struct kind k, unsigned int runs,
		 unsigned int rounds)
{
	struct machine *m;
	int r;

	if (rounds)
		k.many = rounds;
	m = backend->create(k.stride ? MEM_TOUCH : MEM_SMALL, k.pages);
	if (!m)
		return -1;
	machine_fill(m);
	r = measure(m, &k, runs);
	backend->destroy(m);
	if (r)
		warnx("%s: %s failed", backend->name, k.name);
	return r;
}

static int usage(void)
{
	fprintf(stderr, "usage: exitbench [-r RUNS] [-n ROUNDS] kvm|vmm [KIND...] | -l\n");
	return 2;
}

static int list(void)
{
	for (size_t i = 0; i < NR_KINDS; i++)
		printf("%s,%s\n", kinds[i].name, kinds[i].where);
	return 0;
}

/* 0 means a bad number: none of ours may be that. */
static unsigned int number(const char *text, unsigned int most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return *end || n > most ? 0 : n;
}

static int bench_named(const struct backend *backend, const char *name, unsigned int runs,
		       unsigned int rounds)
{
	for (size_t i = 0; i < NR_KINDS; i++)
		if (!strcmp(kinds[i].name, name))
			return bench(backend, kinds[i], runs, rounds);
	warnx("no kind %s; -l lists them", name);
	return -1;
}

int main(int argc, char **argv)
{
	unsigned int runs = 21, rounds = 0;
	const struct backend *backend = NULL;
	int opt, bad = 0;
	size_t i;

	while ((opt = getopt(argc, argv, "lr:n:")) != -1) {
		if (opt == 'l')
			return list();
		if (opt == 'r')
			runs = number(optarg, MAX_RUNS);
		else if (opt == 'n')
			rounds = number(optarg, MAX_ROUNDS);
		if (opt == '?' || !runs || (opt == 'n' && !rounds))
			return usage();
	}
	if (optind < argc)
		backend = backend_find(argv[optind]);
	if (!backend)
		return usage();
	for (i = 0; optind + 1 == argc && i < NR_KINDS; i++)
		bad |= bench(backend, kinds[i], runs, rounds);
	while (++optind < argc)
		bad |= bench_named(backend, argv[optind], runs, rounds);
	return bad ? 1 : 0;
}
