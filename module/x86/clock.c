// SPDX-License-Identifier: GPL-2.0
/*
 * The time-stamp counter of guests, and the clock of a VM that comes of it.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/kvm_para.h>
#include <asm/tsc.h>

#include "x86/x86.h"

#define MSEC_PER_SEC_U64	1000ULL
/* How long a guest's clock may go on unrefreshed where the TSC is not stable. */
#define REFRESH_MSEC		100

static u64 host_tsc(const struct vmm_clock_vm *vm)
{
	/* Pairs with the releases of stop and go. */
	if (unlikely(smp_load_acquire(&vm->stopped)))
		return READ_ONCE(vm->stop_tsc);
	return rdtsc_ordered() + READ_ONCE(vm->host_shift);
}

static u64 host_boot(const struct vmm_clock_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	return vm->stopped ? vm->stop_boot : ktime_get_boottime_ns();
}

u32 vmm_clock_tsc_khz(void)
{
	return tsc_khz;
}

/* The kernel takes its own time from the TSC: it reads the same cycles. */
static bool kernel_runs_on_tsc(void)
{
	struct system_time_snapshot snap;
	u64 before = rdtsc_ordered();

	ktime_get_snapshot(&snap);
	return snap.cycles - before <= rdtsc_ordered() - before;
}

bool vmm_clock_tsc_stable(void)
{
	if (check_tsc_unstable())
		return false;
	if (boot_cpu_has(X86_FEATURE_CONSTANT_TSC) &&
	    boot_cpu_has(X86_FEATURE_NONSTOP_TSC))
		return true;
	return kernel_runs_on_tsc();
}

/* ---- the VM's clock ----------------------------------------------------- */

/* VM time at host TSC @tsc and host boot time @boot. */
static u64 vm_ns_at(const struct vmm_clock_vm *vm, u64 tsc, u64 boot)
{
	lockdep_assert_held(&vm->lock);
	if (vm->stable)
		return vm->master_ns +
		       vmm_clock_scale_ns(vm->scale, tsc - vm->master_tsc);
	return vm->master_ns + (boot - vm->master_boot);
}

static void set_master(struct vmm_clock_vm *vm, u64 tsc, u64 boot, u64 ns)
{
	lockdep_assert_held(&vm->lock);
	vm->master_tsc = tsc;
	vm->master_boot = boot;
	vm->master_ns = ns;
	WRITE_ONCE(vm->seq, vm->seq + 1);
}

void vmm_clock_vm_init(struct vmm_clock_vm *vm)
{
	memset(vm, 0, sizeof(*vm));
	raw_spin_lock_init(&vm->lock);
	vm->tsc_khz = vmm_clock_tsc_khz();
	vm->scale = vmm_clock_scale(vm->tsc_khz);
	vm->stable = vmm_clock_tsc_stable();
	vm->master_boot = ktime_get_boottime_ns();
	vm->master_tsc = rdtsc_ordered();
	vm->start_offset = -vm->master_tsc;
	vm->offset = vm->start_offset;
	/* Generation 0 is that of nobody. */
	vm->gen = 1;
	vm->seq = 1;
}

u64 vmm_clock_vm_ns(struct vmm_clock_vm *vm)
{
	unsigned long flags;
	u64 ns;

	raw_spin_lock_irqsave(&vm->lock, flags);
	ns = vm_ns_at(vm, host_tsc(vm), host_boot(vm));
	raw_spin_unlock_irqrestore(&vm->lock, flags);
	return ns;
}

void vmm_clock_vm_set_ns(struct vmm_clock_vm *vm, u64 ns)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->lock, flags);
	set_master(vm, host_tsc(vm), host_boot(vm), ns);
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

void vmm_clock_vm_suspend(struct vmm_clock_vm *vm)
{
	unsigned long flags;
	u64 tsc;

	raw_spin_lock_irqsave(&vm->lock, flags);
	tsc = host_tsc(vm);
	set_master(vm, tsc, vm->master_boot, vm_ns_at(vm, tsc,
						      vm->master_boot));
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

void vmm_clock_vm_resume(struct vmm_clock_vm *vm)
{
	unsigned long flags;
	u64 tsc;

	raw_spin_lock_irqsave(&vm->lock, flags);
	tsc = host_tsc(vm);
	if ((s64)(tsc - vm->master_tsc) < 0) {
		WRITE_ONCE(vm->host_shift,
			   vm->host_shift + (vm->master_tsc - tsc));
		WRITE_ONCE(vm->seq, vm->seq + 1);
	}
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

void vmm_clock_vm_stop(struct vmm_clock_vm *vm)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->lock, flags);
	if (!vm->stopped) {
		WRITE_ONCE(vm->stop_tsc, host_tsc(vm));
		vm->stop_boot = ktime_get_boottime_ns();
		vm->stop_mono = ktime_get_ns();
		/* With stop_tsc: pairs with host_tsc(). */
		smp_store_release(&vm->stopped, true);
	}
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

void vmm_clock_vm_go(struct vmm_clock_vm *vm)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->lock, flags);
	if (vm->stopped) {
		vm->master_boot += ktime_get_boottime_ns() - vm->stop_boot;
		vm->stopped_ns += ktime_get_ns() - vm->stop_mono;
		WRITE_ONCE(vm->host_shift, vm->stop_tsc - rdtsc_ordered());
		/* With host_shift: pairs with host_tsc(). */
		smp_store_release(&vm->stopped, false);
	}
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

u64 vmm_clock_vm_stopped_ns(struct vmm_clock_vm *vm)
{
	unsigned long flags;
	u64 ns;

	raw_spin_lock_irqsave(&vm->lock, flags);
	ns = vm->stopped_ns;
	if (vm->stopped)
		ns += ktime_get_ns() - vm->stop_mono;
	raw_spin_unlock_irqrestore(&vm->lock, flags);
	return ns;
}

/* The kernel stopped to trust the TSC: from here on, time is its own clock's. */
static void lose_stable(struct vmm_clock_vm *vm)
{
	unsigned long flags;
	u64 tsc, boot;

	raw_spin_lock_irqsave(&vm->lock, flags);
	if (vm->stable) {
		tsc = host_tsc(vm);
		boot = host_boot(vm);
		set_master(vm, tsc, boot, vm_ns_at(vm, tsc, boot));
		WRITE_ONCE(vm->stable, false);
	}
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

/* One moment of the VM's clock, as vCPU @x86 is to be told of it. */
void vmm_clock_point(struct vmm_x86 *x86, struct vmm_clock_point *p)
{
	struct vmm_clock_vm *vm = &x86->vm->clock;
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->lock, flags);
	p->scale = vm->scale;
	p->seq = vm->seq;
	p->cpu = smp_processor_id();
	p->host_tsc = host_tsc(vm);
	p->shared = vm->stable && vm->joined == vm->vcpus;
	if (vm->stable) {
		p->tsc = vm->master_tsc;
		p->ns = vm->master_ns;
	} else {
		p->tsc = p->host_tsc;
		p->ns = vm_ns_at(vm, p->tsc, host_boot(vm));
	}
	p->tsc += x86->clock.tsc_offset;
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

/* ---- the TSC ------------------------------------------------------------ */

u64 vmm_clock_guest_tsc(const struct vmm_x86 *x86)
{
	return host_tsc(&x86->vm->clock) + READ_ONCE(x86->clock.tsc_offset);
}

u64 vmm_clock_tsc_ns(const struct vmm_x86 *x86, u64 delta)
{
	return vmm_cycles_to_ns(delta, x86->vm->clock.tsc_khz);
}

/* Notes that @x86 has @offset; true if the VM's vCPUs fell out or in step. */
static bool join(struct vmm_x86 *x86, u64 offset)
{
	struct vmm_clock_vm *vm = &x86->vm->clock;
	bool before = vm->joined == vm->vcpus, after;

	lockdep_assert_held(&vm->lock);
	if (offset != vm->offset) {
		vm->offset = offset;
		vm->gen++;
		vm->joined = 0;
	}
	if (x86->clock.gen != vm->gen) {
		x86->clock.gen = vm->gen;
		vm->joined++;
	}
	after = vm->joined == vm->vcpus;
	if (before == after)
		return false;
	WRITE_ONCE(vm->seq, vm->seq + 1);
	return true;
}

/* The backend adds its offset to the bare host TSC. */
static void set_hardware_offset(struct vmm_x86 *x86)
{
	struct vmm_clock *c = &x86->clock;

	c->host_shift = READ_ONCE(x86->vm->clock.host_shift);
	x86->ops->set_tsc_offset(x86, c->tsc_offset + c->host_shift);
}

static void offset_changed(struct vmm_x86 *x86, u64 offset, bool all)
{
	struct vmm_clock *c = &x86->clock;

	c->last_tsc = 0;
	WRITE_ONCE(c->tsc_offset, offset);
	set_hardware_offset(x86);
	if (c->time_msr & KVM_MSR_ENABLED)
		c->todo |= VMM_CLOCK_TIME;
	if (c->todo || all)
		x86->ops->request_clock(x86, all);
}

static void set_offset(struct vmm_x86 *x86, u64 offset)
{
	struct vmm_clock_vm *vm = &x86->vm->clock;
	unsigned long flags;
	bool all;

	raw_spin_lock_irqsave(&vm->lock, flags);
	all = join(x86, offset);
	raw_spin_unlock_irqrestore(&vm->lock, flags);
	offset_changed(x86, offset, all);
}

/*
 * The write of @val joins the last one of another vCPU: a guest that writes
 * one value on all processors in turn wants them in step, and so does user
 * space that restores what it read from them one after the other.
 */
static bool joins_last_write(const struct vmm_x86 *x86, u64 val, u64 now,
			     bool host)
{
	const struct vmm_clock_vm *vm = &x86->vm->clock;
	u64 second = vm->tsc_khz * MSEC_PER_SEC_U64, elapsed, diff;

	lockdep_assert_held(&vm->lock);
	if (vm->write_gen != vm->gen || x86->clock.gen == vm->gen)
		return false;
	elapsed = now - vm->write_host;
	if (!host)
		return val == vm->write_val && elapsed < second;
	diff = val - (vm->write_val + elapsed);
	return diff < second || -diff < second;
}

void vmm_clock_write_tsc(struct vmm_x86 *x86, u64 val, bool host)
{
	struct vmm_clock_vm *vm = &x86->vm->clock;
	u64 now, offset, old = x86->clock.tsc_offset;
	unsigned long flags;
	bool all;

	raw_spin_lock_irqsave(&vm->lock, flags);
	now = host_tsc(vm);
	if (joins_last_write(x86, val, now, host)) {
		offset = vm->offset;
		all = join(x86, offset);
	} else {
		offset = val - now;
		all = join(x86, offset);
		vm->write_gen = vm->gen;
		vm->write_val = val;
		vm->write_host = now;
	}
	raw_spin_unlock_irqrestore(&vm->lock, flags);
	if (!host)
		x86->clock.tsc_adjust += offset - old;
	offset_changed(x86, offset, all);
}

void vmm_clock_write_adjust(struct vmm_x86 *x86, u64 val, bool host)
{
	u64 delta = val - x86->clock.tsc_adjust;

	x86->clock.tsc_adjust = val;
	if (!host && delta)
		set_offset(x86, x86->clock.tsc_offset + delta);
}

/* ---- life of a vCPU ----------------------------------------------------- */

void vmm_clock_init(struct vmm_x86 *x86)
{
	struct vmm_clock_vm *vm = &x86->vm->clock;
	unsigned long flags;

	memset(&x86->clock, 0, sizeof(x86->clock));
	x86->clock.told_cpu = -1;
	x86->clock.tsc_offset = vm->start_offset;
	raw_spin_lock_irqsave(&vm->lock, flags);
	vm->vcpus++;
	/* A vCPU added to a VM that moved its TSC starts in step, too. */
	if (vm->joined == vm->vcpus - 1)
		x86->clock.tsc_offset = vm->offset;
	if (x86->clock.tsc_offset == vm->offset) {
		x86->clock.gen = vm->gen;
		vm->joined++;
	}
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

void vmm_clock_destroy(struct vmm_x86 *x86)
{
	struct vmm_clock_vm *vm = &x86->vm->clock;
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->lock, flags);
	vm->vcpus--;
	if (x86->clock.gen == vm->gen)
		vm->joined--;
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

void vmm_clock_reset(struct vmm_x86 *x86, bool init)
{
	struct vmm_clock *c = &x86->clock;

	if (!init) {
		c->time_msr = 0;
		c->wall_msr = 0;
		c->steal_msr = 0;
		c->preempted = false;
		c->todo = 0;
		c->tsc_adjust = 0;
	}
	set_hardware_offset(x86);
}

/* Where host TSCs disagree, at least no vCPU sees its own go back. */
static void keep_monotonic(struct vmm_x86 *x86)
{
	u64 behind = x86->clock.last_tsc - vmm_clock_guest_tsc(x86);

	if (x86->clock.last_tsc && (s64)behind > 0)
		set_offset(x86, x86->clock.tsc_offset + behind);
}

static bool time_is_stale(const struct vmm_x86 *x86)
{
	const struct vmm_clock_vm *vm = &x86->vm->clock;
	const struct vmm_clock *c = &x86->clock;

	return c->told_cpu != raw_smp_processor_id() ||
	       host_tsc(vm) - c->told_tsc > (u64)vm->tsc_khz * REFRESH_MSEC;
}

void vmm_clock_load(struct vmm_x86 *x86)
{
	struct vmm_clock_vm *vm = &x86->vm->clock;
	struct vmm_clock *c = &x86->clock;

	if (vm->stable && check_tsc_unstable())
		lose_stable(vm);
	if (READ_ONCE(vm->host_shift) != c->host_shift)
		set_hardware_offset(x86);
	if (!READ_ONCE(vm->stable)) {
		keep_monotonic(x86);
		if (c->time_msr & KVM_MSR_ENABLED && time_is_stale(x86))
			c->todo |= VMM_CLOCK_TIME;
	}
	vmm_pvtime_load(x86);
	if (vmm_clock_update(x86, true))
		x86->ops->request_clock(x86, false);
}

void vmm_clock_put(struct vmm_x86 *x86)
{
	if (!READ_ONCE(x86->vm->clock.stable))
		x86->clock.last_tsc = vmm_clock_guest_tsc(x86);
}
