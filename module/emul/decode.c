// SPDX-License-Identifier: GPL-2.0
/*
 * The instruction decoder: code bytes in, struct emul_insn out.
 *
 * It reads strictly forward: prefixes, opcode with its map, ModRM, SIB,
 * displacement, immediate. What follows an opcode comes from table.c; VEX, EVEX
 * and XOP share a short rule for immediates here, and of their instructions the
 * executor knows those alone that table.c marks. It needs nothing but its
 * arguments, so anyone may call it in any context.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "emul.h"
#include "table.h"

/**
 * struct cursor - where the decoder is
 * @bytes:	code
 * @pos:	next byte
 * @avail:	bytes there are, at most EMUL_MAX_LEN
 */
struct cursor {
	const u8 *bytes;
	unsigned int pos;
	unsigned int avail;
};

/* Says why a byte cannot be had. */
static int short_of(const struct cursor *cur, unsigned int n)
{
	if (cur->pos + n > EMUL_MAX_LEN)
		return EMUL_DEC_LONG;
	return EMUL_DEC_MORE;
}

static inline bool have(const struct cursor *cur, unsigned int n)
{
	return cur->pos + n <= cur->avail;
}

static inline u8 peek(const struct cursor *cur, unsigned int ahead)
{
	return cur->bytes[cur->pos + ahead];
}

static inline u8 next(struct cursor *cur)
{
	return cur->bytes[cur->pos++];
}

static u64 take(struct cursor *cur, unsigned int n)
{
	u64 val = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		val |= (u64)next(cur) << (i * 8);
	return val;
}

static inline u64 extend(u64 val, unsigned int bytes)
{
	unsigned int shift = 64 - bytes * 8;

	return (u64)((s64)(val << shift) >> shift);
}

/*
 * Takes one byte as a prefix if it is one. A REX byte counts only directly
 * before the opcode: any other prefix after it cancels it.
 */
static bool prefix(struct emul_insn *insn, u8 byte)
{
	bool is64 = insn->mode == EMUL_MODE_LONG64;

	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		/* The four old segments are flat in 64-bit mode. */
		if (!is64)
			insn->seg_ovr = (byte >> 3) & 3;
		break;
	case 0x64:
	case 0x65:
		insn->seg_ovr = byte - 0x64 + EMUL_FS;
		break;
	case 0x66:
		insn->flags |= EMUL_I_66;
		break;
	case 0x67:
		insn->flags |= EMUL_I_67;
		break;
	case 0xf0:
		insn->flags |= EMUL_I_LOCK;
		break;
	case 0xf2:
	case 0xf3:
		insn->rep = byte;
		break;
	default:
		if (!is64 || (byte & 0xf0) != 0x40)
			return false;
		insn->rex = byte;
		return true;
	}
	insn->rex = 0;
	return true;
}

static int prefixes(struct emul_insn *insn, struct cursor *cur)
{
	u8 byte;

	for (;;) {
		if (!have(cur, 1))
			return short_of(cur, 1);
		byte = peek(cur, 0);
		if (!(emul_map1[byte].attr & A_PREFIX) || !prefix(insn, byte))
			return 0;
		cur->pos++;
	}
}

static void sizes(struct emul_insn *insn)
{
	bool flip66 = insn->flags & EMUL_I_66;
	bool flip67 = insn->flags & EMUL_I_67;

	switch (insn->mode) {
	case EMUL_MODE_LONG64:
		insn->opsize = insn->rex & EMUL_REX_W ? 8 : flip66 ? 2 : 4;
		insn->adsize = flip67 ? 4 : 8;
		break;
	case EMUL_MODE_PROT32:
		insn->opsize = flip66 ? 2 : 4;
		insn->adsize = flip67 ? 2 : 4;
		break;
	default:
		insn->opsize = flip66 ? 4 : 2;
		insn->adsize = flip67 ? 4 : 2;
	}
}

/* Real and virtual-8086 mode have no VEX: the byte is LES, LDS, BOUND or POP. */
static inline bool has_vex(const struct emul_insn *insn)
{
	return insn->mode >= EMUL_MODE_PROT16;
}

/* 66, F2, F3, LOCK or REX before a VEX-like prefix make it undefined. */
static void vex_common(struct emul_insn *insn)
{
	if ((insn->flags & (EMUL_I_66 | EMUL_I_LOCK)) || insn->rep || insn->rex)
		insn->flags |= EMUL_I_UNDEF;
	insn->op = &emul_vexop;
}

static void vex_rex(struct emul_insn *insn, u8 rxb, bool w)
{
	insn->rex = w ? EMUL_REX | EMUL_REX_W : EMUL_REX;
	/* Outside 64-bit mode there are no registers to extend to. */
	if (insn->mode == EMUL_MODE_LONG64)
		insn->rex |= (~rxb >> 5) & 7;
}

static int vex2(struct emul_insn *insn, struct cursor *cur)
{
	u8 b;

	if (!have(cur, 3))
		return short_of(cur, 3);
	b = peek(cur, 1);
	vex_common(insn);
	insn->vex = EMUL_VEX_2;
	vex_rex(insn, b | 0x60, false);
	insn->vex_v = (~b >> 3) & 15;
	insn->vex_l = (b >> 2) & 1;
	insn->vex_pp = b & 3;
	insn->map = EMUL_MAP_0F;
	cur->pos += 2;
	insn->opcode = next(cur);
	return 0;
}

/* VEX of three bytes and XOP differ in their maps only. */
static int vex3(struct emul_insn *insn, struct cursor *cur, bool xop)
{
	u8 b1, b2, map;

	if (!have(cur, 4))
		return short_of(cur, 4);
	b1 = peek(cur, 1);
	b2 = peek(cur, 2);
	map = b1 & 0x1f;
	vex_common(insn);
	insn->vex = xop ? EMUL_VEX_XOP : EMUL_VEX_3;
	vex_rex(insn, b1, b2 & 0x80);
	insn->vex_v = (~b2 >> 3) & 15;
	insn->vex_l = (b2 >> 2) & 1;
	insn->vex_pp = b2 & 3;
	if (xop && map >= 8 && map <= 10)
		insn->map = EMUL_MAP_XOP8 + map - 8;
	else if (!xop && map >= 1 && map <= 3)
		insn->map = map;
	else
		return EMUL_DEC_BAD;
	cur->pos += 3;
	insn->opcode = next(cur);
	return 0;
}

static int evex(struct emul_insn *insn, struct cursor *cur)
{
	static const u8 maps[8] = {
		0, EMUL_MAP_0F, EMUL_MAP_0F38, EMUL_MAP_0F3A,
		0, EMUL_MAP_MAP5, EMUL_MAP_MAP6, 0,
	};
	u8 p0, p1, p2;

	if (!have(cur, 5))
		return short_of(cur, 5);
	p0 = peek(cur, 1);
	p1 = peek(cur, 2);
	p2 = peek(cur, 3);
	if ((p0 & 8) || !maps[p0 & 7])
		return EMUL_DEC_BAD;
	vex_common(insn);
	if (!(p1 & 4))
		insn->flags |= EMUL_I_UNDEF;
	insn->vex = EMUL_VEX_EVEX;
	vex_rex(insn, p0, p1 & 0x80);
	insn->vex_v = ((~p1 >> 3) & 15) | (p2 & 8 ? 0 : 0x10);
	insn->vex_l = (p2 >> 5) & 3;
	insn->vex_pp = p1 & 3;
	insn->map = maps[p0 & 7];
	cur->pos += 4;
	insn->opcode = next(cur);
	return 0;
}

/* What follows the opcode. */
static u32 vex_tail(const struct emul_insn *insn)
{
	switch (insn->map) {
	case EMUL_MAP_0F:
		/* VZEROUPPER and VZEROALL stand alone. */
		if (insn->opcode == 0x77 && insn->vex != EMUL_VEX_EVEX)
			return 0;
		return A_MODRM | (emul_map0f[insn->opcode].attr & A_IMM);
	case EMUL_MAP_0F3A:
	case EMUL_MAP_XOP8:
		return A_MODRM | IMM_UB;
	case EMUL_MAP_XOPA:
		return A_MODRM | IMM_D;
	default:
		return A_MODRM;
	}
}

static void use_entry(struct emul_insn *insn, const struct emul_opcode *op)
{
	insn->op = op;
	insn->attr = op->attr;
	insn->opnds = op->opnds;
}

/* The opcode after a 0F byte, at which the cursor stands. */
static int opcode_0f(struct emul_insn *insn, struct cursor *cur)
{
	if (!have(cur, 2))
		return short_of(cur, 2);
	cur->pos++;
	insn->map = EMUL_MAP_0F;
	insn->opcode = next(cur);
	if (insn->opcode == 0x0f) {
		insn->map = EMUL_MAP_3DNOW;
		use_entry(insn, &emul_3dnow);
		return 0;
	}
	if (insn->opcode != 0x38 && insn->opcode != 0x3a) {
		use_entry(insn, &emul_map0f[insn->opcode]);
		return 0;
	}
	insn->map = insn->opcode == 0x38 ? EMUL_MAP_0F38 : EMUL_MAP_0F3A;
	if (!have(cur, 1))
		return short_of(cur, 1);
	insn->opcode = next(cur);
	use_entry(insn, insn->map == EMUL_MAP_0F38 ?
		  &emul_map0f38[insn->opcode] : &emul_map0f3a);
	return 0;
}

/* VEX-like prefixes reuse old opcodes whose second byte could not be. */
static bool vex_follows(const struct emul_insn *insn, u8 op, u8 next)
{
	if (!has_vex(insn))
		return false;
	if (op == 0x8f)
		return (next & 0x1f) >= 8;
	return insn->mode == EMUL_MODE_LONG64 || next >= 0xc0;
}

/* A legacy opcode's entry serves if the executor knows it with VEX. */
static void vex_entry(struct emul_insn *insn)
{
	const struct emul_opcode *op = NULL;

	insn->attr = vex_tail(insn);
	if (insn->vex != EMUL_VEX_2 && insn->vex != EMUL_VEX_3)
		return;
	if (insn->map == EMUL_MAP_0F)
		op = &emul_map0f[insn->opcode];
	else if (insn->map == EMUL_MAP_0F38)
		op = &emul_map0f38[insn->opcode];
	if (!op || !(op->attr & A_VEX))
		return;
	insn->op = op;
	insn->opnds = op->opnds;
	insn->attr |= op->attr & (A_GROUP | A_MEM);
}

static int escape(struct emul_insn *insn, struct cursor *cur, u8 op)
{
	int rc;

	if (op == 0x0f)
		return opcode_0f(insn, cur);
	if (!have(cur, 2))
		return short_of(cur, 2);
	if (!vex_follows(insn, op, peek(cur, 1))) {
		insn->opcode = next(cur);
		use_entry(insn, &emul_map1[op]);
		return 0;
	}
	rc = op == 0xc5 ? vex2(insn, cur) :
	     op == 0x62 ? evex(insn, cur) : vex3(insn, cur, op == 0x8f);
	if (rc)
		return rc;
	vex_entry(insn);
	sizes(insn);
	return 0;
}

static int opcode(struct emul_insn *insn, struct cursor *cur)
{
	u8 op = peek(cur, 0);
	const struct emul_opcode *entry = &emul_map1[op];

	if (entry->attr & A_ESCAPE)
		return escape(insn, cur, op);
	cur->pos++;
	insn->opcode = op;
	use_entry(insn, entry);
	return 0;
}

/* The group's entry refines the opcode's. */
static void group(struct emul_insn *insn)
{
	const struct emul_opcode *op;

	op = &emul_groups[insn->op->fn][(insn->modrm >> 3) & 7];
	if (insn->vex && !(op->attr & A_VEX))
		op = &emul_vexop;
	insn->attr |= op->attr;
	if (op->opnds)
		insn->opnds = op->opnds;
	insn->op = op;
}

static void modrm16(struct emul_insn *insn)
{
	static const u8 base[8] = {
		EMUL_RBX, EMUL_RBX, EMUL_RBP, EMUL_RBP,
		EMUL_RSI, EMUL_RDI, EMUL_RBP, EMUL_RBX,
	};
	static const u8 index[8] = {
		EMUL_RSI, EMUL_RDI, EMUL_RSI, EMUL_RDI,
		EMUL_NO_REG, EMUL_NO_REG, EMUL_NO_REG, EMUL_NO_REG,
	};
	unsigned int rm = insn->modrm & 7;

	insn->base = base[rm];
	insn->index = index[rm];
	insn->disp_len = insn->mod;
	if (insn->mod == 0 && rm == 6) {
		insn->base = EMUL_NO_REG;
		insn->disp_len = 2;
	}
}

static int sib(struct emul_insn *insn, struct cursor *cur)
{
	if (!have(cur, 1))
		return short_of(cur, 1);
	insn->sib = next(cur);
	insn->flags |= EMUL_I_SIB;
	insn->scale = insn->sib >> 6;
	insn->index = ((insn->sib >> 3) & 7) |
		      (insn->rex & EMUL_REX_X ? 8 : 0);
	if (insn->index == EMUL_RSP)
		insn->index = EMUL_NO_REG;
	insn->base = (insn->sib & 7) | (insn->rex & EMUL_REX_B ? 8 : 0);
	if ((insn->sib & 7) == 5 && insn->mod == 0) {
		insn->base = EMUL_NO_REG;
		insn->disp_len = 4;
	}
	return 0;
}

static int modrm32(struct emul_insn *insn, struct cursor *cur)
{
	unsigned int rm = insn->modrm & 7;

	insn->disp_len = insn->mod == 1 ? 1 : insn->mod == 2 ? 4 : 0;
	if (rm == 4)
		return sib(insn, cur);
	insn->base = insn->rm;
	if (rm == 5 && insn->mod == 0) {
		insn->base = EMUL_NO_REG;
		insn->disp_len = 4;
		if (insn->mode == EMUL_MODE_LONG64)
			insn->flags |= EMUL_I_RIPREL;
	}
	return 0;
}

static int modrm(struct emul_insn *insn, struct cursor *cur)
{
	int rc = 0;

	if (!have(cur, 1))
		return short_of(cur, 1);
	insn->modrm = next(cur);
	insn->flags |= EMUL_I_MODRM;
	insn->mod = insn->modrm >> 6;
	insn->reg = ((insn->modrm >> 3) & 7) | (insn->rex & EMUL_REX_R ? 8 : 0);
	insn->rm = (insn->modrm & 7) | (insn->rex & EMUL_REX_B ? 8 : 0);
	if (insn->attr & A_GROUP)
		group(insn);
	if (insn->mod == 3 || (insn->attr & A_CRDR))
		return 0;

	insn->flags |= EMUL_I_MEM;
	if (insn->adsize == 2)
		modrm16(insn);
	else
		rc = modrm32(insn, cur);
	if (rc)
		return rc;
	insn->seg = insn->base == EMUL_RSP || insn->base == EMUL_RBP ?
		    EMUL_SS : EMUL_DS;
	if (!insn->disp_len)
		return 0;
	if (!have(cur, insn->disp_len))
		return short_of(cur, insn->disp_len);
	insn->disp_off = cur->pos;
	insn->disp = extend(take(cur, insn->disp_len), insn->disp_len);
	return 0;
}

/* Operand size where the opcode has a wish of its own. */
static void fix_opsize(struct emul_insn *insn, unsigned int mode)
{
	bool keep16 = insn->opsize == 2 && (mode & EMUL_MODE_AMD);

	if (insn->mode != EMUL_MODE_LONG64 ||
	    !(insn->attr & (A_F64 | A_D64 | A_BRANCH)))
		return;
	if (insn->attr & A_F64 || ((insn->attr & A_BRANCH) && !keep16))
		insn->opsize = 8;
	else if ((insn->attr & A_D64) && insn->opsize == 4)
		insn->opsize = 8;
}

static unsigned int imm_size(struct emul_insn *insn)
{
	unsigned int z = insn->opsize == 2 ? 2 : 4;

	switch (insn->attr & A_IMM) {
	case IMM_B:
	case IMM_UB:
	case IMM_REL8:
	case IMM_3DNOW:
		return 1;
	case IMM_W:
		return 2;
	case IMM_Z:
	case IMM_RELZ:
		return z;
	case IMM_V:
		return insn->opsize;
	case IMM_FAR:
		return z + 2;
	case IMM_ENTER:
		return 3;
	case IMM_OFFS:
		return insn->adsize;
	case IMM_D:
		return 4;
	default:
		return 0;
	}
}

static int immediate(struct emul_insn *insn, struct cursor *cur)
{
	unsigned int n;

	if (!(insn->attr & (A_IMM | A_EXTRQ)))
		return 0;
	n = imm_size(insn);
	if ((insn->attr & A_IMMGRP) && ((insn->modrm >> 3) & 7) > 1)
		n = 0;
	/* EXTRQ and INSERTQ share their opcode with VMREAD. */
	if ((insn->attr & A_EXTRQ) &&
	    (insn->rep == 0xf2 || (!insn->rep && (insn->flags & EMUL_I_66))))
		n = 2;
	if (!n)
		return 0;
	if (!have(cur, n))
		return short_of(cur, n);
	insn->imm_len = n;
	insn->imm_off = cur->pos;

	switch (insn->attr & A_IMM) {
	case IMM_NONE:
		insn->imm = next(cur);
		insn->imm2 = next(cur);
		break;
	case IMM_FAR:
		insn->imm = take(cur, n - 2);
		insn->imm2 = take(cur, 2);
		break;
	case IMM_ENTER:
		insn->imm = take(cur, 2);
		insn->imm2 = next(cur);
		break;
	case IMM_3DNOW:
		insn->opcode = next(cur);
		break;
	case IMM_B:
	case IMM_Z:
	case IMM_REL8:
	case IMM_RELZ:
		insn->imm = extend(take(cur, n), n);
		break;
	default:
		insn->imm = take(cur, n);
	}
	return 0;
}

/* Encodings that have a length and yet are no instruction. */
static bool undefined(const struct emul_insn *insn)
{
	u32 attr = insn->attr;
	bool mem = insn->flags & EMUL_I_MEM;

	if (insn->op->fn == X_UD)
		return true;
	if (!(attr & A_RARE) && !(insn->flags & EMUL_I_LOCK))
		return false;
	if ((attr & A_NO64) && insn->mode == EMUL_MODE_LONG64)
		return true;
	if ((attr & A_PROT) && insn->mode <= EMUL_MODE_VM86)
		return true;
	if ((attr & A_MEM) && !mem)
		return true;
	if ((attr & A_REG) && mem)
		return true;
	return (insn->flags & EMUL_I_LOCK) && !((attr & A_LOCK) && mem);
}

int emul_decode(struct emul_insn *insn, const u8 *bytes, unsigned int avail,
		unsigned int mode)
{
	struct cursor cur = {
		.bytes = bytes, .avail = min_t(unsigned int, avail, EMUL_MAX_LEN),
	};
	int rc;

	memset(insn, 0, sizeof(*insn));
	insn->mode = mode & EMUL_MODE_MASK;
	insn->seg_ovr = EMUL_NO_SEG;
	insn->seg = EMUL_DS;
	insn->base = EMUL_NO_REG;
	insn->index = EMUL_NO_REG;

	rc = prefixes(insn, &cur);
	if (rc)
		return rc;
	sizes(insn);
	rc = opcode(insn, &cur);
	if (rc)
		return rc;
	if (insn->attr & A_MODRM)
		rc = modrm(insn, &cur);
	else
		insn->rm = (insn->opcode & 7) |
			   (insn->rex & EMUL_REX_B ? 8 : 0);
	if (rc)
		return rc;
	fix_opsize(insn, mode);
	rc = immediate(insn, &cur);
	if (rc)
		return rc;

	if (insn->seg_ovr != EMUL_NO_SEG)
		insn->seg = insn->seg_ovr;
	if (undefined(insn))
		insn->flags |= EMUL_I_UNDEF;
	insn->len = cur.pos;
	return 0;
}

int emul_insn_len(const u8 *bytes, unsigned int avail, unsigned int mode)
{
	struct emul_insn insn;
	int rc;

	rc = emul_decode(&insn, bytes, avail, mode);
	return rc ? rc : insn.len;
}
