/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much of a VM's memory is in the host's, and whose pages leave first: a policy, as
 * words that an operator tells and as the module takes it (struct vmm_mem_policy).
 */
#ifndef VMCTL_PAGES_H
#define VMCTL_PAGES_H

#include <stdbool.h>

#include "lib/err.h"
#include "lib/vmm.h"

enum pages_word {
	PAGES_LIMIT,
	PAGES_MIN,
	PAGES_SHARES,
	PAGES_NR_WORDS
};

/**
 * struct pages - what was told
 * @told:	a bit 1 << of enum pages_word for each value that counts
 * @policy:	the values
 */
struct pages {
	unsigned int told;
	struct vmm_mem_policy policy;
};

/** pages_parse() - takes a value; the error says only why not. */
int pages_parse(struct pages *p, enum pages_word word, const char *text,
		struct err *err);

/** pages_wants() - whether @word was told, and is not what all have */
bool pages_wants(const struct pages *p, enum pages_word word);

/** pages_check() - whether what was told goes together */
int pages_check(const struct pages *p, struct err *err);

/** pages_set() - has it hold for @memory; what was not told stays as it is. */
int pages_set(const struct pages *p, int memory, struct err *err);

#endif
