/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The port of the table engine for tests: "physical" table pages live in an
 * arena, so that an address that isn't one is noticed, and every access to an
 * entry first gives the test's imitation of hardware a turn.
 */
#ifndef UNIT_NPT_PORT_H
#define UNIT_NPT_PORT_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <linux/types.h>

#ifndef ENOMEM
#include <linux/errno.h>
#endif

u64 *npt_table_va(u64 phys);
unsigned long *npt_link(u64 phys);

/* Supplied by the test: other walkers of the tables do something. */
void port_race(void);

static inline u64 npt_entry_read(const u64 *slot)
{
	u64 val = *slot;

	port_race();
	return val;
}

static inline void npt_entry_write(u64 *slot, u64 val)
{
	port_race();
	*slot = val;
	port_race();
}

static inline u64 npt_entry_xchg(u64 *slot, u64 val)
{
	u64 old;

	port_race();
	old = *slot;
	*slot = val;
	port_race();
	return old;
}

static inline bool npt_entry_cmpxchg(u64 *slot, u64 *old, u64 val)
{
	bool same;

	port_race();
	same = *slot == *old;
	if (same)
		*slot = val;
	else
		*old = *slot;
	port_race();
	return same;
}

static inline void npt_bit_set(u64 *words, u64 nr)
{
	port_race();
	words[nr / 64] |= 1ULL << nr % 64;
	port_race();
}

static inline u64 npt_word_take(u64 *word)
{
	return npt_entry_xchg(word, 0);
}

#endif
