/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the operator wants to see of top's rows: columns, order, the chosen VM, the
 * part of the list that fits.  Keys change it.  Pure, as model.h is.
 */
#ifndef VMCTL_TOP_VIEW_H
#define VMCTL_TOP_VIEW_H

#include <stdbool.h>

#include "top/model.h"

/* Keys that are no characters. */
enum {
	TOP_KEY_UP = 256,
	TOP_KEY_DOWN,
	TOP_KEY_LEFT,
	TOP_KEY_RIGHT,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_ENTER,
	TOP_KEY_ERASE,
};

enum top_pane {
	TOP_PANE_NONE,
	TOP_PANE_EXITS,
	TOP_PANE_CPUS,
	TOP_PANES
};

#define TOP_COLUMNS	20
#define TOP_USUAL	"id,name,state,vcpus,memory,resident,cpu_percent,exit_rate,"	\
			"injection_rate,uptime_ns"
#define TOP_LEAST_NS	100000000ULL	/* between samples */
#define TOP_MOST_NS	3600000000000ULL

/**
 * struct top_view - as the operator has it
 * @usual:	keys of columns, as --fields has them; NULL: the default
 * @memory:	the columns of memory are shown instead
 * @column:	those that are shown, closed by NULL
 * @by, @down:	the order
 * @selected:	id of the chosen VM; RECORD_NONE: none yet
 * @at, @first:	its row, and the row that is the first on the screen
 * @lines:	how many rows fit
 * @typing:	@input, digits of a new interval, is being typed
 * @frozen:	no more samples
 * @due:	one now, whatever the time
 */
struct top_view {
	const char *usual;
	bool memory;
	const struct rows_field *column[TOP_COLUMNS + 1];
	const struct rows_field *by;
	bool down;
	uint64_t selected;
	size_t at, first, lines;
	enum top_pane pane;
	uint64_t interval_ns;
	char input[12];
	bool typing, frozen, help, due, over;
	char message[80];
};

/** top_view_init() - @fields, @sort: as the options are, which have been checked, or NULL */
void top_view_init(struct top_view *v, const char *fields, const char *sort,
		   uint64_t interval_ns);

/** top_view_sort() - puts rows in order, finds the chosen one, and what fits */
void top_view_sort(struct top_view *v, struct top_row *rows, size_t count,
		   size_t lines);

/** top_view_key() - the operator's; @rows as they are shown */
void top_view_key(struct top_view *v, int key, const struct top_row *rows,
		  size_t count);

/** top_view_help - what keys do, a line each, closed by NULL */
extern const char *const top_view_help[];

#endif
