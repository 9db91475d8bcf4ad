// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "lib/talk.h"

int talk_send(int fd, const struct talk_head *head, const void *data,
	      size_t len, int flags)
{
	struct iovec iov[2] = {
		{ (void *)head, sizeof(*head) }, { (void *)data, len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = len ? 2 : 1 };
	ssize_t n;

	if (len > TALK_MAX_DATA)
		return -EMSGSIZE;
	do {
		n = sendmsg(fd, &msg, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

enum talk_kind talk_receive(int fd, struct talk_message *m, int flags)
{
	struct iovec iov[2] = {
		{ &m->head, sizeof(m->head) }, { m->data, TALK_MAX_DATA },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;

	/* a reset is told once, before what was sent ahead of it */
	do {
		n = recvmsg(fd, &msg, flags);
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	m->len = 0;
	if (n < 0)
		return errno == EAGAIN ? TALK_NONE : TALK_OVER;
	if (!n)
		return TALK_OVER;	/* an empty one is never sent */
	if ((size_t)n < sizeof(m->head) || msg.msg_flags & MSG_TRUNC) {
		memset(&m->head, 0, sizeof(m->head));
		return TALK_BAD;
	}
	m->len = (size_t)n - sizeof(m->head);
	m->data[m->len] = 0;
	if (m->head.magic != TALK_MAGIC)
		return TALK_BAD;
	return m->head.version == TALK_VERSION ? TALK_GOOD : TALK_FOREIGN;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/*
 * Takes the reply to @seq, or 0: who was refused before asking.  Others are to
 * requests that were given up.
 */
static enum talk_kind await(int fd, uint32_t seq, unsigned int ms,
			    struct talk_message *reply)
{
	int64_t until = now_ms() + ms, left;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	enum talk_kind kind;

	for (;;) {
		left = until - now_ms();
		if (poll(&pfd, 1, left > 0 ? (int)left : 0) <= 0 && left <= 0)
			return TALK_NONE;
		kind = talk_receive(fd, reply, MSG_DONTWAIT);
		if (kind == TALK_NONE)
			continue;
		if (kind != TALK_GOOD || reply->head.seq == seq ||
		    !reply->head.seq)
			return kind;
	}
}

static int gone(struct err *err)
{
	return err_set(err, VMCTL_FAILED,
		       "its process ended before it answered; try: vmctl list -a");
}

int talk_ask(int fd, uint16_t verb, const void *data, size_t len,
	     unsigned int ms, struct talk_message *reply, struct err *err)
{
	static atomic_uint seq;
	struct talk_head head = {
		.magic = TALK_MAGIC, .version = TALK_VERSION, .verb = verb,
		.seq = ++seq,
	};
	int ret = talk_send(fd, &head, data, len, 0);

	if (ret == -EMSGSIZE)
		return err_set(err, VMCTL_USAGE, "too much for one request");
	/* who refused before it was asked has left its reply */
	switch (await(fd, head.seq, ret ? 0 : ms, reply)) {
	case TALK_GOOD:
		break;
	case TALK_NONE:
		return ret ? gone(err) : err_set(err, VMCTL_TIMEOUT,
						 "its process does not answer");
	case TALK_OVER:
		return gone(err);
	default:
		return err_set(err, VMCTL_FAILED,
			       "its process is of another version; try: the vmctl that started it");
	}
	if (!reply->head.code)
		return 0;
	return err_set(err, (int)(reply->head.code & 0xff), "%.500s",
		       reply->data);
}
