// SPDX-License-Identifier: GPL-2.0
/*
 * The policies: see policy.h.
 */

#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

#include "ksm/policy.h"

static bool when_calm(const struct vksm_sight *sight)
{
	return sight->shared || sight->same;
}

/* The power of two that holds all pages. */
static u64 scattered_steps(u64 pages)
{
	u64 n = 1;

	while (n < pages)
		n *= 2;
	return n;
}

/*
 * A permutation of the numbers below a power of two: multiplying by an odd number,
 * adding, and the upper half of the bits into the lower one can each be undone.
 */
static u64 scattered(u64 salt, u64 step, u64 pages)
{
	u64 mask = scattered_steps(pages) - 1;
	unsigned int half = 1, round;

	while (mask >> half > (1ULL << half))
		half++;
	for (round = 0; round < 3; round++) {
		step = (step * (salt | 1) + (salt >> 32)) & mask;
		step ^= step >> half;
		salt = salt << 17 | salt >> 47;
	}
	return step;
}

static const struct vksm_policy linear = {
	.name		= "linear",
};

static const struct vksm_policy random = {
	.name		= "random",
	.place		= scattered,
	.steps		= scattered_steps,
};

static const struct vksm_policy ksm = {
	.name		= "ksm",
	.is_ready	= when_calm,
};

static const struct vksm_policy dirty_clock = {
	.name		= "dirty-clock",
	.passes_over	= true,
};

const struct vksm_policy *const vksm_policies[] = {
	&linear, &random, &ksm, &dirty_clock,
};

const unsigned int vksm_nr_policies = ARRAY_SIZE(vksm_policies);

const struct vksm_policy *vksm_policy_default(void)
{
	return &dirty_clock;
}

const struct vksm_policy *vksm_policy_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vksm_policies); i++) {
		if (!strcmp(vksm_policies[i]->name, name))
			return vksm_policies[i];
	}
	return NULL;
}
