// SPDX-License-Identifier: GPL-2.0
/*
 * Files of debugfs: frames that VMs have in common are as many as there were made, those with
 * most pages are told first, and histograms count what counters do.  And the tracepoint of
 * merges: it is passed as often as they are counted.
 *
 * test: timeout: 200
 */
#include <sys/mount.h>

#include "ksm_fill.h"

#define VMS	3
#define LOW	(2 * VT_MB)
#define GPA	(16 * VT_MB)
#define DEBUG	"/sys/kernel/debug"
#define WIDTH	(VMS + 1)

static struct vt t[VMS];
static int fd[VMS];
static char text[1 << 21];

static bool read_at(const char *path)
{
	int f = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	while (f >= 0 && (got = read(f, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	text[n] = 0;
	if (f >= 0)
		close(f);
	return n;
}

static bool read_file(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), DEBUG "/vmm/ksm/%s", name);
	return read_at(path);
}

static void add_vm(unsigned int at)
{
	unsigned char *p;

	fd[at] = filled(VMM_MEM_SMALL_PAGES, 1000000 * (at + 1), &p);
	vt_make(&t[at], 1, LOW);
	if (vt_set_slot(t[at].vm, 1, GPA, SIZE, fd[at], 0, 0))
		vt_bail("slot");
}

/* ---- pairs ------------------------------------------------------------------------- */

/* Of @vms VMs, with a row for none behind them. */
static bool read_pairs(unsigned int vms, long long pair[WIDTH][WIDTH])
{
	unsigned int a, b, n = 0;
	char *word, *rest;

	if (!read_file("pairs"))
		return false;
	for (word = strtok_r(text, " \n", &rest); word;
	     word = strtok_r(NULL, " \n", &rest), n++) {
		a = n / (vms + 2);
		b = n % (vms + 2);
		if (a && b && a < vms + 2)
			pair[a - 1][b - 1] = atoll(word);
		if ((a == vms + 1 && !b && strcmp(word, "none")) ||
		    (!n && strcmp(word, "vm")))
			return false;
	}
	return n == (vms + 2) * (vms + 2);
}

/* What is so of any. */
static bool is_sound(unsigned int vms, long long pair[WIDTH][WIDTH])
{
	bool good = true;
	unsigned int a, b;

	for (a = 0; a <= vms; a++) {
		for (b = 0; b <= vms; b++)
			good &= pair[a][b] == pair[b][a] &&
				pair[a][b] <= pair[a][a];
	}
	return good;
}

static void test_pairs(void)
{
	struct vmm_create_mem c = { .size = SIZE, .flags = VMM_MEM_SMALL_PAGES };
	static long long was[WIDTH][WIDTH], is_now[WIDTH][WIDTH];
	unsigned int a, b, i;
	unsigned char *p;
	bool good;
	int both;

	good = read_pairs(VMS, was) && is_sound(VMS, was);
	tap_ok(good && !was[VMS][VMS] && was[1][2] == was[0][1] &&
	       was[0][1] >= (long long)CONTENTS &&
	       was[0][0] - was[0][1] >= (long long)(PAGES - EQUAL - ZEROS),
	       "VMs have merged frames in common (%lld of %lld)", was[0][1],
	       was[0][0]);
	both = ioctl(vt_dev, VMM_CREATE_MEM, &c);
	p = vt_map(both, SIZE);
	for (i = 0; i < 7; i++)
		p[i * VT_PAGE] = 1;
	tap_ok(read_pairs(VMS, is_now) && is_now[VMS][VMS] == 7 &&
	       is_now[0][0] == was[0][0], "what no VM has");
	if (vt_set_slot(t[1].vm, 2, 2 * GPA, SIZE, both, 0, 0) ||
	    vt_set_slot(t[2].vm, 2, 2 * GPA, SIZE, both, 0, 0))
		vt_bail("slots");
	good = read_pairs(VMS, is_now) && is_sound(VMS, is_now);
	for (a = 0; a <= VMS; a++) {
		for (b = 0; b <= VMS; b++)
			good &= is_now[a][b] == was[a][b] +
				7 * ((a == 1 || a == 2) && (b == 1 || b == 2));
	}
	tap_ok(good, "one object of two VMs: seven frames more in common");
	vt_set_slot(t[1].vm, 2, 0, 0, -1, 0, 0);
	vt_set_slot(t[2].vm, 2, 0, 0, -1, 0, 0);
	munmap(p, SIZE);
	close(both);
}

/* ---- the others ---------------------------------------------------------------------- */

static void test_top(void)
{
	unsigned int sites, vms, first, last = ~0U, n = 0, most = 0;
	bool good = read_file("top");
	char *line, *rest;

	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest), n++) {
		good &= sscanf(line, "sites %u vms %u first %u", &sites, &vms,
			       &first) == 3 && sites <= last && vms <= VMS &&
			vms <= sites;
		last = sites;
		most = n ? most : sites;
	}
	/* Each content is in so many pages of each VM. */
	tap_ok(good && n == 16 && most >= VMS * EQUAL / CONTENTS &&
	       last >= VMS * EQUAL / CONTENTS,
	       "frames that most pages have: %u, and %u at last", most, last);
}

/* Over lines that begin so: of the number behind a word. */
static long long sum_of_lines(const char *head, const char *word)
{
	const char *line = text, *at;
	long long sum = 0;

	for (; line && *line; line = strchr(line, '\n'), line += !!line) {
		at = strncmp(line, head, strlen(head)) ? NULL : strstr(line, word);
		if (at)
			sum += atoll(at + strlen(word));
	}
	return sum;
}

static bool counts_are(long long breaks)
{
	return read_file("histograms") &&
	       sum_of_lines("break_took_ns ", " count ") == breaks &&
	       sum_of_lines("break_age_ns ", " count ") == breaks &&
	       figure("breaks") - figure("breaks_unmerge") == breaks;
}

static void test_histograms(void)
{
	long long breaks = figure("breaks") - figure("breaks_unmerge");
	long long ns = figure("break_ns"), early = figure("breaks_early");
	unsigned char *p = vt_map(fd[0], SIZE);
	unsigned int i;

	tap_ok(counts_are(breaks) && sum_of_lines("degree ", " frames ") ==
				     figure("frames_total") &&
	       sum_of_lines("degree ", " sites ") == figure("pages_total"),
	       "histograms have what counters have");
	for (i = 0; i < 10; i++)
		p[i * VT_PAGE + 8] ^= 1;
	ns = figure("break_ns") - ns;
	tap_ok(counts_are(breaks + 10) && ns > 0 &&
	       figure("breaks_early") >= early &&
	       figure("breaks_early") <= early + 10,
	       "ten breaks more, of %lld ns each", ns / 10);
	munmap(p, SIZE);
	/* All frames are older than a second then. */
	vt_sleep_ms(1500);
	early = figure("breaks_early");
	p = vt_map(fd[1], SIZE);
	for (i = 0; i < 10; i++)
		p[i * VT_PAGE + 8] ^= 1;
	munmap(p, SIZE);
	tap_ok(counts_are(breaks + 20) && is("breaks_early", early),
	       "and none is early of those whose frames are old");
	set_number("reset", 1);
	tap_ok(counts_are(0) && is("break_ns", 0), "a reset");
}

/* ---- the tracepoint ------------------------------------------------------------------- */

#define TRACING	DEBUG "/tracing"

static bool trace_put(const char *file, const char *to)
{
	int f = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);
	bool good = f >= 0 && write(f, to, strlen(to)) == (ssize_t)strlen(to);

	if (f >= 0)
		close(f);
	return good;
}

/* Lines with all of these words. */
static long long traced(const char *zero, const char *end)
{
	long long n = 0;
	char *line, *rest, *at;

	read_at(TRACING "/trace");
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		at = strstr(line, "vmm_ksm_merge: mem ");
		n += at && strstr(at, zero) && (at = strstr(at, ": ")) &&
		     strstr(at, end);
	}
	return n;
}

static void test_trace(void)
{
	long long merges = figure("merges"), zeros = figure("ksm_zero_pages");
	unsigned int i;

	if (!trace_put(TRACING "/trace", "\n") ||
	    !trace_put(TRACING "/buffer_size_kb", "4096") ||
	    !trace_put(TRACING "/events/vmm/vmm_ksm_merge/enable", "1"))
		vt_bail("tracing");
	for (i = 1; i < VMS; i++)
		add_vm(i);
	pass();
	pass();
	trace_put(TRACING "/events/vmm/vmm_ksm_merge/enable", "0");
	merges = figure("merges") - merges;
	zeros = figure("ksm_zero_pages") - zeros;
	tap_ok(merges >= 2 * (long long)EQUAL && zeros >= 2 * (long long)ZEROS &&
	       traced("zero 0", "merged") == merges &&
	       traced("zero 1", "merged") == zeros,
	       "each merge is traced (%lld, %lld of zeros)", merges, zeros);
}

/* ---- all of it ----------------------------------------------------------------------- */

static void test_rights(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
			_exit(1);
		_exit(open(DEBUG "/vmm/ksm/pairs", O_RDONLY) >= 0 ||
		      errno != EACCES);
	}
	waitpid(pid, &status, 0);
	tap_ok(!status, "they are for root");
}

int main(void)
{
	static long long pair[WIDTH][WIDTH];
	unsigned int i;
	bool good;

	vt_open();
	if (access(DEBUG "/vmm", F_OK) &&
	    mount("debugfs", DEBUG, "debugfs", 0, NULL))
		vt_bail("debugfs");
	tap_ok(read_pairs(0, pair) && !pair[0][0] && !read_file("top"), "nothing");
	begin();
	add_vm(0);
	pass();
	good = VT_WAIT_FOR(read_pairs(1, pair) && pair[0][0] &&
			   pair[0][0] == figure("frames_total"));
	tap_ok(good, "what the only VM has is all (%lld frames)", pair[0][0]);
	test_trace();
	set("mode", "observe");
	vt_sleep_ms(100);
	test_pairs();
	test_top();
	test_histograms();
	test_rights();
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
