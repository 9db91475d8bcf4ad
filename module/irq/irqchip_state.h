/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interrupt hardware of a VM outside of its vCPUs in the form of saved records.
 *
 * Checks change nothing; what they have found good a load takes without fail.  The
 * local APICs are loaded after all this, since the chips may tell them of what is in
 * their records too, and vmm_irqchip_settle() is called when they are there.
 * Nobody else raises interrupts meanwhile.
 */
#ifndef VMM_IRQ_IRQCHIP_STATE_H
#define VMM_IRQ_IRQCHIP_STATE_H

#include <linux/types.h>
#include <linux/vmm_state.h>

struct vmm_irqchip;
struct vmm_pit_dev;

/* The routes in force: how many, and the same into room for so many. */
u32 vmm_irqchip_nr_routes(struct vmm_irqchip *chip);
void vmm_irqchip_save_routes(struct vmm_irqchip *chip, struct vmm_route *routes,
			     u32 nr);

void vmm_irqchip_save_chips(struct vmm_irqchip *chip,
			    struct vmm_state_lines *lines,
			    struct vmm_state_pic *pic,
			    struct vmm_state_ioapic *ioapic);

/* 0 or -EINVAL. */
int vmm_irqchip_check_pic(const struct vmm_state_pic *st);
int vmm_irqchip_check_ioapic(const struct vmm_state_ioapic *st);

void vmm_irqchip_load_chips(struct vmm_irqchip *chip,
			    const struct vmm_state_lines *lines,
			    const struct vmm_state_pic *pic,
			    const struct vmm_state_ioapic *ioapic);

/* A source of a line is as @level says, and the pins know already. */
void vmm_irqchip_note_source(struct vmm_irqchip *chip, u32 gsi,
			     unsigned int source, bool level);

/*
 * Pins follow the sources that there are here: what an eventfd held up falls until that
 * is signalled again.  What the IOAPIC still has to send is sent.
 */
void vmm_irqchip_settle(struct vmm_irqchip *chip);

/* After the chips, which know whether its line was up. */
void vmm_pit_dev_save_state(struct vmm_pit_dev *dev, struct vmm_state_pit *st);
int vmm_pit_check_state(const struct vmm_state_pit *st);
void vmm_pit_dev_load_state(struct vmm_pit_dev *dev,
			    const struct vmm_state_pit *st);

#endif
