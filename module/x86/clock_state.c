// SPDX-License-Identifier: GPL-2.0
/*
 * Save and restore of time, as records.
 *
 * Counters are saved as the guest would read them at the moment when the VM's clock
 * was stopped, and go on from there: at that moment of the VM that is loaded they
 * read the same.  So does the paravirtual clock.  What the guest was told last stays
 * true, up to the frequency, and it is told anew.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/vmm_state.h>

#include <asm/kvm_para.h>

#include "x86/x86.h"

#define TOLERANCE_PPM	250
#define PPM		1000000

bool vmm_clock_tsc_near(u32 tsc_khz)
{
	u32 here = vmm_clock_tsc_khz();
	u32 diff = max(here, tsc_khz) - min(here, tsc_khz);

	return (u64)diff * PPM <= (u64)here * TOLERANCE_PPM;
}

void vmm_clock_vm_save(struct vmm_clock_vm *vm, struct vmm_state_clock *st)
{
	unsigned long flags;
	u64 ns = vmm_clock_vm_ns(vm);

	memset(st, 0, sizeof(*st));
	raw_spin_lock_irqsave(&vm->lock, flags);
	WARN_ON_ONCE(!vm->stopped);
	st->ns = ns;
	st->tsc = vm->stop_tsc + vm->offset;
	if (vm->write_gen == vm->gen) {
		st->has_write = 1;
		st->write_tsc = vm->write_val;
		st->write_ago = vm->stop_tsc - vm->write_host;
	}
	raw_spin_unlock_irqrestore(&vm->lock, flags);
}

int vmm_clock_vm_check(const struct vmm_state_clock *st)
{
	return st->has_write > 1 || st->pad ||
	       (!st->has_write && (st->write_tsc || st->write_ago)) ?
		-EINVAL : 0;
}

void vmm_clock_vm_load(struct vmm_clock_vm *vm,
		       const struct vmm_state_clock *st)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->lock, flags);
	WARN_ON_ONCE(!vm->stopped);
	vm->offset = st->tsc - vm->stop_tsc;
	vm->gen++;
	vm->joined = 0;
	vm->write_gen = st->has_write ? vm->gen : 0;
	vm->write_val = st->write_tsc;
	vm->write_host = vm->stop_tsc - st->write_ago;
	raw_spin_unlock_irqrestore(&vm->lock, flags);
	/* Tells the guest of all that, too. */
	vmm_clock_vm_set_ns(vm, st->ns);
}

static const struct {
	u32 todo;
	u32 flag;
} due[] = {
	{ VMM_CLOCK_TIME, VMM_STATE_TIME_DUE },
	{ VMM_CLOCK_WALL, VMM_STATE_WALL_DUE },
	{ VMM_CLOCK_STEAL, VMM_STATE_STEAL_DUE },
};

void vmm_clock_save(struct vmm_x86 *x86, struct vmm_state_time *st)
{
	const struct vmm_clock_vm *vm = &x86->vm->clock;
	const struct vmm_clock *c = &x86->clock;
	unsigned int i;

	*st = (struct vmm_state_time) {
		.tsc = vm->stop_tsc + c->tsc_offset,
		.tsc_adjust = c->tsc_adjust,
		.time_msr = c->time_msr,
		.wall_msr = c->wall_msr,
		.steal_msr = c->steal_msr,
		.steal_ns = c->steal_ns,
		.version = c->version,
		.wall_version = c->wall_version,
		.steal_version = c->steal_version,
	};
	if (c->gen == vm->gen)
		st->flags |= VMM_STATE_IN_STEP;
	for (i = 0; i < ARRAY_SIZE(due); i++)
		if (c->todo & due[i].todo)
			st->flags |= due[i].flag;
	if (c->steal_adopt)
		st->flags |= VMM_STATE_STEAL_ADOPT;
	if (c->preempted)
		st->flags |= VMM_STATE_PREEMPTED;
}

int vmm_clock_check(const struct vmm_state_clock *of_vm,
		    const struct vmm_state_time *st)
{
	u32 flags = st->flags;

	if (flags >= VMM_STATE_PREEMPTED << 1 ||
	    (st->steal_msr & KVM_STEAL_RESERVED_MASK))
		return -EINVAL;
	if ((flags & VMM_STATE_IN_STEP) && st->tsc != of_vm->tsc)
		return -EINVAL;
	if ((flags & VMM_STATE_TIME_DUE) && !(st->time_msr & KVM_MSR_ENABLED))
		return -EINVAL;
	if ((flags & (VMM_STATE_STEAL_DUE | VMM_STATE_PREEMPTED)) &&
	    !(st->steal_msr & KVM_MSR_ENABLED))
		return -EINVAL;
	return 0;
}

/* The one that was in step is, and no other. */
static void load_offset(struct vmm_x86 *x86, u64 tsc, bool in_step)
{
	struct vmm_clock_vm *vm = &x86->vm->clock;
	struct vmm_clock *c = &x86->clock;
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->lock, flags);
	c->last_tsc = 0;
	WRITE_ONCE(c->tsc_offset, tsc - vm->stop_tsc);
	c->gen = 0;
	if (in_step) {
		c->gen = vm->gen;
		vm->joined++;
	}
	raw_spin_unlock_irqrestore(&vm->lock, flags);
	c->host_shift = READ_ONCE(vm->host_shift);
	x86->ops->set_tsc_offset(x86, c->tsc_offset + c->host_shift);
}

void vmm_clock_load_state(struct vmm_x86 *x86, const struct vmm_state_time *st)
{
	struct vmm_clock *c = &x86->clock;
	unsigned int i;

	load_offset(x86, st->tsc, st->flags & VMM_STATE_IN_STEP);
	c->tsc_adjust = st->tsc_adjust;
	c->time_msr = st->time_msr;
	c->wall_msr = st->wall_msr;
	c->steal_msr = st->steal_msr;
	c->steal_ns = st->steal_ns;
	c->version = st->version;
	c->wall_version = st->wall_version;
	c->steal_version = st->steal_version;
	c->steal_adopt = st->flags & VMM_STATE_STEAL_ADOPT;
	c->preempted = st->flags & VMM_STATE_PREEMPTED;
	c->todo = 0;
	for (i = 0; i < ARRAY_SIZE(due); i++)
		if (st->flags & due[i].flag)
			c->todo |= due[i].todo;
	/* What is due is written when the vCPU is loaded into a processor. */
	c->told_cpu = -1;
}
