// SPDX-License-Identifier: GPL-2.0
/*
 * Deduplication and a memory cgroup: what is merged stays charged, and in a group that is
 * full, of pages that cannot leave, who writes to what is merged gets pages all the same;
 * to pack what others keep does not take the group beyond its limit.
 *
 * test: timeout: 180, memory: 2G
 */
#include <linux/vmm_mem.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>

#include "ksm.h"
#include "lineage.h"
#include "memcg.h"

#define LIMIT	(24 * VT_MB)
#define SIZE	(4 * VT_MB)
#define PAGES	((long)(SIZE / VT_PAGE))
#define OTHER	(64 * VT_MB)
#define WRITES	48UL

struct step {
	volatile int done, go;
	volatile unsigned long written;
	volatile unsigned int bus_errors;
};

static struct step *step;
static sigjmp_buf beyond;

static int create(uint64_t size)
{
	struct vmm_create_mem c = {
		.size = size, .flags = VMM_MEM_SMALL_PAGES,
	};
	int fd = ioctl(vt_dev, VMM_CREATE_MEM, &c);

	if (fd < 0)
		vt_bail("memory");
	return fd;
}

/* The first @words of 512 in each page do not compress. */
static void fill(volatile unsigned char *p, size_t size, uint64_t seed,
		 unsigned int words)
{
	volatile uint64_t *word = (volatile uint64_t *)p;
	uint64_t x = seed * 88172645463325252ULL + 1;
	size_t i;

	for (i = 0; i < size / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		word[i] = i % 512 < words ? x : 0;
	}
}

static void pause_at(int n)
{
	step->done = n;
	while (step->go < n)
		vt_sleep_ms(1);
}

static void on_bus_error(int sig)
{
	step->bus_errors++;
	siglongjmp(beyond, 1);
}

/*
 * Once its group is full this takes no memory but that of objects: the tables of its
 * mappings are there.
 */
static void child(void)
{
	struct sigaction sa = { .sa_handler = on_bus_error };
	int group = open(GROUP "/cgroup.procs", O_WRONLY | O_CLOEXEC);
	unsigned char *a, *other;
	volatile size_t i;

	sigaction(SIGBUS, &sa, NULL);
	grow_stack();
	if (mlockall(MCL_CURRENT) || write(group, "0", 1) != 1)
		_exit(1);
	a = vt_map(create(SIZE), SIZE);
	other = vt_map(create(OTHER), OTHER);
	fill(a, SIZE, 1, 256);
	for (i = 0; i < OTHER; i += 2 * VT_MB)
		other[i] = 1;
	pause_at(1);
	if (!sigsetjmp(beyond, 1))
		fill(other, OTHER, 2, 512);
	pause_at(2);
	if (!sigsetjmp(beyond, 1)) {
		for (i = 0; i < WRITES; i++) {
			a[i * VT_PAGE] = 0x77;
			step->written += a[i * VT_PAGE] == 0x77;
		}
	}
	step->done = 3;
	_exit(0);
}

static bool reaches(int n)
{
	return VT_WAIT_FOR(step->done >= n);
}

static void watch(void)
{
	unsigned char *p;
	long before, after;
	uint64_t sum;
	int b;

	if (!reaches(1))
		vt_bail("the other process");
	/* After that one's: frames are made of those that were there first. */
	b = create(SIZE);
	p = vt_map(b, SIZE);
	fill(p, SIZE, 1, 256);
	munmap(p, SIZE);
	sum = mem_sum(b, SIZE);
	set("run", "0");
	set("mode", "merge");
	set_number("seed", 42);
	before = number(GROUP "/memory.current", NULL);
	set_number("step", figure("pages_total"));
	after = number(GROUP "/memory.current", NULL);
	tap_ok(figure("pages_shared") >= PAGES, "merged: %lld",
	       figure("pages_shared"));
	tap_ok(after > before - (long)VT_MB && after < before + (long)VT_MB,
	       "what is merged stays charged: %ld, %ld", before, after);
	step->go = 1;
	tap_ok(reaches(2) && step->bus_errors == 1, "the group is full");
	step->go = 2;
	tap_ok(reaches(3) && step->bus_errors == 1 && step->written == WRITES,
	       "merged pages can be written, of %lu: %lu", WRITES,
	       step->written);
	tap_ok(number(GROUP "/memory.current", NULL) <= (long)(LIMIT + VT_MB + GROUP_SLACK),
	       "within the limit, all but");
	tap_ok(mem_sum(b, SIZE) == sum, "nobody else's change");
	close(b);
}

int main(void)
{
	int status = -1;
	pid_t pid;

	vt_open();
	step = mmap(NULL, sizeof(*step), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (step == MAP_FAILED || !make_group(LIMIT))
		vt_bail("a memory cgroup");
	memset(step, 0, sizeof(*step));
	pid = fork();
	if (!pid)
		child();
	watch();
	if (step->done < 3)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	tap_ok(WIFEXITED(status) && !WEXITSTATUS(status), "the process ends");
	tap_ok(!number(GROUP "/memory.events", "oom_kill "),
	       "nobody was killed");
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("pages_shared") &&
			   number(GROUP "/memory.current", NULL) <
			   (long)(2 * VT_MB)), "all is given back");
	set("mode", "observe");
	tap_ok(!rmdir(GROUP) && !umount(ROOT) && !rmdir(ROOT),
	       "the group can go");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
