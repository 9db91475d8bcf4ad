// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/local.h"
#include "vm/talk_server.h"

static void drop(struct talk_client *c)
{
	loop_remove(c->server->loop, &c->source);
	close(c->source.fd);
	c->source.fd = -1;
	if (c->server->gone)
		c->server->gone(c->server, c);
}

/* Whether it has been taken. */
static bool reply(int fd, const struct talk_head *asked, int code,
		  const void *data, size_t len, int pass)
{
	struct talk_head head = {
		.magic = TALK_MAGIC, .version = TALK_VERSION,
		.verb = asked->verb, .seq = asked->seq, .code = (uint32_t)code,
	};

	return !talk_send(fd, &head, data, len, pass, MSG_DONTWAIT);
}

static bool refuse(int fd, const struct talk_head *asked, const struct err *err)
{
	return reply(fd, asked, err->code ? err->code : VMCTL_FAILED, err->text,
		     strlen(err->text), -1);
}

static bool carry_out(struct talk_client *c, const struct talk_message *asked)
{
	const struct talk_verb *v = c->server->verbs;
	struct talk_message answer = { .len = 0, .fd = -1 };
	struct err err = {};

	c->server->asking = c;
	while (v->run && v->verb != asked->head.verb)
		v++;
	if (!v->run)
		err_set(&err, VMCTL_FAILED, "cannot do that: request %u is unknown",
			asked->head.verb);
	else if (!v->run(c->server, asked, &answer, &err))
		return reply(c->source.fd, &asked->head, VMCTL_OK, answer.data,
			     answer.len, answer.fd);
	return refuse(c->source.fd, &asked->head, &err);
}

static void client_ready(struct loop_source *source)
{
	struct talk_client *c = container_of(source, struct talk_client, source);
	struct talk_message asked;
	struct err err;
	bool good;

	if (source->fd < 0)
		return;
	switch (talk_receive(source->fd, &asked, false, MSG_DONTWAIT)) {
	case TALK_NONE:
		return;
	case TALK_GOOD:
		c->heard = ++c->server->requests;
		good = carry_out(c, &asked);
		break;
	case TALK_FOREIGN:
		err_set(&err, VMCTL_FAILED,
			"version %u is spoken here; try: the vmctl that started it",
			TALK_VERSION);
		good = refuse(source->fd, &asked.head, &err);
		break;
	default:
		good = false;
	}
	if (!good)
		drop(c);
}

/* A free place, or that of who has been silent for the longest. */
static struct talk_client *place(struct talk_server *s)
{
	struct talk_client *found = NULL, *c;

	for (c = s->client; c < s->client + TALK_CLIENTS; c++) {
		if (c->source.fd < 0)
			return c;
		if (c != s->staying && (!found || c->heard < found->heard))
			found = c;
	}
	drop(found);
	return found;
}

/* To whom nothing is granted, the reason is told before anything is asked. */
static void turn_away(int fd)
{
	const struct talk_head nothing = {};
	struct err err;

	err_set(&err, VMCTL_PERM, "not permitted; try: as its owner, or as root");
	refuse(fd, &nothing, &err);
	close(fd);
}

void talk_server_add(struct talk_server *s, int fd)
{
	struct talk_client *c;
	struct err err;

	if (!local_allowed(fd)) {
		turn_away(fd);
		return;
	}
	c = place(s);
	c->server = s;
	c->heard = ++s->requests;
	c->source.fd = fd;
	c->source.ready = client_ready;
	if (loop_add(s->loop, &c->source, &err))
		drop(c);
}

static void listener_ready(struct loop_source *source)
{
	struct talk_server *s = container_of(source, struct talk_server,
					     listener);
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		talk_server_add(s, fd);
}

int talk_server_listen(struct talk_server *s, const char *path,
		       struct err *err)
{
	s->listener.ready = listener_ready;
	s->listener.fd = local_listen(path, SOCK_SEQPACKET, err);
	if (s->listener.fd < 0)
		return -1;
	return loop_add(s->loop, &s->listener, err);
}

void talk_server_init(struct talk_server *s, const struct talk_verb *verbs,
		      struct loop *loop)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	s->verbs = verbs;
	s->loop = loop;
	s->listener.fd = -1;
	for (i = 0; i < TALK_CLIENTS; i++) {
		s->client[i].source.fd = -1;
		s->client[i].server = s;
	}
}

void talk_server_fini(struct talk_server *s)
{
	unsigned int i;

	for (i = 0; i < TALK_CLIENTS; i++)
		if (s->client[i].source.fd >= 0)
			drop(&s->client[i]);
	if (s->listener.fd < 0)
		return;
	loop_remove(s->loop, &s->listener);
	close(s->listener.fd);
	s->listener.fd = -1;
}
