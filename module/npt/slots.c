// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: search, checks, and building the next array from the last one.
 */

#include <linux/errno.h>

#include "npt/slots.h"

#define PAGE_BITS	0xfffULL

/* How many slots begin at or below @gpa. */
static unsigned int slots_below(const struct npt_slots *slots, u64 gpa)
{
	unsigned int lo = 0, hi = slots->nr;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (slots->slot[mid]->base <= gpa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/**
 * npt_slots_search() - find the slot of an address the long way
 * @slots:	the array
 * @gpa:	guest-physical address
 *
 * Use npt_slots_find(), which tries the last hit first.
 */
struct npt_slot *npt_slots_search(struct npt_slots *slots, u64 gpa)
{
	unsigned int n = slots_below(slots, gpa);
	struct npt_slot *slot;

	if (!n)
		return NULL;
	slot = slots->slot[n - 1];
	if (gpa - slot->base >= slot->size)
		return NULL;
	WRITE_ONCE(slots->hit, n - 1);
	return slot;
}

/**
 * npt_slots_by_id() - find a slot by user space's name for it
 * @slots:	the array
 * @id:		its name
 */
struct npt_slot *npt_slots_by_id(const struct npt_slots *slots, u32 id)
{
	unsigned int i;

	for (i = 0; i < slots->nr; i++) {
		if (slots->slot[i]->id == id)
			return slots->slot[i];
	}
	return NULL;
}

/**
 * npt_slots_check() - whether a slot may be added
 * @slots:	the array that it would join
 * @slot:	the candidate, every field filled by somebody untrusted
 * @mem_pages:	capacity of its memory object
 * @limit:	end of guest-physical space
 *
 * Return: 0, -EINVAL (alignment, size 0, unknown flags), -ERANGE (wraps, or
 * passes the end of the object or of guest-physical space), -EEXIST (overlap,
 * or id in use) or -ENOSPC (too many).
 */
int npt_slots_check(const struct npt_slots *slots, const struct npt_slot *slot,
		    u64 mem_pages, u64 limit)
{
	unsigned int n;
	u64 pages = slot->size >> 12;

	if (((slot->base | slot->size) & PAGE_BITS) || !slot->size ||
	    (slot->flags & ~NPT_SLOT_ALL))
		return -EINVAL;
	if (slot->base >= limit || slot->size > limit - slot->base)
		return -ERANGE;
	if (slot->first >= mem_pages || pages > mem_pages - slot->first)
		return -ERANGE;
	if (npt_slots_by_id(slots, slot->id))
		return -EEXIST;

	n = slots_below(slots, slot->base);
	if (n && slot->base - slots->slot[n - 1]->base < slots->slot[n - 1]->size)
		return -EEXIST;
	if (n < slots->nr && slots->slot[n]->base - slot->base < slot->size)
		return -EEXIST;
	return slots->nr < NPT_SLOTS_MAX ? 0 : -ENOSPC;
}

/**
 * npt_slots_insert() - build the array with one slot more
 * @to:		room for @from->nr + 1 slots
 * @from:	the array now
 * @slot:	what to add; npt_slots_check() has passed
 */
void npt_slots_insert(struct npt_slots *to, const struct npt_slots *from,
		      struct npt_slot *slot)
{
	unsigned int i, at = slots_below(from, slot->base);

	for (i = 0; i < at; i++)
		to->slot[i] = from->slot[i];
	to->slot[at] = slot;
	for (; i < from->nr; i++)
		to->slot[i + 1] = from->slot[i];
	to->nr = from->nr + 1;
	to->hit = at;
}

/**
 * npt_slots_remove() - build the array with one slot less
 * @to:		room for @from->nr - 1 slots
 * @from:	the array now
 * @slot:	what to leave out; it is there
 */
void npt_slots_remove(struct npt_slots *to, const struct npt_slots *from,
		      const struct npt_slot *slot)
{
	unsigned int i;

	to->nr = 0;
	to->hit = 0;
	for (i = 0; i < from->nr; i++) {
		if (from->slot[i] != slot)
			to->slot[to->nr++] = from->slot[i];
	}
}
