// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "lib/note.h"

static _Atomic(const char *) newline = "\n";

void note_set_newline(const char *text)
{
	newline = text;
}

void note(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "vmctl: %s%s", line, newline);
}

void note_text(const char *text)
{
	flockfile(stderr);
	for (; *text; text++) {
		if (*text == '\n')
			fputs(newline, stderr);
		else
			fputc(*text, stderr);
	}
	funlockfile(stderr);
}
