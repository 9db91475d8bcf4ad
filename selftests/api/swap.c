// SPDX-License-Identifier: GPL-2.0
/*
 * Swap files: what is refused, what goes there and comes back, and files that are full,
 * cut short or have other bytes than were written: no page is ever a wrong one.
 *
 * test: timeout: 180, memory: 2G
 */
#include <linux/vmm_mem.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lineage.h"

#define MB	VT_MB
#define SIZE	(8 * MB)
#define PAGES	((long)(SIZE / VT_PAGE))
#define BATCH	(128 << 10)	/* what need not be written yet */

static int create(void)
{
	struct vmm_create_mem c = { .size = SIZE };

	return ioctl(vt_dev, VMM_CREATE_MEM, &c);
}

static int file_of(size_t size)
{
	int fd = memfd_create("swap", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, size))
		vt_bail("no file of %zu bytes", size);
	return fd;
}

static int attach_part(int fd, int file, uint64_t offset, uint64_t size,
		       uint64_t keep)
{
	struct vmm_mem_swap s = {
		.fd = file, .offset = offset, .size = size, .keep = keep,
	};

	return ioctl(fd, VMM_MEM_SWAP, &s);
}

static int attach(int fd, int file)
{
	return attach_part(fd, file, 0, 0, 0);
}

static int detach(int fd)
{
	return attach(fd, -1);
}

static long reclaim(int fd)
{
	struct vmm_mem_reclaim r = { .pages = PAGES, .flags = VMM_RECLAIM_ALL };

	return ioctl(fd, VMM_MEM_RECLAIM, &r) ? -1 : (long)r.pages;
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

/*
 * Nothing is on its way to the file: who writes goes on as long as there is anything, and
 * what is still packed then stays.
 */
static void settle(int fd)
{
	int quiet = 0;
	long before = -1, now;

	while (quiet < 30) {
		now = mem_figure(fd, "filed-bytes");
		quiet = now == before ? quiet + 1 : 0;
		before = now;
		vt_sleep_ms(10);
	}
}

/* An object whose pages are away, as much of it in the file as goes there. */
static int away_object(int file, unsigned int words, uint64_t *sum)
{
	int fd = create();
	unsigned char *p = vt_map(fd, SIZE);

	fill(p, words, words);
	munmap(p, SIZE);
	*sum = mem_sum(fd, SIZE);
	if (attach(fd, file))
		vt_bail("no swap file: %d", errno);
	if (reclaim(fd) != PAGES)
		tap_note("%ld pages stay", mem_figure(fd, "resident"));
	VT_WAIT_FOR(mem_figure(fd, "packed-bytes") < BATCH);
	settle(fd);
	return fd;
}

static bool in_file(int fd, long pages)
{
	if (mem_figure(fd, "filed") >= pages)
		return true;
	tap_note("packed %ld, filed %ld, resident %ld", mem_figure(fd, "packed"),
		 mem_figure(fd, "filed"), mem_figure(fd, "resident"));
	return false;
}

static bool nothing_stored(int fd)
{
	return VT_WAIT_FOR(!mem_figure(fd, "packed") &&
			   !mem_figure(fd, "filed") &&
			   !mem_figure(fd, "packed-bytes") &&
			   !mem_figure(fd, "filed-bytes"));
}

/* ---- what is refused ---------------------------------------------------------------- */

/* Whether somebody without rights can name a file. */
static bool nobody_can(int fd, int file)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(2);
		_exit(!refused(attach(fd, file), EPERM));
	}
	waitpid(pid, &status, 0);
	return status != 0;
}

static void test_files(void)
{
	struct vmm_mem_swap flags = { .fd = -1, .flags = 1 };
	int fd = create(), pipes[2], file = file_of(SIZE), other;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	tap_ok(refused(attach(fd, 1000), EBADF), "no file");
	tap_ok(!pipe(pipes) && refused(attach(fd, pipes[0]), EINVAL), "a pipe");
	tap_ok(refused(attach(fd, fd), EBADF) || refused(attach(fd, fd), EINVAL),
	       "the object itself");
	other = open(path, O_RDONLY);
	tap_ok(refused(attach(fd, other), EBADF), "not to be written");
	close(other);
	other = open(path, O_WRONLY);
	tap_ok(refused(attach(fd, other), EBADF), "not to be read");
	close(other);
	other = open(path, O_RDWR | O_APPEND);
	tap_ok(refused(attach(fd, other), EINVAL), "only to be appended to");
	close(other);
	tap_ok(!nobody_can(fd, file), "a file by who has no rights");
	tap_ok(refused(detach(fd), ENOENT), "nothing to detach");
	tap_ok(refused(ioctl(fd, VMM_MEM_SWAP, &flags), EINVAL), "flags");
	tap_ok(refused(attach_part(fd, -1, 0, MB, 0), EINVAL),
	       "a size of nothing");
	close(pipes[0]);
	close(pipes[1]);
	close(file);
	close(fd);
}

static void test_sizes(void)
{
	int fd = create(), second = create(), file = file_of(SIZE);
	int small = file_of(64 << 10);

	tap_ok(refused(attach(fd, small), ENOSPC), "a file too small");
	tap_ok(refused(attach_part(fd, file, 0, 2 * SIZE, 0), ENOSPC),
	       "more than the file has");
	tap_ok(refused(attach_part(fd, file, 2 * SIZE, 0, 0), ENOSPC),
	       "behind its end");
	tap_ok(refused(attach_part(fd, file, 0, 64 << 10, 0), ENOSPC),
	       "a part too small");
	tap_ok(refused(attach_part(fd, file, 1, MB, 0), EINVAL) &&
	       refused(attach_part(fd, file, 0, MB + 1, 0), EINVAL),
	       "parts of pages");
	tap_ok(refused(attach_part(fd, file, ~4095ULL, 8192, 0), ENOSPC),
	       "around the end of all numbers");
	tap_ok(!attach_part(fd, file, 0, 2 * MB, 0) &&
	       mem_figure(fd, "file-room") == 2 * MB, "a part");
	tap_ok(refused(attach(fd, file), EBUSY), "two files");
	tap_ok(refused(attach_part(second, file, MB, MB, 0), EBUSY),
	       "a part that another has");
	tap_ok(!attach_part(second, file, 2 * MB, MB, 0), "one beside it");
	tap_ok(!detach(fd) && !mem_figure(fd, "file-room") &&
	       !attach_part(fd, file, 3 * MB, MB, 0), "and another one");
	close(fd);
	tap_ok(VT_WAIT_FOR(!attach_part(second, file, 0, 0, 0) ||
			   errno == EBUSY), "closed with its file");
	close(second);
	close(small);
	close(file);
}

/* ---- there and back ------------------------------------------------------------------- */

static void test_back(unsigned int words, const char *name)
{
	int file = file_of(2 * SIZE);
	uint64_t sum;
	int fd = away_object(file, words, &sum);

	tap_ok(in_file(fd, PAGES / 2) && !mem_figure(fd, "resident"),
	       "%s: in the file (%ld of %ld, %ld bytes)", name,
	       mem_figure(fd, "filed"), PAGES, mem_figure(fd, "filed-bytes"));
	tap_ok(mem_sum(fd, SIZE) == sum && mem_figure(fd, "resident") == PAGES,
	       "%s: and back", name);
	tap_ok(nothing_stored(fd), "%s: nothing is left", name);
	tap_ok(reclaim(fd) == PAGES && mem_sum(fd, SIZE) == sum,
	       "%s: once more", name);
	reclaim(fd);
	tap_ok(!detach(fd) && !mem_figure(fd, "filed") &&
	       !mem_figure(fd, "file-room") &&
	       VT_WAIT_FOR(mem_figure(fd, "packed") == PAGES),
	       "%s: all comes back into memory without the file", name);
	tap_ok(mem_sum(fd, SIZE) == sum && nothing_stored(fd),
	       "%s: as it was", name);
	attach(fd, file);
	reclaim(fd);
	close(fd);
	tap_ok(VT_WAIT_FOR(!attach(fd = create(), file) || close(fd)),
	       "%s: the file is free when the object is gone", name);
	close(fd);
	close(file);
}

static void test_keep(void)
{
	int fd = create(), file = file_of(SIZE);
	unsigned char *p = vt_map(fd, SIZE);
	uint64_t sum;
	long packed;

	fill(p, 7, 128);
	sum = mem_sum(fd, SIZE);
	tap_ok(!attach_part(fd, file, 0, 0, MB) && reclaim(fd) == PAGES,
	       "a file for what is too much");
	VT_WAIT_FOR(mem_figure(fd, "packed-bytes") < (long)MB + BATCH);
	packed = mem_figure(fd, "packed-bytes");
	tap_ok(packed > (long)MB - 2 * BATCH && packed < (long)MB + BATCH,
	       "so much stays in memory (%ld)", packed);
	tap_ok(mem_sum(fd, SIZE) == sum, "and all comes back");
	munmap(p, SIZE);
	close(fd);
	close(file);
}

/* Pages that do not compress, without a file and with one that is too small. */
static void test_full(void)
{
	int fd = create(), file = file_of(2 * MB), round;
	unsigned char *p = vt_map(fd, SIZE);
	bool good = true;
	uint64_t sum;

	fill(p, 3, 512);
	sum = mem_sum(fd, SIZE);
	tap_ok(!reclaim(fd) && mem_figure(fd, "resident") == PAGES &&
	       nothing_stored(fd), "what does not compress stays");
	attach(fd, file);
	for (round = 0; round < 5 && good; round++) {
		/* What came back is given up a grace period later. */
		nothing_stored(fd);
		reclaim(fd);
		good = mem_figure(fd, "filed-bytes") <= (long)(2 * MB) &&
		       mem_figure(fd, "resident") < PAGES &&
		       mem_sum(fd, SIZE) == sum;
	}
	tap_ok(good, "a full file takes what it can");
	munmap(p, SIZE);
	tap_ok(!detach(fd) && mem_sum(fd, SIZE) == sum, "and gives it back");
	close(fd);
	close(file);
}

/* ---- files that fail ------------------------------------------------------------------- */

/* The file is large; the file system is not. */
static void test_disk_full(void)
{
	const char *dir = "/tmp/swap-test";
	int fd = create(), file;
	unsigned char *p = vt_map(fd, SIZE);
	uint64_t sum;

	mkdir(dir, 0700);
	if (mount("none", dir, "tmpfs", 0, "size=1m"))
		vt_bail("no tmpfs: %d", errno);
	file = open("/tmp/swap-test/file", O_RDWR | O_CREAT, 0600);
	if (file < 0 || ftruncate(file, SIZE))
		vt_bail("no file: %d", errno);
	fill(p, 5, 512);
	sum = mem_sum(fd, SIZE);
	tap_ok(!attach(fd, file) && reclaim(fd) > 0, "a full file system");
	tap_ok(mem_figure(fd, "filed-bytes") <= (long)MB &&
	       mem_figure(fd, "resident") > PAGES / 2, "stops taking pages");
	tap_ok(mem_sum(fd, SIZE) == sum, "and loses none");
	munmap(p, SIZE);
	close(fd);
	close(file);
	VT_WAIT_FOR(!umount(dir));
	rmdir(dir);
}

static int read_error(int fd)
{
	static char page[VT_PAGE];
	long i;

	for (i = 0; i < PAGES; i++) {
		errno = 0;
		if (pread(fd, page, VT_PAGE, i * VT_PAGE) < 0)
			return errno;
	}
	return 0;
}

static void test_cut_short(void)
{
	int file = file_of(2 * SIZE);
	uint64_t sum;
	int fd = away_object(file, 512, &sum), err;

	tap_ok(in_file(fd, PAGES / 2) && !ftruncate(file, 0),
	       "a file that is cut short");
	err = read_error(fd);
	tap_ok(err == EIO, "cannot be read (%d)", err);
	tap_ok(refused(detach(fd), EIO) &&
	       mem_figure(fd, "file-room") == (long)(2 * SIZE),
	       "nor be detached");
	close(fd);
	close(file);
}

static void test_wrong_bytes(void)
{
	int file = file_of(2 * SIZE), err;
	uint64_t sum;
	int fd = away_object(file, 100, &sum);
	unsigned char *p, *saved = malloc(2 * SIZE);
	size_t i;

	p = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (!saved || p == MAP_FAILED)
		vt_bail("no memory");
	memcpy(saved, p, 2 * SIZE);
	for (i = 0; i < 2 * SIZE; i += 64)
		p[i] ^= 1;
	err = read_error(fd);
	tap_ok(err == EBADMSG, "other bytes than were written (%d)", err);
	tap_ok(refused(detach(fd), EBADMSG), "are not brought back");
	/* Pages of the file in another order. */
	for (i = 0; i < 2 * SIZE; i += 2 * VT_PAGE) {
		memcpy(p + i, saved + i + VT_PAGE, VT_PAGE);
		memcpy(p + i + VT_PAGE, saved + i, VT_PAGE);
	}
	err = read_error(fd);
	tap_ok(err == EBADMSG, "nor bytes from another place (%d)", err);
	memcpy(p, saved, 2 * SIZE);
	tap_ok(mem_sum(fd, SIZE) == sum, "the right ones are");
	munmap(p, 2 * SIZE);
	free(saved);
	close(fd);
	close(file);
}

int main(void)
{
	vt_open();
	test_files();
	test_sizes();
	test_back(100, "compressed");
	test_back(512, "plain");
	test_keep();
	test_full();
	test_disk_full();
	test_cut_short();
	test_wrong_bytes();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
