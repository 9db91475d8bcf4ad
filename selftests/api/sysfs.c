// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/vmm: what it shows of VMs, to whom, and that sums are exact.  sysfs_race.c
 * has readers and dying VMs.
 *
 * test: timeout: 90
 */
#include <dirent.h>
#include <sys/stat.h>

#include "vmmtest.h"

#define TOP "/sys/kernel/vmm"

VT_BLOB(work, "mov $500, %ecx\n 1: mov $0, %eax\n push %ecx\n cpuid\n pop %ecx\n"
	      " loop 1b\n out %al, $0x80\n 2: hlt\n jmp 2b");

/* The first line of a file; NULL if it cannot be read. */
static char *slurp(const char *fmt, ...)
{
	static char text[256];
	char path[512];
	ssize_t len;
	va_list ap;
	int fd;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return NULL;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len < 0)
		return NULL;
	text[len] = 0;
	text[strcspn(text, "\n")] = 0;
	return text;
}

static bool is(const char *got, const char *wanted)
{
	if (got && !strcmp(got, wanted))
		return true;
	tap_note("got %s, wanted %s", got ? got : strerror(errno), wanted);
	return false;
}

static unsigned long long number(const char *dir, const char *sub,
				 const char *file)
{
	char *text = slurp("%s/%s/%s", dir, sub, file);

	return text ? strtoull(text, NULL, 10) : ~0ULL;
}

/* Calls @fn with each entry of a directory; how many. */
static int each(const char *path, void (*fn)(const char *name, void *arg),
		void *arg)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int n = 0;

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		fn(e->d_name, arg);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

struct sum {
	const char *sub, *file;
	unsigned long long value;
};

static void add(const char *name, void *arg)
{
	struct sum *sum = arg;
	char dir[300];

	snprintf(dir, sizeof(dir), TOP "/vms/%s", name);
	sum->value += number(dir, sum->sub, sum->file);
}

struct check {
	const char *sub, *gone;
	int bad, busy;
};

static void check_sum(const char *file, void *arg)
{
	struct check *c = arg;
	struct sum sum = { .sub = c->sub, .file = file };
	unsigned long long total = number(TOP, c->sub, file);

	each(TOP "/vms", add, &sum);
	sum.value += number(TOP, c->gone, file);
	if (sum.value != total) {
		tap_note("%s/%s: %llu, sum %llu", c->sub, file, total,
			 sum.value);
		c->bad++;
	}
	c->busy += total != 0;
}

static bool sums_hold(const char *sub, const char *gone, int *files)
{
	struct check c = { .sub = sub, .gone = gone };
	char path[64];

	snprintf(path, sizeof(path), TOP "/%s", sub);
	*files = each(path, check_sum, &c);
	return *files > 10 && !c.bad && c.busy;
}

static void last_id(const char *name, void *arg)
{
	unsigned int *id = arg, n = atoi(name);

	if (n > *id)
		*id = n;
}

static void test_files(void)
{
	unsigned int id = 0;
	struct stat st;
	struct vt t;
	char dir[64];
	int uid;
	pid_t pid;

	tap_ok(is(slurp(TOP "/nr_vms"), "0"), "no VM at first");
	vt_make(&t, 2, VT_MB);
	tap_ok(is(slurp(TOP "/nr_vms"), "1"), "then one");
	each(TOP "/vms", last_id, &id);
	snprintf(dir, sizeof(dir), TOP "/vms/%u", id);
	tap_ok(is(slurp("%s/state", dir), "new"), "it is new");
	tap_ok(is(slurp("%s/name", dir), "test"), "has its name");
	tap_ok(is(slurp("%s/vcpus", dir), "2"), "its vCPUs");
	tap_ok(is(slurp("%s/memory_bytes", dir), "1048576"), "its memory");
	tap_ok(number(dir, ".", "resident_bytes") > 0 &&
	       number(dir, ".", "resident_bytes") <= VT_MB, "some of it used");
	VT_LOAD(&t, work);
	tap_ok(vt_wrote_port(&t, 0, 0x80), "runs");
	tap_ok(is(slurp("%s/state", dir), "running"), "is running");
	tap_ok(number(dir, "exits", "cpuid") == 500, "500 exits for CPUID");
	tap_ok(!stat(dir, &st) && !st.st_uid, "root's");
	pid = fork();
	if (!pid) {
		uid = setresuid(1000, 1000, 1000);
		_exit(uid || slurp("%s/stats/exits", dir) || errno != EACCES ||
		      slurp("%s/name", dir) ||
		      !slurp("%s/state", dir) || !slurp(TOP "/stats/exits"));
	}
	waitpid(pid, &uid, 0);
	tap_ok(!uid, "another user sees its state, not its inside");
	ioctl(t.vm, VMM_VM_KILL, 0);
	tap_ok(is(slurp("%s/state", dir), "dead"), "killed");
	vt_free(&t);
	tap_ok(stat(dir, &st) && errno == ENOENT, "gone");
	tap_ok(is(slurp(TOP "/nr_vms"), "0"), "none again");
}

/* A VM of a user who is not root is that user's in sysfs. */
static void test_owner(void)
{
	unsigned int id = 0;
	int status, vm;
	struct stat st;
	char dir[64];
	pid_t pid;

	pid = fork();
	if (!pid) {
		if (setresgid(1001, 1001, 1001) || setresuid(1000, 1000, 1000))
			_exit(1);
		vm = vt_create_vm(1);
		each(TOP "/vms", last_id, &id);
		snprintf(dir, sizeof(dir), TOP "/vms/%u", id);
		_exit(vm < 0 || stat(dir, &st) || st.st_uid != 1000 ||
		      st.st_gid != 1001 || !slurp("%s/stats/exits", dir));
	}
	waitpid(pid, &status, 0);
	tap_ok(!status, "a user reads what is his");
}

static void test_sums(void)
{
	struct vt t[3];
	int i, files;
	bool good;

	for (i = 0; i < 3; i++) {
		vt_make(&t[i], 1, VT_MB);
		VT_LOAD(&t[i], work);
		if (!vt_wrote_port(&t[i], 0, 0x80))
			vt_bail("run");
	}
	good = sums_hold("stats", "gone_stats", &files);
	tap_ok(good, "sums over VMs are the totals: %d counters", files);
	good = sums_hold("exits", "gone_exits", &files);
	tap_ok(good, "and %d reasons", files);
	tap_ok(number(TOP, "exits", "cpuid") == 2000, "all is counted");
	vt_free(&t[1]);
	good = sums_hold("stats", "gone_stats", &files) &&
	       sums_hold("exits", "gone_exits", &files);
	tap_ok(good && number(TOP, "exits", "cpuid") == 2000,
	       "a VM that goes takes nothing away");
	vt_free(&t[0]);
	vt_free(&t[2]);
	tap_ok(number(TOP, "gone_exits", "cpuid") == 2000, "nor do the last");
}

int main(void)
{
	vt_open();
	test_files();
	test_owner();
	test_sums();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
