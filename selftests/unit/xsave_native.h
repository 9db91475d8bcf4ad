/* SPDX-License-Identifier: GPL-2.0 */
/*
 * This machine's XSAVE and XRSTOR, on areas made at random: the oracle of tests
 * that work on areas or with what is in them.
 */
#ifndef UNIT_XSAVE_NATIVE_H
#define UNIT_XSAVE_NATIVE_H

#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include <linux/types.h>

#include "x86/xsave.h"
#include "rnd.h"

#define AREA	16384

static struct vmm_xsave_layout layout;
static u8 saved[AREA] __attribute__((aligned(64)));
static u8 area[AREA] __attribute__((aligned(64)));
static u8 out[AREA] __attribute__((aligned(64)));
static sigjmp_buf fault;

static bool find_layout(void)
{
	u32 a, b, c, d, i, lo, hi, mask;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1))
		return false;
	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	layout.mask = lo & VMM_XCR0_GUEST;
	for (i = 2; i < 8; i++) {
		if (!(layout.mask >> i & 1))
			continue;
		__cpuid_count(0xd, i, a, b, c, d);
		layout.len[i] = a;
		layout.offset[i] = b;
	}
	layout.size = vmm_xsave_size(&layout, layout.mask);
	asm volatile("fxsave64 (%0)" : : "r" (saved) : "memory");
	memcpy(&mask, saved + 28, sizeof(mask));
	layout.mxcsr_mask = mask ? mask : 0xffbf;
	return layout.size <= AREA;
}

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

/* XRSTOR takes @p; what it loaded is in @out. */
static __attribute__((noinline)) bool loads(const void *p, u64 mask)
{
	u32 lo = mask, hi = mask >> 32;
	bool good = true;

	memset(out, 0, sizeof(out));
	asm volatile("xsave64 (%0)" : : "r" (saved), "a" (~0), "d" (~0) :
		     "memory");
	if (sigsetjmp(fault, 1) == 0)
		asm volatile("xrstor64 (%0)\n\t"
			     "xsave64 (%1)" : : "r" (p), "r" (out), "a" (lo),
			     "d" (hi) : "memory");
	else
		good = false;
	asm volatile("xrstor64 (%0)" : : "r" (saved), "a" (~0), "d" (~0) :
		     "memory");
	return good;
}

/*
 * Drops what @p says to be in use though it is as after a reset: processors differ in what they
 * track, and may do so as they like.
 */
static inline void forget_initial(u8 *p)
{
	static const u8 zeroes[AREA];
	u64 used;
	unsigned int i;

	memcpy(&used, p + 512, sizeof(used));
	if (!memcmp(p + 160, zeroes, 256))
		used &= ~2ULL;
	for (i = 2; i < 8; i++) {
		if (!memcmp(p + layout.offset[i], zeroes, layout.len[i]))
			used &= ~(1ULL << i);
	}
	memcpy(p + 512, &used, sizeof(used));
}

static void put64(size_t offset, u64 v)
{
	memcpy(area + offset, &v, sizeof(v));
}

/* A random area that is valid, but for one thing if @mischief is odd. */
static void make_area(unsigned int mischief)
{
	u32 mxcsr = (u32)rnd() & layout.mxcsr_mask;
	size_t i;

	for (i = 0; i < sizeof(area); i += 8)
		put64(i, rnd());
	memcpy(area + 24, &mxcsr, sizeof(mxcsr));
	memset(area + 512, 0, 64);
	put64(512, rnd() & layout.mask);
	switch (mischief) {
	case 1:
		put64(512, 1ULL << (rnd() & 63));
		break;
	case 3:
		put64(520, 1ULL << (rnd() & 63));
		break;
	case 5:
		put64(528, rnd() | 1);
		break;
	case 7:
		mxcsr |= 1U << (16 + (rnd() & 15));
		memcpy(area + 24, &mxcsr, sizeof(mxcsr));
		break;
	}
}

/*
 * An area without a pending x87 exception, so that the instructions do not fault
 * and its addresses stay out of it.
 */
static void quiet_area(void)
{
	u16 fcw, fsw;

	make_area(0);
	memset(area + 8, 0, 16);
	memcpy(&fcw, area, 2);
	fcw = (fcw & 0x1f3f) | 0x40;
	fsw = (rnd() & 0x7f7f) & ~(~fcw & 0x3f);
	memcpy(area, &fcw, 2);
	memcpy(area + 2, &fsw, 2);
}

#endif
