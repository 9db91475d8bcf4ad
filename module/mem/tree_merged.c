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
	unsigned long was = gather->at[t].table->word[i], n = 0;

	for (; t < gather->nr; t++) {
		if (gather->at[t].table->word[i] != was)
			continue;
		vmm_port_publish(&gather->at[t].table->word[i],
				 away | VMM_WORD_AWAY);
		gather->at[t].moved++;
		n++;
	}
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
	unsigned long was = gather->at[t].table->word[i], n = 0, first = t;

	for (; t < gather->nr; t++)
		n += gather->at[t].table->word[i] == was;
	if (vmm_word_is_merged(word)) {
		vmm_port_merged_get(vmm_word_phys(word), n);
	} else {
		*count_of(word) = n;
		atomic_long_inc(&gather->totals->pages);
	}
	for (t = first; t < gather->nr; t++) {
		if (gather->at[t].table->word[i] == was)
			vmm_port_publish(&gather->at[t].table->word[i], word);
	}
	return n;
}
