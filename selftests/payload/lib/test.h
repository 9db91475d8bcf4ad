/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test.h: reporting, in TAP, on the serial console.
 *
 * A payload is a table `tests` of named groups of checks. The library runs
 * each group in turn; words on the command line select groups by name, and an
 * exception that nobody expected fails its group and goes on with the next.
 * The guest's exit code is the number of failed checks (at most 100).
 */
#ifndef PAYLOAD_TEST_H
#define PAYLOAD_TEST_H

#include "types.h"

struct test {
	const char *name;
	void (*run)(void);
	bool manual;		/* runs only when named on the command line */
};

extern const struct test tests[];	/* ends with an entry without name */

/* One check, one TAP line: "ok N - group: text". Returns @cond. */
#define check(cond, ...)	test_report(!!(cond), __VA_ARGS__)
/* The same for values, which a failure prints. */
#define check_eq(got, want, ...)	\
	test_report_eq((u64)(got), (u64)(want), __VA_ARGS__)

bool test_report(bool ok, const char *fmt, ...) __printf(2, 3);
bool test_report_eq(u64 got, u64 want, const char *fmt, ...) __printf(3, 4);
void skip(const char *fmt, ...) __printf(1, 2);		/* "ok N - # SKIP why" */
void note(const char *fmt, ...) __printf(1, 2);		/* "# text" */

void printf(const char *fmt, ...) __printf(1, 2);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
void console_write(const char *s, size_t n);

/* The value of `key=` on the command line, or @def. */
u64 arg_u64(const char *key, u64 def);
bool arg_has(const char *word);

void __noreturn exit(int code);

#endif
