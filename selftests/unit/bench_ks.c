// SPDX-License-Identifier: GPL-2.0
/*
 * The test of two samples: its distance is that which counting gives, its probability that
 * of the tables; it refuses equal distributions as seldom as it says, and
 * sees a difference that is small.
 */
#include <math.h>
#include <stdlib.h>

#include "ks.h"
#include "tap.h"

#define MOST	30000

static uint32_t a[MOST], b[MOST];
static uint64_t state = 42;

static uint32_t number(void)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 32;
}

static bool near(const char *what, double got, double wanted, double by)
{
	if (fabs(got - wanted) <= by)
		return true;
	tap_note("%s: %.9f, wanted %.9f", what, got, wanted);
	return false;
}

static void test_tables(void)
{
	tap_ok(near("0.10", ks_q(1.22385), 0.10, 1e-5) &
	       near("0.05", ks_q(1.35810), 0.05, 1e-5) &
	       near("0.01", ks_q(1.62762), 0.01, 1e-6) &
	       near("0.001", ks_q(1.94947), 0.001, 1e-7),
	       "as tables have it");
	tap_ok(ks_q(0) == 1 && near("0.18", ks_q(0.18), 1, 1e-12) &&
	       near("0.5", ks_q(0.5), 0.9639452436, 1e-9) &&
	       ks_q(10) < 1e-80 && ks_q(100) == 0, "at both ends");
}

/* The part of a sample that is at most so much. */
static double part(const uint32_t *sample, unsigned int n, uint32_t most)
{
	unsigned int i, count = 0;

	for (i = 0; i < n; i++)
		count += sample[i] <= most;
	return (double)count / n;
}

static void test_distance(void)
{
	unsigned int round, i, n, m;
	bool good = true;
	double most;

	for (round = 0; round < 200; round++) {
		n = 1 + number() % 60;
		m = 1 + number() % 60;
		most = 0;
		for (i = 0; i < n; i++)
			a[i] = number() % 40;
		for (i = 0; i < m; i++)
			b[i] = number() % 40 + round % 20;
		for (i = 0; i < 64; i++)
			most = fmax(most, fabs(part(a, n, i) - part(b, m, i)));
		ks_sort(a, n);
		ks_sort(b, m);
		good &= near("D", ks_test(a, n, b, m).d, most, 1e-12) &&
			near("D", ks_test(b, m, a, n).d, most, 1e-12);
	}
	tap_ok(good, "the distance, by counting");
}

/* Of 1000 pairs of samples: how many are refused at 5 %; @values: different ones. */
static unsigned int refused(uint32_t values)
{
	unsigned int round, i, count = 0;

	for (round = 0; round < 1000; round++) {
		for (i = 0; i < 400; i++) {
			a[i] = number() % values;
			b[i] = number() % values;
		}
		ks_sort(a, 400);
		ks_sort(b, 300);
		count += ks_test(a, 400, b, 300).p < 0.05;
	}
	return count;
}

static void test_same(void)
{
	unsigned int many = refused(~0U), few = refused(4);

	tap_ok(many > 25 && many < 75 && few <= many,
	       "equal ones are refused as often as it says (%u, %u of 1000)",
	       many, few);
}

/* Some of one sample are longer by one. */
static void test_different(void)
{
	unsigned int i;

	for (i = 0; i < 25000; i++) {
		a[i] = 5000 + (number() % 50 ? 0 : number() % 3000);
		b[i] = 5000 + (number() % 50 ? 0 : number() % 3000) +
		       !(number() % 25);
	}
	ks_sort(a, 25000);
	ks_sort(b, 25000);
	tap_ok(ks_test(a, 25000, b, 25000).p < 1e-9,
	       "one instruction more in 4 %% of all is seen");
}

int main(void)
{
	test_tables();
	test_distance();
	test_same();
	test_different();
	return tap_done();
}
