// SPDX-License-Identifier: GPL-2.0
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "lib/nl.h"

#define MAX_ERRNO	4095

/* ---- requests ------------------------------------------------------------ */

/* Room for @len bytes, zeroed to the next boundary; NULL: there is none. */
static uint8_t *grow(struct nl_request *r, size_t len)
{
	size_t all = NLMSG_ALIGN(len);
	uint8_t *p = r->buf + r->len;

	if (all < len || all > sizeof(r->buf) - r->len) {
		r->full = true;
		return NULL;
	}
	memset(p, 0, all);
	r->len += all;
	return p;
}

void nl_begin(struct nl_request *r, uint16_t family, uint16_t flags,
	      uint8_t cmd, uint8_t version)
{
	struct nlmsghdr head = {
		.nlmsg_type = family,
		.nlmsg_flags = NLM_F_REQUEST | flags,
	};
	struct genlmsghdr genl = { .cmd = cmd, .version = version };

	r->len = 0;
	r->full = false;
	memcpy(grow(r, sizeof(head)), &head, sizeof(head));
	memcpy(grow(r, sizeof(genl)), &genl, sizeof(genl));
}

void nl_put(struct nl_request *r, uint16_t type, const void *data, size_t len)
{
	struct nlattr head = { .nla_type = type };
	uint8_t *p;

	if (len > UINT16_MAX - sizeof(head)) {
		r->full = true;
		return;
	}
	head.nla_len = (uint16_t)(sizeof(head) + len);
	p = grow(r, sizeof(head) + len);
	if (!p)
		return;
	memcpy(p, &head, sizeof(head));
	if (len)
		memcpy(p + sizeof(head), data, len);
}

void nl_put_u32(struct nl_request *r, uint16_t type, uint32_t value)
{
	nl_put(r, type, &value, sizeof(value));
}

void nl_put_u64(struct nl_request *r, uint16_t type, uint64_t value)
{
	nl_put(r, type, &value, sizeof(value));
}

void nl_put_text(struct nl_request *r, uint16_t type, const char *text)
{
	nl_put(r, type, text, strlen(text) + 1);
}

size_t nl_nest(struct nl_request *r, uint16_t type)
{
	size_t at = r->len;

	nl_put(r, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void nl_nest_end(struct nl_request *r, size_t nest)
{
	size_t len = r->len - nest;
	uint16_t field = (uint16_t)len;

	if (r->full)
		return;
	memcpy(r->buf + nest + offsetof(struct nlattr, nla_len), &field,
	       sizeof(field));
}

int nl_finish(struct nl_request *r, uint32_t seq)
{
	uint32_t len = (uint32_t)r->len;

	if (r->full)
		return -1;
	memcpy(r->buf + offsetof(struct nlmsghdr, nlmsg_len), &len,
	       sizeof(len));
	memcpy(r->buf + offsetof(struct nlmsghdr, nlmsg_seq), &seq,
	       sizeof(seq));
	return 0;
}

int nl_attr_at(const struct nl_request *r, size_t offset)
{
	const size_t first = NLMSG_HDRLEN + GENL_HDRLEN;
	struct nl_walk w;
	struct nl_attr a;
	const uint8_t *at;

	if (r->len < first)
		return -1;
	w = nl_walk(r->buf + first, r->len - first);
	for (at = w.p; nl_next_attr(&w, &a); at = w.p)
		if ((size_t)(at - r->buf) == offset)
			return (int)a.type;
	return -1;
}

/* ---- answers ------------------------------------------------------------- */

static void advance(struct nl_walk *w, size_t len)
{
	size_t step = NLMSG_ALIGN(len);

	/* the last of a row need not be filled up to the boundary */
	if (step > w->rest)
		step = w->rest;
	w->p += step;
	w->rest -= step;
}

bool nl_next_message(struct nl_walk *w, struct nl_message *m)
{
	struct nlmsghdr head;

	if (!w->rest)
		return false;
	w->bad = true;
	if (w->rest < sizeof(head))
		return false;
	memcpy(&head, w->p, sizeof(head));
	if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > w->rest)
		return false;
	w->bad = false;
	m->type = head.nlmsg_type;
	m->flags = head.nlmsg_flags;
	m->seq = head.nlmsg_seq;
	m->data = w->p + sizeof(head);
	m->len = head.nlmsg_len - sizeof(head);
	advance(w, head.nlmsg_len);
	return true;
}

bool nl_next_attr(struct nl_walk *w, struct nl_attr *a)
{
	struct nlattr head;

	if (!w->rest)
		return false;
	w->bad = true;
	if (w->rest < sizeof(head))
		return false;
	memcpy(&head, w->p, sizeof(head));
	if (head.nla_len < sizeof(head) || head.nla_len > w->rest)
		return false;
	w->bad = false;
	a->type = head.nla_type & NLA_TYPE_MASK;
	a->data = w->p + sizeof(head);
	a->len = head.nla_len - sizeof(head);
	advance(w, head.nla_len);
	return true;
}

static bool is_of_kind(const struct nl_attr *a, enum nl_kind kind)
{
	switch (kind) {
	case NL_U32:
		return a->len == sizeof(uint32_t);
	case NL_U64:
		return a->len == sizeof(uint64_t);
	case NL_TEXT:
		return a->len && memchr(a->data, 0, a->len);
	default:
		return true;
	}
}

int nl_parse(const void *data, size_t len, const uint8_t *kinds,
	     unsigned int max, struct nl_attr *attrs)
{
	struct nl_walk w = nl_walk(data, len);
	struct nl_attr a;

	memset(attrs, 0, (max + 1) * sizeof(*attrs));
	while (nl_next_attr(&w, &a)) {
		if (a.type > max)
			continue;
		if (!is_of_kind(&a, kinds[a.type]))
			return -1;
		attrs[a.type] = a;
	}
	return w.bad ? -1 : 0;
}

uint64_t nl_number(const struct nl_attr *a, uint64_t absent)
{
	uint64_t wide;
	uint32_t narrow;

	if (!a->data)
		return absent;
	if (a->len == sizeof(wide)) {
		memcpy(&wide, a->data, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, a->data, sizeof(narrow));
	return narrow;
}

void nl_text(char *to, size_t size, const struct nl_attr *a)
{
	size_t len = 0;

	if (a->data) {
		len = strnlen((const char *)a->data, a->len);
		if (len >= size)
			len = size - 1;
		memcpy(to, a->data, len);
	}
	to[len] = 0;
}

static int verdict_words(const uint8_t *p, size_t len, struct nl_verdict *v)
{
	static const uint8_t kinds[NLMSGERR_ATTR_OFFS + 1] = {
		[NLMSGERR_ATTR_MSG] = NL_TEXT,
		[NLMSGERR_ATTR_OFFS] = NL_U32,
	};
	struct nl_attr a[NLMSGERR_ATTR_OFFS + 1];

	if (nl_parse(p, len, kinds, NLMSGERR_ATTR_OFFS, a))
		return -1;
	nl_text(v->text, sizeof(v->text), &a[NLMSGERR_ATTR_MSG]);
	v->offset = nl_number(&a[NLMSGERR_ATTR_OFFS], 0);
	return 0;
}

int nl_verdict(const struct nl_message *m, struct nl_verdict *v)
{
	struct nlmsghdr request;
	size_t skip = sizeof(int);
	int error;

	memset(v, 0, sizeof(*v));
	if (m->len < sizeof(error))
		return -1;
	memcpy(&error, m->data, sizeof(error));
	if (error < -MAX_ERRNO)
		return -1;
	/* errnos come below zero; dumps end with 0 or a length */
	v->error = error < 0 ? -error : 0;
	if (m->type == NLMSG_ERROR) {
		/* then comes the request, all of it or its head */
		if (m->len < sizeof(struct nlmsgerr))
			return -1;
		memcpy(&request, m->data + skip, sizeof(request));
		skip = sizeof(struct nlmsgerr);
		if (!(m->flags & NLM_F_CAPPED) && v->error) {
			if (request.nlmsg_len < sizeof(request))
				return -1;
			skip += NLMSG_ALIGN((size_t)request.nlmsg_len) -
				sizeof(request);
		}
	}
	if (!(m->flags & NLM_F_ACK_TLVS))
		return 0;
	if (skip > m->len)
		return -1;
	return verdict_words(m->data + skip, m->len - skip, v);
}
