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

#define VMM_YMM_SIZE		32

/** enum vmm_fpu_word - what controls and reports arithmetic */
enum vmm_fpu_word {
	VMM_FPU_CW,		/* x87 control word */
	VMM_FPU_SW,		/* x87 status word */
	VMM_FPU_MXCSR,
};

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

/*
 * Copies a valid @area to @to (@size bytes, enough for all components that
 * @area claims), those components alone: an area that the processor wrote, or a
 * stranger sent, has old bytes between them.
 */
void vmm_xsave_copy(const struct vmm_xsave_layout *l, void *to, size_t size,
		    const void *area);

/* The components that @area claims, and the same set. */
u64 vmm_xsave_claims(const void *area);
void vmm_xsave_claim(void *area, u64 mask);

/* One XMM register (0 to 15) of an area at rest. */
void vmm_xsave_get_xmm(const void *area, unsigned int nr, u64 val[2]);
void vmm_xsave_set_xmm(void *area, unsigned int nr, const u64 val[2]);

/*
 * One YMM register (0 to 15) of an area at rest that has room for them.  What is
 * above a register that is set becomes zero.
 */
void vmm_xsave_get_ymm(const struct vmm_xsave_layout *l, const void *area,
		       unsigned int nr, u64 val[4]);
void vmm_xsave_set_ymm(const struct vmm_xsave_layout *l, void *area,
		       unsigned int nr, const u64 val[4]);

/*
 * One MMX register (0 to 7).  They are the mantissas of the x87 registers, by
 * their fixed numbers: the top of the stack goes to 0 and all registers become
 * valid whenever one is used, which for a read vmm_xsave_enter_mmx() does.
 */
u64 vmm_xsave_get_mm(const void *area, unsigned int nr);
void vmm_xsave_set_mm(void *area, unsigned int nr, u64 val);
void vmm_xsave_enter_mmx(void *area);

/* Set is for the two control words; @val has no reserved bit of MXCSR. */
u32 vmm_xsave_get_word(const void *area, enum vmm_fpu_word which);
void vmm_xsave_set_word(void *area, enum vmm_fpu_word which, u32 val);

#endif
