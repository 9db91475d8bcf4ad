// SPDX-License-Identifier: GPL-2.0
/*
 * What a space consists of, for those who look at it from outside.
 */
#include "npt/space.h"
#include "npt/space_slot.h"

static struct npt_slots *slots_held(struct npt_space *space)
{
	return rcu_dereference_protected(space->slots,
				lockdep_is_held(&space->slots_lock));
}

u64 npt_space_bytes(struct npt_space *space)
{
	struct npt_slots *slots;
	unsigned int i;
	u64 sum = 0;

	mutex_lock(&space->slots_lock);
	slots = slots_held(space);
	for (i = 0; i < slots->nr; i++)
		sum += slots->slot[i]->size;
	mutex_unlock(&space->slots_lock);
	return sum;
}

static struct vmm_mem *mem_of(const struct npt_slots *slots, unsigned int i)
{
	return to_space_slot(slots->slot[i])->mem;
}

static bool seen_before(const struct npt_slots *slots, unsigned int i)
{
	unsigned int k;

	for (k = 0; k < i; k++)
		if (mem_of(slots, k) == mem_of(slots, i))
			return true;
	return false;
}

void npt_space_each_mem(struct npt_space *space,
			void (*fn)(void *ctx, struct vmm_mem *mem), void *ctx)
{
	struct npt_slots *slots;
	unsigned int i;

	mutex_lock(&space->slots_lock);
	slots = slots_held(space);
	for (i = 0; i < slots->nr; i++) {
		if (!seen_before(slots, i))
			fn(ctx, mem_of(slots, i));
	}
	mutex_unlock(&space->slots_lock);
}

static void add_resident(void *sum, struct vmm_mem *mem)
{
	struct vmm_mem_stats stats;

	vmm_mem_stats(mem, &stats);
	*(u64 *)sum += stats.resident << PAGE_SHIFT;
}

u64 npt_space_resident(struct npt_space *space)
{
	u64 sum = 0;

	npt_space_each_mem(space, add_resident, &sum);
	return sum;
}

bool npt_space_slot_next(struct npt_space *space, u32 id,
			 struct npt_slot *found)
{
	const struct npt_slot *best = NULL, *slot;
	struct npt_slots *slots;
	unsigned int i;

	mutex_lock(&space->slots_lock);
	slots = slots_held(space);
	for (i = 0; i < slots->nr; i++) {
		slot = slots->slot[i];
		if (slot->id >= id && (!best || slot->id < best->id))
			best = slot;
	}
	if (best)
		*found = *best;
	mutex_unlock(&space->slots_lock);
	return best;
}
