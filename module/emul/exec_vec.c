// SPDX-License-Identifier: GPL-2.0
/*
 * Loads and stores of vector registers, as copy routines aim them at devices:
 * legacy SSE encodings only. Register contents go through the owner's callbacks;
 * no vector unit is used here. MMX registers and VEX encodings are not emulated.
 */
#include "exec.h"

/* One bit for each mandatory prefix that an encoding exists with. */
#define PP_NONE	1
#define PP_66	2
#define PP_F3	4
#define PP_F2	8
#define PP_PACKED (PP_NONE | PP_66)

/**
 * struct vecmov - how an opcode moves
 * @pps:	prefixes it exists with
 * @size:	bytes by prefix, 0 for the width of a general register
 * @store:	from the register
 * @high:	moves the register's upper half
 * @align:	memory must be aligned, by prefix (same bits as @pps)
 * @zero:	a load clears the rest of the register, by prefix
 */
struct vecmov {
	u8 pps;
	u8 size[4];
	bool store;
	bool high;
	u8 align;
	u8 zero;
};

static const struct vecmov moves[] = {
	[VEC_10] = { 15, { 16, 16, 4, 8 }, .zero = PP_F3 | PP_F2 },
	[VEC_11] = { 15, { 16, 16, 4, 8 }, .store = true },
	[VEC_12] = { PP_PACKED, { 8, 8 } },
	[VEC_13] = { PP_PACKED, { 8, 8 }, .store = true },
	[VEC_16] = { PP_PACKED, { 8, 8 }, .high = true },
	[VEC_17] = { PP_PACKED, { 8, 8 }, .high = true, .store = true },
	[VEC_28] = { PP_PACKED, { 16, 16 }, .align = PP_PACKED },
	[VEC_29] = { PP_PACKED, { 16, 16 }, .store = true, .align = PP_PACKED },
	[VEC_2B] = { PP_PACKED, { 16, 16 }, .store = true, .align = PP_PACKED },
	[VEC_6E] = { PP_66, { 0 }, .zero = PP_66 },
	/* F3 makes it a load, see below. */
	[VEC_7E] = { PP_66, { 0 }, .store = true },
	[VEC_6F] = { PP_66 | PP_F3, { 0, 16, 16 }, .align = PP_66 },
	[VEC_7F] = { PP_66 | PP_F3, { 0, 16, 16 }, .store = true,
		     .align = PP_66 },
	[VEC_D6] = { PP_66, { 0, 8 }, .store = true },
	[VEC_E7] = { PP_66, { 0, 16 }, .store = true, .align = PP_66 },
	[VEC_F0] = { PP_F2, { 0, 0, 0, 16 } },
	[VEC_382A] = { PP_66, { 0, 16 }, .align = PP_66 },
};

static const struct vecmov movq_load = {
	PP_F3, { 0, 0, 8 }, .zero = PP_F3,
};

static int check_enabled(struct emul_ctxt *c)
{
	u64 cr0, cr4;
	int rc;

	rc = c->ops->get_cr(c, 0, &cr0);
	if (!rc)
		rc = c->ops->get_cr(c, 4, &cr4);
	if (rc)
		return rc;
	if ((cr0 & X86_CR0_EM) || !(cr4 & X86_CR4_OSFXSR))
		return emul_ud(c);
	if (cr0 & X86_CR0_TS)
		return emul_raise(c, EMUL_NM);
	return EMUL_OK;
}

static int store(struct emul_ctxt *c, const struct vecmov *mv, u64 la,
		 unsigned int size)
{
	u8 reg[16];
	int rc;

	rc = c->ops->get_xmm(c, c->insn.reg, reg);
	if (rc)
		return rc;
	return c->ops->write(c, la, reg + (mv->high ? 8 : 0), size,
			     EMUL_ACC_LAST);
}

static int load(struct emul_ctxt *c, const struct vecmov *mv, u64 la,
		unsigned int size, bool zero)
{
	u8 reg[16] = { 0 };
	int rc = EMUL_OK;

	if (size < 16 && !zero)
		rc = c->ops->get_xmm(c, c->insn.reg, reg);
	if (!rc)
		rc = c->ops->read(c, la, reg + (mv->high ? 8 : 0), size, 0);
	return rc ? rc : c->ops->set_xmm(c, c->insn.reg, reg);
}

int emul_x_vecmov(struct emul_ctxt *c)
{
	unsigned int pp = emul_pp(&c->insn), bit = 1u << pp, size;
	const struct vecmov *mv = &moves[c->insn.op->arg];
	u64 la;
	int rc;

	if (c->insn.op->arg == VEC_7E && pp == 2)
		mv = &movq_load;
	if (!(mv->pps & bit) || !emul_has_mem(&c->insn))
		return emul_stop(c, "vector instruction");
	rc = check_enabled(c);
	if (rc)
		return rc;
	size = mv->size[pp];
	if (!size)
		size = c->insn.rex & EMUL_REX_W ? 8 : 4;
	rc = emul_linear(c, c->insn.seg, emul_ea(c), size, mv->store, &la);
	if (rc)
		return rc;
	if ((mv->align & bit) && (la & 15))
		return emul_gp(c, 0);
	return mv->store ? store(c, mv, la, size) :
			   load(c, mv, la, size, mv->zero & bit);
}
