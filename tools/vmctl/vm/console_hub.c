// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/local.h"
#include "vm/console_hub.h"

#define GATHER_NS	2000000	/* how long output waits for company */
#define GATHER_BYTES	4096	/* unless there is this much of it */
#define KEYS		256	/* read at once */

/* ---- what the guest wrote ------------------------------------------------------ */

/* Reading the ring is cheap by the batch: it waits a little for more. */
static void wake_in(struct hub *hub, long ns)
{
	struct itimerspec when = { .it_value.tv_nsec = ns };

	timerfd_settime(hub->wake.fd, 0, &when, NULL);
}

void hub_put(struct hub *hub, const uint8_t *data, size_t len)
{
	uint64_t before;

	pthread_mutex_lock(&hub->lock);
	before = hub->scroll.end;
	scroll_put(&hub->scroll, data, len);
	if (!hub->woken)
		wake_in(hub, GATHER_NS);
	else if (before / GATHER_BYTES != hub->scroll.end / GATHER_BYTES)
		wake_in(hub, 1);
	hub->woken = true;
	pthread_mutex_unlock(&hub->lock);
}

void hub_end(struct hub *hub, const char *text)
{
	pthread_mutex_lock(&hub->lock);
	if (!hub->ended)
		snprintf(hub->end_text, sizeof(hub->end_text), "%s", text);
	hub->ended = true;
	hub->woken = true;
	wake_in(hub, 1);
	pthread_mutex_unlock(&hub->lock);
}

static size_t get(struct hub *hub, uint64_t *at, uint8_t *data, size_t len)
{
	pthread_mutex_lock(&hub->lock);
	len = scroll_get(&hub->scroll, at, data, len);
	pthread_mutex_unlock(&hub->lock);
	return len;
}

static uint64_t written(struct hub *hub)
{
	uint64_t end;

	pthread_mutex_lock(&hub->lock);
	end = hub->scroll.end;
	pthread_mutex_unlock(&hub->lock);
	return end;
}

/* Up to what there is: a guest that goes on writing shall not keep us here. */
static void feed_log(struct hub *hub)
{
	uint64_t until = written(hub), at;
	uint8_t chunk[GATHER_BYTES];
	size_t len;

	while (hub->log && hub->logged < until) {
		at = hub->logged;
		len = get(hub, &at, chunk, sizeof(chunk));
		if (at != hub->logged)
			console_log_miss(hub->log, at - hub->logged);
		hub->logged = at + len;
		console_log_write(hub->log, chunk, len);
	}
}

/* ---- to a client ---------------------------------------------------------------- */

static void drop(struct hub_client *c)
{
	loop_remove(c->hub->loop, &c->source);
	close(c->source.fd);
	c->source.fd = -1;
}

static void frame(struct hub_client *c, enum console_type type, uint64_t offset,
		  const void *body, size_t len)
{
	struct console_frame head = {
		.type = (uint16_t)type,
		.len = (uint32_t)len,
		.offset = offset,
	};

	memcpy(c->out, &head, sizeof(head));
	if (body)
		memcpy(c->out + sizeof(head), body, len);
	c->out_len = sizeof(head) + len;
	c->out_sent = 0;
}

/* Puts the next frame into @out; false: there is none. */
static bool next_frame(struct hub_client *c)
{
	struct hub *hub = c->hub;
	bool ended;
	size_t len;

	if (c->word) {
		frame(c, CONSOLE_READER, 0, c->word, strlen(c->word));
		c->word = NULL;
		return true;
	}
	/* looked at first: what was written before the end is there then */
	pthread_mutex_lock(&hub->lock);
	ended = hub->ended;
	pthread_mutex_unlock(&hub->lock);
	len = get(hub, &c->at, c->out + sizeof(struct console_frame),
		  CONSOLE_MAX_FRAME);
	if (len) {
		frame(c, CONSOLE_DATA, c->at, NULL, len);
		c->at += len;
		return true;
	}
	if (!ended || c->told_end)
		return false;
	frame(c, CONSOLE_END, c->at, hub->end_text, strlen(hub->end_text));
	c->told_end = true;
	return true;
}

/* The guest's lack of room for keys holds up the one who types. */
static void watch(struct hub_client *c)
{
	bool in = !c->mute && (!c->writer || c->hub->ops->room(c->hub));

	loop_watch(c->hub->loop, &c->source, in, c->blocked);
}

/* Sends what there is, as far as the socket takes it. */
static void push(struct hub_client *c)
{
	ssize_t n;

	c->blocked = false;
	while (c->out_sent < c->out_len || next_frame(c)) {
		n = send(c->source.fd, c->out + c->out_sent,
			 c->out_len - c->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0) {
			c->out_sent += (size_t)n;
		} else if (errno == EAGAIN) {
			c->blocked = true;
			break;
		} else if (errno != EINTR) {
			drop(c);
			return;
		}
	}
	if (c->told_end && !c->blocked)
		drop(c);
	else
		watch(c);
}

static void pump(struct loop_source *source)
{
	struct hub *hub = container_of(source, struct hub, wake);
	uint64_t ticks;
	unsigned int i;

	/* taken back first: what comes from here on sets it again */
	pthread_mutex_lock(&hub->lock);
	hub->woken = false;
	if (read(source->fd, &ticks, sizeof(ticks)) < 0)
		ticks = 0;	/* set anew in between: it comes again */
	pthread_mutex_unlock(&hub->lock);
	feed_log(hub);
	for (i = 0; i < HUB_CLIENTS; i++)
		if (hub->client[i].source.fd >= 0 && hub->client[i].attached &&
		    !hub->client[i].blocked)
			push(&hub->client[i]);
}

/* ---- from a client ---------------------------------------------------------------- */

static struct hub_client *writer(struct hub *hub)
{
	unsigned int i;

	for (i = 0; i < HUB_CLIENTS; i++)
		if (hub->client[i].source.fd >= 0 && hub->client[i].writer)
			return &hub->client[i];
	return NULL;
}

/* Gives @c the keyboard, if it asks for it and may have it. */
static void give_keyboard(struct hub_client *c)
{
	struct hub_client *other = writer(c->hub);

	if (!(c->attach.flags & CONSOLE_WRITE))
		return;
	if (other && !(c->attach.flags & CONSOLE_TAKE)) {
		c->word = "keys go nowhere: another client has the keyboard";
		return;
	}
	c->writer = true;
	if (!other)
		return;
	other->writer = false;
	other->word = "keys go nowhere: another client took the keyboard";
	if (!other->blocked)
		push(other);
}

/* Says why, as far as that goes at once, and ends it. */
static void refuse(struct hub_client *c, const char *why)
{
	frame(c, CONSOLE_REFUSED, 0, why, strlen(why));
	send(c->source.fd, c->out, c->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	drop(c);
}

static uint64_t first_offset(struct hub *hub, const struct console_attach *a)
{
	uint64_t at = 0;

	pthread_mutex_lock(&hub->lock);
	if ((a->flags & CONSOLE_RESUME) && a->run == hub->run)
		at = a->offset;
	else if (a->flags & CONSOLE_TAIL)
		at = hub->scroll.end;
	if (at < scroll_start(&hub->scroll))
		at = scroll_start(&hub->scroll);
	pthread_mutex_unlock(&hub->lock);
	return at;
}

static void attach(struct hub_client *c)
{
	const struct console_attach *a = &c->attach;

	if (a->magic != CONSOLE_MAGIC || a->version != CONSOLE_VERSION ||
	    a->flags & ~CONSOLE_FLAGS) {
		refuse(c, "a client of another version; try: the vmctl that started the VM");
		return;
	}
	c->at = first_offset(c->hub, a);
	if (c->at > written(c->hub)) {
		refuse(c, "an offset that is still to come");
		return;
	}
	c->attached = true;
	frame(c, CONSOLE_HELLO, c->at, &c->hub->run, sizeof(c->hub->run));
	give_keyboard(c);
	push(c);
}

static bool is_gone(struct hub_client *c)
{
	struct pollfd pfd = { .fd = c->source.fd };

	return poll(&pfd, 1, 0) > 0 && pfd.revents & (POLLHUP | POLLERR);
}

/* Bytes that may be read now, and where they go. */
static size_t wanted(struct hub_client *c, uint8_t keys[KEYS], uint8_t **to)
{
	size_t room = KEYS;

	if (!c->attached) {
		*to = (uint8_t *)&c->attach + c->attach_len;
		return sizeof(c->attach) - c->attach_len;
	}
	*to = keys;
	if (c->writer)
		room = c->hub->ops->room(c->hub);
	return c->mute ? 0 : room < KEYS ? room : KEYS;
}

/* Reads once; what else there is makes the loop come again. */
static void read_client(struct hub_client *c)
{
	uint8_t keys[KEYS], *to;
	size_t len = wanted(c, keys, &to);
	ssize_t n;

	if (!len) {
		if (is_gone(c))
			drop(c);
		else
			watch(c);
		return;
	}
	n = recv(c->source.fd, to, len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || (!n && (!c->attached || is_gone(c)))) {
		drop(c);
	} else if (!n) {
		c->mute = true;
		c->writer = false;	/* the keyboard is free */
		watch(c);
	} else if (!c->attached) {
		c->attach_len += (size_t)n;
		if (c->attach_len == sizeof(c->attach))
			attach(c);
	} else if (c->writer) {
		c->hub->ops->input(c->hub, keys, (size_t)n);
		watch(c);
	}
}

static void client_ready(struct loop_source *source)
{
	struct hub_client *c = container_of(source, struct hub_client, source);

	/* dropped by a callback before this one */
	if (source->fd < 0)
		return;
	if (c->blocked)
		push(c);
	if (source->fd >= 0)
		read_client(c);
}

void hub_room(struct hub *hub)
{
	struct hub_client *c = writer(hub);

	if (c)
		watch(c);
}

/* ---- coming and going --------------------------------------------------------------- */

/* A free place, or that of who has said nothing for the longest; NULL: none. */
static struct hub_client *place(struct hub *hub)
{
	struct hub_client *found = NULL, *c;

	for (c = hub->client; c < hub->client + HUB_CLIENTS; c++) {
		if (c->source.fd < 0)
			return c;
		if (!c->attached && (!found || c->number < found->number))
			found = c;
	}
	if (found)
		drop(found);
	return found;
}

void hub_add(struct hub *hub, int fd)
{
	struct hub_client *c = place(hub), extra;
	uint8_t out[HUB_FRAME];
	struct err err;

	if (!c)
		c = &extra;
	memset(c, 0, sizeof(*c));
	c->out = c == &extra ? out : hub->out[c - hub->client];
	c->hub = hub;
	c->source.fd = fd;
	c->source.ready = client_ready;
	c->number = ++hub->connections;
	if (c == &extra)
		refuse(c, "too many clients");
	else if (!local_allowed(fd))
		refuse(c, "not permitted; try: as its owner, or as root");
	else if (loop_add(hub->loop, &c->source, &err))
		refuse(c, "cannot wait for this client");
}

static void listener_ready(struct loop_source *source)
{
	struct hub *hub = container_of(source, struct hub, listener);
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		hub_add(hub, fd);
}

int hub_listen(struct hub *hub, const char *path, struct err *err)
{
	hub->listener.ready = listener_ready;
	hub->listener.fd = local_listen(path, SOCK_STREAM, err);
	if (hub->listener.fd < 0)
		return -1;
	return loop_add(hub->loop, &hub->listener, err);
}

void hub_clear(struct hub *hub)
{
	memset(hub, 0, offsetof(struct hub, out));
}

int hub_init(struct hub *hub, const struct hub_ops *ops, struct loop *loop,
	     struct console_log *log, struct err *err)
{
	unsigned int i;

	hub_clear(hub);
	pthread_mutex_init(&hub->lock, NULL);
	scroll_init(&hub->scroll, hub->ring, sizeof(hub->ring));
	for (i = 0; i < HUB_CLIENTS; i++)
		hub->client[i].source.fd = -1;
	hub->listener.fd = -1;
	hub->ops = ops;
	hub->loop = loop;
	hub->log = log;
	while (!hub->run)
		if (getrandom(&hub->run, sizeof(hub->run), 0) < 0)
			hub->run = (uint64_t)getpid();
	hub->wake.ready = pump;
	hub->wake.fd = timerfd_create(CLOCK_MONOTONIC,
				      TFD_CLOEXEC | TFD_NONBLOCK);
	if (hub->wake.fd < 0)
		return err_set(err, VMCTL_FAILED, "timerfd: %s",
			       strerror(errno));
	return loop_add(loop, &hub->wake, err);
}

static void close_source(struct hub *hub, struct loop_source *source)
{
	if (source->fd < 0)
		return;
	loop_remove(hub->loop, source);
	close(source->fd);
	source->fd = -1;
}

void hub_fini(struct hub *hub)
{
	unsigned int i;

	for (i = 0; i < HUB_CLIENTS; i++)
		close_source(hub, &hub->client[i].source);
	close_source(hub, &hub->listener);
	close_source(hub, &hub->wake);
	pthread_mutex_destroy(&hub->lock);
}

bool hub_idle(struct hub *hub)
{
	unsigned int i;
	bool busy;

	pthread_mutex_lock(&hub->lock);
	busy = hub->woken;
	pthread_mutex_unlock(&hub->lock);
	for (i = 0; i < HUB_CLIENTS; i++)
		busy |= hub->client[i].source.fd >= 0 && hub->client[i].blocked;
	return !busy;
}
