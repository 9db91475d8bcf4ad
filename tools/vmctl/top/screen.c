// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <curses.h>

#include "lib/container.h"
#include "lib/size.h"
#include "top/screen.h"
#include "top/terminfo.h"
#include "vm/terminal.h"

#define HEAD_LINES	4	/* of titles, sums, words, heads of columns */
#define PANE_CPUS	64
#define GAP		2	/* between columns */

enum {
	COLOR_GOOD = 1,
	COLOR_WAIT,
	COLOR_BAD,
};

static SCREEN *screen;

/* ---- taking and leaving ------------------------------------------------------------- */

static void prepare_colors(void)
{
	const char *none = getenv("NO_COLOR");

	if ((none && *none) || !has_colors() || start_color() == ERR)
		return;
	use_default_colors();
	init_pair(COLOR_GOOD, COLOR_GREEN, -1);
	init_pair(COLOR_WAIT, COLOR_YELLOW, -1);
	init_pair(COLOR_BAD, COLOR_RED, -1);
}

static int unfit(struct err *err)
{
	const char *term = getenv("TERM");

	return err_set(err, VMCTL_FAILED,
		       "TERM=%.64s: the terminal cannot be drawn on; try: vmctl top -b",
		       term ? term : "");
}

int screen_terminal(struct err *err)
{
	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return err_set(err, VMCTL_FAILED,
			       "standard input and output are no terminal; try: vmctl top -b");
	return terminfo_find() ? unfit(err) : 0;
}

int screen_open(struct err *err)
{
	setlocale(LC_CTYPE, "");
	if (terminal_guard(terminfo_undo()))
		return unfit(err);
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		terminal_restore();
		return unfit(err);
	}
	prepare_colors();
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(50);
	return 0;
}

void screen_close(void)
{
	endwin();
	terminal_forget();
	delscreen(screen);
	screen = NULL;
}

int screen_key(void)
{
	static const struct {
		int curses, key;
	} keys[] = {
		{ KEY_UP, TOP_KEY_UP }, { KEY_DOWN, TOP_KEY_DOWN },
		{ KEY_LEFT, TOP_KEY_LEFT }, { KEY_RIGHT, TOP_KEY_RIGHT },
		{ KEY_PPAGE, TOP_KEY_PAGE_UP }, { KEY_NPAGE, TOP_KEY_PAGE_DOWN },
		{ KEY_HOME, TOP_KEY_HOME }, { KEY_END, TOP_KEY_END },
		{ KEY_ENTER, TOP_KEY_ENTER }, { '\r', TOP_KEY_ENTER },
		{ '\n', TOP_KEY_ENTER }, { KEY_BACKSPACE, TOP_KEY_ERASE },
		{ '\b', TOP_KEY_ERASE }, { 0x7f, TOP_KEY_ERASE },
	};
	unsigned int i;
	int c;

	/* another size is seen when it is drawn anew, which follows */
	do {
		c = getch();
	} while (c == KEY_RESIZE);
	if (c == ERR)
		return -1;
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].curses == c)
			return keys[i].key;
	return c < 256 ? c : 0;
}

/* ---- pieces --------------------------------------------------------------------------- */

/* As much as fits; the rest of the line keeps what it has. */
static void put(int y, int x, attr_t look, const char *text)
{
	if (y < 0 || y >= LINES || x < 0 || x >= COLS)
		return;
	attron(look);
	mvaddnstr(y, x, text, COLS - x);
	attroff(look);
}

static void put_line(int y, attr_t look, const char *text)
{
	if (y < 0 || y >= LINES)
		return;
	attron(look);
	mvhline(y, 0, ' ', COLS);
	attroff(look);
	put(y, 0, look, text);
}

static attr_t look_of_state(const char *state)
{
	if (!strcmp(state, "running"))
		return COLOR_PAIR(COLOR_GOOD);
	if (!strcmp(state, "paused") || !strcmp(state, "new"))
		return COLOR_PAIR(COLOR_WAIT);
	if (!strcmp(state, "dead") || !strcmp(state, "gone"))
		return COLOR_PAIR(COLOR_BAD);
	return 0;
}

/**
 * struct table - columns of records, of which a part is drawn
 * @y:		line of the heads; @lines: how many records fit below
 * @chosen:	the record that is marked; SIZE_MAX: none
 * @colored: key of the field whose value has a colour, or NULL
 */
struct table {
	const struct rows_field *const *column;
	const void *records;
	size_t size, count, first, lines, chosen;
	int y;
	const char *colored;
};

static const void *record(const struct table *t, size_t i)
{
	return (const char *)t->records + i * t->size;
}

static size_t end(const struct table *t)
{
	return t->count - t->first < t->lines ? t->count : t->first + t->lines;
}

static int width(const struct table *t, const struct rows_field *f)
{
	char buf[ROWS_CELL_LEN];
	size_t most = strlen(rows_head(buf, f)), len, i;

	most = most < f->least ? f->least : most;
	for (i = t->first; i < end(t); i++) {
		len = strlen(rows_cell(buf, f, record(t, i)));
		most = len > most ? len : most;
	}
	return (int)most;
}

/* Words stand to the left, numbers to the right. */
static void put_cell(int y, int x, int room, const struct rows_field *f,
		     attr_t look, const char *text)
{
	int len = (int)strlen(text);

	put(y, f->kind == ROWS_TEXT || len > room ? x : x + room - len, look,
	    text);
}

static void draw_column(const struct table *t, const struct rows_field *f,
			int x, int room, const struct rows_field *by)
{
	char buf[ROWS_CELL_LEN];
	const char *text;
	attr_t look;
	size_t i;

	put_cell(t->y, x, room, f, A_REVERSE | (f == by ? A_BOLD | A_UNDERLINE : 0),
		 rows_head(buf, f));
	for (i = t->first; i < end(t); i++) {
		look = i == t->chosen ? A_REVERSE : 0;
		text = rows_cell(buf, f, record(t, i));
		if (t->colored && !strcmp(f->key, t->colored))
			look |= look_of_state(text);
		put_cell(t->y + 1 + (int)(i - t->first), x, room, f, look, text);
	}
}

static void draw_table(const struct table *t, const struct rows_field *by)
{
	size_t i;
	int x = 0, room;

	put_line(t->y, A_REVERSE, "");
	if (t->chosen >= t->first && t->chosen < end(t))
		put_line(t->y + 1 + (int)(t->chosen - t->first), A_REVERSE, "");
	for (i = 0; t->column[i]; i++) {
		room = width(t, t->column[i]);
		draw_column(t, t->column[i], x, room, by);
		x += room + GAP;
	}
}

/* ---- above the rows -------------------------------------------------------------------- */

static void draw_title(const struct screen *s, const struct top_total *t)
{
	char line[256], seconds[SIZE_TEXT_LEN], clock[16];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	snprintf(line, sizeof(line),
		 "vmctl top  %s  VMs: %" PRIu64 ", %" PRIu64 " running, %" PRIu64
		 " paused  %s%s%s", clock, t->vms, t->running, t->paused,
		 s->view->frozen ? "standing still" : "every ",
		 s->view->frozen ? "" :
		 seconds_text(seconds, s->view->interval_ns),
		 s->view->frozen ? "" : " s");
	put(0, 0, A_BOLD, line);
	if (COLS > (int)strlen(line) + 8)
		put(0, COLS - 7, 0, "h: help");
}

/* Tenths, or that there is none. */
static const char *tenths(char buf[32], uint64_t milli)
{
	if (milli == RECORD_NONE)
		return "-";
	snprintf(buf, 32, "%" PRIu64 ".%" PRIu64, milli / 1000,
		 milli % 1000 / 100);
	return buf;
}

static void draw_sums(const struct top_total *t)
{
	char line[256], memory[SIZE_TEXT_LEN], resident[SIZE_TEXT_LEN];
	char cpu[32], exits[32], injections[32];

	snprintf(line, sizeof(line),
		 "CPU: %s %% of %ld00  exits: %s/s  injections: %s/s  memory: %s, %s resident",
		 tenths(cpu, t->cpu), sysconf(_SC_NPROCESSORS_ONLN),
		 tenths(exits, t->exits), tenths(injections, t->injections),
		 size_about(memory, t->memory),
		 size_about(resident, t->resident));
	put(1, 0, 0, line);
}

static void draw_words(const struct screen *s)
{
	char line[64];

	if (s->view->typing) {
		snprintf(line, sizeof(line), "seconds between refreshes: %s_",
			 s->view->input);
		put(2, 0, A_BOLD, line);
	} else if (*s->trouble) {
		put(2, 0, A_BOLD | COLOR_PAIR(COLOR_BAD), s->trouble);
	} else {
		put(2, 0, A_BOLD, s->view->message);
	}
}

/* ---- below the rows ---------------------------------------------------------------------- */

static int pane_lines(const struct top_view *v)
{
	int room = LINES - HEAD_LINES;

	return v->pane == TOP_PANE_NONE || room < 8 ? 0 : room * 3 / 5;
}

size_t screen_lines(const struct top_view *v)
{
	int lines = LINES - HEAD_LINES - pane_lines(v);

	return lines > 0 ? (size_t)lines : 0;
}

static void all_of(const struct rows_field *fields,
		   const struct rows_field *column[TOP_COLUMNS + 1])
{
	size_t n;

	for (n = 0; fields[n].key && n < TOP_COLUMNS; n++)
		column[n] = &fields[n];
	column[n] = NULL;
}

/* Of which VM. */
static void draw_pane_title(const struct screen *s, int y)
{
	const struct top_view *v = s->view;
	char line[VMM_NAME_LEN + 64];

	if (v->at >= s->count)
		return;
	snprintf(line, sizeof(line), "%s (%" PRIu64 "): %s",
		 s->rows[v->at].name, s->rows[v->at].id,
		 v->pane == TOP_PANE_EXITS ? "why it left to the host" :
		 "its processors");
	put(y, 0, A_BOLD, line);
}

static void draw_pane(const struct screen *s)
{
	const struct rows_field *column[TOP_COLUMNS + 1];
	struct top_exit exits[RECORD_COUNTERS];
	struct top_cpu cpus[PANE_CPUS];
	struct table t = {
		.column = column, .chosen = SIZE_MAX,
		.y = LINES - pane_lines(s->view) + 1,
		.lines = (size_t)pane_lines(s->view) - 2,
	};

	draw_pane_title(s, t.y - 1);

	if (s->view->pane == TOP_PANE_EXITS) {
		all_of(top_exit_fields, column);
		t.records = exits;
		t.size = sizeof(*exits);
		t.count = top_exits(s->now, s->last, s->view->selected, exits);
	} else {
		all_of(top_cpu_fields, column);
		t.records = cpus;
		t.size = sizeof(*cpus);
		t.count = top_cpus(s->now, s->last, s->view->selected, cpus,
				   PANE_CPUS);
	}
	draw_table(&t, NULL);
}

static void draw_help(void)
{
	int i;

	put(0, 0, A_BOLD, "vmctl top: keys");
	for (i = 0; top_view_help[i]; i++)
		put(i + 2, 2, 0, top_view_help[i]);
	put(i + 3, 0, A_BOLD, "any key goes back");
}

/* ---- all ------------------------------------------------------------------------------------ */

void screen_draw(const struct screen *s)
{
	const struct top_view *v = s->view;
	const struct table t = {
		.column = v->column, .records = s->rows, .size = sizeof(*s->rows),
		.count = s->count, .first = v->first,
		.lines = screen_lines(v), .chosen = v->at, .y = HEAD_LINES - 1,
		.colored = "state",
	};
	struct top_total total = top_total(s->rows, s->count);

	erase();
	if (v->help) {
		draw_help();
	} else {
		draw_title(s, &total);
		draw_sums(&total);
		draw_words(s);
		draw_table(&t, v->by);
		if (pane_lines(v))
			draw_pane(s);
	}
	refresh();
}
