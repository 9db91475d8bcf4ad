/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The console session of a machine in the background: a hub (vm/console_hub.h) and
 * its log, in a thread of their own, at the other end of the serial port's cable.
 * It outlives the machine: one that is reset is plugged in again, and clients see
 * one stream.
 *
 * Lines of vmctl's own in the log stand in brackets.
 */
#ifndef VMCTL_CONSOLE_SESSION_H
#define VMCTL_CONSOLE_SESSION_H

#include <stdatomic.h>

#include "vm/cable.h"
#include "vm/console_hub.h"

/**
 * struct console_session - @lock protects @serial, and comes before the port's
 * @serial:	the port that takes keys, or NULL
 * @port:	the one that is plugged in, but need not be ready
 * @more:	eventfd: the port has room again
 * @stop:	timer: the session is over, and clients have had time to read
 * @stopping:	only the rest of the output is to be handed on; @late: no more
 */
struct console_session {
	struct cable cable;
	pthread_mutex_t lock;
	struct serial *serial;
	struct serial *port;

	/* the thread's, while it runs */
	struct hub hub;
	struct loop loop;
	struct console_log log;
	struct loop_source more, stop;
	bool late;
	atomic_bool stopping;

	pthread_t thread;
	bool thread_runs;
};

/** session_open() - with the log of the VM; on failure too, close must follow */
int session_open(struct console_session *s, const struct paths *paths,
		 const char *name, struct err *err);

/** session_listen() - clients may come to @path, and wait there */
int session_listen(struct console_session *s, const char *path,
		   struct err *err);

/** session_serve() - takes clients, in a thread */
int session_serve(struct console_session *s, struct err *err);

/**
 * session_end() - tells the clients @text behind all that the guest wrote
 *
 * Those who read get all of it; who does not is waited for @ms.  The thread has
 * ended then.
 */
void session_end(struct console_session *s, const char *text, unsigned int ms);

/** session_mark() - a line of ours in the log; while no thread runs */
void session_mark(struct console_session *s, const char *text);

void session_close(struct console_session *s);

#endif
