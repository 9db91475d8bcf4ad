/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a vendor must supply.
 *
 * "Loaded" means: between load and put, preemption off, the vCPU bound to this
 * processor.  All state operations are for the thread that owns the vCPU
 * (vmm_vcpu.lock), loaded or not.
 */
#ifndef VMM_CORE_BACKEND_OPS_H
#define VMM_CORE_BACKEND_OPS_H

#include <linux/types.h>

struct vmm_vcpu;
struct vmm_exit;
struct vmm_event;
struct vmm_segment;
struct vmm_sregs;
struct npt_format;

#define VMM_PRIO_NONE	(-1)
#define VMM_PRIO_ANY	16

enum vmm_seg {
	VMM_SEG_ES, VMM_SEG_CS, VMM_SEG_SS, VMM_SEG_DS, VMM_SEG_FS, VMM_SEG_GS,
	VMM_SEG_LDTR, VMM_SEG_TR, VMM_SEG_GDTR, VMM_SEG_IDTR,
};

/**
 * struct vmm_cpu_mode - what address translation and decoding depend on
 * @cpl:	current privilege level
 * @cs_l:	code segment is 64-bit (counts only under EFER.LMA)
 * @cs_d:	code segment's default size is 32 bits
 */
struct vmm_cpu_mode {
	u64 cr0, cr3, cr4, efer;
	u8 cpl;
	bool cs_l, cs_d;
};

/**
 * struct vmm_backend_caps - what probing found
 * @features:	VMM_FEAT_* for VMM_INFO
 * @format:	entry format of this vendor's nested tables
 * @npt_levels:	depth of those tables
 * @phys_bits:	width of a guest-physical address (set by main.c)
 */
struct vmm_backend_caps {
	u64 features;
	const struct npt_format *format;
	u8 npt_levels;
	u8 phys_bits;
};

/**
 * struct vmm_apic_ops - what hardware can do for the local APIC; all optional
 * @set_deadline: leave the guest with VMM_EXIT_TIMER as soon as it runs and its
 *		TSC has reached @tsc, 0: no longer; may come early.  False: cannot.
 *		For the owning thread, loaded or not
 * @virtualize:	the APIC is in x2APIC mode from now on (@x2apic), or in another.
 *		True: the processor is going to work on the APIC's page by itself, as
 *		struct vmm_lapic.hw says; the backend keeps the APIC told.  For the
 *		owning thread, loaded or not
 * @notify:	there is something in struct vmm_lapic_posted.vectors, and the guest
 *		runs, or did a moment ago, on @cpu, which is another processor: have
 *		that one take it over without an exit.  False: the guest has to be
 *		left for it.  Any context, preemption off
 */
struct vmm_apic_ops {
	bool (*virtualize)(struct vmm_vcpu *vcpu, bool x2apic);
	bool (*set_deadline)(struct vmm_vcpu *vcpu, u64 tsc);
	bool (*notify)(struct vmm_vcpu *vcpu, int cpu);
};

/**
 * struct vmm_backend_ops - one vendor
 *
 * Host:
 * @probe:	0 and @caps filled, or -ENODEV (other vendor), -EOPNOTSUPP
 *		(absent or off in firmware), -EBUSY (in use); logs one line
 * @setup:	allocates per-processor memory; process context
 * @teardown:	undoes it, when disabled on every processor
 * @enable:	turns the extension on, on this processor, interrupts off;
 *		-EBUSY if somebody else has it
 * @disable:	turns it off; also from an NMI or panic context
 *
 * vCPU life:
 * @init:	allocates what a vCPU needs; process context
 * @destroy:	frees it
 * @reset:	forgets events, and makes of what the backend alone holds the state
 *		after INIT; registers follow, by the operations below
 *
 * Running (loaded):
 * @load:	binds to this processor
 * @put:	unbinds
 * @enter:	runs the guest until it exits, interrupts off before and
 *		after; fills the exit.  The host's DR7 is clear from then on
 * @inject:	delivers the event at the next @enter
 * @want_window: exit as soon as the guest could take an interrupt of priority
 *		class @prio (VMM_PRIO_NONE: none waits, VMM_PRIO_ANY: one that
 *		TPR does not hold back), or an NMI (@nmi)
 * @end_step:	an emulated instruction ended with TF set: whether TF was the
 *		backend's own, so that the guest gets no trap
 * @nmi_masked:	an NMI is being served
 * @set_nmi_masked: for state restore
 * @flush_tlb:	forget this VM's translations before the next @enter
 * @log_writes:	with VMM_FEAT_WRITE_LOG: from the next @enter on each exit tells
 *		npt_space_logged() the pages that the guest has written, before
 *		@enter returns, or no longer (@on false)
 *
 * State:
 * @get_mode:	cheap, for every walk and decode
 * @get_segment, @set_segment: one segment or table register
 * @set_cr:	CR0, CR2, CR3 or CR4 by number, checked by the caller
 * @set_efer:	EFER without backend's own bits
 * @get_cr:	CR0, CR2, CR3 or CR4; CR8 is the local APIC's
 * @get_dr, @set_dr: DR6 and DR7; DR0 to DR3 are the core's
 * @get_msr, @set_msr: MSRs that hardware switches for this vendor; -ENOENT
 *		for the others
 * @set_tsc_offset: guest TSC = host TSC + offset
 * @cpuid_changed: intercepts that follow from the guest's CPUID
 * @describe:	words for an exit nobody could handle
 *
 * @apic:	struct vmm_apic_ops
 */
struct vmm_backend_ops {
	const char *name;
	size_t vcpu_size;

	int (*probe)(struct vmm_backend_caps *caps);
	int (*setup)(void);
	void (*teardown)(void);
	int (*enable)(void);
	void (*disable)(void);

	int (*init)(struct vmm_vcpu *vcpu);
	void (*destroy)(struct vmm_vcpu *vcpu);
	void (*reset)(struct vmm_vcpu *vcpu);

	void (*load)(struct vmm_vcpu *vcpu);
	void (*put)(struct vmm_vcpu *vcpu);
	void (*enter)(struct vmm_vcpu *vcpu, struct vmm_exit *exit);
	void (*inject)(struct vmm_vcpu *vcpu, const struct vmm_event *event);
	void (*want_window)(struct vmm_vcpu *vcpu, int prio, bool nmi);
	bool (*end_step)(struct vmm_vcpu *vcpu);
	bool (*nmi_masked)(struct vmm_vcpu *vcpu);
	void (*set_nmi_masked)(struct vmm_vcpu *vcpu, bool masked);
	void (*flush_tlb)(struct vmm_vcpu *vcpu);
	void (*log_writes)(struct vmm_vcpu *vcpu, bool on);

	void (*get_mode)(struct vmm_vcpu *vcpu, struct vmm_cpu_mode *mode);
	void (*get_segment)(struct vmm_vcpu *vcpu, enum vmm_seg seg,
			    struct vmm_segment *s);
	void (*set_segment)(struct vmm_vcpu *vcpu, enum vmm_seg seg,
			    const struct vmm_segment *s);
	u64 (*get_cr)(struct vmm_vcpu *vcpu, unsigned int nr);
	void (*set_cr)(struct vmm_vcpu *vcpu, unsigned int nr, u64 val);
	void (*set_efer)(struct vmm_vcpu *vcpu, u64 val);
	u64 (*get_dr)(struct vmm_vcpu *vcpu, unsigned int nr);
	void (*set_dr)(struct vmm_vcpu *vcpu, unsigned int nr, u64 val);
	int (*get_msr)(struct vmm_vcpu *vcpu, u32 index, u64 *val);
	int (*set_msr)(struct vmm_vcpu *vcpu, u32 index, u64 val);
	void (*set_tsc_offset)(struct vmm_vcpu *vcpu, u64 offset);
	void (*cpuid_changed)(struct vmm_vcpu *vcpu);
	void (*describe)(struct vmm_vcpu *vcpu, const struct vmm_exit *exit,
			 char *text, size_t size);

	struct vmm_apic_ops apic;
};

/* The one that probing chose; constant while the module is loaded. */
extern const struct vmm_backend_ops *vmm_backend;
extern struct vmm_backend_caps vmm_caps;

extern const struct vmm_backend_ops svm_backend;
extern const struct vmm_backend_ops vmx_backend;

#endif
