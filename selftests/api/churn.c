// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing is lost: guests write and verify their memory (churn_guest.h) while it is frozen,
 * forked, returned, discarded, evicted, swapped, limited, wanted by the host, read, mapped
 * and pinned at random.
 *
 *	churn [SECONDS [nomem]]
 *
 * With nomem allocations of the module fail at random, which takes a debug build
 * (make modules AUDIT=1): whoever gets no memory is told, and goes on when there is some.
 *
 * test: timeout: 120
 */
#include <sys/uio.h>

#include <linux/vmm_mem.h>

#include "churn_world.h"

#define ACTORS		2
#define MEM_FAIL	"/sys/module/vmm/parameters/mem_fail"
#define MEM_FAILED	MEM_FAIL "ed"

static unsigned long left, failures;

/* ---- what is done to guests --------------------------------------------------------- */

static bool freeze_running(struct guest *g, unsigned int *seed)
{
	int fd = mem_freeze(g->data);
	struct snap s;

	if (fd < 0)
		return refused("freeze");
	new_snap(&s, fd, false);
	look_at(&s, seed);
	keep_snap(&s, seed);
	return true;
}

static bool freeze_standing(struct guest *g, unsigned int *seed)
{
	unsigned int page;
	struct snap s;
	int fd;

	pthread_mutex_lock(&g->order);
	fd = halt(g) ? mem_freeze(g->data) : -2;
	if (fd >= 0) {
		new_snap(&s, fd, true);
		for (page = 0; page < PAGES; page++) {
			s.gens[page] = cg_gens(&g->t)[page];
			s.sure[page] = cg_sure(&g->t)[page] ==
				       cg_mail(&g->t)->epoch;
		}
	}
	go(g);
	pthread_mutex_unlock(&g->order);
	if (fd < 0)
		return fd == -1 && refused("freeze");
	look_at(&s, seed);
	keep_snap(&s, seed);
	return true;
}

static bool return_running(struct guest *g, unsigned int *seed)
{
	struct snap s;
	int err;

	if (!some_snap(&s, false, seed))
		return false;
	pthread_mutex_lock(&g->order);
	cg_mail(&g->t)->epoch++;
	err = mem_return(g->data, s.fd);
	cg_mail(&g->t)->epoch++;
	pthread_mutex_unlock(&g->order);
	drop_snap(&s);
	return !err || refused("return");
}

static bool return_standing(struct guest *g, unsigned int *seed)
{
	uint32_t epoch;
	unsigned int page;
	struct snap s;
	int err = -2;

	if (!some_snap(&s, true, seed))
		return false;
	pthread_mutex_lock(&g->order);
	if (halt(g))
		err = mem_return(g->data, s.fd);
	epoch = cg_mail(&g->t)->epoch;
	for (page = 0; page < PAGES && !err; page++) {
		cg_gens(&g->t)[page] = s.gens[page];
		cg_sure(&g->t)[page] = s.sure[page] ? epoch : CG_NEVER;
	}
	go(g);
	pthread_mutex_unlock(&g->order);
	drop_snap(&s);
	return !err || (err == -1 && refused("return"));
}

static bool let_fail(const char *one_in)
{
	int fd = open(MEM_FAIL, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, one_in, strlen(one_in)) > 0;

	close(fd);
	return good;
}

/* Allocations, so far; most are made up for, and nobody is told. */
static unsigned long failed(void)
{
	unsigned long n = 0;
	FILE *f = fopen(MEM_FAILED, "r");

	if (!f || fscanf(f, "%lu", &n) != 1)
		vt_bail(MEM_FAILED);
	fclose(f);
	return n;
}

/* Another guest, of a snapshot; the first one stays. */
static bool fork_guest(struct guest *g, unsigned int *seed)
{
	struct snap s;
	int fd;

	if (g == guest || !some_snap(&s, true, seed))
		return false;
	fd = mem_fork(s.fd);
	if (fd >= 0) {
		pthread_rwlock_unlock(&g->life);
		pthread_rwlock_wrlock(&g->life);
		end_guest(g);
		free_guest(g);
		/* What makes a VM is not what is tested. */
		if (nomem)
			let_fail("0");
		make_guest(g, fd, &s);
		if (nomem && !stop)
			let_fail("20");
		pthread_rwlock_unlock(&g->life);
		pthread_rwlock_rdlock(&g->life);
	}
	drop_snap(&s);
	return fd >= 0 || refused("fork");
}

static bool punch(struct guest *g, unsigned int first, unsigned int count)
{
	return !fallocate(g->data, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  first * VT_PAGE, count * VT_PAGE);
}

static bool discard_running(struct guest *g, unsigned int *seed)
{
	unsigned int first = rand_r(seed) % PAGES;
	unsigned int count = 1 + rand_r(seed) % (PAGES - first);
	bool good;

	if (rand_r(seed) % 4)
		count = 1 + count % 16;
	pthread_mutex_lock(&g->order);
	cg_mail(&g->t)->epoch++;
	good = punch(g, first, count);
	cg_mail(&g->t)->epoch++;
	pthread_mutex_unlock(&g->order);
	return good || refused("discard");
}

/* If it fails in between, what lies behind has stayed. */
static bool discard_standing(struct guest *g, unsigned int *seed)
{
	unsigned int first = rand_r(seed) % PAGES, page;
	unsigned int count = 1 + rand_r(seed) % (PAGES - first) / 4;
	bool stood, good = false;
	int err = 0;

	pthread_mutex_lock(&g->order);
	stood = halt(g);
	if (stood) {
		good = punch(g, first, count);
		err = errno;
	}
	for (page = first; page < first + count && stood; page++) {
		cg_gens(&g->t)[page] = 0;
		cg_sure(&g->t)[page] = good ? cg_mail(&g->t)->epoch : CG_NEVER;
	}
	go(g);
	pthread_mutex_unlock(&g->order);
	errno = err;
	return good || (stood && refused("discard"));
}

static bool look_loosely(const volatile uint32_t *word, unsigned int page,
			 const char *how)
{
	unsigned int i = cg_wrong_loosely(word, page);

	if (i < CG_WORDS)
		fail("%s, page %u has %#x at %u", how, page, word[i], i);
	return i == CG_WORDS;
}

static bool read_pages(struct guest *g, unsigned int *seed)
{
	uint32_t word[CG_WORDS];
	unsigned int n, page;

	for (n = 0; n < 64; n++) {
		page = rand_r(seed) % PAGES;
		if (pread(g->data, word, VT_PAGE, page * VT_PAGE) != VT_PAGE)
			return refused("pread");
		look_loosely(word, page, "read");
	}
	return true;
}

static bool read_mapped(struct guest *g, unsigned int *seed)
{
	unsigned int n, page;
	uint32_t *map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, g->data, 0);

	if (map == MAP_FAILED)
		return refused("mmap");
	for (n = 0; n < 64; n++) {
		page = rand_r(seed) % PAGES;
		look_loosely(map + page * CG_WORDS, page, "mapped");
	}
	munmap(map, SIZE);
	return true;
}

/* Two pages stay in a pipe for a while, whatever happens to the guest. */
static bool pin_pages(struct guest *g, unsigned int *seed)
{
	unsigned int page = rand_r(seed) % (PAGES - 1), n;
	struct iovec from = {
		(void *)(g->map + page * CG_WORDS), 2 * VT_PAGE,
	};
	uint32_t word[CG_WORDS];
	int pipes[2];
	ssize_t got;

	if (pipe(pipes))
		return refused("pipe");
	got = vmsplice(pipes[1], &from, 1, 0);
	close(pipes[1]);
	vt_sleep_ms(rand_r(seed) % 20);
	for (n = 0; got > 0 && n < got / VT_PAGE; n++) {
		if (read(pipes[0], word, VT_PAGE) == VT_PAGE)
			look_loosely(word, page + n, "pinned");
	}
	close(pipes[0]);
	if (got < 0 && errno == EFAULT)
		errno = ENOMEM;
	return got > 0 || refused("vmsplice");
}

static bool look_again(struct guest *g, unsigned int *seed)
{
	struct snap s;

	if (!some_snap(&s, false, seed))
		return false;
	look_at(&s, seed);
	drop_snap(&s);
	return true;
}

/* Pages of the guest and of all its kin leave memory, or come back. */
static bool evict(struct guest *g, unsigned int *seed)
{
	struct vmm_mem_reclaim r = {
		.pages = 1 + rand_r(seed) % PAGES,
		.flags = rand_r(seed) % 2 ? VMM_RECLAIM_ALL : 0,
	};

	if (!(rand_r(seed) % 8)) {
		r.flags = VMM_RECLAIM_BACK;
		r.pages = 0;
	}
	if (ioctl(g->data, VMM_MEM_RECLAIM, &r)) {
		/* Not all of it need have room below a limit. */
		if (r.flags == VMM_RECLAIM_BACK && errno == ENOMEM)
			return true;
		return refused("reclaim");
	}
	__atomic_fetch_add(&left, r.pages, __ATOMIC_RELAXED);
	return r.pages || r.flags == VMM_RECLAIM_BACK;
}

/* Nothing of what is written compresses: who has a limit has a file. */
static pthread_mutex_t policy_lock = PTHREAD_MUTEX_INITIALIZER;

static int set_limit(struct guest *g, uint64_t limit)
{
	struct vmm_mem_policy p = { .shares = VMM_MEM_SHARES, .limit = limit };

	return ioctl(g->data, VMM_MEM_SET_POLICY, &p);
}

/* There is room for all that guests and snapshots can have. */
static int attach(struct guest *g, unsigned int *seed)
{
	const uint64_t size = 2ULL * (GUESTS + SNAPS) * SIZE;
	struct vmm_mem_swap s = {
		.size = size,
		.keep = rand_r(seed) % 2 ? 0 : 256 * 1024,
	};
	int ret;

	s.fd = memfd_create("churn", MFD_CLOEXEC);
	if (s.fd < 0 || ftruncate(s.fd, size))
		vt_bail("swap file");
	ret = ioctl(g->data, VMM_MEM_SWAP, &s);
	close(s.fd);
	return ret;
}

/* What leaves goes to a file, or from there back into memory. */
static bool swap(struct guest *g, unsigned int *seed)
{
	struct vmm_mem_swap none = { .fd = -1 };
	bool come = rand_r(seed) % 2;
	int ret;

	pthread_mutex_lock(&policy_lock);
	if (come)
		ret = attach(g, seed);
	else
		ret = set_limit(g, 0) ?: ioctl(g->data, VMM_MEM_SWAP, &none);
	pthread_mutex_unlock(&policy_lock);
	/* There is one already, or none. */
	if (ret && errno == (come ? EBUSY : ENOENT))
		return false;
	return !ret || refused("swap");
}

/* It and its kin may have less than they have, or as much as they like again. */
static bool limit(struct guest *g, unsigned int *seed)
{
	uint64_t bytes = 0;
	int ret = 0;

	if (rand_r(seed) % 2)
		bytes = VMM_MEM_MIN_LIMIT + rand_r(seed) % 1024 * VT_PAGE;
	pthread_mutex_lock(&policy_lock);
	if (bytes && attach(g, seed) && errno != EBUSY)
		ret = -1;
	if (!ret)
		ret = set_limit(g, bytes);
	pthread_mutex_unlock(&policy_lock);
	return !ret || refused("limit");
}

/* The host takes what it gets. */
static bool shrink(struct guest *g, unsigned int *seed)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, "2", 1) == 1;

	close(fd);
	if (!done)
		vt_bail("drop_caches");
	return true;
}

/**
 * struct action - something that may happen
 * @act: false: not done, for want of something
 * @weight: how often
 * @done: how often it was done
 */
#define ACT(n, a, w) { .name = n, .act = a, .weight = w }

static struct action {
	const char *name;
	bool (*act)(struct guest *g, unsigned int *seed);
	unsigned int weight;
	unsigned long done;
} actions[] = {
	ACT("freezes", freeze_running, 4),
	ACT("exact freezes", freeze_standing, 4),
	ACT("returns", return_running, 1),
	ACT("exact returns", return_standing, 3),
	ACT("forks", fork_guest, 1),
	ACT("discards", discard_running, 1),
	ACT("exact discards", discard_standing, 2),
	ACT("reads", read_pages, 2),
	ACT("looks at mappings", read_mapped, 2),
	ACT("pins", pin_pages, 3),
	ACT("looks at snapshots", look_again, 2),
	ACT("evictions", evict, 6),
	ACT("swap files that come or go", swap, 1),
	ACT("limits", limit, 1),
	ACT("shortages of the host", shrink, 1),
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

/* What has not been done at all comes up often. */
static struct action *choose(unsigned int *seed)
{
	unsigned int all = 0, at, i;

	for (i = 0; i < ACTIONS; i++)
		if (!actions[i].done && rand_r(seed) % 2)
			return &actions[i];
	for (i = 0; i < ACTIONS; i++)
		all += actions[i].weight;
	at = rand_r(seed) % all;
	for (i = 0; at >= actions[i].weight; i++)
		at -= actions[i].weight;
	return &actions[i];
}

static void *actor(void *arg)
{
	unsigned int seed = (uintptr_t)arg;
	struct action *a;
	struct guest *g;

	while (!stop && !bad) {
		a = choose(&seed);
		g = &guest[rand_r(&seed) % GUESTS];
		pthread_rwlock_rdlock(&g->life);
		if (a->act(g, &seed))
			__atomic_fetch_add(&a->done, 1, __ATOMIC_RELAXED);
		pthread_rwlock_unlock(&g->life);
		vt_sleep_ms(rand_r(&seed) % 16);
	}
	return NULL;
}

/* ---- all of it ------------------------------------------------------------------------ */

/* The most that were counted; a guest that is made anew begins at 0. */
static uint64_t most_looks;

/* Every page of a guest that stands, as strictly as can be; how many so. */
static unsigned int look_at_all(struct guest *g)
{
	unsigned int page, strict = 0, i;

	for (page = 0; page < PAGES; page++) {
		const volatile uint32_t *word = g->map + page * CG_WORDS;

		if (cg_sure(&g->t)[page] == cg_mail(&g->t)->epoch) {
			strict++;
			i = cg_wrong(word, page, cg_gens(&g->t)[page]);
		} else {
			i = cg_wrong_loosely(word, page);
		}
		if (i < CG_WORDS)
			fail("in the end page %u has %#x at %u", page, word[i], i);
	}
	return strict;
}

/* Strict looks of all writers at one time; 0 if one of them has had none. */
static uint64_t count_looks(void)
{
	uint64_t looks = 0;
	unsigned int i, n;
	bool all = true;

	for (i = 0; i < GUESTS; i++) {
		pthread_rwlock_rdlock(&guest[i].life);
		for (n = 0; n < WRITERS; n++) {
			const volatile struct cg_writer *w =
				cg_writer(&guest[i].t, n);

			all &= w->strict > 0;
			looks += w->strict;
		}
		pthread_rwlock_unlock(&guest[i].life);
	}
	return all ? looks : 0;
}

static void end_all(void)
{
	unsigned int i, strict = 0;

	for (i = 0; i < GUESTS; i++)
		set_limit(&guest[i], 0);
	for (i = 0; i < GUESTS; i++) {
		if (halt(&guest[i]))
			strict += look_at_all(&guest[i]);
		end_guest(&guest[i]);
	}
	tap_ok(most_looks > PAGES,
	       "all writers were at work: %llu strict looks at pages",
	       (unsigned long long)most_looks);
	tap_note("%u strict looks in the end", strict);
}

static void *make_first(void)
{
	int data = vt_create_mem(SIZE), snap, i;
	pthread_rwlockattr_t fair;

	pthread_rwlockattr_init(&fair);
	pthread_rwlockattr_setkind_np(&fair,
			PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	snap = data < 0 ? -1 : mem_freeze(data);
	if (snap < 0)
		vt_bail("memory");
	for (i = 0; i < GUESTS; i++) {
		pthread_rwlock_init(&guest[i].life, &fair);
		pthread_mutex_init(&guest[i].order, NULL);
		make_guest(&guest[i], i ? mem_fork(snap) : data, NULL);
	}
	close(snap);
	return NULL;
}

static bool all_done(void)
{
	unsigned int i;

	for (i = 0; i < ACTIONS; i++)
		if (!actions[i].done)
			return false;
	return most_looks > PAGES;
}

/* On a machine that has much else to do some more time goes by. */
static bool is_over(uint64_t begun, unsigned int seconds)
{
	uint64_t ms = vt_now_ms() - begun;

	return ms > 4000ULL * seconds || (ms > 1000ULL * seconds && all_done());
}

static void churn(unsigned int seconds, unsigned int seed)
{
	uint64_t begun = vt_now_ms();
	pthread_t thread[ACTORS];
	unsigned int n;

	for (n = 0; n < ACTORS; n++)
		pthread_create(&thread[n], NULL, actor,
			       (void *)(uintptr_t)(seed + n));
	if (nomem && !let_fail("20"))
		vt_bail(MEM_FAIL);
	failures = nomem ? failed() : 0;
	while (!bad && !is_over(begun, seconds)) {
		uint64_t looks = count_looks();

		if (most_looks < looks)
			most_looks = looks;
		vt_sleep_ms(100);
		for (n = 0; n < GUESTS; n++) {
			pthread_rwlock_rdlock(&guest[n].life);
			if (cg_mail(&guest[n].t)->bad)
				bad++;
			pthread_rwlock_unlock(&guest[n].life);
		}
	}
	stop = true;
	for (n = 0; n < ACTORS; n++)
		pthread_join(thread[n], NULL);
	if (nomem) {
		failures = failed() - failures;
		let_fail("0");
	}
}

static void tell_actions(void)
{
	unsigned int i;

	for (i = 0; i < ACTIONS; i++)
		tap_ok(actions[i].done, "%lu %s", actions[i].done,
		       actions[i].name);
	tap_ok(left, "%lu pages have left memory", left);
	if (nomem)
		tap_ok(failures > 100, "%lu allocations failed, %lu times somebody was told",
		       failures, without_memory);
}

int main(int argc, char **argv)
{
	const char *given = getenv("VMM_SEED");
	unsigned int seed = given ? strtoul(given, NULL, 0) :
			    (unsigned int)time(NULL);
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 20, i;
	struct sigaction sa = { .sa_handler = on_bus_error };

	vt_open();
	vt_catch(SIGUSR1);
	nomem = argc > 2 && !strcmp(argv[2], "nomem");
	sigaction(SIGBUS, &sa, NULL);
	tap_note("seed %u", seed);
	make_first();
	churn(seconds, seed);
	end_all();
	tap_ok(!bad, "nothing is lost");
	tell_actions();
	for (i = 0; i < SNAPS; i++)
		drop_snap(&snaps[i]);
	for (i = 0; i < GUESTS; i++)
		free_guest(&guest[i]);
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
