// SPDX-License-Identifier: GPL-2.0
/*
 * The trees of memory objects against a model: a family of live and frozen trees is
 * written, frozen, forked, returned, emptied, lent from and dropped at random, pages
 * leave memory and come back or are merged, and memory is refused now and then.  After
 * each step every page has the value that the model has, nothing that two trees reach is
 * own, and all counts are what counting gives.
 */
#include "mem_merged.h"
#include "mem_world.h"

/* --- what is done ---------------------------------------------------------------------- */

/* The page at @index comes back if it is away; 0 or -ENOMEM. */
static int fetch(struct object *o, unsigned long index)
{
	unsigned long away = vmm_tree_away(&o->tree, index), phys;
	struct vmm_gone_item item = { away | VMM_WORD_AWAY, index,
				      VMM_LEVEL_PAGE };
	struct vmm_gone gone = { .nr = 1, .max = 1, .item = &item };

	if (!away)
		return 0;
	if (record_of(away)->phys) {
		vmm_tree_come_back(&totals, index, away, record_of(away)->phys);
		return 0;
	}
	phys = vmm_port_page_alloc(false);
	if (!phys)
		return -ENOMEM;
	*(unsigned long *)vmm_port_va(phys) = record_of(away)->value;
	record_of(away)->count++;
	good &= vmm_tree_fetched(&totals, index, away, phys) > 0;
	finish(&gone);
	return 0;
}

/* As the kernel does it; 0 or -ENOMEM. */
static int own(struct object *o, unsigned long index, bool lend)
{
	struct vmm_gone_item item[VMM_GONE_FEW];
	struct vmm_gone gone = { .max = VMM_GONE_FEW, .item = item };
	unsigned long copy;
	int err;

	if (!vmm_tree_top_is_own(&o->tree, index)) {
		err = vmm_tree_own_top(&o->tree, index, &gone);
		if (err)
			goto out;
	}
	err = vmm_tree_own(&o->tree, index, lend, &gone);
	if (err == VMM_TREE_SHARED) {
		err = -ENOMEM;
		copy = vmm_tree_copy(&o->tree, index);
		if (copy) {
			vmm_tree_break(&o->tree, index, copy, &gone);
			vmm_tree_settle(&o->tree, index, lend);
			err = 0;
		}
	}
out:
	finish(&gone);
	if (err == VMM_TREE_AWAY) {
		err = fetch(o, index);
		return err ? err : own(o, index, lend);
	}
	failures += !!err;
	return err;
}

static unsigned long *data(struct object *o, unsigned int hot)
{
	bool huge;
	unsigned long word = vmm_tree_lookup(&o->tree, index_of(hot), &huge);

	assert(word & VMM_WORD_OWN);
	return vmm_port_va(vmm_word_phys(word));
}

static struct object *some_object(bool frozen)
{
	unsigned int i, from = below(OBJECTS);

	for (i = 0; i < OBJECTS; i++) {
		struct object *o = &object[(from + i) % OBJECTS];

		if (o->used && o->frozen == frozen)
			return o;
	}
	return NULL;
}

static struct object *free_object(void)
{
	unsigned int i;

	for (i = 0; i < OBJECTS; i++) {
		if (!object[i].used)
			return &object[i];
	}
	return NULL;
}

/* Whether that shall be so. */
static bool alike;

static void op_write(struct object *o, unsigned int hot)
{
	if (index_of(hot) >= NR_PAGES || own(o, index_of(hot), !below(4)))
		return;
	/* Some pages are like others. */
	o->value[hot] = alike && !below(3) ? below(FRAMES) + 1 : ++values;
	*data(o, hot) = o->value[hot];
}

/* The pages of @o from @hot on are not what they were. */
static void unplace(struct object *o, unsigned int hot, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < PINS; i++) {
		if (pin[i].of == o && pin[i].hot >= hot && pin[i].hot < hot + n)
			pin[i].there = false;
	}
}

static void op_discard(struct object *o)
{
	unsigned int hot = some_page(), n = 1 + below(40), i;
	struct vmm_gone_item item[514], few[VMM_GONE_FEW];
	struct vmm_gone gone = { .max = 514, .item = item };
	struct vmm_gone top = { .max = VMM_GONE_FEW, .item = few };

	if (!below(3)) {
		hot = hot / 512 * 512;
		n = 512;
	}
	if (hot % 512 + n > 512)
		n = 512 - hot % 512;
	if (!vmm_tree_block(&o->tree, index_of(hot)))
		return;
	if (!vmm_tree_top_is_own(&o->tree, index_of(hot)) &&
	    vmm_tree_own_top(&o->tree, index_of(hot), &top)) {
		finish(&top);
		return;
	}
	finish(&top);
	if (!vmm_tree_remove(&o->tree, index_of(hot), n, &gone)) {
		for (i = hot; i < hot + n; i++)
			o->value[i] = 0;
		unplace(o, hot, n);
	} else {
		failures++;
	}
	finish(&gone);
}

static void op_freeze(struct object *o)
{
	struct object *f = free_object();
	struct vmm_gone_item item[600];
	struct vmm_gone gone = { .max = 600, .item = item };
	unsigned long was = o->tree.root;
	struct vmm_pinned need = { };

	if (!f)
		return;
	if (was & VMM_WORD_OWN) {
		if (vmm_tree_find_pinned(&o->tree, &need) ||
		    vmm_tree_reserve(&o->tree, &need)) {
			failures++;
			return;
		}
	}
	memset(f, 0, sizeof(*f));
	f->used = f->frozen = true;
	f->tree = (struct vmm_tree){ .nr_pages = NR_PAGES, .totals = &totals };
	vmm_tree_share(&f->tree, &o->tree);
	gone.max = need.nodes + 1;
	vmm_tree_keep_pinned(&o->tree, &f->tree, &gone);
	memcpy(f->value, o->value, sizeof(f->value));
	finish(&gone);
}

static void op_fork(struct object *f)
{
	struct object *o = free_object();

	if (!o)
		return;
	memset(o, 0, sizeof(*o));
	o->used = true;
	o->tree = (struct vmm_tree){ .nr_pages = NR_PAGES, .totals = &totals };
	vmm_tree_share(&o->tree, &f->tree);
	memcpy(o->value, f->value, sizeof(o->value));
}

static void unplace_range(struct object *o, unsigned long first,
			  unsigned long n)
{
	unsigned int i;

	for (i = 0; i < PINS; i++) {
		if (pin[i].of == o && index_of(pin[i].hot) >= first &&
		    index_of(pin[i].hot) < first + n)
			pin[i].there = false;
	}
}

/* What vmm_tree_differ() tells is what looking at each page tells. */
static void check_differ(struct object *a, struct object *b, bool return_to)
{
	struct vmm_root *ra = vmm_root_of(a->tree.root);
	struct vmm_root *rb = vmm_root_of(b->tree.root);
	struct vmm_tree_range range;
	unsigned long at, told = 0, found = 0;
	unsigned int hot;
	bool huge;

	for (at = 0; at < NR_PAGES;) {
		at = vmm_tree_differ(ra, rb, at, NR_PAGES, &range);
		told += range.count;
		for (; range.count; range.first++, range.count--) {
			good &= name_of(vmm_tree_lookup(&a->tree, range.first,
							&huge)) !=
				name_of(vmm_tree_lookup(&b->tree, range.first,
							&huge));
			if (return_to)
				unplace_range(a, range.first, 1);
		}
	}
	for (hot = 0; hot < HOT; hot++)
		found += index_of(hot) < NR_PAGES &&
			 name_of(vmm_tree_lookup(&a->tree, index_of(hot),
						 &huge)) !=
			 name_of(vmm_tree_lookup(&b->tree, index_of(hot),
						 &huge));
	good &= told == found;
}

static void op_return(struct object *o, struct object *f)
{
	struct vmm_gone_item item = {
		.word = (unsigned long)vmm_root_of(o->tree.root),
		.level = VMM_LEVEL_ROOT,
	};
	struct vmm_gone gone = { .nr = 1, .max = 1, .item = &item };

	check_differ(o, f, true);
	vmm_tree_share(&o->tree, &f->tree);
	memcpy(o->value, f->value, sizeof(o->value));
	finish(&gone);
}

static void unpin(struct pin *p)
{
	unsigned long nr = nr_of(p->phys);

	p->of = NULL;
	if (--pins[nr] || count[nr])
		return;
	used[nr] = false;
	live_pages--;
	memset(arena + (nr << 12), 0x5a, 4096);
}

static void op_pin(struct object *o)
{
	struct pin *p = &pin[below(PINS)];
	unsigned int hot = some_page();

	if (p->of) {
		unpin(p);
		return;
	}
	if (index_of(hot) >= NR_PAGES || own(o, index_of(hot), true))
		return;
	*data(o, hot) = o->value[hot] = ++values;
	*p = (struct pin){ o, hot, vmm_port_phys(data(o, hot)) & ~0xfffUL, true };
	pins[nr_of(p->phys)]++;
}

/* Who has pinned a page writes to it, asking nobody. */
static void op_device(void)
{
	struct pin *p = &pin[below(PINS)];

	if (!p->of)
		return;
	*(unsigned long *)vmm_port_va(p->phys) = ++values;
	if (p->there)
		p->of->value[p->hot] = values;
}

static void op_drop(struct object *o)
{
	unsigned int i;

	for (i = 0; i < PINS; i++) {
		if (pin[i].of == o)
			unpin(&pin[i]);
	}
	drop_root(vmm_root_of(o->tree.root));
	o->used = false;
}

/* A part of a block goes. */
static void op_leave(unsigned int odds)
{
	unsigned long index = index_of(some_page()) & ~511UL, phys, away;
	static struct vmm_gathered at[OBJECTS + QUEUE];
	struct vmm_gather gather = {
		.totals = &totals, .index = index, .at = at,
		.max = below(4) ? OBJECTS + QUEUE : 1,
	};
	unsigned long names;
	unsigned int t, i;
	bool merged;

	if (below(2) && vmm_tree_apart_all(&totals, index))
		failures++;
	if (vmm_tree_gather(&gather)) {
		good &= gather.max == 1;
		return;
	}
	for (i = 0; i < 512; i++) {
		for (t = 0; t < gather.nr; t++) {
			phys = vmm_gather_page(&gather, t, i) ?:
			       vmm_gather_frame(&gather, t, i);
			if (!phys || below(odds) || nr_leaving == LEAVING ||
			    (vmm_port_page_busy(phys) && below(2)))
				continue;
			merged = vmm_gather_frame(&gather, t, i);
			if (merged && named_before(&gather, t, i))
				continue;
			away = record_alloc();
			if (!away)
				continue;
			names = 0;
			if (merged)
				names = vmm_gather_leave_frame(&gather, t, i,
							       away);
			else
				vmm_gather_leave(&gather, t, i, away);
			leaving[nr_leaving++] = (struct leaving){
				index + i, away, phys, names,
			};
		}
	}
	vmm_gather_end(&gather);
}

/* What is left of it, when nobody looks at it any more. */
static void begin_packing(struct leaving *l)
{
	struct record *r = record_of(l->away);

	if (!r->phys)
		return;
	if (vmm_port_page_busy(l->phys)) {
		vmm_tree_come_back(&totals, l->index, l->away, l->phys);
		return;
	}
	++*vmm_port_page_count(l->phys);
	l->packing = true;
}

/* A frame is packed, or comes back, and loses the names that it had. */
static void pack_frame(struct leaving *l)
{
	struct record *r = record_of(l->away);

	good &= !r->phys || r->phys == (l->phys | VMM_WORD_MERGED);
	if (r->phys && !below(4)) {
		vmm_tree_come_back(&totals, l->index, l->away, r->phys);
	} else if (r->phys) {
		r->value = *(unsigned long *)vmm_port_va(l->phys);
		r->packed = true;
		r->phys = 0;
		frames_left++;
	}
	while (l->names--)
		vmm_port_merged_put(l->phys);
}

/* Where it is packed, merged, is zero, or does not get into the store. */
static void end_packing(struct leaving *l)
{
	struct record *r = record_of(l->away);
	unsigned long value = *(unsigned long *)vmm_port_va(l->phys), like = 0;

	if (r->phys) {
		good &= r->phys == l->phys;
		if (value && value <= FRAMES)
			like = frame_like(l->phys);
		if (!value) {
			vmm_tree_forget(&totals, l->index, l->away);
		} else if (like) {
			merges++;
			vmm_tree_merge(&totals, l->index, l->away, like);
		} else if (!below(4)) {
			vmm_tree_come_back(&totals, l->index, l->away, l->phys);
		} else {
			r->value = value;
			r->packed = true;
		}
		if (r->phys) {
			r->phys = 0;
			vmm_page_put(l->phys, l->index, &totals);
		}
	}
	l->packing = false;
	vmm_page_put(l->phys, l->index, &totals);
}

/* Some of those that are leaving go a step on. */
static void op_pack(unsigned int odds)
{
	unsigned int i, kept = 0;
	struct leaving *l;

	for (i = 0; i < nr_leaving; i++) {
		l = &leaving[i];
		if (odds && !below(odds)) {
			leaving[kept++] = *l;
			continue;
		}
		if (l->names) {
			pack_frame(l);
		} else if (!l->packing) {
			begin_packing(l);
			if (l->packing && odds) {
				leaving[kept++] = *l;
				continue;
			}
		}
		if (l->packing)
			end_packing(l);
		vmm_page_put(l->away | VMM_WORD_AWAY, l->index, &totals);
	}
	nr_leaving = kept;
}

static void check_seek(struct object *o)
{
	unsigned long at = index_of(some_page()), i;
	bool present = below(2), found, huge;

	if (at >= NR_PAGES)
		return;
	i = vmm_tree_seek(&o->tree, at, present, &found);
	good &= i <= NR_PAGES && (found || i > at);
	if (found)
		good &= !vmm_tree_lookup(&o->tree, i, &huge) == !present;
	for (; at < i && at < NR_PAGES; at++)
		good &= !vmm_tree_lookup(&o->tree, at, &huge) == present;
}

static void step(void)
{
	struct object *o = some_object(false), *f = some_object(true);
	unsigned int i;

	steps++;
	if (!o)
		o = f ? (op_fork(f), some_object(false)) : NULL;
	if (!o)
		return;
	switch (below(28)) {
	case 0:
	case 1:
		op_freeze(o);
		break;
	case 2:
		if (f)
			op_fork(f);
		break;
	case 3:
		if (f)
			op_return(o, f);
		break;
	case 4:
	case 5:
		op_discard(o);
		break;
	case 6:
		op_drop(below(3) && f ? f : o);
		break;
	case 7:
	case 8:
		op_pin(o);
		break;
	case 9:
	case 10:
		op_device();
		break;
	case 11:
		drain();
		break;
	case 12:
		check_seek(o);
		if (f)
			check_differ(o, f, false);
		break;
	case 13:
	case 14:
		op_leave(1 + below(4));
		break;
	case 15:
	case 16:
		drain();
		op_pack(1 + below(6));
		break;
	case 18:
		forget_frame(below(FRAMES));
		break;
	case 19:
		op_unmerge();
		break;
	case 17:
		for (i = below(40); i; i--) {
			unsigned long at = index_of(some_page());

			if (at < NR_PAGES)
				failures += !!fetch(f && below(2) ? f : o, at);
		}
		break;
	default:
		for (i = below(20); i; i--)
			op_write(o, some_page());
	}
}

static bool begin(bool small)
{
	struct object *o = &object[0];

	unsigned int was = refuse;

	memset(object, 0, sizeof(object));
	memset(pin, 0, sizeof(pin));
	o->used = true;
	refuse = 0;
	if (vmm_tree_init(&o->tree, NR_PAGES, small, &totals))
		return false;
	refuse = was;
	return true;
}

static bool nothing_left(void)
{
	unsigned int i;

	for (i = 0; i < OBJECTS; i++) {
		if (object[i].used)
			op_drop(&object[i]);
	}
	drain();
	op_pack(0);
	for (i = 0; i < FRAMES; i++)
		forget_frame(i);
	return !live_frames && !live_pages && !live_roots && !live_records &&
	       !atomic_long_read(&totals.away) && !totals.roots && !atomic_long_read(&totals.pages) &&
	       !atomic_long_read(&totals.nodes) &&
	       !atomic_long_read(&totals.merged);
}

static unsigned long distinct(void)
{
	unsigned long i, n = 0;

	for (i = 0; i < PAGES; i++)
		n += used[i] && count[i];
	return n;
}

static void run(const char *what, bool small, unsigned int refusals,
		unsigned long rounds)
{
	unsigned long was = failures;

	/* Beyond those that others are like. */
	values += FRAMES + 1;
	alike = true;
	refuse = 0;
	good = begin(small);
	no_blocks = small;
	refuse = refusals;
	for (; good && rounds; rounds--) {
		step();
		check();
		good &= distinct() == (unsigned long)
			(atomic_long_read(&totals.pages) + live_frames +
			 atomic_long_read(&totals.nodes));
		if (good && !some_object(false) && !some_object(true))
			good = begin(small);
	}
	refuse = 0;
	alike = false;
	tap_ok(good && frames_left,
	       "%s: %lu steps, %lu refused; %lu merged, %lu not any more, %lu left, so far",
	       what, steps, failures - was, merges, unmerges, frames_left);
	tap_ok(nothing_left(), "%s: and nothing is left", what);
}

/* --- single cases ------------------------------------------------------------------------ */

/* What each of two does to a block that they share, and who gets it in the end. */
static void test_block(void)
{
	struct object *o = &object[0], *f = &object[1];
	unsigned long before;
	bool huge;

	begin(false);
	no_blocks = false;
	while (!vmm_tree_lookup(&o->tree, 0, &huge) || !huge) {
		nothing_left();
		begin(false);
		op_write(o, 0);
	}
	op_freeze(o);
	tap_ok(vmm_tree_lookup(&f->tree, 5, &huge) && huge &&
	       !(vmm_tree_lookup(&o->tree, 5, &huge) & VMM_WORD_OWN),
	       "a frozen block is whole, and nobody's own");
	before = live_pages;
	op_write(o, 7);
	drain();
	tap_ok(vmm_word_phys(vmm_tree_lookup(&o->tree, 5, &huge)) ==
	       vmm_word_phys(vmm_tree_lookup(&f->tree, 5, &huge)) &&
	       vmm_tree_lookup(&f->tree, 7, &huge) && huge &&
	       live_pages == before + 3,
	       "a write costs chunk, table and page (%lu)", live_pages - before);
	op_drop(f);
	drain();
	before = live_pages;
	op_write(o, 8);
	tap_ok(live_pages == before, "after the last other is gone it costs none");
	tap_ok(nothing_left(), "and nothing is left");

	do {
		nothing_left();
		begin(false);
		op_write(o, 0);
	} while (!vmm_tree_lookup(&o->tree, 0, &huge) || !huge);
	op_freeze(o);
	op_drop(f);
	drain();
	before = live_pages;
	op_write(o, 9);
	tap_ok(live_pages == before && vmm_tree_lookup(&o->tree, 5, &huge) &
	       VMM_WORD_OWN && huge, "a block is taken over whole");
	nothing_left();
}

/* A thousand frozen trees make no lookup longer, and go in any order. */
static void test_many(void)
{
	static struct vmm_tree many[1000];
	struct object *o = &object[0];
	unsigned int i, k;
	bool huge, same = true;

	begin(true);
	no_blocks = true;
	for (i = 0; i < 1000; i++) {
		op_write(o, i % 100);
		many[i] = (struct vmm_tree){ .nr_pages = NR_PAGES,
					     .totals = &totals };
		vmm_tree_share(&many[i], &o->tree);
	}
	drain();
	for (i = 0; i < 1000; i++) {
		unsigned long word = vmm_tree_lookup(&many[i], i % 100, &huge);

		same &= *(unsigned long *)vmm_port_va(vmm_word_phys(word)) ==
			values - 999 + i;
	}
	tap_ok(same, "1000 frozen trees have what was there when");
	for (i = 0, k = 0; i < 1000; i++) {
		k = (k + 389) % 1000;
		drop_root(vmm_root_of(many[k].root));
	}
	good = true;
	check();
	tap_ok(good && live_pages == 100 + 2, "dropped, they leave %lu pages",
	       live_pages);
	tap_ok(nothing_left(), "and nothing is left");
}

int main(void)
{
	arena_init();
	test_block();
	test_many();
	run("blocks and pages", false, 0, 1500);
	run("pages", true, 0, 1500);
	run("with memory refused", false, 4, 3000);
	return tap_done();
}
