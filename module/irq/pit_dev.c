// SPDX-License-Identifier: GPL-2.0
/*
 * The interval timer as a device: every access to the ports brings channel 0's
 * hrtimer in line with the next rising edge of its output.
 */
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "compat.h"
#include "irq/irqchip.h"

#define PIT_GSI		0
#define PIT_TIMER_MODE	HRTIMER_MODE_ABS_HARD

static void arm(struct vmm_pit_dev *dev, u64 edge)
{
	lockdep_assert_held(&dev->lock);
	dev->edge = edge;
	if (edge == VMM_PIT_NEVER || dev->dead)
		hrtimer_try_to_cancel(&dev->timer);
	else
		hrtimer_start(&dev->timer, ns_to_ktime(edge), PIT_TIMER_MODE);
}

static void drive(struct vmm_pit_dev *dev, bool level)
{
	lockdep_assert_held(&dev->lock);
	if (dev->line == level || dev->dead)
		return;
	dev->line = level;
	vmm_irq_set_gsi(dev->chip, PIT_GSI, VMM_IRQ_SRC_PIT, level);
}

/* The output has risen: so must the line, even if it never fell. */
static void drive_edge(struct vmm_pit_dev *dev)
{
	drive(dev, false);
	drive(dev, true);
}

/* The timer is in another state: line and hrtimer accordingly. */
static void follow(struct vmm_pit_dev *dev, u64 now)
{
	arm(dev, vmm_pit_next_edge(&dev->pit, 0, now));
	drive(dev, vmm_pit_line(&dev->pit, 0, now));
}

static enum hrtimer_restart pit_expire(struct hrtimer *timer)
{
	struct vmm_pit_dev *dev = container_of(timer, struct vmm_pit_dev, timer);
	unsigned long flags;
	u64 now, edge;

	raw_spin_lock_irqsave(&dev->lock, flags);
	now = ktime_get_ns();
	/* The guest may have reprogrammed the timer while this was on its way. */
	if (now >= dev->edge && !dev->dead && !dev->frozen) {
		edge = vmm_pit_next_edge(&dev->pit, 0, now);
		/* Skip edges that come too soon, not the time between them. */
		if (edge != VMM_PIT_NEVER && edge - now < VMM_PIT_MIN_NS)
			edge = vmm_pit_next_edge(&dev->pit, 0,
						 now + VMM_PIT_MIN_NS);
		arm(dev, edge);
		drive_edge(dev);
	}
	raw_spin_unlock_irqrestore(&dev->lock, flags);
	return HRTIMER_NORESTART;
}

static u64 ports_read(struct vmm_pit_dev *dev, u64 port, unsigned int len)
{
	u64 now = ktime_get_ns(), val = 0;
	unsigned int i;

	for (i = 0; i < len; i++)
		val |= (u64)vmm_pit_read(&dev->pit, port + i, now) << 8 * i;
	return val;
}

static int pit_read(struct vmm_pit_dev *dev, u64 port, unsigned int len,
		    u64 *val)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&dev->lock, flags);
	*val = ports_read(dev, port, len);
	raw_spin_unlock_irqrestore(&dev->lock, flags);
	return 0;
}

static int pit_write(struct vmm_pit_dev *dev, u64 port, unsigned int len,
		     u64 val)
{
	unsigned long flags;
	unsigned int i;
	u64 now;

	raw_spin_lock_irqsave(&dev->lock, flags);
	now = ktime_get_ns();
	/* An edge that the host's timer is late for came before the write. */
	if (now >= dev->edge)
		drive_edge(dev);
	for (i = 0; i < len; i++)
		vmm_pit_write(&dev->pit, port + i, val >> 8 * i, now);
	follow(dev, now);
	raw_spin_unlock_irqrestore(&dev->lock, flags);
	return 0;
}

static int ports_bus_read(struct vmm_bus_dev *d, u64 port, unsigned int len,
			  u64 *val)
{
	return pit_read(container_of(d, struct vmm_pit_dev, ports), port, len,
			val);
}

static int ports_bus_write(struct vmm_bus_dev *d, u64 port, unsigned int len,
			   u64 val)
{
	return pit_write(container_of(d, struct vmm_pit_dev, ports), port, len,
			 val);
}

static int speaker_bus_read(struct vmm_bus_dev *d, u64 port, unsigned int len,
			    u64 *val)
{
	return pit_read(container_of(d, struct vmm_pit_dev, speaker), port, len,
			val);
}

static int speaker_bus_write(struct vmm_bus_dev *d, u64 port, unsigned int len,
			     u64 val)
{
	return pit_write(container_of(d, struct vmm_pit_dev, speaker), port, len,
			 val);
}

static const struct vmm_bus_dev_ops ports_ops = {
	.read = ports_bus_read,
	.write = ports_bus_write,
};

static const struct vmm_bus_dev_ops speaker_ops = {
	.read = speaker_bus_read,
	.write = speaker_bus_write,
};

int vmm_pit_dev_init(struct vmm_pit_dev *dev, struct vmm_irqchip *chip,
		     struct vmm_bus *bus)
{
	int ret;

	dev->chip = chip;
	dev->bus = bus;
	raw_spin_lock_init(&dev->lock);
	vmm_pit_init(&dev->pit);
	dev->edge = VMM_PIT_NEVER;
	vmm_hrtimer_setup(&dev->timer, pit_expire, PIT_TIMER_MODE);
	dev->ports.ops = &ports_ops;
	dev->speaker.ops = &speaker_ops;

	ret = vmm_bus_add(bus, &dev->ports, VMM_PIT_PORT, 4);
	if (ret)
		return ret;
	ret = vmm_bus_add(bus, &dev->speaker, VMM_PIT_PORT_SPEAKER, 1);
	if (ret)
		vmm_bus_del(bus, &dev->ports);
	return ret;
}

void vmm_pit_dev_kill(struct vmm_pit_dev *dev)
{
	unsigned long flags;

	vmm_bus_unlink(dev->bus, &dev->speaker);
	vmm_bus_unlink(dev->bus, &dev->ports);
	raw_spin_lock_irqsave(&dev->lock, flags);
	dev->dead = true;
	raw_spin_unlock_irqrestore(&dev->lock, flags);
	hrtimer_cancel(&dev->timer);
}

void vmm_pit_dev_freeze(struct vmm_pit_dev *dev)
{
	unsigned long flags;
	u64 now;

	raw_spin_lock_irqsave(&dev->lock, flags);
	now = ktime_get_ns();
	/* An edge that the host's timer is late for has been. */
	if (now >= dev->edge)
		drive_edge(dev);
	dev->frozen = true;
	hrtimer_try_to_cancel(&dev->timer);
	raw_spin_unlock_irqrestore(&dev->lock, flags);
}

void vmm_pit_dev_thaw(struct vmm_pit_dev *dev, u64 ns)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&dev->lock, flags);
	dev->frozen = false;
	vmm_pit_shift(&dev->pit, ns);
	follow(dev, ktime_get_ns());
	raw_spin_unlock_irqrestore(&dev->lock, flags);
}

void vmm_pit_dev_save(struct vmm_pit_dev *dev, struct vmm_pit_state *st)
{
	unsigned long flags;

	memset(st, 0, sizeof(*st));
	st->version = VMM_PIT_STATE_VERSION;
	raw_spin_lock_irqsave(&dev->lock, flags);
	st->now = ktime_get_ns();
	st->pit = dev->pit;
	raw_spin_unlock_irqrestore(&dev->lock, flags);
}

int vmm_pit_dev_restore(struct vmm_pit_dev *dev, const struct vmm_pit_state *st)
{
	struct vmm_pit pit = st->pit;
	unsigned long flags;
	u64 now;

	if (st->version != VMM_PIT_STATE_VERSION || st->pad ||
	    vmm_pit_check(&pit, st->now))
		return -EINVAL;

	raw_spin_lock_irqsave(&dev->lock, flags);
	now = ktime_get_ns();
	vmm_pit_shift(&pit, now - st->now);
	dev->pit = pit;
	follow(dev, now);
	raw_spin_unlock_irqrestore(&dev->lock, flags);
	return 0;
}
