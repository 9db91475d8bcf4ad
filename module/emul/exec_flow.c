// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers of control flow: near jumps, calls and returns everywhere, far ones
 * in real and virtual-8086 mode, where a segment is only a number. Far transfers
 * with descriptors are not emulated: the processor does them.
 */
#include "exec.h"

/* Checks a branch target and cuts it to the operand size. */
int emul_target(struct emul_ctxt *c, u64 target, u64 *rip)
{
	target &= emul_mask(c->insn.opsize);
	if (emul_is64(c)) {
		if (!emul_canonical(c, target))
			return emul_gp(c, 0);
	} else if (target > emul_get_seg(c, EMUL_CS)->limit) {
		return emul_gp(c, 0);
	}
	*rip = target;
	return EMUL_OK;
}

static int branch(struct emul_ctxt *c)
{
	return emul_target(c, c->next_rip + c->insn.imm, &c->next_rip);
}

/* Relative, or absolute from a register or memory. */
static int near_target(struct emul_ctxt *c, u64 *target)
{
	int rc = EMUL_OK;

	if (OPS_SRC(c->insn.opnds) == O_I)
		*target = c->next_rip + c->insn.imm;
	else
		rc = emul_src(c, c->insn.opsize, target);
	return rc ? rc : emul_target(c, *target, target);
}

int emul_x_jmp(struct emul_ctxt *c)
{
	return near_target(c, &c->next_rip);
}

int emul_x_call(struct emul_ctxt *c)
{
	u64 sp = c->gpr[EMUL_RSP], target;
	int rc;

	rc = near_target(c, &target);
	if (!rc)
		rc = emul_push(c, &sp, c->next_rip, c->insn.opsize,
			       EMUL_ACC_LAST);
	if (emul_failed(rc))
		return rc;
	emul_set_sp(c, sp);
	c->next_rip = target;
	return rc;
}

int emul_x_ret(struct emul_ctxt *c)
{
	u64 sp = c->gpr[EMUL_RSP], target;
	int rc;

	rc = emul_pop(c, &sp, &target, c->insn.opsize);
	if (!rc)
		rc = emul_target(c, target, &target);
	if (rc)
		return rc;
	if (c->insn.op->arg)
		sp += c->insn.imm;
	emul_set_sp(c, sp);
	c->next_rip = target;
	return EMUL_OK;
}

int emul_x_jcc(struct emul_ctxt *c)
{
	return emul_cond(c->rflags, c->insn.opcode) ? branch(c) : EMUL_OK;
}

/* LOOPNE, LOOPE, LOOP, JCXZ by arg. */
int emul_x_loop(struct emul_ctxt *c)
{
	unsigned int op = c->insn.op->arg, size = c->insn.adsize;
	bool zf = c->rflags & X86_EFLAGS_ZF;
	u64 count = c->gpr[EMUL_RCX] & emul_mask(size);
	bool taken;
	int rc;

	if (op == 3)
		return count ? EMUL_OK : branch(c);
	count = (count - 1) & emul_mask(size);
	taken = count && (op == 2 || zf == op);
	rc = taken ? branch(c) : EMUL_OK;
	if (!rc)
		emul_set_reg(c, EMUL_RCX, size, count);
	return rc;
}

/* Offset, then selector, from the instruction or from memory. */
static int far_pointer(struct emul_ctxt *c, u64 *off, u64 *sel)
{
	unsigned int size = c->insn.opsize;
	u64 la;
	int rc;

	if (OPS_SRC(c->insn.opnds) == O_I) {
		*off = c->insn.imm;
		*sel = c->insn.imm2;
		return EMUL_OK;
	}
	rc = emul_linear(c, c->insn.seg, emul_ea(c), size + 2, false, &la);
	if (!rc)
		rc = emul_read(c, la, size, 0, off);
	return rc ? rc : emul_read(c, la + size, 2, 0, sel);
}

static int set_cs(struct emul_ctxt *c, u16 sel)
{
	struct emul_seg cs = *emul_get_seg(c, EMUL_CS);

	cs.sel = sel;
	cs.base = (u32)sel << 4;
	c->seg[EMUL_CS] = cs;
	return c->ops->set_seg(c, EMUL_CS, &cs);
}

static int far_ret(struct emul_ctxt *c)
{
	u64 sp = c->gpr[EMUL_RSP], off, sel;
	int rc;

	rc = emul_pop(c, &sp, &off, c->insn.opsize);
	if (!rc)
		rc = emul_pop(c, &sp, &sel, c->insn.opsize);
	if (!rc)
		rc = emul_target(c, off, &off);
	if (!rc)
		rc = set_cs(c, sel);
	if (rc)
		return rc;
	emul_set_sp(c, sp + c->insn.imm);
	c->next_rip = off;
	return EMUL_OK;
}

int emul_x_far(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize;
	u64 sp = c->gpr[EMUL_RSP], off, sel;
	u16 cs;
	int rc;

	if (emul_is_prot(c))
		return emul_stop(c, "far transfer in protected mode");
	if (c->insn.op->arg == FAR_RET)
		return far_ret(c);
	rc = far_pointer(c, &off, &sel);
	if (!rc)
		rc = emul_target(c, off, &off);
	if (!rc && c->insn.op->arg == FAR_CALL) {
		cs = emul_get_seg(c, EMUL_CS)->sel;
		rc = emul_push(c, &sp, cs, size, 0);
		if (!rc)
			rc = emul_push(c, &sp, c->next_rip, size, 0);
	}
	if (!rc)
		rc = set_cs(c, sel);
	if (rc)
		return rc;
	emul_set_sp(c, sp);
	c->next_rip = off;
	return EMUL_OK;
}
