// SPDX-License-Identifier: GPL-2.0
/*
 * portio.c: IN, OUT and their string forms: sizes, directions, address sizes,
 * segments, page borders, faults in the middle, permissions. Order is seen
 * through the UART's FIFO looped back on itself; widths through a port that
 * nobody claims, and through the UART's scratch register.
 */
#include "machine.h"
#include "paging.h"
#include "smp.h"
#include "test.h"

#define NOBODY		0xe0e0
#define COM1		0x3f8
#define SCRATCH		(COM1 + 7)
#define FIFO		14

static u8 buf[3 * 4096] __aligned(4096);

static void loopback(bool on)
{
	if (on)			/* whatever was printed must be gone */
		for (int i = 0; i < 1000000 && !(inb(COM1 + 5) & 0x40); i++)
			;
	outb(COM1 + 1, 0);
	outb(COM1 + 2, 7);	/* FIFOs on and empty */
	outb(COM1 + 4, on ? 0x10 : 3);
}

/* Waits for one looped-back byte; false where the UART does not loop. */
static bool received(void)
{
	for (int i = 0; i < 100000; i++)
		if (inb(COM1 + 5) & 1)
			return true;
	return false;
}

static void registers(void)
{
	u64 v;

	outb(SCRATCH, 0x5a);
	asm volatile("mov $-1, %%rax; inb %%dx, %%al" : "=a"(v) : "d"(SCRATCH));
	check_eq(v, ~0xffull | 0x5a, "inb keeps the rest of rax");
	asm volatile("mov $0, %%eax; inb %%dx, %%al" : "=a"(v) : "d"(NOBODY));
	check_eq(v, 0xff, "inb of nobody's port");
	asm volatile("mov $0, %%eax; inw %%dx, %%ax" : "=a"(v) : "d"(NOBODY));
	check_eq(v, 0xffff, "inw of nobody's port keeps the rest");
	asm volatile("mov $0x1122334455667788, %%rax; inl %%dx, %%eax" : "=a"(v) : "d"(NOBODY));
	check_eq(v, 0xffffffff, "inl of nobody's port clears the upper half");
	asm volatile("mov $0, %%eax; inb $0xee, %%al" : "=a"(v));
	check_eq(v, 0xff, "inb with an immediate port");
	asm volatile("inl %%dx, %%eax" : "=a"(v) : "d"(0xabcd0000 | NOBODY));
	check_eq((u32)v, 0xffffffff, "only dx names the port");
	outb(0x80, 1);
	outw(NOBODY, 1);
	outl(NOBODY, 1);
	asm volatile("outb %%al, $0x80" :: "a"(1));
	outb(0xffff, 1);
	check_eq(inb(0xffff), 0xff, "the last port");
	inl(0xfffe);		/* over the end: any answer will do */
	outb(SCRATCH, 0xa5);
	check_eq(inb(SCRATCH), 0xa5, "outb reaches the device");
}

#define STRING(insn, port, si, di, cx) ({				\
	u64 s_ = (u64)(si), d_ = (u64)(di), c_ = (cx);			\
									\
	asm volatile("cld;" insn "; cld" : "+S"(s_), "+D"(d_), "+c"(c_)	\
		     : "d"(port) : "memory");				\
	after = (struct after){ s_ - (u64)(si), d_ - (u64)(di), c_ };	\
})
static struct after { s64 si, di; u64 cx; } after;

static bool moved(s64 si, s64 di, u64 cx)
{
	bool ok = after.si == si && after.di == di && after.cx == cx;

	if (!ok)
		note("rsi %ld rdi %ld rcx %lu", after.si, after.di, after.cx);
	return ok;
}

static bool filled(const u8 *p, u32 n, u8 v)
{
	while (n--)
		if (*p++ != v)
			return false;
	return true;
}

static void input(void)
{
	memset(buf, 0, sizeof(buf));
	outb(SCRATCH, 0x5a);
	STRING("insb", SCRATCH, 0, buf, 7);
	check(moved(0, 1, 7) && buf[0] == 0x5a && !buf[1], "insb");
	STRING("insw", NOBODY, 0, buf + 8, 7);
	check(moved(0, 2, 7) && filled(buf + 8, 2, 0xff) && !buf[10], "insw");
	STRING("insl", NOBODY, 0, buf + 16, 7);
	check(moved(0, 4, 7) && filled(buf + 16, 4, 0xff) && !buf[20], "insl");
	STRING("rep insb", SCRATCH, 0, buf + 32, 9);
	check(moved(0, 9, 0) && filled(buf + 32, 9, 0x5a) && !buf[41], "rep insb");
	STRING("rep insw", NOBODY, 0, buf + 48, 5);
	check(moved(0, 10, 0) && filled(buf + 48, 10, 0xff) && !buf[58], "rep insw");
	STRING("rep insl", NOBODY, 0, buf + 64, 5);
	check(moved(0, 20, 0) && filled(buf + 64, 20, 0xff) && !buf[84], "rep insl");
	STRING("repne insb", SCRATCH, 0, buf + 96, 3);
	check(moved(0, 3, 0) && filled(buf + 96, 3, 0x5a), "repne insb repeats as well");
	STRING("std; rep insb", SCRATCH, 0, buf + 135, 8);
	check(moved(0, -8, 0) && filled(buf + 128, 8, 0x5a) && !buf[127], "rep insb downwards");
	STRING("std; rep insl", NOBODY, 0, buf + 172, 4);
	check(moved(0, -16, 0) && filled(buf + 160, 16, 0xff) && !buf[159], "rep insl downwards");
	STRING("rep insb", SCRATCH, 0, buf + 200, 0);
	check(moved(0, 0, 0) && !buf[200], "rep insb with a count of 0");
	STRING("addr32 rep insb", SCRATCH, 0, buf + 208, 4);
	check(moved(0, 4, 0) && filled(buf + 208, 4, 0x5a), "rep insb with 32-bit addresses");
	STRING("rex64 insl", NOBODY, 0, buf + 224, 0);
	check(moved(0, 4, 0) && !buf[228], "REX.W makes no 64-bit port read");
	STRING("rep insb", SCRATCH, 0, buf + 4000, 4500);
	check(moved(0, 4500, 0) && filled(buf + 4000, 4500, 0x5a) && !buf[8500], "rep insb over two page borders");
}

static void output(void)
{
	bool ok = true;

	for (u32 i = 0; i < FIFO; i++)
		buf[i] = 0x41 + i;
	loopback(true);
	STRING("rep outsb", COM1, buf, 0, FIFO);
	if (!received()) {
		loopback(false);
		skip("order: the UART has no loop-back");
	} else {
		memset(buf + 64, 0, 64);
		for (u32 i = 0; i < FIFO; i++) {
			received();
			buf[64 + i] = inb(COM1);
		}
		loopback(false);
		ok = moved(FIFO, 0, 0);
		if (!check(ok && !memcmp(buf, buf + 64, FIFO), "rep outsb sends bytes in order"))
			for (u32 i = 0; i < FIFO; i++)
				note("%u: sent %x, got %x", i, buf[i], buf[64 + i]);
		loopback(true);
		STRING("std; rep outsb", COM1, buf + FIFO - 1, 0, FIFO);
		received();
		buf[63] = inb(COM1);
		loopback(false);
		check(moved(-FIFO, 0, 0) && buf[63] == 0x41 + FIFO - 1, "rep outsb downwards");
	}
	buf[0] = 0x77;
	STRING("outsb", SCRATCH, buf, 0, 3);
	check(moved(1, 0, 3) && inb(SCRATCH) == 0x77, "outsb");
	STRING("outsw", NOBODY, buf, 0, 3);
	check(moved(2, 0, 3), "outsw");
	STRING("rep outsl", NOBODY, buf, 0, 300);
	check(moved(1200, 0, 0), "rep outsl");
	STRING("addr32 rep outsb", SCRATCH, buf, 0, 1);
	check(moved(1, 0, 0), "rep outsb with 32-bit addresses");
	buf[0x40] = 0x33;
	wrmsr(MSR_FS_BASE, 0x40);
	STRING("fs outsb", SCRATCH, buf, 0, 0);
	wrmsr(MSR_FS_BASE, 0);
	check_eq(inb(SCRATCH), 0x33, "outsb with an FS base");
	wrmsr(MSR_GS_BASE, 0x40);
	buf[0x40] = 0x44;
	STRING("gs rep outsb", SCRATCH, buf, 0, 1);
	wrmsr(MSR_GS_BASE, 0);
	check_eq(inb(SCRATCH), 0x44, "rep outsb with a GS base");
	wrmsr(MSR_FS_BASE, 0x4000000000);
	outb(SCRATCH, 0x12);
	buf[0] = 0;
	STRING("fs insb", SCRATCH, 0, buf, 0);
	wrmsr(MSR_FS_BASE, 0);
	check_eq(buf[0], 0x12, "insb ignores a segment override");
}

static u64 faults, fault_rcx, fault_va, fault_error;
static u64 *fault_pte, fault_entry;

static void mend(struct regs *r)
{
	faults++;
	fault_rcx = r->rcx;
	fault_va = read_cr2();
	fault_error = r->error;
	*fault_pte = fault_entry;
	invlpg((void *)fault_va);
}

/* One page is missing under a string instruction; the handler brings it. */
static void faulting(void)
{
	u64 va = TEST_BASE + GIB(3);
	u8 *ram = alloc_pages(2);

	trap_set_handler(PF, mend);
	map(va, (u64)ram, PTE_P | PTE_W, 1);
	map(va + PAGE_SIZE, 0, 0, 1);
	fault_pte = pte_of(va + PAGE_SIZE, 1);
	fault_entry = ((u64)ram + PAGE_SIZE) | PTE_P | PTE_W;
	faults = 0;
	outb(SCRATCH, 0x5a);
	STRING("rep insb", SCRATCH, 0, va + PAGE_SIZE - 10, 30);
	check_eq(faults, 1, "rep insb into a missing page faults once");
	check(fault_va == va + PAGE_SIZE && fault_error == PF_W, "at its first byte, as a write");
	check_eq(fault_rcx, 20, "rcx tells what is left");
	check(moved(0, 30, 0) && filled(ram + PAGE_SIZE - 10, 30, 0x5a) && !ram[PAGE_SIZE + 20],
	      "and goes on where it stopped");

	map(va + PAGE_SIZE, 0, 0, 1);
	faults = 0;
	STRING("insl", NOBODY, 0, va + PAGE_SIZE - 2, 0);
	check(faults == 1 && fault_va == va + PAGE_SIZE && moved(0, 4, 0) &&
	      filled(ram + PAGE_SIZE - 2, 4, 0xff), "insl across into a missing page");

	map(va + PAGE_SIZE, 0, 0, 1);
	ram[PAGE_SIZE - 1] = 0x21;
	ram[PAGE_SIZE] = 0x22;
	faults = 0;
	STRING("rep outsb", SCRATCH, va + PAGE_SIZE - 1, 0, 2);
	check(faults == 1 && fault_error == 0 && fault_rcx == 1, "rep outsb from a missing page");
	check(moved(2, 0, 0) && inb(SCRATCH) == 0x22, "and goes on where it stopped");

	map(va, (u64)ram, PTE_P, 1);
	fault_pte = pte_of(va, 1);
	fault_entry = (u64)ram | PTE_P | PTE_W;
	faults = 0;
	STRING("rep insb", SCRATCH, 0, va, 5);
	check(faults == 1 && fault_error == (PF_P | PF_W) && moved(0, 5, 0),
	      "rep insb into a read-only page");
	trap_set_handler(PF, NULL);
	exc_clear();
	asm volatile(CATCH("insb") :: "D"(1ull << 63), "d"(SCRATCH) : "memory");
	check_exc(exc_last(), GP, 0, "insb to a non-canonical address: #GP(0)");
}

static u64 user_in(void *port)
{
	return inb((u64)port);
}

static u64 user_inw(void *port)
{
	return inw((u64)port);
}

static u64 user_insb(void *port)
{
	u8 b[16], *p = b;

	asm volatile("insb" : "+D"(p) : "d"((u64)port) : "memory");
	return 0;
}

static u64 user_cli_sti(void *arg __unused)
{
	asm volatile("cli; sti; cli");
	return 7;
}

/* A TSS with room for a bitmap takes the place of this CPU's own. */
static struct {
	struct tss tss;
	u8 bitmap[8193];
} __attribute__((packed)) wide;

static void use_tss(const void *tss, u32 limit)
{
	u64 *desc = gdt + (SEL_TSS >> 3), a = (u64)tss;

	desc[0] = limit | (a & 0xffffff) << 16 | 0x89ull << 40 | (a >> 24 & 0xff) << 56;
	asm volatile("ltr %w0" :: "r"(SEL_TSS));
}

static void permission(void)
{
	u64 v;

	check_exc(user_call(user_in, (void *)SCRATCH, NULL), GP, 0, "no bitmap: #GP(0)");
	user_flags = FLAG_FIXED | 3 << 12;
	check_exc(user_call(user_in, (void *)SCRATCH, NULL), NO_EXCEPTION, 0, "IOPL 3");
	check_exc(user_call(user_insb, (void *)SCRATCH, NULL), NO_EXCEPTION, 0, "IOPL 3: insb");
	check_exc(user_call(user_cli_sti, NULL, &v), NO_EXCEPTION, 0, "IOPL 3: cli and sti");
	cli();
	user_flags = FLAG_FIXED;
	wide.tss = this_cpu()->tss;
	wide.tss.iomap_base = sizeof(wide.tss);
	memset(wide.bitmap, 0xff, sizeof(wide.bitmap));
	wide.bitmap[SCRATCH / 8] &= ~(1 << SCRATCH % 8);
	use_tss(&wide, sizeof(wide) - 1);
	outb(SCRATCH, 0x19);
	check_exc(user_call(user_in, (void *)SCRATCH, &v), NO_EXCEPTION, 0, "a clear bit allows");
	check_eq(v, 0x19, "... and the port answers");
	check_exc(user_call(user_insb, (void *)SCRATCH, NULL), NO_EXCEPTION, 0, "... insb too");
	check_exc(user_call(user_in, (void *)(SCRATCH - 1), NULL), GP, 0, "a set bit forbids");
	check_exc(user_call(user_inw, (void *)SCRATCH, NULL), GP, 0, "a word needs both bits");
	check_exc(user_call(user_insb, (void *)(SCRATCH - 1), NULL), GP, 0, "insb is forbidden too");
	use_tss(&this_cpu()->tss, sizeof(struct tss) - 1);
}

const struct test tests[] = {
	{ "registers", registers, false },
	{ "input", input, false },
	{ "output", output, false },
	{ "faults", faulting, false },
	{ "permission", permission, false },
	{}
};
