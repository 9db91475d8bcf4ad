/* SPDX-License-Identifier: GPL-2.0 */
/* Words for the operator: lines on standard error that begin with "vmctl: ".
 */
#ifndef VMCTL_NOTE_H
#define VMCTL_NOTE_H

/** note_set_newline() - how lines end: "\n", or "\r\n" on a raw terminal. */
void note_set_newline(const char *newline);

/** note() - one line; may be called from any thread. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** note_text() - several lines as they are, each with the right end. */
void note_text(const char *text);

#endif
