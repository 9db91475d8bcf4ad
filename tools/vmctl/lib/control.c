// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/vmm.h>
#include <linux/vmm_netlink.h>

#include "lib/control.h"
#include "lib/name.h"
#include "lib/size.h"
#include "lib/verdict.h"

#define REQUEST_SIZE	8192

const char *const control_group_names[CONTROL_NR_GROUPS] = {
	[CONTROL_LIFE] = VMM_NL_GROUP_LIFE,
	[CONTROL_LIMITS] = VMM_NL_GROUP_LIMITS,
	[CONTROL_FAULTS] = VMM_NL_GROUP_FAULTS,
};

/* ---- refusals ------------------------------------------------------------ */

static bool blames_vm(struct nlmsghdr *request, const struct verdict *v)
{
	int type = verdict_blames(v, request);

	return type == VMM_NL_A_VM_ID || type == VMM_NL_A_NAME;
}

static int exit_code(struct nlmsghdr *request, const struct verdict *v)
{
	switch (v->error) {
	case ENOENT:
		return blames_vm(request, v) ? VMCTL_NO_VM : VMCTL_FAILED;
	case EALREADY:
	case ESHUTDOWN:
	case EBUSY:
		return VMCTL_STATE;
	case EPERM:
	case EACCES:
		return VMCTL_PERM;
	case EINVAL:
	case ERANGE:
		return VMCTL_USAGE;
	case EOPNOTSUPP:
		return VMCTL_MODULE;
	case ETIMEDOUT:
		return VMCTL_TIMEOUT;
	default:
		return VMCTL_FAILED;
	}
}

static const char *hint(int code, int error)
{
	if (error == ENOTUNIQ)
		return "; try: its id, from vmctl list";
	if (code == VMCTL_NO_VM)
		return "; try: vmctl list -a";
	if (code == VMCTL_PERM)
		return "; try: as its owner, or as root";
	if (code == VMCTL_MODULE)
		return "; try: the vmctl that came with the module";
	return "";
}

static int refused(struct nlmsghdr *request, const struct verdict *v,
		   struct err *err)
{
	int code = exit_code(request, v);

	return err_set(err, code, "%s%s",
		       *v->text ? v->text : strerror(v->error),
		       hint(code, v->error));
}

static int malformed(struct err *err)
{
	return err_set(err, VMCTL_MODULE,
		       "netlink: an answer that cannot be understood; try: the vmctl that came with the module");
}

/* ---- one request and its answer ------------------------------------------ */

int control_full(struct err *err)
{
	return err_set(err, VMCTL_USAGE, "too much for one request");
}

struct nl_msg *control_request(const struct control *c, int flags, uint8_t cmd,
			       struct err *err)
{
	struct nl_msg *m = nlmsg_alloc_size(REQUEST_SIZE);

	if (m && genlmsg_put(m, NL_AUTO_PORT, NL_AUTO_SEQ, c->family, 0, flags,
			     cmd, VMM_NL_FAMILY_VERSION))
		return m;
	nlmsg_free(m);
	err_set(err, VMCTL_FAILED, "out of memory");
	return NULL;
}

int control_name(struct nl_msg *request, const char *vm, struct err *err)
{
	struct err no_name;
	uint64_t id;
	int ret;

	if (!name_check(vm, &no_name)) {
		ret = nla_put_string(request, VMM_NL_A_NAME, vm);
	} else {
		if (!isdigit((unsigned char)vm[0]) || uint_parse(vm, &id) ||
		    !id || id > UINT32_MAX)
			return err_set(err, VMCTL_USAGE,
				       "neither a name nor an id of a VM");
		ret = nla_put_u32(request, VMM_NL_A_VM_ID, (uint32_t)id);
	}
	return ret ? control_full(err) : 0;
}

/**
 * struct answer - what has been seen of one
 * @type:	of its messages, as of the request; @seq: likewise
 * @verdict:	how it ended
 * @done:	it is complete
 * @bad:	it cannot be understood
 */
struct answer {
	int type;
	uint32_t seq;
	control_fn fn;
	void *arg;
	struct verdict verdict;
	bool done;
	bool bad;
};

/* A callback's way to say that the message is bad. */
static int is_bad(struct answer *a)
{
	a->bad = true;
	return -NLE_PARSE_ERR;
}

/* What is left of a request that was given up is passed over, as are events. */
static int check_seq(struct nl_msg *msg, void *arg)
{
	struct answer *a = arg;

	return nlmsg_hdr(msg)->nlmsg_seq == a->seq ? NL_OK : NL_SKIP;
}

static int take_part(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *m = nlmsg_hdr(msg);
	struct answer *a = arg;
	struct genlmsghdr *genl;

	if (!a->fn || m->nlmsg_type != a->type || !genlmsg_valid_hdr(m, 0))
		return is_bad(a);
	genl = genlmsg_hdr(m);
	if (a->fn(genlmsg_attrdata(genl, 0), (size_t)genlmsg_attrlen(genl, 0),
		  a->arg))
		return is_bad(a);
	return NL_OK;
}

/* The end of a dump, where libnl does not look for an errno; or that all is well. */
static int take_end(struct nl_msg *msg, void *arg)
{
	struct answer *a = arg;

	if (verdict_parse(nlmsg_hdr(msg), &a->verdict))
		return is_bad(a);
	a->done = true;
	return NL_STOP;
}

static int take_refusal(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct answer *a = arg;

	(void)from;
	/* libnl hands out what follows the header */
	if (verdict_parse((void *)((char *)e - NLMSG_HDRLEN), &a->verdict))
		return is_bad(a);
	a->done = true;
	return NL_STOP;
}

static struct nl_cb *callbacks(struct control *c, struct answer *a)
{
	struct nl_cb *own = nl_socket_get_cb(c->sock), *cb = nl_cb_clone(own);

	nl_cb_put(own);
	if (!cb)
		return NULL;
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, check_seq, a);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, take_part, a);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, take_end, a);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, take_end, a);
	nl_cb_err(cb, NL_CB_CUSTOM, take_refusal, a);
	return cb;
}

/* Until the answer is complete; as control_ask(). */
static int receive(struct control *c, struct answer *a, struct nl_cb *cb,
		   struct err *err)
{
	bool spoiled = false;
	int ret;

	while (!a->done) {
		ret = nl_recvmsgs_report(c->sock, cb);
		if (ret == -NLE_DUMP_INTR)
			spoiled = true;
		/* 0: a datagram without a message */
		if (a->bad || !ret || ret == -NLE_MSG_TRUNC)
			return malformed(err);
		if (ret < 0 && ret != -NLE_DUMP_INTR && !a->done)
			return err_set(err, VMCTL_FAILED,
				       "netlink: cannot receive: %s",
				       nl_geterror(ret));
	}
	return spoiled;
}

int control_ask(struct control *c, struct nl_msg *request, control_fn fn,
		void *arg, struct err *err)
{
	struct nlmsghdr *m = nlmsg_hdr(request);
	struct answer a = { .type = m->nlmsg_type, .fn = fn, .arg = arg };
	struct nl_cb *cb = callbacks(c, &a);
	int ret;

	if (!cb)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = nl_send_auto(c->sock, request);
	a.seq = m->nlmsg_seq;
	if (ret < 0)
		ret = err_set(err, VMCTL_FAILED, "netlink: cannot send: %s",
			      nl_geterror(ret));
	else
		ret = receive(c, &a, cb, err);
	nl_cb_put(cb);
	if (ret >= 0 && a.verdict.error)
		return refused(m, &a.verdict, err);
	return ret;
}

/* ---- connecting ----------------------------------------------------------- */

/* Other processes may write to us; the kernel is number 0. */
static int check_source(struct nl_msg *msg, void *arg)
{
	(void)arg;
	return nlmsg_get_src(msg)->nl_pid ? NL_SKIP : NL_OK;
}

int control_over(struct control *c, struct nl_sock *sock, struct err *err)
{
	c->sock = sock;
	nl_socket_modify_cb(sock, NL_CB_MSG_IN, NL_CB_CUSTOM, check_source,
			    NULL);
	c->family = genl_ctrl_resolve(sock, VMM_NL_FAMILY_NAME);
	if (c->family > 0)
		return 0;
	control_close(c);
	return err_set(err, VMCTL_MODULE,
		       "netlink: no family " VMM_NL_FAMILY_NAME "; try: modprobe vmm, or insmod vmm.ko");
}

int control_open(struct control *c, struct err *err)
{
	struct nl_sock *sock = nl_socket_alloc();
	int on = 1, fd, ret;

	c->sock = NULL;
	if (!sock)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = genl_connect(sock);
	if (ret) {
		nl_socket_free(sock);
		return err_set(err, VMCTL_FAILED, "netlink: cannot connect: %s",
			       nl_geterror(ret));
	}
	/* words in refusals, without the request; strict look at it */
	fd = nl_socket_get_fd(sock);
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return control_over(c, sock, err);
}

void control_close(struct control *c)
{
	nl_socket_free(c->sock);
	c->sock = NULL;
}

static int cannot_join(unsigned int group, int error, struct err *err)
{
	return err_set(err, VMCTL_FAILED, "netlink: cannot join group %s: %s",
		       control_group_names[group], nl_geterror(error));
}

int control_act(struct control *c, uint8_t cmd, uint64_t id, struct err *err)
{
	struct nl_msg *r = control_request(c, 0, cmd, err);
	int ret;

	if (!r)
		return -1;
	ret = nla_put_u32(r, VMM_NL_A_VM_ID, (uint32_t)id) ?
	      control_full(err) : control_ask(c, r, NULL, NULL, err);
	nlmsg_free(r);
	return ret;
}

int control_join(struct control *c, unsigned int groups, struct err *err)
{
	int id[CONTROL_NR_GROUPS] = {}, ret;
	unsigned int g;

	/* first all numbers: events would come between the answers */
	for (g = 0; g < CONTROL_NR_GROUPS; g++) {
		if (!(groups >> g & 1))
			continue;
		id[g] = genl_ctrl_resolve_grp(c->sock, VMM_NL_FAMILY_NAME,
					      control_group_names[g]);
		if (id[g] < 0)
			return cannot_join(g, id[g], err);
	}
	for (g = 0; g < CONTROL_NR_GROUPS; g++) {
		ret = groups >> g & 1 ?
		      nl_socket_add_membership(c->sock, id[g]) : 0;
		if (ret)
			return cannot_join(g, ret, err);
	}
	return 0;
}
