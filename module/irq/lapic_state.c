// SPDX-License-Identifier: GPL-2.0
/*
 * Save and restore of a local APIC. Registers that user space hands in must be
 * such as a guest can bring about; what follows from others is computed.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "irq/lapic_internal.h"

/* Registers that are taken over one by one, besides the vector bitmaps. */
static const u32 saved_regs[] = {
	APIC_ID, APIC_TASKPRI, APIC_LDR, APIC_DFR, APIC_SPIV, APIC_ESR,
	APIC_ICR, APIC_ICR2, APIC_LVTT, APIC_LVTTHMR, APIC_LVTPC, APIC_LVT0,
	APIC_LVT1, APIC_LVTERR, APIC_TMICT, APIC_TDCR,
};

static const u32 saved_maps[] = { APIC_ISR, APIC_TMR, APIC_IRR };

static u32 saved_get(const void *regs, u32 offset)
{
	u32 val;

	memcpy(&val, regs + offset, sizeof(val));
	return val;
}

void vmm_lapic_get_regs(struct vmm_lapic *l, void *regs)
{
	u32 val;

	vmm_lapic_timer_outside(l);
	lapic_collect(l);
	memcpy(regs, l->regs, VMM_LAPIC_REGS_SIZE);
	val = lapic_ppr(l);
	memcpy(regs + APIC_PROCPRI, &val, sizeof(val));
	memcpy(regs + APIC_ARBPRI, &val, sizeof(val));
	val = lapic_timer_current(l);
	memcpy(regs + APIC_TMCCT, &val, sizeof(val));
}

static int regs_check(const struct vmm_lapic *l, const void *regs)
{
	u32 lvt_status = APIC_SEND_PENDING | APIC_LVT_REMOTE_IRR;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(saved_regs); i++) {
		u32 offset = saved_regs[i];
		u32 bits = lapic_reg_bits(l, offset);

		if (offset >= APIC_LVTT && offset <= APIC_LVTERR)
			bits |= lvt_status;
		if (saved_get(regs, offset) & ~bits)
			return -EINVAL;
	}
	for (i = 0; i < ARRAY_SIZE(saved_maps); i++) {
		if (saved_get(regs, saved_maps[i]) & 0xffff)
			return -EINVAL;	/* vectors below 16 */
	}
	if (vmm_lapic_x2apic(l) && saved_get(regs, APIC_ID) != l->initial_id)
		return -EINVAL;
	if (~saved_get(regs, APIC_DFR) & APIC_DFR_CLUSTER)
		return -EINVAL;
	if (saved_get(regs, APIC_TMCCT) > saved_get(regs, APIC_TMICT))
		return -EINVAL;
	return 0;
}

int vmm_lapic_set_regs(struct vmm_lapic *l, const void *regs)
{
	u32 id = lapic_get(l, APIC_ID), ldr = lapic_get(l, APIC_LDR);
	unsigned int i, j;

	if (regs_check(l, regs))
		return -EINVAL;

	lapic_timer_stop(l);
	lapic_collect(l);
	for (i = 0; i < ARRAY_SIZE(saved_regs); i++)
		lapic_set(l, saved_regs[i],
			  saved_get(regs, saved_regs[i]) &
			  lapic_reg_bits(l, saved_regs[i]));
	for (i = 0; i < ARRAY_SIZE(saved_maps); i++) {
		for (j = 0; j < 0x80; j += 0x10)
			lapic_set(l, saved_maps[i] + j,
				  saved_get(regs, saved_maps[i] + j));
	}
	if (vmm_lapic_x2apic(l)) {
		lapic_set(l, APIC_ID, id);
		lapic_set(l, APIC_LDR, ldr);
	}
	lapic_recount(l);
	lapic_timer_restore(l, saved_get(regs, APIC_TMCCT));
	vmm_apic_map_update(l->map, l);
	l->ops->kick(l);
	return 0;
}

void vmm_lapic_save(struct vmm_lapic *l, struct vmm_state_lapic *st)
{
	memset(st, 0, sizeof(*st));
	vmm_lapic_get_regs(l, st->regs);
	st->base = l->base;
	/* Not by the register, which shows none that has been reached. */
	if (lapic_timer_mode(l) == APIC_LVT_TIMER_TSCDEADLINE)
		st->deadline = atomic64_read(&l->timer.deadline);
	st->esr_latch = atomic_read(&l->esr_latch);
	st->extint = !!atomic_read(&l->extint);
	st->lint0 = !!atomic_read(&l->lint0);
}

int vmm_lapic_check(const struct vmm_lapic_config *cfg,
		    const struct vmm_state_lapic *st)
{
	const struct vmm_lapic probe = {
		.initial_id = cfg->id, .features = cfg->features,
		.phys_bits = cfg->phys_bits, .base = st->base,
	};

	if (!lapic_base_valid(&probe, st->base) || st->extint > 1 ||
	    st->lint0 > 1 || st->pad[0] || st->pad[1] ||
	    (st->esr_latch & ~lapic_reg_bits(&probe, APIC_ESR)))
		return -EINVAL;
	if (st->deadline && (saved_get(st->regs, APIC_LVTT) &
			     LAPIC_LVT_TIMER_MODE) != APIC_LVT_TIMER_TSCDEADLINE)
		return -EINVAL;
	return regs_check(&probe, st->regs);
}

int vmm_lapic_load(struct vmm_lapic *l, const struct vmm_state_lapic *st)
{
	int err;

	err = vmm_lapic_set_base(l, st->base);
	if (err)
		return err;
	atomic_set(&l->lint0, st->lint0);
	err = vmm_lapic_set_regs(l, st->regs);
	if (err)
		return err;
	atomic_set(&l->esr_latch, st->esr_latch);
	atomic_set(&l->extint, st->extint);
	lapic_timer_write_deadline(l, st->deadline);
	return 0;
}
