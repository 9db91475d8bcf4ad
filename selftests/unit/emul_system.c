// SPDX-License-Identifier: GPL-2.0
/*
 * System instructions, segments, far transfers, vector moves, locked operations
 * that lose races: what user space cannot ask the processor to show.
 */
#include "tap.h"
#include "emul_world.h"

static struct world w;

static void start(enum emul_mode mode, const char *bytes, unsigned int len)
{
	world_reset(&w, mode);
	world_code(&w, bytes, len);
	w.gpr[EMUL_RBX] = mode <= EMUL_MODE_VM86 ? 0x100 : RAM_BASE + 0x100;
	w.gpr[EMUL_RSP] = mode <= EMUL_MODE_VM86 ? 0x1000 : RAM_BASE + 0x1000;
}

#define START(mode, bytes) start(mode, bytes, sizeof(bytes) - 1)

static bool ran(unsigned int len)
{
	u64 rip = w.c.rip;
	int rc = emul_run(&w.c);

	if (rc != EMUL_OK)
		tap_note("result %d vector %u %s", rc, w.c.exc.vector,
			 w.c.stop_why ? w.c.stop_why : "");
	return rc == EMUL_OK && w.c.rip == rip + len;
}

static void test_control(void)
{
	START(EMUL_MODE_LONG64, "\x0f\x20\xc1");
	w.cr[0] = 0x80000011;
	tap_ok(ran(3) && w.gpr[EMUL_RCX] == 0x80000011, "mov rcx,cr0");

	START(EMUL_MODE_LONG64, "\x44\x0f\x22\xc0");
	w.gpr[EMUL_RAX] = 5;
	tap_ok(ran(4) && w.cr[8] == 5, "mov cr8,rax");

	START(EMUL_MODE_PROT32, "\x0f\x22\xd8");
	w.gpr[EMUL_RAX] = 0x1122334455667788ull;
	tap_ok(ran(3) && w.cr[3] == 0x55667788, "mov cr3,eax takes 32 bits");

	START(EMUL_MODE_LONG64, "\x0f\x06");
	w.cr[0] = X86_CR0_PE | X86_CR0_TS;
	tap_ok(ran(2) && w.cr[0] == X86_CR0_PE, "clts");

	START(EMUL_MODE_LONG64, "\x0f\x01\xf0");
	w.cr[0] = 0x80000031;
	w.gpr[EMUL_RAX] = 0xfffa;
	tap_ok(ran(3) && w.cr[0] == 0x8000003b,
	       "lmsw sets four bits and cannot clear PE");

	START(EMUL_MODE_LONG64, "\x0f\x01\x23");
	w.cr[0] = 0x80050033;
	tap_ok(ran(3) && w.ram[0x100] == 0x33 && !w.ram[0x102],
	       "smsw to memory writes a word");

	START(EMUL_MODE_LONG64, "\x48\x0f\x01\xe0");
	w.cr[0] = 0x80050033;
	tap_ok(ran(4) && w.gpr[EMUL_RAX] == 0x80050033, "smsw rax is wide");

	START(EMUL_MODE_LONG64, "\x0f\x21\xe8");
	w.dr[7] = 0x400;
	tap_ok(ran(3) && w.gpr[EMUL_RAX] == 0x400, "dr5 is dr7");

	START(EMUL_MODE_LONG64, "\x0f\x23\xc0");
	w.gpr[EMUL_RAX] = 0x123456789ull;
	tap_ok(ran(3) && w.dr[0] == 0x123456789ull, "mov dr0,rax");
}

static void test_tables(void)
{
	static const u8 desc[10] = { 0xff, 0x0f, 1, 2, 3, 4, 5, 6, 0, 0 };

	START(EMUL_MODE_LONG64, "\x0f\x01\x13");
	memcpy(w.ram + 0x100, desc, 10);
	tap_ok(ran(3) && w.table_limit[0] == 0xfff &&
	       w.table_base[0] == 0x060504030201ull, "lgdt, 64 bit");

	START(EMUL_MODE_PROT32, "\x0f\x01\x1b");
	memcpy(w.ram + 0x100, desc, 10);
	tap_ok(ran(3) && w.table_limit[1] == 0xfff &&
	       w.table_base[1] == 0x04030201, "lidt, 32 bit");

	START(EMUL_MODE_PROT32, "\x66\x0f\x01\x1b");
	memcpy(w.ram + 0x100, desc, 10);
	tap_ok(ran(4) && w.table_base[1] == 0x030201,
	       "lidt with word operands has 24 bits");

	START(EMUL_MODE_LONG64, "\x0f\x01\x0b");
	w.table_base[1] = 0xfffffe0000000000ull;
	w.table_limit[1] = 0xfff;
	tap_ok(ran(3) && !memcmp(w.ram + 0x100,
				 "\xff\x0f\0\0\0\0\0\xfe\xff\xff", 10),
	       "sidt, 64 bit");

	START(EMUL_MODE_LONG64, "\x0f\x00\xc8");
	w.segs[EMUL_TR].sel = 0x40;
	tap_ok(ran(3) && w.gpr[EMUL_RAX] == 0x40, "str");
}

static void test_calls(void)
{
	START(EMUL_MODE_LONG64, "\x0f\x01\xd9");
	tap_ok(ran(3) && w.sys_calls[EMUL_SYS_HYPERCALL] == 1 &&
	       w.sys_arg == 0x0f01d9, "vmmcall");

	START(EMUL_MODE_LONG64, "\x0f\x01\xc1");
	tap_ok(ran(3) && w.sys_arg == 0x0f01c1, "vmcall");

	START(EMUL_MODE_LONG64, "\xf4");
	tap_ok(ran(1) && w.sys_calls[EMUL_SYS_HLT] == 1, "hlt");

	START(EMUL_MODE_LONG64, "\xf3\x90");
	tap_ok(ran(2) && w.sys_calls[EMUL_SYS_PAUSE] == 1, "pause");

	START(EMUL_MODE_LONG64, "\x90");
	tap_ok(ran(1) && !w.sys_calls[EMUL_SYS_PAUSE], "nop");

	START(EMUL_MODE_LONG64, "\x0f\x09");
	tap_ok(ran(2) && w.sys_calls[EMUL_SYS_WBINVD] == 1, "wbinvd");

	START(EMUL_MODE_PROT32, "\x0f\x01\x3b");
	w.segs[EMUL_DS].base = 0x1000;
	tap_ok(ran(3) && w.sys_arg == RAM_BASE + 0x1100,
	       "invlpg adds the segment's base");

	START(EMUL_MODE_LONG64, "\x0f\x01\x3b");
	w.gpr[EMUL_RBX] = 0x800000000000ull;
	tap_ok(ran(3) && !w.sys_calls[EMUL_SYS_INVLPG],
	       "invlpg of a non-canonical address does nothing");

	START(EMUL_MODE_LONG64, "\x0f\x01\xd1");
	w.gpr[EMUL_RAX] = 7;
	w.gpr[EMUL_RDX] = 1;
	tap_ok(ran(3) && w.sys_arg == 0x100000007ull, "xsetbv");

	START(EMUL_MODE_LONG64, "\x0f\x01\xd1");
	w.cr[4] &= ~(u64)X86_CR4_OSXSAVE;
	tap_ok(emul_run(&w.c) == EMUL_EXCEPTION && w.c.exc.vector == 6,
	       "xsetbv without OSXSAVE");
}

static void test_registers(void)
{
	START(EMUL_MODE_LONG64, "\x0f\x30");
	w.gpr[EMUL_RCX] = 0xffffffff00000002ull;
	w.gpr[EMUL_RAX] = 0xaaaaaaaa11111111ull;
	w.gpr[EMUL_RDX] = 0xbbbbbbbb22222222ull;
	tap_ok(ran(2) && w.msr[2] == 0x2222222211111111ull, "wrmsr");

	START(EMUL_MODE_LONG64, "\x0f\x32");
	w.gpr[EMUL_RCX] = 1;
	w.msr[1] = 0x8877665544332211ull;
	w.gpr[EMUL_RAX] = ~0ull;
	tap_ok(ran(2) && w.gpr[EMUL_RAX] == 0x44332211 &&
	       w.gpr[EMUL_RDX] == 0x88776655, "rdmsr");

	START(EMUL_MODE_LONG64, "\x0f\x32");
	w.gpr[EMUL_RCX] = 77;
	tap_ok(emul_run(&w.c) == EMUL_EXCEPTION && w.c.exc.vector == 13 &&
	       w.c.rip == CODE_BASE, "rdmsr of nothing");

	START(EMUL_MODE_LONG64, "\x0f\x31");
	w.tsc = 0x123456789abcull;
	tap_ok(ran(2) && w.gpr[EMUL_RAX] == 0x56789abc &&
	       w.gpr[EMUL_RDX] == 0x1234, "rdtsc");

	START(EMUL_MODE_LONG64, "\x0f\xa2");
	w.gpr[EMUL_RAX] = ~0ull << 32;
	tap_ok(ran(2) && w.gpr[EMUL_RBX] && !(w.gpr[EMUL_RAX] >> 32) &&
	       !(w.gpr[EMUL_RBX] >> 32), "cpuid");
}

static void test_interrupts(void)
{
	START(EMUL_MODE_LONG64, "\xfb");
	tap_ok(ran(1) && (w.c.rflags & X86_EFLAGS_IF) &&
	       w.c.shadow == EMUL_SHADOW_STI, "sti casts a shadow");
	world_code(&w, "\xfb", 1);
	w.code_at = w.c.rip;
	tap_ok(ran(1) && !w.c.shadow, "only when it turns IF on");

	START(EMUL_MODE_LONG64, "\xfa");
	w.c.rflags |= X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_RF;
	tap_ok(ran(1) && !(w.c.rflags & (X86_EFLAGS_IF | X86_EFLAGS_RF)) &&
	       w.c.was_tf, "cli; RF ends with it, TF is reported");

	START(EMUL_MODE_LONG64, "\x9d");
	w.c.cpl = 3;
	w.c.rflags |= X86_EFLAGS_IF;
	w.ram[0x1001] = 0x30;
	tap_ok(ran(1) && (w.c.rflags & X86_EFLAGS_IF) &&
	       !(w.c.rflags & X86_EFLAGS_IOPL),
	       "popf of a user changes neither IF nor IOPL");

	START(EMUL_MODE_LONG64, "\x9d");
	w.ram[0x1001] = 0x32;
	tap_ok(ran(1) && (w.c.rflags & X86_EFLAGS_IF) &&
	       (w.c.rflags & X86_EFLAGS_IOPL) == X86_EFLAGS_IOPL,
	       "popf of the kernel changes both");

	START(EMUL_MODE_LONG64, "\x9c");
	w.c.rflags |= X86_EFLAGS_RF | X86_EFLAGS_ID;
	tap_ok(ran(1) && w.ram[0xffa] == 0x20, "pushf leaves RF out");
}

static void test_segments(void)
{
	static const u64 data = 0x10cf92345678ffffull;

	START(EMUL_MODE_PROT32, "\x8e\xd8");
	w.table_base[EMUL_GDT] = RAM_BASE + 0x2000;
	w.table_limit[EMUL_GDT] = 0x17;
	memcpy(w.ram + 0x2010, &data, 8);
	w.gpr[EMUL_RAX] = 0x10;
	tap_ok(ran(2) && w.segs[EMUL_DS].base == 0x10345678 &&
	       w.segs[EMUL_DS].limit == 0xffffffff &&
	       w.segs[EMUL_DS].sel == 0x10 && w.segs[EMUL_DS].ar == 0xc093,
	       "mov ds unpacks its descriptor");
	tap_ok(w.ram[0x2015] == 0x93, "and marks it accessed");
	tap_ok(!w.c.shadow, "without a shadow");

	START(EMUL_MODE_REAL, "\x8e\xd0");
	w.gpr[EMUL_RAX] = 0x1234;
	tap_ok(ran(2) && w.segs[EMUL_SS].base == 0x12340 &&
	       w.segs[EMUL_SS].sel == 0x1234 &&
	       w.segs[EMUL_SS].limit == 0xffff &&
	       w.c.shadow == EMUL_SHADOW_MOV_SS,
	       "mov ss in real mode shifts, and casts a shadow");

	START(EMUL_MODE_REAL, "\xc5\x0f");
	memcpy(w.ram + 0x100, "\x11\x22\x33\x44", 4);
	tap_ok(ran(2) && w.gpr[EMUL_RCX] == 0x2211 &&
	       w.segs[EMUL_DS].sel == 0x4433, "lds");

	START(EMUL_MODE_PROT32, "\x8c\xd8");
	w.segs[EMUL_DS].sel = 0x23;
	w.gpr[EMUL_RAX] = ~0ull;
	tap_ok(ran(2) && w.gpr[EMUL_RAX] == 0x23, "mov eax,ds zero-extends");

	START(EMUL_MODE_REAL, "\x16");
	w.segs[EMUL_SS].sel = 0xabcd;
	tap_ok(ran(1) && w.gpr[EMUL_RSP] == 0xffe && w.ram[0xfff] == 0xab,
	       "push ss");
}

static void test_far(void)
{
	START(EMUL_MODE_REAL, "\xea\x34\x12\x78\x56");
	tap_ok(emul_run(&w.c) == EMUL_OK && w.c.rip == 0x1234 &&
	       w.segs[EMUL_CS].sel == 0x5678 &&
	       w.segs[EMUL_CS].base == 0x56780, "jmp far in real mode");

	START(EMUL_MODE_REAL, "\x9a\x34\x12\x78\x56");
	w.segs[EMUL_CS].sel = 0xf000;
	tap_ok(emul_run(&w.c) == EMUL_OK && w.c.rip == 0x1234 &&
	       !memcmp(w.ram + 0xffc, "\x05\x00\x00\xf0", 4) &&
	       w.gpr[EMUL_RSP] == 0xffc, "call far in real mode");

	START(EMUL_MODE_REAL, "\xca\x04\x00");
	memcpy(w.ram + 0x1000, "\x11\x11\x22\x22", 4);
	tap_ok(emul_run(&w.c) == EMUL_OK && w.c.rip == 0x1111 &&
	       w.segs[EMUL_CS].sel == 0x2222 && w.gpr[EMUL_RSP] == 0x1008,
	       "retf 4");

	START(EMUL_MODE_REAL, "\xff\x2f");
	memcpy(w.ram + 0x100, "\x11\x11\x22\x22", 4);
	tap_ok(emul_run(&w.c) == EMUL_OK && w.c.rip == 0x1111 &&
	       w.segs[EMUL_CS].sel == 0x2222, "jmp far through memory");

	START(EMUL_MODE_PROT32, "\xea\0\0\0\0\x08\0");
	tap_ok(emul_run(&w.c) == EMUL_STOP && w.c.stop_why &&
	       w.c.rip == CODE_BASE && w.c.fetched[0] == 0xea,
	       "a far jump in protected mode is refused, with its bytes");
}

static void test_vectors(void)
{
	unsigned int i;

	START(EMUL_MODE_LONG64, "\x44\x0f\x10\x0b");
	for (i = 0; i < 16; i++)
		w.ram[0x100 + i] = i + 1;
	tap_ok(ran(4) && !memcmp(w.xmm[9], w.ram + 0x100, 16),
	       "movups xmm9,m128");

	START(EMUL_MODE_LONG64, "\xf3\x0f\x10\x0b");
	memset(w.xmm[1], 0xff, 16);
	memset(w.ram + 0x100, 0x11, 16);
	tap_ok(ran(4) && w.xmm[1][3] == 0x11 && !w.xmm[1][4] && !w.xmm[1][15],
	       "movss from memory clears the rest");

	START(EMUL_MODE_LONG64, "\x66\x0f\x12\x0b");
	memset(w.xmm[1], 0xff, 16);
	tap_ok(ran(4) && !w.xmm[1][7] && w.xmm[1][8] == 0xff,
	       "movlpd keeps the high half");

	START(EMUL_MODE_LONG64, "\x0f\x17\x0b");
	for (i = 0; i < 16; i++)
		w.xmm[1][i] = i;
	tap_ok(ran(3) && w.ram[0x100] == 8 && w.ram[0x107] == 15 &&
	       !w.ram[0x108], "movhps stores the high half");

	START(EMUL_MODE_LONG64, "\x66\x48\x0f\x7e\x0b");
	memset(w.xmm[1], 0x22, 16);
	tap_ok(ran(5) && w.ram[0x107] == 0x22 && !w.ram[0x108],
	       "movq m64,xmm");

	START(EMUL_MODE_LONG64, "\x66\x0f\x6e\x0b");
	memset(w.xmm[1], 0xff, 16);
	tap_ok(ran(4) && !w.xmm[1][0] && !w.xmm[1][15],
	       "movd clears the rest");

	START(EMUL_MODE_LONG64, "\xf2\x0f\x12\x0b");
	tap_ok(emul_run(&w.c) == EMUL_STOP && w.c.stop_why,
	       "movddup is refused");
	START(EMUL_MODE_LONG64, "\x62\xf1\x7c\x48\x28\x03");
	tap_ok(emul_run(&w.c) == EMUL_STOP && w.c.stop_why,
	       "EVEX moves are refused");
	START(EMUL_MODE_PROT32, "\xc4\xe1\xf9\x6e\x0b");
	memset(w.ram + 0x100, 0x11, 8);
	memset(w.ymm_high[1], 0xff, 16);
	tap_ok(ran(5) && w.xmm[1][3] == 0x11 && !w.xmm[1][4] &&
	       !w.ymm_high[1][0], "VEX.W is nothing outside 64-bit mode");
}

/* What each kind of instruction comes to under control bits, 0: it runs. */
static void test_availability(void)
{
	enum { MMX, SSE, AVX, X87, X87_WAIT, NR_KINDS };
	static const struct {
		const char *name;
		u8 bytes[4], len;
	} kinds[NR_KINDS] = {
		[MMX] = { "movq mm1,[rbx]", { 0x0f, 0x6f, 0x0b }, 3 },
		[SSE] = { "stmxcsr", { 0x0f, 0xae, 0x1b }, 3 },
		[AVX] = { "vmovups [rbx],ymm1", { 0xc5, 0xfc, 0x11, 0x0b }, 4 },
		[X87] = { "fnstcw", { 0xd9, 0x3b }, 2 },
		[X87_WAIT] = { "fldcw", { 0xd9, 0x2b }, 2 },
	};
	static const struct {
		const char *name;
		u64 cr0, cr4, xcr0;
		u8 vector[NR_KINDS];
		u32 fsw;
	} states[] = {
		{ "all on", 0, ~0ull, 7, { 0, 0, 0, 0, 0 } },
		{ "CR0.TS", X86_CR0_TS, ~0ull, 7, { 7, 7, 7, 7, 7 } },
		{ "CR0.EM", X86_CR0_EM, ~0ull, 7, { 6, 6, 0, 7, 7 } },
		{ "EM and TS", X86_CR0_EM | X86_CR0_TS, ~0ull, 7,
		  { 6, 6, 7, 7, 7 } },
		{ "no OSFXSR", 0, ~(u64)X86_CR4_OSFXSR, 7, { 0, 6, 0, 0, 0 } },
		{ "no OSXSAVE", 0, ~(u64)X86_CR4_OSXSAVE, 7,
		  { 0, 0, 6, 0, 0 } },
		{ "XCR0 without AVX", 0, ~0ull, 3, { 0, 0, 6, 0, 0 } },
		{ "XCR0 without SSE", 0, ~0ull, 5, { 0, 0, 6, 0, 0 } },
		{ "an x87 exception", X86_CR0_NE, ~0ull, 7,
		  { 16, 0, 0, 0, 16 }, 0x8081 },
	};
	unsigned int i, k;
	bool good;
	int rc;

	for (i = 0; i < sizeof(states) / sizeof(*states); i++) {
		for (k = 0, good = true; k < NR_KINDS; k++) {
			START(EMUL_MODE_LONG64, "\x90");
			world_code(&w, kinds[k].bytes, kinds[k].len);
			w.cr[0] = states[i].cr0;
			w.cr[4] = states[i].cr4;
			w.xcr0 = states[i].xcr0;
			w.fpu[EMUL_FPU_SW] = states[i].fsw;
			rc = emul_run(&w.c);
			if (states[i].vector[k] ?
			    rc == EMUL_EXCEPTION &&
			    w.c.exc.vector == states[i].vector[k] :
			    rc == EMUL_OK)
				continue;
			good = false;
			printf("# %s: %s: result %d, vector %u\n",
			       states[i].name, kinds[k].name, rc,
			       w.c.exc.vector);
		}
		tap_ok(good, "who runs with %s", states[i].name);
	}
	START(EMUL_MODE_LONG64, "\x0f\x6f\x0b");
	w.cr[0] = 0;
	w.fpu[EMUL_FPU_SW] = 0x8081;
	tap_ok(emul_run(&w.c) == EMUL_STOP && w.c.stop_why,
	       "an x87 exception is not reported by interrupt");
}

static void test_fpu_words(void)
{
	START(EMUL_MODE_PROT32, "\xd9\x3b");
	tap_ok(ran(2) && w.ram[0x100] == 0x7f && w.ram[0x101] == 3,
	       "fnstcw");
	START(EMUL_MODE_PROT32, "\xdd\x3b");
	w.fpu[EMUL_FPU_SW] = 0xb8ff;
	tap_ok(ran(2) && w.ram[0x100] == 0xff && w.ram[0x101] == 0xb8,
	       "fnstsw, whatever is pending");
	START(EMUL_MODE_PROT32, "\xd9\x2b");
	memcpy(w.ram + 0x100, "\x7e\x02", 2);
	tap_ok(ran(2) && w.fpu[EMUL_FPU_CW] == 0x27e, "fldcw");
	START(EMUL_MODE_PROT32, "\xd9\x03");
	tap_ok(emul_run(&w.c) == EMUL_STOP && w.c.stop_why, "fld is refused");
	START(EMUL_MODE_PROT32, "\xd9\xe8");
	tap_ok(emul_run(&w.c) == EMUL_STOP && w.c.stop_why, "fld1 is refused");
	START(EMUL_MODE_LONG64, "\x0f\xae\x13");
	memset(w.ram + 0x100, 0xff, 4);
	tap_ok(emul_run(&w.c) == EMUL_EXCEPTION && w.c.exc.vector == 13 &&
	       w.fpu[EMUL_FPU_MXCSR] == 0x1f80,
	       "ldmxcsr of reserved bits");
	START(EMUL_MODE_LONG64, "\x0f\xae\x03");
	tap_ok(emul_run(&w.c) == EMUL_STOP && w.c.stop_why,
	       "fxsave is refused");
}

static unsigned int races;

static void lose_thrice(struct world *wd, u8 *p)
{
	if (races++ < 3)
		p[0] += 0x10;
}

static void lose_always(struct world *wd, u8 *p)
{
	p[0]++;
}

static void test_races(void)
{
	START(EMUL_MODE_LONG64, "\xf0\x01\x03");
	w.gpr[EMUL_RAX] = 1;
	w.race = lose_thrice;
	races = 0;
	tap_ok(ran(3) && w.ram[0x100] == 0x31 && races == 4,
	       "a locked add takes in what others added");

	START(EMUL_MODE_LONG64, "\xf0\x01\x03");
	w.gpr[EMUL_RAX] = 1;
	w.race = lose_always;
	tap_ok(emul_run(&w.c) == EMUL_CONTINUE && w.c.rip == CODE_BASE,
	       "one that always loses gives way");

	START(EMUL_MODE_LONG64, "\x87\x03");
	w.gpr[EMUL_RAX] = 0x99;
	w.race = lose_thrice;
	races = 0;
	tap_ok(ran(2) && w.ram[0x100] == 0x99 && w.gpr[EMUL_RAX] == 0x30,
	       "xchg is locked by itself");

	START(EMUL_MODE_LONG64, "\xf0\x0f\xb1\x0b");
	w.gpr[EMUL_RCX] = 0x99;
	w.race = lose_thrice;
	races = 0;
	tap_ok(ran(4) && w.ram[0x100] == 0x30 && w.gpr[EMUL_RAX] == 0x30 &&
	       !(w.c.rflags & X86_EFLAGS_ZF),
	       "cmpxchg fails when another was first");
}

static void test_stack16(void)
{
	START(EMUL_MODE_REAL, "\x60");
	w.gpr[EMUL_RAX] = 0x1111;
	w.gpr[EMUL_RDI] = 0x7777;
	w.gpr[EMUL_RSP] = 0xdead1000;
	tap_ok(ran(1) && w.gpr[EMUL_RSP] == 0xdead0ff0 &&
	       w.ram[0xffe] == 0x11 && w.ram[0xff0] == 0x77 &&
	       w.ram[0xff7] == 0x10, "pusha, 16 bit, saves the old SP");

	world_code(&w, "\x61", 1);
	w.code_at = CODE_BASE;
	w.c.rip = 0;
	w.gpr[EMUL_RAX] = 0;
	w.gpr[EMUL_RDI] = 0;
	w.ram[0xff6] = 0xff;
	tap_ok(ran(1) && w.gpr[EMUL_RSP] == 0xdead1000 &&
	       w.gpr[EMUL_RAX] == 0x1111 && w.gpr[EMUL_RDI] == 0x7777,
	       "popa takes all but SP");

	START(EMUL_MODE_REAL, "\x50");
	w.gpr[EMUL_RSP] = 0;
	w.gpr[EMUL_RAX] = 0x1234;
	tap_ok(ran(1) && w.gpr[EMUL_RSP] == 0xfffe && w.ram[0xfffe] == 0x34,
	       "the stack pointer wraps");

	START(EMUL_MODE_REAL, "\xeb\xfe");
	w.c.rip = 0;
	tap_ok(emul_run(&w.c) == EMUL_OK && w.c.rip == 0, "jmp to itself");

	START(EMUL_MODE_REAL, "\xe9\xf0\xff");
	tap_ok(emul_run(&w.c) == EMUL_OK && w.c.rip == 0xfff3,
	       "a 16-bit target wraps");
}

static void test_advance(void)
{
	START(EMUL_MODE_LONG64, "\x0f\xa2");
	w.c.rflags |= X86_EFLAGS_RF;
	tap_ok(emul_fetch(&w.c) == EMUL_OK && w.c.insn.len == 2,
	       "fetch gives the length");
	emul_advance(&w.c);
	tap_ok(w.c.rip == CODE_BASE + 2 && !(w.c.rflags & X86_EFLAGS_RF) &&
	       !w.c.fetched_len, "advance steps over it");

	/* Bytes that came with the exit are not fetched again. */
	START(EMUL_MODE_LONG64, "\xcc");
	memcpy(w.c.fetched, "\x89\xd8", 2);
	w.c.fetched_len = 2;
	w.gpr[EMUL_RBX] = 0x77;
	tap_ok(ran(2) && w.gpr[EMUL_RAX] == 0x77, "given bytes are used");
}

int main(void)
{
	test_control();
	test_tables();
	test_calls();
	test_registers();
	test_interrupts();
	test_segments();
	test_far();
	test_vectors();
	test_availability();
	test_fpu_words();
	test_races();
	test_stack16();
	test_advance();
	return tap_done();
}
