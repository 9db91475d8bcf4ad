// SPDX-License-Identifier: GPL-2.0
/*
 * Holds: see hold.h.
 */

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "mem/hold.h"
#include "mem/mem.h"
#include "mem/written.h"

static void take(struct vmm_mem *mem, pgoff_t index,
		 const struct vmm_mem_page *found, unsigned int flags,
		 struct vmm_hold *hold)
{
	hold->kaddr = __va(found->phys);
	hold->page = NULL;
	hold->writable = flags & VMM_MEM_WRITE;
	if (!found->zero) {
		hold->page = pfn_to_page(found->phys >> PAGE_SHIFT);
		get_page(hold->page);
	}
	/* Until the reference is given back it tells by itself. */
	if (hold->writable)
		vmm_mem_mark_written(mem, index);
}

/**
 * vmm_mem_hold() - begin a short access to a page
 * @mem:	the object
 * @index:	page number
 * @flags:	VMM_MEM_*
 * @hold:	filled on success, for vmm_hold_put()
 *
 * Return: 0 or what vmm_mem_get() says; without VMM_MEM_NOWAIT what vmm_mem_make()
 * says instead of -EWOULDBLOCK.
 */
int vmm_mem_hold(struct vmm_mem *mem, pgoff_t index, unsigned int flags,
		 struct vmm_hold *hold)
{
	struct vmm_mem_page found;
	int err;

	if (flags & VMM_MEM_WRITE)
		flags |= VMM_MEM_LEND;
	do {
		rcu_read_lock();
		err = vmm_mem_get(mem, index, flags, &found);
		if (!err)
			take(mem, index, &found, flags, hold);
		rcu_read_unlock();
		if (err != -EWOULDBLOCK || (flags & VMM_MEM_NOWAIT))
			return err;
		err = vmm_mem_make(mem, index, flags);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
	} while (!err);
	return err;
}

/**
 * vmm_hold_put() - end the access
 * @hold:	what vmm_mem_hold() filled
 */
void vmm_hold_put(struct vmm_hold *hold)
{
	if (hold->page)
		put_page(hold->page);
	hold->page = NULL;
}
