// SPDX-License-Identifier: GPL-2.0
/*
 * The heart of a local APIC: requests come in, the highest goes out.
 *
 * How a request can't be lost: a sender sets the posted bit with a full barrier,
 * then the flag of its set, likewise, then tells the vCPU. The vCPU clears the
 * flags, and then, after a full barrier, takes what is posted over into IRR: a bit
 * set before that barrier is among it, and one set after it has its flag set again.
 * Who finds the bit or the flag set already leaves the rest to who set it: that one
 * makes the vCPU look, and the look begins with the clearing of the flag.
 *
 * A processor that takes posted vectors over by itself does the same at a
 * notification, while the guest runs: nobody else looks meanwhile. It knows nothing
 * of TMR, and so a request that has to change it is posted in a set of its own, and
 * kicks. Of two requests of one vector at the same time, of either kind, the level
 * is the later one: the line behind it waits for the end of an interrupt.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "irq/lapic_internal.h"

u32 __vmm_lapic_reg(const struct vmm_lapic *l, u32 offset)
{
	return lapic_get(l, offset);
}

/* The highest vector set in the 256-bit register at @base, or -1. */
static int find_top(const struct vmm_lapic *l, u32 base)
{
	int i;

	for (i = 7; i >= 0; i--) {
		u32 word = lapic_get(l, base + i * 0x10);

		if (word)
			return i * 32 + fls(word) - 1;
	}
	return -1;
}

/* @vectors of the 32 whose registers are @offset into IRR and TMR are requested. */
static void request(struct vmm_lapic *l, u32 offset, u32 vectors, u32 levels)
{
	u32 tmr = lapic_get(l, APIC_TMR + offset);
	u32 irr = lapic_get(l, APIC_IRR + offset);

	lapic_set(l, APIC_IRR + offset, irr | vectors);
	if (((tmr ^ levels) & vectors) == 0)
		return;
	lapic_set(l, APIC_TMR + offset, (tmr & ~vectors) | (levels & vectors));
	l->changed = true;
}

/* @levels: NULL if there is none among @set. */
static void collect(struct vmm_lapic *l, unsigned long *set,
		    const unsigned long *levels)
{
	unsigned long vectors, level = 0;
	unsigned int i;

	for (i = 0; i < 256 / BITS_PER_LONG; i++) {
		if (!READ_ONCE(set[i]))
			continue;
		vectors = xchg(&set[i], 0);
		if (levels)
			level = READ_ONCE(levels[i]);
		if ((u32)vectors)
			request(l, i * 0x20, vectors, level);
		if (vectors >> 32)
			request(l, i * 0x20 + 0x10, vectors >> 32, level >> 32);
		l->irr_pending = true;
	}
}

void __lapic_collect(struct vmm_lapic *l)
{
	struct vmm_lapic_posted *p = l->posted;
	/* Pairs with the atomic operations of post(). */
	unsigned long flags = xchg(&p->flags, 0);

	if (flags & BIT(VMM_POSTED_VECTORS))
		collect(l, p->vectors, NULL);
	if (flags & BIT(VMM_POSTED_OTHERS))
		collect(l, p->others, p->levels);
}

int vmm_lapic_highest_irr(struct vmm_lapic *l)
{
	int top;

	lapic_collect(l);
	if (!l->irr_pending)
		return -1;
	top = find_top(l, APIC_IRR);
	if (top < 0)
		l->irr_pending = false;
	return top;
}

u32 lapic_ppr(const struct vmm_lapic *l)
{
	u32 tpr = lapic_get(l, APIC_TASKPRI) & 0xff;
	int top = READ_ONCE(l->isr_top);
	u32 isr = top < 0 ? 0 : top & 0xf0;

	return (tpr & 0xf0) >= isr ? tpr : isr;
}

u32 lapic_priority_class(const struct vmm_lapic *l)
{
	return lapic_ppr(l) >> 4;
}

int __vmm_lapic_pending(struct vmm_lapic *l)
{
	int top;

	if (!vmm_lapic_enabled(l))
		return -1;
	top = vmm_lapic_highest_irr(l);
	if (top < 0 || (top & 0xf0) <= (lapic_ppr(l) & 0xf0))
		return -1;
	return top;
}

void vmm_lapic_take(struct vmm_lapic *l, u8 vector)
{
	__clear_bit(vector & 31, lapic_word(l, APIC_IRR, vector));
	__set_bit(vector & 31, lapic_word(l, APIC_ISR, vector));
	WRITE_ONCE(l->isr_top, vector);
}

/* What was blocked may be deliverable; the vCPU is to look again. */
static void lapic_unblock(struct vmm_lapic *l)
{
	if (vmm_lapic_requested(l))
		l->ops->kick(l);
}

void lapic_write_tpr(struct vmm_lapic *l, u8 tpr)
{
	u32 old = lapic_get(l, APIC_TASKPRI);

	lapic_set(l, APIC_TASKPRI, tpr);
	if (tpr < old)
		lapic_unblock(l);
}

void vmm_lapic_set_tpr(struct vmm_lapic *l, u64 cr8)
{
	if (vmm_lapic_get_tpr(l) != (cr8 & 0xf))
		lapic_write_tpr(l, (cr8 & 0xf) << 4);
}

/* A level-sensitive LINT0 that is still asserted asks again. */
static void lint0_ended(struct vmm_lapic *l, u8 vector)
{
	u32 lvt = lapic_get(l, APIC_LVT0);

	if ((lvt & APIC_LVT_LEVEL_TRIGGER) && (lvt & APIC_VECTOR_MASK) == vector &&
	    (lvt & APIC_MODE_MASK) == APIC_DM_FIXED && atomic_read(&l->lint0))
		vmm_lapic_raise_lvt(l, APIC_LVT0);
}

void vmm_lapic_hw_ended(struct vmm_lapic *l, u8 vector)
{
	lint0_ended(l, vector);
	if (!(lapic_get(l, APIC_SPIV) & APIC_SPIV_DIRECTED_EOI))
		l->ops->eoi(l, vector);
}

void vmm_lapic_eoi(struct vmm_lapic *l)
{
	int vector = l->isr_top;

	if (vector < 0)
		return;
	__clear_bit(vector & 31, lapic_word(l, APIC_ISR, vector));
	WRITE_ONCE(l->isr_top, find_top(l, APIC_ISR));
	l->changed = true;

	if (test_bit(vector & 31, lapic_word(l, APIC_TMR, vector)))
		vmm_lapic_hw_ended(l, vector);
	lapic_unblock(l);
}

void lapic_recount(struct vmm_lapic *l)
{
	WRITE_ONCE(l->isr_top, find_top(l, APIC_ISR));
	l->irr_pending = true;
	l->changed = true;
}

void lapic_error(struct vmm_lapic *l, u32 esr_bit)
{
	u32 lvt;

	if (atomic_fetch_or(esr_bit, &l->esr_latch))
		return;
	/* A bad vector in this entry is an error already recorded. */
	lvt = lapic_get(l, APIC_LVTERR);
	if (!(lvt & APIC_LVT_MASKED) && (lvt & APIC_VECTOR_MASK) >= 16)
		lapic_accept(l, lvt & APIC_VECTOR_MASK, false);
	else if (!(lvt & APIC_LVT_MASKED))
		atomic_or(APIC_ESR_RECVILL, &l->esr_latch);
}

/* Whether it is new; then @tell if nobody else is about to. */
static bool post(struct vmm_lapic *l, unsigned long *set, unsigned int flag,
		 u8 vector, void (*tell)(struct vmm_lapic *l))
{
	if (test_and_set_bit(vector, set))
		return false;
	if (!test_and_set_bit(flag, &l->posted->flags))
		tell(l);
	return true;
}

/* What changes TMR, or may. */
static bool post_other(struct vmm_lapic *l, u8 vector, bool level)
{
	struct vmm_lapic_posted *p = l->posted;

	if (level)
		set_bit(vector, p->levels);
	else
		clear_bit(vector, p->levels);
	return post(l, p->others, VMM_POSTED_OTHERS, vector, l->ops->kick);
}

int lapic_accept(struct vmm_lapic *l, u8 vector, bool level)
{
	struct vmm_lapic_posted *p = l->posted;
	bool merges, is_new;

	if (!lapic_sw_enabled(l))
		return -ENOENT;
	if (vector < 16) {
		lapic_error(l, APIC_ESR_RECVILL);
		return -ENOENT;
	}
	/* Post even so: the request that is there may be taken this moment. */
	merges = test_bit(vector & 31, lapic_word(l, APIC_IRR, vector));
	if (level || test_bit(vector, p->levels) ||
	    test_bit(vector & 31, lapic_word(l, APIC_TMR, vector)))
		is_new = post_other(l, vector, level);
	else
		is_new = post(l, p->vectors, VMM_POSTED_VECTORS, vector,
			      l->ops->notify ?: l->ops->kick);
	return is_new && !merges;
}

void vmm_lapic_raise_lvt(struct vmm_lapic *l, u32 offset)
{
	u32 lvt = lapic_get(l, offset);
	bool level;

	if (!vmm_lapic_enabled(l) || (lvt & APIC_LVT_MASKED))
		return;
	switch (lvt & APIC_MODE_MASK) {
	case APIC_DM_FIXED:
		/* LINT1's level sensitivity is not honoured by hardware. */
		level = offset == APIC_LVT0 && (lvt & APIC_LVT_LEVEL_TRIGGER);
		lapic_accept(l, lvt & APIC_VECTOR_MASK, level);
		break;
	case APIC_DM_NMI:
		l->ops->nmi(l);
		break;
	case APIC_DM_INIT:
		l->ops->init(l);
		break;
	case APIC_DM_EXTINT:
		l->ops->kick(l);
		break;
	}
}

void vmm_lapic_set_lint(struct vmm_lapic *l, unsigned int pin, bool level)
{
	if (pin == 0 && atomic_xchg(&l->lint0, level) == level)
		return;
	if (!level)
		return;
	if (vmm_lapic_enabled(l))
		vmm_lapic_raise_lvt(l, pin ? APIC_LVT1 : APIC_LVT0);
	else if (pin)
		l->ops->nmi(l);
	else
		l->ops->kick(l);
}

bool vmm_lapic_accepts_extint(struct vmm_lapic *l)
{
	u32 lvt;

	if (!vmm_lapic_enabled(l))
		return atomic_read(&l->lint0);
	if (atomic_read(&l->extint))
		return true;
	lvt = lapic_get(l, APIC_LVT0);
	return (lvt & (APIC_LVT_MASKED | APIC_MODE_MASK)) == APIC_DM_EXTINT &&
		atomic_read(&l->lint0);
}

void vmm_lapic_extint_taken(struct vmm_lapic *l)
{
	atomic_set(&l->extint, 0);
}

void vmm_lapic_reset(struct vmm_lapic *l, bool init)
{
	static const u32 lvts[LAPIC_NR_LVT] = {
		APIC_LVTT, APIC_LVTTHMR, APIC_LVTPC,
		APIC_LVT0, APIC_LVT1, APIC_LVTERR,
	};
	u32 id = lapic_get(l, APIC_ID);
	unsigned int i;

	lapic_timer_stop(l);
	lapic_collect(l);
	memset(l->regs, 0, VMM_LAPIC_PAGE_SIZE);
	atomic_set(&l->esr_latch, 0);
	atomic_set(&l->extint, 0);
	lapic_set(l, APIC_DFR, APIC_DFR_FLAT);
	lapic_set(l, APIC_SPIV, 0xff);
	for (i = 0; i < LAPIC_NR_LVT; i++)
		lapic_set(l, lvts[i], APIC_LVT_MASKED);
	lapic_recount(l);

	if (!init)
		l->base = APIC_DEFAULT_PHYS_BASE | VMM_LAPIC_BASE_ENABLE |
			(l->base & VMM_LAPIC_BASE_BSP);
	lapic_reset_version(l);
	lapic_reset_id(l);
	if (init && !vmm_lapic_x2apic(l))
		lapic_set(l, APIC_ID, id);
	vmm_apic_map_update(l->map, l);
	if (!init && l->ops->mode)
		l->ops->mode(l);
}

void vmm_lapic_firmware_state(struct vmm_lapic *l)
{
	lapic_set(l, APIC_SPIV, APIC_SPIV_APIC_ENABLED | 0xff);
	if (l->base & VMM_LAPIC_BASE_BSP)
		lapic_set(l, APIC_LVT0, APIC_DM_EXTINT);
	lapic_set(l, APIC_LVT1, APIC_DM_NMI);
	if (atomic_read(&l->lint0))
		l->ops->kick(l);
}

static int config_check(const struct vmm_lapic_config *cfg)
{
	if (cfg->features & ~VMM_LAPIC_F_ALL)
		return -EINVAL;
	if (cfg->phys_bits < 32 || cfg->phys_bits > 52)
		return -EINVAL;
	return 0;
}

int vmm_lapic_init(struct vmm_lapic *l, struct vmm_apic_map *map,
		   const struct vmm_lapic_ops *ops,
		   const struct vmm_lapic_config *cfg)
{
	int ret = config_check(cfg);

	if (ret)
		return ret;
	ret = -ENOMEM;
	l->regs = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!l->regs)
		return ret;
	/* Multiples of 64 bytes would do, but Bochs 3.0 insists on a page. */
	l->posted = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!l->posted)
		goto err_regs;
	l->ops = ops;
	l->map = map;
	l->initial_id = cfg->id;
	l->map_id = VMM_APIC_ID_NONE;
	l->features = cfg->features;
	l->phys_bits = cfg->phys_bits;
	l->base = cfg->bsp ? VMM_LAPIC_BASE_BSP : 0;
	l->isr_top = -1;
	lapic_timer_init(l);

	ret = vmm_apic_map_add(map, l);
	if (ret)
		goto err_posted;
	vmm_lapic_reset(l, false);
	return 0;

err_posted:
	free_page((unsigned long)l->posted);
	l->posted = NULL;
err_regs:
	free_page((unsigned long)l->regs);
	l->regs = NULL;
	return ret;
}

void vmm_lapic_unlink(struct vmm_lapic *l)
{
	if (!l->regs)
		return;
	vmm_apic_map_del(l->map, l);
	lapic_timer_stop(l);
}

void vmm_lapic_release(struct vmm_lapic *l)
{
	free_page((unsigned long)l->posted);
	l->posted = NULL;
	free_page((unsigned long)l->regs);
	l->regs = NULL;
}

int vmm_lapic_set_features(struct vmm_lapic *l, u32 features, u32 phys_bits)
{
	struct vmm_lapic_config cfg = {
		.features = features,
		.phys_bits = phys_bits,
	};
	int ret = config_check(&cfg);

	if (ret)
		return ret;
	if (vmm_lapic_x2apic(l) && !(features & VMM_LAPIC_F_X2APIC))
		return -EBUSY;
	if (lapic_timer_mode(l) == APIC_LVT_TIMER_TSCDEADLINE &&
	    !(features & VMM_LAPIC_F_TSC_DEADLINE))
		return -EBUSY;
	l->features = features;
	l->phys_bits = phys_bits;
	lapic_reset_version(l);
	return 0;
}
