/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host under the module's clocks, as a test wants it to be.
 */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include <linux/types.h>

/**
 * struct fake_host - what the stand-ins of kernel functions answer
 * @tsc, @boot_ns, @mono_ns, @real_ns: clocks
 * @cpu:	processor that runs this
 * @unstable:	the kernel does not trust the TSC
 * @constant_tsc: the TSC ticks at one rate, always
 * @tsc_clock:	the kernel's time comes from the TSC
 */
struct fake_host {
	u64 tsc, boot_ns, mono_ns, real_ns;
	int cpu;
	bool unstable, constant_tsc, tsc_clock;
};

extern struct fake_host fake;
extern unsigned int tsc_khz;

#endif
