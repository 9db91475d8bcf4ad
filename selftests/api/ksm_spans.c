// SPDX-License-Identifier: GPL-2.0
/*
 * What is told of times and causes: how long pages were what they were, how long it took to find
 * their equals, how often CPUs had to forget translations, which pass it is; and the
 * tracepoints of breaks, of blocks taken apart and of memory that is short.
 *
 * test: timeout: 300
 */
#include <sys/mount.h>

#include "ksm_fill.h"
#include "lineage.h"

#define TRACING	"/sys/kernel/debug/tracing"
#define GPA	(16 * VT_MB)
#define FOLLOWED (PAGES / 64)

static char text[1 << 20];

/* ---- reading ----------------------------------------------------------------------- */

static void read_at(const char *path)
{
	int f = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	while (f >= 0 && (got = read(f, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	text[n] = 0;
	if (f >= 0)
		close(f);
}

/* The snapshot's places of a name from @least ns on, up to twice as much as @most. */
static long long counted(const char *name, double least, double most)
{
	char *line, *rest, head[32];
	long long ns, count, sum = 0;

	read_at(KSM "/snapshot");
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "%31s %lld count %lld", head, &ns, &count) == 3 &&
		    !strcmp(head, name) && ns * 2 > least && ns <= most)
			sum += count;
	}
	return sum;
}

/* All that there are, and those; both are told by the figure. */
static bool spans_are(const char *name, const char *total, long long wanted,
		      double least, double most)
{
	long long all = counted(name, 0, 1e18), in = counted(name, least, most);

	if (all != wanted || in != wanted)
		tap_note("%s: %lld, %lld of them in time, wanted %lld", name,
			 all, in, wanted);
	return all == wanted && in == wanted && is(total, wanted);
}

static bool trace_put(const char *file, const char *to)
{
	char path[96];
	int f;
	bool good;

	snprintf(path, sizeof(path), TRACING "/%s", file);
	f = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	good = f >= 0 && write(f, to, strlen(to)) == (ssize_t)strlen(to);
	if (f >= 0)
		close(f);
	return good;
}

static void trace(const char *event, const char *on)
{
	char path[64];

	if (*on == '1' && (!trace_put("trace", "\n") ||
			   !trace_put("buffer_size_kb", "4096")))
		vt_bail("tracing");
	snprintf(path, sizeof(path), "events/vmm/%s/enable", event);
	if (!trace_put(path, on))
		vt_bail("%s", event);
}

/* Lines of an event with these words. */
static long long traced(const char *event, const char *words)
{
	char *line, *rest, *at;
	long long n = 0;

	read_at(TRACING "/trace");
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		at = strstr(line, event);
		n += at && strstr(at, words);
	}
	return n;
}

/* ---- which pass --------------------------------------------------------------------- */

static void test_epoch(void)
{
	unsigned char *p;
	int fd = filled(VMM_MEM_SMALL_PAGES, 500000, &p);
	long long was = figure("epoch");

	pass();
	tap_ok(is("epoch", was + 1), "a pass has another number");
	set_number("reset", 1);
	tap_ok(is("epoch", was + 2) && is("full_scans", 0),
	       "and so has what comes after a reset");
	pass();
	tap_ok(is("epoch", was + 3) && is("full_scans", 1), "it never goes back");
	close(fd);
}

/* ---- how long pages are what they are ------------------------------------------------ */

/* All pages, with contents that none has had. */
static void rewrite(unsigned char *p, uint64_t from)
{
	unsigned long i;

	for (i = 0; i < PAGES; i++)
		write_page(p + i * VT_PAGE, from + i);
}

static void test_changes(void)
{
	int fd = create(VMM_MEM_SMALL_PAGES);
	unsigned char *p = vt_map(fd, SIZE);
	unsigned int i;

	rewrite(p, 1000000);
	set_number("reset", 1);
	pass();
	tap_ok(spans_are("change_interval_ns", "changes_followed", 0, 0, 1e18),
	       "what is new has not changed");
	for (i = 1; i <= 3; i++) {
		vt_sleep_ms(600);
		rewrite(p, 2000000 * i);
		pass();
	}
	tap_ok(is("pages_changed", 3 * PAGES) &&
	       spans_are("change_interval_ns", "changes_followed", 3 * FOLLOWED,
			 6e8, 2e10),
	       "one of 64 pages is followed: they were the same for so long");
	vt_sleep_ms(600);
	pass();
	tap_ok(is("changes_followed", 3 * FOLLOWED), "and then were not changed");
	munmap(p, SIZE);
	close(fd);
}

/* ---- how long it takes to find equals ------------------------------------------------- */

static void test_found(void)
{
	unsigned char *p;
	int a = filled(VMM_MEM_SMALL_PAGES, 3000000, &p), b;
	long long late;

	set("mode", "observe");
	set_number("reset", 1);
	pass();
	vt_sleep_ms(600);
	tap_ok(is("merges_followed", 0), "who observes finds nothing");
	set("mode", "merge");
	b = filled(VMM_MEM_SMALL_PAGES, 4000000, &p);
	pass();
	pass();
	late = counted("discovery_ns", 6e8, 2e10);
	tap_ok(figure("merges") == 2 * EQUAL &&
	       counted("discovery_ns", 0, 1e18) == figure("merges_followed") &&
	       late >= (long long)(EQUAL / 64 - 1) &&
	       late <= (long long)(EQUAL / 64 + 1) &&
	       figure("merges_followed") >= 2 * late - 2 &&
	       figure("merges_followed") <= 2 * late + 2,
	       "pages wait for equals (%lld of %lld were there before)", late,
	       figure("merges_followed"));
	close(a);
	close(b);
}

/* ---- translations --------------------------------------------------------------------- */

/* One more in the first word of all pages of a slot. */
VT_BLOB(touch,
	"mov $0x1000000, %ebx\n"
	"mov $1024, %ecx\n"
	"1: orl $0, (%ebx)\n"
	"add $0x1000, %ebx\n"
	"loop 1b\n"
	"out %al, $0x80\n"
	"hlt");

static void test_flushes(void)
{
	long long breaks, flushes, before;
	static struct vt t;
	unsigned char *p;
	int fd = filled(VMM_MEM_SMALL_PAGES, 5000000, &p);

	set_number("reset", 1);
	pass();
	pass();
	tap_ok(figure("merges") > 0 && is("tlb_flushes", 0),
	       "who has no vCPU has nothing to forget");
	vt_make(&t, 1, 64 * VT_PAGE);
	if (vt_set_slot(t.vm, 1, GPA, SIZE, fd, 0, 0))
		vt_bail("slot");
	VT_LOAD(&t, touch);
	vt_start(&t, 0, VT_CODE);
	breaks = figure("breaks");
	if (!vt_wrote_port(&t, 0, 0x80))
		vt_bail("the guest");
	breaks = figure("breaks") - breaks;
	flushes = figure("tlb_flushes");
	tap_ok(breaks >= (long long)EQUAL && flushes <= breaks,
	       "a break takes one at most: %lld for %lld", flushes, breaks);
	pass();
	pass();
	flushes = figure("tlb_flushes") - flushes;
	tap_ok(figure("merges") >= 2 * (long long)EQUAL && flushes > 0,
	       "the guest's pages are merged again: %lld", flushes);
	vt_free(&t);
	before = figure("tlb_flushes");
	pass();
	tap_ok(is("tlb_flushes", before), "and then there is none again");
	close(fd);
}

/* ---- tracepoints ----------------------------------------------------------------------- */

static void test_breaks(void)
{
	unsigned char *p;
	int fd = filled(VMM_MEM_SMALL_PAGES, 6000000, &p);
	unsigned int i;

	set_number("reset", 1);
	pass();
	pass();
	p = vt_map(fd, SIZE);
	trace("vmm_mem_break", "1");
	trace("vmm_mem_unmerge", "1");
	for (i = 0; i < 10; i++)
		p[i * VT_PAGE + 8] ^= 1;
	tap_ok(is("breaks", 10) && traced("vmm_mem_break:", ": host_write ") == 10,
	       "each break is traced, with its cause");
	set("run", "2");
	trace("vmm_mem_break", "0");
	trace("vmm_mem_unmerge", "0");
	set("run", "0");
	tap_ok(figure("breaks_unmerge") >= (long long)CONTENTS &&
	       traced("vmm_mem_unmerge:", " frames ") > 0 &&
	       traced("vmm_mem_break:", " page ") == 10,
	       "and those that come apart together");
	munmap(p, SIZE);
	close(fd);
}

/* A block with many pages that others have, and one with few. */
static void test_split(void)
{
	unsigned char *p, *q;
	int a = create(0), b = create(VMM_MEM_SMALL_PAGES);
	unsigned long i;
	long whole;

	p = vt_map(a, SIZE);
	q = vt_map(b, SIZE);
	rewrite(p, 7000000);
	rewrite(q, 8000000);
	for (i = 0; i < 200; i++)
		write_page(q + i * VT_PAGE, 7000000 + i);
	for (i = 512; i < 515; i++)
		write_page(q + i * VT_PAGE, 7000000 + i);
	whole = mem_figure(a, "huge");
	trace("vmm_ksm_split", "1");
	pass();
	pass();
	trace("vmm_ksm_split", "0");
	if (whole != 2)
		tap_skip("the host gave no blocks of 2 MiB");
	else
		tap_ok(mem_figure(a, "huge") == 1 &&
		       traced("vmm_ksm_split:", "page 0 candidates 200: split") == 1 &&
		       traced("vmm_ksm_split:", "page 512 candidates 3: whole") >= 1 &&
		       !traced("vmm_ksm_split:", "candidates 3: split"),
		       "a block is taken apart where that pays");
	munmap(p, SIZE);
	munmap(q, SIZE);
	close(a);
	close(b);
}

static void test_pressure(void)
{
	struct vmm_mem_policy policy = { .limit = SIZE, .shares = VMM_MEM_SHARES };
	struct vmm_create_mem c = { .size = 2 * SIZE, .flags = VMM_MEM_SMALL_PAGES };
	int fd = ioctl(vt_dev, VMM_CREATE_MEM, &c);
	unsigned char *p = vt_map(fd, c.size);

	rewrite(p, 9000000);
	rewrite(p + SIZE, 10000000);
	munmap(p, c.size);
	trace("vmm_mem_pressure", "1");
	if (ioctl(fd, VMM_MEM_SET_POLICY, &policy))
		vt_bail("limit");
	trace("vmm_mem_pressure", "0");
	tap_ok(mem_figure(fd, "resident") < 2 * (long)PAGES &&
	       traced("vmm_mem_pressure:", "own: pages ") >= 1 &&
	       !traced("vmm_mem_pressure:", "host: "),
	       "what leaves for a limit is traced (%ld stay)",
	       mem_figure(fd, "resident"));
	close(fd);
}

int main(void)
{
	vt_open();
	if (access("/sys/kernel/debug/vmm", F_OK) &&
	    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL))
		vt_bail("debugfs");
	begin();
	test_epoch();
	test_changes();
	test_found();
	test_flushes();
	test_breaks();
	test_split();
	test_pressure();
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("frames_total")), "nothing is left");
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
