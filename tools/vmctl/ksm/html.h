/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parts of a page of HTML that stands by itself: text, tables, charts as SVG.  All text goes
 * through html_text(): what is called something in a file or by a guest is never markup.
 */
#ifndef VMCTL_KSM_HTML_H
#define VMCTL_KSM_HTML_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/rows.h"

/** html_begin() - up to and with the first heading; html_end() closes it */
void html_begin(FILE *out, const char *title);
void html_end(FILE *out);

/** html_text() - as text, or the value of an attribute in quotes */
void html_text(FILE *out, const char *text);

/** html_table() - of the fields that a table for people has, or of all */
void html_table(FILE *out, const char *caption, const struct rows *rows, bool wide);

#define HTML_NUMBER	32

/** html_number() - short, for an axis: 1.5k; @bytes: 1.5 MiB */
const char *html_number(char buf[HTML_NUMBER], double value, bool bytes);

#define CHART_LINES	4

/**
 * struct chart - values over time
 * @title, @what: the second for who cannot see it
 * @time_ns:	@count of them, not falling
 * @name, @value: of @lines lines; a value may be NAN: there is none
 * @bytes:	what values are
 */
struct chart {
	const char *title, *what;
	const uint64_t *time_ns;
	size_t count;
	unsigned int lines;
	const char *name[CHART_LINES];
	const double *value[CHART_LINES];
	bool bytes;
};

void html_chart(FILE *out, const struct chart *c);

/** struct bar - @label below it, @what to be read where it is pointed at */
struct bar {
	char label[32];
	char what[96];
	double value;
};

void html_bars(FILE *out, const char *title, const char *what,
	       const struct bar *bar, size_t count);

#endif
