// SPDX-License-Identifier: GPL-2.0
/*
 * mmio.c: memory-mapped registers through every kind of instruction.
 *
 * Each form of mmio-asm.S runs twice, on RAM and on a device, from the same
 * start; registers, defined flags and the operand must come out alike. There
 * are two devices: the local APIC's initial count, 32 bits wide, that keeps
 * what is written; and an address that nobody claims, which takes any width,
 * drops writes and reads as all ones.
 */
#include "apic.h"
#include "machine.h"
#include "paging.h"
#include "pc.h"
#include "smp.h"
#include "test.h"

#define SCRATCH		(0xfee00000ul + APIC_TIMER_INIT)
#define HOLE		arg_u64("hole", 0xd0000000)

struct state {
	u64 rax, rcx, rdx, rbx, rsi, rdi, flags, pad;
	u8 xmm[2][16];
};

struct form {
	void (*code)(void);
	const char *text;
	u32 size, flags;
};

extern struct form forms_start[], forms_avx[], forms_odd[], forms_end[];
void form_run(struct state *s, void (*code)(void));

struct run {
	const struct form *form;
	struct state s;
};

static void run_it(void *arg)
{
	struct run *r = arg;

	form_run(&r->s, r->form->code);
}

/* The same bytes everywhere, so that stray reads show. */
static struct exc run_form(struct run *r, const struct form *f, u64 operand, u8 *ram)
{
	static const struct state start = {
		.rax = 0x1122334455667788, .rcx = 0x99aabbccddeeff04,
		.rdx = 0x0123456789abcdef, .rbx = 0xfedcba9876543210,
		.flags = FLAG_FIXED | FLAG_CF | FLAG_SF,
		.xmm = { { 0xf0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
			 { 0x3f, 0x80 } },
	};
	struct exc e;

	r->form = f;
	r->s = start;
	r->s.rdi = operand;
	r->s.rsi = (u64)ram;
	for (int i = 0; i < 64; i++)
		ram[i] = 0x81 + i;
	wrmsr(MSR_FS_BASE, operand - 0x40);
	wrmsr(MSR_GS_BASE, operand - 0x40);
	e = catch_call(run_it, r);
	asm volatile("cld");
	wrmsr(MSR_FS_BASE, 0);
	wrmsr(MSR_GS_BASE, 0);
	return e;
}

static bool same(const struct run *a, const struct run *b)
{
	/* RBX is not compared: forms keep addresses in it */
	return a->s.rax == b->s.rax && a->s.rdx == b->s.rdx && a->s.rcx == b->s.rcx &&
	       !((a->s.flags ^ b->s.flags) & a->form->flags) &&
	       !memcmp(a->s.xmm[0], b->s.xmm[0], 16);
}

static void explain(const struct run *ram, const struct run *dev)
{
	note("RAM:  rax %lx rcx %lx rdx %lx rbx %lx flags %lx", ram->s.rax, ram->s.rcx,
	     ram->s.rdx, ram->s.rbx, ram->s.flags & ram->form->flags);
	note("MMIO: rax %lx rcx %lx rdx %lx rbx %lx flags %lx", dev->s.rax, dev->s.rcx,
	     dev->s.rdx, dev->s.rbx, dev->s.flags & ram->form->flags);
}

static bool wanted(const struct form *f)
{
	u64 only = arg_u64("form", ~0ull);

	if (only != ~0ull && only != (u64)(f - forms_start))
		return false;
	if (arg_has("trace"))
		note("form %u: %s", (u32)(f - forms_start), f->text);
	return true;
}

static void scratch_register(const struct form *f, const struct form *end)
{
	static u8 ram[64] __aligned(64);
	u32 *cell = alloc_pages(2);
	volatile u32 *reg = (u32 *)SCRATCH;

	cell += 0x400;		/* room on both sides */
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	for (; f < end; f++) {
		struct run a, b;
		struct exc ea, eb;

		if (f->size != 4 || !wanted(f))
			continue;
		*cell = 0xa5c3f009;
		ea = run_form(&a, f, (u64)cell, ram);
		*reg = 0xa5c3f009;
		eb = run_form(&b, f, SCRATCH, ram);
		if (!check(ea.vector == eb.vector && (ea.vector != NO_EXCEPTION ||
			   (same(&a, &b) && *reg == *cell)), "%s", f->text)) {
			explain(&a, &b);
			note("operand after: RAM %x, MMIO %x, exceptions %d and %d", *cell, *reg,
			     ea.vector, eb.vector);
		}
	}
	*reg = 0;
}

static void unclaimed(const struct form *f, const struct form *end)
{
	static u8 ram[64] __aligned(64);
	u8 *cell = alloc_pages(2);
	u64 hole = HOLE;

	for (; f < end; f++) {
		struct run a, b;
		struct exc ea, eb;

		if (!wanted(f))
			continue;
		memset(cell, *(volatile u8 *)hole, 2 * PAGE_SIZE);
		ea = run_form(&a, f, (u64)cell + PAGE_SIZE, ram);
		eb = run_form(&b, f, hole + PAGE_SIZE, ram);
		/* A form that reads back what it wrote sees the write dropped. */
		if (!check(ea.vector == eb.vector &&
			   (ea.vector != NO_EXCEPTION || same(&a, &b)),
			   "%s", f->text)) {
			explain(&a, &b);
			note("exceptions %d and %d", ea.vector, eb.vector);
		}
	}
}

static void core_register(void)
{
	u32 v = 0;

	scratch_register(forms_start, forms_avx);
	*(volatile u32 *)SCRATCH = 0x5f80;
	asm volatile("ldmxcsr (%1); stmxcsr %0; ldmxcsr 1f(%%rip); jmp 2f; 1: .long 0x1f80; 2:"
		     : "+m"(v) : "r"(SCRATCH));
	check_eq(v, 0x5f80, "LDMXCSR takes what a register holds");
	*(volatile u32 *)SCRATCH = 0;
}

static void core_unclaimed(void)
{
	check_eq(*(volatile u32 *)HOLE, 0xffffffff, "reads as all ones");
	*(volatile u32 *)HOLE = 0x12345678;
	check(*(volatile u32 *)HOLE != 0x12345678, "drops writes");
	unclaimed(forms_start, forms_avx);
}

/* YMM registers on. */
static bool enable_avx(void)
{
	if (!has_xsave() || !(cpuid(1, 0).c & BIT(28))) {
		skip("AVX");
		return false;
	}
	write_cr4(read_cr4() | CR4_OSXSAVE);
	asm volatile("xsetbv" :: "c"(0), "a"(7), "d"(0));
	return true;
}

static void avx_register(void)
{
	if (enable_avx())
		scratch_register(forms_avx, forms_odd);
}

static void avx_unclaimed(void)
{
	if (enable_avx())
		unclaimed(forms_avx, forms_odd);
}

/* 32 bytes at every alignment around both borders of RAM and device. */
static void avx_crossing(void)
{
	u8 *ram = alloc_pages(1), in[32], out[32];
	u64 va = TEST_BASE + GIB(2) + MIB(2);
	u8 ones = *(volatile u8 *)HOLE;
	bool loads = true, stores = true;

	if (!enable_avx())
		return;
	map(va, (u64)ram, PTE_P | PTE_W, 1);
	map(va + PAGE_SIZE, HOLE, PTE_P | PTE_W | PTE_PCD, 1);
	map(va + 2 * PAGE_SIZE, (u64)ram, PTE_P | PTE_W, 1);
	for (u32 i = 0; i < 32; i++)
		in[i] = 0xc0 + i;
	for (u32 n = 1; n < 32; n++) {
		u64 low = va + PAGE_SIZE - n, high = va + 2 * PAGE_SIZE - n;

		memset(ram, 0x42, PAGE_SIZE);
		asm volatile("vmovdqu (%0), %%ymm3; vmovdqu %%ymm3, (%1)"
			     :: "r"(low), "r"(out) : "memory");
		for (u32 i = 0; i < 32; i++)
			loads &= out[i] == (i < n ? 0x42 : ones);
		asm volatile("vmovdqu (%0), %%ymm3; vmovdqu %%ymm3, (%1)"
			     :: "r"(high), "r"(out) : "memory");
		for (u32 i = 0; i < 32; i++)
			loads &= out[i] == (i < n ? ones : 0x42);
		asm volatile("vmovdqu (%0), %%ymm3; vmovdqu %%ymm3, (%1); vmovdqu %%ymm3, (%2)"
			     :: "r"(in), "r"(low), "r"(high) : "memory");
		stores &= !memcmp(ram + PAGE_SIZE - n, in, n) &&
			  !memcmp(ram, in + n, 32 - n) && ram[32 - n] == 0x42 &&
			  ram[PAGE_SIZE - n - 1] == 0x42;
	}
	check(loads, "32-byte loads across RAM and MMIO");
	check(stores, "32-byte stores across RAM and MMIO: the RAM part");
}

static void odd_register(void)
{
	scratch_register(forms_odd, forms_end);
}

static void odd_unclaimed(void)
{
	unclaimed(forms_odd, forms_end);
}

/* A 4-byte load at every alignment around the border of RAM and device. */
static void crossing(void)
{
	u8 *ram = alloc_pages(1);
	u64 va = TEST_BASE + GIB(2);
	u8 ones = *(volatile u8 *)HOLE;
	bool ok = true;
	u64 v;

	memset(ram, 0x42, PAGE_SIZE);
	map(va, (u64)ram, PTE_P | PTE_W, 1);
	map(va + PAGE_SIZE, HOLE, PTE_P | PTE_W | PTE_PCD, 1);
	map(va + 2 * PAGE_SIZE, (u64)ram, PTE_P | PTE_W, 1);
	for (u32 n = 1; n < 8; n++) {
		v = *(volatile u64 *)(va + PAGE_SIZE - n);
		for (u32 i = 0; i < 8; i++)
			ok &= (u8)(v >> 8 * i) == (i < n ? 0x42 : ones);
	}
	check(ok, "8-byte loads from RAM into MMIO");
	ok = true;
	for (u32 n = 1; n < 8; n++) {
		v = *(volatile u64 *)(va + 2 * PAGE_SIZE - n);
		for (u32 i = 0; i < 8; i++)
			ok &= (u8)(v >> 8 * i) == (i < n ? ones : 0x42);
	}
	check(ok, "8-byte loads from MMIO into RAM");
	*(volatile u64 *)(va + PAGE_SIZE - 3) = 0x8877665544332211;
	check(ram[PAGE_SIZE - 3] == 0x11 && ram[PAGE_SIZE - 1] == 0x33 &&
	      ram[PAGE_SIZE - 4] == 0x42, "a store from RAM into MMIO: the RAM half");
	*(volatile u64 *)(va + 2 * PAGE_SIZE - 3) = 0x8877665544332211;
	check(ram[0] == 0x44 && ram[4] == 0x88 && ram[5] == 0x42,
	      "a store from MMIO into RAM: the RAM half");
	exc_clear();
	map(va + 2 * PAGE_SIZE, 0, 0, 1);
	asm volatile(CATCH("mov %1, (%0)") :: "r"(va + 2 * PAGE_SIZE - 4), "r"(0ull) : "memory");
	check_exc(exc_last(), PF, PF_W, "a store from MMIO into a missing page");
	check_eq(exc_last().cr2, va + 2 * PAGE_SIZE, "... its CR2");
	exc_clear();
	asm volatile("cld; rep movsb" :: "S"(va + PAGE_SIZE), "D"(ram), "c"(64) : "memory");
	check(ram[0] == ones && ram[63] == ones && ram[64] == 0x42, "rep movsb out of MMIO");
}

/* Code beside the device, so that RIP-relative and absolute forms reach it. */
static void far_addresses(void)
{
	static const u8 rip_relative[] = { 0x8b, 0x05, 0x7a, 0x13, 0, 0, 0xc3 };
	static const u8 sign_extended[] = { 0x8b, 0x04, 0x25, 0x80, 0x03, 0xe0, 0xfe, 0xc3 };
	static const u8 zero_extended[] = { 0x67, 0x8b, 0x04, 0x25, 0x80, 0x03, 0xe0, 0xfe, 0xc3 };
	u64 va = TEST_BASE + GIB(2) + MIB(1), v;
	u8 *code = alloc_pages(1);

	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_TIMER_INIT, 0x7654321);
	map(va, (u64)code, PTE_P | PTE_W, 1);
	map(va + PAGE_SIZE, 0xfee00000, PTE_P | PTE_W | PTE_PCD, 1);
	memcpy(code, rip_relative, sizeof(rip_relative));
	check_eq(((u32 (*)(void))va)(), 0x7654321, "RIP-relative");
	map(0xfffffffffee00000, 0xfee00000, PTE_P | PTE_W | PTE_PCD, 1);
	memcpy(code, sign_extended, sizeof(sign_extended));
	check_eq(((u32 (*)(void))va)(), 0x7654321, "absolute, sign-extended");
	memcpy(code, zero_extended, sizeof(zero_extended));
	check_eq(((u32 (*)(void))va)(), 0x7654321, "absolute, with a 32-bit address size");
	asm volatile("movabsl 0xfee00380, %%eax" : "=a"(v));
	check_eq((u32)v, 0x7654321, "movabs load, 64-bit offset");
	asm volatile("movabsl %%eax, 0xfee00380" :: "a"(0x1111));
	check_eq(apic_read(APIC_TIMER_INIT), 0x1111, "movabs store, 64-bit offset");
	asm volatile(".byte 0x67, 0xa1; .long 0xfee00380" : "=a"(v));
	check_eq((u32)v, 0x1111, "offset with a 32-bit address size");
	/* The instruction itself in two pages. */
	map(va + 2 * PAGE_SIZE, (u64)code, PTE_P | PTE_W, 1);
	map(va + 3 * PAGE_SIZE, (u64)alloc_pages(1), PTE_P | PTE_W, 1);
	memcpy((void *)(va + 3 * PAGE_SIZE - 4), zero_extended, sizeof(zero_extended));
	check_eq(((u32 (*)(void))(va + 3 * PAGE_SIZE - 4))(), 0x1111, "an instruction across two pages");
	apic_write(APIC_TIMER_INIT, 0);
}

static u64 user_touch(void *p)
{
	return *(volatile u32 *)p;
}

static void protection(void)
{
	u64 va = TEST_BASE + GIB(2) + MIB(4), v;

	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_TIMER_INIT, 0x777);
	map(va, 0xfee00000, PTE_P | PTE_U | PTE_PCD, 1);
	exc_clear();
	asm volatile(CATCH("movl $1, (%0)") :: "r"(va + APIC_TIMER_INIT) : "memory");
	check_exc(exc_last(), PF, PF_P | PF_W, "a store through a read-only mapping of a device");
	exc_clear();
	asm volatile(CATCH("lock addl $1, (%0)") :: "r"(va + APIC_TIMER_INIT) : "memory");
	check_exc(exc_last(), PF, PF_P | PF_W, "a read-modify-write through it");
	check_exc(user_call(user_touch, (void *)(va + APIC_TIMER_INIT), &v), NO_EXCEPTION, 0,
		  "a load from CPL 3");
	check_eq(v, 0x777, "... and its value");
	map(va, 0xfee00000, PTE_P | PTE_W | PTE_PCD, 1);
	check_exc(user_call(user_touch, (void *)(va + APIC_TIMER_INIT), NULL), PF, PF_P | PF_U,
		  "a load from CPL 3 of a supervisor's mapping");
	apic_write(APIC_TIMER_INIT, 0);
}

const struct test tests[] = {
	{ "register", core_register, false },
	{ "unclaimed", core_unclaimed, false },
	{ "avx-register", avx_register, false },
	{ "avx-unclaimed", avx_unclaimed, false },
	{ "avx-crossing", avx_crossing, false },
	{ "odd-register", odd_register, true },
	{ "odd-unclaimed", odd_unclaimed, true },
	{ "crossing", crossing, false },
	{ "addresses", far_addresses, false },
	{ "protection", protection, false },
	{}
};
