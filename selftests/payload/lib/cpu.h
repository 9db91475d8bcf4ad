/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cpu.h: the processor's registers and instructions as C sees them.
 *
 * The bit names are those of the vendors' manuals. They are spelled out here,
 * and not taken from a kernel's headers, so that a payload is a witness that
 * shares nothing with the monitor it judges.
 */
#ifndef PAYLOAD_CPU_H
#define PAYLOAD_CPU_H

#include "types.h"

/* Selectors of the GDT in start.S; SYSCALL and SYSENTER dictate the order. */
#define SEL_CODE64	0x08
#define SEL_DATA	0x10
#define SEL_USER_CODE32	0x1b
#define SEL_USER_DATA	0x23
#define SEL_USER_CODE64	0x2b
#define SEL_CODE32	0x38
#define SEL_CODE16	0x40
#define SEL_DATA16	0x48
#define SEL_SPARE	0x50	/* six 8-byte entries for tests to fill */
#define SEL_TSS		0x80	/* 16 bytes per CPU */

#define CR0_PE		BIT(0)
#define CR0_MP		BIT(1)
#define CR0_EM		BIT(2)
#define CR0_TS		BIT(3)
#define CR0_NE		BIT(5)
#define CR0_WP		BIT(16)
#define CR0_AM		BIT(18)
#define CR0_NW		BIT(29)
#define CR0_CD		BIT(30)
#define CR0_PG		BIT(31)

#define CR4_VME		BIT(0)
#define CR4_TSD		BIT(2)
#define CR4_DE		BIT(3)
#define CR4_PSE		BIT(4)
#define CR4_PAE		BIT(5)
#define CR4_PGE		BIT(7)
#define CR4_PCE		BIT(8)
#define CR4_OSFXSR	BIT(9)
#define CR4_OSXMMEXCPT	BIT(10)
#define CR4_UMIP	BIT(11)
#define CR4_LA57	BIT(12)
#define CR4_FSGSBASE	BIT(16)
#define CR4_PCIDE	BIT(17)
#define CR4_OSXSAVE	BIT(18)
#define CR4_SMEP	BIT(20)
#define CR4_SMAP	BIT(21)

#define FLAG_CF		BIT(0)
#define FLAG_FIXED	BIT(1)
#define FLAG_PF		BIT(2)
#define FLAG_AF		BIT(4)
#define FLAG_ZF		BIT(6)
#define FLAG_SF		BIT(7)
#define FLAG_TF		BIT(8)
#define FLAG_IF		BIT(9)
#define FLAG_DF		BIT(10)
#define FLAG_OF		BIT(11)
#define FLAG_NT		BIT(14)
#define FLAG_RF		BIT(16)
#define FLAG_VM		BIT(17)
#define FLAG_AC		BIT(18)

#define MSR_TSC			0x10
#define MSR_APIC_BASE		0x1b
#define MSR_TSC_ADJUST		0x3b
#define MSR_MTRRCAP		0xfe
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176
#define MSR_MCG_CAP		0x179
#define MSR_DEBUGCTL		0x1d9
#define MSR_MTRR_PHYSBASE0	0x200
#define MSR_MTRR_FIX64K		0x250
#define MSR_PAT			0x277
#define MSR_MTRR_DEF_TYPE	0x2ff
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_X2APIC		0x800
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_SFMASK		0xc0000084
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

#define EFER_SCE	BIT(0)
#define EFER_LME	BIT(8)
#define EFER_LMA	BIT(10)
#define EFER_NXE	BIT(11)
#define EFER_SVME	BIT(12)
#define EFER_FFXSR	BIT(14)

enum vector {
	DE = 0, DB = 1, NMI = 2, BP = 3, OF = 4, BR = 5, UD = 6, NM = 7,
	DF = 8, TS = 10, NP = 11, SS = 12, GP = 13, PF = 14, MF = 16, AC = 17,
	MC = 18, XM = 19,
};

#define CR_ACCESS(name)							\
static inline u64 read_##name(void)					\
{									\
	u64 v;								\
									\
	asm volatile("mov %%" #name ", %0" : "=r"(v) :: "memory");	\
	return v;							\
}									\
static inline void write_##name(u64 v)					\
{									\
	asm volatile("mov %0, %%" #name :: "r"(v) : "memory");		\
}
CR_ACCESS(cr0)
CR_ACCESS(cr2)
CR_ACCESS(cr3)
CR_ACCESS(cr4)
CR_ACCESS(cr8)
CR_ACCESS(dr0)
CR_ACCESS(dr1)
CR_ACCESS(dr2)
CR_ACCESS(dr3)
CR_ACCESS(dr6)
CR_ACCESS(dr7)

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return lo | (u64)hi << 32;
}

static inline void wrmsr(u32 msr, u64 v)
{
	asm volatile("wrmsr" :: "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) :: "memory");
	return lo | (u64)hi << 32;
}

struct cpuid { u32 a, b, c, d; };

static inline struct cpuid cpuid(u32 leaf, u32 sub)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
		     : "0"(leaf), "2"(sub) : "memory");
	return r;
}

static inline u32 cpuid_max(u32 base)
{
	u32 max = cpuid(base, 0).a;

	return (max & 0xffff0000) == (base & 0xffff0000) ? max : 0;
}

/* Feature tests, by leaf, register and bit; false where the leaf is absent. */
#define HAS(leaf, sub, reg, bit)					\
	(cpuid_max((leaf) & 0xffff0000) >= (u32)(leaf) &&		\
	 (cpuid(leaf, sub).reg >> (bit) & 1))
#define has_tsc_deadline()	HAS(1, 0, c, 24)
#define has_xsave()		HAS(1, 0, c, 26)
#define has_avx()		HAS(1, 0, c, 28)
#define has_x2apic()		HAS(1, 0, c, 21)
#define has_pcid()		HAS(1, 0, c, 17)
#define has_mtrr()		HAS(1, 0, d, 12)
#define has_sep()		HAS(1, 0, d, 11)
#define has_tsc_adjust()	HAS(7, 0, b, 1)
#define has_smep()		HAS(7, 0, b, 7)
#define has_invpcid()		HAS(7, 0, b, 10)
#define has_smap()		HAS(7, 0, b, 20)
#define has_fsgsbase()		HAS(7, 0, b, 0)
#define has_umip()		HAS(7, 0, c, 2)
#define has_1g_pages()		HAS(0x80000001, 0, d, 26)
#define has_nx()		HAS(0x80000001, 0, d, 20)
#define has_rdtscp()		HAS(0x80000001, 0, d, 27)

static inline void outb(u16 port, u8 v)
{
	asm volatile("outb %0, %1" :: "a"(v), "Nd"(port) : "memory");
}

static inline void outw(u16 port, u16 v)
{
	asm volatile("outw %0, %1" :: "a"(v), "Nd"(port) : "memory");
}

static inline void outl(u16 port, u32 v)
{
	asm volatile("outl %0, %1" :: "a"(v), "Nd"(port) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 v;

	asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u16 inw(u16 port)
{
	u16 v;

	asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u32 inl(u16 port)
{
	u32 v;

	asm volatile("inl %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u64 read_flags(void)
{
	u64 v;

	asm volatile("pushfq; popq %0" : "=r"(v) :: "memory");
	return v;
}

static inline void write_flags(u64 v)
{
	asm volatile("pushq %0; popfq" :: "r"(v) : "memory", "cc");
}

static inline void cli(void)
{
	asm volatile("cli" ::: "memory");
}

static inline void sti(void)
{
	asm volatile("sti" ::: "memory");
}

/* Lets whatever is pending in now, and only now. */
static inline void irq_window(void)
{
	asm volatile("sti; nop; nop; cli" ::: "memory");
}

static inline void pause(void)
{
	asm volatile("pause" ::: "memory");
}

static inline void invlpg(const volatile void *p)
{
	asm volatile("invlpg (%0)" :: "r"(p) : "memory");
}

struct table_ptr { u16 limit; u64 base; } __attribute__((packed));

#define swap_flags(reg, set, clear)	write_##reg((read_##reg() & ~(u64)(clear)) | (set))

#endif
