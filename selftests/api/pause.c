// SPDX-License-Identifier: GPL-2.0
/*
 * Pause: vCPUs that spin, halt, trap or are stopped in user space park in time,
 * nothing of the guest moves meanwhile, and its clocks go on where they were.
 *
 * test: timeout: 90
 */
#include "lib/nl.h"

VT_BLOB(spin, "sti\n 1: lock incl 0x3000\n jmp 1b");
VT_BLOB(halt, "1: hlt\n jmp 1b");
VT_BLOB(trap, "1: xor %eax, %eax\n cpuid\n lock incl 0x3000\n jmp 1b");

/*
 * Tells the TSC and the count that the APIC's timer has left, a port write each
 * round; the timer is one-shot and ends at about 4.3 s.
 */
VT_BLOB(clocks, "movl $0xb, 0xfee003e0\n movl $0x10030, 0xfee00320\n"
		" movl $0xffffffff, 0xfee00380\n"
		"1: rdtsc\n mov %eax, 0x3010\n mov %edx, 0x3014\n"
		" mov 0xfee00390, %eax\n mov %eax, 0x3018\n"
		" out %al, $0x80\n jmp 1b");

static uint32_t now(struct vt *t)
{
	return *vt_mail(t);
}

static bool moves(struct vt *t)
{
	uint32_t before = now(t);

	return VT_WAIT_FOR(now(t) != before);
}

static bool stands(struct vt *t, int ms)
{
	uint32_t before = now(t);

	vt_sleep_ms(ms);
	return now(t) == before;
}

static void begin(struct vt *t, struct vt_runner *r, unsigned int cpus,
		  const unsigned char *code, const unsigned char *end)
{
	unsigned int n;

	vt_make(t, cpus, VT_MB);
	vt_load(t, VT_CODE, code, end);
	for (n = 0; n < cpus; n++)
		vt_spawn(&r[n], t, n);
}

static bool end(struct vt *t, struct vt_runner *r)
{
	bool good = true;
	unsigned int n;

	for (n = 0; n < t->cpus; n++)
		good &= vt_stop(&r[n]) == EINTR;
	vt_free(t);
	return good;
}

static void test_kind(const char *kind, const unsigned char *code,
		      const unsigned char *code_end, bool moving)
{
	struct vt_runner r[4];
	struct nt_seen s;
	struct vt t;
	uint64_t start;
	uint32_t id;
	int err;

	begin(&t, r, 4, code, code_end);
	id = nt_newest();
	if (moving)
		tap_ok(moves(&t), "%s: runs", kind);
	else
		vt_sleep_ms(50);
	start = vt_now_ms();
	err = nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL);
	start = vt_now_ms() - start;
	tap_ok(!err && start < 1000, "%s: parked within %u ms", kind,
	       (unsigned int)start);
	tap_ok(stands(&t, 200), "%s: nothing moves", kind);
	s = nt_get(id);
	tap_ok(s.state == VMM_NL_STATE_PAUSED && s.paused >= 200000000,
	       "%s: it is paused", kind);
	tap_ok(nt_refused(nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL), EALREADY),
	       "%s: once", kind);
	tap_ok(!nt_vm(VMM_NL_CMD_VM_RESUME, id, NULL, NULL), "%s: resumed", kind);
	if (moving)
		tap_ok(moves(&t), "%s: goes on", kind);
	tap_ok(nt_get(id).state == VMM_NL_STATE_RUNNING, "%s: is running", kind);
	tap_ok(nt_refused(nt_vm(VMM_NL_CMD_VM_RESUME, id, NULL, NULL), EALREADY),
	       "%s: once", kind);
	nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL);
	tap_ok(end(&t, r), "%s: signals make parked threads leave", kind);
}

/* A process that is stopped has its VM paused, and may go on before the VM does. */
static void test_stopped(void)
{
	struct vt_runner r[2];
	volatile uint32_t *shared;
	uint32_t id, at;
	int ready[2];
	struct vt t;
	pid_t pid;
	char c;

	if (pipe(ready))
		vt_bail("pipe");
	vt_make(&t, 2, VT_MB);
	VT_LOAD(&t, spin);
	id = nt_newest();
	shared = vt_mail(&t);
	pid = fork();
	if (!pid) {
		vt_spawn(&r[0], &t, 0);
		vt_spawn(&r[1], &t, 1);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	if (read(ready[0], &c, 1) != 1 || !VT_WAIT_FOR(*shared > 1000))
		vt_bail("child");
	kill(pid, SIGSTOP);
	vt_sleep_ms(50);
	tap_ok(!nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL),
	       "user space is stopped: paused all the same");
	kill(pid, SIGCONT);
	at = *shared;
	vt_sleep_ms(200);
	tap_ok(*shared == at, "user space goes on, the guest does not");
	tap_ok(!nt_vm(VMM_NL_CMD_VM_RESUME, id, NULL, NULL) &&
	       VT_WAIT_FOR(*shared != at), "until it is resumed");
	nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap_ok(nt_get(id).state == VMM_NL_STATE_PAUSED,
	       "a parked process can be killed");
	vt_free(&t);
	close(ready[0]);
	close(ready[1]);
}

static uint64_t tsc(struct vt *t)
{
	return vt_mail(t)[4] | (uint64_t)vt_mail(t)[5] << 32;
}

static void test_clocks(void)
{
	uint64_t tsc1, apic1, tsc2, apic2, khz;
	struct vmm_lapic_state before, after;
	struct vmm_info info;
	struct vt t;
	uint32_t id;

	ioctl(vt_dev, VMM_INFO, &info);
	khz = info.tsc_khz;
	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, clocks);
	id = nt_newest();
	if (!vt_wrote_port(&t, 0, 0x80) || !vt_wrote_port(&t, 0, 0x80))
		vt_bail("guest");
	tsc1 = tsc(&t);
	apic1 = vt_mail(&t)[6];
	if (nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL))
		vt_bail("pause: %s", nt_text);
	ioctl(t.cpu[0], VMM_VCPU_GET_LAPIC, &before);
	vt_sleep_ms(6000);
	ioctl(t.cpu[0], VMM_VCPU_GET_LAPIC, &after);
	tap_ok(!memcmp(&before, &after, sizeof(before)),
	       "the APIC of a paused vCPU stands still");
	if (nt_vm(VMM_NL_CMD_VM_RESUME, id, NULL, NULL))
		vt_bail("resume: %s", nt_text);
	if (!vt_wrote_port(&t, 0, 0x80))
		vt_bail("guest");
	tsc2 = tsc(&t);
	apic2 = vt_mail(&t)[6];
	tap_note("TSC +%llu us, APIC timer -%llu us",
		 (unsigned long long)((tsc2 - tsc1) * 1000 / khz),
		 (unsigned long long)((apic1 - apic2) / 1000));
	tap_ok(tsc2 > tsc1 && tsc2 - tsc1 < khz * 2000,
	       "6 s of pause are less than 2 s to its TSC");
	tap_ok(apic2 < apic1 && apic1 - apic2 < 2000000000,
	       "and to its APIC timer, which would have ended");
	tap_ok(nt_get(id).paused >= 5900000000ULL, "they are told as paused");
	vt_free(&t);
}

/* vCPUs that trap to user space all the time, under a pauser. */
static void test_often(void)
{
	struct vt_runner r[2];
	unsigned int i, bad = 0;
	struct vt t;
	uint32_t id;

	begin(&t, r, 2, trap, trap_end);
	id = nt_newest();
	for (i = 0; i < 200; i++) {
		uint32_t at;

		bad += nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL) != 0;
		at = now(&t);
		sched_yield();
		bad += now(&t) != at;
		bad += nt_vm(VMM_NL_CMD_VM_RESUME, id, NULL, NULL) != 0;
	}
	tap_ok(!bad, "200 times, each at rest (%u are not)", bad);
	tap_ok(moves(&t), "it runs on");
	nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL);
	tap_ok(!nt_vm(VMM_NL_CMD_VM_KILL, id, NULL, NULL) &&
	       VT_WAIT_FOR(r[0].done && r[1].done) && r[0].err == ESHUTDOWN,
	       "killed while paused");
	tap_ok(nt_refused(nt_vm(VMM_NL_CMD_VM_RESUME, id, NULL, NULL),
			  ESHUTDOWN), "a dead VM is not resumed");
	vt_stop(&r[0]);
	vt_stop(&r[1]);
	vt_free(&t);
}

struct pauser {
	pthread_t thread;
	uint32_t id;
	volatile bool stop;
	volatile unsigned int rounds;
	unsigned int bad;
};

static void *pause_and_resume(void *arg)
{
	struct pauser *p = arg;

	while (!p->stop) {
		p->bad += nt_vm(VMM_NL_CMD_VM_PAUSE, p->id, NULL, NULL) != 0;
		p->bad += nt_vm(VMM_NL_CMD_VM_RESUME, p->id, NULL, NULL) != 0;
		p->rounds++;
	}
	return NULL;
}

/* A pauser looks after vCPUs that nobody owns, which nobody is to notice. */
static void test_owner(void)
{
	struct pauser p = {};
	unsigned int i, bad = 0;
	struct vmm_regs regs;
	struct vt t;

	vt_make(&t, 1, VT_MB);
	p.id = nt_newest();
	pthread_create(&p.thread, NULL, pause_and_resume, &p);
	for (i = 0; i < 50000 || p.rounds < 500; i++)
		bad += ioctl(t.cpu[0], VMM_VCPU_GET_REGS, &regs) != 0;
	p.stop = true;
	pthread_join(p.thread, NULL);
	tap_ok(!p.bad, "a free vCPU: paused and resumed %u times", p.rounds);
	tap_ok(!bad, "its owner is refused %u times of %u", bad, i);
	vt_free(&t);
}

/* vCPUs made, and state read and written, while paused. */
static void test_state(void)
{
	struct vmm_lapic_state lapic;
	struct vt_runner r;
	struct vmm_regs regs;
	struct vt t;
	uint32_t id;

	begin(&t, &r, 1, spin, spin_end);
	id = nt_newest();
	moves(&t);
	nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL);
	tap_ok(vt_refused(ioctl(t.cpu[0], VMM_VCPU_GET_REGS, &regs), EBUSY),
	       "a parked thread owns its vCPU");
	vt_stop(&r);
	tap_ok(!ioctl(t.cpu[0], VMM_VCPU_GET_REGS, &regs) &&
	       regs.rip >= VT_CODE && regs.rip < VT_CODE + 16 &&
	       !ioctl(t.cpu[0], VMM_VCPU_GET_LAPIC, &lapic) &&
	       !ioctl(t.cpu[0], VMM_VCPU_SET_LAPIC, &lapic) &&
	       !ioctl(t.cpu[0], VMM_VCPU_SET_REGS, &regs),
	       "when it has left, state is read and written");
	t.run[0]->immediate_exit = 1;
	tap_ok(vt_refused(ioctl(t.cpu[0], VMM_VCPU_RUN, 0), EINTR),
	       "an immediate exit does not wait");
	t.run[0]->immediate_exit = 0;
	vt_spawn(&r, &t, 0);
	tap_ok(stands(&t, 100), "a run that begins parks");
	nt_vm(VMM_NL_CMD_VM_RESUME, id, NULL, NULL);
	tap_ok(moves(&t), "and goes on");
	end(&t, &r);
}

int main(void)
{
	nt_start();
	vt_catch(SIGUSR1);
	test_kind("spinning", spin, spin_end, true);
	test_kind("trapping", trap, trap_end, true);
	test_kind("halted", halt, halt_end, false);
	test_stopped();
	test_state();
	test_often();
	test_owner();
	test_clocks();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
