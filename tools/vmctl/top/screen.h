/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The terminal, as top uses it, through ncurses.  While it is open nothing else may
 * write to the terminal.  However the process ends, short of SIGKILL, the terminal is
 * as it was.
 */
#ifndef VMCTL_TOP_SCREEN_H
#define VMCTL_TOP_SCREEN_H

#include "lib/err.h"
#include "top/view.h"

/**
 * struct screen - what is to be seen
 * @trouble:	why there is nothing new; empty: there is
 */
struct screen {
	const struct top_view *view;
	const struct top_row *rows;
	size_t count;
	const struct top_sample *now, *last;
	const char *trouble;
};

/** screen_terminal() - 0 if there is one that will do; else -1, with @err */
int screen_terminal(struct err *err);
/** screen_open() - takes it, once it is known that it will do */
int screen_open(struct err *err);
/** screen_close() - gives it back */
void screen_close(void);

/** screen_key() - a character or TOP_KEY_*, that has been typed; -1: none */
int screen_key(void);

/** screen_lines() - how many rows there is room for */
size_t screen_lines(const struct top_view *view);

void screen_draw(const struct screen *s);

#endif
