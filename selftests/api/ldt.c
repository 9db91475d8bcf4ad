// SPDX-License-Identifier: GPL-2.0
/*
 * Another thread of the process changes its LDT, again and again, while this one runs a
 * guest: each time the table before is freed, and none may stay in LDTR.
 *
 * test: cpus: 2
 */
#include <asm/ldt.h>
#include <sys/syscall.h>

#include "vmmtest.h"

/* Exits all the time, and is served in the kernel. */
VT_BLOB(spin, "1: xor %eax, %eax\n cpuid\n jmp 1b");

#define LDT_SELECTOR(n)	((n) << 3 | 7)

static int set_descriptor(unsigned int n, unsigned int limit)
{
	struct user_desc d = {
		.entry_number = n, .limit = limit, .seg_32bit = 1, .useable = 1,
	};

	return syscall(SYS_modify_ldt, 0x11, &d, sizeof(d));
}

/* The limit of a descriptor as this processor sees it, or -1. */
static long limit_of(unsigned int n)
{
	unsigned long limit;
	bool good;

	asm volatile("lsl %2, %0" : "=r" (limit), "=@ccz" (good) :
		     "r" ((unsigned long)LDT_SELECTOR(n)));
	return good ? (long)limit : -1;
}

struct runner {
	struct vt t;
	volatile bool stop;
	volatile long seen;
};

static void *run_and_look(void *arg)
{
	struct runner *r = arg;

	/* The first thing after the system call: no other thread has run here. */
	do {
		vt_run(&r->t, 0);
		r->seen = limit_of(2000);
	} while (!r->stop);
	return NULL;
}

/* Again and again, as a signal may come just before the system call. */
static bool look(struct runner *r, pthread_t thread)
{
	r->seen = -2;
	return VT_WAIT_FOR((pthread_kill(thread, SIGUSR1), r->seen != -2));
}

static void test_ldt(void)
{
	struct runner r = { };
	unsigned int round, bad = 0;
	pthread_t thread;

	if (set_descriptor(1, 0x11)) {
		tap_note("no modify_ldt: %m");
		return;
	}
	vt_make(&r.t, 1, VT_MB);
	VT_LOAD(&r.t, spin);
	pthread_create(&thread, NULL, run_and_look, &r);
	vt_sleep_ms(200);
	/* A table of another size: another address and another limit in LDTR. */
	bad += set_descriptor(2000, 0x77) != 0;
	vt_sleep_ms(50);
	bad += !look(&r, thread);
	tap_ok(!bad && r.seen == 0x77,
	       "a descriptor that another thread made meanwhile: limit %#lx",
	       r.seen);

	/* Each change frees the table before. */
	for (round = 1; round <= 50; round++) {
		vt_sleep_ms(5);
		bad += set_descriptor(2000, round) != 0;
		vt_sleep_ms(5);
		bad += !look(&r, thread) || r.seen != round;
	}
	r.stop = true;
	look(&r, thread);
	pthread_join(thread, NULL);
	vt_free(&r.t);
	tap_ok(!bad, "and 50 changes of it: %u not seen", bad);
}

int main(void)
{
	vt_open();
	vt_catch(SIGUSR1);
	test_ldt();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
