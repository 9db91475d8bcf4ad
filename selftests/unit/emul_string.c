// SPDX-License-Identifier: GPL-2.0
/*
 * String instructions where the processor is no oracle in user space: string
 * port I/O and its batches, bounds on one run, address sizes and segments,
 * interruption between iterations.
 */
#include "tap.h"
#include "emul_world.h"

static struct world w;

/* What a port-access callback saw. */
static unsigned int pio_calls, pio_max;

static int watch(struct world *wd, enum world_kind kind, u64 addr,
		 unsigned int len, unsigned int flags)
{
	if (kind == W_PIO) {
		pio_calls++;
		pio_max = len > pio_max ? len : pio_max;
	}
	return EMUL_OK;
}

static void start(enum emul_mode mode, const char *bytes, unsigned int len)
{
	unsigned int i;

	world_reset(&w, mode);
	world_code(&w, bytes, len);
	for (i = 0; i < RAM_SIZE; i++)
		w.ram[i] = i * 7 + (i >> 8);
	w.gpr[EMUL_RDX] = 0x3f8;
	w.hook = watch;
	pio_calls = 0;
	pio_max = 0;
}

static void flat(u64 rsi, u64 rdi, u64 rcx)
{
	w.gpr[EMUL_RSI] = RAM_BASE + rsi;
	w.gpr[EMUL_RDI] = RAM_BASE + rdi;
	w.gpr[EMUL_RCX] = rcx;
}

static int finish(unsigned int *runs)
{
	int rc;

	*runs = 0;
	do {
		rc = emul_run(&w.c);
		(*runs)++;
	} while (rc == EMUL_CONTINUE && *runs < 10000);
	return rc;
}

/* All elements of RAM from an offset on went out in order. */
static bool went_out(u64 off, unsigned int size, unsigned int n)
{
	unsigned int i;

	if (w.nr_events != n)
		return false;
	for (i = 0; i < n; i++) {
		u64 val = 0;

		memcpy(&val, w.ram + off + i * size, size);
		if (w.events[i].data != val || w.events[i].len != size ||
		    w.events[i].addr != 0x3f8 || !w.events[i].write)
			return false;
	}
	return true;
}

static bool came_in(u64 off, unsigned int size, unsigned int n)
{
	unsigned int i;

	if (w.nr_events != n)
		return false;
	for (i = 0; i < n; i++) {
		u64 val = 0;

		memcpy(&val, w.ram + off + i * size, size);
		if (w.events[i].data != val || w.events[i].write)
			return false;
	}
	return true;
}

static void test_batches(void)
{
	unsigned int runs;

	start(EMUL_MODE_LONG64, "\xf3\x6e", 2);
	flat(0x100, 0, 300);
	tap_ok(finish(&runs) == EMUL_OK && went_out(0x100, 1, 300) &&
	       w.gpr[EMUL_RSI] == RAM_BASE + 0x100 + 300 &&
	       !w.gpr[EMUL_RCX] && w.c.rip == CODE_BASE + 2, "rep outsb");
	tap_ok(pio_calls == 1 && pio_max == 300, "in one batch");

	start(EMUL_MODE_LONG64, "\xf3\x6f", 2);
	flat(0xf00, 0, 200);
	tap_ok(finish(&runs) == EMUL_OK && went_out(0xf00, 4, 200),
	       "rep outsd over a page's end");
	tap_ok(pio_calls == 2, "in a batch a page");

	start(EMUL_MODE_LONG64, "\xf3\x6f", 2);
	flat(0xffe, 0, 2);
	tap_ok(finish(&runs) == EMUL_OK && went_out(0xffe, 4, 2) &&
	       pio_calls == 2, "an element across the page goes alone");

	start(EMUL_MODE_LONG64, "\xf3\x66\x6d", 3);
	flat(0, 0x2000, 500);
	tap_ok(finish(&runs) == EMUL_OK && came_in(0x2000, 2, 500) &&
	       pio_calls == 1 && w.gpr[EMUL_RDI] == RAM_BASE + 0x2000 + 1000,
	       "rep insw in one batch");

	start(EMUL_MODE_LONG64, "\xf3\x6c", 2);
	flat(0, 0x2000, 5);
	w.c.rflags |= X86_EFLAGS_DF;
	tap_ok(finish(&runs) == EMUL_OK && pio_calls == 5 &&
	       w.gpr[EMUL_RDI] == RAM_BASE + 0x2000 - 5 &&
	       w.ram[0x2000] == (u8)w.events[0].data &&
	       w.ram[0x1ffc] == (u8)w.events[4].data,
	       "backwards, element by element");

	start(EMUL_MODE_LONG64, "\xf3\x6e", 2);
	flat(0, 0, 7);
	w.gpr[EMUL_RSI] = MMIO_BASE;
	tap_ok(finish(&runs) == EMUL_OK && pio_calls == 7 &&
	       w.nr_events == 14, "from a device, element by element");

	start(EMUL_MODE_LONG64, "\xf3\x6e", 2);
	flat(0, 0, 7);
	w.c.sio = NULL;
	tap_ok(finish(&runs) == EMUL_OK && pio_calls == 7,
	       "without a buffer, element by element");

	start(EMUL_MODE_LONG64, "\xf3\x48\x6f", 3);
	flat(0, 0, 3);
	tap_ok(finish(&runs) == EMUL_OK && went_out(0, 4, 3),
	       "REX.W does not widen a port");
}

static void test_bounds(void)
{
	unsigned int runs;

	start(EMUL_MODE_LONG64, "\xf3\xa4", 2);
	flat(0, 0x4000, 1000);
	w.c.rep_max = 64;
	tap_ok(emul_run(&w.c) == EMUL_CONTINUE &&
	       w.gpr[EMUL_RCX] == 1000 - 64 && w.c.rip == CODE_BASE,
	       "a run stops at its bound, on the instruction");
	tap_ok(finish(&runs) == EMUL_OK && runs == 15 &&
	       !memcmp(w.ram, w.ram + 0x4000, 1000) &&
	       w.c.rip == CODE_BASE + 2, "and later ones finish it");

	start(EMUL_MODE_LONG64, "\xf3\xaa", 2);
	flat(0, 0, 0x8000000000000000ull);
	tap_ok(emul_run(&w.c) == EMUL_CONTINUE &&
	       w.gpr[EMUL_RCX] == 0x8000000000000000ull - 1024,
	       "the bound holds without being asked for");

	start(EMUL_MODE_LONG64, "\xf3\x6c", 2);
	flat(0, 0x2000, 100);
	w.c.rep_max = 10;
	tap_ok(finish(&runs) == EMUL_OK && runs == 10 && pio_max == 10 &&
	       came_in(0x2000, 1, 100), "it bounds batches, too");

	start(EMUL_MODE_LONG64, "\xf3\xa4", 2);
	flat(0, 0, 0);
	tap_ok(emul_run(&w.c) == EMUL_OK && w.gpr[EMUL_RDI] == RAM_BASE,
	       "a count of zero does nothing");
}

static void test_fault_midway(void)
{
	start(EMUL_MODE_LONG64, "\xf3\xa5", 2);
	flat(0, RAM_SIZE - 10, 5);
	tap_ok(emul_run(&w.c) == EMUL_EXCEPTION && w.c.exc.vector == 14 &&
	       w.c.exc.cr2 == RAM_BASE + RAM_SIZE - 2,
	       "a fault in the third iteration");
	tap_ok(w.gpr[EMUL_RCX] == 3 && w.gpr[EMUL_RSI] == RAM_BASE + 8 &&
	       w.c.rip == CODE_BASE, "leaves two done and RIP in place");

	start(EMUL_MODE_LONG64, "\xf3\x6d", 2);
	flat(0, RAM_SIZE - 8, 5);
	tap_ok(emul_run(&w.c) == EMUL_EXCEPTION && w.nr_events == 2 &&
	       w.gpr[EMUL_RCX] == 3, "string input asks no port for nowhere");
}

static void test_sizes(void)
{
	unsigned int runs;

	start(EMUL_MODE_REAL, "\xf3\xa4", 2);
	w.gpr[EMUL_RSI] = 0xaaaa0000fffeull;
	w.gpr[EMUL_RDI] = 0xbbbb00000010ull;
	w.gpr[EMUL_RCX] = 0xcccc00000004ull;
	tap_ok(finish(&runs) == EMUL_OK &&
	       w.gpr[EMUL_RSI] == 0xaaaa00000002ull &&
	       w.gpr[EMUL_RDI] == 0xbbbb00000014ull &&
	       w.gpr[EMUL_RCX] == 0xcccc00000000ull,
	       "16-bit indexes wrap and keep the rest");
	tap_ok(w.ram[0x10] == (u8)(0xfffe * 7 + 0xff) && w.ram[0x12] == w.ram[0],
	       "the wrapped bytes moved");

	start(EMUL_MODE_REAL, "\xf3\x6e", 2);
	w.gpr[EMUL_RSI] = 0xfff0;
	w.gpr[EMUL_RCX] = 0x20;
	tap_ok(finish(&runs) == EMUL_OK && w.nr_events == 0x20 &&
	       w.gpr[EMUL_RSI] == 0x10 &&
	       w.events[0x10].data == w.ram[0], "a batch ends at the wrap");

	start(EMUL_MODE_LONG64, "\x67\xf3\xaa", 3);
	w.gpr[EMUL_RDI] = 0xffffffff00000000ull | RAM_BASE;
	w.gpr[EMUL_RCX] = 0xffffffff00000003ull;
	tap_ok(finish(&runs) == EMUL_OK && w.gpr[EMUL_RDI] == RAM_BASE + 3 &&
	       w.gpr[EMUL_RCX] == 0, "32-bit addresses in 64-bit mode");
}

static void test_segments(void)
{
	unsigned int runs;

	start(EMUL_MODE_PROT32, "\x64\xf3\x6e", 3);
	w.segs[EMUL_FS].base = RAM_BASE + 0x300;
	w.gpr[EMUL_RCX] = 4;
	tap_ok(finish(&runs) == EMUL_OK && went_out(0x300, 1, 4),
	       "OUTS takes an override");

	start(EMUL_MODE_PROT32, "\x64\xf3\x6c", 3);
	w.segs[EMUL_FS].base = RAM_BASE + 0x300;
	w.segs[EMUL_ES].base = RAM_BASE + 0x500;
	w.gpr[EMUL_RCX] = 4;
	tap_ok(finish(&runs) == EMUL_OK && came_in(0x500, 1, 4),
	       "INS does not");

	start(EMUL_MODE_PROT32, "\xf3\x6c", 2);
	w.segs[EMUL_ES].base = RAM_BASE;
	w.segs[EMUL_ES].ar &= ~EMUL_AR_RW;
	w.gpr[EMUL_RCX] = 4;
	tap_ok(emul_run(&w.c) == EMUL_EXCEPTION && w.c.exc.vector == 13 &&
	       !w.nr_events, "INS to a read-only segment asks no port");

	start(EMUL_MODE_PROT32, "\xf3\x6e", 2);
	w.segs[EMUL_DS].base = RAM_BASE;
	w.segs[EMUL_DS].limit = 9;
	w.gpr[EMUL_RCX] = 20;
	tap_ok(emul_run(&w.c) == EMUL_EXCEPTION && w.nr_events == 10 &&
	       w.gpr[EMUL_RSI] == 10 && w.gpr[EMUL_RCX] == 10,
	       "OUTS runs up to the segment's limit");
}

static int user_pio(struct world *wd, enum world_kind kind, u64 addr,
		    unsigned int len, unsigned int flags)
{
	return kind == W_PIO ? EMUL_USER : EMUL_OK;
}

static void test_user(void)
{
	struct emul_access *e;

	start(EMUL_MODE_LONG64, "\xf3\x6d", 2);
	flat(0, 0x800, 100);
	w.hook = user_pio;
	tap_ok(emul_run(&w.c) == EMUL_USER, "string input from user space");
	e = emul_pending(&w.c);
	tap_ok(e && e->pio && !e->write && e->addr == 0x3f8 && e->len == 4 &&
	       e->count == 100, "as one access");
	memset(w.sio, 0x5a, sizeof(w.sio));
	emul_complete(&w.c, NULL);
	tap_ok(emul_run(&w.c) == EMUL_OK && w.ram[0x800] == 0x5a &&
	       w.ram[0x800 + 399] == 0x5a && w.ram[0x800 + 400] != 0x5a &&
	       !w.gpr[EMUL_RCX], "arrives in memory");

	start(EMUL_MODE_LONG64, "\xf3\x6f", 2);
	flat(0x10, 0, 100);
	w.hook = user_pio;
	tap_ok(emul_run(&w.c) == EMUL_USER &&
	       !memcmp(w.sio, w.ram + 0x10, 400) &&
	       w.gpr[EMUL_RCX] == 100, "string output to user space");
	emul_complete(&w.c, NULL);
	tap_ok(emul_run(&w.c) == EMUL_OK && !w.gpr[EMUL_RCX] &&
	       w.gpr[EMUL_RSI] == RAM_BASE + 0x10 + 400, "commits after it");
}

int main(void)
{
	test_batches();
	test_bounds();
	test_fault_midway();
	test_sizes();
	test_segments();
	test_user();
	return tap_done();
}
