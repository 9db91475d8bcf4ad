/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection to the module's netlink family: one request at a time and what
 * comes back, refusals in the kernel's own words, and the groups of events.
 *
 * libnl speaks netlink; here is what to say and what answers mean.
 *
 * Functions return 0, or -1 after filling their struct err.
 */
#ifndef VMCTL_CONTROL_H
#define VMCTL_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

enum control_group {
	CONTROL_LIFE,
	CONTROL_LIMITS,
	CONTROL_FAULTS,
	CONTROL_NR_GROUPS
};

extern const char *const control_group_names[CONTROL_NR_GROUPS];

struct nl_msg;
struct nl_sock;

/**
 * struct control - a connection
 * @sock:	libnl's, or NULL
 * @family:	number of the family
 */
struct control {
	struct nl_sock *sock;
	int family;
};

int control_open(struct control *c, struct err *err);
void control_close(struct control *c);

/** control_over() - speaks through @sock, which it then owns; for tests. */
int control_over(struct control *c, struct nl_sock *sock, struct err *err);

/** control_request() - of the family, or NULL; the caller frees it. */
struct nl_msg *control_request(const struct control *c, int flags, uint8_t cmd,
			       struct err *err);

/** control_full() - -1: an attribute did not fit into a request */
int control_full(struct err *err);

/**
 * control_name() - the VM, as the operator named it: digits are an id
 *
 * What is neither an id nor a name is a misuse.
 */
int control_name(struct nl_msg *request, const char *vm, struct err *err);

/* A message of an answer: its attributes.  -1: malformed. */
typedef int (*control_fn)(const void *attrs, size_t len, void *arg);

/**
 * control_ask() - sends a request and takes the answer
 * @fn:		called for each message of it; NULL: none is expected
 *
 * 1: it was a dump that changes spoiled, and should be asked for again.
 */
int control_ask(struct control *c, struct nl_msg *request, control_fn fn,
		void *arg, struct err *err);

/** control_act() - the operation @cmd, which has no answer, on the VM @id */
int control_act(struct control *c, uint8_t cmd, uint64_t id, struct err *err);

/**
 * control_join() - hear the events of some groups, one bit each
 *
 * Nothing can be asked through @c any more.
 */
int control_join(struct control *c, unsigned int groups, struct err *err);

#endif
