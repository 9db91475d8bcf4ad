// SPDX-License-Identifier: GPL-2.0
/*
 * The registry of memory objects.
 *
 * Why a page that is not own stays as it is
 *
 * Such a page has, or had, more than one name, or is below a node that has.  It is
 * written only by an object to which it is own, and only one that is alone with it can
 * make it so: then nobody else finds it.  So as long as our object finds it at all,
 * nobody but our object can write to it, and that makes it own first.  It loses that by
 * a freeze, or by coming back to memory while what has left is being packed.  So between
 * two looks, both of which found the page not own, it can have been own only if there was a
 * freeze or an eviction in between; and it can have become another page, not own
 * either, only by one of these after a break, or by a return.  An eviction counts itself
 * (moves) before it changes anything, and so does a merge.  A freeze and a return do so before and after, as there are
 * moments in them at which a page is not own and yet is going to change: what is
 * found while the number is odd tells nothing.
 */

#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/xarray.h>

#include "mem/mem.h"
#include "mem/port.h"
#include "mem/registry.h"

/* Objects by number; references are taken under @objects_lock. */
static DEFINE_XARRAY_ALLOC1(objects);
static DEFINE_MUTEX(objects_lock);
static u32 next_id;
static vmm_mem_gone_fn watcher;

void vmm_registry_watch(vmm_mem_gone_fn gone)
{
	watcher = gone;
}

int vmm_registry_reserve(struct vmm_mem *mem)
{
	int err;

	/* Not under objects_lock: to allocate may take a group over its limit long. */
	err = xa_alloc_cyclic(&objects, &mem->id, NULL,
			      XA_LIMIT(1, U32_MAX - 1), &next_id,
			      GFP_KERNEL_ACCOUNT);
	return min(err, 0);
}

void vmm_registry_add(struct vmm_mem *mem)
{
	mutex_lock(&objects_lock);
	/* There is room: it was reserved. */
	xa_store(&objects, mem->id, mem, GFP_KERNEL);
	mutex_unlock(&objects_lock);
}

void vmm_registry_del(struct vmm_mem *mem)
{
	mutex_lock(&objects_lock);
	xa_erase(&objects, mem->id);
	mutex_unlock(&objects_lock);
	if (watcher)
		watcher(mem->id);
}

struct vmm_mem *vmm_registry_next(u32 id)
{
	unsigned long at = id;
	struct vmm_mem *mem;

	mutex_lock(&objects_lock);
	mem = xa_find(&objects, &at, U32_MAX, XA_PRESENT);
	while (mem && !kref_get_unless_zero(&mem->ref))
		mem = xa_find_after(&objects, &at, U32_MAX, XA_PRESENT);
	mutex_unlock(&objects_lock);
	return mem;
}

u64 vmm_registry_resident(void)
{
	struct vmm_mem_stats stats;
	struct vmm_mem *mem;
	unsigned long at;
	u64 sum = 0;

	mutex_lock(&objects_lock);
	xa_for_each(&objects, at, mem) {
		vmm_mem_stats(mem, &stats);
		sum += stats.resident;
	}
	mutex_unlock(&objects_lock);
	return sum;
}

bool vmm_mem_peek(const struct vmm_mem *mem, unsigned long index,
		  struct vmm_mem_peek *peek)
{
	unsigned long word;

	word = vmm_tree_lookup(&mem->tree, index, &peek->huge);
	peek->away = word & VMM_WORD_AWAY;
	if (!(word & VMM_WORD_PAGE))
		return false;
	peek->phys = vmm_word_phys(word);
	peek->own = word & VMM_WORD_OWN;
	peek->merged = vmm_word_is_merged(word);
	peek->lent = peek->own && (word & VMM_WORD_LENT) &&
		     vmm_port_page_busy(peek->phys);
	/* Who had the page until now has written before what comes next. */
	smp_rmb();
	return true;
}

/* Of so many words, which make a cache line, the bits that all have. */
#define LINE	8

static unsigned long bits_of_line(const unsigned long *word)
{
	return READ_ONCE(word[0]) & READ_ONCE(word[1]) & READ_ONCE(word[2]) &
	       READ_ONCE(word[3]) & READ_ONCE(word[4]) & READ_ONCE(word[5]) &
	       READ_ONCE(word[6]) & READ_ONCE(word[7]);
}

/* Looks at one block at most. */
unsigned long vmm_mem_peek_run(const struct vmm_mem *mem, unsigned long index,
			       unsigned long most, enum vmm_peek_run kind)
{
	unsigned long want = VMM_WORD_PAGE, mask = want;
	unsigned long own = READ_ONCE(mem->tree.root), word, n;
	const unsigned long *page;

	word = READ_ONCE(vmm_root_of(own)->chunk[index >> VMM_CHUNK_SHIFT]);
	if (!word)
		return 0;
	own &= word;
	word = READ_ONCE(vmm_word_node(word)->word[index >> VMM_BLOCK_SHIFT &
						   (VMM_NODE_WORDS - 1)]);
	own &= word & VMM_WORD_OWN;
	index &= VMM_BLOCK_PAGES - 1;
	most = min(most, VMM_BLOCK_PAGES - index);
	if (word & VMM_WORD_PAGE)
		return kind == VMM_PEEK_ANY ||
		       (kind == VMM_PEEK_SHARED && !own) ? most : 0;
	if (!word)
		return 0;
	page = &vmm_word_node(word)->word[index];
	if (kind == VMM_PEEK_MERGED)
		want |= VMM_WORD_MERGED;
	if (kind != VMM_PEEK_ANY)
		mask = want | own;	/* whether all on the way are own */
	for (n = 0; n < most; n++) {
		while (mask == want && n + LINE <= most &&
		       (bits_of_line(&page[n]) & want) == want)
			n += LINE;
		if (n == most || (READ_ONCE(page[n]) & mask) != want)
			break;
	}
	return n;
}

unsigned int vmm_mem_turns(const struct vmm_mem *mem)
{
	/* The lookup came before: pairs with begin_turn(). */
	smp_rmb();
	return atomic_read(&mem->turns);
}

unsigned int vmm_mem_moves(const struct vmm_mem *mem)
{
	/* Likewise, with vmm_mem_change_begin(). */
	smp_rmb();
	return atomic_read(&mem->moves);
}
