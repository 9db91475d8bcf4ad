// SPDX-License-Identifier: GPL-2.0
/*
 * besidebench [RUNS]: what a busy vCPU has of the scanner beside it; 21 is usual, and fewer take less time.
 *
 * A guest without end takes an exit that the kernel handles, CPUID, and writes to one of its
 * pages, at random; what it writes is what is there.  It takes the time of each such round by its own
 * time-stamp counter.  Beside it somebody steps from pass to pass without a pause, which is more than
 * the scanner may do:
 *
 *	quiet	nobody does
 *	scan	no page is like another: each that was written is hashed
 *	merge	each page has seven equals: what is written was merged, and soon is again
 *
 * A line each, "SETTING,COST,LATE,HELD,OVER", in instructions:
 *
 *	COST	a round.  With one processor what the vCPU's thread has run, over the rounds, while both
 *		want it; with two, of which each has one, the guest's own time
 *	LATE	with one processor: the longest from the instant that the vCPU's thread should be woken at to when it
 *		runs, before all others, though the scanner was at work; with two 0
 *	HELD	the longest round; with one processor while nobody may run unless the vCPU waits for him
 *	OVER	of all rounds and wakings, those of more than 50,000 instructions
 *
 * Why one processor can tell: if the vCPU comes before all others, then time in which it does not run
 * is time in which it waits for somebody, or in which the kernel does not let go of the one who
 * runs, as it does not while he holds a spin lock.  So nobody can hold a lock for longer than what is seen
 * here, whichever processor he is on.
 */
#include <sched.h>
#include <stdio.h>

#include "ksm.h"

#include <linux/vmm_mem.h>

#include "side.h"

#define PAGES		2048UL	/* the guest's code knows them */
#define SIZE		(PAGES * VT_PAGE)
#define GPA		(16 * VT_MB)
#define RAM		(2 * VT_MB)
#define EQUALS		8UL

#define WARM		(16 * PAGES)
#define IN_ONE		500U	/* rounds until it says that it is alive */
#define BURSTS		72U	/* of a run */
#define BURST		200U	/* rounds of one, at most */
#define LONG		4000U	/* and of each 32nd, so that the scan finds most pages written */
#define LIMIT		50000U

/* In VT_MAIL. */
struct mail {
	uint32_t longest;
	uint32_t ticks, ticks_high;
	uint32_t over;
	uint32_t rounds;	/* to be done */
};

VT_BLOB(busy_guest,
	"mov $0x1000000, %esi\n"
	"mov $1, %ebp\n"
	"1: mov 0x3010, %ecx\n"
	"2: lfence\n rdtsc\n"
	"mov %eax, %edi\n"
	"push %ecx\n"
	"xor %eax, %eax\n"
	"cpuid\n"
	"pop %ecx\n"
	"imul $1664525, %ebp, %ebp\n"
	"add $1013904223, %ebp\n"
	"mov %ebp, %ebx\n"
	"shr $21, %ebx\n"
	"shl $12, %ebx\n"
	"lock addl $0, (%ebx,%esi)\n"
	"lfence\n rdtsc\n"
	"sub %edi, %eax\n"
	"add %eax, 0x3004\n"
	"adcl $0, 0x3008\n"
	"cmp 0x3000, %eax\n"
	"jbe 3f\n"
	"mov %eax, 0x3000\n"
	"3: cmp $50000, %eax\n"
	"jbe 4f\n"
	"incl 0x300c\n"
	"4: dec %ecx\n"
	"jnz 2b\n"
	"out %al, $0x80\n"
	"jmp 1b");

static struct vt t;
static int mem;
static bool alone;		/* there is one processor */
static unsigned int runs = 21;
static uint64_t state = 1;

static uint32_t random_below(uint32_t n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % n;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		;
}

/* --- the guest -------------------------------------------------------------------- */

static volatile struct mail *mail(void)
{
	return (volatile struct mail *)(t.ram + VT_MAIL);
}

static void run_rounds(uint32_t rounds)
{
	mail()->rounds = rounds;
	if (!vt_wrote_port(&t, 0, 0x80))
		vt_bail("the guest");
}

static void forget_rounds(void)
{
	mail()->longest = 0;
	mail()->ticks = 0;
	mail()->ticks_high = 0;
	mail()->over = 0;
}

/* So many contents. */
static void fill(unsigned long contents)
{
	uint64_t *p = (void *)vt_map(mem, SIZE), *word;
	unsigned long i, k;

	if (!p)
		vt_bail("memory");
	for (i = 0; i < PAGES; i++) {
		word = p + i * VT_PAGE / 8;
		for (k = 0; k < VT_PAGE / 8; k++)
			word[k] = (i % contents + 1) * 0x9e3779b97f4a7c15ULL + k;
	}
	munmap(p, SIZE);
}

static void make_guest(void)
{
	struct vmm_create_mem c = { .size = SIZE, .flags = VMM_MEM_SMALL_PAGES };

	mem = ioctl(vt_dev, VMM_CREATE_MEM, &c);
	if (mem < 0)
		vt_bail("memory");
	fill(PAGES);
	vt_make(&t, 1, RAM);
	if (vt_set_slot(t.vm, 1, GPA, SIZE, mem, 0, 0))
		vt_bail("slot");
	VT_LOAD(&t, busy_guest);
	run_rounds(WARM);
}

/* --- who is beside it --------------------------------------------------------------- */

static pthread_t stepper;
static volatile bool stop;

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (!alone && sched_setaffinity(0, sizeof(set), &set))
		vt_bail("processor %d", cpu);
}

static void *stepper_main(void *arg)
{
	run_on(1);
	while (!stop)
		set_number("step", PAGES);
	return NULL;
}

static void start_stepper(void)
{
	long long passes = figure("full_scans");

	stop = false;
	if (pthread_create(&stepper, NULL, stepper_main, NULL))
		vt_bail("thread");
	/* What there is to find at first, it has found. */
	while (figure("full_scans") < passes + 3)
		vt_sleep_ms(1);
}

static void stop_stepper(void)
{
	stop = true;
	pthread_join(stepper, NULL);
}

/* --- figures ------------------------------------------------------------------------ */

/**
 * struct seen - what the vCPU has of it
 * @cost:	of a round
 * @late, @held, @over: see above
 */
struct seen {
	double cost;
	uint64_t late, held, over;
};

static void take_longest(struct seen *s)
{
	s->held = mail()->longest > s->held ? mail()->longest : s->held;
	s->over += mail()->over;
}

/* @n times as many rounds as the guest does at once. */
static void measure_cost(struct seen *s, unsigned int n)
{
	uint64_t own;
	unsigned int i;

	forget_rounds();
	own = side_own_ns();
	for (i = 0; i < n; i++)
		run_rounds(IN_ONE);
	own = side_own_ns() - own;
	if (!alone) {
		own = (uint64_t)mail()->ticks_high << 32 | mail()->ticks;
		take_longest(s);
	}
	s->cost = (double)own / n / IN_ONE;
}

static void set_first(int policy, int priority)
{
	struct sched_param p = { .sched_priority = priority };

	if (sched_setscheduler(0, policy, &p))
		vt_bail("the scheduler");
}

static void measure_held(struct seen *s)
{
	uint64_t at, late;
	unsigned int i;

	forget_rounds();
	set_first(SCHED_FIFO, 50);
	for (i = 0; i < BURSTS * runs; i++) {
		at = now_ns() + 20000 + random_below(400000);
		sleep_until(at);
		late = now_ns() - at;
		s->late = late > s->late ? late : s->late;
		s->over += late > LIMIT;
		run_rounds(i % 32 ? 1 + random_below(BURST) : LONG);
	}
	set_first(SCHED_OTHER, 0);
	take_longest(s);
}

static const char *const work[] = {
	"full_scans", "pages_hashed", "merges", "breaks_guest_write",
};

#define WORKS	(sizeof(work) / sizeof(work[0]))

/* Whoever is said to be beside it has to be at work. */
static void tell_work(const char *name, const long long *before, bool steps, bool merges)
{
	long long now[WORKS];
	unsigned int i;

	printf("# %s:", name);
	for (i = 0; i < WORKS; i++) {
		now[i] = figure(work[i]) - before[i];
		printf(" %s %lld", work[i], now[i]);
	}
	printf("\n");
	if ((steps && (now[0] < 5 || !now[1])) || (merges && (!now[2] || !now[3])))
		vt_bail("%s: nobody is at work beside the guest", name);
}

static void measure(const char *name, bool steps, bool merges)
{
	unsigned int i, n = alone ? 20 : merges ? 1 : 4;
	struct seen s = { .cost = 0 };
	long long before[WORKS];

	if (steps)
		start_stepper();
	for (i = 0; i < WORKS; i++)
		before[i] = figure(work[i]);
	measure_cost(&s, n * runs);
	if (alone)
		measure_held(&s);
	tell_work(name, before, steps, merges);
	if (steps)
		stop_stepper();
	printf("%s,%.1f,%llu,%llu,%llu\n", name, s.cost, (unsigned long long)s.late,
	       (unsigned long long)s.held, (unsigned long long)s.over);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		runs = strtoul(argv[1], NULL, 0);
	if (!runs || runs > 1000) {
		fprintf(stderr, "usage: besidebench [RUNS]\n");
		return 2;
	}
	alone = sysconf(_SC_NPROCESSORS_ONLN) == 1;
	vt_open();
	run_on(0);
	side_put_text("/proc/sys/kernel", "sched_rt_runtime_us", "-1");
	set("run", "0");
	set("mode", "merge");
	set("policy", "dirty-clock");
	set_number("seed", 1);
	make_guest();
	measure("quiet", false, false);
	measure("scan", true, false);
	fill(PAGES / EQUALS);
	measure("merge", true, true);
	set("mode", "off");
	vt_free(&t);
	close(mem);
	return 0;
}
