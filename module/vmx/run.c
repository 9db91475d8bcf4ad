// SPDX-License-Identifier: GPL-2.0
/*
 * Running a guest on VMX: binding to a processor, entry, injection, windows.
 *
 * The system-call MSRs and KERNEL_GS_BASE are in no field.  They go into the
 * processor at load and the host's come back at put, since nothing between the
 * two needs the host's.  The VMCS could have them switched at each exit, which
 * would make every exit pay.  Guests seldom write the system-call MSRs: those
 * writes are exits, so that put has one MSR to read.
 */
#include <asm/desc.h>
#include <asm/fsgsbase.h>
#include <asm/nospec-branch.h>
#include <asm/tlbflush.h>

#include "compat.h"
#include "core/stats.h"
#include "vmx/vmx.h"
#include "x86/ldt.h"

/* ---- binding --------------------------------------------------------------- */

static void write_host_cpu(struct vmx_vcpu *vmx, int cpu)
{
	const struct vmx_cpu *vc = this_cpu_ptr(&vmx_cpu);

	vmcs_write(HOST_GS_BASE, vc->gs_base);
	vmcs_write(HOST_IA32_SYSENTER_ESP, vc->sysenter_esp);
	vmcs_write(HOST_TR_BASE,
		   (unsigned long)&get_cpu_entry_area(cpu)->tss.x86_tss);
	vmcs_write(HOST_GDTR_BASE, (unsigned long)get_current_gdt_ro());
	vmx->host_cpu = cpu;
}

static u64 read_fs_base(void)
{
	u64 val;

	if (boot_cpu_has(X86_FEATURE_FSGSBASE))
		return rdfsbase();
	rdmsrl(MSR_FS_BASE, val);
	return val;
}

/*
 * Selectors of user space cannot be host fields: exits load null, and put loads
 * them again.
 */
static void save_host(struct vmx_vcpu *vmx)
{
	struct vmx_host *h = &vmx->host;
	u64 cr3 = __read_cr3();

	savesegment(ds, h->ds);
	savesegment(es, h->es);
	savesegment(fs, h->fs);
	savesegment(gs, h->gs);
	h->fs_base = read_fs_base();
	h->kernel_gs_base = __rdmsr(MSR_KERNEL_GS_BASE);
	h->debugctl = get_debugctlmsr();
	vmcs_write(HOST_FS_BASE, h->fs_base);
	if (cr3 != vmx->host_cr3) {
		vmcs_write(HOST_CR3, cr3);
		vmx->host_cr3 = cr3;
	}
}

/* Guests like hosts often have the same: STAR, for one. */
static inline void change_msr(u32 msr, u64 from, u64 to)
{
	if (from != to)
		wrmsrl(msr, to);
}

void vmx_load(struct vmm_vcpu *vcpu)
{
	struct vmx_vcpu *vmx = vmx_vmcs_begin(vcpu);
	const struct vmx_cpu *vc = this_cpu_ptr(&vmx_cpu);
	int cpu = smp_processor_id(), i;

	if (vmx->host_cpu != cpu)
		write_host_cpu(vmx, cpu);
	save_host(vmx);
	for (i = 0; i < VMX_NR_STABLE_MSRS; i++)
		change_msr(vmx_switched_msrs[i], vc->msrs[i], vmx->msrs[i]);
	change_msr(MSR_KERNEL_GS_BASE, vmx->host.kernel_gs_base,
		   vmx->msrs[VMX_MSR_KERNEL_GS_BASE]);
	vmx->loaded = true;
	vmx_vmcs_end(vmx);
}

static void restore_selectors(const struct vmx_host *h)
{
	vmm_ldt_renew();
	if (unlikely(h->ds))
		loadsegment(ds, h->ds);
	if (unlikely(h->es))
		loadsegment(es, h->es);
	if (unlikely(h->fs)) {
		loadsegment(fs, h->fs);
		wrmsrl(MSR_FS_BASE, h->fs_base);
	}
	if (unlikely(h->gs))
		load_gs_index(h->gs);
}

void vmx_put(struct vmm_vcpu *vcpu)
{
	struct vmx_vcpu *vmx = to_vmx(vcpu);
	const struct vmx_cpu *vc = this_cpu_ptr(&vmx_cpu);
	struct vmx_host *h = &vmx->host;
	int i;

	vmx->loaded = false;
	vmx->msrs[VMX_MSR_KERNEL_GS_BASE] = __rdmsr(MSR_KERNEL_GS_BASE);
	for (i = 0; i < VMX_NR_STABLE_MSRS; i++)
		change_msr(vmx_switched_msrs[i], vmx->msrs[i], vc->msrs[i]);

	/* Exits leave the widest limits in GDTR and the narrowest in TR. */
	load_fixmap_gdt(smp_processor_id());
	invalidate_tss_limit();
	restore_selectors(h);
	/* Loading GS has touched the one that is swapped out. */
	if (unlikely(h->gs) ||
	    vmx->msrs[VMX_MSR_KERNEL_GS_BASE] != h->kernel_gs_base)
		wrmsrl(MSR_KERNEL_GS_BASE, h->kernel_gs_base);
}

void vmx_flush_tlb(struct vmm_vcpu *vcpu)
{
	to_vmx(vcpu)->tlb.forget_nested = true;
}

/* ---- events ---------------------------------------------------------------- */

bool vmx_end_step(struct vmm_vcpu *vcpu)
{
	/* NMIs are virtual: no step is ever taken on their account. */
	return false;
}

bool vmx_nmi_masked(struct vmm_vcpu *vcpu)
{
	return to_vmx(vcpu)->intr_state & GUEST_INTR_STATE_NMI;
}

static void set_intr_state(struct vmx_vcpu *vmx, u32 val)
{
	if (val == vmx->intr_state)
		return;
	vmx->intr_state = val;
	vmcs_write(GUEST_INTERRUPTIBILITY_INFO, val);
}

void vmx_set_nmi_masked(struct vmm_vcpu *vcpu, bool masked)
{
	struct vmx_vcpu *vmx = vmx_vmcs_begin(vcpu);
	u32 val = vmx->intr_state & ~GUEST_INTR_STATE_NMI;

	set_intr_state(vmx, masked ? val | GUEST_INTR_STATE_NMI : val);
	vmx_vmcs_end(vmx);
}

/* The types of struct vmm_event are VMX's.  Delivery of an NMI masks NMIs. */
void vmx_inject(struct vmm_vcpu *vcpu, const struct vmm_event *event)
{
	struct vmx_vcpu *vmx = to_vmx(vcpu);
	u32 info = event->vector | event->type << 8 | INTR_INFO_VALID_MASK;

	BUILD_BUG_ON(VMM_EVENT_NMI << 8 != INTR_TYPE_NMI_INTR ||
		     VMM_EVENT_EXC << 8 != INTR_TYPE_HARD_EXCEPTION ||
		     VMM_EVENT_SOFT << 8 != INTR_TYPE_SOFT_INTR);
	if (event->has_error) {
		info |= INTR_INFO_DELIVER_CODE_MASK;
		vmcs_write(VM_ENTRY_EXCEPTION_ERROR_CODE, event->error);
	}
	if (event->type == VMM_EVENT_SOFT)
		vmcs_write(VM_ENTRY_INSTRUCTION_LEN, event->len);
	vmcs_write(VM_ENTRY_INTR_INFO_FIELD, info);
	vmx->injecting = true;
}

/*
 * An interrupt that only TPR holds back is waited for by TPR's threshold: an
 * exit comes when the guest lowers its class below.  An entry with the
 * threshold above TPR would fail; that can be meant only when a sender was
 * faster than our look at TPR, and then its kick is on the way.
 */
static void want_irq_window(struct vmx_vcpu *vmx, int prio)
{
	u32 threshold = 0;

	vmx_set_primary(vmx, CPU_BASED_INTR_WINDOW_EXITING,
			prio == VMM_PRIO_ANY);
	if (!(vmx->primary & CPU_BASED_TPR_SHADOW))
		return;
	if (prio > 0 && prio < VMM_PRIO_ANY)
		threshold = min_t(u32, prio,
				  vmm_lapic_get_tpr(&vmx->vcpu.apic));
	if (threshold == vmx->tpr_threshold)
		return;
	vmx->tpr_threshold = threshold;
	vmcs_write(TPR_THRESHOLD, threshold);
}

void vmx_want_window(struct vmm_vcpu *vcpu, int prio, bool nmi)
{
	struct vmx_vcpu *vmx = to_vmx(vcpu);

	want_irq_window(vmx, prio);
	vmx_set_primary(vmx, CPU_BASED_NMI_WINDOW_EXITING, nmi);
}

/*
 * What an instruction raised comes again when it runs again: RIP still points
 * at INT n, INT3, INTO or INT1.
 */
static void read_event(struct vmx_vcpu *vmx)
{
	struct vmm_events *events = &vmx->vcpu.events;
	struct vmm_event *ev = &events->injected;
	u32 info = vmcs_read(IDT_VECTORING_INFO_FIELD);

	ev->valid = 0;
	events->again.any = false;
	if (likely(!(info & VECTORING_INFO_VALID_MASK)))
		return;
	ev->vector = info & VECTORING_INFO_VECTOR_MASK;
	ev->has_error = !!(info & VECTORING_INFO_DELIVER_CODE_MASK);
	if (ev->has_error)
		ev->error = vmcs_read(IDT_VECTORING_ERROR_CODE);
	switch (info & VECTORING_INFO_TYPE_MASK) {
	case INTR_TYPE_NMI_INTR:
		/* Hardware masks NMIs before it delivers one. */
		set_intr_state(vmx, vmx->intr_state & ~GUEST_INTR_STATE_NMI);
		fallthrough;
	case INTR_TYPE_EXT_INTR:
	case INTR_TYPE_HARD_EXCEPTION:
		ev->type = (info & VECTORING_INFO_TYPE_MASK) >> 8;
		ev->valid = 1;
		break;
	default:
		events->again.any = true;
		events->again.vector = ev->vector;
	}
}

/* ---- entry ----------------------------------------------------------------- */

/*
 * A shadow that the executor left is STI's if interrupts are on.  An event's
 * delivery ends it; and the step of a guest with TF set waits behind it, which
 * an entry insists on hearing as a pending debug exception.
 */
static void write_shadow(struct vmx_vcpu *vmx)
{
	const u32 both = GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS;
	u32 had = vmx->intr_state & both, shadow = 0;
	u64 pending;

	if (vmx->vcpu.irq_shadow && !vmx->injecting)
		shadow = had ?: vmx->vcpu.rflags & X86_EFLAGS_IF ?
			GUEST_INTR_STATE_STI : GUEST_INTR_STATE_MOV_SS;
	/* STI's shadow cannot be where interrupts are off. */
	if (shadow == GUEST_INTR_STATE_STI &&
	    !(vmx->vcpu.rflags & X86_EFLAGS_IF))
		shadow = 0;
	if (likely(!had && !shadow))
		return;
	set_intr_state(vmx, (vmx->intr_state & ~both) | shadow);
	pending = vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS) & ~(u64)DR_STEP;
	if (shadow && (vmx->vcpu.rflags & X86_EFLAGS_TF))
		pending |= DR_STEP;
	vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, pending);
}

static void write_guest(struct vmx_vcpu *vmx)
{
	struct vmm_vcpu *vcpu = &vmx->vcpu;

	if (vcpu->rip != vmx->rip)
		vmcs_write(GUEST_RIP, vcpu->rip);
	if (vcpu->gpr[EMUL_RSP] != vmx->rsp)
		vmcs_write(GUEST_RSP, vcpu->gpr[EMUL_RSP]);
	if (vcpu->rflags != vmx->rflags)
		vmcs_write(GUEST_RFLAGS, vcpu->rflags);
	write_shadow(vmx);
	if (unlikely(vmx->pdptrs_stale))
		vmx_load_pdptrs(vmx);
}

static void read_guest(struct vmx_vcpu *vmx)
{
	struct vmm_vcpu *vcpu = &vmx->vcpu;

	vmx->rip = vmcs_read(GUEST_RIP);
	vmx->rsp = vmcs_read(GUEST_RSP);
	vmx->rflags = vmcs_read(GUEST_RFLAGS);
	vmx->intr_state = vmcs_read(GUEST_INTERRUPTIBILITY_INFO);
	vcpu->rip = vmx->rip;
	vcpu->gpr[EMUL_RSP] = vmx->rsp;
	vcpu->rflags = vmx->rflags;
	vcpu->irq_shadow = vmx->intr_state &
		(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS);
}

/* Out of line: its operands in memory would cost every entry. */
static noinline void flush(struct vmx_vcpu *vmx, enum vmx_flush what)
{
	switch (what) {
	case VMX_FLUSH_ROOT:
		if (!vmx_invept(vmx_config.invept, vmcs_read(EPT_POINTER)))
			vmx_vmcs_complain("INVEPT", EPT_POINTER);
		break;
	case VMX_FLUSH_VPID:
		if (!vmx_invvpid(vmx_config.invvpid, vmx->tlb.vpid))
			vmx_vmcs_complain("INVVPID", VIRTUAL_PROCESSOR_ID);
		break;
	case VMX_FLUSH_NONE:
		break;
	}
}

bool vmx_set_deadline(struct vmm_vcpu *vcpu, u64 tsc)
{
	if (!(vmx_config.pin & PIN_BASED_VMX_PREEMPTION_TIMER))
		return false;
	to_vmx(vcpu)->deadline = tsc;
	return true;
}

/*
 * The timer starts anew with each entry.  It counts whenever the TSC's bit of
 * its rate changes, so that one more count is never too early by much.
 */
static void prepare_timer(struct vmx_vcpu *vmx)
{
	u64 now, value = VMX_TIMER_OFF;

	if (vmx->deadline) {
		now = rdtsc() + vmx->tsc_offset;
		value = 0;
		if (now < vmx->deadline)
			value = (vmx->deadline - now) >> vmx_config.timer_shift;
		value = min_t(u64, value + 1, VMX_TIMER_OFF);
	}
	if (value == vmx->timer_value)
		return;
	vmx->timer_value = value;
	vmcs_write(VMX_PREEMPTION_TIMER_VALUE, value);
}

static void prepare_tlb(struct vmx_vcpu *vmx)
{
	enum vmx_flush what = vmx_tlb_prepare(&vmx->tlb, smp_processor_id());

	if (unlikely(what != VMX_FLUSH_NONE))
		flush(vmx, what);
}

/* What the host may change in an interrupt between two entries, and CR2. */
static void prepare_host(struct vmx_vcpu *vmx)
{
	u64 cr4 = cr4_read_shadow();

	if (unlikely(cr4 != vmx->host_cr4)) {
		vmcs_write(HOST_CR4, cr4);
		vmx->host_cr4 = cr4;
	}
	if (native_read_cr2() != vmx->cr2)
		native_write_cr2(vmx->cr2);
	if (unlikely(vmx_config.flush_l1d))
		wrmsrl(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
}

static void restore_host(struct vmx_vcpu *vmx)
{
	if (unlikely(vmx_config.renew_ibrs))
		wrmsrl(MSR_IA32_SPEC_CTRL, this_cpu_read(x86_spec_ctrl_current));
	vmx->cr2 = native_read_cr2();
	if (unlikely(vmx->host.debugctl))
		update_debugctlmsr(vmx->host.debugctl);
}

void vmx_enter(struct vmm_vcpu *vcpu, struct vmm_exit *exit)
{
	struct vmx_vcpu *vmx = to_vmx(vcpu);
	bool failed;
	u32 reason;

	write_guest(vmx);
	prepare_tlb(vmx);
	if (vmx->deadline || unlikely(vmx->timer_value != VMX_TIMER_OFF))
		prepare_timer(vmx);
	if (vcpu->apic.hw)
		vmx_apic_enter(vmx);
	prepare_host(vmx);

	failed = vmx_world_switch(vcpu->gpr, &vmx->host_rsp,
				  vmx->vmcs.launched, HOST_RSP);

	restore_host(vmx);
	vmx->injecting = false;
	if (unlikely(failed)) {
		vmx->entry_error = vmcs_read(VM_INSTRUCTION_ERROR);
		vmx_decode_failure(vmx, exit);
		return;
	}
	reason = vmcs_read(VM_EXIT_REASON);
	if (likely(!(reason & VMX_EXIT_REASONS_FAILED_VMENTRY)))
		vmx->vmcs.launched = true;
	read_guest(vmx);
	if (unlikely(vmx->logging))
		vmx_pml_tell(vmx);
	if (vcpu->apic.hw)
		vmx_apic_exit(vmx);
	read_event(vmx);
	vmx_decode(vmx, exit, reason);
}
