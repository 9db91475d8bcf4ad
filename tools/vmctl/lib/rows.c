// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "lib/container.h"
#include "lib/out.h"
#include "lib/records.h"
#include "lib/rows.h"
#include "lib/size.h"

/* ---- what is wanted --------------------------------------------------------- */

int rows_format_parse(const char *text, enum rows_format *format,
		      struct err *err)
{
	static const char *const names[] = {
		[ROWS_TABLE] = "table", [ROWS_WIDE] = "wide",
		[ROWS_JSON] = "json", [ROWS_JSONL] = "jsonl",
		[ROWS_CSV] = "csv", [ROWS_ONLY_NAME] = "name",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(text, names[i])) {
			*format = i;
			return 0;
		}
	}
	return err_set(err, VMCTL_USAGE,
		       "-o %s: the formats are table, wide, json, jsonl, csv and name",
		       text);
}

const struct rows_field *rows_find(const struct rows_field *fields,
				   const char *key, size_t len)
{
	for (; fields->key; fields++)
		if (!strncmp(fields->key, key, len) && !fields->key[len])
			return fields;
	return NULL;
}

static int unknown(const struct rows_field *fields, const char *option,
		   const char *key, size_t len, struct err *err)
{
	char all[384] = "";
	size_t at = 0;

	for (; fields->key && at < sizeof(all); fields++)
		at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s",
				       at ? ", " : "", fields->key);
	return err_set(err, VMCTL_USAGE, "%s: no field '%.*s'; there are %s",
		       option, (int)(len > 64 ? 64 : len), key, all);
}

/* The fields that are shown, in order, closed by NULL. */
struct selection {
	const struct rows_field *field[ROWS_MAX_FIELDS + 1];
};

static int select_named(struct selection *s, const struct rows_field *fields,
			const char *keys, struct err *err)
{
	unsigned int n = 0;
	size_t len;

	for (;; keys += len + 1) {
		len = strcspn(keys, ",");
		if (n == ROWS_MAX_FIELDS)
			return err_set(err, VMCTL_USAGE,
				       "--fields: more than %d",
				       ROWS_MAX_FIELDS);
		s->field[n] = rows_find(fields, keys, len);
		if (!s->field[n++])
			return unknown(fields, "--fields", keys, len, err);
		if (!keys[len])
			break;
	}
	s->field[n] = NULL;
	return 0;
}

static void select_usual(struct selection *s, const struct rows_field *fields,
			 bool for_people)
{
	unsigned int n = 0;

	for (; fields->key && n < ROWS_MAX_FIELDS; fields++)
		if (!for_people || fields->head)
			s->field[n++] = fields;
	s->field[n] = NULL;
}

int rows_check(const struct rows_field *fields, const struct rows_view *view,
	       struct err *err)
{
	const char *key = view->sort;
	struct selection s;

	if (view->fields && select_named(&s, fields, view->fields, err))
		return -1;
	if (view->format == ROWS_ONLY_NAME && !rows_find(fields, "name", 4))
		return err_set(err, VMCTL_USAGE, "-o name: these have no names");
	if (!key)
		return 0;
	key += *key == '-';
	return rows_find(fields, key, strlen(key)) ? 0 :
	       unknown(fields, "--sort", key, strlen(key), err);
}

/* ---- values ------------------------------------------------------------------ */

const char *rows_time_text(char buf[ROWS_TIME_LEN], uint64_t ns)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	uint64_t s = ns / 1000000000;
	unsigned int i = 0;
	int len;

	while (i < ARRAY_SIZE(units) - 1 && s < units[i].seconds)
		i++;
	len = snprintf(buf, ROWS_TIME_LEN, "%" PRIu64 "%c",
		       s / units[i].seconds, units[i].unit);
	s %= units[i].seconds;
	if (s && i < ARRAY_SIZE(units) - 1 && s / units[i + 1].seconds)
		snprintf(buf + len, ROWS_TIME_LEN - len, "%" PRIu64 "%c",
			 s / units[i + 1].seconds, units[i + 1].unit);
	return buf;
}

static char *record(const struct rows *rows, size_t i)
{
	return (char *)rows->records + i * rows->size;
}

static uint64_t value(const struct rows_field *f, const char *record)
{
	uint64_t v;

	memcpy(&v, record + f->offset, sizeof(v));
	return v;
}

/* Aligned, as the field of a structure is. */
static const struct record_labels *labels_of(const struct rows_field *f,
					     const char *record)
{
	return (const void *)(record + f->offset);
}

static void labels_text(char *buf, size_t size, const struct record_labels *l)
{
	size_t at = 0, i;

	buf[0] = 0;
	for (i = 0; i < l->count && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s=%s",
				       i ? "," : "", l->label[i].key,
				       l->label[i].value);
}

static bool is_text(const struct rows_field *f)
{
	return f->kind == ROWS_TEXT || f->kind == ROWS_WORDS;
}

static void milli_text(char *buf, size_t size, uint64_t v)
{
	snprintf(buf, size, "%" PRIu64 ".%03u", v / 1000,
		 (unsigned int)(v % 1000));
}

/* As programs read it: text, or a number where there is one. */
static void plain(char buf[ROWS_CELL_LEN], const struct rows_field *f,
		  const char *record)
{
	uint64_t v;

	if (is_text(f)) {
		snprintf(buf, ROWS_CELL_LEN, "%s", record + f->offset);
		return;
	}
	if (f->kind == ROWS_LABELS) {
		labels_text(buf, ROWS_CELL_LEN, labels_of(f, record));
		return;
	}
	v = value(f, record);
	if (v == ROWS_NONE)
		buf[0] = 0;
	else if (f->kind == ROWS_MILLI)
		milli_text(buf, ROWS_CELL_LEN, v);
	else
		snprintf(buf, ROWS_CELL_LEN, "%" PRIu64, v);
}

/* As people read it. */
const char *rows_cell(char buf[ROWS_CELL_LEN], const struct rows_field *f,
		      const void *record)
{
	uint64_t v;

	plain(buf, f, record);
	if (!*buf)
		return "-";
	if (is_text(f) || f->kind == ROWS_LABELS) {
		out_tame(buf);
		return buf;
	}
	v = value(f, record);
	if (f->kind == ROWS_SIZE)
		return size_text(buf, v);
	if (f->kind == ROWS_ABOUT)
		return size_about(buf, v);
	if (f->kind == ROWS_TIME)
		return rows_time_text(buf, v);
	if (f->kind == ROWS_CLOCK)
		snprintf(buf, ROWS_CELL_LEN, "%" PRIu64 ".%06u", v / 1000000000,
			 (unsigned int)(v % 1000000000 / 1000));
	if (f->kind == ROWS_HEX)
		snprintf(buf, ROWS_CELL_LEN, "%#" PRIx64, v);
	if (f->kind == ROWS_MILLI)
		buf[strlen(buf) - 2] = 0;	/* a tenth will do */
	return buf;
}

/* ---- sorting ------------------------------------------------------------------ */

/* ROWS_NONE is smaller than any number. */
int rows_compare(const struct rows_field *f, const void *a, const void *b)
{
	char x[ROWS_CELL_LEN], y[ROWS_CELL_LEN];

	if (is_text(f) || f->kind == ROWS_LABELS) {
		plain(x, f, a);
		plain(y, f, b);
		return strcmp(x, y);
	}
	return (value(f, a) + 1 > value(f, b) + 1) -
	       (value(f, a) + 1 < value(f, b) + 1);
}

static int compare(const void *a, const void *b, void *arg)
{
	return rows_compare(arg, a, b);
}

static int compare_down(const void *a, const void *b, void *arg)
{
	return compare(b, a, arg);
}

/* glibc's qsort_r() keeps the order of equals, if there is memory. */
static void sort(const struct rows *rows, const char *key)
{
	bool down = *key == '-';

	key += down;
	if (rows->count)
		qsort_r(rows->records, rows->count, rows->size,
			down ? compare_down : compare,
			(void *)rows_find(rows->fields, key, strlen(key)));
}

/* ---- tables --------------------------------------------------------------------- */

const char *rows_head(char buf[ROWS_CELL_LEN], const struct rows_field *f)
{
	size_t i;

	if (f->head)
		return f->head;
	snprintf(buf, ROWS_CELL_LEN, "%s", f->key);
	for (i = 0; buf[i]; i++)
		buf[i] = (char)toupper((unsigned char)buf[i]);
	return buf;
}

static int width(const struct rows *rows, const struct rows_field *f,
		 bool header)
{
	char buf[ROWS_CELL_LEN];
	size_t most = header ? strlen(rows_head(buf, f)) : 0, len, i;

	if (most < f->least)
		most = f->least;
	for (i = 0; i < rows->count; i++) {
		len = strlen(rows_cell(buf, f, record(rows, i)));
		if (len > most)
			most = len;
	}
	return (int)most;
}

/* @line: of the records, or -1 for the heads */
static void table_line(const struct rows *rows, const struct selection *s,
		       const int *widths, ssize_t line)
{
	const struct rows_field *f;
	char buf[ROWS_CELL_LEN];
	const char *text;
	unsigned int i;

	for (i = 0; (f = s->field[i]); i++) {
		text = line < 0 ? rows_head(buf, f) :
		       rows_cell(buf, f, record(rows, (size_t)line));
		if (s->field[i + 1])
			printf("%-*s  ", widths[i], text);
		else
			printf("%s\n", text);
	}
}

static void table(const struct rows *rows, const struct selection *s,
		  bool header)
{
	int widths[ROWS_MAX_FIELDS];
	size_t i;

	for (i = 0; s->field[i]; i++)
		widths[i] = width(rows, s->field[i], header);
	if (header)
		table_line(rows, s, widths, -1);
	for (i = 0; i < rows->count; i++)
		table_line(rows, s, widths, (ssize_t)i);
}

/* A record, a field a line. */
static void lines(const struct rows *rows, const struct selection *s,
		  bool with_keys)
{
	char buf[ROWS_CELL_LEN];
	size_t most = 0, i;

	for (i = 0; s->field[i]; i++)
		if (strlen(s->field[i]->key) > most)
			most = strlen(s->field[i]->key);
	for (i = 0; s->field[i]; i++) {
		if (with_keys)
			printf("%-*s  ", (int)most, s->field[i]->key);
		puts(rows_cell(buf, s->field[i], record(rows, 0)));
	}
}

/* ---- for programs ---------------------------------------------------------------- */

static void json_labels(const struct record_labels *l)
{
	size_t i;

	putchar('{');
	for (i = 0; i < l->count; i++) {
		if (i)
			fputs(", ", stdout);
		out_json_string(l->label[i].key);
		fputs(": ", stdout);
		out_json_string(l->label[i].value);
	}
	putchar('}');
}

static void json_words(char *words)
{
	const char *word, *before = "";

	putchar('[');
	while ((word = strsep(&words, " "))) {
		if (!*word)
			continue;
		fputs(before, stdout);
		out_json_string(word);
		before = ", ";
	}
	putchar(']');
}

static void json_value(const struct rows_field *f, const char *record)
{
	char buf[ROWS_CELL_LEN];

	if (f->kind == ROWS_TEXT) {
		out_json_string(record + f->offset);
	} else if (f->kind == ROWS_LABELS) {
		json_labels(labels_of(f, record));
	} else if (f->kind == ROWS_WORDS) {
		plain(buf, f, record);
		json_words(buf);
	} else {
		plain(buf, f, record);
		fputs(*buf ? buf : "null", stdout);
	}
}

static void object(const struct rows *rows, const struct selection *s, size_t i,
		   const char *before)
{
	unsigned int n;

	printf("{%s", before);
	for (n = 0; s->field[n]; n++) {
		printf("%s\"%s\": ", n || *before ? ", " : "",
		       s->field[n]->key);
		json_value(s->field[n], record(rows, i));
	}
	putchar('}');
}

static void list(const struct rows *rows, const struct selection *s)
{
	size_t i;

	putchar('[');
	for (i = 0; i < rows->count; i++) {
		if (i)
			fputs(", ", stdout);
		object(rows, s, i, "");
	}
	putchar(']');
}

void rows_object(const struct rows *rows, size_t i)
{
	struct selection s;

	select_usual(&s, rows->fields, false);
	object(rows, &s, i, "");
}

void rows_list(const struct rows *rows)
{
	struct selection s;

	select_usual(&s, rows->fields, false);
	list(rows, &s);
}

static void csv_text(const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, stdout);
		return;
	}
	putchar('"');
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

/* As for table_line(). */
static void csv_line(const struct rows *rows, const struct selection *s,
		     ssize_t line)
{
	char buf[ROWS_CELL_LEN];
	unsigned int i;

	for (i = 0; s->field[i]; i++) {
		if (i)
			putchar(',');
		if (line < 0) {
			fputs(s->field[i]->key, stdout);
			continue;
		}
		plain(buf, s->field[i], record(rows, (size_t)line));
		csv_text(buf);
	}
	putchar('\n');
}

static void csv(const struct rows *rows, const struct selection *s, bool header)
{
	size_t i;

	if (header)
		csv_line(rows, s, -1);
	for (i = 0; i < rows->count; i++)
		csv_line(rows, s, (ssize_t)i);
}

static void names(const struct rows *rows)
{
	const struct rows_field *f = rows_find(rows->fields, "name", 4);
	size_t i;

	for (i = 0; i < rows->count; i++)
		puts(record(rows, i) + f->offset);
}

static void jsonl(const struct rows *rows, const struct selection *s)
{
	size_t i;

	for (i = 0; i < rows->count; i++) {
		object(rows, s, i, "\"schema\": 1");
		putchar('\n');
	}
}

/* What is to be told; @for_people: of the rest what fits a table. */
static void select_fields(struct selection *s, const struct rows *rows,
			  const struct rows_view *view, bool for_people)
{
	struct err err;

	if (!view->fields || select_named(s, rows->fields, view->fields, &err))
		select_usual(s, rows->fields, for_people);
}

void rows_print(const struct rows *rows, const struct rows_view *view)
{
	struct selection s;

	select_fields(&s, rows, view, view->format == ROWS_TABLE);
	if (view->sort)
		sort(rows, view->sort);
	switch (view->format) {
	case ROWS_JSON:
		printf("{\"schema\": 1, \"%s\": ", rows->name);
		list(rows, &s);
		puts("}");
		break;
	case ROWS_JSONL:
		jsonl(rows, &s);
		break;
	case ROWS_CSV:
		csv(rows, &s, !view->no_header);
		break;
	case ROWS_ONLY_NAME:
		names(rows);
		break;
	default:
		table(rows, &s, !view->no_header);
	}
}

void rows_print_one(const struct rows *rows, const struct rows_view *view)
{
	struct selection s;

	select_fields(&s, rows, view, false);
	if (view->format == ROWS_TABLE || view->format == ROWS_WIDE) {
		lines(rows, &s, !view->no_header);
	} else if (view->format != ROWS_JSON) {
		rows_print(rows, view);
	} else if (!rows->name) {
		jsonl(rows, &s);
	} else {
		printf("{\"schema\": 1, \"%s\": ", rows->name);
		object(rows, &s, 0, "");
		puts("}");
	}
}
