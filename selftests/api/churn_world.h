/* SPDX-License-Identifier: GPL-2.0 */
/* The guests of churn.c, the threads that work in them, and what was frozen of them. */
#ifndef CHURN_WORLD_H
#define CHURN_WORLD_H

#include <sys/resource.h>

#include "churn_guest.h"
#include "lineage.h"

#define CPUS		2
#define WRITERS		(CPUS + 1)	/* the last one is the host */
#define GUESTS		2
#define SNAPS		8
#define PAGES		2048U
#define SIZE		(PAGES * VT_PAGE)

/**
 * struct guest - a VM, its memory, and who works on it
 * @life: held for reading while it is used, for writing while it is made anew
 * @order: one stop, return or discard at a time
 * @data: its memory, and @map as this program sees it
 * @leave: its threads end
 */
struct guest {
	pthread_rwlock_t life;
	pthread_mutex_t order;
	struct vt t;
	int data;
	volatile uint32_t *map;
	pthread_t thread[WRITERS];
	unsigned int stops;
	volatile bool leave;
};

/**
 * struct snap - what a guest had
 * @exact: it was taken while all writers stood still: @gens and @sure are right
 */
struct snap {
	int fd;
	bool exact;
	uint32_t *gens;
	bool *sure;
};

static struct guest guest[GUESTS];
static struct snap snaps[SNAPS];
static pthread_mutex_t snaps_lock = PTHREAD_MUTEX_INITIALIZER;
static volatile bool stop;
static bool nomem;
static unsigned long bad, without_memory, made;

__attribute__((format(printf, 1, 2)))
static void fail(const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED) < 5)
		tap_note("%s", text);
}

/* A refusal for lack of memory is in order where memory is lacking. */
static bool refused(const char *what)
{
	if (nomem && errno == ENOMEM)
		__atomic_fetch_add(&without_memory, 1, __ATOMIC_RELAXED);
	else
		fail("%s: %s", what, strerror(errno));
	return false;
}

/* ---- guests ---------------------------------------------------------------------- */

/* The access is made again, when there may be memory. */
static void on_bus_error(int sig)
{
	if (!nomem)
		abort();
	__atomic_fetch_add(&without_memory, 1, __ATOMIC_RELAXED);
	usleep(1000);
}

struct seat {
	struct guest *g;
	unsigned int n;
};

/* Who does something to guests comes before those who write without end. */
static void step_back(void)
{
	if (setpriority(PRIO_PROCESS, gettid(), 10))
		vt_bail("priority");
}

/* The vCPU has stopped, as there was no memory; it has lost nothing. */
static bool stopped_for_memory(struct vmm_run *run, int cpu)
{
	struct vmm_regs regs;

	if (!nomem || run->reason != VMM_RUN_INTERNAL ||
	    !strstr(run->text, "no host memory"))
		return false;
	__atomic_fetch_add(&without_memory, 1, __ATOMIC_RELAXED);
	vt_sleep_ms(1);
	return !ioctl(cpu, VMM_VCPU_GET_REGS, &regs) &&
	       !ioctl(cpu, VMM_VCPU_SET_REGS, &regs);
}

static void *run_vcpu(void *arg)
{
	struct seat seat = *(struct seat *)arg;
	struct guest *g = seat.g;
	struct vmm_run *run = g->t.run[seat.n];

	free(arg);
	step_back();
	while (!g->leave) {
		if (ioctl(g->t.cpu[seat.n], VMM_VCPU_RUN, 0)) {
			if (errno == EINTR)
				continue;
			fail("a run: %s", strerror(errno));
			break;
		}
		if (run->reason != VMM_RUN_NONE &&
		    !stopped_for_memory(run, g->t.cpu[seat.n])) {
			fail("vCPU %u stops for reason %u%s%s", seat.n, run->reason,
			     run->reason >= VMM_RUN_SHUTDOWN ? ": " : "",
			     run->reason >= VMM_RUN_SHUTDOWN ? run->text : "");
			break;
		}
	}
	return NULL;
}

static void *write_from_host(void *arg)
{
	struct seat seat = *(struct seat *)arg;
	struct guest *g = seat.g;
	volatile struct cg_writer *w = cg_writer(&g->t, seat.n);
	unsigned int page = w->first;
	uint32_t ticket;

	free(arg);
	step_back();
	while (!g->leave) {
		ticket = cg_mail(&g->t)->stop;
		w->ack = ticket;
		if (ticket) {
			usleep(200);
			continue;
		}
		if (!cg_turn(&g->t, w, g->map, page))
			break;
		page += WRITERS;
		if (page >= PAGES) {
			page = w->first;
			w->rounds++;
		}
	}
	return NULL;
}

static void spawn(struct guest *g, unsigned int n)
{
	struct seat *seat = malloc(sizeof(*seat));

	if (!seat)
		vt_bail("memory");
	*seat = (struct seat){ g, n };
	if (pthread_create(&g->thread[n], NULL,
			   n < CPUS ? run_vcpu : write_from_host, seat))
		vt_bail("thread");
}

/* In @data there is what @snap says, or nothing. */
static void make_guest(struct guest *g, int data, const struct snap *snap)
{
	unsigned int n, page;

	g->data = data;
	g->map = (volatile uint32_t *)vt_map(data, SIZE);
	vt_make(&g->t, CPUS, CG_RAM);
	if (!g->map || vt_set_slot(g->t.vm, 1, CG_DATA, SIZE, data, 0, 0))
		vt_bail("slot");
	VT_LOAD(&g->t, cg_code);
	for (page = 0; page < PAGES && snap; page++) {
		cg_gens(&g->t)[page] = snap->gens[page];
		cg_sure(&g->t)[page] = snap->sure[page] ? 0 : CG_NEVER;
	}
	cg_mail(&g->t)->pages = PAGES;
	cg_mail(&g->t)->writers = WRITERS;
	g->leave = false;
	g->stops = 0;
	for (n = 0; n < WRITERS; n++) {
		made++;
		cg_init_writer(&g->t, n, 1 + made % 250, made << 8);
		if (n < CPUS)
			cg_start(&g->t, n);
		spawn(g, n);
	}
}

/* Looks at what the writers had to say, and lets them go. */
static void end_guest(struct guest *g)
{
	volatile struct cg_mail *mail = cg_mail(&g->t);
	unsigned int n;

	g->leave = true;
	for (n = 0; n < CPUS; n++)
		g->t.run[n]->immediate_exit = 1;
	for (n = 0; n < WRITERS; n++) {
		while (pthread_tryjoin_np(g->thread[n], NULL)) {
			pthread_kill(g->thread[n], SIGUSR1);
			vt_sleep_ms(1);
		}
	}
	if (mail->bad)
		fail("page %u has %#x at %#x, not %#x", mail->bad_page,
		     mail->bad_word, mail->bad_at, mail->bad_want);
}

static void free_guest(struct guest *g)
{
	munmap((void *)g->map, SIZE);
	vt_free(&g->t);
	close(g->data);
}

static bool all_stand(struct guest *g)
{
	unsigned int n;

	for (n = 0; n < WRITERS; n++)
		if (cg_writer(&g->t, n)->ack != g->stops)
			return false;
	return true;
}

/* All writers stand between two pages, until go(). */
static bool halt(struct guest *g)
{
	cg_mail(&g->t)->stop = ++g->stops;
	if (VT_WAIT_FOR(all_stand(g) || cg_mail(&g->t)->bad) && all_stand(g))
		return true;
	if (!cg_mail(&g->t)->bad && !bad)
		fail("a writer does not come to a halt");
	cg_mail(&g->t)->stop = 0;
	return false;
}

static void go(struct guest *g)
{
	cg_mail(&g->t)->stop = 0;
}

/* ---- snapshots -------------------------------------------------------------------- */

static void drop_snap(struct snap *s)
{
	if (s->gens) {
		close(s->fd);
		free(s->gens);
		free(s->sure);
	}
	memset(s, 0, sizeof(*s));
}

static bool new_snap(struct snap *s, int fd, bool exact)
{
	s->fd = fd;
	s->exact = exact;
	s->gens = calloc(PAGES, sizeof(*s->gens));
	s->sure = calloc(PAGES, sizeof(*s->sure));
	if (!s->gens || !s->sure)
		vt_bail("memory");
	return true;
}

/* In the place of some other one. */
static void keep_snap(struct snap *s, unsigned int *seed)
{
	struct snap old;
	unsigned int n;

	pthread_mutex_lock(&snaps_lock);
	n = rand_r(seed) % SNAPS;
	old = snaps[n];
	snaps[n] = *s;
	pthread_mutex_unlock(&snaps_lock);
	drop_snap(&old);
}

/* A copy of one that was kept; an exact one, if that matters. */
static bool some_snap(struct snap *s, bool exact, unsigned int *seed)
{
	unsigned int n = rand_r(seed) % SNAPS, i;
	const struct snap *from;
	bool found = false;

	memset(s, 0, sizeof(*s));
	pthread_mutex_lock(&snaps_lock);
	for (i = 0; i < SNAPS && !found; i++) {
		from = &snaps[(n + i) % SNAPS];
		if (!from->gens || (exact && !from->exact))
			continue;
		found = new_snap(s, dup(from->fd), from->exact);
		memcpy(s->gens, from->gens, PAGES * sizeof(*s->gens));
		memcpy(s->sure, from->sure, PAGES * sizeof(*s->sure));
	}
	pthread_mutex_unlock(&snaps_lock);
	return found;
}

/* Some of its pages, read: as exactly as it is known. */
static void look_at(const struct snap *s, unsigned int *seed)
{
	uint32_t word[CG_WORDS];
	unsigned int n, page, i;

	for (n = 0; n < 256; n++) {
		page = rand_r(seed) % PAGES;
		if (pread(s->fd, word, VT_PAGE, page * VT_PAGE) != VT_PAGE) {
			refused("pread of a snapshot");
			return;
		}
		i = s->exact && s->sure[page] ?
		    cg_wrong(word, page, s->gens[page]) :
		    cg_wrong_loosely(word, page);
		if (i < CG_WORDS)
			fail("a snapshot's page %u has %#x at %u", page, word[i], i);
	}
}

#endif
