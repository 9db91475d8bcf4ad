/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_PORT_H
#define VMM_MEM_PORT_H

/*
 * What the trees of memory objects need from their surroundings: memory, and a
 * count beside each page.  The unit test brings a port of its own.
 *
 * A block of 2 MiB is allocated in one piece where that is possible without
 * effort, and split into pages at once: each then has its own reference count,
 * so that user mappings, holds and pins work page by page, and one page can be
 * given back without the others.  The tree has one reference to each page, however
 * many tables name it.
 */

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "mem/audit.h"
#include "mem/away.h"
#include "mem/faults.h"
#include "mem/merged.h"
#include "mem/tree.h"

/* Fails rather than wakes the OOM killer: the caller passes -ENOMEM on. */
#define VMM_PORT_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN | \
			 __GFP_RETRY_MAYFAIL)

/*
 * Takes a block that lies ready; reclaim and compaction cost more than it wins, also where
 * the kernel's threads do it.
 */
#define VMM_PORT_BLOCK_GFP	((GFP_KERNEL_ACCOUNT | __GFP_ZERO |	\
				  __GFP_NOWARN | __GFP_NORETRY) &	\
				 ~__GFP_RECLAIM)

static inline struct page *vmm_port_page(unsigned long phys)
{
	return pfn_to_page(phys >> PAGE_SHIFT);
}

/* A page of memory, or 0. */
static inline unsigned long vmm_port_page_alloc(bool zeroed)
{
	struct page *page;

	if (vmm_mem_fault())
		return 0;
	page = alloc_page(zeroed ? VMM_PORT_GFP | __GFP_ZERO : VMM_PORT_GFP);
	return page ? page_to_phys(page) : 0;
}

/* A block, zeroed, or 0. */
static inline unsigned long vmm_port_block_alloc(void)
{
	struct page *page;

	if (vmm_mem_fault())
		return 0;
	page = alloc_pages(VMM_PORT_BLOCK_GFP, VMM_BLOCK_SHIFT);
	if (!page)
		return 0;
	split_page(page, VMM_BLOCK_SHIFT);
	return page_to_phys(page);
}

static inline void vmm_port_page_free(unsigned long phys)
{
	put_page(vmm_port_page(phys));
}

static inline void vmm_port_page_copy(unsigned long to, unsigned long from)
{
	copy_page(__va(to), __va(from));
}

/* A page that was shared has one owner again, or is freed. */
static inline void vmm_port_page_thaw(unsigned long phys)
{
	vmm_audit_thaw(phys);
}

/* Somebody but the trees has a reference to the page. */
static inline bool vmm_port_page_busy(unsigned long phys)
{
	return page_count(vmm_port_page(phys)) != 1;
}

/* The word beside a page, of nobody's but ours. */
static inline unsigned long *vmm_port_page_count(unsigned long phys)
{
	return &page_private(vmm_port_page(phys));
}

/* A merged frame is named by so many more words; by one less. */
static inline void vmm_port_merged_get(unsigned long frame, unsigned long names)
{
	vmm_merged_get(frame, names);
}

static inline void vmm_port_merged_put(unsigned long frame)
{
	vmm_merged_put(frame);
}

/* Of a record, by its address. */
static inline unsigned long *vmm_port_away_count(unsigned long away)
{
	return &((struct vmm_away *)away)->count;
}

static inline unsigned long *vmm_port_away_phys(unsigned long away)
{
	return &((struct vmm_away *)away)->phys;
}

static inline void vmm_port_away_free(struct vmm_totals *totals,
				      unsigned long away)
{
	vmm_away_free(totals->store, (struct vmm_away *)away);
}

static inline void *vmm_port_va(unsigned long phys)
{
	return __va(phys);
}

static inline unsigned long vmm_port_phys(const void *va)
{
	return __pa(va);
}

static inline struct vmm_root *vmm_port_root_alloc(size_t size)
{
	return vmm_mem_fault() ? NULL : kvzalloc(size, VMM_PORT_GFP);
}

static inline void vmm_port_root_free(struct vmm_root *root)
{
	kvfree(root);
}

static inline void vmm_port_publish(unsigned long *slot, unsigned long word)
{
	/* What is behind the word is complete before a lookup can find it. */
	smp_store_release(slot, word);
}

/* In walks that can be long. */
static inline void vmm_port_breathe(void)
{
	cond_resched();
}

/* Sets a mark where others may set one at the same time. */
static inline void vmm_port_mark(unsigned long *slot, unsigned long mark)
{
	set_bit(__ffs(mark), slot);
}

#endif /* VMM_MEM_PORT_H */
