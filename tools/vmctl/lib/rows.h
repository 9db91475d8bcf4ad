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

#define ROWS_MAX_FIELDS	64
#define ROWS_NONE	UINT64_MAX	/* a number that is not there */

enum rows_format {
	ROWS_TABLE,
	ROWS_WIDE,	/* a table of all fields */
	ROWS_JSON,	/* one object: the schema, and a list of objects */
	ROWS_JSONL,	/* an object a line */
	ROWS_CSV,	/* with a line of keys */
	ROWS_ONLY_NAME,	/* the field "name" alone */
	ROWS_METRICS,	/* OpenMetrics text, where a command has it */
};

enum rows_kind {
	ROWS_TEXT,	/* char[] */
	ROWS_WORDS,	/* char[], words with a space between, each by itself for programs */
	ROWS_LABELS,	/* struct record_labels */
	ROWS_NUMBER,	/* uint64_t, as are the next; ROWS_NONE: absent */
	ROWS_SIZE,	/* bytes */
	ROWS_ABOUT,	/* bytes, which people see rounded */
	ROWS_TIME,	/* nanoseconds: how long */
	ROWS_CLOCK,	/* likewise: when */
	ROWS_HEX,
	ROWS_MILLI,	/* thousandths, told as a number with a fraction */
};

/**
 * struct rows_field - one thing told of each record
 * @key:	its name for programs
 * @head:	above its column; NULL: it is only in wide tables
 * @kind:	what is at @offset in a record
 * @least:	width of its column, for tables that come line by line
 */
struct rows_field {
	const char *key;
	const char *head;
	enum rows_kind kind;
	size_t offset;
	unsigned int least;
};

#define ROWS_FIELD(_key, _head, _kind, _type, _member) {		\
	.key = (_key), .head = (_head), .kind = ROWS_##_kind,		\
	.offset = offsetof(_type, _member) }

/**
 * struct rows_view - how the operator wants to see them
 * @fields:	keys, separated by commas, in this order; NULL: as usual
 * @sort:	a key, after '-' if the greatest comes first; NULL: as they come
 */
struct rows_view {
	enum rows_format format;
	bool no_header;
	const char *fields;
	const char *sort;
};

/**
 * struct rows - what is to be printed
 * @name:	of the list in JSON
 * @fields:	closed by one without a key
 * @records:	@count of them, @size bytes each; printing may sort them
 */
struct rows {
	const char *name;
	const struct rows_field *fields;
	void *records;
	size_t size;
	size_t count;
};

/** rows_format_parse() - of the argument of -o */
int rows_format_parse(const char *text, enum rows_format *format,
		      struct err *err);

/** rows_check() - whether what @view names are fields */
int rows_check(const struct rows_field *fields, const struct rows_view *view,
	       struct err *err);

/** rows_print() - on standard output; @view has been checked */
void rows_print(const struct rows *rows, const struct rows_view *view);

#define ROWS_CELL_LEN	4608	/* all labels, at their longest */

/* Parts of tables: a field's head and its value in @record, as people read them. */
const char *rows_head(char buf[ROWS_CELL_LEN], const struct rows_field *f);
const char *rows_cell(char buf[ROWS_CELL_LEN], const struct rows_field *f,
		      const void *record);

/** rows_find() - the field whose key has these @len characters; or NULL */
const struct rows_field *rows_find(const struct rows_field *fields,
				   const char *key, size_t len);

/** rows_compare() - by one field: < 0, 0 or > 0; what is absent is the least */
int rows_compare(const struct rows_field *f, const void *a, const void *b);

/**
 * rows_print_one() - a record that stands by itself, as rows_print() does others
 *
 * For people a field is a line, the value behind its key.  JSON is an object, in which,
 * if the rows have a name, the record is the value of that.
 */
void rows_print_one(const struct rows *rows, const struct rows_view *view);

/* Parts of JSON: one record, without its end, and all, as a list. */
void rows_object(const struct rows *rows, size_t i);
void rows_list(const struct rows *rows);

#define ROWS_TIME_LEN	24

/** rows_time_text() - the two greatest units: 3d4h, 2h14m, 59s */
const char *rows_time_text(char buf[ROWS_TIME_LEN], uint64_t ns);

#endif
