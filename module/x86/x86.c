// SPDX-License-Identifier: GPL-2.0
/*
 * x86 state of a VM and of a vCPU: life, and what goes into the processor with
 * a guest.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/svm.h>

#include "x86/x86.h"

static bool host_has_tsc_aux(void)
{
	return boot_cpu_has(X86_FEATURE_RDTSCP) ||
	       boot_cpu_has(X86_FEATURE_RDPID);
}

static void __init setup_msrs(void)
{
	struct vmm_msr_host host = {
		.microcode = boot_cpu_data.microcode,
		.tsc_khz = vmm_clock_tsc_khz(),
		.vm_cr = SVM_VM_CR_SVM_DIS_MASK | SVM_VM_CR_SVM_LOCK_MASK,
		.lfence_serializes = boot_cpu_has(X86_FEATURE_LFENCE_RDTSC),
	};

	if (boot_cpu_has(X86_FEATURE_ARCH_CAPABILITIES))
		rdmsrl(MSR_IA32_ARCH_CAPABILITIES, host.arch_caps);
	vmm_msr_setup(&host);
}

int __init vmm_x86_setup(unsigned int phys_bits)
{
	int err;

	if (!vmm_clock_tsc_khz()) {
		pr_err("the time-stamp counter is not usable\n");
		return -EOPNOTSUPP;
	}
	err = vmm_fpu_setup();
	if (err)
		return err;
	setup_msrs();
	return vmm_cpuid_setup(phys_bits);
}

void vmm_x86_vm_init(struct vmm_x86_vm *vm, unsigned int nr_vcpus)
{
	vm->nr_vcpus = nr_vcpus;
	vmm_clock_vm_init(&vm->clock);
}

int vmm_x86_init(struct vmm_x86 *x86, struct vmm_x86_vm *vm,
		 const struct vmm_x86_ops *ops, u32 apic_id)
{
	int err;

	x86->vm = vm;
	x86->ops = ops;
	x86->apic_id = apic_id;
	x86->loaded = false;
	x86->aux_switched = false;
	err = vmm_fpu_init(&x86->fpu);
	if (err)
		return err;
	vmm_cpuid_default(&x86->cpuid, apic_id, vm->nr_vcpus);
	vmm_msr_reset(x86);
	vmm_clock_init(x86);
	return 0;
}

void vmm_x86_destroy(struct vmm_x86 *x86)
{
	vmm_clock_destroy(x86);
	vmm_fpu_free(&x86->fpu);
}

void vmm_x86_reset(struct vmm_x86 *x86, bool init)
{
	vmm_fpu_reset(&x86->fpu, init);
	if (!init)
		vmm_msr_reset(x86);
	x86->ops->set_msr(x86, MSR_IA32_CR_PAT, x86->msr.pat);
	vmm_clock_reset(x86, init);
}

void vmm_x86_load(struct vmm_x86 *x86)
{
	vmm_clock_load(x86);
	x86->loaded = true;
	vmm_x86_load_tsc_aux(x86);
	vmm_fpu_load(&x86->fpu);
}

void vmm_x86_put(struct vmm_x86 *x86)
{
	vmm_fpu_put(&x86->fpu);
	if (x86->aux_switched)
		wrmsrl(MSR_TSC_AUX, x86->host_tsc_aux);
	x86->aux_switched = false;
	x86->loaded = false;
	vmm_clock_put(x86);
}

/*
 * RDPID cannot be intercepted, and nothing in the kernel reads the register:
 * the guest's stays in while the vCPU is loaded.
 */
void vmm_x86_load_tsc_aux(struct vmm_x86 *x86)
{
	u64 host;

	if (!x86->loaded || !host_has_tsc_aux() ||
	    !vmm_cpu_has(vmm_x86_limits(x86), VMM_CPU_TSC_AUX))
		return;
	if (!x86->aux_switched) {
		rdmsrl(MSR_TSC_AUX, host);
		x86->host_tsc_aux = host;
		x86->aux_switched = true;
	}
	wrmsrl(MSR_TSC_AUX, x86->msr.tsc_aux);
}

void vmm_x86_ibpb(void)
{
	wrmsrl(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
}
