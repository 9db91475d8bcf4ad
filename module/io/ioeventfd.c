// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells sit on the bus as shared ranges of one address, whatever the width
 * that they wait for, so that ranges over one address are equal.
 */
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "compat.h"
#include "io/bus.h"
#include "io/ioeventfd.h"

/* One doorbell; constant once on the bus. */
struct doorbell {
	struct vmm_bus_dev dev;
	struct list_head link;
	struct eventfd_ctx *ctx;
	u64 addr;
	u64 datamatch;
	u32 len;
	bool match;
};

static int doorbell_write(struct vmm_bus_dev *dev, u64 addr, unsigned int len,
			  u64 val)
{
	struct doorbell *d = container_of(dev, struct doorbell, dev);

	if (d->len && d->len != len)
		return -EOPNOTSUPP;
	if (d->match && d->datamatch != val)
		return -EOPNOTSUPP;
	vmm_eventfd_signal(d->ctx);
	return 0;
}

static const struct vmm_bus_dev_ops doorbell_ops = {
	.write = doorbell_write,
};

void vmm_ioeventfds_init(struct vmm_ioeventfds *set, struct vmm_bus *bus)
{
	set->bus = bus;
	mutex_init(&set->lock);
	INIT_LIST_HEAD(&set->list);
	set->count = 0;
	set->dead = false;
}

static void doorbell_free(struct doorbell *d)
{
	eventfd_ctx_put(d->ctx);
	kfree(d);
}

void vmm_ioeventfds_kill(struct vmm_ioeventfds *set)
{
	struct doorbell *d;

	mutex_lock(&set->lock);
	set->dead = true;
	list_for_each_entry(d, &set->list, link)
		vmm_bus_unlink(set->bus, &d->dev);
	mutex_unlock(&set->lock);
}

void vmm_ioeventfds_release(struct vmm_ioeventfds *set)
{
	struct doorbell *d, *next;

	list_for_each_entry_safe(d, next, &set->list, link)
		doorbell_free(d);
	INIT_LIST_HEAD(&set->list);
	set->count = 0;
	mutex_destroy(&set->lock);
}

static int args_check(const struct vmm_ioeventfd_args *args)
{
	switch (args->len) {
	case 0:
		return args->match ? -EINVAL : 0;
	case 1:
	case 2:
	case 4:
	case 8:
		break;
	default:
		return -EINVAL;
	}
	if (args->addr + (args->len - 1) < args->addr)
		return -EINVAL;
	if (!args->match)
		return args->datamatch ? -EINVAL : 0;
	if (args->len < 8 && args->datamatch >> (8 * args->len))
		return -EINVAL;
	return 0;
}

/* Is there a write that both would answer? */
static bool doorbell_clashes(const struct doorbell *a, const struct doorbell *b)
{
	if (a->addr != b->addr)
		return false;
	if (!a->len || !b->len)
		return true;
	if (a->len != b->len)
		return false;
	return !a->match || !b->match || a->datamatch == b->datamatch;
}

static int doorbell_join(struct vmm_ioeventfds *set, struct doorbell *d)
{
	struct doorbell *o;
	int ret;

	lockdep_assert_held(&set->lock);
	if (set->dead)
		return -ENODEV;
	list_for_each_entry(o, &set->list, link) {
		if (doorbell_clashes(o, d))
			return -EEXIST;
	}
	if (set->count >= VMM_IOEVENTFDS_MAX)
		return -ENOSPC;
	ret = vmm_bus_add(set->bus, &d->dev, d->addr, 1);
	if (ret)
		return ret;
	list_add_tail(&d->link, &set->list);
	set->count++;
	return 0;
}

int vmm_ioeventfd_assign(struct vmm_ioeventfds *set,
			 const struct vmm_ioeventfd_args *args)
{
	struct doorbell *d;
	int ret;

	ret = args_check(args);
	if (ret)
		return ret;

	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return -ENOMEM;
	d->dev.ops = &doorbell_ops;
	d->dev.shared = true;
	d->addr = args->addr;
	d->len = args->len;
	d->match = args->match;
	d->datamatch = args->datamatch;
	d->ctx = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(d->ctx)) {
		ret = PTR_ERR(d->ctx);
		kfree(d);
		return ret;
	}

	mutex_lock(&set->lock);
	ret = doorbell_join(set, d);
	mutex_unlock(&set->lock);
	if (ret)
		doorbell_free(d);
	return ret;
}

static struct doorbell *doorbell_find(struct vmm_ioeventfds *set,
				      const struct vmm_ioeventfd_args *args,
				      const struct eventfd_ctx *ctx)
{
	struct doorbell *d;

	lockdep_assert_held(&set->lock);
	list_for_each_entry(d, &set->list, link) {
		if (d->ctx == ctx && d->addr == args->addr &&
		    d->len == args->len && d->match == args->match &&
		    d->datamatch == args->datamatch)
			return d;
	}
	return NULL;
}

int vmm_ioeventfd_deassign(struct vmm_ioeventfds *set,
			   const struct vmm_ioeventfd_args *args)
{
	struct eventfd_ctx *ctx;
	struct doorbell *d = NULL;
	int ret;

	ret = args_check(args);
	if (ret)
		return ret;
	ctx = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	mutex_lock(&set->lock);
	if (!set->dead)
		d = doorbell_find(set, args, ctx);
	if (d) {
		list_del(&d->link);
		set->count--;
		vmm_bus_unlink(set->bus, &d->dev);
	}
	mutex_unlock(&set->lock);

	eventfd_ctx_put(ctx);
	if (!d)
		return -ENOENT;
	synchronize_rcu();
	doorbell_free(d);
	return 0;
}
