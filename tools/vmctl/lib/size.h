/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers as people write them: sizes ("512M"), counts, seconds. */
#ifndef VMCTL_SIZE_H
#define VMCTL_SIZE_H

#include <stdint.h>

#define KIB	(1ULL << 10)
#define MIB	(1ULL << 20)
#define GIB	(1ULL << 30)

#define SIZE_TEXT_LEN	24

/**
 * size_parse() - reads "4096", "512M", "4G"
 *
 * A number, then nothing or one of K, M, G, T (powers of 1024; lower case
 * too, and "iB" or "B" may follow).  Returns 0, or -1 when @text is not that
 * or does not fit 64 bits.
 */
int size_parse(const char *text, uint64_t *size);

/** size_text() - the shortest exact form: 6G, 1536M, 4097. */
const char *size_text(char buf[SIZE_TEXT_LEN], uint64_t size);

/** size_about() - rounded, for a glance: 8M, 1.5G, 412M. */
const char *size_about(char buf[SIZE_TEXT_LEN], uint64_t size);

/** uint_parse() - a number, decimal or 0x hexadecimal; 0, or -1. */
int uint_parse(const char *text, uint64_t *value);

/** seconds_parse() - "2" or "0.5", as nanoseconds; 0, or -1. */
int seconds_parse(const char *text, uint64_t *ns);

/** seconds_text() - the shortest exact form: 2, 0.5 */
const char *seconds_text(char buf[SIZE_TEXT_LEN], uint64_t ns);

#endif
