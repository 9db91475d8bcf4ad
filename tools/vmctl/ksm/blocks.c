// SPDX-License-Identifier: GPL-2.0
/* What could be saved if only whole blocks of 2 MiB were compared. */
#include <stdlib.h>
#include <xxhash.h>

#include "ksm/analysis.h"

#define BLOCK_PAGES	512

/** struct block - one all of whose pages are there; @zero: how many of them are zeroes */
struct block {
	uint64_t hash;
	uint32_t zero;
	uint32_t vm;
};

/** struct blocks - @count, with @room for more */
struct blocks {
	struct block *block;
	size_t count, room;
};

static int add(struct blocks *b, const struct block *block)
{
	size_t room = b->room ? 2 * b->room : 256;
	struct block *more;

	if (b->count == b->room) {
		more = realloc(b->block, room * sizeof(*more));
		if (!more)
			return -1;
		b->block = more;
		b->room = room;
	}
	b->block[b->count++] = *block;
	return 0;
}

/* false: pages lack. */
static bool look(struct block *b, const struct vmm_ksm_page *p)
{
	uint64_t hash[BLOCK_PAGES];
	unsigned int i;

	b->zero = 0;
	for (i = 0; i < BLOCK_PAGES; i++, p++) {
		if (!dump_present(p))
			return false;
		hash[i] = p->hash;
		b->zero += dump_zero(p);
	}
	/* Zeroes have no hash; a page whose hash is 0 by chance is told by their number. */
	b->hash = XXH64(hash, sizeof(hash), b->zero);
	return true;
}

static int gather(struct blocks *b, const struct dump *d, uint32_t vm)
{
	const struct dump_object *o;
	struct block block = { .vm = vm };
	uint64_t at;

	for (o = d->object; o < d->object + d->nr_objects; o++)
		for (at = 0; at + BLOCK_PAGES <= o->pages; at += BLOCK_PAGES)
			if (look(&block, &d->page[o->first + at]) &&
			    add(b, &block))
				return -1;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	if (x->vm != y->vm)
		return x->vm < y->vm ? -1 : 1;
	if (x->zero != y->zero)
		return x->zero < y->zero ? -1 : 1;
	return (x->hash > y->hash) - (x->hash < y->hash);
}

int ksm_blocks(struct ksm_saving *saving, struct dump *const *dump, size_t count,
	       bool alone, struct err *err)
{
	struct blocks b = {};
	size_t i;
	int ret = 0;

	*saving = (struct ksm_saving){};
	for (i = 0; i < count && !ret; i++)
		ret = gather(&b, dump[i], alone ? (uint32_t)i : 0);
	if (!ret && b.count)
		qsort(b.block, b.count, sizeof(*b.block), compare);
	for (i = 0; i < b.count && !ret; i++) {
		if (b.block[i].zero < BLOCK_PAGES &&
		    (!i || compare(&b.block[i], &b.block[i - 1])))
			continue;
		saving->pages += BLOCK_PAGES;
		saving->zero += b.block[i].zero;
	}
	free(b.block);
	return ret ? err_set(err, VMCTL_FAILED, "out of memory") : 0;
}
