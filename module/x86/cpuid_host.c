// SPDX-License-Identifier: GPL-2.0
/*
 * The CPUID of this host, and what is made of it for guests.
 */
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/kvm_para.h>
#include <asm/processor.h>

#include "x86/clock.h"
#include "x86/cpuid_build.h"
#include "x86/fpu.h"

static struct vmm_cpuid_table supported __ro_after_init;

/*
 * Registers that the kernel has a word of capabilities for.  What the kernel
 * took out of one, for a fault of the processor or by its command line, is not
 * for guests either.
 */
static const struct {
	u32 leaf;
	u8 subleaf;
	u8 reg;
	u8 word;
} kernel_words[] = {
	{ 0x1,		0, VMM_EDX, X86_FEATURE_FPU / 32 },
	{ 0x1,		0, VMM_ECX, X86_FEATURE_XMM3 / 32 },
	{ 0x7,		0, VMM_EBX, X86_FEATURE_FSGSBASE / 32 },
	{ 0x7,		0, VMM_ECX, X86_FEATURE_AVX512VBMI / 32 },
	{ 0x7,		0, VMM_EDX, X86_FEATURE_FSRM / 32 },
	{ 0x7,		1, VMM_EAX, X86_FEATURE_AVX_VNNI / 32 },
	{ 0xd,		1, VMM_EAX, X86_FEATURE_XSAVEOPT / 32 },
	{ 0x80000001,	0, VMM_ECX, X86_FEATURE_LAHF_LM / 32 },
	{ 0x80000001,	0, VMM_EDX, X86_FEATURE_SYSCALL / 32 },
	{ 0x80000008,	0, VMM_EBX, X86_FEATURE_CLZERO / 32 },
};

static void read_host(const struct vmm_cpuid_host *h, u32 regs[4])
{
	u32 leaf = regs[VMM_EAX], subleaf = regs[VMM_ECX];
	unsigned int i;

	cpuid_count(leaf, subleaf, &regs[VMM_EAX], &regs[VMM_EBX],
		    &regs[VMM_ECX], &regs[VMM_EDX]);
	for (i = 0; i < ARRAY_SIZE(kernel_words); i++) {
		if (kernel_words[i].leaf == leaf &&
		    kernel_words[i].subleaf == subleaf)
			regs[kernel_words[i].reg] &=
				boot_cpu_data.x86_capability[kernel_words[i].word];
	}
}

int vmm_cpuid_setup(unsigned int phys_bits)
{
	const struct vmm_xsave_layout *xsave = vmm_fpu_layout();
	struct vmm_cpuid_host host = {
		.read = read_host,
		.tsc_khz = vmm_clock_tsc_khz(),
		.tsc_stable = vmm_clock_tsc_stable(),
		.phys_bits = phys_bits,
		.kvm_features = BIT(KVM_FEATURE_CLOCKSOURCE) |
				BIT(KVM_FEATURE_NOP_IO_DELAY) |
				BIT(KVM_FEATURE_CLOCKSOURCE2) |
				BIT(KVM_FEATURE_STEAL_TIME) |
				BIT(KVM_FEATURE_PV_UNHALT) |
				BIT(KVM_FEATURE_PV_SEND_IPI) |
				BIT(KVM_FEATURE_PV_SCHED_YIELD),
	};

	if (host.tsc_stable)
		host.kvm_features |= BIT(KVM_FEATURE_CLOCKSOURCE_STABLE_BIT);
	if (cpuid_ecx(1) & BIT(X86_FEATURE_OSXSAVE & 31)) {
		host.xcr0 = xsave->mask;
		host.xsave_size = xsave->size;
	}
	return vmm_cpuid_build(&host, &supported);
}

unsigned int vmm_cpuid_supported(struct vmm_cpuid_entry *entries,
				 unsigned int max)
{
	memcpy(entries, supported.entries,
	       min(max, supported.count) * sizeof(*entries));
	return supported.count;
}

void vmm_cpuid_default(struct vmm_cpuid_state *state, u32 apic_id,
		       unsigned int nr_vcpus)
{
	vmm_cpuid_adopt(state, supported.entries, supported.count);
	vmm_cpuid_topology(state->entries, state->count, apic_id, nr_vcpus);
}

int vmm_cpuid_set(struct vmm_cpuid_state *state,
		  const struct vmm_cpuid_entry *entries, unsigned int n)
{
	int err = vmm_cpuid_check(&supported, entries, n);

	if (!err)
		vmm_cpuid_adopt(state, entries, n);
	return err;
}
