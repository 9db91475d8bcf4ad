/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The opcode tables: eight bytes an opcode, one array of 256 for each map of
 * legacy opcodes, arrays of eight for the groups that ModRM.reg selects from.
 * An entry tells the decoder what follows the opcode, and the executor which
 * handler runs with which operands. Only decode.c and the exec files use this.
 */
#ifndef VMM_EMUL_TABLE_H
#define VMM_EMUL_TABLE_H

#include "emul.h"

/* What follows the opcode (low four bits of the attributes). */
enum emul_imm {
	IMM_NONE,
	IMM_B,		/* byte, sign-extended to the operand size */
	IMM_UB,		/* byte, zero-extended */
	IMM_W,		/* word, zero-extended */
	IMM_Z,		/* word or doubleword, sign-extended */
	IMM_V,		/* word, doubleword or quadword */
	IMM_FAR,	/* offset, then selector */
	IMM_ENTER,	/* word, byte */
	IMM_OFFS,	/* as wide as an address */
	IMM_REL8,
	IMM_RELZ,
	IMM_3DNOW,	/* opcode suffix */
	IMM_D,		/* doubleword whatever the operand size (XOP) */
};

#define A_IMM		0x0000000f
#define A_MODRM		0x00000010
#define A_BYTE		0x00000020	/* operands are bytes */
#define A_D64		0x00000040	/* 64-bit operands by default there */
#define A_F64		0x00000080	/* 64-bit operands always there */
#define A_NO64		0x00000100	/* undefined in 64-bit mode */
#define A_LOCK		0x00000200	/* LOCK is fine on a memory operand */
#define A_PRIV		0x00000400	/* CPL 0 only */
#define A_MEM		0x00001000	/* memory operand only */
#define A_REG		0x00002000	/* register operand only */
#define A_GROUP		0x00004000	/* fn is a group number */
#define A_CRDR		0x00008000	/* ModRM.mod is taken as 3 */
#define A_PROT		0x00010000	/* undefined in real and vm86 mode */
#define A_BRANCH	0x00020000	/* near branch: A_F64 unless AMD and 66 */
#define A_IMMGRP	0x00040000	/* immediate only for ModRM.reg 0 and 1 */
#define A_PP		0x00080000	/* 66/F2/F3 select the instruction */
#define A_EXTRQ		0x00100000	/* two byte immediates after 66 or F2 */
#define A_PREFIX	0x00200000	/* may be a prefix, REX included */
#define A_ESCAPE	0x00400000	/* may lead to another map */
#define A_VEX		0x00800000	/* exists with VEX, too */
#define A_RARE		(A_NO64 | A_PROT | A_MEM | A_REG)

/* Operand kinds: destination in the high nibble, source in the low one. */
enum emul_kind {
	O_NONE,
	O_E,		/* register or memory by ModRM */
	O_G,		/* register by ModRM.reg */
	O_A,		/* accumulator */
	O_Z,		/* register in the opcode */
	O_I,		/* immediate */
	O_1,		/* the constant one */
	O_C,		/* CL */
	O_O,		/* memory at the offset in the immediate */
	O_D,		/* DX */
	O_S,		/* segment register by ModRM.reg */
};

#define OPS(dst, src)	((O_##dst) << 4 | (O_##src))
#define OPS_DST(ops)	((ops) >> 4)
#define OPS_SRC(ops)	((ops) & 15)

/*
 * Handlers, an index into the executor's table. X_UD: no such instruction, and
 * what an entry that is not listed has; X_STOP: there is one, not emulated.
 */
enum emul_fn {
	X_UD,
	X_STOP,
	X_NOP,
	X_ALU,
	X_UNARY,
	X_SHIFT,
	X_SHXD,
	X_MUL,
	X_IMUL2,
	X_DIV,
	X_BT,
	X_BITSCAN,
	X_MOV,
	X_MOVZX,
	X_MOVSX,
	X_MOVNTI,
	X_MOVBE,
	X_LEA,
	X_XCHG,
	X_XADD,
	X_CMPXCHG,
	X_CMPXCHG8B,
	X_SETCC,
	X_CMOV,
	X_BSWAP,
	X_CBW,
	X_CWD,
	X_XLAT,
	X_LAHF,
	X_FLAG,
	X_PUSH,
	X_POP,
	X_PUSHA,
	X_POPA,
	X_PUSHF,
	X_POPF,
	X_PUSHSEG,
	X_POPSEG,
	X_ENTER,
	X_LEAVE,
	X_CALL,
	X_JMP,
	X_JCC,
	X_LOOP,
	X_RET,
	X_FAR,
	X_MOVSEG,
	X_MOVTOSEG,
	X_LSEG,
	X_STRING,
	X_IN,
	X_OUT,
	X_MOVCR,
	X_MOVTOCR,
	X_MOVDR,
	X_MOVTODR,
	X_CLTS,
	X_MSR,
	X_CPUID,
	X_RDTSC,
	X_HLT,
	X_SYS,
	X_GRP7REG,
	X_TABLE,
	X_SMSW,
	X_LMSW,
	X_STRSEL,
	X_FENCE,
	X_VECMOV,
	X_MXCSR,
	X_X87CTL,
	X_NR,
};

/* ALU operations, in ModRM.reg order of group 1. */
enum emul_aluop {
	ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP,
	ALU_TEST,
};

enum emul_unary { UN_INC, UN_DEC, UN_NOT, UN_NEG };
enum emul_bt { BT_BT, BT_BTS, BT_BTR, BT_BTC };
enum emul_scan { SCAN_BSF, SCAN_BSR, SCAN_POPCNT };

enum emul_string {
	STR_MOVS, STR_CMPS, STR_STOS, STR_LODS, STR_SCAS, STR_INS, STR_OUTS,
};

enum emul_flagop {
	FLAG_CMC, FLAG_CLC, FLAG_STC, FLAG_CLI, FLAG_STI, FLAG_CLD, FLAG_STD,
};

enum emul_far { FAR_CALL, FAR_JMP, FAR_RET };

/* Control and status words of the x87. */
enum emul_x87ctl { X87_FLDCW, X87_FNSTCW, X87_FNSTSW };

/* Vector moves; which prefixes they exist with is exec_vec.c's. */
enum emul_vecmov {
	VEC_10, VEC_11,		/* MOVUPS/MOVUPD/MOVSS/MOVSD */
	VEC_12, VEC_13,		/* MOVLPS/MOVLPD */
	VEC_16, VEC_17,		/* MOVHPS/MOVHPD */
	VEC_28, VEC_29,		/* MOVAPS/MOVAPD */
	VEC_2B,			/* MOVNTPS/MOVNTPD */
	VEC_6E, VEC_7E,		/* MOVD/MOVQ with a general register's width */
	VEC_6F, VEC_7F,		/* MOVDQA/MOVDQU, MOVQ with an MMX register */
	VEC_D6,			/* MOVQ */
	VEC_E7,			/* MOVNTDQ, MOVNTQ */
	VEC_F0,			/* LDDQU */
	VEC_382A,		/* MOVNTDQA */
};

/**
 * struct emul_opcode - what is known of an opcode
 * @attr:	A_* and enum emul_imm
 * @fn:		enum emul_fn, or the group's number with A_GROUP
 * @arg:	which of the handler's operations
 * @opnds:	OPS(), 0 in a group's entry: the opcode's own
 * @pad:	zero
 */
struct emul_opcode {
	u32 attr;
	u8 fn;
	u8 arg;
	u8 opnds;
	u8 pad;
};

enum emul_group {
	G1, G1A, G2, G3, G4, G5, G6, G7, G8, G9, G11, G15,
	GD9, GDD,		/* x87 */
	EMUL_NR_GROUP,
};

extern const struct emul_opcode emul_map1[256];
extern const struct emul_opcode emul_map0f[256];
extern const struct emul_opcode emul_map0f38[256];
extern const struct emul_opcode emul_map0f3a;
extern const struct emul_opcode emul_3dnow;
extern const struct emul_opcode emul_vexop;
extern const struct emul_opcode emul_groups[EMUL_NR_GROUP][8];

#endif
