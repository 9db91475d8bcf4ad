// SPDX-License-Identifier: GPL-2.0
/*
 * modes-c32.c: the part of modes.c that runs as 32-bit code: protected mode
 * without paging, two-level paging, PAE paging. It reports through log32.
 */
#include "modes.h"

typedef unsigned long long wide;

#define P	1u
#define W	2u
#define A	0x20u
#define D	0x40u
#define PS	0x80u
#define CR0_WP	(1u << 16)
#define CR0_PG	(1u << 31)
#define CR4_PSE	(1u << 4)
#define CR4_PAE	(1u << 5)
#define VA	0x40000000u

void go_real(void);

static struct { unsigned short lo, sel, type, hi; } idt32[32] __attribute__((aligned(8)));
static volatile word table[4][1024] __attribute__((aligned(4096)));
static volatile wide pae[8][512] __attribute__((aligned(4096)));
static volatile word frame[1024] __attribute__((aligned(4096)));

static void report(int ok, const char *text)
{
	if (log32.n < 64) {
		log32.line[log32.n].ok = ok;
		log32.line[log32.n++].text = (word)text;
	}
}

#define CR(n)								\
static word get_cr##n(void)						\
{									\
	word v;								\
									\
	asm volatile("mov %%cr" #n ", %0" : "=r"(v) :: "memory");	\
	return v;							\
}									\
static void set_cr##n(word v)						\
{									\
	asm volatile("mov %0, %%cr" #n :: "r"(v) : "memory");		\
}
CR(0)
CR(4)

static void set_cr3(word v)
{
	asm volatile("mov %0, %%cr3" :: "r"(v) : "memory");
}

static void load_idt(void)
{
	struct { unsigned short limit; word base; } __attribute__((packed)) p = {
		sizeof(idt32) - 1, (word)idt32
	};

	for (word i = 0; i < 32; i++) {
		idt32[i].lo = (word)gates32[i];
		idt32[i].hi = (word)gates32[i] >> 16;
		idt32[i].sel = 0x38;
		idt32[i].type = 0x8e00;
	}
	asm volatile("lidt %0" :: "m"(p));
}

static void do_ud(word arg)
{
	(void)arg;
	asm volatile("ud2");
}

static void do_div(word by)
{
	asm volatile("div %0" :: "r"(by), "a"(1), "d"(0));
}

static void do_into(word arg)
{
	asm volatile("add $1, %0; into" : "+r"(arg));
}

static void do_bound(word arg)
{
	int limits[2] = { 3, 5 };

	asm volatile("bound %0, %1" :: "r"(arg), "m"(limits));
}

static void load_es(word sel)
{
	asm volatile("mov %w0, %%es" :: "r"(sel));
}

static void read_at(word va)
{
	word v;

	asm volatile("mov (%1), %0" : "=r"(v) : "r"(va) : "memory");
}

static void write_at(word va)
{
	asm volatile("movl $7, (%0)" :: "r"(va) : "memory");
}

static void read_es16(word off)
{
	word v;

	asm volatile("mov %2, %%es; mov %%es:(%1), %0" : "=r"(v) : "r"(off), "r"(0x48) : "memory");
}

static void do_wrmsr_lme(word set)
{
	word lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(0xc0000080));
	lo = set ? lo | 0x100 : lo & ~0x100u;
	asm volatile("wrmsr" :: "a"(lo), "d"(hi), "c"(0xc0000080));
}

static void do_set_cr0(word v)
{
	set_cr0(v);
}

static void do_set_cr3(word v)
{
	set_cr3(v);
}

/* Whatever it is called in: shows that 32-bit code runs as such. */
void any32(void)
{
	word v;

	/* 0x48 is `dec eax` here and a REX prefix in 64-bit mode */
	asm volatile("mov $5, %%eax; .byte 0x48" : "=a"(v));
	report(v == 4, "32-bit decoding");
	asm volatile("mov $0x19, %%eax; mov $0x28, %%ecx; add %%cl, %%al; daa" : "=a"(v) :: "ecx", "cc");
	report((v & 0xff) == 0x47, "daa");
	asm volatile("push %%es; pusha; popa; pop %%es" ::: "memory");
	asm volatile("arpl %%cx, %%ax" : "=a"(v) : "a"(0x10), "c"(3) : "cc");
	report((v & 3) == 3, "arpl");
}

void protected32(void)
{
	word lo, hi;

	load_idt();
	report(!(get_cr0() & CR0_PG), "paging is off");
	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(0xc0000080));
	report(!(lo & 0x400), "EFER.LMA follows: clear");
	any32();
	report(probe32(do_ud, 0) == 6 && probe_eip >= (word)do_ud, "#UD through a 32-bit gate");
	report(probe32(do_div, 0) == 0, "#DE");
	report(probe32(do_into, 0x7fffffff) == 4, "#OF of into");
	report(probe32(do_bound, 9) == 5, "#BR of bound");
	report(probe32(do_bound, 4) == -1, "bound inside");
	report(probe32(load_es, 0x7ff8) == 13 && probe_error == 0x7ff8, "#GP(sel) behind the GDT");
	report(probe32(read_es16, 0xfffc) == -1, "a load up to a segment's limit");
	report(probe32(read_es16, 0xfffd) == 13 && probe_error == 0, "a load across it: #GP(0)");
	load_es(0x10);
}

/* Long mode needs PAE: paging with LME set and PAE clear must fail. */
void long_without_pae(void)
{
	load_idt();
	set_cr4(get_cr4() & ~CR4_PAE);
	do_wrmsr_lme(1);
	report(probe32(do_set_cr0, get_cr0() | CR0_PG) == 13, "LME and PG without PAE: #GP(0)");
	do_wrmsr_lme(0);
	set_cr4(get_cr4() | CR4_PAE);
}

void paging2(void)
{
	volatile word *pd = table[0], *pt = table[1];

	load_idt();
	for (word i = 0; i < 1024; i++)
		pd[i] = i << 22 | P | W | PS;
	for (word i = 0; i < 1024; i++)
		pt[i] = 0;
	pd[VA >> 22] = (word)pt | P | W;
	pt[0] = (word)frame | P | W;
	pt[1] = (word)frame | P;
	frame[5] = 0x55;
	set_cr4((get_cr4() & ~CR4_PAE) | CR4_PSE);
	set_cr3((word)pd);
	set_cr0(get_cr0() | CR0_PG | CR0_WP);
	report(*(volatile word *)(VA + 20) == 0x55, "a 4 KiB page");
	report(*(volatile word *)(word)frame == frame[0], "a 4 MiB page");
	report(pt[0] & A && !(pt[0] & D), "a read sets A");
	*(volatile word *)(VA + 4) = 9;
	report(pt[0] & D && frame[1] == 9, "a write sets D");
	report(pd[VA >> 22] & A, "A of the directory's entry");
	report(pd[(word)frame >> 22] & A, "A of a 4 MiB entry");
	report(probe32(write_at, VA + 4096) == 14 && probe_error == 3 && probe_cr2 == VA + 4096,
	       "a write to a read-only page: #PF(3)");
	report(probe32(read_at, VA + 8192) == 14 && probe_error == 0, "a missing page: #PF(0)");
	report(probe32(write_at, VA + 8192 + 8) == 14 && probe_error == 2 &&
	       probe_cr2 == VA + 8200, "the same, write: #PF(2)");
	set_cr0(get_cr0() & ~CR0_WP);
	report(probe32(write_at, VA + 4096) == -1, "without CR0.WP it passes");
	pt[0] = 0;
	asm volatile("invlpg (%0)" :: "r"(VA) : "memory");
	report(probe32(read_at, VA) == 14, "INVLPG drops a page");
	set_cr0(get_cr0() & ~CR0_PG);
	set_cr4((get_cr4() & ~CR4_PSE) | CR4_PAE);
}

void paging_pae(void)
{
	volatile wide *pdpt = pae[0], *pt = pae[5];

	load_idt();
	for (word i = 0; i < 4; i++) {
		pdpt[i] = (word)pae[1 + i] | P;
		for (word k = 0; k < 512; k++)
			pae[1 + i][k] = (wide)i << 30 | k << 21 | P | W | PS;
	}
	pae[1 + (VA >> 30)][VA >> 21 & 511] = (word)pt | P | W;
	pt[0] = (word)frame | P | W;
	pt[1] = (word)frame | P;
	pt[3] = (word)frame | P | 1ull << 62;
	frame[5] = 0x66;
	set_cr4(get_cr4() | CR4_PAE);
	set_cr3((word)pdpt);
	set_cr0(get_cr0() | CR0_PG | CR0_WP);
	report(*(volatile word *)(VA + 20) == 0x66, "a 4 KiB page");
	report(*(volatile word *)(word)frame == frame[0], "a 2 MiB page");
	report(pt[0] & A && !(pt[0] & D), "a read sets A");
	*(volatile word *)(VA + 4) = 8;
	report(pt[0] & D && frame[1] == 8, "a write sets D");
	report(probe32(write_at, VA + 4096) == 14 && probe_error == 3, "a read-only page: #PF(3)");
	report(probe32(read_at, VA + 8192) == 14 && probe_error == 0 && probe_cr2 == VA + 8192,
	       "a missing page: #PF(0)");
	report(probe32(read_at, VA + 3 * 4096) == 14 && probe_error == 9, "a reserved bit: #PF(9)");
	pdpt[3] = 0;
	set_cr3((word)pdpt);
	report(probe32(read_at, 0xc0001000) == 14 && probe_error == 0, "a missing PDPT entry: #PF(0)");
	pdpt[3] = (word)pae[4] | P | 1u << 5;
	/* One vendor reads these entries at the load, the other when it needs them. */
	report(probe32(do_set_cr3, (word)pdpt) == 13 ||
	       (probe32(read_at, 0xc0001000) == 14 && probe_error == 9),
	       "a reserved PDPT bit: #GP(0) at the CR3 load, or #PF(9)");
	pdpt[3] = (word)pae[4] | P;
	set_cr3((word)pdpt);
	set_cr0(get_cr0() & ~CR0_PG);
}

void real(void)
{
	go_real();
	report(1, "back from real mode");
}

void real_loop(void)
{
	for (int i = 0; i < 20; i++)
		go_real();
}
