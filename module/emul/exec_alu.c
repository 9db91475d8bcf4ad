// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers of arithmetic, shifts, multiplication, division and bit operations:
 * they fetch operands, let alu.c compute, and store.
 */
#include "exec.h"

int emul_x_alu(struct emul_ctxt *c)
{
	unsigned int size = emul_size(&c->insn);
	enum emul_aluop op = c->insn.op->arg;
	bool keep = op == ALU_CMP || op == ALU_TEST;
	struct emul_alu a = { .size = size };
	struct emul_opnd dst;
	int rc;

	rc = emul_opnd(c, OPS_DST(c->insn.opnds), size, !keep, &dst);
	if (rc)
		return rc;
	rc = emul_src(c, size, &a.src);
	if (rc)
		return rc;
	if (keep) {
		a.flags = c->rflags;
		rc = emul_load(c, &dst, 0, &a.dst);
		if (!rc)
			emul_alu_op(op, &a);
	} else {
		rc = emul_rmw(c, &dst, emul_alu_fns[op], &a);
	}
	if (!emul_failed(rc))
		c->rflags = a.flags;
	return rc;
}

static int rmw_e(struct emul_ctxt *c, emul_alu_fn fn, struct emul_alu *a)
{
	struct emul_opnd dst;
	int rc;

	rc = emul_opnd(c, OPS_DST(c->insn.opnds), emul_size(&c->insn), true,
		       &dst);
	if (!rc)
		rc = emul_rmw(c, &dst, fn, a);
	if (!emul_failed(rc))
		c->rflags = a->flags;
	return rc;
}

int emul_x_unary(struct emul_ctxt *c)
{
	static const emul_alu_fn fns[] = {
		[UN_INC] = emul_alu_inc,
		[UN_DEC] = emul_alu_dec,
		[UN_NOT] = emul_alu_not,
		[UN_NEG] = emul_alu_neg,
	};
	struct emul_alu a = { 0 };

	return rmw_e(c, fns[c->insn.op->arg], &a);
}

int emul_x_shift(struct emul_ctxt *c)
{
	struct emul_alu a = { .aux = (c->insn.modrm >> 3) & 7 };
	int rc;

	rc = emul_src(c, 1, &a.src);
	return rc ? rc : rmw_e(c, emul_alu_shift, &a);
}

int emul_x_shxd(struct emul_ctxt *c)
{
	struct emul_alu a = { 0 };
	int rc;

	rc = emul_src(c, 1, &a.aux);
	if (rc)
		return rc;
	a.src = emul_get_reg(c, c->insn.reg, c->insn.opsize);
	return rmw_e(c, c->insn.op->arg ? emul_alu_shrd : emul_alu_shld, &a);
}

/* The double-width accumulator: AX for bytes, else rDX:rAX. */
static void set_wide(struct emul_ctxt *c, unsigned int size, u64 lo, u64 hi)
{
	if (size == 1) {
		emul_set_reg(c, EMUL_RAX, 2, lo | hi << 8);
		return;
	}
	emul_set_reg(c, EMUL_RAX, size, lo);
	emul_set_reg(c, EMUL_RDX, size, hi);
}

static int load_e(struct emul_ctxt *c, unsigned int size, u64 *val)
{
	struct emul_opnd o;
	int rc;

	rc = emul_opnd(c, O_E, size, false, &o);
	return rc ? rc : emul_load(c, &o, 0, val);
}

int emul_x_mul(struct emul_ctxt *c)
{
	unsigned int size = emul_size(&c->insn);
	struct emul_alu a = { .size = size, .flags = c->rflags };
	u64 lo;
	int rc;

	rc = load_e(c, size, &a.src);
	if (rc)
		return rc;
	a.dst = c->gpr[EMUL_RAX] & emul_mask(size);
	lo = c->insn.op->arg ? emul_alu_imul(&a) : emul_alu_mul(&a);
	set_wide(c, size, lo, a.aux);
	c->rflags = a.flags;
	return EMUL_OK;
}

int emul_x_imul2(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize;
	struct emul_alu a = { .size = size, .flags = c->rflags };
	u64 res;
	int rc;

	rc = load_e(c, size, &a.src);
	if (rc)
		return rc;
	a.dst = c->insn.op->arg == 3 ? c->insn.imm & emul_mask(size) :
				       emul_get_reg(c, c->insn.reg, size);
	res = emul_alu_imul(&a);
	emul_set_reg(c, c->insn.reg, size, res);
	c->rflags = a.flags;
	return EMUL_OK;
}

int emul_x_div(struct emul_ctxt *c)
{
	unsigned int size = emul_size(&c->insn);
	struct emul_alu a = { .size = size };
	u64 rem;
	bool ok;
	int rc;

	rc = load_e(c, size, &a.src);
	if (rc)
		return rc;
	a.dst = c->gpr[EMUL_RAX] & emul_mask(size);
	a.aux = size == 1 ? (c->gpr[EMUL_RAX] >> 8) & 0xff :
			    c->gpr[EMUL_RDX] & emul_mask(size);
	ok = c->insn.op->arg ? emul_alu_idiv(&a, &rem) :
			       emul_alu_div(&a, &rem);
	if (!ok)
		return emul_raise(c, EMUL_DE);
	set_wide(c, size, a.dst, rem);
	return EMUL_OK;
}

static u64 bit_test(struct emul_alu *a)
{
	if (a->dst & a->src)
		a->flags |= X86_EFLAGS_CF;
	else
		a->flags &= ~(u64)X86_EFLAGS_CF;
	return a->dst;
}

static u64 bit_set(struct emul_alu *a)
{
	return bit_test(a) | a->src;
}

static u64 bit_reset(struct emul_alu *a)
{
	return bit_test(a) & ~a->src;
}

static u64 bit_flip(struct emul_alu *a)
{
	return bit_test(a) ^ a->src;
}

/* A bit offset in a register reaches beyond the operand in memory. */
static int bit_opnd(struct emul_ctxt *c, u64 bit, bool write,
		    struct emul_opnd *o)
{
	unsigned int size = c->insn.opsize;
	u64 off;

	if (!emul_has_mem(&c->insn) || OPS_SRC(c->insn.opnds) == O_I)
		return emul_opnd(c, O_E, size, write, o);
	off = (u64)((s64)emul_sext(bit, size) >> 3) & ~(u64)(size - 1);
	off = (emul_ea(c) + off) & emul_mask(c->insn.adsize);
	return emul_opnd_mem(c, off, size, write, o);
}

int emul_x_bt(struct emul_ctxt *c)
{
	static const emul_alu_fn fns[] = {
		[BT_BTS] = bit_set,
		[BT_BTR] = bit_reset,
		[BT_BTC] = bit_flip,
	};
	unsigned int size = c->insn.opsize, op = c->insn.op->arg;
	struct emul_alu a = { .size = size, .flags = c->rflags };
	struct emul_opnd o;
	u64 bit;
	int rc;

	rc = emul_src(c, size, &bit);
	if (!rc)
		rc = bit_opnd(c, bit, op != BT_BT, &o);
	if (rc)
		return rc;
	a.src = 1ull << (bit & (size * 8 - 1));
	if (op == BT_BT) {
		rc = emul_load(c, &o, 0, &a.dst);
		if (!rc)
			bit_test(&a);
	} else {
		rc = emul_rmw(c, &o, fns[op], &a);
	}
	if (!emul_failed(rc))
		c->rflags = a.flags;
	return rc;
}

/* Index of the lowest or highest bit of a value that has one. */
static unsigned int low_bit(u64 val)
{
	asm("bsfq %1, %0" : "=r" (val) : "r" (val) : "cc");
	return val;
}

static unsigned int high_bit(u64 val)
{
	asm("bsrq %1, %0" : "=r" (val) : "r" (val) : "cc");
	return val;
}

static unsigned int count_bits(u64 val)
{
	unsigned int n;

	for (n = 0; val; n++)
		val &= val - 1;
	return n;
}

/* BSF and BSR leave the register alone when there is no bit. */
static void scan(struct emul_ctxt *c, u64 val, bool high)
{
	struct emul_alu a = { .flags = c->rflags, .size = c->insn.opsize };

	emul_alu_logic(&a, val);
	c->rflags = a.flags;
	if (val)
		emul_set_reg(c, c->insn.reg, c->insn.opsize,
			     high ? high_bit(val) : low_bit(val));
}

/* TZCNT and LZCNT: the operand's width when there is no bit, and CF. */
static void count_zeros(struct emul_ctxt *c, u64 val, bool high)
{
	unsigned int bits = c->insn.opsize * 8, n = bits;

	if (val)
		n = high ? bits - 1 - high_bit(val) : low_bit(val);
	c->rflags &= ~(u64)EMUL_ARITH;
	if (!val)
		c->rflags |= X86_EFLAGS_CF;
	if (!n)
		c->rflags |= X86_EFLAGS_ZF;
	emul_set_reg(c, c->insn.reg, c->insn.opsize, n);
}

static int popcnt(struct emul_ctxt *c, u64 val)
{
	c->rflags &= ~(u64)EMUL_ARITH;
	if (!val)
		c->rflags |= X86_EFLAGS_ZF;
	emul_set_reg(c, c->insn.reg, c->insn.opsize, count_bits(val));
	return EMUL_OK;
}

int emul_x_bitscan(struct emul_ctxt *c)
{
	bool f3 = c->insn.rep == 0xf3, high = c->insn.op->arg == SCAN_BSR;
	u64 val;
	int rc;

	if (c->insn.op->arg == SCAN_POPCNT &&
	    !(f3 && emul_cpu_has(c, 1, 2, 23)))
		return emul_ud(c);
	rc = load_e(c, c->insn.opsize, &val);
	if (rc)
		return rc;
	if (c->insn.op->arg == SCAN_POPCNT)
		return popcnt(c, val);
	/* Without the feature the prefix has no meaning. */
	if (f3 && (high ? emul_cpu_has(c, 0x80000001, 2, 5) :
			  emul_cpu_has(c, 7, 1, 3)))
		count_zeros(c, val, high);
	else
		scan(c, val, high);
	return EMUL_OK;
}
