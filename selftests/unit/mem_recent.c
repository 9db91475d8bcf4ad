// SPDX-License-Identifier: GPL-2.0
/*
 * Pages on probation: the ring against a model; and how often a guest finds its page in memory,
 * with a clock as evict.c has it, with and without probation, in guests that go over all
 * of their memory in order, that have favourites, that have others after a while.
 */
#include <stdlib.h>
#include <string.h>

#include "mem/recent.h"
#include "mem/tree.h"
#include "rnd.h"
#include "tap.h"

static unsigned int below(unsigned int n)
{
	return (rnd() >> 11) % n;
}

/* ---- the ring --------------------------------------------------------------------- */

#define ROOM	64

static void test_ring(void)
{
	u32 page[ROOM], model[ROOM];
	struct vmm_recent r = { .size = ROOM, .page = page };
	unsigned long slots[VMM_BLOCK_PAGES / 64], block = 0;
	unsigned int steps, nr = 0, n, i, most, keep, overflows = 0;
	bool good = true;
	u32 index;

	for (steps = 0; steps < 100000 && good; steps++) {
		index = below(4) ? (nr ? model[nr - 1] + 1 : 7) : below(1 << 30);
		if (below(8)) {
			if (nr == ROOM) {
				memmove(model, model + 1, --nr * sizeof(*model));
				overflows++;
			}
			model[nr++] = index;
			vmm_recent_add(&r, index);
			continue;
		}
		keep = below(ROOM);
		most = 1 + below(ROOM);
		n = vmm_recent_take(&r, keep * 8, most, &block, slots);
		if (keep > ROOM / 2)
			keep = ROOM / 2;
		good &= n <= most && (n ? nr - n >= keep : nr <= keep);
		for (i = 0; i < n; i++)
			good &= model[i] / VMM_BLOCK_PAGES == block &&
				slots[model[i] % VMM_BLOCK_PAGES / 64] >>
				model[i] % 64 & 1;
		/* no more than there was a reason to stop at */
		good &= n == most || nr - n <= keep || !n ||
			model[n] / VMM_BLOCK_PAGES != block;
		for (i = 0, most = 0; i < VMM_BLOCK_PAGES / 64; i++)
			most += __builtin_popcountl(slots[i]);
		good &= most <= n && !most == !n;
		nr -= n;
		memmove(model, model + n, nr * sizeof(*model));
		good &= r.nr == nr;
	}
	tap_ok(good && overflows > 100, "in order, whole, and no further than asked (%u overflows)",
	       overflows);
	vmm_recent_clear(&r);
	tap_ok(!r.nr && !vmm_recent_take(&r, 0, 1, &block, slots), "forgotten");
	tap_ok(vmm_recent_size(0) == 2 && vmm_recent_size(8000) == 1000 &&
	       vmm_recent_size(1UL << 31) == 65536, "room by size");
}

/* ---- a guest ----------------------------------------------------------------------- */

#define PAGES	8192U
#define CACHE	4096U
#define BATCH	64

static struct {
	bool there, young, left;
} page[PAGES];
static unsigned int resident, hand, owed;
static struct vmm_recent recent;
static bool probation;

static void leave(unsigned int i)
{
	page[i].there = false;
	page[i].left = true;
	resident--;
}

static unsigned int clock_step(void)
{
	unsigned int i = hand;

	hand = (hand + 1) % PAGES;
	if (page[i].there && page[i].young) {
		page[i].young = false;
		return 0;
	}
	if (!page[i].there)
		return 0;
	leave(i);
	return 1;
}

static void evict(void)
{
	unsigned long slots[VMM_BLOCK_PAGES / 64], block = 0;
	unsigned int want = BATCH, i;

	for (owed += want; probation && owed >= 4 && want; owed -= 4)
		want -= clock_step();
	while (probation && want &&
	       vmm_recent_take(&recent, resident, want, &block, slots)) {
		for (i = 0; i < VMM_BLOCK_PAGES && want; i++) {
			if (!(slots[i / 64] >> i % 64 & 1) ||
			    !page[block * VMM_BLOCK_PAGES + i].there)
				continue;
			leave(block * VMM_BLOCK_PAGES + i);
			want--;
		}
	}
	while (want)
		want -= clock_step();
}

/* Whether it was there. */
static bool touch(unsigned int i)
{
	bool was = page[i].there;

	page[i].young = true;
	if (was)
		return true;
	if (resident == CACHE)
		evict();
	resident++;
	page[i].there = true;
	if (page[i].left && below(VMM_RECENT_ODDS))
		vmm_recent_add(&recent, i);
	return false;
}

static unsigned int in_order(unsigned int n)
{
	return n % PAGES;
}

static unsigned int in_order_fits_barely(unsigned int n)
{
	return n % (CACHE + CACHE / 4);
}

static unsigned int anywhere(unsigned int n)
{
	return below(PAGES);
}

/* Four of five times it is one of a fifth. */
static unsigned int favourites(unsigned int n)
{
	return below(5) ? below(PAGES / 5) * 5 : below(PAGES);
}

/* In order, what fits; first one half of the memory, then the other. */
static unsigned int other_half(unsigned int n)
{
	return n % (CACHE / 8 * 7) + (n < 10 * CACHE ? 0 : PAGES / 2);
}

/* Hits in a thousand of the second half. */
static unsigned int play(unsigned int (*next)(unsigned int n), bool on)
{
	static u32 ring[PAGES];
	unsigned int n, hits = 0, all = 40 * PAGES;

	memset(page, 0, sizeof(page));
	resident = hand = owed = 0;
	recent = (struct vmm_recent){ .size = vmm_recent_size(PAGES), .page = ring };
	probation = on;
	for (n = 0; n < all; n++)
		hits += touch(next(n)) && n >= all / 2;
	return hits * 2000UL / all;
}

static void test_guest(const char *what, unsigned int (*next)(unsigned int n),
		       unsigned int least, unsigned int less)
{
	unsigned int with = play(next, true), without = play(next, false);

	tap_ok(with >= least && with + less >= without,
	       "%s: %u of 1000 are there, by a clock alone %u", what, with, without);
}

int main(void)
{
	test_ring();
	test_guest("in order, twice what fits", in_order, 350, 0);
	test_guest("in order, a quarter more than fits", in_order_fits_barely, 600, 0);
	test_guest("anywhere", anywhere, 450, 50);
	test_guest("favourites", favourites, 700, 50);
	test_guest("others after a while", other_half, 950, 50);
	return tap_done();
}
