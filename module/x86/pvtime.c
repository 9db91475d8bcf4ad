// SPDX-License-Identifier: GPL-2.0
/*
 * The areas in guest memory that tell a guest the time: system time, wall
 * clock, steal time, in the form that Linux documents for KVM guests.
 *
 * Every area has a version that is odd while the area is being written.  A
 * write that has to be broken off leaves it odd, and the next attempt goes on.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>

#include <asm/kvm_para.h>
#include <asm/pvclock-abi.h>

#include "x86/x86.h"

/* Writes over a page boundary, too. */
static int write_guest(struct vmm_x86 *x86, u64 gpa, const void *data,
		       size_t len, bool atomic)
{
	size_t n;
	int err;

	for (; len; len -= n, gpa += n, data += n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(gpa));
		err = x86->ops->write_guest(x86, gpa, data, n, atomic);
		if (err)
			return err;
	}
	return 0;
}

/*
 * Writes the @len bytes of an area whose u32 version is at @at in it: odd
 * version, content, even version.
 */
static int write_area(struct vmm_x86 *x86, u64 gpa, void *area, size_t len,
		      size_t at, u32 *version, bool atomic)
{
	u32 *v = area + at;
	int err;

	*version |= 1;
	*v = *version;
	err = write_guest(x86, gpa + at, v, sizeof(*v), atomic);
	if (err)
		return err;
	smp_wmb();	/* the version is odd before anything changes */
	err = write_guest(x86, gpa, area, len, atomic);
	if (err)
		return err;
	smp_wmb();	/* everything is there before it is even */
	*v = *version + 1;
	err = write_guest(x86, gpa + at, v, sizeof(*v), atomic);
	if (!err)
		*version = *v;
	return err;
}

static int write_time(struct vmm_x86 *x86, bool atomic)
{
	struct vmm_clock *c = &x86->clock;
	struct pvclock_vcpu_time_info info = { 0 };
	struct vmm_clock_point p;
	int err;

	vmm_clock_point(x86, &p);
	info.tsc_timestamp = p.tsc;
	info.system_time = p.ns;
	info.tsc_to_system_mul = p.scale.mult;
	info.tsc_shift = p.scale.shift;
	info.flags = p.shared ? PVCLOCK_TSC_STABLE_BIT : 0;
	err = write_area(x86, c->time_msr & ~(u64)KVM_MSR_ENABLED, &info,
			 sizeof(info), offsetof(typeof(info), version),
			 &c->version, atomic);
	if (err == -EAGAIN)
		return err;
	c->seq = p.seq;
	c->told_tsc = p.host_tsc;
	c->told_cpu = p.cpu;
	return 0;
}

/* The wall clock's area tells what time it was when VM time was zero. */
static int write_wall(struct vmm_x86 *x86, bool atomic)
{
	struct pvclock_wall_clock wall = { 0 };
	u64 ns = ktime_get_real_ns() - vmm_clock_vm_ns(&x86->vm->clock);
	u32 rest;

	wall.sec = div_u64_rem(ns, NSEC_PER_SEC, &rest);
	wall.nsec = rest;
	return write_area(x86, x86->clock.wall_msr, &wall, sizeof(wall),
			  offsetof(typeof(wall), version),
			  &x86->clock.wall_version, atomic);
}

/* ---- steal time --------------------------------------------------------- */

/*
 * The area begins with what is in it: zeroes, if the guest keeps to the rules, or
 * what it has been told already where the vCPU was restored.
 */
static int adopt_steal(struct vmm_x86 *x86, u64 gpa, bool atomic)
{
	struct vmm_clock *c = &x86->clock;
	struct kvm_steal_time st;
	int err;

	err = x86->ops->read_guest(x86, gpa, &st, sizeof(st), atomic);
	if (err)
		return err;
	c->steal_ns += st.steal;
	c->steal_version = st.version;
	c->steal_adopt = false;
	return 0;
}

static int write_steal(struct vmm_x86 *x86, bool atomic)
{
	struct vmm_clock *c = &x86->clock;
	struct kvm_steal_time st = { 0 };
	u64 gpa = c->steal_msr & KVM_STEAL_VALID_BITS;
	int err = 0;

	if (c->steal_adopt)
		err = adopt_steal(x86, gpa, atomic);
	if (err)
		return err;
	st.steal = c->steal_ns;
	err = write_area(x86, gpa, &st, offsetof(typeof(st), u8_pad),
			 offsetof(typeof(st), version), &c->steal_version,
			 atomic);
	if (err != -EAGAIN)
		c->preempted = false;
	return err;
}

void vmm_pvtime_load(struct vmm_x86 *x86)
{
	if (x86->clock.preempted)
		x86->clock.todo |= VMM_CLOCK_STEAL;
}

void vmm_pvtime_steal(struct vmm_x86 *x86, u64 ns)
{
	struct vmm_clock *c = &x86->clock;

	if (!(c->steal_msr & KVM_MSR_ENABLED))
		return;
	c->steal_ns += ns;
	c->todo |= VMM_CLOCK_STEAL;
}

void vmm_clock_preempted(struct vmm_x86 *x86)
{
	struct vmm_clock *c = &x86->clock;
	u64 gpa = c->steal_msr & KVM_STEAL_VALID_BITS;
	u8 preempted = KVM_VCPU_PREEMPTED;

	if (!(c->steal_msr & KVM_MSR_ENABLED) || c->preempted)
		return;
	if (!write_guest(x86, gpa + offsetof(struct kvm_steal_time, preempted),
			 &preempted, sizeof(preempted), true))
		c->preempted = true;
}

/* ---- the MSRs ----------------------------------------------------------- */

void vmm_clock_write_time_msr(struct vmm_x86 *x86, u64 val)
{
	x86->clock.time_msr = val;
	x86->clock.todo &= ~VMM_CLOCK_TIME;
	if (!(val & KVM_MSR_ENABLED))
		return;
	x86->clock.todo |= VMM_CLOCK_TIME;
	x86->ops->request_clock(x86, false);
}

void vmm_clock_write_wall_msr(struct vmm_x86 *x86, u64 val)
{
	x86->clock.wall_msr = val;
	x86->clock.todo |= VMM_CLOCK_WALL;
	x86->ops->request_clock(x86, false);
}

int vmm_clock_write_steal_msr(struct vmm_x86 *x86, u64 val, bool host)
{
	struct vmm_clock *c = &x86->clock;

	if (val & KVM_STEAL_RESERVED_MASK)
		return -EINVAL;
	if (!host && val & KVM_MSR_ENABLED &&
	    !x86->ops->is_writable(x86, val & KVM_STEAL_VALID_BITS))
		return -EINVAL;
	c->steal_msr = val;
	c->steal_ns = 0;
	c->steal_adopt = true;
	c->preempted = false;
	c->todo &= ~VMM_CLOCK_STEAL;
	if (!(val & KVM_MSR_ENABLED))
		return 0;
	c->todo |= VMM_CLOCK_STEAL;
	x86->ops->request_clock(x86, false);
	return 0;
}

int vmm_clock_update(struct vmm_x86 *x86, bool atomic)
{
	struct vmm_clock *c = &x86->clock;

	if (c->time_msr & KVM_MSR_ENABLED &&
	    READ_ONCE(x86->vm->clock.seq) != c->seq)
		c->todo |= VMM_CLOCK_TIME;
	if (!c->todo)
		return 0;
	if (c->todo & VMM_CLOCK_TIME && write_time(x86, atomic) == -EAGAIN)
		return -EAGAIN;
	c->todo &= ~VMM_CLOCK_TIME;
	if (c->todo & VMM_CLOCK_WALL && write_wall(x86, atomic) == -EAGAIN)
		return -EAGAIN;
	c->todo &= ~VMM_CLOCK_WALL;
	if (c->todo & VMM_CLOCK_STEAL && write_steal(x86, atomic) == -EAGAIN)
		return -EAGAIN;
	c->todo &= ~VMM_CLOCK_STEAL;
	return 0;
}
