/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Making CPUID tables.  Pure: the host is what the caller says it is.
 */
#ifndef VMM_X86_CPUID_BUILD_H
#define VMM_X86_CPUID_BUILD_H

#include <linux/types.h>

#include "x86/cpuid.h"

/**
 * struct vmm_cpuid_host - a host to make the supported table for
 * @read:	executes CPUID: EAX and ECX of @regs in, all out
 * @xcr0:	components that guests may have; 0: no XSAVE
 * @xsave_size:	bytes that all of @xcr0 need
 * @tsc_khz:	frequency of the TSC
 * @tsc_stable:	TSCs of all processors agree, and never stop
 * @phys_bits:	guest-physical width that nested tables carry
 * @kvm_features: KVM_FEATURE_* bits that this monitor serves
 */
struct vmm_cpuid_host {
	void (*read)(const struct vmm_cpuid_host *host, u32 regs[4]);
	u64 xcr0;
	u32 xsave_size;
	u32 tsc_khz;
	bool tsc_stable;
	u8 phys_bits;
	u32 kvm_features;
};

/* A table: sorted by leaf and subleaf. */
struct vmm_cpuid_table {
	u32 count;
	struct vmm_cpuid_entry entries[VMM_MAX_CPUID];
};

/* What guests of @host may see.  -ENOSPC: more leaves than a table has. */
int vmm_cpuid_build(const struct vmm_cpuid_host *host,
		    struct vmm_cpuid_table *t);

/* Fills in the topology: one package, @nr_vcpus cores, one thread each. */
void vmm_cpuid_topology(struct vmm_cpuid_entry *entries, unsigned int count,
			u32 apic_id, unsigned int nr_vcpus);

/* @entries shows nothing that @sup does not allow.  0 or -EINVAL. */
int vmm_cpuid_check(struct vmm_cpuid_table *sup,
		    const struct vmm_cpuid_entry *entries, unsigned int n);

/* Takes a checked table over, with index and limits. */
void vmm_cpuid_adopt(struct vmm_cpuid_state *state,
		     const struct vmm_cpuid_entry *entries, unsigned int n);

/* The entry for a leaf and subleaf as instructions name them, or NULL. */
const struct vmm_cpuid_entry *vmm_cpuid_find(const struct vmm_cpuid_state *s,
					     u32 leaf, u32 subleaf);

#endif
