// SPDX-License-Identifier: GPL-2.0
/* The Kolmogorov-Smirnov test of two samples: see ks.h. */
#include <math.h>
#include <stdlib.h>
#include "ks.h"

/* Below this it is 1, to all digits of a double; above, further terms are nothing. */
#define X_LEAST	0.18
#define TERMS	40

double ks_q(double x)
{
	double sum = 0, sign = 1;
	int k;

	if (x < X_LEAST)
		return 1;
	for (k = 1; k <= TERMS; k++, sign = -sign)
		sum += sign * exp(-2.0 * k * k * x * x);
	return fmin(fmax(2 * sum, 0), 1);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void ks_sort(uint32_t *sample, size_t n)
{
	qsort(sample, n, sizeof(*sample), by_value);
}

/* Both functions step over all that is equal before they are compared. */
static double distance(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	size_t i = 0, k = 0;
	double most = 0;
	uint32_t at;

	while (i < n && k < m) {
		at = a[i] < b[k] ? a[i] : b[k];
		while (i < n && a[i] == at)
			i++;
		while (k < m && b[k] == at)
			k++;
		most = fmax(most, fabs((double)i / n - (double)k / m));
	}
	return most;
}

struct ks ks_test(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	double s = sqrt((double)n * m / (n + m));
	struct ks ks = { .d = distance(a, n, b, m) };

	ks.p = ks_q((s + 0.12 + 0.11 / s) * ks.d);
	return ks;
}
