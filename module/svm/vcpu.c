// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a vCPU on SVM: its control block, what is intercepted, reset.
 */
#include <asm/processor-flags.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "core/vm.h"
#include "svm/svm.h"

/* Spins this often, this far apart in cycles, count as waiting for a lock. */
#define PAUSE_COUNT	3000
#define PAUSE_THRESH	128

/* Always intercepted. */
static const u8 intercepts[] = {
	INTERCEPT_INTR, INTERCEPT_NMI, INTERCEPT_SMI, INTERCEPT_INIT,
	INTERCEPT_RDPMC, INTERCEPT_CPUID, INTERCEPT_INVD, INTERCEPT_HLT,
	INTERCEPT_INVLPGA, INTERCEPT_IOIO_PROT, INTERCEPT_MSR_PROT,
	INTERCEPT_SHUTDOWN, INTERCEPT_VMRUN, INTERCEPT_VMMCALL,
	INTERCEPT_VMLOAD, INTERCEPT_VMSAVE, INTERCEPT_STGI, INTERCEPT_CLGI,
	INTERCEPT_SKINIT, INTERCEPT_WBINVD, INTERCEPT_MONITOR,
	INTERCEPT_MWAIT, INTERCEPT_XSETBV, INTERCEPT_RDPRU,
};

static void init_vmcb(struct svm_vcpu *svm)
{
	struct vmcb_control_area *c = &svm->vmcb->control;
	int i;

	for (i = 0; i < ARRAY_SIZE(intercepts); i++)
		svm_intercept(svm, intercepts[i], true);
	c->intercepts[INTERCEPT_EXCEPTION] = VMM_EXIT_EXCEPTIONS;
	for (i = INTERCEPT_DR0_READ; i <= INTERCEPT_DR7_WRITE; i++)
		svm_intercept(svm, i, true);
	if (svm_features & SVM_CPUID_PAUSE_FILTER) {
		svm_intercept(svm, INTERCEPT_PAUSE, true);
		c->pause_filter_count = PAUSE_COUNT;
		if (svm_features & SVM_CPUID_PAUSE_THRESH)
			c->pause_filter_thresh = PAUSE_THRESH;
	}
	c->iopm_base_pa = svm_iopm_pa;
	c->msrpm_base_pa = svm_msrpm_pa;
	c->int_ctl = V_INTR_MASKING_MASK;
	c->nested_ctl = SVM_NESTED_CTL_NP_ENABLE;
	c->nested_cr3 = npt_space_root(&svm->vcpu.vm->space);
}

int svm_init(struct vmm_vcpu *vcpu)
{
	struct svm_vcpu *svm = to_svm(vcpu);
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (!page)
		return -ENOMEM;
	svm->vmcb = page_address(page);
	svm->vmcb_pa = page_to_phys(page);
	svm->last_cpu = -1;
	init_vmcb(svm);
	return 0;
}

void svm_destroy(struct vmm_vcpu *vcpu)
{
	free_page((unsigned long)to_svm(vcpu)->vmcb);
}

void svm_reset(struct vmm_vcpu *vcpu)
{
	struct svm_vcpu *svm = to_svm(vcpu);

	svm->vmcb->control.event_inj = 0;
	svm->nmi = SVM_NMI_OPEN;
	svm->stepping = false;
	svm->forget = true;
	svm_intercept(svm, INTERCEPT_IRET, false);
	svm->vmcb->control.clean = 0;
}

/* Bits of CR4 beyond the first Pentiums' that this processor would take. */
static u64 host_cr4(void)
{
	static const struct {
		u16 feature;
		u64 bit;
	} known[] = {
		{ X86_FEATURE_UMIP, X86_CR4_UMIP },
		{ X86_FEATURE_LA57, X86_CR4_LA57 },
		{ X86_FEATURE_FSGSBASE, X86_CR4_FSGSBASE },
		{ X86_FEATURE_PCID, X86_CR4_PCIDE },
		{ X86_FEATURE_XSAVE, X86_CR4_OSXSAVE },
		{ X86_FEATURE_SMEP, X86_CR4_SMEP },
		{ X86_FEATURE_SMAP, X86_CR4_SMAP },
		{ X86_FEATURE_PKU, X86_CR4_PKE },
	};
	u64 bits = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (boot_cpu_has(known[i].feature))
			bits |= known[i].bit;
	return bits;
}

void svm_cpuid_changed(struct vmm_vcpu *vcpu)
{
	struct svm_vcpu *svm = to_svm(vcpu);
	const struct vmm_cpu_limits *limits = vmm_x86_limits(&vcpu->x86);

	svm_intercept(svm, INTERCEPT_RDTSCP,
		      boot_cpu_has(X86_FEATURE_RDTSCP) &&
		      !vmm_cpu_has(limits, VMM_CPU_TSC_AUX));
	/*
	 * Writes of CR4 are free unless this processor would take a bit that
	 * the guest's CPUID does not offer.
	 */
	svm_intercept(svm, INTERCEPT_CR4_WRITE,
		      host_cr4() & limits->cr4_reserved);
}
