// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder: lengths of encodings that are easily got wrong, the fields it
 * fills in, every 16-bit addressing form, and what it says to bytes that are too
 * few or too many. (Lengths at large are the fuzzer's, against Zydis.)
 */
#include <string.h>

#include <linux/kernel.h>

#include "tap.h"
#include "emul/emul.h"

#define L EMUL_MODE_LONG64
#define P EMUL_MODE_PROT32
#define Q EMUL_MODE_PROT16
#define R EMUL_MODE_REAL
#define A EMUL_MODE_AMD

static const struct {
	const char *name;
	u8 mode;
	u8 len;		/* 0: not decodable; bit 7: undefined */
	u8 bytes[16];
} lengths[] = {
	{ "cpuid", L, 2, { 0x0f, 0xa2 } },
	{ "rdmsr", L, 2, { 0x0f, 0x32 } },
	{ "hlt", R, 1, { 0xf4 } },
	{ "mov cr0 with prefixes", L, 4, { 0x66, 0x0f, 0x22, 0xc0 } },
	{ "mov cr8", L, 4, { 0x44, 0x0f, 0x22, 0xc0 } },
	{ "mov cr0, mod 0 is a register", P, 3, { 0x0f, 0x20, 0x05, 0, 0, 0 } },
	{ "invlpg [rip+x]", L, 7, { 0x0f, 0x01, 0x3d } },
	{ "vmmcall", L, 3, { 0x0f, 0x01, 0xd9 } },
	{ "xsetbv", L, 3, { 0x0f, 0x01, 0xd1 } },
	{ "wbinvd", L, 2, { 0x0f, 0x09 } },
	{ "pause", L, 2, { 0xf3, 0x90 } },
	{ "mov moffs, 64 bit", L, 9, { 0xa1 } },
	{ "mov moffs, 67", L, 6, { 0x67, 0xa1 } },
	{ "mov moffs, 32 bit", P, 5, { 0xa1 } },
	{ "mov moffs, 32 bit, 67", P, 4, { 0x67, 0xa1 } },
	{ "mov r64, imm64", L, 10, { 0x48, 0xb8 } },
	{ "mov r32, imm32", L, 5, { 0xb8 } },
	{ "mov r16, imm16", L, 4, { 0x66, 0xb8 } },
	{ "REX before 66 is void", L, 5, { 0x48, 0x66, 0xb8 } },
	{ "REX.W beats 66", L, 11, { 0x66, 0x48, 0xb8 } },
	{ "mov m64, imm32", L, 7, { 0x48, 0xc7, 0x00 } },
	{ "test m, imm8", P, 3, { 0xf6, 0x00 } },
	{ "test /1 m, imm8", P, 3, { 0xf6, 0x08 } },
	{ "not m", P, 2, { 0xf6, 0x10 } },
	{ "test m, imm32", P, 6, { 0xf7, 0x00 } },
	{ "test m, imm16", Q, 4, { 0xf7, 0x00 } },
	{ "enter", L, 4, { 0xc8 } },
	{ "ret imm16", L, 3, { 0xc2 } },
	{ "call far", P, 7, { 0x9a } },
	{ "call far, 16 bit", Q, 5, { 0x9a } },
	{ "call far, 64 bit", L, 0x80 | 7, { 0x9a } },
	{ "jmp rel32 with 66", L, 6, { 0x66, 0xe9 } },
	{ "jmp rel16 with 66 on AMD", L | A, 4, { 0x66, 0xe9 } },
	{ "jmp with 66 REX.W on AMD", L | A, 7, { 0x66, 0x48, 0xe9 } },
	{ "jz rel16 with 66", P, 5, { 0x66, 0x0f, 0x84 } },
	{ "3DNow!", P, 4, { 0x0f, 0x0f, 0xc0, 0x9e } },
	{ "3DNow! with displacement", P, 8, { 0x0f, 0x0f, 0x05 } },
	{ "extrq", L, 6, { 0x66, 0x0f, 0x78, 0xc0 } },
	{ "insertq", L, 6, { 0xf2, 0x0f, 0x78, 0xc0 } },
	{ "vmread", L, 3, { 0x0f, 0x78, 0xc0 } },
	{ "pshufd", L, 5, { 0x66, 0x0f, 0x70, 0xc0 } },
	{ "pshufb", L, 5, { 0x66, 0x0f, 0x38, 0x00, 0xc0 } },
	{ "palignr", L, 6, { 0x66, 0x0f, 0x3a, 0x0f, 0xc0 } },
	{ "VEX2", L, 4, { 0xc5, 0xf8, 0x28, 0xc0 } },
	{ "VEX2 imm", L, 5, { 0xc5, 0xf9, 0x70, 0xc0 } },
	{ "vzeroupper", L, 3, { 0xc5, 0xf8, 0x77 } },
	{ "VEX3 0F38", L, 5, { 0xc4, 0xe2, 0x79, 0x18, 0xc0 } },
	{ "VEX3 0F3A", L, 6, { 0xc4, 0xe3, 0x79, 0x0f, 0xc0 } },
	{ "VEX3, map 0", L, 0, { 0xc4, 0xe0, 0x79, 0x0f, 0xc0 } },
	{ "VEX after 66", L, 0x80 | 5, { 0x66, 0xc5, 0xf8, 0x28, 0xc0 } },
	{ "les", P, 2, { 0xc4, 0x00 } },
	{ "VEX in 32 bit", P, 4, { 0xc5, 0xf8, 0x28, 0xc0 } },
	{ "no VEX in real mode", R, 0x80 | 2, { 0xc5, 0xf8, 0x28, 0xc0 } },
	{ "bound", P, 2, { 0x62, 0x00 } },
	{ "EVEX", L, 6, { 0x62, 0xf1, 0x7c, 0x48, 0x28, 0xc0 } },
	{ "EVEX disp8", L, 7, { 0x62, 0xf1, 0x7c, 0x48, 0x28, 0x40 } },
	{ "EVEX 0F3A", L, 7, { 0x62, 0xf3, 0x7d, 0x48, 0x0f, 0xc0 } },
	{ "XOP 8", L, 6, { 0x8f, 0xe8, 0x78, 0xc0, 0xc0 } },
	{ "XOP 9", L, 5, { 0x8f, 0xe9, 0x78, 0x90, 0xc0 } },
	{ "XOP A", L, 9, { 0x8f, 0xea, 0x78, 0x10, 0xc0 } },
	{ "pop r/m", L, 2, { 0x8f, 0xc0 } },
	{ "sib, no base", L, 7, { 0x8b, 0x04, 0x25 } },
	{ "sib disp8", L, 4, { 0x8b, 0x44, 0x24 } },
	{ "sib disp32", L, 7, { 0x8b, 0x84, 0x24 } },
	{ "[rbp]", L, 3, { 0x8b, 0x45 } },
	{ "[r13] needs a displacement", L, 4, { 0x41, 0x8b, 0x45 } },
	{ "[r12] needs a SIB", L, 4, { 0x41, 0x8b, 0x04, 0x24 } },
	{ "16-bit [disp16]", Q, 4, { 0x8b, 0x06 } },
	{ "16-bit [bp+disp8]", Q, 3, { 0x8b, 0x46 } },
	{ "67 in 32 bit", P, 5, { 0x67, 0x8b, 0x06 } },
	{ "ud0 has a ModRM", L, 0x80 | 3, { 0x0f, 0xff, 0xc0 } },
	{ "ud1 has a ModRM", L, 0x80 | 3, { 0x0f, 0xb9, 0xc0 } },
	{ "ud2 has none", L, 0x80 | 2, { 0x0f, 0x0b } },
	{ "lock nop", L, 0x80 | 2, { 0xf0, 0x90 } },
};

static void test_lengths(void)
{
	struct emul_insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		int rc = emul_decode(&insn, lengths[i].bytes, 16,
				     lengths[i].mode);
		bool undef = lengths[i].len & 0x80;
		bool good;

		if (!lengths[i].len)
			good = rc == EMUL_DEC_BAD;
		else
			good = rc == 0 && insn.len == (lengths[i].len & 0x7f) &&
			       undef == !!(insn.flags & EMUL_I_UNDEF);
		if (!tap_ok(good, "%s", lengths[i].name))
			tap_note("result %d length %u flags %#x", rc, insn.len,
				 insn.flags);
	}
}

/* Base, index and default segment of the 16-bit forms, from the manual. */
static void test_16bit(void)
{
	static const struct {
		u8 base, index, seg;
	} want[8] = {
		{ EMUL_RBX, EMUL_RSI, EMUL_DS }, { EMUL_RBX, EMUL_RDI, EMUL_DS },
		{ EMUL_RBP, EMUL_RSI, EMUL_SS }, { EMUL_RBP, EMUL_RDI, EMUL_SS },
		{ EMUL_RSI, EMUL_NO_REG, EMUL_DS },
		{ EMUL_RDI, EMUL_NO_REG, EMUL_DS },
		{ EMUL_RBP, EMUL_NO_REG, EMUL_SS },
		{ EMUL_RBX, EMUL_NO_REG, EMUL_DS },
	};
	unsigned int rm, mod;

	for (mod = 0; mod < 3; mod++)
		for (rm = 0; rm < 8; rm++) {
			u8 bytes[4] = { 0x8b, mod << 6 | rm, 0xfe, 0xff };
			u8 base = want[rm].base, seg = want[rm].seg;
			s32 disp = mod ? -2 : 0;
			struct emul_insn insn;
			int rc = emul_decode(&insn, bytes, 4, EMUL_MODE_REAL);

			if (mod == 0 && rm == 6) {
				base = EMUL_NO_REG;
				seg = EMUL_DS;
				disp = -2;
			}
			tap_ok(!rc && insn.base == base &&
			       insn.index == want[rm].index &&
			       insn.seg == seg && insn.disp == disp &&
			       insn.adsize == 2 && insn.opsize == 2,
			       "16-bit addressing, mod %u rm %u", mod, rm);
		}
}

static void test_fields(void)
{
	/* fs lock add qword [r9 + r10*4 - 8], 0x7f */
	static const u8 add[] = {
		0x64, 0xf0, 0x4b, 0x83, 0x44, 0x91, 0xf8, 0x7f,
	};
	static const u8 rip[] = { 0x8b, 0x0d, 0x10, 0, 0, 0 };
	static const u8 over[] = { 0x64, 0x2e, 0x8b, 0x00 };
	struct emul_insn i;

	tap_ok(!emul_decode(&i, add, sizeof(add), EMUL_MODE_LONG64) &&
	       i.len == 8 && i.base == EMUL_R9 && i.index == EMUL_R10 &&
	       i.scale == 2 && i.disp == -8 && i.imm == 0x7f &&
	       i.seg == EMUL_FS && i.opsize == 8 && i.adsize == 8 &&
	       i.flags == (EMUL_I_LOCK | EMUL_I_MODRM | EMUL_I_SIB |
			   EMUL_I_MEM) &&
	       i.imm_off == 7 && i.disp_off == 6, "fields of a full encoding");
	tap_ok(!emul_decode(&i, rip, sizeof(rip), EMUL_MODE_LONG64) &&
	       (i.flags & EMUL_I_RIPREL) && i.disp == 16 &&
	       i.base == EMUL_NO_REG, "RIP-relative in 64-bit mode");
	tap_ok(!emul_decode(&i, rip, sizeof(rip), EMUL_MODE_PROT32) &&
	       !(i.flags & EMUL_I_RIPREL), "absolute in 32-bit mode");
	tap_ok(!emul_decode(&i, over, 4, EMUL_MODE_LONG64) &&
	       i.seg == EMUL_FS, "cs after fs does not undo it there");
	tap_ok(!emul_decode(&i, over, 4, EMUL_MODE_PROT32) &&
	       i.seg == EMUL_CS, "and does elsewhere");
}

/* Cut short at every byte, an instruction asks for more. */
static void test_short(void)
{
	static const u8 insn[] = {
		0x66, 0x67, 0x64, 0x48, 0x81, 0x84, 0x24, 1, 2, 3, 4, 5, 6, 7,
		8,
	};
	u8 pfx[16];
	unsigned int n;
	bool good = true;

	for (n = 0; n < sizeof(insn); n++)
		good &= emul_insn_len(insn, n, EMUL_MODE_LONG64) ==
			EMUL_DEC_MORE;
	tap_ok(good, "a prefix of an instruction asks for more");
	tap_ok(emul_insn_len(insn, 15, EMUL_MODE_LONG64) == 15,
	       "15 bytes are an instruction");
	memset(pfx, 0x66, sizeof(pfx));
	tap_ok(emul_insn_len(pfx, 14, EMUL_MODE_LONG64) == EMUL_DEC_MORE,
	       "14 prefixes may become one");
	tap_ok(emul_insn_len(pfx, 15, EMUL_MODE_LONG64) == EMUL_DEC_LONG,
	       "15 may not");
	tap_ok(emul_insn_len(pfx, 16, EMUL_MODE_LONG64) == EMUL_DEC_LONG,
	       "nor 16");
}

int main(void)
{
	test_lengths();
	test_16bit();
	test_fields();
	test_short();
	return tap_done();
}
