// SPDX-License-Identifier: GPL-2.0
/*
 * Save and restore of the MSRs that are a vCPU's state, as one record.  What is
 * elsewhere is left to the records of there: EFER, segment bases, local APIC, time.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/vmm_state.h>

#include <asm/msr-index.h>

#include "x86/msr_table.h"
#include "x86/x86.h"

#define MTRR_VARIABLE	0x200

static_assert(ARRAY_SIZE(((struct vmm_state_msrs *)0)->mtrr_base) ==
	      VMM_MTRR_VARIABLE);
static_assert(ARRAY_SIZE(((struct vmm_state_msrs *)0)->mtrr_fixed) ==
	      VMM_MTRR_FIXED);

/* Those that the backend switches, which the record begins with. */
static const u32 switched[] = {
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK, MSR_KERNEL_GS_BASE,
};

static_assert(offsetof(struct vmm_state_msrs, tsc_aux) ==
	      ARRAY_SIZE(switched) * sizeof(u64));

/* In the order of struct vmm_mtrr.fixed. */
static const u32 fixed[VMM_MTRR_FIXED] = {
	MSR_MTRRfix64K_00000, MSR_MTRRfix16K_80000, MSR_MTRRfix16K_A0000,
	MSR_MTRRfix4K_C0000, MSR_MTRRfix4K_C8000, MSR_MTRRfix4K_D0000,
	MSR_MTRRfix4K_D8000, MSR_MTRRfix4K_E0000, MSR_MTRRfix4K_E8000,
	MSR_MTRRfix4K_F0000, MSR_MTRRfix4K_F8000,
};

void vmm_msr_save(struct vmm_x86 *x86, struct vmm_state_msrs *st)
{
	const struct vmm_msr_state *m = &x86->msr;
	u64 *val = &st->sysenter_cs;
	unsigned int i;

	memset(st, 0, sizeof(*st));
	for (i = 0; i < ARRAY_SIZE(switched); i++)
		x86->ops->get_msr(x86, switched[i], &val[i]);
	/* A guest with an AMD processor may have written there, to no effect. */
	st->syscall_mask = (u32)st->syscall_mask;
	st->tsc_aux = m->tsc_aux;
	st->pat = m->pat;
	st->mtrr_deftype = m->mtrr.deftype;
	memcpy(st->mtrr_base, m->mtrr.base, sizeof(st->mtrr_base));
	memcpy(st->mtrr_mask, m->mtrr.mask, sizeof(st->mtrr_mask));
	memcpy(st->mtrr_fixed, m->mtrr.fixed, sizeof(st->mtrr_fixed));
	st->misc_enable = m->misc_enable;
	st->mcg_status = m->mcg_status;
	st->microcode = m->microcode;
	st->hwcr = m->hwcr;
	st->nb_cfg = m->nb_cfg;
	if (vmm_cpu_has(vmm_x86_limits(x86), VMM_CPU_ARCH_CAPS))
		st->arch_capabilities = vmm_msr_arch_caps();
}

static bool mtrrs_valid(u64 reserved, const struct vmm_state_msrs *st)
{
	struct vmm_mtrr m = {};
	unsigned int i;

	if (vmm_mtrr_set(&m, reserved, MSR_MTRRdefType, st->mtrr_deftype))
		return false;
	for (i = 0; i < VMM_MTRR_VARIABLE; i++)
		if (vmm_mtrr_set(&m, reserved, MTRR_VARIABLE + 2 * i,
				 st->mtrr_base[i]) ||
		    vmm_mtrr_set(&m, reserved, MTRR_VARIABLE + 2 * i + 1,
				 st->mtrr_mask[i]))
			return false;
	for (i = 0; i < VMM_MTRR_FIXED; i++)
		if (vmm_mtrr_set(&m, reserved, fixed[i], st->mtrr_fixed[i]))
			return false;
	return true;
}

static bool addresses_valid(const struct vmm_state_msrs *st)
{
	return vmm_canonical(st->sysenter_esp) &&
	       vmm_canonical(st->sysenter_eip) && vmm_canonical(st->lstar) &&
	       vmm_canonical(st->cstar) && vmm_canonical(st->kernel_gs_base);
}

/* What cannot be written is what it was when the vCPU was made. */
static bool stored_valid(struct vmm_x86 *x86, const struct vmm_state_msrs *st)
{
	return vmm_msr_stored_valid(x86, MSR_IA32_MISC_ENABLE,
				    st->misc_enable) &&
	       vmm_msr_stored_valid(x86, MSR_IA32_MCG_STATUS,
				    st->mcg_status) &&
	       vmm_msr_stored_valid(x86, MSR_K7_HWCR, st->hwcr) &&
	       vmm_msr_stored_valid(x86, MSR_AMD64_NB_CFG, st->nb_cfg);
}

int vmm_msr_check(struct vmm_x86 *x86, const struct vmm_cpu_limits *limits,
		  const struct vmm_state_msrs *st)
{
	if (st->arch_capabilities && !vmm_cpu_has(limits, VMM_CPU_ARCH_CAPS))
		return -EINVAL;
	if (st->arch_capabilities & ~vmm_msr_arch_caps())
		return -EOPNOTSUPP;
	return addresses_valid(st) && vmm_pat_valid(st->pat) &&
	       mtrrs_valid(limits->gpa_reserved, st) &&
	       stored_valid(x86, st) && !(st->syscall_mask >> 32) &&
	       !(st->tsc_aux >> 32) ? 0 : -EINVAL;
}

void vmm_msr_load(struct vmm_x86 *x86, const struct vmm_state_msrs *st)
{
	struct vmm_msr_state *m = &x86->msr;
	const u64 *val = &st->sysenter_cs;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(switched); i++)
		x86->ops->set_msr(x86, switched[i], val[i]);
	m->tsc_aux = st->tsc_aux;
	m->pat = st->pat;
	x86->ops->set_msr(x86, MSR_IA32_CR_PAT, m->pat);
	m->mtrr.deftype = st->mtrr_deftype;
	memcpy(m->mtrr.base, st->mtrr_base, sizeof(st->mtrr_base));
	memcpy(m->mtrr.mask, st->mtrr_mask, sizeof(st->mtrr_mask));
	memcpy(m->mtrr.fixed, st->mtrr_fixed, sizeof(st->mtrr_fixed));
	m->misc_enable = st->misc_enable;
	m->mcg_status = st->mcg_status;
	m->microcode = st->microcode;
	m->hwcr = st->hwcr;
	m->nb_cfg = st->nb_cfg;
}
