/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_NPT_SPACE_SLOT_H
#define VMM_NPT_SPACE_SLOT_H

/* What the files of a space share; for npt/space*.c alone. */

#include <linux/kernel.h>
#include <linux/rcupdate.h>

#include "mem/written.h"
#include "npt/dirty.h"
#include "npt/space.h"

/**
 * struct space_slot - a slot with what it leads to
 * @slot:	where it is
 * @mem:	the object, referenced
 * @space:	whose slot
 * @client:	hears of changes in the object
 * @huge_ok:	guest-physical address and index agree modulo 2 MiB
 * @log:	its dirty log, or NULL; changed under slots_lock and the space's
 *		spin lock, so that faults see it under that one; others under RCU
 */
struct space_slot {
	struct npt_slot slot;
	struct vmm_mem *mem;
	struct npt_space *space;
	struct vmm_mem_client client;
	bool huge_ok;
	struct npt_dirty __rcu *log;
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

/* Inside RCU: the page at @gpa in @s has been written; other traces of that there are. */
static __always_inline void mark_logged(struct space_slot *s, u64 gpa)
{
	struct npt_dirty *log = rcu_dereference(s->log);

	if (unlikely(log))
		npt_dirty_mark(log, gpa);
}

/* Inside RCU: the kernel has written the page at @gpa in @s. */
static __always_inline void mark_written(struct space_slot *s, u64 gpa)
{
	mark_logged(s, gpa);
	vmm_mem_mark_written(s->mem, npt_slot_index(&s->slot, gpa));
}

/* A fault's look at the log; under the space's spin lock. */
static inline struct npt_dirty *locked_log(struct npt_space *space,
					   struct space_slot *s)
{
	return rcu_dereference_protected(s->log,
					 lockdep_is_held(&space->lock));
}

/* Allocates the page at @gpa if there is none; may sleep. */
int npt_space_populate(struct npt_space *space, u64 gpa, unsigned int flags);

/* Drops all translations in a range; when it returns, no CPU has any. */
void npt_space_unmap(struct npt_space *space, u64 first, u64 size);

/*
 * For changes in steps: between taking and dropping the lock @change fills the
 * batch, these count what it owes.  npt_space_finish() does what it asks for, when
 * the lock was dropped: then no CPU uses what was removed or narrowed.
 */
void npt_space_owe(struct npt_space *space, struct npt_batch *batch, bool owed);
void __npt_space_finish(struct npt_space *space, struct npt_batch *batch);

/* Whether that took a flush. */
static inline bool npt_space_finish(struct npt_space *space,
				    struct npt_batch *batch)
{
	bool flush = batch->flush;

	if (flush)
		__npt_space_finish(space, batch);
	return flush;
}

/* Pages of @s have been replaced. */
void npt_space_log_range(struct space_slot *s, u64 gpa, unsigned long count);

/* space_written.c */
struct npt_keepers npt_space_keepers(struct space_slot *s);
int npt_space_written(struct space_slot *s, u64 gpa, unsigned long count);
bool npt_space_settle(struct npt_space *space);
void npt_space_lose(struct space_slot *s);

/* space_young.c */
void npt_space_young(struct space_slot *s, u64 gpa, unsigned long count,
		     unsigned long *bits);

/* The slot goes: so does its log.  slots_lock held, nobody finds the slot. */
void npt_space_log_drop(struct npt_space *space, struct space_slot *s);

/* Slots as they are; slots_lock held. */
struct npt_slots *npt_space_slots_now(struct npt_space *space);

/* An empty array; and the end of all slots, when nobody uses the space. */
struct npt_slots *npt_space_slots_create(void);
void npt_space_slots_destroy(struct npt_slots *slots);

#endif /* VMM_NPT_SPACE_SLOT_H */
