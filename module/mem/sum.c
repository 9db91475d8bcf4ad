// SPDX-License-Identifier: GPL-2.0
/*
 * Checksums.
 *
 * Four lanes take two words each in turn, so that none waits for another.  What is multiplied
 * has the key in it on both sides, so that nobody can tell which damages make up for each
 * other: any has another sum but for chance, one in 2^60 or so.
 */

#include <linux/string.h>

#include "mem/sum.h"

#define STEP	0x9e3779b97f4a7c15ULL

/* What the lanes take in a turn. */
#define TURN_WORDS	8
#define TURN_BYTES	(TURN_WORDS * sizeof(u64))

struct lanes {
	u64 a, b, c, d;
};

/* A permutation of numbers whose bits all depend on each other. */
static u64 mix(u64 x)
{
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

/* Both halves of a product. */
static u64 fold(u64 a, u64 b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (u64)p ^ (u64)(p >> 64);
}

/* A lane begins with one key, and has another one beside. */
static void turn(struct lanes *at, const struct lanes *key, const u64 *w)
{
	at->a = fold(w[0] ^ key->b, w[1] ^ at->a);
	at->b = fold(w[2] ^ key->c, w[3] ^ at->b);
	at->c = fold(w[4] ^ key->d, w[5] ^ at->c);
	at->d = fold(w[6] ^ key->a, w[7] ^ at->d);
}

/**
 * vmm_sum() - a checksum
 * @data:	aligned to 8 bytes
 * @length:	its bytes
 * @key:	sums under different ones have nothing in common
 */
u64 vmm_sum(const void *data, unsigned int length, u64 key)
{
	const struct lanes keys = {
		mix(key), mix(key + STEP), mix(key + 2 * STEP), mix(key + 3 * STEP),
	};
	const u64 *w = data, *end = w + length / TURN_BYTES * TURN_WORDS;
	struct lanes at = keys;
	u64 rest[TURN_WORDS] = { };

	for (; w < end; w += TURN_WORDS)
		turn(&at, &keys, w);
	if (length % TURN_BYTES) {
		memcpy(rest, w, length % TURN_BYTES);
		turn(&at, &keys, rest);
	}
	return mix(mix(mix(mix(at.a + length) + at.b) + at.c) + at.d);
}
