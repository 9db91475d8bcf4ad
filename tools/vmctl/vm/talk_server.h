/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine's end of its control socket (lib/talk.h): a table of verbs, called one
 * request at a time in the thread that runs the loop.  No client can hold it up: one
 * that does not take its replies is dropped, and where all places are taken, who
 * has been silent for the longest makes room.
 */
#ifndef VMCTL_TALK_SERVER_H
#define VMCTL_TALK_SERVER_H

#include "lib/talk.h"
#include "vm/loop.h"

#define TALK_CLIENTS	16

struct talk_server;

/**
 * struct talk_verb - what can be asked; a table ends with one without @run
 * @run:	@reply->data, len and fd are its to fill; -1: refused, by @err
 */
struct talk_verb {
	uint16_t verb;
	int (*run)(struct talk_server *server, const struct talk_message *asked,
		   struct talk_message *reply, struct err *err);
};

/** struct talk_client - @source.fd: -1: none; @heard: when, by requests */
struct talk_client {
	struct loop_source source;
	struct talk_server *server;
	uint64_t heard;
};

/**
 * struct talk_server - embedded in whoever knows what the verbs mean
 * @asking:	whose request is carried out
 * @gone:	told of each client that has gone; NULL: nobody wants to know
 * @staying:	one that makes room for no other, or NULL
 */
struct talk_server {
	const struct talk_verb *verbs;
	const struct talk_client *asking;
	void (*gone)(struct talk_server *server,
		     const struct talk_client *client);
	const void *staying;
	struct loop *loop;
	struct loop_source listener;
	uint64_t requests;
	struct talk_client client[TALK_CLIENTS];
};

void talk_server_init(struct talk_server *server, const struct talk_verb *verbs,
		      struct loop *loop);
void talk_server_fini(struct talk_server *server);

/** talk_server_listen() - takes clients at @path */
int talk_server_listen(struct talk_server *server, const char *path,
		       struct err *err);

/** talk_server_add() - takes @fd, a connection, which it then owns */
void talk_server_add(struct talk_server *server, int fd);

#endif
