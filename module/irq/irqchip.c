// SPDX-License-Identifier: GPL-2.0
/*
 * How lines reach pins, and how the end of an interrupt finds its way back.
 *
 * The PIC and the IOAPIC are pure state machines behind one lock. What they
 * ask for while it is held ends at the local APICs, which take no lock. The end
 * of a level interrupt is told to resamplers with the lock dropped, since
 * they lower the line by the way that raises it; only then is a line that is
 * still asserted sent again.
 */
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/apicdef.h>

#include "compat.h"
#include "irq/irqchip.h"
#include "irq/irqchip_state.h"
#include "irq/lapic.h"

#define FLOOD_TIMER_MODE	HRTIMER_MODE_REL_HARD

/* The IOAPIC's pin at the PIC's output, unless a route claims it. */
#define PIC_OUTPUT_PIN		0

static struct vmm_route_table *routes_locked(struct vmm_irqchip *chip)
{
	return rcu_dereference_protected(chip->routes,
					 lockdep_is_held(&chip->lock));
}

/* Upcalls of the PIC and the IOAPIC, with the lock held. */

static void pic_output(struct vmm_pic *pic, bool level)
{
	struct vmm_irqchip *chip = container_of(pic, struct vmm_irqchip, pic);
	struct vmm_route_table *t = routes_locked(chip);

	vmm_apic_map_set_lint0(chip->apics, level);
	if (t && t->ioapic_gsi[PIC_OUTPUT_PIN] == VMM_GSI_NONE)
		vmm_ioapic_set_pin(&chip->ioapic, PIC_OUTPUT_PIN, level);
}

static const struct vmm_pic_ops pic_ops = {
	.output = pic_output,
};

static int ioapic_send(struct vmm_ioapic *io, const struct vmm_apic_msg *msg)
{
	struct vmm_irqchip *chip = container_of(io, struct vmm_irqchip, ioapic);

	return vmm_lapic_deliver(chip->apics, msg);
}

static void ioapic_defer(struct vmm_ioapic *io)
{
	struct vmm_irqchip *chip = container_of(io, struct vmm_irqchip, ioapic);

	lockdep_assert_held(&chip->lock);
	if (!chip->dead)
		hrtimer_start(&chip->flood_timer,
			      ns_to_ktime(VMM_IOAPIC_FLOOD_NS),
			      FLOOD_TIMER_MODE);
}

static const struct vmm_ioapic_ops ioapic_ops = {
	.send = ioapic_send,
	.defer = ioapic_defer,
};

static enum hrtimer_restart flood_expire(struct hrtimer *timer)
{
	struct vmm_irqchip *chip = container_of(timer, struct vmm_irqchip,
						flood_timer);
	unsigned long flags;

	raw_spin_lock_irqsave(&chip->lock, flags);
	vmm_ioapic_retrigger(&chip->ioapic, ~0U);
	raw_spin_unlock_irqrestore(&chip->lock, flags);
	return HRTIMER_NORESTART;
}

/* Lines. */

static int drive_pins(struct vmm_irqchip *chip, const struct vmm_gsi_target *t,
		      bool level)
{
	int ret = -ENOENT;

	lockdep_assert_held(&chip->lock);
	if (t->ioapic >= 0)
		ret = vmm_ioapic_set_pin(&chip->ioapic, t->ioapic, level);
	if (t->pic >= 0)
		ret = max(ret, 0) + vmm_pic_set_pin(&chip->pic, t->pic, level);
	return ret;
}

static int set_line(struct vmm_irqchip *chip, u32 gsi,
		    enum vmm_irq_source source, bool level)
{
	const struct vmm_route_table *t;
	unsigned long flags;
	int ret = -ENOENT;

	raw_spin_lock_irqsave(&chip->lock, flags);
	t = routes_locked(chip);
	if (level)
		chip->sources[gsi] |= 1U << source;
	else
		chip->sources[gsi] &= ~(1U << source);
	if (gsi < t->nr)
		ret = drive_pins(chip, &t->gsi[gsi], chip->sources[gsi]);
	raw_spin_unlock_irqrestore(&chip->lock, flags);
	return ret;
}

static bool message_only(const struct vmm_gsi_target *t)
{
	return t->msi && t->pic < 0 && t->ioapic < 0;
}

int vmm_irq_set_gsi(struct vmm_irqchip *chip, u32 gsi,
		    enum vmm_irq_source source, bool level)
{
	const struct vmm_gsi_target *target = NULL;
	const struct vmm_route_table *t;
	int msg = -ENOENT, line = -ENOENT;

	if (gsi >= VMM_MAX_GSI || (u32)source >= VMM_IRQ_SOURCES)
		return -EINVAL;

	rcu_read_lock();
	t = rcu_dereference(chip->routes);
	if (gsi < t->nr)
		target = &t->gsi[gsi];
	if (target && target->msi)
		msg = level ? vmm_lapic_deliver(chip->apics, &target->msg) : 0;
	if (!target || !message_only(target))
		line = set_line(chip, gsi, source, level);
	rcu_read_unlock();

	if (msg < 0 || line < 0)
		return max(msg, line);
	return msg + line;
}

int vmm_irq_pulse_gsi(struct vmm_irqchip *chip, u32 gsi,
		      enum vmm_irq_source source)
{
	int ret = vmm_irq_set_gsi(chip, gsi, source, true);

	vmm_irq_set_gsi(chip, gsi, source, false);
	return ret;
}

int vmm_irqchip_send_msi(struct vmm_irqchip *chip, u64 addr, u32 data)
{
	struct vmm_apic_msg msg;
	int ret = vmm_msi_decode(addr, data, &msg);

	return ret ? ret : vmm_lapic_deliver(chip->apics, &msg);
}

/* Ends of interrupts. */

static void notify_gsis(struct vmm_irqchip *chip, const u16 *gsi_of, u32 pins)
{
	for (; pins; pins &= pins - 1) {
		u16 gsi = gsi_of[__ffs(pins)];

		if (gsi != VMM_GSI_NONE)
			vmm_irqfds_ended(&chip->irqfds, gsi);
	}
}

/* The IOAPIC's level interrupts at @pins ended. No lock held. */
static void ioapic_ended(struct vmm_irqchip *chip, u32 pins)
{
	unsigned long flags;

	if (!pins)
		return;
	if (vmm_irqfds_resampling(&chip->irqfds)) {
		rcu_read_lock();
		notify_gsis(chip, rcu_dereference(chip->routes)->ioapic_gsi,
			    pins);
		rcu_read_unlock();
	}
	raw_spin_lock_irqsave(&chip->lock, flags);
	vmm_ioapic_retrigger(&chip->ioapic, pins);
	raw_spin_unlock_irqrestore(&chip->lock, flags);
}

void vmm_irqchip_eoi(struct vmm_irqchip *chip, u8 vector)
{
	unsigned long flags;
	u32 pins;

	raw_spin_lock_irqsave(&chip->lock, flags);
	pins = vmm_ioapic_eoi(&chip->ioapic, vector);
	raw_spin_unlock_irqrestore(&chip->lock, flags);
	ioapic_ended(chip, pins);
}

static void pic_ended(struct vmm_irqchip *chip, u16 pins)
{
	if (!pins || !vmm_irqfds_resampling(&chip->irqfds))
		return;
	rcu_read_lock();
	notify_gsis(chip, rcu_dereference(chip->routes)->pic_gsi, pins);
	rcu_read_unlock();
}

u8 vmm_irqchip_intack(struct vmm_irqchip *chip)
{
	unsigned long flags;
	u16 ended;
	u8 vector;

	raw_spin_lock_irqsave(&chip->lock, flags);
	vector = vmm_pic_intack(&chip->pic);
	ended = vmm_pic_take_ended(&chip->pic);
	raw_spin_unlock_irqrestore(&chip->lock, flags);
	pic_ended(chip, ended);
	return vector;
}

/* The devices' registers. */

static struct vmm_irqchip *pic_chip(struct vmm_bus_dev *dev)
{
	/* Its three ranges are elements of one array; find the first. */
	while (dev->first != VMM_PIC_PORT_MASTER)
		dev--;
	return container_of(dev, struct vmm_irqchip, pic_dev[0]);
}

static int pic_read(struct vmm_bus_dev *dev, u64 port, unsigned int len,
		    u64 *val)
{
	struct vmm_irqchip *chip = pic_chip(dev);
	unsigned long flags;
	unsigned int i;
	u16 ended;

	*val = 0;
	raw_spin_lock_irqsave(&chip->lock, flags);
	for (i = 0; i < len; i++)
		*val |= (u64)vmm_pic_read(&chip->pic, port + i) << 8 * i;
	ended = vmm_pic_take_ended(&chip->pic);
	raw_spin_unlock_irqrestore(&chip->lock, flags);
	pic_ended(chip, ended);
	return 0;
}

static int pic_write(struct vmm_bus_dev *dev, u64 port, unsigned int len,
		     u64 val)
{
	struct vmm_irqchip *chip = pic_chip(dev);
	unsigned long flags;
	unsigned int i;
	u16 ended;

	raw_spin_lock_irqsave(&chip->lock, flags);
	for (i = 0; i < len; i++)
		vmm_pic_write(&chip->pic, port + i, val >> 8 * i);
	ended = vmm_pic_take_ended(&chip->pic);
	raw_spin_unlock_irqrestore(&chip->lock, flags);
	pic_ended(chip, ended);
	return 0;
}

static const struct vmm_bus_dev_ops pic_bus_ops = {
	.read = pic_read,
	.write = pic_write,
};

static int ioapic_read(struct vmm_bus_dev *dev, u64 addr, unsigned int len,
		       u64 *val)
{
	struct vmm_irqchip *chip = container_of(dev, struct vmm_irqchip,
						ioapic_dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&chip->lock, flags);
	*val = vmm_ioapic_read(&chip->ioapic, addr - dev->first, len);
	raw_spin_unlock_irqrestore(&chip->lock, flags);
	return 0;
}

static int ioapic_write(struct vmm_bus_dev *dev, u64 addr, unsigned int len,
			u64 val)
{
	struct vmm_irqchip *chip = container_of(dev, struct vmm_irqchip,
						ioapic_dev);
	unsigned long flags;
	u32 ended;

	raw_spin_lock_irqsave(&chip->lock, flags);
	vmm_ioapic_write(&chip->ioapic, addr - dev->first, len, val, &ended);
	raw_spin_unlock_irqrestore(&chip->lock, flags);
	ioapic_ended(chip, ended);
	return 0;
}

static const struct vmm_bus_dev_ops ioapic_bus_ops = {
	.read = ioapic_read,
	.write = ioapic_write,
};

/* Routes. */

/* With new routes in force: all pins as the lines say. */
static void redrive(struct vmm_irqchip *chip, struct vmm_route_table *t)
{
	u32 gsi;

	for (gsi = 0; gsi < VMM_MAX_GSI; gsi++) {
		/* Nobody tells a GSI without pins when its line is released. */
		if (gsi < t->nr && message_only(&t->gsi[gsi]))
			chip->sources[gsi] = 0;
		else if (gsi < t->nr)
			drive_pins(chip, &t->gsi[gsi], chip->sources[gsi]);
	}
}

/* Pins that have lost their GSI go low. */
static void release_pins(struct vmm_irqchip *chip, struct vmm_route_table *old,
			 struct vmm_route_table *new)
{
	u32 pin;

	for (pin = 0; pin < VMM_PIC_PINS; pin++) {
		if (old->pic_gsi[pin] != new->pic_gsi[pin])
			vmm_pic_set_pin(&chip->pic, pin, false);
	}
	for (pin = 0; pin < VMM_IOAPIC_PINS; pin++) {
		if (old->ioapic_gsi[pin] != new->ioapic_gsi[pin])
			vmm_ioapic_set_pin(&chip->ioapic, pin, false);
	}
	if (new->ioapic_gsi[PIC_OUTPUT_PIN] == VMM_GSI_NONE)
		vmm_ioapic_set_pin(&chip->ioapic, PIC_OUTPUT_PIN,
				   chip->pic.output);
}

int vmm_irqchip_set_routes(struct vmm_irqchip *chip,
			   const struct vmm_route *routes, u32 nr)
{
	struct vmm_route_table *old, *new;

	new = vmm_route_table_build(routes, nr);
	if (IS_ERR(new))
		return PTR_ERR(new);

	raw_spin_lock_irq(&chip->lock);
	old = routes_locked(chip);
	rcu_assign_pointer(chip->routes, new);
	release_pins(chip, old, new);
	redrive(chip, new);
	raw_spin_unlock_irq(&chip->lock);
	kvfree_rcu(old, rcu);
	return 0;
}

void vmm_irqchip_put_routes(struct vmm_irqchip *chip,
			    struct vmm_route_table *new)
{
	struct vmm_route_table *old;

	raw_spin_lock_irq(&chip->lock);
	old = routes_locked(chip);
	rcu_assign_pointer(chip->routes, new);
	raw_spin_unlock_irq(&chip->lock);
	kvfree_rcu(old, rcu);
}

void vmm_irqchip_settle(struct vmm_irqchip *chip)
{
	raw_spin_lock_irq(&chip->lock);
	redrive(chip, routes_locked(chip));
	vmm_ioapic_retrigger(&chip->ioapic, ~0U);
	raw_spin_unlock_irq(&chip->lock);
}

/* Life. */

static int add_to_buses(struct vmm_irqchip *chip)
{
	static const u16 ports[] = {
		VMM_PIC_PORT_MASTER, VMM_PIC_PORT_SLAVE, VMM_PIC_PORT_ELCR,
	};
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		chip->pic_dev[i].ops = &pic_bus_ops;
		ret = vmm_bus_add(chip->pio, &chip->pic_dev[i], ports[i], 2);
		if (ret)
			return ret;
	}
	chip->ioapic_dev.ops = &ioapic_bus_ops;
	return vmm_bus_add(chip->mmio, &chip->ioapic_dev,
			   IO_APIC_DEFAULT_PHYS_BASE, VMM_IOAPIC_SIZE);
}

static void remove_from_buses(struct vmm_irqchip *chip)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(chip->pic_dev); i++)
		vmm_bus_unlink(chip->pio, &chip->pic_dev[i]);
	vmm_bus_unlink(chip->mmio, &chip->ioapic_dev);
}

int vmm_irqchip_init(struct vmm_irqchip *chip, struct vmm_apic_map *apics,
		     struct vmm_bus *pio, struct vmm_bus *mmio)
{
	struct vmm_route_table *routes = vmm_route_table_default();
	int ret;

	if (IS_ERR(routes))
		return PTR_ERR(routes);
	chip->apics = apics;
	chip->pio = pio;
	chip->mmio = mmio;
	raw_spin_lock_init(&chip->lock);
	RCU_INIT_POINTER(chip->routes, routes);
	vmm_pic_init(&chip->pic, &pic_ops);
	vmm_ioapic_init(&chip->ioapic, &ioapic_ops);
	vmm_hrtimer_setup(&chip->flood_timer, flood_expire, FLOOD_TIMER_MODE);
	vmm_irqfds_init(&chip->irqfds, chip);

	ret = add_to_buses(chip);
	if (ret)
		goto err_bus;
	ret = vmm_pit_dev_init(&chip->pit, chip, pio);
	if (ret)
		goto err_bus;
	return 0;

err_bus:
	remove_from_buses(chip);
	synchronize_rcu();
	kvfree(routes);
	return ret;
}

void vmm_irqchip_kill(struct vmm_irqchip *chip)
{
	vmm_irqfds_kill(&chip->irqfds);
	vmm_pit_dev_kill(&chip->pit);
	remove_from_buses(chip);
	raw_spin_lock_irq(&chip->lock);
	chip->dead = true;
	raw_spin_unlock_irq(&chip->lock);
	hrtimer_cancel(&chip->flood_timer);
}

void vmm_irqchip_release(struct vmm_irqchip *chip)
{
	vmm_irqfds_release(&chip->irqfds);
	kvfree(rcu_dereference_protected(chip->routes, true));
	RCU_INIT_POINTER(chip->routes, NULL);
}
