/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How an answer of the kernel ends.  libnl keeps the errno alone, and of a dump
 * not even that: the words and the attribute at fault are read here.
 */
#ifndef VMCTL_VERDICT_H
#define VMCTL_VERDICT_H

#include <netlink/msg.h>
#include <stdint.h>

/**
 * struct verdict - the end of an answer
 * @error:	errno, 0 when all went well
 * @text:	what the kernel says; may be empty
 * @offset:	of the attribute at fault in the request; 0: none was named
 */
struct verdict {
	int error;
	char text[256];
	uint64_t offset;
};

/** verdict_parse() - of a message NLMSG_ERROR or NLMSG_DONE; -1: malformed */
int verdict_parse(const struct nlmsghdr *m, struct verdict *v);

/** verdict_blames() - type of the attribute of @request at fault; -1: none */
int verdict_blames(const struct verdict *v, struct nlmsghdr *request);

#endif
