/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Netlink messages: requests are put together, answers taken apart.
 *
 * No sockets here.  Nothing that came in is trusted: an answer is looked at only
 * within its length, and what does not hold together is refused, not guessed.
 * Attributes of a number that is not known are passed over, so that a newer
 * module may tell more.
 */
#ifndef VMCTL_NL_H
#define VMCTL_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NL_REQUEST_SIZE	8192

/* ---- requests ------------------------------------------------------------ */

/**
 * struct nl_request - a message of a generic family that is being made
 * @len:	bytes so far
 * @full:	something did not fit: the request must not be sent
 */
struct nl_request {
	_Alignas(8) uint8_t buf[NL_REQUEST_SIZE];
	size_t len;
	bool full;
};

void nl_begin(struct nl_request *r, uint16_t family, uint16_t flags,
	      uint8_t cmd, uint8_t version);
void nl_put(struct nl_request *r, uint16_t type, const void *data, size_t len);
void nl_put_u32(struct nl_request *r, uint16_t type, uint32_t value);
void nl_put_u64(struct nl_request *r, uint16_t type, uint64_t value);
/** nl_put_text() - with its closing NUL */
void nl_put_text(struct nl_request *r, uint16_t type, const char *text);
/** nl_nest() - attributes that follow are inside, until nl_nest_end(). */
size_t nl_nest(struct nl_request *r, uint16_t type);
void nl_nest_end(struct nl_request *r, size_t nest);
/** nl_finish() - gives it its number; 0, or -1 when it is full. */
int nl_finish(struct nl_request *r, uint32_t seq);
/** nl_attr_at() - type of the attribute at an offset, -1: none begins there */
int nl_attr_at(const struct nl_request *r, size_t offset);

/* ---- answers ------------------------------------------------------------- */

/** struct nl_walk - goes through messages, or attributes, one after another */
struct nl_walk {
	const uint8_t *p;
	size_t rest;
	bool bad;	/* it ended where it should not */
};

static inline struct nl_walk nl_walk(const void *p, size_t len)
{
	return (struct nl_walk){ .p = p, .rest = len };
}

/** struct nl_message - @data: what follows the header, @len bytes of it */
struct nl_message {
	uint16_t type;
	uint16_t flags;
	uint32_t seq;
	const uint8_t *data;
	size_t len;
};

/** struct nl_attr - @data is NULL if there is none */
struct nl_attr {
	unsigned int type;
	const uint8_t *data;
	size_t len;
};

bool nl_next_message(struct nl_walk *w, struct nl_message *m);
bool nl_next_attr(struct nl_walk *w, struct nl_attr *a);

/* What an attribute is to be; 0: anything. */
enum nl_kind {
	NL_U32 = 1,
	NL_U64,
	NL_TEXT,	/* has a NUL inside */
	NL_NEST,
};

/**
 * nl_parse() - sorts attributes by type, the last of each
 * @kinds:	enum nl_kind of each type up to @max
 * @attrs:	max + 1 of them
 *
 * 0, or -1 when something is cut short or not what it should be.
 */
int nl_parse(const void *data, size_t len, const uint8_t *kinds,
	     unsigned int max, struct nl_attr *attrs);

/** nl_number() - of NL_U32 or NL_U64; @absent if there is none */
uint64_t nl_number(const struct nl_attr *a, uint64_t absent);
/** nl_text() - copied, cut to fit; empty if there is none */
void nl_text(char *to, size_t size, const struct nl_attr *a);

/**
 * struct nl_verdict - the end of an answer
 * @error:	errno, 0 when all went well
 * @text:	what the kernel says; may be empty
 * @offset:	of the attribute at fault in the request; 0: none was named
 */
struct nl_verdict {
	int error;
	char text[256];
	size_t offset;
};

/** nl_verdict() - of a message NLMSG_ERROR or NLMSG_DONE; -1: malformed */
int nl_verdict(const struct nl_message *m, struct nl_verdict *v);

#endif
