// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic of clocks.  Pure.
 */
#include <linux/math64.h>
#include <linux/types.h>

#include "x86/pvclock.h"

#define NSEC_PER_MSEC_U64	1000000ULL

struct vmm_clock_scale vmm_clock_scale(u32 khz)
{
	struct vmm_clock_scale s = { 0, 0 };
	u64 ns = NSEC_PER_MSEC_U64, cycles = khz;

	/*
	 * Brings ns / cycles, with the shift taken out, into [1/2, 1), so that
	 * the fraction has all its 32 bits.
	 */
	while (ns >= cycles) {
		cycles <<= 1;
		s.shift++;
	}
	while (ns * 2 < cycles) {
		ns <<= 1;
		s.shift--;
	}
	s.mult = div64_u64(ns << 32, cycles);
	return s;
}

u64 vmm_clock_scale_ns(struct vmm_clock_scale s, u64 cycles)
{
	if (s.shift < 0)
		cycles >>= -s.shift;
	else
		cycles <<= s.shift;
	return mul_u64_u32_shr(cycles, s.mult, 32);
}

u64 vmm_cycles_to_ns(u64 cycles, u32 khz)
{
	u64 ms, rest;

	/* cycles / khz are milliseconds; the rest is less than khz < 2^32. */
	ms = div64_u64_rem(cycles, khz, &rest);
	rest = div64_u64(rest * NSEC_PER_MSEC_U64 + khz - 1, khz);
	if (ms > (~0ULL - rest) / NSEC_PER_MSEC_U64)
		return ~0ULL;
	return ms * NSEC_PER_MSEC_U64 + rest;
}
