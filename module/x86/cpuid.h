/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUID: what this host can give to guests, what one vCPU was given, and the
 * answer to one CPUID instruction.
 *
 * A table is an array of struct vmm_cpuid_entry sorted by leaf and subleaf.
 * The supported table is built once, when the module loads, from the host's
 * CPUID seen through the rules (cpuid_rules.h), and is constant after that.
 * A vCPU's table is that one with its topology filled in, until user
 * space replaces it by a subset.  From a vCPU's table the limits follow that
 * all other code asks about: struct vmm_cpu_limits.
 *
 * Pure but for cpuid_host.c.  A vCPU's table belongs to the thread that owns
 * the vCPU; nothing here sleeps or allocates.
 */
#ifndef VMM_X86_CPUID_H
#define VMM_X86_CPUID_H

#include <linux/types.h>
#include <linux/vmm.h>

/* struct vmm_cpu_limits.feat: what CPUID promises, as code asks for it */
enum vmm_cpu_feat {
	VMM_CPU_INTEL,		/* vendor; neither bit for the other vendors */
	VMM_CPU_AMD,		/* AMD or Hygon */
	VMM_CPU_LM,
	VMM_CPU_PAT,
	VMM_CPU_MTRR,
	VMM_CPU_MCE,
	VMM_CPU_MCA,
	VMM_CPU_SEP,
	VMM_CPU_SYSCALL,
	VMM_CPU_XSAVE,
	VMM_CPU_X2APIC,
	VMM_CPU_TSC_DEADLINE,
	VMM_CPU_TSC_ADJUST,
	VMM_CPU_TSC_AUX,	/* RDTSCP or RDPID */
	VMM_CPU_FSGSBASE,
	VMM_CPU_PCID,
	VMM_CPU_IBPB,
	VMM_CPU_ARCH_CAPS,
	VMM_CPU_KVM_CLOCK,	/* MSRs 0x11 and 0x12 */
	VMM_CPU_KVM_CLOCK2,	/* MSRs 0x4b564d00 and 0x4b564d01 */
	VMM_CPU_KVM_STEAL,
	VMM_CPU_CONSTANT_TSC,
};

/**
 * struct vmm_cpu_limits - what follows from a vCPU's CPUID
 * @feat:	one bit for each enum vmm_cpu_feat
 * @cr4_reserved: bits of CR4 that the guest may not set
 * @efer_reserved: likewise EFER
 * @xcr0:	bits of XCR0 that the guest may set; 0 without XSAVE
 * @maxphyaddr:	width of a guest-physical address
 * @gpa_reserved: address bits that have to be zero in CR3 and page tables
 */
struct vmm_cpu_limits {
	u64 feat;
	u64 cr4_reserved;
	u64 efer_reserved;
	u64 xcr0;
	u64 gpa_reserved;
	u8 maxphyaddr;
};

static inline bool vmm_cpu_has(const struct vmm_cpu_limits *l,
			       enum vmm_cpu_feat f)
{
	return l->feat >> f & 1;
}

#define VMM_CPUID_WINDOW	64	/* leaves of each range with an index */

/**
 * struct vmm_cpuid_state - the CPUID of one vCPU
 * @limits:	what follows from it
 * @count:	entries used
 * @max_basic:	highest leaf of the basic range
 * @index:	by range (basic, hypervisor, extended) and leaf: the first
 *		entry of the leaf plus one, 0 where there is none
 * @entries:	sorted by leaf and subleaf
 */
struct vmm_cpuid_state {
	struct vmm_cpu_limits limits;
	u32 count;
	u32 max_basic;
	u8 index[3][VMM_CPUID_WINDOW];
	struct vmm_cpuid_entry entries[VMM_MAX_CPUID];
};

/**
 * struct vmm_cpuid_dyn - state of a vCPU that shows in CPUID
 * @cr4:	CR4, for OSXSAVE
 * @xcr0:	XCR0, for the sizes in leaf 0xd
 * @apic_enabled: IA32_APIC_BASE.EN, for the APIC bit
 */
struct vmm_cpuid_dyn {
	u64 cr4;
	u64 xcr0;
	bool apic_enabled;
};

/* Register order of a CPUID answer. */
enum { VMM_EAX, VMM_EBX, VMM_ECX, VMM_EDX };

/*
 * Reads this host into the supported table.  Process context, once, before
 * anything else here.  @phys_bits: guest-physical width that the nested tables
 * carry.  0, or -ENOSPC if the table is too small for this host.
 */
int vmm_cpuid_setup(unsigned int phys_bits);

/*
 * Copies the supported table to @entries[@max]; returns how many entries there
 * are, which may be more than @max.
 */
unsigned int vmm_cpuid_supported(struct vmm_cpuid_entry *entries,
				 unsigned int max);

/* Gives a vCPU the supported table, with the topology of @nr_vcpus cores. */
void vmm_cpuid_default(struct vmm_cpuid_state *state, u32 apic_id,
		       unsigned int nr_vcpus);

/*
 * Gives a vCPU the table in @entries (sorted or not).  -EINVAL, and nothing
 * changed, for a table with two entries for one leaf and subleaf or with
 * anything that this host does not support.
 */
int vmm_cpuid_set(struct vmm_cpuid_state *state,
		  const struct vmm_cpuid_entry *entries, unsigned int n);

/*
 * Whether the answer for @leaf may depend on struct vmm_cpuid_dyn.  What is out
 * of range may be answered as the last basic leaf.
 */
static inline bool vmm_cpuid_is_dynamic(const struct vmm_cpuid_state *state,
					u32 leaf)
{
	return leaf == 0x1 || leaf == 0xd || leaf > state->max_basic;
}

/*
 * Answers a CPUID instruction: EAX and ECX of @regs in, all four out.  A leaf
 * out of range is answered as the vendor does: Intel with the last basic leaf,
 * the others with zeros.  @dyn counts only for a dynamic leaf.
 */
void vmm_cpuid_exec(const struct vmm_cpuid_state *state,
		    const struct vmm_cpuid_dyn *dyn, u32 regs[4]);

#endif
