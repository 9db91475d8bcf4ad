/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes that came in a netlink message: what libnl leaves to its users.
 *
 * Nothing that came in is trusted: what does not hold together is refused, not
 * guessed.  Attributes of a number that is not known are passed over, so that a
 * newer module may tell more.
 */
#ifndef VMCTL_ATTRS_H
#define VMCTL_ATTRS_H

#include <netlink/attr.h>
#include <stddef.h>
#include <stdint.h>

/* Policies; libnl alone would take numbers that are too long. */
#define ATTRS_U32	{ .type = NLA_U32, .maxlen = sizeof(uint32_t) }
#define ATTRS_U64	{ .type = NLA_U64, .maxlen = sizeof(uint64_t) }
#define ATTRS_TEXT	{ .type = NLA_STRING }
#define ATTRS_NEST	{ .type = NLA_NESTED }

/**
 * attrs_parse() - nla_parse(), which also minds what is left over at the end
 * @attrs:	max + 1 of them, NULL where there is none
 *
 * 0, or -1 when something is cut short or not what it should be.
 */
int attrs_parse(const void *data, size_t len, const struct nla_policy *policy,
		int max, struct nlattr **attrs);

/** attrs_number() - of ATTRS_U32 or ATTRS_U64; @absent if there is none */
uint64_t attrs_number(const struct nlattr *a, uint64_t absent);
/** attrs_text() - copied, cut to fit; empty if there is none */
void attrs_text(char *to, size_t size, const struct nlattr *a);

#endif
