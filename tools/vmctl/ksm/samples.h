/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters that were sampled: a table of comma-separated values whose first line has names, one
 * of them time_ns (since 1970); other columns are numbers, or empty where there was none.
 */
#ifndef VMCTL_KSM_SAMPLES_H
#define VMCTL_KSM_SAMPLES_H

#include <stdint.h>
#include <stdio.h>

#include "lib/err.h"

#define SAMPLES_COLUMNS	32
#define SAMPLES_NAME	40
#define SAMPLES_MOST	1000000

/**
 * struct samples - all zeroes is an empty one
 * @time_ns:	@count of them, not falling
 * @name, @value: of @columns; @count values each, NAN: none
 */
struct samples {
	size_t count, room;
	uint64_t *time_ns;
	unsigned int columns;
	char name[SAMPLES_COLUMNS][SAMPLES_NAME];
	double *value[SAMPLES_COLUMNS];
};

/** samples_read() - samples_free() must follow, on failure too */
int samples_read(struct samples *s, FILE *in, const char *name, struct err *err);
int samples_open(struct samples *s, const char *path, struct err *err);
void samples_free(struct samples *s);

#endif
