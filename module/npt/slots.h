/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_NPT_SLOTS_H
#define VMM_NPT_SLOTS_H

/*
 * The slots of a space, as arithmetic: which guest-physical range is where.
 *
 * A sorted array that never changes once published; a change builds another
 * array.  Pure: the caller brings the arrays and says when to free them.
 */

#include <linux/compiler.h>
#include <linux/types.h>

#define NPT_SLOTS_MAX		512

#define NPT_SLOT_READONLY	(1U << 0)	/* writes go to the device model */
#define NPT_SLOT_ALL		NPT_SLOT_READONLY

/**
 * struct npt_slot - a range of guest-physical addresses that is memory
 * @base:	first guest-physical address, 4 KiB aligned
 * @size:	bytes, multiple of 4 KiB, not 0
 * @first:	page index in the memory object of @base
 * @id:		user space's name for it, unique in the space
 * @flags:	NPT_SLOT_*
 *
 * Constant while published.
 */
struct npt_slot {
	u64 base;
	u64 size;
	u64 first;
	u32 id;
	u32 flags;
};

/**
 * struct npt_slots - all slots of a space
 * @hit:	where the last lookup ended; a hint, any value is safe
 * @nr:		slots
 * @slot:	sorted by base, disjoint
 */
struct npt_slots {
	unsigned int hit;
	unsigned int nr;
	struct npt_slot *slot[];
};

struct npt_slot *npt_slots_search(struct npt_slots *slots, u64 gpa);
struct npt_slot *npt_slots_by_id(const struct npt_slots *slots, u32 id);
int npt_slots_check(const struct npt_slots *slots, const struct npt_slot *slot,
		    u64 mem_pages, u64 limit);
void npt_slots_insert(struct npt_slots *to, const struct npt_slots *from,
		      struct npt_slot *slot);
void npt_slots_remove(struct npt_slots *to, const struct npt_slots *from,
		      const struct npt_slot *slot);

/* The slot that holds @gpa, or NULL. */
static inline struct npt_slot *npt_slots_find(struct npt_slots *slots, u64 gpa)
{
	unsigned int hit = READ_ONCE(slots->hit);

	if (likely(hit < slots->nr) &&
	    gpa - slots->slot[hit]->base < slots->slot[hit]->size)
		return slots->slot[hit];
	return npt_slots_search(slots, gpa);
}

/* Index in the memory object of the page at @gpa. */
static inline u64 npt_slot_index(const struct npt_slot *slot, u64 gpa)
{
	return slot->first + ((gpa - slot->base) >> 12);
}

#endif /* VMM_NPT_SLOTS_H */
