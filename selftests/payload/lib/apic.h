/* SPDX-License-Identifier: GPL-2.0 */
/*
 * apic.h: the local APIC of this CPU, in whichever mode it is (xAPIC or x2APIC).
 * Registers are named by their xAPIC offset; the x2APIC MSR is 0x800 + offset / 16.
 */
#ifndef PAYLOAD_APIC_H
#define PAYLOAD_APIC_H

#include "cpu.h"

#define APIC_ID		0x020
#define APIC_VERSION	0x030
#define APIC_TPR	0x080
#define APIC_PPR	0x0a0
#define APIC_EOI	0x0b0
#define APIC_LDR	0x0d0
#define APIC_DFR	0x0e0
#define APIC_SVR	0x0f0
#define APIC_ISR	0x100
#define APIC_TMR	0x180
#define APIC_IRR	0x200
#define APIC_ESR	0x280
#define APIC_ICR	0x300
#define APIC_ICR2	0x310
#define APIC_LVT_TIMER	0x320
#define APIC_LVT_THERMAL 0x330
#define APIC_LVT_PERF	0x340
#define APIC_LVT_LINT0	0x350
#define APIC_LVT_LINT1	0x360
#define APIC_LVT_ERROR	0x370
#define APIC_TIMER_INIT	0x380
#define APIC_TIMER_CUR	0x390
#define APIC_TIMER_DIV	0x3e0
#define APIC_SELF_IPI	0x3f0	/* x2APIC only */

#define SVR_ENABLE	BIT(8)
#define SPURIOUS_VECTOR	0xff

#define LVT_MASKED	BIT(16)
#define LVT_LEVEL	BIT(15)
#define LVT_PERIODIC	BIT(17)
#define LVT_DEADLINE	BIT(18)
#define LVT_NMI		(4u << 8)
#define LVT_EXTINT	(7u << 8)

#define ICR_LOWEST	(1u << 8)
#define ICR_SMI		(2u << 8)
#define ICR_NMI		(4u << 8)
#define ICR_INIT	(5u << 8)
#define ICR_STARTUP	(6u << 8)
#define ICR_LOGICAL	BIT(11)
#define ICR_BUSY	BIT(12)
#define ICR_ASSERT	BIT(14)
#define ICR_LEVEL	BIT(15)
#define ICR_SELF	(1u << 18)
#define ICR_ALL		(2u << 18)
#define ICR_OTHERS	(3u << 18)

#define APIC_BASE_BSP		BIT(8)
#define APIC_BASE_X2APIC	BIT(10)
#define APIC_BASE_ENABLE	BIT(11)

/* The modes that the two top bits of MSR_APIC_BASE's flags make. */
bool apic_in_x2mode(void);
void apic_disable(void);
void apic_to_xmode(void);
void apic_to_x2mode(void);

u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 v);
u32 apic_id(void);
/* Software-enables it, spurious vector 0xff, LVTs masked, TPR 0, ISR drained. */
void apic_enable(void);
void apic_eoi(void);
void apic_send_ipi(u32 dest, u32 low);
/* Bit @vector of one of the 256-bit registers (ISR, TMR, IRR). */
bool apic_bit(u32 reg, u8 vector);
u32 apic_max_lvt(void);

#endif
