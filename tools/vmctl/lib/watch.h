/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Listening to events, and waiting for what they bring.
 */
#ifndef VMCTL_WATCH_H
#define VMCTL_WATCH_H

#include "lib/records.h"

/* Called for each event of a datagram; -1 ends with @err */
typedef int (*watch_fn)(struct record_event *event, void *arg, struct err *err);

/**
 * watch_read() - takes the events that have come, without waiting
 *
 * 0; -1; 1: the kernel had to drop some.
 */
int watch_read(struct control *hear, watch_fn fn, void *arg, struct err *err);

/** watch_open() - a connection that hears groups, one bit each */
int watch_open(struct control *hear, unsigned int groups, struct err *err);

/** watch_wait() - until something came or @ms have passed, -1: any time */
int watch_wait(struct control *hear, int ms, struct err *err);

enum watch_sight {
	WATCH_NOT_YET,
	WATCH_DONE,
	WATCH_NEVER,
};

/* Whether @vm is as wanted; NULL: it is gone. */
typedef enum watch_sight (*watch_done_fn)(const struct record_vm *vm);

/**
 * watch_until() - waits until @done says so of the VM @id
 * @check_ms:	look that often even when no event comes: some are for other
 *		network namespaces, and some changes are no events
 *
 * 0; -1, also when it can never be so; 1: @timeout_ns have passed first.
 */
int watch_until(struct control *ask, uint64_t id, watch_done_fn done,
		uint64_t timeout_ns, int check_ms, struct err *err);

#endif
