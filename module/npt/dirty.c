// SPDX-License-Identifier: GPL-2.0
/*
 * The dirty log: see dirty.h for its rules.
 *
 * Why no write is lost
 *
 * A reader of the log
 *	R1  has the processors empty their buffers, if they have any
 *	R2  moves the pages' bits to its answer
 *	R3  clears dirty bits (or takes write permission), and adds those that
 *	    were set to its answer
 *	R4  makes every processor forget what it has cached
 *	R5  gives the answer to whoever then looks at the pages
 * with the tree's lock held from R2 to R3, so that faults come before or after.
 *
 * A processor's write that happens before R4 is seen at R5.  So it is enough that
 * its page is in this answer, or in a later one.  Let the write be the first to
 * its page P since R4 of the last answer; then no processor has P cached as
 * dirty, but for what this write itself brings about, and the leaf of P is
 * clean, for R3 of the last answer has made it so if P was in it, and if it was
 * not, nothing has been written.  So the processor looks at the leaf.
 * - It finds no permission: the fault marks P under the lock, together with the
 *   leaf that lets the write through.  R2 finds the mark; or the fault comes
 *   behind R3, and the mark is there for the next answer.
 * - It sets the dirty bit, without buffers.  R3 finds it; or it is set behind R3
 *   and is there for the next one.
 * - It sets the dirty bit, and P's address goes into a buffer, sooner or later.
 *   Whenever it is marked, an answer will have it, and in that R3 clears the
 *   leaf.  Until then the leaf is dirty, and more writes leave no more traces:
 *   they need none.  R3 looks at whole words of the log.  What it finds there
 *   beyond the marks is in the answer as well, and once more in a later one.
 * Writes that follow, from R4 on, are first writes of their own; those between R3
 * and R4, through translations cached as dirty, are to pages in this answer.
 *
 * The kernel writes first and marks then.  A mark behind R2 is for the next
 * answer; one before it comes after its write, and both are atomic operations
 * on the same word: the write is seen at R5.
 *
 * Why a log and another keeper lose nothing to each other
 *
 * Who clears a dirty bit tells all keepers under the tree's lock.  So for the log a look for
 * somebody else is a mark that came along with a write: the leaf is clean again, the mark is
 * there for the next answer, and the first write after it leaves a trace as above.  What
 * processors have cached as dirty at that time they write without one up to the look's
 * flush; a reader who comes before that flush finds it owed (space.c), and makes one himself at
 * R4.  mem/written.c has the other direction.
 */

#include "npt/dirty.h"
#include "npt/port.h"

void npt_dirty_mark(struct npt_dirty *log, u64 gpa)
{
	u64 page = (gpa - log->base) >> npt_level_shift(NPT_LEVEL_4K);

	if (gpa >= log->base && page < log->nr_pages)
		npt_bit_set(log->bits, page);
}

static void ignore(void *ctx, u64 gpa, u64 size, unsigned int what)
{
}

static void tell(const struct npt_keepers *k, u64 gpa, u64 size)
{
	if (k->tell)
		k->tell(k->ctx, gpa, size, NPT_COLLECT_DIRTY);
}

/*
 * Large leaves lose write permission first, so that they are clean for good when
 * their dirty bits have been cleared: small leaves will inherit them.
 */
void npt_dirty_begin(const struct npt_keepers *k, struct npt_tree *tree,
		     u64 first, u64 end, struct npt_batch *batch)
{
	npt_tree_protect(tree, first, end, NPT_LEVEL_2M, batch);
	npt_tree_collect(tree, first, end, NPT_COLLECT_DIRTY,
			 k->tell ?: ignore, k->ctx, batch);
}

/*
 * Once a large leaf is gone for a single write, a clean small leaf does as well
 * for its other pages: where there are dirty bits they need no fault each.
 */
void npt_dirty_mapped(struct npt_dirty *log, struct npt_tree *tree, u64 gpa,
		      unsigned int access, bool whole)
{
	u64 size = npt_level_size(NPT_LEVEL_2M);
	u64 first = gpa & ~(size - 1);

	if (!(access & NPT_WRITE))
		return;
	npt_dirty_mark(log, gpa);
	if (whole && tree->fmt->dirty)
		npt_tree_allow(tree, first, first + size);
}

/* Leaves were dirty: so were the pages of them that the log is about. */
static void mark_leaves(void *ctx, u64 gpa, u64 size, unsigned int what)
{
	const struct npt_keepers *k = ctx;
	u64 end = gpa + size;

	tell(k, gpa, size);
	if (!k->log)
		return;
	for (; gpa < end; gpa += npt_level_size(NPT_LEVEL_4K))
		npt_dirty_mark(k->log, gpa);
}

void npt_dirty_leave(const struct npt_keepers *k, struct npt_tree *tree,
		     u64 first, u64 end, struct npt_batch *batch)
{
	if (tree->fmt->dirty)
		npt_tree_take(tree, first, end, mark_leaves, (void *)k, batch);
}

void npt_dirty_unmap(const struct npt_keepers *k, struct npt_tree *tree,
		     u64 first, u64 end, struct npt_batch *batch)
{
	u64 size = npt_level_size(NPT_LEVEL_4K);

	if (k->tell) {
		npt_tree_take(tree, first, first + size, mark_leaves, (void *)k,
			      batch);
		npt_tree_take(tree, end - size, end, mark_leaves, (void *)k,
			      batch);
	}
	npt_tree_unmap(tree, first, end, batch);
}

void npt_dirty_look(const struct npt_keepers *k, struct npt_tree *tree,
		    u64 first, u64 end, struct npt_batch *batch)
{
	npt_tree_collect(tree, first, end, NPT_COLLECT_DIRTY, mark_leaves,
			 (void *)k, batch);
}

/* What a reader gets: the pages [first, first + count) of a log. */
struct answer {
	const struct npt_keepers *keepers;
	u64 first;
	u64 count;
	u64 *out;
};

/* The pages of leaves that were dirty, as far as they were asked for. */
static void add(void *ctx, u64 gpa, u64 size, unsigned int what)
{
	const struct answer *a = ctx;
	u64 n = size >> npt_level_shift(NPT_LEVEL_4K);
	u64 page = (gpa - a->keepers->log->base) >>
		   npt_level_shift(NPT_LEVEL_4K);

	tell(a->keepers, gpa, size);
	/* A leaf may begin before the slot: the difference wraps back. */
	for (page -= a->first; n; n--, page++) {
		if (page < a->count)
			a->out[page / NPT_DIRTY_WORD] |=
				1ULL << page % NPT_DIRTY_WORD;
	}
}

static void collect(const struct answer *a, struct npt_tree *tree, u64 from,
		    u64 to, struct npt_batch *batch)
{
	u64 base = a->keepers->log->base +
		   (a->first << npt_level_shift(NPT_LEVEL_4K));

	if (to > a->count)
		to = a->count;
	npt_tree_collect(tree, base + (from << npt_level_shift(NPT_LEVEL_4K)),
			 base + (to << npt_level_shift(NPT_LEVEL_4K)),
			 NPT_COLLECT_DIRTY, add, (void *)a, batch);
}

/* Only words with marks can have dirty leaves that are to be cleaned. */
static void collect_marked(const struct answer *a, struct npt_tree *tree,
			   struct npt_batch *batch)
{
	u64 words = npt_dirty_words(a->count), from, to;

	for (from = 0; from < words; from = to + 1) {
		to = from;
		while (to < words && a->out[to])
			to++;
		if (from < to)
			collect(a, tree, from * NPT_DIRTY_WORD,
				to * NPT_DIRTY_WORD, batch);
	}
}

void npt_dirty_take(const struct npt_keepers *k, struct npt_tree *tree,
		    u64 first, u64 count, bool buffered, u64 *out,
		    struct npt_batch *batch)
{
	struct answer a = {
		.keepers = k, .first = first, .count = count, .out = out,
	};
	u64 i;

	for (i = 0; i < npt_dirty_words(count); i++)
		out[i] = npt_word_take(&k->log->bits[first / NPT_DIRTY_WORD + i]);
	if (buffered)
		collect_marked(&a, tree, batch);
	else
		collect(&a, tree, 0, count, batch);
}
