// SPDX-License-Identifier: GPL-2.0
/* What each content of a round adds: to its VMs, to pairs of them, to histograms. */
#include <stdio.h>
#include <string.h>

#include "ksm/analysis_parts.h"

int content_begin(struct content_pass *pass, struct ksm_analysis *a,
		  const struct set *s, struct err *err)
{
	const struct set_round *last = &s->round[s->rounds - 1];
	size_t i;

	if (last->count > SET_MAX_ROUND)
		return err_set(err, VMCTL_FAILED, "too many VMs");
	memset(pass, 0, sizeof(*pass));
	pass->a = a;
	pass->dump = s->dump + last->first;
	for (i = 0; i < last->count; i++) {
		pass->before[i] = set_before(s, s->rounds - 1, pass->dump[i]);
		pass->has_before |= !!pass->before[i];
	}
	return 0;
}

/* ---- where a page is ---------------------------------------------------------------------- */

static const struct dump_object *object_of(const struct dump *d, uint64_t page)
{
	const struct dump_object *o = d->object;

	while (page >= o->first + o->pages)
		o++;
	return o;
}

static bool is_stable(const struct content_pass *pass, const struct site *s)
{
	const struct dump *d = pass->dump[s->vm];
	const struct dump_object *o = object_of(d, s->page);

	return pass->before[s->vm] &&
	       ksm_was_same(pass->before[s->vm], o, &d->page[s->page],
			    s->page - o->first);
}

static void add_stable(struct content_pass *pass, const struct site *site,
		       size_t n, bool zero)
{
	uint64_t stable = 0;
	size_t i;

	for (i = 0; i < n; i++)
		stable += is_stable(pass, &site[i]);
	pass->stable += zero ? stable : stable - !!stable;
	pass->stable_zero += zero ? stable : 0;
}

/* ---- whose it is ---------------------------------------------------------------------------- */

static void count_vms(struct content_pass *pass, const struct site *site, size_t n)
{
	size_t i;

	for (i = 0; i < pass->nr_touched; i++)
		pass->pages[pass->touched[i]] = 0;
	pass->nr_touched = 0;
	for (i = 0; i < n; i++)
		if (!pass->pages[site[i].vm]++)
			pass->touched[pass->nr_touched++] = site[i].vm;
}

static void add_to_vms(struct content_pass *pass, size_t n)
{
	struct ksm_analysis *a = pass->a;
	unsigned int i, j;
	struct ksm_vm *v;
	size_t x, y;

	for (i = 0; i < pass->nr_touched; i++) {
		x = pass->touched[i];
		v = &a->vm[x];
		v->contents++;
		v->unique += n == 1;
		v->self += pass->pages[x] - 1;
		v->other += pass->nr_touched > 1 ? pass->pages[x] : 0;
		a->matrix[x * a->vms + x] += pass->pages[x] - 1;
		for (j = 0; j < i; j++) {
			y = pass->touched[j];
			a->matrix[x * a->vms + y]++;
			a->matrix[y * a->vms + x]++;
		}
	}
}

/* ---- histogram and the greatest -------------------------------------------------------------- */

/* 1, 2, 3 to 4, 5 to 8... */
static void add_degree(struct ksm_analysis *a, size_t n)
{
	unsigned int i = 0;

	while (n > 1ULL << i && i < KSM_DEGREES - 1)
		i++;
	a->degree[i].contents++;
	a->degree[i].pages += n;
}

static void add_top(struct content_pass *pass, const struct site *site, size_t n)
{
	const struct dump *d = pass->dump[site->vm];
	const struct dump_object *o = object_of(d, site->page);
	struct ksm_analysis *a = pass->a;
	size_t at = a->tops, merged;
	struct ksm_top *t = a->top;

	if (n < 2 || (at == KSM_TOP && t[at - 1].pages >= n))
		return;
	at -= at == KSM_TOP;
	for (; at && t[at - 1].pages < n; at--)
		t[at] = t[at - 1];
	a->tops += a->tops < KSM_TOP;
	t[at] = (struct ksm_top){
		.hash = site->hash, .pages = n, .vms = pass->nr_touched,
		.frames = sites_frames(site, n, &merged),
		.object = o->id, .index = site->page - o->first,
	};
	memcpy(t[at].name, a->vm[site->vm].name, sizeof(t[at].name));
}

void content_add(struct content_pass *pass, const struct site *site, size_t n,
		 bool zero)
{
	if (pass->has_before)
		add_stable(pass, site, n, zero);
	if (zero)
		return;
	count_vms(pass, site, n);
	add_to_vms(pass, n);
	add_degree(pass->a, n);
	add_top(pass, site, n);
}

void content_end(struct content_pass *pass)
{
	struct ksm_analysis *a = pass->a;
	unsigned int i;

	for (i = 0; i < KSM_DEGREES; i++) {
		a->degree[i].least = i ? (1ULL << (i - 1)) + 1 : 1;
		a->degree[i].most = 1ULL << i;
		if (a->degree[i].contents)
			a->degrees = i + 1;
	}
}
