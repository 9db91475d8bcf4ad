/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results of a command: one object of named values, as a table for people or
 * as JSON for programs.  JSON has "schema": 1 first, keys that never change,
 * sizes in bytes and times in nanoseconds.
 */
#ifndef VMCTL_OUT_H
#define VMCTL_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

enum out_format {
	OUT_TABLE,
	OUT_JSON,
};

/** out_format_parse() - of the argument of -o */
int out_format_parse(const char *text, enum out_format *format,
		     struct err *err);

void out_begin(enum out_format format);
void out_text(enum out_format format, const char *key, const char *value);
void out_number(enum out_format format, const char *key, uint64_t value);
/** out_size() - the same in JSON, 512M in a table */
void out_size(enum out_format format, const char *key, uint64_t value);
/** out_hex() - the same in JSON, 0x... in a table */
void out_hex(enum out_format format, const char *key, uint64_t value);
void out_list_begin(enum out_format format, const char *key);
void out_list_item(enum out_format format, const char *value, bool first);
void out_list_end(enum out_format format);
void out_end(enum out_format format);

/** out_json_string() - @text quoted and escaped, on standard output */
void out_json_string(const char *text);

/** out_utf8_len() - bytes of the character that @text begins with; 0: none */
unsigned int out_utf8_len(const char *text);

#endif
