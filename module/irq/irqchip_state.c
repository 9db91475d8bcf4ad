// SPDX-License-Identifier: GPL-2.0
/*
 * Save and restore of PIC, IOAPIC, lines and routes.  See irqchip_state.h.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "irq/irqchip.h"
#include "irq/irqchip_state.h"

/* One order of fields, so that one copy does. */
static_assert(offsetof(struct vmm_state_pic_chip, pad) ==
	      sizeof(struct vmm_pic_chip));
static_assert(offsetof(struct vmm_state_pic_chip, lowest) ==
	      offsetof(struct vmm_pic_chip, lowest));
static_assert(offsetof(struct vmm_state_pic_chip, smm) ==
	      offsetof(struct vmm_pic_chip, smm));
static_assert(offsetof(struct vmm_state_pic_chip, poll) ==
	      offsetof(struct vmm_pic_chip, poll));
static_assert(VMM_STATE_IOAPIC_PINS == VMM_IOAPIC_PINS);
static_assert(sizeof(struct vmm_state_ioapic) ==
	      sizeof(struct vmm_ioapic_state));
static_assert(offsetof(struct vmm_state_ioapic, id) ==
	      offsetof(struct vmm_ioapic_state, id));

static void chips_of(const struct vmm_state_pic *st, struct vmm_pic_chip chip[2])
{
	memcpy(&chip[0], &st->chip[0], sizeof(chip[0]));
	memcpy(&chip[1], &st->chip[1], sizeof(chip[1]));
}

static struct vmm_ioapic_state ioapic_of(const struct vmm_state_ioapic *st)
{
	struct vmm_ioapic_state io;

	memcpy(&io, st, sizeof(io));
	return io;
}

u32 vmm_irqchip_nr_routes(struct vmm_irqchip *chip)
{
	u32 nr;

	rcu_read_lock();
	nr = vmm_route_table_count(rcu_dereference(chip->routes));
	rcu_read_unlock();
	return nr;
}

void vmm_irqchip_save_routes(struct vmm_irqchip *chip, struct vmm_route *routes,
			     u32 nr)
{
	rcu_read_lock();
	vmm_route_table_list(rcu_dereference(chip->routes), routes, nr);
	rcu_read_unlock();
}

void vmm_irqchip_save_chips(struct vmm_irqchip *chip,
			    struct vmm_state_lines *lines,
			    struct vmm_state_pic *pic,
			    struct vmm_state_ioapic *ioapic)
{
	struct vmm_ioapic_state io;
	u32 gsi;

	memset(lines, 0, sizeof(*lines));
	memset(pic, 0, sizeof(*pic));
	raw_spin_lock_irq(&chip->lock);
	for (gsi = 0; gsi < VMM_MAX_GSI; gsi++)
		if (chip->sources[gsi] & 1U << VMM_IRQ_SRC_USER)
			lines->user[gsi / 64] |= 1ULL << gsi % 64;
	memcpy(&pic->chip[0], &chip->pic.chip[0], sizeof(chip->pic.chip[0]));
	memcpy(&pic->chip[1], &chip->pic.chip[1], sizeof(chip->pic.chip[1]));
	vmm_ioapic_save(&chip->ioapic, &io);
	raw_spin_unlock_irq(&chip->lock);
	memcpy(ioapic, &io, sizeof(io));
}

int vmm_irqchip_check_pic(const struct vmm_state_pic *st)
{
	static const u8 zero[sizeof(st->chip[0].pad)];
	struct vmm_pic_chip chip[2];

	if (memcmp(st->chip[0].pad, zero, sizeof(zero)) ||
	    memcmp(st->chip[1].pad, zero, sizeof(zero)))
		return -EINVAL;
	chips_of(st, chip);
	return vmm_pic_check(chip);
}

int vmm_irqchip_check_ioapic(const struct vmm_state_ioapic *st)
{
	struct vmm_ioapic_state io = ioapic_of(st);

	return vmm_ioapic_check(&io);
}

void vmm_irqchip_load_chips(struct vmm_irqchip *chip,
			    const struct vmm_state_lines *lines,
			    const struct vmm_state_pic *pic,
			    const struct vmm_state_ioapic *ioapic)
{
	struct vmm_ioapic_state io = ioapic_of(ioapic);
	struct vmm_pic_chip pics[2];
	u32 gsi;

	chips_of(pic, pics);
	raw_spin_lock_irq(&chip->lock);
	for (gsi = 0; gsi < VMM_MAX_GSI; gsi++) {
		chip->sources[gsi] &= ~(1U << VMM_IRQ_SRC_USER);
		if (lines->user[gsi / 64] >> gsi % 64 & 1)
			chip->sources[gsi] |= 1U << VMM_IRQ_SRC_USER;
	}
	/* The PIC's output may go to a pin of the IOAPIC, which comes next. */
	vmm_pic_restore(&chip->pic, pics);
	vmm_ioapic_restore(&chip->ioapic, &io);
	raw_spin_unlock_irq(&chip->lock);
}

void vmm_irqchip_note_source(struct vmm_irqchip *chip, u32 gsi,
			     unsigned int source, bool level)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&chip->lock, flags);
	chip->sources[gsi] &= ~(1U << source);
	if (level)
		chip->sources[gsi] |= 1U << source;
	raw_spin_unlock_irqrestore(&chip->lock, flags);
}
