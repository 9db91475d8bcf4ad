// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers that read and load data segment registers. In real and virtual-8086
 * mode a load is a shift; in protected mode it goes through the descriptor
 * tables with the checks that the architecture lists, in its order.
 */
#include "exec.h"

/* The linear address of @sel's descriptor; exception @vector if it has none. */
int emul_find_descriptor(struct emul_ctxt *c, u8 vector, u16 sel, u64 *la)
{
	const struct emul_seg *ldt;
	u64 base;
	u16 limit;
	int rc;

	if (sel & SEL_LDT) {
		ldt = emul_get_seg(c, EMUL_LDTR);
		if (!(ldt->ar & EMUL_AR_P) || (sel | 7u) > ldt->limit)
			return emul_sel_fault(c, vector, sel);
		base = ldt->base;
	} else {
		rc = c->ops->get_table(c, EMUL_GDT, &base, &limit);
		if (rc)
			return rc;
		if ((sel | 7u) > limit)
			return emul_sel_fault(c, vector, sel);
	}
	*la = base + (sel & ~7u);
	if (!emul_is64(c))
		*la = (u32)*la;
	return EMUL_OK;
}

void emul_unpack_descriptor(u64 desc, u16 sel, struct emul_seg *s)
{
	u32 lo = desc, hi = desc >> 32;

	s->sel = sel;
	s->base = (lo >> 16) | (hi & 0xff) << 16 | (hi & 0xff000000);
	s->limit = (lo & 0xffff) | (hi & 0xf0000);
	s->ar = (hi >> 8) & 0xf0ff;
	if (s->ar & EMUL_AR_G)
		s->limit = s->limit << 12 | 0xfff;
}

static int check_stack(struct emul_ctxt *c, u16 sel, u16 ar)
{
	bool data = (ar & EMUL_AR_S) && !(ar & EMUL_AR_CODE) &&
		    (ar & EMUL_AR_RW);

	if (!data || SEL_RPL(sel) != c->cpl || EMUL_AR_DPL(ar) != c->cpl)
		return emul_sel_fault(c, EMUL_GP, sel);
	if (!(ar & EMUL_AR_P))
		return emul_sel_fault(c, EMUL_SSF, sel);
	return EMUL_OK;
}

static int check_data(struct emul_ctxt *c, u16 sel, u16 ar)
{
	bool code = ar & EMUL_AR_CODE;
	bool readable = !code || (ar & EMUL_AR_RW);
	bool conforming = code && (ar & EMUL_AR_DC);
	unsigned int dpl = EMUL_AR_DPL(ar);

	if (!(ar & EMUL_AR_S) || !readable)
		return emul_sel_fault(c, EMUL_GP, sel);
	if (!conforming && (SEL_RPL(sel) > dpl || c->cpl > dpl))
		return emul_sel_fault(c, EMUL_GP, sel);
	if (!(ar & EMUL_AR_P))
		return emul_sel_fault(c, EMUL_NP, sel);
	return EMUL_OK;
}

static int load_null(struct emul_ctxt *c, unsigned int seg, u16 sel,
		     struct emul_seg *s)
{
	if (seg == EMUL_SS &&
	    !(emul_is64(c) && c->cpl < 3 && SEL_RPL(sel) == c->cpl))
		return emul_gp(c, 0);
	memset(s, 0, sizeof(*s));
	s->sel = sel;
	if (seg == EMUL_SS)
		s->ar = (u16)(c->cpl << 5);
	return EMUL_OK;
}

static int load_descriptor(struct emul_ctxt *c, unsigned int seg, u16 sel,
			   struct emul_seg *s)
{
	u64 desc, la = 0;
	int rc;

	if (!(sel & ~3u))
		return load_null(c, seg, sel, s);
	rc = emul_find_descriptor(c, EMUL_GP, sel, &la);
	if (!rc)
		rc = emul_read(c, la, 8, EMUL_ACC_SYSTEM, &desc);
	if (rc)
		return rc;
	emul_unpack_descriptor(desc, sel, s);
	rc = seg == EMUL_SS ? check_stack(c, sel, s->ar) :
			      check_data(c, sel, s->ar);
	if (rc || (s->ar & EMUL_AR_ACCESSED))
		return rc;
	s->ar |= EMUL_AR_ACCESSED;
	return emul_write(c, la + 5, 1, EMUL_ACC_SYSTEM, s->ar & 0xff);
}

int emul_load_seg(struct emul_ctxt *c, unsigned int seg, u16 sel)
{
	struct emul_seg s;
	int rc;

	if (emul_is_prot(c)) {
		rc = load_descriptor(c, seg, sel, &s);
		if (rc)
			return rc;
	} else {
		s = *emul_get_seg(c, seg);
		s.sel = sel;
		s.base = (u32)sel << 4;
	}
	rc = c->ops->set_seg(c, seg, &s);
	if (rc)
		return rc;
	if (seg == EMUL_SS)
		c->shadow |= EMUL_SHADOW_MOV_SS;
	return EMUL_OK;
}

int emul_x_movseg(struct emul_ctxt *c)
{
	struct emul_opnd dst;
	unsigned int size;
	int rc;

	if (c->insn.reg >= EMUL_NR_USER_SEG)
		return emul_ud(c);
	/* In memory it is always a word. */
	size = emul_has_mem(&c->insn) ? 2 : c->insn.opsize;
	rc = emul_opnd(c, O_E, size, true, &dst);
	return rc ? rc :
		emul_store(c, &dst, emul_get_seg(c, c->insn.reg)->sel);
}

int emul_x_movtoseg(struct emul_ctxt *c)
{
	u64 sel;
	int rc;

	if (c->insn.reg == EMUL_CS || c->insn.reg >= EMUL_NR_USER_SEG)
		return emul_ud(c);
	rc = emul_src(c, 2, &sel);
	return rc ? rc : emul_load_seg(c, c->insn.reg, sel);
}

int emul_x_lseg(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize;
	u64 la = 0, off, sel;
	int rc;

	rc = emul_linear(c, c->insn.seg, emul_ea(c), size + 2, false, &la);
	if (!rc)
		rc = emul_read(c, la, size, 0, &off);
	if (!rc)
		rc = emul_read(c, la + size, 2, 0, &sel);
	if (!rc)
		rc = emul_load_seg(c, c->insn.op->arg, sel);
	if (rc)
		return rc;
	c->shadow = 0;
	emul_set_reg(c, c->insn.reg, size, off);
	return EMUL_OK;
}
