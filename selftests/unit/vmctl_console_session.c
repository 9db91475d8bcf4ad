// SPDX-License-Identifier: GPL-2.0
/*
 * The console of a machine in the background from port to file and socket: bytes reach
 * the log and the clients, keys the guest, also over a reset, and the end is told behind
 * the last byte without waiting for ever for who does not read.
 */
#include <linux/serial_reg.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/local.h"
#include "tap.h"
#include "vm/console_feed.h"
#include "vm/console_session.h"

#define LOTS	200000

static char root[] = "/tmp/vmctl-session-XXXXXX";
static char path[PATHS_LEN], log_path[PATHS_LEN];
static struct paths paths;
static struct console_session session;
static struct serial serial;
static struct err err;

static void drive(struct irq_line *line, bool level)
{
}

static struct irq_line line = { .drive = drive };

static uint8_t in(unsigned int reg)
{
	return (uint8_t)serial.port.ops->in(&serial.port, reg, 1);
}

static void out(unsigned int reg, uint8_t value)
{
	serial.port.ops->out(&serial.port, reg, 1, value);
}

static uint8_t pattern(uint64_t i)
{
	return (uint8_t)('a' + (i * 7 + i / 26) % 26);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* ---- the machine -------------------------------------------------------------------- */

static void begin(void)
{
	if (session_open(&session, &paths, "web", &err) ||
	    session_serve(&session, path, &err)) {
		tap_note("%s", err.text);
		abort();
	}
}

static void power_on(void)
{
	struct cable *cable = &session.cable;

	if (cable->ops->plug(cable, &serial, NULL, &err))
		abort();
	serial_init(&serial, &line, &cable->sink);
	if (cable->ops->begin(cable, NULL, "web", &err))
		abort();
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	out(UART_MCR, UART_MCR_RTS);
}

static void power_off(void)
{
	session.cable.ops->unplug(&session.cable);
}

static void say(uint64_t from, uint64_t count)
{
	while (count--)
		out(UART_TX, pattern(from++));
}

/* The next key; -1: none within a second. */
static int key(void)
{
	int64_t until = now_ms() + 1000;

	while (now_ms() < until)
		if (in(UART_LSR) & UART_LSR_DR)
			return in(UART_RX);
	return -1;
}

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
	char command[64];

	if (!mkdtemp(root))
		return 1;
	snprintf(paths.log, sizeof(paths.log), "%s/log", root);
	snprintf(path, sizeof(path), "%s/console", root);
	snprintf(log_path, sizeof(log_path), "%s/log/web/console.log", root);
	test_life();
	test_sleeper();
	test_places();
	snprintf(command, sizeof(command), "rm -r %s", root);
	if (system(command))
		return 1;
	return tap_done();
}
