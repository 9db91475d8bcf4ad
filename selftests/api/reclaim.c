// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that leave memory and come back: for mappings, frozen objects and forks, pins,
 * kernel accesses, dirty logs and guests that check what they have written, while it
 * happens and after it; and the figures.
 *
 * test: timeout: 180, memory: 2G
 */
#include <linux/vmm_mem.h>
#include <sys/uio.h>

#include "lineage.h"

#define MB	VT_MB
#define SIZE	(8 * MB)
#define PAGES	(SIZE / VT_PAGE)

static int create(uint32_t flags)
{
	struct vmm_create_mem c = { .size = SIZE, .flags = flags };

	return ioctl(vt_dev, VMM_CREATE_MEM, &c);
}

/* How many pages have left, or -1. */
static long reclaim_some(int fd, uint64_t pages, uint32_t flags)
{
	struct vmm_mem_reclaim r = { .pages = pages, .flags = flags };

	return ioctl(fd, VMM_MEM_RECLAIM, &r) ? -1 : (long)r.pages;
}

static long reclaim(int fd, uint64_t pages)
{
	return reclaim_some(fd, pages, VMM_RECLAIM_ALL);
}

static int bring_back(int fd)
{
	struct vmm_mem_reclaim r = { .flags = VMM_RECLAIM_BACK };

	return ioctl(fd, VMM_MEM_RECLAIM, &r);
}

static int punch(int fd, off_t offset, off_t len)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
			 len);
}

static int byte_at(int fd, off_t offset)
{
	unsigned char byte;

	return pread(fd, &byte, 1, offset) == 1 ? byte : -1;
}

/* In memory, away, and zero or never touched. */
static bool figures(int fd, long resident, long away)
{
	if (mem_figure(fd, "resident") == resident &&
	    mem_figure(fd, "away") == away)
		return true;
	tap_note("resident %ld, away %ld", mem_figure(fd, "resident"),
		 mem_figure(fd, "away"));
	return false;
}

/* What nobody shares any more goes after a grace period. */
static bool family(int fd, long pages, long away)
{
	if (VT_WAIT_FOR(mem_figure(fd, "family-pages") == pages &&
			mem_figure(fd, "family-away") == away))
		return true;
	tap_note("family: %ld, away %ld", mem_figure(fd, "family-pages"),
		 mem_figure(fd, "family-away"));
	return false;
}

/* In the end: what somebody has given up counts for a while. */
static bool all_away(int fd)
{
	return VT_WAIT_FOR(reclaim(fd, 8 * PAGES) >= 0 &&
			   !mem_figure(fd, "family-pages"));
}

/* Every page its own; each compresses. */
static void fill(unsigned char *p, unsigned int seed)
{
	uint64_t x = seed * 88172645463325252ULL + 1;
	unsigned int page, i;

	for (page = 0; page < PAGES; page++) {
		uint64_t *word = (uint64_t *)(p + page * VT_PAGE);
		for (i = 0; i < 512; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			word[i] = i < 64 ? x : page;
		}
	}
}

/* ---- one object ------------------------------------------------------------------ */

static void test_mapping(uint32_t flags, const char *name)
{
	int fd = create(flags);
	unsigned char *p = vt_map(fd, SIZE);
	uint64_t sum;
	long n;

	fill(p, 1);
	sum = mem_sum(fd, SIZE);
	n = reclaim(fd, PAGES);
	tap_ok(n == PAGES && figures(fd, 0, PAGES), "%s: all leave (%ld)", name,
	       n);
	tap_ok(family(fd, 0, PAGES) && !mem_figure(fd, "huge"),
	       "%s: and their memory is free", name);
	tap_ok(!reclaim(fd, PAGES), "%s: nothing else does", name);
	(void)*(volatile unsigned char *)(p + 5 * VT_PAGE);
	tap_ok(figures(fd, 1, PAGES - 1), "%s: one is back", name);
	tap_ok(mem_sum(fd, SIZE) == sum && figures(fd, PAGES, 0) &&
	       family(fd, PAGES, 0), "%s: all are, and as they were", name);
	tap_ok(reclaim(fd, 700) > 0 && figures(fd, PAGES - 700, 700) &&
	       mem_sum(fd, SIZE) == sum, "%s: some of them", name);
	n = reclaim(fd, PAGES);
	tap_ok(n == PAGES && !bring_back(fd) && figures(fd, PAGES, 0) &&
	       mem_sum(fd, SIZE) == sum, "%s: brought back", name);
	reclaim(fd, PAGES);
	fill(p, 2);
	sum = mem_sum(fd, SIZE);
	tap_ok(reclaim(fd, PAGES) == PAGES && mem_sum(fd, SIZE) == sum,
	       "%s: written where it was away", name);
	munmap(p, SIZE);
	reclaim(fd, PAGES / 2);
	close(fd);
}

static void test_holes(uint32_t flags)
{
	int fd = create(flags);
	unsigned char *p = vt_map(fd, SIZE);
	long n;

	memset(p, 0, SIZE);
	p[3 * MB] = 1;
	n = mem_figure(fd, "resident");
	tap_ok(n == PAGES && reclaim(fd, PAGES) == PAGES && figures(fd, 0, 1),
	       "zeros are given up");
	tap_ok(!p[3 * MB - 1] && p[3 * MB] == 1 && !p[SIZE - 1], "and stay zero");
	fill(p, 3);
	reclaim(fd, PAGES);
	tap_ok(!punch(fd, MB, 3 * MB + VT_PAGE) &&
	       figures(fd, 0, PAGES - 3 * 256 - 1) &&
	       lseek(fd, 0, SEEK_HOLE) == MB &&
	       lseek(fd, MB, SEEK_DATA) == 4 * MB + (long)VT_PAGE,
	       "a hole where pages were away");
	tap_ok(!p[MB] && !p[4 * MB] && *(uint64_t *)(p + 5 * MB) &&
	       family(fd, mem_figure(fd, "resident"), mem_figure(fd, "away")),
	       "reads as zero, and nothing is kept");
	munmap(p, SIZE);
	close(fd);
}

/* What nothing is saved by stays where it is. */
static void test_random(void)
{
	int fd = create(0), random = open("/dev/urandom", O_RDONLY);
	unsigned char *p = vt_map(fd, SIZE);
	uint64_t sum;

	fill(p, 7);
	if (read(random, p + MB, MB) != MB)
		vt_bail("random bytes");
	sum = mem_sum(fd, SIZE);
	tap_ok(reclaim(fd, PAGES) == PAGES - 256 &&
	       figures(fd, 256, PAGES - 256) && mem_sum(fd, SIZE) == sum &&
	       family(fd, PAGES, 0), "random pages stay");
	close(random);
	munmap(p, SIZE);
	close(fd);
}

static void test_refusals(void)
{
	struct vmm_mem_reclaim r = { .flags = 4 };
	int fd = create(0);

	tap_ok(vt_refused(ioctl(fd, VMM_MEM_RECLAIM, &r), EINVAL), "flags");
	r = (struct vmm_mem_reclaim){ .pad = 1 };
	tap_ok(vt_refused(ioctl(fd, VMM_MEM_RECLAIM, &r), EINVAL), "padding");
	r = (struct vmm_mem_reclaim){ .flags = VMM_RECLAIM_BACK, .pages = 1 };
	tap_ok(vt_refused(ioctl(fd, VMM_MEM_RECLAIM, &r), EINVAL),
	       "some pages back");
	r = (struct vmm_mem_reclaim){ .flags = VMM_RECLAIM_BACK |
					       VMM_RECLAIM_ALL };
	tap_ok(vt_refused(ioctl(fd, VMM_MEM_RECLAIM, &r), EINVAL),
	       "both directions");
	tap_ok(!reclaim(fd, 0) && !reclaim(fd, ~0ULL) && !bring_back(fd),
	       "an empty object");
	close(fd);
}

/* ---- families --------------------------------------------------------------------- */

/* The differences of two objects, as one number. */
static uint64_t differences(int a, int b)
{
	struct vmm_mem_extent e[64];
	struct vmm_mem_differ d = {
		.mem_fd = b, .extents = (uintptr_t)e,
	};
	uint64_t sum = 1;
	unsigned int i;

	while (d.next < PAGES) {
		d.count = 64;
		if (ioctl(a, VMM_MEM_DIFFER, &d))
			return 0;
		for (i = 0; i < d.count; i++)
			sum = (sum * 31 + e[i].first) * 31 + e[i].pages;
	}
	return sum;
}

static void test_family(uint32_t flags, const char *name)
{
	int fd = create(flags), snap, child;
	unsigned char *p = vt_map(fd, SIZE), *q;
	uint64_t was, is, kin, differ;

	fill(p, 4);
	was = mem_sum(fd, SIZE);
	snap = mem_freeze(fd);
	child = mem_fork(snap);
	q = vt_map(child, SIZE);
	memset(p + MB, 5, MB);
	memset(q + 3 * MB, 6, MB);
	is = mem_sum(fd, SIZE);
	kin = mem_sum(child, SIZE);
	differ = differences(fd, child);
	tap_ok(family(fd, PAGES + 512, 0) && all_away(snap) &&
	       figures(fd, 0, PAGES) && figures(snap, 0, PAGES) &&
	       figures(child, 0, PAGES) && family(fd, 0, PAGES + 512),
	       "%s: shared pages leave once", name);
	tap_ok(differ && differences(fd, child) == differ,
	       "%s: no difference more or less", name);
	tap_ok(byte_at(fd, 6 * MB) == byte_at(snap, 6 * MB) && figures(snap, 1, PAGES - 1) &&
	       figures(child, 1, PAGES - 1) && family(fd, 1, PAGES + 511),
	       "%s: and come back for all", name);
	tap_ok(mem_sum(child, SIZE) == kin && mem_sum(snap, SIZE) == was &&
	       mem_sum(fd, SIZE) == is && family(fd, PAGES + 512, 0) &&
	       differences(fd, child) == differ, "%s: each its own", name);
	all_away(child);
	p[6 * MB]++;
	tap_ok(p[6 * MB] != q[6 * MB] && q[6 * MB] == byte_at(snap, 6 * MB),
	       "%s: one is written", name);
	all_away(child);
	tap_ok(!mem_return(fd, snap) && figures(fd, 0, PAGES) &&
	       mem_sum(fd, SIZE) == was, "%s: return to what is away", name);
	all_away(child);
	close(snap);
	snap = mem_freeze(child);
	tap_ok(!mem_return(fd, snap) && mem_sum(fd, SIZE) == kin &&
	       mem_sum(snap, SIZE) == kin, "%s: frozen while it is", name);
	all_away(child);
	munmap(q, SIZE);
	close(child);
	close(snap);
	tap_ok(family(fd, 0, PAGES) && mem_sum(fd, SIZE) == kin &&
	       family(fd, PAGES, 0), "%s: one is left with it", name);
	p[0]++;
	tap_ok(family(fd, PAGES, 0), "%s: and owns it", name);
	munmap(p, SIZE);
	close(fd);
}

/* More tables of a block than an eviction has room for at first. */
static void test_many(void)
{
	enum { CHILDREN = 300 };
	int fd = create(0), snap, child[CHILDREN];
	unsigned char *p = vt_map(fd, SIZE);
	unsigned int i, wrong = 0;
	uint64_t was;

	fill(p, 9);
	was = mem_sum(fd, SIZE);
	snap = mem_freeze(fd);
	for (i = 0; i < CHILDREN; i++) {
		unsigned char *q;

		child[i] = mem_fork(snap);
		q = vt_map(child[i], SIZE);
		q[i * VT_PAGE] ^= 0xff;
		munmap(q, SIZE);
	}
	tap_ok(family(fd, PAGES + CHILDREN, 0) && all_away(fd) &&
	       family(fd, 0, PAGES + CHILDREN),
	       "pages leave for %u objects that differ", CHILDREN);
	for (i = 0; i < CHILDREN; i++) {
		wrong += byte_at(child[i], i * VT_PAGE) !=
			 (byte_at(fd, i * VT_PAGE) ^ 0xff);
		close(child[i]);
	}
	tap_ok(!wrong && mem_sum(fd, SIZE) == was && mem_sum(snap, SIZE) == was,
	       "and come back for each");
	close(snap);
	munmap(p, SIZE);
	close(fd);
}

/* A pipe has the page by reference: what the object writes later is in it. */
static void test_pinned(uint32_t flags)
{
	int fd = create(flags), snap, pipes[2];
	unsigned char *p = vt_map(fd, SIZE), buf[2 * VT_PAGE];
	struct iovec from = { p, 2 * VT_PAGE };
	bool good;

	fill(p, 5);
	p[0] = 1;
	good = !pipe(pipes) && vmsplice(pipes[1], &from, 1, 0) == 2 * VT_PAGE;
	tap_ok(good && reclaim(fd, PAGES) == PAGES - 2 &&
	       figures(fd, 2, PAGES - 2), "what a pipe has stays");
	p[0] = 2;
	snap = mem_freeze(fd);
	p[0] = 3;
	reclaim(fd, 2 * PAGES);
	p[1] = 4;
	good = read(pipes[0], buf, sizeof(buf)) == sizeof(buf);
	tap_ok(good && buf[0] == 3 && buf[1] == 4 && byte_at(snap, 0) == 2,
	       "and stays the live object's");
	tap_ok(all_away(fd) && family(fd, 0, PAGES + 2) &&
	       p[0] == 3 && byte_at(snap, 0) == 2, "until it is read");
	close(pipes[0]);
	close(pipes[1]);
	munmap(p, SIZE);
	close(snap);
	close(fd);
}

/* ---- guests ------------------------------------------------------------------------ */

#define LOW	(2 * MB)
#define GPA	(16 * MB)

/* Writes eax to ecx pages from ebx, edx apart. */
VT_BLOB(touch,
	"1: mov %eax, (%ebx)\n"
	"add %edx, %ebx\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt");

/* Sums up ecx words from ebx, edx apart. */
VT_BLOB(look,
	"xor %eax, %eax\n"
	"1: add (%ebx), %eax\n"
	"add %edx, %ebx\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %eax, $0x80\n"
	"hlt");

/* The kernel reads a word for the guest, and writes it elsewhere. */
VT_BLOB(strings,
	"mov %ebx, %esi\n"
	"mov $0x90, %dx\n"
	"cld\n"
	"outsl\n"
	"hlt");

/*
 * Pass after pass over ecx pages from ebx: each has what the pass before left there at
 * both ends.  Tells the pass in the mail at ebp, and at 4 more where it was not so.
 */
VT_BLOB(verify,
	"sti\n"
	"xor %eax, %eax\n"
	"1: inc %eax\n"
	"mov %ebx, %edi\n"
	"mov %ecx, %edx\n"
	"2: dec %eax\n"
	"cmp %eax, (%edi)\n"
	"jne 3f\n"
	"cmp %eax, 0xffc(%edi)\n"
	"jne 3f\n"
	"inc %eax\n"
	"mov %eax, (%edi)\n"
	"mov %eax, 0xffc(%edi)\n"
	"add $0x1000, %edi\n"
	"dec %edx\n"
	"jnz 2b\n"
	"mov %eax, (%ebp)\n"
	"jmp 1b\n"
	"3: mov %edi, 4(%ebp)\n"
	"4: jmp 4b");

static void go(struct vt *t, unsigned int n, uint32_t eax, uint32_t ebx,
	       uint32_t ecx, uint32_t edx)
{
	struct vmm_regs regs;

	vt_start(t, n, VT_CODE);
	if (ioctl(t->cpu[n], VMM_VCPU_GET_REGS, &regs))
		vt_bail("registers");
	regs.rax = eax;
	regs.rbx = ebx;
	regs.rcx = ecx;
	regs.rdx = edx;
	regs.rbp = VT_MAIL + 16 * n;
	if (ioctl(t->cpu[n], VMM_VCPU_SET_REGS, &regs))
		vt_bail("registers");
}

static void add_memory(struct vt *t, unsigned int cpus, int fd)
{
	vt_make(t, cpus, LOW);
	if (vt_set_slot(t->vm, 1, GPA, SIZE, fd, 0, 0))
		vt_bail("slot");
}

static uint32_t guest_sum(struct vt *t)
{
	VT_LOAD(t, look);
	go(t, 0, 0, GPA, PAGES, VT_PAGE);
	return vt_wrote_port(t, 0, 0x80) ? *(uint32_t *)vt_port_data(t, 0) : ~0U;
}

static void test_kernel_access(void)
{
	int fd = create(0);
	unsigned char *p = vt_map(fd, SIZE);
	uint32_t sum = 0;
	unsigned int i;
	struct vt t;

	fill(p, 6);
	*(uint32_t *)(p + 3 * MB) = 1234567;
	for (i = 0; i < PAGES; i++)
		sum += *(uint32_t *)(p + i * VT_PAGE);
	add_memory(&t, 1, fd);
	tap_ok(reclaim(fd, PAGES) == PAGES && guest_sum(&t) == sum,
	       "a guest reads what was away");
	tap_ok(reclaim(fd, PAGES) == PAGES && guest_sum(&t) == sum &&
	       figures(fd, PAGES, 0), "and again");
	reclaim(fd, PAGES);
	VT_LOAD(&t, strings);
	go(&t, 0, 0, GPA + 3 * MB, 0, 0);
	tap_ok(vt_wrote_port(&t, 0, 0x90) &&
	       *(uint32_t *)vt_port_data(&t, 0) == 1234567 &&
	       figures(fd, 1, PAGES - 1), "so does the kernel for it");
	vt_free(&t);
	munmap(p, SIZE);
	close(fd);
}

/* The log of slot 1 has the @n pages from @first on, and no other. */
static bool logged(struct vt *t, unsigned int first, unsigned int n)
{
	uint64_t bits[PAGES / 64];
	struct vmm_dirty_log d = {
		.slot = 1, .op = VMM_DIRTY_READ, .pages = PAGES,
		.bitmap = (uintptr_t)bits,
	};
	unsigned int i, wrong = 0;

	if (ioctl(t->vm, VMM_VM_DIRTY_LOG, &d))
		return false;
	for (i = 0; i < PAGES; i++)
		wrong += (bits[i / 64] >> i % 64 & 1) !=
			 (i >= first && i < first + n);
	if (wrong)
		tap_note("%u pages are told wrong", wrong);
	return !wrong;
}

static bool guest_writes(struct vt *t, unsigned int first, unsigned int n,
			 uint32_t val)
{
	VT_LOAD(t, touch);
	go(t, 0, val, GPA + first * VT_PAGE, n, VT_PAGE);
	return vt_wrote_port(t, 0, 0x80);
}

static void test_log(uint32_t flags, const char *name)
{
	struct vmm_dirty_log start = { .slot = 1, .op = VMM_DIRTY_START };
	int fd = create(flags);
	struct vt t;

	add_memory(&t, 1, fd);
	guest_writes(&t, 0, PAGES, 1);
	tap_ok(!ioctl(t.vm, VMM_VM_DIRTY_LOG, &start) && logged(&t, 0, 0),
	       "%s: a log begins", name);
	tap_ok(reclaim(fd, PAGES) == PAGES && logged(&t, 0, 0) &&
	       guest_sum(&t) == PAGES && logged(&t, 0, 0),
	       "%s: leaving and being read is not being written", name);
	reclaim(fd, PAGES);
	tap_ok(guest_writes(&t, 700, 9, 2) && logged(&t, 700, 9),
	       "%s: a write to what is away is", name);
	guest_sum(&t);
	logged(&t, 0, 0);
	tap_ok(guest_writes(&t, 300, 5, 3) && reclaim(fd, PAGES) == PAGES &&
	       logged(&t, 300, 5), "%s: written, and gone after that", name);
	vt_free(&t);
	close(fd);
}

/* Of four blocks, what the odd ones have was used since the hand came by. */
static bool even_ones_left(int fd)
{
	unsigned int i;
	long odd;

	if (reclaim_some(fd, 1023, 0) != 1023 || !figures(fd, 1024, 1024))
		return false;
	for (i = 512; i < PAGES; i++) {
		if (i & 512)
			byte_at(fd, i * VT_PAGE);
	}
	odd = 1024 - mem_figure(fd, "away");
	if (odd)
		tap_note("%ld of the wrong ones", odd);
	return !odd;
}

static void test_clock(uint32_t flags, const char *name)
{
	int fd = create(flags);
	unsigned char *p;
	struct vt t;

	add_memory(&t, 1, fd);
	guest_writes(&t, 0, PAGES, 1);
	tap_ok(reclaim_some(fd, 1, 0) == 1 && figures(fd, PAGES - 1, 1),
	       "%s: all in use: one goes", name);
	guest_writes(&t, 512, 512, 2);
	guest_writes(&t, 1536, 512, 2);
	tap_ok(even_ones_left(fd), "%s: what the guest uses stays", name);
	vt_free(&t);
	close(fd);

	fd = create(flags);
	p = vt_map(fd, SIZE);
	fill(p, 8);
	tap_ok(reclaim_some(fd, 1, 0) == 1 && figures(fd, PAGES - 1, 1),
	       "%s: all mapped: one goes", name);
	memset(p + 2 * MB, 1, 2 * MB);
	memset(p + 6 * MB, 1, 2 * MB);
	tap_ok(even_ones_left(fd), "%s: what is looked at stays", name);
	munmap(p, SIZE);
	close(fd);
}

/* Two processors check, while pages go, are frozen and forked. */
static void test_running(uint32_t flags, const char *name)
{
	int fd = create(flags), snap = -1, child = -1;
	unsigned int i, rounds = vt_on_bochs() ? 10 : 60;
	unsigned char *map = vt_map(fd, SIZE);
	struct vt_runner runner[2];
	volatile uint32_t *mail;
	uint32_t pass;
	long left = 0, n;
	struct vt t;

	add_memory(&t, 2, fd);
	VT_LOAD(&t, verify);
	mail = vt_mail(&t);
	for (i = 0; i < 2; i++) {
		go(&t, i, 0, GPA + i * SIZE / 2, PAGES / 2, 0);
		vt_spawn(&runner[i], &t, i);
	}
	VT_WAIT_FOR(mail[0] > 1 && mail[4] > 1);
	for (i = 0; i < rounds; i++) {
		n = i % 5 ? reclaim(fd, i % 3 ? PAGES / 4 : 2 * PAGES) :
			    reclaim_some(fd, PAGES / 2, 0);
		left += n > 0 ? n : 0;
		(void)*(volatile unsigned char *)(map + i * 17 % PAGES * VT_PAGE);
		if (i % 4 == 3) {
			if (snap >= 0)
				close(snap);
			snap = mem_freeze(fd);
		}
		if (i % 8 == 7) {
			if (child >= 0)
				close(child);
			child = mem_fork(snap);
		}
		vt_sleep_ms(5);
	}
	pass = mail[0];
	tap_ok(left > (long)PAGES && VT_WAIT_FOR(mail[0] > pass && mail[4] > 1) &&
	       !mail[1] && !mail[5],
	       "%s: a guest loses nothing (%ld pages left, %u passes)", name,
	       left, mail[0]);
	for (i = 0; i < 2; i++)
		vt_stop(&runner[i]);
	munmap(map, SIZE);
	close(child);
	close(snap);
	vt_free(&t);
	tap_ok(family(fd, mem_figure(fd, "resident"), mem_figure(fd, "away")),
	       "%s: and leaves nothing", name);
	close(fd);
}

int main(void)
{
	vt_open();
	vt_catch(SIGUSR1);
	test_refusals();
	test_mapping(VMM_MEM_SMALL_PAGES, "pages");
	test_mapping(0, "blocks");
	test_holes(VMM_MEM_SMALL_PAGES);
	test_holes(0);
	test_random();
	test_family(VMM_MEM_SMALL_PAGES, "pages");
	test_family(0, "blocks");
	test_many();
	test_pinned(VMM_MEM_SMALL_PAGES);
	test_pinned(0);
	test_kernel_access();
	test_log(VMM_MEM_SMALL_PAGES, "pages");
	test_log(0, "blocks");
	test_clock(VMM_MEM_SMALL_PAGES, "pages");
	test_clock(0, "blocks");
	test_running(VMM_MEM_SMALL_PAGES, "pages");
	test_running(0, "blocks");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
