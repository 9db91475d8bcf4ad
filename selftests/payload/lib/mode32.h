/* SPDX-License-Identifier: GPL-2.0 */
/* mode32.h: 32-bit code outside of long mode; for C of either width. */
#ifndef PAYLOAD_MODE32_H
#define PAYLOAD_MODE32_H

typedef unsigned int word;

/* A log of checks made in 32-bit code, reported by 64-bit code. */
struct log32 {
	word n;
	struct { word ok, text; } line[64];
};
extern struct log32 log32;

/* From 64-bit C: runs @fn in 32-bit protected mode, paging off. */
void leave_long(void (*fn)(void));
/* Reports the log and empties it. */
void report_log(void);

/*
 * From 32-bit C: calls @fn(@arg); the vector of the exception that ended it, if
 * its gate led to gates32, or -1.
 */
int probe32(void (*fn)(word), word arg);
extern const unsigned char gates32[32][16];
extern word probe_error, probe_cr2, probe_eip;

#endif
