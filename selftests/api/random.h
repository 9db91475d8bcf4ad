/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that look random, the same in each run: Marsaglia's xorshift. */
#ifndef VMM_RANDOM_H
#define VMM_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static uint64_t seed = 88172645463325252ULL;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void fill_random(void *p, size_t len)
{
	unsigned char *c = p;

	while (len--)
		*c++ = rnd();
}

#endif
