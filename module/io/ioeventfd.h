/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Doorbells: a guest's write to an address signals an eventfd, and the guest
 * runs on. A doorbell may ask for a width and for a value; several with
 * different demands may share an address.
 */
#ifndef VMM_IO_IOEVENTFD_H
#define VMM_IO_IOEVENTFD_H

#include <linux/types.h>
#include <linux/list.h>
#include <linux/mutex.h>

struct vmm_bus;

#define VMM_IOEVENTFDS_MAX	512U

/**
 * struct vmm_ioeventfds - the doorbells on one bus; embed it in the VM
 * @bus: where they are (constant)
 * @lock: protects @list and @count; outside of the bus's mutex
 * @list: all of them
 * @count: how many
 * @dead: no more are accepted
 */
struct vmm_ioeventfds {
	struct vmm_bus *bus;
	struct mutex lock;
	struct list_head list;
	unsigned int count;
	bool dead;
};

/**
 * struct vmm_ioeventfd_args - which doorbell
 * @addr: address on the bus
 * @datamatch: value to wait for, if @match; it must fit in @len bytes
 * @fd: the eventfd
 * @len: width of the write: 1, 2, 4, 8, or 0 for any (then without @match)
 * @match: only writes of @datamatch count
 */
struct vmm_ioeventfd_args {
	u64 addr;
	u64 datamatch;
	int fd;
	u32 len;
	bool match;
};

void vmm_ioeventfds_init(struct vmm_ioeventfds *set, struct vmm_bus *bus);

/* First step of death: off the bus, new ones refused. May sleep. */
void vmm_ioeventfds_kill(struct vmm_ioeventfds *set);

/* Second step, an RCU grace period later. May sleep. */
void vmm_ioeventfds_release(struct vmm_ioeventfds *set);

/*
 * May sleep. Return: 0, -EBADF or -EINVAL (not an eventfd, bad width, address
 * that wraps, value too wide), -EEXIST (a doorbell or a device would
 * answer the same writes), -ENOSPC, -ENOMEM, -ENODEV (dead).
 */
int vmm_ioeventfd_assign(struct vmm_ioeventfds *set,
			 const struct vmm_ioeventfd_args *args);

/* 0, -EBADF, -EINVAL, or -ENOENT if no doorbell is exactly like that. */
int vmm_ioeventfd_deassign(struct vmm_ioeventfds *set,
			   const struct vmm_ioeventfd_args *args);

#endif /* VMM_IO_IOEVENTFD_H */
