/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The local APICs of one VM and how a message finds its way among them.
 *
 * The map is two arrays of pointers whose elements are replaced one by one
 * under the lock and read under RCU: by initial id (every APIC) and by
 * current physical id (every enabled APIC that messages can address). Nothing
 * is allocated after vmm_apic_map_init(), so that a guest that rewrites its
 * ids can't run into a failure. Logical ids are not indexed: LDR and DFR are
 * matched when a message is sent, except in x2APIC mode, where they follow
 * from the physical id.
 *
 * Where the guest gives two APICs one physical id, one of them gets the messages.
 */
#ifndef VMM_IRQ_APIC_MAP_H
#define VMM_IRQ_APIC_MAP_H

#include <linux/types.h>
#include <linux/spinlock.h>

struct vmm_lapic;

#define VMM_APIC_ID_NONE	0xffffffffU
#define VMM_APIC_IDS_MAX	4096U

/**
 * struct vmm_apic_map - all local APICs of a VM; embed it in the VM
 * @lock: serializes changes; irqs off; never taken while delivering, takes
 *	none inside
 * @size: number of elements in each array (c)
 * @used: 1 + highest initial id present (m, read by any)
 * @all: by initial id (m, RCU)
 * @phys: by physical id (m, RCU)
 */
struct vmm_apic_map {
	raw_spinlock_t lock;
	u32 size;
	u32 used;
	struct vmm_lapic __rcu **all;
	struct vmm_lapic __rcu **phys;
};

enum vmm_apic_shorthand {
	VMM_APIC_TO_DEST,
	VMM_APIC_TO_SELF,
	VMM_APIC_TO_ALL,
	VMM_APIC_TO_OTHERS,
};

/**
 * struct vmm_apic_msg - a message on the interrupt bus
 * @dest: destination id or logical mask
 * @wide: @dest is 32 bits wide, as in x2APIC mode; else broadcast is 0xff
 * @logical: @dest is in logical form
 * @level: level-triggered
 * @assert: false for the de-assertion of a level, which nobody heeds
 * @vector: interrupt vector
 * @mode: delivery mode, one of APIC_DM_*
 * @shorthand: whom to send to in place of @dest
 * @from: the sender for shorthands; may be NULL with VMM_APIC_TO_DEST
 */
struct vmm_apic_msg {
	u32 dest;
	bool wide;
	bool logical;
	bool level;
	bool assert;
	u8 vector;
	u16 mode;
	enum vmm_apic_shorthand shorthand;
	struct vmm_lapic *from;
};

/* @size: number of possible APIC ids. 0, -EINVAL or -ENOMEM. */
int vmm_apic_map_init(struct vmm_apic_map *map, u32 size);

/* All APICs have been released. */
void vmm_apic_map_destroy(struct vmm_apic_map *map);

/**
 * vmm_lapic_deliver - send a message to whom it concerns
 * @map: the APICs
 * @msg: the message
 *
 * Any context; takes no lock. Return: the number of APICs at which the message
 * changed something; 0 if all had the vector pending already; -ENOENT if
 * no APIC accepts it; -EINVAL for a delivery mode that doesn't exist.
 */
int vmm_lapic_deliver(struct vmm_apic_map *map, const struct vmm_apic_msg *msg);

/* Drive LINT0 of all APICs, where the PIC's output is wired to. Any context. */
void vmm_apic_map_set_lint0(struct vmm_apic_map *map, bool level);

/* For lapic.c: the id or mode of @l changed; lists it as it is, or not. */
int vmm_apic_map_add(struct vmm_apic_map *map, struct vmm_lapic *l);
void vmm_apic_map_update(struct vmm_apic_map *map, struct vmm_lapic *l);
void vmm_apic_map_del(struct vmm_apic_map *map, struct vmm_lapic *l);

#endif /* VMM_IRQ_APIC_MAP_H */
