// SPDX-License-Identifier: GPL-2.0
/*
 * XCR0 and XSAVE areas.  The oracle for areas is this machine's XRSTOR: what
 * the check lets pass must load without a fault, and what it refuses for what
 * is in the header or in MXCSR must fault.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "tap.h"
#include "xsave_native.h"

#define AVX512	VMM_XCR0_AVX512

/* The rules again, as a list of what has to come with what. */
static bool xcr0_reference(u64 v, u64 supported)
{
	static const struct {
		u64 bit, needs;
	} rules[] = {
		{ 1 << 2, 1 << 1 },
		{ 1 << 3, 1 << 4 }, { 1 << 4, 1 << 3 },
		{ 1 << 5, 7 << 5 | 1 << 2 }, { 1 << 6, 7 << 5 | 1 << 2 },
		{ 1 << 7, 7 << 5 | 1 << 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		if (v & rules[i].bit && (v & rules[i].needs) != rules[i].needs)
			return false;
	}
	return v & 1 && (v | supported) == supported;
}

static void test_xcr0(void)
{
	unsigned int bad = 0, good = 0;
	u64 v, s;

	for (s = 0; s < 256; s++) {
		for (v = 0; v < 1024; v++) {
			bool valid = vmm_xcr0_valid(v, s);

			bad += valid != xcr0_reference(v, s);
			good += valid;
		}
	}
	tap_ok(!bad && good, "XCR0: all of 10 bits on 256 processors");
	tap_ok(vmm_xcr0_valid(1, 1) && !vmm_xcr0_valid(0, 1),
	       "XCR0: x87 alone, and nothing without it");
	tap_ok(!vmm_xcr0_valid(1ULL << 9 | 3, VMM_XCR0_GUEST),
	       "XCR0: protection keys are not for guests");
}

/* ---- on this machine ---------------------------------------------------- */

static void test_native(void)
{
	unsigned int i, passed = 0, refused = 0, faults = 0, missed = 0;

	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	for (i = 0; i < 20000; i++) {
		make_area(i & 7);
		if (vmm_xsave_check(&layout, area, sizeof(area),
				    layout.mask) == 0) {
			passed++;
			faults += !loads(area, layout.mask);
		} else {
			refused++;
			/* The processor may have what guests may not. */
			if ((i & 7) != 1)
				missed += loads(area, layout.mask);
		}
	}
	tap_ok(passed > 5000 && !faults, "%u areas that pass load (%u fault)",
	       passed, faults);
	tap_ok(refused > 5000 && !missed,
	       "%u areas that are refused fault (%u load)", refused, missed);
}

/*
 * Whether @copy loads to what the area does.  A switch to another thread between
 * load and save may turn a component into its initial state or back, as the
 * processor tracks it: a difference counts if it stays.
 */
static bool load_alike(const u8 *copy, u8 *first)
{
	int tries;

	for (tries = 0; tries < 5; tries++) {
		if (!loads(area, layout.mask))
			return false;
		memcpy(first, out, AREA);
		if (!loads(copy, layout.mask))
			return false;
		if (!memcmp(first, out, layout.size))
			return true;
	}
	return false;
}

/* A copy loads as the original does, whatever is between the components. */
static void test_copy(void)
{
	static u8 copy[AREA] __attribute__((aligned(64)));
	static u8 first[AREA];
	unsigned int i, bad = 0;

	for (i = 0; i < 2000; i++) {
		/* Addresses of x87 come back only with an exception pending. */
		make_area(0);
		memset(area + 8, 0, 16);
		memset(copy, 0xa5, sizeof(copy));
		vmm_xsave_copy(&layout, copy, layout.size, area);
		bad += !load_alike(copy, first);
		bad += vmm_xsave_check(&layout, copy, layout.size,
				       layout.mask) != 0;
		bad += copy[layout.size] != 0xa5;
	}
	tap_ok(!bad, "copies load alike");
}

static void test_reset_native(void)
{
	u16 fcw;
	u32 mxcsr;

	memset(area, 0xff, sizeof(area));
	vmm_xsave_reset(&layout, area);
	tap_ok(vmm_xsave_check(&layout, area, layout.size, layout.mask) == 0 &&
	       loads(area, layout.mask), "the state after power-on loads");
	memcpy(&fcw, area, 2);
	memcpy(&mxcsr, area + 24, 4);
	tap_ok(fcw == 0x37f && mxcsr == 0x1f80, "with its control words");
}

static void test_xmm_native(void)
{
	u64 want[2] = { 0x1122334455667788, 0x99aabbccddeeff00 }, got[2];
	unsigned int nr, bad = 0;

	for (nr = 0; nr < 16; nr++) {
		make_area(0);
		put64(512, nr & 1 ? layout.mask : 0);
		vmm_xsave_get_xmm(area, nr, got);
		bad += !(nr & 1) && (got[0] || got[1]);
		vmm_xsave_set_xmm(area, nr, want);
		bad += !loads(area, layout.mask);
		vmm_xsave_get_xmm(out, nr, got);
		bad += memcmp(want, got, 16) != 0;
		vmm_xsave_get_xmm(out, (nr + 1) & 15, got);
		bad += !(nr & 1) && (got[0] || got[1]);
	}
	tap_ok(!bad, "XMM registers, with and without state before");
}

/* ---- single registers against the processor's instructions --------------- */

static u64 operand[4];

/* Loads an area, executes on @operand, saves to @out. */
#define NATIVE(name, insn)						\
static __attribute__((noinline)) void name(void)			\
{									\
	u32 lo = layout.mask, hi = layout.mask >> 32;			\
									\
	memset(out, 0, sizeof(out));					\
	asm volatile("xsave64 (%0)" : : "r" (saved), "a" (~0),		\
		     "d" (~0) : "memory");				\
	asm volatile("xrstor64 (%0)\n\t" insn "\n\t"			\
		     "xsave64 (%1)" : : "r" (area), "r" (out),		\
		     "a" (lo), "d" (hi), "c" (operand) : "memory");	\
	asm volatile("xrstor64 (%0)" : : "r" (saved), "a" (~0),		\
		     "d" (~0) : "memory");				\
}

NATIVE(load_mm5, "movq (%%rcx), %%mm5")
NATIVE(store_mm5, "movq %%mm5, (%%rcx)")
NATIVE(load_ymm9, "vmovdqu (%%rcx), %%ymm9")
NATIVE(store_ymm9, "vmovdqu %%ymm9, (%%rcx)")
NATIVE(load_cw, "fldcw (%%rcx)")
NATIVE(store_cw, "fnstcw (%%rcx)")
NATIVE(store_sw, "fnstsw (%%rcx)")
NATIVE(load_mxcsr, "ldmxcsr (%%rcx)")
NATIVE(store_mxcsr, "stmxcsr (%%rcx)")

static void do_load_mm5(u8 *to)
{
	vmm_xsave_set_mm(to, 5, operand[0]);
}

static void do_store_mm5(u8 *to)
{
	operand[0] = vmm_xsave_get_mm(to, 5);
	vmm_xsave_enter_mmx(to);
}

static void do_load_ymm9(u8 *to)
{
	vmm_xsave_set_ymm(&layout, to, 9, operand);
}

static void do_store_ymm9(u8 *to)
{
	vmm_xsave_get_ymm(&layout, to, 9, operand);
}

static void do_load_cw(u8 *to)
{
	vmm_xsave_set_word(to, VMM_FPU_CW, operand[0]);
}

static void store_word(u8 *to, enum vmm_fpu_word which, size_t size)
{
	u32 val = vmm_xsave_get_word(to, which);

	memcpy(operand, &val, size);
}

static void do_store_cw(u8 *to)
{
	store_word(to, VMM_FPU_CW, 2);
}

static void do_store_sw(u8 *to)
{
	store_word(to, VMM_FPU_SW, 2);
}

static void do_load_mxcsr(u8 *to)
{
	vmm_xsave_set_word(to, VMM_FPU_MXCSR, operand[0]);
}

static void do_store_mxcsr(u8 *to)
{
	store_word(to, VMM_FPU_MXCSR, 4);
}

static const struct move {
	const char *name;
	void (*native)(void);
	void (*ours)(u8 *to);
	u64 needs;
} moves[] = {
	{ "an MMX load", load_mm5, do_load_mm5 },
	{ "an MMX store", store_mm5, do_store_mm5 },
	{ "a YMM load", load_ymm9, do_load_ymm9, VMM_XCR0_AVX },
	{ "a YMM store", store_ymm9, do_store_ymm9, VMM_XCR0_AVX },
	{ "FLDCW", load_cw, do_load_cw },
	{ "FNSTCW", store_cw, do_store_cw },
	{ "FNSTSW", store_sw, do_store_sw },
	{ "LDMXCSR", load_mxcsr, do_load_mxcsr },
	{ "STMXCSR", store_mxcsr, do_store_mxcsr },
};

/* See load_alike() for the tries. */
static bool move_alike(const struct move *m)
{
	static u8 copy[AREA] __attribute__((aligned(64)));
	static u8 first[AREA];
	u64 start[4], native[4];
	int tries;

	memcpy(start, operand, sizeof(start));
	for (tries = 0; tries < 5; tries++) {
		memcpy(operand, start, sizeof(start));
		m->native();
		memcpy(first, out, AREA);
		memcpy(native, operand, sizeof(native));
		memcpy(operand, start, sizeof(start));
		memcpy(copy, area, AREA);
		m->ours(copy);
		if (memcmp(native, operand, sizeof(native)))
			return false;
		if (!loads(copy, layout.mask))
			return false;
		/* Masking nothing any more, FLDCW brings the addresses in. */
		memset(first + 6, 0, 18);
		memset(out + 6, 0, 18);
		if (!memcmp(first, out, layout.size))
			return true;
	}
	return false;
}

static void test_moves_native(void)
{
	unsigned int i, n, bad;

	for (i = 0; i < sizeof(moves) / sizeof(*moves); i++) {
		const struct move *m = &moves[i];

		if (m->needs & ~layout.mask) {
			tap_ok(true, "%s # SKIP not on this machine", m->name);
			continue;
		}
		for (n = 0, bad = 0; n < 3000; n++) {
			quiet_area();
			operand[0] = rnd();
			operand[1] = rnd();
			operand[2] = rnd();
			operand[3] = rnd();
			if (m->native == load_mxcsr)
				operand[0] &= layout.mxcsr_mask;
			bad += !move_alike(m);
		}
		tap_ok(!bad, "%s does as the processor's (%u differ)", m->name,
		       bad);
	}
}

/* ---- sizes -------------------------------------------------------------- */

static void test_sizes(void)
{
	static const struct vmm_xsave_layout l = {
		.mask = VMM_XCR0_GUEST,
		.size = 2688,
		.mxcsr_mask = 0xffff,
		.offset = { [2] = 576, [5] = 1088, [6] = 1152, [7] = 1664 },
		.len = { [2] = 256, [5] = 64, [6] = 512, [7] = 1024 },
	};
	unsigned int size, bad = 0;

	tap_ok(vmm_xsave_size(&l, 1) == 576 && vmm_xsave_size(&l, 3) == 576 &&
	       vmm_xsave_size(&l, 7) == 832 &&
	       vmm_xsave_size(&l, 0xe7) == 2688 &&
	       vmm_xsave_size(&l, ~0ULL) == 2688, "sizes by XCR0");
	vmm_xsave_reset(&l, area);
	for (size = 0; size < 2688; size++) {
		/* Memory of just this size, for the sanitizer to watch. */
		u8 *p = malloc(size ? size : 1);

		memcpy(p, area, size);
		bad += vmm_xsave_check(&l, p, size, ~0ULL) !=
		       (size < 576 ? -EINVAL : 0);
		if (size >= 576) {
			p[512] = 4;
			bad += vmm_xsave_check(&l, p, size, ~0ULL) !=
			       (size < 832 ? -EINVAL : 0);
			bad += vmm_xsave_check(&l, p, size, 3) != -EINVAL;
		}
		free(p);
	}
	area[575] = 1;
	bad += vmm_xsave_check(&l, area, 2688, ~0ULL) != -EINVAL;
	tap_ok(!bad, "an area too small for what it claims is refused");
}

int main(void)
{
	test_xcr0();
	test_sizes();
	if (!find_layout()) {
		tap_ok(true, "this machine's XRSTOR # SKIP no XSAVE");
		return tap_done();
	}
	test_native();
	test_copy();
	test_reset_native();
	test_xmm_native();
	test_moves_native();
	return tap_done();
}
