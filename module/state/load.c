// SPDX-License-Identifier: GPL-2.0
/*
 * A stream of records into a VM.
 *
 * Three walks over the stream: its form, then what every record says, and when there
 * is nothing left that could fail, the loads.  All that has to be allocated is there
 * before the third.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "core/pause.h"
#include "core/vcpu.h"
#include "core/vcpu_record.h"
#include "core/vcpu_state.h"
#include "core/vm.h"
#include "irq/irqchip_state.h"
#include "irq/route.h"
#include "state/state.h"
#include "uapi/linux/vmm.h"

/**
 * struct loading - one load
 * @vm:		held
 * @r:		its place tells of the record that is looked at
 * @any_tsc:	whatever its frequency
 * @cpuid:	of the vCPU that is looked at
 * @routes:	to be put in force
 * @clock:	of the VM
 */
struct loading {
	struct vmm_vm *vm;
	struct vmm_stream_reader r;
	bool any_tsc;
	struct vmm_cpuid_state *cpuid;
	struct vmm_route_table *routes;
	const struct vmm_state_clock *clock;
};

#define TAKE(l, type)	vmm_stream_take(&(l)->r, VMM_STATE_##type, NULL, NULL)

/* ---- checks ------------------------------------------------------------------- */

static int check_clock(struct loading *l, u32 tsc_khz)
{
	if (!l->any_tsc && !vmm_clock_tsc_near(tsc_khz))
		return -EDOM;
	l->clock = TAKE(l, CLOCK);
	return vmm_clock_vm_check(l->clock);
}

static int check_routes(struct loading *l)
{
	const struct vmm_route *routes;
	u32 size;

	routes = vmm_stream_take(&l->r, VMM_STATE_ROUTES, &size, NULL);
	l->routes = vmm_route_table_build(routes, size / sizeof(*routes));
	return PTR_ERR_OR_ZERO(l->routes) == -EEXIST ? -EINVAL :
		PTR_ERR_OR_ZERO(l->routes);
}

static int check_vm(struct loading *l)
{
	const struct vmm_state_vm *st = TAKE(l, VM);
	int err;

	if (st->vcpus != vmm_vm_count_vcpus(l->vm))
		return -ENXIO;
	err = check_clock(l, st->tsc_khz) ?: check_routes(l);
	if (err)
		return err;
	TAKE(l, LINES);
	return vmm_irqchip_check_pic(TAKE(l, PIC)) ?:
	       vmm_irqchip_check_ioapic(TAKE(l, IOAPIC)) ?:
	       vmm_pit_check_state(TAKE(l, PIT));
}

/* Into @cpuid; whose vCPU it is. */
static int check_cpuid(struct loading *l, struct vmm_vcpu **vcpu)
{
	const struct vmm_cpuid_entry *entries;
	u32 size, id;

	entries = vmm_stream_take(&l->r, VMM_STATE_CPUID, &size, &id);
	*vcpu = vmm_vm_vcpu(l->vm, id);
	if (!*vcpu)
		return -ENXIO;
	/* It refuses nothing but what this host does not support. */
	return vmm_cpuid_set(l->cpuid, entries, size / sizeof(*entries)) ?
		-EOPNOTSUPP : 0;
}

static int check_xsave(struct loading *l)
{
	const struct vmm_state_xsave *st;
	u32 size;

	st = vmm_stream_take(&l->r, VMM_STATE_XSAVE, &size, NULL);
	return vmm_fpu_check_xsave(&l->cpuid->limits, st + 1,
				   size - sizeof(*st), st->xcr0);
}

static int check_debugregs(struct loading *l)
{
	const struct vmm_state_debugregs *st = TAKE(l, DEBUGREGS);

	return vmm_debugregs_valid(st->dr6, st->dr7) ? 0 : -EINVAL;
}

static int check_lapic(struct loading *l, struct vmm_vcpu *vcpu)
{
	const struct vmm_lapic_config cfg =
		vmm_vcpu_apic_config(vcpu->id, &l->cpuid->limits);

	return vmm_lapic_check(&cfg, TAKE(l, LAPIC));
}

static int check_vcpu(struct loading *l)
{
	const struct vmm_cpu_limits *limits = &l->cpuid->limits;
	const struct vmm_state_sregs *sregs;
	const struct vmm_regs *regs;
	struct vmm_vcpu *vcpu;
	int err;

	err = check_cpuid(l, &vcpu);
	if (err)
		return err;
	regs = TAKE(l, REGS);
	if (!vmm_regs_valid(regs))
		return -EINVAL;
	sregs = TAKE(l, SREGS);
	return vmm_vcpu_check_sregs(limits, sregs) ?: check_debugregs(l) ?:
	       vmm_msr_check(&vcpu->x86, limits, TAKE(l, MSRS)) ?:
	       check_xsave(l) ?:
	       vmm_vcpu_check_events(TAKE(l, EVENTS), sregs, regs) ?:
	       check_lapic(l, vcpu) ?:
	       vmm_clock_check(l->clock, TAKE(l, TIME));
}

/* Every vCPU of the stream is one of the VM, once, and there are as many. */
static int check(struct loading *l)
{
	u32 i, vcpus = vmm_vm_count_vcpus(l->vm);
	int err = check_vm(l);

	for (i = 0; i < vcpus && !err; i++)
		err = check_vcpu(l);
	return err;
}

/* ---- loads -------------------------------------------------------------------- */

static void load_vm(struct loading *l)
{
	const struct vmm_state_ioapic *ioapic;
	const struct vmm_state_lines *lines;
	const struct vmm_state_pic *pic;
	struct vmm_vm *vm = l->vm;

	TAKE(l, VM);
	vmm_clock_vm_load(&vm->x86.clock, TAKE(l, CLOCK));
	TAKE(l, ROUTES);
	vmm_irqchip_put_routes(&vm->irq, l->routes);
	l->routes = NULL;
	lines = TAKE(l, LINES);
	pic = TAKE(l, PIC);
	ioapic = TAKE(l, IOAPIC);
	vmm_irqchip_load_chips(&vm->irq, lines, pic, ioapic);
	vmm_pit_dev_load_state(&vm->irq.pit, TAKE(l, PIT));
}

/* Any CPUID fits an APIC as it is after power-on. */
static int load_cpuid(struct loading *l, struct vmm_vcpu **vcpu)
{
	const struct vmm_cpuid_entry *entries;
	u32 size, id;

	entries = vmm_stream_take(&l->r, VMM_STATE_CPUID, &size, &id);
	*vcpu = vmm_vm_vcpu(l->vm, id);
	mutex_lock(&(*vcpu)->lock);
	vmm_lapic_reset(&(*vcpu)->apic, false);
	return vmm_vcpu_put_cpuid(*vcpu, l->cpuid, entries,
				  size / sizeof(*entries));
}

static int load_registers(struct loading *l, struct vmm_vcpu *vcpu)
{
	const struct vmm_regs *regs = TAKE(l, REGS);
	int err;

	err = vmm_vcpu_load_sregs(vcpu, TAKE(l, SREGS), vcpu->apic.base);
	err = err ?: vmm_vcpu_set_regs(vcpu, regs);
	return err ?: vmm_vcpu_load_debugregs(vcpu, TAKE(l, DEBUGREGS));
}

static int load_xsave(struct loading *l, struct vmm_vcpu *vcpu)
{
	const struct vmm_state_xsave *st;
	u32 size;

	st = vmm_stream_take(&l->r, VMM_STATE_XSAVE, &size, NULL);
	return vmm_fpu_set_xsave(&vcpu->x86.fpu, vmm_x86_limits(&vcpu->x86),
				 st + 1, size - sizeof(*st), st->xcr0);
}

/* An APIC that counts by the TSC is loaded when that one is. */
static int load_vcpu(struct loading *l)
{
	const struct vmm_state_events *events;
	const struct vmm_state_lapic *lapic;
	struct vmm_vcpu *vcpu;
	int err;

	err = load_cpuid(l, &vcpu) ?: load_registers(l, vcpu);
	if (err)
		goto out;
	vmm_msr_load(&vcpu->x86, TAKE(l, MSRS));
	err = load_xsave(l, vcpu);
	if (err)
		goto out;
	events = TAKE(l, EVENTS);
	lapic = TAKE(l, LAPIC);
	vmm_clock_load_state(&vcpu->x86, TAKE(l, TIME));
	err = vmm_lapic_load(&vcpu->apic, lapic);
	/* Last, for what the loads above may have raised goes. */
	vmm_vcpu_load_events(vcpu, events);
out:
	mutex_unlock(&vcpu->lock);
	return err;
}

static int load(struct loading *l)
{
	u32 i, vcpus = vmm_vm_count_vcpus(l->vm);
	int err = 0;

	l->r.pos = 0;
	load_vm(l);
	for (i = 0; i < vcpus && !err; i++)
		err = load_vcpu(l);
	vmm_irqchip_settle(&l->vm->irq);
	return err;
}

static int load_held(struct loading *l, struct vmm_stream_place *bad)
{
	int err = -ENOMEM;

	l->cpuid = kmalloc(sizeof(*l->cpuid), GFP_KERNEL_ACCOUNT);
	if (!l->cpuid)
		return err;
	err = check(l);
	if (err) {
		*bad = l->r.at;
	} else {
		err = load(l);
		/* It was checked; half a guest shall not run. */
		if (WARN_ON_ONCE(err))
			vmm_vm_kill(l->vm);
	}
	if (!IS_ERR_OR_NULL(l->routes))
		kvfree(l->routes);
	kfree(l->cpuid);
	return err;
}

int vmm_vm_load(struct vmm_vm *vm, const void *data, size_t size, bool any_tsc,
		struct vmm_stream_place *bad)
{
	struct loading l = {
		.vm = vm, .r.data = data, .any_tsc = any_tsc,
	};
	int err = vmm_stream_check(data, size, bad);

	if (err)
		return err;
	err = vmm_pause_hold(vm);
	if (err)
		return err;
	err = load_held(&l, bad);
	vmm_pause_unhold(vm);
	return err;
}
