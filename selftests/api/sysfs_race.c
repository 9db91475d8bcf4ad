// SPDX-License-Identifier: GPL-2.0
/*
 * Readers of every file of every VM in /sys/kernel/vmm, and VMs that run for a moment
 * and die, by their last file or by a kill: what is read has its form, what is held open
 * ends with the VM, sums never go back, and in the end all counters are those of the
 * VMs that are gone.  VMM_SECONDS tells how long.
 *
 * test: check: 6.1, timeout: 60
 */
#include <dirent.h>

#include <linux/vmm_ksm.h>

#include "vmmtest.h"

#define TOP		"/sys/kernel/vmm"
#define NR_HELD		64

VT_BLOB(work, "1: xor %eax, %eax\n cpuid\n out %al, $0x80\n jmp 1b");

static volatile bool stop;

/**
 * struct count - what one reader saw
 * @gone:	files that went under it
 */
struct count {
	unsigned long rounds, files, gone, bad;
};

/* Bytes of a line, -1 if the file has gone. */
static int line_at(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, text, size - 1);
	close(fd);
	if (len > 0)
		text[len] = 0;
	return (int)len;
}

static bool one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(text, *words))
		words++;
	return *words;
}

/* Whole records, as far as they are read; of a VM without memory none. */
static bool is_dump(const char *name, int len)
{
	return !strcmp(name, "hashes") && len >= 0 &&
	       !(len % (int)sizeof(struct vmm_ksm_page));
}

/* One value and an end of line. */
static bool has_form(const char *name, const char *text)
{
	static const char *const states[] = {
		"new\n", "running\n", "paused\n", "dead\n", NULL
	};

	if (!strcmp(name, "name"))
		return !strcmp(text, "test\n");
	if (!strcmp(name, "state"))
		return one_of(text, states);
	/* Of a VM without memory. */
	if (!strcmp(name, "domain") && !strcmp(text, "none\n"))
		return true;
	return text[0] != '\n' && text[strspn(text, "0123456789")] == '\n';
}

static void read_file(int dir, const char *name, struct count *c)
{
	char text[128];
	int len = line_at(dir, name, text, sizeof(text));

	if (is_dump(name, len)) {
		c->files++;
	} else if (len > 0) {
		c->files++;
		if (!has_form(name, text) && c->bad++ < 5)
			printf("# %s: %s", name, text);
	} else if (len == 0 || (errno != ENODEV && errno != ENOENT)) {
		if (c->bad++ < 5)
			printf("# %s: %s\n", name,
			       len ? strerror(errno) : "empty");
	} else {
		c->gone++;
	}
}

/* Each file below a directory. */
static void read_all(int at, const char *name, struct count *c)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		c->gone++;
		return;
	}
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		if (e->d_type == DT_DIR)
			read_all(dirfd(dir), e->d_name, c);
		else
			read_file(dirfd(dir), e->d_name, c);
	}
	closedir(dir);
}

static void *reader(void *arg)
{
	struct count *c = arg;

	while (!stop) {
		read_all(AT_FDCWD, TOP "/vms", c);
		c->rounds++;
	}
	return NULL;
}

/* ---- files that are held open ----------------------------------------------------- */

static int held[NR_HELD];

static void hold(unsigned int at, unsigned int *rnd)
{
	static const char *const files[] = {
		"state", "name", "resident_bytes", "stats/exits", "exits/cpuid",
	};
	DIR *dir = opendir(TOP "/vms");
	char path[300];
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			break;
	if (dir && e) {
		if (held[at] >= 0)
			close(held[at]);
		snprintf(path, sizeof(path), TOP "/vms/%s/%s", e->d_name,
			 files[(unsigned int)rand_r(rnd) % 5]);
		held[at] = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
}

static void *holder(void *arg)
{
	struct count *c = arg;
	unsigned int rnd = 1, i;
	char text[128];

	while (!stop) {
		hold((unsigned int)rand_r(&rnd) % NR_HELD, &rnd);
		for (i = 0; i < NR_HELD; i++) {
			if (held[i] < 0)
				continue;
			c->files++;
			if (pread(held[i], text, sizeof(text), 0) > 0)
				continue;
			c->gone++;
			c->bad += errno != ENODEV;
		}
		c->rounds++;
	}
	return NULL;
}

/* The VMs they were of have gone. */
static bool all_ended(void)
{
	unsigned int i, alive = 0;
	char text[128];

	for (i = 0; i < NR_HELD; i++) {
		if (held[i] < 0)
			continue;
		alive += pread(held[i], text, sizeof(text), 0) >= 0 ||
			 errno != ENODEV;
		close(held[i]);
	}
	return !alive;
}

/* ---- sums -------------------------------------------------------------------------- */

static unsigned long long number(const char *path)
{
	char text[128];

	return line_at(AT_FDCWD, path, text, sizeof(text)) > 0 ?
	       strtoull(text, NULL, 10) : ~0ULL;
}

static void *watcher(void *arg)
{
	unsigned long long last = 0, now, gone, last_gone = 0;
	struct count *c = arg;

	while (!stop) {
		gone = number(TOP "/gone_stats/exits");
		now = number(TOP "/stats/exits");
		if ((now < last || gone < last_gone || gone > now) &&
		    c->bad++ < 5)
			printf("# exits: %llu after %llu, of the gone %llu after %llu\n",
			       now, last, gone, last_gone);
		last = now;
		last_gone = gone;
		c->rounds++;
	}
	return NULL;
}

/* No VM is left: totals are those of the gone. */
static bool totals_are(const char *sub, const char *of_gone, int *files)
{
	DIR *dir;
	char a[300], b[300];
	struct dirent *e;
	int bad = 0;

	snprintf(a, sizeof(a), TOP "/%s", sub);
	dir = opendir(a);
	*files = 0;
	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(a, sizeof(a), TOP "/%s/%.64s", sub, e->d_name);
		snprintf(b, sizeof(b), TOP "/%s/%.64s", of_gone, e->d_name);
		bad += number(a) != number(b) || number(a) == ~0ULL;
		(*files)++;
	}
	if (dir)
		closedir(dir);
	return !bad && *files > 10;
}

/* ---- VMs that come and go ------------------------------------------------------------ */

static void *maker(void *arg)
{
	unsigned int rnd = (uintptr_t)arg, n;
	unsigned long made;
	struct vt t;

	for (made = 0; !stop; made++) {
		vt_make(&t, 1 + (unsigned int)rand_r(&rnd) % 2, VT_MB);
		VT_LOAD(&t, work);
		for (n = (unsigned int)rand_r(&rnd) % 4; n; n--)
			vt_wrote_port(&t, 0, 0x80);
		if (rand_r(&rnd) % 2)
			ioctl(t.vm, VMM_VM_KILL, 0);
		vt_free(&t);
	}
	return (void *)made;
}

static void race(unsigned int seconds)
{
	struct count c[4] = {};
	pthread_t thread[4], make[2];
	void *made[2];
	unsigned int i;

	memset(held, -1, sizeof(held));
	for (i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, reader, &c[i]);
	pthread_create(&thread[2], NULL, holder, &c[2]);
	pthread_create(&thread[3], NULL, watcher, &c[3]);
	for (i = 0; i < 2; i++)
		pthread_create(&make[i], NULL, maker, (void *)(i + 1UL));
	vt_sleep_ms(1000 * seconds);
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(make[i], &made[i]);
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	tap_ok((unsigned long)made[0] + (unsigned long)made[1] > 6,
	       "%lu VMs came and went",
	       (unsigned long)made[0] + (unsigned long)made[1]);
	tap_ok(!c[0].bad && !c[1].bad && c[0].files && c[1].files,
	       "%lu files had their form, %lu went under their readers",
	       c[0].files + c[1].files, c[0].gone + c[1].gone);
	tap_ok(!c[2].bad && c[2].gone, "%lu times one held open had gone",
	       c[2].gone);
	tap_ok(!c[3].bad && c[3].rounds > 10,
	       "%lu times the sums had not gone back", c[3].rounds);
}

int main(void)
{
	const char *seconds = getenv("VMM_SECONDS");
	int files;
	bool good;

	vt_open();
	race(seconds ? (unsigned int)atoi(seconds) : 6);
	tap_ok(all_ended(), "what is held open has ended");
	tap_ok(number(TOP "/nr_vms") == 0, "no VM is left");
	good = totals_are("stats", "gone_stats", &files);
	tap_ok(good, "totals are those of the gone: %d counters", files);
	good = totals_are("exits", "gone_exits", &files);
	tap_ok(good, "and %d reasons", files);
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
