/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results of a command that are many alike: records, and a description of the
 * fields that are told of each.  A table is for people; all else is for
 * programs, with sizes in bytes, times in nanoseconds and keys that never change.
 */
#ifndef VMCTL_ROWS_H
#define VMCTL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

enum rows_format {
	ROWS_TABLE,
	ROWS_JSON,	/* one object: the schema, and a list of objects */
	ROWS_JSONL,	/* an object a line */
	ROWS_CSV,	/* with a line of keys */
	ROWS_NAME,	/* the field "name" alone */
};

enum rows_kind {
	ROWS_TEXT,	/* char[] */
	ROWS_NUMBER,	/* uint64_t, as are the next */
	ROWS_SIZE,	/* bytes */
	ROWS_TIME,	/* nanoseconds */
};

/**
 * struct rows_field - one thing told of each record
 * @key:	its name for programs
 * @head:	above its column; NULL: it is in no table
 * @kind:	what is at @offset in a record
 */
struct rows_field {
	const char *key;
	const char *head;
	enum rows_kind kind;
	size_t offset;
};

/**
 * struct rows - what is to be printed
 * @name:	of the list in JSON
 * @fields:	closed by one without a key
 * @records:	@count of them, @size bytes each
 */
struct rows {
	const char *name;
	const struct rows_field *fields;
	const void *records;
	size_t size;
	size_t count;
};

/** rows_format_parse() - of the argument of -o */
int rows_format_parse(const char *text, enum rows_format *format,
		      struct err *err);

/** rows_print() - on standard output; @header: with a line of heads or keys */
void rows_print(const struct rows *rows, enum rows_format format, bool header);

#define ROWS_TIME_LEN	24

/** rows_time_text() - the two greatest units: 3d4h, 2h14m, 59s */
const char *rows_time_text(char buf[ROWS_TIME_LEN], uint64_t ns);

#endif
