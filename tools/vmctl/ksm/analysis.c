// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ksm/analysis_parts.h"

uint64_t ksm_share(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((__uint128_t)part * 1000 / whole) : DUMP_NONE;
}

const struct ksm_totals *ksm_last(const struct ksm_analysis *a)
{
	return &a->round[a->rounds - 1];
}

/* ---- by looking at pages one by one ---------------------------------------------------- */

static void count_pages(struct ksm_vm *v, const struct dump *d)
{
	const struct vmm_ksm_page *p;

	v->pages = d->pages;
	for (p = d->page; p < d->page + d->pages; p++) {
		v->present += dump_present(p);
		v->zero += dump_zero(p);
		v->away += !!(p->flags & VMM_KSM_PAGE_AWAY);
		v->absent += !p->flags;
		v->merged += !!(p->flags & VMM_KSM_PAGE_MERGED);
		v->kin += !!(p->flags & VMM_KSM_PAGE_KIN);
		v->huge += !!(p->flags & VMM_KSM_PAGE_HUGE);
	}
}

static void fill_vm(struct ksm_vm *v, const struct set *s, size_t i)
{
	const struct set_round *last = &s->round[s->rounds - 1];
	const struct dump *d = s->dump[last->first + i], *before;
	struct ksm_change c = {};

	memset(v, 0, sizeof(*v));
	set_label(v->name, s, last, d);
	memcpy(v->host, d->host, sizeof(v->host));
	memcpy(v->kernel, d->kernel, sizeof(v->kernel));
	v->id = d->vm;
	v->time_ns = d->time_ns;
	count_pages(v, d);
	before = set_before(s, s->rounds - 1, d);
	if (before)
		ksm_compare(&c, before, d);
	v->same = before ? c.same : DUMP_NONE;
	v->changed = before ? c.changed : DUMP_NONE;
	v->appeared = before ? c.appeared : DUMP_NONE;
	v->gone = before ? c.gone : DUMP_NONE;
	v->unknown = before ? c.unknown : DUMP_NONE;
}

static void add_vm(struct ksm_totals *t, const struct dump *d)
{
	struct ksm_vm v = {};

	count_pages(&v, d);
	t->vms++;
	t->pages += v.pages;
	t->present += v.present;
	t->zero += v.zero;
	t->away += v.away;
	t->absent += v.absent;
	t->merged += v.merged;
	t->kin += v.kin;
	if (d->time_ns > t->time_ns)
		t->time_ns = d->time_ns;
}

/* ---- by content ------------------------------------------------------------------------ */

/* Zeroes of all kinds of pages: in which frames they are. */
static void add_frames(struct ksm_totals *t, const struct site *site, size_t n,
		       bool zero)
{
	size_t merged, frames = sites_frames(site, n, &merged);

	t->frames += frames;
	t->zero_frames += zero ? frames : 0;
	t->merged_frames += merged;
}

static int add_contents(struct ksm_totals *t, const struct set *s,
			const struct set_round *r, struct content_pass *pass,
			bool zero, struct err *err)
{
	struct sites sites;
	size_t at, n;

	if (sites_make(&sites, s->dump + r->first, r->count, zero, err))
		return -1;
	for (at = 0; at < sites.count; at += n) {
		n = sites_equal(&sites, at);
		add_frames(t, sites.site + at, n, zero);
		t->contents += !zero;
		if (pass)
			content_add(pass, sites.site + at, n, zero);
	}
	sites_free(&sites);
	return 0;
}

/* @pass: NULL but for the last round */
static int fill_round(struct ksm_totals *t, const struct set *s,
		      const struct set_round *r, struct content_pass *pass,
		      struct err *err)
{
	size_t i;

	for (i = r->first; i < r->first + r->count; i++)
		add_vm(t, s->dump[i]);
	if (add_contents(t, s, r, pass, false, err) ||
	    add_contents(t, s, r, pass, true, err))
		return -1;
	t->nonzero = t->present - t->zero;
	t->saved = t->present - t->frames;
	t->saved_merged = t->merged - t->merged_frames;
	t->saved_kin = t->saved - t->saved_merged;
	t->possible_zero = t->zero;
	t->possible = t->present - t->contents;
	t->share = ksm_share(t->saved, t->possible);
	return 0;
}

/* ---- rules ------------------------------------------------------------------------------- */

static void add_rule(struct ksm_analysis *a, const char *name, const char *what,
		     uint64_t saved, uint64_t zero)
{
	const struct ksm_totals *t = ksm_last(a);
	struct ksm_whatif *w = &a->whatif[a->whatifs++];

	snprintf(w->name, sizeof(w->name), "%s", name);
	snprintf(w->what, sizeof(w->what), "%s", what);
	w->saved = saved;
	w->saved_zero = zero;
	w->frames = t->present - saved;
	w->bytes = saved * DUMP_PAGE_SIZE;
	w->share = ksm_share(saved, t->possible);
}

static int add_rules(struct ksm_analysis *a, const struct set *s,
		     const struct content_pass *pass, struct err *err)
{
	const struct set_round *r = &s->round[s->rounds - 1];
	struct dump *const *dump = s->dump + r->first;
	const struct ksm_totals *t = ksm_last(a);
	struct ksm_saving all, alone;
	uint64_t own = 0;
	size_t i;

	if (ksm_blocks(&all, dump, r->count, false, err) ||
	    ksm_blocks(&alone, dump, r->count, true, err))
		return -1;
	for (i = 0; i < a->vms; i++)
		own += a->vm[i].self;
	add_rule(a, "none", "Nothing is shared", 0, 0);
	add_rule(a, "now", "As it is now", t->saved, t->zero - t->zero_frames);
	add_rule(a, "zero", "Pages of zeroes are given up", t->zero, t->zero);
	add_rule(a, "4k", "Pages of all VMs: the oracle", t->possible, t->zero);
	add_rule(a, "4k-self", "Pages, each VM with a salt of its own",
		 own + t->zero, t->zero);
	add_rule(a, "2m", "Whole blocks of 2 MiB of all VMs", all.pages, all.zero);
	add_rule(a, "2m-self", "Whole blocks of 2 MiB, each VM with a salt of its own",
		 alone.pages, alone.zero);
	if (pass->has_before)
		add_rule(a, "4k-stable", "Pages that have not changed since the dump before",
			 pass->stable, pass->stable_zero);
	return 0;
}

/* ---- changes ------------------------------------------------------------------------------ */

static int fill_changes(struct ksm_analysis *a, const struct set *s,
			struct err *err)
{
	const struct dump *before;
	struct ksm_change *c;
	size_t r, i;

	a->change = c = calloc(s->count + 1, sizeof(*c));
	if (!c)
		return err_set(err, VMCTL_FAILED, "out of memory");
	for (r = 1; r < s->rounds; r++) {
		for (i = 0; i < s->round[r].count; i++) {
			const struct dump *d = s->dump[s->round[r].first + i];

			before = set_before(s, r, d);
			if (!before)
				continue;
			set_label(c->name, s, &s->round[r], d);
			c->from_ns = before->time_ns;
			c->to_ns = d->time_ns;
			ksm_compare(c++, before, d);
		}
	}
	a->changes = (size_t)(c - a->change);
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int make_room(struct ksm_analysis *a, const struct set *s, struct err *err)
{
	memset(a, 0, sizeof(*a));
	a->rounds = s->rounds;
	a->vms = s->round[s->rounds - 1].count;
	a->round = calloc(a->rounds, sizeof(*a->round));
	a->vm = calloc(a->vms, sizeof(*a->vm));
	a->matrix = calloc(a->vms * a->vms, sizeof(*a->matrix));
	if (a->round && a->vm && a->matrix)
		return 0;
	return err_set(err, VMCTL_FAILED, "out of memory");
}

int ksm_analyze(struct ksm_analysis *a, const struct set *s, struct err *err)
{
	struct content_pass pass;
	size_t i;
	int ret;

	if (make_room(a, s, err))
		return -1;
	for (i = 0; i < a->vms; i++)
		fill_vm(&a->vm[i], s, i);
	for (i = 0; i + 1 < s->rounds; i++)
		if (fill_round(&a->round[i], s, &s->round[i], NULL, err))
			return -1;
	if (content_begin(&pass, a, s, err))
		return -1;
	ret = fill_round(&a->round[i], s, &s->round[i], &pass, err) ?:
	      add_rules(a, s, &pass, err);
	content_end(&pass);
	return ret ? ret : fill_changes(a, s, err);
}

void ksm_analysis_free(struct ksm_analysis *a)
{
	free(a->round);
	free(a->vm);
	free(a->matrix);
	free(a->change);
	memset(a, 0, sizeof(*a));
}

struct ksm_pair *ksm_pairs(const struct ksm_analysis *a, size_t *count)
{
	struct ksm_pair *pair = calloc(a->vms * (a->vms + 1) / 2 + 1, sizeof(*pair));
	struct ksm_pair *p = pair;
	size_t i, j;

	for (i = 0; pair && i < a->vms; i++) {
		for (j = i; j < a->vms; j++, p++) {
			memcpy(p->a, a->vm[i].name, sizeof(p->a));
			memcpy(p->b, a->vm[j].name, sizeof(p->b));
			p->pages = a->matrix[i * a->vms + j];
			p->bytes = p->pages * DUMP_PAGE_SIZE;
		}
	}
	*count = (size_t)(p - pair);
	return pair;
}
