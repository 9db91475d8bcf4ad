// SPDX-License-Identifier: GPL-2.0
/*
 * What dumps tell, against counting each page with each other: random VMs, hosts and
 * rounds, of so few contents that much is equal.
 */
#include "rnd.h"
#include "tap.h"
#include "vmctl_ksm_dumps.h"

#define BLOCK	512

static struct err err;

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

/* ---- random VMs ------------------------------------------------------------------------- */

static void add_random(struct dump *d, uint32_t object, unsigned int contents)
{
	uint64_t hash = 1 + below(contents), n = below(10);

	if (n == 0)
		add_page(d, object, 0, 0, 0);
	else if (n == 1)
		add_page(d, object, VMM_KSM_PAGE_AWAY, 0, 0);
	else if (n == 2)
		add_page(d, object, VMM_KSM_PAGE_PRESENT | VMM_KSM_PAGE_ZERO, 0,
			 1000000 + below(20));
	else if (n < 5)	/* one frame a content */
		add_page(d, object, VMM_KSM_PAGE_PRESENT | VMM_KSM_PAGE_MERGED,
			 hash, hash);
	else if (n < 7)
		add_page(d, object, VMM_KSM_PAGE_PRESENT | VMM_KSM_PAGE_KIN,
			 hash, 1000 * hash + below(3));
	else
		add_page(d, object, VMM_KSM_PAGE_PRESENT | (n == 7 ? VMM_KSM_PAGE_HUGE : 0),
			 hash, 2000000 + rnd() % 1000000000);
}

/* Blocks all of which is there, of few kinds; some of zeroes. */
static void add_block(struct dump *d, uint32_t object)
{
	uint64_t kind = below(4), i;

	for (i = 0; i < BLOCK; i++) {
		if (!kind || (kind == 1 && i % 3 == 0))
			add_page(d, object, VMM_KSM_PAGE_PRESENT | VMM_KSM_PAGE_ZERO,
				 0, rnd() >> 1);
		else
			add_page(d, object, VMM_KSM_PAGE_PRESENT | VMM_KSM_PAGE_HUGE,
				 kind * 10000 + i, rnd() >> 1);
	}
}

static void fill(struct dump *d, unsigned int contents)
{
	uint32_t object, objects = 1 + (uint32_t)below(2);
	uint64_t n;

	for (object = 1; object <= objects; object++) {
		for (n = below(3); n; n--)
			add_block(d, object);
		for (n = below(200); n; n--)
			add_random(d, object, contents);
	}
}

static void make_set(struct set *s)
{
	static const char *const names[] = { "web", "lab", "db", "", "mail" };
	unsigned int rounds = 1 + (unsigned int)below(3), vms = 1 + (unsigned int)below(5);
	unsigned int contents = 1 + (unsigned int)below(300), r, i;
	struct dump *d;

	memset(s, 0, sizeof(*s));
	for (r = 0; r < rounds; r++) {
		for (i = 0; i < vms; i++) {
			if (i && !below(8))
				continue;
			d = dump_of(names[i], i + 1, 100 * r + i);
			if (i == 2)
				strcpy(d->host, "other");
			fill(d, contents);
			set_add(s, d, &err);
		}
	}
	if (set_order(s, &err))
		abort();
}

/* ---- by counting ------------------------------------------------------------------------- */

/* struct all - the pages of a round, in no order */
struct all {
	const struct vmm_ksm_page *page[8192];
	size_t vm[8192], count;
	bool seen[8192];
};

static struct all all;

static void gather(const struct set *s, const struct set_round *r)
{
	const struct dump *d;
	uint64_t at;
	size_t i;

	all.count = 0;
	for (i = 0; i < r->count; i++) {
		d = s->dump[r->first + i];
		for (at = 0; at < d->pages; at++) {
			all.vm[all.count] = i;
			all.page[all.count++] = &d->page[at];
		}
	}
}

static bool same(size_t a, size_t b)
{
	return dump_present(all.page[a]) && dump_present(all.page[b]) &&
	       dump_zero(all.page[a]) == dump_zero(all.page[b]) &&
	       all.page[a]->hash == all.page[b]->hash;
}

static const struct dump *dump_at(const struct set *s, const struct set_round *r,
				  size_t i)
{
	return s->dump[r->first + all.vm[i]];
}

static bool same_frame(const struct set *s, const struct set_round *r, size_t a,
		       size_t b)
{
	return same(a, b) && all.page[a]->frame == all.page[b]->frame &&
	       !strcmp(dump_at(s, r, a)->host, dump_at(s, r, b)->host);
}

static void count_totals(const struct set *s, const struct set_round *r,
			 struct ksm_totals *t)
{
	const struct vmm_ksm_page *p;
	bool content, frame;
	size_t i, j;

	memset(t, 0, sizeof(*t));
	gather(s, r);
	t->vms = r->count;
	t->pages = all.count;
	for (i = 0; i < r->count; i++)
		if (s->dump[r->first + i]->time_ns > t->time_ns)
			t->time_ns = s->dump[r->first + i]->time_ns;
	for (i = 0; i < all.count; i++) {
		p = all.page[i];
		t->absent += !p->flags;
		t->away += p->flags == VMM_KSM_PAGE_AWAY;
		if (!dump_present(p))
			continue;
		content = true;
		frame = true;
		for (j = 0; j < i; j++) {
			content = content && !same(i, j);
			frame = frame && !same_frame(s, r, i, j);
		}
		t->present++;
		t->zero += dump_zero(p);
		t->contents += content && !dump_zero(p);
		t->frames += frame;
		t->zero_frames += frame && dump_zero(p);
		t->merged += !!(p->flags & VMM_KSM_PAGE_MERGED);
		t->kin += !!(p->flags & VMM_KSM_PAGE_KIN);
		t->merged_frames += frame && p->flags & VMM_KSM_PAGE_MERGED;
	}
	t->nonzero = t->present - t->zero;
	t->saved = t->present - t->frames;
	t->saved_merged = t->merged - t->merged_frames;
	t->saved_kin = t->saved - t->saved_merged;
	t->possible = t->present - t->contents;
	t->possible_zero = t->zero;
	t->share = t->possible ? t->saved * 1000 / t->possible : DUMP_NONE;
}

/* Contents that both have; or pages of one that are equal to an earlier one. */
static uint64_t count_pair(size_t x, size_t y)
{
	uint64_t n = 0;
	bool first, other;
	size_t i, j;

	for (i = 0; i < all.count; i++) {
		if (all.vm[i] != x || !dump_present(all.page[i]) ||
		    dump_zero(all.page[i]))
			continue;
		first = true;
		other = false;
		for (j = 0; j < all.count; j++) {
			first = first && !(j < i && all.vm[j] == x && same(i, j));
			other = other || (all.vm[j] == y && same(i, j));
		}
		n += x == y ? !first : first && other;
	}
	return n;
}

static uint64_t count_unique(size_t x)
{
	uint64_t n = 0;
	size_t i, j;
	bool alone;

	for (i = 0; i < all.count; i++) {
		alone = all.vm[i] == x && dump_present(all.page[i]) &&
			!dump_zero(all.page[i]);
		for (j = 0; j < all.count && alone; j++)
			alone = j == i || !same(i, j);
		n += alone;
	}
	return n;
}

static uint64_t count_other(size_t x)
{
	uint64_t n = 0;
	size_t i, j;
	bool other;

	for (i = 0; i < all.count; i++) {
		if (all.vm[i] != x || dump_zero(all.page[i]))
			continue;
		other = false;
		for (j = 0; j < all.count && !other; j++)
			other = all.vm[j] != x && same(i, j);
		n += other;
	}
	return n;
}

static bool check_vms(const struct ksm_analysis *a)
{
	bool good = true;
	size_t x, y;

	for (x = 0; x < a->vms; x++) {
		for (y = 0; y < a->vms; y++)
			good = good && a->matrix[x * a->vms + y] == count_pair(x, y);
		good = good && a->vm[x].self == count_pair(x, x) &&
		       a->vm[x].unique == count_unique(x) &&
		       a->vm[x].other == count_other(x);
	}
	return good;
}

/* Of each degree, and the greatest contents. */
static bool check_contents(const struct ksm_analysis *a)
{
	uint64_t pages[KSM_DEGREES] = {}, contents[KSM_DEGREES] = {}, n, greatest = 0;
	unsigned int d, i;
	size_t x, y;

	memset(all.seen, 0, sizeof(all.seen));
	for (x = 0; x < all.count; x++) {
		if (!dump_present(all.page[x]) || dump_zero(all.page[x]) || all.seen[x])
			continue;
		for (y = x, n = 0; y < all.count; y++) {
			if (same(x, y)) {
				all.seen[y] = true;
				n++;
			}
		}
		for (d = 0; n > 1ULL << d; d++)
			;
		contents[d]++;
		pages[d] += n;
		greatest = n > greatest ? n : greatest;
	}
	for (i = 0; i < KSM_DEGREES; i++)
		if (a->degree[i].pages != pages[i] ||
		    a->degree[i].contents != contents[i] ||
		    (contents[i] && i >= a->degrees))
			return false;
	for (i = 1; i < a->tops; i++)
		if (a->top[i].pages > a->top[i - 1].pages)
			return false;
	return greatest < 2 ? !a->tops : a->tops && a->top[0].pages == greatest;
}

static bool equal_pages(const struct vmm_ksm_page *a, const struct vmm_ksm_page *b)
{
	return dump_present(a) && dump_present(b) &&
	       dump_zero(a) == dump_zero(b) && a->hash == b->hash;
}

static bool whole(const struct vmm_ksm_page *p)
{
	unsigned int i;

	for (i = 0; i < BLOCK; i++)
		if (!dump_present(&p[i]))
			return false;
	return true;
}

static unsigned int zeroes(const struct vmm_ksm_page *p)
{
	unsigned int n = 0, i;

	for (i = 0; i < BLOCK; i++)
		n += dump_zero(&p[i]);
	return n;
}

static bool equal_blocks(const struct vmm_ksm_page *a, const struct vmm_ksm_page *b)
{
	unsigned int i;

	for (i = 0; i < BLOCK; i++)
		if (!equal_pages(&a[i], &b[i]))
			return false;
	return true;
}

static uint64_t count_blocks(const struct set *s, const struct set_round *r,
			     bool alone, uint64_t *zero)
{
	const struct vmm_ksm_page *block[64];
	size_t vm[64], n = 0, i, j;
	uint64_t saved = 0, at;
	unsigned int o;
	bool again;

	*zero = 0;
	for (i = 0; i < r->count; i++) {
		const struct dump *d = s->dump[r->first + i];

		for (o = 0; o < d->nr_objects; o++) {
			for (at = 0; at + BLOCK <= d->object[o].pages; at += BLOCK) {
				const struct vmm_ksm_page *p =
					&d->page[d->object[o].first + at];

				if (!whole(p))
					continue;
				again = zeroes(p) == BLOCK;
				for (j = 0; j < n; j++)
					again = again || ((!alone || vm[j] == i) &&
							  equal_blocks(block[j], p));
				vm[n] = i;
				block[n++] = p;
				saved += again ? BLOCK : 0;
				*zero += again ? zeroes(p) : 0;
			}
		}
	}
	return saved;
}

static const struct ksm_whatif *rule(const struct ksm_analysis *a, const char *name)
{
	static const struct ksm_whatif none = { .saved = DUMP_NONE };
	size_t i;

	for (i = 0; i < a->whatifs; i++)
		if (!strcmp(a->whatif[i].name, name))
			return &a->whatif[i];
	return &none;
}

static bool check_rule(const struct ksm_analysis *a, const char *name,
		       uint64_t saved, uint64_t zero)
{
	const struct ksm_whatif *w = rule(a, name);

	if (w->saved == saved && w->saved_zero == zero &&
	    w->bytes == saved * 4096 && w->frames == ksm_last(a)->present - saved)
		return true;
	tap_note("%s: saved %llu, not %llu; zeroes %llu, not %llu", name,
		 (unsigned long long)w->saved, (unsigned long long)saved,
		 (unsigned long long)w->saved_zero, (unsigned long long)zero);
	return false;
}

/* The page of @d at the same place, in the object of the same number. */
static const struct vmm_ksm_page *place(const struct dump *d, uint32_t id, uint64_t i)
{
	unsigned int o;

	for (o = 0; d && o < d->nr_objects; o++)
		if (d->object[o].id == id && i < d->object[o].pages)
			return &d->page[d->object[o].first + i];
	return NULL;
}

static bool check_stable(const struct ksm_analysis *a, const struct set *s,
			 const struct set_round *r)
{
	uint64_t saved = 0, zero = 0, at, index;
	static bool stable[8192];
	bool before = false, first;
	size_t i, j, n = 0;

	for (i = 0; i < r->count; i++) {
		const struct dump *d = s->dump[r->first + i];
		const struct dump *b = set_before(s, s->rounds - 1, d);
		const struct vmm_ksm_page *p;
		unsigned int o = 0;

		before = before || b;
		for (at = 0; at < d->pages; at++, n++) {
			while (at >= d->object[o].first + d->object[o].pages)
				o++;
			index = at - d->object[o].first;
			p = place(b, d->object[o].id, index);
			stable[n] = p && equal_pages(p, &d->page[at]);
		}
	}
	for (i = 0; i < n; i++) {
		if (!stable[i])
			continue;
		first = !dump_zero(all.page[i]);
		for (j = 0; j < i; j++)
			first = first && !(stable[j] && same(i, j));
		saved += !first;
		zero += dump_zero(all.page[i]);
	}
	return before ? check_rule(a, "4k-stable", saved, zero) :
	       rule(a, "4k-stable")->saved == DUMP_NONE;
}

static bool check_rules(const struct ksm_analysis *a, const struct set *s,
			const struct set_round *r)
{
	const struct ksm_totals *t = ksm_last(a);
	uint64_t self = 0, zero, saved;
	bool good;
	size_t i;

	for (i = 0; i < a->vms; i++)
		self += count_pair(i, i);
	good = check_rule(a, "none", 0, 0) &
	       check_rule(a, "now", t->saved, t->zero - t->zero_frames) &
	       check_rule(a, "zero", t->zero, t->zero) &
	       check_rule(a, "4k", t->possible, t->zero) &
	       check_rule(a, "4k-self", self + t->zero, t->zero) &
	       check_stable(a, s, r);
	saved = count_blocks(s, r, false, &zero);
	good &= check_rule(a, "2m", saved, zero);
	saved = count_blocks(s, r, true, &zero);
	return good & check_rule(a, "2m-self", saved, zero);
}

static bool check_round(const struct ksm_analysis *a, const struct set *s, size_t r)
{
	struct ksm_totals t;

	count_totals(s, &s->round[r], &t);
	if (!memcmp(&t, &a->round[r], sizeof(t)))
		return true;
	tap_note("round %zu of %zu: frames %llu, not %llu; contents %llu, not %llu", r,
		 s->rounds, (unsigned long long)a->round[r].frames,
		 (unsigned long long)t.frames, (unsigned long long)a->round[r].contents,
		 (unsigned long long)t.contents);
	return false;
}

static bool check_one(void)
{
	struct ksm_analysis a;
	bool good = true;
	struct set s;
	size_t r;

	make_set(&s);
	if (ksm_analyze(&a, &s, &err)) {
		tap_note("%s", err.text);
		good = false;
	}
	for (r = 0; r < s.rounds && good; r++)
		good = check_round(&a, &s, r);
	if (good)
		good = check_vms(&a) & check_contents(&a) &
		       check_rules(&a, &s, &s.round[s.rounds - 1]);
	ksm_analysis_free(&a);
	set_free(&s);
	return good;
}

static void test_random(void)
{
	unsigned int i, good = 0;

	for (i = 0; i < 24; i++)
		good += check_one();
	tap_ok(good == 24, "%u of 24 sets are counted rightly", good);
}

/* ---- what can be seen by looking --------------------------------------------------------- */

static void test_rounds(void)
{
	struct set s = {};
	char label[SET_LABEL];
	bool good;

	set_add(&s, dump_of("b", 2, 1), &err);
	set_add(&s, dump_of("a", 1, 20), &err);
	set_add(&s, dump_of("a", 1, 0), &err);
	set_add(&s, dump_of("a", 3, 21), &err);
	set_add(&s, dump_of("a", 1, 30), &err);
	good = !set_order(&s, &err) && s.rounds == 3 && s.round[0].count == 2 &&
	       s.round[1].first == 2 && s.round[1].count == 2 && s.round[2].count == 1;
	tap_ok(good, "a round ends where a VM comes again");
	tap_ok(set_before(&s, 1, s.dump[2]) == s.dump[0] &&
	       !set_before(&s, 1, s.dump[3]) && !set_before(&s, 0, s.dump[0]) &&
	       set_before(&s, 2, s.dump[4]) == s.dump[2], "the dump before");
	set_label(label, &s, &s.round[1], s.dump[3]);
	tap_ok(!strcmp(label, "a#3"), "two of one name are told by their numbers: %s", label);
	strcpy(s.dump[3]->host, "far");
	set_label(label, &s, &s.round[1], s.dump[3]);
	tap_ok(!strcmp(label, "a@far"), "or by their hosts: %s", label);
	set_label(label, &s, &s.round[2], s.dump[4]);
	tap_ok(!strcmp(label, "a"), "else by their names");
	set_free(&s);
}

static void test_comparable(void)
{
	struct dump *other = dump_of("b", 1, 0);
	struct set s = {};

	set_add(&s, dump_of("a", 1, 0), &err);
	other->seed = 8;
	tap_ok(set_add(&s, other, &err) && strstr(err.text, "another seed"),
	       "another seed: %s", err.text);
	other = dump_of("b", 1, 0);
	strcpy(other->hash, "mul");
	tap_ok(set_add(&s, other, &err) && strstr(err.text, "another hash"),
	       "another hash: %s", err.text);
	tap_ok(s.count == 1, "are not added");
	set_free(&s);
}

static void test_changes(void)
{
	struct dump *a = dump_of("a", 1, 0), *b = dump_of("a", 1, 5);
	struct set s = {};
	struct ksm_analysis an;
	const struct ksm_change *c;
	const uint32_t there = VMM_KSM_PAGE_PRESENT, zero = there | VMM_KSM_PAGE_ZERO;

	add_page(a, 1, there, 5, 1), add_page(b, 1, there | VMM_KSM_PAGE_MERGED, 5, 9);
	add_page(a, 1, there, 5, 1), add_page(b, 1, there, 6, 1);
	add_page(a, 1, zero, 0, 1), add_page(b, 1, zero, 0, 1);
	add_page(a, 1, zero, 0, 1), add_page(b, 1, there, 6, 1);
	add_page(a, 1, zero, 0, 1), add_page(b, 1, 0, 0, 0);
	add_page(a, 1, 0, 0, 0), add_page(b, 1, there, 6, 1);
	add_page(a, 1, 0, 0, 0), add_page(b, 1, 0, 0, 0);
	add_page(a, 1, there, 4, 2), add_page(b, 1, VMM_KSM_PAGE_AWAY, 0, 0);
	add_page(a, 2, there, 4, 2), add_page(b, 3, there, 4, 2);
	set_add(&s, a, &err);
	set_add(&s, b, &err);
	if (set_order(&s, &err) || ksm_analyze(&an, &s, &err))
		abort();
	c = an.change;
	tap_ok(an.changes == 1 && c->same == 2 && c->changed == 2 &&
	       c->appeared == 2 && c->gone == 2 && c->unknown == 1 &&
	       c->to_ns - c->from_ns == 5 * DUMPS_SECOND, "what became of pages");
	tap_ok(an.vm[0].changed == 2 && an.vm[0].same == 2, "the VM has it, too");
	ksm_analysis_free(&an);
	set_free(&s);
}

static void test_pairs(void)
{
	struct ksm_analysis an;
	struct ksm_pair *p;
	struct set s = {};
	size_t count;

	make_set(&s);
	if (ksm_analyze(&an, &s, &err))
		abort();
	p = ksm_pairs(&an, &count);
	tap_ok(count == an.vms * (an.vms + 1) / 2 && p[0].pages == an.matrix[0] &&
	       p[count - 1].pages == an.matrix[an.vms * an.vms - 1], "pairs");
	free(p);
	ksm_analysis_free(&an);
	set_free(&s);
	set_add(&s, dump_of("a", 1, 0), &err);
	if (set_order(&s, &err) || ksm_analyze(&an, &s, &err))
		abort();
	tap_ok(!ksm_last(&an)->present && ksm_last(&an)->share == DUMP_NONE && !an.tops,
	       "a VM of no memory");
	ksm_analysis_free(&an);
	set_free(&s);
}

static void test_map(void)
{
	struct dump *d = dump_of("a", 1, 0);
	const uint32_t there = VMM_KSM_PAGE_PRESENT;
	uint64_t count[MAP_KINDS];
	char marks[16];
	uint8_t *kind;
	unsigned int i;

	add_page(d, 1, there, 5, 1), add_page(d, 1, there, 5, 2);
	add_page(d, 1, there, 6, 3), add_page(d, 1, 0, 0, 0);
	add_page(d, 1, VMM_KSM_PAGE_AWAY, 0, 0);
	add_page(d, 1, there | VMM_KSM_PAGE_ZERO, 0, 4);
	add_page(d, 1, there | VMM_KSM_PAGE_MERGED, 5, 5);
	add_page(d, 1, there | VMM_KSM_PAGE_KIN, 7, 6);
	kind = map_make(d, count);
	for (i = 0; i < 8; i++)
		marks[i] = map_mark(kind + i, 1);
	marks[8] = 0;
	tap_ok(!strcmp(marks, "==#.a0mk"), "a map: %s", marks);
	tap_ok(count[MAP_REPEATED] == 2 && count[MAP_UNIQUE] == 1 &&
	       map_run(kind, 0, 8) == 2 && map_run(kind, 7, 8) == 1 &&
	       map_mark(kind, 4) == '=', "runs");
	tap_ok(map_scale(100, 100) == 1 && map_scale(101, 100) == 2 &&
	       map_scale(DUMP_MAX_PAGES, 1024) == 1 << 20, "scales");
	free(kind);
	dump_free(d);
	free(d);
}

int main(void)
{
	test_rounds();
	test_comparable();
	test_changes();
	test_pairs();
	test_map();
	test_random();
	return tap_done();
}
