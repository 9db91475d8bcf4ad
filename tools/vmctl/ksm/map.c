// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "ksm/map.h"

const struct map_legend map_legend[MAP_KINDS] = {
	[MAP_ABSENT]	= { '.', "absent", "nothing is there" },
	[MAP_AWAY]	= { 'a', "away", "compressed or swapped" },
	[MAP_ZERO]	= { '0', "zero", "zeroes" },
	[MAP_MERGED]	= { 'm', "merged", "in a frame that was merged" },
	[MAP_KIN]	= { 'k', "kin", "shared with forks or snapshots" },
	[MAP_REPEATED]	= { '=', "repeated", "equal to another page of this VM" },
	[MAP_UNIQUE]	= { '#', "unique", "like no other page of this VM" },
};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* All hashes, in order. */
static uint64_t *sorted(const struct dump *d, size_t *count)
{
	uint64_t *hash = malloc((d->pages + 1) * sizeof(*hash));
	uint64_t at;

	*count = 0;
	for (at = 0; hash && at < d->pages; at++)
		if (dump_present(&d->page[at]) && !dump_zero(&d->page[at]))
			hash[(*count)++] = d->page[at].hash;
	if (hash)
		qsort(hash, *count, sizeof(*hash), compare);
	return hash;
}

static bool is_repeated(const uint64_t *hash, size_t count, uint64_t one)
{
	const uint64_t *at = bsearch(&one, hash, count, sizeof(one), compare);

	return (at > hash && at[-1] == one) ||
	       (at + 1 < hash + count && at[1] == one);
}

static enum map_kind kind_of(const struct vmm_ksm_page *p, const uint64_t *hash,
			     size_t count)
{
	if (p->flags & VMM_KSM_PAGE_AWAY)
		return MAP_AWAY;
	if (!dump_present(p))
		return MAP_ABSENT;
	if (dump_zero(p))
		return MAP_ZERO;
	if (p->flags & VMM_KSM_PAGE_MERGED)
		return MAP_MERGED;
	if (p->flags & VMM_KSM_PAGE_KIN)
		return MAP_KIN;
	return is_repeated(hash, count, p->hash) ? MAP_REPEATED : MAP_UNIQUE;
}

uint8_t *map_make(const struct dump *d, uint64_t count[MAP_KINDS])
{
	uint8_t *kind = malloc(d->pages + 1);
	uint64_t *hash, at;
	size_t n;

	hash = sorted(d, &n);
	memset(count, 0, MAP_KINDS * sizeof(*count));
	for (at = 0; kind && hash && at < d->pages; at++) {
		kind[at] = (uint8_t)kind_of(&d->page[at], hash, n);
		count[kind[at]]++;
	}
	if (!hash) {
		free(kind);
		kind = NULL;
	}
	free(hash);
	return kind;
}

uint64_t map_run(const uint8_t *kind, uint64_t at, uint64_t end)
{
	uint64_t n = at + 1;

	while (n < end && kind[n] == kind[at])
		n++;
	return n - at;
}

uint64_t map_scale(uint64_t pages, uint64_t most)
{
	uint64_t scale = 1;

	while ((pages + scale - 1) / scale > most)
		scale *= 2;
	return scale;
}

char map_mark(const uint8_t *kind, uint64_t count)
{
	uint64_t pages[MAP_KINDS] = {}, at;
	unsigned int best = 0, i;

	for (at = 0; at < count; at++)
		pages[kind[at]]++;
	for (i = 1; i < MAP_KINDS; i++)
		if (pages[i] && pages[i] >= pages[best])
			best = i;
	return map_legend[best].mark;
}
