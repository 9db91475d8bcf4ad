// SPDX-License-Identifier: GPL-2.0
/*
 * Checksums of what goes to a swap file: each bit counts, wherever it is; so do the length,
 * the key, and which word is where.
 */
#include <stdlib.h>
#include <string.h>

#include "mem/sum.h"
#include "rnd.h"
#include "tap.h"

#define BYTES	4096
#define KEY	12345

static u64 data[BYTES / 8 + 1];
static u64 got[BYTES * 8 + 1];

static void fill(void)
{
	unsigned int i;

	for (i = 0; i < BYTES / 8; i++)
		data[i] = rnd();
}

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static bool all_differ(unsigned int n)
{
	unsigned int i;

	qsort(got, n, sizeof(*got), by_value);
	for (i = 1; i < n; i++) {
		if (got[i] == got[i - 1])
			return false;
	}
	return true;
}

/* Every bit of @length bytes; five deviations from half are allowed. */
static void test_bits(const char *what, unsigned int length)
{
	u64 whole = vmm_sum(data, length, KEY);
	unsigned int bit, bits = length * 8, ones = 0;
	long off;

	for (bit = 0; bit < bits; bit++) {
		data[bit / 64] ^= 1ULL << bit % 64;
		got[bit] = vmm_sum(data, length, KEY);
		data[bit / 64] ^= 1ULL << bit % 64;
		ones += __builtin_popcountll(got[bit] ^ whole);
	}
	got[bits] = whole;
	off = (long)ones - 32L * bits;
	tap_ok(off * off < 400L * bits,
	       "%s, %u bytes: a bit changes half of the sum (%u of %u)", what,
	       length, ones, 64 * bits);
	tap_ok(all_differ(bits + 1), "%s, %u bytes: no two of these are the same",
	       what, length);
}

static void test_lengths(void)
{
	unsigned int length;

	for (length = 0; length <= BYTES; length++)
		got[length] = vmm_sum(data, length, KEY);
	tap_ok(all_differ(BYTES + 1), "zeros: each length has a sum of its own");
}

static void test_keys(void)
{
	unsigned int bit;

	for (bit = 0; bit < 64; bit++)
		got[bit] = vmm_sum(data, BYTES, KEY ^ 1ULL << bit);
	for (bit = 0; bit < 4096; bit++)
		got[64 + bit] = vmm_sum(data, BYTES, (u64)bit << 12);
	tap_ok(all_differ(64 + 4096), "each key has a sum of its own");
}

/* What has gone to another place, in the same lane or another one. */
static void test_moves(void)
{
	unsigned int i, by, n = 0;
	u64 word;

	for (by = 1; by <= 8; by++) {
		for (i = 0; i + by < BYTES / 8; i++) {
			word = data[i];
			data[i] = data[i + by];
			data[i + by] = word;
			got[n++] = vmm_sum(data, BYTES, KEY);
			data[i + by] = data[i];
			data[i] = word;
		}
	}
	got[n++] = vmm_sum(data, BYTES, KEY);
	tap_ok(all_differ(n), "words that change places change the sum");
}

/* Two words damaged by the same bit, which a weak sum would miss. */
static void test_pairs(unsigned int by)
{
	unsigned int i, bit, n = 0;

	for (bit = 0; bit < 64; bit++) {
		for (i = by; i < BYTES / 8; i += by) {
			data[0] ^= 1ULL << bit;
			data[i] ^= 1ULL << bit;
			got[n++] = vmm_sum(data, BYTES, KEY);
			data[0] ^= 1ULL << bit;
			data[i] ^= 1ULL << bit;
		}
	}
	got[n++] = vmm_sum(data, BYTES, KEY);
	tap_ok(all_differ(n), "so does the same bit in two words, each %u-th", by);
}

int main(void)
{
	static const unsigned int lengths[] = { 1, 8, 31, 32, 33, 2150, BYTES };
	unsigned int i;

	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		test_bits("zeros", lengths[i]);
	test_lengths();
	fill();
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		test_bits("noise", lengths[i]);
	test_keys();
	test_moves();
	test_pairs(1);
	test_pairs(8);
	return tap_done();
}
