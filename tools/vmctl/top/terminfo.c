// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

#include "lib/container.h"
#include "top/terminfo.h"

static char undo[256];

static int add_to_undo(int c)
{
	size_t len = strlen(undo);

	if (len < sizeof(undo) - 1)
		undo[len] = (char)c;
	return c;
}

int terminfo_find(void)
{
	int ret;

	/* newterm() would accept what it cannot move about on */
	return setupterm(NULL, STDOUT_FILENO, &ret) == ERR || !cursor_address ?
	       -1 : 0;
}

const char *terminfo_undo(void)
{
	const char *const parts[] = {
		exit_attribute_mode, orig_pair, keypad_local, exit_ca_mode,
		cursor_normal,
	};
	unsigned int i;

	undo[0] = 0;
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i])
			tputs(parts[i], 1, add_to_undo);
	return undo;
}
