// SPDX-License-Identifier: GPL-2.0
/*
 * Access to guest memory by the kernel on the guest's behalf.
 *
 * Needs no translation of the nested table and takes no lock: finds slot and
 * page, and copies, inside one RCU section and without a reference, because pages
 * are freed a grace period after they left their object.  If memory has to be
 * allocated, that happens outside, and everything is looked up again.
 */

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "mem/hold.h"
#include "npt/space.h"
#include "npt/space_slot.h"

/* Inside RCU: slot and kernel address of @gpa, good to the end of its page. */
static __always_inline int find_va(struct npt_space *space, u64 gpa,
				   unsigned int flags, struct space_slot **slot,
				   void **va)
{
	struct space_slot *s = find_slot(space, gpa);
	struct vmm_mem_page page;
	int err;

	if (unlikely(!s))
		return -EFAULT;
	*slot = s;
	if ((flags & VMM_MEM_WRITE) && (s->slot.flags & NPT_SLOT_READONLY))
		return -EROFS;
	err = vmm_mem_get(s->mem, npt_slot_index(&s->slot, gpa),
			  flags, &page);
	if (unlikely(err))
		return err;
	*va = __va(page.phys) + offset_in_page(gpa);
	return 0;
}

int npt_space_va(struct npt_space *space, u64 gpa, unsigned int flags,
		 const void **va)
{
	struct space_slot *s = find_slot(space, gpa);
	struct vmm_mem_page page;
	int err;

	if (!s)
		return -EFAULT;
	if ((flags & VMM_MEM_WRITE) && (s->slot.flags & NPT_SLOT_READONLY))
		return -EROFS;
	err = vmm_mem_get(s->mem, npt_slot_index(&s->slot, gpa),
			  flags, &page);
	if (err)
		return err;
	/* A page on its way out could outlive the move of the generation. */
	if (vmm_mem_page_stale(s->mem, &page))
		return -ESTALE;
	*va = __va(page.phys) + offset_in_page(gpa);
	return 0;
}

/*
 * What to do about an @err of find_va(); 0 is to try again.  That a page is there and
 * is gone again before it is used takes a freeze, a return or a discard each time,
 * which waits for our RCU section: there is no end of tries, as the executor could
 * not do with half of a store.
 */
static int access_retry(struct npt_space *space, u64 gpa, unsigned int flags,
			int err)
{
	if (err != -EWOULDBLOCK || (flags & VMM_MEM_NOWAIT))
		return err;
	if (fatal_signal_pending(current))
		return -EINTR;
	return npt_space_populate(space, gpa, flags);
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
	struct space_slot *s;
	void *va;
	size_t n;
	int err;

	if (unlikely(len && gpa + (len - 1) < gpa))
		return -EFAULT;
	for (; len; gpa += n, buf += n, len -= n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(gpa));

		rcu_read_lock();
		err = find_va(space, gpa, flags, &s, &va);
		if (likely(!err)) {
			if (write) {
				copy(va, buf, gpa, n);
				mark_written(s, gpa);
			} else {
				copy(buf, va, gpa, n);
			}
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
	struct space_slot *s;
	void *va;
	int err;

	if (!is_power_of_2(size) || size > 8 || !is_aligned(gpa, size))
		return -EINVAL;
	flags |= VMM_MEM_WRITE;
	do {
		rcu_read_lock();
		err = find_va(space, gpa, flags, &s, &va);
		if (likely(!err)) {
			err = exchange(va, old, new, size) ? 0 : -ESTALE;
			if (!err)
				mark_written(s, gpa);
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
 * @hold:	filled on success, for npt_space_unhold()
 *
 * Return: see space.h.
 */
int npt_space_hold(struct npt_space *space, u64 gpa, unsigned int flags,
		   struct vmm_hold *hold)
{
	int err;

	/* What vmm_mem_hold() asks for, so that it is made as well. */
	if (flags & VMM_MEM_WRITE)
		flags |= VMM_MEM_LEND;
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
 * npt_space_unhold() - end the access
 * @space:	the space
 * @gpa:	as in npt_space_hold()
 * @hold:	what that filled
 */
void npt_space_unhold(struct npt_space *space, u64 gpa, struct vmm_hold *hold)
{
	struct space_slot *s;

	if (hold->writable) {
		rcu_read_lock();
		s = find_slot(space, gpa);
		if (s)
			mark_logged(s, gpa);
		rcu_read_unlock();
	}
	vmm_hold_put(hold);
}

/**
 * npt_space_is_writable() - whether a slot covers an address, and can be written
 * @space:	the space
 * @gpa:	the address
 */
bool npt_space_is_writable(struct npt_space *space, u64 gpa)
{
	struct space_slot *s;
	bool writable;

	rcu_read_lock();
	s = find_slot(space, gpa);
	writable = s && !(s->slot.flags & NPT_SLOT_READONLY);
	rcu_read_unlock();
	return writable;
}
