// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/talk.h"
#include "vm/feed.h"

enum { FEED_MOMENT = 1, FEED_GO };

/** struct fed - what comes with the memory */
struct fed {
	struct snap_id id;
	uint64_t size;
};

int feed_store(struct err *err)
{
	int fd = memfd_create("state", MFD_CLOEXEC);

	return fd < 0 ? err_set(err, VMCTL_FAILED, "memfd: %s",
				strerror(errno)) : fd;
}

int feed_fill(int store, const void *state, size_t size, struct err *err)
{
	const char *from = state;
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = pwrite(store, from + done, size - done, (off_t)done);
		if (n < 0)
			return err_set(err, VMCTL_FAILED, "memfd: %s",
				       strerror(errno));
		done += (size_t)n;
	}
	return 0;
}

int feed_make(struct feed *feed, int store, int *to, struct err *err)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return err_set(err, VMCTL_FAILED, "socketpair: %s",
			       strerror(errno));
	*feed = (struct feed){ .fd = fd[0], .store = store, .memory = -1 };
	*to = fd[1];
	return 0;
}

static int give(int to, uint16_t verb, const void *data, size_t len, int pass,
		struct err *err)
{
	const struct talk_head head = {
		.magic = TALK_MAGIC, .version = TALK_VERSION, .verb = verb,
	};

	if (!talk_send(to, &head, data, len, pass, 0))
		return 0;
	return err_set(err, VMCTL_FAILED, "its process died before it was ready");
}

int feed_give(int to, const struct snap_id *id, int memory, size_t state,
	      struct err *err)
{
	const struct fed fed = { .id = *id, .size = state };

	return give(to, FEED_MOMENT, &fed, sizeof(fed), memory, err);
}

int feed_let_go(int to, struct err *err)
{
	return give(to, FEED_GO, NULL, 0, -1, err);
}

/* ---- the process --------------------------------------------------------------------- */

static int receive(struct feed *f, uint16_t verb, struct talk_message *m,
		   struct err *err)
{
	enum talk_kind kind = talk_receive(f->fd, m, true, 0);

	if (kind == TALK_GOOD && m->head.verb == verb)
		return 0;
	if (m->fd >= 0)
		close(m->fd);
	return err_set(err, VMCTL_FAILED, "who forked it has gone");
}

static int read_state(struct feed *f, size_t size, struct err *err)
{
	size_t done = 0;
	ssize_t n = 1;
	uint8_t *to;

	to = bytes_extend(&f->state, size);
	if (!to)
		return err_set(err, VMCTL_FAILED, "out of memory");
	for (; done < size && n > 0; done += n > 0 ? (size_t)n : 0)
		n = pread(f->store, to + done, size - done, (off_t)done);
	return done == size ? 0 :
	       err_set(err, VMCTL_FAILED, "its state cannot be read");
}

static int take(struct feed *f, struct talk_message *m, struct err *err)
{
	struct fed fed;

	if (receive(f, FEED_MOMENT, m, err))
		return -1;
	f->memory = m->fd;
	if (f->memory < 0 || m->len != sizeof(fed))
		return err_set(err, VMCTL_FAILED, "it was fed nonsense");
	memcpy(&fed, m->data, sizeof(fed));
	f->id = fed.id;
	return read_state(f, fed.size, err);
}

int feed_take(struct feed *f, struct err *err)
{
	struct talk_message *m = malloc(sizeof(*m));
	int ret;

	if (!m)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = take(f, m, err);
	free(m);
	return ret;
}

void feed_done(struct feed *f)
{
	bytes_fini(&f->state);
	if (f->memory >= 0)
		close(f->memory);
	f->memory = -1;
	close(f->store);
	f->store = -1;
}

int feed_await(struct feed *f, struct err *err)
{
	struct talk_message *m = malloc(sizeof(*m));
	int ret;

	if (!m)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = receive(f, FEED_GO, m, err);
	free(m);
	close(f->fd);
	f->fd = -1;
	return ret;
}
