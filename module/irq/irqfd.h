/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts by eventfd: whoever signals the eventfd raises a GSI.
 *
 * Without a resample eventfd a signal is a pulse. With one it asserts the line
 * until the guest ends the interrupt; then the line drops and the resample
 * eventfd is signalled, for the device to assert again if it has more.
 *
 * An irqfd ends by vmm_irqfd_deassign(), when the eventfd's last file
 * reference goes, or with the VM. Whichever comes first unlinks it from the
 * list and queues its shutdown on the workqueue, where it leaves the eventfd's
 * wait queue, waits for readers and is freed.
 */
#ifndef VMM_IRQ_IRQFD_H
#define VMM_IRQ_IRQFD_H

#include <linux/types.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct vmm_irqchip;

#define VMM_IRQFDS_MAX		1024U

/**
 * struct vmm_irqfds - the irqfds of a VM; part of its irqchip
 * @chip: whose GSIs they raise (constant)
 * @mutex: serializes assign, deassign and kill; outermost
 * @lock: protects the lists and counts; irqs off; nests in an eventfd's
 *	wait queue lock and takes none inside
 * @list: all live ones
 * @resamplers: those with a resample eventfd (RCU)
 * @count: irqfds live or being shut down
 * @nr_resamplers: elements of @resamplers
 * @dead: no more are accepted (@mutex)
 * @wq: where shutdowns run; made for the first irqfd (@mutex)
 */
struct vmm_irqfds {
	struct vmm_irqchip *chip;
	struct mutex mutex;
	raw_spinlock_t lock;
	struct list_head list;
	struct list_head resamplers;
	unsigned int count;
	unsigned int nr_resamplers;
	bool dead;
	struct workqueue_struct *wq;
};

void vmm_irqfds_init(struct vmm_irqfds *set, struct vmm_irqchip *chip);

/* Shut all down and wait for it; refuse new ones. May sleep. */
void vmm_irqfds_kill(struct vmm_irqfds *set);

/* After vmm_irqfds_kill(). */
void vmm_irqfds_release(struct vmm_irqfds *set);

/* Does anybody care for ends of interrupts? */
static inline bool vmm_irqfds_resampling(const struct vmm_irqfds *set)
{
	return READ_ONCE(set->nr_resamplers);
}

/*
 * @resample_fd: -1 for none. May sleep. Return: 0, -EBADF or -EINVAL (not an
 * eventfd, GSI out of range), -EBUSY (the eventfd raises a GSI already),
 * -ENOSPC, -ENOMEM, -ENODEV (dead).
 */
int vmm_irqfd_assign(struct vmm_irqfds *set, int fd, u32 gsi, int resample_fd);

/* Returns when the irqfd is gone. 0, -EBADF, -EINVAL or -ENOENT. */
int vmm_irqfd_deassign(struct vmm_irqfds *set, int fd, u32 gsi);

/* The guest ended interrupt @gsi: any context, no lock of the irqchip held. */
void vmm_irqfds_ended(struct vmm_irqfds *set, u32 gsi);

#endif /* VMM_IRQ_IRQFD_H */
