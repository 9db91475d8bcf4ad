// SPDX-License-Identifier: GPL-2.0
/*
 * What was merged is taken apart again, by run=2: every object has what it had, what
 * snapshots and forks had in common stays so, copies are counted; while others write, merge,
 * fork and go, too.  Copies by writers are counted by who they are, and a frame
 * has no more names than it may.
 *
 * test: timeout: 240
 */
#include "ksm_fill.h"
#include "lineage.h"

#include <sys/uio.h>

#define OWN	(PAGES - ZEROS)	/* pages of an object that are not zero */

static bool frames_are(long long wanted)
{
	return VT_WAIT_FOR(figure("frames_total") == wanted) ||
	       is("frames_total", wanted);
}

/* ---- all of it ------------------------------------------------------------------------ */

static void test_all(uint32_t flags, const char *name)
{
	int a, b, snap, child;
	unsigned char *p;

	begin();
	a = filled(flags, 1000000, &p);
	b = filled(flags, 2000000, &p);
	snap = mem_freeze(a);
	child = mem_fork(snap);
	pass();
	tap_ok(is("pages_shared", CONTENTS) &&
	       frames_are(CONTENTS + 2 * (OWN - EQUAL)), "%s: merged", name);
	tap_ok(!set("run", "2") && is("run", 2) & is("pages_shared", 0) &
	       is("pages_sharing", 0) & is("observed_shared", 0) &
	       is("breaks", 2 * EQUAL) & is("breaks_unmerge", 2 * EQUAL),
	       "%s: none is left", name);
	tap_ok(frames_are(2 * OWN), "%s: a family has its pages once", name);
	tap_ok(mem_figure(a, "resident") == (long)OWN &&
	       mem_figure(snap, "resident") == (long)OWN &&
	       mem_figure(child, "resident") == (long)OWN, "%s: each has its own",
	       name);
	tap_ok(mem_sum(a, SIZE) == sum_of(1000000) &&
	       mem_sum(snap, SIZE) == sum_of(1000000) &&
	       mem_sum(child, SIZE) == sum_of(1000000) &&
	       mem_sum(b, SIZE) == sum_of(2000000), "%s: byte by byte", name);
	p = vt_map(child, SIZE);
	fill(p, 3000000);
	munmap(p, SIZE);
	tap_ok(mem_sum(a, SIZE) == sum_of(1000000) &&
	       mem_sum(snap, SIZE) == sum_of(1000000) &&
	       mem_sum(child, SIZE) == sum_of(3000000),
	       "%s: and writes to its own alone", name);
	pass();
	tap_ok(is("pages_shared", CONTENTS), "%s: who steps merges again", name);
	close(a);
	close(snap);
	tap_ok(!set("run", "2") && VT_WAIT_FOR(!figure("pages_shared")) &&
	       mem_sum(child, SIZE) == sum_of(3000000) &&
	       mem_sum(b, SIZE) == sum_of(2000000), "%s: and apart again", name);
	close(child);
	close(b);
	tap_ok(frames_are(0), "%s: nothing is left", name);
}

/* ---- while others are at it ------------------------------------------------------------ */

/* Each page has a word that counts, beside what makes it equal to others. */
static void write_on(unsigned char *p, volatile int *stop)
{
	static uint32_t wrote[PAGES];
	unsigned long i = 0, n = 0;
	uint32_t *word;

	while (!*stop) {
		i = (i * 1103515245 + 12345 + n) % PAGES;
		word = (uint32_t *)(p + i * VT_PAGE) + 100;
		if (n++ < 4 * PAGES && !wrote[i])
			wrote[i] = *word;
		if (wrote[i] != *word)
			_exit(1);
		*word = ++wrote[i];
		/* Most come to be equal again. */
		if (n % 8)
			*word = wrote[i] = 7;
	}
	_exit(0);
}

static void test_churn(void)
{
	volatile int *stop = mmap(NULL, VT_PAGE, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int round, bad = 0;
	int fd[3], snap, child, i, status;
	unsigned char *p[3];
	pid_t pid[3];

	begin();
	for (i = 0; i < 3; i++) {
		fd[i] = filled(i ? 0 : VMM_MEM_SMALL_PAGES, 1000000, &p[i]);
		p[i] = vt_map(fd[i], SIZE);
		pid[i] = fork();
		if (!pid[i])
			write_on(p[i], stop);
	}
	set_number("pages_to_scan", 100000);
	set_number("sleep_millisecs", 0);
	set_number("budget_cpu_pct", 100);
	for (round = 0; round < 20; round++) {
		set("run", "1");
		pass();
		snap = mem_freeze(fd[round % 3]);
		child = mem_fork(snap);
		pass();
		if (round % 2)
			close(snap);
		bad += set("run", "2") != 0;
		if (!(round % 2))
			close(snap);
		close(child);
	}
	*stop = 1;
	for (i = 0; i < 3; i++) {
		waitpid(pid[i], &status, 0);
		bad += !!status;
	}
	set("run", "0");
	tap_ok(!bad, "nobody's writes are lost");
	tap_ok(!set("run", "2") && VT_WAIT_FOR(!figure("pages_shared")),
	       "and all comes apart");
	for (i = 0; i < 3; i++) {
		munmap(p[i], SIZE);
		close(fd[i]);
	}
	munmap((void *)stop, VT_PAGE);
	tap_ok(frames_are(0), "nothing is left");
}

/* ---- who breaks ------------------------------------------------------------------------- */

static void test_causes(void)
{
	unsigned char *p, *q, buf[16];
	int a, b, pipe_fd[2];
	struct iovec iov;
	unsigned long i;

	begin();
	a = filled(0, 1000000, &p);
	b = filled(0, 2000000, &p);
	pass();
	set_number("max_page_sharing", 1048575);
	p = vt_map(a, SIZE);
	for (i = 0; i < 10; i++)
		p[i * VT_PAGE] = 1;
	/* A reader's mapping, and what only reads, breaks nothing. */
	q = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, b, 0);
	for (i = 0; i < 20; i++)
		buf[i % 16] = q[i * VT_PAGE];
	tap_ok(pread(b, buf, 16, 30 * VT_PAGE) == 16 && is("breaks", 10) &
	       is("breaks_host_write", 10) & is("breaks_guest_write", 0) &
	       is("breaks_pin", 0) & is("breaks_walk", 0), "by a mapping");
	iov = (struct iovec){ p + 40 * VT_PAGE, VT_PAGE };
	if (pipe(pipe_fd) || vmsplice(pipe_fd[1], &iov, 1, 0) != VT_PAGE)
		vt_bail("vmsplice");
	tap_ok(is("breaks", 11) & is("breaks_pin", 1), "by a pin");
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	munmap(p, SIZE);
	munmap(q, SIZE);
	close(a);
	close(b);
}

#define LOW	(2 * VT_MB)
#define GPA	(16 * VT_MB)

/* Writes a byte in each of 10 pages. */
VT_BLOB(touch,
	"mov $0x1000000, %ebx\n"
	"mov $10, %ecx\n"
	"1: incb (%ebx)\n"
	"add $0x1000, %ebx\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt");

static void test_guest(void)
{
	unsigned char *p;
	long long before;
	struct vt t;
	int a;

	begin();
	a = filled(0, 1000000, &p);
	vt_make(&t, 1, LOW);
	VT_LOAD(&t, touch);
	if (vt_set_slot(t.vm, 1, GPA, SIZE, a, 0, 0))
		vt_bail("slot");
	pass();
	before = figure("breaks_guest_write");
	vt_start(&t, 0, VT_CODE);
	tap_ok(vt_wrote_port(&t, 0, 0x80) &&
	       figure("breaks_guest_write") >= before + 10 &&
	       figure("breaks_guest_write") <= before + 14, "by a guest");
	/* What the guest has left goes after a grace period. */
	tap_ok(!set("run", "2") && VT_WAIT_FOR(!figure("pages_shared")),
	       "a guest's come apart");
	vt_start(&t, 0, VT_CODE);
	before = figure("breaks");
	tap_ok(vt_wrote_port(&t, 0, 0x80) && is("breaks", before),
	       "and it writes to them");
	vt_free(&t);
	close(a);
}

/* ---- how many names a frame has ----------------------------------------------------------- */

static void test_most(void)
{
	unsigned char *p;
	int a;

	begin();
	tap_ok(set("max_page_sharing", "1") == EINVAL &&
	       set("max_page_sharing", "2000000") == EINVAL &&
	       !set("max_page_sharing", "2"), "from 2 on");
	a = filled(0, 1000000, &p);
	pass();
	tap_ok(is("pages_shared", EQUAL / 2) & is("pages_sharing", EQUAL / 2),
	       "a frame for two pages each");
	tap_ok(mem_sum(a, SIZE) == sum_of(1000000), "byte by byte");
	pass();
	tap_ok(is("pages_shared", EQUAL / 2), "it stays so");
	set_number("max_page_sharing", 1048575);
	close(a);
	tap_ok(frames_are(0), "nothing is left");
}

int main(void)
{
	vt_open();
	test_all(0, "blocks");
	test_all(VMM_MEM_SMALL_PAGES, "pages");
	test_causes();
	test_guest();
	test_most();
	test_churn();
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
