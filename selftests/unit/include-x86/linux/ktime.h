/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in. */
#ifndef SHIM_LINUX_KTIME_H
#define SHIM_LINUX_KTIME_H

#include <linux/math64.h>

#include "fake_host.h"

static inline u64 ktime_get_boottime_ns(void)
{
	return fake.boot_ns;
}

/* Unlike boot time it stops with a suspended host. */
static inline u64 ktime_get_ns(void)
{
	return fake.mono_ns;
}

static inline u64 ktime_get_real_ns(void)
{
	return fake.real_ns;
}

struct system_time_snapshot {
	u64 cycles;
};

static inline void ktime_get_snapshot(struct system_time_snapshot *s)
{
	s->cycles = fake.tsc_clock ? fake.tsc++ : 12345;
	fake.tsc++;
}

#endif
