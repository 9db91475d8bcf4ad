/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the files of the local APIC: lapic.c (priorities and delivery),
 * lapic_reg.c (what the guest reads and writes), lapic_timer.c, apic_map.c.
 */
#ifndef VMM_IRQ_LAPIC_INTERNAL_H
#define VMM_IRQ_LAPIC_INTERNAL_H

#include "irq/lapic.h"

/* Version register: an integrated APIC with six LVT entries. */
#define LAPIC_VERSION		0x14U
#define LAPIC_MAX_LVT		5U
#define LAPIC_NR_LVT		(LAPIC_MAX_LVT + 1)

#define LAPIC_LVT_TIMER_MODE	(3U << 17)

static inline u32 lapic_get(const struct vmm_lapic *l, u32 offset)
{
	return READ_ONCE(*(u32 *)(l->regs + offset));
}

static inline void lapic_set(struct vmm_lapic *l, u32 offset, u32 val)
{
	WRITE_ONCE(*(u32 *)(l->regs + offset), val);
}

/*
 * The word that holds @vector's bit in the 256-bit register at @base. Its bit
 * number is vector % 32; the bytes behind the 32 bits are padding.
 */
static inline unsigned long *lapic_word(const struct vmm_lapic *l, u32 base,
					u8 vector)
{
	return l->regs + base + (vector >> 5) * 0x10;
}

static inline bool lapic_sw_enabled(const struct vmm_lapic *l)
{
	return lapic_get(l, APIC_SPIV) & APIC_SPIV_APIC_ENABLED;
}

static inline u32 lapic_timer_mode(const struct vmm_lapic *l)
{
	return lapic_get(l, APIC_LVTT) & LAPIC_LVT_TIMER_MODE;
}

/* lapic.c */

/*
 * Request @vector. Any context.
 * Return: 1 if it is new, 0 if it was pending, -ENOENT if refused.
 */
int lapic_accept(struct vmm_lapic *l, u8 vector, bool level);

/* Record an error; the first since ESR was written interrupts. Any context. */
void lapic_error(struct vmm_lapic *l, u32 esr_bit);

/* The priority class that arbitration compares, 0 to 15. Any context. */
u32 lapic_priority_class(const struct vmm_lapic *l);

u32 lapic_ppr(const struct vmm_lapic *l);

/* Set all of TPR. */
void lapic_write_tpr(struct vmm_lapic *l, u8 tpr);

void __lapic_collect(struct vmm_lapic *l);

/* Take what is posted over into IRR and TMR. */
static inline void lapic_collect(struct vmm_lapic *l)
{
	if (READ_ONCE(l->posted->flags))
		__lapic_collect(l);
}

/* Find @isr_top and what summarizes IRR and ISR again after the page was replaced. */
void lapic_recount(struct vmm_lapic *l);

/* lapic_reg.c */

/* Id and logical id as the mode demands. */
void lapic_reset_id(struct vmm_lapic *l);

/* The version register as the features demand. */
void lapic_reset_version(struct vmm_lapic *l);

/* Can @base be the value of IA32_APIC_BASE? */
bool lapic_base_valid(const struct vmm_lapic *l, u64 base);

/* The bits that the register at @offset can have set. */
u32 lapic_reg_bits(const struct vmm_lapic *l, u32 offset);

/* lapic_timer.c; all of the vCPU side */

void lapic_timer_init(struct vmm_lapic *l);

/* Stopped and disarmed, with no callback running. */
void lapic_timer_stop(struct vmm_lapic *l);

u32 lapic_timer_current(struct vmm_lapic *l);
void lapic_timer_write_initial(struct vmm_lapic *l, u32 count);
void lapic_timer_write_divide(struct vmm_lapic *l, u32 tdcr);
void lapic_timer_write_lvt(struct vmm_lapic *l, u32 lvt);
u64 lapic_timer_read_deadline(struct vmm_lapic *l);
void lapic_timer_write_deadline(struct vmm_lapic *l, u64 tsc);

/* TMICT, TDCR and LVTT were restored; go on from @current_count. */
void lapic_timer_restore(struct vmm_lapic *l, u32 current_count);

#endif /* VMM_IRQ_LAPIC_INTERNAL_H */
