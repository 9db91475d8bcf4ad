// SPDX-License-Identifier: GPL-2.0
/*
 * Life of an irqfd: assigned -> unlinked (by whoever comes first, under the
 * set's lock) -> shut down on the workqueue -> freed. Only the shutdown takes
 * it off the eventfd's wait queue: the wakeup that reports the eventfd's
 * end runs with the lock of that queue held.
 */
#include <linux/errno.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "compat.h"
#include "irq/irqchip.h"

/**
 * struct irqfd - an eventfd and its GSI
 * @set: the VM's irqfds (constant)
 * @gsi: what it raises (constant)
 * @ctx: the eventfd (constant, own reference)
 * @resample: eventfd to be told of EOIs, or NULL (constant, own reference)
 * @wqh: wait queue of @ctx (constant once polled)
 * @wait: our entry there
 * @poll: how @wait gets there
 * @link: in the set's list; empty once unlinked (the set's lock)
 * @resample_link: in the set's resamplers
 * @shutdown: the end of it
 */
struct irqfd {
	struct vmm_irqfds *set;
	u32 gsi;
	struct eventfd_ctx *ctx;
	struct eventfd_ctx *resample;
	wait_queue_head_t *wqh;
	wait_queue_entry_t wait;
	poll_table poll;
	struct list_head link;
	struct list_head resample_link;
	struct work_struct shutdown;
};

static void raise_gsi(struct irqfd *f)
{
	struct vmm_irqchip *chip = f->set->chip;

	if (f->resample)
		vmm_irq_set_gsi(chip, f->gsi, VMM_IRQ_SRC_RESAMPLE, true);
	else
		vmm_irq_pulse_gsi(chip, f->gsi, VMM_IRQ_SRC_IRQFD);
}

static bool gsi_has_resampler(struct vmm_irqfds *set, u32 gsi)
{
	struct irqfd *f;

	lockdep_assert_held(&set->lock);
	list_for_each_entry(f, &set->resamplers, resample_link) {
		if (f->gsi == gsi)
			return true;
	}
	return false;
}

/* Begin the end of @f, unless it has begun. Any context. */
static void unlink_irqfd(struct irqfd *f)
{
	struct vmm_irqfds *set = f->set;

	lockdep_assert_held(&set->lock);
	if (list_empty(&f->link))
		return;
	list_del_init(&f->link);
	if (f->resample) {
		list_del_rcu(&f->resample_link);
		WRITE_ONCE(set->nr_resamplers, set->nr_resamplers - 1);
	}
	queue_work(set->wq, &f->shutdown);
}

static void shutdown_resampler(struct irqfd *f)
{
	struct vmm_irqfds *set = f->set;
	bool last;

	/* vmm_irqfds_ended() may still be signalling it. */
	synchronize_rcu();
	raw_spin_lock_irq(&set->lock);
	last = !gsi_has_resampler(set, f->gsi);
	raw_spin_unlock_irq(&set->lock);
	/* Nobody is left who would ask for the line's release. */
	if (last)
		vmm_irq_set_gsi(set->chip, f->gsi, VMM_IRQ_SRC_RESAMPLE, false);
	eventfd_ctx_put(f->resample);
}

static void irqfd_free(struct irqfd *f)
{
	struct vmm_irqfds *set = f->set;

	eventfd_ctx_put(f->ctx);
	kfree(f);
	raw_spin_lock_irq(&set->lock);
	set->count--;
	raw_spin_unlock_irq(&set->lock);
}

static void irqfd_shutdown(struct work_struct *work)
{
	struct irqfd *f = container_of(work, struct irqfd, shutdown);
	u64 count;

	eventfd_ctx_remove_wait_queue(f->ctx, &f->wait, &count);
	if (f->resample)
		shutdown_resampler(f);
	irqfd_free(f);
}

/* The eventfd changed. Its wait queue's lock is held, interrupts are off. */
static int irqfd_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync,
			void *key)
{
	struct irqfd *f = container_of(wait, struct irqfd, wait);
	__poll_t events = key_to_poll(key);
	unsigned long flags;
	int woken = 0;
	u64 count;

	if (events & EPOLLIN) {
		eventfd_ctx_do_read(f->ctx, &count);
		raise_gsi(f);
		woken = 1;
	}
	if (events & EPOLLHUP) {
		raw_spin_lock_irqsave(&f->set->lock, flags);
		unlink_irqfd(f);
		raw_spin_unlock_irqrestore(&f->set->lock, flags);
	}
	return woken;
}

static void irqfd_queue(struct file *file, wait_queue_head_t *wqh,
			poll_table *poll)
{
	struct irqfd *f = container_of(poll, struct irqfd, poll);

	f->wqh = wqh;
	add_wait_queue_priority(wqh, &f->wait);
}

/* Deliver what was signalled before we listened. */
static void take_backlog(struct irqfd *f)
{
	u64 count = 0;

	spin_lock_irq(&f->wqh->lock);
	eventfd_ctx_do_read(f->ctx, &count);
	spin_unlock_irq(&f->wqh->lock);
	if (count)
		raise_gsi(f);
}

/* Take @f into the set; from here on it ends by unlink_irqfd(). */
static int join(struct vmm_irqfds *set, struct irqfd *f)
{
	struct irqfd *o;
	int ret = 0;

	raw_spin_lock_irq(&set->lock);
	list_for_each_entry(o, &set->list, link) {
		if (o->ctx == f->ctx)
			ret = -EBUSY;
	}
	if (!ret && set->count >= VMM_IRQFDS_MAX)
		ret = -ENOSPC;
	if (!ret) {
		set->count++;
		list_add_tail(&f->link, &set->list);
		if (f->resample) {
			list_add_tail_rcu(&f->resample_link, &set->resamplers);
			WRITE_ONCE(set->nr_resamplers, set->nr_resamplers + 1);
		}
	}
	raw_spin_unlock_irq(&set->lock);
	return ret;
}

static int set_ready(struct vmm_irqfds *set)
{
	lockdep_assert_held(&set->mutex);
	if (set->dead)
		return -ENODEV;
	if (!set->wq)
		set->wq = alloc_workqueue("vmm-irqfd", WQ_UNBOUND, 0);
	return set->wq ? 0 : -ENOMEM;
}

/* Join and listen. @file keeps the eventfd from ending meanwhile. */
static int attach(struct vmm_irqfds *set, struct irqfd *f, struct file *file)
{
	int ret;

	mutex_lock(&set->mutex);
	ret = set_ready(set);
	if (!ret)
		ret = join(set, f);
	if (!ret) {
		vfs_poll(file, &f->poll);
		take_backlog(f);
	}
	mutex_unlock(&set->mutex);
	return ret;
}

static struct irqfd *irqfd_alloc(struct vmm_irqfds *set, u32 gsi)
{
	struct irqfd *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return NULL;
	f->set = set;
	f->gsi = gsi;
	INIT_LIST_HEAD(&f->link);
	INIT_LIST_HEAD(&f->resample_link);
	INIT_WORK(&f->shutdown, irqfd_shutdown);
	init_waitqueue_func_entry(&f->wait, irqfd_wakeup);
	init_poll_funcptr(&f->poll, irqfd_queue);
	return f;
}

int vmm_irqfd_assign(struct vmm_irqfds *set, int fd, u32 gsi, int resample_fd)
{
	struct irqfd *f;
	struct file *file;
	int ret;

	if (gsi >= VMM_MAX_GSI || resample_fd < -1)
		return -EINVAL;
	f = irqfd_alloc(set, gsi);
	if (!f)
		return -ENOMEM;

	file = fget(fd);
	ret = -EBADF;
	if (!file)
		goto err_free;
	f->ctx = eventfd_ctx_fileget(file);
	ret = PTR_ERR_OR_ZERO(f->ctx);
	if (ret)
		goto err_file;
	if (resample_fd >= 0) {
		f->resample = eventfd_ctx_fdget(resample_fd);
		ret = PTR_ERR_OR_ZERO(f->resample);
		if (ret)
			goto err_ctx;
	}
	ret = attach(set, f, file);
	if (ret)
		goto err_resample;
	fput(file);
	return 0;

err_resample:
	if (f->resample)
		eventfd_ctx_put(f->resample);
err_ctx:
	eventfd_ctx_put(f->ctx);
err_file:
	fput(file);
err_free:
	kfree(f);
	return ret;
}

int vmm_irqfd_deassign(struct vmm_irqfds *set, int fd, u32 gsi)
{
	struct eventfd_ctx *ctx;
	struct irqfd *f, *next;
	int ret = -ENOENT;

	if (gsi >= VMM_MAX_GSI)
		return -EINVAL;
	ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	mutex_lock(&set->mutex);
	raw_spin_lock_irq(&set->lock);
	list_for_each_entry_safe(f, next, &set->list, link) {
		if (f->ctx == ctx && f->gsi == gsi) {
			unlink_irqfd(f);
			ret = 0;
		}
	}
	raw_spin_unlock_irq(&set->lock);
	if (set->wq)
		flush_workqueue(set->wq);
	mutex_unlock(&set->mutex);

	eventfd_ctx_put(ctx);
	return ret;
}

void vmm_irqfds_ended(struct vmm_irqfds *set, u32 gsi)
{
	struct irqfd *f;
	bool lowered = false;

	rcu_read_lock();
	list_for_each_entry_rcu(f, &set->resamplers, resample_link) {
		if (f->gsi != gsi)
			continue;
		if (!lowered)
			vmm_irq_set_gsi(set->chip, gsi, VMM_IRQ_SRC_RESAMPLE,
					false);
		lowered = true;
		vmm_eventfd_signal(f->resample);
	}
	rcu_read_unlock();
}

void vmm_irqfds_init(struct vmm_irqfds *set, struct vmm_irqchip *chip)
{
	set->chip = chip;
	mutex_init(&set->mutex);
	raw_spin_lock_init(&set->lock);
	INIT_LIST_HEAD(&set->list);
	INIT_LIST_HEAD(&set->resamplers);
	set->count = 0;
	set->nr_resamplers = 0;
	set->dead = false;
	set->wq = NULL;
}

void vmm_irqfds_kill(struct vmm_irqfds *set)
{
	struct irqfd *f, *next;

	mutex_lock(&set->mutex);
	set->dead = true;
	raw_spin_lock_irq(&set->lock);
	list_for_each_entry_safe(f, next, &set->list, link)
		unlink_irqfd(f);
	raw_spin_unlock_irq(&set->lock);
	if (set->wq)
		flush_workqueue(set->wq);
	mutex_unlock(&set->mutex);
}

void vmm_irqfds_release(struct vmm_irqfds *set)
{
	if (set->wq)
		destroy_workqueue(set->wq);
	set->wq = NULL;
	mutex_destroy(&set->mutex);
}
