// SPDX-License-Identifier: GPL-2.0
/*
 * timer.c: the local APIC's timer in each mode, the 8254's channels, the RTC.
 * Nothing here claims how exact a timer is: emulated hosts stall for long.
 * Checks are of order (not before, not lost) and of rates within a factor.
 */
#include "apic.h"
#include "pc.h"
#include "smp.h"
#include "test.h"
#include "time.h"

#define VEC	0x60
#define PIT_VEC	0x61
#define RTC_VEC	0x62

static volatile u32 count, pit_count, rtc_count;

static void on_timer(struct regs *r __unused)
{
	count++;
	apic_eoi();
}

static void on_pit(struct regs *r __unused)
{
	pit_count++;
	apic_eoi();
}

static void on_rtc(struct regs *r __unused)
{
	rtc_count++;
	cmos_read(0x0c);	/* or there will be no other */
	apic_eoi();
}

static void reset(void)
{
	apic_enable();
	ioapic_mask_all();
	pic_init(0x50, false);
	apic_write(APIC_TIMER_DIV, 0xb);	/* by 1 */
	trap_set_handler(VEC, on_timer);
	trap_set_handler(PIT_VEC, on_pit);
	trap_set_handler(RTC_VEC, on_rtc);
	irq_window();			/* what an earlier test left pending */
	irq_window();
	irq_window();
	count = pit_count = rtc_count = 0;
}

#define wait_irq(cond, ms) ({ bool w_; sti(); w_ = wait_until(cond, ms); cli(); w_; })

static void one_shot(void)
{
	u32 before;

	reset();
	apic_write(APIC_LVT_TIMER, VEC);
	apic_write(APIC_TIMER_INIT, 100000);
	check_eq(apic_read(APIC_TIMER_INIT), 100000, "the initial count reads back");
	check(wait_irq(count, 5000), "one-shot fires");
	wait_irq(count > 1, 20);
	check_eq(count, 1, "once");
	check_eq(apic_read(APIC_TIMER_CUR), 0, "the current count stays 0");

	apic_write(APIC_TIMER_INIT, 0xffffffff);
	before = apic_read(APIC_TIMER_CUR);
	udelay(1000);
	check(apic_read(APIC_TIMER_CUR) < before, "the current count goes down");
	apic_write(APIC_TIMER_CUR, 7);
	check(apic_read(APIC_TIMER_CUR) > 7, "it can't be written");
	apic_write(APIC_TIMER_INIT, 0);
	check_eq(apic_read(APIC_TIMER_CUR), 0, "an initial count of 0 stops it");
	wait_irq(count > 1, 20);
	check_eq(count, 1, "stopped: no interrupt");

	apic_write(APIC_LVT_TIMER, VEC | LVT_MASKED);
	apic_write(APIC_TIMER_INIT, 1000);
	wait_irq(count > 1, 20);
	check_eq(count, 1, "masked: no interrupt");
	check_eq(apic_read(APIC_TIMER_CUR), 0, "masked: it counts all the same");
	apic_write(APIC_LVT_TIMER, VEC);
	wait_irq(count > 1, 20);
	check_eq(count, 1, "unmasking brings none back");
	apic_write(APIC_TIMER_INIT, 1);
	wait_irq(count > 1, 5000);
	check_eq(count, 2, "a count of 1 fires once");
}

static void periodic(void)
{
	reset();
	apic_write(APIC_LVT_TIMER, VEC | LVT_PERIODIC);
	apic_write(APIC_TIMER_INIT, 1000000);
	check(wait_irq(count >= 5, 20000), "periodic fires again and again");
	check(apic_read(APIC_TIMER_CUR) <= 1000000, "the current count is below the initial one");
	apic_write(APIC_LVT_TIMER, VEC | LVT_PERIODIC | LVT_MASKED);
	irq_window();
	count = 0;
	wait_irq(count, 20);
	check_eq(count, 0, "masked: quiet");
	apic_write(APIC_LVT_TIMER, VEC | LVT_PERIODIC);
	check(wait_irq(count, 20000), "unmasked: it goes on");
	apic_write(APIC_TIMER_INIT, 0);
	irq_window();
	count = 0;
	wait_irq(count, 20);
	check_eq(count, 0, "an initial count of 0 stops it");
}

/* Ticks of the APIC timer in @us microseconds of the TSC. */
static u32 ticks_in(u64 us)
{
	u64 start, took;
	u32 n;

	apic_write(APIC_TIMER_INIT, 0xffffffff);
	start = rdtsc();
	n = apic_read(APIC_TIMER_CUR);
	udelay(us);
	n -= apic_read(APIC_TIMER_CUR);
	took = rdtsc() - start;
	return (u64)n * (us * tsc_khz / 1000) / took;
}

static void divide(void)
{
	/* divisor: encoding (bit 2 of the value is bit 3 of the register) */
	static const struct { u8 by, code; } div[] = {
		{ 1, 0xb }, { 2, 0x0 }, { 4, 0x1 }, { 8, 0x2 }, { 16, 0x3 },
		{ 32, 0x8 }, { 64, 0x9 }, { 128, 0xa },
	};
	u32 base;

	reset();
	apic_write(APIC_LVT_TIMER, VEC | LVT_MASKED);
	base = ticks_in(5000);
	check(base > 1000, "the timer ticks");
	for (u32 i = 0; i < ARRAY_SIZE(div); i++) {
		u32 n;

		apic_write(APIC_TIMER_DIV, div[i].code);
		check_eq(apic_read(APIC_TIMER_DIV), div[i].code, "divide by %u reads back", div[i].by);
		for (int try = 0; try < 5; try++) {
			n = ticks_in(5000) * div[i].by;
			if (n > base / 2 && n < base * 2)
				break;
		}
		check(n > base / 2 && n < base * 2, "divide by %u", div[i].by);
	}
	apic_write(APIC_TIMER_DIV, 0xb);
	apic_write(APIC_TIMER_INIT, 0);
}

static void deadline(void)
{
	u64 when;

	reset();
	if (!has_tsc_deadline()) {
		skip("TSC deadline");
		return;
	}
	apic_write(APIC_LVT_TIMER, VEC | LVT_DEADLINE);
	asm volatile("mfence");
	when = rdtsc() + tsc_khz * 60000;
	wrmsr(MSR_TSC_DEADLINE, when);
	check_eq(rdmsr(MSR_TSC_DEADLINE), when, "the deadline reads back");
	when = rdtsc() + tsc_khz;
	wrmsr(MSR_TSC_DEADLINE, when);
	check(wait_irq(count, 5000), "it fires");
	check(rdtsc() >= when, "not before its time");
	check_eq(rdmsr(MSR_TSC_DEADLINE), 0, "the MSR is 0 again");
	wait_irq(count > 1, 20);
	check_eq(count, 1, "once");
	wrmsr(MSR_TSC_DEADLINE, 1);
	check(wait_irq(count == 2, 5000), "a deadline in the past fires at once");
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_khz * 100);
	wrmsr(MSR_TSC_DEADLINE, 0);
	wait_irq(count > 2, 150);
	check_eq(count, 2, "writing 0 disarms");
	apic_write(APIC_TIMER_INIT, 1000);
	wait_irq(count > 2, 20);
	check_eq(count, 2, "the initial count is ignored in this mode");
	check_eq(apic_read(APIC_TIMER_CUR), 0, "the current count reads 0");
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + tsc_khz * 50);
	apic_write(APIC_LVT_TIMER, VEC);
	wait_irq(count > 2, 100);
	check_eq(count, 2, "leaving the mode disarms");
	wrmsr(MSR_TSC_DEADLINE, 1);
	wait_irq(count > 2, 20);
	check_eq(count, 2, "outside of the mode a write does nothing");
	check_eq(rdmsr(MSR_TSC_DEADLINE), 0, "... and reads 0");
}

static void sleeping(void)
{
	u64 start;

	reset();
	apic_write(APIC_LVT_TIMER, VEC);
	apic_write(APIC_TIMER_INIT, 5000000);
	start = rdtsc();
	while (!count && rdtsc() - start < tsc_khz * 10000)
		asm volatile("sti; hlt; cli" ::: "memory");
	check_eq(count, 1, "the APIC timer ends HLT");
	ioapic_set(ioapic_isa_pin(0), PIT_VEC | (u64)apic_id() << 56);
	pit_set(0, 2, PIT_HZ / 100);
	for (int i = 0; i < 3; i++)
		asm volatile("sti; hlt; cli" ::: "memory");
	check(pit_count >= 3, "the PIT ends HLT, three times");
	pit_set(0, 0, 0);
}

static void pit_channel0(void)
{
	u16 a, b;

	reset();
	ioapic_set(ioapic_isa_pin(0), PIT_VEC | (u64)apic_id() << 56);
	pit_set(0, 0, 1000);
	check(wait_irq(pit_count, 5000), "mode 0 fires");
	wait_irq(pit_count > 1, 20);
	check_eq(pit_count, 1, "mode 0: once");
	pit_count = 0;
	pit_set(0, 2, PIT_HZ / 500);
	check(wait_irq(pit_count >= 5, 5000), "mode 2 repeats");
	check_eq(pit_status(0) & 0x3f, 3 << 4 | 2 << 1, "read-back: mode 2, two bytes");
	pit_set(0, 3, PIT_HZ / 500);
	irq_window();
	pit_count = 0;
	check(wait_irq(pit_count >= 5, 5000), "mode 3 repeats");
	check_eq(pit_status(0) & 0x3f, 3 << 4 | 3 << 1, "read-back: mode 3");
	pit_set(0, 2, 0);
	a = pit_read(0);
	udelay(300);
	b = pit_read(0);
	check(b < a || a < 2000, "the counter goes down");
	outb(PIT_CMD, 0x00);			/* latch */
	udelay(300);
	a = inb(PIT_CH0);
	a |= inb(PIT_CH0) << 8;
	b = pit_read(0);
	check(a != b, "a latched count stands still meanwhile");
	outb(PIT_CMD, 0xd2);			/* read-back, count only, channel 0 */
	a = inb(PIT_CH0);
	a |= inb(PIT_CH0) << 8;
	udelay(300);
	check(a != pit_read(0), "the read-back command latches a count");
	outb(PIT_CMD, 1 << 4 | 0 << 1);		/* low byte only */
	outb(PIT_CH0, 200);
	pit_count = 0;
	check(wait_irq(pit_count, 5000), "low-byte access loads a count");
	pit_set(0, 0, 0);
}

static void pit_channel2(void)
{
	reset();
	outb(PORT61, inb(PORT61) & ~(PORT61_GATE | PORT61_SPEAKER));
	pit_set(2, 0, 1000);
	udelay(5000);
	check(!(inb(PORT61) & PORT61_OUT), "gate low: mode 0 does not count");
	outb(PORT61, (inb(PORT61) & ~PORT61_SPEAKER) | PORT61_GATE);
	check(wait_until(inb(PORT61) & PORT61_OUT, 5000), "gate high: the output rises");
	check(inb(PORT61) & PORT61_GATE, "the gate bit reads back");
	pit_set(2, 0, 60000);
	check(!(inb(PORT61) & PORT61_OUT), "a new count pulls the output down");
	outb(PORT61, inb(PORT61) & ~PORT61_GATE);
}

static void frequencies(void)
{
	u64 tsc, pit_us;
	u32 apic;
	bool ok = false;

	reset();
	apic_write(APIC_LVT_TIMER, VEC | LVT_MASKED);
	for (int i = 0; i < 5 && !ok; i++) {
		outb(PORT61, (inb(PORT61) & ~PORT61_SPEAKER) | PORT61_GATE);
		apic_write(APIC_TIMER_INIT, 0xffffffff);
		pit_set(2, 0, PIT_HZ / 50);
		tsc = rdtsc();
		wait_until(inb(PORT61) & PORT61_OUT, 5000);
		tsc = rdtsc() - tsc;
		apic = 0xffffffff - apic_read(APIC_TIMER_CUR);
		pit_us = tsc * 1000 / tsc_khz;
		ok = pit_us > 10000 && pit_us < 40000;
	}
	check(ok, "20 ms of the PIT are 10 to 40 ms of the TSC");
	note("%lu us by the TSC, %u ticks of the APIC timer", pit_us, apic);
	apic_write(APIC_TIMER_INIT, 0);
}

static void rtc(void)
{
	u8 a, b;

	reset();
	if (!rtc_present()) {
		skip("no RTC");
		return;
	}
	a = cmos_read(0x0a);
	b = cmos_read(0x0b);
	cmos_read(0x0c);
	check(cmos_read(0x0d) & 0x80, "the RTC's battery is good");
	check((cmos_read(0) & 0x7f) <= 0x59, "seconds make sense");
	ioapic_set(ioapic_isa_pin(8), RTC_VEC | (u64)apic_id() << 56);
	cmos_write(0x0a, (a & 0xf0) | 6);	/* 1024 Hz */
	cmos_write(0x0b, b | 0x40);		/* periodic interrupt */
	if (wait_irq(rtc_count >= 3, 3000))
		check(true, "periodic interrupt");
	else
		skip("an RTC without a periodic interrupt");
	cmos_write(0x0b, b);
	cmos_write(0x0a, a);
	cmos_read(0x0c);
}

const struct test tests[] = {
	{ "one-shot", one_shot, false },
	{ "periodic", periodic, false },
	{ "divide", divide, false },
	{ "deadline", deadline, false },
	{ "sleep", sleeping, false },
	{ "pit0", pit_channel0, false },
	{ "pit2", pit_channel2, false },
	{ "frequencies", frequencies, false },
	{ "rtc", rtc, false },
	{}
};
