/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_NPT_SPACE_SLOT_H
#define VMM_NPT_SPACE_SLOT_H

/* What the files of a space share; for npt/space*.c alone. */

#include <linux/kernel.h>
#include <linux/rcupdate.h>

#include "npt/space.h"

/**
 * struct space_slot - a slot with what it leads to
 * @slot:	where it is
 * @mem:	the object, referenced
 * @space:	whose slot
 * @client:	hears of changes in the object
 * @huge_ok:	guest-physical address and index agree modulo 2 MiB
 */
struct space_slot {
	struct npt_slot slot;
	struct vmm_mem *mem;
	struct npt_space *space;
	struct vmm_mem_client client;
	bool huge_ok;
};

static inline struct space_slot *to_space_slot(struct npt_slot *slot)
{
	return container_of(slot, struct space_slot, slot);
}

/* Inside RCU: the slot of @gpa, or NULL. */
static __always_inline struct space_slot *find_slot(struct npt_space *space,
						    u64 gpa)
{
	struct npt_slot *slot;

	slot = npt_slots_find(rcu_dereference(space->slots), gpa);
	return slot ? to_space_slot(slot) : NULL;
}

/* Allocates the page at @gpa if there is none; may sleep. */
int npt_space_populate(struct npt_space *space, u64 gpa, unsigned int flags);

/* Drops all translations in a range; when it returns, no CPU has any. */
void npt_space_unmap(struct npt_space *space, u64 first, u64 size);

/* An empty array; and the end of all slots, when nobody uses the space. */
struct npt_slots *npt_space_slots_create(void);
void npt_space_slots_destroy(struct npt_slots *slots);

#endif /* VMM_NPT_SPACE_SLOT_H */
