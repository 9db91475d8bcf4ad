// SPDX-License-Identifier: GPL-2.0
/* apic.c: see apic.h. */
#include "apic.h"

#define PAGE		0xfee00000ul

bool apic_in_x2mode(void)
{
	return rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC;
}

static void set_mode(u64 bits)
{
	u64 base = rdmsr(MSR_APIC_BASE) & ~(APIC_BASE_ENABLE | APIC_BASE_X2APIC);

	wrmsr(MSR_APIC_BASE, base | bits);
}

void apic_disable(void)
{
	set_mode(0);
}

/* x2APIC can be left only by way of disabled. */
void apic_to_xmode(void)
{
	if (apic_in_x2mode())
		set_mode(0);
	set_mode(APIC_BASE_ENABLE);
}

void apic_to_x2mode(void)
{
	set_mode(APIC_BASE_ENABLE);
	set_mode(APIC_BASE_ENABLE | APIC_BASE_X2APIC);
}

u32 apic_read(u32 reg)
{
	if (apic_in_x2mode())
		return rdmsr(MSR_X2APIC + (reg >> 4));
	return *(volatile u32 *)(PAGE + reg);
}

void apic_write(u32 reg, u32 v)
{
	if (apic_in_x2mode())
		wrmsr(MSR_X2APIC + (reg >> 4), v);
	else
		*(volatile u32 *)(PAGE + reg) = v;
}

u32 apic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return apic_in_x2mode() ? id : id >> 24;
}

u32 apic_max_lvt(void)
{
	return apic_read(APIC_VERSION) >> 16 & 0xff;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_enable(void)
{
	static const u32 lvts[] = {
		APIC_LVT_TIMER, APIC_LVT_LINT0, APIC_LVT_LINT1, APIC_LVT_ERROR,
	};

	if (!(rdmsr(MSR_APIC_BASE) & APIC_BASE_ENABLE))
		set_mode(APIC_BASE_ENABLE);
	apic_write(APIC_SVR, SVR_ENABLE | SPURIOUS_VECTOR);
	for (u32 i = 0; i < ARRAY_SIZE(lvts); i++)
		apic_write(lvts[i], LVT_MASKED);
	apic_write(APIC_TIMER_INIT, 0);
	apic_write(APIC_TPR, 0);
	/* Firmware may have left requests in service; at most one per level. */
	for (int i = 0; i < 16; i++)
		apic_eoi();
}

void apic_send_ipi(u32 dest, u32 low)
{
	if (apic_in_x2mode()) {
		wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (u64)dest << 32 | low);
		return;
	}
	apic_write(APIC_ICR2, dest << 24);
	apic_write(APIC_ICR, low);
	for (int i = 0; i < 1000000 && apic_read(APIC_ICR) & ICR_BUSY; i++)
		pause();
}

bool apic_bit(u32 reg, u8 vector)
{
	return apic_read(reg + (vector >> 5) * 16) >> (vector & 31) & 1;
}
