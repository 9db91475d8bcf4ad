// SPDX-License-Identifier: GPL-2.0
/*
 * The audit of frozen pages, in debug builds: see audit.h.
 *
 * A sum is kept for each page that a frozen tree has, by its frame, until the page has a
 * single owner again or is freed.  A writer that was missed makes a warning then.
 */

#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/xarray.h>

#include "mem/audit.h"
#include "mem/tree.h"

static DEFINE_XARRAY(sums);

static unsigned long sum_of(unsigned long phys)
{
	const u64 *word = __va(phys);
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		sum = (sum ^ READ_ONCE(word[i])) * GOLDEN_RATIO_64;
	return sum >> 2;
}

static void note(unsigned long phys)
{
	void *known = xa_load(&sums, phys >> PAGE_SHIFT);

	if (!known)
		xa_store(&sums, phys >> PAGE_SHIFT, xa_mk_value(sum_of(phys)),
			 GFP_KERNEL);
	else
		WARN_ONCE(xa_to_value(known) != sum_of(phys),
			  "vmm: a frozen page has changed\n");
}

/**
 * vmm_audit_freeze() - note the pages of a frozen tree
 * @tree:	the tree; under all locks of its family
 */
void vmm_audit_freeze(const struct vmm_tree *tree)
{
	unsigned long index = 0, word;
	bool found, huge;

	while (index < tree->nr_pages) {
		index = vmm_tree_seek(tree, index, true, &found);
		if (!found)
			continue;
		word = vmm_tree_lookup(tree, index, &huge);
		if (word & VMM_WORD_PAGE)
			note(vmm_word_phys(word));
		index++;
		cond_resched();
	}
}

/**
 * vmm_audit_thaw() - a page is frozen no longer
 * @phys:	the page, which nobody has written to so far
 */
void vmm_audit_thaw(unsigned long phys)
{
	void *known = xa_erase(&sums, phys >> PAGE_SHIFT);

	WARN_ONCE(known && xa_to_value(known) != sum_of(phys),
		  "vmm: a frozen page has changed\n");
}

/**
 * vmm_audit_exit() - when the module goes
 */
void vmm_audit_exit(void)
{
	WARN_ONCE(!xa_empty(&sums), "vmm: frozen pages are left\n");
	xa_destroy(&sums);
}
