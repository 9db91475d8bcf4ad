// SPDX-License-Identifier: GPL-2.0
/*
 * Memory objects that share, in a memory cgroup that has no room for copies: a writer
 * is told, nothing is lost, and with less that is shared he can go on.  Nothing compresses, so
 * that nothing can leave memory instead.
 *
 * test: timeout: 120
 */
#include <setjmp.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lineage.h"

#define SIZE	(8 * VT_MB)
#define PAGES	(SIZE / VT_PAGE)

static int create(uint32_t flags)
{
	struct vmm_create_mem c = { .size = SIZE, .flags = flags };

	return ioctl(vt_dev, VMM_CREATE_MEM, &c);
}

static int byte_at(int fd, off_t offset)
{
	unsigned char byte;

	return pread(fd, &byte, 1, offset) == 1 ? byte : -1;
}

#define ROOT	"/tmp/vmm-nomem-cgroup"
#define GROUP	ROOT "/g"

static sigjmp_buf no_memory;

static void on_bus_error(int sig)
{
	siglongjmp(no_memory, 1);
}

static bool put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	close(fd);
	return good;
}

/* What does not compress; pages begin with what is kept in @first, too. */
static void fill(unsigned char *p, unsigned char *first)
{
	uint64_t x = 88172645463325252ULL, *word = (uint64_t *)p;
	size_t i;

	for (i = 0; i < SIZE / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		word[i] = x | 4;
		if (!(i % 512))
			first[i / 512] = word[i];
	}
}

/* Breaks pages until there is no memory for more, and goes on with less. */
static int exhaust(uint32_t flags)
{
	struct sigaction sa = { .sa_handler = on_bus_error };
	int fd = create(flags), snap;
	volatile unsigned int at = 0, tries = 500;
	static unsigned char *p, first[PAGES], last;
	uint64_t sum;

	/* What the test itself needs is there before it joins. */
	sigaction(SIGBUS, &sa, NULL);
	mem_sum(fd, SIZE);
	memset(first, 1, sizeof(first));
	if (mlockall(MCL_CURRENT) || !put(GROUP "/cgroup.procs", "0"))
		return 1;
	p = vt_map(fd, SIZE);
	fill(p, first);
	last = p[SIZE - 1];
	snap = mem_freeze(fd);
	sum = mem_sum(snap, SIZE);
	if (!sigsetjmp(no_memory, 1)) {
		for (; at < PAGES; at++)
			p[at * VT_PAGE] = 2;
		return 2;
	}
	if (!at || p[(at - 1) * VT_PAGE] != 2 ||
	    byte_at(fd, at * VT_PAGE) != first[at] || mem_sum(snap, SIZE) != sum)
		return 3;
	/*
	 * Without the frozen object the page can be taken over, as soon as that has gone,
	 * which is after a grace period.  No file tells: to read one takes memory.
	 */
	close(snap);
	sigsetjmp(no_memory, 1);
	if (!tries--)
		return 5;
	usleep(10000);
	for (; at < PAGES; at++)
		p[at * VT_PAGE] = 2;
	return p[SIZE - VT_PAGE] != 2 || p[SIZE - 1] != last;
}

static void test_no_memory(uint32_t flags)
{
	int status = -1;
	pid_t pid;

	mkdir(ROOT, 0700);
	if (!tap_ok(!mount("none", ROOT, "cgroup2", 0, NULL) &&
		    put(ROOT "/cgroup.subtree_control", "+memory") &&
		    !mkdir(GROUP, 0700) &&
		    put(GROUP "/memory.max", "12582912"), "a group of 12 MiB"))
		return;
	pid = fork();
	if (!pid)
		_exit(exhaust(flags));
	waitpid(pid, &status, 0);
	tap_ok(WIFEXITED(status) && !WEXITSTATUS(status),
	       "no memory for a break: SIGBUS, and nothing is lost (status %#x)",
	       status);
	VT_WAIT_FOR(!rmdir(GROUP));
	umount(ROOT);
	rmdir(ROOT);
}

int main(void)
{
	vt_open();
	test_no_memory(0);
	test_no_memory(VMM_MEM_SMALL_PAGES);
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
