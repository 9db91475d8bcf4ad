// SPDX-License-Identifier: GPL-2.0
/* time.c: see time.h. */
#include "time.h"
#include "pc.h"
#include "test.h"

#define COUNT		(PIT_HZ / 50)	/* 20 ms */
#define GUESS_KHZ	1000000

u64 tsc_khz = GUESS_KHZ;

/* Mode 0 raises channel 2's output when the count is done; port 0x61 shows it. */
void time_calibrate(void)
{
	u64 start, limit, now;

	outb(PORT61, (inb(PORT61) & ~PORT61_SPEAKER) | PORT61_GATE);
	pit_set(2, 0, COUNT);
	start = rdtsc();
	limit = start + 20ull * 1000 * 1000 * 1000;
	do {
		now = rdtsc();
	} while (!(inb(PORT61) & PORT61_OUT) && now < limit);
	if (now >= limit) {
		note("no PIT: TSC taken for 1 GHz");
		return;
	}
	tsc_khz = (now - start) * 50 / 1000;
}
