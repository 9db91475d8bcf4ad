/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arithmetic of clocks: cycles to nanoseconds and back.  Pure.
 */
#ifndef VMM_X86_PVCLOCK_H
#define VMM_X86_PVCLOCK_H

#include <linux/types.h>

/**
 * struct vmm_clock_scale - ns = (cycles << shift) * mult >> 32
 * @mult:	fraction of 2^32
 * @shift:	to the left; to the right if negative
 */
struct vmm_clock_scale {
	u32 mult;
	s8 shift;
};

/* The scale for a counter of @khz (not 0), as exact as 32 bits can be. */
struct vmm_clock_scale vmm_clock_scale(u32 khz);

/* Nanoseconds of @cycles, modulo 2^64, as a guest computes them. */
u64 vmm_clock_scale_ns(struct vmm_clock_scale s, u64 cycles);

/* Nanoseconds that @cycles take at @khz, rounded up, U64_MAX on overflow. */
u64 vmm_cycles_to_ns(u64 cycles, u32 khz);

#endif
