// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells and interrupts by eventfd: what is refused, and that none is lost,
 * also while both ends, and the routes between, come and go.
 *
 * test: timeout: 120
 */
#include <sys/eventfd.h>

#include "vmmtest.h"

#define VECTOR	0x40

/* Enables the APIC, says so, and takes interrupts for ever. */
VT_BLOB(listen,
	"movl $0x1ff, 0xfee000f0\n"
	"sti\n"
	"movl $1, 0x3000\n"
	"1: hlt\n"
	"jmp 1b");

/* Writes of each width to a port and to memory, then a word that all are out. */
VT_BLOB(ring,
	"mov $0x11, %eax\n"
	"mov $0x100, %edx\n"
	"out %al, %dx\n"
	"mov $0x2211, %eax\n"
	"out %ax, %dx\n"
	"mov $0x44332211, %eax\n"
	"out %eax, %dx\n"
	"mov $0x900000, %ebx\n"
	"movb $0x11, (%ebx)\n"
	"movw $0x2211, (%ebx)\n"
	"movl $0x44332211, (%ebx)\n"
	"mov $42, %al\n"
	"out %al, $0x80\n"
	"hlt");

static int new_event(void)
{
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/* What has been signalled since the last look. */
static uint64_t take(int event)
{
	uint64_t n = 0;

	return read(event, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static bool signal_event(int event)
{
	uint64_t one = 1;

	return write(event, &one, sizeof(one)) == sizeof(one);
}

/* ---- doorbells ------------------------------------------------------------------ */

static long doorbell(int vm, int fd, uint64_t addr, uint32_t len,
		     uint64_t match, uint32_t flags)
{
	struct vmm_ioeventfd io = {
		.addr = addr, .datamatch = match, .len = len, .fd = fd,
		.flags = flags,
	};

	return ioctl(vm, VMM_VM_IOEVENTFD, &io);
}

static void test_doorbell_refusals(void)
{
	const uint32_t match = VMM_IOEVENTFD_DATAMATCH;
	const uint32_t gone = VMM_IOEVENTFD_DEASSIGN;
	int vm = vt_create_vm(1), a = new_event(), b = new_event();
	uint32_t len, bad = 0;

	for (len = 0; len < 32; len++)
		if (len != 0 && len != 1 && len != 2 && len != 4 && len != 8)
			bad += !vt_refused(doorbell(vm, a, 0x900000, len, 0, 0),
					   EINVAL);
	bad += !vt_refused(doorbell(vm, a, 0x900000, ~0U, 0, 0), EINVAL);
	tap_ok(!bad, "widths that do not exist");
	tap_ok(vt_refused(doorbell(vm, a, 0x900000, 0, 1, match), EINVAL),
	       "a value of any width");
	tap_ok(vt_refused(doorbell(vm, a, 0x900000, 4, 1ULL << 32, match),
			  EINVAL), "a value that is too wide");
	tap_ok(vt_refused(doorbell(vm, a, 0x900000, 4, 1, 0), EINVAL),
	       "a value without its flag");
	tap_ok(vt_refused(doorbell(vm, a, ~0ULL - 2, 4, 0, 0), EINVAL),
	       "a range that wraps");
	tap_ok(vt_refused(doorbell(vm, a, 0x10000, 4, 0, VMM_IOEVENTFD_PIO),
			  EINVAL), "a port that does not exist");
	tap_ok(vt_refused(doorbell(vm, a, 0x100, 8, 0, VMM_IOEVENTFD_PIO),
			  EINVAL), "a port write of 8 bytes");
	tap_ok(vt_refused(doorbell(vm, vm, 0x900000, 4, 0, 0), EINVAL) &&
	       vt_refused(doorbell(vm, -1, 0x900000, 4, 0, 0), EBADF) &&
	       vt_refused(doorbell(vm, 999, 0x900000, 4, 0, 0), EBADF),
	       "what is no eventfd");
	tap_ok(vt_refused(doorbell(vm, a, 0x900000, 4, 0, gone), ENOENT),
	       "taking away what is not there");
	tap_ok(!doorbell(vm, a, 0x900000, 4, 7, match), "a doorbell");
	tap_ok(vt_refused(doorbell(vm, b, 0x900000, 4, 7, match), EEXIST) &&
	       vt_refused(doorbell(vm, b, 0x900000, 4, 0, 0), EEXIST) &&
	       vt_refused(doorbell(vm, b, 0x900000, 0, 0, 0), EEXIST),
	       "others that would answer the same");
	tap_ok(!doorbell(vm, b, 0x900000, 4, 8, match) &&
	       !doorbell(vm, b, 0x900000, 2, 7, match),
	       "others that would not");
	tap_ok(vt_refused(doorbell(vm, b, 0x900000, 4, 7, match | gone), ENOENT) &&
	       vt_refused(doorbell(vm, a, 0x900000, 4, 0, gone), ENOENT),
	       "taking away another's");
	tap_ok(!doorbell(vm, a, 0x900000, 4, 7, match | gone) &&
	       vt_refused(doorbell(vm, a, 0x900000, 4, 7, match | gone), ENOENT),
	       "taking it away, once");
	close(a);
	close(b);
	close(vm);
}

static void test_doorbell_limit(void)
{
	int vm = vt_create_vm(1), event = new_event();
	unsigned int n;

	for (n = 0; n < 5000; n++)
		if (doorbell(vm, event, 0x900000 + 8 * n, 4, 0, 0))
			break;
	tap_ok(errno == ENOSPC && n >= 64 && n < 5000, "%u doorbells at most", n);
	tap_ok(!doorbell(vm, event, 0x900000, 4, 0, VMM_IOEVENTFD_DEASSIGN) &&
	       !doorbell(vm, event, 0x800000, 4, 0, 0),
	       "one less, and another fits");
	close(event);
	close(vm);
}

static void test_doorbells(void)
{
	const uint32_t match = VMM_IOEVENTFD_DATAMATCH;
	const uint32_t pio = VMM_IOEVENTFD_PIO;
	static const uint32_t vals[] = { 0x11, 0x2211, 0x44332211 };
	int event[6], any = new_event(), i;
	unsigned int bad = 0;
	struct vt t;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, ring);
	for (i = 0; i < 6; i++) {
		event[i] = new_event();
		bad += doorbell(t.vm, event[i], i < 3 ? 0x100 : 0x900000,
				1 << i % 3, vals[i % 3],
				match | (i < 3 ? pio : 0)) != 0;
	}
	tap_ok(!bad && vt_wrote_port(&t, 0, 0x80),
	       "the guest runs through six writes");
	for (i = 0; i < 6; i++)
		tap_ok(take(event[i]) == 1, "%s write of %u bytes rings once",
		       i < 3 ? "port" : "memory", 1 << i % 3);
	for (i = 0; i < 6; i++)
		doorbell(t.vm, event[i], i < 3 ? 0x100 : 0x900000, 1 << i % 3,
			 vals[i % 3],
			 VMM_IOEVENTFD_DEASSIGN | match | (i < 3 ? pio : 0));
	doorbell(t.vm, any, 0x100, 0, 0, pio);
	doorbell(t.vm, any, 0x900000, 0, 0, 0);
	vt_start(&t, 0, VT_CODE);
	tap_ok(vt_wrote_port(&t, 0, 0x80) && take(any) == 6,
	       "a doorbell for any width hears all");
	for (i = 0; i < 6; i++)
		bad += take(event[i]) != 0;
	tap_ok(!bad, "those taken away hear none");
	close(any);
	vt_start(&t, 0, VT_CODE);
	tap_ok(vt_wrote_port(&t, 0, 0x80), "nobody listens any more: no matter");
	any = new_event();
	doorbell(t.vm, any, 0x100, 4, 5, match | pio);
	vt_free(&t);
	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, ring);
	doorbell(t.vm, any, 0x100, 4, 5, match | pio);
	tap_ok(vt_wrote_port(&t, 0, 0x100) && !take(any),
	       "another value is an exit");
	for (i = 0; i < 6; i++)
		close(event[i]);
	close(any);
	vt_free(&t);
}

/* ---- interrupts ------------------------------------------------------------------- */

static long irqfd(int vm, int fd, uint32_t gsi, int resample, uint32_t flags)
{
	struct vmm_irqfd i = {
		.fd = fd, .gsi = gsi, .resample_fd = resample, .flags = flags,
	};

	return ioctl(vm, VMM_VM_IRQFD, &i);
}

/* GSI @gsi is an MSI with @vector for vCPU 0. */
static long route_msi(int vm, uint32_t gsi, uint32_t vector)
{
	struct vmm_route r = {
		.gsi = gsi, .type = VMM_ROUTE_MSI, .address = 0xfee00000,
		.data = vector,
	};
	struct vmm_routes set = { .count = 1, .routes = (uintptr_t)&r };

	return ioctl(vm, VMM_VM_SET_ROUTES, &set);
}

static void test_irqfd_refusals(void)
{
	const uint32_t again = VMM_IRQFD_RESAMPLE, gone = VMM_IRQFD_DEASSIGN;
	int vm = vt_create_vm(1), a = new_event(), b = new_event();

	tap_ok(vt_refused(irqfd(vm, a, VMM_MAX_GSI, 0, 0), EINVAL) &&
	       vt_refused(irqfd(vm, a, ~0U, 0, 0), EINVAL),
	       "a GSI that does not exist");
	tap_ok(vt_refused(irqfd(vm, -1, 5, 0, 0), EBADF) &&
	       vt_refused(irqfd(vm, vm, 5, 0, 0), EINVAL), "no eventfd");
	tap_ok(vt_refused(irqfd(vm, a, 5, -1, again), EBADF) &&
	       vt_refused(irqfd(vm, a, 5, -2, again), EBADF) &&
	       vt_refused(irqfd(vm, a, 5, vm, again), EINVAL),
	       "no eventfd to resample with");
	tap_ok(vt_refused(irqfd(vm, a, 5, 0, gone), ENOENT),
	       "taking away what is not there");
	tap_ok(!irqfd(vm, a, 5, 0, 0) && vt_refused(irqfd(vm, a, 6, 0, 0), EBUSY),
	       "an eventfd raises one GSI");
	tap_ok(!irqfd(vm, b, 5, 0, 0), "a GSI is raised by several");
	tap_ok(vt_refused(irqfd(vm, a, 6, 0, gone), ENOENT) &&
	       !irqfd(vm, a, 5, 0, gone) && !irqfd(vm, a, 6, 0, 0),
	       "taken away, it can raise another");
	close(a);
	close(b);
	close(vm);
}

/* Signals one after another: the guest must see each. */
static unsigned int ping(struct vt *t, int event, uint32_t vector,
			 unsigned int rounds)
{
	unsigned int n, seen;

	for (n = 0; n < rounds; n++) {
		seen = vt_count(t, vector);
		if (!signal_event(event) ||
		    !VT_WAIT_FOR(vt_count(t, vector) == seen + 1))
			break;
	}
	return n;
}

static void test_interrupts(void)
{
	struct vmm_msi msi = { .address = 0xfee00000, .data = VECTOR + 1 };
	int event = new_event(), n, bad = 0;
	struct vt_runner r;
	struct vt t;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, listen);
	tap_ok(!route_msi(t.vm, 30, VECTOR) && !irqfd(t.vm, event, 30, 0, 0),
	       "an eventfd that is an MSI");
	signal_event(event);
	vt_spawn(&r, &t, 0);
	tap_ok(VT_WAIT_FOR(vt_count(&t, VECTOR) == 1),
	       "a signal from before the guest ran is not lost");
	tap_ok(ping(&t, event, VECTOR, 300) == 300,
	       "a guest in HLT sees each of 300 signals");
	for (n = 0; n < 300 && !bad; n++) {
		bad += ioctl(t.vm, VMM_VM_SIGNAL_MSI, &msi) != 0;
		bad += !VT_WAIT_FOR(vt_count(&t, VECTOR + 1) == n + 1U);
	}
	tap_ok(!bad, "and each of 300 MSIs");

	bad = 0;
	for (n = 0; n < 200 && !bad; n++) {
		uint32_t v = VECTOR + 2 + n % 8, seen = vt_count(&t, v);

		bad += route_msi(t.vm, 30, v) != 0;
		signal_event(event);
		bad += !VT_WAIT_FOR(vt_count(&t, v) == seen + 1);
	}
	tap_ok(!bad, "each under routes that change in between");
	tap_ok(!irqfd(t.vm, event, 30, 0, VMM_IRQFD_DEASSIGN), "taken away");
	n = vt_count(&t, VECTOR + 2 + 199 % 8);
	signal_event(event);
	vt_sleep_ms(50);
	tap_ok(n == (int)vt_count(&t, VECTOR + 2 + 199 % 8) && take(event) == 1,
	       "the eventfd keeps its signals from then on");
	vt_stop(&r);
	close(event);
	vt_free(&t);
}

/* Vector 0x40 at the IOAPIC's pin 5, level-triggered; goes on into what follows. */
VT_BLOB(program_pin,
	"movl $0x1a, 0xfec00000\n"
	"movl $0x8040, 0xfec00010\n"
	"movl $0x1b, 0xfec00000\n"
	"movl $0, 0xfec00010\n");

static void test_resample(void)
{
	int event = new_event(), again = new_event(), bad = 0, n;
	size_t len = program_pin_end - program_pin;
	struct vt_runner r;
	struct vt t;

	vt_make(&t, 1, VT_MB);
	vt_load(&t, VT_CODE, program_pin, program_pin_end);
	vt_load(&t, VT_CODE + len, listen, listen_end);
	tap_ok(!irqfd(t.vm, event, 5, again, VMM_IRQFD_RESAMPLE),
	       "a level-triggered one");
	vt_spawn(&r, &t, 0);
	VT_WAIT_FOR(vt_mail(&t)[0] == 1);
	for (n = 0; n < 200 && !bad; n++) {
		signal_event(event);
		bad += !VT_WAIT_FOR(take(again));
		bad += vt_count(&t, VECTOR) != n + 1U;
	}
	tap_ok(!bad, "each of 200 signals is one interrupt and one EOI back");
	close(event);
	vt_sleep_ms(20);
	close(again);
	tap_ok(!r.done, "eventfds closed under it: the guest runs on");
	vt_stop(&r);
	vt_free(&t);
}

/* ---- everything comes and goes ----------------------------------------------------- */

static volatile bool churn_stop;
static volatile int churn_event = -1;

static void *signaller(void *arg)
{
	while (!churn_stop)
		if (churn_event >= 0)
			signal_event(churn_event);
	return NULL;
}

static void *router(void *arg)
{
	struct vt *t = arg;
	unsigned int n = 0;

	while (!churn_stop)
		route_msi(t->vm, 30, VECTOR + n++ % 4);
	return NULL;
}

static void test_churn(void)
{
	uint64_t end = vt_now_ms() + 5000;
	unsigned int n = 0, bad = 0, i, sum = 0;
	pthread_t threads[2];
	struct vt_runner r;
	struct vt t;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, listen);
	route_msi(t.vm, 30, VECTOR);
	vt_spawn(&r, &t, 0);
	pthread_create(&threads[0], NULL, signaller, NULL);
	pthread_create(&threads[1], NULL, router, &t);
	while (vt_now_ms() < end) {
		int event = new_event();

		bad += irqfd(t.vm, event, 30, 0, 0) != 0;
		churn_event = event;
		vt_sleep_ms(1);
		churn_event = -1;
		if (n++ & 1)
			bad += irqfd(t.vm, event, 30, 0, VMM_IRQFD_DEASSIGN) != 0;
		close(event);
	}
	churn_stop = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	for (i = 0; i < 4; i++)
		sum += vt_count(&t, VECTOR + i);
	tap_ok(!bad && sum > n / 4,
	       "%u irqfds come and go under signals and new routes: %u taken",
	       n, sum);
	tap_ok(vt_stop(&r) == EINTR, "and the guest runs still");
	vt_free(&t);
}

int main(void)
{
	vt_open();
	vt_catch(SIGUSR1);
	test_doorbell_refusals();
	test_doorbell_limit();
	test_doorbells();
	test_irqfd_refusals();
	test_interrupts();
	test_resample();
	test_churn();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
