// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/vmm_netlink.h>

#include "lib/watch.h"

#define ROOM	(1 << 20)	/* bytes of events that may wait for us */

/* As much as the system allows. */
static void make_room(struct nl_sock *sock)
{
	int room = ROOM;

	if (setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVBUFFORCE,
		       &room, sizeof(room)))
		nl_socket_set_buffer_size(sock, room, 0);
}

int watch_open(struct control *hear, unsigned int groups, struct err *err)
{
	int ret;

	if (control_open(hear, err))
		return -1;
	make_room(hear->sock);
	if (control_join(hear, groups, err)) {
		control_close(hear);
		return -1;
	}
	ret = nl_socket_set_nonblocking(hear->sock);
	if (!ret)
		return 0;
	control_close(hear);
	return err_set(err, VMCTL_FAILED, "netlink: %s", nl_geterror(ret));
}

/** struct hearer - who is told; @failed: @err is filled */
struct hearer {
	int family;
	watch_fn fn;
	void *arg;
	struct err *err;
	bool failed;
};

static int malformed(struct err *err)
{
	return err_set(err, VMCTL_MODULE,
		       "netlink: an event that cannot be understood; try: the vmctl that came with the module");
}

static int take(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *m = nlmsg_hdr(msg);
	struct genlmsghdr *genl = nlmsg_data(m);
	struct hearer *h = arg;
	struct record_event event;

	if (m->nlmsg_type != h->family || !genlmsg_valid_hdr(m, 0) ||
	    genl->cmd != VMM_NL_CMD_EVENT)
		return NL_OK;
	if (record_parse_event(genlmsg_attrdata(genl, 0),
			       (size_t)genlmsg_attrlen(genl, 0), &event))
		h->failed = malformed(h->err);
	else
		h->failed = h->fn(&event, h->arg, h->err);
	return h->failed ? NL_STOP : NL_OK;
}

int watch_read(struct control *hear, watch_fn fn, void *arg, struct err *err)
{
	struct hearer h = {
		.family = hear->family, .fn = fn, .arg = arg, .err = err,
	};
	bool dropped = false;
	int ret;

	nl_socket_modify_cb(hear->sock, NL_CB_VALID, NL_CB_CUSTOM, take, &h);
	/* events answer nothing */
	nl_socket_disable_seq_check(hear->sock);
	for (;;) {
		ret = nl_recvmsgs_default(hear->sock);
		if (h.failed)
			return -1;
		if (ret == -NLE_AGAIN)
			return dropped;
		/* libnl says the same of memory of ours */
		if (ret == -NLE_NOMEM && errno == ENOBUFS)
			dropped = true;
		else if (ret < 0)
			return err_set(err, VMCTL_FAILED,
				       "netlink: cannot receive: %s",
				       nl_geterror(ret));
	}
}

int watch_wait(struct control *hear, int ms, struct err *err)
{
	struct pollfd p = { .fd = nl_socket_get_fd(hear->sock), .events = POLLIN };

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
