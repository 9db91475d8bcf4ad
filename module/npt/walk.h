/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_NPT_WALK_H
#define VMM_NPT_WALK_H

/*
 * Walk of the guest's own page tables: linear address -> guest-physical.
 *
 * Pure: guest memory is reached through two callbacks only, and a walk touches
 * a handful of entries.  What hardware would report as a page fault comes back as
 * one, with its error code; what a callback refuses comes back unchanged.
 */

#include <linux/types.h>

/*
 * The access.  The bits that also appear in a page-fault error code sit where
 * they do there.
 */
#define NPT_WALK_WRITE		(1U << 1)
#define NPT_WALK_USER		(1U << 2)
#define NPT_WALK_EXEC		(1U << 4)
/* a supervisor access whatever the CPL: descriptor tables, TSS */
#define NPT_WALK_IMPLICIT	(1U << 16)
/* look only: no permission check, accessed and dirty bits stay */
#define NPT_WALK_PEEK		(1U << 17)

/* npt_walk_env.flags: the control bits that matter. */
#define NPT_WALK_PG		(1U << 0)	/* CR0.PG */
#define NPT_WALK_WP		(1U << 1)	/* CR0.WP */
#define NPT_WALK_PSE		(1U << 2)	/* CR4.PSE */
#define NPT_WALK_PAE		(1U << 3)	/* CR4.PAE */
#define NPT_WALK_LMA		(1U << 4)	/* EFER.LMA */
#define NPT_WALK_LA57		(1U << 5)	/* CR4.LA57 */
#define NPT_WALK_NXE		(1U << 6)	/* EFER.NXE */
#define NPT_WALK_SMEP		(1U << 7)	/* CR4.SMEP */
#define NPT_WALK_SMAP		(1U << 8)	/* CR4.SMAP */
#define NPT_WALK_PKE		(1U << 9)	/* CR4.PKE */
#define NPT_WALK_AC		(1U << 10)	/* RFLAGS.AC */
#define NPT_WALK_PAGE1G		(1U << 11)	/* CPUID: 1 GiB pages */
#define NPT_WALK_PSE36		(1U << 12)	/* CPUID: PSE-36 */

/**
 * struct npt_walk_ops - how the walk reaches guest memory
 * @read:	read one entry of @size (4 or 8) bytes, naturally aligned, in one
 *		access; *val is 0 before
 * @cmpxchg:	exchange one entry if it still equals @old; -ESTALE if it
 *		doesn't, -EROFS where writes have no effect
 *
 * Both return 0 or a negative errno.  Others than those two end the walk and are
 * its result: -EWOULDBLOCK where the caller must not sleep, -EFAULT where there
 * is no memory.
 */
struct npt_walk_ops {
	int (*read)(void *ctx, u64 gpa, u64 *val, unsigned int size);
	int (*cmpxchg)(void *ctx, u64 gpa, u64 old, u64 new, unsigned int size);
};

/**
 * struct npt_walk_env - the processor state that a translation depends on
 * @ops:	access to guest memory
 * @ctx:	its first argument
 * @cr3:	guest CR3
 * @pdpte:	the four PAE page-directory pointers where the processor keeps them
 *		in registers, or NULL: read them from memory
 * @flags:	NPT_WALK_PG and so on
 * @pkru:	guest PKRU, looked at with NPT_WALK_PKE
 * @maxphyaddr:	guest's physical address width; bits above are reserved
 */
struct npt_walk_env {
	const struct npt_walk_ops *ops;
	void *ctx;
	u64 cr3;
	const u64 *pdpte;
	u32 flags;
	u32 pkru;
	u8 maxphyaddr;
};

/**
 * struct npt_walk_result - where a linear address leads
 * @gpa:	guest-physical address (NPT_WALK_OK)
 * @error:	page-fault error code (NPT_WALK_FAULT); CR2 is the linear address
 * @shift:	size of the guest's page as a power of two
 * @writable:	a write of the same kind would succeed as well, and the dirty bit
 *		is set already
 * @user:	page is a user page
 */
struct npt_walk_result {
	u64 gpa;
	u32 error;
	u8 shift;
	bool writable;
	bool user;
};

#define NPT_WALK_OK		0
#define NPT_WALK_FAULT		1	/* page fault for the guest */
#define NPT_WALK_NONCANONICAL	2	/* #GP or #SS for the guest */

int npt_guest_walk(const struct npt_walk_env *env, u64 linear,
		   unsigned int access, struct npt_walk_result *res);

#endif /* VMM_NPT_WALK_H */
