// SPDX-License-Identifier: GPL-2.0
/*
 * SVM on the host's processors: is it there, is it free, turn it on and off.
 */
#define pr_fmt(fmt) "vmm: " fmt

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>

#include "npt/format.h"
#include "svm/svm.h"
#include "x86/msr.h"

#define CPUID_SVM	0x8000000a

#define IOPM_ORDER	2	/* 12 KiB, in a block of 16 */
#define MSRPM_ORDER	1

DEFINE_PER_CPU(struct svm_cpu, svm_cpu);
u32 svm_features;
phys_addr_t svm_iopm_pa;
phys_addr_t svm_msrpm_pa;

static u32 nr_asids;
static struct page *iopm, *msrpm;

/* Each optional feature can be done without, to test that we can. */
static bool nrips = true;
module_param(nrips, bool, 0444);
MODULE_PARM_DESC(nrips, "use next-RIP save where the processor has it (SVM)");
static bool decode_assists = true;
module_param(decode_assists, bool, 0444);
MODULE_PARM_DESC(decode_assists, "use decode assists where the processor has them (SVM)");
static bool flush_by_asid = true;
module_param(flush_by_asid, bool, 0444);
MODULE_PARM_DESC(flush_by_asid, "flush single ASIDs where the processor can (SVM)");
static bool clean_bits = true;
module_param(clean_bits, bool, 0444);
MODULE_PARM_DESC(clean_bits, "use VMCB clean bits where the processor has them (SVM)");
static bool pause_filter = true;
module_param(pause_filter, bool, 0444);
MODULE_PARM_DESC(pause_filter, "notice spinning guests where the processor can (SVM)");

static const struct {
	u32 bit;
	u64 feature;
	bool *want;
} optional[] = {
	{ SVM_CPUID_NRIPS, VMM_FEAT_NEXT_RIP, &nrips },
	{ SVM_CPUID_DECODE, VMM_FEAT_DECODE_ASSISTS, &decode_assists },
	{ SVM_CPUID_FLUSH_ASID, VMM_FEAT_FLUSH_BY_ASID, &flush_by_asid },
	{ SVM_CPUID_CLEAN, VMM_FEAT_CLEAN_BITS, &clean_bits },
	{ SVM_CPUID_PAUSE_FILTER, VMM_FEAT_PAUSE_FILTER, &pause_filter },
};

int svm_probe(struct vmm_backend_caps *caps)
{
	u64 vm_cr;
	u32 edx;
	int i;

	if (!boot_cpu_has(X86_FEATURE_SVM)) {
		if (boot_cpu_data.x86_vendor != X86_VENDOR_AMD &&
		    boot_cpu_data.x86_vendor != X86_VENDOR_HYGON)
			return -ENODEV;
		pr_err("this processor has no SVM\n");
		return -EOPNOTSUPP;
	}
	rdmsrl(MSR_VM_CR, vm_cr);
	if (vm_cr & SVM_VM_CR_SVM_DIS_MASK) {
		pr_err("SVM is disabled by firmware (VM_CR.SVMDIS is set)\n");
		return -EOPNOTSUPP;
	}
	edx = cpuid_edx(CPUID_SVM);
	nr_asids = cpuid_ebx(CPUID_SVM);
	if (!(edx & SVM_CPUID_NPT)) {
		pr_err("this processor has no nested paging\n");
		return -EOPNOTSUPP;
	}
	if (nr_asids < 2) {
		pr_err("this processor has %u ASIDs, at least 2 are needed\n",
		       nr_asids);
		return -EOPNOTSUPP;
	}

	svm_features = SVM_CPUID_NPT;
	caps->features = VMM_FEAT_NESTED_PAGING;
	for (i = 0; i < ARRAY_SIZE(optional); i++) {
		if (!(edx & optional[i].bit) || !*optional[i].want)
			continue;
		svm_features |= optional[i].bit;
		caps->features |= optional[i].feature;
	}
	if (svm_features & SVM_CPUID_PAUSE_FILTER)
		svm_features |= edx & SVM_CPUID_PAUSE_THRESH;

	/* The processor walks nested tables in the host's own paging mode. */
	caps->npt_levels = pgtable_l5_enabled() ? 5 : 4;
	caps->format = boot_cpu_has(X86_FEATURE_GBPAGES) ?
		&npt_format_npt : &npt_format_npt_no1g;
	return 0;
}

static void msrpm_clear(u8 *map, u32 msr)
{
	u32 base;

	if (msr <= 0x1fff)
		base = 0;
	else if (msr >= 0xc0000000 && msr <= 0xc0001fff)
		base = 0x800;
	else if (msr >= 0xc0010000 && msr <= 0xc0011fff)
		base = 0x1000;
	else
		return;
	map[base + (msr & 0x1fff) / 4] &= ~(3 << (msr % 4 * 2));
}

static void free_cpus(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct svm_cpu *sc = per_cpu_ptr(&svm_cpu, cpu);

		if (sc->hsave)
			__free_page(sc->hsave);
		if (sc->host_vmcb)
			__free_page(sc->host_vmcb);
		sc->hsave = NULL;
		sc->host_vmcb = NULL;
	}
}

static int alloc_cpus(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct svm_cpu *sc = per_cpu_ptr(&svm_cpu, cpu);

		sc->hsave = alloc_page(GFP_KERNEL | __GFP_ZERO);
		sc->host_vmcb = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!sc->hsave || !sc->host_vmcb) {
			free_cpus();
			return -ENOMEM;
		}
		sc->host_vmcb_pa = page_to_phys(sc->host_vmcb);
	}
	return 0;
}

int svm_setup(void)
{
	unsigned int i;
	int err;

	err = alloc_cpus();
	if (err)
		return err;
	iopm = alloc_pages(GFP_KERNEL, IOPM_ORDER);
	if (!iopm)
		goto err_cpus;
	msrpm = alloc_pages(GFP_KERNEL, MSRPM_ORDER);
	if (!msrpm)
		goto err_iopm;

	memset(page_address(iopm), 0xff, PAGE_SIZE << IOPM_ORDER);
	memset(page_address(msrpm), 0xff, PAGE_SIZE << MSRPM_ORDER);
	for (i = 0; vmm_msr_passthrough[i]; i++)
		msrpm_clear(page_address(msrpm), vmm_msr_passthrough[i]);
	svm_iopm_pa = page_to_phys(iopm);
	svm_msrpm_pa = page_to_phys(msrpm);
	return 0;

err_iopm:
	__free_pages(iopm, IOPM_ORDER);
err_cpus:
	free_cpus();
	return -ENOMEM;
}

void svm_teardown(void)
{
	__free_pages(msrpm, MSRPM_ORDER);
	__free_pages(iopm, IOPM_ORDER);
	free_cpus();
}

int svm_enable(void)
{
	struct svm_cpu *sc = this_cpu_ptr(&svm_cpu);
	u64 efer;

	rdmsrl(MSR_EFER, efer);
	if (efer & EFER_SVME)
		return -EBUSY;
	wrmsrl(MSR_EFER, efer | EFER_SVME);
	wrmsrl(MSR_VM_HSAVE_PA, page_to_phys(sc->hsave));
	svm_asid_pool_init(&sc->pool, nr_asids,
			   svm_features & SVM_CPUID_FLUSH_ASID);
	sc->barrier_on_exit = boot_cpu_has(X86_FEATURE_IBPB) &&
		(boot_cpu_has_bug(X86_BUG_RETBLEED) ||
		 boot_cpu_has_bug(X86_BUG_SRSO));
	sc->on = true;
	return 0;
}

void svm_disable(void)
{
	struct svm_cpu *sc = this_cpu_ptr(&svm_cpu);
	u64 efer;

	if (!sc->on)
		return;
	sc->on = false;
	wrmsrl(MSR_VM_HSAVE_PA, 0);
	rdmsrl(MSR_EFER, efer);
	wrmsrl(MSR_EFER, efer & ~EFER_SVME);
}
