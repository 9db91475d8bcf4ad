// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink family: what it tells, does and refuses, to whom, in what words;
 * malformed messages; dumps while VMs come and go; events, in order.
 *
 * test: timeout: 90
 */
#include <poll.h>
#include <sched.h>

#include "lib/nl.h"

VT_BLOB(bell, "1: hlt\n jmp 1b");
VT_BLOB(crash, "lidt 0x3000\n int3");

/* ---- what it tells ---------------------------------------------------------- */

static void count(struct nlattr **a, void *arg)
{
	(*(int *)arg)++;
}

static void sum_slots(struct nlattr **a, void *arg)
{
	*(uint64_t *)arg += nt_u64(a, VMM_NL_A_SIZE);
}

/* The counter "user_exits" of a record of counters. */
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
			    "user_exits"))
			*(uint64_t *)arg = nla_get_u64(in[VMM_NL_A_STAT_VALUE]);
	}
}

static void test_get(void)
{
	uint64_t bytes = 0, exits = ~0ULL;
	struct nt_seen s;
	struct vt t;
	uint32_t id;
	int n = 0;

	tap_ok(!nt_dump(VMM_NL_CMD_VM_GET, 0, count, &n) && !n, "no VM");
	vt_make(&t, 3, 2 * VT_MB);
	id = nt_newest();
	s = nt_get(id);
	tap_ok(s.id == id && !strcmp(s.name, "test") && !s.owner &&
	       s.state == VMM_NL_STATE_NEW && s.vcpus == 3 && s.max_vcpus == 3 &&
	       s.memory == 2 * VT_MB && !s.max_memory && s.resident &&
	       s.resident <= s.memory && s.uptime && !s.paused && !s.requests &&
	       s.seq[0] == 1 && !s.seq[1] && !s.seq[2], "all of a VM");
	n = 0;
	tap_ok(!nt_dump(VMM_NL_CMD_VCPU_GET, id, count, &n) && n == 3,
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
	tap_ok(!nt_dump(VMM_NL_CMD_STATS_GET, 0, count, &n) && n == 1,
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

static int rename_to(uint32_t id, const char *name)
{
	nt_begin(VMM_NL_CMD_VM_SET, NLM_F_ACK);
	nla_put_u32(nt_msg, VMM_NL_A_VM_ID, id);
	nla_put_string(nt_msg, VMM_NL_A_NEW_NAME, name);
	return nt_exchange(NULL, NULL);
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
	tap_ok(!rename_to(second, "web") &&
	       !by_name(VMM_NL_CMD_VM_GET, "web", &s) && s.id == second,
	       "a new name finds it");
	tap_ok(nt_refused(rename_to(first, "web"), EEXIST) && nt_offset,
	       "taken: \"%s\"", nt_text);
	tap_ok(!strcmp(nt_get(first).name, "test"), "and nothing has changed");
	tap_ok(!rename_to(second, "web"), "its own name is no other's");
	tap_ok(nt_refused(rename_to(first, "9lives"), EINVAL) && nt_offset,
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
	       nt_refused(rename_to(id, "late"), ESHUTDOWN),
	       "no verb is for the dead: \"%s\"", nt_text);
	vt_free(&t);
}

/* ---- rights ---------------------------------------------------------------------- */

static bool all_refused(uint32_t id)
{
	int n = 0;

	return nt_refused(nt_vm(VMM_NL_CMD_VM_GET, id, NULL, NULL), EPERM) &&
	       nt_refused(nt_vm(VMM_NL_CMD_VM_KILL, id, NULL, NULL), EPERM) &&
	       nt_refused(nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL), EPERM) &&
	       nt_refused(nt_vm(VMM_NL_CMD_STATS_GET, id, NULL, NULL), EPERM) &&
	       nt_refused(rename_to(id, "mine"), EPERM) &&
	       nt_dump(VMM_NL_CMD_VCPU_GET, id, count, &n) == EPERM &&
	       !nt_dump(VMM_NL_CMD_VM_GET, 0, count, &n) && !n;
}

static bool child_says_yes(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && !status;
}

static void test_rights(void)
{
	int vm = vt_create_vm(1), own;
	uint32_t id = nt_newest();
	pid_t pid;

	pid = fork();
	if (!pid) {
		/* The socket is root's, the caller is not. */
		if (setresuid(1000, 1000, 1000) || !all_refused(id))
			_exit(1);
		_exit(0);
	}
	tap_ok(child_says_yes(pid), "another user with root's socket");
	pid = fork();
	if (!pid) {
		if (setresuid(1000, 1000, 1000))
			_exit(1);
		nt_sock = nt_open(&nt_family);
		if (!all_refused(id))
			_exit(1);
		own = vt_create_vm(1);
		if (own < 0 || nt_newest() != id + 1 ||
		    nt_get(id + 1).owner != 1000 || rename_to(id + 1, "mine") ||
		    nt_vm(VMM_NL_CMD_VM_PAUSE, id + 1, NULL, NULL) ||
		    nt_vm(VMM_NL_CMD_VM_KILL, id + 1, NULL, NULL))
			_exit(2);
		_exit(0);
	}
	tap_ok(child_says_yes(pid), "a user and his own VM");
	pid = fork();
	if (!pid) {
		/* Root in a user namespace of his own is nobody to this VM. */
		if (setresuid(1000, 1000, 1000) ||
		    unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(1);
		nt_sock = nt_open(&nt_family);
		_exit(!all_refused(id));
	}
	tap_ok(child_says_yes(pid), "root of a container");
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET))
			_exit(1);
		nt_sock = nt_open(&nt_family);
		_exit(nt_get(id).id != id ||
		      nt_vm(VMM_NL_CMD_VM_KILL, id, NULL, NULL));
	}
	tap_ok(child_says_yes(pid), "root from another network");
	tap_ok(nt_get(id).state == VMM_NL_STATE_DEAD, "did it");
	close(vm);
}

/* ---- messages that are none ------------------------------------------------------ */

static int garble(uint32_t id, void (*fn)(void))
{
	nt_begin(VMM_NL_CMD_VM_GET, NLM_F_ACK);
	nla_put_u32(nt_msg, VMM_NL_A_VM_ID, id);
	fn();
	return nt_exchange(NULL, NULL);
}

static struct nlattr *first_attr(void)
{
	return nlmsg_attrdata(nlmsg_hdr(nt_msg), GENL_HDRLEN);
}

static void short_id(void)
{
	first_attr()->nla_len = NLA_HDRLEN + 2;
}

static void long_attr(void)
{
	first_attr()->nla_len = 200;
}

static void no_attr(void)
{
	first_attr()->nla_len = 1;
}

static void trailing(void)
{
	nlmsg_reserve(nt_msg, 3, 0);
	nlmsg_hdr(nt_msg)->nlmsg_len += 3;
}

static void unknown(void)
{
	nla_put_u32(nt_msg, 200, 1);
}

static void foreign(void)
{
	nla_put_u32(nt_msg, VMM_NL_A_MAX_VCPUS, 1);
}

static void zero_id(void)
{
	*(uint32_t *)nla_data(first_attr()) = 0;
}

static void bare_name(void)
{
	nla_put(nt_msg, VMM_NL_A_NAME, 4, "test");
}

static void long_name(void)
{
	static char name[65];

	memset(name, 'a', 64);
	nla_put_string(nt_msg, VMM_NL_A_NAME, name);
}

static void no_command(void)
{
	((struct genlmsghdr *)nlmsg_data(nlmsg_hdr(nt_msg)))->cmd = 99;
}

static void event_command(void)
{
	((struct genlmsghdr *)nlmsg_data(nlmsg_hdr(nt_msg)))->cmd =
		VMM_NL_CMD_EVENT;
}

static void test_malformed(void)
{
	static const struct {
		void (*fn)(void);
		int err;
		const char *what;
	} cases[] = {
		{ short_id, EINVAL, "a short id" },
		{ long_attr, EINVAL, "an attribute beyond the end" },
		{ no_attr, EINVAL, "one shorter than its header" },
		{ trailing, EINVAL, "bytes left over" },
		{ unknown, EINVAL, "an unknown attribute" },
		{ foreign, EINVAL, "one of another command" },
		{ zero_id, ERANGE, "id 0" },
		{ bare_name, EINVAL, "a string without end" },
		{ long_name, EINVAL, "a long string" },
		{ no_command, EOPNOTSUPP, "no command" },
		{ event_command, EOPNOTSUPP, "an event" },
	};
	int vm = vt_create_vm(1), err;
	uint32_t id = nt_newest(), i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err = garble(id, cases[i].fn);
		tap_ok(err == cases[i].err, "%s: %s \"%s\"", cases[i].what,
		       strerror(err), nt_text);
	}
	nt_begin(VMM_NL_CMD_VM_GET, NLM_F_ACK);
	tap_ok(nt_refused(nt_exchange(NULL, NULL), EINVAL), "no VM: \"%s\"",
	       nt_text);
	tap_ok(nt_dump(VMM_NL_CMD_VCPU_GET, 0, NULL, NULL) == EINVAL,
	       "nor in a dump");
	tap_ok(nt_dump(VMM_NL_CMD_VM_GET, id, NULL, NULL) == EINVAL,
	       "a dump of one");
	tap_ok(nt_get(id).id == id, "a good one after all that");
	close(vm);
}

/* Random bytes behind a good header, and random bits turned in good messages. */
static void test_random(void)
{
	unsigned int seed = 1, i, k, refused = 0, answered = 0;
	int vm = vt_create_vm(1), err;
	struct nlattr *a;

	for (i = 0; i < 4000; i++) {
		nt_begin(1 + rand_r(&seed) % VMM_NL_CMD_MAX,
			 NLM_F_ACK | (rand_r(&seed) % 4 ? 0 : NLM_F_DUMP));
		for (k = rand_r(&seed) % 4; k; k--) {
			a = nla_reserve(nt_msg, rand_r(&seed) % (NT_MAX + 2),
					rand_r(&seed) % 24);
			memset(nla_data(a), rand_r(&seed) % 3, nla_len(a));
			if (!(rand_r(&seed) % 8))
				a->nla_len += rand_r(&seed) % 64 - 32;
		}
		err = nt_exchange(NULL, NULL);
		refused += err != 0;
		answered += !err;
		if (err == EAGAIN)
			break;
	}
	tap_ok(i == 4000 && refused && answered,
	       "4000 random messages: %u refused, %u answered", refused,
	       answered);
	close(vm);
}

/* ---- dumps under churn -------------------------------------------------------------- */

static volatile bool stop;

static void *churn(void *arg)
{
	unsigned int seed = (uintptr_t)arg;
	int vm[8] = { -1, -1, -1, -1, -1, -1, -1, -1 }, i;

	while (!stop) {
		i = rand_r(&seed) % 8;
		if (vm[i] >= 0)
			close(vm[i]);
		vm[i] = rand_r(&seed) % 2 ? vt_create_vm(1) : -1;
	}
	for (i = 0; i < 8; i++)
		if (vm[i] >= 0)
			close(vm[i]);
	return NULL;
}

struct walk {
	uint32_t last, keep[40];
	unsigned int seen, twice;
};

static void walk(struct nlattr **a, void *arg)
{
	uint32_t id = nt_u32(a, VMM_NL_A_VM_ID);
	struct walk *w = arg;
	int i;

	w->twice += id <= w->last;
	w->last = id;
	for (i = 0; i < 40; i++)
		w->seen += w->keep[i] == id;
}

static void test_churn(void)
{
	unsigned int rounds = 0, bad = 0, interrupted = 0;
	uint64_t end = vt_now_ms() + 4000;
	pthread_t thread[2];
	struct walk w = {};
	int vm[40], i, err;

	for (i = 0; i < 40; i++) {
		vm[i] = vt_create_vm(1);
		w.keep[i] = nt_newest();
	}
	pthread_create(&thread[0], NULL, churn, (void *)1);
	pthread_create(&thread[1], NULL, churn, (void *)2);
	while (vt_now_ms() < end) {
		w.last = w.seen = w.twice = 0;
		err = nt_dump(VMM_NL_CMD_VM_GET, 0, walk, &w);
		interrupted += nt_interrupted;
		if (err || w.seen != 40 || w.twice) {
			tap_note("%s: %u of 40, %u out of order", strerror(err),
				 w.seen, w.twice);
			bad++;
		}
		rounds++;
	}
	stop = true;
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	tap_ok(!bad && rounds > 5, "%u dumps show each VM that stays, once",
	       rounds);
	tap_ok(interrupted, "%u say that others came or went", interrupted);
	w.last = w.seen = 0;
	nt_dump(VMM_NL_CMD_VM_GET, 0, walk, &w);
	tap_ok(!nt_interrupted && w.seen == 40, "one at rest does not");
	for (i = 0; i < 40; i++)
		close(vm[i]);
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
	rename_to(id, "other");
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
		inner = nt_listen(VMM_NL_GROUP_LIFE);
		vm = vt_create_vm(1);
		_exit(nt_next(inner, &e, 5000) ||
		      e.event != VMM_NL_EVENT_CREATED || vm < 0);
	}
	tap_ok(child_says_yes(pid), "events are told where the VM was made");
	tap_ok(!nt_next(life, &e, 5000) && e.event == VMM_NL_EVENT_CREATED &&
	       !nt_next(life, &e, 5000) && e.event == VMM_NL_EVENT_GONE,
	       "and on the host");
	pid = fork();
	if (!pid) {
		struct nl_sock *inner;

		vm = vt_create_vm(1);
		if (unshare(CLONE_NEWNET))
			_exit(1);
		inner = nt_listen(VMM_NL_GROUP_LIFE);
		close(vm);
		_exit(nt_next(inner, &e, 500) != EAGAIN);
	}
	tap_ok(child_says_yes(pid), "elsewhere they are not");
	nl_socket_free(life);
}

int main(void)
{
	nt_start();
	test_get();
	test_names();
	test_set();
	test_verbs();
	test_rights();
	test_malformed();
	test_random();
	test_events();
	test_loss();
	test_namespaces();
	test_churn();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
