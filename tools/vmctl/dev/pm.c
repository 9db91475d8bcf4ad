// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "boot/acpi.h"
#include "dev/pm.h"
#include "lib/container.h"

#define TIMER_HZ	3579545ULL
#define SEC_NS		1000000000ULL

/* Bytes of the register block. */
#define STATUS		(ACPI_PM_EVENT + 0)
#define ENABLE		(ACPI_PM_EVENT + 2)
#define CONTROL_LOW	(ACPI_PM_CONTROL + 0)
#define CONTROL_HIGH	(ACPI_PM_CONTROL + 1)

#define PWRBTN		0x01	/* of the high bytes of status and enable */
#define SCI_EN		0x01	/* of the low byte */
#define SLP_TYP_SHIFT	2	/* of the high byte */
#define SLP_TYP_MASK	7
#define SLP_EN		0x20

static bool sci(const struct pm *pm)
{
	return (pm->reg[STATUS] & pm->reg[ENABLE]) ||
	       (pm->reg[STATUS + 1] & pm->reg[ENABLE + 1]);
}

/* Holding the lock. */
static void update_sci(struct pm *pm)
{
	irq_set(pm->sci, sci(pm));
}

void pm_press_button(struct pm *pm)
{
	pthread_mutex_lock(&pm->lock);
	pm->reg[STATUS + 1] |= PWRBTN;
	update_sci(pm);
	pthread_mutex_unlock(&pm->lock);
}

static uint32_t regs_in(struct port_device *dev, unsigned int off,
			unsigned int size)
{
	struct pm *pm = container_of(dev, struct pm, regs);
	uint32_t value;

	(void)size;
	pthread_mutex_lock(&pm->lock);
	value = pm->reg[off];
	pthread_mutex_unlock(&pm->lock);
	return value;
}

static void regs_out(struct port_device *dev, unsigned int off,
		     unsigned int size, uint32_t value)
{
	struct pm *pm = container_of(dev, struct pm, regs);

	(void)size;
	pthread_mutex_lock(&pm->lock);
	switch (off) {
	case STATUS:
	case STATUS + 1:
		pm->reg[off] &= (uint8_t)~value;
		break;
	case ENABLE:
	case ENABLE + 1:
		pm->reg[off] = (uint8_t)value;
		break;
	case CONTROL_LOW:
		pm->reg[off] = (uint8_t)value | SCI_EN;
		break;
	case CONTROL_HIGH:
		/* SLP_EN is a command and reads as 0 */
		pm->reg[off] = (uint8_t)value & (uint8_t)~SLP_EN;
		break;
	}
	update_sci(pm);
	pthread_mutex_unlock(&pm->lock);
	if (off == CONTROL_HIGH && (value & SLP_EN) &&
	    (value >> SLP_TYP_SHIFT & SLP_TYP_MASK) == ACPI_SLEEP_OFF)
		vm_end_set(pm->end, END_POWEROFF, 0, "%s", "");
}

static const struct port_ops regs_ops = {
	.in = regs_in,
	.out = regs_out,
};

static uint32_t timer_in(struct port_device *dev, unsigned int off,
			 unsigned int size)
{
	struct pm *pm = container_of(dev, struct pm, timer);
	uint64_t ns = pm->clock->now(pm->clock);
	uint32_t ticks;

	(void)size;
	ticks = (uint32_t)(ns / SEC_NS * TIMER_HZ + ns % SEC_NS * TIMER_HZ / SEC_NS);
	return ticks >> 8 * off;
}

static void timer_out(struct port_device *dev, unsigned int off,
		      unsigned int size, uint32_t value)
{
	(void)dev;
	(void)off;
	(void)size;
	(void)value;		/* the timer can't be written */
}

static const struct port_ops timer_ops = {
	.in = timer_in,
	.out = timer_out,
};

void pm_init(struct pm *pm, struct irq_line *sci, struct vm_clock *clock,
	     struct vm_end *end)
{
	memset(pm, 0, sizeof(*pm));
	pm->regs = (struct port_device){
		.name = "ACPI registers",
		.ops = &regs_ops,
		.base = ACPI_PM_BASE,
		.count = ACPI_PM_TIMER,
		.width = 1,
	};
	pm->timer = (struct port_device){
		.name = "ACPI timer",
		.ops = &timer_ops,
		.base = ACPI_PM_BASE + ACPI_PM_TIMER,
		.count = ACPI_PM_LEN - ACPI_PM_TIMER,
		.width = 4,
	};
	pm->end = end;
	pm->sci = sci;
	pm->clock = clock;
	pm->reg[CONTROL_LOW] = SCI_EN;
	pthread_mutex_init(&pm->lock, NULL);
}

void pm_save(const struct pm *pm, struct pm_state *st)
{
	memcpy(st->reg, pm->reg, sizeof(st->reg));
}

bool pm_valid(const struct pm_state *st)
{
	return (st->reg[CONTROL_LOW] & SCI_EN) &&
	       !(st->reg[CONTROL_HIGH] & SLP_EN);
}

void pm_load(struct pm *pm, const struct pm_state *st)
{
	memcpy(pm->reg, st->reg, sizeof(pm->reg));
	irq_sync(pm->sci, sci(pm));
}
