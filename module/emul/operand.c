// SPDX-License-Identifier: GPL-2.0
/*
 * Operands: general registers of every width, effective and linear addresses
 * with the checks that segments ask for, loads and stores through the owner's
 * callbacks, and the read-modify-write that all arithmetic on memory shares.
 */
#include <linux/compiler.h>

#include "exec.h"

/* AH, CH, DH, BH: encoded as 4..7 where there is no REX prefix. */
static inline bool high_byte(const struct emul_ctxt *c, unsigned int reg,
			     unsigned int size)
{
	return size == 1 && !c->insn.rex && reg >= 4 && reg < 8;
}

u64 emul_get_reg(const struct emul_ctxt *c, unsigned int reg, unsigned int size)
{
	if (high_byte(c, reg, size))
		return (c->gpr[reg - 4] >> 8) & 0xff;
	return c->gpr[reg] & emul_mask(size);
}

void emul_set_reg(struct emul_ctxt *c, unsigned int reg, unsigned int size,
		  u64 val)
{
	u64 mask = emul_mask(size);

	if (high_byte(c, reg, size)) {
		c->gpr[reg - 4] = (c->gpr[reg - 4] & ~0xff00ull) |
				  (val & 0xff) << 8;
		return;
	}
	/* A doubleword clears the upper half; smaller ones keep the rest. */
	if (size >= 4)
		c->gpr[reg] = val & mask;
	else
		c->gpr[reg] = (c->gpr[reg] & ~mask) | (val & mask);
}

const struct emul_seg *emul_get_seg(struct emul_ctxt *c, unsigned int seg)
{
	if (!(c->seg_valid & (1u << seg))) {
		c->ops->get_seg(c, seg, &c->seg[seg]);
		c->seg_valid |= 1u << seg;
	}
	return &c->seg[seg];
}

/* Offset of the ModRM memory operand in its segment. */
u64 emul_ea(const struct emul_ctxt *c)
{
	const struct emul_insn *insn = &c->insn;
	u64 off = (s64)insn->disp;

	if (insn->base != EMUL_NO_REG)
		off += c->gpr[insn->base];
	if (insn->index != EMUL_NO_REG)
		off += c->gpr[insn->index] << insn->scale;
	if (insn->flags & EMUL_I_RIPREL)
		off += c->rip + insn->len;
	return off & emul_mask(insn->adsize);
}

bool emul_canonical(const struct emul_ctxt *c, u64 la)
{
	unsigned int shift = c->la57 ? 7 : 16;

	return (u64)((s64)(la << shift) >> shift) == la;
}

static int seg_fault(struct emul_ctxt *c, unsigned int seg)
{
	return emul_raise_error(c, seg == EMUL_SS ? EMUL_SSF : EMUL_GP, 0);
}

static bool seg_rights(const struct emul_seg *s, bool write)
{
	if (!(s->ar & EMUL_AR_P))
		return false;
	if (write)
		return !(s->ar & EMUL_AR_CODE) && (s->ar & EMUL_AR_RW);
	return !(s->ar & EMUL_AR_CODE) || (s->ar & EMUL_AR_RW);
}

static bool seg_limit(const struct emul_seg *s, u64 off, unsigned int len)
{
	u64 last = off + len - 1;
	u64 top;

	if ((s->ar & (EMUL_AR_CODE | EMUL_AR_DC)) != EMUL_AR_DC)
		return last <= s->limit;
	top = s->ar & EMUL_AR_DB ? 0xffffffffull : 0xffff;
	return off > s->limit && last <= top;
}

static int linear64(struct emul_ctxt *c, unsigned int seg, u64 off,
		    unsigned int len, u64 *la)
{
	*la = off;
	if (seg >= EMUL_FS)
		*la += emul_get_seg(c, seg)->base;
	if (!emul_canonical(c, *la) || !emul_canonical(c, *la + len - 1))
		return seg_fault(c, seg);
	return EMUL_OK;
}

/* Out of line, as check_alignment(): what they save would cost every access. */
static noinline int linear32(struct emul_ctxt *c, unsigned int seg, u64 off,
		    unsigned int len, bool write, u64 *la)
{
	const struct emul_seg *s = emul_get_seg(c, seg);

	if (emul_is_prot(c) && !seg_rights(s, write))
		return seg_fault(c, seg);
	if (!seg_limit(s, off, len))
		return seg_fault(c, seg);
	*la = (u32)(s->base + off);
	if (*la + len > 1ull << 32)
		return emul_stop(c, "access wraps at 4 GiB");
	return EMUL_OK;
}

static noinline int check_alignment(struct emul_ctxt *c, u64 la, unsigned int len)
{
	u64 cr0;
	int rc;

	if (len > 8 || (len & (len - 1)) || !(la & (len - 1)))
		return EMUL_OK;
	rc = c->ops->get_cr(c, 0, &cr0);
	if (rc || !(cr0 & X86_CR0_AM))
		return rc;
	return emul_raise_error(c, EMUL_AC, 0);
}

int emul_linear(struct emul_ctxt *c, unsigned int seg, u64 off,
		unsigned int len, bool write, u64 *la)
{
	int rc;

	rc = emul_is64(c) ? linear64(c, seg, off, len, la) :
			    linear32(c, seg, off, len, write, la);
	if (rc || c->cpl != 3 || !(c->rflags & X86_EFLAGS_AC))
		return rc;
	return check_alignment(c, *la, len);
}

int emul_read(struct emul_ctxt *c, u64 la, unsigned int size,
	      unsigned int flags, u64 *val)
{
	*val = 0;
	return c->ops->read(c, la, val, size, flags);
}

int emul_write(struct emul_ctxt *c, u64 la, unsigned int size,
	       unsigned int flags, u64 val)
{
	return c->ops->write(c, la, &val, size, flags);
}

int emul_opnd_mem(struct emul_ctxt *c, u64 off, unsigned int size, bool write,
		  struct emul_opnd *o)
{
	o->mem = true;
	o->size = size;
	return emul_linear(c, c->insn.seg, off, size, write, &o->la);
}

/* Locates an operand that can be a destination, too. */
int emul_opnd(struct emul_ctxt *c, unsigned int kind, unsigned int size,
	      bool write, struct emul_opnd *o)
{
	const struct emul_insn *insn = &c->insn;

	o->mem = false;
	o->size = size;
	switch (kind) {
	case O_E:
		if (emul_has_mem(insn))
			return emul_opnd_mem(c, emul_ea(c), size, write, o);
		o->reg = insn->rm;
		return EMUL_OK;
	case O_G:
		o->reg = insn->reg;
		return EMUL_OK;
	case O_Z:
		o->reg = insn->rm;
		return EMUL_OK;
	case O_A:
		o->reg = EMUL_RAX;
		return EMUL_OK;
	case O_O:
		return emul_opnd_mem(c, insn->imm, size, write, o);
	default:
		return emul_stop(c, "operand kind without a place");
	}
}

int emul_load(struct emul_ctxt *c, const struct emul_opnd *o,
	      unsigned int flags, u64 *val)
{
	if (o->mem)
		return emul_read(c, o->la, o->size, flags, val);
	*val = emul_get_reg(c, o->reg, o->size);
	return EMUL_OK;
}

/* The last step of a handler: nothing may fail after it. */
int emul_store(struct emul_ctxt *c, const struct emul_opnd *o, u64 val)
{
	if (o->mem)
		return emul_write(c, o->la, o->size, EMUL_ACC_LAST, val);
	emul_set_reg(c, o->reg, o->size, val);
	return EMUL_OK;
}

/* The source operand's value. */
int emul_src(struct emul_ctxt *c, unsigned int size, u64 *val)
{
	unsigned int kind = OPS_SRC(c->insn.opnds);
	struct emul_opnd o;
	int rc;

	switch (kind) {
	case O_G:
		*val = emul_get_reg(c, c->insn.reg, size);
		return EMUL_OK;
	case O_I:
		*val = c->insn.imm & emul_mask(size);
		return EMUL_OK;
	case O_1:
		*val = 1;
		return EMUL_OK;
	case O_C:
		*val = c->gpr[EMUL_RCX] & 0xff;
		return EMUL_OK;
	default:
		rc = emul_opnd(c, kind, size, false, &o);
		return rc ? rc : emul_load(c, &o, 0, val);
	}
}

static int rmw_locked(struct emul_ctxt *c, const struct emul_opnd *o,
		      emul_alu_fn fn, struct emul_alu *a)
{
	u64 flags = a->flags, found, new;
	unsigned int i;
	int rc;

	for (i = 0; i < EMUL_LOCK_TRIES; i++) {
		a->flags = flags;
		new = fn(a);
		found = a->dst;
		rc = c->ops->cmpxchg(c, o->la, &found, &new, o->size,
				     EMUL_ACC_LAST | EMUL_ACC_LOCK);
		if (emul_failed(rc) || found == a->dst)
			return rc;
		a->dst = found;
	}
	return EMUL_CONTINUE;
}

/*
 * Replaces the operand by fn of it. On success a->dst is the old value and
 * a->flags are the new flags, which the caller takes over.
 */
int emul_rmw(struct emul_ctxt *c, const struct emul_opnd *o, emul_alu_fn fn,
	     struct emul_alu *a)
{
	bool lock = c->insn.flags & EMUL_I_LOCK || c->insn.op->fn == X_XCHG;
	int rc;

	a->size = o->size;
	a->flags = c->rflags;
	rc = emul_load(c, o, EMUL_ACC_RMW | (lock ? EMUL_ACC_LOCK : 0),
		       &a->dst);
	if (rc)
		return rc;
	if (lock && o->mem)
		return rmw_locked(c, o, fn, a);
	return emul_store(c, o, fn(a));
}

/* Does the guest's CPUID show a feature? reg: 0..3 for EAX, EBX, ECX, EDX. */
bool emul_cpu_has(struct emul_ctxt *c, u32 leaf, unsigned int reg,
		  unsigned int bit)
{
	u32 regs[4] = { leaf, 0, 0, 0 };

	if (c->ops->cpuid(c, regs))
		return false;
	return regs[reg] & (1u << bit);
}
