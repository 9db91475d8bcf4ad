// SPDX-License-Identifier: GPL-2.0
/*
 * The index against a model: contents come and go at random, many of them with prints
 * that lie close together, with memory refused now and then.  After each step
 * all counts are the model's.
 */
#include <string.h>

#include "ksm/index.h"
#include "ksm_port.h"
#include "rnd.h"
#include "tap.h"

#define CONTENTS	3000

/* What the model knows: in an entry, with so many pages; or of one page, noted. */
static u64 hash_of[CONTENTS], entered[CONTENTS], single[CONTENTS];
static int rank[CONTENTS];
static u64 frame_of[CONTENTS];
static struct vksm_index ix;

static unsigned int below(unsigned int n)
{
	return rnd() % n;
}

/* Prints of all of the range, or of a small part of it, two contents to each. */
static void make_hashes(bool close)
{
	unsigned int i;

	for (i = 0; i < CONTENTS; i++)
		hash_of[i] = (u64)(i + 1) << VKSM_PRINT_BITS |
			     (close ? VKSM_PRINTS - 1 - i / 2 * 3 :
			      (i * 0x9e3779b1UL & (VKSM_PRINTS - 1)));
}

static bool agrees(void)
{
	u64 sites = 0, used = 0, singles = 0, frames = 0, i;

	for (i = 0; i < CONTENTS; i++) {
		if (vksm_index_count(&ix, hash_of[i]) != entered[i])
			return false;
		/* What has no entry has no frame. */
		if (!entered[i])
			frame_of[i] = 0;
		if (vksm_index_frame(&ix, hash_of[i]) != frame_of[i])
			return false;
		frames += !!frame_of[i];
		sites += entered[i];
		used += !!entered[i];
		singles += entered[i] == 1;
	}
	return sites == ix.sites && used == ix.used && singles == ix.singles &&
	       frames == ix.frames && (long)frames == frames_live;
}

static bool come(unsigned int i)
{
	int found = vksm_index_add(&ix, hash_of[i]);

	if (found >= 0)
		entered[i]++;
	else
		single[i]++;
	if (found >= 0 && entered[i] == 1)
		rank[i] = found;
	/* What is in an entry is counted there, and its rank stays. */
	return found >= 0 ? found == rank[i] :
			    found == VKSM_FOUND_NONE && !entered[i];
}

/* Its entry gets a frame, or another one. */
static bool merge(unsigned int i)
{
	static u64 next = 1ULL << 30;

	if (vksm_index_set_frame(&ix, hash_of[i], ++next) != !!entered[i])
		return false;
	if (entered[i]) {
		frame_of[i] = next;
		frames_live++;
	}
	return true;
}

static void go(unsigned int i)
{
	if (entered[i]) {
		entered[i]--;
		if (!entered[i])
			frame_of[i] = 0;
		vksm_index_del(&ix, vksm_print(hash_of[i]), rank[i]);
	} else if (single[i]) {
		single[i]--;
	}
}

static bool settle(void)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < CONTENTS; i++) {
		if (!single[i])
			continue;
		if (entered[i] && ix.nr_wanted &&
		    vksm_index_is_wanted(&ix, vksm_print(hash_of[i]))) {
			for (; single[i]; single[i]--, entered[i]++)
				good &= vksm_index_join(&ix, hash_of[i]) ==
					rank[i];
		}
	}
	for (i = 0; i < CONTENTS; i++) {
		if (entered[i] &&
		    vksm_index_demote(&ix, vksm_print(hash_of[i]), rank[i])) {
			good &= entered[i] == 1;
			entered[i] = 0;
			single[i]++;
		}
	}
	vksm_index_settled(&ix);
	good &= !ix.singles && !ix.nr_wanted;
	if (vksm_index_refilter(&ix, CONTENTS)) {
		for (i = 0; i < CONTENTS; i++) {
			if (single[i])
				vksm_index_note(&ix, vksm_print(hash_of[i]));
		}
	}
	return good;
}

static void test_random(bool close, bool starved)
{
	unsigned int round, i;
	bool good = true;

	memset(entered, 0, sizeof(entered));
	memset(single, 0, sizeof(single));
	memset(frame_of, 0, sizeof(frame_of));
	make_hashes(close);
	good &= !vksm_index_init(&ix);
	for (round = 0; round < 40 && good; round++) {
		port_left = starved && round % 3 ? (long)below(2) : -1;
		for (i = 0; i < 4000; i++) {
			if (!below(50))
				good &= merge(below(CONTENTS));
			if (below(5) > 1 + round % 3)
				good &= come(below(CONTENTS));
			else
				go(below(CONTENTS));
		}
		good &= agrees();
		good &= settle() && agrees();
	}
	port_left = -1;
	tap_ok(good, "%s prints%s: counts agree (%llu entries of %llu)",
	       close ? "close" : "spread", starved ? ", memory refused" : "",
	       (unsigned long long)ix.used, (unsigned long long)ix.size);
	vksm_index_free(&ix);
	tap_ok(!port_live && !frames_live, "nothing is left");
}

/* Equal contents are found, whenever they came; others cost an entry rarely. */
static void test_found(void)
{
	unsigned int i, wrong = 0;

	make_hashes(false);
	vksm_index_init(&ix);
	vksm_index_refilter(&ix, CONTENTS);
	for (i = 0; i < CONTENTS; i++)
		wrong += vksm_index_add(&ix, hash_of[i]) != VKSM_FOUND_NONE;
	tap_ok(wrong < CONTENTS / 10, "single contents are no entries (%u are)",
	       wrong);
	for (i = wrong = 0; i < CONTENTS; i++)
		wrong += vksm_index_add(&ix, hash_of[i]) != 0;
	tap_ok(!wrong && ix.used == CONTENTS, "what comes again is one");
	for (i = 1; i <= VKSM_RANKS; i++) {
		if (vksm_index_add(&ix, hash_of[0] ^ (u64)i << 60) ==
		    (i < VKSM_RANKS ? (int)i : VKSM_FOUND_NO_RANK))
			wrong++;
	}
	tap_ok(wrong == VKSM_RANKS && ix.collisions == 1,
	       "there are %u contents to a print", VKSM_RANKS);
	vksm_index_free(&ix);
}

static void test_full(void)
{
	u64 i, n;

	vksm_index_init(&ix);
	port_left = 0;
	for (i = 0; i < 2000; i++) {
		vksm_index_add(&ix, i << VKSM_PRINT_BITS | i * 100003);
		vksm_index_add(&ix, i << VKSM_PRINT_BITS | i * 100003);
	}
	n = ix.nomem;
	tap_ok(n && ix.used < ix.size && ix.used >= ix.size / 4 * 3,
	       "without memory some are left out (%llu), nothing breaks",
	       (unsigned long long)n);
	port_left = -1;
	vksm_index_free(&ix);
	port_left = 1;
	tap_ok(vksm_index_init(&ix) && !port_live, "no memory for an index");
	port_left = -1;
}

/* An entry counts so many pages, and what comes after them is refused. */
static void test_most(void)
{
	unsigned int i;

	vksm_index_init(&ix);
	for (i = 0; i <= VKSM_COUNT_MAX; i++)
		vksm_index_add(&ix, 5);
	tap_ok(ix.sites == VKSM_COUNT_MAX && !ix.full &&
	       vksm_index_add(&ix, 5) == VKSM_FOUND_NO_RANK &&
	       ix.full == 1 && !ix.collisions, "%lu pages of a content",
	       VKSM_COUNT_MAX);
	vksm_index_free(&ix);
}

int main(void)
{
	test_random(false, false);
	test_random(true, false);
	test_random(true, true);
	test_found();
	test_full();
	test_most();
	return tap_done();
}
