// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a vCPU, and what its APIC and its x86 state ask of it.
 */
#include <asm/trapnr.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "compat.h"
#include "core/request.h"
#include "core/trace.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "emul/glue.h"
#include "uapi/linux/vmm.h"

static struct vmm_vcpu *of_apic(struct vmm_lapic *l)
{
	return container_of(l, struct vmm_vcpu, apic);
}

static struct vmm_vcpu *of_x86(struct vmm_x86 *x86)
{
	return container_of(x86, struct vmm_vcpu, x86);
}

/* ---- attention ---------------------------------------------------------- */

/*
 * Wakes the owner, or ends the guest's run, unless @instead, if there is one, does
 * for the processor that runs it.
 */
static void get_attention(struct vmm_vcpu *vcpu,
			  bool (*instead)(struct vmm_vcpu *vcpu, int cpu))
{
	int me, cpu;

	/* Pairs with the barriers after mode = IN_GUEST and before sleep. */
	smp_mb();
	if (rcuwait_wake_up(&vcpu->wait))
		return;
	me = get_cpu();
	cpu = READ_ONCE(vcpu->cpu);
	if (cpu == me || cpu < 0 || READ_ONCE(vcpu->mode) != VMM_IN_GUEST)
		goto out;
	if (instead && instead(vcpu, cpu))
		goto out;
	if (cmpxchg(&vcpu->mode, VMM_IN_GUEST, VMM_EXITING) == VMM_IN_GUEST) {
		vmm_stat_inc(&vcpu->stats, VMM_STAT_KICKS);
		smp_send_reschedule(cpu);
	}
out:
	put_cpu();
}

void vmm_vcpu_kick(struct vmm_vcpu *vcpu)
{
	get_attention(vcpu, NULL);
}

void vmm_vcpu_nmi(struct vmm_vcpu *vcpu)
{
	if (test_and_set_bit(VMM_REQ_NMI, &vcpu->requests))
		set_bit(VMM_REQ_NMI2, &vcpu->requests);
	vmm_vcpu_kick(vcpu);
}

/* ---- upcalls of the local APIC; any context ---------------------------- */

static void apic_kick(struct vmm_lapic *l)
{
	vmm_vcpu_kick(of_apic(l));
}

static bool notify(struct vmm_vcpu *vcpu, int cpu)
{
	if (!vmm_backend->apic.notify || !vmm_backend->apic.notify(vcpu, cpu))
		return false;
	vmm_stat_inc(&vcpu->stats, VMM_STAT_NOTIFIES);
	return true;
}

/*
 * A processor that is told while it has left the guest, or another guest runs on
 * it, has been told for nothing: this vCPU looks before it enters again.
 */
static void apic_notify(struct vmm_lapic *l)
{
	get_attention(of_apic(l), notify);
}

static void apic_nmi(struct vmm_lapic *l)
{
	vmm_vcpu_nmi(of_apic(l));
}

static void apic_init(struct vmm_lapic *l)
{
	struct vmm_vcpu *vcpu = of_apic(l);

	/* A SIPI counts only if it comes after the INIT. */
	clear_bit(VMM_REQ_SIPI, &vcpu->requests);
	vmm_vcpu_request(vcpu, VMM_REQ_INIT);
}

static void apic_sipi(struct vmm_lapic *l, u8 vector)
{
	struct vmm_vcpu *vcpu = of_apic(l);

	WRITE_ONCE(vcpu->sipi_vector, vector);
	smp_wmb();	/* pairs with the barrier in vmm_vcpu_take() */
	vmm_vcpu_request(vcpu, VMM_REQ_SIPI);
}

static void apic_ended(struct vmm_lapic *l, u8 vector)
{
	vmm_irqchip_eoi(&of_apic(l)->vm->irq, vector);
}

static u64 apic_tsc(struct vmm_lapic *l)
{
	return vmm_clock_guest_tsc(&of_apic(l)->x86);
}

static u64 apic_tsc_to_ns(struct vmm_lapic *l, u64 delta)
{
	return vmm_cycles_to_ns(delta, of_apic(l)->vm->x86.clock.tsc_khz);
}

static bool apic_deadline(struct vmm_lapic *l, u64 deadline)
{
	return vmm_backend->apic.set_deadline &&
	       vmm_backend->apic.set_deadline(of_apic(l), deadline);
}

static void apic_mode(struct vmm_lapic *l)
{
	l->hw = vmm_backend->apic.virtualize &&
		vmm_backend->apic.virtualize(of_apic(l), vmm_lapic_x2apic(l));
}

static const struct vmm_lapic_ops apic_ops = {
	.kick		= apic_kick,
	.notify		= apic_notify,
	.nmi		= apic_nmi,
	.init		= apic_init,
	.sipi		= apic_sipi,
	.eoi		= apic_ended,
	.tsc		= apic_tsc,
	.tsc_to_ns	= apic_tsc_to_ns,
	.deadline	= apic_deadline,
	.mode		= apic_mode,
};

/* ---- upcalls of x86/; the owner's thread -------------------------------- */

static u64 x86_get_cr(struct vmm_x86 *x86, unsigned int nr)
{
	return vmm_backend->get_cr(of_x86(x86), nr);
}

static u64 x86_get_efer(struct vmm_x86 *x86)
{
	struct vmm_cpu_mode mode;

	vmm_backend->get_mode(of_x86(x86), &mode);
	return mode.efer;
}

static void x86_set_efer(struct vmm_x86 *x86, u64 val)
{
	vmm_backend->set_efer(of_x86(x86), val);
}

static int x86_get_msr(struct vmm_x86 *x86, u32 index, u64 *val)
{
	return vmm_backend->get_msr(of_x86(x86), index, val);
}

static int x86_set_msr(struct vmm_x86 *x86, u32 index, u64 val)
{
	return vmm_backend->set_msr(of_x86(x86), index, val);
}

static int x86_lapic_get_msr(struct vmm_x86 *x86, u32 index, u64 *val,
			     bool host)
{
	return vmm_lapic_msr_read(&of_x86(x86)->apic, index, val);
}

static int x86_lapic_set_msr(struct vmm_x86 *x86, u32 index, u64 val,
			     bool host)
{
	struct vmm_lapic *apic = &of_x86(x86)->apic;

	if (host && index == MSR_IA32_APICBASE)
		return vmm_lapic_set_base(apic, val);
	return vmm_lapic_msr_write(apic, index, val);
}

static void x86_set_tsc_offset(struct vmm_x86 *x86, u64 offset)
{
	struct vmm_vcpu *vcpu = of_x86(x86);
	u64 deadline;

	vmm_backend->set_tsc_offset(vcpu, offset);
	/* An armed deadline is a moment of the counter that just moved. */
	if (vmm_lapic_msr_read(&vcpu->apic, MSR_IA32_TSC_DEADLINE,
			       &deadline) == 0 && deadline)
		vmm_lapic_msr_write(&vcpu->apic, MSR_IA32_TSC_DEADLINE,
				    deadline);
}

static int x86_write_guest(struct vmm_x86 *x86, u64 gpa, const void *data,
			   size_t len, bool atomic)
{
	int err;

	err = npt_space_write(&of_x86(x86)->vm->space, gpa, data, len,
			      atomic ? VMM_MEM_NOWAIT : 0);
	if (err == -EWOULDBLOCK)
		return -EAGAIN;
	return err ? -EFAULT : 0;
}

static int x86_read_guest(struct vmm_x86 *x86, u64 gpa, void *data, size_t len,
			  bool atomic)
{
	int err;

	err = npt_space_read(&of_x86(x86)->vm->space, gpa, data, len,
			     atomic ? VMM_MEM_NOWAIT : 0);
	if (err == -EWOULDBLOCK)
		return -EAGAIN;
	return err ? -EFAULT : 0;
}

static bool x86_is_writable(struct vmm_x86 *x86, u64 gpa)
{
	return npt_space_is_writable(&of_x86(x86)->vm->space, gpa);
}

static void x86_request_clock(struct vmm_x86 *x86, bool all)
{
	struct vmm_vcpu *vcpu = of_x86(x86), *each;
	u32 i;

	if (!all) {
		vmm_vcpu_request(vcpu, VMM_REQ_CLOCK);
		return;
	}
	vmm_for_each_vcpu(i, each, vcpu->vm)
		vmm_vcpu_request(each, VMM_REQ_CLOCK);
}

static const struct vmm_x86_ops x86_ops = {
	.get_cr		= x86_get_cr,
	.get_efer	= x86_get_efer,
	.set_efer	= x86_set_efer,
	.get_msr	= x86_get_msr,
	.set_msr	= x86_set_msr,
	.lapic_get_msr	= x86_lapic_get_msr,
	.lapic_set_msr	= x86_lapic_set_msr,
	.set_tsc_offset	= x86_set_tsc_offset,
	.write_guest	= x86_write_guest,
	.read_guest	= x86_read_guest,
	.is_writable	= x86_is_writable,
	.request_clock	= x86_request_clock,
};

/* ---- life ---------------------------------------------------------------- */

static void cpuid_changed(struct vmm_vcpu *vcpu)
{
	const struct vmm_cpu_limits *limits = vmm_x86_limits(&vcpu->x86);

	vcpu->emul.amd = vmm_cpu_has(limits, VMM_CPU_AMD);
	vmm_backend->cpuid_changed(vcpu);
}

static u32 lapic_features(const struct vmm_cpu_limits *limits)
{
	u32 features = 0;

	if (vmm_cpu_has(limits, VMM_CPU_X2APIC))
		features |= VMM_LAPIC_F_X2APIC;
	if (vmm_cpu_has(limits, VMM_CPU_TSC_DEADLINE))
		features |= VMM_LAPIC_F_TSC_DEADLINE;
	return features;
}

int vmm_vcpu_put_cpuid(struct vmm_vcpu *vcpu, struct vmm_cpuid_state *new,
		       const struct vmm_cpuid_entry *entries, u32 count)
{
	int err = vmm_cpuid_set(new, entries, count);

	if (!err)
		err = vmm_lapic_set_features(&vcpu->apic,
					     lapic_features(&new->limits),
					     new->limits.maxphyaddr);
	if (err)
		return err;
	vcpu->x86.cpuid = *new;
	cpuid_changed(vcpu);
	return 0;
}

int vmm_vcpu_set_cpuid(struct vmm_vcpu *vcpu,
		       const struct vmm_cpuid_entry *entries, u32 count)
{
	struct vmm_cpuid_state *new = kmalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	int err;

	if (!new)
		return -ENOMEM;
	err = vmm_vcpu_put_cpuid(vcpu, new, entries, count);
	kfree(new);
	return err;
}

struct vmm_lapic_config
vmm_vcpu_apic_config(u32 id, const struct vmm_cpu_limits *limits)
{
	return (struct vmm_lapic_config) {
		.id = id,
		.bsp = id == 0,
		.features = lapic_features(limits),
		.phys_bits = limits->maxphyaddr,
	};
}

static int init_apic(struct vmm_vcpu *vcpu)
{
	struct vmm_lapic_config cfg =
		vmm_vcpu_apic_config(vcpu->id, vmm_x86_limits(&vcpu->x86));

	return vmm_lapic_init(&vcpu->apic, &vcpu->vm->apics, &apic_ops, &cfg);
}

int vmm_vcpu_create(struct vmm_vm *vm, u32 id, struct vmm_vcpu **out)
{
	struct vmm_vcpu *vcpu;
	int err;

	vcpu = kvzalloc(vmm_backend->vcpu_size, GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		return -ENOMEM;
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->cpu = -1;
	/* There may be a log already. */
	if (vmm_caps.features & VMM_FEAT_WRITE_LOG)
		vcpu->requests = BIT(VMM_REQ_LOG);
	mutex_init(&vcpu->lock);
	rcuwait_init(&vcpu->wait);
	vcpu->run = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	err = -ENOMEM;
	if (!vcpu->run)
		goto err_vcpu;
	vmm_emul_init(vcpu);

	err = vmm_backend->init(vcpu);
	if (err)
		goto err_run;
	err = vmm_x86_init(&vcpu->x86, &vm->x86, &x86_ops, id);
	if (err)
		goto err_backend;
	err = init_apic(vcpu);
	if (err)
		goto err_x86;
	cpuid_changed(vcpu);
	vmm_vcpu_reset(vcpu, false);
	*out = vcpu;
	return 0;

err_x86:
	vmm_x86_destroy(&vcpu->x86);
err_backend:
	vmm_backend->destroy(vcpu);
err_run:
	free_page((unsigned long)vcpu->run);
err_vcpu:
	kvfree(vcpu);
	return err;
}

/* A grace period after vmm_lapic_unlink(). */
void vmm_vcpu_destroy(struct vmm_vcpu *vcpu)
{
	vmm_lapic_release(&vcpu->apic);
	vmm_x86_destroy(&vcpu->x86);
	vmm_backend->destroy(vcpu);
	free_page((unsigned long)vcpu->run);
	put_pid(rcu_access_pointer(vcpu->pid));
	kvfree(vcpu);
}

static void reset_segments(struct vmm_vcpu *vcpu)
{
	static const struct vmm_segment data = { .attr = 0x93, .limit = 0xffff };
	static const struct vmm_segment code = {
		.selector = 0xf000, .base = 0xffff0000,
		.attr = 0x9b, .limit = 0xffff,
	};
	static const struct vmm_segment ldt = { .attr = 0x82, .limit = 0xffff };
	static const struct vmm_segment tss = { .attr = 0x8b, .limit = 0xffff };
	static const struct vmm_segment table = { .limit = 0xffff };
	int i;

	for (i = VMM_SEG_ES; i <= VMM_SEG_GS; i++)
		vmm_backend->set_segment(vcpu, i,
					 i == VMM_SEG_CS ? &code : &data);
	vmm_backend->set_segment(vcpu, VMM_SEG_LDTR, &ldt);
	vmm_backend->set_segment(vcpu, VMM_SEG_TR, &tss);
	vmm_backend->set_segment(vcpu, VMM_SEG_GDTR, &table);
	vmm_backend->set_segment(vcpu, VMM_SEG_IDTR, &table);
}

/* INIT keeps the two cache bits of CR0, which are set at power-up. */
static void reset_control(struct vmm_vcpu *vcpu, bool init)
{
	u64 cache = X86_CR0_CD | X86_CR0_NW;

	if (init)
		cache &= vmm_backend->get_cr(vcpu, 0);
	vmm_backend->set_efer(vcpu, 0);
	vmm_backend->set_cr(vcpu, 0, X86_CR0_ET | cache);
	vmm_backend->set_cr(vcpu, 2, 0);
	vmm_backend->set_cr(vcpu, 3, 0);
	vmm_backend->set_cr(vcpu, 4, 0);
	vmm_backend->set_dr(vcpu, 6, DR6_RESERVED);
	vmm_vcpu_set_dr7(vcpu, VMM_DR7_FIXED);
}

void vmm_vcpu_reset(struct vmm_vcpu *vcpu, bool init)
{
	u32 regs[4] = { [VMM_EAX] = 1 };
	struct vmm_cpuid_dyn dyn = {};

	memset(vcpu->gpr, 0, sizeof(vcpu->gpr));
	vmm_cpuid_exec(&vcpu->x86.cpuid, &dyn, regs);
	vcpu->gpr[EMUL_RDX] = regs[VMM_EAX];
	vcpu->rip = 0xfff0;
	vcpu->rflags = X86_EFLAGS_FIXED;
	vcpu->irq_shadow = false;
	memset(&vcpu->events, 0, sizeof(vcpu->events));
	emul_cancel(&vcpu->emul);
	vcpu->user_io = VMM_IO_NONE;
	memset(vcpu->db, 0, sizeof(vcpu->db));
	vcpu->db_hits = 0;

	vmm_backend->reset(vcpu);
	reset_segments(vcpu);
	reset_control(vcpu, init);
	vmm_x86_reset(&vcpu->x86, init);
	vmm_lapic_reset(&vcpu->apic, init);
	if (!init)
		vmm_lapic_firmware_state(&vcpu->apic);
	vcpu->mp_state = vcpu->id == 0 ? VMM_MP_RUNNABLE :
					 VMM_MP_WAIT_FOR_SIPI;
}

void vmm_vcpu_sipi(struct vmm_vcpu *vcpu, u8 vector)
{
	struct vmm_segment cs;

	vmm_backend->get_segment(vcpu, VMM_SEG_CS, &cs);
	cs.selector = vector << 8;
	cs.base = (u64)vector << 12;
	vmm_backend->set_segment(vcpu, VMM_SEG_CS, &cs);
	vcpu->rip = 0;
	vcpu->mp_state = VMM_MP_RUNNABLE;
}

/* ---- exceptions and the instruction pointer ------------------------------ */

void vmm_vcpu_raise_event(struct vmm_vcpu *vcpu, const struct vmm_event *ev)
{
	if (ev->vector == X86_TRAP_PF)
		vmm_backend->set_cr(vcpu, 2, ev->cr2);
	/* Injection saves the flags as they are, a fault's have RF. */
	if (vmm_exception_is_fault(ev->vector))
		vcpu->rflags |= X86_EFLAGS_RF;
	if (!vmm_event_raise(&vcpu->events, ev))
		vmm_vcpu_stop(vcpu, VMM_RUN_SHUTDOWN,
			      "triple fault: exception %u during a double fault",
			      ev->vector);
}

void vmm_vcpu_raise(struct vmm_vcpu *vcpu, u8 vector)
{
	struct vmm_event ev = {
		.valid = 1, .type = VMM_EVENT_EXC, .vector = vector,
	};

	vmm_vcpu_raise_event(vcpu, &ev);
}

void vmm_vcpu_raise_error(struct vmm_vcpu *vcpu, u8 vector, u32 error)
{
	struct vmm_event ev = {
		.valid = 1, .type = VMM_EVENT_EXC, .vector = vector,
		.has_error = 1, .error = error,
	};

	vmm_vcpu_raise_event(vcpu, &ev);
}

void vmm_vcpu_set_dr7(struct vmm_vcpu *vcpu, u64 val)
{
	vmm_backend->set_dr(vcpu, 7, val);
	vcpu->watching = vmm_dr7_armed(val);
}

void vmm_vcpu_watch(struct vmm_vcpu *vcpu, enum vmm_watch what, u64 addr,
		    unsigned int len)
{
	u64 dr7;

	if (likely(!vcpu->watching))
		return;
	if (what == VMM_WATCH_PORT &&
	    !(vmm_backend->get_cr(vcpu, 4) & X86_CR4_DE))
		return;
	dr7 = vmm_backend->get_dr(vcpu, 7);
	vcpu->db_hits |= vmm_watch_match(vcpu->db, dr7, what, addr, len);
}

void vmm_vcpu_trap(struct vmm_vcpu *vcpu, bool step)
{
	u64 why = vcpu->db_hits, dr6;

	vcpu->db_hits = 0;
	if (step && !vmm_backend->end_step(vcpu))
		why |= DR_STEP;
	if (!why)
		return;
	dr6 = vmm_backend->get_dr(vcpu, 6) & ~(u64)DR_TRAP_BITS;
	vmm_backend->set_dr(vcpu, 6, dr6 | why);
	vmm_vcpu_raise(vcpu, X86_TRAP_DB);
}

/* A code segment's size bounds its instruction pointer. */
static noinline u64 bound_rip(struct vmm_vcpu *vcpu, u64 rip)
{
	struct vmm_cpu_mode mode;

	vmm_backend->get_mode(vcpu, &mode);
	if (vmm_mode_emul(&mode, vcpu->rflags) != EMUL_MODE_LONG64)
		rip = (u32)rip;
	return rip;
}

void vmm_vcpu_skip(struct vmm_vcpu *vcpu, u8 len)
{
	u64 rip = vcpu->rip + len;

	if (unlikely((rip ^ vcpu->rip) >> 16))
		rip = bound_rip(vcpu, rip);
	vcpu->rip = rip;
	vcpu->irq_shadow = false;
	if (unlikely(vcpu->rflags & (X86_EFLAGS_TF | X86_EFLAGS_RF)) ||
	    unlikely(vcpu->db_hits)) {
		vcpu->rflags &= ~X86_EFLAGS_RF;
		vmm_vcpu_trap(vcpu, vcpu->rflags & X86_EFLAGS_TF);
	}
}

int vmm_vcpu_stop(struct vmm_vcpu *vcpu, u32 reason, const char *fmt, ...)
{
	struct vmm_run *run = vcpu->run;
	va_list args;

	va_start(args, fmt);
	vsnprintf(vcpu->stop_text, sizeof(vcpu->stop_text), fmt, args);
	va_end(args);
	BUILD_BUG_ON(sizeof(run->text) != sizeof(vcpu->stop_text));
	memcpy(run->text, vcpu->stop_text, sizeof(run->text));
	run->reason = reason;
	run->rip = vcpu->rip;
	vcpu->stop_reason = reason;
	vcpu->stop_untold = true;
	trace_vmm_stop(vcpu, reason, vcpu->stop_text);
	vcpu->stopped = true;
	return VMM_TO_USER;
}
