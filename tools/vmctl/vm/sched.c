// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "boot/layout.h"
#include "lib/container.h"
#include "lib/cpulist.h"
#include "lib/size.h"
#include "vm/sched.h"

#define MAX_CAP		(SCHED_FULL_CPU * LAYOUT_MAX_CPUS)
#define NICE_STEP	1.25	/* the kernel's, from one nice value to the next */

static bool is_none(const char *text)
{
	return !strcmp(text, "none");
}

/* ---- one word: "none" leaves the zero that is there -------------------------------- */

static int parse_number(unsigned int *to, const char *text, unsigned int most,
			const char *what, struct err *err)
{
	uint64_t value = 0;

	if (!is_none(text) &&
	    (uint_parse(text, &value) || !value || value > most))
		return err_set(err, VMCTL_USAGE, "%s is 1 to %u, or none", what,
			       most);
	*to = (unsigned int)value;
	return 0;
}

static int parse_weight(struct sched *s, const char *text, struct err *err)
{
	return parse_number(&s->weight, text, SCHED_MAX_WEIGHT, "a weight", err);
}

static int parse_prio(struct sched *s, const char *text, struct err *err)
{
	bool minus = *text == '-';
	uint64_t value = 0, most = minus ? -SCHED_MIN_PRIO : SCHED_MAX_PRIO;

	s->no_prio = is_none(text);
	if (!s->no_prio && (uint_parse(text + minus, &value) || value > most))
		return err_set(err, VMCTL_USAGE,
			       "a priority is a nice value, %d to %d, or none",
			       SCHED_MIN_PRIO, SCHED_MAX_PRIO);
	s->prio = minus ? -(int)value : (int)value;
	return 0;
}

static int parse_cap(struct sched *s, const char *text, struct err *err)
{
	return parse_number(&s->cap, text, MAX_CAP,
			    "a cap, in percent of one CPU,", err);
}

static int parse_pin(struct sched *s, const char *text, struct err *err)
{
	CPU_ZERO(&s->pin);
	if (is_none(text) || !cpulist_parse(text, &s->pin))
		return 0;
	return err_set(err, VMCTL_USAGE,
		       "neither a list of CPUs like 0-3,8, up to %d, nor none",
		       CPU_SETSIZE - 1);
}

static int parse_mem_limit(struct sched *s, const char *text, struct err *err)
{
	uint64_t value = 0;

	if (!is_none(text) && size_parse(text, &value))
		return err_set(err, VMCTL_USAGE,
			       "neither a size like 512M or 4G, nor none");
	if (!is_none(text) && (value < SCHED_MIN_MEMORY || value % 4096 ||
			       value > INT64_MAX))
		return err_set(err, VMCTL_USAGE,
			       "a limit is at least 1M and a multiple of 4096 bytes");
	s->mem_limit = value;
	return 0;
}

static const struct word {
	const char *name;
	int (*parse)(struct sched *s, const char *text, struct err *err);
} words[] = {
	[SCHED_WEIGHT] = { "weight", parse_weight },
	[SCHED_PRIO] = { "prio", parse_prio },
	[SCHED_CAP] = { "cap", parse_cap },
	[SCHED_PIN] = { "pin", parse_pin },
	[SCHED_MEM_LIMIT] = { "mem-limit", parse_mem_limit },
};

_Static_assert(ARRAY_SIZE(words) == SCHED_NR_WORDS, "each word has its line");

/* ---- whole policies ----------------------------------------------------------------- */

int sched_word(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(name, words[i].name))
			return (int)i;
	return -1;
}

const char *sched_name(enum sched_word word)
{
	return words[word].name;
}

int sched_parse(struct sched *s, enum sched_word word, const char *text,
		struct err *err)
{
	if (words[word].parse(s, text, err))
		return -1;
	s->told |= 1U << word;
	return 0;
}

static void forget(struct sched *s, enum sched_word word, bool none)
{
	if (none)
		s->told &= ~(1U << word);
}

void sched_forget_none(struct sched *s)
{
	forget(s, SCHED_WEIGHT, !s->weight);
	forget(s, SCHED_PRIO, s->no_prio);
	forget(s, SCHED_CAP, !s->cap);
	forget(s, SCHED_PIN, !CPU_COUNT(&s->pin));
	forget(s, SCHED_MEM_LIMIT, !s->mem_limit);
}

int sched_check(const struct sched *s, unsigned int vcpus, struct err *err)
{
	if (sched_wants(s, SCHED_WEIGHT) && sched_wants(s, SCHED_PRIO))
		return err_set(err, VMCTL_USAGE,
			       "weight and prio exclude each other: a priority is a weight");
	if (sched_wants(s, SCHED_CAP) && s->cap > SCHED_FULL_CPU * vcpus)
		return err_set(err, VMCTL_USAGE,
			       "cap %u: at most %u, %d for each vCPU", s->cap,
			       SCHED_FULL_CPU * vcpus, SCHED_FULL_CPU);
	return 0;
}

static unsigned int weight_of_prio(int prio)
{
	double weight = SCHED_USUAL_WEIGHT;
	int i;

	for (i = 0; i < abs(prio); i++)
		weight = prio < 0 ? weight * NICE_STEP : weight / NICE_STEP;
	return (unsigned int)(weight + 0.5);
}

unsigned int sched_weight(const struct sched *s)
{
	if (sched_wants(s, SCHED_PRIO) && !s->no_prio)
		return weight_of_prio(s->prio);
	return sched_wants(s, SCHED_WEIGHT) && s->weight ? s->weight :
							   SCHED_USUAL_WEIGHT;
}
