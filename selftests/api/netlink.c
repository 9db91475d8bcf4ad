// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink family: what it tells, does and refuses, and in what words; events,
 * in order.
 */
#include <poll.h>
#include <sched.h>

#include "ksm.h"
#include "lib/nl.h"

VT_BLOB(bell, "1: hlt\n jmp 1b");
VT_BLOB(crash, "lidt 0x3000\n int3");

/* ---- what it tells ---------------------------------------------------------- */

static void sum_slots(struct nlattr **a, void *arg)
{
	*(uint64_t *)arg += nt_u64(a, VMM_NL_A_SIZE);
}

/* The counter "exit_io" of a record of counters. */
static void find_stat(struct nlattr **a, void *arg)
{
	struct nlattr *first = nlmsg_attrdata((struct nlmsghdr *)nt_buf,
					      GENL_HDRLEN);
	int rest = nlmsg_attrlen((struct nlmsghdr *)nt_buf, GENL_HDRLEN);
	struct nlattr *in[VMM_NL_A_STAT_MAX + 1];

	for (; nla_ok(first, rest); first = nla_next(first, &rest)) {
		if (nla_type(first) != VMM_NL_A_STAT ||
		    nla_parse_nested(in, VMM_NL_A_STAT_MAX, first, NULL))
			continue;
		if (!strcmp(nla_get_string(in[VMM_NL_A_STAT_NAME]),
			    "exit_io"))
			*(uint64_t *)arg = nla_get_u64(in[VMM_NL_A_STAT_VALUE]);
	}
}

/* Figures that are not what the file of that name says. */
struct ksm_seen {
	const char *dir;
	int right, wrong;
};

static void compare_files(struct nlattr **a, void *arg)
{
	struct nlattr *first = nlmsg_attrdata((struct nlmsghdr *)nt_buf,
					      GENL_HDRLEN);
	int rest = nlmsg_attrlen((struct nlmsghdr *)nt_buf, GENL_HDRLEN);
	struct nlattr *in[VMM_NL_A_STAT_MAX + 1];
	struct ksm_seen *seen = arg;
	const char *name;
	char path[128];

	for (; nla_ok(first, rest); first = nla_next(first, &rest)) {
		if (nla_type(first) != VMM_NL_A_STAT ||
		    nla_parse_nested(in, VMM_NL_A_STAT_MAX, first, NULL))
			continue;
		name = nla_get_string(in[VMM_NL_A_STAT_NAME]);
		snprintf(path, sizeof(path), "../%s/%s", seen->dir, name);
		if (figure(path) == (long long)nla_get_u64(in[VMM_NL_A_STAT_VALUE])) {
			seen->right++;
			continue;
		}
		tap_note("%s is not as in sysfs", name);
		seen->wrong++;
	}
}

static void test_ksm(void)
{
	struct ksm_seen seen = { .dir = "ksm" };
	char dir[32];
	struct vt t;
	uint32_t id;

	vt_make(&t, 1, 2 * VT_MB);
	id = nt_newest();
	set("run", "0");
	set_number("step", 10000);
	nt_begin(VMM_NL_CMD_KSM_GET, NLM_F_ACK);
	tap_ok(!nt_exchange(compare_files, &seen) && seen.right > 30 &&
	       !seen.wrong, "%d figures of deduplication", seen.right);
	snprintf(dir, sizeof(dir), "vms/%u/ksm", id);
	seen = (struct ksm_seen){ .dir = dir };
	tap_ok(!nt_vm(VMM_NL_CMD_KSM_GET, id, compare_files, &seen) &&
	       seen.right > 15 && !seen.wrong, "%d of a VM", seen.right);
	vt_free(&t);
	tap_ok(nt_refused(nt_vm(VMM_NL_CMD_KSM_GET, id, NULL, NULL), ENOENT),
	       "gone: \"%s\"", nt_text);
}

static void test_get(void)
{
	uint64_t bytes = 0, exits = ~0ULL;
	struct nt_seen s;
	struct vt t;
	uint32_t id;
	int n = 0;

	tap_ok(!nt_dump(VMM_NL_CMD_VM_GET, 0, nt_count, &n) && !n, "no VM");
	vt_make(&t, 3, 2 * VT_MB);
	id = nt_newest();
	s = nt_get(id);
	tap_ok(s.id == id && !strcmp(s.name, "test") && !s.owner &&
	       s.state == VMM_NL_STATE_NEW && s.vcpus == 3 && s.max_vcpus == 3 &&
	       s.memory == 2 * VT_MB && !s.max_memory && s.resident &&
	       s.resident <= s.memory && s.uptime && !s.paused && !s.requests &&
	       s.seq[0] == 1 && !s.seq[1] && !s.seq[2], "all of a VM");
	n = 0;
	tap_ok(!nt_dump(VMM_NL_CMD_VCPU_GET, id, nt_count, &n) && n == 3,
	       "its vCPUs");
	tap_ok(!nt_dump(VMM_NL_CMD_SLOT_GET, id, sum_slots, &bytes) &&
	       bytes == 2 * VT_MB, "its slots");
	VT_LOAD(&t, vt_hello);
	vt_wrote_port(&t, 0, 0x80);
	tap_ok(!nt_vm(VMM_NL_CMD_STATS_GET, id, find_stat, &exits) &&
	       exits == 1, "its counters");
	nt_begin(VMM_NL_CMD_STATS_GET, NLM_F_ACK);
	tap_ok(!nt_exchange(find_stat, &exits) && exits == 1,
	       "the counters of all");
	n = 0;
	tap_ok(!nt_dump(VMM_NL_CMD_STATS_GET, 0, nt_count, &n) && n == 1,
	       "the counters of each");
	vt_free(&t);
	tap_ok(nt_refused(nt_vm(VMM_NL_CMD_VM_GET, id, NULL, NULL), ENOENT),
	       "gone: \"%s\"", nt_text);
}

static int by_name(int cmd, const char *name, struct nt_seen *s)
{
	nt_begin(cmd, NLM_F_ACK);
	nla_put_string(nt_msg, VMM_NL_A_NAME, name);
	return nt_exchange(s ? nt_see : NULL, s);
}

static void test_names(void)
{
	struct vmm_create_vm c = { .name = "web", .vcpus = 1,
				   .flags = VMM_VM_UNIQUE_NAME };
	struct nt_seen s = {};
	uint32_t first, second;
	int vm[2];

	vm[0] = vt_create_vm(1);
	first = nt_newest();
	vm[1] = vt_create_vm(1);
	second = nt_newest();
	tap_ok(nt_refused(by_name(VMM_NL_CMD_VM_GET, "test", NULL), ENOTUNIQ),
	       "two of a name: \"%s\"", nt_text);
	tap_ok(!nt_rename(second, "web") &&
	       !by_name(VMM_NL_CMD_VM_GET, "web", &s) && s.id == second,
	       "a new name finds it");
	tap_ok(nt_refused(nt_rename(first, "web"), EEXIST) && nt_offset,
	       "taken: \"%s\"", nt_text);
	tap_ok(!strcmp(nt_get(first).name, "test"), "and nothing has changed");
	tap_ok(!nt_rename(second, "web"), "its own name is no other's");
	tap_ok(nt_refused(nt_rename(first, "9lives"), EINVAL) && nt_offset,
	       "no name: \"%s\"", nt_text);
	tap_ok(nt_refused(by_name(VMM_NL_CMD_VM_GET, "nobody", NULL), ENOENT) &&
	       nt_offset, "unknown: \"%s\"", nt_text);
	nt_begin(VMM_NL_CMD_VM_GET, NLM_F_ACK);
	nla_put_u32(nt_msg, VMM_NL_A_VM_ID, first);
	nla_put_string(nt_msg, VMM_NL_A_NAME, "web");
	tap_ok(nt_refused(nt_exchange(NULL, NULL), ENOENT),
	       "id and name of two: \"%s\"", nt_text);
	tap_ok(vt_refused(ioctl(vt_dev, VMM_CREATE_VM, &c), EEXIST),
	       "made only if its name is free");
	close(vm[0]);
	close(vm[1]);
	vm[0] = ioctl(vt_dev, VMM_CREATE_VM, &c);
	tap_ok(vm[0] >= 0, "which it is then");
	close(vm[0]);
}

/* ---- settings ----------------------------------------------------------------- */

static void put_label(const char *key, const char *value)
{
	struct nlattr *nest = nla_nest_start(nt_msg,
					     VMM_NL_A_LABEL | NLA_F_NESTED);

	if (key)
		nla_put_string(nt_msg, VMM_NL_A_LABEL_KEY, key);
	if (value)
		nla_put_string(nt_msg, VMM_NL_A_LABEL_VALUE, value);
	nla_nest_end(nt_msg, nest);
}

static void begin_set(uint32_t id)
{
	nt_begin(VMM_NL_CMD_VM_SET, NLM_F_ACK);
	nla_put_u32(nt_msg, VMM_NL_A_VM_ID, id);
}

/* Labels of the VM as "key=value;..." */
static char labels[8192];

static void see_labels(struct nlattr **a, void *arg)
{
	struct nlattr *first = nlmsg_attrdata((struct nlmsghdr *)nt_buf,
					      GENL_HDRLEN);
	int rest = nlmsg_attrlen((struct nlmsghdr *)nt_buf, GENL_HDRLEN);
	struct nlattr *in[VMM_NL_A_LABEL_MAX + 1];

	labels[0] = 0;
	for (; nla_ok(first, rest); first = nla_next(first, &rest)) {
		if (nla_type(first) != VMM_NL_A_LABEL ||
		    nla_parse_nested(in, VMM_NL_A_LABEL_MAX, first, NULL))
			continue;
		strcat(labels, nla_get_string(in[VMM_NL_A_LABEL_KEY]));
		strcat(labels, "=");
		strcat(labels, nla_get_string(in[VMM_NL_A_LABEL_VALUE]));
		strcat(labels, ";");
	}
}

static const char *labels_of(uint32_t id)
{
	strcpy(labels, "none");
	nt_vm(VMM_NL_CMD_VM_GET, id, see_labels, NULL);
	return labels;
}

static void test_labels(uint32_t id)
{
	char key[8], value[300];
	int i;

	begin_set(id);
	put_label("role", "web");
	put_label("site", "north");
	tap_ok(!nt_exchange(NULL, NULL) &&
	       !strcmp(labels_of(id), "role=web;site=north;"), "labels");
	begin_set(id);
	put_label("role", NULL);
	put_label("site", "");
	tap_ok(!nt_exchange(NULL, NULL) && !strcmp(labels_of(id), "site=;"),
	       "one goes, one changes");
	begin_set(id);
	put_label("site", "south");
	put_label("9", "x");
	tap_ok(nt_refused(nt_exchange(NULL, NULL), EINVAL) && nt_offset,
	       "one is bad: \"%s\"", nt_text);
	tap_ok(!strcmp(labels_of(id), "site=;"), "so none is changed");
	begin_set(id);
	put_label(NULL, "x");
	tap_ok(nt_refused(nt_exchange(NULL, NULL), EINVAL), "no key: \"%s\"",
	       nt_text);
	begin_set(id);
	for (i = 0; i < 17; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		put_label(key, "v");
	}
	tap_ok(nt_refused(nt_exchange(NULL, NULL), ENOSPC) && nt_offset,
	       "too many: \"%s\"", nt_text);
	tap_ok(!strcmp(labels_of(id), "site=;"), "none of them is there");
	memset(value, 'v', sizeof(value));
	value[192] = 0;
	begin_set(id);
	put_label("long", value);
	tap_ok(nt_exchange(NULL, NULL) != 0, "too long");
	value[191] = 0;
	begin_set(id);
	for (i = 0; i < 15; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		put_label(key, value);
	}
	tap_ok(!nt_exchange(NULL, NULL) && strlen(labels_of(id)) > 15 * 191,
	       "all that fit come back");
}

static int set_u64(uint32_t id, int attr, uint64_t val)
{
	begin_set(id);
	nla_put_u64(nt_msg, attr, val);
	return nt_exchange(NULL, NULL);
}

static int set_u32(uint32_t id, int attr, uint32_t val)
{
	begin_set(id);
	nla_put_u32(nt_msg, attr, val);
	return nt_exchange(NULL, NULL);
}

static void test_set(void)
{
	struct nl_sock *limits = nt_listen(VMM_NL_GROUP_LIMITS);
	int vm = vt_create_vm(3), mem = vt_create_mem(4 * VT_MB), cpu;
	uint32_t id = nt_newest();

	test_labels(id);
	vt_set_slot(vm, 0, 0, VT_MB, mem, 0, 0);
	tap_ok(nt_refused(set_u64(id, VMM_NL_A_MAX_MEMORY, VT_MB - 1), EBUSY),
	       "less than it has: \"%s\"", nt_text);
	tap_ok(!set_u64(id, VMM_NL_A_MAX_MEMORY, 2 * VT_MB) &&
	       nt_get(id).max_memory == 2 * VT_MB, "a limit of memory");
	tap_ok(vt_refused(vt_set_slot(vm, 1, VT_MB, 2 * VT_MB, mem, 0, 0),
			  EDQUOT), "holds");
	tap_ok(nt_expect(limits, id, VMM_NL_EVENT_LIMIT_MEMORY, 1), "and tells");
	tap_ok(!vt_set_slot(vm, 1, VT_MB, VT_MB, mem, 0, 0), "up to it");
	tap_ok(!set_u32(id, VMM_NL_A_MAX_VCPUS, 1), "a limit of vCPUs");
	cpu = vt_create_cpu(vm, 0);
	tap_ok(cpu >= 0 && vt_refused(vt_create_cpu(vm, 1), EDQUOT) &&
	       nt_expect(limits, id, VMM_NL_EVENT_LIMIT_VCPUS, 2),
	       "holds, and tells");
	tap_ok(nt_refused(set_u32(id, VMM_NL_A_MAX_VCPUS, 4), ERANGE),
	       "more than it was made for: \"%s\"", nt_text);
	tap_ok(set_u32(id, VMM_NL_A_MAX_VCPUS, 0) == ERANGE, "none");
	begin_set(id);
	tap_ok(nt_refused(nt_exchange(NULL, NULL), EINVAL), "nothing: \"%s\"",
	       nt_text);
	close(cpu);
	close(mem);
	close(vm);
	nl_socket_free(limits);
}

/* ---- verbs --------------------------------------------------------------------- */

static int nmi(uint32_t id, uint32_t vcpu)
{
	nt_begin(VMM_NL_CMD_VM_NMI, NLM_F_ACK);
	nla_put_u32(nt_msg, VMM_NL_A_VM_ID, id);
	nla_put_u32(nt_msg, VMM_NL_A_VCPU_ID, vcpu);
	return nt_exchange(NULL, NULL);
}

static void test_verbs(void)
{
	struct vmm_vm_requests taken;
	struct vmm_vcpu_events ev;
	struct pollfd p;
	struct vt t;
	uint32_t id;

	vt_make(&t, 1, VT_MB);
	id = nt_newest();
	p = (struct pollfd){ .fd = t.vm, .events = POLLIN };
	tap_ok(poll(&p, 1, 0) == 0, "nothing is asked of it");
	tap_ok(!nt_vm(VMM_NL_CMD_VM_STOP, id, NULL, NULL) &&
	       !nt_vm(VMM_NL_CMD_VM_RESET, id, NULL, NULL) &&
	       nt_get(id).requests == 3, "stop and reset are asked");
	tap_ok(poll(&p, 1, 0) == 1 && p.revents == POLLIN &&
	       !ioctl(t.vm, VMM_VM_TAKE_REQUESTS, &taken) &&
	       taken.requests == (VMM_REQUEST_STOP | VMM_REQUEST_RESET),
	       "and taken");
	tap_ok(poll(&p, 1, 0) == 0 && !nt_get(id).requests, "once");
	tap_ok(nt_refused(nmi(id, 1), ENOENT) && nt_offset,
	       "NMI for nobody: \"%s\"", nt_text);
	tap_ok(nmi(id, 128) == ERANGE, "out of range");
	VT_LOAD(&t, bell);
	tap_ok(!nmi(id, 0) && !ioctl(t.cpu[0], VMM_VCPU_GET_EVENTS, &ev) &&
	       ev.flags & VMM_EVENT_NMI_PENDING, "an NMI is pending");
	tap_ok(!nt_vm(VMM_NL_CMD_VM_KILL, id, NULL, NULL) &&
	       nt_get(id).state == VMM_NL_STATE_DEAD &&
	       vt_refused(ioctl(t.cpu[0], VMM_VCPU_RUN, 0), ESHUTDOWN),
	       "killed");
	tap_ok(nt_refused(nt_vm(VMM_NL_CMD_VM_KILL, id, NULL, NULL), ESHUTDOWN) &&
	       nt_refused(nt_vm(VMM_NL_CMD_VM_STOP, id, NULL, NULL), ESHUTDOWN) &&
	       nt_refused(nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL),
			  ESHUTDOWN) &&
	       nt_refused(nmi(id, 0), ESHUTDOWN) &&
	       nt_refused(nt_rename(id, "late"), ESHUTDOWN),
	       "no verb is for the dead: \"%s\"", nt_text);
	vt_free(&t);
}

/* ---- events ------------------------------------------------------------------------- */

static void test_events(void)
{
	struct nl_sock *life = nt_listen(VMM_NL_GROUP_LIFE);
	struct nl_sock *faults = nt_listen(VMM_NL_GROUP_FAULTS);
	struct nt_event e;
	struct nt_seen s;
	struct vt t;
	uint32_t id;

	vt_make(&t, 1, VT_MB);
	id = nt_newest();
	tap_ok(nt_expect(life, id, VMM_NL_EVENT_CREATED, 1), "created");
	VT_LOAD(&t, crash);
	tap_ok(!vt_run(&t, 0) && t.run[0]->reason == VMM_RUN_SHUTDOWN,
	       "the guest crashes");
	tap_ok(nt_expect(life, id, VMM_NL_EVENT_STARTED, 2), "started");
	tap_ok(!nt_next(faults, &e, 5000) && e.vm == id && e.vcpu == 0 &&
	       e.event == VMM_NL_EVENT_FAULT && e.seq == 1 &&
	       e.reason == VMM_RUN_SHUTDOWN, "a fault");
	vt_run(&t, 0);
	tap_ok(nt_next(faults, &e, 100) == EAGAIN, "told once");
	nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL);
	nt_vm(VMM_NL_CMD_VM_RESUME, id, NULL, NULL);
	nt_vm(VMM_NL_CMD_VM_STOP, id, NULL, NULL);
	nt_vm(VMM_NL_CMD_VM_RESET, id, NULL, NULL);
	nt_rename(id, "other");
	s = nt_get(id);
	nt_vm(VMM_NL_CMD_VM_KILL, id, NULL, NULL);
	vt_free(&t);
	tap_ok(nt_expect(life, id, VMM_NL_EVENT_PAUSED, 3) &&
	       nt_expect(life, id, VMM_NL_EVENT_RESUMED, 4) &&
	       nt_expect(life, id, VMM_NL_EVENT_STOP, 5) &&
	       nt_expect(life, id, VMM_NL_EVENT_RESET, 6) &&
	       nt_expect(life, id, VMM_NL_EVENT_CHANGED, 7),
	       "each verb, in order");
	tap_ok(s.seq[0] == 7 && s.seq[2] == 1, "the VM knows how many");
	tap_ok(nt_expect(life, id, VMM_NL_EVENT_KILLED, 8) &&
	       nt_expect(life, id, VMM_NL_EVENT_GONE, 9), "killed and gone");
	nl_socket_free(life);
	nl_socket_free(faults);
}

static void test_loss(void)
{
	struct nl_sock *life = nt_listen(VMM_NL_GROUP_LIFE);
	int size = 4096, vm, i, err, fd = nl_socket_get_fd(life);
	struct nt_event e;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (i = 0; i < 50; i++) {
		vm = vt_create_vm(1);
		close(vm);
	}
	for (i = 0; i < 200; i++) {
		err = nt_next(life, &e, 100);
		if (err)
			break;
	}
	tap_ok(err == ENOBUFS, "a listener who does not listen is told");
	nl_socket_free(life);
}

static void test_namespaces(void)
{
	struct nl_sock *life = nt_listen(VMM_NL_GROUP_LIFE);
	struct nt_event e;
	int vm;
	pid_t pid;

	pid = fork();
	if (!pid) {
		struct nl_sock *inner;

		if (unshare(CLONE_NEWNET))
			_exit(1);
		vt_open();
		inner = nt_listen(VMM_NL_GROUP_LIFE);
		vm = vt_create_vm(1);
		_exit(nt_next(inner, &e, 5000) ||
		      e.event != VMM_NL_EVENT_CREATED || vm < 0);
	}
	tap_ok(nt_child_good(pid), "events are told where the device was opened");
	tap_ok(!nt_next(life, &e, 5000) && e.event == VMM_NL_EVENT_CREATED &&
	       !nt_next(life, &e, 5000) && e.event == VMM_NL_EVENT_GONE,
	       "and on the host");
	pid = fork();
	if (!pid) {
		struct nl_sock *inner;

		if (unshare(CLONE_NEWNET))
			_exit(1);
		inner = nt_listen(VMM_NL_GROUP_LIFE);
		vm = vt_create_vm(1);
		close(vm);
		_exit(nt_next(inner, &e, 500) != EAGAIN);
	}
	tap_ok(nt_child_good(pid), "and not where the VM was made");
	nl_socket_free(life);
}

int main(void)
{
	nt_start();
	test_get();
	test_ksm();
	test_names();
	test_set();
	test_verbs();
	test_events();
	test_loss();
	test_namespaces();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
