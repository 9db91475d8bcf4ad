/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The XSAVE area and XCR0 as the architecture defines them.  Pure.
 */
#ifndef VMM_X86_XSAVE_H
#define VMM_X86_XSAVE_H

#include <linux/types.h>

#define VMM_XSAVE_LEGACY	512	/* the FXSAVE image */
#define VMM_XSAVE_MIN		576	/* with the header */
#define VMM_NR_XFEATURES	63

/* Components of XCR0 by number; those not named are not for guests. */
#define VMM_XCR0_X87		(1ULL << 0)
#define VMM_XCR0_SSE		(1ULL << 1)
#define VMM_XCR0_AVX		(1ULL << 2)
#define VMM_XCR0_BNDREGS	(1ULL << 3)
#define VMM_XCR0_BNDCSR		(1ULL << 4)
#define VMM_XCR0_AVX512		(7ULL << 5)
#define VMM_XCR0_GUEST		(VMM_XCR0_X87 | VMM_XCR0_SSE | VMM_XCR0_AVX | \
				 VMM_XCR0_AVX512)

/**
 * struct vmm_xsave_layout - the standard form on this host
 * @mask:	components that guests may have
 * @size:	bytes of an area with all of @mask
 * @mxcsr_mask:	bits of MXCSR that may be set
 * @offset, @len: by component, where it is
 */
struct vmm_xsave_layout {
	u64 mask;
	u32 size;
	u32 mxcsr_mask;
	u32 offset[VMM_NR_XFEATURES];
	u32 len[VMM_NR_XFEATURES];
};

/* @xcr0 is a value that XSETBV takes on a processor that has @supported. */
bool vmm_xcr0_valid(u64 xcr0, u64 supported);

/* Bytes of a standard-form area for @xcr0. */
u32 vmm_xsave_size(const struct vmm_xsave_layout *l, u64 xcr0);

/* Puts the state that power-on has into @area (l->size bytes). */
void vmm_xsave_reset(const struct vmm_xsave_layout *l, void *area);

/*
 * @area of @size bytes can be loaded by XRSTOR under @xcr0 without a fault,
 * and has all components that it claims.  0 or -EINVAL.
 */
int vmm_xsave_check(const struct vmm_xsave_layout *l, const void *area,
		    size_t size, u64 xcr0);

/* Takes a checked @area over into @to (l->size bytes). */
void vmm_xsave_import(const struct vmm_xsave_layout *l, void *to,
		      const void *area, size_t size);

#endif
