// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: every check at its edges, and random sets of slots against a linear
 * search.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>

#include "npt/slots.h"
#include "tap.h"

#define KB4	0x1000ULL
#define LIMIT	(1ULL << 48)
#define PAGES	(1ULL << 20)	/* of the memory object */

static u64 seed = 88172645463325252ULL;

static u64 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 11;
}

static struct npt_slots *array(unsigned int nr)
{
	return calloc(1, sizeof(struct npt_slots) + nr * sizeof(void *));
}

static int check(const struct npt_slots *slots, u64 base, u64 size, u64 first,
		 u32 id, u32 flags)
{
	struct npt_slot slot = { .base = base, .size = size, .first = first,
				 .id = id, .flags = flags };

	return npt_slots_check(slots, &slot, PAGES, LIMIT);
}

static void test_edges(void)
{
	struct npt_slot a = { .base = 16 * KB4, .size = 16 * KB4, .id = 7 };
	struct npt_slots *none = array(0), *one = array(1);
	const u64 all = PAGES * KB4;

	npt_slots_insert(one, none, &a);
	tap_ok(!check(none, 0, KB4, 0, 0, 0), "one page");
	tap_ok(!check(none, LIMIT - KB4, KB4, 0, 0, 0), "the last page");
	tap_ok(!check(none, 0, all, 0, 0, 0), "the whole object");
	tap_ok(!check(none, 0, KB4, PAGES - 1, 0, NPT_SLOT_READONLY),
	       "the object's last page, read-only");
	tap_ok(check(none, 0, 0, 0, 0, 0) == -EINVAL, "size 0");
	tap_ok(check(none, 1, KB4, 0, 0, 0) == -EINVAL, "base not aligned");
	tap_ok(check(none, 0, KB4 + 1, 0, 0, 0) == -EINVAL, "size not aligned");
	tap_ok(check(none, 0, KB4, 0, 0, 2) == -EINVAL, "unknown flag");
	tap_ok(check(none, LIMIT, KB4, 0, 0, 0) == -ERANGE, "base at the limit");
	tap_ok(check(none, LIMIT - KB4, 2 * KB4, 0, 0, 0) == -ERANGE,
	       "end behind the limit");
	tap_ok(check(none, KB4, -KB4, 0, 0, 0) == -ERANGE, "wraps to 0");
	tap_ok(check(none, -KB4, 2 * KB4, 0, 0, 0) == -ERANGE, "wraps");
	tap_ok(check(none, 0, KB4, PAGES, 0, 0) == -ERANGE,
	       "begins behind the object");
	tap_ok(check(none, 0, 2 * KB4, PAGES - 1, 0, 0) == -ERANGE,
	       "ends behind the object");
	tap_ok(check(none, 0, KB4, ~0ULL, 0, 0) == -ERANGE,
	       "page index overflows");
	tap_ok(check(one, 0, KB4, 0, 7, 0) == -EEXIST, "id in use");
	tap_ok(!check(one, 15 * KB4, KB4, 0, 1, 0), "touches from below");
	tap_ok(!check(one, 32 * KB4, KB4, 0, 1, 0), "touches from above");
	tap_ok(check(one, 15 * KB4, 2 * KB4, 0, 1, 0) == -EEXIST,
	       "overlaps from below");
	tap_ok(check(one, 31 * KB4, 2 * KB4, 0, 1, 0) == -EEXIST,
	       "overlaps from above");
	tap_ok(check(one, 0, 64 * KB4, 0, 1, 0) == -EEXIST, "contains");
	tap_ok(check(one, 20 * KB4, KB4, 0, 1, 0) == -EEXIST, "is contained");
	tap_ok(check(one, 16 * KB4, 16 * KB4, 0, 1, 0) == -EEXIST, "equals");
	free(none);
	free(one);
}

static void test_full(void)
{
	struct npt_slots *slots = array(0), *next;
	struct npt_slot *s = calloc(NPT_SLOTS_MAX, sizeof(*s));
	unsigned int i;

	for (i = 0; i < NPT_SLOTS_MAX; i++) {
		s[i].base = 2 * i * KB4;
		s[i].size = KB4;
		s[i].id = i;
		next = array(i + 1);
		npt_slots_insert(next, slots, &s[i]);
		free(slots);
		slots = next;
	}
	tap_ok(check(slots, KB4, KB4, 0, i, 0) == -ENOSPC, "too many");
	free(slots);
	free(s);
}

/* --- random -------------------------------------------------------------- */

#define WORLD	64	/* pages */

static struct npt_slot *brute_find(struct npt_slot **set, unsigned int nr,
				   u64 gpa)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (gpa >= set[i]->base && gpa < set[i]->base + set[i]->size)
			return set[i];
	}
	return NULL;
}

static bool brute_overlaps(struct npt_slot **set, unsigned int nr,
			   const struct npt_slot *new)
{
	u64 gpa;

	for (gpa = new->base; gpa < new->base + new->size; gpa += KB4) {
		if (brute_find(set, nr, gpa))
			return true;
	}
	return false;
}

static bool agree(struct npt_slots *slots, struct npt_slot **set,
		  unsigned int nr)
{
	unsigned int i;

	if (slots->nr != nr)
		return false;
	for (i = 0; i < 2 * WORLD; i++) {
		u64 gpa = rnd() % (WORLD * KB4);

		slots->hit = rnd() % 2 ? slots->hit : (unsigned int)rnd();
		if (npt_slots_find(slots, gpa) != brute_find(set, nr, gpa))
			return false;
	}
	return true;
}

static void test_random(unsigned int rounds)
{
	struct npt_slots *slots = array(0), *next;
	struct npt_slot *set[WORLD], *s;
	unsigned int nr = 0, i, r, bad = 0;

	for (r = 0; r < rounds && !bad; r++) {
		if (nr && rnd() % 2) {
			i = rnd() % nr;
			next = array(nr - 1);
			npt_slots_remove(next, slots, set[i]);
			free(set[i]);
			set[i] = set[--nr];
		} else {
			s = calloc(1, sizeof(*s));
			s->base = rnd() % WORLD * KB4;
			s->size = (1 + rnd() % 8) * KB4;
			s->id = r;
			bad += npt_slots_check(slots, s, PAGES, LIMIT) !=
			       (brute_overlaps(set, nr, s) ? -EEXIST : 0);
			if (brute_overlaps(set, nr, s)) {
				free(s);
				continue;
			}
			next = array(nr + 1);
			npt_slots_insert(next, slots, s);
			set[nr++] = s;
		}
		free(slots);
		slots = next;
		bad += !agree(slots, set, nr);
	}
	while (nr)
		free(set[--nr]);
	free(slots);
	tap_ok(!bad, "%u random changes, looked up against a linear search",
	       rounds);
}

int main(void)
{
	test_edges();
	test_full();
	test_random(20000);
	return tap_done();
}
