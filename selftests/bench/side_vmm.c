// SPDX-License-Identifier: GPL-2.0
/*
 * The module's deduplication, over memory of a guest.  This process writes the bytes and gives
 * the pages up before a pass: then the guest alone has them, mapped writable and written by it.
 *
 * Passes are made in this thread.  What they cost is all that the host does until
 * what they have set free is free, but for idling, and for what it does in the same time when
 * there is nothing to do; the other way of counting is the time that this thread has run.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/vmm.h>
#include <linux/vmm_mem.h>
#include "busy.h"
#include "side.h"
#include "side_guest.h"

#define KSM	"/sys/kernel/vmm/ksm"
#define PAGE	4096UL

/* Pages at once of those that have come meanwhile. */
#define SOME	64

/* Several grace periods. */
#define SETTLE_US	100000

static struct side_setup setup;
static int object[SIDE_AREAS];
static uint64_t gpa[SIDE_AREAS];
static bool *fresh[SIDE_AREAS];		/* pages that the guest has not written so far */
static bool merging;
static uint64_t cost, other, nothing;
static uint64_t others;			/* pages of what the guest itself runs on */

static void create(unsigned int i)
{
	struct vmm_create_mem mem = {
		.size = setup.bytes,
		.flags = setup.huge ? 0 : VMM_MEM_SMALL_PAGES,
	};
	int dev = open("/dev/vmm", O_RDWR | O_CLOEXEC);

	object[i] = dev < 0 ? -1 : ioctl(dev, VMM_CREATE_MEM, &mem);
	if (object[i] < 0)
		err(1, "a memory object");
	close(dev);
	side_area[i] = mmap(NULL, setup.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, object[i], 0);
	if (side_area[i] == MAP_FAILED)
		err(1, "mmap of a memory object");
	gpa[i] = side_guest_add(i, object[i], setup.bytes);
	fresh[i] = calloc(setup.bytes / PAGE, sizeof(bool));
	if (!fresh[i])
		err(1, "memory");
}

static void written(unsigned int area, unsigned long page)
{
	fresh[area][page] = true;
}

static void give_up(unsigned int i)
{
	unsigned long page, end, pages = setup.bytes / PAGE;

	if (madvise(side_area[i], setup.bytes, MADV_DONTNEED))
		err(1, "a mapping cannot go");
	for (page = 0; page < pages; page = end + 1) {
		for (end = page; end < pages && fresh[i][end]; end++)
			fresh[i][end] = false;
		if (page < end)
			side_guest_write(gpa[i] + page * PAGE, end - page);
	}
}

/* Until nothing is left of what was done. */
static uint64_t settle(uint64_t since)
{
	usleep(SETTLE_US);
	return busy() - since;
}

/* The least that it costs to settle. */
static void measure_nothing(void)
{
	unsigned int i;
	uint64_t ticks;

	nothing = UINT64_MAX;
	for (i = 0; i < 5; i++) {
		ticks = settle(busy());
		nothing = ticks < nothing ? ticks : nothing;
	}
}

static void begin(const struct side_setup *s)
{
	unsigned int i;

	setup = *s;
	measure_nothing();
	cost = 0;
	other = 0;
	side_put(KSM, "run", 0);
	side_put_text(KSM, "mode", merging ? "merge" : "observe");
	side_put(KSM, "seed", 1);
	others = 0;
	if (setup.areas) {
		side_guest_make();
		others = side_get(KSM, "pages_total");
	}
	for (i = 0; i < setup.areas; i++)
		create(i);
}

static void begin_observe(const struct side_setup *s)
{
	merging = false;
	begin(s);
}

static void begin_merge(const struct side_setup *s)
{
	merging = true;
	begin(s);
}

/* What the module itself says of its time, which is instructions here. */
static void tell_parts(void)
{
	printf("# %s: of %llu, scanning %llu, merging %llu; %llu pages hashed, %llu merges\n",
	       merging ? "merge" : "observe", (unsigned long long)cost,
	       (unsigned long long)side_get(KSM, "scan_ns"),
	       (unsigned long long)side_get(KSM, "merge_ns"),
	       (unsigned long long)side_get(KSM, "pages_hashed"),
	       (unsigned long long)side_get(KSM, "merges"));
}

static void end(void)
{
	unsigned int i;

	tell_parts();
	for (i = 0; i < setup.areas; i++) {
		munmap(side_area[i], setup.bytes);
		close(object[i]);
		free(fresh[i]);
	}
	if (setup.areas)
		side_guest_free();
	side_put_text(KSM, "mode", "off");
	usleep(SETTLE_US);
	if (side_get(KSM, "frames_total"))
		errx(1, "frames are left");
}

static void discard(unsigned int area, unsigned long page)
{
	if (fallocate(object[area], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, page * PAGE, PAGE))
		err(1, "a page cannot go");
	fresh[area][page] = false;
}

static uint64_t pass(void)
{
	uint64_t pages, passes, all, own;
	unsigned int i;

	for (i = 0; i < setup.areas; i++)
		give_up(i);
	pages = side_get(KSM, "pages_total") - others;
	passes = side_get(KSM, "full_scans");
	all = busy();
	own = side_own_ns();
	/* There may be more than there were. */
	for (; side_get(KSM, "full_scans") == passes; pages = SOME)
		side_put(KSM, "step", pages);
	other += side_own_ns() - own;
	all = settle(all);
	all -= all < nothing ? all : nothing;
	cost += all;
	return all;
}

static uint64_t huge_pages(void)
{
	uint64_t n = 0;
	unsigned int i;
	char path[64];

	for (i = 0; i < setup.areas; i++) {
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", object[i]);
		n += 512 * side_field(path, "vmm-mem-huge");
	}
	return n;
}

static void figures(uint64_t pages, struct side_figures *f)
{
	*f = (struct side_figures){
		/* Those that were given up are not there for their objects. */
		.zero = merging ? pages + others - side_get(KSM, "pages_total") :
				  side_get(KSM, "observed_zero"),
		.huge = huge_pages(),
		.meta_bytes = side_get(KSM, "metadata_bytes"),
		.cost = cost,
		.other = other,
	};
	if (merging)
		f->saved = pages + others - side_get(KSM, "frames_total");
	else
		f->saved = side_get(KSM, "observed_sharing") + f->zero;
}

const struct side side_observe = {
	.name = "observe",
	.begin = begin_observe,
	.end = end,
	.written = written,
	.discard = discard,
	.pass = pass,
	.figures = figures,
};

const struct side side_merge = {
	.name = "merge",
	.begin = begin_merge,
	.end = end,
	.written = written,
	.discard = discard,
	.pass = pass,
	.figures = figures,
};
