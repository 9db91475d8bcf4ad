/* SPDX-License-Identifier: GPL-2.0 */
/*
 * AMD SVM: what the files of this directory share.
 *
 *	host.c	probing, turning the extension on and off
 *	vcpu.c	life of a vCPU, its VMCB, intercepts
 *	state.c	registers in and out of the VMCB
 *	run.c	entry, injection, windows
 *	exit.c	exit codes into struct vmm_exit
 *	enter.S	the world switch
 *
 * vmx/ has files of the same names with the same jobs.
 */
#ifndef VMM_SVM_SVM_H
#define VMM_SVM_SVM_H

#include <asm/svm.h>
#include <linux/percpu.h>

#include "core/vcpu.h"
#include "svm/asid.h"

/* VMCB clean bits: a set bit lets the processor use what it has cached. */
#define SVM_CLEAN_INTERCEPTS	BIT(0)	/* and TSC offset, pause filter */
#define SVM_CLEAN_PERM_MAPS	BIT(1)
#define SVM_CLEAN_ASID		BIT(2)
#define SVM_CLEAN_INTR		BIT(3)	/* V_TPR, V_IRQ and their like */
#define SVM_CLEAN_NPT		BIT(4)	/* nested CR3, guest PAT */
#define SVM_CLEAN_CR		BIT(5)	/* CR0, CR3, CR4, EFER */
#define SVM_CLEAN_DR		BIT(6)
#define SVM_CLEAN_DT		BIT(7)	/* GDTR, IDTR */
#define SVM_CLEAN_SEG		BIT(8)	/* CS, DS, SS, ES and CPL */
#define SVM_CLEAN_CR2		BIT(9)
#define SVM_CLEAN_ALL		GENMASK(9, 0)

/* Bits of CPUID 0x8000000a EDX that we look at. */
#define SVM_CPUID_NPT		BIT(0)
#define SVM_CPUID_NRIPS		BIT(3)
#define SVM_CPUID_CLEAN		BIT(5)
#define SVM_CPUID_FLUSH_ASID	BIT(6)
#define SVM_CPUID_DECODE	BIT(7)
#define SVM_CPUID_PAUSE_FILTER	BIT(10)
#define SVM_CPUID_PAUSE_THRESH	BIT(12)

/* How far the guest has come with the NMI that was delivered last. */
enum svm_nmi {
	SVM_NMI_OPEN,		/* none is being served */
	SVM_NMI_SERVED,		/* masked; IRET is intercepted */
	SVM_NMI_IRET,		/* masked until the IRET at iret_rip retires */
};

/**
 * struct svm_vcpu - a vCPU on SVM
 *
 * All of it belongs to the owning thread.
 *
 * @vmcb:	the control block; one page
 * @vmcb_pa:	its physical address
 * @asid:	tag of its translations
 * @forget:	the TLB is to be flushed for this vCPU before the next entry
 * @nmi:	enum svm_nmi
 * @iret_rip:	of the IRET that ends it
 * @stepping:	TF is ours, to see that IRET retire
 * @guest_tf:	the guest had TF set itself when stepping began
 * @last_cpu:	where the VMCB was used last; clean bits hold only there
 */
struct svm_vcpu {
	struct vmm_vcpu vcpu;
	struct vmcb *vmcb;
	phys_addr_t vmcb_pa;
	struct svm_asid_tag asid;
	bool forget;
	bool stepping;
	bool guest_tf;
	u8 nmi;
	int last_cpu;
	u64 iret_rip;
};

/**
 * struct svm_cpu - a processor; touched there only, preemption off
 * @pool:	its ASIDs
 * @host_vmcb_pa: where VMSAVE keeps the host's hidden state
 * @host_vmcb, @hsave: the pages for that and for VM_HSAVE_PA
 * @on:		we have set EFER.SVME
 */
struct svm_cpu {
	struct svm_asid_pool pool;
	phys_addr_t host_vmcb_pa;
	struct page *host_vmcb;
	struct page *hsave;
	bool on;
	bool barrier_on_exit;
};

DECLARE_PER_CPU(struct svm_cpu, svm_cpu);

extern u32 svm_features;		/* SVM_CPUID_* in use */
extern phys_addr_t svm_iopm_pa;		/* all ports intercepted */
extern phys_addr_t svm_msrpm_pa;	/* one map for all guests */

static inline struct svm_vcpu *to_svm(struct vmm_vcpu *vcpu)
{
	return container_of(vcpu, struct svm_vcpu, vcpu);
}

static inline void svm_dirty(struct svm_vcpu *svm, u32 what)
{
	svm->vmcb->control.clean &= ~what;
}

static inline void svm_intercept(struct svm_vcpu *svm, unsigned int bit,
				 bool on)
{
	u32 *word = &svm->vmcb->control.intercepts[bit / 32];
	u32 mask = BIT(bit % 32);

	if (!!(*word & mask) == on)
		return;
	*word ^= mask;
	svm_dirty(svm, SVM_CLEAN_INTERCEPTS);
}

/* host.c */
int svm_probe(struct vmm_backend_caps *caps);
int svm_setup(void);
void svm_teardown(void);
int svm_enable(void);
void svm_disable(void);

/* vcpu.c */
int svm_init(struct vmm_vcpu *vcpu);
void svm_destroy(struct vmm_vcpu *vcpu);
void svm_reset(struct vmm_vcpu *vcpu);
void svm_cpuid_changed(struct vmm_vcpu *vcpu);

/* state.c */
void svm_get_mode(struct vmm_vcpu *vcpu, struct vmm_cpu_mode *mode);
void svm_get_segment(struct vmm_vcpu *vcpu, enum vmm_seg seg,
		     struct vmm_segment *s);
void svm_set_segment(struct vmm_vcpu *vcpu, enum vmm_seg seg,
		     const struct vmm_segment *s);
u64 svm_get_cr(struct vmm_vcpu *vcpu, unsigned int nr);
void svm_set_cr(struct vmm_vcpu *vcpu, unsigned int nr, u64 val);
void svm_set_efer(struct vmm_vcpu *vcpu, u64 val);
u64 svm_get_dr(struct vmm_vcpu *vcpu, unsigned int nr);
void svm_set_dr(struct vmm_vcpu *vcpu, unsigned int nr, u64 val);
int svm_get_msr(struct vmm_vcpu *vcpu, u32 index, u64 *val);
int svm_set_msr(struct vmm_vcpu *vcpu, u32 index, u64 val);
void svm_set_tsc_offset(struct vmm_vcpu *vcpu, u64 offset);

/* run.c */
void svm_load(struct vmm_vcpu *vcpu);
void svm_put(struct vmm_vcpu *vcpu);
void svm_enter(struct vmm_vcpu *vcpu, struct vmm_exit *exit);
void svm_inject(struct vmm_vcpu *vcpu, const struct vmm_event *event);
void svm_want_window(struct vmm_vcpu *vcpu, int prio, bool nmi);
bool svm_nmi_masked(struct vmm_vcpu *vcpu);
void svm_set_nmi_masked(struct vmm_vcpu *vcpu, bool masked);
void svm_flush_tlb(struct vmm_vcpu *vcpu);

/* exit.c */
bool svm_end_step(struct vmm_vcpu *vcpu);
void svm_decode(struct svm_vcpu *svm, struct vmm_exit *exit);
void svm_describe(struct vmm_vcpu *vcpu, const struct vmm_exit *exit,
		  char *text, size_t size);

/* enter.S: interrupts off; returns with them off and GIF set */
asmlinkage void svm_world_switch(phys_addr_t vmcb_pa, u64 *gpr,
				 phys_addr_t host_vmcb_pa);

#endif
