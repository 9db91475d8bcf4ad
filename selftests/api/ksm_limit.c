// SPDX-License-Identifier: GPL-2.0
/*
 * Deduplication and limits: merged pages are pages of who has them.  They count for his
 * limit, leave when he has to give some, and his figures don't tell that others have
 * them, too; who writes to them at his limit gets pages of his own.
 *
 * test: timeout: 240, memory: 2G
 */
#include <linux/vmm_mem.h>
#include <signal.h>
#include <sys/wait.h>

#include "ksm.h"
#include "lineage.h"

#define SIZE	(16 * VT_MB)
#define PAGES	((long)(SIZE / VT_PAGE))
#define LIMIT	(6 * VT_MB)
#define SLACK	((long)(2 * VT_MB / VT_PAGE))

static int create(void)
{
	struct vmm_create_mem c = { .size = SIZE };
	int fd = ioctl(vt_dev, VMM_CREATE_MEM, &c);

	if (fd < 0)
		vt_bail("memory");
	return fd;
}

static void set_limit(int fd, uint64_t limit)
{
	struct vmm_mem_policy p = { .limit = limit, .shares = VMM_MEM_SHARES };

	if (ioctl(fd, VMM_MEM_SET_POLICY, &p))
		vt_bail("a limit");
}

/* Every page another one; the first @words of 512 do not compress. */
static void fill(unsigned char *p, unsigned int seed, unsigned int words)
{
	uint64_t x = seed * 88172645463325252ULL + 1, *word = (uint64_t *)p;
	size_t i;

	for (i = 0; i < SIZE / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		word[i] = i % 512 < words ? x : i / 512;
	}
}

static uint64_t sum_of(unsigned int seed, unsigned int words)
{
	unsigned char *p = malloc(SIZE);
	uint64_t sum = 14695981039346656037ULL, *word = (uint64_t *)p;
	size_t i;

	fill(p, seed, words);
	for (i = 0; i < SIZE / 8; i++)
		sum = (sum ^ word[i]) * 1099511628211ULL;
	free(p);
	return sum;
}

static int filled(unsigned int seed, unsigned int words)
{
	int fd = create();
	unsigned char *p = vt_map(fd, SIZE);

	fill(p, seed, words);
	munmap(p, SIZE);
	return fd;
}

static void merge_all(void)
{
	set("run", "0");
	set("mode", "merge");
	set_number("seed", 42);
	set_number("step", figure("pages_total"));
	tap_ok(figure("pages_shared") >= PAGES - 1, "merged: %lld",
	       figure("pages_shared"));
}

static bool within(int fd, uint64_t limit)
{
	long pages = mem_figure(fd, "family-pages");

	tap_note("%ld pages of %ld in memory", pages, (long)(limit / VT_PAGE));
	return pages <= (long)(limit / VT_PAGE) + SLACK;
}

/* What somebody without rights reads of his own object. */
static long as_nobody(int fd, const char *name)
{
	long val = -2;
	int end[2];
	pid_t pid;

	if (pipe(end))
		vt_bail("a pipe");
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(1);
		val = mem_figure(fd, name);
		_exit(write(end[1], &val, sizeof(val)) != sizeof(val));
	}
	close(end[1]);
	if (read(end[0], &val, sizeof(val)) != sizeof(val))
		val = -2;
	close(end[0]);
	waitpid(pid, NULL, 0);
	return val;
}

/* ---- what is told ------------------------------------------------------------------- */

static void test_figures(void)
{
	int a = filled(1, 64), b = filled(1, 64), frozen, child;
	unsigned char *p;

	tap_ok(mem_figure(a, "family-pages") == PAGES, "an object has its pages");
	merge_all();
	tap_ok(VT_WAIT_FOR(mem_figure(a, "family-pages") == PAGES) &&
	       mem_figure(a, "resident") == PAGES &&
	       mem_figure(a, "away") == 0, "and so it has when they are merged");
	tap_ok(as_nobody(a, "family-pages") == PAGES &&
	       as_nobody(a, "huge") == -1 && as_nobody(a, "tables") == -1 &&
	       as_nobody(a, "family-nodes") == -1 &&
	       mem_figure(a, "huge") == 0,
	       "who has no rights is not told which blocks came apart");
	frozen = mem_freeze(a);
	child = mem_fork(frozen);
	p = vt_map(child, SIZE);
	p[0] = 1;
	tap_ok(VT_WAIT_FOR(mem_figure(a, "family-pages") == PAGES + 1),
	       "a fork that writes has a page more (%ld)",
	       mem_figure(a, "family-pages"));
	close(frozen);
	close(a);
	munmap(p, SIZE);
	tap_ok(VT_WAIT_FOR(mem_figure(child, "family-pages") == PAGES),
	       "and all that it has when the others are gone (%ld)",
	       mem_figure(child, "family-pages"));
	close(child);
	close(b);
}

/* ---- limits -------------------------------------------------------------------------- */

static void test_limit(void)
{
	int a = filled(2, 64), b = filled(2, 64);
	unsigned char *p;

	merge_all();
	set_limit(a, LIMIT);
	tap_ok(within(a, LIMIT), "merged pages leave for a limit");
	tap_ok(mem_sum(a, SIZE) == sum_of(2, 64) && within(a, LIMIT),
	       "and come back within it");
	set_number("step", figure("pages_total"));
	set_number("step", figure("pages_total"));
	tap_ok(within(a, LIMIT), "merged again they count");
	p = vt_map(a, SIZE);
	fill(p, 3, 64);
	tap_ok(within(a, LIMIT), "and make room for who writes to them");
	munmap(p, SIZE);
	tap_ok(mem_sum(a, SIZE) == sum_of(3, 64) &&
	       mem_sum(b, SIZE) == sum_of(2, 64), "nothing is lost");
	close(a);
	close(b);
}

static volatile sig_atomic_t bus_errors;
static int limited;

static void on_bus_error(int sig)
{
	bus_errors++;
	set_limit(limited, 0);
}

/* Where nothing can leave: a page in the place of a merged one is no page more. */
static void test_full(void)
{
	struct sigaction sa = { .sa_handler = on_bus_error }, old;
	int a = filled(4, 512), b = filled(4, 512);
	unsigned char *p = vt_map(a, SIZE);

	merge_all();
	limited = a;
	set_limit(a, SIZE);
	sigaction(SIGBUS, &sa, &old);
	fill(p, 5, 512);
	sigaction(SIGBUS, &old, NULL);
	tap_ok(!bus_errors, "at the limit all of it can be written");
	munmap(p, SIZE);
	tap_ok(mem_sum(a, SIZE) == sum_of(5, 512) &&
	       mem_sum(b, SIZE) == sum_of(4, 512), "nothing is lost");
	close(a);
	close(b);
}

int main(void)
{
	vt_open();
	test_figures();
	test_limit();
	test_full();
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("pages_shared")), "nothing is left");
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
