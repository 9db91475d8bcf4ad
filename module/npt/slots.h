/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMM_NPT_SLOTS_H
#define VMM_NPT_SLOTS_H

/*
 * A slot says that a range of guest-physical addresses is a range of a memory
 * object.  The slots of a space stand in a sorted array that never changes once
 * published: a change builds another array.  Pure but for the array's memory.
 */

#include <linux/types.h>

#include "../mem/mem.h"

struct npt_space;

#define NPT_SLOTS_MAX		512

#define VMM_SLOT_READONLY	(1U << 0)	/* guest writes go to the device model */
#define VMM_SLOT_ALL		VMM_SLOT_READONLY

/**
 * struct vmm_slot - guest-physical range -> (memory object, offset)
 * @base:	first guest-physical address, 4 KiB aligned
 * @size:	bytes, multiple of 4 KiB, not 0
 * @id:		user space's name for it, unique in the space
 * @flags:	VMM_SLOT_*
 * @mem:	the object, referenced
 * @first:	page index in the object of @base
 * @huge_ok:	@base and @first agree modulo 2 MiB
 * @space:	whose slot it is
 * @client:	hears of changes in the object
 *
 * Constant while published; freed an RCU grace period after it was not.
 */
struct vmm_slot {
	u64 base;
	u64 size;
	u32 id;
	u32 flags;
	struct vmm_mem *mem;
	pgoff_t first;
	bool huge_ok;
	struct npt_space *space;
	struct vmm_mem_client client;
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
	struct vmm_slot *slot[];
};

struct vmm_slot *npt_slots_search(struct npt_slots *slots, u64 gpa);
struct vmm_slot *npt_slots_by_id(const struct npt_slots *slots, u32 id);
int npt_slots_check(const struct npt_slots *slots, const struct vmm_slot *new,
		    const struct vmm_slot *except, u64 limit);
void npt_slots_insert(struct npt_slots *to, const struct npt_slots *from,
		      struct vmm_slot *slot);
void npt_slots_remove(struct npt_slots *to, const struct npt_slots *from,
		      const struct vmm_slot *slot);

/* The slot that holds @gpa, or NULL. */
static inline struct vmm_slot *npt_slots_find(struct npt_slots *slots, u64 gpa)
{
	unsigned int hit = READ_ONCE(slots->hit);

	if (likely(hit < slots->nr) &&
	    gpa - slots->slot[hit]->base < slots->slot[hit]->size)
		return slots->slot[hit];
	return npt_slots_search(slots, gpa);
}

static inline pgoff_t vmm_slot_index(const struct vmm_slot *slot, u64 gpa)
{
	return slot->first + ((gpa - slot->base) >> PAGE_SHIFT);
}

#endif /* VMM_NPT_SLOTS_H */
