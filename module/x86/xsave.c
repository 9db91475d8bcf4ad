// SPDX-License-Identifier: GPL-2.0
/*
 * The XSAVE area and XCR0 as the architecture defines them.  Pure.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "x86/xsave.h"

/* Where things are in the legacy part and the header. */
#define FCW_OFFSET	0
#define FSW_OFFSET	2
#define FTW_OFFSET	4	/* a bit for each register that is not empty */
#define MXCSR_OFFSET	24
#define MXCSR_END	32	/* MXCSR and its mask */
#define ST_OFFSET	32
#define ST_SIZE		16
#define ST_MANTISSA	8
#define XMM_OFFSET	160
#define XMM_SIZE	16
#define ZMM_HI_SIZE	32
#define XSTATE_BV	512
#define XCOMP_BV	520

/* Components by number. */
#define COMP_AVX	2
#define COMP_ZMM_HI	6

#define FCW_RESET	0x037f
#define FCW_WRITABLE	0x1f3f
#define FCW_FIXED	0x0040
#define FSW_FLAGS	0x003f	/* of exceptions, as FCW has their masks */
#define FSW_PENDING	0x8080	/* ES, and B that follows it */
#define FSW_TOP_SHIFT	11
#define FSW_TOP		(7 << FSW_TOP_SHIFT)
#define MXCSR_RESET	0x1f80

bool vmm_xcr0_valid(u64 xcr0, u64 supported)
{
	u64 avx512 = xcr0 & VMM_XCR0_AVX512;
	u64 mpx = xcr0 & (VMM_XCR0_BNDREGS | VMM_XCR0_BNDCSR);

	if (xcr0 & ~supported || !(xcr0 & VMM_XCR0_X87))
		return false;
	if (xcr0 & VMM_XCR0_AVX && !(xcr0 & VMM_XCR0_SSE))
		return false;
	if (avx512 && (avx512 != VMM_XCR0_AVX512 || !(xcr0 & VMM_XCR0_AVX)))
		return false;
	return !mpx || mpx == (VMM_XCR0_BNDREGS | VMM_XCR0_BNDCSR);
}

u32 vmm_xsave_size(const struct vmm_xsave_layout *l, u64 xcr0)
{
	u32 size = VMM_XSAVE_MIN;
	unsigned int i;

	for (i = 2; i < VMM_NR_XFEATURES; i++) {
		if (xcr0 & l->mask & BIT_ULL(i))
			size = max_t(u32, size, l->offset[i] + l->len[i]);
	}
	return size;
}

static void clear(void *area, size_t size)
{
	u16 fcw = FCW_RESET;
	u32 mxcsr = MXCSR_RESET;

	memset(area, 0, size);
	memcpy(area + FCW_OFFSET, &fcw, sizeof(fcw));
	memcpy(area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
}

void vmm_xsave_reset(const struct vmm_xsave_layout *l, void *area)
{
	clear(area, l->size);
}

static u64 load64(const void *area, size_t offset)
{
	u64 v;

	memcpy(&v, area + offset, sizeof(v));
	return v;
}

int vmm_xsave_check(const struct vmm_xsave_layout *l, const void *area,
		    size_t size, u64 xcr0)
{
	u32 mxcsr;
	size_t i;
	u64 bv;

	if (size < VMM_XSAVE_MIN)
		return -EINVAL;
	bv = load64(area, XSTATE_BV);
	if (bv & ~(l->mask & xcr0) || size < vmm_xsave_size(l, bv))
		return -EINVAL;
	for (i = XCOMP_BV; i < VMM_XSAVE_MIN; i += 8) {
		if (load64(area, i))
			return -EINVAL;
	}
	memcpy(&mxcsr, area + MXCSR_OFFSET, sizeof(mxcsr));
	return mxcsr & ~l->mxcsr_mask ? -EINVAL : 0;
}

u64 vmm_xsave_claims(const void *area)
{
	return load64(area, XSTATE_BV);
}

void vmm_xsave_claim(void *area, u64 mask)
{
	memcpy(area + XSTATE_BV, &mask, sizeof(mask));
}

static void copy_part(void *to, const void *from, size_t offset, size_t len)
{
	memcpy(to + offset, from + offset, len);
}

void vmm_xsave_copy(const struct vmm_xsave_layout *l, void *to, size_t size,
		    const void *area)
{
	u64 bv = vmm_xsave_claims(area);
	unsigned int i;

	clear(to, size);
	if (bv & VMM_XCR0_X87) {
		copy_part(to, area, 0, MXCSR_OFFSET);
		copy_part(to, area, MXCSR_END, XMM_OFFSET - MXCSR_END);
	}
	/* XRSTOR loads MXCSR whether or not SSE state is claimed. */
	copy_part(to, area, MXCSR_OFFSET, sizeof(u32));
	if (bv & VMM_XCR0_SSE)
		copy_part(to, area, XMM_OFFSET, 16 * XMM_SIZE);
	copy_part(to, area, XSTATE_BV, sizeof(bv));
	for (i = 2; i < VMM_NR_XFEATURES; i++) {
		if (bv & BIT_ULL(i))
			copy_part(to, area, l->offset[i], l->len[i]);
	}
}

/* ---- registers of an area at rest ---------------------------------------- */

static u16 load16(const void *area, size_t offset)
{
	u16 v;

	memcpy(&v, area + offset, sizeof(v));
	return v;
}

static void store16(void *area, size_t offset, u16 v)
{
	memcpy(area + offset, &v, sizeof(v));
}

static bool claimed(const void *area, u64 component)
{
	return vmm_xsave_claims(area) & component;
}

static void claim_too(void *area, u64 component)
{
	vmm_xsave_claim(area, vmm_xsave_claims(area) | component);
}

/* From here on the component is what the area has: as it was without it. */
static void own_x87(void *area)
{
	if (claimed(area, VMM_XCR0_X87))
		return;
	memset(area, 0, MXCSR_OFFSET);
	memset(area + ST_OFFSET, 0, XMM_OFFSET - ST_OFFSET);
	store16(area, FCW_OFFSET, FCW_RESET);
	claim_too(area, VMM_XCR0_X87);
}

static void own_sse(void *area)
{
	if (claimed(area, VMM_XCR0_SSE))
		return;
	memset(area + XMM_OFFSET, 0, 16 * XMM_SIZE);
	claim_too(area, VMM_XCR0_SSE);
}

static void own_avx(const struct vmm_xsave_layout *l, void *area)
{
	if (claimed(area, VMM_XCR0_AVX))
		return;
	memset(area + l->offset[COMP_AVX], 0, l->len[COMP_AVX]);
	claim_too(area, VMM_XCR0_AVX);
}

static size_t xmm_offset(unsigned int nr)
{
	return XMM_OFFSET + (nr & 15) * XMM_SIZE;
}

void vmm_xsave_get_xmm(const void *area, unsigned int nr, u64 val[2])
{
	memset(val, 0, XMM_SIZE);
	if (claimed(area, VMM_XCR0_SSE))
		memcpy(val, area + xmm_offset(nr), XMM_SIZE);
}

void vmm_xsave_set_xmm(void *area, unsigned int nr, const u64 val[2])
{
	own_sse(area);
	memcpy(area + xmm_offset(nr), val, XMM_SIZE);
}

static size_t ymm_offset(const struct vmm_xsave_layout *l, unsigned int nr)
{
	return l->offset[COMP_AVX] + (nr & 15) * XMM_SIZE;
}

void vmm_xsave_get_ymm(const struct vmm_xsave_layout *l, const void *area,
		       unsigned int nr, u64 val[4])
{
	vmm_xsave_get_xmm(area, nr, val);
	memset(val + 2, 0, XMM_SIZE);
	if (claimed(area, VMM_XCR0_AVX))
		memcpy(val + 2, area + ymm_offset(l, nr), XMM_SIZE);
}

void vmm_xsave_set_ymm(const struct vmm_xsave_layout *l, void *area,
		       unsigned int nr, const u64 val[4])
{
	vmm_xsave_set_xmm(area, nr, val);
	/* Zeroes where all is zero claim nothing. */
	if (val[2] || val[3])
		own_avx(l, area);
	if (claimed(area, VMM_XCR0_AVX))
		memcpy(area + ymm_offset(l, nr), val + 2, XMM_SIZE);
	if (claimed(area, BIT_ULL(COMP_ZMM_HI)))
		memset(area + l->offset[COMP_ZMM_HI] + (nr & 15) * ZMM_HI_SIZE,
		       0, ZMM_HI_SIZE);
}

/* The area has the x87 registers in the order of the stack, ST(0) first. */
static size_t mm_offset(const void *area, unsigned int nr)
{
	unsigned int top = load16(area, FSW_OFFSET) >> FSW_TOP_SHIFT;

	return ST_OFFSET + ((nr - top) & 7) * ST_SIZE;
}

u64 vmm_xsave_get_mm(const void *area, unsigned int nr)
{
	return claimed(area, VMM_XCR0_X87) ?
		load64(area, mm_offset(area, nr)) : 0;
}

void vmm_xsave_enter_mmx(void *area)
{
	u8 regs[8][ST_SIZE];
	u16 fsw;
	int i;

	own_x87(area);
	for (i = 0; i < 8; i++)
		memcpy(regs[i], area + mm_offset(area, i), ST_SIZE);
	memcpy(area + ST_OFFSET, regs, sizeof(regs));
	fsw = load16(area, FSW_OFFSET);
	store16(area, FSW_OFFSET, fsw & ~FSW_TOP);
	store16(area, FTW_OFFSET, 0xff);
}

void vmm_xsave_set_mm(void *area, unsigned int nr, u64 val)
{
	size_t offset;

	vmm_xsave_enter_mmx(area);
	offset = mm_offset(area, nr);
	memcpy(area + offset, &val, sizeof(val));
	/* Sign and exponent make it no number. */
	store16(area, offset + ST_MANTISSA, 0xffff);
}

u32 vmm_xsave_get_word(const void *area, enum vmm_fpu_word which)
{
	bool x87 = claimed(area, VMM_XCR0_X87);
	u32 mxcsr;

	switch (which) {
	case VMM_FPU_CW:
		return x87 ? load16(area, FCW_OFFSET) : FCW_RESET;
	case VMM_FPU_SW:
		return x87 ? load16(area, FSW_OFFSET) : 0;
	case VMM_FPU_MXCSR:
		break;
	}
	/* XRSTOR loads it whether or not SSE state is claimed. */
	memcpy(&mxcsr, area + MXCSR_OFFSET, sizeof(mxcsr));
	return mxcsr;
}

/* An exception is pending when its flag is set and its mask is not. */
static void set_fcw(void *area, u16 fcw)
{
	u16 fsw;

	own_x87(area);
	fcw = (fcw & FCW_WRITABLE) | FCW_FIXED;
	fsw = load16(area, FSW_OFFSET) & ~FSW_PENDING;
	if (fsw & ~fcw & FSW_FLAGS)
		fsw |= FSW_PENDING;
	store16(area, FCW_OFFSET, fcw);
	store16(area, FSW_OFFSET, fsw);
}

void vmm_xsave_set_word(void *area, enum vmm_fpu_word which, u32 val)
{
	switch (which) {
	case VMM_FPU_CW:
		set_fcw(area, val);
		break;
	case VMM_FPU_MXCSR:
		own_sse(area);
		memcpy(area + MXCSR_OFFSET, &val, sizeof(val));
		break;
	case VMM_FPU_SW:
		break;
	}
}
