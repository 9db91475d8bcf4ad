/* SPDX-License-Identifier: GPL-2.0 */
/* What is known of the terminal; apart, as <term.h> makes macros of many plain words. */
#ifndef VMCTL_TOP_TERMINFO_H
#define VMCTL_TOP_TERMINFO_H

/** terminfo_find() - that of standard output; -1: it cannot be drawn on */
int terminfo_find(void);

/** terminfo_undo() - what it wants to hear when ncurses cannot say it */
const char *terminfo_undo(void);

#endif
