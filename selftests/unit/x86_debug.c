// SPDX-License-Identifier: GPL-2.0
/*
 * Breakpoints on accesses that the monitor makes, against a comparison byte by
 * byte.
 */
#include <linux/types.h>

#include "tap.h"
#include "x86/debug.h"

static const unsigned int lengths[] = { 1, 2, 8, 4 };

static u64 dr7_of(unsigned int n, unsigned int enable, unsigned int rw,
		  unsigned int len)
{
	return 0x400 | (u64)enable << 2 * n | (u64)rw << (16 + 4 * n) |
	       (u64)len << (18 + 4 * n);
}

/* Whether a byte of one range is in the other, the slow way. */
static bool overlap(u64 a, unsigned int alen, u64 b, unsigned int blen)
{
	unsigned int i, j;

	for (i = 0; i < alen; i++)
		for (j = 0; j < blen; j++)
			if (a + i == b + j)
				return true;
	return false;
}

/* Breakpoint @n with LEN @len at @at, and all accesses around it. */
static unsigned int try_one(unsigned int n, unsigned int len, u64 at,
			    unsigned int *hits)
{
	unsigned int bad = 0, size;
	u64 db[4] = { 0 }, addr, got;
	bool want;

	db[n] = at;
	for (addr = at - 24; addr != at + 24; addr++)
		for (size = 1; size <= 16; size *= 2) {
			want = overlap(at & -(u64)lengths[len], lengths[len],
				       addr, size);
			got = vmm_watch_match(db, dr7_of(n, 1, 1, len),
					      VMM_WATCH_WRITE, addr, size);
			bad += got != (want ? 1ULL << n : 0);
			*hits += want;
		}
	return bad;
}

static void test_ranges(void)
{
	static const u64 places[] = { 0x1000, 0xffffffffffffffe8ULL, 0 };
	unsigned int bad = 0, hits = 0, n, len, p, i;

	for (n = 0; n < 4; n++)
		for (len = 0; len < 4; len++)
			for (p = 0; p < 3; p++)
				for (i = 0; i < 16; i++)
					bad += try_one(n, len, places[p] + i,
						       &hits);
	tap_ok(!bad && hits, "%u accesses hit, the others miss", hits);
}

static void test_kinds(void)
{
	static const bool want[4][4] = {	/* by R/W field and access */
		[1] = { [VMM_WATCH_WRITE] = true },
		[2] = { [VMM_WATCH_PORT] = true },
		[3] = { [VMM_WATCH_WRITE] = true, [VMM_WATCH_READ] = true },
	};
	static const u64 db[4] = { 0x80, 0x80, 0x80, 0x80 };
	unsigned int rw, what, bad = 0;

	for (rw = 0; rw < 4; rw++)
		for (what = 1; what < 4; what++)
			bad += !!vmm_watch_match(db, dr7_of(2, 2, rw, 0), what,
						 0x80, 1) != want[rw][what];
	tap_ok(!bad, "each kind sees what it is for");
	tap_ok(vmm_watch_match(db, dr7_of(0, 1, 1, 0) | dr7_of(3, 2, 3, 0),
			       VMM_WATCH_WRITE, 0x80, 1) == 9,
	       "several at once, enabled for the task or for good");
	tap_ok(!vmm_watch_match(db, dr7_of(1, 0, 1, 0), VMM_WATCH_WRITE, 0x80,
				1) && !vmm_dr7_armed(0xffff0400) &&
	       vmm_dr7_armed(0x480), "disabled ones see nothing");
}

int main(void)
{
	test_ranges();
	test_kinds();
	return tap_done();
}
