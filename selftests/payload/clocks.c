// SPDX-License-Identifier: GPL-2.0
/*
 * clocks.c: whether all that counts time agrees over some seconds: TSC, PV clock, ACPI
 * timer, and how often the APIC timer and the PIT interrupted. Whoever stops the VM
 * meanwhile has to stop all of them. `seconds=N` on the command line; for `beat`, which
 * never ends, see below.
 */
#include "apic.h"
#include "pc.h"
#include "test.h"
#include "time.h"
#include "trap.h"

#define APIC_VEC	0x60
#define PIT_VEC		0x61
#define HZ		50		/* of both timers */

#define PM_TIMER	0x608		/* where QEMU's firmware and vmctl have it */
#define PM_HZ		3579545ull

#define KVM_CPUID	0x40000000
#define KVM_CLOCK_NEW	BIT(3)
#define MSR_CLOCK_NEW	0x4b564d01

static volatile u32 apic_beats, pit_beats;

static void on_apic(struct regs *r __unused)
{
	apic_beats++;
	apic_eoi();
}

static void on_pit(struct regs *r __unused)
{
	pit_beats++;
	apic_eoi();
}

/* ---- the PV clock --------------------------------------------------------- */

struct pvclock {
	u32 version, pad;
	u64 tsc, ns;
	u32 mul;
	s8 shift;
	u8 flags, pad2[2];
};

static volatile struct pvclock pv __aligned(64);

static bool pv_present(void)
{
	struct cpuid id = cpuid(KVM_CPUID, 0);

	return id.b == 0x4b4d564b && id.a > KVM_CPUID &&
	       (cpuid(KVM_CPUID + 1, 0).a & KVM_CLOCK_NEW);
}

static u64 pv_ns(void)
{
	u64 ns, delta;
	u32 version;

	do {
		version = pv.version;
		barrier();
		delta = rdtsc() - pv.tsc;
		delta = pv.shift < 0 ? delta >> -pv.shift : delta << pv.shift;
		ns = pv.ns + (u64)((unsigned __int128)delta * pv.mul >> 32);
		barrier();
	} while ((version & 1) || version != pv.version);
	return ns;
}

/* What the clock says of the TSC's rate, which is more exact than a measurement. */
static u64 pv_khz(void)
{
	u64 khz = (1000000ull << 32) / pv.mul;

	return pv.shift < 0 ? khz << -pv.shift : khz >> pv.shift;
}

/* ---- all of them at one moment ---------------------------------------------- */

struct moment {
	u64 tsc, para;
	u32 pm;
	u32 apic, pit;
};

/* The reading that nothing came in between of: the quickest of some. */
static struct moment look(bool has_pv)
{
	u64 best = ~0ull, before, took;
	struct moment m = {}, now;

	for (int i = 0; i < 20; i++) {
		before = rdtsc();
		now.tsc = before;
		now.para = has_pv ? pv_ns() : 0;
		now.pm = inl(PM_TIMER);
		took = rdtsc() - before;
		if (took >= best)
			continue;
		best = took;
		m = now;
	}
	m.apic = apic_beats;
	m.pit = pit_beats;
	return m;
}

/* The APIC timer and the TSC at one moment, as look() does it. */
static void look_apic(u64 *tsc, u32 *left)
{
	u64 best = ~0ull, before, took;
	u32 now;

	for (int i = 0; i < 20; i++) {
		before = rdtsc();
		now = apic_read(APIC_TIMER_CUR);
		took = rdtsc() - before;
		if (took >= best)
			continue;
		best = took;
		*tsc = before;
		*left = now;
	}
}

/* The ticks of the APIC timer in a second, if those of the TSC are 1000 * @khz. */
static u64 apic_hz(u64 khz)
{
	u64 start, end;
	u32 from, to;

	apic_write(APIC_LVT_TIMER, APIC_VEC | LVT_MASKED);
	apic_write(APIC_TIMER_INIT, 0xffffffff);
	look_apic(&start, &from);
	udelay(20000);
	look_apic(&end, &to);
	return (u64)(from - to) * (khz * 1000) / (end - start);
}

static void start_timers(u32 hz, u64 khz)
{
	apic_enable();
	ioapic_mask_all();
	pic_init(0x50, false);
	apic_write(APIC_TIMER_DIV, 0xb);	/* by 1 */
	trap_set_handler(APIC_VEC, on_apic);
	trap_set_handler(PIT_VEC, on_pit);
	apic_beats = pit_beats = 0;
	apic_write(APIC_TIMER_INIT, apic_hz(khz) / hz);
	apic_write(APIC_LVT_TIMER, APIC_VEC | LVT_PERIODIC);
	ioapic_set(ioapic_isa_pin(0), PIT_VEC | (u64)apic_id() << 56);
	pit_set(0, 2, PIT_HZ / hz);
}

static void stop_timers(void)
{
	apic_write(APIC_TIMER_INIT, 0);
	pit_set(0, 0, 0);
	ioapic_mask_all();
	irq_window();
	irq_window();
}

/* Within a tenth and 200 ms: the TSC's rate is measured, and hosts are slow. */
static bool near(u64 ms, u64 wanted)
{
	u64 slack = wanted / 10 + 200;

	return ms + slack >= wanted && ms <= wanted + slack;
}

/* Interrupts may be lost while nobody runs us, but never come from nowhere. */
static bool beats_fit(u32 beats, u64 ms)
{
	return beats <= (ms + ms / 10 + 200) * HZ / 1000 &&
	       beats >= ms * HZ / 1000 / 10;
}

static void agree(void)
{
	u64 seconds = arg_u64("seconds", 2), khz = tsc_khz, ms, pv_ms, pm_ms, end;
	bool has_pv = pv_present();
	struct moment a, b;

	if (has_pv) {
		wrmsr(MSR_CLOCK_NEW, (u64)&pv | 1);
		khz = pv_khz();
	}
	start_timers(HZ, khz);
	note("clocks run");
	a = look(has_pv);
	end = a.tsc + seconds * 1000 * khz;
	while ((s64)(rdtsc() - end) < 0)
		asm volatile("sti; hlt; cli" ::: "memory");
	b = look(has_pv);
	stop_timers();
	if (has_pv)
		wrmsr(MSR_CLOCK_NEW, 0);

	ms = (b.tsc - a.tsc) / khz;
	pv_ms = (b.para - a.para) / 1000000;
	pm_ms = (u64)(b.pm - a.pm) * 1000 / PM_HZ;
	note("%lu ms by the TSC, %lu by the PV clock, %lu by the ACPI timer, %u and %u beats",
	     ms, pv_ms, pm_ms, b.apic - a.apic, b.pit - a.pit);
	check(ms < seconds * 1000 + 2000, "the time has come");
	if (has_pv)
		check(near(pv_ms, ms), "the PV clock agrees with the TSC");
	else
		skip("no PV clock");
	check(near(pm_ms, ms), "so does the ACPI timer");
	check(beats_fit(b.apic - a.apic, ms), "and the APIC timer's interrupts");
	check(beats_fit(b.pit - a.pit, ms), "and the PIT's");
}

/*
 * A guest that lives and costs little: four interrupts and a line of text a second, for
 * tests that want many of them.
 */
static void beat(void)
{
	apic_enable();
	ioapic_mask_all();
	pic_init(0x50, false);
	trap_set_handler(APIC_VEC, on_apic);
	apic_write(APIC_TIMER_DIV, 0xb);
	apic_write(APIC_TIMER_INIT, apic_hz(tsc_khz) / 4);
	apic_write(APIC_LVT_TIMER, APIC_VEC | LVT_PERIODIC);
	for (u32 told = 0;;) {
		asm volatile("sti; hlt; cli" ::: "memory");
		if (apic_beats / 4 == told)
			continue;
		told = apic_beats / 4;
		printf("beat %u\n", told);
	}
}

const struct test tests[] = {
	{ "agree", agree, false },
	{ "beat", beat, true },
	{}
};
