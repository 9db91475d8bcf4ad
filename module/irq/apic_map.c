// SPDX-License-Identifier: GPL-2.0
/*
 * Who gets a message. A physical id is looked up; everything else asks
 * each APIC of the VM whether it is meant.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "irq/lapic_internal.h"

int vmm_apic_map_init(struct vmm_apic_map *map, u32 size)
{
	if (!size || size > VMM_APIC_IDS_MAX)
		return -EINVAL;
	/* Physical ids in xAPIC mode are the guest's to choose. */
	map->size = max_t(u32, size, 256);
	map->used = 0;
	map->all = kvcalloc(2 * map->size, sizeof(*map->all),
			    GFP_KERNEL_ACCOUNT);
	if (!map->all)
		return -ENOMEM;
	map->phys = map->all + map->size;
	raw_spin_lock_init(&map->lock);
	return 0;
}

void vmm_apic_map_destroy(struct vmm_apic_map *map)
{
	kvfree(map->all);
	map->all = NULL;
	map->phys = NULL;
}

static struct vmm_lapic *map_slot(struct vmm_apic_map *map, u32 i)
{
	return rcu_dereference_protected(map->all[i],
					 lockdep_is_held(&map->lock));
}

/* Let @id lead to the first APIC that has it. */
static void map_refill(struct vmm_apic_map *map, u32 id)
{
	u32 i;

	if (id == VMM_APIC_ID_NONE)
		return;
	for (i = 0; i < map->used; i++) {
		struct vmm_lapic *l = map_slot(map, i);

		if (l && l->map_id == id) {
			rcu_assign_pointer(map->phys[id], l);
			return;
		}
	}
	RCU_INIT_POINTER(map->phys[id], NULL);
}

/* The physical id at which messages find @l. */
static u32 lapic_map_id(const struct vmm_lapic *l)
{
	if (!vmm_lapic_enabled(l))
		return VMM_APIC_ID_NONE;
	/* 8 bits can't name it; wide senders reach it before it is in x2APIC mode. */
	if (vmm_lapic_x2apic(l) || l->initial_id >= 0xff)
		return l->initial_id;
	return lapic_get(l, APIC_ID) >> 24;
}

static void map_move(struct vmm_apic_map *map, struct vmm_lapic *l, u32 id)
{
	u32 old = l->map_id;

	lockdep_assert_held(&map->lock);
	if (old == id)
		return;
	l->map_id = id;
	map_refill(map, old);
	map_refill(map, id);
}

void vmm_apic_map_update(struct vmm_apic_map *map, struct vmm_lapic *l)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&map->lock, flags);
	map_move(map, l, lapic_map_id(l));
	raw_spin_unlock_irqrestore(&map->lock, flags);
}

int vmm_apic_map_add(struct vmm_apic_map *map, struct vmm_lapic *l)
{
	unsigned long flags;
	int ret = 0;

	if (l->initial_id >= map->size)
		return -EINVAL;
	raw_spin_lock_irqsave(&map->lock, flags);
	if (map_slot(map, l->initial_id)) {
		ret = -EEXIST;
	} else {
		rcu_assign_pointer(map->all[l->initial_id], l);
		if (map->used <= l->initial_id)
			WRITE_ONCE(map->used, l->initial_id + 1);
	}
	raw_spin_unlock_irqrestore(&map->lock, flags);
	return ret;
}

void vmm_apic_map_del(struct vmm_apic_map *map, struct vmm_lapic *l)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&map->lock, flags);
	if (map_slot(map, l->initial_id) == l)
		RCU_INIT_POINTER(map->all[l->initial_id], NULL);
	map_move(map, l, VMM_APIC_ID_NONE);
	raw_spin_unlock_irqrestore(&map->lock, flags);
}

/* Act on @msg at @l. As vmm_lapic_deliver() returns. */
static int deliver_one(struct vmm_lapic *l, const struct vmm_apic_msg *msg)
{
	if (!vmm_lapic_enabled(l))
		return -ENOENT;
	switch (msg->mode) {
	case APIC_DM_FIXED:
	case APIC_DM_LOWEST:
		return lapic_accept(l, msg->vector, msg->level);
	case APIC_DM_NMI:
		l->ops->nmi(l);
		return 1;
	case APIC_DM_INIT:
		l->ops->init(l);
		return 1;
	case APIC_DM_STARTUP:
		l->ops->sipi(l, msg->vector);
		return 1;
	case APIC_DM_EXTINT:
		if (!lapic_sw_enabled(l))
			return -ENOENT;
		if (atomic_xchg(&l->extint, 1))
			return 0;
		l->ops->kick(l);
		return 1;
	}
	return -EINVAL;
}

static bool match_x2apic_logical(const struct vmm_lapic *l, u32 dest)
{
	u32 ldr = lapic_get(l, APIC_LDR);

	return ldr >> 16 == dest >> 16 && (ldr & dest & 0xffff);
}

/* 8-bit logical destinations: flat or clusters of four, as DFR says. */
static bool match_xapic_logical(const struct vmm_lapic *l, u32 dest)
{
	u32 ldr = GET_APIC_LOGICAL_ID(lapic_get(l, APIC_LDR));

	if (lapic_get(l, APIC_DFR) == APIC_DFR_FLAT)
		return ldr & dest;
	return ldr >> 4 == dest >> 4 && (ldr & dest & 0xf);
}

static bool msg_broadcast(const struct vmm_apic_msg *msg)
{
	return msg->dest == (msg->wide ? 0xffffffffU : 0xffU);
}

static bool match_dest(const struct vmm_lapic *l,
		       const struct vmm_apic_msg *msg)
{
	if (msg_broadcast(msg))
		return true;
	if (!msg->logical)
		return lapic_map_id(l) == msg->dest;
	/* A message with 8 bits names members of x2APIC's cluster 0. */
	if (vmm_lapic_x2apic(l))
		return match_x2apic_logical(l, msg->dest);
	return !msg->wide && match_xapic_logical(l, msg->dest);
}

static bool match(const struct vmm_lapic *l, const struct vmm_apic_msg *msg)
{
	switch (msg->shorthand) {
	case VMM_APIC_TO_DEST:
		return match_dest(l, msg);
	case VMM_APIC_TO_SELF:
		return l == msg->from;
	case VMM_APIC_TO_ALL:
		return true;
	case VMM_APIC_TO_OTHERS:
		return l != msg->from;
	}
	return false;
}

/* The APIC with initial id @i if @msg is meant for it, else NULL. */
static struct vmm_lapic *matching(struct vmm_apic_map *map, u32 i,
				  const struct vmm_apic_msg *msg)
{
	struct vmm_lapic *l = rcu_dereference(map->all[i]);

	return l && match(l, msg) ? l : NULL;
}

static int deliver_all(struct vmm_apic_map *map, const struct vmm_apic_msg *msg)
{
	struct vmm_lapic *l;
	int ret, sum = -ENOENT;
	u32 i;

	for (i = 0; i < READ_ONCE(map->used); i++) {
		l = matching(map, i, msg);
		if (!l)
			continue;
		ret = deliver_one(l, msg);
		if (ret >= 0)
			sum = max(sum, 0) + ret;
	}
	return sum;
}

/* The class with which an APIC takes part in arbitration; 16: not at all. */
static u32 arbitration_class(const struct vmm_lapic *l)
{
	if (!vmm_lapic_enabled(l) || !lapic_sw_enabled(l))
		return 16;
	return lapic_priority_class(l);
}

/*
 * The APIC of lowest priority among those that are meant. Ties are broken by
 * the vector, so that one interrupt stays on one vCPU.
 */
static struct vmm_lapic *arbitrate(struct vmm_apic_map *map,
				   const struct vmm_apic_msg *msg)
{
	struct vmm_lapic *l, *best = NULL;
	u32 i, class, lowest = 16, ties = 0, nth;

	for (i = 0; i < READ_ONCE(map->used); i++) {
		l = matching(map, i, msg);
		class = l ? arbitration_class(l) : 16;
		if (class < lowest) {
			lowest = class;
			ties = 0;
			best = l;
		}
		ties += class == lowest;
	}
	if (!best || ties == 1)
		return best;

	nth = msg->vector % ties;
	for (i = 0; i < READ_ONCE(map->used); i++) {
		l = matching(map, i, msg);
		if (!l || arbitration_class(l) != lowest)
			continue;
		best = l;
		if (!nth--)
			break;
	}
	return best;
}

static int deliver_rcu(struct vmm_apic_map *map, const struct vmm_apic_msg *msg)
{
	struct vmm_lapic *l;

	if (msg->shorthand == VMM_APIC_TO_SELF)
		return deliver_one(msg->from, msg);

	if (msg->mode == APIC_DM_LOWEST) {
		l = arbitrate(map, msg);
		return l ? deliver_one(l, msg) : -ENOENT;
	}
	if (msg->shorthand == VMM_APIC_TO_DEST && !msg->logical &&
	    !msg_broadcast(msg)) {
		if (msg->dest >= map->size)
			return -ENOENT;
		l = rcu_dereference(map->phys[msg->dest]);
		return l ? deliver_one(l, msg) : -ENOENT;
	}
	return deliver_all(map, msg);
}

int vmm_lapic_deliver(struct vmm_apic_map *map, const struct vmm_apic_msg *msg)
{
	int ret;

	switch (msg->mode) {
	case APIC_DM_FIXED:
	case APIC_DM_LOWEST:
	case APIC_DM_NMI:
	case APIC_DM_INIT:
	case APIC_DM_STARTUP:
	case APIC_DM_EXTINT:
		break;
	case APIC_DM_SMI:
		return 0;	/* no system management mode */
	default:
		return -EINVAL;
	}
	if (msg->shorthand != VMM_APIC_TO_DEST && !msg->from)
		return -EINVAL;
	if (!msg->assert)
		return 0;

	rcu_read_lock();
	ret = deliver_rcu(map, msg);
	rcu_read_unlock();
	return ret;
}

void vmm_apic_map_set_lint0(struct vmm_apic_map *map, bool level)
{
	struct vmm_lapic *l;
	u32 i;

	rcu_read_lock();
	for (i = 0; i < READ_ONCE(map->used); i++) {
		l = rcu_dereference(map->all[i]);
		if (l)
			vmm_lapic_set_lint(l, 0, level);
	}
	rcu_read_unlock();
}
