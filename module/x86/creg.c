// SPDX-License-Identifier: GPL-2.0
/*
 * Which values CR0, CR3, CR4, CR8 and EFER take.  Pure.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "x86/cpuid.h"
#include "x86/creg.h"

#define CR0_DEFINED \
	(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | \
	 X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_NW | X86_CR0_CD | \
	 X86_CR0_PG)

#define PCID_MASK	0xfffULL
#define CR3_NOFLUSH	BIT_ULL(63)
#define PDPTR_PRESENT	BIT_ULL(0)

/* Rules of CR0 alone. */
static bool cr0_valid(u64 val)
{
	if (val >> 32)
		return false;
	if ((val & X86_CR0_PG) && !(val & X86_CR0_PE))
		return false;
	return !(val & X86_CR0_NW) || val & X86_CR0_CD;
}

bool vmm_cr0_write_valid(const struct vmm_cpu_limits *l,
			 const struct vmm_cregs *cur, u64 val)
{
	bool was_on = cur->cr0 & X86_CR0_PG, on = val & X86_CR0_PG;

	if (!cr0_valid(val))
		return false;
	if (!was_on && on && cur->efer & EFER_LME)
		return cur->cr4 & X86_CR4_PAE && !cur->cs_l;
	if (was_on && !on) {
		if (cur->cr4 & X86_CR4_PCIDE)
			return false;
		return !(cur->efer & EFER_LMA && cur->cs_l);
	}
	return true;
}

bool vmm_cr3_write_valid(const struct vmm_cpu_limits *l,
			 const struct vmm_cregs *cur, u64 val)
{
	/* Outside of long mode the upper half is not written. */
	if (!(cur->efer & EFER_LMA))
		return !(val >> 32);
	if (cur->cr4 & X86_CR4_PCIDE)
		val &= ~CR3_NOFLUSH;
	return !(val & l->gpa_reserved);
}

bool vmm_cr4_write_valid(const struct vmm_cpu_limits *l,
			 const struct vmm_cregs *cur, u64 val)
{
	if (val & l->cr4_reserved)
		return false;
	if (cur->efer & EFER_LMA && !(val & X86_CR4_PAE))
		return false;
	if (val & ~cur->cr4 & X86_CR4_PCIDE)
		return cur->efer & EFER_LMA && !(cur->cr3 & PCID_MASK);
	return true;
}

bool vmm_cr8_write_valid(u64 val)
{
	return !(val & ~0xfULL);
}

bool vmm_efer_write_valid(const struct vmm_cpu_limits *l,
			  const struct vmm_cregs *cur, u64 val)
{
	if (val & l->efer_reserved)
		return false;
	return !((val ^ cur->efer) & EFER_LME && cur->cr0 & X86_CR0_PG);
}

u64 vmm_efer_after_write(const struct vmm_cregs *cur, u64 val)
{
	return (val & ~(u64)EFER_LMA) | (cur->efer & EFER_LMA);
}

u64 vmm_efer_after_cr0(u64 efer, u64 cr0)
{
	if (efer & EFER_LME && cr0 & X86_CR0_PG)
		return efer | EFER_LMA;
	return efer & ~(u64)EFER_LMA;
}

u64 vmm_cr0_after_write(u64 val)
{
	return (val & CR0_DEFINED) | X86_CR0_ET;
}

bool vmm_cr0_flushes(u64 old, u64 val)
{
	return (old ^ val) & (X86_CR0_PG | X86_CR0_PE | X86_CR0_WP);
}

bool vmm_cr4_flushes(u64 old, u64 val)
{
	if ((old ^ val) & (X86_CR4_PGE | X86_CR4_PAE | X86_CR4_PSE))
		return true;
	return (old & ~val & X86_CR4_PCIDE) || (val & ~old & X86_CR4_SMEP);
}

bool vmm_cregs_load_pdptrs(const struct vmm_cregs *old,
			   const struct vmm_cregs *new, unsigned int cr)
{
	const u64 cr0 = X86_CR0_PG | X86_CR0_CD | X86_CR0_NW;
	const u64 cr4 = X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP;

	if (!(new->cr0 & X86_CR0_PG) || !(new->cr4 & X86_CR4_PAE) ||
	    new->efer & EFER_LMA)
		return false;
	return cr == 3 || (old->cr0 ^ new->cr0) & cr0 ||
	       (old->cr4 ^ new->cr4) & cr4;
}

bool vmm_pdptr_valid(const struct vmm_cpu_limits *l, u64 pdptr)
{
	const u64 low = GENMASK_ULL(8, 5) | GENMASK_ULL(2, 1);

	return !(pdptr & PDPTR_PRESENT) ||
	       !(pdptr & (low | GENMASK_ULL(63, l->maxphyaddr)));
}

bool vmm_cregs_valid(const struct vmm_cpu_limits *l, const struct vmm_cregs *c)
{
	bool long_mode = c->efer & EFER_LME && c->cr0 & X86_CR0_PG;

	if (!cr0_valid(c->cr0) || c->cr4 & l->cr4_reserved ||
	    c->efer & l->efer_reserved || c->cr3 & l->gpa_reserved)
		return false;
	if (long_mode != !!(c->efer & EFER_LMA))
		return false;
	if (!long_mode)
		return !(c->cr4 & X86_CR4_PCIDE);
	/* L and D together are reserved. */
	return c->cr4 & X86_CR4_PAE && !(c->cs_l && c->cs_db);
}
