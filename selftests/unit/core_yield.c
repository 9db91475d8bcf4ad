// SPDX-License-Identifier: GPL-2.0
/*
 * To whom a spinning vCPU gives way: who is a candidate, and in what order they
 * are asked.
 */
#include <string.h>

#include "core/yield_choice.h"
#include "tap.h"

#define MOST	9

static enum vmm_yield_rank rank(bool waits, bool spins, bool in_user,
				bool interrupted, bool kernel)
{
	struct vmm_yield_view v = {
		.waits = waits, .spins = spins, .in_user = in_user,
		.interrupted = interrupted,
	};

	return vmm_yield_rank(&v, kernel);
}

static void test_ranks(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < 16; i++)
		bad += rank(false, i & 1, i & 2, i & 4, i & 8) !=
		       VMM_YIELD_NEVER;
	tap_ok(!bad, "who has a processor, or sleeps, gets none");
	tap_ok(rank(true, false, false, false, true) == VMM_YIELD_LIKELY &&
	       rank(true, true, false, false, true) == VMM_YIELD_SPINNER,
	       "who has given way itself comes second");
	tap_ok(rank(true, false, true, false, true) == VMM_YIELD_NEVER &&
	       rank(true, true, true, false, true) == VMM_YIELD_NEVER,
	       "user mode holds no lock of the kernel");
	tap_ok(rank(true, false, true, true, true) == VMM_YIELD_LIKELY,
	       "but is to answer an interrupt");
	tap_ok(rank(true, false, true, false, false) == VMM_YIELD_LIKELY &&
	       rank(true, false, false, false, false) == VMM_YIELD_LIKELY,
	       "a spin in user mode may wait for anybody");
}

/* The order in which a walk asks; each is asked once in each round. */
static bool walks(u32 nr, u32 self, u32 last)
{
	struct vmm_yield_walk w = { .nr = nr, .self = self, .last = last };
	u32 round, i, id, want;

	for (round = 0; round < VMM_YIELD_NR_RANKS; round++) {
		for (i = 1; i <= nr; i++) {
			want = (last + i) % nr;
			if (want == self)
				continue;
			if (!vmm_yield_next(&w, &id) || id != want ||
			    w.rank != round)
				return false;
		}
	}
	return !vmm_yield_next(&w, &id) && !vmm_yield_next(&w, &id);
}

static void test_walk(void)
{
	u32 nr, self, last, bad = 0, all = 0;

	for (nr = 1; nr <= MOST; nr++) {
		for (self = 0; self < nr; self++) {
			for (last = 0; last < nr; last++) {
				bad += !walks(nr, self, last);
				all++;
			}
		}
	}
	tap_ok(!bad, "round robin from behind the last (%u of %u are not)", bad,
	       all);
}

/*
 * All wait, and whoever is asked first gets the processor: nobody is forgotten,
 * whoever spins.
 */
static void test_fairness(void)
{
	unsigned int times[MOST] = {}, i, bad = 0;
	u32 last = 0, id;

	for (i = 0; i < 10 * (MOST - 1); i++) {
		struct vmm_yield_walk w = {
			.nr = MOST, .self = 4, .last = last,
		};

		if (vmm_yield_next(&w, &id))
			times[last = id]++;
	}
	for (i = 0; i < MOST; i++)
		bad += times[i] != (i == 4 ? 0 : 10);
	tap_ok(!bad, "all get their turn (%u do not)", bad);
}

int main(void)
{
	test_ranks();
	test_walk();
	test_fairness();
	return tap_done();
}
