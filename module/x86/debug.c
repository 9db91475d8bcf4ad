// SPDX-License-Identifier: GPL-2.0
/*
 * Breakpoints on what the monitor does for the guest.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "x86/debug.h"

/* DR7 has two enable bits for each breakpoint, then R/W and LEN of each. */
#define ENABLED(dr7, n)	((dr7) >> 2 * (n) & 3)
#define RW(dr7, n)	((dr7) >> (16 + 4 * (n)) & 3)
#define LEN(dr7, n)	((dr7) >> (18 + 4 * (n)) & 3)

static const u8 lengths[] = { 1, 2, 8, 4 };

static bool kind_matches(unsigned int rw, enum vmm_watch what)
{
	return rw == what || (rw == VMM_WATCH_READ && what == VMM_WATCH_WRITE);
}

u64 vmm_watch_match(const u64 db[4], u64 dr7, enum vmm_watch what, u64 addr,
		    unsigned int len)
{
	u64 hits = 0, size, at;
	int i;

	for (i = 0; i < 4; i++) {
		if (!ENABLED(dr7, i) || !kind_matches(RW(dr7, i), what))
			continue;
		size = lengths[LEN(dr7, i)];
		at = db[i] & ~(size - 1);
		/* Differences, so that neither end can wrap. */
		if (addr - at < size || at - addr < len)
			hits |= BIT_ULL(i);
	}
	return hits;
}
