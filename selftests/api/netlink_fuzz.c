// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that are right, nearly right and wrong, from several sockets at once, while
 * the VMs that they name come, run, and go; dumps that nobody reads to the end; listeners
 * that come and go.  Each answer is well formed, refusals have words, nobody gets what is
 * another's, events have no gap, and in the end the table is what there is and the
 * memory is back.  VMM_SEED repeats the requests of each thread, VMM_SECONDS tells how
 * long.
 *
 * test: check: 6.1, timeout: 120
 */
#include <sched.h>
#include <sys/syscall.h>

#include "hostmem.h"
#include "lib/nl.h"
#include "lib/nlfuzz.h"

#define NR_VMS		16	/* without vCPUs */
#define NR_MACHINES	2	/* with one that runs */
#define NR_IDS		(NR_VMS + NR_MACHINES + 4)
#define MAX_ID		65536
#define SENTINEL	0x80000000U

VT_BLOB(work, "sti\n 1: xor %eax, %eax\n cpuid\n lock incl 0x3000\n jmp 1b");
VT_BLOB(rest, "sti\n 1: hlt\n jmp 1b");

static volatile bool stop;
static unsigned int seed = 1, group_ids[3];

/* Who may be named; the last few have gone. */
static uint32_t ids[NR_IDS], last_id;

struct tally {
	unsigned long sent, answered, refused, broken, bad;
	unsigned long done[VMM_NL_CMD_MAX + 1], denied[VMM_NL_CMD_MAX + 1];
};

__attribute__((format(printf, 2, 3)))
static void complain(struct tally *t, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (t->bad++ >= 10)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("# %s\n", text);
}

/* ---- answers ------------------------------------------------------------------ */

/* Bytes of an attribute's value; 0: a string; -1: a nest; -2: padding. */
static int size_of(unsigned int type)
{
	switch (type) {
	case VMM_NL_A_PAD:
		return -2;
	case VMM_NL_A_NAME:
	case VMM_NL_A_BACKEND:
	case VMM_NL_A_STOP_TEXT:
		return 0;
	case VMM_NL_A_LABEL:
	case VMM_NL_A_STAT:
		return -1;
	case VMM_NL_A_MEMORY:
	case VMM_NL_A_MAX_MEMORY:
	case VMM_NL_A_RESIDENT:
	case VMM_NL_A_UPTIME_NS:
	case VMM_NL_A_PAUSED_NS:
	case VMM_NL_A_LIFE_SEQ:
	case VMM_NL_A_LIMITS_SEQ:
	case VMM_NL_A_FAULTS_SEQ:
	case VMM_NL_A_GPA:
	case VMM_NL_A_SIZE:
	case VMM_NL_A_OFFSET:
		return 8;
	default:
		return 4;
	}
}

static bool attr_good(const struct nlattr *a)
{
	int wanted = size_of(nla_type(a)), len = nla_len(a), rest;
	const struct nlattr *in;

	if (wanted > 0)
		return len == wanted;
	if (wanted == 0)
		return len > 0 && !((char *)nla_data(a))[len - 1];
	if (wanted == -2)
		return !len;
	for (in = nla_data(a), rest = len; nla_ok(in, rest);
	     in = nla_next(in, &rest))
		;
	return !rest;
}

/* A record: attributes whole and of their types.  @user may not see VMs. */
static bool record_good(struct nlmsghdr *h, bool user)
{
	int rest = (int)h->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
	struct nlattr *a = (struct nlattr *)((char *)h + NLMSG_HDRLEN +
					     GENL_HDRLEN);

	if (rest < 0)
		return false;
	for (; nla_ok(a, rest); a = nla_next(a, &rest))
		if (nla_type(a) > VMM_NL_A_MAX || !attr_good(a) ||
		    (user && nla_type(a) == VMM_NL_A_VM_ID))
			return false;
	return !rest;
}

static bool errno_good(int err)
{
	switch (err) {
	case ENOENT: case ENOTUNIQ: case EPERM: case EALREADY: case ESHUTDOWN:
	case EEXIST: case EBUSY: case ETIMEDOUT: case EINVAL: case ERANGE:
	case ENOSPC: case EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

/**
 * struct talk - one thread's
 * @user:	not the owner of any VM
 * @dumping:	records come until an end does
 */
struct talk {
	struct nf_req req;
	struct tally tally;
	const struct nf_op *op;
	unsigned char answer[65536];
	uint32_t sentinel;
	int fd;
	bool user, mutated, dumping;
};

static void refusal(struct talk *t, struct nlmsghdr *h, int err)
{
	struct tally *n = &t->tally;
	const struct genlmsghdr *g = NLMSG_DATA(nf_head(&t->req));

	n->refused++;
	if (!t->mutated)
		n->denied[t->op->cmd]++;
	if (!errno_good(err))
		complain(n, "command %u: errno %d", t->op->cmd, err);
	if (t->req.broken || err == EOPNOTSUPP ||
	    t->req.len < NLMSG_HDRLEN + GENL_HDRLEN)
		return;
	if (h->nlmsg_type == NLMSG_ERROR && !nt_text[0])
		complain(n, "command %u: errno %d without words", g->cmd, err);
	if (nt_offset >= t->req.len)
		complain(n, "command %u: offset %u of %zu", g->cmd, nt_offset,
			 t->req.len);
}

static void accepted(struct talk *t)
{
	const struct genlmsghdr *g = NLMSG_DATA(nf_head(&t->req));

	t->tally.answered++;
	if (!t->mutated)
		t->tally.done[t->op->cmd]++;
	if (t->user && !t->req.broken && g->cmd != VMM_NL_CMD_STATS_GET &&
	    !(nf_head(&t->req)->nlmsg_flags & NLM_F_DUMP))
		complain(&t->tally, "another user: command %u done", g->cmd);
}

/* One message; whether it is the sentinel's answer. */
static bool hear(struct talk *t, struct nlmsghdr *h)
{
	int err;

	if (h->nlmsg_type == t->req.family) {
		t->dumping = h->nlmsg_flags & NLM_F_MULTI;
		if (!record_good(h, t->user))
			complain(&t->tally, "command %u: a bad record",
				 t->op->cmd);
		return false;
	}
	if (h->nlmsg_type == NLMSG_DONE) {
		t->dumping = false;
		nt_text[0] = nt_offset = 0;
		err = *(int *)NLMSG_DATA(h);
		err < 0 ? refusal(t, h, -err) : accepted(t);
		return false;
	}
	if (h->nlmsg_type != NLMSG_ERROR) {
		complain(&t->tally, "a message of type %u", h->nlmsg_type);
		return false;
	}
	err = nt_error(h);
	if (h->nlmsg_seq == t->sentinel) {
		if (err != EINVAL || strcmp(nt_text, "nothing to set"))
			complain(&t->tally, "sentinel: %d %s", err, nt_text);
		return true;
	}
	err ? refusal(t, h, err) : accepted(t);
	return false;
}

/* All answers to what was sent, up to the sentinel's. */
static bool hear_all(struct talk *t)
{
	bool end = false;
	ssize_t len;
	int rest;

	t->dumping = false;
	while (!end || t->dumping) {
		struct nlmsghdr *h = (struct nlmsghdr *)t->answer;

		len = recv(t->fd, t->answer, sizeof(t->answer), 0);
		if (len < 0) {
			complain(&t->tally, "command %u: no answer: %s",
				 t->op->cmd, strerror(errno));
			return false;
		}
		for (rest = (int)len; nlmsg_ok(h, rest); h = nlmsg_next(h, &rest))
			end |= hear(t, h);
		if (rest > 0)
			complain(&t->tally, "%d bytes left over", rest);
	}
	return true;
}

/* ---- who asks ------------------------------------------------------------------ */

static bool say(struct talk *t, uint32_t seq)
{
	struct {
		struct nlmsghdr h;
		struct genlmsghdr g;
	} end = {
		.h = { .nlmsg_len = sizeof(end), .nlmsg_type = t->req.family,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		       .nlmsg_seq = SENTINEL | seq },
		.g = { .cmd = VMM_NL_CMD_VM_SET, .version = 1 },
	};

	t->sentinel = SENTINEL | seq;
	t->op = nf_make(&t->req, seq);
	t->mutated = nf_rnd(&t->req, 8) < 5;
	if (t->mutated)
		nf_mutate(&t->req);
	t->tally.broken += t->req.broken;
	t->tally.sent++;
	return send(t->fd, t->req.buf, t->req.len, 0) >= 0 &&
	       send(t->fd, &end, sizeof(end), 0) >= 0;
}

static void *ask(void *arg)
{
	struct talk *t = arg;
	int family, room = 212992;
	struct nl_sock *sock;
	uint32_t seq = 0;

	/* The system call is this thread's alone. */
	if (t->user && syscall(SYS_setresuid, 1000, 1000, 1000))
		vt_bail("another user");
	sock = nt_open(&family);
	t->fd = nl_socket_get_fd(sock);
	/* For two dumps and more at once, or the kernel has none for the last. */
	setsockopt(t->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	while (!stop && say(t, ++seq % SENTINEL) && hear_all(t))
		;
	if (!stop)
		complain(&t->tally, "ended early");
	nl_socket_free(sock);
	return NULL;
}

/* Dumps that are begun, and sockets that come and go. */
static void *waste(void *arg)
{
	static struct nf_req r;
	unsigned long *n = arg;
	int fd[8], i, group;
	char buf[4096];

	memset(fd, -1, sizeof(fd));
	r.seed = seed + 99;
	r.family = (uint16_t)nt_family;
	r.ids = ids;
	r.nr_ids = NR_IDS;
	for (i = 0; !stop; i = (i + 1) % 8, (*n)++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK,
			       NETLINK_GENERIC);
		group = nf_rnd(&r, 8) ? (int)group_ids[nf_rnd(&r, 3)] :
					(int)nf_rnd(&r, 4000);
		if (nf_rnd(&r, 2))
			setsockopt(fd[i], SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				   &group, sizeof(group));
		nf_make(&r, 1);
		nf_head(&r)->nlmsg_flags |= NLM_F_DUMP;
		if (send(fd[i], r.buf, r.len, 0) >= 0 && nf_rnd(&r, 2))
			recv(fd[i], buf, nf_rnd(&r, sizeof(buf)), 0);
		if (nf_rnd(&r, 2))
			setsockopt(fd[i], SOL_NETLINK, NETLINK_DROP_MEMBERSHIP,
				   &group, sizeof(group));
	}
	for (i = 0; i < 8; i++)
		close(fd[i]);
	return NULL;
}

/* ---- who is asked about ----------------------------------------------------------- */

static struct {
	int fd;
	uint32_t id;
} vms[NR_VMS];

static struct {
	struct vt t;
	struct vt_runner r;
	uint32_t id;
} machines[NR_MACHINES];

static void name_one(unsigned int at, uint32_t id)
{
	static unsigned int gone;

	/* Those that have gone are asked about for a while. */
	if (ids[at])
		ids[NR_VMS + NR_MACHINES + gone++ % 4] = ids[at];
	__atomic_store_n(&ids[at], id, __ATOMIC_RELAXED);
}

static void renew_vm(unsigned int n, bool make)
{
	struct vmm_create_vm c = { .vcpus = 1 + n % 3 };

	if (vms[n].fd >= 0)
		close(vms[n].fd);
	vms[n].fd = -1;
	if (!make)
		return;
	snprintf((char *)c.name, sizeof(c.name), "n%u", n);
	vms[n].fd = ioctl(vt_dev, VMM_CREATE_VM, &c);
	if (vms[n].fd < 0)
		vt_bail("VM");
	vms[n].id = ++last_id;
	name_one(n, last_id);
}

static void make_machine(unsigned int n)
{
	vt_make(&machines[n].t, 1, VT_MB);
	if (n)
		VT_LOAD(&machines[n].t, rest);
	else
		VT_LOAD(&machines[n].t, work);
	machines[n].id = ++last_id;
	name_one(NR_VMS + n, last_id);
	vt_spawn(&machines[n].r, &machines[n].t, 0);
}

static void free_machine(unsigned int n)
{
	vt_stop(&machines[n].r);
	vt_free(&machines[n].t);
}

static void churn(unsigned int seconds)
{
	uint64_t end = vt_now_ms() + 1000 * seconds;
	unsigned int rnd = seed + 77, n;

	while (vt_now_ms() < end) {
		renew_vm((unsigned int)rand_r(&rnd) % NR_VMS, rand_r(&rnd) % 4);
		n = (unsigned int)rand_r(&rnd) % NR_MACHINES;
		if (machines[n].r.done || !(rand_r(&rnd) % 64)) {
			free_machine(n);
			make_machine(n);
		}
		vt_sleep_ms((unsigned int)rand_r(&rnd) % 8);
	}
}

/* ---- who listens ------------------------------------------------------------------ */

static uint32_t seqs[MAX_ID][3];
static bool gone[MAX_ID];
static unsigned long heard, losses, gaps;

static unsigned int group_of(uint32_t event)
{
	if (event == VMM_NL_EVENT_LIMIT_MEMORY ||
	    event == VMM_NL_EVENT_LIMIT_VCPUS)
		return 1;
	return event == VMM_NL_EVENT_FAULT ? 2 : 0;
}

static void take_event(const struct nt_event *e)
{
	unsigned int g = group_of(e->event);

	heard++;
	if (e->vm >= MAX_ID)
		return;
	if (e->seq != seqs[e->vm][g] + 1 || gone[e->vm]) {
		if (gaps++ < 5)
			printf("# VM %u: event %u is number %llu after %u%s\n",
			       e->vm, e->event, (unsigned long long)e->seq,
			       seqs[e->vm][g], gone[e->vm] ? ", gone" : "");
	}
	seqs[e->vm][g] = (uint32_t)e->seq;
	gone[e->vm] = e->event == VMM_NL_EVENT_GONE;
}

static struct nl_sock *open_ear(void)
{
	struct nl_sock *sock = nt_listen(VMM_NL_GROUP_LIFE);
	int room = 32 << 20, fd = nl_socket_get_fd(sock);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (nl_socket_add_membership(sock, (int)group_ids[1]) ||
	    nl_socket_add_membership(sock, (int)group_ids[2]))
		vt_bail("groups");
	return sock;
}

static void *listen_all(void *arg)
{
	struct nt_event e = {};
	int err;

	do {
		err = nt_next(arg, &e, 500);
		if (!err)
			take_event(&e);
		else if (err != EAGAIN)
			losses++;
	} while (!err || !stop);
	return NULL;
}

/* ---- what is left ------------------------------------------------------------------ */

struct census {
	unsigned int seen, wrong;
};

static bool is_ours(uint32_t id)
{
	unsigned int n;

	for (n = 0; n < NR_VMS; n++)
		if (vms[n].fd >= 0 && vms[n].id == id)
			return true;
	for (n = 0; n < NR_MACHINES; n++)
		if (machines[n].id == id)
			return true;
	return false;
}

static void count_vm(struct nlattr **a, void *arg)
{
	uint32_t id = nt_u32(a, VMM_NL_A_VM_ID);
	struct census *c = arg;

	c->seen++;
	if (!is_ours(id) || id >= MAX_ID ||
	    nt_u64(a, VMM_NL_A_LIFE_SEQ) != seqs[id][0] ||
	    nt_u64(a, VMM_NL_A_LIMITS_SEQ) != seqs[id][1] ||
	    nt_u64(a, VMM_NL_A_FAULTS_SEQ) != seqs[id][2]) {
		printf("# VM %u: %llu events, heard %u\n", id,
		       (unsigned long long)nt_u64(a, VMM_NL_A_LIFE_SEQ),
		       id < MAX_ID ? seqs[id][0] : 0);
		c->wrong++;
	}
}

/* A dead VM refuses all, one that lives takes its requests. */
static unsigned int count_liars(void)
{
	struct vmm_vm_requests taken;
	unsigned int n, liars = 0;
	bool dead, refused;

	for (n = 0; n < NR_VMS; n++) {
		if (vms[n].fd < 0)
			continue;
		dead = nt_get(vms[n].id).state == VMM_NL_STATE_DEAD;
		refused = ioctl(vms[n].fd, VMM_VM_TAKE_REQUESTS, &taken) &&
			  errno == ESHUTDOWN;
		liars += dead != refused;
	}
	return liars;
}

/* A machine that was not killed runs on, if it is let. */
static bool works_on(unsigned int n)
{
	volatile uint32_t *mail = vt_mail(&machines[n].t);
	uint32_t before = *mail;

	nt_vm(VMM_NL_CMD_VM_RESUME, machines[n].id, NULL, NULL);
	return machines[n].r.done || VT_WAIT_FOR(*mail != before);
}

static void check_end(void)
{
	struct census c = {};
	unsigned int n, open = NR_MACHINES;

	for (n = 0; n < NR_VMS; n++)
		open += vms[n].fd >= 0;
	tap_ok(!nt_dump(VMM_NL_CMD_VM_GET, 0, count_vm, &c) &&
	       c.seen == open && !c.wrong,
	       "the table has the %u VMs that there are, and their events", open);
	tap_ok(!count_liars(), "the dead are dead, the others are not");
	tap_ok(works_on(0), "a guest runs on");
}

/* ---- memory -------------------------------------------------------------------------- */

/* The most that is free in some seconds, more than that only below @wanted. */
static long settle(long wanted)
{
	long most = host_free_kb(), now;
	int i;

	for (i = 0; i < 60 && (i < 10 || most < wanted); i++) {
		vt_sleep_ms(250);
		now = host_free_kb();
		if (now > most)
			most = now;
	}
	return most;
}

/* ---- a round ----------------------------------------------------------------------------- */

static struct talk talks[3];

static void add_up(struct tally *sum)
{
	unsigned int i, c;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < 3; i++) {
		struct tally *t = &talks[i].tally;

		sum->sent += t->sent;
		sum->answered += t->answered;
		sum->refused += t->refused;
		sum->broken += t->broken;
		sum->bad += t->bad;
		for (c = 0; c <= VMM_NL_CMD_MAX; c++) {
			sum->done[c] += t->done[c];
			sum->denied[c] += t->denied[c];
		}
	}
}

static bool all_kinds(const struct tally *sum)
{
	unsigned int i, missing = 0;

	for (i = 0; i < NF_NR_OPS; i++) {
		unsigned int c = nf_ops[i].cmd;

		if (sum->done[c] && sum->denied[c])
			continue;
		tap_note("command %u: done %lu, refused %lu", c, sum->done[c],
			 sum->denied[c]);
		missing++;
	}
	return !missing;
}

static void begin_talk(unsigned int n)
{
	struct talk *t = &talks[n];

	memset(t, 0, sizeof(*t));
	t->req.seed = seed + n;
	t->req.family = (uint16_t)nt_family;
	t->req.ids = ids;
	t->req.nr_ids = NR_IDS;
	t->user = n == 2;
}

/* @check: say what came of it. */
static void play(unsigned int seconds, bool check)
{
	pthread_t asker[3], waster, listener;
	struct nl_sock *ear = open_ear();
	unsigned long wasted = 0;
	struct tally sum;
	unsigned int n;

	stop = false;
	pthread_create(&listener, NULL, listen_all, ear);
	for (n = 0; n < NR_VMS; n++)
		renew_vm(n, true);
	for (n = 0; n < NR_MACHINES; n++)
		make_machine(n);
	for (n = 0; n < 3; n++) {
		begin_talk(n);
		pthread_create(&asker[n], NULL, ask, &talks[n]);
	}
	pthread_create(&waster, NULL, waste, &wasted);
	churn(seconds);
	stop = true;
	for (n = 0; n < 3; n++)
		pthread_join(asker[n], NULL);
	pthread_join(waster, NULL);
	pthread_join(listener, NULL);
	add_up(&sum);
	if (check) {
		tap_note("%lu requests: %lu done, %lu refused, %lu headless; %lu dumps dropped; %lu events; %u VMs",
			 sum.sent, sum.answered, sum.refused, sum.broken, wasted,
			 heard, last_id);
		tap_ok(!sum.bad && sum.sent > 200, "each answer is a good one");
		tap_ok(all_kinds(&sum), "each command was done and refused");
		tap_ok(wasted > 20, "%lu dumps were begun", wasted);
		tap_ok(!gaps && !losses && heard > 50,
		       "%lu events without a gap", heard);
		check_end();
	}
	for (n = 0; n < NR_VMS; n++)
		renew_vm(n, false);
	for (n = 0; n < NR_MACHINES; n++)
		free_machine(n);
	nl_socket_free(ear);
}

static unsigned int setting(const char *name, unsigned int otherwise)
{
	const char *value = getenv(name);

	return value ? (unsigned int)atoi(value) : otherwise;
}

int main(void)
{
	unsigned int n, seconds = setting("VMM_SECONDS", 12);
	static const char *const names[] = {
		VMM_NL_GROUP_LIFE, VMM_NL_GROUP_LIMITS, VMM_NL_GROUP_FAULTS,
	};
	long before, after;

	nt_start();
	vt_catch(SIGUSR1);
	seed = setting("VMM_SEED", (unsigned int)getpid());
	tap_note("VMM_SEED=%u", seed);
	for (n = 0; n < NR_VMS; n++)
		vms[n].fd = -1;
	for (n = 0; n < 3; n++)
		group_ids[n] = (unsigned int)genl_ctrl_resolve_grp(nt_sock,
						VMM_NL_FAMILY_NAME, names[n]);
	n = (unsigned int)vt_create_vm(1);
	last_id = nt_newest();
	close((int)n);
	/* The first round fills caches that stay. */
	play(3, false);
	before = settle(0);
	play(seconds, true);
	n = 0;
	tap_ok(!nt_dump(VMM_NL_CMD_VM_GET, 0, nt_count, &n) && !n,
	       "then there is no VM");
	after = settle(before - 3000);
	tap_ok(after >= before - 3000, "memory is back: %ld kB, then %ld kB free",
	       before, after);
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
