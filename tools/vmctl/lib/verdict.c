// SPDX-License-Identifier: GPL-2.0
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "lib/attrs.h"
#include "lib/verdict.h"

#define MAX_ERRNO	4095

static int parse_words(const uint8_t *p, size_t len, struct verdict *v)
{
	static const struct nla_policy policy[NLMSGERR_ATTR_OFFS + 1] = {
		[NLMSGERR_ATTR_MSG] = ATTRS_TEXT,
		[NLMSGERR_ATTR_OFFS] = ATTRS_U32,
	};
	struct nlattr *a[NLMSGERR_ATTR_OFFS + 1];

	if (attrs_parse(p, len, policy, NLMSGERR_ATTR_OFFS, a))
		return -1;
	attrs_text(v->text, sizeof(v->text), a[NLMSGERR_ATTR_MSG]);
	v->offset = attrs_number(a[NLMSGERR_ATTR_OFFS], 0);
	return 0;
}

int verdict_parse(const struct nlmsghdr *m, struct verdict *v)
{
	const uint8_t *data = nlmsg_data(m);
	size_t len = (size_t)nlmsg_datalen(m), skip = sizeof(int);
	struct nlmsghdr request;
	int error;

	memset(v, 0, sizeof(*v));
	if (len < sizeof(error))
		return -1;
	memcpy(&error, data, sizeof(error));
	if (error < -MAX_ERRNO)
		return -1;
	/* errnos come below zero; dumps end with 0 or a length */
	v->error = error < 0 ? -error : 0;
	if (m->nlmsg_type == NLMSG_ERROR) {
		/* then comes the request, all of it or its head */
		if (len < sizeof(struct nlmsgerr))
			return -1;
		memcpy(&request, data + skip, sizeof(request));
		skip = sizeof(struct nlmsgerr);
		if (!(m->nlmsg_flags & NLM_F_CAPPED) && v->error) {
			if (request.nlmsg_len < sizeof(request))
				return -1;
			skip += NLMSG_ALIGN((size_t)request.nlmsg_len) -
				sizeof(request);
		}
	}
	if (!(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return 0;
	if (skip > len)
		return -1;
	return parse_words(data + skip, len - skip, v);
}

int verdict_blames(const struct verdict *v, struct nlmsghdr *request)
{
	struct nlattr *a;
	int rest;

	nlmsg_for_each_attr(a, request, GENL_HDRLEN, rest)
		if ((uint64_t)((uint8_t *)a - (uint8_t *)request) == v->offset)
			return nla_type(a);
	return -1;
}
