// SPDX-License-Identifier: GPL-2.0
/*
 * Talking to the netlink family over a socket whose other end is here: requests
 * byte for byte, answers whole, cut short, wrong and out of order.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vmm_netlink.h>

#include "lib/container.h"
#include "lib/records.h"
#include "lib/watch.h"
#include "tap.h"

#define FAMILY	0x21

static struct control control;
static int kernel = -1;		/* the other end */
static struct err err;
static struct nl_request msg, batch;

/* ---- the other end ---------------------------------------------------------------- */

static void begin(uint16_t type, uint16_t flags, uint8_t cmd)
{
	nl_begin(&msg, type, flags, cmd, 1);
	/* nl_begin() is for requests */
	flags &= (uint16_t)~NLM_F_REQUEST;
	memcpy(msg.buf + offsetof(struct nlmsghdr, nlmsg_flags), &flags,
	       sizeof(flags));
}

static void send_raw(const void *data, size_t len)
{
	if (send(kernel, data, len, 0) != (ssize_t)len)
		tap_ok(false, "the test's own socket");
}

static void reply(uint32_t seq)
{
	nl_finish(&msg, seq);
	send_raw(msg.buf, msg.len);
}

/* NLMSG_ERROR as with NETLINK_CAP_ACK: an errno, the head of the request. */
static void verdict(int error, const char *text, uint32_t offset, uint32_t seq)
{
	struct nlmsgerr e = { .error = -error };
	uint16_t type = NLMSG_ERROR;
	uint16_t flags = NLM_F_CAPPED | (text ? NLM_F_ACK_TLVS : 0);

	e.msg.nlmsg_len = sizeof(e.msg);
	nl_begin(&msg, type, 0, 0, 0);
	msg.len = NLMSG_HDRLEN;
	memcpy(msg.buf + msg.len, &e, sizeof(e));
	msg.len += sizeof(e);
	memcpy(msg.buf + offsetof(struct nlmsghdr, nlmsg_flags), &flags,
	       sizeof(flags));
	if (text)
		nl_put_text(&msg, NLMSGERR_ATTR_MSG, text);
	if (offset)
		nl_put_u32(&msg, NLMSGERR_ATTR_OFFS, offset);
	reply(seq);
}

static void done(int error, uint16_t flags, uint32_t seq)
{
	begin(NLMSG_DONE, flags, 0);
	msg.len = NLMSG_HDRLEN;
	memcpy(msg.buf + msg.len, &error, sizeof(error));
	msg.len += sizeof(error);
	reply(seq);
}

static void put_group(const char *name, uint32_t id)
{
	size_t nest = nl_nest(&msg, (uint16_t)id);

	nl_put_text(&msg, CTRL_ATTR_MCAST_GRP_NAME, name);
	nl_put_u32(&msg, CTRL_ATTR_MCAST_GRP_ID, id);
	nl_nest_end(&msg, nest);
}

/* The family is there. */
static void tell_family(void)
{
	const uint16_t family = FAMILY;
	size_t nest;

	begin(GENL_ID_CTRL, 0, CTRL_CMD_NEWFAMILY);
	nl_put_text(&msg, CTRL_ATTR_FAMILY_NAME, VMM_NL_FAMILY_NAME);
	nl_put(&msg, CTRL_ATTR_FAMILY_ID, &family, sizeof(family));
	nest = nl_nest(&msg, CTRL_ATTR_MCAST_GROUPS);
	put_group(VMM_NL_GROUP_LIFE, 7);
	put_group("of-the-future", 8);
	put_group(VMM_NL_GROUP_FAULTS, 9);
	nl_nest_end(&msg, nest);
	reply(1);
	verdict(0, NULL, 0, 1);
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
	kernel = fds[1];
	tell();
	return !control_over(&control, fds[0], &err);
}

/* The last request that was made. */
static bool request_is(const struct nl_request *wanted)
{
	uint8_t buf[NL_REQUEST_SIZE];
	ssize_t len, last = -1;

	while ((len = recv(kernel, buf, sizeof(buf), MSG_DONTWAIT)) >= 0)
		last = len;
	return last == (ssize_t)wanted->len &&
	       !memcmp(buf, wanted->buf, wanted->len);
}

/* ---- VMs ------------------------------------------------------------------------------ */

static void put_label(struct nl_request *r, const char *key, const char *value)
{
	size_t nest = nl_nest(r, VMM_NL_A_LABEL);

	nl_put_text(r, VMM_NL_A_LABEL_KEY, key);
	nl_put_text(r, VMM_NL_A_LABEL_VALUE, value);
	nl_nest_end(r, nest);
}

static void put_vm(uint32_t id, const char *name, uint32_t state)
{
	begin(FAMILY, 0, VMM_NL_CMD_VM_GET);
	nl_put_u32(&msg, VMM_NL_A_VM_ID, id);
	nl_put_text(&msg, VMM_NL_A_NAME, name);
	nl_put_u32(&msg, VMM_NL_A_STATE, state);
	nl_put_u32(&msg, VMM_NL_A_OWNER, 1000);
	nl_put_text(&msg, VMM_NL_A_BACKEND, "svm");
	nl_put_u32(&msg, VMM_NL_A_VCPUS, 2);
	nl_put(&msg, VMM_NL_A_PAD, NULL, 0);
	nl_put_u64(&msg, VMM_NL_A_MEMORY, 1ULL << 33);
	nl_put_u32(&msg, VMM_NL_A_REQUESTS, VMM_REQUEST_RESET);
	nl_put_u64(&msg, VMM_NL_A_FAULTS_SEQ, 3);
	put_label(&msg, "tier", "front");
	put_label(&msg, "empty", "");
	nl_put_text(&msg, VMM_NL_A_MAX + 7, "of a newer module");
}

static void test_family(void)
{
	struct nl_request wanted;

	tap_ok(connect_to(tell_family) && control.family == FAMILY &&
	       control.group[CONTROL_LIFE] == 7 &&
	       control.group[CONTROL_FAULTS] == 9 &&
	       control.group[CONTROL_LIMITS] == 0, "the family, its groups");
	nl_begin(&wanted, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY, 1);
	nl_put_text(&wanted, CTRL_ATTR_FAMILY_NAME, "vmm");
	nl_finish(&wanted, 1);
	tap_ok(request_is(&wanted), "as it was asked for");
	tap_ok(control_join(&control, CONTROL_LIMITS, &err) &&
	       strstr(err.text, "limits"), "no such group: %s", err.text);
}

static void tell_no_family(void)
{
	verdict(ENOENT, NULL, 0, 1);
}

/* A number of four bytes, where two are right. */
static void tell_wrong_family(void)
{
	begin(GENL_ID_CTRL, 0, CTRL_CMD_NEWFAMILY);
	nl_put_u32(&msg, CTRL_ATTR_FAMILY_ID, FAMILY);
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
	struct nl_request wanted;
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
	nl_begin(&wanted, FAMILY, NLM_F_ACK, VMM_NL_CMD_VM_GET, 1);
	nl_put_text(&wanted, VMM_NL_A_NAME, "web");
	nl_finish(&wanted, 2);
	tap_ok(request_is(&wanted), "was asked for by its name");
	put_vm(7, "", 99);
	reply(3);
	verdict(0, NULL, 0, 3);
	tap_ok(!records_vm(&control, "7", &vm, &err) && !*vm.name &&
	       !strcmp(vm.state, "unknown"), "a state of a newer module");
	nl_begin(&wanted, FAMILY, NLM_F_ACK, VMM_NL_CMD_VM_GET, 1);
	nl_put_u32(&wanted, VMM_NL_A_VM_ID, 7);
	nl_finish(&wanted, 3);
	tap_ok(request_is(&wanted), "digits are an id");
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

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		tap_ok(control_name(&batch, bad[i], &err) &&
		       err.code == VMCTL_USAGE, "no name: bad[%u]", i);
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		nl_begin(&batch, FAMILY, 0, 1, 1);
		tap_ok(!control_name(&batch, good[i], &err), "a name: %s",
		       good[i]);
	}
}

/* ---- refusals --------------------------------------------------------------------------- */

static void refusal(int error, const char *text, uint32_t offset, int code,
		    const char *words)
{
	struct record_vm vm;

	verdict(error, text, offset, control.seq + 1);
	memset(&err, 0, sizeof(err));
	tap_ok(records_vm(&control, "web", &vm, &err) && err.code == code &&
	       strstr(err.text, words) && !strncmp(err.text, "web: ", 5),
	       "errno %d, exit code %d: %s", error, err.code, err.text);
}

static void test_refusals(void)
{
	const uint32_t name = NLMSG_HDRLEN + GENL_HDRLEN;

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
	done(-EPERM, NLM_F_MULTI, control.seq + 1);
	tap_ok(records_vms(&control, &vms, &count, &err) &&
	       err.code == VMCTL_PERM, "a list that ends with an errno: %s",
	       err.text);
}

static void test_order(void)
{
	struct record_vm vm;
	uint8_t two[2 * 512];
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
	nl_finish(&msg, 2);
	len = msg.len;
	memcpy(two, msg.buf, len);
	nl_begin(&msg, NLMSG_ERROR, 0, 0, 0);
	msg.len = NLMSG_HDRLEN + sizeof(struct nlmsgerr);
	memset(msg.buf + NLMSG_HDRLEN, 0, sizeof(struct nlmsgerr));
	nl_finish(&msg, 2);
	memcpy(two + len, msg.buf, msg.len);
	send_raw(two, len + msg.len);
	tap_ok(!records_vm(&control, "web", &vm, &err) && vm.id == 5,
	       "answers to others are passed over");
	begin(FAMILY + 1, 0, VMM_NL_CMD_VM_GET);
	nl_put_u32(&msg, VMM_NL_A_VM_ID, 1);
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

/* Each beginning of a good message, as all that came; none may be taken for it. */
static void test_cut(void)
{
	struct nl_walk w;
	struct nl_message m;
	struct record_vm vm;
	uint8_t *copy;
	unsigned int taken = 0;
	size_t len;

	put_vm(5, "web", VMM_NL_STATE_RUNNING);
	nl_finish(&msg, 2);
	for (len = 0; len < msg.len; len++) {
		copy = malloc(len + !len);	/* so that a reader beyond is seen */
		memcpy(copy, msg.buf, len);
		w = nl_walk(copy, len);
		taken += nl_next_message(&w, &m) || (len && !w.bad);
		free(copy);
	}
	tap_ok(!taken, "a message that is cut short is none");
	taken = 0;
	for (len = 0; len < msg.len - 20; len++) {
		copy = malloc(len + !len);
		memcpy(copy, msg.buf + 20, len);
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
	nl_put_u32(&msg, VMM_NL_A_VM_ID, 1);
	nl_put(&msg, type, data, len);
	return !record_parse_vm(msg.buf + 20, msg.len - 20, &vm);
}

static void test_wrong(void)
{
	static const char text[8] = "unclosed";
	struct nl_attr a;
	struct nl_walk w;
	struct record_stats stats;
	struct record_event event;
	unsigned int i;
	size_t nest;

	tap_ok(!parses(VMM_NL_A_VCPUS, text, 3) &&
	       !parses(VMM_NL_A_VCPUS, text, 8) &&
	       !parses(VMM_NL_A_MEMORY, text, 4) &&
	       !parses(VMM_NL_A_MEMORY, NULL, 0), "numbers of other lengths");
	tap_ok(!parses(VMM_NL_A_NAME, text, 8) &&
	       !parses(VMM_NL_A_NAME, NULL, 0), "a text without an end");
	tap_ok(!parses(VMM_NL_A_LABEL, text, 8), "a label that is none");
	w = nl_walk("\x03\x00\x01\x00", 4);
	tap_ok(!nl_next_attr(&w, &a) && w.bad, "an attribute less than its head");
	w = nl_walk("\x00\x00\x01\x00", 4);
	tap_ok(!nl_next_attr(&w, &a) && w.bad, "an attribute of no length");
	begin(FAMILY, 0, VMM_NL_CMD_STATS_GET);
	for (i = 0; i <= RECORD_COUNTERS; i++) {
		nest = nl_nest(&msg, VMM_NL_A_STAT);
		nl_put_text(&msg, VMM_NL_A_STAT_NAME, "exits");
		nl_put_u64(&msg, VMM_NL_A_STAT_VALUE, i);
		nl_nest_end(&msg, nest);
	}
	tap_ok(!msg.full &&
	       record_parse_stats(msg.buf + 20, msg.len - 20, &stats),
	       "more counters than there is room for");
	begin(FAMILY, 0, VMM_NL_CMD_EVENT);
	nl_put_u32(&msg, VMM_NL_A_EVENT, VMM_NL_EVENT_GONE);
	nl_put_u32(&msg, VMM_NL_A_VM_ID, 1);
	tap_ok(record_parse_event(msg.buf + 20, msg.len - 20, &event),
	       "an event without a number");
	nl_put_u64(&msg, VMM_NL_A_SEQ, 4);
	tap_ok(!record_parse_event(msg.buf + 20, msg.len - 20, &event) &&
	       !strcmp(event.event, "gone") && event.seq == 4 &&
	       event.vcpu == RECORD_NONE, "and with one");
}

static void test_requests(void)
{
	static char big[NL_REQUEST_SIZE];
	struct nl_request r;
	size_t nest;

	memset(big, 'x', sizeof(big) - 1);
	nl_begin(&r, FAMILY, 0, 1, 1);
	nest = nl_nest(&r, VMM_NL_A_LABEL);
	nl_put_text(&r, VMM_NL_A_NAME, big);
	nl_nest_end(&r, nest);
	tap_ok(r.full && nl_finish(&r, 1), "a request that is too large");
	tap_ok(control_ask(&control, &r, NULL, NULL, &err) &&
	       err.code == VMCTL_USAGE, "is not sent: %s", err.text);
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
	nl_put_u32(&msg, VMM_NL_A_EVENT, VMM_NL_EVENT_PAUSED);
	nl_put_u32(&msg, VMM_NL_A_VM_ID, 5);
	nl_put_u64(&msg, VMM_NL_A_SEQ, 4);
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
	begin(FAMILY, 0, VMM_NL_CMD_EVENT);
	nl_put_u64(&msg, VMM_NL_A_EVENT, 1);
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
	test_events();
	control_close(&control);
	close(kernel);
	return tap_done();
}
