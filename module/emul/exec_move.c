// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers that move data without arithmetic: MOV and its kin, exchanges,
 * conditional moves, sign extension, flag transfers.
 */
#include "exec.h"

int emul_x_mov(struct emul_ctxt *c)
{
	unsigned int size = emul_size(&c->insn);
	struct emul_opnd dst;
	u64 val;
	int rc;

	rc = emul_opnd(c, OPS_DST(c->insn.opnds), size, true, &dst);
	if (!rc)
		rc = emul_src(c, size, &val);
	return rc ? rc : emul_store(c, &dst, val);
}

/* The source's width, which for MOVSXD shrinks with the operand size. */
static int load_narrow(struct emul_ctxt *c, unsigned int *size, u64 *val)
{
	struct emul_opnd o;
	int rc;

	*size = c->insn.op->arg;
	if (*size == 4 && c->insn.opsize == 2)
		*size = 2;
	rc = emul_opnd(c, O_E, *size, false, &o);
	return rc ? rc : emul_load(c, &o, 0, val);
}

int emul_x_movzx(struct emul_ctxt *c)
{
	unsigned int size;
	u64 val;
	int rc;

	rc = load_narrow(c, &size, &val);
	if (!rc)
		emul_set_reg(c, c->insn.reg, c->insn.opsize, val);
	return rc;
}

int emul_x_movsx(struct emul_ctxt *c)
{
	unsigned int size;
	u64 val;
	int rc;

	if (c->insn.op->arg == 4 && !emul_is64(c))
		return emul_is_prot(c) ? emul_stop(c, "ARPL") : emul_ud(c);
	rc = load_narrow(c, &size, &val);
	if (!rc)
		emul_set_reg(c, c->insn.reg, c->insn.opsize,
			     emul_sext(val, size));
	return rc;
}

int emul_x_movnti(struct emul_ctxt *c)
{
	if (emul_pp(&c->insn))
		return emul_ud(c);
	return emul_x_mov(c);
}

static u64 swap_bytes(u64 val, unsigned int size)
{
	u64 res = 0;

	for (; size; size--, val >>= 8)
		res = res << 8 | (val & 0xff);
	return res;
}

int emul_x_movbe(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize;
	struct emul_opnd dst;
	u64 val;
	int rc;

	if (c->insn.rep)
		return emul_stop(c, "CRC32");
	if (!emul_has_mem(&c->insn) || !emul_cpu_has(c, 1, 2, 22))
		return emul_ud(c);
	rc = emul_opnd(c, OPS_DST(c->insn.opnds), size, true, &dst);
	if (!rc)
		rc = emul_src(c, size, &val);
	return rc ? rc : emul_store(c, &dst, swap_bytes(val, size));
}

int emul_x_bswap(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize;
	u64 val = emul_get_reg(c, c->insn.rm, size);

	/* Of a word nothing is defined; processors clear it. */
	emul_set_reg(c, c->insn.rm, size, size == 2 ? 0 : swap_bytes(val, size));
	return EMUL_OK;
}

int emul_x_lea(struct emul_ctxt *c)
{
	emul_set_reg(c, c->insn.reg, c->insn.opsize, emul_ea(c));
	return EMUL_OK;
}

static u64 take_src(struct emul_alu *a)
{
	return a->src;
}

int emul_x_xchg(struct emul_ctxt *c)
{
	const struct emul_insn *insn = &c->insn;
	unsigned int size = emul_size(insn);
	unsigned int reg = insn->opcode >= 0x90 ? EMUL_RAX : insn->reg;
	struct emul_opnd o;
	struct emul_alu a;
	int rc;

	/* Exchanging the accumulator with itself is NOP, or PAUSE. */
	if (insn->opcode == 0x90 && insn->rm == EMUL_RAX)
		return insn->rep == 0xf3 ?
			c->ops->system(c, EMUL_SYS_PAUSE, 0) : EMUL_OK;
	rc = emul_opnd(c, OPS_DST(insn->opnds), size, true, &o);
	if (rc)
		return rc;
	a.src = emul_get_reg(c, reg, size);
	rc = emul_rmw(c, &o, take_src, &a);
	if (!emul_failed(rc))
		emul_set_reg(c, reg, size, a.dst);
	return rc;
}

int emul_x_xadd(struct emul_ctxt *c)
{
	unsigned int size = emul_size(&c->insn);
	struct emul_opnd o;
	struct emul_alu a;
	u64 sum;
	int rc;

	rc = emul_opnd(c, O_E, size, true, &o);
	if (rc)
		return rc;
	a.src = emul_get_reg(c, c->insn.reg, size);
	rc = emul_rmw(c, &o, emul_alu_fns[ALU_ADD], &a);
	if (emul_failed(rc))
		return rc;
	sum = a.dst + a.src;
	emul_set_reg(c, c->insn.reg, size, a.dst);
	/* The sum is what stays if both are one register. */
	if (!o.mem)
		emul_set_reg(c, o.reg, size, sum);
	c->rflags = a.flags;
	return rc;
}

/* aux: accumulator. A failed comparison writes the operand back. */
static u64 compare_exchange(struct emul_alu *a)
{
	struct emul_alu cmp = *a;

	cmp.dst = a->aux;
	cmp.src = a->dst;
	emul_alu_op(ALU_CMP, &cmp);
	a->flags = cmp.flags;
	return a->dst == a->aux ? a->src : a->dst;
}

int emul_x_cmpxchg(struct emul_ctxt *c)
{
	unsigned int size = emul_size(&c->insn);
	struct emul_opnd o;
	struct emul_alu a;
	u64 keep;
	int rc;

	rc = emul_opnd(c, O_E, size, true, &o);
	if (rc)
		return rc;
	a.src = emul_get_reg(c, c->insn.reg, size);
	a.aux = emul_get_reg(c, EMUL_RAX, size);
	keep = o.mem ? 0 : c->gpr[o.reg];
	rc = emul_rmw(c, &o, compare_exchange, &a);
	if (emul_failed(rc))
		return rc;
	if (a.dst != a.aux) {
		/* Memory is written back, a register is not. */
		if (!o.mem)
			c->gpr[o.reg] = keep;
		emul_set_reg(c, EMUL_RAX, size, a.dst);
	}
	c->rflags = a.flags;
	return rc;
}

/* CMPXCHG8B and CMPXCHG16B; half: bytes of each register. */
static int exchange_pair(struct emul_ctxt *c, u64 la, unsigned int half)
{
	u8 old[16], want[16], new[16];
	unsigned int i, flags = 0;
	bool equal;
	int rc;

	if (c->insn.flags & EMUL_I_LOCK)
		flags = EMUL_ACC_LOCK;
	memcpy(want, &c->gpr[EMUL_RAX], half);
	memcpy(want + half, &c->gpr[EMUL_RDX], half);
	rc = c->ops->read(c, la, old, half * 2, EMUL_ACC_RMW | flags);
	for (i = 0; !rc && i < EMUL_LOCK_TRIES; i++) {
		u8 found[16];

		equal = !memcmp(old, want, half * 2);
		memcpy(new, old, half * 2);
		if (equal) {
			memcpy(new, &c->gpr[EMUL_RBX], half);
			memcpy(new + half, &c->gpr[EMUL_RCX], half);
		}
		memcpy(found, old, half * 2);
		rc = c->ops->cmpxchg(c, la, found, new, half * 2,
				     EMUL_ACC_LAST | flags);
		if (emul_failed(rc))
			return rc;
		if (!memcmp(found, old, half * 2))
			goto done;
		memcpy(old, found, half * 2);
	}
	return rc ? rc : EMUL_CONTINUE;

done:
	if (equal) {
		c->rflags |= X86_EFLAGS_ZF;
		return rc;
	}
	c->rflags &= ~(u64)X86_EFLAGS_ZF;
	c->gpr[EMUL_RAX] = 0;
	c->gpr[EMUL_RDX] = 0;
	memcpy(&c->gpr[EMUL_RAX], old, half);
	memcpy(&c->gpr[EMUL_RDX], old + half, half);
	return rc;
}

int emul_x_cmpxchg8b(struct emul_ctxt *c)
{
	unsigned int half = c->insn.opsize == 8 ? 8 : 4;
	u64 la;
	int rc;

	rc = emul_linear(c, c->insn.seg, emul_ea(c), half * 2, true, &la);
	if (rc)
		return rc;
	if (half == 8 && (la & 15))
		return emul_gp(c, 0);
	return exchange_pair(c, la, half);
}

int emul_x_setcc(struct emul_ctxt *c)
{
	struct emul_opnd dst;
	int rc;

	rc = emul_opnd(c, O_E, 1, true, &dst);
	return rc ? rc :
		emul_store(c, &dst, emul_cond(c->rflags, c->insn.opcode));
}

int emul_x_cmov(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize;
	u64 val;
	int rc;

	/* The load happens, and may fault, whatever the condition. */
	rc = emul_src(c, size, &val);
	if (rc)
		return rc;
	if (!emul_cond(c->rflags, c->insn.opcode))
		val = emul_get_reg(c, c->insn.reg, size);
	emul_set_reg(c, c->insn.reg, size, val);
	return EMUL_OK;
}

int emul_x_cbw(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize;
	u64 half = c->gpr[EMUL_RAX] & emul_mask(size / 2);

	emul_set_reg(c, EMUL_RAX, size, emul_sext(half, size / 2));
	return EMUL_OK;
}

int emul_x_cwd(struct emul_ctxt *c)
{
	unsigned int size = c->insn.opsize;
	s64 val = (s64)emul_sext(c->gpr[EMUL_RAX] & emul_mask(size), size);

	emul_set_reg(c, EMUL_RDX, size, val < 0 ? ~0ull : 0);
	return EMUL_OK;
}

int emul_x_xlat(struct emul_ctxt *c)
{
	u64 off = c->gpr[EMUL_RBX] + (c->gpr[EMUL_RAX] & 0xff);
	struct emul_opnd o;
	u64 val;
	int rc;

	off &= emul_mask(c->insn.adsize);
	rc = emul_opnd_mem(c, off, 1, false, &o);
	if (!rc)
		rc = emul_load(c, &o, 0, &val);
	if (!rc)
		emul_set_reg(c, EMUL_RAX, 1, val);
	return rc;
}

int emul_x_lahf(struct emul_ctxt *c)
{
	const u64 mask = X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF |
			 X86_EFLAGS_ZF | X86_EFLAGS_SF;
	u64 ah = (c->gpr[EMUL_RAX] >> 8) & 0xff;

	if (c->insn.op->arg) {
		c->rflags = (c->rflags & ~mask) | (ah & mask);
		return EMUL_OK;
	}
	ah = (c->rflags & mask) | X86_EFLAGS_FIXED;
	c->gpr[EMUL_RAX] = (c->gpr[EMUL_RAX] & ~0xff00ull) | ah << 8;
	return EMUL_OK;
}
