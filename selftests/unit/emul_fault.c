// SPDX-License-Identifier: GPL-2.0
/*
 * Exceptions: each case runs one instruction that has to fault with a given
 * vector and error code, or has to get by just so, and a fault must change
 * nothing.
 */
#include <linux/kernel.h>

#include "tap.h"
#include "emul_world.h"

enum { DE = 0, UD = 6, NM = 7, NP = 11, SS = 12, GP = 13, PF = 14, AC = 17,
       NONE = 99 };

#define L EMUL_MODE_LONG64
#define P EMUL_MODE_PROT32
#define Q EMUL_MODE_PROT16
#define R EMUL_MODE_REAL
#define V EMUL_MODE_VM86

static struct world w;

struct fcase {
	const char *name;
	u8 mode;
	u8 bytes[16];
	u8 len;
	void (*setup)(void);
	u8 vector;
	u32 error;
};

static void user(void)
{
	w.c.cpl = 3;
}

static void user_iopl3(void)
{
	w.c.cpl = 3;
	w.c.rflags |= X86_EFLAGS_IOPL;
}

static void noncanonical(void)
{
	w.gpr[EMUL_RBX] = 0x0000800000000000ull;
}

static void noncanonical_sp(void)
{
	w.gpr[EMUL_RSP] = 0x0000800000000004ull;
	w.gpr[EMUL_RBP] = 0x0000800000000000ull;
}

static void last_canonical(void)
{
	w.gpr[EMUL_RBX] = 0x00007ffffffffffdull;
}

static void la57(void)
{
	w.gpr[EMUL_RBX] = 0x0000800000000000ull;
	w.c.la57 = true;
}

static void gs_wraps(void)
{
	w.segs[EMUL_GS].base = 0x0000700000000000ull;
	w.gpr[EMUL_RBX] = 0x0000100000000000ull;
}

static void ds_limit(void)
{
	w.segs[EMUL_DS].base = RAM_BASE;
	w.segs[EMUL_DS].limit = 0xfff;
	w.gpr[EMUL_RBX] = 0xffd;
}

static void ds_limit_fits(void)
{
	ds_limit();
	w.gpr[EMUL_RBX] = 0xffc;
}

static void ds_wrap(void)
{
	w.gpr[EMUL_RBX] = 0xffffffff;
}

static void expand_down(void)
{
	ds_limit();
	w.segs[EMUL_DS].ar |= EMUL_AR_DC;
	w.gpr[EMUL_RBX] = 0xfff;
}

static void expand_down_fits(void)
{
	expand_down();
	w.gpr[EMUL_RBX] = 0x1000;
}

static void expand_down_top(void)
{
	expand_down();
	w.segs[EMUL_DS].ar &= ~EMUL_AR_DB;
	w.gpr[EMUL_RBX] = 0xfffe;
}

static void ss_limit(void)
{
	w.segs[EMUL_SS].limit = 0xfff;
	w.gpr[EMUL_RSP] = 0x1001;
	w.gpr[EMUL_RBP] = 0xffe;
}

static void read_only(void)
{
	w.segs[EMUL_DS].ar &= ~EMUL_AR_RW;
	w.gpr[EMUL_RBX] = RAM_BASE;
}

static void to_ram(void)
{
	w.gpr[EMUL_RBX] = RAM_BASE + 16;
	w.gpr[EMUL_RSP] = RAM_BASE + 0x1000;
	w.gpr[EMUL_RSI] = RAM_BASE;
	w.gpr[EMUL_RDI] = RAM_BASE + 64;
}

static void execute_only(void)
{
	to_ram();
	w.segs[EMUL_CS].ar &= ~EMUL_AR_RW;
}

static void null_ds(void)
{
	to_ram();
	w.segs[EMUL_DS].ar = 0;
}

static void unmapped(void)
{
	w.gpr[EMUL_RBX] = 0x5000;
	w.gpr[EMUL_RDI] = 0x5000;
	w.gpr[EMUL_RSP] = 0x5000;
	w.gpr[EMUL_RSI] = RAM_BASE;
	w.gpr[EMUL_RCX] = 4;
}

static void zero_divisor(void)
{
	w.gpr[EMUL_RAX] = 5;
}

static void min_by_minus_one(void)
{
	w.gpr[EMUL_RAX] = 0x80000000;
	w.gpr[EMUL_RDX] = 0xffffffff;
	w.gpr[EMUL_RCX] = 0xffffffff;
}

static void alignment(void)
{
	to_ram();
	w.gpr[EMUL_RBX]++;
	w.c.cpl = 3;
	w.c.rflags |= X86_EFLAGS_AC;
	w.cr[0] |= X86_CR0_AM;
}

static void alignment_kernel(void)
{
	alignment();
	w.c.cpl = 0;
}

static void misaligned16(void)
{
	w.gpr[EMUL_RBX] = RAM_BASE + 8;
}

static void task_switched(void)
{
	to_ram();
	w.cr[0] |= X86_CR0_TS;
}

static void no_sse(void)
{
	to_ram();
	w.cr[4] &= ~X86_CR4_OSFXSR;
}

static void real_word_end(void)
{
	w.gpr[EMUL_RBX] = 0xffff;
	w.gpr[EMUL_RBP] = 0xffff;
}

static void cs_limit(void)
{
	w.segs[EMUL_CS].limit = (u32)CODE_BASE + 3;
}

static void cs_limit_fits(void)
{
	w.segs[EMUL_CS].limit = (u32)CODE_BASE + 4;
}

static void jump_far_out(void)
{
	w.segs[EMUL_CS].limit = (u32)CODE_BASE + 8;
}

static void rip_noncanonical(void)
{
	w.gpr[EMUL_RBX] = 0x0000800000000000ull;
	w.gpr[EMUL_RSP] = RAM_BASE + 0x1000;
}

static void io_map(u16 at, u8 bits, u16 limit)
{
	w.c.cpl = 3;
	w.segs[EMUL_TR].base = RAM_BASE;
	w.segs[EMUL_TR].limit = limit;
	memcpy(w.ram + 102, &at, 2);
	w.ram[at + 0x60 / 8] = bits;
	w.gpr[EMUL_RDX] = 0x60;
}

static void io_denied(void)
{
	io_map(0x68, 0x02, 0x200);
}

static void io_granted(void)
{
	io_map(0x68, 0xfc, 0x200);
}

static void io_beyond(void)
{
	io_map(0x68, 0, 0x68 + 0x60 / 8);
}

static void io_none(void)
{
	io_map(0x68, 0, 0x67);
}

static void umip(void)
{
	user();
	to_ram();
	w.cr[4] |= X86_CR4_UMIP;
}

static void user_ram(void)
{
	user();
	to_ram();
}

static void tsd(void)
{
	user();
	w.cr[4] |= X86_CR4_TSD;
}

static void debug_ext(void)
{
	w.cr[4] |= X86_CR4_DE;
}

static void dr_high(void)
{
	w.gpr[EMUL_RAX] = 1ull << 32;
}

static void lgdt_bad(void)
{
	to_ram();
	memset(w.ram + 16, 0x80, 10);
}

static void vm86_iopl0(void)
{
	w.c.rflags &= ~(u64)X86_EFLAGS_IOPL;
	w.gpr[EMUL_RSP] = 0x100;
}

/* A descriptor table at RAM_BASE + 0x2000; entry 2 as given. */
static void gdt(u64 desc)
{
	w.table_base[EMUL_GDT] = RAM_BASE + 0x2000;
	w.table_limit[EMUL_GDT] = 0x1f;
	memcpy(w.ram + 0x2010, &desc, 8);
	to_ram();
	w.gpr[EMUL_RAX] = 0x10;
}

static void gdt_data(void)
{
	gdt(0x00cf92000000ffffull);
}

static void gdt_absent(void)
{
	gdt(0x00cf12000000ffffull);
}

static void gdt_system(void)
{
	gdt(0x00cf82000000ffffull);
}

static void gdt_dpl0_user(void)
{
	gdt_data();
	w.c.cpl = 3;
	w.gpr[EMUL_RAX] = 0x13;
}

static void gdt_beyond(void)
{
	gdt_data();
	w.gpr[EMUL_RAX] = 0x20;
}

static void gdt_null(void)
{
	gdt_data();
	w.gpr[EMUL_RAX] = 0;
}

static void ldt_none(void)
{
	gdt_data();
	w.gpr[EMUL_RAX] = 0x14;
}

static const struct fcase cases[] = {
	{ "lock mov", L, { 0xf0, 0x89, 0x03 }, 3, to_ram, UD },
	{ "lock add to a register", L, { 0xf0, 0x01, 0xc3 }, 3, NULL, UD },
	{ "lock cmp", L, { 0xf0, 0x39, 0x03 }, 3, to_ram, UD },
	{ "lock bt", L, { 0xf0, 0x0f, 0xa3, 0x03 }, 4, to_ram, UD },
	{ "lock add to memory", L, { 0xf0, 0x01, 0x03 }, 3, to_ram, NONE },
	{ "ud2", L, { 0x0f, 0x0b }, 2, NULL, UD },
	{ "push es in 64-bit mode", L, { 0x06 }, 1, NULL, UD },
	{ "lea from a register", P, { 0x8d, 0xc0 }, 2, NULL, UD },
	{ "mov to cs", P, { 0x8e, 0xc8 }, 2, NULL, UD },
	{ "mov to segment 6", P, { 0x8e, 0xf0 }, 2, NULL, UD },
	{ "mov from cr1", L, { 0x0f, 0x20, 0xc8 }, 3, NULL, UD },
	{ "mov from dr4 with DE", L, { 0x0f, 0x21, 0xe0 }, 3, debug_ext, UD },
	{ "mov from dr4 without DE", L, { 0x0f, 0x21, 0xe0 }, 3, NULL, NONE },
	{ "mov to dr7, bit 32", L, { 0x0f, 0x23, 0xf8 }, 3, dr_high, GP },
	{ "sldt in real mode", R, { 0x0f, 0x00, 0xc0 }, 3, NULL, UD },
	{ "16 bytes", L, { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
			   0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90 },
	  16, NULL, GP },
	{ "15 bytes", L, { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
			   0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90 },
	  15, NULL, NONE },

	{ "hlt, user", L, { 0xf4 }, 1, user, GP },
	{ "clts, user", L, { 0x0f, 0x06 }, 2, user, GP },
	{ "wbinvd, user", L, { 0x0f, 0x09 }, 2, user, GP },
	{ "mov cr0, user", L, { 0x0f, 0x22, 0xc0 }, 3, user, GP },
	{ "mov dr0, user", L, { 0x0f, 0x21, 0xc0 }, 3, user, GP },
	{ "rdmsr, user", L, { 0x0f, 0x32 }, 2, user, GP },
	{ "lgdt, user", L, { 0x0f, 0x01, 0x13 }, 3, user_ram, GP },
	{ "invlpg, user", L, { 0x0f, 0x01, 0x3b }, 3, user_ram, GP },
	{ "lmsw, user", L, { 0x0f, 0x01, 0xf0 }, 3, user, GP },
	{ "cli, user, IOPL 0", L, { 0xfa }, 1, user, GP },
	{ "cli, user, IOPL 3", L, { 0xfa }, 1, user_iopl3, NONE },
	{ "sgdt, user, UMIP", L, { 0x0f, 0x01, 0x03 }, 3, umip, GP },
	{ "sgdt, user", L, { 0x0f, 0x01, 0x03 }, 3, user_ram, NONE },
	{ "rdtsc, user, TSD", L, { 0x0f, 0x31 }, 2, tsd, GP },
	{ "rdtsc, user", L, { 0x0f, 0x31 }, 2, user, NONE },
	{ "rdmsr unknown", L, { 0x0f, 0x32 }, 2, noncanonical_sp, NONE },
	{ "lgdt non-canonical base", L, { 0x0f, 0x01, 0x13 }, 3, lgdt_bad, GP },

	{ "load non-canonical", L, { 0x8b, 0x03 }, 2, noncanonical, GP },
	{ "load up to the hole", L, { 0x8b, 0x03 }, 2, last_canonical, GP },
	{ "with 57 bits it is a page fault", L, { 0x8b, 0x03 }, 2, la57, PF },
	{ "gs base makes it so", L, { 0x65, 0x8b, 0x03 }, 3, gs_wraps, GP },
	{ "ds override is ignored there", L, { 0x3e, 0x8b, 0x03 }, 3, null_ds,
	  NONE },
	{ "push non-canonical", L, { 0x50 }, 1, noncanonical_sp, SS },
	{ "load by rbp non-canonical", L, { 0x8b, 0x45, 0 }, 3,
	  noncanonical_sp, SS },

	{ "load over the limit", P, { 0x8b, 0x03 }, 2, ds_limit, GP },
	{ "load up to the limit", P, { 0x8b, 0x03 }, 2, ds_limit_fits, NONE },
	{ "load over 4 GiB", P, { 0x8b, 0x03 }, 2, ds_wrap, GP },
	{ "expand-down below", P, { 0x8b, 0x03 }, 2, expand_down, GP },
	{ "expand-down above", P, { 0x8b, 0x03 }, 2, expand_down_fits, NONE },
	{ "expand-down, 16-bit top", P, { 0x8b, 0x03 }, 2, expand_down_top,
	  GP },
	{ "push over the limit", P, { 0x50 }, 1, ss_limit, SS },
	{ "load by ebp over the limit", P, { 0x8b, 0x45, 0 }, 3, ss_limit, SS },
	{ "store to read-only", P, { 0x89, 0x03 }, 2, read_only, GP },
	{ "load from read-only", P, { 0x8b, 0x03 }, 2, read_only, NONE },
	{ "rmw to read-only", P, { 0x01, 0x03 }, 2, read_only, GP },
	{ "store to code", P, { 0x2e, 0x89, 0x03 }, 3, to_ram, GP },
	{ "load from code", P, { 0x2e, 0x8b, 0x03 }, 3, to_ram, NONE },
	{ "load from execute-only", P, { 0x2e, 0x8b, 0x03 }, 3, execute_only,
	  GP },
	{ "null segment", P, { 0x8b, 0x03 }, 2, null_ds, GP },
	{ "real mode, word at ffff", R, { 0x8b, 0x07 }, 2, real_word_end, GP },
	{ "real mode, byte at ffff", R, { 0x8a, 0x07 }, 2, real_word_end,
	  NONE },
	{ "vm86, stack word at ffff", V, { 0x8b, 0x46, 0 }, 3, real_word_end,
	  SS },

	{ "page fault, load", L, { 0x8b, 0x03 }, 2, unmapped, PF, 0 },
	{ "page fault, store", L, { 0x89, 0x03 }, 2, unmapped, PF, 2 },
	{ "page fault, cmovz not taken", L, { 0x0f, 0x45, 0x03 }, 3, unmapped,
	  PF, 0 },
	{ "page fault, push", L, { 0x50 }, 1, unmapped, PF, 2 },
	{ "page fault, pop", L, { 0x8f, 0x03 }, 2, unmapped, PF, 0 },
	{ "page fault, movs", L, { 0xa4 }, 1, unmapped, PF, 2 },
	{ "page fault, pusha", P, { 0x60 }, 1, unmapped, PF, 2 },

	{ "div by zero", L, { 0xf7, 0xf1 }, 2, zero_divisor, DE },
	{ "idiv overflow", L, { 0xf7, 0xf9 }, 2, min_by_minus_one, DE },
	{ "alignment, user", L, { 0x8b, 0x03 }, 2, alignment, AC },
	{ "alignment, byte", L, { 0x8a, 0x03 }, 2, alignment, NONE },
	{ "alignment, kernel", L, { 0x8b, 0x03 }, 2, alignment_kernel, NONE },
	{ "movaps misaligned", L, { 0x0f, 0x28, 0x03 }, 3, misaligned16, GP },
	{ "movups misaligned", L, { 0x0f, 0x10, 0x03 }, 3, misaligned16, NONE },
	{ "movdqa store misaligned", L, { 0x66, 0x0f, 0x7f, 0x03 }, 4,
	  misaligned16, GP },
	{ "movdqu store misaligned", L, { 0xf3, 0x0f, 0x7f, 0x03 }, 4,
	  misaligned16, NONE },
	{ "movups with TS", L, { 0x0f, 0x10, 0x03 }, 3, task_switched, NM },
	{ "movups without OSFXSR", L, { 0x0f, 0x10, 0x03 }, 3, no_sse, UD },
	{ "cmpxchg16b misaligned", L, { 0x48, 0x0f, 0xc7, 0x0b }, 4,
	  misaligned16, GP },
	{ "cmpxchg8b misaligned", L, { 0x0f, 0xc7, 0x0b }, 3, misaligned16,
	  NONE },

	{ "fetch over the limit", P, { 0xb8, 1, 2, 3, 4 }, 5, cs_limit, GP },
	{ "fetch up to the limit", P, { 0xb8, 1, 2, 3, 4 }, 5, cs_limit_fits,
	  NONE },
	{ "jump over the limit", P, { 0xeb, 0x10 }, 2, jump_far_out, GP },
	{ "jump within the limit", P, { 0xeb, 0x04 }, 2, jump_far_out, NONE },
	{ "jump to non-canonical", L, { 0xff, 0xe3 }, 2, rip_noncanonical, GP },
	{ "call to non-canonical", L, { 0xff, 0xd3 }, 2, rip_noncanonical, GP },

	{ "in, IOPL 0, no map", L, { 0xec }, 1, io_none, GP },
	{ "in, map allows", L, { 0xec }, 1, io_granted, NONE },
	{ "in, map denies the second byte", L, { 0x66, 0xed }, 2,
	  io_denied, GP },
	{ "in, map allows the first byte", L, { 0xec }, 1, io_denied, NONE },
	{ "in word, map allows both", L, { 0x66, 0xed }, 2, io_granted, NONE },
	{ "in dword, map denies two", L, { 0xed }, 1, io_granted, GP },
	{ "in, map too short", L, { 0xec }, 1, io_beyond, GP },
	{ "outs, IOPL 0, no map", L, { 0x6e }, 1, io_none, GP },
	{ "ins, IOPL 0, no map", L, { 0x6c }, 1, io_none, GP },
	{ "pushf, vm86, IOPL 0", V, { 0x9c }, 1, vm86_iopl0, GP },
	{ "cli, vm86, IOPL 0", V, { 0xfa }, 1, vm86_iopl0, GP },

	{ "mov ds, data", P, { 0x8e, 0xd8 }, 2, gdt_data, NONE },
	{ "mov ss, data", P, { 0x8e, 0xd0 }, 2, gdt_data, NONE },
	{ "mov ds, not present", P, { 0x8e, 0xd8 }, 2, gdt_absent, NP, 0x10 },
	{ "mov ss, not present", P, { 0x8e, 0xd0 }, 2, gdt_absent, SS, 0x10 },
	{ "mov ds, system segment", P, { 0x8e, 0xd8 }, 2, gdt_system, GP,
	  0x10 },
	{ "mov ds, too privileged", P, { 0x8e, 0xd8 }, 2, gdt_dpl0_user, GP,
	  0x10 },
	{ "mov ds, beyond the table", P, { 0x8e, 0xd8 }, 2, gdt_beyond, GP,
	  0x20 },
	{ "mov ds, null", P, { 0x8e, 0xd8 }, 2, gdt_null, NONE },
	{ "mov ss, null", P, { 0x8e, 0xd0 }, 2, gdt_null, GP, 0 },
	{ "mov ss, null, 64-bit kernel", L, { 0x8e, 0xd0 }, 2, gdt_null, NONE },
	{ "mov ds, no LDT", P, { 0x8e, 0xd8 }, 2, ldt_none, GP, 0x14 },
};

static bool run(const struct fcase *f)
{
	static struct world before;
	int rc;

	world_reset(&w, f->mode);
	world_code(&w, f->bytes, f->len);
	if (f->setup)
		f->setup();
	before = w;
	rc = emul_run(&w.c);
	if (f->vector == NONE) {
		if (rc == EMUL_EXCEPTION)
			tap_note("vector %u", w.c.exc.vector);
		return rc == EMUL_OK;
	}
	if (rc != EMUL_EXCEPTION || w.c.exc.vector != f->vector ||
	    w.c.exc.error_code != f->error) {
		tap_note("result %d vector %u error %#x (%s)", rc,
			 w.c.exc.vector, w.c.exc.error_code,
			 w.c.stop_why ? w.c.stop_why : "");
		return false;
	}
	if (w.c.exc.has_error != (f->vector == NP || f->vector == SS ||
				  f->vector == GP || f->vector == PF ||
				  f->vector == AC))
		return false;
	return !memcmp(before.gpr, w.gpr, sizeof(w.gpr)) &&
	       !memcmp(before.ram, w.ram, RAM_SIZE) &&
	       !memcmp(before.segs, w.segs, sizeof(w.segs)) &&
	       before.c.rip == w.c.rip && before.c.rflags == w.c.rflags &&
	       !emul_busy(&w.c);
}

/* The second page of an instruction is fetched only if it reaches there. */
static int no_second_page(struct world *wd, enum world_kind kind, u64 addr,
			  unsigned int len, unsigned int flags)
{
	if (kind == W_FETCH && addr >= CODE_BASE + 0x1000)
		return emul_raise_pf(&wd->c, addr, 0x10);
	return EMUL_OK;
}

static void test_fetch(void)
{
	static const u8 mov[] = { 0xb8, 1, 2, 3, 4 };

	world_reset(&w, EMUL_MODE_LONG64);
	w.hook = no_second_page;
	w.c.rip = CODE_BASE + 0x1000 - 5;
	w.code_at = w.c.rip;
	world_code(&w, mov, 5);
	tap_ok(emul_run(&w.c) == EMUL_OK, "ends with the page: one fetch");
	w.c.rip = CODE_BASE + 0x1000 - 4;
	w.code_at = w.c.rip;
	world_code(&w, mov, 5);
	tap_ok(emul_run(&w.c) == EMUL_EXCEPTION &&
	       w.c.exc.cr2 == CODE_BASE + 0x1000 &&
	       w.c.rip == CODE_BASE + 0x1000 - 4,
	       "goes beyond: the next page faults");
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		tap_ok(run(&cases[i]), "%s", cases[i].name);
	test_fetch();
	return tap_done();
}
