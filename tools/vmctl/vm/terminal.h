/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mode of the terminal on standard input: whatever becomes of it, it is as it was
 * after terminal_restore(), exit or a crash.
 */
#ifndef VMCTL_TERMINAL_H
#define VMCTL_TERMINAL_H

#include <stdbool.h>

/** terminal_is_ours() - standard input is a terminal and we are in its
 * foreground process group. */
bool terminal_is_ours(void);

/**
 * terminal_guard() - remembers the mode, for others to change it; 0, or -1
 * @undo:	what to write to standard output before it is put back, or NULL; it stays
 *		the caller's and must last
 */
int terminal_guard(const char *undo);
/** terminal_forget() - it is as it shall be; nothing needs to be put back */
void terminal_forget(void);
/** terminal_prepare() - the mode is put back at any end; before the sandbox */
void terminal_prepare(void);

/** terminal_raw() - raw mode until terminal_restore(), exit or a crash. */
int terminal_raw(void);
void terminal_restore(void);

#endif
