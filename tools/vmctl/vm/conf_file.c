// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/conf_file.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Cuts the blanks off both ends; the text ends there then. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len && is_blank(text[len - 1]))
		len--;
	text[len] = 0;
	return text;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The character that the escape at @text stands for; 0: none. */
static char unescape(const char *text, unsigned int *used)
{
	int high, low;

	*used = 2;
	switch (text[1]) {
	case '"':
	case '\\':
		return text[1];
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'x':
		high = hex_digit(text[2]);
		low = high < 0 ? -1 : hex_digit(text[3]);
		*used = 4;
		return low < 0 ? 0 : (char)(high << 4 | low);
	default:
		return 0;
	}
}

/* Takes the quotes off, in place. */
static int unquote(char *text, struct err *err)
{
	char *from = text + 1, *to = text;
	unsigned int used;

	while (*from != '"') {
		if (!*from)
			return err_set(err, VMCTL_FAILED,
				       "the closing quote is missing");
		used = 1;
		*to = *from == '\\' ? unescape(from, &used) : *from;
		if (!*to++)
			return err_set(err, VMCTL_FAILED,
				       "\\%.1s: the escapes are \\\" \\\\ \\n \\t \\xHH",
				       from + 1);
		from += used;
	}
	if (from[1])
		return err_set(err, VMCTL_FAILED,
			       "text behind the closing quote");
	*to = 0;
	return 0;
}

/* The value of @key as it was meant. */
static int take_value(char *value, struct err *err)
{
	const char *p;

	if (!*value)
		return err_set(err, VMCTL_FAILED, "a value is missing");
	for (p = value; *p; p++)
		if (is_control(*p) && *p != '\t')
			return err_set(err, VMCTL_FAILED,
				       "control character %#04x; try: \"\\x%02x\"",
				       (unsigned char)*p, (unsigned char)*p);
	return *value == '"' ? unquote(value, err) : 0;
}

static int parse_key(struct conf *conf, unsigned int i, char *value,
		     struct err *err)
{
	if (take_value(value, err))
		return err_wrap(err, "%s", conf_options[i].name);
	if (!conf_is_absolute(i, value))
		return err_set(err, VMCTL_FAILED,
			       "%s %.128s: file names must begin with /",
			       conf_options[i].name, value);
	if (!conf_set(conf, i, value, err))
		return 0;
	return err_wrap(err, "%s %.128s", conf_options[i].name, value);
}

/* @seen: in which line each key was, 0: in none; @line: this one's number */
static int parse_line(struct conf *conf, char *text, unsigned int *seen,
		      unsigned int line, struct err *err)
{
	char *key = trim(text), *value;
	int i;

	if (!*key || *key == '#')
		return 0;
	value = key + strcspn(key, " \t");
	if (*value)
		*value++ = 0;
	i = conf_key(key);
	if (i < 0)
		return err_set(err, VMCTL_FAILED,
			       "%.64s: no such key; try: man vm.conf", key);
	if (seen[i])
		return err_set(err, VMCTL_FAILED,
			       "%s: a second time, first in line %u", key,
			       seen[i]);
	seen[i] = line;
	return parse_key(conf, (unsigned int)i, value + strspn(value, " \t"), err);
}

static int parse_lines(struct conf *conf, char *text, const char *file,
		       struct err *err)
{
	unsigned int seen[CONF_MAX_KEYS] = {}, line = 0;
	char *next = text, *at;

	while ((at = strsep(&next, "\n"))) {
		line++;
		if (parse_line(conf, at, seen, line, err)) {
			err_wrap(err, "%.200s:%u", file, line);
			goto bad;
		}
	}
	if (!conf_check(conf, false, err))
		return 0;
	err_wrap(err, "%.200s", file);
bad:
	err->code = VMCTL_FAILED;
	return -1;
}

static unsigned int line_at(const char *text, const char *at)
{
	unsigned int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

int conf_parse(struct conf *conf, const char *text, size_t len,
	       const char *file, struct err *err)
{
	const char *zero = len ? memchr(text, 0, len) : NULL;
	char *copy;
	int ret;

	if (len > CONF_MAX_BYTES)
		return err_set(err, VMCTL_FAILED,
			       "%.200s: more than %d bytes", file,
			       CONF_MAX_BYTES);
	if (zero)
		return err_set(err, VMCTL_FAILED, "%.200s:%u: a zero byte",
			       file, line_at(text, zero));
	copy = strndup(text, len);
	if (!copy)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = parse_lines(conf, copy, file, err);
	free(copy);
	return ret;
}

static bool needs_quotes(const char *value)
{
	size_t len = strlen(value);

	if (!len || *value == '"' || is_blank(*value) ||
	    is_blank(value[len - 1]))
		return true;
	for (; *value; value++)
		if (is_control(*value))
			return true;
	return false;
}

static void print_quoted(FILE *f, const char *value)
{
	putc('"', f);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fprintf(f, "\\%c", *value);
		else if (*value == '\n')
			fputs("\\n", f);
		else if (*value == '\t')
			fputs("\\t", f);
		else if (is_control(*value))
			fprintf(f, "\\x%02x", (unsigned char)*value);
		else
			putc(*value, f);
	}
	putc('"', f);
}

char *conf_print(const struct conf *conf)
{
	char buf[CONF_VALUE_LEN], *text = NULL;
	const char *value;
	unsigned int i;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fputs("# A machine for vmctl; see vm.conf(5).\n", f);
	for (i = 0; conf_options[i].id; i++) {
		value = conf_get(conf, i, buf);
		if (!value)
			continue;
		fprintf(f, "%s ", conf_options[i].name);
		if (needs_quotes(value))
			print_quoted(f, value);
		else
			fputs(value, f);
		putc('\n', f);
	}
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}
