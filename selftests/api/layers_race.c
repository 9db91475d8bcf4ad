// SPDX-License-Identifier: GPL-2.0
/*
 * Freezes, forks, returns, discards and closings of one family at once, under writers
 * of all kinds.  Each word that is written says where it belongs and to whom, so that
 * a page in a wrong place, or of another object, shows; and what is frozen is read
 * twice.
 *
 * test: timeout: 120, memory: 2G
 */
#include "lineage.h"

#define SIZE		(8 * VT_MB)
#define PAGES		(SIZE / VT_PAGE)
#define LINES		3
#define SECONDS		8

/**
 * struct line - a live object, its writers, and what was frozen of it last
 * @who: in all that is written to it, beside the page's number
 */
struct line {
	unsigned int who;
	int fd;
	unsigned char *map;
	pthread_mutex_t lock;
	int snap;
};

static struct line line[LINES];
static volatile bool stop;
static unsigned long bad, freezes, forks, returns, holes;

/* What may be at a page of any line, or its frozen ones: nothing, or a word of it. */
static bool fits(uint64_t word, unsigned int page)
{
	return !word || (word >> 40 == page && (word >> 32 & 0xff) < LINES);
}

static uint64_t word_of(unsigned int who, unsigned int page, uint32_t n)
{
	return (uint64_t)page << 40 | (uint64_t)who << 32 | n;
}

static void fail(const char *what, unsigned int page, uint64_t word)
{
	if (!__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED))
		tap_note("%s: page %u has %#llx", what, page,
			 (unsigned long long)word);
}

static void *writer(void *arg)
{
	struct line *l = arg;
	unsigned int seed = l->who;
	volatile uint64_t *p;
	uint32_t n = 0;

	while (!stop) {
		unsigned int page = rand_r(&seed) % PAGES;

		p = (volatile uint64_t *)(l->map + page * VT_PAGE);
		if (!fits(p[0], page))
			fail("mapping", page, p[0]);
		p[0] = word_of(l->who, page, ++n);
		p[511] = p[0];
	}
	return NULL;
}

/* The whole of a frozen object: fits, and is the same a second time. */
static void check_frozen(int snap)
{
	uint64_t sum = mem_sum(snap, SIZE), word;
	unsigned int page;

	for (page = 0; page < PAGES; page++) {
		if (pread(snap, &word, 8, page * VT_PAGE) != 8 ||
		    !fits(word, page))
			fail("frozen", page, word);
	}
	if (!sum || mem_sum(snap, SIZE) != sum)
		fail("frozen, changed", 0, 0);
}

static void change_snap(struct line *l, int snap)
{
	int old;

	pthread_mutex_lock(&l->lock);
	old = l->snap;
	l->snap = snap;
	pthread_mutex_unlock(&l->lock);
	if (old >= 0)
		close(old);
}

static void *freezer(void *arg)
{
	struct line *l = arg;
	int snap;

	while (!stop) {
		snap = mem_freeze(l->fd);
		if (snap < 0) {
			fail("no freeze", 0, errno);
			continue;
		}
		__atomic_fetch_add(&freezes, 1, __ATOMIC_RELAXED);
		check_frozen(snap);
		change_snap(l, snap);
	}
	return NULL;
}

/* A fork of some snapshot is that, until it is written. */
static void try_fork(int snap, unsigned int *seed)
{
	int fd = mem_fork(snap), again;
	unsigned int page = rand_r(seed) % PAGES;
	uint64_t word, *p;
	unsigned char *map;

	if (fd < 0)
		return;
	map = vt_map(fd, SIZE);
	if (map && pread(snap, &word, 8, page * VT_PAGE) == 8) {
		p = (uint64_t *)(map + page * VT_PAGE);
		if (*p != word)
			fail("fork", page, *p);
		*p = word_of(LINES, page, rand_r(seed));
		again = mem_freeze(fd);
		if (mem_return(fd, snap) || *p != word)
			fail("fork, returned", page, *p);
		close(again);
		munmap(map, SIZE);
	}
	close(fd);
	__atomic_fetch_add(&forks, 1, __ATOMIC_RELAXED);
}

static void *forker(void *arg)
{
	unsigned int seed = 99;
	struct line *l;
	int snap;

	while (!stop) {
		l = &line[rand_r(&seed) % LINES];
		pthread_mutex_lock(&l->lock);
		snap = dup(l->snap);
		pthread_mutex_unlock(&l->lock);
		if (snap >= 0) {
			try_fork(snap, &seed);
			close(snap);
		}
	}
	return NULL;
}

/* Any line gets what any other one had, and holes. */
static void *returner(void *arg)
{
	unsigned int seed = 7;
	struct line *from;
	int snap;

	while (!stop) {
		from = &line[rand_r(&seed) % LINES];
		pthread_mutex_lock(&from->lock);
		snap = dup(from->snap);
		pthread_mutex_unlock(&from->lock);
		if (snap >= 0 && !mem_return(line[rand_r(&seed) % LINES].fd,
					     snap))
			__atomic_fetch_add(&returns, 1, __ATOMIC_RELAXED);
		close(snap);
		if (!fallocate(line[rand_r(&seed) % LINES].fd,
			       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       rand_r(&seed) % (PAGES - 600) * VT_PAGE,
			       (1 + rand_r(&seed) % 600) * VT_PAGE))
			__atomic_fetch_add(&holes, 1, __ATOMIC_RELAXED);
		vt_sleep_ms(2);
	}
	return NULL;
}

/* Adds its own mark to pages from ebx on, over and over. */
VT_BLOB(guest,
	"sti\n"
	"1: mov %ebx, %edi\n"
	"mov %ecx, %edx\n"
	"2: lock incl (%edi)\n"
	"add $0x1000, %edi\n"
	"dec %edx\n"
	"jnz 2b\n"
	"jmp 1b");

static void start_guest(struct vt *t, struct vt_runner *r)
{
	struct vmm_regs regs;

	vt_make(t, 1, 2 * VT_MB);
	if (vt_set_slot(t->vm, 1, 16 * VT_MB, SIZE, line[0].fd, 0, 0))
		vt_bail("slot");
	VT_LOAD(t, guest);
	if (ioctl(t->cpu[0], VMM_VCPU_GET_REGS, &regs))
		vt_bail("registers");
	/* Words that nobody else writes, and nobody looks at but the guest. */
	regs.rbx = 16 * VT_MB + 1024;
	regs.rcx = PAGES;
	if (ioctl(t->cpu[0], VMM_VCPU_SET_REGS, &regs))
		vt_bail("registers");
	vt_spawn(r, t, 0);
}

static void make_lines(void)
{
	int snap;
	unsigned int i;

	line[0].fd = vt_create_mem(SIZE);
	snap = mem_freeze(line[0].fd);
	for (i = 0; i < LINES; i++) {
		line[i].who = i;
		if (i)
			line[i].fd = mem_fork(snap);
		line[i].map = vt_map(line[i].fd, SIZE);
		line[i].snap = -1;
		pthread_mutex_init(&line[i].lock, NULL);
		if (!line[i].map)
			vt_bail("objects");
	}
	close(snap);
}

static void check_lines(void)
{
	unsigned int i, page;
	uint64_t word;

	for (i = 0; i < LINES; i++) {
		for (page = 0; page < PAGES; page++) {
			memcpy(&word, line[i].map + page * VT_PAGE, 8);
			if (!fits(word, page))
				fail("in the end", page, word);
		}
	}
	tap_ok(!bad, "every page is where it belongs, what is frozen stays");
	tap_note("%lu freezes, %lu forks, %lu returns, %lu holes", freezes,
		 forks, returns, holes);
	tap_ok(freezes > 2 && forks && returns > 2 && holes > 2,
	       "there was much to go wrong");
}

int main(void)
{
	pthread_t thread[2 * LINES + 2];
	struct vt_runner runner;
	unsigned int i, n = 0;
	struct vt t;
	long pages;

	vt_open();
	vt_catch(SIGUSR1);
	make_lines();
	start_guest(&t, &runner);
	for (i = 0; i < LINES; i++) {
		pthread_create(&thread[n++], NULL, writer, &line[i]);
		pthread_create(&thread[n++], NULL, freezer, &line[i]);
	}
	pthread_create(&thread[n++], NULL, forker, NULL);
	pthread_create(&thread[n++], NULL, returner, NULL);
	sleep(SECONDS);
	stop = true;
	while (n)
		pthread_join(thread[--n], NULL);
	vt_stop(&runner);
	check_lines();
	vt_free(&t);
	for (i = 1; i < LINES; i++) {
		munmap(line[i].map, SIZE);
		close(line[i].fd);
	}
	for (i = 0; i < LINES; i++)
		change_snap(&line[i], -1);
	pages = mem_figure(line[0].fd, "resident");
	tap_ok(VT_WAIT_FOR(mem_figure(line[0].fd, "family-pages") == pages),
	       "the last one has what there is: %ld of %ld pages",
	       mem_figure(line[0].fd, "family-pages"), pages);
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
