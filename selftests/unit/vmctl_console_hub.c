// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's console and its clients, over socket pairs: no byte is lost or repeated by
 * detaching at any moment, a client that does not read holds up nobody, and one at a
 * time has the keyboard.  A thread writes as the guest does; main() runs the loop and
 * plays the clients.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/local.h"
#include "tap.h"
#include "vm/console_feed.h"
#include "vm/console_hub.h"

#define LOTS	3000000

static struct hub hub;
static struct loop loop;
static struct err err;
static uint8_t keys[4096];
static size_t nr_keys, key_room;

static uint8_t pattern(uint64_t i)
{
	return (uint8_t)(i * 31 + i / 251);
}

/* ---- the guest's side ---------------------------------------------------------------- */

static size_t room(struct hub *h)
{
	return key_room;
}

static void input(struct hub *h, const uint8_t *data, size_t len)
{
	if (len > key_room || nr_keys + len > sizeof(keys))
		abort();
	memcpy(keys + nr_keys, data, len);
	nr_keys += len;
	key_room -= len;
}

static const struct hub_ops ops = { .room = room, .input = input };

static void put(uint64_t from, size_t len)
{
	uint8_t data[512];
	size_t i, n;

	for (; len; len -= n) {
		n = len < sizeof(data) ? len : sizeof(data);
		for (i = 0; i < n; i++)
			data[i] = pattern(from++);
		hub_put(&hub, data, n);
	}
}

static void begin(void)
{
	loop_init(&loop, &err);
	if (hub_init(&hub, &ops, &loop, NULL, &err))
		abort();
	nr_keys = 0;
	key_room = 16;
}

static void finish(void)
{
	hub_fini(&hub);
	loop_fini(&loop);
}

/* Lets the hub do what it can, until nothing has happened for @ms. */
static void serve(int ms)
{
	struct pollfd pfd = { .fd = loop.epoll, .events = POLLIN };

	while (poll(&pfd, 1, ms) > 0)
		loop_once(&loop, &err);
}

/* ---- clients ------------------------------------------------------------------------- */

struct client {
	struct console_feed feed;
	int fd;
	uint64_t seen, wrong, lost;
	char word[300];
	enum console_type type;
	bool closed, failed;
};

static void got_data(struct console_feed *feed, const uint8_t *data, size_t len)
{
	struct client *c = container_of(feed, struct client, feed);
	size_t i;

	/* @at is behind them already */
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
	struct client *c = container_of(feed, struct client, feed);

	c->type = type;
	snprintf(c->word, sizeof(c->word), "%s", text);
}

static const struct console_feed_ops feed_ops = {
	.data = got_data, .lost = got_lost, .word = got_word,
};

static void attach(struct client *c, unsigned int flags)
{
	struct console_attach a;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		abort();
	c->fd = fd[0];
	c->closed = c->failed = false;
	console_feed_attach(&c->feed, flags, &a);
	hub_add(&hub, fd[1]);
	/* who was refused at the door cannot say what it wants any more */
	if (write(c->fd, &a, sizeof(a)) != sizeof(a) && errno != EPIPE)
		abort();
}

static void start(struct client *c, unsigned int flags)
{
	memset(c, 0, sizeof(*c));
	console_feed_init(&c->feed, &feed_ops);
	attach(c, flags);
}

/* Takes at most @most bytes of what there is. */
static bool take(struct client *c, size_t most)
{
	uint8_t data[2000];
	ssize_t n = recv(c->fd, data, most < sizeof(data) ? most : sizeof(data),
			 MSG_DONTWAIT);

	if (!n)
		c->closed = true;
	if (n <= 0)
		return false;
	if (console_feed_take(&c->feed, data, (size_t)n, &err))
		c->failed = true;
	return !c->failed;
}

static void settle(struct client *c)
{
	bool more;

	do {
		serve(10);
		more = take(c, SIZE_MAX);
		while (take(c, SIZE_MAX))
			;
	} while (more);
}

static bool is_whole(const struct client *c, uint64_t end)
{
	return c->seen == end && c->feed.at == end && !c->wrong && !c->lost &&
	       !c->failed;
}

/* ---- cases ---------------------------------------------------------------------------- */

static void test_plain(void)
{
	struct client a, b, tail;

	begin();
	put(0, 1000);
	start(&a, 0);
	settle(&a);
	tap_ok(a.feed.attached && is_whole(&a, 1000), "what was before comes");
	start(&tail, CONSOLE_TAIL);
	settle(&tail);
	put(1000, 5);
	settle(&a);
	start(&b, CONSOLE_WRITE);
	settle(&b);
	settle(&tail);
	tap_ok(is_whole(&a, 1005) && is_whole(&b, 1005), "and what follows");
	tap_ok(tail.seen == 5 && tail.feed.at == 1005 && !tail.wrong,
	       "only that, to who asks for it");
	hub_end(&hub, "power-off");
	settle(&a);
	tap_ok(a.feed.ended && !strcmp(a.word, "power-off") && a.closed,
	       "the end, and why");
	start(&tail, 0);
	settle(&tail);
	tap_ok(is_whole(&tail, 1005) && tail.feed.ended,
	       "late ones get all of it, too");
	finish();
}

/* Detach after every possible number of bytes of the stream, and attach again. */
static void test_detach(void)
{
	struct client c;
	unsigned int i, total = 0;
	uint64_t at = 0;

	begin();
	start(&c, 0);
	for (i = 0; i < 600; i++) {
		put(at, 100);
		at += 100;
		serve(0);
		usleep(i % 50 ? 0 : 3000);
		serve(0);
		take(&c, i % 170);
		close(c.fd);
		attach(&c, 0);
		total++;
	}
	settle(&c);
	tap_ok(total == 600 && is_whole(&c, at),
	       "detached anywhere: no byte lost, none repeated");
	finish();
}

static void *guest(void *arg)
{
	uint64_t i;

	/* byte by byte, as a serial port does */
	for (i = 0; i < LOTS; i++) {
		uint8_t byte = pattern(i);

		hub_put(&hub, &byte, 1);
	}
	hub_end(&hub, "done");
	return NULL;
}

static void test_slow(void)
{
	struct client quick, slow, never;
	uint64_t next = 0;
	pthread_t thread;

	begin();
	start(&quick, 0);
	start(&slow, 0);
	start(&never, 0);
	serve(5);
	pthread_create(&thread, NULL, guest, NULL);
	while (!quick.closed) {
		serve(0);
		while (take(&quick, SIZE_MAX))
			;
		if (quick.feed.at < next)
			continue;
		take(&slow, 50);
		next = quick.feed.at + 10000;
	}
	pthread_join(thread, NULL);
	tap_ok(quick.seen + quick.lost == LOTS && !quick.wrong &&
	       quick.feed.ended, "a slow reader stalls no other");
	tap_ok(hub.scroll.end == LOTS, "nor the guest");
	settle(&slow);
	tap_ok(slow.lost && !slow.wrong && slow.seen + slow.lost == LOTS,
	       "it hears how many bytes it has missed");
	tap_ok(slow.feed.ended, "and the end");
	settle(&never);
	tap_ok(!never.wrong && never.seen + never.lost == LOTS,
	       "so does one that did not read at all");
	tap_ok(hub_idle(&hub), "then nothing is left to do");
	finish();
}

static void test_gap(void)
{
	struct client c;

	begin();
	start(&c, 0);
	put(0, 100);
	settle(&c);
	close(c.fd);
	put(100, HUB_RING + 50);
	attach(&c, 0);
	settle(&c);
	tap_ok(c.lost == 50 && c.seen == 100 + HUB_RING && !c.wrong &&
	       c.feed.at == 150 + HUB_RING, "gone from the ring: told exactly");
	c.feed.at += 1000;
	attach(&c, 0);
	settle(&c);
	tap_ok(c.failed && strstr(err.text, "still to come"),
	       "an offset that is not there yet is refused");
	c.feed.run++;
	c.lost = c.seen = 0;
	attach(&c, 0);
	settle(&c);
	tap_ok(c.feed.run == hub.run && c.seen == HUB_RING && !c.wrong && !c.lost,
	       "of another run: from the start of what there is");
	finish();
}

static void say(struct client *c, const char *text)
{
	if (write(c->fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
}

static bool typed(const char *text)
{
	bool same = nr_keys == strlen(text) && !memcmp(keys, text, nr_keys);

	if (!same)
		tap_note("typed: %.*s", (int)nr_keys, keys);
	nr_keys = 0;
	return same;
}

static void test_keyboard(void)
{
	struct client a, b, reader;

	begin();
	start(&a, CONSOLE_WRITE);
	start(&reader, 0);
	settle(&a);
	say(&a, "hello");
	say(&reader, "nonsense");
	settle(&reader);
	tap_ok(typed("hello"), "keys of the writer, and of nobody else");
	key_room = 3;
	say(&a, "abcdef");
	settle(&a);
	tap_ok(typed("abc"), "no more than the guest has room for");
	key_room = 16;
	hub_room(&hub);
	settle(&a);
	tap_ok(typed("def"), "the rest when it has");
	start(&b, CONSOLE_WRITE);
	settle(&b);
	tap_ok(b.type == CONSOLE_READER && strstr(b.word, "another client has"),
	       "a second writer reads");
	say(&b, "x");
	settle(&b);
	tap_ok(typed(""), "only");
	close(b.fd);
	start(&b, CONSOLE_WRITE | CONSOLE_TAKE);
	settle(&b);
	settle(&a);
	say(&a, "lost");
	say(&b, "taken");
	settle(&b);
	key_room = 16;
	tap_ok(typed("taken") && !b.type && a.type == CONSOLE_READER,
	       "unless it takes the keyboard, and the first one hears of it");
	shutdown(b.fd, SHUT_WR);
	start(&a, CONSOLE_WRITE);
	settle(&a);
	put(0, 10);
	settle(&b);
	tap_ok(!a.type && is_whole(&b, 10),
	       "at the end of its keys a writer reads on, the keyboard is free");
	key_room = 0;
	close(a.fd);
	serve(10);
	key_room = 16;
	start(&a, CONSOLE_WRITE);
	settle(&a);
	tap_ok(!a.type, "and after a writer has gone while the guest is deaf");
	finish();
}

/* Bytes that are no attach, and clients that come in masses. */
static void test_bad(void)
{
	struct client c[HUB_CLIENTS + 1], quiet;
	unsigned int i, good = 0;
	int fd[2], old;

	begin();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		abort();
	hub_add(&hub, fd[1]);
	memset(&quiet, 0, sizeof(quiet));
	console_feed_init(&quiet.feed, &feed_ops);
	quiet.fd = fd[0];
	say(&quiet, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n");
	settle(&quiet);
	tap_ok(quiet.failed && strstr(err.text, "another version"),
	       "who speaks otherwise is refused");
	close(fd[0]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		abort();
	hub_add(&hub, fd[1]);
	old = fd[0];
	for (i = 0; i < HUB_CLIENTS; i++) {
		start(&c[i], 0);
		serve(0);
	}
	put(0, 100);
	serve(10);
	tap_ok(!recv(old, keys, 1, MSG_DONTWAIT),
	       "who said nothing makes room when all places are taken");
	start(&c[i], 0);
	settle(&c[i]);
	tap_ok(c[i].failed && strstr(err.text, "too many"), "then no more");
	for (i = 0; i < HUB_CLIENTS; i++) {
		settle(&c[i]);
		good += is_whole(&c[i], 100);
		close(c[i].fd);
	}
	tap_ok(good == HUB_CLIENTS, "those that were there are served");
	serve(5);
	start(&c[0], 0);
	settle(&c[0]);
	tap_ok(is_whole(&c[0], 100), "places of those that went are free");
	finish();
}

/* Frames that no hub sends. */
static bool takes(const struct console_frame *frames, unsigned int n)
{
	static struct client c;
	uint64_t run = 7;
	unsigned int i;
	bool good = true;

	memset(&c, 0, sizeof(c));
	console_feed_init(&c.feed, &feed_ops);
	for (i = 0; i < n && good; i++) {
		good = !console_feed_take(&c.feed, (const uint8_t *)&frames[i],
					  sizeof(*frames), &err);
		if (good && frames[i].len == sizeof(run))
			good = !console_feed_take(&c.feed, (uint8_t *)&run,
						  sizeof(run), &err);
	}
	return good;
}

static void test_nonsense(void)
{
	const struct console_frame hello = { CONSOLE_HELLO, 0, 8, 100 };
	struct console_frame f[2] = { hello, { CONSOLE_DATA, 0, 8, 100 } };

	tap_ok(takes(f, 2), "good frames");
	f[1].offset = 99;
	tap_ok(!takes(f, 2), "what was there already");
	f[1] = (struct console_frame){ CONSOLE_DATA, 0, CONSOLE_MAX_FRAME + 1,
				       100 };
	tap_ok(!takes(f, 2), "too long");
	f[1] = hello;
	tap_ok(!takes(f, 2), "two beginnings");
	f[0].type = CONSOLE_DATA;
	tap_ok(!takes(f, 1), "none");
	f[0] = hello;
	f[0].len = 9;
	tap_ok(!takes(f, 1), "a strange one");
	f[0] = hello;
	f[1] = (struct console_frame){ 9, 0, 8, 100 };
	tap_ok(!takes(f, 2), "of no type");
}

static void test_listen(void)
{
	char path[] = "/tmp/vmctl-hub-XXXXXX", far[200];
	struct console_attach a;
	struct client c;

	close(mkstemp(path));
	unlink(path);
	begin();
	tap_ok(local_connect(path, SOCK_STREAM, &err) < 0 &&
	       err.code == VMCTL_STATE, "nobody there: not running");
	tap_ok(!hub_listen(&hub, path, &err), "a socket with a name");
	memset(&c, 0, sizeof(c));
	console_feed_init(&c.feed, &feed_ops);
	c.fd = local_connect(path, SOCK_STREAM, &err);
	console_feed_attach(&c.feed, 0, &a);
	put(0, 77);
	/* in two pieces */
	if (write(c.fd, &a, 5) != 5)
		abort();
	serve(10);
	if (write(c.fd, (char *)&a + 5, sizeof(a) - 5) != sizeof(a) - 5)
		abort();
	settle(&c);
	tap_ok(is_whole(&c, 77), "serves");
	finish();
	tap_ok(local_connect(path, SOCK_STREAM, &err) < 0 &&
	       err.code == VMCTL_STATE, "its owner died: not running");
	unlink(path);
	memset(far, 'x', sizeof(far) - 1);
	far[sizeof(far) - 1] = 0;
	tap_ok(local_connect(far, SOCK_STREAM, &err) < 0 &&
	       strstr(err.text, "a socket's name"), "names have a limit");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(100);
	test_plain();
	test_detach();
	test_slow();
	test_gap();
	test_keyboard();
	test_bad();
	test_nonsense();
	test_listen();
	return tap_done();
}
