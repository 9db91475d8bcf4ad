/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The instruction forms that emul_native runs: their encodings, what operands
 * they take, and which flags they leave undefined.
 */
#ifndef EMUL_NATIVE_FORMS_H
#define EMUL_NATIVE_FORMS_H

#include <stdarg.h>

#define ARITH (X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
	       X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF)

enum special { S_NONE, S_SHIFT, S_ROT, S_SHXD, S_DIV, S_BT, S_STRING, S_STACK,
	       S_BRANCH, S_RET, S_CX, S_XLAT, S_INDIRECT, S_POPF, S_FRAME };

#define F_BYTE	1
#define F_LOCK	2	/* may be locked in memory */
#define F_MEM	4
#define F_REG	8
#define F_D64	16	/* no 32-bit form */
#define F_NO16	32
#define F_ONE	64	/* operand size prefixes make no difference */

struct form {
	const char *name;
	u8 op[3];
	u8 oplen;
	u8 pfx;
	s8 digit;	/* ModRM.reg, -1: a register, -2: no ModRM */
	char imm;	/* b, z, v, w, o, e */
	u8 flags;
	u8 special;
	u64 undef;
};

#define MAX_FORMS 600
static struct form forms[MAX_FORMS];
static unsigned int nr_forms;

static void add(const char *name, u8 b0, int b1, s8 digit, char imm, u8 flags,
		u8 special, u64 undef)
{
	struct form *f = &forms[nr_forms++];

	f->name = name;
	f->op[0] = b0;
	f->oplen = 1;
	if (b1 >= 0)
		f->op[f->oplen++] = b1;
	f->digit = digit;
	f->imm = imm;
	f->flags = flags;
	f->special = special;
	f->undef = undef;
}

static const char *label(const char *fmt, ...)
{
	static char pool[MAX_FORMS][24];
	char *p = pool[nr_forms];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p, 24, fmt, ap);
	va_end(ap);
	return p;
}

static void add_alu(void)
{
	static const char *const names[] = {
		"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp",
	};
	unsigned int i;

	for (i = 0; i < 8; i++) {
		u8 b = i * 8, lock = i == 7 ? 0 : F_LOCK;
		const char *n = names[i];

		add(label("%s Eb,Gb", n), b, -1, -1, 0, F_BYTE | lock, 0, 0);
		add(label("%s Ev,Gv", n), b + 1, -1, -1, 0, lock, 0, 0);
		add(label("%s Gb,Eb", n), b + 2, -1, -1, 0, F_BYTE, 0, 0);
		add(label("%s Gv,Ev", n), b + 3, -1, -1, 0, 0, 0, 0);
		add(label("%s al,Ib", n), b + 4, -1, -2, 'b', F_BYTE, 0, 0);
		add(label("%s rax,Iz", n), b + 5, -1, -2, 'z', 0, 0, 0);
		add(label("%s Eb,Ib", n), 0x80, -1, i, 'b', F_BYTE | lock, 0, 0);
		add(label("%s Ev,Iz", n), 0x81, -1, i, 'z', lock, 0, 0);
		add(label("%s Ev,Ib", n), 0x83, -1, i, 'b', lock, 0, 0);
	}
	add("test Eb,Gb", 0x84, -1, -1, 0, F_BYTE, 0, 0);
	add("test Ev,Gv", 0x85, -1, -1, 0, 0, 0, 0);
	add("test al,Ib", 0xa8, -1, -2, 'b', F_BYTE, 0, 0);
	add("test rax,Iz", 0xa9, -1, -2, 'z', 0, 0, 0);
	add("test Eb,Ib", 0xf6, -1, 0, 'b', F_BYTE, 0, 0);
	add("test Ev,Iz /1", 0xf7, -1, 1, 'z', 0, 0, 0);
	add("not Eb", 0xf6, -1, 2, 0, F_BYTE | F_LOCK, 0, 0);
	add("not Ev", 0xf7, -1, 2, 0, F_LOCK, 0, 0);
	add("neg Eb", 0xf6, -1, 3, 0, F_BYTE | F_LOCK, 0, 0);
	add("neg Ev", 0xf7, -1, 3, 0, F_LOCK, 0, 0);
	add("inc Eb", 0xfe, -1, 0, 0, F_BYTE | F_LOCK, 0, 0);
	add("inc Ev", 0xff, -1, 0, 0, F_LOCK, 0, 0);
	add("dec Eb", 0xfe, -1, 1, 0, F_BYTE | F_LOCK, 0, 0);
	add("dec Ev", 0xff, -1, 1, 0, F_LOCK, 0, 0);
}

static void add_muldiv(void)
{
	const u64 mul = X86_EFLAGS_SF | X86_EFLAGS_ZF | X86_EFLAGS_AF |
			X86_EFLAGS_PF;

	add("mul Eb", 0xf6, -1, 4, 0, F_BYTE, 0, mul);
	add("mul Ev", 0xf7, -1, 4, 0, 0, 0, mul);
	add("imul Eb", 0xf6, -1, 5, 0, F_BYTE, 0, mul);
	add("imul Ev", 0xf7, -1, 5, 0, 0, 0, mul);
	add("imul Gv,Ev", 0x0f, 0xaf, -1, 0, 0, 0, mul);
	add("imul Gv,Ev,Iz", 0x69, -1, -1, 'z', 0, 0, mul);
	add("imul Gv,Ev,Ib", 0x6b, -1, -1, 'b', 0, 0, mul);
	add("div Eb", 0xf6, -1, 6, 0, F_BYTE, S_DIV, ARITH);
	add("div Ev", 0xf7, -1, 6, 0, 0, S_DIV, ARITH);
	add("idiv Eb", 0xf6, -1, 7, 0, F_BYTE, S_DIV, ARITH);
	add("idiv Ev", 0xf7, -1, 7, 0, 0, S_DIV, ARITH);
}

static void add_shifts(void)
{
	static const char *const names[] = {
		"rol", "ror", "rcl", "rcr", "shl", "shr", "sal", "sar",
	};
	unsigned int i;

	for (i = 0; i < 8; i++) {
		u8 s = i < 4 ? S_ROT : S_SHIFT;
		const char *n = names[i];

		add(label("%s Eb,Ib", n), 0xc0, -1, i, 'b', F_BYTE, s, 0);
		add(label("%s Ev,Ib", n), 0xc1, -1, i, 'b', 0, s, 0);
		add(label("%s Eb,1", n), 0xd0, -1, i, 0, F_BYTE, s, 0);
		add(label("%s Ev,1", n), 0xd1, -1, i, 0, 0, s, 0);
		add(label("%s Eb,cl", n), 0xd2, -1, i, 0, F_BYTE, s, 0);
		add(label("%s Ev,cl", n), 0xd3, -1, i, 0, 0, s, 0);
	}
	add("shld Ev,Gv,Ib", 0x0f, 0xa4, -1, 'b', 0, S_SHXD, 0);
	add("shld Ev,Gv,cl", 0x0f, 0xa5, -1, 0, 0, S_SHXD, 0);
	add("shrd Ev,Gv,Ib", 0x0f, 0xac, -1, 'b', 0, S_SHXD, 0);
	add("shrd Ev,Gv,cl", 0x0f, 0xad, -1, 0, 0, S_SHXD, 0);
}

static void add_bits(void)
{
	static const char *const names[] = { "bt", "bts", "btr", "btc" };
	const u64 undef = ARITH & ~(X86_EFLAGS_CF | X86_EFLAGS_ZF);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		u8 lock = i ? F_LOCK : 0;

		add(label("%s Ev,Gv", names[i]), 0x0f, 0xa3 + i * 8, -1, 0,
		    lock, S_BT, undef);
		add(label("%s Ev,Ib", names[i]), 0x0f, 0xba, 4 + i, 'b', lock,
		    S_BT, undef);
	}
	add("bsf", 0x0f, 0xbc, -1, 0, 0, 0, ARITH & ~X86_EFLAGS_ZF);
	add("bsr", 0x0f, 0xbd, -1, 0, 0, 0, ARITH & ~X86_EFLAGS_ZF);
	add("tzcnt", 0x0f, 0xbc, -1, 0, 0, 0,
	    ARITH & ~(X86_EFLAGS_ZF | X86_EFLAGS_CF));
	forms[nr_forms - 1].pfx = 0xf3;
	add("lzcnt", 0x0f, 0xbd, -1, 0, 0, 0,
	    ARITH & ~(X86_EFLAGS_ZF | X86_EFLAGS_CF));
	forms[nr_forms - 1].pfx = 0xf3;
	add("popcnt", 0x0f, 0xb8, -1, 0, 0, 0, 0);
	forms[nr_forms - 1].pfx = 0xf3;
}

static void add_moves(void)
{
	unsigned int i;

	add("mov Eb,Gb", 0x88, -1, -1, 0, F_BYTE, 0, 0);
	add("mov Ev,Gv", 0x89, -1, -1, 0, 0, 0, 0);
	add("mov Gb,Eb", 0x8a, -1, -1, 0, F_BYTE, 0, 0);
	add("mov Gv,Ev", 0x8b, -1, -1, 0, 0, 0, 0);
	add("mov Eb,Ib", 0xc6, -1, 0, 'b', F_BYTE, 0, 0);
	add("mov Ev,Iz", 0xc7, -1, 0, 'z', 0, 0, 0);
	add("mov al,Ob", 0xa0, -1, -2, 'o', F_BYTE, 0, 0);
	add("mov rax,Ov", 0xa1, -1, -2, 'o', 0, 0, 0);
	add("mov Ob,al", 0xa2, -1, -2, 'o', F_BYTE, 0, 0);
	add("mov Ov,rax", 0xa3, -1, -2, 'o', 0, 0, 0);
	for (i = 0; i < 8; i++) {
		add(label("mov r%ub,Ib", i), 0xb0 + i, -1, -2, 'b', F_BYTE, 0,
		    0);
		add(label("mov r%u,Iv", i), 0xb8 + i, -1, -2, 'v', 0, 0, 0);
		add(label("xchg r%u,rax", i), 0x90 + i, -1, -2, 0, 0, 0, 0);
		add(label("bswap r%u", i), 0x0f, 0xc8 + i, -2, 0, F_NO16, 0,
		    0);
	}
	add("movzx Gv,Eb", 0x0f, 0xb6, -1, 0, 0, 0, 0);
	add("movzx Gv,Ew", 0x0f, 0xb7, -1, 0, 0, 0, 0);
	add("movsx Gv,Eb", 0x0f, 0xbe, -1, 0, 0, 0, 0);
	add("movsx Gv,Ew", 0x0f, 0xbf, -1, 0, 0, 0, 0);
	add("movsxd Gv,Ev", 0x63, -1, -1, 0, 0, 0, 0);
	add("movnti", 0x0f, 0xc3, -1, 0, F_MEM | F_NO16, 0, 0);
	add("lea", 0x8d, -1, -1, 0, F_MEM, 0, 0);
	add("xchg Eb,Gb", 0x86, -1, -1, 0, F_BYTE | F_LOCK, 0, 0);
	add("xchg Ev,Gv", 0x87, -1, -1, 0, F_LOCK, 0, 0);
	add("xadd Eb,Gb", 0x0f, 0xc0, -1, 0, F_BYTE | F_LOCK, 0, 0);
	add("xadd Ev,Gv", 0x0f, 0xc1, -1, 0, F_LOCK, 0, 0);
	add("cmpxchg Eb,Gb", 0x0f, 0xb0, -1, 0, F_BYTE | F_LOCK, 0, 0);
	add("cmpxchg Ev,Gv", 0x0f, 0xb1, -1, 0, F_LOCK, 0, 0);
	add("cmpxchg8b", 0x0f, 0xc7, 1, 0, F_MEM | F_LOCK | F_NO16 | F_ONE, 0,
	    0);
	add("cmpxchg16b", 0x0f, 0xc7, 1, 0, F_MEM | F_LOCK | F_NO16, 0, 0);
	add("cbw", 0x98, -1, -2, 0, 0, 0, 0);
	add("cwd", 0x99, -1, -2, 0, 0, 0, 0);
	add("xlat", 0xd7, -1, -2, 0, F_BYTE, S_XLAT, 0);
	add("lahf", 0x9f, -1, -2, 0, F_BYTE, 0, 0);
	add("sahf", 0x9e, -1, -2, 0, F_BYTE, 0, 0);
	add("cmc", 0xf5, -1, -2, 0, F_BYTE, 0, 0);
	add("clc", 0xf8, -1, -2, 0, F_BYTE, 0, 0);
	add("stc", 0xf9, -1, -2, 0, F_BYTE, 0, 0);
	add("cld", 0xfc, -1, -2, 0, F_BYTE, 0, 0);
	add("std", 0xfd, -1, -2, 0, F_BYTE, 0, 0);
	add("nop Ev", 0x0f, 0x1f, 0, 0, 0, 0, 0);
	for (i = 0; i < 16; i++) {
		add(label("set%u Eb", i), 0x0f, 0x90 + i, 0, 0, F_BYTE, 0, 0);
		add(label("cmov%u", i), 0x0f, 0x40 + i, -1, 0, 0, 0, 0);
		add(label("j%u Jb", i), 0x70 + i, -1, -2, 'b', F_ONE, S_BRANCH,
		    0);
		add(label("j%u Jz", i), 0x0f, 0x80 + i, -2, 'z', F_ONE,
		    S_BRANCH, 0);
	}
	for (i = 0; i < 2; i++) {
		add(label("movbe %u", i), 0x0f, 0x38, -1, 0, F_MEM, 0, 0);
		forms[nr_forms - 1].op[2] = 0xf0 + i;
		forms[nr_forms - 1].oplen = 3;
	}
}

static void add_strings(void)
{
	static const struct {
		const char *name;
		u8 op;
	} s[] = {
		{ "movs", 0xa4 }, { "cmps", 0xa6 }, { "stos", 0xaa },
		{ "lods", 0xac }, { "scas", 0xae },
	};
	static const u8 pfx[] = { 0, 0xf2, 0xf3 };
	unsigned int i, j;

	for (i = 0; i < 5; i++)
		for (j = 0; j < 3; j++) {
			add(label("%02x %sb", pfx[j], s[i].name), s[i].op, -1,
			    -2, 0, F_BYTE, S_STRING, 0);
			forms[nr_forms - 1].pfx = pfx[j];
			add(label("%02x %sv", pfx[j], s[i].name), s[i].op + 1,
			    -1, -2, 0, 0, S_STRING, 0);
			forms[nr_forms - 1].pfx = pfx[j];
		}
}

static void add_stack(void)
{
	add("push r", 0x50, -1, -2, 0, F_D64, S_STACK, 0);
	add("pop r", 0x58, -1, -2, 0, F_D64, S_STACK, 0);
	add("push Ev", 0xff, -1, 6, 0, F_D64, S_STACK, 0);
	add("pop Ev", 0x8f, -1, 0, 0, F_D64, S_STACK, 0);
	add("push Iz", 0x68, -1, -2, 'z', F_D64, S_STACK, 0);
	add("push Ib", 0x6a, -1, -2, 'b', F_D64, S_STACK, 0);
	add("popf", 0x9d, -1, -2, 0, F_D64 | F_ONE, S_POPF, 0);
	add("enter", 0xc8, -1, -2, 'e', F_D64, S_FRAME, 0);
	add("leave", 0xc9, -1, -2, 0, F_D64, S_FRAME, 0);
	add("call Jz", 0xe8, -1, -2, 'z', F_D64 | F_ONE, S_BRANCH, 0);
	add("jmp Jz", 0xe9, -1, -2, 'z', F_D64 | F_ONE, S_BRANCH, 0);
	add("jmp Jb", 0xeb, -1, -2, 'b', F_D64 | F_ONE, S_BRANCH, 0);
	add("call Ev", 0xff, -1, 2, 0, F_D64 | F_ONE | F_REG, S_INDIRECT, 0);
	add("jmp Ev", 0xff, -1, 4, 0, F_D64 | F_ONE | F_REG, S_INDIRECT, 0);
	add("ret", 0xc3, -1, -2, 0, F_D64 | F_ONE, S_RET, 0);
	add("ret Iw", 0xc2, -1, -2, 'w', F_D64 | F_ONE, S_RET, 0);
	add("loopne", 0xe0, -1, -2, 'b', F_ONE, S_CX, 0);
	add("loope", 0xe1, -1, -2, 'b', F_ONE, S_CX, 0);
	add("loop", 0xe2, -1, -2, 'b', F_ONE, S_CX, 0);
	add("jrcxz", 0xe3, -1, -2, 'b', F_ONE, S_CX, 0);
}

static void add_forms(void)
{
	add_alu();
	add_muldiv();
	add_shifts();
	add_bits();
	add_moves();
	add_strings();
	add_stack();
}

#endif
