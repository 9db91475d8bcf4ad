// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "vm/loop.h"

#define BATCH	8

int loop_init(struct loop *loop, struct err *err)
{
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return err_set(err, VMCTL_FAILED, "epoll: %s",
			       strerror(errno));
	return 0;
}

void loop_fini(struct loop *loop)
{
	if (loop->epoll >= 0)
		close(loop->epoll);
	loop->epoll = -1;
}

int loop_add(struct loop *loop, struct loop_source *source, struct err *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	if (!epoll_ctl(loop->epoll, EPOLL_CTL_ADD, source->fd, &event))
		return 0;
	if (errno == EPERM)
		return 1;
	return err_set(err, VMCTL_FAILED, "cannot wait for file %d: %s",
		       source->fd, strerror(errno));
}

void loop_watch(struct loop *loop, struct loop_source *source, bool in, bool out)
{
	struct epoll_event event = {
		.events = (in ? EPOLLIN : 0) | (out ? EPOLLOUT : 0),
		.data.ptr = source,
	};

	epoll_ctl(loop->epoll, EPOLL_CTL_MOD, source->fd, &event);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
}

int loop_once(struct loop *loop, struct err *err)
{
	struct epoll_event event[BATCH];
	struct loop_source *source;
	int i, n = epoll_wait(loop->epoll, event, BATCH, -1);

	if (n < 0 && errno != EINTR)
		return err_set(err, VMCTL_FAILED, "epoll_wait: %s",
			       strerror(errno));
	for (i = 0; i < n; i++) {
		source = event[i].data.ptr;
		source->ready(source);
	}
	return 0;
}
