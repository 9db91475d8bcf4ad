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
#define MXCSR_OFFSET	24
#define MXCSR_END	32	/* MXCSR and its mask */
#define XMM_OFFSET	160
#define XMM_SIZE	16
#define XSTATE_BV	512
#define XCOMP_BV	520

#define FCW_RESET	0x037f
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

void vmm_xsave_get_xmm(const void *area, unsigned int nr, u64 val[2])
{
	memset(val, 0, XMM_SIZE);
	if (vmm_xsave_claims(area) & VMM_XCR0_SSE)
		memcpy(val, area + XMM_OFFSET + (nr & 15) * XMM_SIZE, XMM_SIZE);
}

void vmm_xsave_set_xmm(void *area, unsigned int nr, const u64 val[2])
{
	u64 bv = vmm_xsave_claims(area);

	if (!(bv & VMM_XCR0_SSE)) {
		memset(area + XMM_OFFSET, 0, 16 * XMM_SIZE);
		vmm_xsave_claim(area, bv | VMM_XCR0_SSE);
	}
	memcpy(area + XMM_OFFSET + (nr & 15) * XMM_SIZE, val, XMM_SIZE);
}
