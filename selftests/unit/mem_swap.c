// SPDX-License-Identifier: GPL-2.0
/*
 * The map of a swap file against a model: pieces come in runs that were found free, and go
 * in any order.
 */
#include <string.h>

#include "mem/swap_map.h"
#include "rnd.h"
#include "tap.h"

#define PAGES		67
#define PIECES		(PAGES * 4096 / VMM_PIECE_ALIGN)

static u8 counts[PAGES];
static struct vmm_swap_map map;

/* What the model knows: of each unit of the file, the piece that has it. */
static unsigned int owner[PIECES];
static struct { u64 place; unsigned int length; } piece[PIECES + 1];
static unsigned int nr;

static unsigned int below(unsigned int n)
{
	return (rnd() >> 11) % n;
}

static unsigned int units(unsigned int length)
{
	return (length + VMM_PIECE_ALIGN - 1) / VMM_PIECE_ALIGN;
}

static bool page_is_free(unsigned long page)
{
	unsigned int i, per_page = 4096 / VMM_PIECE_ALIGN;

	for (i = 0; i < per_page; i++) {
		if (owner[page * per_page + i])
			return false;
	}
	return true;
}

static unsigned long longest_run(void)
{
	unsigned long page, n = 0, best = 0;

	for (page = 0; page < PAGES; page++) {
		n = page_is_free(page) ? n + 1 : 0;
		if (n > best)
			best = n;
	}
	return best;
}

static bool agrees(void)
{
	unsigned long page, free = 0;

	for (page = 0; page < PAGES; page++) {
		free += page_is_free(page);
		if (page_is_free(page) != !map.pieces[page])
			return false;
	}
	return free == map.free;
}

static void add(u64 place, unsigned int length)
{
	unsigned int i;

	piece[++nr].place = place;
	piece[nr].length = length;
	for (i = 0; i < units(length); i++)
		owner[place / VMM_PIECE_ALIGN + i] = nr;
	vmm_swap_map_add(&map, place, length);
}

static void del(unsigned int which)
{
	unsigned int i;

	vmm_swap_map_del(&map, piece[which].place, piece[which].length);
	for (i = 0; i < units(piece[which].length); i++)
		owner[piece[which].place / VMM_PIECE_ALIGN + i] = 0;
	piece[which] = piece[nr--];
	if (which > nr)
		return;
	for (i = 0; i < units(piece[which].length); i++)
		owner[piece[which].place / VMM_PIECE_ALIGN + i] = which;
}

/* A batch of pieces of random lengths; false: what was found was wrong. */
static bool batch(unsigned int longest)
{
	unsigned long want = 1 + below(20), first = ~0UL, got, best, i;
	unsigned int at = 0, length;

	best = longest_run();
	got = vmm_swap_map_find(&map, want, &first);
	if (got != (best < want ? best : want) || (got && first + got > PAGES))
		return false;
	for (i = 0; i < got; i++) {
		if (!page_is_free(first + i))
			return false;
	}
	for (;;) {
		length = 1 + below(longest);
		if (at + length > got * 4096)
			return true;
		add(first * 4096 + at, length);
		at += units(length) * VMM_PIECE_ALIGN;
	}
}

static void start(void)
{
	memset(counts, 0, sizeof(counts));
	memset(owner, 0, sizeof(owner));
	nr = 0;
	vmm_swap_map_init(&map, counts, PAGES);
}

static bool run(unsigned int longest)
{
	unsigned int i, n;
	bool good = true;

	start();
	for (i = 0; i < 3000 && good; i++) {
		good = batch(longest) && agrees();
		for (n = below(2 * nr / 3 + 1); n && nr; n--)
			del(1 + below(nr));
		good = good && agrees();
	}
	while (nr)
		del(nr);
	return good && agrees() && map.free == PAGES;
}

static void test_full(void)
{
	unsigned long first, got;

	start();
	got = vmm_swap_map_find(&map, 1000, &first);
	tap_ok(got == PAGES && !first, "an empty file is one run");
	for (first = 0; first < PAGES; first++)
		add(first * 4096, 4096);
	tap_ok(!map.free && !vmm_swap_map_find(&map, 1, &first), "a full one has none");
	del(5);
	got = vmm_swap_map_find(&map, 8, &first);
	tap_ok(got == 1 && first == 4, "but what became free");
}

static void test_smallest(void)
{
	unsigned int i;
	bool good = true;

	start();
	for (i = 0; i < 4096 / VMM_PIECE_ALIGN; i++)
		add(4096 + i * VMM_PIECE_ALIGN, 1);
	good = agrees();
	while (nr > 1)
		del(1);
	tap_ok(good && agrees() && map.pieces[1] == 1,
	       "a page of the smallest pieces is free when the last is gone");
}

int main(void)
{
	test_full();
	test_smallest();
	tap_ok(run(4096), "pieces of any size");
	tap_ok(run(64), "small ones");
	return tap_done();
}
