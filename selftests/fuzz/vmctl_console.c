// SPDX-License-Identifier: GPL-2.0
/*
 * What a console's client is sent, in pieces of random size: good streams are taken
 * whole, whatever the pieces; in spoiled ones no byte beyond them is read (the sanitizer
 * sees that), and offsets never go back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/container.h"
#include "vm/console_feed.h"

#define MAX_STREAM	(64 * 1024)

static uint64_t state;

static uint64_t below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((state * 0x2545f4914f6cdd1d) >> 11) % n;
}

static uint8_t pattern(uint64_t offset)
{
	return (uint8_t)(offset * 31 + offset / 251);
}

/* ---- streams -------------------------------------------------------------------------- */

struct stream {
	uint8_t data[MAX_STREAM];
	size_t len;
	uint64_t first, at, sent;
};

static void add(struct stream *s, enum console_type type, uint64_t offset,
		const void *body, size_t len)
{
	struct console_frame f = { (uint16_t)type, 0, (uint32_t)len, offset };

	memcpy(s->data + s->len, &f, sizeof(f));
	memcpy(s->data + s->len + sizeof(f), body, len);
	s->len += sizeof(f) + len;
}

static void make(struct stream *s)
{
	uint8_t body[CONSOLE_MAX_FRAME];
	uint64_t run = 1 + below(1000);
	unsigned int n = (unsigned int)below(12);
	size_t len, i;

	s->len = s->sent = 0;
	s->first = s->at = below(3) ? below(100000) : UINT64_MAX / 2;
	add(s, CONSOLE_HELLO, s->at, &run, sizeof(run));
	while (n--) {
		if (!below(6))
			add(s, CONSOLE_READER, 0, "why", below(4));
		if (!below(4))
			s->at += below(5000);
		len = below(below(8) ? 60 : CONSOLE_MAX_FRAME + 1);
		for (i = 0; i < len; i++)
			body[i] = pattern(s->at + i);
		add(s, CONSOLE_DATA, s->at, body, len);
		s->at += len;
		s->sent += len;
	}
	if (below(2))
		add(s, CONSOLE_END, s->at, "power-off", 9);
}

static void spoil(struct stream *s)
{
	unsigned int n = 1 + (unsigned int)below(4);

	while (n--)
		s->data[below(s->len)] = (uint8_t)below(256);
}

/* ---- the client ----------------------------------------------------------------------- */

struct client {
	struct console_feed feed;
	uint64_t seen, lost, wrong;
};

static void got_data(struct console_feed *feed, const uint8_t *data, size_t len)
{
	struct client *c = container_of(feed, struct client, feed);
	size_t i;

	for (i = 0; i < len; i++)
		c->wrong += data[i] != pattern(feed->at - len + i);
	c->seen += len;
}

static void got_lost(struct console_feed *feed, uint64_t count)
{
	container_of(feed, struct client, feed)->lost += count;
}

static void got_word(struct console_feed *feed, enum console_type type,
		     const char *text)
{
	(void)feed;
	if (type != CONSOLE_READER && type != CONSOLE_END)
		abort();
	if (strlen(text) > CONSOLE_MAX_FRAME)
		abort();
}

static const struct console_feed_ops ops = {
	.data = got_data, .lost = got_lost, .word = got_word,
};

/* Whether it was taken to its end. */
static bool take(struct client *c, const struct stream *s)
{
	size_t at, n;
	uint64_t before;
	struct err err;
	uint8_t *piece;
	bool bad;

	memset(c, 0, sizeof(*c));
	console_feed_init(&c->feed, &ops);
	for (at = 0; at < s->len; at += n) {
		n = 1 + below(below(2) ? 20 : 9000);
		if (n > s->len - at)
			n = s->len - at;
		/* of its exact size, so that the sanitizer sees its end */
		piece = malloc(n);
		memcpy(piece, s->data + at, n);
		before = c->feed.at;
		bad = console_feed_take(&c->feed, piece, n, &err);
		free(piece);
		if (c->feed.at < before)
			abort();
		if (bad)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 10000, i;
	unsigned long refused = 0;
	static struct stream s;
	static struct client c;

	state = (argc > 2 ? strtoul(argv[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15;
	for (i = 0; i < count; i++) {
		make(&s);
		if (!take(&c, &s) || c.wrong || c.feed.at != s.at ||
		    c.seen != s.sent || c.lost != s.at - s.first - s.sent) {
			printf("stream %lu: good, but not taken\n", i);
			return 1;
		}
		spoil(&s);
		refused += !take(&c, &s);
	}
	printf("%lu streams, %lu refused when spoiled\n", i, refused);
	return refused < count / 20;
}
