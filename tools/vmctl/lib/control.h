/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection to the module's netlink family: one request at a time and what
 * comes back, refusals in the kernel's own words, and the groups of events.
 *
 * Functions return 0, or -1 after filling their struct err.
 */
#ifndef VMCTL_CONTROL_H
#define VMCTL_CONTROL_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"
#include "lib/nl.h"

enum control_group {
	CONTROL_LIFE,
	CONTROL_LIMITS,
	CONTROL_FAULTS,
	CONTROL_NR_GROUPS
};

extern const char *const control_group_names[CONTROL_NR_GROUPS];

#define CONTROL_BUFFER	(64 * 1024)

/**
 * struct control - a connection
 * @fd:		netlink socket, or -1
 * @family:	number of the family
 * @group:	numbers of its groups
 * @seq:	of the last request
 * @buf:	CONTROL_BUFFER bytes for a datagram
 */
struct control {
	int fd;
	uint16_t family;
	uint32_t group[CONTROL_NR_GROUPS];
	uint32_t seq;
	uint8_t *buf;
};

int control_open(struct control *c, struct err *err);
void control_close(struct control *c);

/** control_over() - speaks through @fd, which it then owns; for tests. */
int control_over(struct control *c, int fd, struct err *err);

/** control_begin() - a request of the family */
void control_begin(const struct control *c, struct nl_request *r, uint16_t flags,
		   uint8_t cmd);

/**
 * control_name() - the VM, as the operator named it: digits are an id
 *
 * What is neither an id nor a name is a misuse.
 */
int control_name(struct nl_request *r, const char *vm, struct err *err);

/* A message of an answer: its attributes.  -1: malformed, or @err is filled. */
typedef int (*control_fn)(const void *attrs, size_t len, void *arg);

/**
 * control_ask() - sends @r and takes the answer
 * @fn:		called for each message of it; NULL: none is expected
 *
 * 1: it was a dump that changes spoiled, and should be asked for again.
 */
int control_ask(struct control *c, struct nl_request *r, control_fn fn,
		void *arg, struct err *err);

/** control_receive() - a datagram into @c->buf; its length, or -errno */
ssize_t control_receive(struct control *c, int flags);

/** control_join() - hear the events of a group. */
int control_join(struct control *c, enum control_group group, struct err *err);

#endif
