/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_HASH_H
#define VMM_KSM_HASH_H

/*
 * The hash of a page: 64 bits, under a key that no guest knows.
 *
 * Equal pages have equal hashes, so a hash finds candidates; it proves nothing, and
 * whoever merges compares bytes.  The key is there so that a guest cannot aim at
 * collisions.  Two functions, which give different hashes:
 *
 *	aes	8 lanes of 16 bytes, each block of which is followed by two rounds of AES:
 *		5 S-boxes at least see a difference before the guest can touch it again.
 *	mul	4 lanes of products of 64 bits, folded: where there is no AES.
 *
 * Pure.  A page of zeros is told by a look of its own, which comes first and which
 * other pages leave with their first bytes, mostly.
 */

#include <linux/types.h>

#define VKSM_PAGE_BYTES		4096
#define VKSM_LANES		8

/**
 * struct vksm_key - what a hash depends on beside the page
 * @lane:	the lanes' first states
 * @round:	the key of every round
 * @word:	for the other function
 */
struct vksm_key {
	u64 lane[VKSM_LANES][2];
	u64 round[2];
	u64 word[4];
};

/* A stream of numbers that a seed determines. */
u64 vksm_random(u64 *state);

/* The key that follows from a seed. */
void vksm_key_make(struct vksm_key *key, u64 seed);

/*
 * What is added to the hashes of a domain's pages, bit by bit.  Different domains
 * have different salts, so equal pages in two of them never have equal hashes.
 */
u64 vksm_salt(u64 seed, u64 domain);

/* @page is aligned to 16 bytes.  The second wants the vector registers. */
bool vksm_page_is_zero(const void *page);
bool vksm_page_is_zero_sse(const void *page);

/*
 * The first two are one function; they want AES, the second one in registers of 32 bytes, and
 * the vector registers.
 */
u64 vksm_hash_aes(const struct vksm_key *key, const void *page);
u64 vksm_hash_vaes(const struct vksm_key *key, const void *page);
u64 vksm_hash_mul(const struct vksm_key *key, const void *page);

#endif /* VMM_KSM_HASH_H */
