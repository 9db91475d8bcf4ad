// SPDX-License-Identifier: GPL-2.0
/*
 * The opcode tables, in the order of the opcode maps. An opcode that is not
 * listed is undefined; its length is then that of the opcode alone. See table.h
 * for what an entry means.
 */
#include <linux/kernel.h>

#include "table.h"

#define OP(a, f, g, o)	{ .attr = (a), .fn = X_##f, .arg = (g), .opnds = (o) }
#define GRP(a, g, o)	{ .attr = (a) | A_MODRM | A_GROUP, .fn = (g), .opnds = (o) }
#define UNDEF		{ .fn = X_UD }
#define UNDEF_RM	{ .attr = A_MODRM, .fn = X_UD }
#define PREFIX		{ .attr = A_PREFIX, .fn = X_UD }
#define STOP(a)		{ .attr = (a), .fn = X_STOP }
#define STOP_RM		STOP(A_MODRM)

#define M		A_MODRM
#define BM		(A_MODRM | A_BYTE)
#define VM		(A_MODRM | A_PP | A_VEX)

/* The six encodings of an ALU operation at the start of each row half. */
#define ALU_ROW(base, op, lock)						\
	[(base) + 0] = OP(BM | (lock), ALU, op, OPS(E, G)),		\
	[(base) + 1] = OP(M | (lock), ALU, op, OPS(E, G)),		\
	[(base) + 2] = OP(BM, ALU, op, OPS(G, E)),			\
	[(base) + 3] = OP(M, ALU, op, OPS(G, E)),			\
	[(base) + 4] = OP(A_BYTE | IMM_B, ALU, op, OPS(A, I)),		\
	[(base) + 5] = OP(IMM_Z, ALU, op, OPS(A, I))

#define ROW8(base, entry)						\
	[(base) ... (base) + 7] = entry
#define ROW16(base, entry)						\
	[(base) ... (base) + 15] = entry

const struct emul_opcode emul_map1[256] = {
	ALU_ROW(0x00, ALU_ADD, A_LOCK),
	[0x06] = OP(A_NO64, PUSHSEG, EMUL_ES, 0),
	[0x07] = OP(A_NO64, POPSEG, EMUL_ES, 0),
	ALU_ROW(0x08, ALU_OR, A_LOCK),
	[0x0e] = OP(A_NO64, PUSHSEG, EMUL_CS, 0),
	[0x0f] = { .attr = A_ESCAPE, .fn = X_UD },
	ALU_ROW(0x10, ALU_ADC, A_LOCK),
	[0x16] = OP(A_NO64, PUSHSEG, EMUL_SS, 0),
	[0x17] = OP(A_NO64, POPSEG, EMUL_SS, 0),
	ALU_ROW(0x18, ALU_SBB, A_LOCK),
	[0x1e] = OP(A_NO64, PUSHSEG, EMUL_DS, 0),
	[0x1f] = OP(A_NO64, POPSEG, EMUL_DS, 0),
	ALU_ROW(0x20, ALU_AND, A_LOCK),
	[0x26] = PREFIX,
	[0x27] = STOP(A_NO64),			/* DAA */
	ALU_ROW(0x28, ALU_SUB, A_LOCK),
	[0x2e] = PREFIX,
	[0x2f] = STOP(A_NO64),			/* DAS */
	ALU_ROW(0x30, ALU_XOR, A_LOCK),
	[0x36] = PREFIX,
	[0x37] = STOP(A_NO64),			/* AAA */
	ALU_ROW(0x38, ALU_CMP, 0),
	[0x3e] = PREFIX,
	[0x3f] = STOP(A_NO64),			/* AAS */
	/* In 64-bit mode these two rows are REX prefixes and never get here. */
	ROW8(0x40, OP(A_PREFIX, UNARY, UN_INC, OPS(Z, NONE))),
	ROW8(0x48, OP(A_PREFIX, UNARY, UN_DEC, OPS(Z, NONE))),
	ROW8(0x50, OP(A_D64, PUSH, 0, OPS(NONE, Z))),
	ROW8(0x58, OP(A_D64, POP, 0, OPS(Z, NONE))),
	[0x60] = OP(A_NO64, PUSHA, 0, 0),
	[0x61] = OP(A_NO64, POPA, 0, 0),
	[0x62] = STOP(M | A_NO64 | A_MEM | A_ESCAPE),	/* BOUND */
	[0x63] = OP(M, MOVSX, 4, OPS(G, E)),	/* or ARPL */
	[0x64 ... 0x67] = PREFIX,
	[0x68] = OP(A_D64 | IMM_Z, PUSH, 0, OPS(NONE, I)),
	[0x69] = OP(M | IMM_Z, IMUL2, 3, OPS(G, E)),
	[0x6a] = OP(A_D64 | IMM_B, PUSH, 0, OPS(NONE, I)),
	[0x6b] = OP(M | IMM_B, IMUL2, 3, OPS(G, E)),
	[0x6c] = OP(A_BYTE, STRING, STR_INS, 0),
	[0x6d] = OP(0, STRING, STR_INS, 0),
	[0x6e] = OP(A_BYTE, STRING, STR_OUTS, 0),
	[0x6f] = OP(0, STRING, STR_OUTS, 0),
	ROW16(0x70, OP(A_BRANCH | IMM_REL8, JCC, 0, 0)),
	[0x80] = GRP(BM | IMM_B, G1, OPS(E, I)),
	[0x81] = GRP(IMM_Z, G1, OPS(E, I)),
	[0x82] = GRP(BM | IMM_B | A_NO64, G1, OPS(E, I)),
	[0x83] = GRP(IMM_B, G1, OPS(E, I)),
	[0x84] = OP(BM, ALU, ALU_TEST, OPS(E, G)),
	[0x85] = OP(M, ALU, ALU_TEST, OPS(E, G)),
	[0x86] = OP(BM | A_LOCK, XCHG, 0, OPS(E, G)),
	[0x87] = OP(M | A_LOCK, XCHG, 0, OPS(E, G)),
	[0x88] = OP(BM, MOV, 0, OPS(E, G)),
	[0x89] = OP(M, MOV, 0, OPS(E, G)),
	[0x8a] = OP(BM, MOV, 0, OPS(G, E)),
	[0x8b] = OP(M, MOV, 0, OPS(G, E)),
	[0x8c] = OP(M, MOVSEG, 0, OPS(E, S)),
	[0x8d] = OP(M | A_MEM, LEA, 0, OPS(G, E)),
	[0x8e] = OP(M, MOVTOSEG, 0, OPS(S, E)),
	[0x8f] = GRP(A_D64 | A_ESCAPE, G1A, OPS(E, NONE)),
	ROW8(0x90, OP(0, XCHG, 0, OPS(Z, A))),
	[0x98] = OP(0, CBW, 0, 0),
	[0x99] = OP(0, CWD, 0, 0),
	[0x9a] = OP(A_NO64 | IMM_FAR, FAR, FAR_CALL, OPS(NONE, I)),
	[0x9b] = STOP(0),			/* FWAIT */
	[0x9c] = OP(A_D64, PUSHF, 0, 0),
	[0x9d] = OP(A_D64, POPF, 0, 0),
	[0x9e] = OP(0, LAHF, 1, 0),
	[0x9f] = OP(0, LAHF, 0, 0),
	[0xa0] = OP(A_BYTE | IMM_OFFS, MOV, 0, OPS(A, O)),
	[0xa1] = OP(IMM_OFFS, MOV, 0, OPS(A, O)),
	[0xa2] = OP(A_BYTE | IMM_OFFS, MOV, 0, OPS(O, A)),
	[0xa3] = OP(IMM_OFFS, MOV, 0, OPS(O, A)),
	[0xa4] = OP(A_BYTE, STRING, STR_MOVS, 0),
	[0xa5] = OP(0, STRING, STR_MOVS, 0),
	[0xa6] = OP(A_BYTE, STRING, STR_CMPS, 0),
	[0xa7] = OP(0, STRING, STR_CMPS, 0),
	[0xa8] = OP(A_BYTE | IMM_B, ALU, ALU_TEST, OPS(A, I)),
	[0xa9] = OP(IMM_Z, ALU, ALU_TEST, OPS(A, I)),
	[0xaa] = OP(A_BYTE, STRING, STR_STOS, 0),
	[0xab] = OP(0, STRING, STR_STOS, 0),
	[0xac] = OP(A_BYTE, STRING, STR_LODS, 0),
	[0xad] = OP(0, STRING, STR_LODS, 0),
	[0xae] = OP(A_BYTE, STRING, STR_SCAS, 0),
	[0xaf] = OP(0, STRING, STR_SCAS, 0),
	ROW8(0xb0, OP(A_BYTE | IMM_UB, MOV, 0, OPS(Z, I))),
	ROW8(0xb8, OP(IMM_V, MOV, 0, OPS(Z, I))),
	[0xc0] = GRP(BM | IMM_UB, G2, OPS(E, I)),
	[0xc1] = GRP(IMM_UB, G2, OPS(E, I)),
	[0xc2] = OP(A_BRANCH | IMM_W, RET, 1, 0),
	[0xc3] = OP(A_BRANCH, RET, 0, 0),
	[0xc4] = OP(M | A_NO64 | A_MEM | A_ESCAPE, LSEG, EMUL_ES, OPS(G, E)),
	[0xc5] = OP(M | A_NO64 | A_MEM | A_ESCAPE, LSEG, EMUL_DS, OPS(G, E)),
	[0xc6] = GRP(BM | IMM_B, G11, OPS(E, I)),
	[0xc7] = GRP(IMM_Z, G11, OPS(E, I)),
	[0xc8] = OP(A_D64 | IMM_ENTER, ENTER, 0, 0),
	[0xc9] = OP(A_D64, LEAVE, 0, 0),
	[0xca] = OP(IMM_W, FAR, FAR_RET, 0),
	[0xcb] = OP(0, FAR, FAR_RET, 0),
	[0xcc] = STOP(0),			/* INT3 */
	[0xcd] = STOP(IMM_UB),			/* INT */
	[0xce] = STOP(A_NO64),			/* INTO */
	[0xcf] = STOP(0),			/* IRET */
	[0xd0] = GRP(BM, G2, OPS(E, 1)),
	[0xd1] = GRP(0, G2, OPS(E, 1)),
	[0xd2] = GRP(BM, G2, OPS(E, C)),
	[0xd3] = GRP(0, G2, OPS(E, C)),
	[0xd4] = STOP(A_NO64 | IMM_UB),		/* AAM */
	[0xd5] = STOP(A_NO64 | IMM_UB),		/* AAD */
	[0xd6] = STOP(A_NO64),			/* SALC */
	[0xd7] = OP(0, XLAT, 0, 0),
	[0xd8] = STOP_RM,			/* x87 */
	[0xd9] = GRP(0, GD9, OPS(E, NONE)),
	[0xda ... 0xdc] = STOP_RM,
	[0xdd] = GRP(0, GDD, OPS(E, NONE)),
	[0xde ... 0xdf] = STOP_RM,
	[0xe0] = OP(A_BRANCH | IMM_REL8, LOOP, 0, 0),
	[0xe1] = OP(A_BRANCH | IMM_REL8, LOOP, 1, 0),
	[0xe2] = OP(A_BRANCH | IMM_REL8, LOOP, 2, 0),
	[0xe3] = OP(A_BRANCH | IMM_REL8, LOOP, 3, 0),
	[0xe4] = OP(A_BYTE | IMM_UB, IN, 0, OPS(A, I)),
	[0xe5] = OP(IMM_UB, IN, 0, OPS(A, I)),
	[0xe6] = OP(A_BYTE | IMM_UB, OUT, 0, OPS(I, A)),
	[0xe7] = OP(IMM_UB, OUT, 0, OPS(I, A)),
	[0xe8] = OP(A_BRANCH | IMM_RELZ, CALL, 0, OPS(NONE, I)),
	[0xe9] = OP(A_BRANCH | IMM_RELZ, JMP, 0, OPS(NONE, I)),
	[0xea] = OP(A_NO64 | IMM_FAR, FAR, FAR_JMP, OPS(NONE, I)),
	[0xeb] = OP(A_BRANCH | IMM_REL8, JMP, 0, OPS(NONE, I)),
	[0xec] = OP(A_BYTE, IN, 0, OPS(A, D)),
	[0xed] = OP(0, IN, 0, OPS(A, D)),
	[0xee] = OP(A_BYTE, OUT, 0, OPS(D, A)),
	[0xef] = OP(0, OUT, 0, OPS(D, A)),
	[0xf0] = PREFIX,
	[0xf1] = STOP(0),			/* INT1 */
	[0xf2 ... 0xf3] = PREFIX,
	[0xf4] = OP(A_PRIV, HLT, 0, 0),
	[0xf5] = OP(0, FLAG, FLAG_CMC, 0),
	[0xf6] = GRP(BM | IMM_B | A_IMMGRP, G3, OPS(E, I)),
	[0xf7] = GRP(IMM_Z | A_IMMGRP, G3, OPS(E, I)),
	[0xf8] = OP(0, FLAG, FLAG_CLC, 0),
	[0xf9] = OP(0, FLAG, FLAG_STC, 0),
	[0xfa] = OP(0, FLAG, FLAG_CLI, 0),
	[0xfb] = OP(0, FLAG, FLAG_STI, 0),
	[0xfc] = OP(0, FLAG, FLAG_CLD, 0),
	[0xfd] = OP(0, FLAG, FLAG_STD, 0),
	[0xfe] = GRP(BM, G4, OPS(E, NONE)),
	[0xff] = GRP(0, G5, OPS(E, NONE)),
};

const struct emul_opcode emul_map0f[256] = {
	[0x00] = GRP(A_PROT, G6, OPS(E, NONE)),
	[0x01] = GRP(0, G7, OPS(E, NONE)),
	[0x02] = STOP(M | A_PROT),		/* LAR */
	[0x03] = STOP(M | A_PROT),		/* LSL */
	[0x05] = STOP(0),			/* SYSCALL */
	[0x06] = OP(A_PRIV, CLTS, 0, 0),
	[0x07] = STOP(0),			/* SYSRET */
	[0x08] = OP(A_PRIV, SYS, EMUL_SYS_WBINVD, 0),
	[0x09] = OP(A_PRIV, SYS, EMUL_SYS_WBINVD, 0),
	[0x0d] = OP(M, NOP, 0, 0),		/* PREFETCHW */
	[0x0e] = STOP(0),			/* FEMMS */
	[0x10] = OP(VM, VECMOV, VEC_10, OPS(G, E)),
	[0x11] = OP(VM, VECMOV, VEC_11, OPS(E, G)),
	[0x12] = OP(VM, VECMOV, VEC_12, OPS(G, E)),
	[0x13] = OP(VM, VECMOV, VEC_13, OPS(E, G)),
	[0x14 ... 0x15] = STOP_RM,
	[0x16] = OP(VM, VECMOV, VEC_16, OPS(G, E)),
	[0x17] = OP(VM, VECMOV, VEC_17, OPS(E, G)),
	[0x18] = OP(M, NOP, 0, 0),		/* PREFETCH */
	[0x19] = OP(M, NOP, 0, 0),
	[0x1a ... 0x1b] = STOP_RM,		/* MPX */
	[0x1c ... 0x1f] = OP(M, NOP, 0, 0),
	[0x20] = OP(M | A_CRDR | A_F64 | A_PRIV, MOVCR, 0, 0),
	[0x21] = OP(M | A_CRDR | A_F64 | A_PRIV, MOVDR, 0, 0),
	[0x22] = OP(M | A_CRDR | A_F64 | A_PRIV, MOVTOCR, 0, 0),
	[0x23] = OP(M | A_CRDR | A_F64 | A_PRIV, MOVTODR, 0, 0),
	[0x24] = UNDEF_RM,			/* test registers, gone */
	[0x26] = UNDEF_RM,
	[0x28] = OP(VM, VECMOV, VEC_28, OPS(G, E)),
	[0x29] = OP(VM, VECMOV, VEC_29, OPS(E, G)),
	[0x2a] = STOP_RM,
	[0x2b] = OP(VM | A_MEM, VECMOV, VEC_2B, OPS(E, G)),
	[0x2c ... 0x2f] = STOP_RM,
	[0x30] = OP(A_PRIV, MSR, 1, 0),
	[0x31] = OP(0, RDTSC, 0, 0),
	[0x32] = OP(A_PRIV, MSR, 0, 0),
	[0x33] = STOP(0),			/* RDPMC */
	[0x34] = STOP(0),			/* SYSENTER */
	[0x35] = STOP(0),			/* SYSEXIT */
	[0x37] = STOP(0),			/* GETSEC */
	ROW16(0x40, OP(M, CMOV, 0, OPS(G, E))),
	[0x50 ... 0x6d] = STOP_RM,
	[0x6e] = OP(VM, VECMOV, VEC_6E, OPS(G, E)),
	[0x6f] = OP(VM, VECMOV, VEC_6F, OPS(G, E)),
	[0x70 ... 0x73] = STOP(M | IMM_UB),	/* PSHUF, MMX shifts */
	[0x74 ... 0x76] = STOP_RM,
	[0x77] = STOP(0),			/* EMMS */
	[0x78] = STOP(M | A_EXTRQ),		/* VMREAD, EXTRQ, INSERTQ */
	[0x79] = STOP_RM,			/* VMWRITE, EXTRQ, INSERTQ */
	[0x7a] = UNDEF_RM,
	[0x7b] = UNDEF_RM,
	[0x7c ... 0x7d] = STOP_RM,
	[0x7e] = OP(VM, VECMOV, VEC_7E, OPS(E, G)),
	[0x7f] = OP(VM, VECMOV, VEC_7F, OPS(E, G)),
	ROW16(0x80, OP(A_BRANCH | IMM_RELZ, JCC, 0, 0)),
	ROW16(0x90, OP(BM, SETCC, 0, OPS(E, NONE))),
	[0xa0] = OP(A_D64, PUSHSEG, EMUL_FS, 0),
	[0xa1] = OP(A_D64, POPSEG, EMUL_FS, 0),
	[0xa2] = OP(0, CPUID, 0, 0),
	[0xa3] = OP(M, BT, BT_BT, OPS(E, G)),
	[0xa4] = OP(M | IMM_UB, SHXD, 0, OPS(E, I)),
	[0xa5] = OP(M, SHXD, 0, OPS(E, C)),
	[0xa6 ... 0xa7] = STOP_RM,		/* PadLock */
	[0xa8] = OP(A_D64, PUSHSEG, EMUL_GS, 0),
	[0xa9] = OP(A_D64, POPSEG, EMUL_GS, 0),
	[0xaa] = STOP(0),			/* RSM */
	[0xab] = OP(M | A_LOCK, BT, BT_BTS, OPS(E, G)),
	[0xac] = OP(M | IMM_UB, SHXD, 1, OPS(E, I)),
	[0xad] = OP(M, SHXD, 1, OPS(E, C)),
	[0xae] = GRP(A_PP | A_VEX, G15, OPS(E, NONE)),
	[0xaf] = OP(M, IMUL2, 2, OPS(G, E)),
	[0xb0] = OP(BM | A_LOCK, CMPXCHG, 0, OPS(E, G)),
	[0xb1] = OP(M | A_LOCK, CMPXCHG, 0, OPS(E, G)),
	[0xb2] = OP(M | A_MEM, LSEG, EMUL_SS, OPS(G, E)),
	[0xb3] = OP(M | A_LOCK, BT, BT_BTR, OPS(E, G)),
	[0xb4] = OP(M | A_MEM, LSEG, EMUL_FS, OPS(G, E)),
	[0xb5] = OP(M | A_MEM, LSEG, EMUL_GS, OPS(G, E)),
	[0xb6] = OP(M, MOVZX, 1, OPS(G, E)),
	[0xb7] = OP(M, MOVZX, 2, OPS(G, E)),
	[0xb8] = OP(M, BITSCAN, SCAN_POPCNT, OPS(G, E)),
	[0xb9] = UNDEF_RM,			/* UD1 */
	[0xba] = GRP(IMM_UB, G8, OPS(E, I)),
	[0xbb] = OP(M | A_LOCK, BT, BT_BTC, OPS(E, G)),
	[0xbc] = OP(M, BITSCAN, SCAN_BSF, OPS(G, E)),
	[0xbd] = OP(M, BITSCAN, SCAN_BSR, OPS(G, E)),
	[0xbe] = OP(M, MOVSX, 1, OPS(G, E)),
	[0xbf] = OP(M, MOVSX, 2, OPS(G, E)),
	[0xc0] = OP(BM | A_LOCK, XADD, 0, OPS(E, G)),
	[0xc1] = OP(M | A_LOCK, XADD, 0, OPS(E, G)),
	[0xc2] = STOP(M | IMM_UB),		/* CMPPS */
	[0xc3] = OP(M | A_MEM, MOVNTI, 0, OPS(E, G)),
	[0xc4 ... 0xc6] = STOP(M | IMM_UB),	/* PINSRW, PEXTRW, SHUFPS */
	[0xc7] = GRP(0, G9, OPS(E, NONE)),
	ROW8(0xc8, OP(0, BSWAP, 0, OPS(Z, NONE))),
	[0xd0 ... 0xd5] = STOP_RM,
	[0xd6] = OP(VM, VECMOV, VEC_D6, OPS(E, G)),
	[0xd7 ... 0xe6] = STOP_RM,
	[0xe7] = OP(VM | A_MEM, VECMOV, VEC_E7, OPS(E, G)),
	[0xe8 ... 0xef] = STOP_RM,
	[0xf0] = OP(VM | A_MEM, VECMOV, VEC_F0, OPS(G, E)),
	[0xf1 ... 0xfe] = STOP_RM,
	[0xff] = UNDEF_RM,			/* UD0 */
};

const struct emul_opcode emul_map0f38[256] = {
	[0x00 ... 0x29] = STOP_RM,
	[0x2a] = OP(VM | A_MEM, VECMOV, VEC_382A, OPS(G, E)),
	[0x2b ... 0xef] = STOP_RM,
	[0xf0] = OP(M | A_PP, MOVBE, 0, OPS(G, E)),	/* or CRC32 */
	[0xf1] = OP(M | A_PP, MOVBE, 1, OPS(E, G)),
	[0xf2 ... 0xff] = STOP_RM,
};

const struct emul_opcode emul_map0f3a = STOP(M | IMM_UB);
const struct emul_opcode emul_3dnow = STOP(M | IMM_3DNOW);
const struct emul_opcode emul_vexop = STOP(M);

const struct emul_opcode emul_groups[EMUL_NR_GROUP][8] = {
	[G1] = {
		OP(A_LOCK, ALU, ALU_ADD, 0), OP(A_LOCK, ALU, ALU_OR, 0),
		OP(A_LOCK, ALU, ALU_ADC, 0), OP(A_LOCK, ALU, ALU_SBB, 0),
		OP(A_LOCK, ALU, ALU_AND, 0), OP(A_LOCK, ALU, ALU_SUB, 0),
		OP(A_LOCK, ALU, ALU_XOR, 0), OP(0, ALU, ALU_CMP, 0),
	},
	[G1A] = {
		OP(0, POP, 0, 0), UNDEF, UNDEF, UNDEF,
		UNDEF, UNDEF, UNDEF, UNDEF,
	},
	/* The operation is ModRM.reg; 6 does what 4 does. */
	[G2] = {
		ROW8(0, OP(0, SHIFT, 0, 0)),
	},
	[G3] = {
		OP(0, ALU, ALU_TEST, OPS(E, I)),
		OP(0, ALU, ALU_TEST, OPS(E, I)),
		OP(A_LOCK, UNARY, UN_NOT, 0), OP(A_LOCK, UNARY, UN_NEG, 0),
		OP(0, MUL, 0, 0), OP(0, MUL, 1, 0),
		OP(0, DIV, 0, 0), OP(0, DIV, 1, 0),
	},
	[G4] = {
		OP(A_LOCK, UNARY, UN_INC, 0), OP(A_LOCK, UNARY, UN_DEC, 0),
		UNDEF, UNDEF, UNDEF, UNDEF, UNDEF, UNDEF,
	},
	[G5] = {
		OP(A_LOCK, UNARY, UN_INC, 0), OP(A_LOCK, UNARY, UN_DEC, 0),
		OP(A_BRANCH, CALL, 0, OPS(NONE, E)),
		OP(A_MEM, FAR, FAR_CALL, OPS(NONE, E)),
		OP(A_BRANCH, JMP, 0, OPS(NONE, E)),
		OP(A_MEM, FAR, FAR_JMP, OPS(NONE, E)),
		OP(A_D64, PUSH, 0, OPS(NONE, E)),
		UNDEF,
	},
	[G6] = {
		OP(0, STRSEL, EMUL_LDTR, 0), OP(0, STRSEL, EMUL_TR, 0),
		STOP(A_PRIV), STOP(A_PRIV),	/* LLDT, LTR */
		STOP(0), STOP(0),		/* VERR, VERW */
		UNDEF, UNDEF,
	},
	/* The register forms of 0, 1, 2, 3, 5 and 7 are GRP7REG's. */
	[G7] = {
		OP(0, TABLE, 0, 0), OP(0, TABLE, 1, 0),
		OP(0, TABLE, 2, 0), OP(0, TABLE, 3, 0),
		OP(0, SMSW, 0, 0), OP(0, GRP7REG, 0, 0),
		OP(A_PRIV, LMSW, 0, 0), OP(0, SYS, EMUL_SYS_INVLPG, 0),
	},
	[G8] = {
		UNDEF, UNDEF, UNDEF, UNDEF,
		OP(0, BT, BT_BT, 0), OP(A_LOCK, BT, BT_BTS, 0),
		OP(A_LOCK, BT, BT_BTR, 0), OP(A_LOCK, BT, BT_BTC, 0),
	},
	[G9] = {
		UNDEF, OP(A_MEM | A_LOCK, CMPXCHG8B, 0, 0), UNDEF,
		STOP(0), STOP(0), STOP(0),	/* XRSTORS, XSAVEC, XSAVES */
		STOP(0), STOP(0),		/* RDRAND, RDSEED, VMX */
	},
	[G11] = {
		OP(0, MOV, 0, 0), UNDEF, UNDEF, UNDEF,
		UNDEF, UNDEF, UNDEF, STOP(A_REG), /* XABORT, XBEGIN */
	},
	[G15] = {
		STOP(0), STOP(0),		/* FXSAVE, FXRSTOR */
		OP(A_VEX, MXCSR, 0, 0), OP(A_VEX, MXCSR, 1, 0),
		STOP(0), OP(0, FENCE, 5, 0),
		OP(0, FENCE, 6, 0), OP(0, FENCE, 7, 0),
	},
	/* The register forms and the other memory forms calculate. */
	[GD9] = {
		STOP(0), STOP(0), STOP(0), STOP(0), STOP(0),
		OP(0, X87CTL, X87_FLDCW, 0), STOP(0),
		OP(0, X87CTL, X87_FNSTCW, 0),
	},
	[GDD] = {
		STOP(0), STOP(0), STOP(0), STOP(0), STOP(0), STOP(0), STOP(0),
		OP(0, X87CTL, X87_FNSTSW, 0),
	},
};
