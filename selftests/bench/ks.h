/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Kolmogorov-Smirnov test of two samples: whether they can come from one distribution.
 *
 * D is the greatest distance between the two empirical distribution functions.  For samples
 * of n and m from one continuous distribution, and sqrt(n m / (n + m)) D = x, the probability
 * of more than that tends to
 *
 *	Q(x) = 2 (e^(-2 x^2) - e^(-8 x^2) + e^(-18 x^2) - ...)
 *
 * (N. Smirnov, Table for estimating the goodness of fit of empirical distributions, Annals of
 * Mathematical Statistics 19, 1948).  For small samples x is made a little larger, by
 * the factor 1 + 0.12 / s + 0.11 / s^2 with s = sqrt(n m / (n + m)) (M. A. Stephens, Use of the
 * Kolmogorov-Smirnov, Cramer-von Mises and related statistics without extensive tables,
 * Journal of the Royal Statistical Society B 32, 1970).
 *
 * Where values occur several times, as counts of instructions do, the true probability is
 * lower (G. E. Noether, Note on the Kolmogorov statistic in the discrete case, Metrika
 * 7, 1963): equal distributions are refused more seldom than @p says, never more often.
 */
#ifndef BENCH_KS_H
#define BENCH_KS_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct ks - what the test says
 * @d:	the greatest distance, 0 to 1
 * @p:	how likely one as great is if nothing tells the samples apart
 */
struct ks {
	double d;
	double p;
};

/* Q(x) of above. */
double ks_q(double x);

void ks_sort(uint32_t *sample, size_t n);

/* Of two sorted samples, neither of them empty. */
struct ks ks_test(const uint32_t *a, size_t n, const uint32_t *b, size_t m);

#endif
