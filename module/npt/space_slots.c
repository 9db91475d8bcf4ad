// SPDX-License-Identifier: GPL-2.0
/*
 * The slots of a space: adding, moving, removing.  A new array is published
 * under slots_lock; what was removed is dropped and freed after a grace period.
 */

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "npt/space.h"
#include "npt/space_slot.h"

/* The array with what it takes to free it. */
struct space_slots {
	struct rcu_head rcu;
	struct npt_slots slots;
};

/* Whoever remembers where a page lies has to look again. */
static void move_generation(struct npt_space *space)
{
	spin_lock(&space->lock);
	/* What made it move is seen by whoever sees it moved. */
	smp_store_release(&space->generation, space->generation + 1);
	spin_unlock(&space->lock);
}

/* Takes write permission from all that the table maps, in one step. */
static bool protect_all(struct npt_space *space)
{
	struct npt_batch batch;

	npt_batch_init(&batch);
	spin_lock(&space->lock);
	npt_tree_protect_all(&space->tree, &batch);
	npt_space_owe(space, &batch, false);
	spin_unlock(&space->lock);
	return npt_space_finish(space, &batch);
}

/* What of @range the slot shows; false: nothing. */
static bool cut_to_slot(const struct space_slot *s, struct vmm_mem_range *range)
{
	pgoff_t end = min(range->first + range->count,
			  s->client.first + s->client.count);

	range->first = max(range->first, s->client.first);
	if (range->first >= end)
		return false;
	range->count = end - range->first;
	return true;
}

static u64 gpa_of(const struct space_slot *s, pgoff_t index)
{
	return s->slot.base + ((u64)(index - s->slot.first) << PAGE_SHIFT);
}

/*
 * Drops the translations of a range.  Around a page that has moved, large leaves are
 * taken apart, so that its neighbours need no fault each, if there is a table page
 * in stock; and that it was written is told its log and others, as it has not changed.
 */
static void drop_range(struct space_slot *s, const struct vmm_mem_range *range,
		       enum vmm_mem_change what, struct npt_batch *batch)
{
	u64 first = gpa_of(s, range->first);
	u64 end = first + ((u64)range->count << PAGE_SHIFT);
	struct npt_space *space = s->space;
	struct npt_keepers keepers;
	bool owed;

	spin_lock(&space->lock);
	owed = batch->flush;
	keepers = npt_space_keepers(s);
	if (what == VMM_MEM_MOVED) {
		if (range->count < VMM_BLOCK_PAGES)
			npt_tree_split(&space->tree, first, NPT_LEVEL_4K,
				       &space->pool, batch);
		if (keepers.log || keepers.tell)
			npt_dirty_leave(&keepers, &space->tree, first, end,
					batch);
	}
	npt_dirty_unmap(&keepers, &space->tree, first, end, batch);
	npt_space_owe(space, batch, owed);
	spin_unlock(&space->lock);
}

static unsigned int space_changed(struct vmm_mem_client *client,
				  const struct vmm_mem_range *range,
				  unsigned int nr, enum vmm_mem_change what)
{
	struct space_slot *s = container_of(client, struct space_slot, client);
	struct vmm_mem_range cut;
	struct npt_batch batch;
	unsigned int i;
	bool flushed;

	move_generation(s->space);
	if (what == VMM_MEM_FROZEN)
		return protect_all(s->space);
	npt_batch_init(&batch);
	for (i = 0; i < nr; i++) {
		cut = range[i];
		if (cut_to_slot(s, &cut))
			drop_range(s, &cut, what, &batch);
	}
	flushed = npt_space_finish(s->space, &batch);
	for (i = 0; what == VMM_MEM_REPLACED && i < nr; i++) {
		cut = range[i];
		if (cut_to_slot(s, &cut))
			npt_space_log_range(s, gpa_of(s, cut.first), cut.count);
	}
	return flushed;
}

/* The bits of @range, cut to the slot, which are added. */
static void space_young(struct vmm_mem_client *client,
			const struct vmm_mem_range *range, unsigned long *bits)
{
	struct space_slot *s = container_of(client, struct space_slot, client);
	DECLARE_BITMAP(young, VMM_BLOCK_PAGES) = { };
	struct vmm_mem_range cut = *range;

	if (!cut_to_slot(s, &cut))
		return;
	npt_space_young(s, gpa_of(s, cut.first), cut.count, young);
	bitmap_shift_left(young, young, cut.first - range->first,
			  VMM_BLOCK_PAGES);
	bitmap_or(bits, bits, young, VMM_BLOCK_PAGES);
}

static int space_written(struct vmm_mem_client *client,
			 const struct vmm_mem_range *range)
{
	struct space_slot *s = container_of(client, struct space_slot, client);
	struct vmm_mem_range cut = *range;

	if (!cut_to_slot(s, &cut))
		return 0;
	return npt_space_written(s, gpa_of(s, cut.first), cut.count);
}

static unsigned int space_settle(struct vmm_mem_client *client)
{
	return npt_space_settle(container_of(client, struct space_slot,
					     client)->space);
}

static const struct vmm_mem_client_ops space_client_ops = {
	.changed	= space_changed,
	.young		= space_young,
	.written	= space_written,
	.settle		= space_settle,
};

static struct space_slots *to_space_slots(struct npt_slots *slots)
{
	return container_of(slots, struct space_slots, slots);
}

static struct npt_slots *slots_alloc(unsigned int nr)
{
	struct space_slots *array;

	array = kzalloc(struct_size(array, slots.slot, nr),
			GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	return array ? &array->slots : NULL;
}

static void slots_free(struct npt_slots *slots)
{
	kfree(to_space_slots(slots));
}

struct npt_slots *npt_space_slots_now(struct npt_space *space)
{
	return rcu_dereference_protected(space->slots,
				lockdep_is_held(&space->slots_lock));
}

static struct space_slot *slot_alloc(struct npt_space *space,
				     const struct npt_slot *slot,
				     struct vmm_mem *mem)
{
	struct space_slot *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return NULL;
	s->slot = *slot;
	s->mem = vmm_mem_ref(mem);
	s->space = space;
	s->client.ops = &space_client_ops;
	s->client.first = slot->first;
	s->client.count = slot->size >> PAGE_SHIFT;
	s->huge_ok = !(((slot->base >> PAGE_SHIFT) ^ slot->first) &
		       (VMM_BLOCK_PAGES - 1));
	return s;
}

static void slot_free(struct space_slot *s)
{
	vmm_mem_unref(s->mem);
	kfree(s);
}

/* Drop and free a slot that nobody finds any more. */
static void slot_retire(struct npt_space *space, struct space_slot *s)
{
	npt_space_unmap(space, s->slot.base, s->slot.size);
	npt_space_lose(s);
	vmm_mem_client_del(s->mem, &s->client);
	npt_space_log_drop(space, s);
	slot_free(s);
}

/* Check @s against the slots in @from, and publish those and it. */
static int publish_with(struct npt_space *space, const struct npt_slots *from,
			struct space_slot *s)
{
	struct npt_slots *to;
	int err;

	err = npt_slots_check(from, &s->slot, s->mem->nr_pages,
			      npt_tree_limit(&space->tree));
	if (err)
		return err;
	to = slots_alloc(from->nr + 1);
	if (!to)
		return -ENOMEM;
	npt_slots_insert(to, from, &s->slot);
	vmm_mem_client_add(s->mem, &s->client);
	rcu_assign_pointer(space->slots, to);
	move_generation(space);
	return 0;
}

/**
 * npt_space_slot_add() - put a range of a memory object into the space
 * @space:	the space
 * @id:		a name, unused so far
 * @base:	guest-physical address
 * @size:	bytes
 * @mem:	the object; the slot takes its own reference
 * @offset:	where in the object, bytes
 * @flags:	NPT_SLOT_*
 *
 * Return: 0, -ENOMEM, -EROFS if the object is frozen and the slot is not read-only,
 * or what npt_slots_check() says.
 */
int npt_space_slot_add(struct npt_space *space, u32 id, u64 base, u64 size,
		       struct vmm_mem *mem, u64 offset, u32 flags)
{
	struct npt_slot slot = {
		.base = base, .size = size, .first = offset >> PAGE_SHIFT,
		.id = id, .flags = flags,
	};
	struct npt_slots *old;
	struct space_slot *s;
	int err;

	if (offset & ~PAGE_MASK)
		return -EINVAL;
	if (mem->frozen && !(flags & NPT_SLOT_READONLY))
		return -EROFS;
	s = slot_alloc(space, &slot, mem);
	if (!s)
		return -ENOMEM;

	mutex_lock(&space->slots_lock);
	old = npt_space_slots_now(space);
	err = publish_with(space, old, s);
	if (!err)
		kfree_rcu(to_space_slots(old), rcu);
	mutex_unlock(&space->slots_lock);

	if (err)
		slot_free(s);
	return err;
}

/* The array without @slot, not published. */
static struct npt_slots *slots_without(const struct npt_slots *from,
				       const struct npt_slot *slot)
{
	struct npt_slots *to = slots_alloc(from->nr - 1);

	if (to)
		npt_slots_remove(to, from, slot);
	return to;
}

/**
 * npt_space_slot_remove() - take a slot away
 * @space:	the space
 * @id:		its name
 *
 * When it returns, nobody reads or writes through it any more; its dirty log
 * ends with it.
 *
 * Return: 0, -ENOENT, -ENOMEM.
 */
int npt_space_slot_remove(struct npt_space *space, u32 id)
{
	struct npt_slots *old, *new;
	struct npt_slot *slot;
	int err = -ENOENT;

	mutex_lock(&space->slots_lock);
	old = npt_space_slots_now(space);
	slot = npt_slots_by_id(old, id);
	if (!slot)
		goto out;
	err = -ENOMEM;
	new = slots_without(old, slot);
	if (!new)
		goto out;
	rcu_assign_pointer(space->slots, new);
	move_generation(space);
	synchronize_rcu();
	slot_retire(space, to_space_slot(slot));
	slots_free(old);
	err = 0;
out:
	mutex_unlock(&space->slots_lock);
	return err;
}

/* Replace @was by a copy of it at @base, in one step for the guest. */
static int slot_move(struct npt_space *space, struct npt_slots *old,
		     struct space_slot *was, u64 base)
{
	struct npt_slot slot = was->slot;
	struct npt_slots *rest;
	struct space_slot *s;
	int err = -ENOMEM;

	slot.base = base;
	s = slot_alloc(space, &slot, was->mem);
	if (!s)
		return -ENOMEM;
	rest = slots_without(old, &was->slot);
	if (!rest)
		goto err_slot;
	err = publish_with(space, rest, s);
	slots_free(rest);
	if (err)
		goto err_slot;
	synchronize_rcu();
	slot_retire(space, was);
	slots_free(old);
	return 0;

err_slot:
	slot_free(s);
	return err;
}

/**
 * npt_space_slot_move() - give a slot another place
 * @space:	the space
 * @id:		its name
 * @base:	new guest-physical address
 *
 * Its dirty log ends: whoever wants one starts it anew.
 *
 * Return: 0, -ENOENT, -ENOMEM, or what npt_slots_check() says.
 */
int npt_space_slot_move(struct npt_space *space, u32 id, u64 base)
{
	struct npt_slots *old;
	struct npt_slot *slot;
	int err = -ENOENT;

	mutex_lock(&space->slots_lock);
	old = npt_space_slots_now(space);
	slot = npt_slots_by_id(old, id);
	if (slot)
		err = slot_move(space, old, to_space_slot(slot), base);
	mutex_unlock(&space->slots_lock);
	return err;
}

struct npt_slots *npt_space_slots_create(void)
{
	return slots_alloc(0);
}

void npt_space_slots_destroy(struct npt_slots *slots)
{
	struct space_slot *s;
	unsigned int i;

	for (i = 0; i < slots->nr; i++) {
		s = to_space_slot(slots->slot[i]);
		npt_space_lose(s);
		vmm_mem_client_del(s->mem, &s->client);
		kvfree(rcu_access_pointer(s->log));
		slot_free(s);
	}
	slots_free(slots);
}
