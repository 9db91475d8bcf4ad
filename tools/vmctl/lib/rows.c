// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "lib/container.h"
#include "lib/out.h"
#include "lib/rows.h"
#include "lib/size.h"

#define CELL_LEN	256

int rows_format_parse(const char *text, enum rows_format *format,
		      struct err *err)
{
	static const char *const names[] = {
		[ROWS_TABLE] = "table", [ROWS_JSON] = "json",
		[ROWS_JSONL] = "jsonl", [ROWS_CSV] = "csv",
		[ROWS_NAME] = "name",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(text, names[i])) {
			*format = i;
			return 0;
		}
	}
	return err_set(err, VMCTL_USAGE,
		       "-o %s: the formats are table, json, jsonl, csv and name",
		       text);
}

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

static const char *record(const struct rows *rows, size_t i)
{
	return (const char *)rows->records + i * rows->size;
}

static uint64_t value(const struct rows_field *f, const char *record)
{
	uint64_t v;

	memcpy(&v, record + f->offset, sizeof(v));
	return v;
}

/* As people read it. */
static const char *cell(char buf[CELL_LEN], const struct rows_field *f,
			const char *record)
{
	uint64_t v;

	if (f->kind == ROWS_TEXT) {
		snprintf(buf, CELL_LEN, "%s", record + f->offset);
		return *buf ? buf : "-";
	}
	v = value(f, record);
	if (f->kind == ROWS_SIZE)
		return size_text(buf, v);
	if (f->kind == ROWS_TIME)
		return rows_time_text(buf, v);
	snprintf(buf, CELL_LEN, "%" PRIu64, v);
	return buf;
}

static int width(const struct rows *rows, const struct rows_field *f,
		 bool header)
{
	size_t most = header ? strlen(f->head) : 0, len, i;
	char buf[CELL_LEN];

	for (i = 0; i < rows->count; i++) {
		len = strlen(cell(buf, f, record(rows, i)));
		if (len > most)
			most = len;
	}
	return most;
}

static bool last_column(const struct rows_field *f)
{
	for (f++; f->key; f++)
		if (f->head)
			return false;
	return true;
}

/* @line: of the records, or -1 for the heads */
static void table_line(const struct rows *rows, ssize_t line, bool header)
{
	const struct rows_field *f;
	char buf[CELL_LEN];
	const char *text;

	for (f = rows->fields; f->key; f++) {
		if (!f->head)
			continue;
		text = line < 0 ? f->head : cell(buf, f, record(rows, line));
		if (last_column(f))
			printf("%s\n", text);
		else
			printf("%-*s  ", width(rows, f, header), text);
	}
}

static void table(const struct rows *rows, bool header)
{
	size_t i;

	if (header)
		table_line(rows, -1, header);
	for (i = 0; i < rows->count; i++)
		table_line(rows, i, header);
}

static void object(const struct rows *rows, size_t i)
{
	const struct rows_field *f;

	for (f = rows->fields; f->key; f++) {
		printf("%s\"%s\": ", f == rows->fields ? "{" : ", ", f->key);
		if (f->kind == ROWS_TEXT)
			out_json_string(record(rows, i) + f->offset);
		else
			printf("%" PRIu64, value(f, record(rows, i)));
	}
	putchar('}');
}

static void json(const struct rows *rows)
{
	size_t i;

	printf("{\"schema\": 1, \"%s\": [", rows->name);
	for (i = 0; i < rows->count; i++) {
		if (i)
			fputs(", ", stdout);
		object(rows, i);
	}
	puts("]}");
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
static void csv_line(const struct rows *rows, ssize_t line)
{
	const struct rows_field *f;

	for (f = rows->fields; f->key; f++) {
		if (f != rows->fields)
			putchar(',');
		if (line < 0)
			fputs(f->key, stdout);
		else if (f->kind == ROWS_TEXT)
			csv_text(record(rows, line) + f->offset);
		else
			printf("%" PRIu64, value(f, record(rows, line)));
	}
	putchar('\n');
}

static void name(const struct rows *rows, size_t i)
{
	const struct rows_field *f;

	for (f = rows->fields; f->key; f++)
		if (!strcmp(f->key, "name"))
			puts(record(rows, i) + f->offset);
}

void rows_print(const struct rows *rows, enum rows_format format, bool header)
{
	size_t i;

	if (format == ROWS_TABLE) {
		table(rows, header);
		return;
	}
	if (format == ROWS_JSON) {
		json(rows);
		return;
	}
	if (format == ROWS_CSV && header)
		csv_line(rows, -1);
	for (i = 0; i < rows->count; i++) {
		if (format == ROWS_CSV) {
			csv_line(rows, i);
		} else if (format == ROWS_NAME) {
			name(rows, i);
		} else {
			object(rows, i);
			putchar('\n');
		}
	}
}
