// SPDX-License-Identifier: GPL-2.0
/*
 * Exits, by neutral reason.
 *
 * A handler answers with enum vmm_handled or an errno.  Called with @atomic it
 * has the guest's state loaded and must not sleep; if it would have to, it says
 * VMM_WOULD_SLEEP before it has changed anything.
 */
#include <asm/trapnr.h>
#include <linux/sched.h>
#include <uapi/linux/kvm_para.h>

#include "core/hypercall.h"
#include "core/request.h"
#define CREATE_TRACE_POINTS
#include "core/trace.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "core/yield.h"
#include "emul/glue.h"
#include "uapi/linux/vmm.h"

typedef int (*exit_handler)(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
			    bool atomic);

/*
 * Finds the length of the instruction at RIP.  VMM_RESUME when exit->insn_len
 * holds it; anything else is the handler's answer.
 */
static inline int know_length(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
			      bool atomic)
{
	if (likely(exit->insn_len))
		return VMM_RESUME;
	return vmm_emul_length(vcpu, exit, atomic);
}

static int exit_none(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	return VMM_RESUME;
}

static int exit_timer(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	vmm_lapic_timer_reached(&vcpu->apic);
	return VMM_RESUME;
}

static int exit_apic(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	if (exit->apic.offset == APIC_EOI)
		vmm_lapic_hw_ended(&vcpu->apic, exit->apic.vector);
	else
		vmm_lapic_hw_wrote(&vcpu->apic, exit->apic.offset);
	return VMM_RESUME;
}

static noinline void cpuid_dynamic(struct vmm_vcpu *vcpu, u32 regs[4])
{
	struct vmm_cpuid_dyn dyn = {
		.cr4 = vmm_backend->get_cr(vcpu, 4),
		.xcr0 = vmm_fpu_get_xcr0(&vcpu->x86.fpu),
		.apic_enabled = vmm_lapic_enabled(&vcpu->apic),
	};

	vmm_cpuid_exec(&vcpu->x86.cpuid, &dyn, regs);
}

static int exit_cpuid(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	static const struct vmm_cpuid_dyn no_matter;
	int ret = know_length(vcpu, exit, atomic);
	u32 regs[4];

	if (ret != VMM_RESUME)
		return ret;
	regs[VMM_EAX] = vcpu->gpr[EMUL_RAX];
	regs[VMM_ECX] = vcpu->gpr[EMUL_RCX];
	if (vmm_cpuid_is_dynamic(&vcpu->x86.cpuid, regs[VMM_EAX]))
		cpuid_dynamic(vcpu, regs);
	else
		vmm_cpuid_exec(&vcpu->x86.cpuid, &no_matter, regs);
	vcpu->gpr[EMUL_RAX] = regs[VMM_EAX];
	vcpu->gpr[EMUL_RBX] = regs[VMM_EBX];
	vcpu->gpr[EMUL_RCX] = regs[VMM_ECX];
	vcpu->gpr[EMUL_RDX] = regs[VMM_EDX];
	vmm_vcpu_skip(vcpu, exit->insn_len);
	return VMM_RESUME;
}

static int exit_hlt(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	int ret = know_length(vcpu, exit, atomic);

	if (ret != VMM_RESUME)
		return ret;
	vmm_vcpu_skip(vcpu, exit->insn_len);
	if (vmm_vcpu_must_wake(vcpu))
		clear_bit(VMM_REQ_UNHALT, &vcpu->requests);
	else
		vcpu->mp_state = VMM_MP_HALTED;
	return VMM_RESUME;
}

/* The APIC's are what guests use most: past the table, which would lead there. */
static int read_msr(struct vmm_vcpu *vcpu, u32 index, u64 *val)
{
	if (vmm_lapic_has_msr(index))
		return vmm_lapic_msr_read(&vcpu->apic, index, val);
	return vmm_msr_read(&vcpu->x86, index, val);
}

static int write_msr(struct vmm_vcpu *vcpu, u32 index, u64 val)
{
	if (vmm_lapic_has_msr(index))
		return vmm_lapic_msr_write(&vcpu->apic, index, val);
	return vmm_msr_write(&vcpu->x86, index, val);
}

static int exit_msr(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	int ret = know_length(vcpu, exit, atomic);
	u64 *rax = &vcpu->gpr[EMUL_RAX], *rdx = &vcpu->gpr[EMUL_RDX];
	u64 val;
	int err;

	if (ret != VMM_RESUME)
		return ret;
	if (exit->msr.write) {
		val = (u32)*rax | *rdx << 32;
		err = write_msr(vcpu, exit->msr.index, val);
	} else {
		err = read_msr(vcpu, exit->msr.index, &val);
		if (!err) {
			*rax = (u32)val;
			*rdx = val >> 32;
		}
	}
	if (err)
		vmm_vcpu_raise_error(vcpu, X86_TRAP_GP, 0);
	else
		vmm_vcpu_skip(vcpu, exit->insn_len);
	return VMM_RESUME;
}

static int exit_io(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	u64 *rax = &vcpu->gpr[EMUL_RAX];
	u64 mask = GENMASK_ULL(8 * exit->io.size - 1, 0);
	u64 val;
	int err;

	if (exit->io.string || !exit->insn_len)
		return vmm_emulate(vcpu, exit, atomic);
	vmm_vcpu_watch(vcpu, VMM_WATCH_PORT, exit->io.port, exit->io.size);
	if (exit->io.in) {
		err = vmm_bus_read(&vcpu->vm->pio, exit->io.port,
				   exit->io.size, &val);
		if (err)
			return vmm_emul_port_to_user(vcpu, exit);
		/* A 32-bit result clears the upper half, others leave it. */
		if (exit->io.size == 4)
			*rax = (u32)val;
		else
			*rax = (*rax & ~mask) | (val & mask);
	} else {
		err = vmm_bus_write(&vcpu->vm->pio, exit->io.port,
				    exit->io.size, *rax & mask);
		if (err)
			return vmm_emul_port_to_user(vcpu, exit);
	}
	vmm_vcpu_skip(vcpu, exit->insn_len);
	return VMM_RESUME;
}

static int exit_npf(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	unsigned int access = NPT_READ, flags = atomic ? VMM_MEM_NOWAIT : 0;
	int ret;

	/* An exit is atomic first, whatever comes after. */
	if (trace_vmm_page_fault_enabled() && atomic)
		trace_vmm_page_fault(vcpu, exit->npf.gpa, exit->npf.access);
	if (vmm_lapic_covers(&vcpu->apic, exit->npf.gpa))
		return vmm_emulate_access(vcpu, exit, atomic);

	if (exit->npf.access & VMM_ACCESS_WRITE)
		access = NPT_WRITE;
	else if (exit->npf.access & VMM_ACCESS_FETCH)
		access = NPT_EXEC;
	if (exit->npf.access & VMM_ACCESS_PT_WALK)
		flags |= VMM_MEM_BY(VMM_BREAK_WALK);

	ret = npt_space_fault(&vcpu->vm->space, exit->npf.gpa, access, flags);
	switch (ret) {
	case NPT_FAULT_MAPPED:
		return VMM_RESUME;
	case NPT_FAULT_MMIO:
	case NPT_FAULT_READONLY:
		return vmm_emulate_access(vcpu, exit, atomic);
	case -EWOULDBLOCK:
		return VMM_WOULD_SLEEP;
	}
	if (ret == -ENOMEM)
		return vmm_vcpu_stop(vcpu, VMM_RUN_INTERNAL,
				     "no host memory for guest address %#llx",
				     exit->npf.gpa);
	if (ret == -EIO || ret == -EBADMSG)
		return vmm_vcpu_stop(vcpu, VMM_RUN_INTERNAL,
				     "the page of guest address %#llx did not come back",
				     exit->npf.gpa);
	return ret;
}

static int exit_hypercall(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
			  bool atomic)
{
	int ret = know_length(vcpu, exit, atomic);

	if (ret != VMM_RESUME)
		return ret;
	ret = vmm_hypercall(vcpu, atomic);
	if (ret != VMM_RESUME)
		return ret;
	vmm_stat_inc(&vcpu->stats, VMM_STAT_HYPERCALLS);
	vmm_vcpu_skip(vcpu, exit->insn_len);
	return VMM_RESUME;
}

/*
 * #UD is the guest's own, unless it used the other vendor's hypercall
 * instruction, as one that was built for that vendor does.
 */
static int exit_undefined(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
			  bool atomic)
{
	int ret;

	exit->insn_len = 0;
	ret = vmm_emul_length(vcpu, exit, atomic);
	if (ret != VMM_RESUME)
		return ret;
	if (exit->insn_len && vmm_emul_is_hypercall(vcpu))
		return exit_hypercall(vcpu, exit, atomic);
	if (exit->insn_len)
		vmm_vcpu_raise(vcpu, X86_TRAP_UD);
	return VMM_RESUME;
}

static int exit_exception(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
			  bool atomic)
{
	if (exit->exc.vector == X86_TRAP_UD)
		return exit_undefined(vcpu, exit, atomic);
	/* Intercepted for the host's safety alone: the guest gets them. */
	if (exit->exc.vector == X86_TRAP_AC)
		vmm_vcpu_raise_error(vcpu, exit->exc.vector, 0);
	else
		vmm_vcpu_raise(vcpu, exit->exc.vector);
	return VMM_RESUME;
}

static int exit_insn(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	return vmm_emulate(vcpu, exit, atomic);
}

static int exit_invalid_op(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
			   bool atomic)
{
	vmm_vcpu_raise(vcpu, X86_TRAP_UD);
	return VMM_RESUME;
}

/* No performance counters are offered. */
static int exit_rdpmc(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	vmm_vcpu_raise_error(vcpu, X86_TRAP_GP, 0);
	return VMM_RESUME;
}

static int exit_xsetbv(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
		       bool atomic)
{
	int ret = know_length(vcpu, exit, atomic);
	u64 val = (u32)vcpu->gpr[EMUL_RAX] | vcpu->gpr[EMUL_RDX] << 32;
	struct vmm_cpu_mode mode;

	if (ret != VMM_RESUME)
		return ret;
	/* Some processors exit before they have looked at CR4 and the level. */
	vmm_backend->get_mode(vcpu, &mode);
	if (!(vmm_backend->get_cr(vcpu, 4) & X86_CR4_OSXSAVE))
		vmm_vcpu_raise(vcpu, X86_TRAP_UD);
	else if (mode.cpl || (u32)vcpu->gpr[EMUL_RCX] ||
	    vmm_fpu_set_xcr0(&vcpu->x86.fpu, vmm_x86_limits(&vcpu->x86), val))
		vmm_vcpu_raise_error(vcpu, X86_TRAP_GP, 0);
	else
		vmm_vcpu_skip(vcpu, exit->insn_len);
	return VMM_RESUME;
}

/* All guest memory is coherent: nothing to write back, only to go on. */
static int exit_skip(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	int ret = know_length(vcpu, exit, atomic);

	if (ret == VMM_RESUME)
		vmm_vcpu_skip(vcpu, exit->insn_len);
	return ret;
}

static int exit_pause(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	if (!vmm_yield_wanted(vcpu))
		return exit_skip(vcpu, exit, atomic);
	if (atomic)
		return VMM_WOULD_SLEEP;
	vmm_yield_spinning(vcpu);
	return exit_skip(vcpu, exit, atomic);
}

/* Rare, and much memory to look at: always where it may sleep. */
static int exit_task_switch(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
			    bool atomic)
{
	if (atomic)
		return VMM_WOULD_SLEEP;
	return vmm_emul_task_switch(vcpu, exit);
}

static int exit_shutdown(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
			 bool atomic)
{
	const struct vmm_event *ev = &vcpu->events.injected;

	/* The first one that failed, not those that followed from it. */
	if (ev->valid)
		return vmm_vcpu_stop(vcpu, VMM_RUN_SHUTDOWN,
				     "triple fault: vector %u (error code %#x) was being delivered",
				     ev->vector, ev->has_error ? ev->error : 0);
	return vmm_vcpu_stop(vcpu, VMM_RUN_SHUTDOWN, "triple fault");
}

static int stop_undecided(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
			  u32 reason)
{
	struct vmm_run *run = vcpu->run;
	char text[VMM_TEXT_SIZE];

	vmm_backend->describe(vcpu, exit, text, sizeof(text));
	if (reason == VMM_RUN_FAIL_ENTRY)
		trace_vmm_entry_failed(vcpu, exit->code, exit->info1, text);
	memset(&run->fail, 0, sizeof(run->fail));
	run->fail.code = exit->code;
	run->fail.info1 = exit->info1;
	run->fail.info2 = exit->info2;
	return vmm_vcpu_stop(vcpu, reason, "%s", text);
}

static int exit_fail_entry(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
			   bool atomic)
{
	return stop_undecided(vcpu, exit, VMM_RUN_FAIL_ENTRY);
}

static int exit_unknown(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
			bool atomic)
{
	return stop_undecided(vcpu, exit, VMM_RUN_INTERNAL);
}

static const exit_handler handlers[VMM_NR_EXIT_REASONS] = {
	[VMM_EXIT_NONE]		= exit_none,
	[VMM_EXIT_HOST_IRQ]	= exit_none,
	[VMM_EXIT_IRQ_WINDOW]	= exit_none,
	[VMM_EXIT_NMI_WINDOW]	= exit_none,
	[VMM_EXIT_TIMER]	= exit_timer,
	[VMM_EXIT_APIC]		= exit_apic,
	[VMM_EXIT_EXCEPTION]	= exit_exception,
	[VMM_EXIT_IO]		= exit_io,
	[VMM_EXIT_NPF]		= exit_npf,
	[VMM_EXIT_LOG_FULL]	= exit_none,
	[VMM_EXIT_CPUID]	= exit_cpuid,
	[VMM_EXIT_HLT]		= exit_hlt,
	[VMM_EXIT_PAUSE]	= exit_pause,
	[VMM_EXIT_MSR]		= exit_msr,
	[VMM_EXIT_HYPERCALL]	= exit_hypercall,
	[VMM_EXIT_INSN]		= exit_insn,
	[VMM_EXIT_RDTSC]	= exit_insn,
	[VMM_EXIT_RDPMC]	= exit_rdpmc,
	[VMM_EXIT_XSETBV]	= exit_xsetbv,
	[VMM_EXIT_WBINVD]	= exit_skip,
	[VMM_EXIT_INVALID_OP]	= exit_invalid_op,
	[VMM_EXIT_TASK_SWITCH]	= exit_task_switch,
	[VMM_EXIT_SHUTDOWN]	= exit_shutdown,
	[VMM_EXIT_INIT]		= exit_none,
	[VMM_EXIT_FAIL_ENTRY]	= exit_fail_entry,
	[VMM_EXIT_UNKNOWN]	= exit_unknown,
};

int vmm_exit_handle(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic)
{
	return handlers[exit->reason](vcpu, exit, atomic);
}
