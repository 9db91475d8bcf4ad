// SPDX-License-Identifier: GPL-2.0
/*
 * The tally against counting: sites of some rows and frames at random, from all rows on
 * one frame to each for himself, with memory refused.  Bytes of all rows are those of
 * all frames; what two rows have in common is what comparing frame by frame gives.
 */
#include <string.h>

#include "ksm/tally.h"
#include "ksm_port.h"
#include "rnd.h"
#include "tap.h"

#define ROWS	37
#define FRAMES	20000

static u32 count[FRAMES][ROWS];
static struct vksm_row row[ROWS], truth[ROWS];
static struct vksm_degrees degrees;
static struct vksm_tally t;

static unsigned int below(unsigned int n)
{
	return (rnd() >> 11) % n;
}

/* Numbers of frames as a host's may be, of 40 bits. */
static u64 frame_nr(unsigned int i)
{
	return i % 2 ? (1ULL << 40) - 1 - i : i * 512ULL;
}

static bool add(unsigned int frame, unsigned int r)
{
	if (vksm_tally_add(&t, frame_nr(frame), r))
		return false;
	count[frame][r]++;
	return true;
}

/* All but the bytes, whose remainder depends on who was first. */
static void count_truth(u64 *frames, u64 *sites)
{
	u64 total, rows, i, r;

	memset(truth, 0, sizeof(truth));
	*frames = *sites = 0;
	for (i = 0; i < FRAMES; i++) {
		for (total = rows = r = 0; r < ROWS; r++) {
			total += count[i][r];
			rows += !!count[i][r];
		}
		*frames += !!total;
		*sites += total;
		for (r = 0; r < ROWS; r++) {
			truth[r].sites += count[i][r];
			if (!count[i][r])
				continue;
			truth[r].stat[VKSM_ROW_MARGINAL] += rows == 1;
			if (total == 1)
				truth[r].stat[VKSM_ROW_USS]++;
			else if (rows == 1)
				truth[r].stat[VKSM_ROW_SHARED_SELF] += total;
			else
				truth[r].stat[VKSM_ROW_SHARED_OTHER] += count[i][r];
			truth[r].stat[VKSM_ROW_PSS] += 4096 * count[i][r] / total;
		}
	}
}

static bool agrees(void)
{
	u64 frames, sites, bytes = 0, in_degrees = 0, their_sites = 0, r, k;
	bool good = true;

	memset(row, 0, sizeof(row));
	memset(&degrees, 0, sizeof(degrees));
	vksm_tally_sum(&t, row, &degrees);
	count_truth(&frames, &sites);
	for (r = 0; r < ROWS; r++) {
		bytes += row[r].stat[VKSM_ROW_PSS];
		/* A remainder is less than a byte for each row that has the frame. */
		good &= row[r].stat[VKSM_ROW_PSS] >= truth[r].stat[VKSM_ROW_PSS] &&
			row[r].stat[VKSM_ROW_PSS] <= truth[r].stat[VKSM_ROW_PSS] +
						     ROWS * row[r].sites;
		row[r].stat[VKSM_ROW_PSS] = truth[r].stat[VKSM_ROW_PSS];
		good &= row[r].sites == row[r].stat[VKSM_ROW_USS] +
			row[r].stat[VKSM_ROW_SHARED_SELF] +
			row[r].stat[VKSM_ROW_SHARED_OTHER];
	}
	for (k = 0; k < VKSM_DEGREES; k++) {
		in_degrees += degrees.frames[k];
		their_sites += degrees.sites[k];
		good &= degrees.sites[k] >= degrees.frames[k] *
					    vksm_degree_first(k);
		if (k < VKSM_DEGREES - 1)
			good &= degrees.sites[k] < degrees.frames[k] *
				vksm_degree_first(k + 1) || !degrees.frames[k];
	}
	return good && !memcmp(row, truth, sizeof(row)) &&
	       bytes == frames * 4096 && frames == t.frames &&
	       sites == t.sites && in_degrees == frames && their_sites == sites;
}

static u64 pairs[ROWS * ROWS], true_pairs[ROWS * ROWS];
static struct vksm_top top[VKSM_TOP];

static void count_true_pairs(void)
{
	unsigned int i, a, b;

	memset(true_pairs, 0, sizeof(true_pairs));
	for (i = 0; i < FRAMES; i++) {
		for (a = 0; a < ROWS; a++) {
			for (b = 0; count[i][a] && b < ROWS; b++)
				true_pairs[a * ROWS + b] += !!count[i][b];
		}
	}
}

/* None that is not in it has more than the last. */
static bool top_is_right(void)
{
	unsigned int i, k, r, sites, above;
	bool good = true;

	for (k = 0; k < VKSM_TOP; k++) {
		for (above = i = 0; i < FRAMES; i++) {
			for (sites = r = 0; r < ROWS; r++)
				sites += count[i][r];
			above += sites > top[k].sites;
		}
		good &= above <= k && top[k].sites && top[k].rows &&
			top[k].row < ROWS;
	}
	return good;
}

static bool pairs_agree(void)
{
	memset(pairs, 0, sizeof(pairs));
	memset(top, 0, sizeof(top));
	count_true_pairs();
	return !vksm_tally_pairs(&t, ROWS, pairs, top) &&
	       !memcmp(pairs, true_pairs, sizeof(pairs)) && top_is_right();
}

/* A frame of few, or of all; or a row that has one often. */
static void test_random(bool starved)
{
	unsigned int i, f, k, failed = 0;

	memset(count, 0, sizeof(count));
	vksm_tally_init(&t);
	for (i = 0; i < 60000; i++) {
		port_left = starved && below(3) ? 0 : -1;
		f = below(3) ? below(FRAMES) : below(20);
		for (k = below(4) ? 1 : below(30); k; k--)
			failed += !add(f, below(2) ? f % ROWS : below(ROWS));
	}
	port_left = -1;
	tap_ok(agrees(), "rows have what frames are%s (%llu, %llu sites, %u failed)",
	       starved ? ", memory refused" : "", (unsigned long long)t.frames,
	       (unsigned long long)t.sites, failed);
	tap_ok(pairs_agree(), "and each two have in common what they have");
	port_left = starved;
	tap_ok(vksm_tally_pairs(&t, ROWS, pairs, top), "unless there is no memory");
	port_left = -1;
	vksm_tally_free(&t);
	tap_ok(!port_live, "nothing is left");
}

static void test_single(void)
{
	unsigned int i;

	memset(count, 0, sizeof(count));
	vksm_tally_init(&t);
	tap_ok(agrees(), "nothing is nobody's");
	/* Three of a frame: 1366 for the first, 1365 for the others. */
	for (i = 0; i < 3; i++)
		add(0, i);
	memset(row, 0, sizeof(row));
	vksm_tally_sum(&t, row, &degrees);
	tap_ok(row[0].stat[VKSM_ROW_PSS] == 1366 &&
	       row[1].stat[VKSM_ROW_PSS] == 1365 &&
	       row[2].stat[VKSM_ROW_PSS] == 1365, "what is left is the first one's");
	for (i = 0; i < 5000; i++)
		add(0, 5);
	tap_ok(agrees(), "more sites than bytes");
	vksm_tally_free(&t);
	/* It cannot grow at all. */
	vksm_tally_init(&t);
	memset(count, 0, sizeof(count));
	port_left = 0;
	for (i = 0; i < FRAMES; i++)
		add(i, i % ROWS);
	port_left = -1;
	tap_ok(agrees() && t.frames < t.size && t.frames >= t.size / 16 * 15,
	       "without memory some are left out (%llu are in)",
	       (unsigned long long)t.frames);
	vksm_tally_free(&t);
	port_left = 0;
	tap_ok(vksm_tally_init(&t) && !port_live, "no memory for a tally");
	port_left = -1;
}

int main(void)
{
	test_single();
	test_random(false);
	test_random(true);
	return tap_done();
}
