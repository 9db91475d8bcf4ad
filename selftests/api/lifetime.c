// SPDX-License-Identifier: GPL-2.0
/*
 * VMs that come and go: threads make, run and drop them as fast as they can,
 * children with running VMs are killed at random instants, descriptors outlive
 * their makers.  Memory and slab come back, and the module unloads (which the
 * runner of the tests does and checks).
 *
 *	lifetime [SECONDS of each part]
 *
 * test: cpus: 2, timeout: 120
 */
#include <sys/prctl.h>
#include <sys/socket.h>

#include "hostmem.h"
#include "vmmtest.h"

VT_BLOB(spin, "sti\n 1: incl 0x3000\n jmp 1b");
VT_BLOB(halt, "1: hlt\n jmp 1b");

static unsigned int seconds = 8;

/* kB in use that no cache could give back. */
static long used_kb(void)
{
	long total = 0, cached = 0, buffers = 0;
	char line[128];
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	FILE *f;

	if (fd >= 0) {
		if (write(fd, "3", 1) != 1)
			tap_note("caches stay");
		close(fd);
	}
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "MemTotal: %ld", &total);
		sscanf(line, "Cached: %ld", &cached);
		sscanf(line, "Buffers: %ld", &buffers);
	}
	if (f)
		fclose(f);
	return total - host_free_kb() - cached - buffers;
}

static bool returns_to(long before, long noise)
{
	long now = 0;
	int i;

	for (i = 0; i < 20; i++) {
		now = used_kb();
		if (now - before <= noise)
			break;
		sleep(1);
	}
	tap_note("in use: %ld kB, then %ld kB", before, now);
	return now - before <= noise;
}

/* ---- made, run, dropped ---------------------------------------------------------- */

static volatile bool stop;
static volatile unsigned int cycles, bad_cycles;

/* Drops what a VM is made of in one of several orders. */
static void one_cycle(unsigned int seed)
{
	struct vt_runner r;
	struct vt t;

	vt_make(&t, 2, VT_MB);
	vt_load(&t, VT_CODE, seed & 1 ? spin : halt, seed & 1 ? spin_end : halt_end);
	vt_load(&t, VT_CODE + 0x1000, vt_hello, vt_hello_end);
	vt_start(&t, 1, VT_CODE + 0x1000);
	vt_spawn(&r, &t, 0);
	if (!vt_wrote_port(&t, 1, 0x80))
		__atomic_fetch_add(&bad_cycles, 1, __ATOMIC_RELAXED);
	if (seed & 2)
		ioctl(t.vm, VMM_VM_KILL, 0);
	if (seed & 4) {
		close(t.vm);
		t.vm = -1;
	}
	vt_stop(&r);
	vt_free(&t);
}

static void *cycler(void *arg)
{
	unsigned int seed = (uintptr_t)arg;

	while (!stop) {
		one_cycle(rand_r(&seed) >> 8);
		__atomic_fetch_add(&cycles, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void test_cycles(void)
{
	pthread_t threads[3];
	long before;
	uintptr_t i;

	for (i = 0; i < 10; i++)
		one_cycle(i);
	before = used_kb();
	for (i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, cycler, (void *)(i + 1));
	sleep(seconds);
	stop = true;
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	tap_ok(cycles >= seconds && !bad_cycles, "%u VMs made, run and dropped",
	       cycles);
	tap_ok(returns_to(before, 6000), "memory comes back");
}

/* ---- killed ------------------------------------------------------------------------ */

static void child(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		one_cycle(rand() >> 8);
}

static void test_kills(void)
{
	uint64_t end;
	unsigned int seed = getpid(), kills = 0, bad = 0;
	long before;
	int status;
	pid_t pid;

	tap_note("seed %u", seed);
	before = used_kb();
	end = vt_now_ms() + seconds * 1000;
	while (vt_now_ms() < end) {
		pid = fork();
		if (!pid) {
			srand(seed + kills);
			child();
		}
		vt_sleep_ms(rand_r(&seed) % 150);
		kill(pid, SIGKILL);
		bad += waitpid(pid, &status, 0) != pid ||
		       !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;
		kills++;
	}
	tap_ok(kills > 5 && !bad, "%u children killed at random instants", kills);
	tap_ok(returns_to(before, 6000), "memory comes back");
}

/* ---- descriptors that travel -------------------------------------------------------- */

struct parcel {
	char control[CMSG_SPACE(3 * sizeof(int))];
	char byte;
	struct iovec iov;
	struct msghdr msg;
};

static void pack(struct parcel *p)
{
	memset(p, 0, sizeof(*p));
	p->iov = (struct iovec){ &p->byte, 1 };
	p->msg = (struct msghdr){
		.msg_iov = &p->iov, .msg_iovlen = 1, .msg_control = p->control,
		.msg_controllen = sizeof(p->control),
	};
}

static void send_fds(int sock, const int *fds)
{
	struct parcel p;
	struct cmsghdr *c;

	pack(&p);
	c = CMSG_FIRSTHDR(&p.msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(3 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, 3 * sizeof(int));
	sendmsg(sock, &p.msg, 0);
}

static bool receive_fds(int sock, int *fds)
{
	struct parcel p;
	struct cmsghdr *c;

	pack(&p);
	if (recvmsg(sock, &p.msg, MSG_CMSG_CLOEXEC) != 1)
		return false;
	c = CMSG_FIRSTHDR(&p.msg);
	if (!c || c->cmsg_len != CMSG_LEN(3 * sizeof(int)))
		return false;
	memcpy(fds, CMSG_DATA(c), 3 * sizeof(int));
	return true;
}

static void test_travel(void)
{
	int pair[2], fds[3], status;
	struct vt t = { .cpus = 1, .size = VT_MB };
	pid_t pid;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	pid = fork();
	if (!pid) {
		vt_make(&t, 1, VT_MB);
		VT_LOAD(&t, vt_hello);
		fds[0] = t.vm;
		fds[1] = t.cpu[0];
		fds[2] = t.mem;
		send_fds(pair[1], fds);
		_exit(0);
	}
	tap_ok(receive_fds(pair[0], fds) && waitpid(pid, &status, 0) == pid &&
	       !status, "a VM comes from a process that is gone");
	t.vm = fds[0];
	t.cpu[0] = fds[1];
	t.mem = fds[2];
	t.ram = vt_map(t.mem, VT_MB);
	t.run[0] = (void *)vt_map(t.cpu[0], VT_PAGE);
	tap_ok(t.ram && t.run[0] && vt_wrote_port(&t, 0, 0x80), "and runs here");
	tap_ok(t.ram[VT_CODE] == vt_hello[0], "with its memory");
	vt_start(&t, 0, VT_CODE);
	pid = fork();
	if (!pid) {
		close(t.vm);
		close(t.mem);
		_exit(vt_wrote_port(&t, 0, 0x80) ? 0 : 1);
	}
	tap_ok(waitpid(pid, &status, 0) == pid && !status,
	       "a child runs it with what it inherited");
	vt_start(&t, 0, VT_CODE);
	close(t.vm);
	t.vm = -1;
	tap_ok(vt_wrote_port(&t, 0, 0x80), "a vCPU keeps its VM alive");
	close(t.cpu[0]);
	t.cpu[0] = -1;
	tap_ok(t.run[0]->reason == VMM_RUN_IO, "a mapping its page");
	vt_free(&t);
	close(pair[0]);
	close(pair[1]);
}

/* ---- discards meanwhile ------------------------------------------------------------- */

struct puncher {
	pthread_t thread;
	volatile bool stop;
	unsigned int bad;
	int mem;
};

static void *punch(void *arg)
{
	struct puncher *p = arg;
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	while (!p->stop)
		p->bad += fallocate(p->mem, mode, 0x3000, VT_PAGE) != 0;
	return NULL;
}

/* The object outlives the VM, and its discards come while the VM goes. */
static void test_discards(void)
{
	uint64_t end = vt_now_ms() + seconds * 1000;
	struct puncher p = { };
	struct vt_runner r[2];
	unsigned int n = 0;
	struct vt t;

	while (vt_now_ms() < end) {
		vt_make(&t, 2, VT_MB);
		vt_load(&t, VT_CODE, spin, spin_end);
		vt_start(&t, 1, VT_CODE);
		p.stop = false;
		p.mem = dup(t.mem);
		pthread_create(&p.thread, NULL, punch, &p);
		vt_spawn(&r[0], &t, 0);
		vt_spawn(&r[1], &t, 1);
		vt_sleep_ms(5);
		vt_stop(&r[0]);
		vt_stop(&r[1]);
		vt_free(&t);
		p.stop = true;
		pthread_join(p.thread, NULL);
		close(p.mem);
		n++;
	}
	tap_ok(n && !p.bad, "%u VMs dropped under discards of their memory", n);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		seconds = atoi(argv[1]);
	vt_open();
	vt_catch(SIGUSR1);
	test_travel();
	test_cycles();
	test_discards();
	test_kills();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
