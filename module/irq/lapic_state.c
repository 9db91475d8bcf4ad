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

void vmm_lapic_get_hidden(struct vmm_lapic *l, struct vmm_lapic_hidden *h)
{
	memset(h, 0, sizeof(*h));
	h->version = VMM_LAPIC_HIDDEN_VERSION;
	h->esr_latch = atomic_read(&l->esr_latch);
	h->extint = atomic_read(&l->extint);
}

int vmm_lapic_set_hidden(struct vmm_lapic *l, const struct vmm_lapic_hidden *h)
{
	if (h->version != VMM_LAPIC_HIDDEN_VERSION || h->extint > 1 || h->pad ||
	    (h->esr_latch & ~lapic_reg_bits(l, APIC_ESR)))
		return -EINVAL;
	atomic_set(&l->esr_latch, h->esr_latch);
	atomic_set(&l->extint, h->extint);
	if (h->extint)
		l->ops->kick(l);
	return 0;
}
