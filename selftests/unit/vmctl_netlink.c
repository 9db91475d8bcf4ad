// SPDX-License-Identifier: GPL-2.0
/*
 * Talking to the netlink family over a socket whose other end is here: requests
 * byte for byte, answers whole, cut short, wrong and out of order.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/genl.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vmm_netlink.h>

#include "lib/attrs.h"
#include "lib/container.h"
#include "lib/records.h"
#include "lib/watch.h"
#include "tap.h"

#define FAMILY	0x21
#define ATTRS	(NLMSG_HDRLEN + GENL_HDRLEN)

static struct control control;
static int kernel = -1;		/* the other end */
static int ours = -1;
static struct err err;
static struct nl_msg *msg;

/* ---- below libnl ------------------------------------------------------------------ */

/*
 * Requests are numbered from 1 at the other end, whatever libnl begins with, and
 * come from port 0.
 */
static uint32_t first, asked;

static int send_ours(struct nl_sock *sock, struct nl_msg *m)
{
	uint8_t buf[16384] __attribute__((aligned(8)));
	struct nlmsghdr *h = (struct nlmsghdr *)buf;
	ssize_t sent;

	memcpy(buf, nlmsg_hdr(m), nlmsg_hdr(m)->nlmsg_len);
	if (!asked)
		first = h->nlmsg_seq;
	asked = h->nlmsg_seq - first + 1;
	h->nlmsg_seq = asked;
	h->nlmsg_pid = 0;
	sent = send(ours, buf, h->nlmsg_len, MSG_NOSIGNAL);
	return sent < 0 ? -nl_syserr2nlerr(errno) : (int)sent;
}

/* Who writes, and what fails instead of the next datagram. */
static uint32_t writer;
static int failure;

static int receive_ours(struct nl_sock *sock, struct sockaddr_nl *from,
			unsigned char **buf, struct ucred **creds)
{
	uint8_t *data = malloc(65536);
	struct nlmsghdr *h;
	ssize_t got;
	int rest;

	errno = failure;
	got = failure ? -1 : recv(ours, data, 65536, MSG_DONTWAIT);
	failure = 0;
	if (got <= 0) {
		free(data);
		return got ? -nl_syserr2nlerr(errno) : 0;
	}
	/* so that a reader beyond is seen */
	data = realloc(data, (size_t)got);
	rest = (int)got;
	for (h = (void *)data; nlmsg_ok(h, rest); h = nlmsg_next(h, &rest))
		if (h->nlmsg_seq)
			h->nlmsg_seq += first - 1;
	from->nl_family = AF_NETLINK;
	from->nl_pid = writer;
	*buf = data;
	return (int)got;
}

static struct nl_sock *fake_socket(void)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_cb *cb = nl_socket_get_cb(sock);

	nl_cb_overwrite_send(cb, send_ours);
	nl_cb_overwrite_recv(cb, receive_ours);
	nl_cb_put(cb);
	return sock;
}

/* ---- the other end ---------------------------------------------------------------- */

static struct nl_msg *message(uint16_t type, uint16_t flags, uint8_t cmd,
			      uint32_t seq)
{
	struct nl_msg *m = nlmsg_alloc_size(8192);

	genlmsg_put(m, 0, seq, type, 0, flags, cmd, 1);
	return m;
}

static void begin(uint16_t type, uint16_t flags, uint8_t cmd)
{
	nlmsg_free(msg);
	msg = message(type, flags, cmd, 0);
}

/* A message of netlink's own. */
static void begin_plain(uint16_t type, uint16_t flags, const void *data,
			int len)
{
	nlmsg_free(msg);
	msg = nlmsg_alloc_size(8192);
	nlmsg_put(msg, 0, 0, type, 0, flags);
	nlmsg_append(msg, (void *)data, (size_t)len, NLMSG_ALIGNTO);
}

static void send_raw(const void *data, size_t len)
{
	if (send(kernel, data, len, 0) != (ssize_t)len)
		tap_ok(false, "the test's own socket");
}

static void reply(uint32_t seq)
{
	nlmsg_hdr(msg)->nlmsg_seq = seq;
	send_raw(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
}

/* NLMSG_ERROR as with NETLINK_CAP_ACK: an errno, the head of the request. */
static void verdict(int error, const char *text, uint32_t offset, uint32_t seq)
{
	struct nlmsgerr e = { .error = -error };

	e.msg.nlmsg_len = sizeof(e.msg);
	begin_plain(NLMSG_ERROR, NLM_F_CAPPED | (text ? NLM_F_ACK_TLVS : 0),
		    &e, sizeof(e));
	if (text)
		nla_put_string(msg, NLMSGERR_ATTR_MSG, text);
	if (offset)
		nla_put_u32(msg, NLMSGERR_ATTR_OFFS, offset);
	reply(seq);
}

static void done(int error, uint16_t flags, uint32_t seq)
{
	begin_plain(NLMSG_DONE, flags, &error, sizeof(error));
	reply(seq);
}

static void put_group(const char *name, uint32_t id)
{
	struct nlattr *nest = nla_nest_start(msg, (uint16_t)id);

	nla_put_string(msg, CTRL_ATTR_MCAST_GRP_NAME, name);
	nla_put_u32(msg, CTRL_ATTR_MCAST_GRP_ID, id);
	nla_nest_end(msg, nest);
}

static void tell_family_of(uint32_t seq)
{
	const uint16_t family = FAMILY;
	struct nlattr *nest;

	begin(GENL_ID_CTRL, 0, CTRL_CMD_NEWFAMILY);
	nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, VMM_NL_FAMILY_NAME);
	nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, family);
	nest = nla_nest_start(msg, CTRL_ATTR_MCAST_GROUPS);
	put_group(VMM_NL_GROUP_LIFE, 7);
	put_group("of-the-future", 8);
	put_group(VMM_NL_GROUP_FAULTS, 9);
	nla_nest_end(msg, nest);
	reply(seq);
	verdict(0, NULL, 0, seq);
}

/* The family is there. */
static void tell_family(void)
{
	tell_family_of(1);
}

static bool connect_to(void (*tell)(void))
{
	int fds[2];

	if (kernel >= 0) {
		control_close(&control);
		close(kernel);
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds))
		return false;
	close(ours);
	ours = fds[0];
	kernel = fds[1];
	asked = 0;
	tell();
	return !control_over(&control, fake_socket(), &err);
}

/* Whether @wanted is the last request that was made; frees it. */
static bool request_is(struct nl_msg *wanted)
{
	struct nlmsghdr *h = nlmsg_hdr(wanted);
	ssize_t len, last = -1;
	uint8_t buf[8192];
	bool is;

	while ((len = recv(kernel, buf, sizeof(buf), MSG_DONTWAIT)) >= 0)
		last = len;
	is = last == (ssize_t)h->nlmsg_len && !memcmp(buf, h, h->nlmsg_len);
	nlmsg_free(wanted);
	return is;
}

/* ---- VMs ------------------------------------------------------------------------------ */

static void put_label(const char *key, const char *value)
{
	struct nlattr *nest = nla_nest_start(msg, VMM_NL_A_LABEL);

	nla_put_string(msg, VMM_NL_A_LABEL_KEY, key);
	nla_put_string(msg, VMM_NL_A_LABEL_VALUE, value);
	nla_nest_end(msg, nest);
}

static void put_vm(uint32_t id, const char *name, uint32_t state)
{
	begin(FAMILY, 0, VMM_NL_CMD_VM_GET);
	nla_put_u32(msg, VMM_NL_A_VM_ID, id);
	nla_put_string(msg, VMM_NL_A_NAME, name);
	nla_put_u32(msg, VMM_NL_A_STATE, state);
	nla_put_u32(msg, VMM_NL_A_OWNER, 1000);
	nla_put_string(msg, VMM_NL_A_BACKEND, "svm");
	nla_put_u32(msg, VMM_NL_A_VCPUS, 2);
	nla_put(msg, VMM_NL_A_PAD, 0, NULL);
	nla_put_u64(msg, VMM_NL_A_MEMORY, 1ULL << 33);
	nla_put_u32(msg, VMM_NL_A_REQUESTS, VMM_REQUEST_RESET);
	nla_put_u64(msg, VMM_NL_A_FAULTS_SEQ, 3);
	put_label("tier", "front");
	put_label("empty", "");
	nla_put_string(msg, VMM_NL_A_MAX + 7, "of a newer module");
}

static void test_family(void)
{
	struct nl_msg *wanted;

	tap_ok(connect_to(tell_family) && control.family == FAMILY,
	       "the family");
	wanted = message(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK,
			 CTRL_CMD_GETFAMILY, 1);
	nla_put_string(wanted, CTRL_ATTR_FAMILY_NAME, "vmm");
	tap_ok(request_is(wanted), "as it was asked for");
	tell_family_of(2);
	tap_ok(control_join(&control, 1U << CONTROL_LIMITS, &err) &&
	       strstr(err.text, "limits"), "no such group: %s", err.text);
	tell_family_of(3);
	tap_ok(control_join(&control, 1U << CONTROL_FAULTS, &err) &&
	       asked == 3 && strstr(err.text, "faults"),
	       "a group, but no real socket: %s", err.text);
}

static void tell_no_family(void)
{
	verdict(ENOENT, NULL, 0, 1);
}

/* A number of one byte, where two are right. */
static void tell_wrong_family(void)
{
	begin(GENL_ID_CTRL, 0, CTRL_CMD_NEWFAMILY);
	nla_put_u8(msg, CTRL_ATTR_FAMILY_ID, FAMILY);
	reply(1);
	verdict(0, NULL, 0, 1);
}

static void tell_nothing(void)
{
	verdict(0, NULL, 0, 1);
}

static void test_no_family(void)
{
	tap_ok(!connect_to(tell_no_family) && err.code == VMCTL_MODULE,
	       "no module: %s", err.text);
	tap_ok(!connect_to(tell_wrong_family) && err.code == VMCTL_MODULE,
	       "a malformed family: %s", err.text);
	tap_ok(!connect_to(tell_nothing) && err.code == VMCTL_MODULE,
	       "an empty answer: %s", err.text);
}

static void test_vm(void)
{
	struct nl_msg *wanted;
	struct record_vm vm;

	connect_to(tell_family);
	put_vm(5, "web", VMM_NL_STATE_PAUSED);
	reply(2);
	verdict(0, NULL, 0, 2);
	tap_ok(!records_vm(&control, "web", &vm, &err) && vm.id == 5 &&
	       !strcmp(vm.name, "web") && !strcmp(vm.state, "paused") &&
	       !strcmp(vm.backend, "svm") && vm.owner == 1000 &&
	       vm.vcpus == 2 && vm.memory == 1ULL << 33 &&
	       vm.requests == VMM_REQUEST_RESET &&
	       vm.seq[CONTROL_FAULTS] == 3, "a VM");
	tap_ok(vm.max_memory == RECORD_NONE && vm.resident == RECORD_NONE,
	       "what is not told is none");
	tap_ok(vm.labels.count == 2 &&
	       !strcmp(vm.labels.label[0].key, "tier") &&
	       !strcmp(vm.labels.label[0].value, "front") &&
	       !strcmp(vm.labels.label[1].key, "empty") &&
	       !*vm.labels.label[1].value, "its labels");
	wanted = message(FAMILY, NLM_F_REQUEST | NLM_F_ACK, VMM_NL_CMD_VM_GET,
			 2);
	nla_put_string(wanted, VMM_NL_A_NAME, "web");
	tap_ok(request_is(wanted), "was asked for by its name");
	put_vm(7, "", 99);
	reply(3);
	verdict(0, NULL, 0, 3);
	tap_ok(!records_vm(&control, "7", &vm, &err) && !*vm.name &&
	       !strcmp(vm.state, "unknown"), "a state of a newer module");
	wanted = message(FAMILY, NLM_F_REQUEST | NLM_F_ACK, VMM_NL_CMD_VM_GET,
			 3);
	nla_put_u32(wanted, VMM_NL_A_VM_ID, 7);
	tap_ok(request_is(wanted), "digits are an id");
}

static void test_names(void)
{
	static const char *const bad[] = {
		"", "0", "4294967296", "-1", "1x", "0x", "a b", "a/b", ".a",
		"_a", "a\n", "\xc3\xbc",
		"a123456789012345678901234567890123456789012345678901234567890123",
	};
	static const char *const good[] = {
		"a", "A.b_c-9", "1", "0x10", "4294967295",
		"a12345678901234567890123456789012345678901234567890123456789012",
	};
	unsigned int i;

	begin(FAMILY, 0, VMM_NL_CMD_VM_GET);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		tap_ok(control_name(msg, bad[i], &err) &&
		       err.code == VMCTL_USAGE, "no name: bad[%u]", i);
	for (i = 0; i < ARRAY_SIZE(good); i++)
		tap_ok(!control_name(msg, good[i], &err), "a name: %s",
		       good[i]);
}

/* ---- refusals --------------------------------------------------------------------------- */

static void refusal(int error, const char *text, uint32_t offset, int code,
		    const char *words)
{
	struct record_vm vm;

	verdict(error, text, offset, asked + 1);
	memset(&err, 0, sizeof(err));
	tap_ok(records_vm(&control, "web", &vm, &err) && err.code == code &&
	       strstr(err.text, words) && !strncmp(err.text, "web: ", 5),
	       "errno %d, exit code %d: %s", error, err.code, err.text);
}

static void test_refusals(void)
{
	const uint32_t name = ATTRS;

	connect_to(tell_family);
	refusal(ENOENT, "no VM of this name", name, VMCTL_NO_VM,
		"no VM of this name; try: vmctl list -a");
	refusal(ENOENT, "the VM has no such vCPU", 0, VMCTL_FAILED,
		"no such vCPU");
	refusal(ENOENT, NULL, 0, VMCTL_FAILED, "No such file");
	refusal(EPERM, "the VM is another user's", name, VMCTL_PERM,
		"another user's; try: as its owner");
	refusal(EALREADY, "the VM is paused already", 0, VMCTL_STATE,
		"paused already");
	refusal(ESHUTDOWN, "the VM is dead", 0, VMCTL_STATE, "dead");
	refusal(EBUSY, "the VM has more memory already", 0, VMCTL_STATE, "");
	refusal(ETIMEDOUT, "a vCPU did not park in time", 0, VMCTL_TIMEOUT,
		"did not park");
	refusal(EINVAL, NULL, name, VMCTL_USAGE, "Invalid argument");
	refusal(ERANGE, "integer out of range", name, VMCTL_USAGE, "range");
	refusal(ENOTUNIQ, "several VMs have this name", name, VMCTL_FAILED,
		"several VMs have this name; try: its id");
	refusal(EEXIST, "another VM has this name", name, VMCTL_FAILED, "has");
	refusal(EOPNOTSUPP, NULL, 0, VMCTL_MODULE, "came with the module");
	/* offsets that point nowhere, or into the middle of an attribute */
	refusal(ENOENT, "x", 0xffffffff, VMCTL_FAILED, "x");
	refusal(ENOENT, "x", name + 2, VMCTL_FAILED, "x");
}

/* ---- lists ------------------------------------------------------------------------------- */

static void test_lists(void)
{
	struct record_vm *vms;
	size_t count;
	uint32_t i;

	connect_to(tell_family);
	done(0, NLM_F_MULTI, 2);
	tap_ok(!records_vms(&control, &vms, &count, &err) && count == 0,
	       "an empty list");
	free(vms);
	for (i = 1; i <= 40; i++) {
		put_vm(i, "web", VMM_NL_STATE_RUNNING);
		reply(3);
	}
	done(0, NLM_F_MULTI, 3);
	tap_ok(!records_vms(&control, &vms, &count, &err) && count == 40 &&
	       vms[39].id == 40, "a list of 40");
	free(vms);
	/* the first time a VM comes meanwhile */
	put_vm(1, "web", VMM_NL_STATE_RUNNING);
	reply(4);
	done(0, NLM_F_MULTI | NLM_F_DUMP_INTR, 4);
	put_vm(1, "web", VMM_NL_STATE_RUNNING);
	reply(5);
	put_vm(2, "lab", VMM_NL_STATE_RUNNING);
	reply(5);
	done(0, NLM_F_MULTI, 5);
	tap_ok(!records_vms(&control, &vms, &count, &err) && count == 2 &&
	       vms[1].id == 2, "a list that was spoiled is asked for again");
	free(vms);
	for (i = 6; i < 6 + 100; i++)
		done(0, NLM_F_MULTI | NLM_F_DUMP_INTR, i);
	tap_ok(records_vms(&control, &vms, &count, &err) &&
	       err.code == VMCTL_FAILED, "but not for ever: %s", err.text);
	done(-EPERM, NLM_F_MULTI, asked + 1);
	tap_ok(records_vms(&control, &vms, &count, &err) &&
	       err.code == VMCTL_PERM, "a list that ends with an errno: %s",
	       err.text);
}

static void test_order(void)
{
	struct record_vm vm;
	uint8_t two[2 * 512] = {};
	struct nlmsgerr e = {};
	size_t len;

	connect_to(tell_family);
	/* what is left of a request that was given up; an event */
	put_vm(1, "old", VMM_NL_STATE_DEAD);
	reply(1);
	verdict(ENOENT, "old", 0, 1);
	put_vm(1, "old", VMM_NL_STATE_DEAD);
	reply(0);
	/* both parts in one datagram */
	put_vm(5, "web", VMM_NL_STATE_RUNNING);
	nlmsg_hdr(msg)->nlmsg_seq = 2;
	len = nlmsg_hdr(msg)->nlmsg_len;
	memcpy(two, nlmsg_hdr(msg), len);
	len = NLMSG_ALIGN(len);
	begin_plain(NLMSG_ERROR, 0, &e, sizeof(e));
	nlmsg_hdr(msg)->nlmsg_seq = 2;
	memcpy(two + len, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
	send_raw(two, len + nlmsg_hdr(msg)->nlmsg_len);
	tap_ok(!records_vm(&control, "web", &vm, &err) && vm.id == 5,
	       "answers to others are passed over");
	begin(FAMILY + 1, 0, VMM_NL_CMD_VM_GET);
	nla_put_u32(msg, VMM_NL_A_VM_ID, 1);
	reply(3);
	tap_ok(records_vm(&control, "web", &vm, &err) &&
	       err.code == VMCTL_MODULE, "another family's message: %s",
	       err.text);
	close(kernel);
	kernel = -1;
	tap_ok(records_vm(&control, "web", &vm, &err) &&
	       err.code == VMCTL_FAILED, "nobody there: %s", err.text);
	control_close(&control);
}

/* ---- what is malformed --------------------------------------------------------------------- */

static const uint8_t *attrs(void)
{
	return (const uint8_t *)nlmsg_hdr(msg) + ATTRS;
}

static size_t attrs_len(void)
{
	return nlmsg_hdr(msg)->nlmsg_len - ATTRS;
}

/* Each beginning of a good message, as all that came; none may be taken for it. */
static void test_cut(void)
{
	struct record_vm vm;
	uint8_t *copy;
	unsigned int taken = 0;
	size_t len, whole;

	connect_to(tell_family);
	for (len = 1; ; len++) {
		put_vm(5, "web", VMM_NL_STATE_RUNNING);
		whole = nlmsg_hdr(msg)->nlmsg_len;
		if (len == whole)
			break;
		nlmsg_hdr(msg)->nlmsg_seq = asked + 1;
		send_raw(nlmsg_hdr(msg), len);
		taken += !records_vm(&control, "web", &vm, &err) ||
			 err.code != VMCTL_MODULE;
	}
	tap_ok(!taken, "a message that is cut short is none: %s", err.text);
	for (len = 0; len < attrs_len(); len++) {
		copy = malloc(len + !len);	/* so that a reader beyond is seen */
		memcpy(copy, attrs(), len);
		taken += !record_parse_vm(copy, len, &vm);
		free(copy);
	}
	/*
	 * Whole attributes may be missing, but for the id, which makes 12; so may
	 * the two bytes that fill up the last.
	 */
	tap_ok(taken == 14, "attributes that are cut short: %u are whole",
	       taken);
}

static bool parses(uint16_t type, const void *data, size_t len)
{
	struct record_vm vm;

	begin(FAMILY, 0, VMM_NL_CMD_VM_GET);
	nla_put_u32(msg, VMM_NL_A_VM_ID, 1);
	nla_put(msg, type, (int)len, data);
	return !record_parse_vm(attrs(), attrs_len(), &vm);
}

static void test_wrong(void)
{
	static const char text[8] = "unclosed";
	struct record_stats stats;
	struct record_event event;
	unsigned int i;
	struct nlattr *nest;

	tap_ok(!parses(VMM_NL_A_VCPUS, text, 3) &&
	       !parses(VMM_NL_A_VCPUS, text, 8) &&
	       !parses(VMM_NL_A_MEMORY, text, 4) &&
	       !parses(VMM_NL_A_MEMORY, NULL, 0), "numbers of other lengths");
	tap_ok(!parses(VMM_NL_A_NAME, text, 8) &&
	       !parses(VMM_NL_A_NAME, NULL, 0), "a text without an end");
	tap_ok(!parses(VMM_NL_A_LABEL, text, 8), "a label that is none");
	tap_ok(record_parse_stats("\x03\x00\x01\x00", 4, &stats),
	       "an attribute less than its head");
	tap_ok(record_parse_stats("\x00\x00\x01\x00", 4, &stats),
	       "an attribute of no length");
	begin(FAMILY, 0, VMM_NL_CMD_STATS_GET);
	for (i = 0; i <= RECORD_COUNTERS; i++) {
		nest = nla_nest_start(msg, VMM_NL_A_STAT);
		nla_put_string(msg, VMM_NL_A_STAT_NAME, "exits");
		nla_put_u64(msg, VMM_NL_A_STAT_VALUE, i);
		nla_nest_end(msg, nest);
	}
	tap_ok(nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, VMM_NL_A_STAT) &&
	       record_parse_stats(attrs(), attrs_len(), &stats),
	       "more counters than there is room for");
	begin(FAMILY, 0, VMM_NL_CMD_EVENT);
	nla_put_u32(msg, VMM_NL_A_EVENT, VMM_NL_EVENT_GONE);
	nla_put_u32(msg, VMM_NL_A_VM_ID, 1);
	tap_ok(record_parse_event(attrs(), attrs_len(), &event),
	       "an event without a number");
	nla_put_u64(msg, VMM_NL_A_SEQ, 4);
	tap_ok(!record_parse_event(attrs(), attrs_len(), &event) &&
	       !strcmp(event.event, "gone") && event.seq == 4 &&
	       event.vcpu == RECORD_NONE, "and with one");
}

static void test_requests(void)
{
	struct nl_msg *r = control_request(&control, 0, VMM_NL_CMD_VM_SET, &err);
	int room = 1000;

	while (room && !nla_put_u64(r, VMM_NL_A_MAX_MEMORY, 1))
		room--;
	tap_ok(room && control_name(r, "a-longer-name", &err) &&
	       err.code == VMCTL_USAGE, "a request that is too large: %s",
	       err.text);
	nlmsg_free(r);
}

/* A datagram of another process, and one that does not come. */
static void test_others(void)
{
	struct record_vm vm;

	connect_to(tell_family);
	put_vm(6, "web", VMM_NL_STATE_RUNNING);
	reply(2);
	verdict(0, NULL, 0, 2);
	writer = 4711;
	tap_ok(records_vm(&control, "web", &vm, &err) &&
	       err.code == VMCTL_FAILED, "only the kernel is believed: %s",
	       err.text);
	writer = 0;
	failure = ENOMEM;
	tap_ok(records_vm(&control, "web", &vm, &err) &&
	       err.code == VMCTL_FAILED, "nothing can be received: %s",
	       err.text);
}

/* ---- events ---------------------------------------------------------------------------------- */

static unsigned int heard;

static int hear(struct record_event *event, void *arg, struct err *e)
{
	heard += !strcmp(event->event, "paused") && event->vm == 5;
	return 0;
}

static void put_event(void)
{
	begin(FAMILY, 0, VMM_NL_CMD_EVENT);
	nla_put_u32(msg, VMM_NL_A_EVENT, VMM_NL_EVENT_PAUSED);
	nla_put_u32(msg, VMM_NL_A_VM_ID, 5);
	nla_put_u64(msg, VMM_NL_A_SEQ, 4);
}

static void test_events(void)
{
	connect_to(tell_family);
	put_event();
	reply(0);
	put_vm(5, "web", VMM_NL_STATE_RUNNING);
	reply(0);
	put_event();
	reply(0);
	tap_ok(!watch_read(&control, hear, NULL, &err) && heard == 2,
	       "two events, and what is none between");
	put_event();
	reply(0);
	failure = ENOBUFS;
	tap_ok(watch_read(&control, hear, NULL, &err) == 1 && heard == 3,
	       "some that were lost, and the next");
	failure = ENOMEM;
	tap_ok(watch_read(&control, hear, NULL, &err) < 0 &&
	       err.code == VMCTL_FAILED, "which is not: %s", err.text);
	begin(FAMILY, 0, VMM_NL_CMD_EVENT);
	nla_put_u64(msg, VMM_NL_A_EVENT, 1);
	reply(0);
	tap_ok(watch_read(&control, hear, NULL, &err) < 0 &&
	       err.code == VMCTL_MODULE, "a malformed event: %s", err.text);
}

int main(void)
{
	test_family();
	test_no_family();
	test_vm();
	test_names();
	test_refusals();
	test_lists();
	test_order();
	test_cut();
	test_wrong();
	connect_to(tell_family);
	test_requests();
	test_others();
	test_events();
	control_close(&control);
	close(kernel);
	close(ours);
	nlmsg_free(msg);
	return tap_done();
}
