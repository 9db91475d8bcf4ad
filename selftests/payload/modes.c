// SPDX-License-Identifier: GPL-2.0
/*
 * modes.c: the processor's modes and the ways between them: long, compatibility,
 * 32-bit protected with and without paging (two-level, PAE), 16-bit protected,
 * real; up, down, and in circles. modes-asm.S holds the switches, modes-c32.c
 * the checks made as 32-bit code.
 */
#include "modes.h"
#include "apic.h"
#include "pc.h"
#include "test.h"
#include "trap.h"

extern const u8 blob[], blob_end[];
extern const u8 int40_16[], fault0_16[], fault6_16[], fault13_16[], irq_16[];
void compat_call(void (*fn)(void));
void any32(void);
void protected32(void);
void long_without_pae(void);
void paging2(void);
void paging_pae(void);
void real(void);
void real_loop(void);

static void still_long(void)
{
	check((rdmsr(MSR_EFER) & (EFER_LME | EFER_LMA)) == (EFER_LME | EFER_LMA) &&
	      read_cr0() & CR0_PG, "back in long mode");
	check_exc(exc_of("ud2"), UD, 0, "with its IDT");
}

static void compat(void)
{
	compat_call(any32);
	report_log();
	still_long();
}

static void in32(void (*fn)(void))
{
	leave_long(fn);
	report_log();
	still_long();
}

static void do_protected(void)
{
	in32(protected32);
}

static void do_without_pae(void)
{
	in32(long_without_pae);
}

static void do_paging2(void)
{
	in32(paging2);
}

static void do_pae(void)
{
	in32(paging_pae);
}

static void set_vector(u8 vector, const u8 *code)
{
	((volatile u32 *)IVT)[vector] = code - blob + BLOB;
}

static void prepare_real(void)
{
	u8 *copy = (u8 *)BLOB;

	for (u32 i = 0; i < (u32)(blob_end - blob); i++)
		copy[i] = blob[i];
	for (u32 i = 0; i < R_COUNT; i++)
		((volatile u32 *)RESULTS)[i] = 0;
	set_vector(0, fault0_16);
	set_vector(6, fault6_16);
	set_vector(13, fault13_16);
	set_vector(0x40, int40_16);
	set_vector(0x50, irq_16);
	pic_init(0x50, false);
	apic_write(APIC_LVT_LINT0, LVT_EXTINT);
	pic_unmask(0);
}

static void do_real(void)
{
	volatile u32 *r = (u32 *)RESULTS;
	u64 base = rdmsr(MSR_APIC_BASE);
	u32 version = apic_read(APIC_VERSION);

	prepare_real();
	in32(real);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	pic_mask_all();
	check_eq(r[R_ALIVE], 1, "real mode ran to its end");
	check_eq(r[R_PE], 0, "CR0.PE is clear in it");
	check_eq(r[R_SEGMENT], 0x11223344, "segments overlap 16 bytes apart");
	check_eq(r[R_A20], *(u32 *)0x100000, "FFFF:0010 is the first byte above 1 MiB");
	check_eq(r[R_INT], 0x40, "int through a table that is not at 0");
	check_eq(r[R_INT_IF], 1, "int clears IF");
	check_eq(r[R_LIMIT], 0x10d, "a word at offset FFFF: vector 13");
	check_eq(r[R_DIVIDE], 0x100, "a division by zero: vector 0");
	check_eq(r[R_UD], 0x106, "ud2: vector 6");
	check_eq(r[R_CPUID], cpuid(0, 0).b, "cpuid");
	check_eq(r[R_MSR], (u32)base, "rdmsr");
	check_eq(r[R_BIG], *(u32 *)0x100000, "a segment limit of 4 GiB survives (big real mode)");
	check_eq(r[R_MMIO], version, "MMIO through it");
	check_eq(r[R_STRING], 0x6c616572, "rep movsb");
	check_eq(r[R_PORT] & 0xff, 0x6b, "insb");
	check_eq(inb(0x3ff), 'r', "outsb");
	check_eq(r[R_FAR], 0xfa, "far call and return");
	check_eq(r[R_STACK], 0, "pusha, popa, enter, leave balance");
	check(r[R_IRQ] >= 2, "timer interrupts through the PIC");
}

static void circles(void)
{
	volatile u32 *r = (u32 *)RESULTS;

	prepare_real();
	leave_long(real_loop);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	pic_mask_all();
	check_eq(r[R_ALIVE], 1, "twenty times protected to real and back");
	for (u32 i = 0; i < 50; i++)
		leave_long(any32);
	log32.n = 0;
	for (u32 i = 0; i < 10; i++) {
		leave_long(paging2);
		leave_long(paging_pae);
		log32.n = 0;
	}
	still_long();
}

const struct test tests[] = {
	{ "compat", compat, false },
	{ "protected", do_protected, false },
	{ "two-level", do_paging2, false },
	{ "pae", do_pae, false },
	{ "real", do_real, false },
	{ "circles", circles, false },
	{ "long-without-pae", do_without_pae, true },
	{}
};
