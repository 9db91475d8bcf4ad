/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interval timer as a device: ports, and interrupts on GSI 0.
 *
 * The line follows channel 0's output as far as an interrupt controller can
 * tell. In mode 0 it is low from the control word to the end of the count,
 * then it stays up. In the periodic modes 2 and 3 and the strobe mode 4, it is
 * up, and falls and rises at once where the output rises: how long the output
 * is low before, half a period in mode 3, is not modelled. So a controller
 * that takes the line for level-triggered finds it asserted all the time.
 *
 * Lost ticks: an expiry while the previous one still waits to be taken merges
 * with it and is not made up for; guests that need to know the time have
 * clocks for it. No more than one expiry in VMM_PIT_MIN_NS interrupts the
 * host: of a shorter period every n-th is delivered, and the count runs as
 * programmed.
 */
#ifndef VMM_IRQ_PIT_DEV_H
#define VMM_IRQ_PIT_DEV_H

#include <linux/hrtimer.h>
#include <linux/spinlock.h>

#include "io/bus.h"
#include "irq/pit.h"

#define VMM_PIT_MIN_NS		100000U

struct vmm_irqchip;

/**
 * struct vmm_pit_dev - the timer and what it is wired to
 * @chip: whose GSI 0 it drives (constant)
 * @lock: protects @pit, @edge, @line, @dead, @frozen, @frozen_at; irqs off; held
 *	while the line changes, so that it ends up as the last change left it
 * @pit: the timer
 * @timer: channel 0's next interrupt; armed under @lock
 * @edge: when channel 0 interrupts next, VMM_PIT_NEVER if it doesn't
 * @line: level of GSI 0, as last told to @chip
 * @dead: no more interrupts
 * @frozen: time stands still, since @frozen_at
 * @ports: on the port bus
 * @speaker: on the port bus
 * @bus: that bus
 */
struct vmm_pit_dev {
	struct vmm_irqchip *chip;
	raw_spinlock_t lock;
	struct vmm_pit pit;
	struct hrtimer timer;
	u64 edge;
	bool line;
	bool dead;
	bool frozen;
	u64 frozen_at;
	struct vmm_bus_dev ports;
	struct vmm_bus_dev speaker;
	struct vmm_bus *bus;
};

int vmm_pit_dev_init(struct vmm_pit_dev *dev, struct vmm_irqchip *chip,
		     struct vmm_bus *bus);

/* Off the bus, timer stopped. May sleep. */
void vmm_pit_dev_kill(struct vmm_pit_dev *dev);

/*
 * Time stands still for the timer from the one to the other, which tells for how
 * long.  Nobody uses its ports meanwhile.
 */
void vmm_pit_dev_freeze(struct vmm_pit_dev *dev);
void vmm_pit_dev_thaw(struct vmm_pit_dev *dev, u64 ns);

#endif /* VMM_IRQ_PIT_DEV_H */
