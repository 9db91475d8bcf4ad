/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Routes: where each interrupt number of a VM (GSI) goes.
 *
 * A GSI may have one route of each kind: to a PIC pin, to an IOAPIC pin, and
 * a message (MSI); a pin has at most one GSI. The table is built aside,
 * never changes once in use, and is replaced as a whole.
 */
#ifndef VMM_IRQ_ROUTE_H
#define VMM_IRQ_ROUTE_H

#include <linux/types.h>
#include <linux/rcupdate.h>
#include <linux/vmm.h>

#include "irq/ioapic.h"
#include "irq/pic.h"

#define VMM_GSI_NONE		0xffffU

/**
 * struct vmm_gsi_target - all routes of one GSI
 * @msg: the message, decoded
 * @address, @data: the same as it was told
 * @pic: PIC pin, or -1
 * @ioapic: IOAPIC pin, or -1
 * @msi: there is a message
 */
struct vmm_gsi_target {
	struct vmm_apic_msg msg;
	u32 address;
	u32 data;
	s8 pic;
	s8 ioapic;
	bool msi;
};

/**
 * struct vmm_route_table - all routes of a VM; constant once published
 * @rcu: to free it
 * @nr: number of elements of @gsi
 * @pic_gsi: GSI of each PIC pin, or VMM_GSI_NONE
 * @ioapic_gsi: GSI of each IOAPIC pin, or VMM_GSI_NONE
 * @gsi: by GSI
 */
struct vmm_route_table {
	struct rcu_head rcu;
	u32 nr;
	u16 pic_gsi[VMM_PIC_PINS];
	u16 ioapic_gsi[VMM_IOAPIC_PINS];
	struct vmm_gsi_target gsi[];
};

/*
 * Build a table. Return: it, or ERR_PTR of -EINVAL (GSI, pin or type out of
 * range, fields that must be 0, an address that is no message's), -EEXIST
 * (second route of a kind for a GSI, second GSI for a pin), -ENOSPC
 * (over VMM_MAX_ROUTES), -ENOMEM. Free it with kvfree_rcu(), or kvfree().
 */
struct vmm_route_table *vmm_route_table_build(const struct vmm_route *routes,
					      u32 nr);

/* How many routes @t has, and the same as they were told, by GSI. */
u32 vmm_route_table_count(const struct vmm_route_table *t);
void vmm_route_table_list(const struct vmm_route_table *t,
			  struct vmm_route *routes, u32 nr);

/* The PC's: GSI n to PIC pin n and IOAPIC pin n, but 0 to IOAPIC pin 2. */
struct vmm_route_table *vmm_route_table_default(void);

/*
 * Decode a message-signalled interrupt. -EINVAL if the address says that it is
 * none; vectors and delivery modes are judged when it is delivered.
 */
int vmm_msi_decode(u64 addr, u32 data, struct vmm_apic_msg *msg);

#endif /* VMM_IRQ_ROUTE_H */
