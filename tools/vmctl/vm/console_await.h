/* SPDX-License-Identifier: GPL-2.0 */
/* Waiting until a guest has written something to its console. */
#ifndef VMCTL_CONSOLE_AWAIT_H
#define VMCTL_CONSOLE_AWAIT_H

#include <stdint.h>

#include "lib/err.h"

#define CONSOLE_AWAIT_MAX	256	/* bytes of text */

/**
 * console_await() - until @text comes, or is in the scroll-back already
 * @fd:		of the console's socket
 * @timeout_ns:	UINT64_MAX: never gives up
 *
 * VMCTL_TIMEOUT, or VMCTL_STATE if the machine ends first.
 */
int console_await(int fd, const char *text, uint64_t timeout_ns,
		  struct err *err);

#endif
