// SPDX-License-Identifier: GPL-2.0
/*
 * vCPUs that run: one owner at a time, runs that signals end, and the death of the
 * VM under them.
 *
 * test: timeout: 120
 */
#include <sys/time.h>

#include "vmmtest.h"

VT_BLOB(spin, "sti\n 1: incl 0x3000\n jmp 1b");
VT_BLOB(halt, "incl 0x3000\n 1: hlt\n jmp 1b");

/* ---- one owner ----------------------------------------------------------------- */

static const struct {
	unsigned int cmd;
	const char *name;
} owned[] = {
	{ VMM_VCPU_GET_REGS, "GET_REGS" }, { VMM_VCPU_SET_REGS, "SET_REGS" },
	{ VMM_VCPU_GET_SREGS, "GET_SREGS" }, { VMM_VCPU_SET_SREGS, "SET_SREGS" },
	{ VMM_VCPU_GET_MSRS, "GET_MSRS" }, { VMM_VCPU_SET_MSRS, "SET_MSRS" },
	{ VMM_VCPU_GET_XSAVE, "GET_XSAVE" }, { VMM_VCPU_SET_XSAVE, "SET_XSAVE" },
	{ VMM_VCPU_GET_DEBUGREGS, "GET_DEBUGREGS" },
	{ VMM_VCPU_SET_DEBUGREGS, "SET_DEBUGREGS" },
	{ VMM_VCPU_GET_EVENTS, "GET_EVENTS" },
	{ VMM_VCPU_SET_EVENTS, "SET_EVENTS" },
	{ VMM_VCPU_GET_CPUID, "GET_CPUID" }, { VMM_VCPU_SET_CPUID, "SET_CPUID" },
	{ VMM_VCPU_GET_LAPIC, "GET_LAPIC" }, { VMM_VCPU_SET_LAPIC, "SET_LAPIC" },
};

#define NR_OWNED (sizeof(owned) / sizeof(owned[0]))

static void test_owner(void)
{
	static char zero[1024];
	struct vt_runner r;
	struct vmm_regs regs;
	struct vt t;
	size_t i;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, spin);
	vt_spawn(&r, &t, 0);
	VT_WAIT_FOR(vt_mail(&t)[0]);
	tap_ok(vt_refused(ioctl(t.cpu[0], VMM_VCPU_RUN, 0), EBUSY),
	       "a second run");
	for (i = 0; i < NR_OWNED; i++)
		tap_ok(vt_refused(ioctl(t.cpu[0], owned[i].cmd, zero), EBUSY),
		       "%s while it runs", owned[i].name);
	tap_ok(vt_stop(&r) == EINTR, "a signal ends the run");
	tap_ok(!ioctl(t.cpu[0], VMM_VCPU_GET_REGS, &regs) &&
	       regs.rip >= VT_CODE &&
	       regs.rip < VT_CODE + (spin_end - spin) &&
	       regs.rsp == VT_STACK, "and nothing has changed");
	vt_free(&t);
}

/* ---- runs that signals end ------------------------------------------------------------- */

/* Port read, port write, memory read, memory write: each with its number. */
VT_BLOB(count_io,
	"xor %esi, %esi\n"
	"mov $0x800000, %ebx\n"
	"1: mov $0x80, %edx\n"
	"in %dx, %eax\n"
	"cmp %esi, %eax\n"
	"jne 9f\n"
	"out %eax, $0x81\n"
	"mov (%ebx), %eax\n"
	"cmp %esi, %eax\n"
	"jne 9f\n"
	"mov %esi, 4(%ebx)\n"
	"lock xadd %esi, 8(%ebx)\n"	/* a read and a write in one */
	"sub $0x1000000, %esi\n"
	"inc %esi\n"
	"jmp 1b\n"
	"9: out %eax, $0x82\n"
	"hlt");

static const struct {
	bool mmio, write;
	uint64_t at;
} io_steps[] = {
	{ false, false, 0x80 }, { false, true, 0x81 }, { true, false, 0x800000 },
	{ true, true, 0x800004 }, { true, false, 0x800008 },
	{ true, true, 0x800008 },
};

/* Serves one exit, the @n-th of all; false if it is not the one expected. */
static bool serve_io(struct vt *t, unsigned int n)
{
	struct vmm_run *run = t->run[0];
	uint32_t round = n / 6, val = round, want = round;
	bool mmio = run->reason == VMM_RUN_MMIO;
	bool write = mmio ? run->mmio.write : run->io.write;
	uint64_t at = mmio ? run->mmio.gpa : run->io.port;
	void *data = mmio ? (void *)run->mmio.data : vt_port_data(t, 0);
	unsigned int i = n % 6;

	if ((!mmio && run->reason != VMM_RUN_IO) || mmio != io_steps[i].mmio ||
	    write != io_steps[i].write || at != io_steps[i].at) {
		tap_note("exit %u: reason %u, %s of %#llx", n, run->reason,
			 write ? "write" : "read", (unsigned long long)at);
		return false;
	}
	if (i == 4)
		val = round + 0x1000000;
	if (i == 5)
		want = 2 * round + 0x1000000;
	if (!write)
		memcpy(data, &val, sizeof(val));
	else if (memcmp(data, &want, sizeof(want)))
		return false;
	return true;
}

static void test_signals(void)
{
	uint64_t end = vt_now_ms() + 8000;
	unsigned int n = 0, signals = 0;
	bool good = true;
	struct vt t;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, count_io);
	timer_every(300);
	while (good && vt_now_ms() < end && n < 60000) {
		int err = ioctl(t.cpu[0], VMM_VCPU_RUN, 0) ? errno : 0;

		if (err == EINTR)
			signals++;
		else if (err)
			good = false;
		else if (t.run[0]->reason != VMM_RUN_NONE)
			good = serve_io(&t, n++);
	}
	timer_every(0);
	tap_ok(good && n > 600, "%u accesses in order, each once", n);
	tap_ok(signals > 10, "with %u runs ended by signals", signals);
	vt_free(&t);
}

/* An answer counts when the next run begins, even if that ends at once. */
static void test_immediate(void)
{
	unsigned int n, bad = 0;
	struct vt t;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, count_io);
	for (n = 0; n < 600 && !bad; n++) {
		bad += vt_run(&t, 0) != 0;
		bad += !serve_io(&t, n);
		t.run[0]->immediate_exit = 1;
		do {
			errno = 0;
			bad += ioctl(t.cpu[0], VMM_VCPU_RUN, 0) != -1 &&
			       n % 6 != 4;
		} while (errno == 0 && n % 6 != 4);
		/* The second half of a read-modify-write is already told. */
		if (n % 6 == 4 && !errno) {
			t.run[0]->immediate_exit = 0;
			n++;
			bad += !serve_io(&t, n);
		}
		t.run[0]->immediate_exit = 0;
		memset((char *)t.run[0] + 24, 0xee, 256);
		memset(vt_port_data(&t, 0), 0xee, 64);
	}
	tap_ok(!bad, "answers are taken in by runs that end at once");
	vt_free(&t);
}

/* ---- halted, and killed ----------------------------------------------------------------- */

VT_BLOB(nmi_handler, "incl 0x3004\n iret");

static void set_gate(struct vt *t, unsigned int vector, uint32_t handler)
{
	uint32_t gate[2] = {
		(handler & 0xffff) | 8 << 16, (handler & 0xffff0000) | 0x8e00,
	};

	memcpy(t->ram + VT_IDT + 8 * vector, gate, sizeof(gate));
}

static void test_halt(void)
{
	struct vmm_vcpu_events e;
	struct vt_runner r;
	struct vt t;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, halt);
	vt_load(&t, VT_CODE + 0x1000, nmi_handler, nmi_handler_end);
	set_gate(&t, 2, VT_CODE + 0x1000);
	vt_spawn(&r, &t, 0);
	VT_WAIT_FOR(vt_mail(&t)[0]);
	vt_sleep_ms(50);
	tap_ok(vt_stop(&r) == EINTR, "a signal ends a halt");
	tap_ok(!ioctl(t.cpu[0], VMM_VCPU_GET_EVENTS, &e) &&
	       e.mp_state == VMM_MP_HALTED, "which goes on in the next run");
	vt_spawn(&r, &t, 0);
	vt_sleep_ms(50);
	tap_ok(!r.done && !vt_mail(&t)[1], "until something comes");
	tap_ok(!ioctl(t.cpu[0], VMM_VCPU_NMI, 0) &&
	       VT_WAIT_FOR(vt_mail(&t)[1] == 1), "an NMI does");
	vt_stop(&r);
	vt_free(&t);
}

static void test_dead_commands(struct vt *t)
{
	static char zero[1024];
	struct vmm_set_slot slot = { .size = VT_PAGE, .mem_fd = t->mem,
				     .gpa = 1 << 30, .slot = 5 };
	struct vmm_msi msi = { .address = 0xfee00000, .data = 0x40 };
	uint64_t values[256];
	struct vmm_stats stats = { .count = 256, .values = (uintptr_t)values };
	unsigned int bad = 0, i;

	for (i = 0; i < NR_OWNED; i++)
		bad += !vt_refused(ioctl(t->cpu[0], owned[i].cmd, zero),
				   ESHUTDOWN);
	bad += !vt_refused(ioctl(t->cpu[0], VMM_VCPU_RUN, 0), ESHUTDOWN);
	bad += !vt_refused(ioctl(t->cpu[0], VMM_VCPU_NMI, 0), ESHUTDOWN);
	tap_ok(!bad, "a dead VM's vCPU refuses everything");
	bad = !vt_refused(ioctl(t->vm, VMM_VM_SET_SLOT, &slot), ESHUTDOWN);
	bad += !vt_refused(vt_create_cpu(t->vm, 4), ESHUTDOWN);
	bad += !vt_refused(ioctl(t->vm, VMM_VM_SIGNAL_MSI, &msi), ESHUTDOWN);
	bad += !vt_refused(ioctl(t->vm, VMM_VM_IRQ_LINE, zero), ESHUTDOWN);
	bad += !vt_refused(ioctl(t->vm, VMM_VM_SET_ROUTES, zero), ESHUTDOWN);
	bad += !vt_refused(ioctl(t->vm, VMM_VM_IOEVENTFD, zero), ESHUTDOWN);
	bad += !vt_refused(ioctl(t->vm, VMM_VM_IRQFD, zero), ESHUTDOWN);
	tap_ok(!bad, "so does the VM");
	tap_ok(!ioctl(t->vm, VMM_VM_KILL, 0) &&
	       !ioctl(t->vm, VMM_VM_STATS, &stats),
	       "but tells its statistics, and can be killed again");
	t->ram[5] = 6;
	tap_ok(t->ram[5] == 6, "its memory is the owner's still");
}

/* One vCPU runs, one halts, one waits for SIPI, one serves its exits. */
static void test_kill(void)
{
	struct vmm_vcpu_events sipi = { .mp_state = VMM_MP_WAIT_FOR_SIPI };
	struct vt_runner r[4];
	unsigned int i, bad = 0;
	struct vt t;

	vt_make(&t, 5, VT_MB);
	VT_LOAD(&t, spin);
	vt_load(&t, VT_CODE + 0x1000, halt, halt_end);
	vt_load(&t, VT_CODE + 0x2000, count_io, count_io_end);
	vt_start(&t, 1, VT_CODE + 0x1000);
	ioctl(t.cpu[2], VMM_VCPU_SET_EVENTS, &sipi);
	vt_start(&t, 3, VT_CODE + 0x2000);
	close(t.cpu[4]);
	t.cpus = 4;
	for (i = 0; i < 3; i++)
		vt_spawn(&r[i], &t, i);
	vt_run(&t, 3);
	VT_WAIT_FOR(vt_mail(&t)[0] > 1000);
	vt_sleep_ms(50);
	tap_ok(!r[0].done && !r[1].done && !r[2].done, "three vCPUs are inside");
	tap_ok(!ioctl(t.vm, VMM_VM_KILL, 0), "the VM is killed");
	i = vt_mail(&t)[0];
	vt_sleep_ms(20);
	tap_ok(vt_mail(&t)[0] == i, "no guest runs when the call is back");
	for (i = 0; i < 3; i++) {
		bad += !VT_WAIT_FOR(r[i].done) || r[i].err != ESHUTDOWN;
		pthread_join(r[i].thread, NULL);
	}
	bad += vt_run(&t, 3) != ESHUTDOWN;
	tap_ok(!bad, "each run ends with ESHUTDOWN");
	test_dead_commands(&t);
	vt_free(&t);
	tap_ok(vt_host_works(), "the host works");
}

int main(void)
{
	vt_open();
	vt_catch(SIGUSR1);
	vt_catch(SIGALRM);
	test_owner();
	test_signals();
	test_immediate();
	test_halt();
	test_kill();
	return tap_done();
}
