/* SPDX-License-Identifier: GPL-2.0 */
/*
 * time.h: delays by the TSC, calibrated once against PIT channel 2.
 * Payloads run on slow, shared emulators: a wait is a bound on patience,
 * never a claim about how long a thing takes.
 */
#ifndef PAYLOAD_TIME_H
#define PAYLOAD_TIME_H

#include "cpu.h"

extern u64 tsc_khz;

void time_calibrate(void);

static inline u64 tsc_after_us(u64 us)
{
	return rdtsc() + us * tsc_khz / 1000;
}

static inline void udelay(u64 us)
{
	u64 end = tsc_after_us(us);

	while ((s64)(rdtsc() - end) < 0)
		pause();
}

/* Spins until @cond or for @ms; true if @cond came about. */
#define wait_until(cond, ms) ({					\
	u64 end_ = tsc_after_us((ms) * 1000ull);		\
	bool met_;						\
								\
	while (!(met_ = (cond)) && (s64)(rdtsc() - end_) < 0)	\
		pause();					\
	met_ || (cond);						\
})

/* The same with interrupts on meanwhile; off before and behind. */
#define wait_open(cond, ms) ({					\
	bool came_;						\
								\
	sti();							\
	came_ = wait_until(cond, ms);				\
	cli();							\
	came_;							\
})

#endif
