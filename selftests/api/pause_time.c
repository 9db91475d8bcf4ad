// SPDX-License-Identifier: GPL-2.0
/*
 * How long a pause takes until all vCPUs are parked: of a guest whose four vCPUs spin, and
 * of one whose process is stopped.  VMM_PAUSE_LIMIT_US is the most that is allowed; hosts
 * that count instructions get the real one (testhost/pause), others one that shows a
 * pause that waits for something.
 *
 * test: timeout: 60
 */
#include "lib/nl.h"

#define CPUS	4
#define ROUNDS	60

VT_BLOB(spin, "sti\n 1: lock incl 0x3000\n jmp 1b");

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

static void sleep_us(unsigned int us)
{
	struct timespec ts = { .tv_nsec = us * 1000L };

	nanosleep(&ts, NULL);
}

/**
 * struct figure - of many pauses, in microseconds
 * @slow: how many took more than 2 ms
 */
struct figure {
	uint64_t most, sum;
	unsigned int n, bad, slow;
};

/*
 * From the request, which is made before, to its answer: when that has come, none
 * runs.
 */
static void pause_once(struct figure *f, uint32_t id, struct vt *t)
{
	uint64_t start, took;
	uint32_t at;
	int err;

	nt_begin(VMM_NL_CMD_VM_PAUSE, NLM_F_ACK);
	nla_put_u32(nt_msg, VMM_NL_A_VM_ID, id);
	start = now_us();
	err = nt_exchange(NULL, NULL);
	took = now_us() - start;
	at = *vt_mail(t);
	f->most = took > f->most ? took : f->most;
	f->sum += took;
	f->slow += took > 2000;
	if (took > 2000)
		tap_note("pause %u: %llu us", f->n, (unsigned long long)took);
	f->n++;
	sleep_us(200);
	f->bad += err || *vt_mail(t) != at;
	f->bad += nt_vm(VMM_NL_CMD_VM_RESUME, id, NULL, NULL) != 0;
}

static void judge(const struct figure *f, uint64_t limit, const char *what)
{
	tap_ok(!f->bad, "%s: %u pauses, none runs on", what, f->n);
	tap_ok(f->most <= limit, "%s: parked after %llu us at most, %llu on average",
	       what, (unsigned long long)f->most,
	       (unsigned long long)(f->sum / f->n));
}

static void test_spinning(uint64_t limit)
{
	struct vt_runner r[CPUS];
	struct figure f = {};
	unsigned int n, seed = 1;
	struct vt t;
	uint32_t id;

	vt_make(&t, CPUS, VT_MB);
	VT_LOAD(&t, spin);
	id = nt_newest();
	for (n = 0; n < CPUS; n++)
		vt_spawn(&r[n], &t, n);
	VT_WAIT_FOR(*vt_mail(&t));
	for (n = 0; n < ROUNDS; n++) {
		/* at any point of a tick, and of a turn of the scheduler */
		sleep_us(200 + rand_r(&seed) % 5000);
		pause_once(&f, id, &t);
	}
	judge(&f, limit, "four vCPUs that spin");
	for (n = 0; n < CPUS; n++)
		vt_stop(&r[n]);
	vt_free(&t);
}

/* Its threads are stopped inside of the run call, or on their way out of it. */
static void test_stopped(uint64_t limit)
{
	struct vt_runner r[CPUS];
	struct figure f = {};
	unsigned int n;
	struct vt t;
	uint32_t id;
	pid_t pid;

	vt_make(&t, CPUS, VT_MB);
	VT_LOAD(&t, spin);
	id = nt_newest();
	pid = fork();
	if (!pid) {
		for (n = 0; n < CPUS; n++)
			vt_spawn(&r[n], &t, n);
		pause();
		_exit(0);
	}
	VT_WAIT_FOR(*vt_mail(&t));
	for (n = 0; n < 8; n++) {
		kill(pid, SIGSTOP);
		pause_once(&f, id, &t);
		kill(pid, SIGCONT);
		sleep_us(3000);
	}
	judge(&f, limit, "a process that is stopped");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	vt_free(&t);
}

int main(void)
{
	const char *limit = getenv("VMM_PAUSE_LIMIT_US");
	uint64_t us = limit ? strtoull(limit, NULL, 10) : 1500000;

	nt_start();
	vt_catch(SIGUSR1);
	test_spinning(us);
	test_stopped(us);
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
