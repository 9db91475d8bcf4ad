/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What may be shown to guests, leaf by leaf.  A leaf that has no rule is shown
 * as zeros.
 */
#ifndef VMM_X86_CPUID_RULES_H
#define VMM_X86_CPUID_RULES_H

#include <linux/types.h>

/*
 * How a register of a leaf is made from the host's, and what user space may
 * put in its place.
 */
enum vmm_cpuid_kind {
	VMM_CPUID_ZERO,		/* 0 */
	VMM_CPUID_BITS,		/* features: masked; any subset */
	VMM_CPUID_MAX,		/* a number: masked; the same or less */
	VMM_CPUID_MAX8,		/* four of them, a byte each */
	VMM_CPUID_SAME,		/* masked; the same */
	VMM_CPUID_ANY,		/* names and figures: masked; anything */
};

/**
 * struct vmm_cpuid_reg - rule for one register
 * @kind:	enum vmm_cpuid_kind
 * @mask:	what is taken from the host
 * @set:	what is shown though the host may not have it
 */
struct vmm_cpuid_reg {
	u8 kind;
	u32 mask;
	u32 set;
};

/**
 * struct vmm_cpuid_rule - rule for one leaf
 * @leaf:	the leaf
 * @first, @last: subleaves the rule is for, if the leaf has any
 * @has_sub:	the leaf depends on ECX
 * @synthetic:	shown even if the host has no such leaf
 * @reg:	in the order EAX, EBX, ECX, EDX
 */
struct vmm_cpuid_rule {
	u32 leaf;
	u8 first, last;
	bool has_sub;
	bool synthetic;
	struct vmm_cpuid_reg reg[4];
};

extern const struct vmm_cpuid_rule vmm_cpuid_rules[];
extern const unsigned int vmm_nr_cpuid_rules;

/* The rule for @leaf and @subleaf, or NULL. */
const struct vmm_cpuid_rule *vmm_cpuid_rule(u32 leaf, u32 subleaf);

#endif
