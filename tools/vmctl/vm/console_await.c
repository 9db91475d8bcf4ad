// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/container.h"
#include "vm/console_await.h"
#include "vm/console_feed.h"

#define CHUNK	4096

/**
 * struct seeker - looks for @text in a stream
 * @seen:	@have bytes: the end of what came, which may be how @text begins,
 *		and room for a chunk behind
 */
struct seeker {
	struct console_feed feed;
	const char *text;
	size_t len, have;
	bool found;
	char seen[CONSOLE_AWAIT_MAX + CHUNK];
};

static void data(struct console_feed *feed, const uint8_t *bytes, size_t len)
{
	struct seeker *s = container_of(feed, struct seeker, feed);
	size_t keep;

	/* no more comes at once than is read */
	memcpy(s->seen + s->have, bytes, len);
	s->have += len;
	if (memmem(s->seen, s->have, s->text, s->len))
		s->found = true;
	keep = s->len - 1 < s->have ? s->len - 1 : s->have;
	memmove(s->seen, s->seen + s->have - keep, keep);
	s->have = keep;
}

/* What comes before a gap and behind it is no text. */
static void lost(struct console_feed *feed, uint64_t count)
{
	(void)count;
	container_of(feed, struct seeker, feed)->have = 0;
}

static void word(struct console_feed *feed, enum console_type type,
		 const char *text)
{
	(void)feed;
	(void)type;
	(void)text;
}

static const struct console_feed_ops ops = {
	.data = data, .lost = lost, .word = word,
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Waits for input; 0: none in time */
static int wait_for(int fd, uint64_t begun, uint64_t timeout_ns)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t passed = now_ns() - begun, left;

	if (timeout_ns == UINT64_MAX)
		return poll(&pfd, 1, -1);
	if (passed >= timeout_ns)
		return poll(&pfd, 1, 0);
	left = (timeout_ns - passed) / 1000000 + 1;
	return poll(&pfd, 1, left < 1000000 ? (int)left : 1000000) ?: -1;
}

/* One look at what came; 1: the stream has ended */
static int take(struct seeker *s, int fd, struct err *err)
{
	uint8_t chunk[CHUNK];
	ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return 1;
	return console_feed_take(&s->feed, chunk, (size_t)n, err);
}

int console_await(int fd, const char *text, uint64_t timeout_ns,
		  struct err *err)
{
	struct seeker s = { .text = text, .len = strlen(text) };
	uint64_t begun = now_ns();
	struct console_attach a;
	int ret = 0;

	if (!s.len || s.len > CONSOLE_AWAIT_MAX)
		return err_set(err, VMCTL_USAGE,
			       "a text to wait for has 1 to %d bytes",
			       CONSOLE_AWAIT_MAX);
	console_feed_init(&s.feed, &ops);
	console_feed_attach(&s.feed, 0, &a);
	send(fd, &a, sizeof(a), MSG_NOSIGNAL);
	while (!ret && !s.found) {
		if (!wait_for(fd, begun, timeout_ns))
			return err_set(err, VMCTL_TIMEOUT, "not so yet");
		ret = take(&s, fd, err);
	}
	if (s.found || ret < 0)
		return s.found ? 0 : ret;
	return err_set(err, VMCTL_STATE, "the VM has ended");
}
