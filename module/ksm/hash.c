// SPDX-License-Identifier: GPL-2.0
/*
 * Hashes of pages: see hash.h.
 */

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>

#include "ksm/hash.h"

/* The compiler has no vector registers in the kernel, and so nothing to keep in them. */
#ifdef __SSE__
#define CLOBBERS	"memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", \
			"xmm4", "xmm5", "xmm6", "xmm7", "xmm8"
#else
#define CLOBBERS	"memory", "cc"
#endif

/* Keeps seeds of salts apart from those of keys. */
#define SALT		0x5ca1ab1e0ddba11ULL

#define PAGE_WORDS	(VKSM_PAGE_BYTES / sizeof(u64))

/* A permutation of numbers whose bits all depend on each other. */
static u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

u64 vksm_random(u64 *state)
{
	*state += 0x9e3779b97f4a7c15ULL;
	return mix(*state);
}

/* The seed's, too, is mixed: who knows one domain's salt knows of no other's. */
u64 vksm_salt(u64 seed, u64 domain)
{
	return mix(mix(seed + SALT) ^ mix(domain));
}

void vksm_key_make(struct vksm_key *key, u64 seed)
{
	u64 state = mix(seed), *word = (u64 *)key;
	unsigned int i;

	for (i = 0; i < sizeof(*key) / sizeof(*word); i++)
		word[i] = vksm_random(&state);
}

static bool line_is_zero(const u64 *w)
{
	return !(w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7]);
}

bool vksm_page_is_zero(const void *page)
{
	const u64 *w = page, *end = w + PAGE_WORDS;

	for (; w < end; w += 8) {
		if (!line_is_zero(w))
			return false;
	}
	return true;
}

#define OR4(at)							\
	"por " #at "(%[page]), %%xmm0\n\t"			\
	"por 16+" #at "(%[page]), %%xmm0\n\t"			\
	"por 32+" #at "(%[page]), %%xmm0\n\t"			\
	"por 48+" #at "(%[page]), %%xmm0\n\t"

bool vksm_page_is_zero_sse(const void *page)
{
	const void *end = (const char *)page + VKSM_PAGE_BYTES;
	u64 out[2];

	if (!line_is_zero(page))
		return false;
	asm volatile(
		"pxor %%xmm0, %%xmm0\n\t"
		"1:\n\t"
		OR4(0) OR4(64) OR4(128) OR4(192)
		"add $256, %[page]\n\t"
		"cmp %[end], %[page]\n\t"
		"jne 1b\n\t"
		"movdqu %%xmm0, %[out]\n\t"
		: [page] "+r" (page), [out] "=m" (out)
		: [end] "r" (end)
		: CLOBBERS);
	return !(out[0] | out[1]);
}

/* A block to a lane: one round, the block, one round, the key. */
#define BLOCK(lane, at)						\
	"aesenc " #at "(%[page]), %%xmm" #lane "\n\t"		\
	"aesenc %%xmm8, %%xmm" #lane "\n\t"

/* One to each lane. */
#define BLOCKS(at)						\
	BLOCK(0, at) BLOCK(1, 16+at) BLOCK(2, 32+at) BLOCK(3, 48+at) \
	BLOCK(4, 64+at) BLOCK(5, 80+at) BLOCK(6, 96+at) BLOCK(7, 112+at)

/* A lane into the first one. */
#define FOLD(lane)						\
	"aesenc %%xmm" #lane ", %%xmm0\n\t"			\
	"aesenc %%xmm8, %%xmm0\n\t"

u64 vksm_hash_aes(const struct vksm_key *key, const void *page)
{
	const void *end = (const char *)page + VKSM_PAGE_BYTES;
	u64 out[2];

	asm volatile(
		"movdqu (%[key]), %%xmm0\n\t"
		"movdqu 16(%[key]), %%xmm1\n\t"
		"movdqu 32(%[key]), %%xmm2\n\t"
		"movdqu 48(%[key]), %%xmm3\n\t"
		"movdqu 64(%[key]), %%xmm4\n\t"
		"movdqu 80(%[key]), %%xmm5\n\t"
		"movdqu 96(%[key]), %%xmm6\n\t"
		"movdqu 112(%[key]), %%xmm7\n\t"
		"movdqu 128(%[key]), %%xmm8\n\t"
		"1:\n\t"
		BLOCKS(0) BLOCKS(128) BLOCKS(256) BLOCKS(384)
		"add $512, %[page]\n\t"
		"cmp %[end], %[page]\n\t"
		"jne 1b\n\t"
		FOLD(1) FOLD(2) FOLD(3) FOLD(4) FOLD(5) FOLD(6) FOLD(7)
		"aesenc %%xmm8, %%xmm0\n\t"
		"aesenc %%xmm8, %%xmm0\n\t"
		"movdqu %%xmm0, %[out]\n\t"
		: [page] "+r" (page), [out] "=m" (out)
		: [key] "r" (key), [end] "r" (end)
		: CLOBBERS);
	return out[0] ^ out[1];
}

/* A block to each of two lanes in a register. */
#define PAIR(lanes, at)						\
	"vaesenc " #at "(%[page]), %%ymm" #lanes ", %%ymm" #lanes "\n\t" \
	"vaesenc %%ymm8, %%ymm" #lanes ", %%ymm" #lanes "\n\t"

#define PAIRS(at)						\
	PAIR(0, at) PAIR(1, 32+at) PAIR(2, 64+at) PAIR(3, 96+at)

#define VFOLD(reg)						\
	"vaesenc %%xmm" #reg ", %%xmm0, %%xmm0\n\t"		\
	"vaesenc %%xmm8, %%xmm0, %%xmm0\n\t"

/* The upper one of two lanes; the lower one is where others are. */
#define UPPER(lanes)						\
	"vextracti128 $1, %%ymm" #lanes ", %%xmm7\n\t"		\
	VFOLD(7)

u64 vksm_hash_vaes(const struct vksm_key *key, const void *page)
{
	const void *end = (const char *)page + VKSM_PAGE_BYTES;
	u64 out[2];

	asm volatile(
		"vmovdqu (%[key]), %%ymm0\n\t"
		"vmovdqu 32(%[key]), %%ymm1\n\t"
		"vmovdqu 64(%[key]), %%ymm2\n\t"
		"vmovdqu 96(%[key]), %%ymm3\n\t"
		"vbroadcasti128 128(%[key]), %%ymm8\n\t"
		"1:\n\t"
		PAIRS(0) PAIRS(128) PAIRS(256) PAIRS(384)
		"add $512, %[page]\n\t"
		"cmp %[end], %[page]\n\t"
		"jne 1b\n\t"
		UPPER(0) VFOLD(1) UPPER(1) VFOLD(2) UPPER(2) VFOLD(3) UPPER(3)
		"vaesenc %%xmm8, %%xmm0, %%xmm0\n\t"
		"vaesenc %%xmm8, %%xmm0, %%xmm0\n\t"
		"vmovdqu %%xmm0, %[out]\n\t"
		"vzeroupper\n\t"
		: [page] "+r" (page), [out] "=m" (out)
		: [key] "r" (key), [end] "r" (end)
		: CLOBBERS);
	return out[0] ^ out[1];
}

/* Both halves of a product. */
static u64 fold(u64 a, u64 b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (u64)p ^ (u64)(p >> 64);
}

u64 vksm_hash_mul(const struct vksm_key *key, const void *page)
{
	u64 a = key->lane[0][0], b = key->lane[1][0], c = key->lane[2][0];
	u64 d = key->lane[3][0];
	const u64 *w = page, *end = w + PAGE_WORDS;

	for (; w < end; w += 8) {
		a = fold(w[0] ^ key->word[0], w[1] ^ a);
		b = fold(w[2] ^ key->word[1], w[3] ^ b);
		c = fold(w[4] ^ key->word[2], w[5] ^ c);
		d = fold(w[6] ^ key->word[3], w[7] ^ d);
	}
	return mix(mix(mix(mix(a) + b) + c) + d);
}
