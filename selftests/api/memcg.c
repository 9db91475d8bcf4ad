// SPDX-License-Identifier: GPL-2.0
/*
 * A memory cgroup that is smaller than what a guest touches: what compresses does so and the
 * guest goes on; with what does not it stops with words, its monitor lives and can go on with
 * more, and all is given back.
 *
 * test: timeout: 120
 */
#include "memcg.h"

#define LIMIT	(32 * VT_MB)
#define RAM	(96 * VT_MB)

/* Writes a word to each page from 1 MiB to 96 MiB, and says so. */
VT_BLOB(touch_all,
	"1: mov 0x3000, %edi\n"
	"movl $0x5a5a5a5a, (%edi)\n"
	"addl $0x1000, 0x3000\n"
	"cmpl $0x6000000, 0x3000\n"
	"jb 1b\n"
	"out %al, $0x80\n"
	"hlt");

/* Fills each of them with what does not compress. */
VT_BLOB(fill_all,
	"1: mov 0x3000, %edi\n"
	"mov $1024, %ecx\n"
	"mov %edi, %eax\n"
	"2: imul $1664525, %eax, %eax\n"
	"add $1013904223, %eax\n"
	"mov %eax, (%edi)\n"
	"add $4, %edi\n"
	"dec %ecx\n"
	"jnz 2b\n"
	"addl $0x1000, 0x3000\n"
	"cmpl $0x6000000, 0x3000\n"
	"jb 1b\n"
	"out %al, $0x80\n"
	"hlt");

/**
 * struct step - what the monitor in the group did and its test is to see
 *
 * At the limit a process can have nothing more, not even a page of its stack, or
 * the kernel kills it.  So it takes all that it needs before it joins the group,
 * and its parent looks on from outside.
 */
struct step {
	volatile int done, go;
	int err;
	uint32_t reason;
	char text[160];
	uint32_t reached;
};

static struct step *step;
static volatile sig_atomic_t bus_errors;
static volatile unsigned char *touching;

/* As fill_all does. */
static void fill_page(volatile unsigned char *page)
{
	volatile uint32_t *word = (volatile uint32_t *)page;
	uint32_t x = (uintptr_t)page;
	unsigned int i;

	for (i = 0; i < VT_PAGE / 4; i++)
		word[i] = x = x * 1664525 + 1013904223;
}

/* Tells the parent, and waits for its word to go on. */
static void pause_at(int n)
{
	step->done = n;
	while (step->go < n)
		vt_sleep_ms(1);
}

/* The page that could not be had: once there is more, the store is made again. */
static void on_bus_error(int sig)
{
	bus_errors++;
	pause_at(4);
}

/* The kernel has tables for the mapping first: for these it would kill. */
static void touch(struct vt *t)
{
	size_t at;

	for (at = VT_MB; at < RAM; at += 2 * VT_MB)
		*(volatile unsigned char *)(t->ram + at) = 1;
	for (touching = t->ram + VT_MB; touching < t->ram + RAM;
	     touching += VT_PAGE)
		fill_page(touching);
}

static void keep_result(struct vt *t, int err)
{
	step->err = err;
	step->reason = t->run[0]->reason;
	memcpy(step->text, t->run[0]->text, sizeof(step->text) - 1);
	step->reached = vt_mail(t)[0];
}

static void child(void)
{
	struct sigaction sa = { .sa_handler = on_bus_error };
	struct vmm_regs regs;
	struct vt t;
	int group = open(GROUP "/cgroup.procs", O_WRONLY | O_CLOEXEC);

	sigaction(SIGBUS, &sa, NULL);
	grow_stack();
	if (mlockall(MCL_CURRENT) || write(group, "0", 1) != 1)
		_exit(1);

	vt_make(&t, 1, RAM);
	VT_LOAD(&t, touch_all);
	vt_mail(&t)[0] = VT_MB;
	keep_result(&t, vt_run(&t, 0));
	step->err |= *(uint32_t *)(t.ram + RAM - VT_PAGE) != 0x5a5a5a5a ||
		     *(uint32_t *)(t.ram + VT_MB) != 0x5a5a5a5a;
	vt_free(&t);
	pause_at(1);

	vt_make(&t, 1, RAM);
	VT_LOAD(&t, fill_all);
	vt_mail(&t)[0] = VT_MB;
	keep_result(&t, vt_run(&t, 0));
	pause_at(2);
	ioctl(t.cpu[0], VMM_VCPU_GET_REGS, &regs);
	ioctl(t.cpu[0], VMM_VCPU_SET_REGS, &regs);
	keep_result(&t, vt_run(&t, 0));
	step->err |= !*(uint32_t *)(t.ram + RAM - VT_PAGE);
	vt_free(&t);
	pause_at(3);

	vt_make(&t, 1, RAM);
	touch(&t);
	step->err = bus_errors != 1 || !*(uint32_t *)(t.ram + RAM - VT_PAGE);
	vt_free(&t);
	step->done = 5;
	_exit(0);
}

static bool reaches(int n)
{
	return VT_WAIT_FOR(step->done >= n);
}

static void watch(void)
{
	tap_ok(reaches(1) && !step->err && step->reason == VMM_RUN_IO,
	       "a guest whose memory compresses goes on to the end");
	tap_ok(number(GROUP "/memory.current", NULL) <= (long)(LIMIT + VT_MB + GROUP_SLACK),
	       "within the limit");
	step->go = 1;
	tap_ok(reaches(2) && !step->err && step->reason == VMM_RUN_INTERNAL &&
	       strstr(step->text, "no host memory"),
	       "the guest stops, and says why");
	tap_note("%s, reason %u: %s", strerror(step->err), step->reason,
		 step->text);
	tap_ok(step->reached > LIMIT / 4 && step->reached <= LIMIT + VT_MB + GROUP_SLACK,
	       "at %u MiB of %lu", step->reached >> 20, LIMIT >> 20);
	/* Records of pages that did not leave after all took a little more. */
	tap_ok(number(GROUP "/memory.current", NULL) <= (long)(LIMIT + VT_MB + GROUP_SLACK),
	       "what it has is within the limit (%ld)",
	       number(GROUP "/memory.current", NULL));
	put_number(GROUP "/memory.max", 4 * LIMIT);
	step->go = 2;
	tap_ok(reaches(3) && !step->err && step->reason == VMM_RUN_IO,
	       "with more it goes on where it was, to the end");
	/* The kernel kills for a limit that is set below what there is. */
	if (!VT_WAIT_FOR(number(GROUP "/memory.current", NULL) < (long)LIMIT / 2))
		vt_bail("what the guest had is not given back");
	put_number(GROUP "/memory.max", LIMIT);
	step->go = 3;
	tap_ok(reaches(4), "a store of the monitor's own: SIGBUS");
	put_number(GROUP "/memory.max", 4 * LIMIT);
	step->go = 4;
	tap_ok(reaches(5) && !step->err, "made again with more, it is done");
}

int main(void)
{
	int status = -1;
	pid_t pid;

	vt_open();
	step = mmap(NULL, sizeof(*step), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (step == MAP_FAILED || !make_group(LIMIT))
		vt_bail("a memory cgroup");
	memset(step, 0, sizeof(*step));
	pid = fork();
	if (!pid)
		child();
	watch();
	if (step->done < 5)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	tap_ok(WIFEXITED(status) && !WEXITSTATUS(status),
	       "the monitor ends by itself");
	tap_ok(!number(GROUP "/memory.events", "oom_kill "),
	       "nobody was killed");
	tap_ok(VT_WAIT_FOR(number(GROUP "/memory.current", NULL) <
			   (long)(2 * VT_MB)), "and all is given back: %ld bytes left",
	       number(GROUP "/memory.current", NULL));
	tap_ok(!rmdir(GROUP), "the group can go");
	tap_ok(!umount(ROOT) && !rmdir(ROOT), "and its mount");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
