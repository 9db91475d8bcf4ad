/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which values CR0, CR3, CR4, CR8 and EFER take.  Pure: every function tells
 * whether the architecture would raise #GP, and changes nothing.
 *
 * The *_write_valid functions judge one instruction against the state it meets;
 * vmm_cregs_valid() judges a whole state that user space sets.
 */
#ifndef VMM_X86_CREG_H
#define VMM_X86_CREG_H

#include <linux/types.h>

struct vmm_cpu_limits;

/**
 * struct vmm_cregs - control registers that depend on each other
 * @cs_l:	the code segment has its L bit set
 * @cs_db:	likewise D
 */
struct vmm_cregs {
	u64 cr0, cr3, cr4, efer;
	bool cs_l, cs_db;
};

bool vmm_cr0_write_valid(const struct vmm_cpu_limits *l,
			 const struct vmm_cregs *cur, u64 val);
/* @val as MOV CR3 has it: bit 63 only tells not to flush, under CR4.PCIDE. */
bool vmm_cr3_write_valid(const struct vmm_cpu_limits *l,
			 const struct vmm_cregs *cur, u64 val);
bool vmm_cr4_write_valid(const struct vmm_cpu_limits *l,
			 const struct vmm_cregs *cur, u64 val);
bool vmm_cr8_write_valid(u64 val);
bool vmm_efer_write_valid(const struct vmm_cpu_limits *l,
			  const struct vmm_cregs *cur, u64 val);

/* EFER after a valid write of @val to it: LMA is not written. */
u64 vmm_efer_after_write(const struct vmm_cregs *cur, u64 val);

/* EFER after a valid write of @cr0: LMA follows LME and paging. */
u64 vmm_efer_after_cr0(u64 efer, u64 cr0);

/* CR0 as it reads after a valid write of @val: ET is always set. */
u64 vmm_cr0_after_write(u64 val);

/*
 * Whether a change of a control register changes what translations in the TLB
 * mean, so that the guest's must be forgotten.
 */
bool vmm_cr0_flushes(u64 old, u64 val);
bool vmm_cr4_flushes(u64 old, u64 val);

/*
 * Whether a write that makes @old into @new loads the four top-level entries of
 * PAE paging into the processor; @cr: the number of the register written.
 */
bool vmm_cregs_load_pdptrs(const struct vmm_cregs *old,
			   const struct vmm_cregs *new, unsigned int cr);

/* Whether such an entry can be loaded: it has no reserved bit, or is absent. */
bool vmm_pdptr_valid(const struct vmm_cpu_limits *l, u64 pdptr);

bool vmm_cregs_valid(const struct vmm_cpu_limits *l, const struct vmm_cregs *c);

/* @addr is canonical for 48-bit linear addresses. */
static inline bool vmm_canonical(u64 addr)
{
	return (u64)((s64)(addr << 16) >> 16) == addr;
}

/* RIP may be that, or where the lower half's last instruction ends. */
static inline bool vmm_canonical_rip(u64 rip)
{
	return vmm_canonical(rip) || vmm_canonical(rip - 1);
}

#endif
