// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/out.h"
#include "lib/size.h"

int out_format_parse(const char *text, enum out_format *format,
		     struct err *err)
{
	if (!strcmp(text, "table"))
		*format = OUT_TABLE;
	else if (!strcmp(text, "json"))
		*format = OUT_JSON;
	else
		return err_set(err, VMCTL_USAGE,
			       "-o %s: the formats are table and json", text);
	return 0;
}

void out_json_string(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	putchar('"');
	for (; *p; p++) {
		if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < 0x20)
			printf("\\u%04x", *p);
		else
			putchar(*p);
	}
	putchar('"');
}

static void key_out(enum out_format format, const char *key)
{
	if (format == OUT_JSON)
		printf(", \"%s\": ", key);
	else
		printf("%-11s ", key);
}

static void line_end(enum out_format format)
{
	if (format == OUT_TABLE)
		putchar('\n');
}

void out_begin(enum out_format format)
{
	if (format == OUT_JSON)
		fputs("{\"schema\": 1", stdout);
}

void out_end(enum out_format format)
{
	if (format == OUT_JSON)
		puts("}");
}

void out_text(enum out_format format, const char *key, const char *value)
{
	key_out(format, key);
	if (format == OUT_JSON)
		out_json_string(value);
	else
		fputs(value, stdout);
	line_end(format);
}

void out_number(enum out_format format, const char *key, uint64_t value)
{
	key_out(format, key);
	printf("%" PRIu64, value);
	line_end(format);
}

void out_size(enum out_format format, const char *key, uint64_t value)
{
	char text[SIZE_TEXT_LEN];

	if (format == OUT_JSON)
		out_number(format, key, value);
	else
		out_text(format, key, size_text(text, value));
}

void out_hex(enum out_format format, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%#" PRIx64, value);
	if (format == OUT_JSON)
		out_number(format, key, value);
	else
		out_text(format, key, text);
}

void out_list_begin(enum out_format format, const char *key)
{
	key_out(format, key);
	if (format == OUT_JSON)
		putchar('[');
}

void out_list_item(enum out_format format, const char *value, bool first)
{
	if (!first)
		fputs(format == OUT_JSON ? ", " : " ", stdout);
	if (format == OUT_JSON)
		out_json_string(value);
	else
		fputs(value, stdout);
}

void out_list_end(enum out_format format)
{
	if (format == OUT_JSON)
		putchar(']');
	line_end(format);
}
