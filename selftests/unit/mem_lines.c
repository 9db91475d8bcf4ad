// SPDX-License-Identifier: GPL-2.0
/*
 * Pages by their lines: what is packed comes back, whatever is zero; what was not packed is
 * refused; and what is taken for noise is noise.
 */
#include <stdlib.h>
#include <string.h>

#include "mem/lines.h"
#include "rnd.h"
#include "tap.h"

#define BYTES	4096
#define PAGES	20000

static u64 page[BYTES / 8], packed[BYTES / 8 + 1];

static u64 any(void)
{
	return rnd() >> 3 ^ rnd() << 23;
}

/* A line is noise, or has one word or one bit in it, or nothing. */
static void fill_line(u64 *line, unsigned int what)
{
	unsigned int i;

	memset(line, 0, VMM_LINE_BYTES);
	for (i = 0; i < 8 && what == 1; i++)
		line[i] = any();
	if (what == 2)
		line[any() % 8] = 1ULL << any() % 64;
}

static bool comes_back(void)
{
	struct vmm_lines lines = vmm_lines_of(page);
	unsigned int length = vmm_lines_length(&lines), i, nr = 0;
	static u8 zero[VMM_LINE_BYTES];

	for (i = 0; i < VMM_LINES; i++) {
		bool is = memcmp(page + i * 8, zero, sizeof(zero));

		nr += is;
		if ((lines.mask >> i & 1) != is)
			return false;
	}
	if (nr != lines.nr)
		return false;
	vmm_lines_pack(page, &lines, packed);
	if (lines.nr == VMM_LINES)
		return !memcmp(packed, page, BYTES) &&
		       !vmm_lines_unpack(packed, length);
	return vmm_lines_unpack(packed, length) && !memcmp(packed, page, BYTES);
}

static void test_masks(void)
{
	unsigned int n, i, full;
	bool good = true;

	for (n = 0; n < PAGES; n++) {
		full = any() % 101;
		for (i = 0; i < VMM_LINES; i++)
			fill_line(page + i * 8, any() % 100 < full ?
						1 + any() % 2 : 0);
		good &= comes_back();
	}
	tap_ok(good, "pages with lines of zeros anywhere come back");
	for (n = 0; n <= VMM_LINES; n++) {
		for (i = 0; i < VMM_LINES; i++)
			fill_line(page + i * 8, i < n);
		good &= comes_back();
		for (i = 0; i < VMM_LINES; i++)
			fill_line(page + i * 8, i >= n);
		good &= comes_back();
	}
	tap_ok(good, "and at either end only, none and all");
}

static void test_refused(void)
{
	struct vmm_lines lines;
	unsigned int n, i, length;
	bool good = true;

	for (n = 0; n < PAGES; n++) {
		for (i = 0; i < VMM_LINES; i++)
			fill_line(page + i * 8, any() % 2);
		lines = vmm_lines_of(page);
		length = vmm_lines_length(&lines);
		vmm_lines_pack(page, &lines, packed);
		/* One line more or less than there are. */
		((u64 *)packed)[lines.nr * 8] ^= 1ULL << any() % 64;
		good &= !vmm_lines_unpack(packed, length);
	}
	tap_ok(good, "a mask of other lines is refused");
	for (good = true, length = 0; length <= BYTES; length++)
		good &= length % 64 == 8 || !vmm_lines_unpack(packed, length);
	tap_ok(good, "and a length that cannot be");
}

/* --- noise ------------------------------------------------------------------- */

static void noise(void)
{
	unsigned int i;

	for (i = 0; i < BYTES / 8; i++)
		page[i] = any();
}

/* Half of it, as a file ends in a page. */
static void half_noise(void)
{
	noise();
	memset(page + 256, 0, BYTES / 2);
}

/* Few lines are not worth a look. */
static void little_noise(void)
{
	noise();
	memset(page + 15 * 8, 0, BYTES - 15 * VMM_LINE_BYTES);
}

static void text(void)
{
	static const char letters[] =
		"etaoinshrdlcumwfgypbvkjxqz     eeeettaaooiinn.,\n-'\"ETAOIN0123456789";
	char *at = (char *)page;
	unsigned int i;

	for (i = 0; i < BYTES; i++)
		at[i] = letters[any() % (sizeof(letters) - 1)];
}

/* 64 different bytes, all as likely. */
static void base64(void)
{
	u8 *at = (u8 *)page;
	unsigned int i;

	for (i = 0; i < BYTES; i++)
		at[i] = 33 + any() % 64;
}

static void pointers(void)
{
	unsigned int i;

	for (i = 0; i < BYTES / 8; i++)
		page[i] = 0xffff888000000000ULL + (any() & 0xfffffffff8ULL);
}

static void numbers(void)
{
	u32 *at = (u32 *)page;
	unsigned int i;

	for (i = 0; i < BYTES / 4; i++)
		at[i] = any() % 100000;
}

/* Their fractions are short, as most are. */
static void doubles(void)
{
	double *at = (double *)page;
	unsigned int i;

	for (i = 0; i < BYTES / 8; i++)
		at[i] = (double)(any() % 1000000) / 64;
}

static void tables(void)
{
	u64 first = any() & 0xfffffff;
	unsigned int i;

	for (i = 0; i < BYTES / 8; i++)
		page[i] = (first + i) << 12 | 0x8000000000000067ULL;
}

static void sparse(void)
{
	unsigned int i;

	for (i = 0; i < BYTES / 8; i++)
		page[i] = any() % 4 ? 0 : any();
}

static void zeros(void)
{
	memset(page, 0, BYTES);
}

/* All but one of a thousand are taken for what they are. */
static void test_noise(void)
{
	static const struct {
		const char *name;
		void (*make)(void);
		bool noise;
	} kinds[] = {
		{ "noise", noise, true },
		{ "half a page of noise", half_noise, true },
		{ "15 lines of noise", little_noise, false },
		{ "text", text, false },
		{ "base64", base64, false },
		{ "pointers", pointers, false },
		{ "small numbers", numbers, false },
		{ "doubles with short fractions", doubles, false },
		{ "page tables", tables, false },
		{ "a quarter of the words noise", sparse, false },
		{ "zeros", zeros, false },
	};
	unsigned int k, n, found;
	struct vmm_lines lines;

	for (k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		for (found = 0, n = 0; n < PAGES; n++) {
			kinds[k].make();
			lines = vmm_lines_of(page);
			found += vmm_lines_are_noise(page, &lines);
		}
		tap_ok(kinds[k].noise ? found > PAGES - PAGES / 1000 :
					found < PAGES / 1000,
		       "%s: %u of %u are noise", kinds[k].name, found, PAGES);
	}
}

int main(void)
{
	test_masks();
	test_refused();
	test_noise();
	return tap_done();
}
