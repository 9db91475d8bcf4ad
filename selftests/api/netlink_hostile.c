// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink family and those who mean it no good: other users, malformed and
 * random messages, dumps while VMs come and go.
 *
 * test: timeout: 90
 */
#include <sched.h>

#include "lib/nl.h"

/* ---- rights ---------------------------------------------------------------------- */

static bool all_refused(uint32_t id)
{
	int n = 0;

	return nt_refused(nt_vm(VMM_NL_CMD_VM_GET, id, NULL, NULL), EPERM) &&
	       nt_refused(nt_vm(VMM_NL_CMD_VM_KILL, id, NULL, NULL), EPERM) &&
	       nt_refused(nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL), EPERM) &&
	       nt_refused(nt_vm(VMM_NL_CMD_STATS_GET, id, NULL, NULL), EPERM) &&
	       nt_refused(nt_vm(VMM_NL_CMD_KSM_GET, id, NULL, NULL), EPERM) &&
	       nt_refused(nt_rename(id, "mine"), EPERM) &&
	       nt_dump(VMM_NL_CMD_VCPU_GET, id, nt_count, &n) == EPERM &&
	       !nt_dump(VMM_NL_CMD_VM_GET, 0, nt_count, &n) && !n;
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
	tap_ok(nt_child_good(pid), "another user with root's socket");
	pid = fork();
	if (!pid) {
		if (setresuid(1000, 1000, 1000))
			_exit(1);
		nt_sock = nt_open(&nt_family);
		if (!all_refused(id))
			_exit(1);
		own = vt_create_vm(1);
		if (own < 0 || nt_newest() != id + 1 ||
		    nt_get(id + 1).owner != 1000 || nt_rename(id + 1, "mine") ||
		    nt_vm(VMM_NL_CMD_VM_PAUSE, id + 1, NULL, NULL) ||
		    nt_vm(VMM_NL_CMD_VM_KILL, id + 1, NULL, NULL))
			_exit(2);
		_exit(0);
	}
	tap_ok(nt_child_good(pid), "a user and his own VM");
	pid = fork();
	if (!pid) {
		/* Root in a user namespace of his own is nobody to this VM. */
		if (setresuid(1000, 1000, 1000) ||
		    unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(1);
		nt_sock = nt_open(&nt_family);
		_exit(!all_refused(id));
	}
	tap_ok(nt_child_good(pid), "root of a container");
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET))
			_exit(1);
		nt_sock = nt_open(&nt_family);
		_exit(nt_get(id).id != id ||
		      nt_vm(VMM_NL_CMD_VM_KILL, id, NULL, NULL));
	}
	tap_ok(nt_child_good(pid), "root from another network");
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

int main(void)
{
	nt_start();
	test_rights();
	test_malformed();
	test_random();
	test_churn();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
