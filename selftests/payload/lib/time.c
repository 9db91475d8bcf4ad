// SPDX-License-Identifier: GPL-2.0
/* time.c: see time.h. */
#include "time.h"
#include "pc.h"
#include "test.h"

#define COUNT		(PIT_HZ / 100)	/* 10 ms */
#define GUESS_KHZ	1000000

u64 tsc_khz = GUESS_KHZ;

/* Mode 0 raises channel 2's output when the count is done; port 0x61 shows it. */
static u64 measure(void)
{
	u64 start, limit, now;

	outb(PORT61, (inb(PORT61) & ~PORT61_SPEAKER) | PORT61_GATE);
	pit_set(2, 0, COUNT);
	start = rdtsc();
	limit = start + 20ull * 1000 * 1000 * 1000;
	do {
		now = rdtsc();
	} while (!(inb(PORT61) & PORT61_OUT) && now < limit);
	return now >= limit ? 0 : (now - start) * 100 / 1000;
}

/* The median of three: a busy host stalls an emulated machine for long. */
void time_calibrate(void)
{
	u64 a = measure(), b = a ? measure() : 0, c = a ? measure() : 0;
	u64 low = a < b ? a : b, high = a < b ? b : a;
	u64 median = c < low ? low : c > high ? high : c;

	if (!median) {
		note("no PIT: TSC taken for 1 GHz");
		return;
	}
	tsc_khz = median;
}
