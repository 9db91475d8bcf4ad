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
#include "irq/irqchip_state.h"

#define PIT_GSI		0
#define PIT_TIMER_MODE	HRTIMER_MODE_ABS_HARD

static void arm(struct vmm_pit_dev *dev, u64 edge)
{
	lockdep_assert_held(&dev->lock);
	dev->edge = edge;
	if (edge == VMM_PIT_NEVER || dev->dead || dev->frozen)
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
	dev->frozen_at = now;
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

/* ---- as a record ------------------------------------------------------------ */

static u8 flag(bool set, u8 bit)
{
	return set ? bit : 0;
}

/* Times count from @now; of what has no time there is none. */
static void save_channel(const struct vmm_pit_channel *c, u64 now,
			 struct vmm_state_pit_channel *st)
{
	*st = (struct vmm_state_pit_channel) {
		.began_ago = c->count ? now - c->start : 0,
		.next_in = c->next && c->next_at != VMM_PIT_NEVER ?
			   c->next_at - now : VMM_STATE_NEVER,
		.paused = c->paused, .count = c->count, .next = c->next,
		.latched = c->latched, .latch_bytes = c->latch_bytes,
		.status = c->status, .mode = c->mode, .access = c->access,
		.write_low = c->write_low,
		.flags = flag(c->bcd, VMM_STATE_PIT_BCD) |
			 flag(c->gate, VMM_STATE_PIT_GATE) |
			 flag(c->stopped, VMM_STATE_PIT_STOPPED) |
			 flag(c->read_high, VMM_STATE_PIT_READ_HIGH) |
			 flag(c->write_high, VMM_STATE_PIT_WRITE_HIGH) |
			 flag(c->status_latched, VMM_STATE_PIT_STATUS),
	};
}

static void load_channel(struct vmm_pit_channel *c, u64 now,
			 const struct vmm_state_pit_channel *st)
{
	*c = (struct vmm_pit_channel) {
		.start = now - st->began_ago,
		.next_at = st->next_in == VMM_STATE_NEVER ? VMM_PIT_NEVER :
			   now + st->next_in,
		.paused = st->paused, .count = st->count, .next = st->next,
		.latched = st->latched, .latch_bytes = st->latch_bytes,
		.status = st->status, .mode = st->mode, .access = st->access,
		.write_low = st->write_low,
		.bcd = !!(st->flags & VMM_STATE_PIT_BCD),
		.gate = !!(st->flags & VMM_STATE_PIT_GATE),
		.stopped = !!(st->flags & VMM_STATE_PIT_STOPPED),
		.read_high = !!(st->flags & VMM_STATE_PIT_READ_HIGH),
		.write_high = !!(st->flags & VMM_STATE_PIT_WRITE_HIGH),
		.status_latched = !!(st->flags & VMM_STATE_PIT_STATUS),
	};
}

static void load_pit(struct vmm_pit *pit, u64 now,
		     const struct vmm_state_pit *st)
{
	unsigned int i;

	memset(pit, 0, sizeof(*pit));
	for (i = 0; i < VMM_PIT_CHANNELS; i++)
		load_channel(&pit->ch[i], now, &st->ch[i]);
	pit->speaker = st->speaker;
}

static u64 now_of(const struct vmm_pit_dev *dev)
{
	lockdep_assert_held(&dev->lock);
	return dev->frozen ? dev->frozen_at : ktime_get_ns();
}

void vmm_pit_dev_save_state(struct vmm_pit_dev *dev, struct vmm_state_pit *st)
{
	unsigned long flags;
	unsigned int i;
	u64 now;

	memset(st, 0, sizeof(*st));
	raw_spin_lock_irqsave(&dev->lock, flags);
	now = now_of(dev);
	for (i = 0; i < VMM_PIT_CHANNELS; i++)
		save_channel(&dev->pit.ch[i], now, &st->ch[i]);
	st->speaker = dev->pit.speaker;
	st->line = dev->line;
	raw_spin_unlock_irqrestore(&dev->lock, flags);
}

int vmm_pit_check_state(const struct vmm_state_pit *st)
{
	static const u8 zero[sizeof(st->pad)];
	const u64 now = VMM_PIT_NEVER >> 1;
	const u8 flags = st->ch[0].flags | st->ch[1].flags | st->ch[2].flags;
	struct vmm_pit pit;

	if (flags >= VMM_STATE_PIT_STATUS << 1 || st->line > 1 ||
	    memcmp(st->pad, zero, sizeof(zero)))
		return -EINVAL;
	load_pit(&pit, now, st);
	return vmm_pit_check(&pit, now);
}

void vmm_pit_dev_load_state(struct vmm_pit_dev *dev,
			    const struct vmm_state_pit *st)
{
	unsigned long flags;
	u64 now;

	raw_spin_lock_irqsave(&dev->lock, flags);
	now = now_of(dev);
	load_pit(&dev->pit, now, st);
	dev->line = st->line;
	vmm_irqchip_note_source(dev->chip, PIT_GSI, VMM_IRQ_SRC_PIT, st->line);
	follow(dev, now);
	raw_spin_unlock_irqrestore(&dev->lock, flags);
}
