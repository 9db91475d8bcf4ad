/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_HOLD_H
#define VMM_MEM_HOLD_H

/*
 * A hold is a short access to one guest page: a kernel address and a page
 * reference.  Keep it for one operation; a page that is held can't be merged or
 * swapped, and a hold says nothing about the page's place in the object, which
 * a discard or a return may take away meanwhile (the writer then writes into a page
 * that nobody sees any more, as if it had written just before).  A page that
 * is held for writing when its object is frozen stays with the live object.
 * Whoever wants a page for longer maps the object in user space and pins it.
 */

#include <linux/types.h>

struct page;
struct vmm_mem;

/**
 * struct vmm_hold - one held page
 * @kaddr:	start of the page in the kernel's map
 * @page:	what vmm_hold_put() releases, NULL for the zero page
 * @writable:	taken with VMM_MEM_WRITE
 */
struct vmm_hold {
	void *kaddr;
	struct page *page;
	bool writable;
};

int vmm_mem_hold(struct vmm_mem *mem, pgoff_t index, unsigned int flags,
		 struct vmm_hold *hold);
void vmm_hold_put(struct vmm_hold *hold);

#endif /* VMM_MEM_HOLD_H */
