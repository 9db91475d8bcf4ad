// SPDX-License-Identifier: GPL-2.0
/*
 * debug.c: debug registers and single-stepping, also over instructions that a
 * monitor finishes on the guest's behalf: CPUID, port I/O, MMIO.
 */
#include "apic.h"
#include "smp.h"
#include "test.h"
#include "trap.h"

#define DR6_FIXED	0xffff0ff0ull
#define DR6_BD		BIT(13)
#define DR6_BS		BIT(14)
#define DR7_FIXED	0x400ull
#define DR7_GD		BIT(13)
#define EXEC		0
#define WRITE		1
#define IO		2
#define ACCESS		3
#define ENABLE(n)	(2ull << 2 * (n))	/* the global bit */
#define KIND(n, k, len)	((u64)(k) << (16 + 4 * (n)) | (u64)((len) - 1) << (18 + 4 * (n)))

static volatile u32 hits;
static volatile u64 hit_rip, hit_dr6, hit_dr7, first_flags;
static u64 log_rip[16];

static void on_db(struct regs *r)
{
	hit_dr6 = read_dr6();
	hit_dr7 = read_dr7();
	hit_rip = r->rip;
	if (!hits)
		first_flags = r->rflags;
	if (hits < 16)
		log_rip[hits] = r->rip;
	if (++hits >= 16)
		r->rflags &= ~FLAG_TF;
	write_dr6(DR6_FIXED);
	/* A breakpoint on execution is a fault: step over it. */
	r->rflags |= FLAG_RF;
}

static void reset(void)
{
	write_dr7(DR7_FIXED);
	write_dr6(DR6_FIXED);
	hits = 0;
	trap_set_handler(DB, on_db);
}

static void registers(void)
{
	reset();
	write_dr0(0x1234567890);
	write_dr1(~0ull);
	write_dr2(0);
	write_dr3(1ull << 63);
	check(read_dr0() == 0x1234567890 && read_dr1() == ~0ull && !read_dr2() &&
	      read_dr3() == 1ull << 63, "DR0 to DR3 keep 64 bits");
	write_dr0(0);
	write_dr1(0);
	write_dr3(0);
	check_eq(read_dr6() & 0xffff1ff0, DR6_FIXED, "DR6's fixed bits");
	check_eq(read_dr7(), DR7_FIXED, "DR7's fixed bits");
	write_dr6(0);
	check_eq(read_dr6() & 0xffff0ff0, DR6_FIXED, "ones stay ones in DR6");
	write_dr6(DR6_FIXED | 0xe00f);
	check_eq(read_dr6() & 0xe00f, 0xe00f, "the status bits can be written");
	write_dr6(DR6_FIXED);
	trap_set_handler(DB, NULL);
	check_exc(write_exc(dr6, BIT(32)), GP, 0, "DR6, upper half: #GP(0)");
	check_exc(write_exc(dr7, BIT(32)), GP, 0, "DR7, upper half: #GP(0)");
	write_cr4(read_cr4() & ~CR4_DE);
	asm volatile(CATCH("mov %0, %%db4") :: "r"(DR6_FIXED | 1ull));
	check_eq(read_dr6() & 1, 1, "without CR4.DE, DR4 is DR6");
	write_dr6(DR6_FIXED);
	write_cr4(read_cr4() | CR4_DE);
	check_exc(exc_of("mov %%db4, %%rax"), UD, 0, "with CR4.DE, DR4: #UD");
	check_exc(exc_of("mov %%db5, %%rax"), UD, 0, "with CR4.DE, DR5: #UD");
	write_cr4(read_cr4() & ~CR4_DE);
	reset();
}

extern u8 bp_here[], bp_there[];
asm(".text; bp_here: nop; bp_there: nop; ret");

static void call_fn(u8 *code)
{
	((void (*)(void))code)();
}

static void execution(void)
{

	reset();
	write_dr0((u64)bp_here);
	write_dr7(DR7_FIXED | ENABLE(0));
	call_fn(bp_here);
	check_eq(hits, 1, "a breakpoint on execution hits once (RF passes it)");
	check_eq(hit_rip, (u64)bp_here, "it is a fault: at the instruction");
	check_eq(hit_dr6 & 0xe00f, 1, "DR6 says B0");
	check_eq(hit_dr7 & ENABLE(0), ENABLE(0), "DR7 keeps it enabled in the handler");

	reset();
	write_dr3((u64)bp_there);
	write_dr7(DR7_FIXED | ENABLE(3) >> 1);		/* the local bit */
	call_fn(bp_there);
	check(hits == 1 && hit_rip == (u64)bp_there && (hit_dr6 & 0xf) == 8, "DR3, locally enabled");
	reset();
	call_fn(bp_there);
	check_eq(hits, 0, "disabled: nothing");
}

static u64 watched_area[8] __aligned(64);
#define watched	(watched_area + 1)

static void watch(void)
{
	extern u8 w2[];
	static const struct { u8 len, code; } lens[] = { { 1, 1 }, { 2, 2 }, { 4, 4 }, { 8, 3 } };

	for (u32 i = 0; i < ARRAY_SIZE(lens); i++) {
		u8 *end = (u8 *)watched + lens[i].len;

		reset();
		write_dr1((u64)watched);
		write_dr7(DR7_FIXED | ENABLE(1) | KIND(1, WRITE, lens[i].code));
		*(volatile u8 *)watched;
		check_eq(hits, 0, "write watch, %u bytes: a read passes", lens[i].len);
		*(volatile u8 *)end = 1;
		check_eq(hits, 0, "write watch, %u bytes: a write behind it passes", lens[i].len);
		*(volatile u8 *)(end - 1) = 1;
		if (!check(hits == 1 && (hit_dr6 & 0xf) == 2, "write watch, %u bytes: its last byte",
			   lens[i].len))
			note("%u hits, DR6 0x%lx", hits, hit_dr6);
		*(volatile u64 *)((u8 *)watched - 4) = 1;
		check_eq(hits, 2, "write watch, %u bytes: a wider write that overlaps", lens[i].len);
	}
	reset();
	write_dr2((u64)watched);
	write_dr7(DR7_FIXED | ENABLE(2) | KIND(2, ACCESS, 4));
	asm volatile("movl (%0), %%eax; w2: nop" :: "r"(watched) : "rax");
	check(hits == 1 && hit_rip == (u64)w2 && (hit_dr6 & 0xf) == 4,
	      "access watch: a read traps behind itself");
	reset();
	write_dr0((u64)watched);
	write_dr7(DR7_FIXED | KIND(0, WRITE, 4));
	*(volatile u32 *)watched = 5;
	check_eq(hits, 0, "a disabled watch does nothing");
	reset();
	write_dr0((u64)&watched[1]);
	write_dr7(DR7_FIXED | ENABLE(0) | KIND(0, WRITE, 1));
	{
		u8 *d = (u8 *)watched;
		u64 n = 16;

		asm volatile("cld; rep stosb" : "+D"(d), "+c"(n) : "a"(0) : "memory");
		check_eq(hits, 1, "rep stosb over a watched byte hits once");
		check(d == (u8 *)watched + 16 && !n, "... and completes");
	}
	reset();
}

static void port_watch(void)
{
	extern u8 p1[];

	reset();
	write_cr4(read_cr4() | CR4_DE);
	write_dr0(0x80);
	write_dr7(DR7_FIXED | ENABLE(0) | KIND(0, IO, 1));
	asm volatile("outb %%al, $0x80; p1: nop" :: "a"(0));
	check(hits == 1 && hit_rip == (u64)p1 && (hit_dr6 & 0xf) == 1, "a port watch traps behind OUT");
	outb(0x81, 0);
	check_eq(hits, 1, "another port passes");
	inb(0x80);
	check_eq(hits, 2, "IN hits as well");
	write_cr4(read_cr4() & ~CR4_DE);
	reset();
}

/* Device registers: the accesses are carried out by a monitor, if there is one. */
static void device_watch(void)
{
	extern u8 m1[], m2[], m3[];
	u64 apic = 0xfee00000;

	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	reset();
	write_dr1(apic + 0x380);
	write_dr7(DR7_FIXED | ENABLE(1) | KIND(1, WRITE, 4));
	asm volatile("movl 0x380(%0), %%eax" :: "r"(apic) : "rax");
	asm volatile("movl $0, 0x3e0(%0)" :: "r"(apic));
	check_eq(hits, 0, "a watch on a device register: reads and others pass");
	asm volatile("movl $0, 0x380(%0); m1: nop" :: "r"(apic));
	check(hits == 1 && hit_rip == (u64)m1 && (hit_dr6 & 0xf) == 2,
	      "a watch on a device register traps behind a store");
	reset();
	write_dr2(apic + 0x20);
	write_dr7(DR7_FIXED | ENABLE(2) | KIND(2, ACCESS, 4));
	asm volatile("movl 0x20(%0), %%eax; m2: nop" :: "r"(apic) : "rax");
	check(hits == 1 && hit_rip == (u64)m2 && (hit_dr6 & 0xf) == 4,
	      "... and behind a load, if it is for loads");
	reset();
	write_dr2(apic + 0x20);
	write_dr7(DR7_FIXED | ENABLE(2) | KIND(2, ACCESS, 4));
	asm volatile("pushfq; orl $0x100, (%%rsp); popfq; movl 0x20(%0), %%eax;"
		     "m3: pushfq; andl $~0x100, (%%rsp); popfq" :: "r"(apic) : "rax", "memory", "cc");
	if (!check(log_rip[0] == (u64)m3 && log_rip[1] != (u64)m3, "a watch and a single step are one trap"))
		note("%u hits, at 0x%lx and 0x%lx, want 0x%lx first", hits, log_rip[0], log_rip[1], (u64)m3);
	reset();
}

static void detect(void)
{
	struct exc e;

	reset();
	trap_set_handler(DB, NULL);
	write_dr7(DR7_FIXED | DR7_GD);
	exc_clear();
	asm volatile(CATCH("mov %%db0, %%rax") ::: "rax");
	e = exc_last();
	check(e.vector == DB, "DR7.GD: an access to a debug register faults");
	check(read_dr6() & DR6_BD, "DR6 says BD");
	check(!(read_dr7() & DR7_GD), "delivery clears GD");
	reset();
}

/* Steps over @insn with TF set; the trap must come behind it, and once. */
#define STEP(insn, text) ({						\
	u64 next_, apic_ = 0xfee00000;					\
									\
	reset();							\
	asm volatile("lea 2f(%%rip), %0; pushfq; orl $0x100, (%%rsp); popfq;" \
		     insn "; 2: nop; pushfq; andl $~0x100, (%%rsp); popfq" \
		     : "=&r"(next_), "+D"(apic_) :: "rax", "rbx", "rcx", "rdx", "memory", "cc"); \
	if (!check(hits > 1 && log_rip[0] == next_ && log_rip[1] == next_ + 1 && \
		   (hit_dr6 & DR6_BS), text))				\
		note("%u hits, first at 0x%lx, want 0x%lx", hits, log_rip[0], next_); \
})

static void stepping(void)
{
	u64 a, b;

	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	STEP("nop", "nop");
	check(first_flags & FLAG_TF, "the pushed flags have TF");
	STEP("cpuid", "cpuid");
	STEP("rdtsc", "rdtsc");
	STEP("inb $0x80, %%al", "in");
	STEP("outb %%al, $0x80", "out");
	STEP("mov 0x20(%%rdi), %%eax", "a load from MMIO");
	STEP("movl $0, 0x380(%%rdi)", "a store to MMIO");
	STEP("orl $0, 0x380(%%rdi)", "a read-modify-write of MMIO");
	STEP("mov %%cr0, %%rax", "mov from cr0");
	STEP("mov %%cr8, %%rax", "mov from cr8");
	STEP("wbinvd", "wbinvd");
	STEP("invlpg (%%rdi)", "invlpg");
	STEP("pause", "pause");
	STEP("jmp 2f", "a jump");

	reset();
	asm volatile("lea 1f(%%rip), %0; lea 2f(%%rip), %1; mov $3, %%ecx; lea watched_area(%%rip), %%rdi;"
		     "pushfq; orl $0x100, (%%rsp); popfq; 1: rep stosb; 2: nop; pushfq; andl $~0x100, (%%rsp); popfq"
		     : "=&r"(a), "=&r"(b) :: "rcx", "rdi", "memory", "cc");
	check(log_rip[0] == a && log_rip[1] == a && log_rip[2] == b, "rep stosb: a trap each round");

	reset();
	asm volatile("lea 1f(%%rip), %0; lea 2f(%%rip), %1; mov %%ss, %%eax;"
		     "pushfq; orl $0x100, (%%rsp); popfq; mov %%eax, %%ss; 1: nop; 2: nop; pushfq; andl $~0x100, (%%rsp); popfq"
		     : "=&r"(a), "=&r"(b) :: "rax", "memory", "cc");
	check(log_rip[0] == b, "mov ss holds the trap back for one instruction");

	reset();
	asm volatile("lea 1f(%%rip), %0; mov $0x10, %%ecx; pushfq; orl $0x100, (%%rsp); popfq;"
		     "rdmsr; 1: nop; pushfq; andl $~0x100, (%%rsp); popfq"
		     : "=&r"(a) :: "rax", "rcx", "rdx", "memory", "cc");
	check(log_rip[0] == a, "rdmsr");
	trap_set_handler(DB, NULL);
}

static void int1(void)
{
	u64 a;

	reset();
	asm volatile("lea 2f(%%rip), %0; .byte 0xf1; 2:" : "=r"(a) :: "memory");
	check(hits == 1 && hit_rip == a && !(hit_dr6 & 0xe00f), "INT1 traps behind itself, no DR6 bit");
	trap_set_handler(DB, NULL);
}

const struct test tests[] = {
	{ "registers", registers, false },
	{ "execution", execution, false },
	{ "watch", watch, false },
	{ "port", port_watch, false },
	{ "device", device_watch, false },
	{ "detect", detect, false },
	{ "stepping", stepping, false },
	{ "int1", int1, false },
	{}
};
