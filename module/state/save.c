// SPDX-License-Identifier: GPL-2.0
/*
 * A VM into a stream of records.
 *
 * The VM is held: it is paused, its vCPUs are ours, and so their number, and the size
 * of what they have, stay.  The stream is walked twice, to find its length and to
 * write it.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "core/pause.h"
#include "core/vcpu.h"
#include "core/vcpu_record.h"
#include "core/vcpu_state.h"
#include "core/vm.h"
#include "irq/irqchip_state.h"
#include "state/state.h"
#include "uapi/linux/vmm.h"

/* Before the APICs: what comes in between these have, and the line is told of it. */
static void save_chips(struct vmm_vm *vm, struct vmm_stream_writer *w)
{
	struct vmm_state_ioapic *ioapic;
	struct vmm_state_lines *lines;
	struct vmm_state_pic *pic;
	struct vmm_state_pit *pit;

	lines = vmm_stream_begin(w, VMM_STATE_LINES, 0, sizeof(*lines));
	pic = vmm_stream_begin(w, VMM_STATE_PIC, 0, sizeof(*pic));
	ioapic = vmm_stream_begin(w, VMM_STATE_IOAPIC, 0, sizeof(*ioapic));
	pit = vmm_stream_begin(w, VMM_STATE_PIT, 0, sizeof(*pit));
	if (!pit)
		return;
	vmm_pit_dev_save_state(&vm->irq.pit, pit);
	vmm_irqchip_save_chips(&vm->irq, lines, pic, ioapic);
}

static void save_vm(struct vmm_vm *vm, struct vmm_stream_writer *w)
{
	u32 nr = vmm_irqchip_nr_routes(&vm->irq);
	struct vmm_state_clock *clock;
	struct vmm_route *routes;
	struct vmm_state_vm *st;

	st = vmm_stream_begin(w, VMM_STATE_VM, 0, sizeof(*st));
	if (st)
		*st = (struct vmm_state_vm) {
			.magic = VMM_STATE_MAGIC,
			.vcpus = vmm_vm_count_vcpus(vm),
			.tsc_khz = vm->x86.clock.tsc_khz,
		};
	clock = vmm_stream_begin(w, VMM_STATE_CLOCK, 0, sizeof(*clock));
	if (clock)
		vmm_clock_vm_save(&vm->x86.clock, clock);
	routes = vmm_stream_begin(w, VMM_STATE_ROUTES, 0,
				  nr * sizeof(*routes));
	if (routes)
		vmm_irqchip_save_routes(&vm->irq, routes, nr);
	save_chips(vm, w);
}

static void save_tables(struct vmm_vcpu *vcpu, struct vmm_stream_writer *w)
{
	const struct vmm_cpuid_state *cpuid = &vcpu->x86.cpuid;
	struct vmm_state_debugregs *debugregs;
	u32 size = cpuid->count * sizeof(cpuid->entries[0]);
	struct vmm_state_sregs *sregs;
	struct vmm_regs *regs;
	void *to;

	to = vmm_stream_begin(w, VMM_STATE_CPUID, vcpu->id, size);
	if (to)
		memcpy(to, cpuid->entries, size);
	regs = vmm_stream_begin(w, VMM_STATE_REGS, vcpu->id, sizeof(*regs));
	if (regs)
		vmm_vcpu_get_regs(vcpu, regs);
	sregs = vmm_stream_begin(w, VMM_STATE_SREGS, vcpu->id, sizeof(*sregs));
	if (sregs)
		vmm_vcpu_save_sregs(vcpu, sregs);
	debugregs = vmm_stream_begin(w, VMM_STATE_DEBUGREGS, vcpu->id,
				     sizeof(*debugregs));
	if (debugregs)
		vmm_vcpu_save_debugregs(vcpu, debugregs);
}

static void save_xsave(struct vmm_vcpu *vcpu, struct vmm_stream_writer *w)
{
	u32 size = round_up(vmm_fpu_xsave_size(&vcpu->x86.fpu), 8);
	struct vmm_state_xsave *st;

	st = vmm_stream_begin(w, VMM_STATE_XSAVE, vcpu->id, sizeof(*st) + size);
	if (st)
		vmm_fpu_get_xsave(&vcpu->x86.fpu, st + 1, size, &st->xcr0);
}

static void save_vcpu(struct vmm_vcpu *vcpu, struct vmm_stream_writer *w)
{
	struct vmm_state_events *events;
	struct vmm_state_lapic *lapic;
	struct vmm_state_msrs *msrs;
	struct vmm_state_time *time;

	save_tables(vcpu, w);
	msrs = vmm_stream_begin(w, VMM_STATE_MSRS, vcpu->id, sizeof(*msrs));
	if (msrs)
		vmm_msr_save(&vcpu->x86, msrs);
	save_xsave(vcpu, w);
	events = vmm_stream_begin(w, VMM_STATE_EVENTS, vcpu->id,
				  sizeof(*events));
	if (events)
		vmm_vcpu_save_events(vcpu, events);
	lapic = vmm_stream_begin(w, VMM_STATE_LAPIC, vcpu->id, sizeof(*lapic));
	if (lapic)
		vmm_lapic_save(&vcpu->apic, lapic);
	time = vmm_stream_begin(w, VMM_STATE_TIME, vcpu->id, sizeof(*time));
	if (time)
		vmm_clock_save(&vcpu->x86, time);
}

static void save(struct vmm_vm *vm, struct vmm_stream_writer *w)
{
	struct vmm_vcpu *vcpu;
	u32 i;

	save_vm(vm, w);
	vmm_for_each_vcpu(i, vcpu, vm) {
		mutex_lock(&vcpu->lock);
		save_vcpu(vcpu, w);
		mutex_unlock(&vcpu->lock);
	}
	vmm_stream_end(w);
}

static int savable(struct vmm_vm *vm)
{
	struct vmm_vcpu *vcpu;
	int err;
	u32 i;

	vmm_for_each_vcpu(i, vcpu, vm) {
		err = vmm_vcpu_savable(vcpu);
		if (err)
			return err;
	}
	return 0;
}

static int save_held(struct vmm_vm *vm, u64 room, void **data, u64 *size)
{
	struct vmm_stream_writer length = {}, w = {};
	int err = savable(vm);

	if (err)
		return err;
	save(vm, &length);
	*size = length.len;
	if (length.len > room)
		return -ENOSPC;
	w.room = length.len;
	w.buf = kvmalloc(w.room, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!w.buf)
		return -ENOMEM;
	save(vm, &w);
	if (w.len != w.room) {
		kvfree(w.buf);
		return -EIO;
	}
	*data = w.buf;
	return 0;
}

int vmm_vm_save(struct vmm_vm *vm, u64 room, void **data, u64 *size)
{
	int err = vmm_pause_hold(vm);

	if (err)
		return err;
	err = save_held(vm, room, data, size);
	vmm_pause_unhold(vm);
	return err;
}
