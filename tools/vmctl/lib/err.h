/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Errors as values.
 *
 * A function that can fail takes a struct err and returns -1 after filling
 * it, so that the caller decides what becomes of it; only a command's file
 * prints.  The text is one line without the program's name: what failed, on
 * what, why and, where there is something to try, "; try: ...".
 */
#ifndef VMCTL_ERR_H
#define VMCTL_ERR_H

/* Exit codes, the same for every command. */
enum {
	VMCTL_OK	= 0,
	VMCTL_FAILED	= 1,
	VMCTL_USAGE	= 2,
	VMCTL_NO_VM	= 3,
	VMCTL_STATE	= 4,
	VMCTL_PERM	= 5,
	VMCTL_MODULE	= 6,	/* module absent or of another ABI */
	VMCTL_HOST	= 7,	/* the host lacks the feature */
	VMCTL_TIMEOUT	= 124,
};

/** struct err - why something failed.  @code: exit code that it asks for */
struct err {
	int code;
	char text[512];
};

/** err_set() - fills @err and returns -1, so that it can be returned. */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** err_wrap() - puts "<fmt>: " before the text; returns -1. */
int err_wrap(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
