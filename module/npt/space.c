// SPDX-License-Identifier: GPL-2.0
/*
 * Spaces: slots, faults, and access by the kernel.  See space.h.
 *
 * A fault runs in two parts.  The first tries everything inside one RCU read
 * section, without sleeping: find the slot, find the page, and under the spin
 * lock make the translation.  If memory is missing, the second part allocates it
 * outside, stores it where the first part will find it (the object's layer, the
 * space's pool of table pages), and the first part runs again.  So whatever is
 * looked up is used within one RCU section, and
 * - a slot that is being removed: npt_space_slot_remove() unpublishes it, waits
 *   for a grace period, and only then drops its translations.  Every fault
 *   that found the slot has ended by then, and later ones don't find it;
 * - a page that is being discarded: mem.c argues that one.
 *
 * The kernel's own accesses use no translation of the nested table.  They find
 * slot and page the same way, and copy inside the RCU section, without a
 * reference: pages are freed a grace period after they left their object.
 */

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "mem/hold.h"
#include "npt/port.h"
#include "npt/space.h"

/* Fails rather than wakes the OOM killer. */
#define TABLE_GFP	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | \
			 __GFP_RETRY_MAYFAIL)

/* Table pages in stock: enough for two faults in a new part of the tree. */
#define POOL_PAGES	(2 * NPT_LEVELS_MAX)

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

/* The array with what it takes to free it. */
struct space_slots {
	struct rcu_head rcu;
	struct npt_slots slots;
};

static struct space_slot *to_space_slot(struct npt_slot *slot)
{
	return container_of(slot, struct space_slot, slot);
}

/* --- tables -------------------------------------------------------------- */

static u64 table_alloc(void)
{
	struct page *page = alloc_page(TABLE_GFP);

	return page ? page_to_phys(page) : 0;
}

static void tables_free(struct npt_pages *pages)
{
	while (pages->count)
		__free_page(pfn_to_page(npt_pages_pop(pages) >> PAGE_SHIFT));
}

/* Bring the pool up to its mark; may sleep. */
static int pool_fill(struct npt_space *space)
{
	u64 page;

	while (READ_ONCE(space->pool.count) < POOL_PAGES) {
		page = table_alloc();
		if (!page)
			return -ENOMEM;
		spin_lock(&space->lock);
		npt_pages_push(&space->pool, page);
		spin_unlock(&space->lock);
	}
	return 0;
}

/*
 * Do what a batch asks for, after the lock was dropped: when this returns, no
 * CPU uses what was removed, and the caller may free the pages behind it.
 */
static void batch_finish(struct npt_space *space, struct npt_batch *batch)
{
	struct npt_pages free = { };

	if (!batch->flush)
		return;
	atomic64_inc(&space->nr_flushes);
	space->ops->flush(space);
	npt_batch_release(space->tree.fmt, batch, &free);
	spin_lock(&space->lock);
	npt_tree_account(&space->tree, batch);
	spin_unlock(&space->lock);
	tables_free(&free);
}

static void unmap_range(struct npt_space *space, u64 first, u64 size)
{
	struct npt_batch batch;

	npt_batch_init(&batch);
	spin_lock(&space->lock);
	npt_tree_unmap(&space->tree, first, first + size, &batch);
	spin_unlock(&space->lock);
	batch_finish(space, &batch);
}

static void space_invalidate(struct vmm_mem_client *client, pgoff_t first,
			     unsigned long count)
{
	struct space_slot *s = container_of(client, struct space_slot, client);
	u64 base = s->slot.base + ((u64)(first - s->slot.first) << PAGE_SHIFT);

	unmap_range(s->space, base, (u64)count << PAGE_SHIFT);
}

static const struct vmm_mem_client_ops space_client_ops = {
	.invalidate	= space_invalidate,
};

/* --- faults -------------------------------------------------------------- */

/* Inside RCU: the slot of @gpa, or NULL. */
static __always_inline struct space_slot *find_slot(struct npt_space *space,
						    u64 gpa)
{
	struct npt_slot *slot;

	slot = npt_slots_find(rcu_dereference(space->slots), gpa);
	return slot ? to_space_slot(slot) : NULL;
}

static unsigned int mem_flags(unsigned int access)
{
	return access & NPT_WRITE ? VMM_MEM_WRITE : 0;
}

/* The largest leaf that may map @gpa to @page. */
static unsigned int leaf_level(const struct space_slot *s, u64 gpa,
			       const struct vmm_mem_page *page)
{
	u64 size = npt_level_size(NPT_LEVEL_2M);
	u64 start = round_down(gpa, size);

	if (!page->huge || !s->huge_ok || start < s->slot.base ||
	    start - s->slot.base + size > s->slot.size)
		return NPT_LEVEL_4K;
	return NPT_LEVEL_2M;
}

static bool entry_allows(const struct npt_format *fmt, u64 entry,
			 unsigned int access)
{
	return npt_present(fmt, entry) &&
	       (!(access & NPT_WRITE) || npt_writable(fmt, entry));
}

/*
 * Whether a new leaf takes the place of something that CPUs may have cached:
 * @entry stands at level @found, or a hole does.
 */
static bool replaces(const struct npt_format *fmt, u64 entry,
		     unsigned int found, u64 phys, unsigned int level)
{
	if (!npt_present(fmt, entry))
		return found < level;
	return found != level || npt_addr(fmt, entry) != phys;
}

/*
 * Make the translation.  What would need a flush (a table gives way to a large
 * leaf, which is rare) is left to a caller who may sleep.
 */
static int install(struct npt_space *space, const struct space_slot *s, u64 gpa,
		   unsigned int access, unsigned int flags,
		   const struct vmm_mem_page *page, struct npt_batch *batch)
{
	struct npt_tree *tree = &space->tree;
	unsigned int level = leaf_level(s, gpa, page), found;
	u64 mask = ~(npt_level_size(level) - 1);
	unsigned int prot = NPT_READ | NPT_EXEC;
	bool dirty = access & NPT_WRITE;
	u64 entry;

	lockdep_assert_held(&space->lock);

	entry = npt_tree_lookup(tree, gpa, &found);
	if (entry_allows(tree->fmt, entry, access))
		return 0;	/* another vCPU was faster */
	if (space->pool.count < tree->levels)
		return -EWOULDBLOCK;
	if ((flags & VMM_MEM_NOWAIT) &&
	    replaces(tree->fmt, entry, found, page->phys & mask, level))
		return -EWOULDBLOCK;
	if (page->writable && !(s->slot.flags & NPT_SLOT_READONLY))
		prot |= NPT_WRITE;
	if (found < level)
		dirty = true;	/* for the table that goes */
	space->nr_faults++;
	return npt_tree_map(tree, gpa & mask, page->phys & mask, level, prot,
			    dirty, &space->pool, batch);
}

/* All of a fault that needs no sleep; inside RCU. */
static int fault_try(struct npt_space *space, u64 gpa, unsigned int access,
		     unsigned int flags, struct npt_batch *batch)
{
	struct space_slot *s = find_slot(space, gpa);
	struct vmm_mem_page page;
	int err;

	if (!s)
		return NPT_FAULT_MMIO;
	if ((access & NPT_WRITE) && (s->slot.flags & NPT_SLOT_READONLY))
		return NPT_FAULT_READONLY;
	err = vmm_mem_get(s->mem, npt_slot_index(&s->slot, gpa),
			  mem_flags(access) | VMM_MEM_NOWAIT, &page);
	if (err)
		return err;

	spin_lock(&space->lock);
	if (vmm_mem_page_stale(s->mem, &page))
		err = -ESTALE;
	else
		err = install(space, s, gpa, access, flags, &page, batch);
	spin_unlock(&space->lock);
	return err;
}

/*
 * Allocate the page at @gpa if there is none; may sleep.  Where there is nothing
 * to allocate 0 as well: the caller tries again and sees.
 */
static int populate(struct npt_space *space, u64 gpa, unsigned int flags)
{
	struct vmm_mem *mem = NULL;
	struct vmm_mem_page page;
	struct space_slot *s;
	pgoff_t index = 0;
	int err;

	rcu_read_lock();
	s = find_slot(space, gpa);
	if (s) {
		mem = vmm_mem_ref(s->mem);
		index = npt_slot_index(&s->slot, gpa);
	}
	rcu_read_unlock();
	if (!mem)
		return 0;

	err = vmm_mem_get(mem, index, flags, &page);
	vmm_mem_unref(mem);
	return err;
}

/**
 * npt_space_fault() - make a guest-physical address usable
 * @space:	the space
 * @gpa:	where the guest's access failed
 * @access:	NPT_READ, NPT_WRITE, NPT_EXEC
 * @flags:	VMM_MEM_NOWAIT where sleeping is not allowed, else 0
 *
 * Return: NPT_FAULT_MAPPED, NPT_FAULT_MMIO, NPT_FAULT_READONLY; or
 * -EWOULDBLOCK (call again where sleeping is allowed), -ENOMEM.
 */
int npt_space_fault(struct npt_space *space, u64 gpa, unsigned int access,
		    unsigned int flags)
{
	struct npt_batch batch;
	int ret;

	npt_batch_init(&batch);
	for (;;) {
		rcu_read_lock();
		ret = fault_try(space, gpa, access, flags, &batch);
		rcu_read_unlock();
		if (ret != -EWOULDBLOCK && ret != -ESTALE)
			break;
		if (flags & VMM_MEM_NOWAIT)
			return -EWOULDBLOCK;
		cond_resched();
		if (ret == -ESTALE)
			continue;
		ret = pool_fill(space);
		if (!ret)
			ret = populate(space, gpa, mem_flags(access));
		if (ret)
			break;
	}
	batch_finish(space, &batch);
	return ret;
}

/* --- access by the kernel ------------------------------------------------ */

/* Inside RCU: kernel address of @gpa, good to the end of its page. */
static __always_inline int find_va(struct npt_space *space, u64 gpa,
				   unsigned int flags, void **va)
{
	struct space_slot *s = find_slot(space, gpa);
	struct vmm_mem_page page;
	int err;

	if (unlikely(!s))
		return -EFAULT;
	if ((flags & VMM_MEM_WRITE) && (s->slot.flags & NPT_SLOT_READONLY))
		return -EROFS;
	err = vmm_mem_get(s->mem, npt_slot_index(&s->slot, gpa),
			  flags | VMM_MEM_NOWAIT, &page);
	if (unlikely(err))
		return err;
	*va = __va(page.phys) + offset_in_page(gpa);
	return 0;
}

/* What to do about an @err of find_va(); 0 is to try again. */
static int access_retry(struct npt_space *space, u64 gpa, unsigned int flags,
			int err)
{
	if (err != -EWOULDBLOCK || (flags & VMM_MEM_NOWAIT))
		return err;
	return populate(space, gpa, flags);
}

static __always_inline bool is_aligned(u64 gpa, size_t len)
{
	return !(gpa & (len - 1));
}

/* Copy within one page at @gpa; one access where the guest would make one. */
static __always_inline void copy(void *to, const void *from, u64 gpa,
				 size_t len)
{
	if (len == 8 && is_aligned(gpa, 8))
		WRITE_ONCE(*(u64 *)to, READ_ONCE(*(const u64 *)from));
	else if (len == 4 && is_aligned(gpa, 4))
		WRITE_ONCE(*(u32 *)to, READ_ONCE(*(const u32 *)from));
	else if (len == 2 && is_aligned(gpa, 2))
		WRITE_ONCE(*(u16 *)to, READ_ONCE(*(const u16 *)from));
	else
		memcpy(to, from, len);
}

/*
 * The common loop of npt_space_read() and npt_space_write(); @write is constant
 * in both.
 */
static __always_inline int access_memory(struct npt_space *space, u64 gpa,
					 void *buf, size_t len,
					 unsigned int flags, bool write)
{
	void *va;
	size_t n;
	int err;

	if (unlikely(len && gpa + (len - 1) < gpa))
		return -EFAULT;
	for (; len; gpa += n, buf += n, len -= n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(gpa));

		rcu_read_lock();
		err = find_va(space, gpa, flags, &va);
		if (likely(!err)) {
			if (write)
				copy(va, buf, gpa, n);
			else
				copy(buf, va, gpa, n);
		}
		rcu_read_unlock();
		if (likely(!err))
			continue;
		err = access_retry(space, gpa, flags, err);
		if (err)
			return err;
		n = 0;
	}
	return 0;
}

/**
 * npt_space_read() - read guest memory
 * @space:	the space
 * @gpa:	from where
 * @buf:	to where
 * @len:	bytes
 * @flags:	VMM_MEM_NOWAIT or 0
 *
 * Return: see space.h.
 */
int npt_space_read(struct npt_space *space, u64 gpa, void *buf, size_t len,
		   unsigned int flags)
{
	return access_memory(space, gpa, buf, len, flags | VMM_MEM_ZERO_OK,
			     false);
}

/**
 * npt_space_write() - write guest memory
 * @space:	the space
 * @gpa:	to where
 * @buf:	from where
 * @len:	bytes
 * @flags:	VMM_MEM_NOWAIT or 0
 *
 * Return: see space.h.
 */
int npt_space_write(struct npt_space *space, u64 gpa, const void *buf,
		    size_t len, unsigned int flags)
{
	return access_memory(space, gpa, (void *)buf, len,
			     flags | VMM_MEM_WRITE, true);
}

static bool exchange(void *va, u64 old, u64 new, unsigned int size)
{
	switch (size) {
	case 1:
		return cmpxchg((u8 *)va, (u8)old, (u8)new) == (u8)old;
	case 2:
		return cmpxchg((u16 *)va, (u16)old, (u16)new) == (u16)old;
	case 4:
		return cmpxchg((u32 *)va, (u32)old, (u32)new) == (u32)old;
	default:
		return cmpxchg((u64 *)va, old, new) == old;
	}
}

/**
 * npt_space_cmpxchg() - compare and exchange in guest memory
 * @space:	the space
 * @gpa:	naturally aligned
 * @old:	what should be there
 * @new:	what should replace it
 * @size:	1, 2, 4 or 8 bytes
 * @flags:	VMM_MEM_NOWAIT or 0
 *
 * Return: 0, -ESTALE if something else is there, -EINVAL; or see space.h.
 */
int npt_space_cmpxchg(struct npt_space *space, u64 gpa, u64 old, u64 new,
		      unsigned int size, unsigned int flags)
{
	void *va;
	int err;

	if (!is_power_of_2(size) || size > 8 || !is_aligned(gpa, size))
		return -EINVAL;
	flags |= VMM_MEM_WRITE;
	do {
		rcu_read_lock();
		err = find_va(space, gpa, flags, &va);
		if (likely(!err)) {
			err = exchange(va, old, new, size) ? 0 : -ESTALE;
			rcu_read_unlock();
			return err;
		}
		rcu_read_unlock();
		err = access_retry(space, gpa, flags, err);
	} while (!err);
	return err;
}

/* Inside RCU: npt_space_hold() without sleeping. */
static int hold_try(struct npt_space *space, u64 gpa, unsigned int flags,
		    struct vmm_hold *hold)
{
	struct space_slot *s = find_slot(space, gpa);

	if (!s)
		return -EFAULT;
	if ((flags & VMM_MEM_WRITE) && (s->slot.flags & NPT_SLOT_READONLY))
		return -EROFS;
	return vmm_mem_hold(s->mem, npt_slot_index(&s->slot, gpa),
			    flags | VMM_MEM_NOWAIT, hold);
}

/**
 * npt_space_hold() - begin a short access to the page at an address
 * @space:	the space
 * @gpa:	any address in the page; hold->kaddr is the page's start
 * @flags:	VMM_MEM_WRITE, VMM_MEM_NOWAIT, VMM_MEM_ZERO_OK
 * @hold:	filled on success, for vmm_hold_put()
 *
 * Return: see space.h.
 */
int npt_space_hold(struct npt_space *space, u64 gpa, unsigned int flags,
		   struct vmm_hold *hold)
{
	int err;

	do {
		rcu_read_lock();
		err = hold_try(space, gpa, flags, hold);
		rcu_read_unlock();
		if (!err)
			return 0;
		err = access_retry(space, gpa, flags, err);
	} while (!err);
	return err;
}

/**
 * npt_space_is_memory() - whether a slot covers an address
 * @space:	the space
 * @gpa:	the address
 */
bool npt_space_is_memory(struct npt_space *space, u64 gpa)
{
	bool found;

	rcu_read_lock();
	found = find_slot(space, gpa);
	rcu_read_unlock();
	return found;
}

/* --- slots --------------------------------------------------------------- */

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

static struct npt_slots *slots_now(struct npt_space *space)
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
	unmap_range(space, s->slot.base, s->slot.size);
	vmm_mem_client_del(s->mem, &s->client);
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
 * Return: 0, -ENOMEM, or what npt_slots_check() says.
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
	s = slot_alloc(space, &slot, mem);
	if (!s)
		return -ENOMEM;

	mutex_lock(&space->slots_lock);
	old = slots_now(space);
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
 * When it returns, nobody reads or writes through it any more.
 *
 * Return: 0, -ENOENT, -ENOMEM.
 */
int npt_space_slot_remove(struct npt_space *space, u32 id)
{
	struct npt_slots *old, *new;
	struct npt_slot *slot;
	int err = -ENOENT;

	mutex_lock(&space->slots_lock);
	old = slots_now(space);
	slot = npt_slots_by_id(old, id);
	if (!slot)
		goto out;
	err = -ENOMEM;
	new = slots_without(old, slot);
	if (!new)
		goto out;
	rcu_assign_pointer(space->slots, new);
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
 * Return: 0, -ENOENT, -ENOMEM, or what npt_slots_check() says.
 */
int npt_space_slot_move(struct npt_space *space, u32 id, u64 base)
{
	struct npt_slots *old;
	struct npt_slot *slot;
	int err = -ENOENT;

	mutex_lock(&space->slots_lock);
	old = slots_now(space);
	slot = npt_slots_by_id(old, id);
	if (slot)
		err = slot_move(space, old, to_space_slot(slot), base);
	mutex_unlock(&space->slots_lock);
	return err;
}

/* --- life ---------------------------------------------------------------- */

/**
 * npt_space_init() - start a space without memory
 * @space:	to be filled, zeroed
 * @fmt:	of the nested page table
 * @levels:	its levels, 4 or 5
 * @ops:	the vCPUs' owner
 *
 * Return: 0 or -ENOMEM.
 */
int npt_space_init(struct npt_space *space, const struct npt_format *fmt,
		   unsigned int levels, const struct npt_space_ops *ops)
{
	struct npt_slots *slots = slots_alloc(0);
	u64 root;

	if (!slots)
		return -ENOMEM;
	root = table_alloc();
	if (!root) {
		slots_free(slots);
		return -ENOMEM;
	}
	space->ops = ops;
	mutex_init(&space->slots_lock);
	spin_lock_init(&space->lock);
	RCU_INIT_POINTER(space->slots, slots);
	npt_tree_init(&space->tree, fmt, levels, root);
	return 0;
}

/**
 * npt_space_destroy() - end a space
 * @space:	no vCPU runs on it or will, and nobody calls in any more
 */
void npt_space_destroy(struct npt_space *space)
{
	struct npt_slots *slots = rcu_dereference_protected(space->slots, true);
	struct npt_pages free = { };
	struct space_slot *s;
	unsigned int i;

	for (i = 0; i < slots->nr; i++) {
		s = to_space_slot(slots->slot[i]);
		vmm_mem_client_del(s->mem, &s->client);
		slot_free(s);
	}
	RCU_INIT_POINTER(space->slots, NULL);
	slots_free(slots);
	npt_tree_destroy(&space->tree, &free);
	tables_free(&free);
	tables_free(&space->pool);
}

/**
 * npt_space_root() - value for the control register that points at the tables
 * @space:	the space
 */
u64 npt_space_root(const struct npt_space *space)
{
	return space->tree.fmt->root(space->tree.root, space->tree.levels);
}

/**
 * npt_space_stats() - figures of one space
 * @space:	the space
 * @stats:	to be filled
 */
void npt_space_stats(struct npt_space *space, struct npt_space_stats *stats)
{
	spin_lock(&space->lock);
	stats->tables = space->tree.tables + space->pool.count;
	stats->leaves_4k = space->tree.leaves[NPT_LEVEL_4K];
	stats->leaves_2m = space->tree.leaves[NPT_LEVEL_2M];
	stats->faults = space->nr_faults;
	spin_unlock(&space->lock);
	stats->flushes = atomic64_read(&space->nr_flushes);
}
