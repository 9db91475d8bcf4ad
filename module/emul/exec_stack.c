// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers of the stack: PUSH and POP in all their forms, flags, frames. They
 * move a copy of the stack pointer and take it over at the end, so that a fault
 * half-way leaves RSP where it was. Repeating the stores of an aborted step does
 * no harm: they are the same ones.
 */
#include "exec.h"

/* Width of the stack pointer in use, in bytes. */
unsigned int emul_stack_size(struct emul_ctxt *c)
{
	if (emul_is64(c))
		return 8;
	return emul_get_seg(c, EMUL_SS)->ar & EMUL_AR_DB ? 4 : 2;
}

int emul_push(struct emul_ctxt *c, u64 *sp, u64 val, unsigned int size,
	      unsigned int flags)
{
	u64 new = (*sp - size) & emul_mask(emul_stack_size(c));
	u64 la;
	int rc;

	rc = emul_linear(c, EMUL_SS, new, size, true, &la);
	if (!rc)
		rc = emul_write(c, la, size, flags, val);
	if (!emul_failed(rc))
		*sp = new;
	return rc;
}

int emul_pop(struct emul_ctxt *c, u64 *sp, u64 *val, unsigned int size)
{
	u64 mask = emul_mask(emul_stack_size(c));
	u64 la;
	int rc;

	rc = emul_linear(c, EMUL_SS, *sp & mask, size, false, &la);
	if (!rc)
		rc = emul_read(c, la, size, 0, val);
	if (!rc)
		*sp = (*sp + size) & mask;
	return rc;
}

/* A narrow stack pointer leaves the rest of RSP alone. */
void emul_set_sp(struct emul_ctxt *c, u64 sp)
{
	u64 mask = emul_mask(emul_stack_size(c));

	c->gpr[EMUL_RSP] = (c->gpr[EMUL_RSP] & ~mask) | (sp & mask);
}

/* One value, and the instruction is done. */
static int push_last(struct emul_ctxt *c, u64 val)
{
	u64 sp = c->gpr[EMUL_RSP];
	int rc;

	rc = emul_push(c, &sp, val, c->insn.opsize, EMUL_ACC_LAST);
	if (!emul_failed(rc))
		emul_set_sp(c, sp);
	return rc;
}

int emul_x_push(struct emul_ctxt *c)
{
	u64 val;
	int rc;

	rc = emul_src(c, c->insn.opsize, &val);
	return rc ? rc : push_last(c, val);
}

/* An address made from RSP uses its value after the pop. */
static u64 pop_ea(struct emul_ctxt *c)
{
	u64 off = emul_ea(c);

	if (c->insn.base == EMUL_RSP)
		off += c->insn.opsize;
	return off & emul_mask(c->insn.adsize);
}

int emul_x_pop(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize;
	u64 sp = c->gpr[EMUL_RSP], val;
	struct emul_opnd dst;
	int rc;

	rc = emul_pop(c, &sp, &val, size);
	if (rc)
		return rc;
	if (emul_has_mem(&c->insn))
		rc = emul_opnd_mem(c, pop_ea(c), size, true, &dst);
	else
		rc = emul_opnd(c, OPS_DST(c->insn.opnds), size, true, &dst);
	if (rc)
		return rc;
	if (dst.mem) {
		rc = emul_store(c, &dst, val);
		if (!emul_failed(rc))
			emul_set_sp(c, sp);
		return rc;
	}
	/* POP RSP keeps what was popped. */
	emul_set_sp(c, sp);
	return emul_store(c, &dst, val);
}

int emul_x_pusha(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize, reg;
	u64 sp = c->gpr[EMUL_RSP];
	int rc = EMUL_OK;

	for (reg = EMUL_RAX; reg <= EMUL_RDI; reg++) {
		rc = emul_push(c, &sp, c->gpr[reg], size,
			       reg == EMUL_RDI ? EMUL_ACC_LAST : 0);
		if (emul_failed(rc))
			return rc;
	}
	emul_set_sp(c, sp);
	return rc;
}

int emul_x_popa(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize;
	u64 sp = c->gpr[EMUL_RSP], val[8];
	int reg, rc;

	for (reg = EMUL_RDI; reg >= EMUL_RAX; reg--) {
		rc = emul_pop(c, &sp, &val[reg], size);
		if (rc)
			return rc;
	}
	for (reg = EMUL_RDI; reg >= EMUL_RAX; reg--)
		if (reg != EMUL_RSP)
			emul_set_reg(c, reg, size, val[reg]);
	emul_set_sp(c, sp);
	return EMUL_OK;
}

static unsigned int iopl(const struct emul_ctxt *c)
{
	return (c->rflags & X86_EFLAGS_IOPL) >> X86_EFLAGS_IOPL_BIT;
}

/* In virtual-8086 mode flags are the monitor's, unless IOPL is 3. */
static int flags_guard(struct emul_ctxt *c)
{
	u64 cr4;
	int rc;

	if (c->mode != EMUL_MODE_VM86 || iopl(c) == 3)
		return EMUL_OK;
	rc = c->ops->get_cr(c, 4, &cr4);
	if (rc)
		return rc;
	if (cr4 & X86_CR4_VME)
		return emul_stop(c, "virtual-8086 mode extensions");
	return emul_gp(c, 0);
}

int emul_x_pushf(struct emul_ctxt *c)
{
	int rc = flags_guard(c);

	if (rc)
		return rc;
	return push_last(c, c->rflags & ~(u64)(X86_EFLAGS_VM | X86_EFLAGS_RF));
}

int emul_x_popf(struct emul_ctxt *c)
{
	u64 mask = EMUL_ARITH | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT |
		   X86_EFLAGS_AC | X86_EFLAGS_ID;
	u64 sp = c->gpr[EMUL_RSP], val;
	int rc = flags_guard(c);

	if (!rc)
		rc = emul_pop(c, &sp, &val, c->insn.opsize);
	if (rc)
		return rc;
	if (c->cpl == 0)
		mask |= X86_EFLAGS_IOPL;
	if (c->cpl <= iopl(c))
		mask |= X86_EFLAGS_IF;
	mask &= emul_mask(c->insn.opsize);
	c->rflags = (c->rflags & ~mask) | (val & mask);
	emul_set_sp(c, sp);
	return EMUL_OK;
}

int emul_x_pushseg(struct emul_ctxt *c)
{
	return push_last(c, emul_get_seg(c, c->insn.op->arg)->sel);
}

int emul_x_popseg(struct emul_ctxt *c)
{
	u64 sp = c->gpr[EMUL_RSP], sel;
	int rc;

	rc = emul_pop(c, &sp, &sel, c->insn.opsize);
	if (!rc)
		rc = emul_load_seg(c, c->insn.op->arg, sel);
	if (rc)
		return rc;
	/* A new SS does not change how far this pop moved. */
	emul_set_sp(c, sp);
	return EMUL_OK;
}

/* ENTER's copies of the outer frames' pointers. */
static int push_frames(struct emul_ctxt *c, u64 *sp, unsigned int level,
		       u64 frame)
{
	unsigned int size = c->insn.opsize, i;
	u64 bp = c->gpr[EMUL_RBP], at, val;
	int rc;

	for (i = 1; i < level; i++) {
		bp -= size;
		at = bp & emul_mask(emul_stack_size(c));
		rc = emul_pop(c, &at, &val, size);
		if (!rc)
			rc = emul_push(c, sp, val, size, 0);
		if (rc)
			return rc;
	}
	return emul_push(c, sp, frame, size, 0);
}

/*
 * A step that runs again must read what it read before; here it would find its
 * own pushes. No compiler makes such frames.
 */
static bool frames_overlap(const struct emul_ctxt *c, unsigned int level)
{
	u64 sp = c->gpr[EMUL_RSP], bp = c->gpr[EMUL_RBP];
	u64 span = (level + 1) * c->insn.opsize;

	return level > 1 && bp - (sp - span) < 2 * span;
}

int emul_x_enter(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize, level = c->insn.imm2 & 31;
	u64 sp = c->gpr[EMUL_RSP], frame, la;
	int rc;

	if (frames_overlap(c, level))
		return emul_stop(c, "ENTER copies a frame onto itself");
	rc = emul_push(c, &sp, c->gpr[EMUL_RBP], size, 0);
	if (rc)
		return rc;
	frame = sp;
	if (level)
		rc = push_frames(c, &sp, level, frame);
	if (rc)
		return rc;
	/* The frame's end has to be writable, though nothing goes there. */
	sp = (sp - c->insn.imm) & emul_mask(emul_stack_size(c));
	rc = emul_linear(c, EMUL_SS, sp, size, true, &la);
	if (!rc)
		rc = c->ops->write(c, la, NULL, size, EMUL_ACC_CHECK);
	if (rc)
		return rc;
	emul_set_reg(c, EMUL_RBP, size, frame);
	emul_set_sp(c, sp);
	return EMUL_OK;
}

int emul_x_leave(struct emul_ctxt *c)
{
	u64 sp = c->gpr[EMUL_RBP], val;
	int rc;

	rc = emul_pop(c, &sp, &val, c->insn.opsize);
	if (rc)
		return rc;
	emul_set_sp(c, sp);
	emul_set_reg(c, EMUL_RBP, c->insn.opsize, val);
	return EMUL_OK;
}
