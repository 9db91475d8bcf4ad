// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/container.h"
#include "lib/size.h"
#include "top/view.h"

#define MEMORY	"id,name,state,memory,resident,resident_percent,max_memory"

/* ---- columns and order -------------------------------------------------------------- */

static void choose_columns(struct top_view *v)
{
	const char *keys = v->memory ? MEMORY : v->usual ? v->usual : TOP_USUAL;
	size_t n = 0, len;

	for (; n < TOP_COLUMNS; keys += len + 1) {
		len = strcspn(keys, ",");
		v->column[n] = rows_find(top_fields, keys, len);
		n += v->column[n] != NULL;
		if (!keys[len])
			break;
	}
	v->column[n] = NULL;
}

/* Words begin with the first, numbers with the greatest. */
static void order_by(struct top_view *v, const struct rows_field *by)
{
	v->by = by;
	v->down = by->kind != ROWS_TEXT && strcmp(by->key, "id") != 0;
}

static void order_by_key(struct top_view *v, const char *key)
{
	order_by(v, rows_find(top_fields, key, strlen(key)));
}

/* The next column to the left or right; from one that is not shown, the first. */
static void move_order(struct top_view *v, int step)
{
	size_t n = 0, at = 0;

	for (; v->column[n]; n++)
		if (v->column[n] == v->by)
			at = n + 1;
	if (!n)
		return;
	at = at ? (at - 1 + n + (size_t)step) % n : 0;
	order_by(v, v->column[at]);
}

void top_view_init(struct top_view *v, const char *fields, const char *sort,
		   uint64_t interval_ns)
{
	bool down;

	*v = (struct top_view){
		.usual = fields, .selected = RECORD_NONE,
		.interval_ns = interval_ns, .lines = 1,
	};
	choose_columns(v);
	order_by_key(v, "cpu_percent");
	if (!sort)
		return;
	down = *sort == '-';
	order_by_key(v, sort + down);
	v->down = down;
}

/* ---- the chosen row ----------------------------------------------------------------- */

static void choose(struct top_view *v, const struct top_row *rows, size_t count,
		   size_t at)
{
	v->at = !count ? 0 : at < count ? at : count - 1;
	v->selected = count ? rows[v->at].id : RECORD_NONE;
	if (v->first > v->at)
		v->first = v->at;
	if (v->at - v->first >= v->lines)
		v->first = v->at - v->lines + 1;
	/* no empty lines while rows are hidden above */
	if (v->first + v->lines > count)
		v->first = count > v->lines ? count - v->lines : 0;
}

/* It stays chosen wherever it moves; when it is gone, whoever takes its place is. */
void top_view_sort(struct top_view *v, struct top_row *rows, size_t count,
		   size_t lines)
{
	size_t i;

	v->lines = lines ? lines : 1;
	top_sort(rows, count, v->by, v->down);
	for (i = 0; i < count; i++)
		if (rows[i].id == v->selected)
			break;
	choose(v, rows, count, i < count ? i : v->at);
}

static void move(struct top_view *v, const struct top_row *rows, size_t count,
		 size_t up, size_t down)
{
	choose(v, rows, count, v->at + down > up ? v->at + down - up : 0);
}

/* ---- the interval -------------------------------------------------------------------- */

static void set_interval(struct top_view *v, uint64_t ns)
{
	char text[SIZE_TEXT_LEN];

	v->interval_ns = ns < TOP_LEAST_NS ? TOP_LEAST_NS :
			 ns > TOP_MOST_NS ? TOP_MOST_NS : ns;
	snprintf(v->message, sizeof(v->message), "every %s s",
		 seconds_text(text, v->interval_ns));
}

static void type(struct top_view *v, int key)
{
	size_t len = strlen(v->input);
	uint64_t ns;

	if (key == TOP_KEY_ERASE && len) {
		v->input[len - 1] = 0;
	} else if (key < 256 && (isdigit(key) || key == '.') &&
		   len < sizeof(v->input) - 1) {
		v->input[len] = (char)key;
		v->input[len + 1] = 0;
	} else if (key == TOP_KEY_ENTER) {
		v->typing = false;
		if (len && seconds_parse(v->input, &ns))
			snprintf(v->message, sizeof(v->message),
				 "%s: not a number of seconds", v->input);
		else if (len)
			set_interval(v, ns);
	} else if (key == '\033' || key == 'q') {
		v->typing = false;
	}
}

/* ---- keys ------------------------------------------------------------------------------ */

const char *const top_view_help[] = {
	"Up Down PgUp PgDn Home End   choose a VM",
	"Enter   its exits by reason; its processors; neither",
	"m       columns of memory, or the usual ones",
	"< >     order by the column to the left or right; also Left, Right",
	"i n s p r e j t   order by id, name, state, processor time, resident memory,",
	"        exits, injections, uptime",
	"R       reverse the order",
	"Space   stand still, or go on",
	"d       seconds between refreshes; + and - double and halve it",
	"Ctrl-L  refresh now",
	"h ?     this",
	"q       quit",
	NULL
};

static bool order_key(struct top_view *v, int key)
{
	static const struct {
		int key;
		const char *by;
	} orders[] = {
		{ 'i', "id" }, { 'n', "name" }, { 's', "state" },
		{ 'p', "cpu_percent" }, { 'r', "resident" },
		{ 'e', "exit_rate" }, { 'j', "injection_rate" },
		{ 't', "uptime_ns" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++)
		if (orders[i].key == key)
			order_by_key(v, orders[i].by);
	if (key == '<' || key == TOP_KEY_LEFT)
		move_order(v, -1);
	if (key == '>' || key == TOP_KEY_RIGHT)
		move_order(v, 1);
	if (key == 'R')
		v->down = !v->down;
	return key == '<' || key == '>' || key == 'R' ||
	       key == TOP_KEY_LEFT || key == TOP_KEY_RIGHT ||
	       (key > 0 && key < 256 && strchr("insprejt", key));
}

static bool move_key(struct top_view *v, int key, const struct top_row *rows,
		     size_t count)
{
	switch (key) {
	case TOP_KEY_UP:
		move(v, rows, count, 1, 0);
		return true;
	case TOP_KEY_DOWN:
		move(v, rows, count, 0, 1);
		return true;
	case TOP_KEY_PAGE_UP:
		move(v, rows, count, v->lines, 0);
		return true;
	case TOP_KEY_PAGE_DOWN:
		move(v, rows, count, 0, v->lines);
		return true;
	case TOP_KEY_HOME:
		choose(v, rows, count, 0);
		return true;
	case TOP_KEY_END:
		choose(v, rows, count, count);
		return true;
	default:
		return false;
	}
}

static void other_key(struct top_view *v, int key)
{
	switch (key) {
	case TOP_KEY_ENTER:
		v->pane = (v->pane + 1) % TOP_PANES;
		break;
	case 'm':
		v->memory = !v->memory;
		choose_columns(v);
		break;
	case ' ':
		v->frozen = !v->frozen;
		v->due = !v->frozen;
		break;
	case 'd':
		v->typing = true;
		v->input[0] = 0;
		break;
	case '+':
		set_interval(v, 2 * v->interval_ns);
		break;
	case '-':
		set_interval(v, v->interval_ns / 2);
		break;
	case 'L' - '@':
		v->due = true;
		break;
	case 'h':
	case '?':
		v->help = true;
		break;
	case 'q':
		v->over = true;
		break;
	default:
		break;
	}
}

void top_view_key(struct top_view *v, int key, const struct top_row *rows,
		  size_t count)
{
	v->message[0] = 0;
	if (v->typing)
		type(v, key);
	else if (v->help)
		v->help = false;	/* whatever key it was */
	else if (!order_key(v, key) && !move_key(v, key, rows, count))
		other_key(v, key);
}
