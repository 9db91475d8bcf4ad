// SPDX-License-Identifier: GPL-2.0
/*
 * The structure in guest memory that has a vCPU's steal time: addresses, versions,
 * writes that are broken off, and vCPUs that are restored.
 */
#include <errno.h>
#include <string.h>

#include <asm/kvm_para.h>
#include <linux/types.h>

#include "fake_host.h"
#include "tap.h"
#include "x86/x86.h"

struct fake_host fake;
unsigned int tsc_khz = 2500000;

/*
 * @mem is the VM's memory; of its writes those behind @good are broken off where they
 * may be, and all reads with @fail_read.
 */
static struct world {
	struct vmm_x86_vm vm;
	struct vmm_x86 vcpu;
	bool requested;
	u8 mem[8192];
	int writes, good;
	bool fail, fail_read;
} w;

static void set_tsc_offset(struct vmm_x86 *x86, u64 offset)
{
}

static bool is_writable(struct vmm_x86 *x86, u64 gpa)
{
	return gpa < sizeof(w.mem);
}

static int write_guest(struct vmm_x86 *x86, u64 gpa, const void *data,
		       size_t len, bool atomic)
{
	w.writes++;
	if (atomic && w.fail && w.writes > w.good)
		return -EAGAIN;
	if (gpa > sizeof(w.mem) || len > sizeof(w.mem) - gpa)
		return -EFAULT;
	memcpy(w.mem + gpa, data, len);
	return 0;
}

static int read_guest(struct vmm_x86 *x86, u64 gpa, void *data, size_t len,
		      bool atomic)
{
	if (atomic && w.fail_read)
		return -EAGAIN;
	if (gpa > sizeof(w.mem) || len > sizeof(w.mem) - gpa)
		return -EFAULT;
	memcpy(data, w.mem + gpa, len);
	return 0;
}

static void request_clock(struct vmm_x86 *x86, bool all)
{
	w.requested = true;
}

static const struct vmm_x86_ops ops = {
	.set_tsc_offset	= set_tsc_offset,
	.write_guest	= write_guest,
	.read_guest	= read_guest,
	.is_writable	= is_writable,
	.request_clock	= request_clock,
};

static struct vmm_x86 *start(void)
{
	memset(&w, 0, sizeof(w));
	fake = (struct fake_host) { .tsc = 1ULL << 40, .constant_tsc = true };
	vmm_clock_vm_init(&w.vm.clock);
	w.vcpu.vm = &w.vm;
	w.vcpu.ops = &ops;
	vmm_clock_init(&w.vcpu);
	vmm_clock_reset(&w.vcpu, false);
	return &w.vcpu;
}

static struct kvm_steal_time steal_at(u64 gpa)
{
	struct kvm_steal_time st;

	memcpy(&st, w.mem + gpa, sizeof(st));
	return st;
}

static void put_steal(u64 gpa, u64 steal, u32 version)
{
	struct kvm_steal_time st = { .steal = steal, .version = version };

	memcpy(w.mem + gpa, &st, sizeof(st));
}

/* The area at 0xc00 of a vCPU, named by the guest. */
static struct vmm_x86 *start_steal(void)
{
	struct vmm_x86 *x86 = start();

	vmm_clock_write_steal_msr(x86, 0xc00 | KVM_MSR_ENABLED, false);
	vmm_clock_update(x86, false);
	return x86;
}

static void test_basics(void)
{
	struct vmm_x86 *x86 = start_steal();
	int writes = w.writes;

	tap_ok(steal_at(0xc00).steal == 0 && steal_at(0xc00).version == 2,
	       "steal time begins at zero");
	vmm_clock_load(x86);
	tap_ok(w.writes == writes, "nothing stolen, nothing written");
	vmm_pvtime_steal(x86, 250000);
	vmm_clock_load(x86);
	tap_ok(steal_at(0xc00).steal == 250000 &&
	       steal_at(0xc00).version == 4, "what is stolen shows on load");
	vmm_clock_preempted(x86);
	tap_ok(steal_at(0xc00).preempted == KVM_VCPU_PREEMPTED &&
	       steal_at(0xc00).steal == 250000, "preemption shows");
	vmm_clock_load(x86);
	tap_ok(!steal_at(0xc00).preempted, "and ends on load");
	vmm_clock_write_steal_msr(x86, 0, false);
	writes = w.writes;
	vmm_pvtime_steal(x86, 1000);
	vmm_clock_load(x86);
	vmm_clock_preempted(x86);
	tap_ok(w.writes == writes, "switched off, it is left alone");
}

static void test_address(void)
{
	struct vmm_x86 *x86 = start_steal();
	unsigned int bit, taken = 0;
	const u64 beyond = 0x100000 | KVM_MSR_ENABLED;

	for (bit = 1; bit < 6; bit++)
		taken += !vmm_clock_write_steal_msr(x86, 0x800 | 1 << bit, false) ||
			 !vmm_clock_write_steal_msr(x86, 0x800 | 1 << bit, true);
	tap_ok(!taken && x86->clock.steal_msr == (0xc00 | KVM_MSR_ENABLED),
	       "reserved bits are refused, and change nothing");
	tap_ok(vmm_clock_write_steal_msr(x86, beyond, false) == -EINVAL &&
	       x86->clock.steal_msr == (0xc00 | KVM_MSR_ENABLED),
	       "a guest's address without memory is refused");
	tap_ok(!vmm_clock_write_steal_msr(x86, 0x100000, false),
	       "unless it is not to be used");
	tap_ok(!vmm_clock_write_steal_msr(x86, beyond, true) &&
	       !vmm_clock_update(x86, true) && !x86->clock.todo,
	       "user space may name memory that comes later; it is skipped");
	vmm_pvtime_steal(x86, 5);
	vmm_clock_load(x86);
	vmm_clock_preempted(x86);
	tap_ok(!x86->clock.preempted, "nobody is told there");
}

/* User space has restored the memory, and restores the register. */
static void test_restore(void)
{
	struct vmm_x86 *x86 = start();

	put_steal(0xc00, 70000, 7);
	vmm_clock_write_steal_msr(x86, 0xc00 | KVM_MSR_ENABLED, true);
	vmm_pvtime_steal(x86, 30);
	vmm_clock_load(x86);
	tap_ok(steal_at(0xc00).steal == 70030 && steal_at(0xc00).version == 8,
	       "it goes on from what the area says");
	put_steal(0xc00, 3, 3);
	vmm_pvtime_steal(x86, 10);
	vmm_clock_load(x86);
	tap_ok(steal_at(0xc00).steal == 70040 && steal_at(0xc00).version == 10,
	       "which is asked once");
	vmm_clock_reset(x86, false);
	put_steal(0xc00, 0, 0);
	vmm_clock_write_steal_msr(x86, 0xc00 | KVM_MSR_ENABLED, false);
	vmm_clock_load(x86);
	tap_ok(steal_at(0xc00).steal == 0 && steal_at(0xc00).version == 2,
	       "a guest that starts anew starts at zero");
}

/* Wherever a load has to break off: nothing is lost, nothing counts twice. */
static void test_retry(void)
{
	struct vmm_x86 *x86;
	int n, bad = 0;

	for (n = -1; n < 3; n++) {
		x86 = start();
		put_steal(0xc00, 100, 4);
		vmm_clock_write_steal_msr(x86, 0xc00 | KVM_MSR_ENABLED, true);
		vmm_pvtime_steal(x86, 11);
		w.fail = n >= 0;
		w.fail_read = n < 0;
		w.good = n;
		w.requested = false;
		vmm_clock_load(x86);
		bad += !w.requested;
		if (n > 0)
			bad += !(steal_at(0xc00).version & 1);
		vmm_pvtime_steal(x86, 22);
		bad += vmm_clock_update(x86, false) != 0;
		bad += steal_at(0xc00).steal != 133 ||
		       steal_at(0xc00).version != 6;
	}
	tap_ok(!bad, "what was broken off is finished (%d are not)", bad);
}

int main(void)
{
	test_basics();
	test_address();
	test_restore();
	test_retry();
	return tap_done();
}
