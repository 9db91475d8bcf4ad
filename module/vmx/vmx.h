/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Intel VMX: what the files of this directory share.
 *
 *	probe.c	what the processor can do, and which of it is used
 *	host.c	turning the extension on and off, what all guests share
 *	vmcs.c	where a VMCS is, and its way to another processor
 *	vcpu.c	life of a vCPU, controls that change with it
 *	state.c	registers in and out of the VMCS
 *	run.c	entry, injection, windows
 *	exit.c	exit reasons into struct vmm_exit
 *	apic.c	the local APIC in hardware's hands
 *	posted.c what is posted to it while the guest runs
 *	pml.c	logging of writes by hardware
 *	describe.c why an entry failed, in words
 *	enter.S	the world switch
 *	tlb.h	when to flush, pure
 *	check.c	which check of an entry a state does not pass, pure
 *
 * A file of svm/ by the same name has the same job.
 */
#ifndef VMM_VMX_VMX_H
#define VMM_VMX_VMX_H

#include <asm/vmx.h>
#include <linux/percpu.h>

#include "core/vcpu.h"
#include "vmx/tlb.h"
#include "vmx/vmcs.h"

/* MSRs of the guest that are in the processor while a vCPU is loaded. */
enum vmx_switched_msr {
	VMX_MSR_STAR, VMX_MSR_LSTAR, VMX_MSR_CSTAR, VMX_MSR_SYSCALL_MASK,
	VMX_MSR_KERNEL_GS_BASE,
	VMX_NR_SWITCHED_MSRS
};

/* Of these a guest may write only the last without an exit. */
#define VMX_NR_STABLE_MSRS	VMX_MSR_KERNEL_GS_BASE

extern const u32 vmx_switched_msrs[VMX_NR_SWITCHED_MSRS];

/*
 * A value of the preemption timer that is as good as none: the exit comes after
 * a minute in the guest at the soonest, and finds nothing to do.  Turning the
 * control off and on instead would take a VMWRITE more.
 */
#define VMX_TIMER_OFF		U32_MAX

/**
 * struct vmx_host - state of the host that the guest's displaces
 *
 * Taken at load, given back at put.
 */
struct vmx_host {
	u64 fs_base;
	u64 kernel_gs_base;
	u64 debugctl;
	u16 ds, es, fs, gs;
};

/**
 * struct vmx_vcpu - a vCPU on VMX
 *
 * All of it belongs to the owning thread, but for what struct vmx_vmcs says.
 *
 * @vmcs:	the control structure
 * @tlb:	when its translations are to be forgotten
 * @host:	the host's state while loaded
 * @loaded:	between load and put
 * @host_cpu:	for which processor the host fields hold, or -1
 * @host_cr3, @host_cr4, @host_rsp: what those fields hold
 * @pin:	pin-based controls, as in the VMCS; also read by senders
 * @primary:	primary processor-based controls, as in the VMCS
 * @secondary:	secondary ones
 * @rip, @rsp, @rflags: as in the VMCS
 * @intr_state:	interruptibility, as in the VMCS
 * @intr_status: GUEST_INTR_STATUS, as in the VMCS
 * @tpr_threshold: as in the VMCS
 * @deadline:	guest TSC at which to leave the guest; 0: none
 * @timer_value: preemption timer, as in the VMCS
 * @tsc_offset:	as in the VMCS
 * @injecting:	the next entry delivers an event
 * @pdptrs_stale: PAE's top-level entries must be read from guest memory
 * @cr2, @dr6, @dr7: the guest's; hardware has no fields for the first two, and
 *		DR7 changes only by an exit
 * @cr4_host:	bits of CR4 whose writes are exits
 * @msrs:	guest's values of vmx_switched_msrs[]; the processor has the last
 *		one while loaded
 * @entry_error: VM-instruction error of an entry that was none
 * @logging:	page-modification logging is on, into @pml
 * @pml:	a page, where the processor can do that
 */
struct vmx_vcpu {
	struct vmm_vcpu vcpu;
	struct vmx_vmcs vmcs;
	struct vmx_tlb tlb;
	struct vmx_host host;
	bool loaded;
	bool injecting;
	bool pdptrs_stale;
	int host_cpu;
	u64 host_cr3, host_cr4, host_rsp;
	u32 pin, primary, secondary;
	u32 intr_state;
	u16 intr_status;
	u32 tpr_threshold;
	u32 timer_value;
	u64 deadline;
	u64 tsc_offset;
	u64 rip, rsp, rflags;
	u64 cr2, dr6, dr7;
	u64 cr4_host;
	u64 msrs[VMX_NR_SWITCHED_MSRS];
	u32 entry_error;
	bool logging;
	u64 *pml;
};

/**
 * struct vmx_cpu - a processor; touched there only, preemption off
 * @current_vmcs: the current one, or NULL
 * @active:	those that are active
 * @vmxon:	the page that VMXON takes
 * @gs_base, @sysenter_esp: the host's
 * @msrs:	the host's values of the stable vmx_switched_msrs[]
 * @on:		VMX is on, by us
 */
struct vmx_cpu {
	struct vmx_vmcs *current_vmcs;
	struct list_head active;
	struct page *vmxon;
	u64 gs_base;
	u64 sysenter_esp;
	u64 msrs[VMX_NR_STABLE_MSRS];
	bool on;
};

DECLARE_PER_CPU(struct vmx_cpu, vmx_cpu);

/**
 * struct vmx_config - the same for all processors; constant after probing
 * @pin, @primary, @secondary, @exit, @entry: controls of a new vCPU
 * @may_secondary: secondary controls that some guests want on
 * @apicv:	secondary controls that give the APIC to hardware; 0: not used
 * @posted:	interrupts are posted to it, and exits acknowledge the host's
 * @basic:	IA32_VMX_BASIC
 * @cr0_fixed:	bits of CR0 that must be set in a guest
 * @cr4_fixed:	likewise of CR4
 * @cr4_allowed: bits of CR4 that may be set
 * @invept:	VMX_EPT_EXTENT_* to use
 * @invvpid:	VMX_VPID_EXTENT_* to use
 * @all_roots, @all_vpids: the extents that forget everything are there
 * @pml:	writes can be logged
 * @timer_shift: the preemption timer counts TSC ticks of 2^this
 * @msr_bitmap_pa: one for all guests
 * @msr_bitmap_apicv_pa: the same for those whose APIC is in hardware's hands
 * @flush_l1d:	before each entry
 * @renew_ibrs:	after each exit
 */
struct vmx_config {
	u32 pin, primary, secondary, exit, entry;
	u32 may_secondary;
	u32 apicv;
	bool posted;
	u64 basic;
	u64 cr0_fixed;
	u64 cr4_fixed, cr4_allowed;
	u8 invept, invvpid;
	u8 timer_shift;
	bool all_roots, all_vpids;
	bool pml;
	bool flush_l1d, renew_ibrs;
	phys_addr_t msr_bitmap_pa, msr_bitmap_apicv_pa;
};

extern struct vmx_config vmx_config;

static inline struct vmx_vcpu *to_vmx(struct vmm_vcpu *vcpu)
{
	return container_of(vcpu, struct vmx_vcpu, vcpu);
}

/* Brackets for whoever reads or writes fields, loaded or not. */
static inline struct vmx_vcpu *vmx_vmcs_begin(struct vmm_vcpu *vcpu)
{
	struct vmx_vcpu *vmx = to_vmx(vcpu);

	preempt_disable();
	if (this_cpu_read(vmx_cpu.current_vmcs) != &vmx->vmcs)
		vmx_vmcs_make_current(&vmx->vmcs);
	return vmx;
}

static inline void vmx_vmcs_end(struct vmx_vcpu *vmx)
{
	preempt_enable();
}

/* probe.c */
int vmx_probe(struct vmm_backend_caps *caps);

/* host.c */
int vmx_setup(void);
void vmx_teardown(void);
int vmx_enable(void);
void vmx_disable(void);
int vmx_vpid_get(void);
void vmx_vpid_put(int vpid);

/* vcpu.c */
int vmx_init(struct vmm_vcpu *vcpu);
void vmx_destroy(struct vmm_vcpu *vcpu);
void vmx_reset(struct vmm_vcpu *vcpu);
void vmx_cpuid_changed(struct vmm_vcpu *vcpu);
void vmx_set_primary(struct vmx_vcpu *vmx, u32 bit, bool on);

/* state.c */
void vmx_get_mode(struct vmm_vcpu *vcpu, struct vmm_cpu_mode *mode);
void vmx_get_segment(struct vmm_vcpu *vcpu, enum vmm_seg seg,
		     struct vmm_segment *s);
void vmx_set_segment(struct vmm_vcpu *vcpu, enum vmm_seg seg,
		     const struct vmm_segment *s);
u64 vmx_get_cr(struct vmm_vcpu *vcpu, unsigned int nr);
void vmx_set_cr(struct vmm_vcpu *vcpu, unsigned int nr, u64 val);
void vmx_set_efer(struct vmm_vcpu *vcpu, u64 val);
u64 vmx_get_dr(struct vmm_vcpu *vcpu, unsigned int nr);
void vmx_set_dr(struct vmm_vcpu *vcpu, unsigned int nr, u64 val);
int vmx_get_msr(struct vmm_vcpu *vcpu, u32 index, u64 *val);
int vmx_set_msr(struct vmm_vcpu *vcpu, u32 index, u64 val);
void vmx_set_tsc_offset(struct vmm_vcpu *vcpu, u64 offset);
void vmx_load_pdptrs(struct vmx_vcpu *vmx);

/* run.c */
void vmx_load(struct vmm_vcpu *vcpu);
void vmx_put(struct vmm_vcpu *vcpu);
void vmx_enter(struct vmm_vcpu *vcpu, struct vmm_exit *exit);
void vmx_inject(struct vmm_vcpu *vcpu, const struct vmm_event *event);
void vmx_want_window(struct vmm_vcpu *vcpu, int prio, bool nmi);
bool vmx_end_step(struct vmm_vcpu *vcpu);
bool vmx_nmi_masked(struct vmm_vcpu *vcpu);
void vmx_set_nmi_masked(struct vmm_vcpu *vcpu, bool masked);
void vmx_flush_tlb(struct vmm_vcpu *vcpu);
bool vmx_set_deadline(struct vmm_vcpu *vcpu, u64 tsc);

/* exit.c */
void vmx_decode(struct vmx_vcpu *vmx, struct vmm_exit *exit, u32 reason);
void vmx_decode_failure(struct vmx_vcpu *vmx, struct vmm_exit *exit);

/* apic.c; the last two through those below */
bool vmx_virtualize_apic(struct vmm_vcpu *vcpu, bool x2apic);
void vmx_apic_tell(struct vmx_vcpu *vmx);
void vmx_apic_told(struct vmx_vcpu *vmx, u16 status);

/*
 * Around an entry with struct vmm_lapic.hw set.  A sender that comes after this
 * look kicks, and so there is an exit at once; or it notifies: see posted.c.
 */
static inline void vmx_apic_enter(struct vmx_vcpu *vmx)
{
	const struct vmm_lapic *apic = &vmx->vcpu.apic;

	if (vmm_lapic_requested(apic) || unlikely(apic->changed))
		vmx_apic_tell(vmx);
}

static inline void vmx_apic_exit(struct vmx_vcpu *vmx)
{
	u16 status = vmcs_read(GUEST_INTR_STATUS);

	if (status != vmx->intr_status)
		vmx_apic_told(vmx, status);
}

/* posted.c; interrupts off for the last, right behind an exit for one */
void vmx_post_directly(struct vmx_vcpu *vmx, bool on);
bool vmx_notify(struct vmm_vcpu *vcpu, int cpu);
void vmx_serve_interrupt(void);

/* pml.c; the last one behind every exit while vmx_vcpu.logging is set */
int vmx_pml_init(struct vmx_vcpu *vmx);
void vmx_pml_destroy(struct vmx_vcpu *vmx);
void vmx_log_writes(struct vmm_vcpu *vcpu, bool on);
void vmx_pml_tell(struct vmx_vcpu *vmx);

/* describe.c */
void vmx_describe(struct vmm_vcpu *vcpu, const struct vmm_exit *exit,
		  char *text, size_t size);

/*
 * enter.S: interrupts off; returns whether there was no entry.  @rsp_field, which
 * holds *host_rsp, is HOST_RSP: constants of C are not to be had there.
 */
asmlinkage bool vmx_world_switch(u64 *gpr, u64 *host_rsp, bool launched,
				 unsigned long rsp_field);
/* Where exits arrive; not to be called. */
asmlinkage void vmx_exit_point(void);

/* Calls the handler of an interrupt gate as hardware does; interrupts off. */
asmlinkage void vmx_call_gate(unsigned long handler);

#endif
