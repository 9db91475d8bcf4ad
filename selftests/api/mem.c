// SPDX-License-Identifier: GPL-2.0
/*
 * Memory objects from user space: sizes, mapping, pinning, discarding, charging,
 * and that nothing is left of them.
 *
 * test: timeout: 120, memory: 2G
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vmm.h>

#include "hostmem.h"
#include "tap.h"

#define KB4	4096UL
#define MB	(1UL << 20)

static int dev;

static int create(uint64_t size, uint32_t flags)
{
	struct vmm_create_mem c = { .size = size, .flags = flags };

	return ioctl(dev, VMM_CREATE_MEM, &c);
}

static unsigned char *map(int fd, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static int punch(int fd, off_t offset, off_t len)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
			 len);
}

static bool refused(long ret, int err)
{
	return ret == -1 && errno == err;
}

/* A figure of the object, from its fdinfo. */
static long figure(int fd, const char *name)
{
	char path[64], line[128];
	long val = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, name, strlen(name)))
			val = atol(line + strlen(name) + 1);
	}
	if (f)
		fclose(f);
	return val;
}

static long resident(int fd)
{
	return figure(fd, "vmm-mem-resident");
}

static bool all_zero(const unsigned char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i])
			return false;
	}
	return true;
}

static void test_create(void)
{
	struct vmm_info info;
	struct stat st;
	char byte;
	int fd;

	tap_ok(!ioctl(dev, VMM_INFO, &info) && info.max_mem, "limit is told");
	tap_ok(refused(create(0, 0), EINVAL), "size 0");
	tap_ok(refused(create(4095, 0), EINVAL), "size not of whole pages");
	tap_ok(refused(create(info.max_mem + KB4, 0), EINVAL), "size too large");
	tap_ok(refused(create(~0UL << 12, 0), EINVAL), "size absurd");
	tap_ok(refused(create(KB4, ~0U), EINVAL), "unknown flags");

	fd = create(info.max_mem, 0);
	tap_ok(fd >= 0 && !resident(fd), "largest size, nothing allocated");
	close(fd);

	fd = create(3 * KB4, 0);
	tap_ok(!fstat(fd, &st) && st.st_size == 3 * (off_t)KB4, "fstat");
	tap_ok(refused(ftruncate(fd, KB4), EPERM), "its size is for life");
	tap_ok(refused(fchmod(fd, 0777), EPERM), "its mode too");
	tap_ok(read(fd, &byte, 1) == 1 && !byte && !resident(fd),
	       "read(): zero, and nothing is made");
	tap_ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "close on exec");
	close(fd);
}

static void test_map_errors(void)
{
	int fd = create(16 * KB4, 0);
	unsigned char *p;

	p = mmap(NULL, KB4, PROT_READ, MAP_PRIVATE, fd, 0);
	tap_ok(p == MAP_FAILED && errno == EINVAL, "no private mapping");
	p = map(fd, 17 * KB4);
	tap_ok(p == MAP_FAILED && errno == EINVAL, "no mapping past the end");
	p = mmap(NULL, KB4, PROT_READ, MAP_SHARED, fd, 16 * KB4);
	tap_ok(p == MAP_FAILED && errno == EINVAL, "none behind the end");
	p = mmap(NULL, KB4, PROT_READ, MAP_SHARED, fd, 1L << 62);
	tap_ok(p == MAP_FAILED, "none at an absurd offset");
	p = map(fd, 8 * KB4);
	tap_ok(mremap(p, 8 * KB4, 32 * KB4, MREMAP_MAYMOVE) == MAP_FAILED,
	       "no growing of a mapping");
	munmap(p, 8 * KB4);

	p = mmap(NULL, 16 * KB4, PROT_READ, MAP_SHARED, fd, 0);
	tap_ok(p != MAP_FAILED && all_zero(p, 16 * KB4), "read-only mapping");
	tap_ok(refused(mprotect(p, KB4, PROT_READ | PROT_WRITE), EACCES),
	       "which stays read-only");
	munmap(p, 16 * KB4);
	close(fd);
}

static void test_blocks(void)
{
	int fd = create(9 * MB, 0), small = create(9 * MB, VMM_MEM_SMALL_PAGES);
	unsigned char *p = map(fd, 9 * MB), *q = map(small, 9 * MB);

	p[3 * MB] = 1;
	tap_ok((resident(fd) == 512 && figure(fd, "vmm-mem-huge") == 1) ||
	       (resident(fd) == 1 && figure(fd, "vmm-mem-huge") == 0),
	       "first touch allocates a block, or a page where none is free");
	tap_note("2 MiB blocks: %ld", figure(fd, "vmm-mem-huge"));
	q[3 * MB] = 1;
	tap_ok(resident(small) == 1 && !figure(small, "vmm-mem-huge"),
	       "small pages on demand");
	q[8 * MB] = 1;
	p[8 * MB + 5 * KB4] = 1;
	tap_ok(figure(fd, "vmm-mem-huge") <= 1 && resident(fd) <= 513,
	       "no block reaches past the end");
	tap_ok(p[3 * MB] == 1 && all_zero(p + 2 * MB, MB), "rest is zero");
	munmap(p, 9 * MB);
	munmap(q, 9 * MB);
	close(fd);
	close(small);
}

static void test_sharing(void)
{
	int fd = create(4 * MB, 0), status;
	unsigned char *p = map(fd, 4 * MB), *q = map(fd, 4 * MB);
	pid_t pid;

	p[5] = 7;
	tap_ok(q[5] == 7, "two mappings, one memory");
	pid = fork();
	if (!pid) {
		p[KB4] = 9;
		_exit(p[5] == 7 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	tap_ok(!status && q[KB4] == 9, "shared with a child");
	close(fd);
	p[2 * MB] = 3;
	tap_ok(q[2 * MB] == 3, "a mapping outlives the descriptor");
	munmap(p, 4 * MB);
	munmap(q, 4 * MB);
}

/* get_user_pages for a moment, for the life of a pipe buffer, and for long. */
static void test_pins(void)
{
	int fd = create(4 * MB, 0), pipes[2], sock;
	unsigned char *p = map(fd, 4 * MB);
	struct xdp_umem_reg reg = { .len = 64 * KB4, .chunk_size = KB4 };
	struct iovec to, from;
	char buf[KB4], text[] = "written by another";

	memset(p, 0x5a, KB4);
	to = (struct iovec){ buf, sizeof(buf) };
	from = (struct iovec){ p, KB4 };
	tap_ok(process_vm_readv(getpid(), &to, 1, &from, 1, 0) == KB4 &&
	       !memcmp(buf, p, KB4), "process_vm_readv");
	to = (struct iovec){ text, sizeof(text) };
	from = (struct iovec){ p + MB, sizeof(text) };
	tap_ok(process_vm_writev(getpid(), &to, 1, &from, 1, 0) ==
	       sizeof(text) && !strcmp((char *)p + MB, text),
	       "process_vm_writev to an untouched page");

	from = (struct iovec){ p, KB4 };
	tap_ok(!pipe(pipes) && vmsplice(pipes[1], &from, 1, 0) == KB4,
	       "vmsplice");
	tap_ok(!punch(fd, 0, KB4) && all_zero(p, KB4),
	       "the page is discarded meanwhile");
	p[0] = 1;
	tap_ok(read(pipes[0], buf, KB4) == KB4 && buf[0] == 0x5a &&
	       buf[KB4 - 1] == 0x5a, "the pipe still has the old one");
	close(pipes[0]);
	close(pipes[1]);

	sock = socket(AF_XDP, SOCK_RAW, 0);
	reg.addr = (uintptr_t)p + 2 * MB;
	if (sock < 0)
		tap_note("no AF_XDP: long-term pins not tried (%s)",
			 strerror(errno));
	else
		tap_ok(!setsockopt(sock, SOL_XDP, XDP_UMEM_REG, &reg,
				   sizeof(reg)), "long-term pin");
	p[2 * MB] = 4;
	tap_ok(!punch(fd, 2 * MB, 2 * MB) && !p[2 * MB],
	       "pinned pages can be discarded");
	close(sock);
	munmap(p, 4 * MB);
	close(fd);
}

static bool seeks(int fd, off_t from, int whence, off_t to)
{
	return lseek(fd, from, whence) == to;
}

/* Where there are pages is told without making any. */
static void test_seek(void)
{
	const off_t last = 64 * MB - KB4;
	int fd = create(64 * MB, VMM_MEM_SMALL_PAGES);
	unsigned char *p = map(fd, 64 * MB);

	tap_ok(refused(lseek(fd, 0, SEEK_DATA), ENXIO) &&
	       seeks(fd, 5, SEEK_HOLE, 5), "an empty object is a hole");
	p[5 * MB] = 1;
	p[5 * MB + KB4] = 1;
	p[last] = 1;
	tap_ok(seeks(fd, 0, SEEK_DATA, 5 * MB) &&
	       seeks(fd, 5 * MB + 7, SEEK_DATA, 5 * MB + 7) &&
	       seeks(fd, 5 * MB, SEEK_HOLE, 5 * MB + 2 * KB4) &&
	       seeks(fd, 5 * MB + 2 * KB4, SEEK_DATA, last) &&
	       seeks(fd, last, SEEK_HOLE, 64 * MB), "pages and holes");
	tap_ok(refused(lseek(fd, 64 * MB, SEEK_DATA), ENXIO) &&
	       refused(lseek(fd, 64 * MB, SEEK_HOLE), ENXIO) &&
	       refused(lseek(fd, -1, SEEK_HOLE), ENXIO), "the end is beyond");
	tap_ok(resident(fd) == 3, "looking makes none");
	punch(fd, 5 * MB, KB4);
	tap_ok(seeks(fd, 0, SEEK_DATA, 5 * MB + KB4) &&
	       seeks(fd, 5 * MB, SEEK_HOLE, 5 * MB), "what was discarded is a hole");
	munmap(p, 64 * MB);
	close(fd);
	fd = create(8 * MB, 0);
	p = map(fd, 8 * MB);
	p[3 * MB] = 1;
	tap_ok(resident(fd) != 512 ||
	       (seeks(fd, 0, SEEK_DATA, 2 * MB) &&
		seeks(fd, 2 * MB, SEEK_HOLE, 4 * MB)), "a block is all data");
	munmap(p, 8 * MB);
	close(fd);
}

static void test_discard(void)
{
	int fd = create(8 * MB, 0);
	unsigned char *p = map(fd, 8 * MB);
	long before;

	memset(p, 1, 8 * MB);
	tap_ok(resident(fd) == 2048, "all touched");
	tap_ok(refused(punch(fd, 1, KB4), EINVAL), "offset not aligned");
	tap_ok(refused(punch(fd, 0, KB4 + 1), EINVAL), "length not aligned");
	tap_ok(refused(fallocate(fd, 0, 0, KB4), EOPNOTSUPP),
	       "no other fallocate");
	tap_ok(resident(fd) == 2048, "and no effect");

	tap_ok(!punch(fd, 3 * KB4, KB4) && resident(fd) == 2047 &&
	       all_zero(p + 3 * KB4, KB4) && p[2 * KB4] && p[4 * KB4],
	       "one page");
	tap_ok(resident(fd) == 2048, "which came back with a touch");
	tap_ok(!punch(fd, MB, 6 * MB) && all_zero(p + MB, 6 * MB) && p[MB - 1] &&
	       p[7 * MB], "across blocks");
	before = resident(fd);
	tap_ok(!punch(fd, 8 * MB - KB4, 1UL << 40) && resident(fd) == before - 1,
	       "past the end");
	tap_ok(!punch(fd, 1UL << 40, KB4) && resident(fd) == before - 1,
	       "behind the end");
	tap_ok(!punch(fd, 0, 8 * MB) && !resident(fd) &&
	       !figure(fd, "vmm-mem-tables") && !figure(fd, "vmm-mem-huge"),
	       "all: nothing is left");
	tap_ok(all_zero(p, 8 * MB), "and reads as zero");
	munmap(p, 8 * MB);
	close(fd);
}

/* --- discards against faults --------------------------------------------- */

#define RACE_PAGES	1024

static unsigned char *race_a, *race_b;
static int race_fd;
static volatile bool race_stop;

static void *discarder(void *arg)
{
	unsigned int seed = 1;

	while (!race_stop) {
		unsigned int first = rand_r(&seed) % RACE_PAGES;
		unsigned int n = 1 + rand_r(&seed) % 64;

		if (first + n > RACE_PAGES)
			n = RACE_PAGES - first;
		punch(race_fd, first * KB4, n * KB4);
	}
	return NULL;
}

static void *toucher(void *arg)
{
	unsigned int seed = (uintptr_t)arg;
	volatile unsigned char *a = race_a, *b = race_b;

	while (!race_stop) {
		unsigned int page = rand_r(&seed) % RACE_PAGES;

		a[page * KB4] = 1;
		b[page * KB4 + 8] = 2;
		(void)a[page * KB4 + 8];
	}
	return NULL;
}

/* Both mappings of a page lead to one page, or a discard left one behind. */
static void test_race(void)
{
	pthread_t t[3];
	unsigned int i, bad = 0;

	race_fd = create(RACE_PAGES * KB4, 0);
	race_a = map(race_fd, RACE_PAGES * KB4);
	race_b = map(race_fd, RACE_PAGES * KB4);
	pthread_create(&t[0], NULL, discarder, NULL);
	pthread_create(&t[1], NULL, toucher, (void *)1);
	pthread_create(&t[2], NULL, toucher, (void *)2);
	sleep(5);
	race_stop = true;
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	for (i = 0; i < RACE_PAGES; i++) {
		race_a[i * KB4] = i;
		bad += race_b[i * KB4] != (unsigned char)i;
		race_b[i * KB4 + 1] = i + 1;
		bad += race_a[i * KB4 + 1] != (unsigned char)(i + 1);
	}
	tap_ok(!bad, "mappings agree after 5 s of discards and faults");
	tap_ok(resident(race_fd) == RACE_PAGES, "count is exact");
	munmap(race_a, RACE_PAGES * KB4);
	munmap(race_b, RACE_PAGES * KB4);
	close(race_fd);
}

/* --- slots --------------------------------------------------------------- */

static int set_slot(int vm, uint32_t slot, uint64_t gpa, uint64_t size, int fd,
		    uint64_t offset, uint32_t flags)
{
	struct vmm_set_slot s = { .slot = slot, .gpa = gpa, .size = size,
				  .mem_fd = fd, .offset = offset,
				  .flags = flags };

	return ioctl(vm, VMM_VM_SET_SLOT, &s);
}

static void test_slots(void)
{
	struct vmm_create_vm c = { .name = "mem", .vcpus = 1 };
	int vm = ioctl(dev, VMM_CREATE_VM, &c), fd = create(4 * MB, 0);
	unsigned char *p = map(fd, 4 * MB);

	tap_ok(vm >= 0, "a VM");
	tap_ok(!set_slot(vm, 0, 0, 2 * MB, fd, 0, 0), "a slot");
	tap_ok(refused(set_slot(vm, 0, 8 * MB, MB, fd, 0, 0), EEXIST),
	       "slot in use");
	tap_ok(refused(set_slot(vm, 1, MB, MB, fd, 0, 0), EEXIST), "overlap");
	tap_ok(refused(set_slot(vm, 1, ~0UL << 12, 2 * KB4, fd, 0, 0), ERANGE),
	       "wrap");
	tap_ok(refused(set_slot(vm, 1, 4 * MB, 4 * MB, fd, MB, 0), ERANGE),
	       "past the object's end");
	tap_ok(refused(set_slot(vm, 1, 4 * MB + 1, MB, fd, 0, 0), EINVAL),
	       "address not aligned");
	tap_ok(refused(set_slot(vm, 1, 4 * MB, MB, fd, 1, 0), EINVAL),
	       "offset not aligned");
	tap_ok(refused(set_slot(vm, 1, 4 * MB, MB, fd, 0, ~0U), EINVAL),
	       "unknown flags");
	tap_ok(refused(set_slot(vm, 1, 4 * MB, MB, 0, 0, 0), EINVAL),
	       "not a memory object");
	tap_ok(refused(set_slot(vm, 1, 4 * MB, MB, -1, 0, 0), EBADF),
	       "not a file");
	tap_ok(refused(set_slot(vm, 5, 0, 0, -1, 0, 0), ENOENT),
	       "removing what is not there");
	tap_ok(!set_slot(vm, 1, 4 * MB, 2 * MB, fd, 2 * MB, VMM_SLOT_READONLY),
	       "a second one");
	close(fd);
	p[3 * MB] = 1;
	tap_ok(p[3 * MB] == 1, "the object lives on in slot and mapping");
	tap_ok(!set_slot(vm, 0, 0, 0, -1, 0, 0), "removed");
	tap_ok(refused(set_slot(vm, 0, 0, 0, -1, 0, 0), ENOENT), "once only");
	munmap(p, 4 * MB);
	close(vm);
}

/* --- charging ------------------------------------------------------------ */

static bool put(const char *dir, const char *file, const char *text)
{
	char path[128];
	bool good;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY);
	good = fd >= 0 && write(fd, text, strlen(text)) > 0;
	if (fd >= 0)
		close(fd);
	return good;
}

static long get(const char *dir, const char *file)
{
	char path[128], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		strcpy(text, "-1");
	if (fd >= 0)
		close(fd);
	return atol(text);
}

/* What does not compress: such a page cannot leave memory instead. */
static void scramble(unsigned char *page)
{
	static uint64_t x = 88172645463325252ULL;
	uint64_t *word = (uint64_t *)page;
	unsigned int i;

	for (i = 0; i < KB4 / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		word[i] = x;
	}
}

/*
 * Touch pages one by one until something happens.  The kernel allocates a page table
 * before it asks us for the first of 2 MiB, and does not do without: so those are
 * aligned as the object's own blocks are, and the group is full in the middle of one.
 */
static void consume(const char *group, unsigned long bytes)
{
	int fd = create(256 * MB, 0);
	unsigned char *room = mmap(NULL, 258 * MB, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *p = room + (-(unsigned long)room & (2 * MB - 1));
	unsigned long i;

	if (mmap(p, 256 * MB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 fd, 0) != p)
		_exit(3);
	if (!put(group, "cgroup.procs", "0"))
		_exit(1);
	for (i = 0; i < bytes; i += KB4)
		scramble(p + i);
	_exit(get(group, "memory.current") >= (long)bytes ? 0 : 2);
}

static int consumer(const char *group, unsigned long bytes)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		consume(group, bytes);
	waitpid(pid, &status, 0);
	return status;
}

static void test_charge(void)
{
	const char *root = "/tmp/vmm-mem-cgroup", *group = "/tmp/vmm-mem-cgroup/g";
	long before;
	int status;

	mkdir(root, 0700);
	if (mount("none", root, "cgroup2", 0, NULL)) {
		tap_ok(false, "mount of cgroup2: %s", strerror(errno));
		return;
	}
	put(root, "cgroup.subtree_control", "+memory");
	if (!tap_ok(!mkdir(group, 0700) && put(group, "memory.max", "67108864"),
		    "a control group of 64 MiB"))
		goto out;
	tap_ok(!consumer(group, 32 * MB), "32 MiB are charged to their user");
	status = consumer(group, 128 * MB);
	tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS,
	       "128 MiB end in SIGBUS, not in an OOM kill (status %#x)",
	       status);
	before = get(group, "memory.current");
	tap_ok(before < (long)(8 * MB), "all was given back (%ld left)", before);
	rmdir(group);
out:
	umount(root);
	rmdir(root);
}

/* --- leaks --------------------------------------------------------------- */

static void cycle(void)
{
	int fd = create(64 * MB, 0);
	unsigned char *p = map(fd, 64 * MB);

	memset(p, 1, 32 * MB);
	punch(fd, 8 * MB + KB4, 4 * MB);
	munmap(p, 64 * MB);
	close(fd);
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd >= 0 && write(fd, "3", 1) != 1)
		tap_note("cannot drop caches");
	if (fd >= 0)
		close(fd);
	sleep(1);
}

static void test_leaks(void)
{
	long before, after;
	unsigned int i;

	for (i = 0; i < 4; i++)
		cycle();
	drop_caches();
	before = host_free_kb();
	for (i = 0; i < 60; i++)
		cycle();
	/* What others read meanwhile is cache; a leak stays. */
	for (i = 0; i < 20; i++) {
		drop_caches();
		after = host_free_kb();
		if (before - after < 16 * 1024)
			break;
	}
	tap_ok(before - after < 16 * 1024,
	       "60 objects of 32 MiB leave nothing (%ld KiB)", before - after);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	dev = open("/dev/vmm", O_RDWR | O_CLOEXEC);
	if (!tap_ok(dev >= 0, "/dev/vmm opens"))
		return tap_done();
	test_create();
	test_map_errors();
	test_blocks();
	test_sharing();
	test_pins();
	test_seek();
	test_discard();
	test_race();
	test_slots();
	test_charge();
	test_leaks();
	return tap_done();
}
