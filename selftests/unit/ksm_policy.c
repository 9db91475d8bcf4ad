// SPDX-License-Identifier: GPL-2.0
/*
 * Policies: those that scatter visit each page once, and not in order; the seed tells
 * in which; names are found.
 */
#include <stdlib.h>
#include <string.h>

#include "ksm/hash.h"
#include "ksm/policy.h"
#include "tap.h"

/* How many pages are visited other than once; how many follow their neighbour. */
static unsigned int odd_visits(const struct vksm_policy *p, u64 salt, u64 pages,
			       u64 *in_order)
{
	u64 steps = vksm_policy_steps(p, pages), i, at, last = ~0ULL - 1;
	unsigned char *seen = calloc(pages, 1);
	unsigned int odd = 0;

	*in_order = 0;
	for (i = 0; i < steps; i++) {
		at = p->place(salt, i, pages);
		if (at >= pages)
			continue;
		*in_order += at == last + 1;
		last = at;
		seen[at]++;
	}
	for (i = 0; i < pages; i++)
		odd += seen[i] != 1;
	free(seen);
	return odd;
}

static void test_scattered(void)
{
	static const u64 sizes[] = {
		1, 2, 3, 5, 64, 511, 512, 513, 4096, 100000, 262144,
	};
	const struct vksm_policy *p = vksm_policy_find("random");
	u64 salt = 1, key, in_order, much = 0;
	unsigned int i, k, bad = 0;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (k = 0; k < 20; k++) {
			key = vksm_random(&salt);
			bad += odd_visits(p, key, sizes[i], &in_order);
			if (sizes[i] >= 4096 && in_order > sizes[i] / 16)
				much++;
		}
	}
	tap_ok(!bad, "random visits each page once, in objects of any size");
	tap_ok(much <= 4, "not one after the other (%llu)",
	       (unsigned long long)much);
	for (i = bad = 0; i < 1000; i++)
		bad += p->place(1, i, 4096) == p->place(2, i, 4096);
	tap_ok(bad < 100, "another salt, another order (%u)", bad);
}

static void test_names(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < vksm_nr_policies; i++)
		bad += vksm_policy_find(vksm_policies[i]->name) !=
		       vksm_policies[i];
	tap_ok(!bad && i == 4, "%u policies have their names", i);
	tap_ok(!vksm_policy_find("") && !vksm_policy_find("linea") &&
	       !vksm_policy_find("linear "), "others there are none");
	tap_ok(vksm_policy_default() == vksm_policy_find("dirty-clock"),
	       "the default");
}

static void test_ready(void)
{
	struct vksm_sight first = { }, same = { .same = true };
	struct vksm_sight shared = { .shared = true };
	const struct vksm_policy *ksm = vksm_policy_find("ksm");

	tap_ok(!ksm->is_ready(&first) && ksm->is_ready(&same) &&
	       ksm->is_ready(&shared), "ksm waits for a second look");
	tap_ok(!vksm_policy_default()->is_ready, "others do not");
}

int main(void)
{
	test_scattered();
	test_names();
	test_ready();
	return tap_done();
}
