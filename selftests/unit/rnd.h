/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that look random, the same in each run: Marsaglia's xorshift. */
#ifndef RND_H
#define RND_H

static unsigned long long seed = 88172645463325252ULL;

static unsigned long long rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

#endif
