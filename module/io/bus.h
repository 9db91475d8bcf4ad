/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bus: address ranges and the in-kernel devices that answer there.
 *
 * A VM has two, for ports and for guest-physical addresses. Ranges are
 * disjoint, except that shared ranges with equal bounds may lie over each other:
 * they are asked in turn until one answers (doorbells that differ in the
 * value they wait for).
 *
 * The table of ranges is a sorted array, replaced as a whole under the mutex
 * and read under RCU. Devices are called in an RCU read section: they must not
 * sleep, and are not called any more a grace period after vmm_bus_unlink().
 */
#ifndef VMM_IO_BUS_H
#define VMM_IO_BUS_H

#include <linux/types.h>
#include <linux/mutex.h>

struct vmm_bus_dev;
struct vmm_bus_table;

#define VMM_BUS_RANGES_MAX	1024U

/**
 * struct vmm_bus_dev_ops - what a device on a bus does
 * @read: the guest reads @len (1 to 8) bytes at @addr. The access begins in
 *	the device's range but may reach beyond it. Fill @val, zero-extended.
 * @write: the guest writes the low @len bytes of @val; those above are 0.
 *
 * Either may be NULL and may return -EOPNOTSUPP to decline an access; else 0.
 * Called in an RCU read section, with preemption and interrupts in any state.
 */
struct vmm_bus_dev_ops {
	int (*read)(struct vmm_bus_dev *dev, u64 addr, unsigned int len,
		    u64 *val);
	int (*write)(struct vmm_bus_dev *dev, u64 addr, unsigned int len,
		     u64 val);
};

/**
 * struct vmm_bus_dev - a range of a device; embed one for each range
 * @ops: what it does (set by the owner)
 * @shared: equal ranges may lie over it (set by the owner)
 * @first: first address (the bus's)
 * @last: last address (the bus's)
 */
struct vmm_bus_dev {
	const struct vmm_bus_dev_ops *ops;
	bool shared;
	u64 first;
	u64 last;
};

/**
 * struct vmm_bus - a bus; embed it in the VM
 * @lock: serializes changes of the table
 * @table: the ranges (RCU, written under @lock); NULL: empty
 */
struct vmm_bus {
	struct mutex lock;
	struct vmm_bus_table __rcu *table;
};

void vmm_bus_init(struct vmm_bus *bus);

/* All devices were removed. */
void vmm_bus_destroy(struct vmm_bus *bus);

/**
 * vmm_bus_add - let a device answer at @len addresses from @addr
 * @bus: the bus
 * @dev: @ops and @shared filled in
 * @addr: first address
 * @len: number of addresses
 *
 * May sleep. Return: 0, -EINVAL for an empty or wrapping range, -EEXIST if
 * it overlaps another, -ENOSPC at VMM_BUS_RANGES_MAX, -ENOMEM.
 */
int vmm_bus_add(struct vmm_bus *bus, struct vmm_bus_dev *dev, u64 addr,
		u64 len);

/*
 * Take a device off. Whoever was inside of it may still be: the caller waits
 * for an RCU grace period before the device goes. May sleep. Can't fail;
 * harmless for a device that isn't on the bus.
 */
void vmm_bus_unlink(struct vmm_bus *bus, struct vmm_bus_dev *dev);

/* Likewise, with the grace period. */
void vmm_bus_del(struct vmm_bus *bus, struct vmm_bus_dev *dev);

/*
 * Guest access of @len (1 to 8) bytes. Any context.
 * Return: 0, or -EOPNOTSUPP if nobody claims it.
 */
int vmm_bus_read(struct vmm_bus *bus, u64 addr, unsigned int len, u64 *val);
int vmm_bus_write(struct vmm_bus *bus, u64 addr, unsigned int len, u64 val);

#endif /* VMM_IO_BUS_H */
