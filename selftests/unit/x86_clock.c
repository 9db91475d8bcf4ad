// SPDX-License-Identifier: GPL-2.0
/*
 * Clock arithmetic against 128-bit arithmetic, and the guests' clocks on a host
 * whose time the test makes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <asm/kvm_para.h>
#include <linux/types.h>

#include "fake_host.h"
#include "tap.h"
#include "x86/x86.h"

#include <asm/pvclock-abi.h>

#define KHZ		2500000U
#define SECOND		((u64)KHZ * 1000)
#define NR_VCPUS	4

struct fake_host fake;
unsigned int tsc_khz = KHZ;

static u64 seed = 88172645463325252ULL;

static u64 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	/* All widths alike. */
	return seed >> (seed >> 3 & 63);
}

/* ---- arithmetic --------------------------------------------------------- */

static u64 exact_ns(u64 cycles, u32 khz, bool up)
{
	unsigned __int128 n = (unsigned __int128)cycles * 1000000 +
			      (up ? khz - 1 : 0);

	n /= khz;
	return n >> 64 ? ~0ULL : (u64)n;
}

static void test_scale(void)
{
	static const u32 fixed[] = {
		1, 2, 999999, 1000000, 1000001, 2000000, 3579, 2399987,
		4000000, 1u << 31, ~0u,
	};
	unsigned int i, bad = 0, unnormal = 0;

	for (i = 0; i < 200000; i++) {
		u32 khz = i < 11 ? fixed[i] : (u32)rnd() | 1;
		struct vmm_clock_scale s = vmm_clock_scale(khz);
		/* A day or less, so that nothing is cut off. */
		u64 cycles = rnd() % ((u64)khz * 86400000ULL);
		u64 want = exact_ns(cycles, khz, false);
		u64 got = vmm_clock_scale_ns(s, cycles);
		/* The fraction is off by less than 2^-31 of itself. */
		u64 slack = (want >> 30) + (s.shift < 0 ? 1 << -s.shift : 1) + 1;

		unnormal += !(s.mult >> 31);
		bad += got > want || want - got > slack;
	}
	tap_ok(!bad, "the scale is exact to 2^-30 (%u are not)", bad);
	tap_ok(!unnormal, "the fraction always has all its bits");
}

static void test_rounding(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < 200000; i++) {
		u32 khz = (u32)rnd() | 1;
		u64 cycles = rnd();

		bad += vmm_cycles_to_ns(cycles, khz) !=
		       exact_ns(cycles, khz, true);
	}
	tap_ok(!bad, "cycles to ns is exact, rounded up, saturating");
	tap_ok(vmm_cycles_to_ns(0, KHZ) == 0 && vmm_cycles_to_ns(1, KHZ) == 1 &&
	       vmm_cycles_to_ns(5, KHZ) == 2 && vmm_cycles_to_ns(~0ULL, 1) ==
	       ~0ULL, "cycles to ns at the edges");
}

/* ---- a VM --------------------------------------------------------------- */

/*
 * The VM under test: @mem is its memory; @fail is what the next writes answer;
 * @odd counts guest-visible changes while a version was even.
 */
static struct world {
	struct vmm_x86_vm vm;
	struct vmm_x86 vcpu[NR_VCPUS];
	u64 hw_offset[NR_VCPUS];
	bool requested[NR_VCPUS];
	u8 mem[8192];
	int fail, writes, fail_after;
} w;

static int nr_of(struct vmm_x86 *x86)
{
	return x86 - w.vcpu;
}

static void set_tsc_offset(struct vmm_x86 *x86, u64 offset)
{
	w.hw_offset[nr_of(x86)] = offset;
}

static int write_guest(struct vmm_x86 *x86, u64 gpa, const void *data,
		       size_t len, bool atomic)
{
	w.writes++;
	if (w.fail && w.writes > w.fail_after &&
	    (atomic || w.fail != -EAGAIN))
		return w.fail;
	if (gpa > sizeof(w.mem) || len > sizeof(w.mem) - gpa)
		return -EFAULT;
	if ((gpa & 4095) + len > 4096)
		abort();
	memcpy(w.mem + gpa, data, len);
	return 0;
}

static void request_clock(struct vmm_x86 *x86, bool all)
{
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		if (all || i == nr_of(x86))
			w.requested[i] = true;
	}
}

static const struct vmm_x86_ops ops = {
	.set_tsc_offset	= set_tsc_offset,
	.write_guest	= write_guest,
	.request_clock	= request_clock,
};

static void pass(u64 ns)
{
	fake.tsc += ns * KHZ / 1000000;
	fake.boot_ns += ns;
	fake.mono_ns += ns;
	fake.real_ns += ns;
}

static void start(bool stable)
{
	int i;

	memset(&w, 0, sizeof(w));
	fake = (struct fake_host) {
		.tsc = 1ULL << 40, .boot_ns = 77777777777,
		.real_ns = 1700000000000000000ULL, .constant_tsc = stable,
	};
	vmm_clock_vm_init(&w.vm.clock);
	pass(1000);
	for (i = 0; i < NR_VCPUS; i++) {
		w.vcpu[i].vm = &w.vm;
		w.vcpu[i].ops = &ops;
		vmm_clock_init(&w.vcpu[i]);
		vmm_clock_reset(&w.vcpu[i], false);
	}
}

/* The TSC that the guest reads on vCPU @i. */
static u64 guest_tsc(int i)
{
	return fake.tsc + w.hw_offset[i];
}

static struct pvclock_vcpu_time_info info_at(u64 gpa)
{
	struct pvclock_vcpu_time_info info;

	memcpy(&info, w.mem + gpa, sizeof(info));
	return info;
}

/* What a guest makes of its area on vCPU @i. */
static u64 guest_ns(u64 gpa, int i)
{
	struct pvclock_vcpu_time_info info = info_at(gpa);
	struct vmm_clock_scale s = {
		info.tsc_to_system_mul, info.tsc_shift,
	};

	return info.system_time +
	       vmm_clock_scale_ns(s, guest_tsc(i) - info.tsc_timestamp);
}

static bool near(u64 a, u64 b, u64 slack)
{
	return a - b <= slack || b - a <= slack;
}

/* What the entry loop does with a request. */
static void serve(void)
{
	int i;

	for (i = 0; i < NR_VCPUS; i++) {
		if (w.requested[i])
			vmm_clock_update(&w.vcpu[i], false);
		w.requested[i] = false;
	}
}

static void test_trust(void)
{
	fake = (struct fake_host) { .tsc = 1ULL << 40 };
	tap_ok(!vmm_clock_tsc_stable(), "trust: neither processor nor kernel");
	fake.constant_tsc = true;
	tap_ok(vmm_clock_tsc_stable(), "trust: by the processor's word");
	fake.unstable = true;
	tap_ok(!vmm_clock_tsc_stable(), "trust: not against the kernel's");
	fake = (struct fake_host) { .tsc = 1ULL << 40, .tsc_clock = true };
	tap_ok(vmm_clock_tsc_stable(), "trust: the kernel runs on it");
}

/* ---- TSC ---------------------------------------------------------------- */

static bool in_step(void)
{
	int i;

	for (i = 1; i < NR_VCPUS; i++) {
		if (guest_tsc(i) != guest_tsc(0))
			return false;
	}
	return w.vm.clock.joined == NR_VCPUS;
}

static void test_tsc_start(void)
{
	start(true);
	tap_ok(in_step() && guest_tsc(0) == KHZ / 1000,
	       "the TSC is zero when the VM is made");
	tap_ok(vmm_clock_guest_tsc(&w.vcpu[1]) == guest_tsc(1),
	       "timers see the TSC that the guest sees");
}

static void test_tsc_write(void)
{
	int i;

	start(true);
	pass(5000000);
	for (i = 0; i < NR_VCPUS; i++) {
		vmm_clock_write_tsc(&w.vcpu[i], 0, false);
		pass(30000000);
	}
	tap_ok(in_step(), "one value on all vCPUs within a second: in step");
	tap_ok(near(guest_tsc(0), SECOND * 12 / 100, 1000),
	       "as of the first write");
	tap_ok(w.vcpu[0].clock.tsc_adjust == w.vcpu[3].clock.tsc_adjust &&
	       w.vcpu[0].clock.tsc_adjust != 0, "TSC_ADJUST alike");

	vmm_clock_write_tsc(&w.vcpu[2], 1000, false);
	tap_ok(guest_tsc(2) == 1000 && !in_step(),
	       "another value is taken as it is");
	vmm_clock_write_tsc(&w.vcpu[2], 1000, false);
	pass(1000000);
	vmm_clock_write_tsc(&w.vcpu[2], 1000, false);
	tap_ok(guest_tsc(2) == 1000, "the same again on the same vCPU, too");
	pass(2000000000);
	vmm_clock_write_tsc(&w.vcpu[1], 1000, false);
	tap_ok(guest_tsc(1) == 1000, "and on another after a second");
}

static void test_tsc_restore(void)
{
	int i;

	start(true);
	for (i = 0; i < NR_VCPUS; i++) {
		/* Read one after the other, written at another pace. */
		vmm_clock_write_tsc(&w.vcpu[i], (1ULL << 50) + i * 50000, true);
		vmm_clock_write_adjust(&w.vcpu[i], 4321, true);
		pass(700000);
	}
	tap_ok(in_step() && near(guest_tsc(0), (1ULL << 50) + KHZ * 28 / 10,
				 1000), "restored TSCs are in step");
	tap_ok(w.vcpu[2].clock.tsc_adjust == 4321,
	       "restored TSC_ADJUST moves nothing");
	vmm_clock_write_tsc(&w.vcpu[1], 1ULL << 40, true);
	tap_ok(guest_tsc(1) == 1ULL << 40, "a far value is taken as it is");
}

static void test_adjust(void)
{
	u64 before;
	int i;

	start(true);
	before = guest_tsc(0);
	for (i = 0; i < NR_VCPUS; i++)
		vmm_clock_write_adjust(&w.vcpu[i], -12345ULL, false);
	tap_ok(in_step() && guest_tsc(0) == before - 12345,
	       "TSC_ADJUST moves the TSC");
	vmm_clock_write_tsc(&w.vcpu[0], guest_tsc(0) + 45, false);
	tap_ok(w.vcpu[0].clock.tsc_adjust == -12300ULL,
	       "a write of the TSC shows in TSC_ADJUST");
	vmm_clock_reset(&w.vcpu[0], true);
	tap_ok(w.vcpu[0].clock.tsc_adjust == -12300ULL &&
	       guest_tsc(0) == before - 12300, "INIT leaves both alone");
}

static void test_late_vcpu(void)
{
	struct vmm_x86 late = { .vm = &w.vm, .ops = &ops };
	int i;

	start(true);
	for (i = 0; i < NR_VCPUS; i++)
		vmm_clock_write_tsc(&w.vcpu[i], 0, false);
	vmm_clock_init(&late);
	tap_ok(late.clock.tsc_offset == w.vcpu[0].clock.tsc_offset &&
	       w.vm.clock.joined == NR_VCPUS + 1, "a late vCPU is in step");
	vmm_clock_destroy(&late);
	tap_ok(w.vm.clock.joined == NR_VCPUS && w.vm.clock.vcpus == NR_VCPUS,
	       "and leaves");
}

/* ---- the paravirtual clock ---------------------------------------------- */

#define AREA(i)		(0x100 + (i) * 64)

static void enable_all(void)
{
	int i;

	for (i = 0; i < NR_VCPUS; i++)
		vmm_clock_write_time_msr(&w.vcpu[i],
					 AREA(i) | KVM_MSR_ENABLED);
	serve();
}

static void test_stable(void)
{
	int i, writes;

	start(true);
	pass(123456789);
	enable_all();
	tap_ok(info_at(AREA(0)).flags == PVCLOCK_TSC_STABLE_BIT &&
	       !memcmp(w.mem + AREA(0), w.mem + AREA(3), 32),
	       "a stable TSC: one clock for all");
	tap_ok(near(guest_ns(AREA(0), 0), 123457789, 2), "it is right");
	writes = w.writes;
	for (i = 0; i < 100; i++) {
		vmm_clock_load(&w.vcpu[1]);
		vmm_clock_put(&w.vcpu[1]);
		pass(50000000);
		fake.cpu = i & 3;
	}
	tap_ok(w.writes == writes, "nothing is written on loads");
	tap_ok(near(guest_ns(AREA(1), 1), vmm_clock_vm_ns(&w.vm.clock), 2) &&
	       near(guest_ns(AREA(1), 1), 5123457789, 10),
	       "the guest's clock is the VM's");
}

static void test_out_of_step(void)
{
	u64 ns;

	start(true);
	enable_all();
	pass(1000000);
	ns = guest_ns(AREA(2), 2);
	vmm_clock_write_tsc(&w.vcpu[2], 1ULL << 45, false);
	tap_ok(w.requested[0] && w.requested[3],
	       "falling out of step asks for all clocks anew");
	serve();
	tap_ok(!info_at(AREA(0)).flags && !info_at(AREA(2)).flags,
	       "none is shared any more");
	tap_ok(near(guest_ns(AREA(2), 2), ns, 2) &&
	       near(guest_ns(AREA(0), 0), ns, 2), "all go on");
	vmm_clock_write_tsc(&w.vcpu[0], 1ULL << 45, false);
	vmm_clock_write_tsc(&w.vcpu[1], 1ULL << 45, false);
	vmm_clock_write_tsc(&w.vcpu[3], 1ULL << 45, false);
	serve();
	tap_ok(info_at(AREA(0)).flags == PVCLOCK_TSC_STABLE_BIT &&
	       info_at(AREA(2)).flags == PVCLOCK_TSC_STABLE_BIT,
	       "in step again, shared again");
}

static void test_unstable(void)
{
	u64 before, after;
	int writes;

	start(false);
	enable_all();
	tap_ok(!info_at(AREA(0)).flags, "an unstable TSC: no shared clock");
	vmm_clock_load(&w.vcpu[0]);
	vmm_clock_put(&w.vcpu[0]);
	writes = w.writes;
	pass(1000000);
	vmm_clock_load(&w.vcpu[0]);
	vmm_clock_put(&w.vcpu[0]);
	tap_ok(w.writes == writes, "a fresh clock is left alone");
	before = guest_tsc(0);
	fake.cpu = 1;
	fake.tsc -= SECOND;
	vmm_clock_load(&w.vcpu[0]);
	after = guest_tsc(0);
	tap_ok(w.writes > writes, "another processor: written anew");
	tap_ok(after >= before, "its TSC does not go back");
	tap_ok(near(guest_ns(AREA(0), 0), vmm_clock_vm_ns(&w.vm.clock), 2),
	       "the clock is right there");
	vmm_clock_put(&w.vcpu[0]);
	writes = w.writes;
	pass(200000000);
	vmm_clock_load(&w.vcpu[0]);
	tap_ok(w.writes > writes, "an old clock is written anew");
}

/* The guest's own writes may set its TSC back. */
static void test_unstable_write(void)
{
	start(false);
	vmm_clock_write_tsc(&w.vcpu[0], 1ULL << 50, false);
	vmm_clock_load(&w.vcpu[0]);
	tap_ok(guest_tsc(0) == 1ULL << 50, "a write before the first run");
	pass(1000);
	vmm_clock_put(&w.vcpu[0]);
	vmm_clock_write_tsc(&w.vcpu[0], 5, false);
	vmm_clock_load(&w.vcpu[0]);
	tap_ok(guest_tsc(0) == 5, "a write that sets the TSC back");
}

static void test_lost_trust(void)
{
	u64 ns;

	start(true);
	enable_all();
	pass(5000000000);
	ns = vmm_clock_vm_ns(&w.vm.clock);
	fake.unstable = true;
	vmm_clock_load(&w.vcpu[1]);
	tap_ok(!w.vm.clock.stable && near(vmm_clock_vm_ns(&w.vm.clock), ns, 2),
	       "a TSC that loses trust: the clock goes on");
	tap_ok(!info_at(AREA(1)).flags &&
	       near(guest_ns(AREA(1), 1), ns, 2), "the guest is told");
}

static void test_suspend(void)
{
	u64 tsc, ns;

	start(true);
	enable_all();
	pass(3000000000);
	tsc = guest_tsc(1);
	ns = guest_ns(AREA(1), 1);
	vmm_clock_vm_suspend(&w.vm.clock);
	fake.tsc = 1000;
	fake.boot_ns += 60000000000;
	vmm_clock_vm_resume(&w.vm.clock);
	vmm_clock_load(&w.vcpu[1]);
	tap_ok(near(guest_tsc(1), tsc, 10) &&
	       vmm_clock_guest_tsc(&w.vcpu[1]) == guest_tsc(1),
	       "a host suspended: the TSC goes on");
	tap_ok(near(guest_ns(AREA(1), 1), ns, 10), "and so does the clock");
}

static void test_stop(bool stable)
{
	const char *kind = stable ? "stable" : "unstable";
	u64 tsc, timer, ns;

	start(stable);
	enable_all();
	pass(3000000000);
	vmm_clock_vm_stop(&w.vm.clock);
	tsc = vmm_clock_guest_tsc(&w.vcpu[1]);
	ns = vmm_clock_vm_ns(&w.vm.clock);
	pass(60000000000);
	timer = vmm_clock_guest_tsc(&w.vcpu[1]);
	tap_ok(timer == tsc && vmm_clock_vm_ns(&w.vm.clock) == ns,
	       "%s: both clocks stand still", kind);
	tap_ok(vmm_clock_vm_stopped_ns(&w.vm.clock) == 60000000000,
	       "%s: for a minute", kind);
	vmm_clock_vm_suspend(&w.vm.clock);
	fake.tsc = 1000;
	fake.boot_ns += 60000000000;
	vmm_clock_vm_resume(&w.vm.clock);
	pass(1000000);
	vmm_clock_vm_go(&w.vm.clock);
	fake.cpu = 1;
	vmm_clock_load(&w.vcpu[1]);
	serve();
	tap_ok(near(guest_tsc(1), tsc, 10) &&
	       vmm_clock_guest_tsc(&w.vcpu[1]) == guest_tsc(1),
	       "%s: the TSC goes on, a suspended host or not", kind);
	tap_ok(near(vmm_clock_vm_ns(&w.vm.clock), ns, 10) &&
	       near(guest_ns(AREA(1), 1), ns, 10), "%s: and so does the clock",
	       kind);
	pass(5000);
	tap_ok(near(guest_ns(AREA(1), 1), ns + 5000, 10) &&
	       near(guest_tsc(1), tsc + 5000 * (KHZ / 1000) / 1000, 10),
	       "%s: at its rate", kind);
	tap_ok(vmm_clock_vm_stopped_ns(&w.vm.clock) == 60001000000,
	       "%s: the stop is over", kind);
	vmm_clock_vm_stop(&w.vm.clock);
	vmm_clock_write_tsc(&w.vcpu[0], 12345, true);
	pass(1000000);
	tap_ok(vmm_clock_guest_tsc(&w.vcpu[0]) == 12345,
	       "%s: a TSC written meanwhile stands", kind);
	vmm_clock_vm_go(&w.vm.clock);
	vmm_clock_load(&w.vcpu[0]);
	tap_ok(near(guest_tsc(0), 12345, 10), "%s: and goes on from there", kind);
}

static void test_set_ns(void)
{
	start(true);
	enable_all();
	vmm_clock_vm_set_ns(&w.vm.clock, 1ULL << 50);
	vmm_clock_load(&w.vcpu[0]);
	pass(1000);
	tap_ok(near(guest_ns(AREA(0), 0), (1ULL << 50) + 1000, 2),
	       "a restored clock reaches the guest on load");
}

/* ---- the protocol ------------------------------------------------------- */

static void test_versions(void)
{
	struct vmm_x86 *x86;
	int i;

	start(true);
	x86 = &w.vcpu[0];
	enable_all();
	tap_ok(!(info_at(AREA(0)).version & 1) && info_at(AREA(0)).version,
	       "the version ends even");
	for (i = 1; i <= 2; i++) {
		u32 version = info_at(AREA(0)).version;

		w.fail = -EAGAIN;
		w.writes = 0;
		w.fail_after = i;
		vmm_clock_vm_set_ns(&w.vm.clock, 1000 * i);
		tap_ok(vmm_clock_update(x86, true) == -EAGAIN &&
		       info_at(AREA(0)).version == version + 1,
		       "broken off after %d writes: odd", i);
		tap_ok(vmm_clock_update(x86, false) == 0 &&
		       info_at(AREA(0)).version == version + 2 &&
		       near(guest_ns(AREA(0), 0), 1000 * i, 2),
		       "the next attempt finishes it");
	}
	w.fail = 0;
	vmm_clock_write_time_msr(x86, 0x100000 | KVM_MSR_ENABLED);
	tap_ok(vmm_clock_update(x86, true) == 0 && !x86->clock.todo,
	       "an area that is no memory is skipped");
	vmm_clock_write_time_msr(x86, (4096 - 12) | KVM_MSR_ENABLED);
	vmm_clock_update(x86, true);
	tap_ok(near(guest_ns(4096 - 12, 0), vmm_clock_vm_ns(&w.vm.clock), 2),
	       "an area across pages");
}

static void test_load_retries(void)
{
	start(true);
	enable_all();
	w.fail = -EAGAIN;
	w.writes = 0;
	vmm_clock_vm_set_ns(&w.vm.clock, 5);
	vmm_clock_load(&w.vcpu[0]);
	tap_ok(w.requested[0], "a load that cannot write asks for it");
}

static void test_wall(void)
{
	struct pvclock_wall_clock wall;
	u64 ns;

	start(true);
	pass(2500000000);
	vmm_clock_write_wall_msr(&w.vcpu[0], 0x800);
	serve();
	memcpy(&wall, w.mem + 0x800, sizeof(wall));
	ns = wall.sec * 1000000000ULL + wall.nsec;
	tap_ok(wall.version == 2 && near(ns, 1700000000000000000ULL, 2000),
	       "the wall clock is that of VM time zero");
}

int main(void)
{
	test_scale();
	test_rounding();
	test_trust();
	test_tsc_start();
	test_tsc_write();
	test_tsc_restore();
	test_adjust();
	test_late_vcpu();
	test_stable();
	test_out_of_step();
	test_unstable();
	test_unstable_write();
	test_lost_trust();
	test_suspend();
	test_stop(true);
	test_stop(false);
	test_set_ns();
	test_versions();
	test_load_retries();
	test_wall();
	return tap_done();
}
