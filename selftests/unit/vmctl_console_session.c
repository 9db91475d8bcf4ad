// SPDX-License-Identifier: GPL-2.0
/*
 * The console of a machine in the background from port to file and socket: bytes reach
 * the log and the clients, keys the guest, also over a reset, and the end is told behind
 * the last byte without waiting for ever for who does not read.
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/local.h"
#include "vm/console_feed.h"
#include "vmctl_session.h"

#define LOTS	200000

/* ---- a client -------------------------------------------------------------------------- */

struct client {
	struct console_feed feed;
	int fd;
	uint64_t wrong, lost;
	char end[300];
};

static void got_data(struct console_feed *feed, const uint8_t *data, size_t len)
{
	struct client *c = container_of(feed, struct client, feed);
	size_t i;

	for (i = 0; i < len; i++)
		c->wrong += data[i] != pattern(feed->at - len + i);
}

static void got_lost(struct console_feed *feed, uint64_t count)
{
	container_of(feed, struct client, feed)->lost += count;
}

static void got_word(struct console_feed *feed, enum console_type type,
		     const char *text)
{
	struct client *c = container_of(feed, struct client, feed);

	if (type == CONSOLE_END)
		snprintf(c->end, sizeof(c->end), "%s", text);
}

static const struct console_feed_ops feed_ops = {
	.data = got_data, .lost = got_lost, .word = got_word,
};

static void join(struct client *c, unsigned int flags)
{
	struct console_attach a;

	memset(c, 0, sizeof(*c));
	console_feed_init(&c->feed, &feed_ops);
	console_feed_attach(&c->feed, flags, &a);
	c->fd = local_connect(path, SOCK_STREAM, &err);
	if (c->fd < 0 || write(c->fd, &a, sizeof(a)) != sizeof(a))
		abort();
}

/* Reads until offset @until, or the end of the stream, for ten seconds at most. */
static bool read_to(struct client *c, uint64_t until)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	uint8_t data[5000];
	ssize_t n;

	while (c->feed.at < until && poll(&pfd, 1, 10000) > 0) {
		n = read(c->fd, data, sizeof(data));
		if (n <= 0 || console_feed_take(&c->feed, data, (size_t)n, &err))
			break;
	}
	return c->feed.at == until && !c->wrong && !c->lost;
}

static bool log_is(uint64_t count)
{
	FILE *f = fopen(log_path, "r");
	uint64_t i = 0;
	int c;

	if (!f)
		return false;
	while ((c = fgetc(f)) != EOF && c == pattern(i))
		i++;
	fclose(f);
	return c == EOF && i == count;
}

/* ---- cases ------------------------------------------------------------------------------ */

static void test_life(void)
{
	struct client a, b;

	begin();
	power_on();
	say(0, 1000);
	join(&a, CONSOLE_WRITE);
	tap_ok(read_to(&a, 1000), "the guest's bytes come, also those of before");
	tap_ok(write(a.fd, "xy", 2) == 2 && key() == 'x' && key() == 'y',
	       "keys go to the guest");
	power_off();
	tap_ok(write(a.fd, "z", 1) == 1 && !poll(NULL, 0, 50),
	       "a key comes while there is no machine");
	power_on();
	tap_ok(key() == 'z', "the next one gets it");
	say(1000, LOTS);
	tap_ok(read_to(&a, 1000 + LOTS), "a client sees one stream");
	join(&b, CONSOLE_TAIL);
	tap_ok(!poll(NULL, 0, 50), "another comes late");
	say(1000 + LOTS, 500);
	power_off();
	session_end(&session, "powered off", 5000);
	read_to(&a, UINT64_MAX);
	read_to(&b, UINT64_MAX);
	tap_ok(a.feed.at == LOTS + 1500 && !strcmp(a.end, "powered off") &&
	       !a.wrong && !a.lost, "the end is told behind the last byte");
	tap_ok(b.feed.at == LOTS + 1500 && !strcmp(b.end, "powered off") &&
	       !b.wrong && !b.lost, "to all");
	close(a.fd);
	close(b.fd);
	session_close(&session);
	unlink(path);
	tap_ok(log_is(LOTS + 1500), "the log has it all");
	console_log_remove(&paths, "web", &err);
}

/* Who does not read is waited for so long, and the log not at all. */
static void test_sleeper(void)
{
	struct client c;
	int64_t begun;

	begin();
	power_on();
	join(&c, 0);
	tap_ok(read_to(&c, 0), "a client that sleeps");
	say(0, LOTS * 2);
	power_off();
	begun = now_ms();
	session_end(&session, "powered off", 300);
	begun = now_ms() - begun;
	tap_ok(begun >= 250 && begun < 5000, "is waited for: %d ms", (int)begun);
	session_close(&session);
	unlink(path);
	close(c.fd);
	begin();
	begun = now_ms();
	session_end(&session, "powered off", 5000);
	tap_ok(now_ms() - begun < 2000, "without clients nobody waits");
	session_close(&session);
}

static void test_places(void)
{
	struct paths nowhere = { .log = "/dev/null/x" };

	tap_ok(session_open(&session, &nowhere, "web", &err),
	       "no place for the log: %s", err.text);
	session_close(&session);
	memset(&session, 0, sizeof(session));
	session_close(&session);
	tap_ok(true, "it can be closed wherever it failed");
}

int main(void)
{
	if (!session_places())
		return 1;
	test_life();
	test_sleeper();
	test_places();
	return session_gone() ? tap_done() : 1;
}
