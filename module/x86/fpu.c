// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's FPU, vector registers and XCR0.
 *
 * All components that guests may have are saved and restored under the host's
 * XCR0, whatever the guest's is: state that the guest disabled comes back when
 * it enables it again.
 */
#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/processor.h>

#include "x86/cpuid.h"
#include "x86/fpu.h"

/*
 * What this host's processors do; constant after vmm_fpu_setup().
 * @layout:	of the area
 * @xcr0:	XCR0 of the host
 * @xss:	IA32_XSS of the host
 * @xsave:	XSAVE exists and is on; else there is FXSAVE alone
 * @fip_leak:	XRSTOR leaves the last x87 instruction's address in place
 */
static struct {
	struct vmm_xsave_layout layout;
	u64 xcr0;
	u64 xss;
	bool xsave;
	bool fip_leak;
} host __ro_after_init;

#define MXCSR_MASK_OFFSET	28
#define MXCSR_MASK_DEFAULT	0xffbfU

static void fxsave(void *image)
{
	asm volatile("fxsave64 (%0)" : : "r" (image) : "memory");
}

static void fxrstor(const void *image)
{
	asm volatile("fxrstor64 (%0)" : : "r" (image) : "memory");
}

static void xsave(void *area, u64 mask)
{
	asm volatile("xsave64 (%0)" : : "r" (area), "a" ((u32)mask),
		     "d" ((u32)(mask >> 32)) : "memory");
}

static void xrstor(const void *area, u64 mask)
{
	asm volatile("xrstor64 (%0)" : : "r" (area), "a" ((u32)mask),
		     "d" ((u32)(mask >> 32)) : "memory");
}

/* What a processor writes as MXCSR_MASK. */
static u32 read_mxcsr_mask(void *image)
{
	u32 mask;

	kernel_fpu_begin();
	fxsave(image);
	kernel_fpu_end();
	memcpy(&mask, image + MXCSR_MASK_OFFSET, sizeof(mask));
	return mask ? mask : MXCSR_MASK_DEFAULT;
}

static void read_layout(struct vmm_xsave_layout *l)
{
	u32 eax, ebx, ecx, edx;
	unsigned int i;

	l->mask = VMM_XCR0_X87 | VMM_XCR0_SSE;
	l->size = VMM_XSAVE_MIN;
	if (!host.xsave)
		return;
	for (i = 2; i < VMM_NR_XFEATURES; i++) {
		if (!(host.xcr0 & VMM_XCR0_GUEST & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &eax, &ebx, &ecx, &edx);
		l->len[i] = eax;
		l->offset[i] = ebx;
		l->mask |= BIT_ULL(i);
	}
	l->size = vmm_xsave_size(l, l->mask);
}

int vmm_fpu_setup(void)
{
	void *image;

	if (!boot_cpu_has(X86_FEATURE_FXSR))
		return -EOPNOTSUPP;
	host.xsave = boot_cpu_has(X86_FEATURE_XSAVE) &&
		     cpuid_ecx(1) & BIT(X86_FEATURE_OSXSAVE & 31);
	if (host.xsave)
		host.xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	if (host.xsave && boot_cpu_has(X86_FEATURE_XSAVES))
		rdmsrl(MSR_IA32_XSS, host.xss);
	host.fip_leak = boot_cpu_has_bug(X86_BUG_FXSAVE_LEAK);
	read_layout(&host.layout);

	image = kzalloc(roundup_pow_of_two(VMM_XSAVE_LEGACY), GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	host.layout.mxcsr_mask = read_mxcsr_mask(image);
	kfree(image);
	return 0;
}

const struct vmm_xsave_layout *vmm_fpu_layout(void)
{
	return &host.layout;
}

int vmm_fpu_init(struct vmm_fpu *fpu)
{
	/* A power of two is aligned to its own size. */
	fpu->area = kzalloc(roundup_pow_of_two(host.layout.size),
			    GFP_KERNEL_ACCOUNT);
	if (!fpu->area)
		return -ENOMEM;
	fpu->live = false;
	vmm_fpu_reset(fpu, false);
	return 0;
}

void vmm_fpu_free(struct vmm_fpu *fpu)
{
	kfree(fpu->area);
	fpu->area = NULL;
}

void vmm_fpu_reset(struct vmm_fpu *fpu, bool init)
{
	if (init)
		return;
	vmm_xsave_reset(&host.layout, fpu->area);
	fpu->xcr0 = VMM_XCR0_X87;
}

/* ---- in and out of the processor ---------------------------------------- */

static void restore(const struct vmm_fpu *fpu)
{
	static const u32 zero;

	/*
	 * Where only a pending exception has the addresses of the last x87
	 * instruction saved and restored, overwrite those of the host.
	 */
	if (host.fip_leak)
		asm volatile("fnclex\n\t"
			     "emms\n\t"
			     "fildl %0" : : "m" (zero));
	if (host.xsave)
		xrstor(fpu->area, host.layout.mask);
	else
		fxrstor(fpu->area);
}

static void save(struct vmm_fpu *fpu)
{
	if (host.xsave) {
		xsave(fpu->area, host.layout.mask);
		return;
	}
	fxsave(fpu->area);
	vmm_xsave_claim(fpu->area, host.layout.mask);
}

void vmm_fpu_load(struct vmm_fpu *fpu)
{
	/* No part of the state is prepared: all of it gets loaded. */
	kernel_fpu_begin_mask(0);
	restore(fpu);
	if (host.xss)
		wrmsrl(MSR_IA32_XSS, 0);
	if (host.xsave && fpu->xcr0 != host.xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, fpu->xcr0);
	fpu->live = true;
}

/*
 * What is in the processor is fpu->xcr0, but for emulated hosts that carry out
 * a guest's XSETBV themselves.
 */
static u64 take_live_xcr0(struct vmm_fpu *fpu)
{
	u64 xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);

	fpu->xcr0 = (xcr0 & host.layout.mask) | VMM_XCR0_X87;
	return xcr0;
}

u64 vmm_fpu_get_xcr0(struct vmm_fpu *fpu)
{
	if (fpu->live && host.xsave)
		take_live_xcr0(fpu);
	return fpu->xcr0;
}

void vmm_fpu_put(struct vmm_fpu *fpu)
{
	fpu->live = false;
	if (host.xsave && take_live_xcr0(fpu) != host.xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, host.xcr0);
	if (host.xss)
		wrmsrl(MSR_IA32_XSS, host.xss);
	save(fpu);
	kernel_fpu_end();
}

/* ---- state -------------------------------------------------------------- */

int vmm_fpu_set_xcr0(struct vmm_fpu *fpu, const struct vmm_cpu_limits *limits,
		     u64 xcr0)
{
	if (!vmm_xcr0_valid(xcr0, limits->xcr0 & host.layout.mask))
		return -EINVAL;
	fpu->xcr0 = xcr0;
	if (fpu->live && xgetbv(XCR_XFEATURE_ENABLED_MASK) != xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, xcr0);
	return 0;
}

/*
 * While the state is live the area is free for use.  FXSAVE, unlike XSAVE, does
 * not ask the guest's XCR0 whether there are XMM registers.
 */
static void *legacy_begin(struct vmm_fpu *fpu)
{
	if (fpu->live) {
		fxsave(fpu->area);
		vmm_xsave_claim(fpu->area, VMM_XCR0_X87 | VMM_XCR0_SSE);
	}
	return fpu->area;
}

static void legacy_end(struct vmm_fpu *fpu)
{
	if (fpu->live)
		fxrstor(fpu->area);
}

void vmm_fpu_get_xmm(struct vmm_fpu *fpu, unsigned int nr, u64 val[2])
{
	vmm_xsave_get_xmm(legacy_begin(fpu), nr, val);
}

void vmm_fpu_set_xmm(struct vmm_fpu *fpu, unsigned int nr, const u64 val[2])
{
	vmm_xsave_set_xmm(legacy_begin(fpu), nr, val);
	legacy_end(fpu);
}

u64 vmm_fpu_get_mm(struct vmm_fpu *fpu, unsigned int nr)
{
	return vmm_xsave_get_mm(legacy_begin(fpu), nr);
}

void vmm_fpu_set_mm(struct vmm_fpu *fpu, unsigned int nr, u64 val)
{
	vmm_xsave_set_mm(legacy_begin(fpu), nr, val);
	legacy_end(fpu);
}

void vmm_fpu_enter_mmx(struct vmm_fpu *fpu)
{
	vmm_xsave_enter_mmx(legacy_begin(fpu));
	legacy_end(fpu);
}

u32 vmm_fpu_get_word(struct vmm_fpu *fpu, enum vmm_fpu_word which)
{
	return vmm_xsave_get_word(legacy_begin(fpu), which);
}

int vmm_fpu_set_word(struct vmm_fpu *fpu, enum vmm_fpu_word which, u32 val)
{
	if (which == VMM_FPU_MXCSR && val & ~host.layout.mxcsr_mask)
		return -EINVAL;
	vmm_xsave_set_word(legacy_begin(fpu), which, val);
	legacy_end(fpu);
	return 0;
}

/* XSAVE and XRSTOR act on what XCR0 has, which while live is the guest's. */
static u64 wide_mask(struct vmm_fpu *fpu)
{
	return vmm_fpu_get_xcr0(fpu) & host.layout.mask &
	       (VMM_XCR0_SSE | VMM_XCR0_AVX | VMM_XCR0_AVX512);
}

void vmm_fpu_get_ymm(struct vmm_fpu *fpu, unsigned int nr, u64 val[4])
{
	if (fpu->live)
		xsave(fpu->area, wide_mask(fpu));
	vmm_xsave_get_ymm(&host.layout, fpu->area, nr, val);
}

void vmm_fpu_set_ymm(struct vmm_fpu *fpu, unsigned int nr, const u64 val[4])
{
	u64 mask = wide_mask(fpu);

	if (fpu->live)
		xsave(fpu->area, mask);
	vmm_xsave_set_ymm(&host.layout, fpu->area, nr, val);
	if (fpu->live)
		xrstor(fpu->area, mask);
}

u32 vmm_fpu_xsave_size(const struct vmm_fpu *fpu)
{
	return vmm_xsave_size(&host.layout,
			      fpu->xcr0 | vmm_xsave_claims(fpu->area));
}

int vmm_fpu_get_xsave(struct vmm_fpu *fpu, void *buf, size_t size, u64 *xcr0)
{
	u32 need = vmm_fpu_xsave_size(fpu);

	if (size < need)
		return -ENOSPC;
	vmm_xsave_copy(&host.layout, buf, need, fpu->area);
	*xcr0 = fpu->xcr0;
	return need;
}

int vmm_fpu_check_xsave(const struct vmm_cpu_limits *limits, const void *buf,
			size_t size, u64 xcr0)
{
	u64 allowed = (limits->xcr0 | VMM_XCR0_X87 | VMM_XCR0_SSE) &
		      host.layout.mask;

	if (!vmm_xcr0_valid(xcr0, limits->xcr0 ? allowed : VMM_XCR0_X87))
		return -EINVAL;
	return vmm_xsave_check(&host.layout, buf, size, allowed);
}

int vmm_fpu_set_xsave(struct vmm_fpu *fpu, const struct vmm_cpu_limits *limits,
		      const void *buf, size_t size, u64 xcr0)
{
	int err = vmm_fpu_check_xsave(limits, buf, size, xcr0);

	if (err)
		return err;
	vmm_xsave_copy(&host.layout, fpu->area, host.layout.size, buf);
	fpu->xcr0 = xcr0;
	return 0;
}
