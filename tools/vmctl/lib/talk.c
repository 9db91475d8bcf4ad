// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lib/out.h"
#include "lib/talk.h"

/* Room for one file in a message, aligned as it must be. */
union one_file {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

static void add_file(struct msghdr *msg, union one_file *control, int file)
{
	memset(control, 0, sizeof(*control));
	msg->msg_control = control->room;
	msg->msg_controllen = sizeof(control->room);
	control->head.cmsg_level = SOL_SOCKET;
	control->head.cmsg_type = SCM_RIGHTS;
	control->head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control->head), &file, sizeof(file));
}

/* There is room for one; the kernel closes what goes beyond. */
static int file_of(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int file;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(file)))
		return -1;
	memcpy(&file, CMSG_DATA(c), sizeof(file));
	return file;
}

int talk_send(int fd, const struct talk_head *head, const void *data,
	      size_t len, int pass, int flags)
{
	struct iovec iov[2] = {
		{ (void *)head, sizeof(*head) }, { (void *)data, len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = len ? 2 : 1 };
	union one_file control;
	ssize_t n;

	if (len > TALK_MAX_DATA)
		return -EMSGSIZE;
	if (pass >= 0)
		add_file(&msg, &control, pass);
	do {
		n = sendmsg(fd, &msg, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

enum talk_kind talk_receive(int fd, struct talk_message *m, bool files,
			    int flags)
{
	struct iovec iov[2] = {
		{ &m->head, sizeof(m->head) }, { m->data, TALK_MAX_DATA },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	union one_file control;
	ssize_t n;

	/* a reset is told once, before what was sent ahead of it */
	do {
		msg.msg_control = files ? control.room : NULL;
		msg.msg_controllen = files ? sizeof(control.room) : 0;
		n = recvmsg(fd, &msg, flags | MSG_CMSG_CLOEXEC);
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	m->len = 0;
	m->fd = n < 0 ? -1 : file_of(&msg);
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

static void drop_file(struct talk_message *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
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
		kind = talk_receive(fd, reply, true, MSG_DONTWAIT);
		if (kind == TALK_NONE)
			continue;
		if (kind != TALK_GOOD || reply->head.seq == seq ||
		    !reply->head.seq)
			return kind;
		drop_file(reply);
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
	int ret = talk_send(fd, &head, data, len, -1, 0);

	reply->fd = -1;
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
		drop_file(reply);
		return err_set(err, VMCTL_FAILED,
			       "its process is of another version; try: the vmctl that started it");
	}
	if (!reply->head.code)
		return 0;
	drop_file(reply);
	out_tame(reply->data);
	return err_set(err, (int)(reply->head.code & 0xff) ?: VMCTL_FAILED,
		       "%.500s", reply->data);
}
