/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The console of a machine in the background: what the guest writes goes to a ring,
 * and from there to a log and to the clients on a socket (vm/console_wire.h), each
 * at its own pace.  The guest never waits.  Who is slower than the ring is large
 * misses bytes, and is told how many.  The keys of one client go to the guest.
 *
 * Threads: hub_put() and hub_end() may be called by any; all else, and the
 * callbacks, belong to the thread that runs the loop, which should be the hub's own:
 * a disk under the log may hang.
 */
#ifndef VMCTL_CONSOLE_HUB_H
#define VMCTL_CONSOLE_HUB_H

#include <pthread.h>
#include <stdbool.h>

#include "vm/console_log.h"
#include "vm/console_wire.h"
#include "vm/loop.h"
#include "vm/scroll.h"

#define HUB_RING	(256 * 1024)
#define HUB_CLIENTS	16
#define HUB_FRAME	(sizeof(struct console_frame) + CONSOLE_MAX_FRAME)

struct hub;

/**
 * struct hub_ops - the guest's side
 * @room:	how many keys it can take at once; hub_room() tells of more
 * @input:	keys, at most as many as there was room for
 */
struct hub_ops {
	size_t (*room)(struct hub *hub);
	void (*input)(struct hub *hub, const uint8_t *data, size_t len);
};

/**
 * struct hub_client - one connection; @source.fd: -1: none
 * @number:	counts connections
 * @attached:	@attach is complete, and has been answered
 * @mute:	it has closed its sending half
 * @blocked:	its socket takes no more for now
 * @told_end:	END is in @out or beyond
 * @at:		offset of what comes next
 * @attach:	@attach_len bytes of it so far
 * @out:	one of the hub's @out: @out_len bytes, of which @out_sent have been taken
 * @word:	to be sent as READER, or NULL
 */
struct hub_client {
	struct loop_source source;
	struct hub *hub;
	uint64_t number;
	bool attached, writer, mute, blocked, told_end;
	uint64_t at;
	struct console_attach attach;
	size_t attach_len;
	size_t out_len, out_sent;
	const char *word;
	uint8_t *out;
};

/**
 * struct hub - @lock protects the fields up to @end_text
 * @woken:	@wake is set, and the loop will look at the ring
 * @run:	this run's number, never 0
 * @logged:	offset of what the log has not seen
 */
struct hub {
	pthread_mutex_t lock;
	struct scroll scroll;
	bool woken, ended;
	char end_text[256];

	const struct hub_ops *ops;
	struct loop *loop;
	struct loop_source wake, listener;
	struct console_log *log;
	uint64_t run, logged, connections;
	struct hub_client client[HUB_CLIENTS];
	uint8_t out[HUB_CLIENTS][HUB_FRAME];
	uint8_t ring[HUB_RING];
};

/** hub_clear() - all but buffers, whose pages cost nothing before they are used */
void hub_clear(struct hub *hub);

/** hub_init() - @log: open, or NULL; on failure too, hub_fini() must follow */
int hub_init(struct hub *hub, const struct hub_ops *ops, struct loop *loop,
	     struct console_log *log, struct err *err);
void hub_fini(struct hub *hub);

/** hub_listen() - takes clients at @path */
int hub_listen(struct hub *hub, const char *path, struct err *err);

/** hub_add() - takes @fd, a connection, which it then owns */
void hub_add(struct hub *hub, int fd);

/** hub_put() - the guest wrote this */
void hub_put(struct hub *hub, const uint8_t *data, size_t len);

/** hub_end() - the guest has ended; clients hear of it behind all it wrote */
void hub_end(struct hub *hub, const char *text);

/** hub_room() - the guest can take keys again */
void hub_room(struct hub *hub);

/** hub_idle() - log and clients have all there is */
bool hub_idle(struct hub *hub);

#endif
