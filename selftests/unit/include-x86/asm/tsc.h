/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in. */
#ifndef SHIM_ASM_TSC_H
#define SHIM_ASM_TSC_H

#include "fake_host.h"

static inline u64 rdtsc_ordered(void)
{
	return fake.tsc;
}

static inline int check_tsc_unstable(void)
{
	return fake.unstable;
}

#endif
