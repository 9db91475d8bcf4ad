// SPDX-License-Identifier: GPL-2.0
/*
 * Linux's KSM, over memory of this process.
 *
 * ksmd stops at the end of each pass, if it may scan so many pages at once, and goes on when the
 * time that it sleeps is changed.  So it does one pass after the other as if it never slept,
 * with the least work around them.  What it costs is the time that its thread has run; the other
 * way of counting is all that the host has done meanwhile, but for this thread, which only waits.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "busy.h"
#include "side.h"

#define KSM		"/sys/kernel/mm/ksm"
#define PAGE		4096UL
#define BLOCK		0x200000UL

/* What it keeps of a page that it has looked at, and of a content, in 64-bit kernels. */
#define ITEM_BYTES	64
#define NODE_BYTES	64

/* Longer than anything takes, and another one for the next time. */
#define SLEEP		1000000000U
#define ALL		1000000000U

/* Of /proc/self/pagemap. */
#define MAP_PRESENT	(1ULL << 63)
#define MAP_FRAME	((1ULL << 55) - 1)

struct side_linux_knobs side_linux_knobs = {
	.use_zero_pages = 1, .max_page_sharing = 256,
};

static struct side_setup setup;
static int ksmd;
static bool running;
static unsigned int sleeps;
static uint64_t cost, other;

static int find_ksmd(void)
{
	char path[64], name[32];
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int pid = 0;
	FILE *f;

	while (dir && !pid && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%.16s/comm", e->d_name);
		f = atoi(e->d_name) ? fopen(path, "r") : NULL;
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) && !strcmp(name, "ksmd\n"))
			pid = atoi(e->d_name);
		fclose(f);
	}
	if (dir)
		closedir(dir);
	if (!pid)
		errx(1, "this kernel has no ksmd");
	return pid;
}

/* Nanoseconds that it has run. */
static uint64_t ksmd_ns(void)
{
	char path[64];
	unsigned long long ns;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", ksmd);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%llu", &ns) != 1)
		err(1, "%s", path);
	fclose(f);
	return ns;
}

static bool ksmd_sleeps(void)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", ksmd);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%*d (ksmd) %c", &state) != 1)
		err(1, "%s", path);
	fclose(f);
	return state == 'S';
}

static void await_sleep(void)
{
	do
		usleep(1000);
	while (!ksmd_sleeps());
}

/* It wakes up if it is asleep between passes. */
static void nudge(void)
{
	side_put(KSM, "sleep_millisecs", SLEEP + ++sleeps % 2);
}

static void stop(void)
{
	side_put(KSM, "run", 2);
	nudge();
	await_sleep();
	running = false;
}

static void map_areas(void)
{
	unsigned int i;

	for (i = 0; i < setup.areas; i++) {
		unsigned char *p = mmap(NULL, setup.bytes + BLOCK, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED)
			err(1, "memory");
		p += -(uintptr_t)p & (BLOCK - 1);
		side_area[i] = p;
		if (madvise(p, setup.bytes, setup.huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) ||
		    madvise(p, setup.bytes, MADV_MERGEABLE))
			err(1, "madvise");
	}
}

static void begin(const struct side_setup *s)
{
	setup = *s;
	ksmd = find_ksmd();
	stop();
	side_put(KSM, "merge_across_nodes", 1);
	side_put(KSM, "max_page_sharing", side_linux_knobs.max_page_sharing);
	side_put(KSM, "use_zero_pages", side_linux_knobs.use_zero_pages);
	side_put(KSM, "pages_to_scan",
		 side_linux_knobs.pages_to_scan ? side_linux_knobs.pages_to_scan : ALL);
	cost = 0;
	other = 0;
	map_areas();
}

static void end(void)
{
	unsigned int i;

	stop();
	for (i = 0; i < setup.areas; i++)
		munmap(side_area[i], setup.bytes);
}

static void discard(unsigned int area, unsigned long page)
{
	if (madvise(side_area[area] + page * PAGE, PAGE, MADV_DONTNEED))
		err(1, "MADV_DONTNEED");
}

/* Up to the end of a pass, and where it takes several rounds, some pages more. */
static void run_pass(void)
{
	uint64_t passes = side_get(KSM, "full_scans");

	if (side_linux_knobs.pages_to_scan)
		side_put(KSM, "sleep_millisecs", 0);
	if (!running || side_linux_knobs.pages_to_scan)
		side_put(KSM, "run", 1);
	else
		nudge();
	running = true;
	while (side_get(KSM, "full_scans") == passes)
		usleep(500);
	if (side_linux_knobs.pages_to_scan)
		side_put(KSM, "run", 0);
	await_sleep();
}

static uint64_t pass(void)
{
	uint64_t ns = ksmd_ns(), all = busy(), own = side_own_ns();

	run_pass();
	ns = ksmd_ns() - ns;
	cost += ns;
	other += busy() - all - (side_own_ns() - own);
	return ns;
}

/* The frame that everybody has who has only read. */
static uint64_t zero_frame(int fd)
{
	volatile unsigned char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t map = 0;

	if (p == MAP_FAILED || *p ||
	    pread(fd, &map, sizeof(map), (uintptr_t)p / PAGE * sizeof(map)) != sizeof(map) ||
	    !(map & MAP_FRAME))
		err(1, "the frame of zeros");
	munmap((void *)p, PAGE);
	return map & MAP_FRAME;
}

uint64_t side_linux_zero(int pid, uint64_t addr, uint64_t bytes)
{
	int own = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), fd;
	uint64_t zero = zero_frame(own), at, n = 0;
	static uint64_t map[512];
	char path[64];
	ssize_t i, got;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (at = addr; at < addr + bytes; at += 512 * PAGE) {
		got = pread(fd, map, sizeof(map), at / PAGE * sizeof(*map));
		if (got < 0)
			err(1, "%s", path);
		for (i = 0; i < got / 8 && at + i * PAGE < addr + bytes; i++)
			n += (map[i] & MAP_PRESENT) && (map[i] & MAP_FRAME) == zero;
	}
	close(own);
	close(fd);
	return n;
}

static uint64_t count_zero(void)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < setup.areas; i++)
		n += side_linux_zero(getpid(), (uintptr_t)side_area[i], setup.bytes);
	return n;
}

static void figures(uint64_t pages __attribute__((unused)), struct side_figures *f)
{
	uint64_t shared = side_get(KSM, "pages_shared"), sharing = side_get(KSM, "pages_sharing");
	uint64_t items = shared + sharing + side_get(KSM, "pages_unshared") +
			 side_get(KSM, "pages_volatile");

	*f = (struct side_figures){
		.zero = count_zero(),
		.huge = side_field("/proc/self/smaps_rollup", "AnonHugePages") / 4,
		.meta_bytes = items * ITEM_BYTES + shared * NODE_BYTES,
		.cost = cost,
		.other = other,
	};
	f->saved = sharing + f->zero;
}

const struct side side_linux = {
	.name = "ksm",
	.begin = begin,
	.end = end,
	.discard = discard,
	.pass = pass,
	.figures = figures,
};
