// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/note.h"
#include "vm/terminal.h"

static struct termios saved;
static _Atomic(const char *) last_words;
static atomic_bool changed;

bool terminal_is_ours(void)
{
	return isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* Called from signal handlers too. */
void terminal_restore(void)
{
	const char *undo = last_words;

	if (!atomic_exchange(&changed, false))
		return;
	if (undo && write(STDOUT_FILENO, undo, strlen(undo)) < 0)
		undo = NULL;	/* the mode matters more */
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	note_set_newline("\n");
}

static void crashed(int sig)
{
	terminal_restore();
	/* the handler was reset on entry: die of it */
	raise(sig);
}

static void catch_crashes(void)
{
	static const int signals[] = {
		SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP,
	};
	struct sigaction sa = {
		.sa_handler = crashed,
		.sa_flags = (int)SA_RESETHAND | SA_NODEFER,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &sa, NULL);
}

void terminal_prepare(void)
{
	static bool prepared;

	if (prepared)
		return;
	prepared = true;
	catch_crashes();
	atexit(terminal_restore);
}

int terminal_guard(const char *undo)
{
	if (tcgetattr(STDIN_FILENO, &saved))
		return -1;
	terminal_prepare();
	last_words = undo;
	atomic_store(&changed, true);
	return 0;
}

void terminal_forget(void)
{
	atomic_store(&changed, false);
}

int terminal_raw(void)
{
	struct termios mode;

	if (terminal_guard(NULL))
		return -1;
	mode = saved;
	cfmakeraw(&mode);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &mode)) {
		terminal_forget();
		return -1;
	}
	note_set_newline("\r\n");
	return 0;
}
