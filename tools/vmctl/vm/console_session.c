// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/container.h"
#include "vm/console_session.h"
#include "vm/thread.h"

/* ---- the machine's side -------------------------------------------------------- */

static struct console_session *of(struct cable *cable)
{
	return container_of(cable, struct console_session, cable);
}

static void put(struct serial_sink *sink, uint8_t byte)
{
	hub_put(&of(container_of(sink, struct cable, sink))->hub, &byte, 1);
}

static void port_has_room(struct serial_sink *sink)
{
	eventfd_write(of(container_of(sink, struct cable, sink))->more.fd, 1);
}

static int plug(struct cable *cable, struct serial *serial, struct vm_end *end,
		struct err *err)
{
	(void)end;
	(void)err;
	of(cable)->port = serial;
	return 0;
}

/* Keys that came before have been made to wait. */
static int begin(struct cable *cable, struct loop *loop, const char *name,
		 struct err *err)
{
	struct console_session *s = of(cable);

	(void)loop;
	(void)name;
	(void)err;
	pthread_mutex_lock(&s->lock);
	s->serial = s->port;
	pthread_mutex_unlock(&s->lock);
	eventfd_write(s->more.fd, 1);
	return 0;
}

/* A guest never waits for the ring; who reads it, session_end() waits for. */
static bool drain(struct cable *cable, unsigned int ms)
{
	(void)cable;
	(void)ms;
	return true;
}

static void abandon(struct cable *cable)
{
	(void)cable;
}

static void unplug(struct cable *cable)
{
	struct console_session *s = of(cable);

	pthread_mutex_lock(&s->lock);
	s->serial = s->port = NULL;
	pthread_mutex_unlock(&s->lock);
}

static const struct cable_ops cable_ops = {
	.plug = plug,
	.begin = begin,
	.drain = drain,
	.abandon = abandon,
	.unplug = unplug,
};

/* ---- the clients' side, in the thread ------------------------------------------- */

static size_t room(struct hub *hub)
{
	struct console_session *s = container_of(hub, struct console_session,
						 hub);
	size_t len;

	pthread_mutex_lock(&s->lock);
	len = s->serial ? serial_room(s->serial) : 0;
	pthread_mutex_unlock(&s->lock);
	return len;
}

static void input(struct hub *hub, const uint8_t *data, size_t len)
{
	struct console_session *s = container_of(hub, struct console_session,
						 hub);

	pthread_mutex_lock(&s->lock);
	if (s->serial)
		serial_receive(s->serial, data, len);
	pthread_mutex_unlock(&s->lock);
}

static const struct hub_ops hub_ops = { .room = room, .input = input };

static void more_ready(struct loop_source *source)
{
	eventfd_t count;

	eventfd_read(source->fd, &count);
	hub_room(&container_of(source, struct console_session, more)->hub);
}

static void stop_ready(struct loop_source *source)
{
	struct console_session *s = container_of(source, struct console_session,
						 stop);

	s->late = true;
}

static void *serve(void *arg)
{
	struct console_session *s = arg;
	struct err err;

	thread_name("console");
	while (!atomic_load(&s->stopping) || !(s->late || hub_idle(&s->hub)))
		if (loop_once(&s->loop, &err))
			break;
	return NULL;
}

/* ---- the session ------------------------------------------------------------------ */

static int add_sources(struct console_session *s, struct err *err)
{
	s->more.ready = more_ready;
	s->more.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->stop.ready = stop_ready;
	s->stop.fd = timerfd_create(CLOCK_MONOTONIC,
				    TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->more.fd < 0 || s->stop.fd < 0)
		return err_set(err, VMCTL_FAILED, "eventfd, timerfd: %s",
			       strerror(errno));
	return loop_add(&s->loop, &s->more, err) ||
	       loop_add(&s->loop, &s->stop, err) ? -1 : 0;
}

int session_open(struct console_session *s, const struct paths *paths,
		 const char *name, struct err *err)
{
	hub_clear(&s->hub);
	memset(s, 0, offsetof(struct console_session, hub));
	memset(&s->loop, 0, sizeof(*s) - offsetof(struct console_session, loop));
	pthread_mutex_init(&s->lock, NULL);
	s->cable.sink.put = put;
	s->cable.sink.room = port_has_room;
	s->cable.ops = &cable_ops;
	s->more.fd = s->stop.fd = s->log.fd = s->log.dir = s->loop.epoll = -1;
	if (console_log_open(&s->log, paths, name, CONSOLE_LOG_LIMIT, err) ||
	    loop_init(&s->loop, err) || add_sources(s, err) ||
	    hub_init(&s->hub, &hub_ops, &s->loop, &s->log, err))
		return -1;
	return 0;
}

int session_listen(struct console_session *s, const char *path,
		   struct err *err)
{
	return hub_listen(&s->hub, path, err);
}

int session_serve(struct console_session *s, struct err *err)
{
	int ret;

	ret = thread_start(&s->thread, serve, s);
	if (ret)
		return err_set(err, VMCTL_FAILED,
			       "cannot start the console's thread: %s",
			       strerror(ret));
	s->thread_runs = true;
	return 0;
}

void session_end(struct console_session *s, const char *text, unsigned int ms)
{
	struct itimerspec when = {
		.it_value.tv_sec = ms / 1000,
		.it_value.tv_nsec = ms % 1000 * 1000000L + 1,
	};

	if (!s->thread_runs)
		return;
	/* first: a hub that is idle before it has heard of the end would be the last
	 * that the thread sees */
	hub_end(&s->hub, text);
	timerfd_settime(s->stop.fd, 0, &when, NULL);
	atomic_store(&s->stopping, true);
	eventfd_write(s->more.fd, 1);
	pthread_join(s->thread, NULL);
	s->thread_runs = false;
}

void session_mark(struct console_session *s, const char *text)
{
	console_log_mark(&s->log, text);
}

void session_close(struct console_session *s)
{
	if (!s->cable.ops)
		return;		/* never opened */
	session_end(s, "", 0);
	if (s->hub.loop)
		hub_fini(&s->hub);
	if (s->more.fd >= 0)
		close(s->more.fd);
	if (s->stop.fd >= 0)
		close(s->stop.fd);
	loop_fini(&s->loop);
	console_log_close(&s->log);
	pthread_mutex_destroy(&s->lock);
}
