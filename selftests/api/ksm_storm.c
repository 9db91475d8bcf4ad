// SPDX-License-Identifier: GPL-2.0
/*
 * All break at once (A5): the host's memory is filled up to 95 %, which is less than guests would need
 * that have everything in common; then all of them write to all of their pages at the same time.
 * Whoever gets no page at once is told so, or waits; all come to an end, no byte is wrong, a guest
 * that has nothing to do with it goes on, and nobody is killed.
 *
 * test: timeout: 300, host: amd, alone: yes
 */
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "ksm.h"

#include <linux/vmm_mem.h>

#define VMS	4
#define RAM	(2 * VT_MB)
#define SIZE	(40 * VT_MB)
#define PAGES	(SIZE / VT_PAGE)
#define CONTENTS 512UL
#define GPA	(16 * VT_MB)

/* Of the host's memory. */
#define FULL_PCT	95

static struct vt t[VMS];
static int fd[VMS];

static long field(const char *path, const char *name)
{
	FILE *f = fopen(path, "r");
	char line[128];
	long val = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, name, strlen(name)))
			val = atol(line + strlen(name) + strspn(line + strlen(name), ": "));
	}
	if (f)
		fclose(f);
	return val;
}

static long available_pct(void)
{
	return 100 * field("/proc/meminfo", "MemAvailable") /
	       field("/proc/meminfo", "MemTotal");
}

/* ---- a host that is full --------------------------------------------------------------- */

/* It has memory until it is killed, and says when it has. */
static void fill_host(int out)
{
	unsigned char *p;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (available_pct() >= 100 - FULL_PCT) {
		p = mmap(NULL, VT_MB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (p == MAP_FAILED)
			break;
	}
	if (write(out, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t start_filler(void)
{
	int fds[2];
	char x = 0;
	pid_t pid;

	if (pipe(fds))
		vt_bail("pipe");
	pid = fork();
	if (!pid)
		fill_host(fds[1]);
	close(fds[1]);
	if (read(fds[0], &x, 1) != 1)
		vt_bail("the host cannot be filled");
	close(fds[0]);
	return pid;
}

/* ---- pages that come back ---------------------------------------------------------------- */

/*
 * The host is short of memory, so pages leave it, merged ones too.  One that does and comes
 * back for a write is its guest's own then: it is not broken.  A probe tells how often that was.
 */
#define TRACING	"/sys/kernel/tracing"
#define PROBE	"vmm_storm_back"

static bool put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return good;
}

static void count_back(bool on)
{
	if (on && access(TRACING "/kprobe_events", F_OK))
		mount("none", TRACING, "tracefs", 0, NULL);
	if (on && !put_text(TRACING "/kprobe_events",
			    "p:" PROBE " vmm_tree_fetched"))
		vt_bail("a probe");
	if (!put_text(TRACING "/events/kprobes/" PROBE "/enable",
		      on ? "1" : "0"))
		vt_bail("the probe");
	if (!on)
		put_text(TRACING "/kprobe_events", "-:" PROBE);
}

/* Hits; those that were missed count. */
static unsigned long came_back(void)
{
	FILE *f = fopen(TRACING "/kprobe_profile", "r");
	unsigned long hits, missed, all = 0;
	char name[64];

	while (f && fscanf(f, "%63s %lu %lu", name, &hits, &missed) == 3)
		if (!strcmp(name, PROBE))
			all = hits + missed;
	if (f)
		fclose(f);
	return all;
}

/* ---- guests ----------------------------------------------------------------------------- */

/* The page's address, and edx, into each of ecx pages from ebx on. */
VT_BLOB(storm,
	"1: mov %ebx, (%ebx)\n"
	"mov %edx, 4(%ebx)\n"
	"add $0x1000, %ebx\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt");

VT_BLOB(bystand, "1: out %al, $0x82\n jmp 1b");

/* What all have in common; there is room for two words. */
static void write_page(unsigned char *page, uint64_t content)
{
	memset(page, 0x5a, VT_PAGE);
	((uint64_t *)page)[511] = content;
}

static void add_vm(unsigned int at)
{
	struct vmm_create_mem c = { .size = SIZE, .flags = VMM_MEM_SMALL_PAGES };
	unsigned long i;
	unsigned char *p;

	fd[at] = ioctl(vt_dev, VMM_CREATE_MEM, &c);
	p = fd[at] < 0 ? NULL : vt_map(fd[at], SIZE);
	if (!p)
		vt_bail("memory");
	for (i = 0; i < PAGES; i++)
		write_page(p + i * VT_PAGE, 1 + i % CONTENTS);
	munmap(p, SIZE);
	vt_make(&t[at], 1, RAM);
	VT_LOAD(&t[at], storm);
	if (vt_set_slot(t[at].vm, 1, GPA, SIZE, fd[at], 0, 0))
		vt_bail("slot");
}

struct storming {
	struct vt *t;
	uint32_t word;
	pthread_t thread;
	unsigned long refused;
	bool done;
};

/* Who is refused memory tries again. */
static void *storm_main(void *arg)
{
	struct storming *s = arg;
	struct vmm_regs regs;
	int err;

	ioctl(s->t->cpu[0], VMM_VCPU_GET_REGS, &regs);
	regs.rbx = GPA;
	regs.rcx = PAGES;
	regs.rdx = s->word;
	ioctl(s->t->cpu[0], VMM_VCPU_SET_REGS, &regs);
	while ((err = vt_run(s->t, 0)) == ENOMEM && s->refused++ < 10000)
		vt_sleep_ms(10);
	s->done = !err && s->t->run[0]->reason == VMM_RUN_IO &&
		  s->t->run[0]->io.port == 0x80;
	if (!s->done)
		tap_note("guest %u: %s, reason %u", s->word, strerror(err),
			 s->t->run[0]->reason);
	return NULL;
}

static volatile bool stop;
static unsigned long bystander_runs, bystander_gap_ms;

static void *bystander_main(void *arg)
{
	uint64_t last = vt_now_ms(), now;
	struct vt *vm = arg;

	while (!stop && !vt_run(vm, 0) && vm->run[0]->reason == VMM_RUN_IO) {
		now = vt_now_ms();
		if (now - last > bystander_gap_ms)
			bystander_gap_ms = now - last;
		last = now;
		bystander_runs++;
	}
	return NULL;
}

static bool has_its_bytes(unsigned int at)
{
	static unsigned char is[VT_PAGE], wanted[VT_PAGE];
	unsigned long i;

	for (i = 0; i < PAGES; i++) {
		write_page(wanted, 1 + i % CONTENTS);
		((uint32_t *)wanted)[0] = GPA + i * VT_PAGE;
		((uint32_t *)wanted)[1] = 1000 + at;
		if (pread(fd[at], is, VT_PAGE, i * VT_PAGE) == VT_PAGE &&
		    !memcmp(is, wanted, VT_PAGE))
			continue;
		tap_note("guest %u, page %lu: %x %x", at, i,
			 ((uint32_t *)is)[0], ((uint32_t *)is)[1]);
		return false;
	}
	return true;
}

static void test_storm(void)
{
	long long breaks = figure("breaks_guest_write");
	long kills = field("/proc/vmstat", "oom_kill ");
	struct storming s[VMS];
	unsigned long refused = 0, back;
	pthread_t bystander;
	bool good = true;
	unsigned int i;
	struct vt vm;

	count_back(true);
	vt_make(&vm, 1, RAM);
	VT_LOAD(&vm, bystand);
	if (pthread_create(&bystander, NULL, bystander_main, &vm))
		vt_bail("thread");
	for (i = 0; i < VMS; i++) {
		s[i] = (struct storming){ .t = &t[i], .word = 1000 + i };
		if (pthread_create(&s[i].thread, NULL, storm_main, &s[i]))
			vt_bail("thread");
	}
	for (i = 0; i < VMS; i++) {
		pthread_join(s[i].thread, NULL);
		good &= s[i].done;
		refused += s[i].refused;
	}
	stop = true;
	pthread_join(bystander, NULL);
	tap_ok(good, "all guests come to an end (refused memory %lu times)",
	       refused);
	breaks = figure("breaks_guest_write") - breaks;
	back = came_back();
	tap_ok(breaks <= (long long)(VMS * PAGES) &&
	       breaks + back >= VMS * PAGES,
	       "each page of each was broken (%lld), or had left (%lu)",
	       breaks, back);
	count_back(false);
	for (good = true, i = 0; i < VMS; i++)
		good &= has_its_bytes(i);
	tap_ok(good, "and has the bytes that it should");
	tap_ok(bystander_runs > 100 && bystander_gap_ms < 5000,
	       "another guest goes on: %lu exits, never more than %lu ms apart",
	       bystander_runs, bystander_gap_ms);
	tap_ok(field("/proc/vmstat", "oom_kill ") == kills, "nobody is killed");
	vt_free(&vm);
}

int main(void)
{
	long before, frames;
	pid_t filler;
	unsigned int i;

	vt_open();
	set("run", "0");
	set("mode", "merge");
	set_number("seed", 42);
	for (i = 0; i < VMS; i++)
		add_vm(i);
	set_number("step", figure("pages_total"));
	tap_ok(VT_WAIT_FOR(figure("frames_total") < (long long)(2 * CONTENTS)) &&
	       figure("pages_sharing") >= (long long)(VMS * PAGES - CONTENTS),
	       "%u guests have %lld frames", VMS, figure("frames_total"));
	/* A pass that comes would merge what was written: only one break a page is wanted. */
	set("mode", "observe");
	frames = VMS * PAGES;
	filler = start_filler();
	before = field("/proc/meminfo", "MemAvailable") / 4;
	tap_ok(before < frames, "there are %ld pages, and %ld will be wanted",
	       before, frames);
	test_storm();
	kill(filler, SIGKILL);
	waitpid(filler, NULL, 0);
	for (i = 0; i < VMS; i++) {
		vt_free(&t[i]);
		close(fd[i]);
	}
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("frames_total")), "nothing is left");
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
