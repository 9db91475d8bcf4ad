// SPDX-License-Identifier: GPL-2.0
/*
 * Hashes of pages: the same for the same, another one for a page that differs in any
 * bit, under any key; spread evenly; and the test for zeros.
 */
#include <stdlib.h>
#include <string.h>

#include "ksm/hash.h"
#include "tap.h"

typedef u64 (*hash_fn)(const struct vksm_key *key, const void *page);

static u64 page[VKSM_PAGE_BYTES / 8] __attribute__((aligned(4096)));

static void fill(u64 seed)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		page[i] = vksm_random(&seed);
}

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static bool all_differ(u64 *v, unsigned int n)
{
	unsigned int i;

	qsort(v, n, sizeof(*v), by_value);
	for (i = 1; i < n; i++) {
		if (v[i] == v[i - 1])
			return false;
	}
	return true;
}

/* Every bit of a page of zeros, and of one of noise. */
static void test_bits(const char *name, hash_fn hash, u64 start)
{
	static u64 got[VKSM_PAGE_BYTES * 8 + 1];
	struct vksm_key key;
	unsigned int bit, ones = 0;

	vksm_key_make(&key, 1);
	memset(page, 0, sizeof(page));
	if (start)
		fill(start);
	got[VKSM_PAGE_BYTES * 8] = hash(&key, page);
	for (bit = 0; bit < VKSM_PAGE_BYTES * 8; bit++) {
		page[bit / 64] ^= 1ULL << bit % 64;
		got[bit] = hash(&key, page);
		page[bit / 64] ^= 1ULL << bit % 64;
		ones += __builtin_popcountll(got[bit] ^
					     got[VKSM_PAGE_BYTES * 8]);
	}
	tap_ok(ones > 31 * bit && ones < 33 * bit,
	       "%s: a bit changes half of the hash (%u of %u)", name, ones,
	       64 * bit);
	tap_ok(all_differ(got, VKSM_PAGE_BYTES * 8 + 1),
	       "%s: no two of these are the same", name);
}

/* Two pages that differ in one block each: equal differences in two lanes or rows. */
static void test_swaps(const char *name, hash_fn hash)
{
	static u64 got[512 * 4];
	unsigned int i, n = 0, by;
	struct vksm_key key;

	vksm_key_make(&key, 2);
	fill(3);
	for (by = 2; by < 256; by *= 4) {
		for (i = 0; i + by < 512; i++) {
			page[i] ^= 1;
			page[i + by] ^= 1;
			got[n++] = hash(&key, page);
			page[i] ^= 1;
			page[i + by] ^= 1;
		}
	}
	tap_ok(all_differ(got, n), "%s: differences do not cancel (%u)", name, n);
}

static void test_keys(const char *name, hash_fn hash)
{
	struct vksm_key a, b, again;
	u64 h;

	fill(9);
	vksm_key_make(&a, 7);
	vksm_key_make(&again, 7);
	vksm_key_make(&b, 8);
	h = hash(&a, page);
	tap_ok(h == hash(&again, page), "%s: the same key, the same hash", name);
	tap_ok(h != hash(&b, page), "%s: another seed, another hash", name);
}

/* No two domains have the same, and none tells of another. */
static void test_salts(void)
{
	static u64 got[1 << 16];
	unsigned int i, ones = 0;

	for (i = 0; i < 1 << 16; i++) {
		got[i] = vksm_salt(7, i < 1 << 15 ? i : (1ULL << 32) + i);
		ones += __builtin_popcountll(got[i] ^ vksm_salt(8, i) ^
					     vksm_salt(7, i + 1));
	}
	tap_ok(ones > (31U << 16) && ones < (33U << 16),
	       "salts are random numbers");
	tap_ok(all_differ(got, 1 << 16), "each domain has another");
	tap_ok(vksm_salt(7, 3) == vksm_salt(7, 3) &&
	       vksm_salt(7, 3) != vksm_salt(8, 3), "that follows from the seed");
}

static void test_spread(const char *name, hash_fn hash)
{
	unsigned int count[256] = { 0 }, i, worst = 0;
	struct vksm_key key;

	vksm_key_make(&key, 4);
	memset(page, 0, sizeof(page));
	for (i = 0; i < 65536; i++) {
		page[i % 512] = i;
		count[hash(&key, page) & 255]++;
	}
	for (i = 0; i < 256; i++)
		worst = count[i] > worst ? count[i] : worst;
	tap_ok(worst < 400, "%s: low bits are spread (%u of 256 at most)", name,
	       worst);
}

static void test_hash(const char *name, hash_fn hash)
{
	test_bits(name, hash, 0);
	test_bits(name, hash, 5);
	test_swaps(name, hash);
	test_keys(name, hash);
	test_spread(name, hash);
}

/* The same function, by other instructions. */
static void test_wide(void)
{
	unsigned int i, bad = 0;
	struct vksm_key key;

	for (i = 0; i < 1000; i++) {
		vksm_key_make(&key, i);
		fill(i);
		page[i % 512] = 0;
		bad += vksm_hash_vaes(&key, page) != vksm_hash_aes(&key, page);
	}
	tap_ok(!bad, "vaes: what aes gives");
}

static void test_zero(const char *name, bool (*is_zero)(const void *page))
{
	unsigned int i, bad = 0;

	memset(page, 0, sizeof(page));
	tap_ok(is_zero(page), "%s: zeros are zeros", name);
	for (i = 0; i < VKSM_PAGE_BYTES; i++) {
		((u8 *)page)[i] = 1;
		bad += is_zero(page);
		((u8 *)page)[i] = 0;
	}
	tap_ok(!bad, "%s: a byte anywhere is seen", name);
}

int main(void)
{
	test_hash("mul", vksm_hash_mul);
	if (__builtin_cpu_supports("aes"))
		test_hash("aes", vksm_hash_aes);
	else
		tap_skip("no AES here");
	if (__builtin_cpu_supports("vaes"))
		test_wide();
	else
		tap_skip("no AES in wide registers here");
	test_zero("plain", vksm_page_is_zero);
	test_zero("sse", vksm_page_is_zero_sse);
	test_salts();
	return tap_done();
}
