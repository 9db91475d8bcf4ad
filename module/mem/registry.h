/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_REGISTRY_H
#define VMM_MEM_REGISTRY_H

/*
 * All memory objects, by number: for who goes through them one after the other,
 * and keeps something about each that is to go with it.
 */

#include <linux/types.h>

struct vmm_mem;

/* Hears that the object of a number is gone, when nobody can reach it.  May sleep. */
typedef void (*vmm_mem_gone_fn)(u32 id);

/* Before the first object; NULL behind the last one. */
void vmm_registry_watch(vmm_mem_gone_fn gone);

/*
 * A number, which no other object has had in the last 2^32; found by it from
 * vmm_registry_add() on, when the object is complete, until vmm_registry_del().
 */
int vmm_registry_reserve(struct vmm_mem *mem);
void vmm_registry_add(struct vmm_mem *mem);
void vmm_registry_del(struct vmm_mem *mem);

/* The first object from number @id on, with a reference; NULL: there is none. */
struct vmm_mem *vmm_registry_next(u32 id);

/* Pages of all objects, each as often as objects have it. */
u64 vmm_registry_resident(void);

/**
 * struct vmm_mem_peek - a page as it is found, without making one
 * @phys:	physical address
 * @own:	the object may write to it
 * @merged:	it is a merged frame, and so never changes
 * @lent:	somebody has it by a reference, and may write to it without leaving a trace;
 *		told before anything that is read of the page afterwards
 * @huge:	it is a part of a whole block
 * @away:	it is not in memory, and so not found; the only one that is then told
 */
struct vmm_mem_peek {
	unsigned long phys;
	bool own;
	bool merged;
	bool lent;
	bool huge;
	bool away;
};

/* Inside RCU, until whose end the page may be read; false: there is none. */
bool vmm_mem_peek(const struct vmm_mem *mem, unsigned long index,
		  struct vmm_mem_peek *peek);

enum vmm_peek_run {
	VMM_PEEK_ANY,		/* pages in memory */
	VMM_PEEK_SHARED,	/* that are not own */
	VMM_PEEK_MERGED,
};

/* Inside RCU: how many pages from @index on are such; @most at most. */
unsigned long vmm_mem_peek_run(const struct vmm_mem *mem, unsigned long index,
			       unsigned long most, enum vmm_peek_run kind);

/*
 * What an object has been through, to be read after looking up.  A page that is not own
 * now, and was not at the same numbers, has not changed between, if the first one is
 * even.
 */
unsigned int vmm_mem_turns(const struct vmm_mem *mem);
unsigned int vmm_mem_moves(const struct vmm_mem *mem);

#endif /* VMM_MEM_REGISTRY_H */
