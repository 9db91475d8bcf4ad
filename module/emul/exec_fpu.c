// SPDX-License-Identifier: GPL-2.0
/*
 * When x87, MMX, SSE and AVX instructions may run, and loads and stores of the
 * words that control and report their arithmetic. The arithmetic itself, and
 * moves that convert a format, are not emulated: the kernel has no floating
 * point to do them with.
 */
#include "exec.h"

#define FSW_PENDING	0x80		/* an exception waits to be raised */
#define XCR0_SSE_AVX	6

/* Raises @vector if CR0.EM is set, or else #NM if CR0.TS is. */
static int check_cr0(struct emul_ctxt *c, u8 vector)
{
	u64 cr0;
	int rc;

	rc = c->ops->get_cr(c, 0, &cr0);
	if (rc)
		return rc;
	if (cr0 & X86_CR0_EM)
		return emul_raise(c, vector);
	return cr0 & X86_CR0_TS ? emul_raise(c, EMUL_NM) : EMUL_OK;
}

/* An exception of the x87 waits for the next instruction that may be one. */
static int check_pending(struct emul_ctxt *c)
{
	u64 cr0;
	int rc;

	if (!(c->ops->get_fpu(c, EMUL_FPU_SW) & FSW_PENDING))
		return EMUL_OK;
	rc = c->ops->get_cr(c, 0, &cr0);
	if (rc)
		return rc;
	if (cr0 & X86_CR0_NE)
		return emul_raise(c, EMUL_MF);
	return emul_stop(c, "x87 exception pending with CR0.NE clear");
}

int emul_check_mmx(struct emul_ctxt *c)
{
	int rc = check_cr0(c, EMUL_UD);

	return rc ? rc : check_pending(c);
}

int emul_check_sse(struct emul_ctxt *c)
{
	u64 cr4;
	int rc;

	rc = c->ops->get_cr(c, 4, &cr4);
	if (rc)
		return rc;
	if (!(cr4 & X86_CR4_OSFXSR))
		return emul_ud(c);
	return check_cr0(c, EMUL_UD);
}

/* CR0.EM is nothing to AVX. */
int emul_check_avx(struct emul_ctxt *c)
{
	u64 cr0, cr4, xcr0;
	int rc;

	rc = c->ops->get_cr(c, 4, &cr4);
	if (!rc)
		rc = c->ops->get_xcr0(c, &xcr0);
	if (!rc)
		rc = c->ops->get_cr(c, 0, &cr0);
	if (rc)
		return rc;
	if (!(cr4 & X86_CR4_OSXSAVE) || (~xcr0 & XCR0_SSE_AVX))
		return emul_ud(c);
	return cr0 & X86_CR0_TS ? emul_raise(c, EMUL_NM) : EMUL_OK;
}

static int store_word(struct emul_ctxt *c, enum emul_fpu which,
		      unsigned int size)
{
	u64 la;
	int rc;

	rc = emul_linear(c, c->insn.seg, emul_ea(c), size, true, &la);
	if (rc)
		return rc;
	return emul_write(c, la, size, EMUL_ACC_LAST,
			  c->ops->get_fpu(c, which));
}

static int load_word(struct emul_ctxt *c, enum emul_fpu which,
		     unsigned int size)
{
	u64 la, val;
	int rc;

	rc = emul_linear(c, c->insn.seg, emul_ea(c), size, false, &la);
	if (!rc)
		rc = emul_read(c, la, size, 0, &val);
	return rc ? rc : c->ops->set_fpu(c, which, val);
}

/* LDMXCSR and STMXCSR. */
int emul_x_mxcsr(struct emul_ctxt *c)
{
	const struct emul_insn *insn = &c->insn;
	int rc;

	if (!emul_has_mem(insn) || emul_pp(insn))
		return emul_stop(c, "instruction not emulated");
	if (insn->vex && (insn->vex_l || insn->vex_v))
		return emul_ud(c);
	rc = insn->vex ? emul_check_avx(c) : emul_check_sse(c);
	if (rc)
		return rc;
	return insn->op->arg ? store_word(c, EMUL_FPU_MXCSR, 4) :
			       load_word(c, EMUL_FPU_MXCSR, 4);
}

/* FLDCW, FNSTCW, FNSTSW. */
int emul_x_x87ctl(struct emul_ctxt *c)
{
	int rc;

	if (!emul_has_mem(&c->insn))
		return emul_stop(c, "x87 instruction");
	rc = check_cr0(c, EMUL_NM);
	if (rc)
		return rc;
	switch (c->insn.op->arg) {
	case X87_FNSTCW:
		return store_word(c, EMUL_FPU_CW, 2);
	case X87_FNSTSW:
		return store_word(c, EMUL_FPU_SW, 2);
	}
	/* It is the one of them that does not do without the check. */
	rc = check_pending(c);
	return rc ? rc : load_word(c, EMUL_FPU_CW, 2);
}
