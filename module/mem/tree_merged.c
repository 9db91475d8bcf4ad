// SPDX-License-Identifier: GPL-2.0
/*
 * Trees: what stands in the place of merged frames.  See tree.h for the rules.
 *
 * A frame's words are never own and have no marks, and its bytes never change: so any
 * other page that has these can take its place, whoever looks at it.
 */

#include "mem/port.h"
#include "mem/tree.h"
#include "mem/tree_inner.h"

/* --- figures --------------------------------------------------------------------- */

/*
 * Of the names that a frame has at @index in trees one is counted, if there are any.  Where
 * tables that are gone have one that is counted they count, too, as pages do that are
 * gone, until they are dropped.
 */
void vmm_frame_count(struct vmm_totals *totals, unsigned long index,
		     unsigned long word)
{
	unsigned long *slot, *first = NULL;
	struct vmm_root *root;

	for (root = totals->roots; root; root = root->next) {
		slot = vmm_root_word(root, index);
		if (!slot || vmm_word_bare(*slot) != word)
			continue;
		if (*slot & VMM_WORD_COUNTED)
			return;
		first = first ?: slot;
	}
	if (!first)
		return;
	WRITE_ONCE(*first, *first | VMM_WORD_COUNTED);
	atomic_long_inc(&totals->merged);
}

/* A name of a frame is gone, or about to be dropped; @word is no tree's any more. */
void vmm_frame_uncount(struct vmm_totals *totals, unsigned long index,
		       unsigned long word)
{
	if (!(word & VMM_WORD_COUNTED))
		return;
	vmm_frame_count(totals, index, vmm_word_bare(word));
	atomic_long_dec(&totals->merged);
}

/* --- tables of a block -------------------------------------------------------------- */

/**
 * vmm_gather_frame() - the merged frame that a table names
 * @gather:	the tables
 * @t:		number of a table
 * @i:		of a page in it
 *
 * Return: its address, or 0.
 */
unsigned long vmm_gather_frame(const struct vmm_gather *gather, unsigned long t,
			       unsigned long i)
{
	unsigned long word = gather->at[t].table->word[i];

	return vmm_word_is_merged(word) ? vmm_word_phys(word) : 0;
}

/**
 * vmm_gather_leave_frame() - a record takes the place of a merged frame
 * @gather:	the tables
 * @t:		number of a table that names the frame; none before it does
 * @i:		of the page in it
 * @away:	address of the record, which has one name already: the caller's
 *
 * Until the frame is packed the record knows it, and it can come back.
 *
 * Return: how many tables named the frame: these names are the caller's to drop.
 */
unsigned long vmm_gather_leave_frame(struct vmm_gather *gather, unsigned long t,
				     unsigned long i, unsigned long away)
{
	unsigned long was = vmm_word_bare(gather->at[t].table->word[i]), n = 0;
	unsigned long *slot, counted = 0;

	for (; t < gather->nr; t++) {
		slot = &gather->at[t].table->word[i];
		if (vmm_word_bare(*slot) != was)
			continue;
		counted += !!(*slot & VMM_WORD_COUNTED);
		vmm_port_publish(slot, away | VMM_WORD_AWAY);
		gather->at[t].moved++;
		n++;
	}
	atomic_long_sub(counted, &gather->totals->merged);
	*vmm_port_away_count(away) += n;
	*vmm_port_away_phys(away) = vmm_word_phys(was) | VMM_WORD_MERGED;
	atomic_long_inc(&gather->totals->away);
	return n;
}

/**
 * vmm_gather_replace() - another page takes the place of a merged frame
 * @gather:	the tables
 * @t:		number of a table that names the frame; none before it does
 * @i:		of the page in it
 * @word:	a page without names, which becomes one of the family's, with
 *		VMM_WORD_PAGE; with VMM_WORD_MERGED, too, another frame, of which the
 *		caller has a name
 *
 * Return: how many tables named the frame: these names are the caller's to drop.
 */
unsigned long vmm_gather_replace(struct vmm_gather *gather, unsigned long t,
				 unsigned long i, unsigned long word)
{
	unsigned long was = vmm_word_bare(gather->at[t].table->word[i]);
	unsigned long index = (gather->index & ~(VMM_BLOCK_PAGES - 1)) + i;
	unsigned long n = 0, counted = 0, first = t, *slot;

	for (; t < gather->nr; t++) {
		slot = &gather->at[t].table->word[i];
		n += vmm_word_bare(*slot) == was;
	}
	if (vmm_word_is_merged(word)) {
		vmm_port_merged_get(vmm_word_phys(word), n);
	} else {
		*count_of(word) = n;
		atomic_long_inc(&gather->totals->pages);
	}
	for (t = first; t < gather->nr; t++) {
		slot = &gather->at[t].table->word[i];
		if (vmm_word_bare(*slot) != was)
			continue;
		counted += !!(*slot & VMM_WORD_COUNTED);
		vmm_port_publish(slot, word);
	}
	if (vmm_word_is_merged(word))
		vmm_frame_count(gather->totals, index, word);
	atomic_long_sub(counted, &gather->totals->merged);
	return n;
}
