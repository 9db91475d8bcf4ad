/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to the netlink family as its grammar has them, and as it does not: a
 * request is made whole from the tables of operations and attributes, and then one
 * of the mutations is done to it.
 *
 * Random numbers are of a state that the caller owns, so that each thread makes the
 * same requests again from the same seed.
 */
#ifndef API_NLFUZZ_H
#define API_NLFUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/vmm_netlink.h>

#define NF_MAX	20000

/**
 * struct nf_req - a request, or several in one datagram
 * @len:	bytes that are sent, whatever the heads in them say
 * @seed:	of its maker
 * @broken:	the head of the message lies: there may be no answer
 */
struct nf_req {
	unsigned char buf[NF_MAX + 4096];
	size_t len;
	unsigned int seed;
	uint16_t family;
	bool broken;
	const uint32_t *ids;
	unsigned int nr_ids;
};

static unsigned int nf_rnd(struct nf_req *r, unsigned int below)
{
	return (unsigned int)rand_r(&r->seed) % below;
}

static struct nlmsghdr *nf_head(struct nf_req *r)
{
	return (struct nlmsghdr *)r->buf;
}

/* ---- the grammar ------------------------------------------------------------- */

enum nf_kind { NF_U32, NF_U64, NF_TEXT, NF_NEST };

static const struct nf_attr {
	uint16_t type;
	enum nf_kind kind;
} nf_attrs[] = {
	{ VMM_NL_A_VM_ID, NF_U32 },
	{ VMM_NL_A_NAME, NF_TEXT },
	{ VMM_NL_A_NEW_NAME, NF_TEXT },
	{ VMM_NL_A_MAX_VCPUS, NF_U32 },
	{ VMM_NL_A_MAX_MEMORY, NF_U64 },
	{ VMM_NL_A_LABEL, NF_NEST },
	{ VMM_NL_A_VCPU_ID, NF_U32 },
};

#define NF_NR_ATTRS	(sizeof(nf_attrs) / sizeof(nf_attrs[0]))

/* @extra: which of nf_attrs[] beside id and name, a bit each */
static const struct nf_op {
	uint8_t cmd;
	bool doit, dump;
	unsigned int extra;
} nf_ops[] = {
	{ VMM_NL_CMD_VM_GET, true, true, 0 },
	{ VMM_NL_CMD_VM_SET, true, false, 0x3c },
	{ VMM_NL_CMD_VM_PAUSE, true, false, 0 },
	{ VMM_NL_CMD_VM_RESUME, true, false, 0 },
	{ VMM_NL_CMD_VM_STOP, true, false, 0 },
	{ VMM_NL_CMD_VM_RESET, true, false, 0 },
	{ VMM_NL_CMD_VM_KILL, true, false, 0 },
	{ VMM_NL_CMD_VM_NMI, true, false, 0x40 },
	{ VMM_NL_CMD_VCPU_GET, false, true, 0 },
	{ VMM_NL_CMD_SLOT_GET, false, true, 0 },
	{ VMM_NL_CMD_STATS_GET, true, true, 0 },
	{ VMM_NL_CMD_KSM_GET, true, false, 0 },
};

#define NF_NR_OPS	(sizeof(nf_ops) / sizeof(nf_ops[0]))

/* ---- making ------------------------------------------------------------------ */

static struct nlattr *nf_open(struct nf_req *r, uint16_t type)
{
	struct nlattr *a = (struct nlattr *)(r->buf + r->len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN;
	r->len += NLA_HDRLEN;
	return a;
}

static void nf_close(struct nf_req *r, struct nlattr *a)
{
	a->nla_len = (uint16_t)(r->buf + r->len - (unsigned char *)a);
	while (r->len % NLA_ALIGNTO)
		r->buf[r->len++] = 0;
}

static void nf_put(struct nf_req *r, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = nf_open(r, type);

	memcpy(r->buf + r->len, data, len);
	r->len += len;
	nf_close(r, a);
}

static void nf_put_text(struct nf_req *r, uint16_t type)
{
	char text[300];
	size_t len;

	switch (nf_rnd(r, 12)) {
	case 0:			/* any bytes, perhaps without an end */
		len = nf_rnd(r, sizeof(text));
		for (size_t i = 0; i < len; i++)
			text[i] = (char)nf_rnd(r, 256);
		break;
	case 1:			/* around the limits of names, keys and values */
		len = (nf_rnd(r, 2) ? 62 : 190) + nf_rnd(r, 4);
		memset(text, 'a' + (int)nf_rnd(r, 26), len);
		text[len - 1] = 0;
		break;
	case 2:
		len = nf_rnd(r, 2);
		text[0] = 0;
		break;
	default:		/* one that a VM or a label may have */
		len = (size_t)snprintf(text, sizeof(text), "n%u",
				       nf_rnd(r, 12)) + 1;
	}
	nf_put(r, type, text, len);
}

static void nf_put_u32(struct nf_req *r, uint16_t type)
{
	static const uint32_t odd[] = { 0, 1, 127, 128, 129, ~0U, 1U << 31 };
	uint32_t value;

	if (type == VMM_NL_A_VM_ID && r->nr_ids && nf_rnd(r, 16))
		value = __atomic_load_n(&r->ids[nf_rnd(r, r->nr_ids)],
					__ATOMIC_RELAXED);
	else if (nf_rnd(r, 3))
		value = nf_rnd(r, 4);
	else
		value = odd[nf_rnd(r, sizeof(odd) / sizeof(odd[0]))];
	nf_put(r, type, &value, sizeof(value));
}

static void nf_put_u64(struct nf_req *r, uint16_t type)
{
	uint64_t value = (uint64_t)nf_rnd(r, 64) << nf_rnd(r, 60);

	nf_put(r, type, &value, sizeof(value));
}

static void nf_put_label(struct nf_req *r)
{
	struct nlattr *nest = nf_open(r, VMM_NL_A_LABEL | NLA_F_NESTED);

	if (nf_rnd(r, 20))
		nf_put_text(r, VMM_NL_A_LABEL_KEY);
	if (nf_rnd(r, 3))
		nf_put_text(r, VMM_NL_A_LABEL_VALUE);
	nf_close(r, nest);
}

static void nf_put_attr(struct nf_req *r, const struct nf_attr *attr)
{
	switch (attr->kind) {
	case NF_U32:
		return nf_put_u32(r, attr->type);
	case NF_U64:
		return nf_put_u64(r, attr->type);
	case NF_TEXT:
		return nf_put_text(r, attr->type);
	case NF_NEST:
		return nf_put_label(r);
	}
}

static void nf_put_attrs(struct nf_req *r, const struct nf_op *op)
{
	unsigned int i, extra = op->extra;

	switch (nf_rnd(r, 8)) {
	case 0:
		break;
	case 1:
		nf_put_attr(r, &nf_attrs[1]);
		break;
	case 2:
		nf_put_attr(r, &nf_attrs[1]);
		/* fall through */
	default:
		nf_put_attr(r, &nf_attrs[0]);
	}
	for (i = 0; i < NF_NR_ATTRS; i++)
		if ((extra >> i & 1) && nf_rnd(r, 2))
			nf_put_attr(r, &nf_attrs[i]);
}

/* As the grammar has it; values may be out of range. */
static const struct nf_op *nf_make(struct nf_req *r, uint32_t seq)
{
	const struct nf_op *op = &nf_ops[nf_rnd(r, NF_NR_OPS)];
	struct nlmsghdr *h = nf_head(r);
	struct genlmsghdr *g = NLMSG_DATA(h);
	bool dump = op->dump && (!op->doit || nf_rnd(r, 2));

	memset(h, 0, sizeof(*h));
	h->nlmsg_type = r->family;
	h->nlmsg_flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK);
	h->nlmsg_seq = seq;
	*g = (struct genlmsghdr){ .cmd = op->cmd, .version = 1 };
	r->len = NLMSG_HDRLEN + GENL_HDRLEN;
	r->broken = false;
	if (!dump || op->cmd == VMM_NL_CMD_VCPU_GET ||
	    op->cmd == VMM_NL_CMD_SLOT_GET)
		nf_put_attrs(r, op);
	h->nlmsg_len = (uint32_t)r->len;
	return op;
}

/* ---- mutations ---------------------------------------------------------------- */

static void nf_cut(struct nf_req *r)
{
	r->len = NLMSG_HDRLEN + nf_rnd(r, (unsigned int)(r->len - NLMSG_HDRLEN) + 1);
	nf_head(r)->nlmsg_len = (uint32_t)r->len;
}

static void nf_lie(struct nf_req *r)
{
	static const uint32_t odd[] = { 0, 1, 15, 16, 17, 19, 20, ~0U, 1U << 31 };

	if (nf_rnd(r, 2))
		nf_head(r)->nlmsg_len = odd[nf_rnd(r, sizeof(odd) / sizeof(odd[0]))];
	else
		nf_head(r)->nlmsg_len += nf_rnd(r, 32) - 16;
	r->broken = true;
}

/* An attribute of the request, at any level; NULL: it has none. */
static struct nlattr *nf_any_attr(struct nf_req *r)
{
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN, pick = nf_rnd(r, 4);
	struct nlattr *a = NULL;

	while (at + NLA_HDRLEN <= r->len) {
		a = (struct nlattr *)(r->buf + at);
		if (!pick-- || a->nla_len < NLA_HDRLEN)
			break;
		if ((a->nla_type & NLA_F_NESTED) && nf_rnd(r, 2))
			at += NLA_HDRLEN;
		else
			at += NLA_ALIGN(a->nla_len);
	}
	return a;
}

static void nf_bad_length(struct nf_req *r)
{
	static const uint16_t odd[] = { 0, 1, 3, 4, 5, 8, 0xffff, 0x8000 };
	struct nlattr *a = nf_any_attr(r);

	if (a)
		a->nla_len = nf_rnd(r, 2) ?
			     odd[nf_rnd(r, sizeof(odd) / sizeof(odd[0]))] :
			     (uint16_t)(a->nla_len + nf_rnd(r, 16) - 8);
}

static void nf_bad_type(struct nf_req *r)
{
	struct nlattr *a = nf_any_attr(r);

	if (!a)
		return;
	if (nf_rnd(r, 2))
		a->nla_type ^= nf_rnd(r, 2) ? NLA_F_NESTED : NLA_F_NET_BYTEORDER;
	else
		a->nla_type = (uint16_t)nf_rnd(r, nf_rnd(r, 2) ? VMM_NL_A_MAX + 3 :
						      0x10000);
}

static void nf_flip(struct nf_req *r)
{
	unsigned int n = 1 + nf_rnd(r, 8);
	unsigned int room = (unsigned int)(r->len - NLMSG_HDRLEN);

	while (n-- && room)
		r->buf[NLMSG_HDRLEN + nf_rnd(r, room)] ^= 1U << nf_rnd(r, 8);
}

static void nf_twice(struct nf_req *r)
{
	size_t body = r->len - NLMSG_HDRLEN - GENL_HDRLEN;
	unsigned int n = 1 + nf_rnd(r, nf_rnd(r, 8) ? 3 : 400);

	while (n-- && body && r->len + body < NF_MAX) {
		memcpy(r->buf + r->len, r->buf + NLMSG_HDRLEN + GENL_HDRLEN, body);
		r->len += body;
	}
	nf_head(r)->nlmsg_len = (uint32_t)r->len;
}

static void nf_left_over(struct nf_req *r)
{
	unsigned int n = 1 + nf_rnd(r, 7);

	while (n--)
		r->buf[r->len++] = (unsigned char)nf_rnd(r, 256);
	nf_head(r)->nlmsg_len = (uint32_t)r->len;
}

static void nf_deep(struct nf_req *r)
{
	unsigned int depth = 2 + nf_rnd(r, nf_rnd(r, 4) ? 12 : 4000), i;
	struct nlattr *top = (struct nlattr *)(r->buf + r->len), *a;
	uint16_t type = nf_rnd(r, 2) ? VMM_NL_A_LABEL : VMM_NL_A_LABEL_KEY;
	size_t end;

	for (i = 0; i < depth && r->len + NLA_HDRLEN < NF_MAX; i++)
		nf_open(r, (i ? type : VMM_NL_A_LABEL) | NLA_F_NESTED);
	end = r->len;
	for (a = top; (unsigned char *)a < r->buf + end; a++)
		a->nla_len = (uint16_t)(r->buf + end - (unsigned char *)a);
	nf_head(r)->nlmsg_len = (uint32_t)r->len;
}

static void nf_other_command(struct nf_req *r)
{
	struct genlmsghdr *g = NLMSG_DATA(nf_head(r));

	g->cmd = (uint8_t)nf_rnd(r, nf_rnd(r, 2) ? VMM_NL_CMD_MAX + 2 : 256);
	g->version = (uint8_t)nf_rnd(r, 256);
	g->reserved = (uint16_t)nf_rnd(r, 3);
}

/* What is no request is not answered. */
static void nf_other_flags(struct nf_req *r)
{
	nf_head(r)->nlmsg_flags ^= (uint16_t)(1U << nf_rnd(r, 16));
	r->broken = true;
}

static void nf_other_type(struct nf_req *r)
{
	nf_head(r)->nlmsg_type = (uint16_t)nf_rnd(r, 16);
	r->broken = true;
}

/* A second request in the same datagram, of which the first may be anything. */
static void nf_pair(struct nf_req *r)
{
	size_t len = r->len;

	if (len % NLMSG_ALIGNTO || 2 * len > NF_MAX)
		return;
	memcpy(r->buf + len, r->buf, len);
	r->len += len;
	if (!nf_rnd(r, 2))
		nf_lie(r);
	r->broken = true;
}

static void nf_mutate(struct nf_req *r)
{
	static void (*const how[])(struct nf_req *r) = {
		nf_cut, nf_lie, nf_bad_length, nf_bad_type, nf_flip, nf_twice,
		nf_left_over, nf_deep, nf_other_command, nf_other_flags,
		nf_other_type, nf_pair,
	};

	how[nf_rnd(r, sizeof(how) / sizeof(how[0]))](r);
}

#endif
