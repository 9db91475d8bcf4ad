// SPDX-License-Identifier: GPL-2.0
/*
 * The table of a bus. A device that leaves is erased in place, so that leaving
 * can't fail; the next device that joins builds a table without the holes.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "io/bus.h"

/* Bounds are copied from the device, so that a search stays in the table. */
struct vmm_bus_range {
	u64 first;
	u64 last;
	struct vmm_bus_dev __rcu *dev;
};

/* @hint: where the last search ended; any value below @nr will do. */
struct vmm_bus_table {
	struct rcu_head rcu;
	u32 nr;
	u32 hint;
	struct vmm_bus_range range[];
};

void vmm_bus_init(struct vmm_bus *bus)
{
	mutex_init(&bus->lock);
	RCU_INIT_POINTER(bus->table, NULL);
}

void vmm_bus_destroy(struct vmm_bus *bus)
{
	kvfree(rcu_dereference_protected(bus->table, true));
	RCU_INIT_POINTER(bus->table, NULL);
	mutex_destroy(&bus->lock);
}

/* Index of the first range that ends at or behind @addr; @nr if none. */
static u32 table_search(const struct vmm_bus_table *t, u64 addr)
{
	u32 low = 0, high = t->nr;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (t->range[mid].last < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The first range that covers @addr, or NULL. */
static struct vmm_bus_range *table_find(struct vmm_bus_table *t, u64 addr)
{
	u32 i = READ_ONCE(t->hint);
	struct vmm_bus_range *r = &t->range[i];

	if (likely(r->first <= addr && addr <= r->last))
		return r;

	i = table_search(t, addr);
	if (i == t->nr || t->range[i].first > addr)
		return NULL;
	WRITE_ONCE(t->hint, i);
	return &t->range[i];
}

int vmm_bus_read(struct vmm_bus *bus, u64 addr, unsigned int len, u64 *val)
{
	struct vmm_bus_table *t;
	struct vmm_bus_range *r;
	struct vmm_bus_dev *dev;
	int ret = -EOPNOTSUPP;

	rcu_read_lock();
	t = rcu_dereference(bus->table);
	r = t ? table_find(t, addr) : NULL;
	for (; r && r < t->range + t->nr && r->first <= addr; r++) {
		dev = rcu_dereference(r->dev);
		if (!dev || !dev->ops->read)
			continue;
		ret = dev->ops->read(dev, addr, len, val);
		if (ret != -EOPNOTSUPP)
			break;
	}
	rcu_read_unlock();
	return ret;
}

int vmm_bus_write(struct vmm_bus *bus, u64 addr, unsigned int len, u64 val)
{
	struct vmm_bus_table *t;
	struct vmm_bus_range *r;
	struct vmm_bus_dev *dev;
	int ret = -EOPNOTSUPP;

	rcu_read_lock();
	t = rcu_dereference(bus->table);
	r = t ? table_find(t, addr) : NULL;
	for (; r && r < t->range + t->nr && r->first <= addr; r++) {
		dev = rcu_dereference(r->dev);
		if (!dev || !dev->ops->write)
			continue;
		ret = dev->ops->write(dev, addr, len, val);
		if (ret != -EOPNOTSUPP)
			break;
	}
	rcu_read_unlock();
	return ret;
}

static struct vmm_bus_dev *range_dev(struct vmm_bus *bus,
				     struct vmm_bus_range *r)
{
	return rcu_dereference_protected(r->dev, lockdep_is_held(&bus->lock));
}

/* May @dev join those in @t from @first to @last? Counts who is there. */
static int table_admit(struct vmm_bus *bus, struct vmm_bus_table *t,
		       const struct vmm_bus_dev *dev, u64 first, u64 last,
		       u32 *nr)
{
	u32 i;

	*nr = 0;
	for (i = 0; t && i < t->nr; i++) {
		const struct vmm_bus_dev *o = range_dev(bus, &t->range[i]);

		if (!o)
			continue;
		++*nr;
		if (o == dev)
			return -EEXIST;
		if (o->last < first || o->first > last)
			continue;
		if (!o->shared || !dev->shared ||
		    o->first != first || o->last != last)
			return -EEXIST;
	}
	return *nr < VMM_BUS_RANGES_MAX ? 0 : -ENOSPC;
}

static void table_put(struct vmm_bus_table *t, struct vmm_bus_dev *dev)
{
	struct vmm_bus_range *r = &t->range[t->nr++];

	r->first = dev->first;
	r->last = dev->last;
	RCU_INIT_POINTER(r->dev, dev);
}

/* @new: the devices of @old and @dev behind those that begin before its end. */
static void table_merge(struct vmm_bus *bus, struct vmm_bus_table *new,
			struct vmm_bus_table *old, struct vmm_bus_dev *dev)
{
	bool placed = false;
	u32 i;

	for (i = 0; old && i < old->nr; i++) {
		struct vmm_bus_dev *o = range_dev(bus, &old->range[i]);

		if (!o)
			continue;
		if (!placed && o->first > dev->last) {
			table_put(new, dev);
			placed = true;
		}
		table_put(new, o);
	}
	if (!placed)
		table_put(new, dev);
}

int vmm_bus_add(struct vmm_bus *bus, struct vmm_bus_dev *dev, u64 addr,
		u64 len)
{
	struct vmm_bus_table *old, *new;
	u64 last = addr + (len - 1);
	u32 nr;
	int ret;

	if (!len || last < addr)
		return -EINVAL;

	mutex_lock(&bus->lock);
	old = rcu_dereference_protected(bus->table,
					lockdep_is_held(&bus->lock));
	ret = table_admit(bus, old, dev, addr, last, &nr);
	if (ret)
		goto out;

	ret = -ENOMEM;
	new = kvzalloc(struct_size(new, range, nr + 1), GFP_KERNEL_ACCOUNT);
	if (!new)
		goto out;
	dev->first = addr;
	dev->last = last;
	table_merge(bus, new, old, dev);
	rcu_assign_pointer(bus->table, new);
	if (old)
		kvfree_rcu(old, rcu);
	ret = 0;
out:
	mutex_unlock(&bus->lock);
	return ret;
}

void vmm_bus_unlink(struct vmm_bus *bus, struct vmm_bus_dev *dev)
{
	struct vmm_bus_table *t;
	u32 i;

	mutex_lock(&bus->lock);
	t = rcu_dereference_protected(bus->table, lockdep_is_held(&bus->lock));
	for (i = 0; t && i < t->nr; i++) {
		if (range_dev(bus, &t->range[i]) == dev)
			RCU_INIT_POINTER(t->range[i].dev, NULL);
	}
	mutex_unlock(&bus->lock);
}

void vmm_bus_del(struct vmm_bus *bus, struct vmm_bus_dev *dev)
{
	vmm_bus_unlink(bus, dev);
	synchronize_rcu();
}
