// SPDX-License-Identifier: GPL-2.0
/*
 * The MSR policy.  See msr.h.
 *
 * A register that some processors have and some guests touch without asking,
 * but that stands for nothing here, reads as zero and takes zero alone.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>

#include <asm/kvm_para.h>
#include <asm/msr-index.h>

#include "x86/msr_table.h"
#include "x86/x86.h"

static struct vmm_msr_host host;

void vmm_msr_setup(const struct vmm_msr_host *h)
{
	host = *h;
}

const u32 vmm_msr_passthrough[] = {
	MSR_IA32_SYSENTER_CS,
	MSR_IA32_SYSENTER_ESP,
	MSR_IA32_SYSENTER_EIP,
	MSR_STAR,
	MSR_LSTAR,
	MSR_CSTAR,
	MSR_SYSCALL_MASK,
	MSR_FS_BASE,
	MSR_GS_BASE,
	MSR_KERNEL_GS_BASE,
	0
};

#define HWCR_TSC_FREQ_SEL	BIT(24)
#define HWCR_WRITABLE		(BIT(3) | BIT(6) | BIT(8) | BIT(18) | \
				 HWCR_TSC_FREQ_SEL)
#define NB_CFG_ENABLE_CF8_EXT	BIT_ULL(46)

/* Claims of IA32_ARCH_CAPABILITIES that need nothing of us. */
#define ARCH_CAPS_SHOWN \
	(ARCH_CAP_RDCL_NO | ARCH_CAP_RSBA | ARCH_CAP_SKIP_VMENTRY_L1DFLUSH | \
	 ARCH_CAP_SSB_NO | ARCH_CAP_MDS_NO | ARCH_CAP_PSCHANGE_MC_NO | \
	 ARCH_CAP_TAA_NO | ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | \
	 ARCH_CAP_PSDP_NO | ARCH_CAP_FB_CLEAR | ARCH_CAP_RRSBA | \
	 ARCH_CAP_BHI_NO | ARCH_CAP_PBRSB_NO | ARCH_CAP_GDS_NO)

static bool is(const struct vmm_x86 *x86, enum vmm_cpu_feat f)
{
	return vmm_cpu_has(vmm_x86_limits(x86), f);
}

void vmm_msr_reset(struct vmm_x86 *x86)
{
	struct vmm_msr_state *m = &x86->msr;

	memset(m, 0, sizeof(*m));
	m->pat = VMM_PAT_RESET;
	m->misc_enable = MSR_IA32_MISC_ENABLE_FAST_STRING |
			 MSR_IA32_MISC_ENABLE_BTS_UNAVAIL |
			 MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL;
	m->hwcr = HWCR_TSC_FREQ_SEL;
	m->microcode = host.microcode;
	/* Intel has the revision in the upper half. */
	if (is(x86, VMM_CPU_INTEL))
		m->microcode <<= 32;
}

/* ---- general ------------------------------------------------------------ */

int vmm_msr_get_zero(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	*val = 0;
	return 0;
}

int vmm_msr_set_zero(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	return val ? -EINVAL : 0;
}

int vmm_msr_set_ignore(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	return 0;
}

/* ---- registers that the backend's hardware switches --------------------- */

int vmm_msr_get_backend(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	return x86->ops->get_msr(x86, index, val) ? -EINVAL : 0;
}

int vmm_msr_set_backend(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	return x86->ops->set_msr(x86, index, val) ? -EINVAL : 0;
}

int vmm_msr_set_address(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	if (!vmm_canonical(val))
		return -EINVAL;
	return vmm_msr_set_backend(x86, index, val, by_host);
}

/* The upper half: reserved with Intel, read as zero with AMD. */
int vmm_msr_set_sfmask(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	if (val >> 32 && !is(x86, VMM_CPU_AMD))
		return -EINVAL;
	return vmm_msr_set_backend(x86, index, (u32)val, by_host);
}

int vmm_msr_get_efer(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	*val = x86->ops->get_efer(x86);
	return 0;
}

int vmm_msr_set_efer(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	struct vmm_cregs cur = {
		.cr0 = x86->ops->get_cr(x86, 0),
		.cr3 = x86->ops->get_cr(x86, 3),
		.cr4 = x86->ops->get_cr(x86, 4),
		.efer = x86->ops->get_efer(x86),
	};

	if (!vmm_efer_write_valid(vmm_x86_limits(x86), &cur, val))
		return -EINVAL;
	x86->ops->set_efer(x86, vmm_efer_after_write(&cur, val));
	return 0;
}

int vmm_msr_get_pat(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	*val = x86->msr.pat;
	return 0;
}

int vmm_msr_set_pat(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	if (!vmm_pat_valid(val))
		return -EINVAL;
	x86->msr.pat = val;
	x86->ops->set_msr(x86, index, val);
	return 0;
}

/* ---- local APIC --------------------------------------------------------- */

int vmm_msr_get_lapic(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	return x86->ops->lapic_get_msr(x86, index, val, by_host) ? -EINVAL : 0;
}

int vmm_msr_set_lapic(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	return x86->ops->lapic_set_msr(x86, index, val, by_host) ? -EINVAL : 0;
}

/* ---- time --------------------------------------------------------------- */

int vmm_msr_get_tsc(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	*val = index == MSR_IA32_TSC ? vmm_clock_guest_tsc(x86) :
				       x86->clock.tsc_adjust;
	return 0;
}

int vmm_msr_set_tsc(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	if (index == MSR_IA32_TSC)
		vmm_clock_write_tsc(x86, val, by_host);
	else
		vmm_clock_write_adjust(x86, val, by_host);
	return 0;
}

int vmm_msr_get_tsc_aux(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	*val = x86->msr.tsc_aux;
	return 0;
}

int vmm_msr_set_tsc_aux(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	if (val >> 32)
		return -EINVAL;
	x86->msr.tsc_aux = val;
	vmm_x86_load_tsc_aux(x86);
	return 0;
}

int vmm_msr_get_kvm(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	switch (index) {
	case MSR_KVM_WALL_CLOCK:
	case MSR_KVM_WALL_CLOCK_NEW:
		*val = x86->clock.wall_msr;
		return 0;
	case MSR_KVM_SYSTEM_TIME:
	case MSR_KVM_SYSTEM_TIME_NEW:
		*val = x86->clock.time_msr;
		return 0;
	case MSR_KVM_STEAL_TIME:
		*val = x86->clock.steal_msr;
		return 0;
	default:
		return -EINVAL;
	}
}

int vmm_msr_set_kvm(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	switch (index) {
	case MSR_KVM_WALL_CLOCK:
	case MSR_KVM_WALL_CLOCK_NEW:
		vmm_clock_write_wall_msr(x86, val);
		return 0;
	case MSR_KVM_SYSTEM_TIME:
	case MSR_KVM_SYSTEM_TIME_NEW:
		vmm_clock_write_time_msr(x86, val);
		return 0;
	case MSR_KVM_STEAL_TIME:
		return vmm_clock_write_steal_msr(x86, val, by_host);
	default:
		return -EINVAL;
	}
}

/* ---- storage ------------------------------------------------------------ */

int vmm_msr_get_mtrr(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	return vmm_mtrr_get(&x86->msr.mtrr, index, val);
}

int vmm_msr_set_mtrr(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	return vmm_mtrr_set(&x86->msr.mtrr, vmm_x86_limits(x86)->gpa_reserved,
			    index, val);
}

static u64 *storage(struct vmm_x86 *x86, u32 index)
{
	struct vmm_msr_state *m = &x86->msr;

	switch (index) {
	case MSR_IA32_MISC_ENABLE:	return &m->misc_enable;
	case MSR_IA32_MCG_STATUS:	return &m->mcg_status;
	case MSR_AMD64_PATCH_LEVEL:	return &m->microcode;
	case MSR_K7_HWCR:		return &m->hwcr;
	case MSR_AMD64_NB_CFG:		return &m->nb_cfg;
	default:			return NULL;
	}
}

/* The bits that the guest may change. */
static u64 writable(u32 index)
{
	switch (index) {
	case MSR_IA32_MISC_ENABLE:	return MSR_IA32_MISC_ENABLE_FAST_STRING;
	case MSR_IA32_MCG_STATUS:	return 7;
	case MSR_K7_HWCR:		return HWCR_WRITABLE;
	case MSR_AMD64_NB_CFG:		return NB_CFG_ENABLE_CF8_EXT;
	default:			return 0;
	}
}

bool vmm_msr_stored_valid(struct vmm_x86 *x86, u32 index, u64 val)
{
	return !((val ^ *storage(x86, index)) & ~writable(index));
}

u64 vmm_msr_arch_caps(void)
{
	return host.arch_caps & ARCH_CAPS_SHOWN;
}

int vmm_msr_get_stored(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	*val = *storage(x86, index);
	return 0;
}

int vmm_msr_set_stored(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	if (!vmm_msr_stored_valid(x86, index, val))
		return -EINVAL;
	*storage(x86, index) = val;
	return 0;
}

/* A guest's write before it asks for the revision; user space may lie. */
int vmm_msr_set_microcode(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	if (by_host)
		x86->msr.microcode = val;
	return 0;
}

/* ---- what is to be told of this machine --------------------------------- */

int vmm_msr_get_fixed(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	switch (index) {
	case MSR_IA32_FEAT_CTL:
		*val = FEAT_CTL_LOCKED;
		return 0;
	case MSR_PLATFORM_INFO:
		/* The base frequency, in units of 100 MHz. */
		*val = (u64)(host.tsc_khz / 100000 & 0xff) << 8;
		return 0;
	case MSR_IA32_ARCH_CAPABILITIES:
		*val = vmm_msr_arch_caps();
		return 0;
	case MSR_AMD64_DE_CFG:
		*val = host.lfence_serializes ?
			MSR_AMD64_DE_CFG_LFENCE_SERIALIZE : 0;
		return 0;
	case MSR_VM_CR:
		*val = host.vm_cr;
		return 0;
	default:
		return -EINVAL;
	}
}

/* Writing back what is read there is no change. */
int vmm_msr_set_fixed(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	u64 now;

	if (vmm_msr_get_fixed(x86, index, &now, by_host) || now != val)
		return -EINVAL;
	return 0;
}

int vmm_msr_set_pred_cmd(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	if (val & ~(u64)PRED_CMD_IBPB)
		return -EINVAL;
	if (val && !by_host)
		vmm_x86_ibpb();
	return 0;
}

/* ---- the way in --------------------------------------------------------- */

static const struct vmm_msr_rule *search_rule(u32 index)
{
	unsigned int low = 0, high = vmm_nr_msr_rules, mid;
	const struct vmm_msr_rule *r;

	while (low < high) {
		mid = (low + high) / 2;
		r = &vmm_msr_rules[mid];
		if (index < r->first)
			high = mid;
		else if (index > r->last)
			low = mid + 1;
		else
			return r;
	}
	return NULL;
}

/* Guests use one again and again. */
static const struct vmm_msr_rule *find_rule(struct vmm_x86 *x86, u32 index)
{
	const struct vmm_msr_rule *r = x86->msr.last_rule;

	if (!r || index < r->first || index > r->last) {
		r = search_rule(index);
		if (!r)
			return NULL;
		x86->msr.last_rule = r;
	}
	if (r->need && !(r->need & vmm_x86_limits(x86)->feat))
		return NULL;
	return r;
}

static int read_msr(struct vmm_x86 *x86, u32 index, u64 *val, bool by_host)
{
	const struct vmm_msr_rule *r = find_rule(x86, index);

	if (!r || !r->get)
		return -EINVAL;
	return r->get(x86, index, val, by_host);
}

static int write_msr(struct vmm_x86 *x86, u32 index, u64 val, bool by_host)
{
	const struct vmm_msr_rule *r = find_rule(x86, index);

	if (!r || !r->set)
		return -EINVAL;
	return r->set(x86, index, val, by_host);
}

int vmm_msr_read(struct vmm_x86 *x86, u32 index, u64 *val)
{
	int err = read_msr(x86, index, val, false);

	if (err)
		pr_debug_ratelimited("vCPU %u: RDMSR %#x refused\n",
				     x86->apic_id, index);
	return err;
}

int vmm_msr_write(struct vmm_x86 *x86, u32 index, u64 val)
{
	int err = write_msr(x86, index, val, false);

	if (err)
		pr_debug_ratelimited("vCPU %u: WRMSR %#x of %#llx refused\n",
				     x86->apic_id, index, val);
	return err;
}

int vmm_msr_get(struct vmm_x86 *x86, u32 index, u64 *val)
{
	return read_msr(x86, index, val, true);
}

int vmm_msr_set(struct vmm_x86 *x86, u32 index, u64 val)
{
	return write_msr(x86, index, val, true);
}
