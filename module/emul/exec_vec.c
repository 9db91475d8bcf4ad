// SPDX-License-Identifier: GPL-2.0
/*
 * Loads and stores of vector registers, as copy routines aim them at devices:
 * MMX, legacy SSE and, in its two lengths, VEX encodings. Register contents go
 * through the owner's callbacks; no vector unit is used here. EVEX encodings,
 * moves that duplicate, mask, gather or convert, and all that calculates are
 * not emulated.
 */
#include "exec.h"

/* One bit for each mandatory prefix that an encoding exists with. */
#define PP_NONE	1
#define PP_66	2
#define PP_F3	4
#define PP_F2	8
#define PP_PACKED (PP_NONE | PP_66)
#define PP_SCALAR (PP_F3 | PP_F2)

/**
 * struct vecmov - how an opcode moves
 * @pps:	prefixes it exists with
 * @mmx:	those of @pps that select an MMX register, and don't exist with VEX
 * @size:	bytes by prefix, 0 for the width of a general register; VEX.L
 *		doubles 16
 * @store:	from the register
 * @high:	moves the register's upper half
 * @align:	memory must be aligned, by prefix (same bits as @pps)
 * @zero:	a load clears the rest of the register, by prefix; with VEX all
 *		do, but for
 * @merge:	the rest comes from the register that VEX.vvvv names
 * @lig:	VEX.L is ignored, by prefix
 */
struct vecmov {
	u8 pps;
	u8 mmx;
	u8 size[4];
	bool store;
	bool high;
	u8 align;
	u8 zero;
	bool merge;
	u8 lig;
};

static const struct vecmov moves[] = {
	[VEC_10] = { 15, 0, { 16, 16, 4, 8 }, .zero = PP_SCALAR,
		     .lig = PP_SCALAR },
	[VEC_11] = { 15, 0, { 16, 16, 4, 8 }, .store = true,
		     .lig = PP_SCALAR },
	[VEC_12] = { PP_PACKED, 0, { 8, 8 }, .merge = true },
	[VEC_13] = { PP_PACKED, 0, { 8, 8 }, .store = true },
	[VEC_16] = { PP_PACKED, 0, { 8, 8 }, .high = true, .merge = true },
	[VEC_17] = { PP_PACKED, 0, { 8, 8 }, .high = true, .store = true },
	[VEC_28] = { PP_PACKED, 0, { 16, 16 }, .align = PP_PACKED },
	[VEC_29] = { PP_PACKED, 0, { 16, 16 }, .store = true,
		     .align = PP_PACKED },
	[VEC_2B] = { PP_PACKED, 0, { 16, 16 }, .store = true,
		     .align = PP_PACKED },
	[VEC_6E] = { PP_PACKED, PP_NONE, { 0, 0 }, .zero = PP_66 },
	/* F3 makes it a load, see below. */
	[VEC_7E] = { PP_PACKED, PP_NONE, { 0, 0 }, .store = true },
	[VEC_6F] = { PP_PACKED | PP_F3, PP_NONE, { 8, 16, 16 },
		     .align = PP_66 },
	[VEC_7F] = { PP_PACKED | PP_F3, PP_NONE, { 8, 16, 16 }, .store = true,
		     .align = PP_66 },
	[VEC_D6] = { PP_66, 0, { 0, 8 }, .store = true },
	[VEC_E7] = { PP_PACKED, PP_NONE, { 8, 16 }, .store = true,
		     .align = PP_66 },
	[VEC_F0] = { PP_F2, 0, { 0, 0, 0, 16 } },
	[VEC_382A] = { PP_66, 0, { 0, 16 }, .align = PP_66 },
};

static const struct vecmov movq_load = {
	PP_F3, 0, { 0, 0, 8 }, .zero = PP_F3,
};

/* MOVNTSS and MOVNTSD of SSE4A, which have no VEX forms. */
static const struct vecmov scalar_stream = {
	PP_SCALAR, 0, { 0, 0, 4, 8 }, .store = true,
};

/**
 * struct move - one instruction's move
 * @how:	the opcode's row
 * @file:	which registers
 * @reg:	register number
 * @rest:	register that the rest of a load comes from; EMUL_NO_REG: zero
 * @size:	bytes in memory
 * @align:	alignment that memory must have, in bytes
 */
struct move {
	const struct vecmov *how;
	enum emul_vec file;
	u8 reg;
	u8 rest;
	u8 size;
	u8 align;
};

static unsigned int width(const struct emul_insn *insn, unsigned int size)
{
	if (size)
		return size;
	return insn->mode == EMUL_MODE_LONG64 && (insn->rex & EMUL_REX_W) ?
		8 : 4;
}

static void make_legacy(const struct emul_insn *insn, struct move *m, u8 bit)
{
	bool mmx = m->how->mmx & bit;

	m->file = mmx ? EMUL_VEC_MMX : EMUL_VEC_XMM;
	m->reg = mmx ? insn->reg & 7 : insn->reg;
	if (!mmx && m->size < 16 && !(m->how->zero & bit))
		m->rest = m->reg;
}

/* Whether the encoding exists; the prefix has been looked at. */
static bool make_vex(struct emul_ctxt *c, struct move *m, u8 bit)
{
	const struct emul_insn *insn = &c->insn;
	bool lig = m->how->lig & bit;

	m->reg = insn->reg;
	if (m->how->merge)
		m->rest = emul_is64(c) ? insn->vex_v : insn->vex_v & 7;
	else if (insn->vex_v)
		return false;
	if (insn->vex_l && !lig) {
		if (m->size != 16)
			return false;
		m->size = 32;
	}
	m->file = m->how->store && m->size < 32 ? EMUL_VEC_XMM : EMUL_VEC_YMM;
	/* The one move of two lengths that came with AVX2. */
	return m->size < 32 || insn->op->arg != VEC_382A ||
	       emul_cpu_has(c, 7, 1, 5);
}

static int store(struct emul_ctxt *c, const struct move *m, u64 la)
{
	u8 reg[EMUL_DATA_MAX];
	int rc;

	c->ops->get_vec(c, m->file, m->reg, reg);
	rc = c->ops->write(c, la, reg + (m->how->high ? 8 : 0), m->size,
			   EMUL_ACC_LAST);
	if (!emul_failed(rc) && m->file == EMUL_VEC_MMX)
		c->ops->enter_mmx(c);
	return rc;
}

static int load(struct emul_ctxt *c, const struct move *m, u64 la)
{
	u8 reg[EMUL_DATA_MAX] = { 0 };
	int rc;

	if (m->rest != EMUL_NO_REG)
		c->ops->get_vec(c, EMUL_VEC_XMM, m->rest, reg);
	rc = c->ops->read(c, la, reg + (m->how->high ? 8 : 0), m->size, 0);
	if (rc)
		return rc;
	c->ops->set_vec(c, m->file, m->reg, reg);
	return EMUL_OK;
}

static int run(struct emul_ctxt *c, const struct move *m)
{
	u64 la;
	int rc;

	rc = emul_linear(c, c->insn.seg, emul_ea(c), m->size, m->how->store,
			 &la);
	if (rc)
		return rc;
	if (la & (m->align - 1))
		return emul_gp(c, 0);
	return m->how->store ? store(c, m, la) : load(c, m, la);
}

int emul_x_vecmov(struct emul_ctxt *c)
{
	const struct emul_insn *insn = &c->insn;
	unsigned int pp = emul_pp(insn), bit = 1u << pp;
	struct move m = {
		.how = &moves[insn->op->arg], .rest = EMUL_NO_REG,
	};
	int rc;

	if (insn->op->arg == VEC_7E && pp == 2)
		m.how = &movq_load;
	if (insn->op->arg == VEC_2B && pp >= 2 && !insn->vex &&
	    emul_cpu_has(c, 0x80000001, 2, 6))
		m.how = &scalar_stream;
	if (!(m.how->pps & bit) || (insn->vex && (m.how->mmx & bit)) ||
	    !emul_has_mem(insn))
		return emul_stop(c, "vector instruction");
	m.size = width(insn, m.how->size[pp]);
	if (!insn->vex)
		make_legacy(insn, &m, bit);
	else if (!make_vex(c, &m, bit))
		return emul_ud(c);
	m.align = m.how->align & bit ? m.size : 1;

	rc = insn->vex ? emul_check_avx(c) :
	     m.file == EMUL_VEC_MMX ? emul_check_mmx(c) : emul_check_sse(c);
	return rc ? rc : run(c, &m);
}
