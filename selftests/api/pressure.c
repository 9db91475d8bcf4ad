// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of memory objects, and what the host takes when it needs memory: objects that are
 * larger than they may be go on, slower, as long as something can leave, and nobody
 * loses a byte; a minimum is left to whom it was given.
 *
 * test: timeout: 180, memory: 2G
 */
#include <linux/vmm_mem.h>
#include <signal.h>
#include <sys/wait.h>

#include "lineage.h"

#define MB	VT_MB
#define SIZE	(32 * MB)
#define PAGES	((long)(SIZE / VT_PAGE))
#define LIMIT	(8 * MB)
#define SLACK	((long)(4 * MB / VT_PAGE))	/* two blocks */

static int create(void)
{
	struct vmm_create_mem c = { .size = SIZE };

	return ioctl(vt_dev, VMM_CREATE_MEM, &c);
}

static int set_policy(int fd, uint64_t limit, uint64_t min, uint32_t shares)
{
	struct vmm_mem_policy p = {
		.limit = limit, .min = min, .shares = shares,
	};

	return ioctl(fd, VMM_MEM_SET_POLICY, &p);
}

static int set_limit(int fd, uint64_t limit)
{
	return set_policy(fd, limit, 0, VMM_MEM_SHARES);
}

static bool refused(int result, int err)
{
	if (result < 0 && errno == err)
		return true;
	tap_note("%d, errno %d", result, errno);
	return false;
}

/* Every page its own; the first @words of 512 do not compress. */
static void fill(unsigned char *p, unsigned int seed, unsigned int words)
{
	uint64_t x = seed * 88172645463325252ULL + 1, *word = (uint64_t *)p;
	size_t i;

	for (i = 0; i < SIZE / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		word[i] = i % 512 < words ? x : i / 512;
	}
}

/* The same, without the object. */
static uint64_t sum_of(unsigned int seed, unsigned int words)
{
	uint64_t x = seed * 88172645463325252ULL + 1;
	uint64_t sum = 14695981039346656037ULL;
	size_t i;

	for (i = 0; i < SIZE / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		sum = (sum ^ (i % 512 < words ? x : i / 512)) * 1099511628211ULL;
	}
	return sum;
}

static bool within(int fd, uint64_t limit)
{
	long pages = mem_figure(fd, "family-pages");

	tap_note("%ld pages of %ld in memory", pages, (long)(limit / VT_PAGE));
	return pages <= (long)(limit / VT_PAGE) + SLACK;
}

/* ---- what is refused ---------------------------------------------------------------- */

/* Without rights; 0, or errno. */
static int as_nobody(int fd, uint64_t limit, uint64_t min, uint32_t shares)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(255);
		_exit(set_policy(fd, limit, min, shares) ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void test_refusals(void)
{
	struct vmm_mem_policy flags = { .shares = 1, .flags = 1 };
	int fd = create();

	tap_ok(refused(ioctl(fd, VMM_MEM_SET_POLICY, &flags), EINVAL), "flags");
	tap_ok(refused(set_policy(fd, LIMIT, 0, 0), EINVAL) &&
	       refused(set_policy(fd, LIMIT, 0, VMM_MEM_MAX_SHARES + 1), EINVAL),
	       "no shares, and more than there can be");
	tap_ok(refused(set_limit(fd, LIMIT + 1), EINVAL) &&
	       refused(set_policy(fd, 0, 1, 1), EINVAL), "parts of pages");
	tap_ok(refused(set_limit(fd, VMM_MEM_MIN_LIMIT - VT_PAGE), EINVAL),
	       "a limit too low");
	tap_ok(refused(set_limit(fd, 1ULL << 63), EINVAL) &&
	       refused(set_policy(fd, 0, 1ULL << 63, 1), EINVAL),
	       "more than an object can have");
	tap_ok(refused(set_policy(fd, LIMIT, LIMIT + VT_PAGE, 1), EINVAL),
	       "a minimum above the limit");
	tap_ok(as_nobody(fd, 0, VT_PAGE, 1) == EPERM &&
	       as_nobody(fd, 0, 0, VMM_MEM_SHARES + 1) == EPERM,
	       "a claim by who has no rights");
	tap_ok(!as_nobody(fd, LIMIT, 0, 1), "a limit of his own");
	tap_ok(mem_figure(fd, "limit") == (long)(LIMIT / VT_PAGE) &&
	       !mem_figure(fd, "min") && mem_figure(fd, "shares") == 1,
	       "is told");
	close(fd);
}

/* ---- limits -------------------------------------------------------------------------- */

static void test_limit(void)
{
	int fd = create(), frozen, child;
	unsigned char *p = vt_map(fd, SIZE);

	set_limit(fd, LIMIT);
	fill(p, 1, 64);
	tap_ok(within(fd, LIMIT), "four times the limit is written");
	tap_ok(mem_sum(fd, SIZE) == sum_of(1, 64) && within(fd, LIMIT),
	       "and read");
	frozen = mem_freeze(fd);
	child = mem_fork(frozen);
	close(frozen);
	tap_ok(mem_sum(child, SIZE) == sum_of(1, 64) && within(fd, LIMIT),
	       "a fork has the same limit");
	fill(p, 2, 64);
	tap_ok(mem_sum(child, SIZE) == sum_of(1, 64) &&
	       mem_sum(fd, SIZE) == sum_of(2, 64) && within(fd, LIMIT),
	       "and both have their own");
	close(child);
	set_limit(fd, 0);
	tap_ok(mem_sum(fd, SIZE) == sum_of(2, 64) &&
	       VT_WAIT_FOR(mem_figure(fd, "resident") == PAGES),
	       "without a limit all of it is in memory");
	munmap(p, SIZE);
	close(fd);
}

static volatile sig_atomic_t bus_errors;
static int limited;

/* What does not fit: with more, the store is made again. */
static void on_bus_error(int sig)
{
	bus_errors++;
	set_limit(limited, 0);
}

static void test_no_way_out(void)
{
	struct sigaction sa = { .sa_handler = on_bus_error }, old;
	int fd = create();
	unsigned char *p = vt_map(fd, SIZE);

	limited = fd;
	sigaction(SIGBUS, &sa, &old);
	set_limit(fd, LIMIT);
	fill(p, 3, 512);
	sigaction(SIGBUS, &old, NULL);
	tap_ok(bus_errors == 1, "SIGBUS where nothing can leave (%d)",
	       (int)bus_errors);
	tap_ok(mem_sum(fd, SIZE) == sum_of(3, 512), "and nothing is lost");
	munmap(p, SIZE);
	close(fd);
}

static void test_file(void)
{
	int fd = create(), file = memfd_create("swap", MFD_CLOEXEC);
	struct vmm_mem_swap s = { .fd = file };
	unsigned char *p = vt_map(fd, SIZE);

	if (ftruncate(file, 2 * SIZE) || ioctl(fd, VMM_MEM_SWAP, &s))
		vt_bail("no swap file: %d", errno);
	set_limit(fd, LIMIT);
	fill(p, 4, 512);
	tap_ok(within(fd, LIMIT), "what does not compress goes to the file");
	tap_ok(mem_sum(fd, SIZE) == sum_of(4, 512), "and comes back");
	munmap(p, SIZE);
	close(fd);
	close(file);
}

/* ---- guests -------------------------------------------------------------------------- */

/* Writes to each page from 1 MiB to ebx the number of the pass, of ecx, and looks. */
VT_BLOB(passes,
	"xor %eax, %eax\n"
	"1: inc %eax\n"
	"mov $0x100000, %edi\n"
	"2: lea -1(%eax), %edx\n"
	"cmp %edx, (%edi)\n"
	"jne 3f\n"
	"mov %eax, (%edi)\n"
	"add $0x1000, %edi\n"
	"cmp %ebx, %edi\n"
	"jb 2b\n"
	"cmp %ecx, %eax\n"
	"jb 1b\n"
	"out %al, $0x80\n"
	"3: out %al, $0x81\n"
	"hlt");

static void test_guest(void)
{
	struct vmm_regs regs;
	struct vt t;

	vt_make(&t, 1, SIZE);
	set_limit(t.mem, LIMIT);
	VT_LOAD(&t, passes);
	ioctl(t.cpu[0], VMM_VCPU_GET_REGS, &regs);
	regs.rcx = 3;
	regs.rbx = SIZE;
	ioctl(t.cpu[0], VMM_VCPU_SET_REGS, &regs);
	tap_ok(vt_wrote_port(&t, 0, 0x80),
	       "a guest goes on within a quarter of its memory");
	tap_ok(within(t.mem, LIMIT), "and keeps to it");
	vt_free(&t);
}

/* ---- the host ------------------------------------------------------------------------ */

static void shrink(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "2", 1) != 1)
		vt_bail("no drop_caches");
	close(fd);
}

static void test_shrinker(void)
{
	int kept = create(), fd = create();
	unsigned char *p = vt_map(kept, SIZE), *q = vt_map(fd, SIZE);

	fill(p, 5, 64);
	fill(q, 6, 64);
	set_policy(kept, 0, SIZE, VMM_MEM_SHARES);
	tap_ok(VT_WAIT_FOR((shrink(), !mem_figure(fd, "resident"))),
	       "the host takes what is to be had (%ld pages are left)",
	       mem_figure(fd, "resident"));
	tap_ok(mem_figure(kept, "resident") == PAGES, "and leaves a minimum");
	tap_ok(mem_sum(fd, SIZE) == sum_of(6, 64) &&
	       mem_sum(kept, SIZE) == sum_of(5, 64), "all of it comes back");
	munmap(p, SIZE);
	munmap(q, SIZE);
	close(kept);
	close(fd);
}

int main(void)
{
	vt_open();
	test_refusals();
	test_limit();
	test_no_way_out();
	test_file();
	test_guest();
	test_shrinker();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
