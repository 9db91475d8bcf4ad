/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The share of the host that a VM gets: a policy, as words that an operator tells and
 * as numbers.  Pure: what carries it out is vm/place.h at the start and vm/govern.h
 * while it runs.
 *
 * A policy has one value for each word that was told.  "none" is a value too: it takes
 * away what was told before.
 */
#ifndef VMCTL_SCHED_H
#define VMCTL_SCHED_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

#define SCHED_MIN_WEIGHT	1
#define SCHED_MAX_WEIGHT	10000
#define SCHED_USUAL_WEIGHT	100	/* of all that are told none */
#define SCHED_MIN_PRIO		-20
#define SCHED_MAX_PRIO		19
#define SCHED_FULL_CPU		100	/* the cap's unit is a percent of one */
#define SCHED_MIN_MEMORY	(1 << 20)

enum sched_word {
	SCHED_WEIGHT,
	SCHED_PRIO,
	SCHED_CAP,
	SCHED_PIN,
	SCHED_MEM_LIMIT,
	SCHED_NR_WORDS
};

/**
 * struct sched - what was told
 * @told:	a bit 1 << of enum sched_word for each value that counts
 * @weight:	against other VMs that want the same CPU; 0: none
 * @prio:	the same as the nice value that has that weight
 * @no_prio:	it is "none"
 * @cap:	percent of one CPU; 0: none
 * @mem_limit:	bytes; 0: none
 * @pin:	the CPUs that it may run on; empty: none
 */
struct sched {
	unsigned int told;
	unsigned int weight;
	int prio;
	bool no_prio;
	unsigned int cap;
	uint64_t mem_limit;
	cpu_set_t pin;
};

/** sched_word() - of that name; -1: none */
int sched_word(const char *name);

/** sched_name() - "weight", "prio", "cap", "pin", "mem-limit" */
const char *sched_name(enum sched_word word);

/** sched_parse() - takes a value; the error says only why not */
int sched_parse(struct sched *s, enum sched_word word, const char *text,
		struct err *err);

/** sched_forget_none() - "none" is as if nothing had been told. */
void sched_forget_none(struct sched *s);

/** sched_check() - whether what was told goes together, for a VM of @vcpus */
int sched_check(const struct sched *s, unsigned int vcpus, struct err *err);

/** sched_wants() - whether @word was told */
static inline bool sched_wants(const struct sched *s, enum sched_word word)
{
	return s->told & 1U << word;
}

/** sched_wants_weight() - whether a weight was told, in whichever way */
static inline bool sched_wants_weight(const struct sched *s)
{
	return sched_wants(s, SCHED_WEIGHT) || sched_wants(s, SCHED_PRIO);
}

/** sched_wants_group() - whether something was told that takes a control group */
static inline bool sched_wants_group(const struct sched *s)
{
	return sched_wants_weight(s) || sched_wants(s, SCHED_CAP) ||
	       sched_wants(s, SCHED_MEM_LIMIT);
}

/** sched_weight() - the weight to set */
unsigned int sched_weight(const struct sched *s);

#endif
