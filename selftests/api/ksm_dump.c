// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of page hashes: a record for each page of each object that a VM has mapped, which
 * tells equal pages by their hashes and shared ones by their frames, whatever state they are in;
 * however it is read; for root alone; and while the VM goes.
 *
 * test: timeout: 240
 */
#include "ksm.h"
#include "lineage.h"

#include <linux/vmm_ksm.h>
#include <linux/vmm_mem.h>
#include <pthread.h>

#define PAGES	1024UL
#define SIZE	(PAGES * VT_PAGE)
#define EQUAL	500UL	/* of them, of CONTENTS contents */
#define CONTENTS 50UL
#define ZEROS	60UL
#define HOLE	40UL	/* that nobody has touched, behind all others */
#define GPA	(64 * VT_MB)
#define MOST	8192

#define THERE	VMM_KSM_PAGE_PRESENT
#define ZERO	VMM_KSM_PAGE_ZERO

static struct vmm_ksm_page page[MOST], again[MOST];

static int create(size_t size, uint32_t flags)
{
	struct vmm_create_mem c = { .size = size, .flags = flags };
	int fd = ioctl(vt_dev, VMM_CREATE_MEM, &c);

	if (fd < 0)
		vt_bail("memory");
	return fd;
}

/* Which content is in a page, by its index; 0: zeroes. */
static uint64_t content_of(uint64_t i, uint64_t unique)
{
	return i < EQUAL ? 1 + i % CONTENTS : i < EQUAL + ZEROS ? 0 : unique + i;
}

/* Contents differ in their last bytes alone. */
static void fill(int fd, uint64_t unique)
{
	unsigned char *p = vt_map(fd, SIZE);
	uint64_t i, content;

	if (!p)
		vt_bail("map");
	for (i = 0; i < PAGES - HOLE; i++) {
		content = content_of(i, unique);
		memset(p + i * VT_PAGE, content ? 0x5a : 0, VT_PAGE);
		*(uint64_t *)(p + (i + 1) * VT_PAGE - 8) = content;
	}
	munmap(p, SIZE);
}

/* The file of the youngest VM. */
static int open_dump(void)
{
	static unsigned int last;
	char path[64];
	unsigned int id;
	int fd = -1, next;

	for (id = last; id < last + 200; id++) {
		snprintf(path, sizeof(path), KSM "/../vms/%u/ksm/hashes", id);
		next = open(path, O_RDONLY | O_CLOEXEC);
		if (next < 0)
			continue;
		if (fd >= 0)
			close(fd);
		fd = next;
		last = id;
	}
	if (fd < 0)
		vt_bail("a dump");
	return fd;
}

/* All records; how many, or -1: a part of one. */
static long take(int fd, struct vmm_ksm_page *to, size_t at_once)
{
	size_t got = 0, room = MOST * sizeof(*to);
	ssize_t n;

	while ((n = pread(fd, (char *)to + got, at_once < room - got ? at_once :
			  room - got, got)) > 0)
		got += n;
	if (n < 0)
		vt_bail("a dump");
	return got % sizeof(*to) ? -1 : (long)(got / sizeof(*to));
}

/* struct world - a VM with its own memory and an object of the test's */
struct world {
	struct vt t;
	int mem, dump;
	long first;	/* record of @mem's first page */
};

static void make(struct world *w, uint32_t flags, uint64_t unique)
{
	vt_make(&w->t, 1, VT_MB);
	w->mem = create(SIZE, flags);
	fill(w->mem, unique);
	if (vt_set_slot(w->t.vm, 1, GPA, SIZE, w->mem, 0, 0))
		vt_bail("slot");
	w->dump = open_dump();
	w->first = VT_MB / VT_PAGE;
}

static void drop(struct world *w)
{
	close(w->dump);
	vt_free(&w->t);
	close(w->mem);
}

static struct vmm_ksm_page *dumped(struct world *w)
{
	if (take(w->dump, page, sizeof(page)) != w->first + (long)PAGES)
		vt_bail("so many pages");
	return page + w->first;
}

static void begin(void)
{
	set("run", "0");
	set("mode", "merge");
	set("policy", "dirty-clock");
	set_number("seed", 42);
}

/* How many of the object's pages have these flags, of those in @mask. */
static unsigned long count(const struct vmm_ksm_page *p, uint32_t mask, uint32_t flags)
{
	unsigned long n = 0, i;

	for (i = 0; i < PAGES; i++)
		n += (p[i].flags & mask) == flags;
	return n;
}

/* Hashes are equal where contents are, and nowhere else. */
static bool hashes_fit(const struct vmm_ksm_page *p, uint64_t unique)
{
	uint64_t i, j, bad = 0;

	for (i = 0; i < PAGES - HOLE; i++) {
		if (!(p[i].flags & THERE))
			continue;
		bad += !(p[i].flags & ZERO) != !!content_of(i, unique);
		for (j = 0; j < i; j++)
			if (p[j].flags & THERE)
				bad += (p[i].hash == p[j].hash) !=
				       (content_of(i, unique) == content_of(j, unique));
	}
	if (bad)
		tap_note("%llu pairs are wrong", (unsigned long long)bad);
	return !bad;
}

static bool frames_differ(const struct vmm_ksm_page *p)
{
	unsigned long i, j;

	for (i = 0; i < PAGES; i++)
		for (j = 0; j < i; j++)
			if (p[i].flags & p[j].flags & THERE && p[i].frame == p[j].frame)
				return false;
	return true;
}

/* ---- what is told --------------------------------------------------------------------- */

static void test_pages(uint32_t flags, const char *name)
{
	struct vmm_ksm_page *p;
	unsigned long absent, blocks, hole;
	struct world w;
	long i, objects = 1;

	begin();
	make(&w, flags, 1000000);
	p = dumped(&w);
	blocks = mem_figure(w.mem, "huge");
	absent = count(p, ~0U, 0);
	tap_ok(hashes_fit(p, 1000000), "%s: equal pages have equal hashes", name);
	/* A block is there as a whole. */
	hole = p[PAGES - 1].flags & VMM_KSM_PAGE_HUGE ? 0 : HOLE;
	tap_ok(absent == hole && count(p, ZERO, ZERO) == ZEROS + HOLE - hole,
	       "%s: zeroes and what is not there", name);
	tap_ok(count(p, VMM_KSM_PAGE_HUGE, VMM_KSM_PAGE_HUGE) == blocks * 512,
	       "%s: %lu blocks", name, blocks);
	tap_ok(frames_differ(p), "%s: each in a frame of its own", name);
	for (i = 1; i < w.first + (long)PAGES; i++)
		objects += page[i].object != page[i - 1].object;
	tap_ok(objects == 2 && p[0].object != p[-1].object &&
	       count(p, VMM_KSM_PAGE_MERGED | VMM_KSM_PAGE_KIN |
		     VMM_KSM_PAGE_AWAY, 0) == PAGES,
	       "%s: two objects, the lower one first", name);
	drop(&w);
}

static void test_seed(void)
{
	struct vmm_ksm_page *p, *q = again;
	unsigned long same = 0, i;
	struct world w;

	begin();
	make(&w, VMM_MEM_SMALL_PAGES, 1000000);
	p = dumped(&w);
	memcpy(q, p, PAGES * sizeof(*p));
	dumped(&w);
	tap_ok(!memcmp(q, p, PAGES * sizeof(*p)), "dumps of the same are the same");
	set_number("seed", 43);
	dumped(&w);
	for (i = 0; i < EQUAL; i++)
		same += q[i].hash == p[i].hash;
	tap_ok(!same && hashes_fit(p, 1000000) && q[7].frame == p[7].frame,
	       "another seed, other hashes");
	set("mode", "off");
	set_number("seed", 42);
	dumped(&w);
	tap_ok(!memcmp(q, p, PAGES * sizeof(*p)),
	       "the same seed, the same hashes; also while deduplication is off");
	set("hash", "mul");
	dumped(&w);
	tap_ok(hashes_fit(p, 1000000) && q[7].hash != p[7].hash, "another hash");
	if (set("hash", "aes"))
		tap_skip("no AES");
	else
		tap_ok(dumped(&w) && !memcmp(q, p, PAGES * sizeof(*p)), "and back");
	drop(&w);
}

static void test_kin(void)
{
	struct vmm_ksm_page *p, *q = again;
	unsigned long frames = 0, i;
	struct world w, fork;
	unsigned char *byte;
	int snap;

	begin();
	make(&w, VMM_MEM_SMALL_PAGES, 1000000);
	snap = mem_freeze(w.mem);
	p = dumped(&w);
	tap_ok(snap >= 0 && count(p, VMM_KSM_PAGE_KIN, VMM_KSM_PAGE_KIN) == PAGES - HOLE,
	       "what a snapshot has, too, is told");
	memcpy(q, p, PAGES * sizeof(*p));
	make(&fork, VMM_MEM_SMALL_PAGES, 2000000);
	close(fork.mem);
	fork.mem = mem_fork(snap);
	if (fork.mem < 0 || vt_remove_slot(fork.t.vm, 1) ||
	    vt_set_slot(fork.t.vm, 1, GPA, SIZE, fork.mem, 0, 0))
		vt_bail("a fork");
	p = dumped(&fork);
	for (i = 0; i < PAGES - HOLE; i++)
		frames += p[i].frame == q[i].frame && p[i].hash == q[i].hash;
	tap_ok(frames == PAGES - HOLE, "a fork has the same frames");
	byte = vt_map(fork.mem, SIZE);
	byte[5 * VT_PAGE] = 'x';
	munmap(byte, SIZE);
	p = dumped(&fork);
	tap_ok(p[5].frame != q[5].frame && p[5].hash != q[5].hash &&
	       !(p[5].flags & VMM_KSM_PAGE_KIN) && p[6].frame == q[6].frame,
	       "but where it has written");
	close(snap);
	drop(&fork);
	drop(&w);
}

static void test_merged(void)
{
	struct vmm_ksm_page *p, *q = again;
	unsigned long frames = 0, i;
	struct world a, b;

	begin();
	make(&a, VMM_MEM_SMALL_PAGES, 1000000);
	make(&b, VMM_MEM_SMALL_PAGES, 2000000);
	set_number("step", figure("pages_total"));
	p = dumped(&a);
	tap_ok(count(p, VMM_KSM_PAGE_MERGED, VMM_KSM_PAGE_MERGED) == EQUAL &&
	       count(p, ~0U, 0) == ZEROS + HOLE && hashes_fit(p, 1000000),
	       "what is merged is told; zeroes are not there any more");
	memcpy(q, p, PAGES * sizeof(*p));
	p = dumped(&b);
	for (i = 0; i < EQUAL; i++)
		frames += p[i].frame == q[i].frame && p[i].hash == q[i].hash &&
			  p[i].frame == p[i % CONTENTS].frame;
	tap_ok(frames == EQUAL, "in the same frames in both");
	drop(&a);
	drop(&b);
}

static void test_away(void)
{
	struct vmm_mem_reclaim r = { .pages = PAGES, .flags = VMM_RECLAIM_ALL };
	struct vmm_ksm_page *p;
	struct world w;
	long away;

	begin();
	make(&w, VMM_MEM_SMALL_PAGES, 1000000);
	if (ioctl(w.mem, VMM_MEM_RECLAIM, &r))
		vt_bail("reclaim");
	away = mem_figure(w.mem, "away");
	p = dumped(&w);
	tap_ok(away > 0 && (long)count(p, ~0U, VMM_KSM_PAGE_AWAY) == away &&
	       mem_figure(w.mem, "away") == away && hashes_fit(p, 1000000),
	       "what is away is told, and stays there (%ld)", away);
	drop(&w);
}

/* ---- how it is read ----------------------------------------------------------------------- */

static void test_offsets(void)
{
	static const size_t sizes[] = { 1, 5, 24, 25, 1000, 4095, 4096, 100000 };
	const size_t size = sizeof(struct vmm_ksm_page);
	unsigned int i, bad = 0;
	struct world w;
	long n;
	char one;

	begin();
	make(&w, VMM_MEM_SMALL_PAGES, 1000000);
	n = take(w.dump, page, sizeof(page));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(again, 0, sizeof(again));
		bad += take(w.dump, again, sizes[i]) != n ||
		       memcmp(page, again, n * size);
	}
	tap_ok(n == w.first + (long)PAGES && !bad, "however it is read it is the same");
	tap_ok(pread(w.dump, again, 4096, 0) == (ssize_t)(4096 / size * size) &&
	       pread(w.dump, again, 4096, w.first * size - size) == (ssize_t)size,
	       "a read ends with a record, and with an object");
	tap_ok(!pread(w.dump, &one, 1, n * size) && !pread(w.dump, &one, 1, 1LL << 45),
	       "behind the end is nothing");
	if (vt_remove_slot(w.t.vm, 1))
		vt_bail("slot");
	tap_ok(take(w.dump, again, sizeof(again)) == w.first,
	       "an object that is mapped no longer is not told");
	drop(&w);
}

/* Who may open it, as it was opened for him, may not read it. */
static void test_rights(void)
{
	struct world w;
	int status;
	pid_t pid;
	char byte;

	make(&w, VMM_MEM_SMALL_PAGES, 1000000);
	pid = fork();
	if (!pid) {
		if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
			_exit(1);
		_exit(!vt_refused(pread(w.dump, &byte, 1, 0), EPERM));
	}
	waitpid(pid, &status, 0);
	tap_ok(!status, "for root alone");
	drop(&w);
}

/* ---- while things go ------------------------------------------------------------------------ */

static volatile bool stop;

static void *reader(void *arg)
{
	static struct vmm_ksm_page to[170];
	unsigned long *reads = arg;
	char path[64];
	unsigned int id;
	off_t at;
	int fd;

	for (id = 0; !stop; id = (id + 1) % 1000) {
		snprintf(path, sizeof(path), KSM "/../vms/%u/ksm/hashes", id);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		for (at = 0; pread(fd, to, sizeof(to), at) > 0; at += sizeof(to))
			(*reads)++;
		close(fd);
	}
	return NULL;
}

static void test_dying(void)
{
	struct vmm_mem_reclaim r = { .pages = 300, .flags = VMM_RECLAIM_ALL };
	unsigned long reads = 0;
	unsigned int round;
	pthread_t thread;
	struct world w;
	int snap;

	begin();
	set_number("sleep_millisecs", 0);
	set_number("run", 1);
	pthread_create(&thread, NULL, reader, &reads);
	for (round = 0; round < 20; round++) {
		make(&w, round % 2 ? VMM_MEM_SMALL_PAGES : 0, 1000000 * round);
		snap = mem_freeze(w.mem);
		fill(w.mem, 1000 * round);
		ioctl(w.mem, VMM_MEM_RECLAIM, &r);
		if (round % 3 == 0)
			vt_remove_slot(w.t.vm, 1);
		if (round % 3 == 1)
			mem_return(w.mem, snap);
		close(snap);
		drop(&w);
	}
	stop = true;
	pthread_join(thread, NULL);
	set_number("run", 2);
	tap_ok(reads, "read while VMs, objects and pages came and went (%lu times)", reads);
}

int main(void)
{
	vt_open();
	test_pages(VMM_MEM_SMALL_PAGES, "small pages");
	test_pages(0, "blocks");
	test_seed();
	test_kin();
	test_merged();
	test_away();
	test_offsets();
	test_rights();
	test_dying();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
