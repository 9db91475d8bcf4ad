// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vmm.h>
#include <linux/vmm_netlink.h>

#include "lib/container.h"
#include "lib/control.h"
#include "lib/size.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

const char *const control_group_names[CONTROL_NR_GROUPS] = {
	[CONTROL_LIFE] = VMM_NL_GROUP_LIFE,
	[CONTROL_LIMITS] = VMM_NL_GROUP_LIMITS,
	[CONTROL_FAULTS] = VMM_NL_GROUP_FAULTS,
};

/* ---- refusals ------------------------------------------------------------ */

static bool blames_vm(const struct nl_request *r, const struct nl_verdict *v)
{
	int type = nl_attr_at(r, v->offset);

	return type == VMM_NL_A_VM_ID || type == VMM_NL_A_NAME;
}

static int exit_code(const struct nl_request *r, const struct nl_verdict *v)
{
	switch (v->error) {
	case ENOENT:
		return blames_vm(r, v) ? VMCTL_NO_VM : VMCTL_FAILED;
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

static int refused(const struct nl_request *r, const struct nl_verdict *v,
		   struct err *err)
{
	int code = exit_code(r, v);

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

void control_begin(const struct control *c, struct nl_request *r, uint16_t flags,
		   uint8_t cmd)
{
	/* each answer has an end that way: a dump's is its own */
	if (!(flags & NLM_F_DUMP))
		flags |= NLM_F_ACK;
	nl_begin(r, c->family, flags, cmd, VMM_NL_FAMILY_VERSION);
}

static bool is_name(const char *text)
{
	size_t len = strlen(text), i;

	if (!isalpha((unsigned char)text[0]) || len >= VMM_NAME_LEN)
		return false;
	for (i = 1; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("._-", text[i]))
			return false;
	return true;
}

int control_name(struct nl_request *r, const char *vm, struct err *err)
{
	uint64_t id;

	if (is_name(vm)) {
		nl_put_text(r, VMM_NL_A_NAME, vm);
		return 0;
	}
	if (!isdigit((unsigned char)vm[0]) || uint_parse(vm, &id) || !id ||
	    id > UINT32_MAX)
		return err_set(err, VMCTL_USAGE,
			       "neither a name nor an id of a VM");
	nl_put_u32(r, VMM_NL_A_VM_ID, (uint32_t)id);
	return 0;
}

static int send_request(struct control *c, struct nl_request *r,
			struct err *err)
{
	ssize_t sent;

	if (nl_finish(r, ++c->seq))
		return err_set(err, VMCTL_USAGE, "too much for one request");
	do {
		sent = send(c->fd, r->buf, r->len, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent != (ssize_t)r->len)
		return err_set(err, VMCTL_FAILED, "netlink: cannot send: %s",
			       strerror(errno));
	return 0;
}

ssize_t control_receive(struct control *c, int flags)
{
	struct sockaddr_nl from = {};
	socklen_t from_len;
	ssize_t got;

	do {
		from_len = sizeof(from);
		got = recvfrom(c->fd, c->buf, CONTROL_BUFFER, flags | MSG_TRUNC,
			       (struct sockaddr *)&from, &from_len);
		/* other processes may write to us; the kernel is number 0 */
	} while ((got < 0 && errno == EINTR) ||
		 (got >= 0 && from_len == sizeof(from) && from.nl_pid));
	if (got < 0)
		return -errno;
	return got && got <= CONTROL_BUFFER ? got : -EBADMSG;
}

static int not_received(ssize_t error, struct err *err)
{
	if (error == -EBADMSG)
		return malformed(err);
	return err_set(err, VMCTL_FAILED, "netlink: cannot receive: %s",
		       strerror((int)-error));
}

/**
 * struct answer - what has been seen of one
 * @type:	of its messages, as of the request
 * @done:	it is complete
 * @spoiled:	changes came between its parts
 */
struct answer {
	const struct nl_request *request;
	uint16_t type;
	control_fn fn;
	void *arg;
	bool done;
	bool spoiled;
};

static int take_end(const struct nl_message *m, struct answer *a,
		    struct err *err)
{
	struct nl_verdict v;

	if (nl_verdict(m, &v))
		return malformed(err);
	a->done = true;
	return v.error ? refused(a->request, &v, err) : 0;
}

static int take_message(struct control *c, const struct nl_message *m,
			struct answer *a, struct err *err)
{
	if (m->seq != c->seq || a->done)
		return 0;	/* of a request that was given up */
	if (m->flags & NLM_F_DUMP_INTR)
		a->spoiled = true;
	if (m->type == NLMSG_NOOP)
		return 0;
	if (m->type == NLMSG_ERROR || m->type == NLMSG_DONE)
		return take_end(m, a, err);
	if (m->len < GENL_HDRLEN || !a->fn || m->type != a->type ||
	    a->fn(m->data + GENL_HDRLEN, m->len - GENL_HDRLEN, a->arg))
		return malformed(err);
	return 0;
}

int control_ask(struct control *c, struct nl_request *r, control_fn fn,
		void *arg, struct err *err)
{
	struct answer a = { .request = r, .fn = fn, .arg = arg };
	struct nl_message m;
	struct nl_walk w;
	ssize_t got;

	if (send_request(c, r, err))
		return -1;
	memcpy(&a.type, r->buf + offsetof(struct nlmsghdr, nlmsg_type),
	       sizeof(a.type));
	while (!a.done) {
		got = control_receive(c, 0);
		if (got < 0)
			return not_received(got, err);
		w = nl_walk(c->buf, (size_t)got);
		while (nl_next_message(&w, &m))
			if (take_message(c, &m, &a, err))
				return -1;
		if (w.bad)
			return malformed(err);
	}
	return a.spoiled;
}

/* ---- the family ----------------------------------------------------------- */

static int parse_group(struct control *c, const struct nl_attr *nest)
{
	static const uint8_t kinds[CTRL_ATTR_MCAST_GRP_MAX + 1] = {
		[CTRL_ATTR_MCAST_GRP_NAME] = NL_TEXT,
		[CTRL_ATTR_MCAST_GRP_ID] = NL_U32,
	};
	struct nl_attr a[CTRL_ATTR_MCAST_GRP_MAX + 1];
	char name[32];
	unsigned int i;

	if (nl_parse(nest->data, nest->len, kinds, CTRL_ATTR_MCAST_GRP_MAX, a))
		return -1;
	nl_text(name, sizeof(name), &a[CTRL_ATTR_MCAST_GRP_NAME]);
	for (i = 0; i < CONTROL_NR_GROUPS; i++)
		if (!strcmp(name, control_group_names[i]))
			c->group[i] = (uint32_t)
				nl_number(&a[CTRL_ATTR_MCAST_GRP_ID], 0);
	return 0;
}

static int parse_family(const void *attrs, size_t len, void *arg)
{
	static const uint8_t kinds[CTRL_ATTR_MCAST_GROUPS + 1] = {
		[CTRL_ATTR_MCAST_GROUPS] = NL_NEST,
	};
	struct nl_attr a[CTRL_ATTR_MCAST_GROUPS + 1], nest;
	struct control *c = arg;
	struct nl_walk groups;
	uint16_t id;

	/* the number is of 16 bits, as is nothing of ours */
	if (nl_parse(attrs, len, kinds, CTRL_ATTR_MCAST_GROUPS, a) ||
	    a[CTRL_ATTR_FAMILY_ID].len != sizeof(id))
		return -1;
	memcpy(&id, a[CTRL_ATTR_FAMILY_ID].data, sizeof(id));
	c->family = id;
	groups = nl_walk(a[CTRL_ATTR_MCAST_GROUPS].data,
			 a[CTRL_ATTR_MCAST_GROUPS].len);
	while (nl_next_attr(&groups, &nest))
		if (parse_group(c, &nest))
			return -1;
	return groups.bad ? -1 : 0;
}

static int resolve(struct control *c, struct err *err)
{
	struct nl_request r;

	nl_begin(&r, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY, 1);
	nl_put_text(&r, CTRL_ATTR_FAMILY_NAME, VMM_NL_FAMILY_NAME);
	if (!control_ask(c, &r, parse_family, c, err) && c->family)
		return 0;
	return err_set(err, VMCTL_MODULE,
		       "netlink: no family " VMM_NL_FAMILY_NAME "; try: modprobe vmm, or insmod vmm.ko");
}

int control_over(struct control *c, int fd, struct err *err)
{
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	c->buf = malloc(CONTROL_BUFFER);
	if (!c->buf) {
		err_set(err, VMCTL_FAILED, "out of memory");
		control_close(c);
		return -1;
	}
	if (!resolve(c, err))
		return 0;
	control_close(c);
	return -1;
}

int control_open(struct control *c, struct err *err)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int on = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	c->fd = fd;
	c->buf = NULL;
	if (fd < 0 || connect(fd, (struct sockaddr *)&kernel, sizeof(kernel))) {
		err_set(err, VMCTL_FAILED, "netlink: cannot connect: %s",
			strerror(errno));
		control_close(c);
		return -1;
	}
	/* words in refusals, without the request; strict look at it */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return control_over(c, fd, err);
}

void control_close(struct control *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->buf);
	c->fd = -1;
	c->buf = NULL;
}

int control_join(struct control *c, enum control_group group, struct err *err)
{
	uint32_t id = c->group[group];

	if (id && !setsockopt(c->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &id,
			      sizeof(id)))
		return 0;
	return err_set(err, VMCTL_FAILED, "netlink: cannot join group %s: %s",
		       control_group_names[group],
		       id ? strerror(errno) : "the module has none");
}
