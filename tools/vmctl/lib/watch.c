// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/vmm_netlink.h>

#include "lib/watch.h"

#define ROOM	(1 << 20)	/* bytes of events that may wait for us */

int watch_open(struct control *hear, unsigned int groups, struct err *err)
{
	int room = ROOM;
	unsigned int g;

	if (control_open(hear, err))
		return -1;
	/* as much as the system allows */
	if (setsockopt(hear->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room,
		       sizeof(room)))
		setsockopt(hear->fd, SOL_SOCKET, SO_RCVBUF, &room,
			   sizeof(room));
	for (g = 0; g < CONTROL_NR_GROUPS; g++) {
		if (!(groups >> g & 1) || !control_join(hear, g, err))
			continue;
		control_close(hear);
		return -1;
	}
	return 0;
}

static int take(struct control *hear, size_t len, watch_fn fn, void *arg,
		struct err *err)
{
	struct nl_walk w = nl_walk(hear->buf, len);
	struct record_event event;
	struct nl_message m;

	while (nl_next_message(&w, &m)) {
		if (m.type != hear->family || m.len < GENL_HDRLEN ||
		    m.data[0] != VMM_NL_CMD_EVENT)
			continue;
		if (record_parse_event(m.data + GENL_HDRLEN,
				       m.len - GENL_HDRLEN, &event))
			return err_set(err, VMCTL_MODULE,
				       "netlink: an event that cannot be understood; try: the vmctl that came with the module");
		if (fn(&event, arg, err))
			return -1;
	}
	return 0;
}

int watch_read(struct control *hear, watch_fn fn, void *arg, struct err *err)
{
	bool dropped = false;
	ssize_t got;

	for (;;) {
		got = control_receive(hear, MSG_DONTWAIT);
		if (got == -EAGAIN)
			return dropped;
		if (got == -ENOBUFS)
			dropped = true;
		else if (got < 0)
			return err_set(err, VMCTL_FAILED,
				       "netlink: cannot receive: %s",
				       strerror((int)-got));
		if (got > 0 && take(hear, (size_t)got, fn, arg, err))
			return -1;
	}
}

int watch_wait(struct control *hear, int ms, struct err *err)
{
	struct pollfd p = { .fd = hear->fd, .events = POLLIN };

	if (poll(&p, 1, ms) >= 0 || errno == EINTR)
		return 0;
	return err_set(err, VMCTL_FAILED, "poll: %s", strerror(errno));
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Events only tell that it is time to look. */
static int ignore(struct record_event *event, void *arg, struct err *err)
{
	(void)event;
	(void)arg;
	(void)err;
	return 0;
}

static enum watch_sight look(struct control *ask, uint64_t id,
			     watch_done_fn done, struct err *err)
{
	enum watch_sight sight;
	struct record_vm vm;

	if (!records_vm_by_id(ask, id, &vm, err))
		sight = done(&vm);
	else if (err->code == VMCTL_NO_VM)
		sight = done(NULL);
	else
		return WATCH_NEVER;
	if (sight == WATCH_NEVER)
		err_set(err, VMCTL_STATE, "the VM has ended");
	return sight;
}

static int until(struct control *ask, struct control *hear, uint64_t id,
		 watch_done_fn done, uint64_t timeout_ns, int check_ms,
		 struct err *err)
{
	uint64_t begun = now_ns(), passed, left_ms;
	enum watch_sight sight;

	for (;;) {
		sight = look(ask, id, done, err);
		if (sight != WATCH_NOT_YET)
			return sight == WATCH_NEVER ? -1 : 0;
		passed = now_ns() - begun;
		if (passed >= timeout_ns)
			return 1;
		left_ms = (timeout_ns - passed) / 1000000 + 1;
		if (watch_wait(hear, left_ms < (uint64_t)check_ms ?
			       (int)left_ms : check_ms, err) ||
		    watch_read(hear, ignore, NULL, err) < 0)
			return -1;
	}
}

int watch_until(struct control *ask, uint64_t id, watch_done_fn done,
		uint64_t timeout_ns, int check_ms, struct err *err)
{
	struct control hear;
	int ret;

	/* first listen, then look: nothing can happen in between */
	if (watch_open(&hear, 1U << CONTROL_LIFE, err))
		return -1;
	ret = until(ask, &hear, id, done, timeout_ns, check_ms, err);
	control_close(&hear);
	return ret;
}
