// SPDX-License-Identifier: GPL-2.0
/*
 * What the processor can do, and which of it is used.
 *
 * Controls come in words.  For each word an MSR tells in its lower half which
 * bits must be set and in its upper half which may be.  The table below lists
 * all controls that this backend sets: required ones, without which the module
 * refuses to load, and optional ones, each of which a module parameter turns
 * off to test that we can do without.
 */
#define pr_fmt(fmt) "vmm: " fmt

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>

#include "compat.h"
#include "npt/format.h"
#include "uapi/linux/vmm.h"
#include "vmx/vmx.h"

struct vmx_config vmx_config;

static bool vpid = true;
module_param(vpid, bool, 0444);
MODULE_PARM_DESC(vpid, "tag translations with virtual-processor ids where the processor can (VMX)");
static bool ept_ad = true;
module_param(ept_ad, bool, 0444);
MODULE_PARM_DESC(ept_ad, "use accessed and dirty bits of EPT where the processor has them (VMX)");
static bool ple = true;
module_param(ple, bool, 0444);
MODULE_PARM_DESC(ple, "notice spinning guests where the processor can (VMX)");
static bool flexpriority = true;
module_param(flexpriority, bool, 0444);
MODULE_PARM_DESC(flexpriority, "use the TPR shadow where the processor has it (VMX)");

static bool preemption_timer = true;
module_param(preemption_timer, bool, 0444);
MODULE_PARM_DESC(preemption_timer, "use the preemption timer for the guest's APIC timer where the processor has it (VMX)");

static bool apicv = true;
module_param(apicv, bool, 0444);
MODULE_PARM_DESC(apicv, "have interrupts delivered and APIC registers served by the processor where it can (VMX)");

static bool posted = true;
module_param(posted, bool, 0444);
MODULE_PARM_DESC(posted, "have interrupts posted to a running guest by the processor where it can (VMX)");

static bool pml = true;
module_param(pml, bool, 0444);
MODULE_PARM_DESC(pml, "have writes logged by the processor for dirty logs where it can (VMX)");

static bool always = true;

enum word { PIN, PRIMARY, SECONDARY, EXIT, ENTRY, NR_WORDS };

static const struct {
	const char *name;
	u32 msr;
	u32 true_msr;
} words[NR_WORDS] = {
	[PIN] = { "pin-based", MSR_IA32_VMX_PINBASED_CTLS,
		  MSR_IA32_VMX_TRUE_PINBASED_CTLS },
	[PRIMARY] = { "primary", MSR_IA32_VMX_PROCBASED_CTLS,
		      MSR_IA32_VMX_TRUE_PROCBASED_CTLS },
	[SECONDARY] = { "secondary", MSR_IA32_VMX_PROCBASED_CTLS2,
			MSR_IA32_VMX_PROCBASED_CTLS2 },
	[EXIT] = { "exit", MSR_IA32_VMX_EXIT_CTLS,
		   MSR_IA32_VMX_TRUE_EXIT_CTLS },
	[ENTRY] = { "entry", MSR_IA32_VMX_ENTRY_CTLS,
		    MSR_IA32_VMX_TRUE_ENTRY_CTLS },
};

/* @want: NULL for a control without which nothing works. */
static const struct control {
	u32 bit;
	u8 word;
	const char *name;
	const bool *want;
} controls[] = {
	{ PIN_BASED_EXT_INTR_MASK, PIN, "external-interrupt exiting" },
	{ PIN_BASED_NMI_EXITING, PIN, "NMI exiting" },
	{ PIN_BASED_VIRTUAL_NMIS, PIN, "virtual NMIs" },
	{ PIN_BASED_VMX_PREEMPTION_TIMER, PIN, "preemption timer",
	  &preemption_timer },

	{ CPU_BASED_ACTIVATE_SECONDARY_CONTROLS, PRIMARY,
	  "secondary controls" },
	{ CPU_BASED_HLT_EXITING, PRIMARY, "HLT exiting" },
	{ CPU_BASED_MWAIT_EXITING, PRIMARY, "MWAIT exiting" },
	{ CPU_BASED_MONITOR_EXITING, PRIMARY, "MONITOR exiting" },
	{ CPU_BASED_RDPMC_EXITING, PRIMARY, "RDPMC exiting" },
	{ CPU_BASED_MOV_DR_EXITING, PRIMARY, "MOV-DR exiting" },
	/* No port is the guest's own, so that no bitmaps are needed. */
	{ CPU_BASED_UNCOND_IO_EXITING, PRIMARY, "unconditional I/O exiting" },
	{ CPU_BASED_USE_MSR_BITMAPS, PRIMARY, "MSR bitmaps" },
	{ CPU_BASED_USE_TSC_OFFSETTING, PRIMARY, "TSC offsetting" },
	{ CPU_BASED_TPR_SHADOW, PRIMARY, "TPR shadow", &flexpriority },

	{ SECONDARY_EXEC_ENABLE_EPT, SECONDARY, "EPT" },
	{ SECONDARY_EXEC_UNRESTRICTED_GUEST, SECONDARY, "unrestricted guest" },
	{ SECONDARY_EXEC_WBINVD_EXITING, SECONDARY, "WBINVD exiting", &always },
	{ SECONDARY_EXEC_ENABLE_VPID, SECONDARY, "VPID", &vpid },
	{ SECONDARY_EXEC_PAUSE_LOOP_EXITING, SECONDARY, "pause-loop exiting",
	  &ple },
	{ SECONDARY_EXEC_ENCLS_EXITING, SECONDARY, "ENCLS exiting", &always },

	{ VM_EXIT_HOST_ADDR_SPACE_SIZE, EXIT, "64-bit host" },
	{ VM_EXIT_SAVE_DEBUG_CONTROLS, EXIT, "saving of debug controls" },
	{ VM_EXIT_LOAD_IA32_PAT, EXIT, "loading of PAT" },
	{ VM_EXIT_SAVE_IA32_EFER, EXIT, "saving of EFER" },
	{ VM_EXIT_LOAD_IA32_EFER, EXIT, "loading of EFER" },

	{ VM_ENTRY_LOAD_DEBUG_CONTROLS, ENTRY, "loading of debug controls" },
	{ VM_ENTRY_LOAD_IA32_PAT, ENTRY, "loading of PAT" },
	{ VM_ENTRY_LOAD_IA32_EFER, ENTRY, "loading of EFER" },
};

/* Secondary controls that make an instruction of some guests' CPUID work. */
#define BY_CPUID	(SECONDARY_EXEC_ENABLE_RDTSCP | \
			 SECONDARY_EXEC_ENABLE_INVPCID)

/*
 * Secondary controls by which the processor has the APIC of x2APIC mode.  Each is
 * of little use without the others, and processors have all or none.
 */
#define APICV		(SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE |	\
			 SECONDARY_EXEC_APIC_REGISTER_VIRT |		\
			 SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY)

static int read_words(u32 must[NR_WORDS], u32 may[NR_WORDS])
{
	bool true_ones = vmx_config.basic & VMX_BASIC_TRUE_CTLS;
	u64 val;
	int i;

	for (i = 0; i < NR_WORDS; i++) {
		if (rdmsrl_safe(true_ones ? words[i].true_msr : words[i].msr,
				&val)) {
			pr_err("this processor has no %s controls of VMX\n",
			       words[i].name);
			return -EOPNOTSUPP;
		}
		must[i] = val;
		may[i] = val >> 32;
	}
	return 0;
}

/* TPR is in the page only with its shadow; the rest builds upon each other. */
static void choose_apic(const u32 may[NR_WORDS])
{
	struct vmx_config *c = &vmx_config;

	if (!apicv || !(c->primary & CPU_BASED_TPR_SHADOW) ||
	    (may[SECONDARY] & APICV) != APICV)
		return;
	c->apicv = APICV;
	if (!posted || !VMM_NOTIFY_VECTOR || !vmm_uses_idt() ||
	    !(may[PIN] & PIN_BASED_POSTED_INTR) ||
	    !(may[EXIT] & VM_EXIT_ACK_INTR_ON_EXIT))
		return;
	c->posted = true;
	c->exit |= VM_EXIT_ACK_INTR_ON_EXIT;
}

static int choose_controls(void)
{
	u32 must[NR_WORDS], may[NR_WORDS], use[NR_WORDS];
	const struct control *c;
	int i, err;

	err = read_words(must, may);
	if (err)
		return err;
	memcpy(use, must, sizeof(use));
	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		c = &controls[i];
		if (c->want && !*c->want)
			continue;
		if (may[c->word] & c->bit) {
			use[c->word] |= c->bit;
		} else if (!c->want) {
			pr_err("this processor lacks a VMX control that is needed: %s (%s, %#x)\n",
			       c->name, words[c->word].name, c->bit);
			return -EOPNOTSUPP;
		}
	}
	/* Without the shadow CR8 is reached by exits. */
	if (!(use[PRIMARY] & CPU_BASED_TPR_SHADOW))
		use[PRIMARY] |= CPU_BASED_CR8_LOAD_EXITING |
				CPU_BASED_CR8_STORE_EXITING;
	vmx_config.pin = use[PIN];
	vmx_config.primary = use[PRIMARY];
	vmx_config.secondary = use[SECONDARY];
	vmx_config.exit = use[EXIT];
	vmx_config.entry = use[ENTRY];
	vmx_config.may_secondary = may[SECONDARY] & BY_CPUID;
	vmx_config.pml = pml && (may[SECONDARY] & SECONDARY_EXEC_ENABLE_PML);
	choose_apic(may);
	return 0;
}

static int choose_basic(void)
{
	u64 misc;

	rdmsrl(MSR_IA32_VMX_BASIC, vmx_config.basic);
	rdmsrl(MSR_IA32_VMX_MISC, misc);
	if (vmx_basic_vmcs_size(vmx_config.basic) > PAGE_SIZE) {
		pr_err("this processor's VMCS is larger than a page\n");
		return -EOPNOTSUPP;
	}
	if (vmx_basic_vmcs_mem_type(vmx_config.basic) != X86_MEMTYPE_WB) {
		pr_err("this processor wants its VMCS in uncached memory\n");
		return -EOPNOTSUPP;
	}
	if (!(misc & VMX_MISC_SAVE_EFER_LMA)) {
		pr_err("this processor does not save EFER.LMA on exits\n");
		return -EOPNOTSUPP;
	}
	vmx_config.timer_shift = vmx_misc_preemption_timer_rate(misc);
	return 0;
}

/* Unrestricted guests may have paging and protection off. */
static void read_fixed_bits(void)
{
	rdmsrl(MSR_IA32_VMX_CR0_FIXED0, vmx_config.cr0_fixed);
	vmx_config.cr0_fixed &= ~(u64)(X86_CR0_PE | X86_CR0_PG);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED0, vmx_config.cr4_fixed);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED1, vmx_config.cr4_allowed);
}

static int check_ept(u64 cap)
{
	static const struct {
		u64 bit;
		const char *name;
	} needed[] = {
		{ VMX_EPT_PAGE_WALK_4_BIT, "a walk of 4 levels" },
		{ VMX_EPTP_WB_BIT, "write-back tables" },
		{ VMX_EPT_2MB_PAGE_BIT, "2 MiB pages" },
		{ VMX_EPT_INVEPT_BIT, "INVEPT" },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		if (cap & needed[i].bit)
			continue;
		pr_err("this processor's EPT lacks %s\n", needed[i].name);
		return -EOPNOTSUPP;
	}
	vmx_config.all_roots = cap & VMX_EPT_EXTENT_GLOBAL_BIT;
	vmx_config.invept = cap & VMX_EPT_EXTENT_CONTEXT_BIT ?
		VMX_EPT_EXTENT_CONTEXT : VMX_EPT_EXTENT_GLOBAL;
	return 0;
}

/* A VPID that cannot be forgotten would be of no use. */
static void check_vpid(u32 cap)
{
	bool can = cap & VMX_VPID_INVVPID_BIT;

	vmx_config.all_vpids = can && cap & VMX_VPID_EXTENT_GLOBAL_CONTEXT_BIT;
	if (can && cap & VMX_VPID_EXTENT_SINGLE_CONTEXT_BIT)
		vmx_config.invvpid = VMX_VPID_EXTENT_SINGLE_CONTEXT;
	else if (vmx_config.all_vpids)
		vmx_config.invvpid = VMX_VPID_EXTENT_ALL_CONTEXT;
	else
		vmx_config.secondary &= ~SECONDARY_EXEC_ENABLE_VPID;
}

static int check_enabled(void)
{
	u64 ctl;

	/* The kernel takes the flag away where firmware has locked VMX out. */
	if (!boot_cpu_has(X86_FEATURE_VMX) &&
	    !(cpuid_ecx(1) & BIT(X86_FEATURE_VMX & 31))) {
		if (boot_cpu_data.x86_vendor != X86_VENDOR_INTEL)
			return -ENODEV;
		pr_err("this processor has no VMX\n");
		return -EOPNOTSUPP;
	}
	if (rdmsrl_safe(MSR_IA32_FEAT_CTL, &ctl))
		ctl = 0;
	if (!(ctl & FEAT_CTL_LOCKED) ||
	    !(ctl & FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX)) {
		pr_err("VMX is disabled by firmware (IA32_FEATURE_CONTROL is %#llx)\n",
		       ctl);
		return -EOPNOTSUPP;
	}
	return 0;
}

static void fill_caps(struct vmm_backend_caps *caps, bool ad)
{
	caps->features = VMM_FEAT_NESTED_PAGING | VMM_FEAT_NEXT_RIP |
			 VMM_FEAT_VNMI;
	if (vmx_config.secondary & SECONDARY_EXEC_ENABLE_VPID)
		caps->features |= VMM_FEAT_FLUSH_BY_ASID;
	if (vmx_config.secondary & SECONDARY_EXEC_PAUSE_LOOP_EXITING)
		caps->features |= VMM_FEAT_PAUSE_FILTER;
	if (vmx_config.apicv)
		caps->features |= VMM_FEAT_APIC;
	if (vmx_config.posted)
		caps->features |= VMM_FEAT_POSTED;
	/* What it logs is the setting of dirty bits. */
	vmx_config.pml = vmx_config.pml && ad;
	if (vmx_config.pml)
		caps->features |= VMM_FEAT_WRITE_LOG;
	caps->npt_levels = 4;
	caps->format = ad ? &npt_format_ept : &npt_format_ept_noad;
}

int vmx_probe(struct vmm_backend_caps *caps)
{
	u64 cap = 0;
	int err;

	err = check_enabled();
	if (err)
		return err;
	err = choose_basic();
	if (err)
		return err;
	err = choose_controls();
	if (err)
		return err;
	rdmsrl(MSR_IA32_VMX_EPT_VPID_CAP, cap);
	err = check_ept(cap);
	if (err)
		return err;
	check_vpid(cap >> 32);
	read_fixed_bits();
	fill_caps(caps, ept_ad && cap & VMX_EPT_AD_BIT);
	return 0;
}
