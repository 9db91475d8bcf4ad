// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshot files: what is written is read back, page for page; increments hold what
 * differs, also what became zero; merged they are the last moment, whatever the pattern
 * of pages; a file that cannot be written leaves nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <sys/mman.h>
#include <signal.h>
#include <sys/resource.h>

#include "lib/progress.h"
#include "snap/diff.h"
#include "rnd.h"
#include "tap.h"
#include "vmctl_snap_files.h"

static struct err err;
static char dir[] = "/tmp/vmctl-snap-XXXXXX";

static const char *at(const char *name)
{
	static char path[8][64];
	static unsigned int n;

	n = (n + 1) % 8;
	snprintf(path[n], sizeof(path[n]), "%s/%s", dir, name);
	return path[n];
}

static unsigned int files_in_dir(void)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static struct world *new_world(void)
{
	return calloc(1, sizeof(struct world));
}

static bool reads_as(const char *path, const struct world *start,
		     const struct world *want, struct snap_totals *totals)
{
	struct world *got = new_world();
	struct snap_about about;
	bool same;

	if (start)
		memcpy(got, start, sizeof(*got));
	same = !read_file(path, got, &about, totals, &err) &&
	       !memcmp(got, want, sizeof(*got));
	free(got);
	return same;
}

/* ---- one file ------------------------------------------------------------------- */

static void test_about(void)
{
	struct snap_about a = about_of(1, 0);
	struct snap_reader r;
	struct world *w = new_world();
	struct stat st;
	int ret;

	tap_ok(!write_file(at("a"), &a, w, NULL, &err), "a file without pages");
	ret = snap_read_begin(&r, at("a"), false, &err);
	tap_ok(!ret && snap_id_equal(&r.about.id, &a.id) &&
	       !about_incremental(&r.about) && r.about.time_ns == a.time_ns &&
	       !strcmp(r.about.backend, "svm") && !strcmp(r.about.name, "web"),
	       "its head");
	tap_ok(!ret && r.about.nr_cpuid == 2 &&
	       !memcmp(r.about.cpuid, a.cpuid, 2 * sizeof(a.cpuid[0])),
	       "its processor");
	tap_ok(!ret && !strcmp(r.about.conf, a.conf), "its definition");
	tap_ok(!ret && r.about.nr_objects == 2 && r.about.nr_slots == 3 &&
	       !memcmp(r.about.object, a.object, 16) &&
	       !memcmp(r.about.slot, a.slot, 3 * sizeof(a.slot[0])),
	       "its memory");
	tap_ok(!ret && r.about.state_size == 5 &&
	       !memcmp(r.about.state, "state", 5), "its state");
	tap_ok(!ret && !snap_read_frame(&r, &err) && !r.totals.pages &&
	       r.totals.sections == 5 && r.totals.bytes == r.size,
	       "and its end");
	snap_read_close(&r);
	tap_ok(!stat(at("a"), &st) && (st.st_mode & 0777) == 0600 &&
	       st.st_size < 1024, "small, and the owner's");
	free(w);
}

static void test_pages(void)
{
	struct snap_about a = about_of(1, 0);
	struct world *w = new_world();
	struct snap_totals t;
	struct stat st;
	unsigned int i;

	for (i = 0; i < PAGES + MORE; i++)
		fill(w, i, i % 7 == 3 ? 0 : i % 5 == 1 ? 1 : 2 * i);
	fill(w, PAGES - 1, 1);
	fill(w, PAGES, 2);
	tap_ok(!write_file(at("b"), &a, w, NULL, &err) &&
	       reads_as(at("b"), NULL, w, &t), "pages of two objects");
	for (i = 0; i < PAGES + MORE; i++)
		t.pages -= !!memcmp(w->page[i], "\0\0\0\0\0\0\0\0", 8);
	tap_ok(!t.pages && !t.zero, "and none that is zero");
	tap_ok(!stat(at("b"), &st) && st.st_size < (PAGES + MORE) / 5 * PAGE + 300000,
	       "packed: %lld KiB of %u", (long long)st.st_size / 1024,
	       (PAGES + MORE) * 4);
	for (i = 0; i < PAGES + MORE; i++)
		fill(w, i, 1);
	tap_ok(!write_file(at("c"), &a, w, NULL, &err) &&
	       reads_as(at("c"), NULL, w, &t) && t.pages == PAGES + MORE,
	       "pages that cannot be packed");
	for (i = 0; i < PAGES + MORE; i += 2)
		fill(w, i, 0);
	tap_ok(!write_file(at("d"), &a, w, NULL, &err) &&
	       reads_as(at("d"), NULL, w, &t), "every second one");
	free(w);
}

static void test_pipe(void)
{
	char path[64];
	struct world *w = new_world();
	struct snap_about about;
	struct snap_totals t;
	uint8_t *data;
	size_t size;
	int fd[2], ret;

	data = slurp(at("b"), &size);
	if (pipe(fd))
		abort();
	if (!fork()) {
		close(fd[0]);
		_exit(write(fd[1], data, size) != (ssize_t)size);
	}
	close(fd[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd[0]);
	ret = read_file(path, w, &about, &t, &err);
	tap_ok(!ret && t.bytes == size, "from a pipe");
	close(fd[0]);
	free(data);
	free(w);
}

/* What does not come is waited for until a signal, or until nobody wants it. */
static void test_stalled(void)
{
	int file[2], stop[2], waits[2];
	struct section_in in;
	bool told, left;

	if (pipe(file) || pipe(stop) || pipe(waits) ||
	    write(file[1], SNAP_SIGNATURE, SNAP_SIGNATURE_SIZE) < 0 ||
	    section_in_begin(&in, file[0], "a pipe", &err))
		abort();
	in.stop[0] = stop[0];
	in.stop[1] = waits[1];
	if (write(stop[1], "", 1) != 1)
		abort();
	told = section_read(&in, &err) && strstr(err.text, "interrupted");
	in.stop[0] = -1;
	close(waits[0]);
	left = section_read(&in, &err) && strstr(err.text, "interrupted");
	tap_ok(told && left, "from a pipe that stalls, until told to stop");
	section_in_end(&in);
	close(file[0]);
	close(file[1]);
	close(stop[0]);
	close(stop[1]);
	close(waits[1]);
}

/* ---- memory objects --------------------------------------------------------------- */

static void test_object(void)
{
	struct snap_about a = about_of(1, 0);
	int fd[2] = { memfd_create("one", 0), memfd_create("two", 0) };
	struct world *w = new_world();
	struct object_source s;
	struct snap_writer out;
	struct snap_totals t;
	unsigned int i;

	for (i = 0; i < PAGES + MORE; i += 1 + i % 400)
		fill(w, i, 1 + i % 3);
	if (ftruncate(fd[0], PAGES * PAGE) || ftruncate(fd[1], MORE * PAGE))
		abort();
	for (i = 0; i < PAGES + MORE; i++)
		if (w->page[i][0] && pwrite(fd[i >= PAGES], w->page[i], PAGE,
					    (i < PAGES ? i : i - PAGES) * PAGE) != PAGE)
			abort();
	object_source_init(&s, fd, a.object, 2);
	i = !snap_write_begin(&out, at("e"), &err) &&
	    !snap_write_about(&out, &a, &err) &&
	    !snap_copy(&s.source, &out, NULL, &err) &&
	    !snap_write_end(&out, &err);
	tap_ok(i && reads_as(at("e"), NULL, w, &t), "what objects hold");
	tap_ok(s.source.done == s.source.total && s.source.total ==
	       (PAGES + MORE) * PAGE, "and how far it is");
	object_source_fini(&s);
	close(fd[0]);
	close(fd[1]);
	free(w);
}

static bool not_on(struct snap_watcher *w, uint64_t done, uint64_t total)
{
	return false;
}

/* ---- increments ------------------------------------------------------------------- */

static void change(struct world *w, unsigned int much)
{
	unsigned int i, n, kind;

	while (much--) {
		i = rnd() % (PAGES + MORE);
		n = 1 + rnd() % (rnd() % 8 ? 4 : 900);
		kind = rnd() % 3 ? rnd() % 100 : 0;
		for (; n-- && i < PAGES + MORE; i++)
			fill(w, i, kind);
	}
}

static void test_increments(void)
{
	struct world *w[5];
	char *path[5], *out;
	struct snap_about a, about;
	struct snap_totals t;
	unsigned int i, round;
	bool same = true, inc = true, late = true;

	for (i = 0; i < 5; i++)
		w[i] = new_world();
	for (round = 0; round < 6; round++) {
		memset(w[0], 0, sizeof(*w[0]));
		change(w[0], 30);
		for (i = 0; i < 5; i++) {
			if (i) {
				memcpy(w[i], w[i - 1], sizeof(*w[i]));
				change(w[i], 1U << (round + i) % 7);
			}
			path[i] = strdup(at("inc0"));
			path[i][strlen(path[i]) - 1] = (char)('0' + i);
			unlink(path[i]);
			a = about_of((uint8_t)(i + 1), (uint8_t)i);
			a.state = (uint8_t *)"a0s";
			a.state_size = i % 3;
			same = same && !write_file(path[i], &a, w[i],
						   i ? w[i - 1] : NULL, &err);
			inc = inc && reads_as(path[i], i ? w[i - 1] : NULL, w[i],
					      &t);
		}
		out = strdup(at("merged"));
		unlink(out);
		same = same && !merge_files(path, 5, out, NULL, &err) &&
		       reads_as(out, NULL, w[4], &t) && !t.zero;
		unlink(out);
		/* some of them, and then the rest */
		same = same && !merge_files(path + 1, 3, out, NULL, &err);
		memset(&about, 0, sizeof(about));
		late = late && reads_as(out, w[0], w[3], &t) &&
		       !read_file(out, w[1], &about, &t, &err) &&
		       about.parent.byte[15] == 1 && about.id.byte[15] == 4;
		char *steps[] = { path[0], out, path[4] };

		unlink(at("all"));
		late = late && !merge_files(steps, 3, at("all"), NULL, &err) &&
		       reads_as(at("all"), NULL, w[4], &t);
		unlink(out);
		free(out);
		for (i = 0; i < 5; i++)
			free(path[i]);
	}
	tap_ok(inc, "increments");
	tap_ok(same, "merged with what they are of");
	tap_ok(late, "and with each other");
	for (i = 0; i < 5; i++)
		free(w[i]);
}

/* ---- differences ------------------------------------------------------------------ */

/* As two objects. */
static void put_world(const struct world *w, int *fd)
{
	fd[0] = memfd_create("one", MFD_CLOEXEC);
	fd[1] = memfd_create("two", MFD_CLOEXEC);
	if (ftruncate(fd[0], PAGES * PAGE) || ftruncate(fd[1], MORE * PAGE))
		abort();
	for (unsigned int i = 0; i < PAGES + MORE; i++)
		if (memcmp(w->page[i], w->page[i] + 1, PAGE - 1) &&
		    pwrite(fd[i >= PAGES], w->page[i], PAGE,
			   (i < PAGES ? i : i - PAGES) * PAGE) != PAGE)
			abort();
}

static int write_diff(const char *out, char **paths, unsigned int count,
		      const struct snap_about *a, const int *fd)
{
	struct object_source objects;
	struct diff_source diff;
	struct snap_writer w;
	struct merge m;
	int ret;

	if (merge_open(&m, paths, count, &err))
		abort();
	object_source_init(&objects, fd, a->object, 2);
	diff_source_init(&diff, &m.source, &objects.source);
	ret = snap_write_begin(&w, out, &err) ?:
	      snap_write_about(&w, a, &err) ?:
	      snap_copy(&diff.source, &w, NULL, &err) ?:
	      snap_write_end(&w, &err);
	object_source_fini(&objects);
	merge_close(&m);
	return ret;
}

static void test_diff(void)
{
	struct world *old = new_world(), *mid = new_world(), *now = new_world();
	char *paths[2] = { strdup(at("old")), strdup(at("mid")) };
	struct snap_about a;
	struct snap_totals t;
	unsigned int round, i, differ;
	bool same = true, least = true;
	int fd[2];

	for (round = 0; round < 8; round++) {
		memset(old, 0, sizeof(*old));
		change(old, round == 1 ? 0 : 30);
		memcpy(mid, old, sizeof(*mid));
		change(mid, 10);
		memcpy(now, mid, sizeof(*now));
		change(now, round == 2 ? 0 : 1U << round);
		if (round == 3)
			memset(now, 0, sizeof(*now));
		put_world(now, fd);
		unlink(paths[0]);
		unlink(paths[1]);
		unlink(at("diff"));
		a = about_of(1, 0);
		same = same && !write_file(paths[0], &a, old, NULL, &err);
		a = about_of(2, 1);
		same = same && !write_file(paths[1], &a, mid, old, &err);
		a = about_of(3, 2);
		same = same && !write_diff(at("diff"), paths, 2, &a, fd) &&
		       reads_as(at("diff"), mid, now, &t);
		for (i = 0, differ = 0; i < PAGES + MORE; i++)
			differ += !!memcmp(mid->page[i], now->page[i], PAGE);
		least = least && t.pages + t.zero == differ;
		close(fd[0]);
		close(fd[1]);
	}
	tap_ok(same, "what differs from two files, one on the other");
	tap_ok(least, "and nothing else");
	free(paths[0]);
	free(paths[1]);
	free(old);
	free(mid);
	free(now);
}

static bool does_not_merge(const char *base, const char *inc, const char *why)
{
	char *paths[] = { (char *)base, (char *)inc };
	unsigned int before = files_in_dir();
	bool good = merge_files(paths, 2, at("never"), NULL, &err) &&
		    err.code == VMCTL_FAILED && strstr(err.text, why) &&
		    before == files_in_dir();

	tap_note("%s", err.text);
	return good;
}

static void test_merge_refusals(void)
{
	struct snap_watcher not = { not_on };
	struct world *w = new_world();
	struct snap_about a = about_of(7, 6);
	char *many[MERGE_MAX + 1], *two[2];
	unsigned int i;

	write_file(at("of6"), &a, w, w, &err);
	a = about_of(9, 1);
	a.object[1] += PAGE;
	write_file(at("large"), &a, w, w, &err);
	tap_ok(does_not_merge(at("b"), at("c"), "no increment but a whole"),
	       "two whole ones");
	tap_ok(does_not_merge(at("b"), at("of6"), "an increment on 00"),
	       "an increment on another");
	tap_ok(does_not_merge(at("b"), at("large"), "memory of another size"),
	       "one of larger memory");
	tap_ok(does_not_merge(at("b"), at("nowhere"), "cannot open: No such file"),
	       "one that is not there");
	for (i = 0; i <= MERGE_MAX; i++)
		many[i] = (char *)at("b");
	tap_ok(merge_files(many, MERGE_MAX + 1, at("never"), NULL, &err) &&
	       err.code == VMCTL_USAGE, "too many: %s", err.text);
	two[0] = (char *)at("inc0");
	two[1] = (char *)at("inc1");
	tap_ok(merge_files(two, 2, at("never"), &not, &err) &&
	       !strcmp(err.text, "interrupted") && access(at("never"), F_OK),
	       "who is told to stop does");
	free(w);
}

/* ---- what cannot be written --------------------------------------------------------- */

static void test_no_room(void)
{
	struct rlimit old, small = { .rlim_cur = 100000, .rlim_max = RLIM_INFINITY };
	struct snap_about a = about_of(1, 0);
	struct world *w = new_world();
	unsigned int i, before = files_in_dir();
	char *long_name;

	for (i = 0; i < PAGES; i++)
		fill(w, i, 1);
	tap_ok(write_file(at("b"), &a, w, NULL, &err) &&
	       strstr(err.text, "cannot create: File exists"),
	       "a name that is taken: %s", err.text);
	tap_ok(write_file(at("no/dir"), &a, w, NULL, &err) &&
	       strstr(err.text, "cannot create: No such file"),
	       "a directory that is not there: %s", err.text);
	long_name = malloc(PATH_MAX + 1);
	memset(long_name, 'x', PATH_MAX);
	long_name[PATH_MAX] = 0;
	tap_ok(write_file(long_name, &a, w, NULL, &err) &&
	       strstr(err.text, "File name too long"), "a long name");
	free(long_name);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	tap_ok(write_file(at("new"), &a, w, NULL, &err) &&
	       strstr(err.text, "cannot write: File too large"),
	       "no room: %s", err.text);
	setrlimit(RLIMIT_FSIZE, &old);
	a.state_size = SNAP_MAX_STATE + 1;
	tap_ok(write_file(at("new"), &a, w, NULL, &err) &&
	       strstr(err.text, "cannot be saved: 67108865 bytes of 'STAT'"),
	       "more than there can be: %s", err.text);
	tap_ok(files_in_dir() == before, "and nothing is left of any");
	free(w);
}

static bool progress_is(uint64_t done, uint64_t total, const char *want)
{
	char text[64];

	progress_text(text, sizeof(text), "saved", done, total);
	return !strcmp(text, want);
}

static void test_progress(void)
{
	tap_ok(progress_is(512ULL << 20, 1ULL << 30, "saved: 512M of 1G, 50%") &&
	       progress_is(0, 4096, "saved: 0 of 4K, 0%") &&
	       progress_is(5000, 4096, "saved: 4K of 4K, 100%") &&
	       progress_is(UINT64_MAX / 2, UINT64_MAX - 1, "saved: 8388608T of 16777216T, 50%") &&
	       progress_is(3ULL << 20, 0, "saved: 3M"), "how far it is");
}

static void clean_up(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	if (system(command))
		abort();
}

int main(void)
{
	if (!mkdtemp(dir))
		abort();
	test_about();
	test_pages();
	test_pipe();
	test_stalled();
	test_object();
	test_increments();
	test_diff();
	test_merge_refusals();
	test_no_room();
	test_progress();
	clean_up();
	return tap_done();
}
