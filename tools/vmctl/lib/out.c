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

unsigned int out_utf8_len(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned int len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 :
			   *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0, i;

	for (i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* longer than need be, surrogates, beyond the last */
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

void out_json_string(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned int len;

	putchar('"');
	for (; *p; p += len ? len : 1) {
		len = out_utf8_len((const char *)p);
		if (!len)
			fputs("\xef\xbf\xbd", stdout);
		else if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			printf("\\u%04x", *p);
		else
			fwrite(p, 1, len, stdout);
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
