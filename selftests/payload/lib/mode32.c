// SPDX-License-Identifier: GPL-2.0
/* mode32.c: what 32-bit code had to say. */
#include "mode32.h"
#include "test.h"

struct log32 log32;

void report_log(void)
{
	for (u32 i = 0; i < log32.n; i++)
		check(log32.line[i].ok, "%s", (const char *)(u64)log32.line[i].text);
	log32.n = 0;
}
