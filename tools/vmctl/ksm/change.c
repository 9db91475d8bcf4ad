// SPDX-License-Identifier: GPL-2.0
/* Two dumps of one VM: which pages have changed in between. */
#include "ksm/analysis.h"

static const struct dump_object *object_of(const struct dump *d, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < d->nr_objects; i++)
		if (d->object[i].id == id)
			return &d->object[i];
	return NULL;
}

static bool same_content(const struct vmm_ksm_page *a,
			 const struct vmm_ksm_page *b)
{
	return dump_zero(a) == dump_zero(b) && a->hash == b->hash;
}

static void compare_page(struct ksm_change *c, const struct vmm_ksm_page *before,
			 const struct vmm_ksm_page *now)
{
	static const struct vmm_ksm_page none;

	if (!before)
		before = &none;
	if (!now)
		now = &none;
	if ((before->flags | now->flags) & VMM_KSM_PAGE_AWAY)
		c->unknown++;
	else if (dump_present(before) && dump_present(now))
		*(same_content(before, now) ? &c->same : &c->changed) += 1;
	else if (dump_present(now))
		c->appeared++;
	else if (dump_present(before))
		c->gone++;
}

static const struct vmm_ksm_page *page_of(const struct dump *d,
					  const struct dump_object *o, uint64_t i)
{
	return o && i < o->pages ? &d->page[o->first + i] : NULL;
}

/* Pages of @o in @now, and if the object was longer, of the rest. */
static void compare_object(struct ksm_change *c, const struct dump *before,
			   const struct dump *now, const struct dump_object *o)
{
	const struct dump_object *was = object_of(before, o->id);
	uint64_t i;

	for (i = 0; i < o->pages || (was && i < was->pages); i++)
		compare_page(c, page_of(before, was, i), page_of(now, o, i));
}

void ksm_compare(struct ksm_change *c, const struct dump *before,
		 const struct dump *now)
{
	const struct dump_object *o;
	uint64_t at;
	unsigned int i;

	for (i = 0; i < now->nr_objects; i++)
		compare_object(c, before, now, &now->object[i]);
	for (i = 0; i < before->nr_objects; i++) {
		o = &before->object[i];
		if (object_of(now, o->id))
			continue;
		for (at = 0; at < o->pages; at++)
			compare_page(c, &before->page[o->first + at], NULL);
	}
}

bool ksm_was_same(const struct dump *before, const struct dump_object *now,
		  const struct vmm_ksm_page *page, uint64_t index)
{
	const struct vmm_ksm_page *was = page_of(before, object_of(before, now->id),
						 index);

	return was && dump_present(was) && same_content(was, page);
}
