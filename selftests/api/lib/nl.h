/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Talking to the netlink family from tests.
 *
 * One request at a time: nt_begin(), nla_put_*() into nt_msg, nt_do() for one
 * answer, nt_dump() for many.  What the kernel says in words, and the attribute it
 * blames, are in nt_text and nt_offset after a refusal, of each thread's own.
 */
#ifndef API_NL_H
#define API_NL_H

#include <netlink/netlink.h>
#include <netlink/genl/genl.h>
#include <netlink/genl/ctrl.h>
#include <linux/genetlink.h>

#include <linux/vmm_netlink.h>

#include "../vmmtest.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define NT_MAX	(VMM_NL_A_MAX + 1)

static struct nl_sock *nt_sock;
static int nt_family;
static struct nl_msg *nt_msg;
static __thread char nt_text[256];
static __thread unsigned int nt_offset;
static char nt_buf[65536];
static bool nt_interrupted;

typedef void (*nt_fn)(struct nlattr **a, void *arg);

/* A socket with words in refusals. */
VT_UNUSED static struct nl_sock *nt_open(int *family)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct timeval tv = { .tv_sec = 20 };
	int on = 1;

	if (!sock || genl_connect(sock))
		vt_bail("generic netlink");
	*family = genl_ctrl_resolve(sock, VMM_NL_FAMILY_NAME);
	if (*family < 0)
		vt_bail("family: %s", nl_geterror(*family));
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &on,
		   sizeof(on));
	setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &tv,
		   sizeof(tv));
	return sock;
}

VT_UNUSED static void nt_begin(int cmd, int flags)
{
	nlmsg_free(nt_msg);
	nt_msg = nlmsg_alloc_size(32768);
	if (!nt_msg || !genlmsg_put(nt_msg, NL_AUTO_PORT, NL_AUTO_SEQ, nt_family,
				    0, flags, cmd, VMM_NL_FAMILY_VERSION))
		vt_bail("message");
}

/* Errno of an error message, with what it says. */
VT_UNUSED static int nt_error(struct nlmsghdr *h)
{
	struct nlmsgerr *e = nlmsg_data(h);
	size_t skip = sizeof(*e);
	struct nlattr *a;
	int rest;

	nt_text[0] = 0;
	nt_offset = 0;
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return -e->error;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += e->msg.nlmsg_len - NLMSG_HDRLEN;
	a = (struct nlattr *)((char *)e + NLMSG_ALIGN(skip));
	rest = (char *)h + h->nlmsg_len - (char *)a;
	for (; nla_ok(a, rest); a = nla_next(a, &rest)) {
		if (nla_type(a) == NLMSGERR_ATTR_MSG)
			snprintf(nt_text, sizeof(nt_text), "%s",
				 (char *)nla_data(a));
		if (nla_type(a) == NLMSGERR_ATTR_OFFS)
			nt_offset = nla_get_u32(a);
	}
	return -e->error;
}

/* All messages of one datagram; 1: that was the end, below 0: an errno. */
VT_UNUSED static int nt_parse(int len, nt_fn fn, void *arg)
{
	struct nlattr *a[NT_MAX];
	struct nlmsghdr *h = (struct nlmsghdr *)nt_buf;

	for (; nlmsg_ok(h, len); h = nlmsg_next(h, &len)) {
		nt_interrupted |= !!(h->nlmsg_flags & NLM_F_DUMP_INTR);
		if (h->nlmsg_type == NLMSG_ERROR)
			return nt_error(h) ? -nt_error(h) : 1;
		if (h->nlmsg_type == NLMSG_DONE)
			return *(int *)nlmsg_data(h) ? *(int *)nlmsg_data(h) : 1;
		if (h->nlmsg_type != nt_family ||
		    genlmsg_parse(h, 0, a, VMM_NL_A_MAX, NULL))
			return -EBADMSG;
		if (fn)
			fn(a, arg);
	}
	return 0;
}

/* 0 or an errno. */
VT_UNUSED static int nt_exchange(nt_fn fn, void *arg)
{
	int fd = nl_socket_get_fd(nt_sock), len, ret;

	nt_interrupted = false;
	nl_complete_msg(nt_sock, nt_msg);
	if (send(fd, nlmsg_hdr(nt_msg), nlmsg_hdr(nt_msg)->nlmsg_len, 0) < 0)
		return errno;
	do {
		len = recv(fd, nt_buf, sizeof(nt_buf), 0);
		if (len < 0)
			return errno;
		ret = nt_parse(len, fn, arg);
	} while (!ret);
	return ret < 0 ? -ret : 0;
}

/* One VM by id: nothing else asked. */
VT_UNUSED static int nt_vm(int cmd, uint32_t id, nt_fn fn, void *arg)
{
	nt_begin(cmd, NLM_F_ACK);
	nla_put_u32(nt_msg, VMM_NL_A_VM_ID, id);
	return nt_exchange(fn, arg);
}

VT_UNUSED static int nt_dump(int cmd, uint32_t id, nt_fn fn, void *arg)
{
	nt_begin(cmd, NLM_F_DUMP);
	if (id)
		nla_put_u32(nt_msg, VMM_NL_A_VM_ID, id);
	return nt_exchange(fn, arg);
}

/* A refusal with that errno, and with words. */
VT_UNUSED static bool nt_refused(int err, int wanted)
{
	if (err == wanted && nt_text[0])
		return true;
	tap_note("got %s (%s), wanted %s", strerror(err), nt_text,
		 strerror(wanted));
	return false;
}

VT_UNUSED static uint32_t nt_u32(struct nlattr **a, int attr)
{
	return a[attr] ? nla_get_u32(a[attr]) : ~0U;
}

VT_UNUSED static uint64_t nt_u64(struct nlattr **a, int attr)
{
	return a[attr] ? nla_get_u64(a[attr]) : ~0ULL;
}

/* ---- what most tests ask ---------------------------------------------------- */

/**
 * struct nt_seen - of one VM
 */
struct nt_seen {
	uint32_t id, state, owner, vcpus, max_vcpus, requests;
	uint64_t memory, max_memory, resident, uptime, paused, seq[3];
	char name[64];
	int records, labels;
};

VT_UNUSED static void nt_see(struct nlattr **a, void *arg)
{
	struct nt_seen *s = arg;

	s->records++;
	s->id = nt_u32(a, VMM_NL_A_VM_ID);
	s->state = nt_u32(a, VMM_NL_A_STATE);
	s->owner = nt_u32(a, VMM_NL_A_OWNER);
	s->vcpus = nt_u32(a, VMM_NL_A_VCPUS);
	s->max_vcpus = nt_u32(a, VMM_NL_A_MAX_VCPUS);
	s->requests = nt_u32(a, VMM_NL_A_REQUESTS);
	s->memory = nt_u64(a, VMM_NL_A_MEMORY);
	s->max_memory = nt_u64(a, VMM_NL_A_MAX_MEMORY);
	s->resident = nt_u64(a, VMM_NL_A_RESIDENT);
	s->uptime = nt_u64(a, VMM_NL_A_UPTIME_NS);
	s->paused = nt_u64(a, VMM_NL_A_PAUSED_NS);
	s->seq[0] = nt_u64(a, VMM_NL_A_LIFE_SEQ);
	s->seq[1] = nt_u64(a, VMM_NL_A_LIMITS_SEQ);
	s->seq[2] = nt_u64(a, VMM_NL_A_FAULTS_SEQ);
	if (a[VMM_NL_A_NAME])
		snprintf(s->name, sizeof(s->name), "%s",
			 nla_get_string(a[VMM_NL_A_NAME]));
}

VT_UNUSED static struct nt_seen nt_get(uint32_t id)
{
	struct nt_seen s = {};

	if (nt_vm(VMM_NL_CMD_VM_GET, id, nt_see, &s) || s.records != 1)
		s.id = 0;
	return s;
}

/* The newest VM: the one with the greatest id. */
VT_UNUSED static void nt_max(struct nlattr **a, void *arg)
{
	uint32_t *id = arg, n = nt_u32(a, VMM_NL_A_VM_ID);

	if (n > *id)
		*id = n;
}

VT_UNUSED static uint32_t nt_newest(void)
{
	uint32_t id = 0;

	nt_dump(VMM_NL_CMD_VM_GET, 0, nt_max, &id);
	return id;
}

/* For dumps: how many records. */
VT_UNUSED static void nt_count(struct nlattr **a, void *arg)
{
	(*(int *)arg)++;
}

VT_UNUSED static int nt_rename(uint32_t id, const char *name)
{
	nt_begin(VMM_NL_CMD_VM_SET, NLM_F_ACK);
	nla_put_u32(nt_msg, VMM_NL_A_VM_ID, id);
	nla_put_string(nt_msg, VMM_NL_A_NEW_NAME, name);
	return nt_exchange(NULL, NULL);
}

VT_UNUSED static bool nt_child_good(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && !status;
}

/* ---- events ----------------------------------------------------------------- */

struct nt_event {
	uint32_t event, vm, owner, vcpu, reason;
	uint64_t seq;
};

VT_UNUSED static struct nl_sock *nt_listen(const char *group)
{
	int family, id;
	struct nl_sock *sock = nt_open(&family);

	id = genl_ctrl_resolve_grp(sock, VMM_NL_FAMILY_NAME, group);
	if (id < 0 || nl_socket_add_membership(sock, id))
		vt_bail("group %s", group);
	return sock;
}

/* The next event, within @ms; an errno otherwise. */
VT_UNUSED static int nt_next(struct nl_sock *sock, struct nt_event *e, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	struct nlattr *a[NT_MAX];
	int fd = nl_socket_get_fd(sock);
	ssize_t len;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	len = recv(fd, nt_buf, sizeof(nt_buf), 0);
	if (len < 0)
		return errno;
	if (genlmsg_parse((struct nlmsghdr *)nt_buf, 0, a, VMM_NL_A_MAX, NULL))
		return EBADMSG;
	e->event = nt_u32(a, VMM_NL_A_EVENT);
	e->vm = nt_u32(a, VMM_NL_A_VM_ID);
	e->owner = nt_u32(a, VMM_NL_A_OWNER);
	e->vcpu = nt_u32(a, VMM_NL_A_VCPU_ID);
	e->reason = nt_u32(a, VMM_NL_A_STOP_REASON);
	e->seq = nt_u64(a, VMM_NL_A_SEQ);
	return 0;
}

VT_UNUSED static bool nt_expect(struct nl_sock *sock, uint32_t vm,
				uint32_t event, uint64_t seq)
{
	struct nt_event e = {};
	int err = nt_next(sock, &e, 5000);

	if (!err && e.vm == vm && e.event == event && e.seq == seq)
		return true;
	tap_note("%s: VM %u event %u seq %llu, wanted %u %u %llu",
		 strerror(err), e.vm, e.event, (unsigned long long)e.seq, vm,
		 event, (unsigned long long)seq);
	return false;
}

VT_UNUSED static void nt_start(void)
{
	vt_open();
	nt_sock = nt_open(&nt_family);
}

#endif
