/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_NPT_PORT_H
#define VMM_NPT_PORT_H

/*
 * What the table engine needs from its surroundings: how to reach a table by
 * its physical address, and atomic access to an entry; and likewise for the words of
 * the dirty log.  The unit tests bring a port of their own.
 */

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/types.h>

static inline u64 *npt_table_va(u64 phys)
{
	return __va(phys);
}

/* A word of the owner's beside each table page, not in it. */
static inline unsigned long *npt_link(u64 phys)
{
	return &page_private(pfn_to_page(phys >> PAGE_SHIFT));
}

static inline u64 npt_entry_read(const u64 *slot)
{
	return READ_ONCE(*slot);
}

static inline void npt_entry_write(u64 *slot, u64 val)
{
	/* Earlier stores, to the table that @val links above all, come first. */
	smp_store_release(slot, val);
}

static inline u64 npt_entry_xchg(u64 *slot, u64 val)
{
	return xchg(slot, val);
}

static inline bool npt_entry_cmpxchg(u64 *slot, u64 *old, u64 val)
{
	return try_cmpxchg64(slot, old, val);
}

/* Orders what came before, as npt_word_take() does what comes after. */
static inline void npt_bit_set(u64 *words, u64 nr)
{
	smp_mb__before_atomic();	/* pairs with the exchange below */
	set_bit(nr, (unsigned long *)words);
}

/* The word, which is 0 from now on. */
static inline u64 npt_word_take(u64 *word)
{
	return READ_ONCE(*word) ? xchg(word, 0) : 0;
}

#endif /* VMM_NPT_PORT_H */
