// SPDX-License-Identifier: GPL-2.0
/*
 * A page by its lines.
 *
 * To compress what does not get shorter costs as much as to write it to a file, and pages that
 * have such data in them have zeros behind it, often.  So a few bytes of a page are looked
 * at first.  If they are noise, its lines that are not zero are kept as they are, one behind the
 * other, and the mask of them behind the last.
 *
 * Noise is told by how many different bytes there are among 128.  Of 256 that are all as
 * likely it is 101, and four less or more where it is far from that.  Text,
 * code, pointers, numbers stay well below; what does not would compress little.
 */

#include <linux/string.h>

#include "mem/lines.h"

/* What is looked at: a word of so many lines. */
#define SAMPLE_WORDS	16

/* Of their bytes, so many have to be different. */
#define NOISE_LEAST	88

#define LINE_WORDS	(VMM_LINE_BYTES / sizeof(u64))

static bool is_zero(const u64 *w)
{
	return !(w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7]);
}

/**
 * vmm_lines_of() - look for zeros
 * @page:	aligned to 8 bytes
 */
struct vmm_lines vmm_lines_of(const void *page)
{
	struct vmm_lines lines = { };
	const u64 *w = page;
	unsigned int i;

	for (i = 0; i < VMM_LINES; i++, w += LINE_WORDS) {
		if (!w[0] && is_zero(w))
			continue;
		lines.mask |= 1ULL << i;
		lines.nr++;
	}
	return lines;
}

/* How many different bytes there are in the words. */
static unsigned int distinct(const u64 *words)
{
	u64 seen[256 / sizeof(u64)] = { }, sum = 0;
	u8 *byte = (u8 *)seen;
	unsigned int i;
	u64 w;

	for (i = 0; i < SAMPLE_WORDS; i++) {
		w = words[i];
		byte[w & 0xff] = 1;
		byte[w >> 8 & 0xff] = 1;
		byte[w >> 16 & 0xff] = 1;
		byte[w >> 24 & 0xff] = 1;
		byte[w >> 32 & 0xff] = 1;
		byte[w >> 40 & 0xff] = 1;
		byte[w >> 48 & 0xff] = 1;
		byte[w >> 56] = 1;
	}
	/* Eight counts at a time, and then their sum, which is 128 at most. */
	for (i = 0; i < sizeof(seen) / sizeof(*seen); i++)
		sum += seen[i];
	return sum * 0x0101010101010101ULL >> 56;
}

/**
 * vmm_lines_are_noise() - whether compressing a page is in vain
 * @page:	the page
 * @lines:	of it
 *
 * What has few lines is always compressed.
 */
bool vmm_lines_are_noise(const void *page, const struct vmm_lines *lines)
{
	unsigned int every = lines->nr / SAMPLE_WORDS, left = 1, n = 0, i;
	u64 words[SAMPLE_WORDS];
	const u64 *w = page;
	u64 mask;

	if (!every)
		return false;
	for (mask = lines->mask; n < SAMPLE_WORDS; mask &= mask - 1) {
		if (--left)
			continue;
		left = every;
		i = __builtin_ctzll(mask);
		words[n] = w[i * LINE_WORDS + 3 * n % LINE_WORDS];
		n++;
	}
	return distinct(words) >= NOISE_LEAST;
}

/* Of lines from @first on, which is in the mask, how many are, one behind the other. */
static unsigned int run_at(u64 mask, unsigned int first)
{
	u64 others = ~(mask >> first);

	return others ? __builtin_ctzll(others) : VMM_LINES;
}

/**
 * vmm_lines_pack() - leave out what is zero
 * @page:	the page
 * @lines:	of it
 * @to:		room for vmm_lines_length()
 */
void vmm_lines_pack(const void *page, const struct vmm_lines *lines, void *to)
{
	unsigned int first, run, done = 0;

	while (done < VMM_LINES && lines->mask >> done) {
		first = done + __builtin_ctzll(lines->mask >> done);
		run = run_at(lines->mask, first);
		memcpy(to, page + first * VMM_LINE_BYTES, run * VMM_LINE_BYTES);
		to += run * VMM_LINE_BYTES;
		done = first + run;
	}
	memcpy(to, &lines->mask, sizeof(lines->mask));
}

/**
 * vmm_lines_unpack() - make the page again
 * @page:	aligned to 8 bytes; begins with what was packed
 * @length:	of that
 *
 * No line lies behind its place, so from the last on each can go there.
 *
 * Return: false: it cannot have been made by vmm_lines_pack().
 */
bool vmm_lines_unpack(void *page, unsigned int length)
{
	unsigned int nr = length / VMM_LINE_BYTES, i;
	u64 mask;

	if (length % VMM_LINE_BYTES != sizeof(mask) || nr >= VMM_LINES)
		return false;
	memcpy(&mask, page + nr * VMM_LINE_BYTES, sizeof(mask));
	/* As many lines as are left, all to be where they are: nothing is to do. */
	for (i = VMM_LINES; i > nr; ) {
		if (!(mask >> --i & 1)) {
			memset(page + i * VMM_LINE_BYTES, 0, VMM_LINE_BYTES);
		} else if (nr--) {
			memcpy(page + i * VMM_LINE_BYTES,
			       page + nr * VMM_LINE_BYTES, VMM_LINE_BYTES);
		} else {
			return false;
		}
	}
	return !i || !(~mask << (VMM_LINES - i));
}
