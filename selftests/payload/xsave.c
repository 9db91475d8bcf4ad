// SPDX-License-Identifier: GPL-2.0
/*
 * xsave.c: x87, SSE and AVX state: what XCR0 allows, what XSAVE stores, and
 * that nobody else's work in between (exits, interrupts, other CPUs and the
 * host's own use of these registers) shows in ours.
 */
#include "apic.h"
#include "machine.h"
#include "smp.h"
#include "sync.h"
#include "test.h"
#include "time.h"

#define X87	1ull
#define SSE	2ull
#define AVX	4ull
#define AREA	4096
#define TIMER	0x60

static u8 area[AREA] __aligned(64), other[AREA] __aligned(64);

static void xsetbv(u64 v)
{
	asm volatile("xsetbv" :: "c"(0), "a"((u32)v), "d"((u32)(v >> 32)));
}

static u64 xgetbv(void)
{
	u32 lo, hi;

	asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return lo | (u64)hi << 32;
}

static struct exc xsetbv_exc(u32 index, u64 v)
{
	exc_clear();
	asm volatile(CATCH("xsetbv") :: "c"(index), "a"((u32)v), "d"((u32)(v >> 32)));
	return exc_last();
}

static bool setup(void)
{
	if (!has_xsave()) {
		skip("XSAVE");
		return false;
	}
	write_cr4(read_cr4() | CR4_OSXSAVE);
	return true;
}

static u64 supported(void)
{
	struct cpuid c = cpuid(0xd, 0);

	return c.a | (u64)c.d << 32;
}

static u64 user_xsetbv(void *arg __unused)
{
	xsetbv(X87);
	return 0;
}

static u64 user_xgetbv(void *arg __unused)
{
	return xgetbv();
}

static void xcr0(void)
{
	u64 all = supported(), v;

	write_cr4(read_cr4() & ~CR4_OSXSAVE);
	check_exc(xsetbv_exc(0, X87), UD, 0, "xsetbv without CR4.OSXSAVE: #UD");
	check_exc(exc_of("xor %%ecx, %%ecx; xgetbv"), UD, 0, "xgetbv without CR4.OSXSAVE: #UD");
	exc_clear();
	asm volatile(CATCH("xsave %0") : "+m"(area) : "a"(3), "d"(0));
	check_exc(exc_last(), UD, 0, "xsave without CR4.OSXSAVE: #UD");
	if (!setup())
		return;
	xsetbv(X87);
	check_eq(xgetbv(), X87, "XCR0 reads back");
	check_exc(xsetbv_exc(0, 0), GP, 0, "XCR0 without x87: #GP(0)");
	check_exc(xsetbv_exc(0, X87 | AVX), GP, 0, "XCR0 with AVX but not SSE: #GP(0)");
	check_exc(xsetbv_exc(0, X87 | BIT(63)), GP, 0, "XCR0 bit 63: #GP(0)");
	check_exc(xsetbv_exc(0, all | (BIT(8) & ~all)), all & BIT(8) ? NO_EXCEPTION : GP, 0,
		  "XCR0 bit 8");
	check_exc(xsetbv_exc(1, X87), GP, 0, "XCR1: #GP(0)");
	check_exc(xsetbv_exc(0, X87 | SSE), NO_EXCEPTION, 0, "XCR0 with x87 and SSE");
	check_exc(user_call(user_xsetbv, NULL, NULL), GP, 0, "xsetbv at CPL 3: #GP(0)");
	check_exc(user_call(user_xgetbv, NULL, &v), NO_EXCEPTION, 0, "xgetbv at CPL 3");
	check_eq(v, X87 | SSE, "... and its value");
	if (all & AVX) {
		check_exc(exc_of(".byte 0xc5, 0xfc, 0x10, 0x04, 0x24"), UD, 0, "AVX not in XCR0: #UD");
		xsetbv(X87 | SSE | AVX);
		check_exc(exc_of(".byte 0xc5, 0xfc, 0x10, 0x04, 0x24"), NO_EXCEPTION, 0, "AVX in XCR0");
	}
	check_eq(cpuid(1, 0).c >> 27 & 1, 1, "CPUID mirrors OSXSAVE");
}

/* Every register gets @seed and its own number. */
static void fill(u8 *p, u32 n, u8 seed)
{
	for (u32 i = 0; i < n; i++)
		p[i] = seed + i * 7;
}

static void images(void)
{
	u64 all = supported(), mask;
	u64 *header = (u64 *)(area + 512);

	if (!setup())
		return;
	mask = all & (X87 | SSE | AVX);
	xsetbv(mask);
	memset(area, 0, sizeof(area));
	fill(area + 160, 256, 0x11);			/* XMM0-15 */
	*(u32 *)(area + 24) = 0x1f80;			/* MXCSR */
	*(u16 *)area = 0x37f;				/* FCW */
	header[0] = X87 | SSE;
	asm volatile("xrstor64 %0" :: "m"(area), "a"((u32)mask), "d"(0) : "memory");
	memset(other, 0xff, sizeof(other));
	((u64 *)(other + 512))[0] = 0;
	((u64 *)(other + 512))[1] = 0;
	asm volatile("xsave64 %0" : "+m"(other) : "a"((u32)mask), "d"(0) : "memory");
	check(!memcmp(area + 160, other + 160, 256), "XMM registers survive XRSTOR and XSAVE");
	check(((u64 *)(other + 512))[0] & SSE, "XSTATE_BV says SSE");
	check_eq(*(u32 *)(other + 24), 0x1f80, "MXCSR is saved");
	/* A component whose bit is clear comes up in its initial state. */
	header[0] = X87;
	asm volatile("xrstor64 %0" :: "m"(area), "a"((u32)mask), "d"(0) : "memory");
	memset(other, 0xff, sizeof(other));
	((u64 *)(other + 512))[0] = 0;
	asm volatile("fxsave64 %0" : "+m"(other) :: "memory");
	check(!other[160] && !other[415], "XRSTOR of an absent component clears it");

	header[0] = X87 | SSE | BIT(62);
	exc_clear();
	asm volatile(CATCH("xrstor64 %0") :: "m"(area), "a"((u32)mask), "d"(0) : "memory");
	check_exc(exc_last(), GP, 0, "XRSTOR with a reserved bit in XSTATE_BV: #GP(0)");
	header[0] = X87 | SSE;
	header[2] = 1;
	exc_clear();
	asm volatile(CATCH("xrstor64 %0") :: "m"(area), "a"((u32)mask), "d"(0) : "memory");
	check_exc(exc_last(), GP, 0, "XRSTOR with a reserved header field: #GP(0)");
	header[2] = 0;
	exc_clear();
	asm volatile(CATCH("xsave64 8(%0)") :: "r"(area), "a"(3), "d"(0) : "memory");
	check_exc(exc_last(), GP, 0, "XSAVE to a misaligned area: #GP(0)");
	*(u32 *)(area + 24) = 0xffff0000;
	exc_clear();
	asm volatile(CATCH("xrstor64 %0") :: "m"(area), "a"((u32)SSE), "d"(0) : "memory");
	check_exc(exc_last(), GP, 0, "XRSTOR of a reserved MXCSR bit: #GP(0)");
	if (cpuid(0xd, 1).a & 1) {
		memset(other, 0, sizeof(other));
		asm volatile("xsaveopt64 %0" : "+m"(other) : "a"((u32)mask), "d"(0) : "memory");
		check(!(((u64 *)(other + 512))[0] & ~mask), "XSAVEOPT saves no more than asked");
	} else {
		skip("XSAVEOPT");
	}
}

/* All 16 registers, as wide as XCR0 has them, from and to memory. */
static void load_wide(const u8 *p, bool avx)
{
	if (avx)
		asm volatile(
#define L(n) "vmovdqu " #n "*32(%0), %%ymm" #n ";"
			L(0) L(1) L(2) L(3) L(4) L(5) L(6) L(7) L(8) L(9) L(10) L(11) L(12) L(13) L(14) L(15)
#undef L
			:: "r"(p));
	else
		asm volatile(
#define L(n) "movdqu " #n "*32(%0), %%xmm" #n ";"
			L(0) L(1) L(2) L(3) L(4) L(5) L(6) L(7) L(8) L(9) L(10) L(11) L(12) L(13) L(14) L(15)
#undef L
			:: "r"(p));
}

static void store_wide(u8 *p, bool avx)
{
	if (avx)
		asm volatile(
#define S(n) "vmovdqu %%ymm" #n ", " #n "*32(%0);"
			S(0) S(1) S(2) S(3) S(4) S(5) S(6) S(7) S(8) S(9) S(10) S(11) S(12) S(13) S(14) S(15)
#undef S
			:: "r"(p) : "memory");
	else
		asm volatile(
#define S(n) "movdqu %%xmm" #n ", " #n "*32(%0);"
			S(0) S(1) S(2) S(3) S(4) S(5) S(6) S(7) S(8) S(9) S(10) S(11) S(12) S(13) S(14) S(15)
#undef S
			:: "r"(p) : "memory");
}

static u32 ticks;

static void on_tick(struct regs *r __unused)
{
	add(&ticks, 1);
	apic_eoi();
}

/* What may come between: exits of many kinds. No code here touches SSE itself. */
static void disturb(u32 i)
{
	switch (i % 6) {
	case 0:
		cpuid(0, 0);
		break;
	case 1:
		outb(0x80, i);
		break;
	case 2:
		inb(0x3ff);
		break;
	case 3:
		apic_read(APIC_ID);
		break;
	case 4:
		*(volatile u8 *)0xd0000000 = i;
		break;
	default:
		rdmsr(MSR_APIC_BASE);
	}
}

static u8 want[MAX_CPUS][512], got[MAX_CPUS][512];
static u32 differ;

static void keep(void *arg __unused)
{
	u32 self = this_cpu()->index;
	bool avx = false;

	if (has_xsave()) {
		write_cr4(read_cr4() | CR4_OSXSAVE);
		avx = supported() & AVX;
		xsetbv(avx ? X87 | SSE | AVX : X87 | SSE);
	}
	apic_write(APIC_TIMER_DIV, 0xb);
	apic_write(APIC_LVT_TIMER, TIMER | LVT_PERIODIC);
	apic_write(APIC_TIMER_INIT, 500000);
	sti();
	for (u32 round = 0; round < 60; round++) {
		bool same;

		fill(want[self], 512, round * 3 + self * 17);
		load_wide(want[self], avx);
		for (u32 i = 0; i < 12; i++)
			disturb(i + round);
		if (round % 10 == 9)
			asm volatile("sti; hlt");
		store_wide(got[self], avx);
		same = true;
		for (u32 r = 0; r < 16; r++)
			same &= !memcmp(want[self] + 32 * r, got[self] + 32 * r, avx ? 32 : 16);
		if (!same)
			add(&differ, 1);
	}
	cli();
	apic_write(APIC_TIMER_INIT, 0);
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
}

static void preserved(void)
{
	trap_set_handler(TIMER, on_tick);
	smp_call_all(keep, NULL);
	check_eq(differ, 0, "registers are kept over exits, interrupts and sleep");
	check(load(&ticks) >= 6, "the timer did interrupt");
}

static void x87(void)
{
	u64 v = 0;
	u16 cw = 0;
	static const u16 odd_cw = 0x27f;

	asm volatile("fninit; fldcw %0; fldpi; fld1; fldz" :: "m"(odd_cw));
	for (u32 i = 0; i < 24; i++)
		disturb(i);
	asm volatile("fstp %%st(0); fstp %%st(0); fmul %%st(0), %%st(0); fistpq %0; fnstcw %1"
		     : "=m"(v), "=m"(cw));
	check_eq(v, 10, "the x87 stack is kept (pi squared is about 10)");
	check_eq(cw, odd_cw, "the control word is kept");
	asm volatile("fninit");
}

static void control(void)
{
	static const u32 odd = 0x7f80, normal = 0x1f80;
	u32 v;

	asm volatile("ldmxcsr %0" :: "m"(odd));
	for (u32 i = 0; i < 24; i++)
		disturb(i);
	asm volatile("stmxcsr %0; ldmxcsr %1" : "=m"(v) : "m"(normal));
	check_eq(v, odd, "MXCSR is kept");
}

const struct test tests[] = {
	{ "xcr0", xcr0, false },
	{ "images", images, false },
	{ "preserved", preserved, false },
	{ "x87", x87, false },
	{ "control", control, false },
	{}
};
