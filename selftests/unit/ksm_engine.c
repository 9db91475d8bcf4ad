// SPDX-License-Identifier: GPL-2.0
/*
 * The engine, over objects of a test's: known contents give known figures in one pass,
 * whatever the order of pages; and after changes, discards and ends of objects at
 * random a pass gives the figures that counting gives.
 */
#include <string.h>

#include "ksm/engine.h"
#include "ksm_port.h"
#include "rnd.h"
#include "tap.h"

#define OBJECTS	3
#define PAGES	5000

/* What a page has: 0 is zeros, ABSENT nothing. */
#define ABSENT	0xffffffffU

static u32 content[OBJECTS][PAGES];
static bool frozen[OBJECTS];
static unsigned long written[OBJECTS][PAGES / 64 + 1];
static unsigned int domain[OBJECTS];
static struct vksm_object *object[OBJECTS];
static struct vksm_engine e;
static const struct vksm_policy *policy;

static unsigned int below(unsigned int n)
{
	return rnd() % n;
}

static void look_at(unsigned int o, u64 index, struct vksm_look *look)
{
	u64 state = content[o][index];

	look->zero = !content[o][index];
	look->hash = vksm_random(&state);
	/* Some have a print in common. */
	if (content[o][index] % 64 < 2)
		look->hash = look->hash << VKSM_PRINT_BITS |
			     content[o][index] / 64;
	look->hash ^= vksm_salt(11, domain[o]);
	look->still = frozen[o] || object[o]->tracked;
}

static void write_page(unsigned int o, unsigned int i, u32 to)
{
	content[o][i] = to;
	written[o][i / 64] |= 1UL << i % 64;
}

/* What tracked objects are told before a pass. */
static void tell_written(void)
{
	unsigned int o;

	for (o = 0; o < OBJECTS; o++) {
		if (!object[o] || !object[o]->tracked)
			continue;
		/* In parts. */
		vksm_stir_written(object[o], 0, 1024, written[o]);
		vksm_stir_written(object[o], 1024, PAGES - 1024,
				  written[o] + 1024 / 64);
		memset(written[o], 0, sizeof(written[o]));
	}
}

static void each_group(void (*fn)(struct vksm_engine *e, struct vksm_object *o,
				  u64 nr))
{
	unsigned int o;
	u64 nr;

	for (o = 0; o < OBJECTS; o++) {
		for (nr = 0; object[o] && nr < object[o]->nr_groups; nr++) {
			if (object[o]->group[nr])
				fn(&e, object[o], nr);
		}
	}
}

static void join_group(struct vksm_engine *e, struct vksm_object *o, u64 nr)
{
	u64 i = nr << VKSM_GROUP_SHIFT, end = i + VKSM_GROUP_PAGES;
	struct vksm_look look;

	if (end > PAGES)
		end = PAGES;
	for (; i < end; i++) {
		i = vksm_next_wanted(e, o, i, end);
		if (i == end || content[o->id][i] == ABSENT)
			continue;
		look_at(o->id, i, &look);
		vksm_join(e, o, i, &look);
	}
}

static unsigned int freshened;

/* As the scan does it, when it comes to a group. */
static void freshen(struct vksm_object *o, u64 nr)
{
	if (vksm_is_fresh(o, nr))
		return;
	if (o->group[nr]) {
		vksm_stir_group(o, nr);
		freshened++;
	}
	o->stamp[nr].turns = o->turns;
}

static void visit(unsigned int o, u64 i)
{
	struct vksm_look look;

	if (i >= PAGES)
		return;
	if (content[o][i] == ABSENT) {
		vksm_forget(&e, object[o], i, i + 1);
		return;
	}
	freshen(object[o], i >> VKSM_GROUP_SHIFT);
	look_at(o, i, &look);
	if (policy->passes_over && look.still &&
	    (vksm_mark(object[o], i) & VKSM_MARK_STILL))
		vksm_pass_over(&e, object[o], 1);
	else
		vksm_note(&e, object[o], i, &look);
}

static void pass(void)
{
	u64 i, steps = vksm_policy_steps(policy, PAGES);
	unsigned int o;

	if (vksm_begin(&e, OBJECTS * PAGES))
		each_group(vksm_begin_group);
	tell_written();
	for (o = 0; o < OBJECTS; o++) {
		for (i = 0; object[o] && i < steps; i++)
			visit(o, policy->place ? policy->place(3, i, PAGES) : i);
	}
	if (vksm_is_unsettled(&e)) {
		each_group(join_group);
		each_group(vksm_demote_group);
	}
	vksm_index_settled(&e.index);
}

/* What there is, by counting. */
struct truth {
	u64 zero, unique, contents, equal;
};

static void count_domain(struct truth *t, unsigned int of)
{
	static u32 times[1 << 20];
	unsigned int o, i;

	memset(times, 0, sizeof(times));
	for (o = 0; o < OBJECTS; o++) {
		for (i = 0; object[o] && domain[o] == of && i < PAGES; i++) {
			if (content[o][i] != ABSENT)
				times[content[o][i]]++;
		}
	}
	t->zero += times[0];
	for (i = 1; i < 1 << 20; i++) {
		t->unique += times[i] == 1;
		t->contents += times[i] > 1;
		t->equal += times[i] > 1 ? times[i] : 0;
	}
}

static struct truth count(void)
{
	struct truth t = { 0 };
	unsigned int d;

	for (d = 0; d < OBJECTS; d++)
		count_domain(&t, d);
	return t;
}

static bool agrees(void)
{
	const u64 *kind = e.figures.kind;
	struct truth t = count();
	u64 sum, k;
	unsigned int o;

	for (k = 0; k < VKSM_NR_KINDS; k++) {
		for (sum = o = 0; o < OBJECTS; o++)
			sum += object[o] ? object[o]->figures.kind[k] : 0;
		if (sum != kind[k]) {
			tap_note("kind %llu: %llu, sum %llu",
				 (unsigned long long)k,
				 (unsigned long long)kind[k],
				 (unsigned long long)sum);
			return false;
		}
	}
	if (kind[VKSM_ZERO] == t.zero && kind[VKSM_SINGLE] == t.unique &&
	    kind[VKSM_SHARED] == t.equal && e.index.used == t.contents &&
	    e.index.sites == t.equal && !e.index.singles &&
	    !kind[VKSM_VOLATILE] && !kind[VKSM_REFUSED])
		return true;
	tap_note("zero %llu of %llu, single %llu of %llu, equal %llu of %llu",
		 (unsigned long long)kind[VKSM_ZERO], (unsigned long long)t.zero,
		 (unsigned long long)kind[VKSM_SINGLE],
		 (unsigned long long)t.unique,
		 (unsigned long long)kind[VKSM_SHARED],
		 (unsigned long long)t.equal);
	return false;
}

static u32 some_content(void)
{
	switch (below(8)) {
	case 0:
		return 0;
	case 1:
		return ABSENT;
	case 2 ... 4:
		return 1 + below(500);
	default:
		return 1000 + below((1 << 20) - 1000);
	}
}

static void begin(const char *name)
{
	unsigned int o, i;

	policy = vksm_policy_find(name);
	vksm_engine_init(&e, policy);
	for (o = 0; o < OBJECTS; o++) {
		object[o] = vksm_object_create(&e, o, PAGES);
		frozen[o] = false;
		domain[o] = 0;
		for (i = 0; i < PAGES; i++)
			content[o][i] = some_content();
	}
}

static void end(void)
{
	unsigned int o, k;
	u64 left = 0;

	for (o = 0; o < OBJECTS; o++) {
		if (object[o])
			vksm_object_end(&e, object[o], -1);
		object[o] = NULL;
	}
	for (k = 0; k < VKSM_NR_KINDS; k++)
		left += e.figures.kind[k];
	left += e.index.used + e.index.sites + e.index.singles + e.meta_bytes;
	vksm_engine_free(&e);
	tap_ok(!left && !port_live, "all is forgotten");
}

static void test_pass(const char *name, unsigned int passes)
{
	unsigned int i;
	u64 pages;

	begin(name);
	for (i = 0; i < passes; i++) {
		if (i) {
			tap_ok(e.figures.kind[VKSM_VOLATILE] > 0 &&
			       !e.index.used, "%s: nothing after pass %u", name, i);
		}
		pass();
	}
	tap_ok(agrees(), "%s: exact after %u", name, passes);
	pages = e.figures.work[VKSM_WORK_SCANNED];
	pass();
	tap_ok(agrees() && e.figures.work[VKSM_WORK_SCANNED] ==
	       pages / passes * (passes + 1) &&
	       !e.figures.work[VKSM_WORK_CHANGED],
	       "%s: and after one more", name);
	end();
}

static void change(unsigned int some)
{
	unsigned int o, i;

	while (some--) {
		o = below(OBJECTS);
		if (object[o] && !frozen[o])
			write_page(o, below(PAGES), some_content());
	}
	if (!below(3)) {
		o = below(OBJECTS);
		for (i = below(PAGES); object[o] && !frozen[o] && i < PAGES &&
		     below(1000); i++)
			write_page(o, i, ABSENT);
	}
}

static void test_changes(const char *name)
{
	unsigned int round, o;
	bool good = true;

	begin(name);
	for (round = 0; round < 60 && good; round++) {
		change(below(4000));
		o = below(OBJECTS);
		if (!below(4) && object[o]) {
			vksm_object_end(&e, object[o], -1);
			object[o] = NULL;
		} else if (!object[o]) {
			object[o] = vksm_object_create(&e, o, PAGES);
			frozen[o] = false;
		} else if (!below(6)) {
			frozen[o] ^= 1;
			object[o]->turns += 2;
		} else if (!below(4)) {
			vksm_object_track(&e, object[o], !object[o]->tracked);
		}
		pass();
		if (!strcmp(name, "ksm"))
			pass();
		good &= agrees();
	}
	tap_ok(good, "%s: exact after each of %u rounds of changes", name, round);
	end();
}

static void test_still(void)
{
	u64 hashed;

	begin("dirty-clock");
	frozen[0] = frozen[1] = true;
	content[0][0] = 1;
	pass();
	hashed = e.figures.work[VKSM_WORK_HASHED];
	pass();
	tap_ok(agrees() && e.figures.work[VKSM_WORK_SKIPPED] > PAGES &&
	       object[0]->figures.work[VKSM_WORK_SCANNED] ==
	       2 * object[0]->figures.work[VKSM_WORK_SKIPPED] &&
	       e.figures.work[VKSM_WORK_HASHED] - hashed < PAGES,
	       "what cannot have changed is passed over");
	object[0]->turns += 2;
	hashed = object[0]->figures.work[VKSM_WORK_HASHED];
	freshened = 0;
	visit(0, 0);
	tap_ok(freshened == 1, "one group at a time is gone through");
	pass();
	tap_ok(agrees() && object[0]->figures.work[VKSM_WORK_HASHED] > hashed &&
	       freshened == object[0]->groups, "unless it may have");
	end();
}

static u64 looks(void)
{
	u64 before = e.figures.work[VKSM_WORK_SCANNED] -
		     e.figures.work[VKSM_WORK_SKIPPED];

	pass();
	return e.figures.work[VKSM_WORK_SCANNED] -
	       e.figures.work[VKSM_WORK_SKIPPED] - before;
}

static void test_run(void)
{
	u32 mark[24] = { 0 };
	unsigned int first, n, i;
	bool good = true;

	for (first = 0; first < 24; first++) {
		for (i = 0; i < 24; i++)
			mark[i] = i == first ? ~VKSM_MARK_STILL : VKSM_MARK_STILL;
		for (n = 0; n <= 24; n++)
			good &= vksm_still_run(mark, n) == (n < first ? n : first);
	}
	tap_ok(good, "still pages up to the first that is not");
}

/* Pages that were written are looked at, and no others. */
static void test_written(void)
{
	unsigned int i, round, n;
	bool good = true;

	begin("dirty-clock");
	for (i = 0; i < OBJECTS; i++)
		vksm_object_track(&e, object[i], true);
	pass();
	tap_ok(!looks() && agrees(), "what was not written is passed over");
	for (round = 0; round < 30 && good; round++) {
		for (i = n = 0; i < PAGES; i += 1 + below(200)) {
			write_page(round % OBJECTS, i, 1 + below(2000));
			n++;
		}
		good &= looks() == n && agrees() && !looks();
	}
	tap_ok(good, "what was is looked at, once, in each of %u rounds", round);
	vksm_object_track(&e, object[0], false);
	vksm_object_track(&e, object[0], true);
	tap_ok(looks() == object[0]->figures.kind[VKSM_ZERO] +
	       object[0]->figures.kind[VKSM_SINGLE] +
	       object[0]->figures.kind[VKSM_SHARED] && agrees(),
	       "and all of it when nobody could tell for a while");
	end();
}

/* An object goes from one domain to another, forgotten in between. */
static void change_domain(unsigned int o)
{
	vksm_object_end(&e, object[o], -1);
	object[o] = vksm_object_create(&e, o, PAGES);
	domain[o] = below(OBJECTS);
}

/* What is known of an object goes in pieces, and figures hold after each. */
static void test_end(void)
{
	struct vksm_object *o;
	bool good = true, more = true;
	unsigned int n, k;
	u64 sum;

	begin("linear");
	pass();
	o = object[0];
	for (n = 0; more; n++) {
		more = vksm_object_end(&e, o, 1);
		for (k = 0; k < VKSM_NR_KINDS; k++) {
			sum = object[1]->figures.kind[k] +
			      object[2]->figures.kind[k];
			good &= e.figures.kind[k] ==
				sum + (more ? o->figures.kind[k] : 0);
		}
		good &= !more || o->groups == 4 - n;
	}
	tap_ok(good && n == 5, "an object is forgotten in pieces");
	object[0] = NULL;
	pass();
	tap_ok(agrees(), "and then as if it had never been");
	vksm_object_drop(&e, object[1]);
	object[1] = NULL;
	tap_ok(!memcmp(e.figures.kind, object[2]->figures.kind,
		       sizeof(e.figures.kind)), "or at once, with the engine");
	vksm_object_drop(&e, object[2]);
	object[2] = NULL;
	vksm_engine_free(&e);
	tap_ok(!port_live && !e.meta_bytes, "nothing is left");
}

static void test_domains(void)
{
	unsigned int round;
	bool good = true;

	begin("dirty-clock");
	domain[1] = 1;
	domain[2] = 1;
	pass();
	tap_ok(agrees(), "domains have nothing in common");
	for (round = 0; round < 40 && good; round++) {
		change(below(2000));
		if (!below(3))
			change_domain(below(OBJECTS));
		pass();
		good &= agrees();
	}
	tap_ok(good, "nor after each of %u rounds of changes", round);
	end();
}

static void test_nomem(void)
{
	unsigned int i;

	begin("linear");
	for (i = 0; i < 30; i++) {
		port_left = below(4);
		change(1000);
		pass();
	}
	port_left = -1;
	pass();
	pass();
	tap_ok(agrees(), "exact again when there is memory again");
	end();
}

/* What a page costs that is like no other. */
static void test_cost(void)
{
	unsigned int o, i;
	u64 bytes;

	begin("dirty-clock");
	for (o = 0; o < OBJECTS; o++) {
		for (i = 0; i < PAGES; i++)
			content[o][i] = 1 + o * PAGES + i;
	}
	pass();
	bytes = vksm_engine_bytes(&e);
	tap_ok(agrees() && bytes < 7 * OBJECTS * PAGES,
	       "single pages cost %llu bytes for 100",
	       (unsigned long long)bytes * 100 / (OBJECTS * PAGES));
	end();
}

/* One page of 64 is followed: how long it was what it was. */
static void test_times(void)
{
	unsigned int o, i, nr, changed = 0, merged = 0;
	u64 sum = 0;

	begin("linear");
	for (o = 0, nr = 0; o < OBJECTS; o++) {
		for (i = 0; i < PAGES; i++) {
			content[o][i] = 1000 + o * PAGES + i;
			nr += vksm_is_followed(object[o], i);
		}
	}
	e.now = 7;
	pass();
	tap_ok(!e.times.changes && nr >= OBJECTS * (PAGES / 64) &&
	       nr <= OBJECTS * (PAGES / 64 + 1), "one of 64 is followed (%u)", nr);
	for (o = 0; o < OBJECTS; o++) {
		for (i = o; i < PAGES; i += 3) {
			content[o][i] += 1000000;
			changed += vksm_is_followed(object[o], i);
		}
	}
	e.now += 1000;
	pass();
	tap_ok(e.times.changes == changed && e.times.change[29] == changed,
	       "a change is told with its interval (%u)", changed);
	/* Some were there for 3000, those that have changed for 2000. */
	e.now += 2000;
	for (i = 0; i < PAGES; i++) {
		merged += vksm_is_followed(object[0], i);
		vksm_follow_merge(&e, object[0], i);
	}
	for (i = 0; i < VKSM_TIMES; i++)
		sum += e.times.found[i];
	tap_ok(e.times.merges == merged && sum == merged &&
	       e.times.found[30] && e.times.found[31] &&
	       e.times.found[30] + e.times.found[31] == merged,
	       "and a merge with how long it took");
	end();
}

int main(void)
{
	test_pass("linear", 1);
	test_pass("random", 1);
	test_pass("dirty-clock", 1);
	test_pass("ksm", 2);
	test_changes("linear");
	test_changes("random");
	test_changes("dirty-clock");
	test_changes("ksm");
	test_still();
	test_run();
	test_written();
	test_end();
	test_domains();
	test_nomem();
	test_cost();
	test_times();
	return tap_done();
}
