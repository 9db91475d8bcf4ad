/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control socket of a machine in the background: a request, and its reply, each
 * a datagram of a SOCK_SEQPACKET socket.  The head is for ever: of whatever version
 * the other end is, it is understood that it is another.
 *
 * This is the client, and what both ends share; vm/talk_server.h is the other.
 */
#ifndef VMCTL_TALK_H
#define VMCTL_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define TALK_MAGIC	0x6b746d76	/* "vmtk" */
#define TALK_VERSION	1
#define TALK_MAX	4096		/* of a datagram */

/**
 * struct talk_head - how each datagram begins, in the host's byte order
 * @version:	of who sent it
 * @verb:	what is asked; the reply has the same
 * @seq:	of the request; the reply has the same
 * @code:	of a reply: an exit code, and why is the rest if it is not 0
 */
struct talk_head {
	uint32_t magic;
	uint16_t version;
	uint16_t verb;
	uint32_t seq;
	uint32_t code;
};

#define TALK_MAX_DATA	(TALK_MAX - sizeof(struct talk_head))

/**
 * struct talk_message - a datagram
 * @fd:		a file that a reply passes on, or -1.  Who sends it keeps its own.
 * @len:	of @data, which a zero follows
 */
struct talk_message {
	struct talk_head head;
	int fd;
	char data[TALK_MAX_DATA + 1];
	size_t len;
};

/* How a datagram was. */
enum talk_kind {
	TALK_GOOD,
	TALK_OVER,	/* the other end has gone */
	TALK_NONE,	/* nothing is there, or not in time */
	TALK_BAD,	/* not of this protocol */
	TALK_FOREIGN,	/* of another version */
};

/**
 * talk_send() - 0, or -errno; never waits if @flags has MSG_DONTWAIT
 * @pass:	a file to pass on, or -1
 */
int talk_send(int fd, const struct talk_head *head, const void *data,
	      size_t len, int pass, int flags);

/** talk_receive() - one datagram; files are taken only where @files says so */
enum talk_kind talk_receive(int fd, struct talk_message *m, bool files,
			    int flags);

/**
 * talk_ask() - a request over @fd and its reply
 * @ms:		how long the reply may take
 * @reply:	its file is the caller's
 *
 * A refusal is -1, with the other end's code and words in @err.
 */
int talk_ask(int fd, uint16_t verb, const void *data, size_t len,
	     unsigned int ms, struct talk_message *reply, struct err *err);

#endif
