/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's netlink family: what VMs there are.
 *
 * Functions return 0, or -1 after filling their struct err.
 */
#ifndef VMCTL_CONTROL_H
#define VMCTL_CONTROL_H

#include <stddef.h>
#include <stdint.h>
#include <linux/vmm.h>

#include "lib/err.h"

struct nl_sock;

/** struct control - a connection to the family */
struct control {
	struct nl_sock *sock;
	int family;
};

/**
 * struct control_vm - a VM as the kernel tells of it
 * @state:	in words: new, running, paused, dead
 * @owner:	user id
 * @memory:	bytes that it may use
 * @resident:	bytes that it does use
 * @uptime_ns:	since it was made; @paused_ns of them it stood still
 */
struct control_vm {
	char name[VMM_NAME_LEN];
	char state[16];
	char backend[16];
	uint64_t id, owner, vcpus, max_vcpus;
	uint64_t memory, max_memory, resident;
	uint64_t uptime_ns, paused_ns;
};

int control_open(struct control *c, struct err *err);
void control_close(struct control *c);

/**
 * control_list() - the VMs that the caller may see, by id, as of one moment
 *
 * The caller frees @vms.
 */
int control_list(struct control *c, struct control_vm **vms, size_t *count,
		 struct err *err);

#endif
