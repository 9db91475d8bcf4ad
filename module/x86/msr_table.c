// SPDX-License-Identifier: GPL-2.0
/*
 * Every MSR that guests may touch.  Registers that are absent here raise #GP:
 * among them performance counters, last-branch records, speculation control,
 * machine-check banks (IA32_MCG_CAP says there are none), and all that belongs
 * to virtualization.
 */
#include <linux/bits.h>
#include <linux/kernel.h>

#include <asm/kvm_para.h>
#include <asm/msr-index.h>

#include "x86/cpuid.h"
#include "x86/msr_table.h"
#include "x86/mtrr.h"

#define ALWAYS		0
#define HAS(f)		BIT_ULL(VMM_CPU_##f)

#define RANGE(a, b, n, g, s)						\
	{ .first = (a), .last = (b), .need = (n),			\
	  .get = vmm_msr_get_##g, .set = vmm_msr_set_##s }
#define ONE(a, n, g, s)		RANGE(a, a, n, g, s)
#define READ_ONLY(a, n, g)						\
	{ .first = (a), .last = (a), .need = (n), .get = vmm_msr_get_##g }
#define WRITE_ONLY(a, n, s)						\
	{ .first = (a), .last = (a), .need = (n), .set = vmm_msr_set_##s }

#define MTRR_VARIABLE		0x200
#define X2APIC_FIRST		0x800
#define X2APIC_LAST		0x8ff

const struct vmm_msr_rule vmm_msr_rules[] = {
	RANGE(MSR_IA32_P5_MC_ADDR, MSR_IA32_P5_MC_TYPE, HAS(MCE), zero, zero),
	ONE(MSR_IA32_TSC, ALWAYS, tsc, tsc),
	RANGE(MSR_KVM_WALL_CLOCK, MSR_KVM_SYSTEM_TIME, HAS(KVM_CLOCK), kvm,
	      kvm),
	READ_ONLY(MSR_IA32_PLATFORM_ID, HAS(INTEL), zero),
	ONE(MSR_IA32_APICBASE, ALWAYS, lapic, lapic),
	ONE(MSR_IA32_EBL_CR_POWERON, HAS(INTEL), zero, zero),
	ONE(MSR_IA32_FEAT_CTL, HAS(INTEL), fixed, fixed),
	ONE(MSR_IA32_TSC_ADJUST, HAS(TSC_ADJUST), tsc, tsc),
	WRITE_ONLY(MSR_IA32_PRED_CMD, HAS(IBPB), pred_cmd),
	WRITE_ONLY(MSR_IA32_UCODE_WRITE, HAS(INTEL), ignore),
	ONE(MSR_AMD64_PATCH_LEVEL, ALWAYS, stored, microcode),
	ONE(MSR_PLATFORM_INFO, HAS(INTEL), fixed, fixed),
	READ_ONLY(MSR_MTRRcap, HAS(MTRR), mtrr),
	ONE(MSR_IA32_ARCH_CAPABILITIES, HAS(ARCH_CAPS), fixed, fixed),
	ONE(MSR_IA32_SYSENTER_CS, HAS(SEP), backend, backend),
	RANGE(MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP, HAS(SEP), backend,
	      address),
	READ_ONLY(MSR_IA32_MCG_CAP, HAS(MCA), zero),
	ONE(MSR_IA32_MCG_STATUS, HAS(MCA), stored, stored),
	ONE(MSR_IA32_MISC_ENABLE, HAS(INTEL), stored, stored),
	ONE(MSR_IA32_DEBUGCTLMSR, ALWAYS, zero, zero),
	RANGE(MTRR_VARIABLE, MTRR_VARIABLE + 2 * VMM_MTRR_VARIABLE - 1,
	      HAS(MTRR), mtrr, mtrr),
	ONE(MSR_MTRRfix64K_00000, HAS(MTRR), mtrr, mtrr),
	RANGE(MSR_MTRRfix16K_80000, MSR_MTRRfix16K_A0000, HAS(MTRR), mtrr,
	      mtrr),
	RANGE(MSR_MTRRfix4K_C0000, MSR_MTRRfix4K_F8000, HAS(MTRR), mtrr, mtrr),
	ONE(MSR_IA32_CR_PAT, HAS(PAT), pat, pat),
	ONE(MSR_MTRRdefType, HAS(MTRR), mtrr, mtrr),
	ONE(MSR_IA32_TSC_DEADLINE, HAS(TSC_DEADLINE), lapic, lapic),
	RANGE(X2APIC_FIRST, X2APIC_LAST, HAS(X2APIC), lapic, lapic),

	RANGE(MSR_KVM_WALL_CLOCK_NEW, MSR_KVM_SYSTEM_TIME_NEW,
	      HAS(KVM_CLOCK2), kvm, kvm),
	ONE(MSR_KVM_STEAL_TIME, HAS(KVM_STEAL), kvm, kvm),

	ONE(MSR_EFER, ALWAYS, efer, efer),
	ONE(MSR_STAR, HAS(SYSCALL), backend, backend),
	RANGE(MSR_LSTAR, MSR_CSTAR, HAS(LM), backend, address),
	ONE(MSR_SYSCALL_MASK, HAS(LM), backend, sfmask),
	RANGE(MSR_FS_BASE, MSR_KERNEL_GS_BASE, HAS(LM), backend, address),
	ONE(MSR_TSC_AUX, HAS(TSC_AUX), tsc_aux, tsc_aux),

	RANGE(MSR_K7_EVNTSEL0, MSR_K7_PERFCTR3, HAS(AMD), zero, zero),
	ONE(MSR_AMD64_SYSCFG, HAS(AMD), zero, zero),
	ONE(MSR_K7_HWCR, HAS(AMD), stored, stored),
	ONE(MSR_K8_TOP_MEM1, HAS(AMD), zero, zero),
	ONE(MSR_K8_TOP_MEM2, HAS(AMD), zero, zero),
	ONE(MSR_AMD64_NB_CFG, HAS(AMD), stored, stored),
	WRITE_ONLY(MSR_AMD64_PATCH_LOADER, HAS(AMD), ignore),
	ONE(MSR_K8_INT_PENDING_MSG, HAS(AMD), zero, zero),
	ONE(MSR_FAM10H_MMIO_CONF_BASE, HAS(AMD), zero, zero),
	ONE(MSR_VM_CR, HAS(AMD), fixed, fixed),
	ONE(MSR_AMD64_DC_CFG, HAS(AMD), zero, zero),
	ONE(MSR_AMD64_DE_CFG, HAS(AMD), fixed, fixed),
	ONE(MSR_AMD64_BU_CFG2, HAS(AMD), zero, zero),
};

const unsigned int vmm_nr_msr_rules = ARRAY_SIZE(vmm_msr_rules);
