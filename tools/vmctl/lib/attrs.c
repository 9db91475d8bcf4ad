// SPDX-License-Identifier: GPL-2.0
#include <limits.h>

#include "lib/attrs.h"

int attrs_parse(const void *data, size_t len, const struct nla_policy *policy,
		int max, struct nlattr **attrs)
{
	struct nlattr *head = (struct nlattr *)data, *a;
	int rest;

	if (len > INT_MAX || nla_parse(attrs, max, head, (int)len, policy))
		return -1;
	nla_for_each_attr(a, head, (int)len, rest)
		;
	return rest > 0 ? -1 : 0;
}

uint64_t attrs_number(const struct nlattr *a, uint64_t absent)
{
	if (!a)
		return absent;
	return nla_len(a) == sizeof(uint64_t) ? nla_get_u64(a) : nla_get_u32(a);
}

void attrs_text(char *to, size_t size, const struct nlattr *a)
{
	to[0] = 0;
	if (a)
		nla_strlcpy(to, a, size);
}
