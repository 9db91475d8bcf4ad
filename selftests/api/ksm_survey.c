// SPDX-License-Identifier: GPL-2.0
/*
 * Who has how much: in each of many surveys, taken while guests' memory is written, merged,
 * frozen, forked and given back, the bytes of all VMs are those of the frames that were
 * met, and all other sums agree; when all is quiet they are those of independent
 * counters, and what a VM's end sets free is what was said before.
 *
 * The argument is how many surveys; 200 if there is none.
 *
 * test: timeout: 400
 */
#include "ksm_fill.h"
#include "lineage.h"

#define VMS	3
#define LOW	(2 * VT_MB)
#define GPA	(16 * VT_MB)

/* ---- a snapshot, read and taken apart ---------------------------------------------------- */

static char *text;

static bool read_snapshot(void)
{
	static size_t room = 1 << 20;
	size_t n = 0;
	ssize_t got;
	int fd = open(KSM "/snapshot", O_RDONLY | O_CLOEXEC);

	if (!text)
		text = malloc(room);
	while (fd >= 0 && (got = read(fd, text + n, room - 1 - n)) > 0)
		n += got;
	text[n] = 0;
	if (fd >= 0)
		close(fd);
	return n;
}

/* The number behind a name in a line. */
static long long in_line(const char *line, const char *name)
{
	size_t len = strlen(name);
	const char *end = strchr(line, '\n');

	for (; line && line < end; line = strchr(line, ' ')) {
		line += *line == ' ';
		if (!strncmp(line, name, len) && line[len] == ' ')
			return atoll(line + len);
	}
	return LLONG_MIN;
}

static const char *next_line(const char *line)
{
	line = strchr(line, '\n');
	return line && line[1] ? line + 1 : NULL;
}

static const char *line_of(const char *head)
{
	const char *line = text;

	while (line && strncmp(line, head, strlen(head)))
		line = next_line(line);
	return line;
}

static long long top(const char *name)
{
	char head[64];

	snprintf(head, sizeof(head), "%s ", name);
	return in_line(line_of(head), name);
}

static long long stat_of(const char *name)
{
	char head[64];

	snprintf(head, sizeof(head), "stat %s ", name);
	return line_of(head) ? in_line(line_of(head), name) : LLONG_MIN;
}

static long long of_row(unsigned int id, const char *name)
{
	char head[64];

	snprintf(head, sizeof(head), "vm %u ", id);
	return line_of(head) ? in_line(line_of(head), name) : LLONG_MIN;
}

/* Over lines that begin so, and rows. */
static long long sum_lines(const char *head, const char *name)
{
	const char *line = text;
	long long sum = 0;

	for (; line; line = next_line(line)) {
		if (!strncmp(line, head, strlen(head)))
			sum += in_line(line, name);
	}
	return sum;
}

static long long sum_rows(const char *name)
{
	return sum_lines("vm ", name) + sum_lines("none ", name);
}

static bool equal(const char *what, long long got, long long wanted)
{
	if (got != wanted)
		tap_note("%s: %lld, wanted %lld", what, got, wanted);
	return got == wanted;
}

/* By cause, by time and by age they are the same. */
static bool breaks_add_up(void)
{
	long long timed = stat_of("breaks") - stat_of("breaks_unmerge");

	return equal("breaks", stat_of("breaks_guest_write") +
			       stat_of("breaks_walk") + stat_of("breaks_pin") +
			       stat_of("breaks_host_write"), timed) &
	       equal("breaks by time", sum_lines("break_took_ns ", "count"),
		     timed) &
	       equal("breaks by age", sum_lines("break_age_ns ", "count"),
		     timed);
}

/* What is so in every snapshot. */
static bool adds_up(void)
{
	return read_snapshot() &&
	       equal("pss_bytes", sum_rows("pss_bytes"), top("bytes")) &
	       equal("bytes", top("bytes"), top("frames") * 4096) &
	       equal("resident_pages", sum_rows("resident_pages"), top("sites")) &
	       equal("frames by degree", sum_lines("degree ", "frames"),
		     top("frames")) &
	       equal("sites by degree", sum_lines("degree ", "sites"),
		     top("sites")) &
	       equal("parts", sum_rows("uss_pages") + sum_rows("shared_self") +
			      sum_rows("shared_other"), top("sites")) &
	       breaks_add_up();
}

/* ---- a world ---------------------------------------------------------------------------- */

static struct vt t[VMS];
static int fd[VMS];
static unsigned int id[VMS];

static void make_world(void)
{
	unsigned int n = 0, at;
	unsigned char *p;
	char path[64];

	begin();
	for (at = 0; at < VMS; at++) {
		fd[at] = filled(at ? 0 : VMM_MEM_SMALL_PAGES, 1000000 * (at + 1),
				&p);
		vt_make(&t[at], 1, LOW);
		if (vt_set_slot(t[at].vm, 1, GPA, SIZE, fd[at], 0, 0))
			vt_bail("slot");
		do
			snprintf(path, sizeof(path), KSM "/../vms/%u", n++);
		while (access(path, F_OK));
		id[at] = n - 1;
	}
}

static void end_world(void)
{
	unsigned int at;

	for (at = 0; at < VMS; at++) {
		vt_free(&t[at]);
		close(fd[at]);
	}
}

/* Writes, discards, freezes and forks; all comes to be equal again. */
static void churn(volatile int *stop)
{
	unsigned long n = 1, page;
	int at, snap, child;

	while (!*stop) {
		n = n * 6364136223846793005UL + 1442695040888963407UL;
		at = (n >> 33) % VMS;
		page = (n >> 40) % PAGES;
		if (n >> 60 < 12) {
			unsigned char *p = vt_map(fd[at], SIZE);

			write_page(p + page * VT_PAGE, 1 + page % CONTENTS);
			write_page(p + (page ^ 1) * VT_PAGE, n);
			munmap(p, SIZE);
		} else if (n >> 60 < 14) {
			fallocate(fd[at], FALLOC_FL_PUNCH_HOLE |
				  FALLOC_FL_KEEP_SIZE, page * VT_PAGE, VT_PAGE);
		} else {
			snap = mem_freeze(fd[at]);
			child = mem_fork(snap);
			if (n >> 60 == 15)
				mem_return(fd[at], snap);
			close(snap);
			close(child);
		}
	}
	_exit(0);
}

static void test_churn(unsigned long surveys)
{
	volatile int *stop = mmap(NULL, VT_PAGE, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long i, bad = 0;
	pid_t pid;

	pid = fork();
	if (!pid)
		churn(stop);
	set_number("pages_to_scan", 100000);
	set_number("sleep_millisecs", 0);
	set_number("budget_cpu_pct", 100);
	set_number("run", 1);
	for (i = 0; i < surveys; i++) {
		bad += !adds_up();
		if (i % 50 == 49)
			set_number("run", 2);
		if (i % 50 == 49)
			set_number("run", 1);
	}
	*stop = 1;
	waitpid(pid, NULL, 0);
	set_number("run", 0);
	munmap((void *)stop, VT_PAGE);
	tap_ok(!bad, "%lu of %lu surveys do not add up", bad, surveys);
	tap_ok(read_snapshot() && sum_lines("break_took_ns ", "count") > 0 &&
	       stat_of("breaks_unmerge") > 0 && stat_of("break_ns") > 0,
	       "there were breaks, of all kinds");
}

/* ---- when all is quiet ------------------------------------------------------------------- */

static bool is_quiet(void)
{
	return adds_up() && top("frames") == stat_of("frames_total") &&
	       top("sites") == stat_of("pages_total");
}

static void test_quiet(void)
{
	long long free_now, frames;
	unsigned int at;
	bool good = true;
	int snap;

	pass();
	tap_ok(VT_WAIT_FOR(is_quiet()) || (is_quiet() &
	       equal("frames", top("frames"), stat_of("frames_total")) &
	       equal("sites", top("sites"), stat_of("pages_total"))),
	       "quiet, it is what counters say (%lld frames)", top("frames"));
	tap_ok(top("objects") == 2 * VMS && !sum_lines("none ", "objects"),
	       "all objects are somebody's");
	tap_ok(sum_rows("merged_pages") == stat_of("pages_shared") +
					   stat_of("pages_sharing"),
	       "so many pages are merged");
	for (at = 0; at < VMS; at++) {
		char file[64];

		snprintf(file, sizeof(file), "../vms/%u/ksm/pss_bytes", id[at]);
		good &= is(file, of_row(id[at], "pss_bytes"));
		snprintf(file, sizeof(file), "../vms/%u/ksm/marginal_pages",
			 id[at]);
		good &= is(file, of_row(id[at], "marginal_pages"));
		snprintf(file, sizeof(file), "../vms/%u/ksm/resident_pages",
			 id[at]);
		good &= is(file, of_row(id[at], "resident_pages"));
	}
	tap_ok(good, "a VM's files tell the same");
	snap = mem_freeze(fd[0]);
	tap_ok(adds_up() && sum_lines("none ", "objects") == 1 &&
	       sum_lines("none ", "resident_pages") ==
	       mem_figure(snap, "resident") && top("frames") == stat_of("frames_total"),
	       "a snapshot is nobody's");
	close(snap);
	VT_WAIT_FOR(is_quiet());
	frames = top("frames");
	free_now = of_row(id[0], "marginal_pages");
	vt_free(&t[0]);
	close(fd[0]);
	tap_ok(VT_WAIT_FOR(is_quiet() && top("frames") == frames - free_now),
	       "a VM goes, and %lld of %lld frames (%lld are left)", free_now,
	       frames, top("frames"));
	vt_make(&t[0], 1, LOW);
	fd[0] = create(0);
}

/* Two VMs have one object, and one has another twice. */
static void test_common(void)
{
	struct vmm_create_mem c = { .size = SIZE, .flags = VMM_MEM_SMALL_PAGES };
	int both = ioctl(vt_dev, VMM_CREATE_MEM, &c);
	long long other, alone;
	unsigned char *p = vt_map(both, SIZE);
	unsigned long i;

	set("mode", "observe");
	adds_up();
	other = of_row(id[1], "shared_other");
	alone = of_row(id[2], "uss_pages");
	for (i = 0; i < 7; i++)
		p[i * VT_PAGE] = 1;
	if (vt_set_slot(t[1].vm, 2, 2 * GPA, SIZE, both, 0, 0) ||
	    vt_set_slot(t[2].vm, 2, 2 * GPA, SIZE, both, 0, 0) ||
	    vt_set_slot(t[2].vm, 3, 3 * GPA, SIZE, both, 0, 0))
		vt_bail("slots");
	tap_ok(adds_up() && of_row(id[1], "shared_other") == other + 7 &&
	       of_row(id[2], "uss_pages") == alone, "one object of two VMs");
	vt_set_slot(t[1].vm, 2, 0, 0, -1, 0, 0);
	tap_ok(adds_up() && of_row(id[1], "shared_other") == other &&
	       of_row(id[2], "uss_pages") == alone + 7,
	       "and of one, which has it twice");
	munmap(p, SIZE);
	close(both);
}

/* ---- readers ------------------------------------------------------------------------------ */

static void test_readers(void)
{
	char one[6][64], again[64];
	int f[6], i, status;
	bool good = true;
	pid_t pid;

	for (i = 0; i < 6; i++) {
		f[i] = open(KSM "/snapshot", O_RDONLY);
		good &= pread(f[i], one[i], 32, 0) == 32;
	}
	/* What the last four read stays as it was. */
	for (i = 2; i < 6; i++)
		good &= pread(f[i], again, 20, 12) == 20 &&
			!memcmp(again, one[i] + 12, 20);
	errno = 0;
	good &= pread(f[0], again, 20, 12) == -1 && errno == ESTALE;
	good &= pread(f[0], again, 20, 0) == 20;
	good &= pread(f[0], again, 20, 12) == 20;
	good &= pread(f[0], again, 20, 1 << 30) == 0;
	for (i = 0; i < 6; i++)
		close(f[i]);
	tap_ok(good, "each of four readers has a snapshot of his own");
	pid = fork();
	if (!pid) {
		if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
			_exit(1);
		_exit(open(KSM "/snapshot", O_RDONLY) >= 0 || errno != EACCES);
	}
	waitpid(pid, &status, 0);
	tap_ok(!status, "who is root");
}

int main(int argc, char **argv)
{
	unsigned long surveys = argc > 1 ? strtoul(argv[1], NULL, 0) : 200;

	vt_open();
	tap_ok(adds_up() && !top("frames") && !top("objects"), "nothing");
	make_world();
	tap_ok(adds_up() && top("objects") == 2 * VMS, "something");
	test_churn(surveys);
	test_quiet();
	test_common();
	test_readers();
	end_world();
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(adds_up() && !top("frames")), "and nothing again");
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
