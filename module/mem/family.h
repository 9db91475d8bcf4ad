/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_FAMILY_H
#define VMM_MEM_FAMILY_H

/*
 * A family: memory objects that share nodes and pages, all from one ancestor.
 *
 * What is at an index stands there in each of them: so a lock for each block, by
 * its number, is enough for whatever they have there, counts included.  Roots and
 * chunks, and pushing down to the blocks, take all of these locks: then nobody
 * changes a tree.
 */

#include <linux/bitmap.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include "mem/pressure.h"
#include "mem/recent.h"
#include "mem/tree.h"

/* Locks of a family, by block number modulo this. */
#define VMM_FAMILY_LOCKS	16

struct mem_cgroup;
struct vmm_gone_batch;

/**
 * struct vmm_merging - which pages become merged frames; of who merges, and under his lock
 * @domain:	pages of another one are never the same as a family's
 * @off:	no page of it is merged
 * @barred:	likewise, while this is being changed: by how many
 */
struct vmm_merging {
	u64 domain;
	bool off;
	unsigned int barred;
};

/**
 * struct vmm_family - objects of one lineage
 * @ref:	one for each object, and for each batch under way
 * @node:	in the list of all families
 * @top:	counts of roots and of chunks; outside of @lock[]
 * @lock:	each the blocks that fall to it
 * @nr_pages:	of each object, constant
 * @totals:	atomic, or as tree.h says
 * @members:	objects that may have translations: vmm_mem.kin; @members_lock
 * @members_lock: the list; inside of @lock[]
 * @evict_lock:	one eviction at a time; outside of all of these
 * @hand:	the block where the next one goes on; @evict_lock
 * @seen:	pages of that block which were in use when it was looked at; @evict_lock
 * @owed:	pages by which @hand should go on, though others leave; @evict_lock
 * @evicted:	jiffies when one was last; @evict_lock
 * @left:	pages that have left by them; written under @evict_lock
 * @recent_lock: @recent; innermost
 * @recent:	pages that came back lately
 * @gone_lock:	@batch, @waiting
 * @batch:	what is gone and does not wait yet, or NULL; @gone_lock
 * @waiting:	batches that wait for readers, or are being dropped; @gone_lock
 * @dropped:	batches that have been; @gone_lock
 * @policy:	whose pages go, and when: pressure.h
 * @merging:	whether, and with whose
 * @group:	the control group of who made it, constant, referenced
 */
struct vmm_family {
	struct kref ref;
	struct list_head node;
	struct mutex top;
	struct mutex lock[VMM_FAMILY_LOCKS];
	unsigned long nr_pages;
	struct vmm_totals totals;
	struct list_head members;
	struct mutex members_lock;
	struct mutex evict_lock;
	unsigned long hand;
	DECLARE_BITMAP(seen, VMM_BLOCK_PAGES);
	unsigned long owed;
	unsigned long evicted;
	unsigned long left;
	spinlock_t recent_lock;
	struct vmm_recent recent;
	spinlock_t gone_lock;
	struct vmm_gone_batch *batch;
	unsigned int waiting;
	unsigned int dropped;
	struct vmm_policy policy;
	struct vmm_merging merging;
	struct mem_cgroup *group;
};

int vmm_family_init(void);
void vmm_family_exit(void);

struct vmm_family *vmm_family_create(unsigned long nr_pages);
struct vmm_family *vmm_family_get(struct vmm_family *family);
void vmm_family_put(struct vmm_family *family);
struct vmm_family *vmm_family_next(struct vmm_family *family);
u64 vmm_family_pages(void);

static inline struct mutex *vmm_family_lock(struct vmm_family *family,
					    unsigned long index)
{
	return &family->lock[(index >> VMM_BLOCK_SHIFT) % VMM_FAMILY_LOCKS];
}

void vmm_family_lock_all(struct vmm_family *family);
void vmm_family_unlock_all(struct vmm_family *family);

bool vmm_family_hurry(struct vmm_family *family);
void vmm_family_defer(struct vmm_family *family, const struct vmm_gone *gone);
void vmm_family_drop_root(struct vmm_family *family, struct vmm_root *root);

#endif /* VMM_MEM_FAMILY_H */
