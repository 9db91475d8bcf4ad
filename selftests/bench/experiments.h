/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Experiments: traces that are played to a deduplicator, and what it makes of them.  Each
 * prints lines "SIDE,KIND,UNIT,VALUE", wants a process of its own, and ends with a look at
 * each byte.
 */
#ifndef BENCH_EXPERIMENTS_H
#define BENCH_EXPERIMENTS_H

#include <stdint.h>
#include "side.h"

/**
 * struct experiment - how they are made
 * @side:	the deduplicator
 * @seed:	of traces
 * @pages:	of each area
 */
struct experiment {
	const struct side *side;
	uint64_t seed;
	uint32_t pages;
};

extern struct experiment experiment;

typedef void (*experiment_fn)(void);

/**
 * struct experiment_name - an experiment
 * @name:	for users
 * @fn:		makes it; NULL behind the last one
 */
struct experiment_name {
	const char *name;
	experiment_fn fn;
};

extern const struct experiment_name experiments[];

/* Memory as guests have it, and so many passes; until it has converged, for 0. */
struct side_figures experiment_mixed(unsigned int passes);

void experiment_tell(const char *kind, const char *unit, double val);

#endif
