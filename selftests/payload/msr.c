// SPDX-License-Identifier: GPL-2.0
/*
 * msr.c: model-specific registers: those of the architecture behave, all the
 * others take whatever is written to them or raise #GP, and nothing else.
 */
#include "apic.h"
#include "machine.h"
#include "smp.h"
#include "test.h"
#include "time.h"

#define NONCANONICAL	(1ull << 62)
#define CANONICAL	0xffff800000001000ull

static void check_keeps(u32 msr, u64 v, const char *text)
{
	u64 old, now;

	if (!check_exc(rdmsr_exc(msr, &old), NO_EXCEPTION, 0, "%s reads", text))
		return;
	check_exc(wrmsr_exc(msr, v), NO_EXCEPTION, 0, "%s writes", text);
	rdmsr_exc(msr, &now);
	check_eq(now, v, "%s keeps 0x%lx", text, v);
	wrmsr_exc(msr, old);
}

static void refuses(u32 msr, u64 v, const char *text)
{
	u64 old = 0;

	rdmsr_exc(msr, &old);
	if (!check_exc(wrmsr_exc(msr, v), GP, 0, "%s: #GP(0)", text))
		wrmsr_exc(msr, old);
}

static void efer(void)
{
	u64 old = rdmsr(MSR_EFER);

	check(old & EFER_LME && old & EFER_LMA, "EFER says long mode");
	refuses(MSR_EFER, old | BIT(1), "EFER reserved bit 1");
	refuses(MSR_EFER, old | BIT(32), "EFER reserved bit 32");
	refuses(MSR_EFER, old & ~EFER_LME, "EFER.LME cleared while paging");
	if (!HAS(0x80000001, 0, c, 2))
		refuses(MSR_EFER, old | EFER_SVME, "EFER.SVME without SVM");
	check_exc(wrmsr_exc(MSR_EFER, old ^ EFER_SCE), NO_EXCEPTION, 0, "EFER.SCE toggles");
	check_eq(rdmsr(MSR_EFER), old ^ EFER_SCE, "... and reads back");
	check_exc(wrmsr_exc(MSR_EFER, old & ~EFER_LMA), NO_EXCEPTION, 0, "EFER.LMA written 0");
	check(rdmsr(MSR_EFER) & EFER_LMA, "... stays set");
	wrmsr(MSR_EFER, old);
}

static void bases(void)
{
	u64 v;

	check_keeps(MSR_FS_BASE, CANONICAL, "FS_BASE");
	check_keeps(MSR_GS_BASE, CANONICAL, "GS_BASE");
	check_keeps(MSR_KERNEL_GS_BASE, CANONICAL, "KERNEL_GS_BASE");
	refuses(MSR_FS_BASE, NONCANONICAL, "FS_BASE non-canonical");
	refuses(MSR_GS_BASE, NONCANONICAL, "GS_BASE non-canonical");
	refuses(MSR_KERNEL_GS_BASE, NONCANONICAL, "KERNEL_GS_BASE non-canonical");
	wrmsr(MSR_GS_BASE, 0x1111);
	wrmsr(MSR_KERNEL_GS_BASE, 0x2222);
	asm volatile("swapgs");
	check(rdmsr(MSR_GS_BASE) == 0x2222 && rdmsr(MSR_KERNEL_GS_BASE) == 0x1111, "swapgs swaps");
	v = 0x3333;
	wrmsr(MSR_FS_BASE, (u64)&v);
	asm volatile("mov %%fs:0, %0" : "=r"(v));
	check_eq(v, 0x3333, "a load through FS goes by FS_BASE");
	asm volatile("mov %w0, %%fs" :: "r"(SEL_DATA));
	check_eq(rdmsr(MSR_FS_BASE), 0, "loading the selector loads the base");
	if (!has_fsgsbase()) {
		check_exc(exc_of("rdfsbase %%rax"), UD, 0, "rdfsbase without FSGSBASE");
		return;
	}
	check_exc(exc_of("rdfsbase %%rax"), UD, 0, "rdfsbase without CR4.FSGSBASE");
	write_cr4(read_cr4() | CR4_FSGSBASE);
	asm volatile("wrgsbase %1; rdgsbase %0" : "=r"(v) : "r"(CANONICAL));
	check(v == CANONICAL && rdmsr(MSR_GS_BASE) == CANONICAL, "wrgsbase, rdgsbase and the MSR agree");
	write_cr4(read_cr4() & ~CR4_FSGSBASE);
	wrmsr(MSR_GS_BASE, 0);
}

static void system_calls(void)
{
	check_keeps(MSR_STAR, 0x0018000800001234, "STAR");
	check_keeps(MSR_LSTAR, CANONICAL, "LSTAR");
	check_keeps(MSR_CSTAR, CANONICAL, "CSTAR");
	check_keeps(MSR_SFMASK, 0x47700, "SFMASK");
	refuses(MSR_LSTAR, NONCANONICAL, "LSTAR non-canonical");
	refuses(MSR_CSTAR, NONCANONICAL, "CSTAR non-canonical");
	check_keeps(MSR_SYSENTER_CS, 8, "SYSENTER_CS");
	/* AMD keeps 32 bits of these outside of long mode only. */
	check_keeps(MSR_SYSENTER_ESP, 0x12345678, "SYSENTER_ESP");
	check_keeps(MSR_SYSENTER_EIP, 0x12345678, "SYSENTER_EIP");
}

static void pat_mtrr(void)
{
	u64 cap, n;

	check_keeps(MSR_PAT, 0x0007040600070406, "PAT");
	check_keeps(MSR_PAT, 0x0107040500070406, "PAT, all types");
	refuses(MSR_PAT, 0x0007040600070402, "PAT type 2");
	refuses(MSR_PAT, 0x0007040600070403, "PAT type 3");
	refuses(MSR_PAT, 0x0807040600070406, "PAT type 8");
	if (!has_mtrr()) {
		skip("MTRRs");
		return;
	}
	cap = rdmsr(MSR_MTRRCAP);
	n = cap & 0xff;
	refuses(MSR_MTRRCAP, 0, "MTRRcap is read-only");
	check(n <= 32, "variable MTRRs: a sane number");
	if (n) {
		check_keeps(MSR_MTRR_PHYSBASE0, 0x40000006, "PHYSBASE0");
		check_keeps(MSR_MTRR_PHYSBASE0 + 1, 0xfff00800 & 0xffffffff, "PHYSMASK0");
		refuses(MSR_MTRR_PHYSBASE0, 0x40000002, "PHYSBASE0 with type 2");
		refuses(MSR_MTRR_PHYSBASE0, BIT(63), "PHYSBASE0 beyond physical addresses");
	}
	if (cap & BIT(8)) {
		check_keeps(MSR_MTRR_FIX64K, 0x0606060606060606, "FIX64K");
		refuses(MSR_MTRR_FIX64K, 0x02, "FIX64K with type 2");
	}
	check_keeps(MSR_MTRR_DEF_TYPE, 0xc06, "DEF_TYPE");
	refuses(MSR_MTRR_DEF_TYPE, 0x2, "DEF_TYPE with type 2");
	refuses(MSR_MTRR_DEF_TYPE, BIT(13), "DEF_TYPE reserved bit");
}

static void time_stamp(void)
{
	u64 a, b, v;
	u32 aux;

	a = rdmsr(MSR_TSC);
	b = rdtsc();
	check(b >= a, "RDTSC is not behind the MSR");
	check_exc(wrmsr_exc(MSR_TSC, 1000), NO_EXCEPTION, 0, "the TSC can be written");
	v = rdtsc();
	check(v >= 1000 && v < 1000 + tsc_khz * 20000, "... and goes on from there");
	wrmsr(MSR_TSC, b);
	if (has_tsc_adjust()) {
		u64 old = rdmsr(MSR_TSC_ADJUST);

		a = rdtsc();
		wrmsr(MSR_TSC_ADJUST, old + (1ull << 40));
		check(rdtsc() - a >= 1ull << 40, "TSC_ADJUST moves the TSC");
		wrmsr(MSR_TSC_ADJUST, old);
		wrmsr(MSR_TSC, rdtsc() + (1ull << 41));
		v = rdmsr(MSR_TSC_ADJUST) - old;
		check(v > 1ull << 40 && v < 1ull << 42, "a TSC write moves TSC_ADJUST");
		wrmsr(MSR_TSC_ADJUST, old);
	} else {
		skip("TSC_ADJUST");
	}
	if (has_rdtscp()) {
		check_keeps(MSR_TSC_AUX, 0x1234, "TSC_AUX");
		wrmsr(MSR_TSC_AUX, 0x4321);
		asm volatile("rdtscp" : "=c"(aux) :: "rax", "rdx");
		check_eq(aux, 0x4321, "rdtscp reads TSC_AUX");
		refuses(MSR_TSC_AUX, BIT(32), "TSC_AUX, upper half");
	} else {
		check_exc(exc_of("rdtscp"), UD, 0, "rdtscp without RDTSCP");
	}
}

static u64 user_rdtsc(void *arg __unused)
{
	return rdtsc();
}

static void tsc_disable(void)
{
	check_exc(user_call(user_rdtsc, NULL, NULL), NO_EXCEPTION, 0, "rdtsc at CPL 3");
	write_cr4(read_cr4() | CR4_TSD);
	check_exc(user_call(user_rdtsc, NULL, NULL), GP, 0, "rdtsc at CPL 3 with CR4.TSD: #GP(0)");
	check_exc(exc_of("rdtsc"), NO_EXCEPTION, 0, "... but not at CPL 0");
	write_cr4(read_cr4() & ~CR4_TSD);
}

static void apic_base(void)
{
	u64 old = rdmsr(MSR_APIC_BASE);

	check(old & APIC_BASE_BSP, "the boot CPU's flag");
	check_eq(old & MASK(51, 12), 0xfee00000, "the address");
	refuses(MSR_APIC_BASE, old | BIT(0), "APIC_BASE reserved bit 0");
	refuses(MSR_APIC_BASE, old | BIT(63), "APIC_BASE beyond physical addresses");
	if (!has_x2apic())
		refuses(MSR_APIC_BASE, old | APIC_BASE_X2APIC, "x2APIC without the feature");
	refuses(MSR_APIC_BASE, (old & ~APIC_BASE_ENABLE) | APIC_BASE_X2APIC, "x2APIC while disabled");
}

static void unknown(void)
{
	static const u32 msrs[] = { 0x12345678, 0x5000, 0xc0002345, 0xdeadbeef, 0x1f00, 0xc0011e00 };

	for (u32 i = 0; i < ARRAY_SIZE(msrs); i++) {
		check_exc(rdmsr_exc(msrs[i], NULL), GP, 0, "reading unknown 0x%x: #GP(0)", msrs[i]);
		check_exc(wrmsr_exc(msrs[i], 0), GP, 0, "writing unknown 0x%x: #GP(0)", msrs[i]);
	}
}

/* Those that may take away the ground we stand on, or the clock. */
static bool skipped(u32 msr)
{
	return msr == MSR_TSC || msr == MSR_TSC_ADJUST || msr == MSR_APIC_BASE ||
	       msr == MSR_EFER || msr == 0x40000003 /* a reset, for who has it */ ||
	       msr == 0xc0010111 /* SMBASE */;
}

static void flood(void)
{
	static const struct { u32 from, to; } ranges[] = {
		{ 0, 0x4ff }, { 0x800, 0x8ff }, { 0xd80, 0xdff }, { 0x1fc0, 0x1fff },
		{ 0xc0000000, 0xc00003ff }, { 0xc0001fc0, 0xc0001fff }, { 0xc0010000, 0xc00102ff },
		{ 0xc0011000, 0xc001107f },
		{ 0x40000000, 0x400001ff }, { 0x4b564d00, 0x4b564dff },
	};
	u64 page = (u64)alloc_pages(1);		/* what a PV MSR may write to */
	u64 values[] = { ~0ull, 0x5555555555555555, page | 1, 0 };

	for (u32 i = 0; i < ARRAY_SIZE(ranges); i++) {
		u32 odd = 0, taken = 0, refused = 0;

		for (u32 msr = ranges[i].from; msr <= ranges[i].to; msr++) {
			u64 old;
			bool readable;

			if (skipped(msr))
				continue;
			readable = rdmsr_exc(msr, &old).vector == NO_EXCEPTION;
			for (u32 k = 0; k < ARRAY_SIZE(values); k++) {
				struct exc e = wrmsr_exc(msr, values[k]);

				if (e.vector == NO_EXCEPTION)
					taken++;
				else if (e.vector == GP && !e.error)
					refused++;
				else
					odd++;
			}
			if (readable)
				wrmsr_exc(msr, old);
		}
		check_eq(odd, 0, "junk to 0x%x..0x%x: taken or #GP(0)", ranges[i].from, ranges[i].to);
		note("%u taken, %u refused", taken, refused);
	}
}

const struct test tests[] = {
	{ "efer", efer, false },
	{ "bases", bases, false },
	{ "calls", system_calls, false },
	{ "pat-mtrr", pat_mtrr, false },
	{ "tsc", time_stamp, false },
	{ "tsd", tsc_disable, false },
	{ "apic-base", apic_base, false },
	{ "unknown", unknown, false },
	{ "flood", flood, true },
	{}
};
