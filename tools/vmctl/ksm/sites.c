// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "ksm/sites.h"

/* The records of a dump have 32-bit places. */
_Static_assert(DUMP_MAX_PAGES <= UINT32_MAX, "a place fits");
_Static_assert(SET_MAX_ROUND <= UINT16_MAX, "a VM fits");

static int compare(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->frame != y->frame)
		return x->frame < y->frame ? -1 : 1;
	if (x->vm != y->vm)
		return x->vm < y->vm ? -1 : 1;
	return (x->page > y->page) - (x->page < y->page);
}

/* Frames of different hosts are different ones: what is mixed into their names. */
static uint64_t host_of(struct dump *const *dump, size_t i)
{
	size_t first = 0;

	while (strcmp(dump[first]->host, dump[i]->host))
		first++;
	return first * 0x9e3779b97f4a7c15ULL;
}

static bool is_wanted(const struct vmm_ksm_page *p, bool zero)
{
	return dump_present(p) && dump_zero(p) == zero;
}

static size_t count_wanted(struct dump *const *dump, size_t count, bool zero)
{
	uint64_t at;
	size_t n = 0, i;

	for (i = 0; i < count; i++)
		for (at = 0; at < dump[i]->pages; at++)
			n += is_wanted(&dump[i]->page[at], zero);
	return n;
}

int sites_make(struct sites *s, struct dump *const *dump, size_t count,
	       bool zero, struct err *err)
{
	const struct vmm_ksm_page *p;
	uint64_t at, host;
	struct site *to;
	size_t i;

	s->count = count_wanted(dump, count, zero);
	s->site = to = malloc((s->count + 1) * sizeof(*to));
	if (!to)
		return err_set(err, VMCTL_FAILED, "out of memory");
	for (i = 0; i < count; i++) {
		host = host_of(dump, i);
		for (at = 0; at < dump[i]->pages; at++) {
			p = &dump[i]->page[at];
			if (!is_wanted(p, zero))
				continue;
			*to++ = (struct site){
				.hash = p->hash, .frame = p->frame ^ host,
				.page = (uint32_t)at, .vm = (uint16_t)i,
				.flags = (uint16_t)p->flags,
			};
		}
	}
	qsort(s->site, s->count, sizeof(*s->site), compare);
	return 0;
}

void sites_free(struct sites *s)
{
	free(s->site);
	s->site = NULL;
	s->count = 0;
}

size_t sites_equal(const struct sites *s, size_t at)
{
	size_t n = at;

	while (n < s->count && s->site[n].hash == s->site[at].hash)
		n++;
	return n - at;
}

size_t sites_frames(const struct site *site, size_t count, size_t *merged)
{
	size_t frames = 0, i;

	*merged = 0;
	for (i = 0; i < count; i++) {
		if (i && site[i].frame == site[i - 1].frame)
			continue;
		frames++;
		*merged += !!(site[i].flags & VMM_KSM_PAGE_MERGED);
	}
	return frames;
}
