// SPDX-License-Identifier: GPL-2.0
/*
 * What is hard for deduplication, all at once, and whether each byte is what it should be:
 *
 *	A1	pages that are rewritten, each at its own pace
 *	A2	pages that differ in their last 8 bytes alone
 *	A3	pages most of which have one content
 *	A4	one equal page in each block of 2 MiB
 *	A5	a guest that writes to all its pages at once, which are like another's
 *	A7	a guest that takes the time of reads and writes
 *	A8	a guest that rewrites page tables that are merged
 *
 *	ksm_hostile [SECONDS [beside [nomem]]]
 *
 * Beside something else it leaves settings alone and, if SECONDS is 0, goes on until SIGTERM; it prints
 * "# ready" when it is.  With nomem allocations may fail.  Collisions of hashes (A3), for which a guest lacks
 * the key, are in unit/ksm_index.
 *
 * test: timeout: 240
 */
#include <sys/resource.h>

#include "ksm_tables.h"

#define AREA	(4 * VT_MB)
#define PAGES	(AREA / VT_PAGE)
#define WORDS	(VT_PAGE / 8)
#define BLOCK	512UL		/* pages of 2 MiB */
#define GPA	0x1000000UL
#define KINDS	64U		/* contents of a guest's pages */

/**
 * struct work - one of them
 * @round:	some of it; false: something is not what it should be
 * @huge:	in blocks of 2 MiB
 * @tail:	contents differ at the end alone
 * @t:		its guest, if it has one
 * @content:	of each page
 * @written:	by the guest, into each page
 */
struct work {
	const char *name;
	bool (*round)(struct work *w);
	const unsigned char *code, *code_end;
	bool huge, tail;
	struct vt t;
	int fd;
	volatile uint64_t *map;
	uint32_t content[PAGES];
	uint32_t written;
	unsigned long rounds;
	unsigned int seed;
	bool good;
	pthread_t thread;
};

static volatile bool stop;
static bool nomem;
static unsigned long without_memory;

/* --- pages that this process writes ----------------------------------------------------- */

static uint64_t word_of(const struct work *w, uint32_t content, unsigned int k)
{
	if (!content)
		return 0;
	if (w->tail)
		return k == WORDS - 1 ? content : 0x5a5a5a5a5a5a5a5aULL;
	return content * 0x9e3779b97f4a7c15ULL + k;
}

static void write_page(struct work *w, unsigned int page, uint32_t content)
{
	volatile uint64_t *word = w->map + page * WORDS;
	unsigned int k;

	for (k = 0; k < WORDS; k++)
		word[k] = word_of(w, content, k);
	w->content[page] = content;
}

static bool is_right(const struct work *w, unsigned int page)
{
	volatile uint64_t *word = w->map + page * WORDS;
	unsigned int k;

	for (k = 0; k < WORDS; k++) {
		if (word[k] == word_of(w, w->content[page], k))
			continue;
		tap_note("%s: page %u has %#llx at %u, wanted content %u", w->name, page,
			 (unsigned long long)word[k], k, w->content[page]);
		return false;
	}
	return true;
}

static bool rewrite(struct work *w, unsigned int page, uint32_t content)
{
	if (!is_right(w, page))
		return false;
	write_page(w, page, content);
	return true;
}

static unsigned int rnd(struct work *w, unsigned int below)
{
	return rand_r(&w->seed) % below;
}

static bool a1_round(struct work *w)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < PAGES && good; i++) {
		if (!rnd(w, 4U << i % 8))
			good = rewrite(w, i, rnd(w, 17));
	}
	return good;
}

static bool a2_round(struct work *w)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < 64 && good; i++)
		good = rewrite(w, rnd(w, PAGES), 1 + rnd(w, 400));
	return good;
}

static bool a3_round(struct work *w)
{
	bool good = true;
	unsigned int i, page;

	for (i = 0; i < 64 && good; i++) {
		page = rnd(w, PAGES);
		good = rewrite(w, page, w->content[page] == 7 ? 1000 + page : 7);
	}
	return good;
}

/* What is written is what is there: it breaks, and is equal again. */
static bool a4_round(struct work *w)
{
	unsigned int i, page = rnd(w, PAGES / BLOCK) * BLOCK;
	bool good = rewrite(w, page, 7);

	for (i = 0; i < 32 && good; i++)
		good = is_right(w, rnd(w, PAGES));
	return good;
}

/* What this process has mapped counts as in use, and is not merged. */
static void give_up(struct work *w)
{
	if (w->map && madvise((void *)w->map, AREA, MADV_DONTNEED))
		vt_bail("a mapping cannot go");
}

/* --- guests --------------------------------------------------------------------------- */

/* esi: pages, ecx of them, that have ebx at 8; and get edx. */
VT_BLOB(a5_guest,
	"1: cmp %ebx, 8(%esi)\n"
	"jne 9f\n"
	"mov %edx, 8(%esi)\n"
	"add $4096, %esi\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt\n"
	"9: out %al, $0x81\n"
	"hlt");

/* ecx accesses to one of 1024 pages at 16 MiB, ebp decides which; it begins with its number modulo 64. */
VT_BLOB(a7_guest,
	"1: imul $1664525, %ebp, %ebp\n"
	"add $1013904223, %ebp\n"
	"mov %ebp, %edi\n"
	"shr $22, %edi\n"
	"mov %edi, %ebx\n"
	"and $63, %ebx\n"
	"shl $12, %edi\n"
	"lfence\n rdtsc\n lfence\n"
	"mov %eax, %esi\n"
	"test $0x10000, %ebp\n"
	"jz 2f\n"
	"lock addl $0, 0x1000000(%edi)\n"
	"2: cmp %ebx, 0x1000000(%edi)\n"
	"jne 9f\n"
	"lfence\n rdtsc\n"
	"sub %esi, %eax\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt\n"
	"9: out %al, $0x81\n"
	"hlt");

/* The vCPU has stopped, as there was no memory; it has lost nothing. */
static bool stopped_for_memory(struct vt *t)
{
	struct vmm_regs regs;

	if (!nomem || t->run[0]->reason != VMM_RUN_INTERNAL ||
	    !strstr(t->run[0]->text, "no host memory"))
		return false;
	__atomic_fetch_add(&without_memory, 1, __ATOMIC_RELAXED);
	vt_sleep_ms(1);
	return !ioctl(t->cpu[0], VMM_VCPU_GET_REGS, &regs) &&
	       !ioctl(t->cpu[0], VMM_VCPU_SET_REGS, &regs);
}

/* It comes to the port that says that all is right. */
static bool guest_agrees(struct work *w)
{
	struct vmm_run *run = w->t.run[0];
	int err;

	do
		err = vt_run(&w->t, 0);
	while (err == EINTR || (!err && stopped_for_memory(&w->t)));
	if (!err && run->reason == VMM_RUN_IO && run->io.port == 0x80)
		return true;
	tap_note("%s: run: %s, reason %u, port %#x%s%s", w->name, strerror(err), run->reason,
		 run->reason == VMM_RUN_IO ? run->io.port : 0,
		 run->reason >= VMM_RUN_SHUTDOWN ? ": " : "",
		 run->reason >= VMM_RUN_SHUTDOWN ? run->text : "");
	return false;
}

static bool run_guest(struct work *w, const struct vmm_regs *to)
{
	struct vmm_regs regs;

	vt_start(&w->t, 0, VT_CODE);
	if (ioctl(w->t.cpu[0], VMM_VCPU_GET_REGS, &regs))
		vt_bail("registers");
	regs.rbx = to->rbx;
	regs.rcx = to->rcx;
	regs.rdx = to->rdx;
	regs.rsi = to->rsi;
	regs.rbp = to->rbp;
	if (ioctl(w->t.cpu[0], VMM_VCPU_SET_REGS, &regs))
		vt_bail("registers");
	return guest_agrees(w);
}

static bool a5_round(struct work *w)
{
	struct vmm_regs regs = {
		.rsi = GPA, .rcx = PAGES, .rbx = w->written, .rdx = w->written + 1,
	};

	/* Time to be merged. */
	vt_sleep_ms(50 + rnd(w, 200));
	if (!run_guest(w, &regs))
		return false;
	w->written++;
	return true;
}

static bool a7_round(struct work *w)
{
	struct vmm_regs regs = { .rcx = 256, .rbp = rnd(w, 1U << 30) };

	return run_guest(w, &regs);
}

static bool a8_round(struct work *w)
{
	tables_start(&w->t, 5 * w->rounds, 5);
	return guest_agrees(w);
}

static bool guest_page_is_right(const struct work *w, unsigned int page)
{
	uint32_t *word = (uint32_t *)(w->map + page * WORDS), wanted;
	unsigned int k;

	for (k = 0; k < VT_PAGE / 4; k++) {
		wanted = k == 0 ? page % KINDS : k == 2 ? w->written : 0x33333333;
		if (word[k] == wanted)
			continue;
		tap_note("%s: page %u has %#x at %u, wanted %#x", w->name, page, word[k], k,
			 wanted);
		return false;
	}
	return true;
}

/* --- all of them ------------------------------------------------------------------------ */

static struct work works[] = {
	{ .name = "A1", .round = a1_round },
	{ .name = "A2", .round = a2_round, .tail = true },
	{ .name = "A3", .round = a3_round },
	{ .name = "A4", .round = a4_round, .huge = true },
	{ .name = "A5", .round = a5_round, .code = a5_guest, .code_end = a5_guest_end },
	{ .name = "A5, once more", .round = a5_round, .code = a5_guest,
	  .code_end = a5_guest_end },
	{ .name = "A7", .round = a7_round, .code = a7_guest, .code_end = a7_guest_end },
	{ .name = "A8", .round = a8_round },
	{ .name = "A8, once more", .round = a8_round },
};

#define WORKS	(sizeof(works) / sizeof(works[0]))

static void fill(struct work *w)
{
	uint32_t *p = (uint32_t *)w->map;
	unsigned int i;

	if (!w->code) {
		for (i = 0; i < PAGES; i++)
			write_page(w, i, w->huge && i % BLOCK ? 1000 + i : 7);
		return;
	}
	memset(p, 0x33, AREA);
	for (i = 0; i < PAGES; i++) {
		p[i * VT_PAGE / 4] = i % KINDS;
		p[i * VT_PAGE / 4 + 2] = 0;
	}
}

static void make(struct work *w)
{
	struct vmm_create_mem c = {
		.size = AREA, .flags = w->huge ? 0 : VMM_MEM_SMALL_PAGES,
	};

	w->seed = w - works + 1;
	w->good = true;
	if (w->round == a8_round) {
		w->fd = tables_make(&w->t);
		return;
	}
	w->fd = ioctl(vt_dev, VMM_CREATE_MEM, &c);
	w->map = w->fd < 0 ? NULL : (void *)vt_map(w->fd, AREA);
	if (!w->map)
		vt_bail("memory");
	fill(w);
	give_up(w);
	if (!w->code)
		return;
	vt_make(&w->t, 1, 2 * VT_MB);
	vt_load(&w->t, VT_CODE, w->code, w->code_end);
	if (vt_set_slot(w->t.vm, 1, GPA, AREA, w->fd, 0, 0))
		vt_bail("slot");
}

static void *work_main(void *arg)
{
	struct work *w = arg;

	/* Who is to be disturbed has more of the processors. */
	if (setpriority(PRIO_PROCESS, gettid(), 10))
		vt_bail("priority");
	while (!stop && w->good) {
		w->good = w->round(w);
		w->rounds++;
		give_up(w);
		vt_sleep_ms(rnd(w, w->t.cpus ? 8 : 40));
	}
	return NULL;
}

/* Each byte, in the end. */
static void look_at_all(struct work *w)
{
	unsigned int i;

	for (i = 0; w->map && i < PAGES && w->good; i++)
		w->good = w->code ? guest_page_is_right(w, i) : is_right(w, i);
	tap_ok(w->good && w->rounds, "%s: nothing is lost, in %lu rounds", w->name, w->rounds);
}

static void end(struct work *w)
{
	if (w->t.cpus)
		vt_free(&w->t);
	if (w->map)
		munmap((void *)w->map, AREA);
	close(w->fd);
}

/* The access is made again, when there may be memory. */
static void on_bus_error(int sig)
{
	if (!nomem)
		abort();
	__atomic_fetch_add(&without_memory, 1, __ATOMIC_RELAXED);
	usleep(1000);
}

static void on_term(int sig)
{
	stop = true;
}

static void run_all(unsigned int seconds)
{
	uint64_t until = vt_now_ms() + 1000 * seconds;
	unsigned int i;

	for (i = 0; i < WORKS; i++) {
		if (pthread_create(&works[i].thread, NULL, work_main, &works[i]))
			vt_bail("thread");
	}
	tap_note("ready");
	while (!stop && (!seconds || vt_now_ms() < until))
		vt_sleep_ms(100);
	stop = true;
	for (i = 0; i < WORKS; i++)
		pthread_join(works[i].thread, NULL);
	for (i = 0; i < WORKS; i++)
		look_at_all(&works[i]);
}

static void run_alone(unsigned int seconds)
{
	long long merges = figure("merges"), breaks = figure("breaks");

	set("mode", "merge");
	set_number("pages_to_scan", 100000);
	set_number("sleep_millisecs", 0);
	set_number("budget_cpu_pct", 100);
	set_number("run", 1);
	run_all(seconds);
	set_number("run", 0);
	merges = figure("merges") - merges;
	breaks = figure("breaks") - breaks;
	tap_ok(merges > 0 && breaks > 0, "with %lld merges and %lld breaks", merges, breaks);
}

int main(int argc, char **argv)
{
	bool beside = argc > 2 && !strcmp(argv[2], "beside");
	struct sigaction bus = { .sa_handler = on_bus_error };
	struct sigaction term = { .sa_handler = on_term };
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 10, i;

	vt_open();
	nomem = argc > 3 && !strcmp(argv[3], "nomem");
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGTERM, &term, NULL);
	for (i = 0; i < WORKS; i++)
		make(&works[i]);
	if (beside)
		run_all(seconds);
	else
		run_alone(seconds);
	for (i = 0; i < WORKS; i++)
		end(&works[i]);
	if (nomem)
		tap_note("%lu times there was no memory", without_memory);
	if (!beside) {
		set("mode", "off");
		tap_ok(VT_WAIT_FOR(!figure("frames_total")), "nothing is left");
		set("mode", "observe");
	}
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
