/* SPDX-License-Identifier: GPL-2.0 */
/* Raw mode of the terminal on standard input, and its certain undoing. */
#ifndef VMCTL_TERMINAL_H
#define VMCTL_TERMINAL_H

#include <stdbool.h>

/** terminal_is_ours() - standard input is a terminal and we are in its
 * foreground process group. */
bool terminal_is_ours(void);

/** terminal_prepare() - the mode is put back at any end; before the sandbox */
void terminal_prepare(void);

/** terminal_raw() - raw mode until terminal_restore(), exit or a crash. */
int terminal_raw(void);
void terminal_restore(void);

#endif
