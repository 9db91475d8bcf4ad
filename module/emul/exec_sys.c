// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers of system instructions: control and debug registers, descriptor
 * tables, model-specific registers, flags with privilege, and what is handed to
 * the owner as a whole. CPL 0 where the table says so is checked before.
 */
#include "exec.h"

static unsigned int wide(const struct emul_ctxt *c)
{
	return emul_is64(c) ? 8 : 4;
}

static bool cr_exists(unsigned int cr)
{
	return cr == 0 || (cr >= 2 && cr <= 4) || cr == 8;
}

int emul_x_movcr(struct emul_ctxt *c)
{
	u64 val;
	int rc;

	if (!cr_exists(c->insn.reg))
		return emul_ud(c);
	rc = c->ops->get_cr(c, c->insn.reg, &val);
	if (!rc)
		emul_set_reg(c, c->insn.rm, wide(c), val);
	return rc;
}

int emul_x_movtocr(struct emul_ctxt *c)
{
	if (!cr_exists(c->insn.reg))
		return emul_ud(c);
	return c->ops->set_cr(c, c->insn.reg,
			      emul_get_reg(c, c->insn.rm, wide(c)));
}

/* DR4 and DR5 are other names of DR6 and DR7, unless CR4.DE. */
static int debug_reg(struct emul_ctxt *c, unsigned int *dr)
{
	u64 cr4;
	int rc;

	*dr = c->insn.reg;
	if (*dr > 7)
		return emul_ud(c);
	if (*dr != 4 && *dr != 5)
		return EMUL_OK;
	rc = c->ops->get_cr(c, 4, &cr4);
	if (rc)
		return rc;
	if (cr4 & X86_CR4_DE)
		return emul_ud(c);
	*dr += 2;
	return EMUL_OK;
}

int emul_x_movdr(struct emul_ctxt *c)
{
	unsigned int dr;
	u64 val;
	int rc;

	rc = debug_reg(c, &dr);
	if (!rc)
		rc = c->ops->get_dr(c, dr, &val);
	if (!rc)
		emul_set_reg(c, c->insn.rm, wide(c), val);
	return rc;
}

int emul_x_movtodr(struct emul_ctxt *c)
{
	u64 val = emul_get_reg(c, c->insn.rm, wide(c));
	unsigned int dr;
	int rc;

	rc = debug_reg(c, &dr);
	if (rc)
		return rc;
	if (dr >= 6 && val >> 32)
		return emul_gp(c, 0);
	return c->ops->set_dr(c, dr, val);
}

int emul_x_clts(struct emul_ctxt *c)
{
	u64 cr0;
	int rc;

	rc = c->ops->get_cr(c, 0, &cr0);
	return rc ? rc : c->ops->set_cr(c, 0, cr0 & ~(u64)X86_CR0_TS);
}

/* CR4.UMIP hides system state from user mode. */
static int umip(struct emul_ctxt *c)
{
	u64 cr4;
	int rc;

	if (!c->cpl)
		return EMUL_OK;
	rc = c->ops->get_cr(c, 4, &cr4);
	if (rc)
		return rc;
	return cr4 & X86_CR4_UMIP ? emul_gp(c, 0) : EMUL_OK;
}

int emul_x_smsw(struct emul_ctxt *c)
{
	unsigned int size = emul_has_mem(&c->insn) ? 2 : c->insn.opsize;
	struct emul_opnd dst;
	u64 cr0;
	int rc;

	rc = umip(c);
	if (!rc)
		rc = emul_opnd(c, O_E, size, true, &dst);
	if (!rc)
		rc = c->ops->get_cr(c, 0, &cr0);
	return rc ? rc : emul_store(c, &dst, cr0);
}

/* The low four bits of CR0; PE can be set, not cleared. */
int emul_x_lmsw(struct emul_ctxt *c)
{
	const u64 mask = X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS;
	struct emul_opnd src;
	u64 cr0, val;
	int rc;

	rc = emul_opnd(c, O_E, 2, false, &src);
	if (!rc)
		rc = emul_load(c, &src, 0, &val);
	if (!rc)
		rc = c->ops->get_cr(c, 0, &cr0);
	if (rc)
		return rc;
	val = (cr0 & ~mask) | (val & mask) | (cr0 & X86_CR0_PE);
	return c->ops->set_cr(c, 0, val);
}

/* SLDT and STR. */
int emul_x_strsel(struct emul_ctxt *c)
{
	unsigned int size = emul_has_mem(&c->insn) ? 2 : c->insn.opsize;
	struct emul_opnd dst;
	int rc;

	rc = umip(c);
	if (!rc)
		rc = emul_opnd(c, O_E, size, true, &dst);
	return rc ? rc :
		emul_store(c, &dst, emul_get_seg(c, c->insn.op->arg)->sel);
}

static int store_table(struct emul_ctxt *c, enum emul_table which)
{
	unsigned int width = wide(c);
	u64 base, la;
	u16 limit;
	u8 buf[10];
	int rc;

	rc = umip(c);
	if (!rc)
		rc = emul_linear(c, c->insn.seg, emul_ea(c), 2 + width, true,
				 &la);
	if (!rc)
		rc = c->ops->get_table(c, which, &base, &limit);
	if (rc)
		return rc;
	memcpy(buf, &limit, 2);
	memcpy(buf + 2, &base, width);
	return c->ops->write(c, la, buf, 2 + width, EMUL_ACC_LAST);
}

static int load_table(struct emul_ctxt *c, enum emul_table which)
{
	unsigned int width = wide(c);
	u64 base = 0, la;
	u16 limit;
	u8 buf[10];
	int rc;

	if (c->cpl)
		return emul_gp(c, 0);
	rc = emul_linear(c, c->insn.seg, emul_ea(c), 2 + width, false, &la);
	if (!rc)
		rc = c->ops->read(c, la, buf, 2 + width, 0);
	if (rc)
		return rc;
	memcpy(&limit, buf, 2);
	memcpy(&base, buf + 2, width);
	/* With word operands the base has 24 bits. */
	if (width == 4 && c->insn.opsize == 2)
		base &= 0xffffff;
	if (width == 8 && !emul_canonical(c, base))
		return emul_gp(c, 0);
	return c->ops->set_table(c, which, base, limit);
}

/* SGDT, SIDT, LGDT, LIDT by arg. */
int emul_x_table(struct emul_ctxt *c)
{
	enum emul_table which = c->insn.op->arg & 1 ? EMUL_IDT : EMUL_GDT;

	if (!emul_has_mem(&c->insn))
		return emul_x_grp7reg(c);
	return c->insn.op->arg & 2 ? load_table(c, which) :
				     store_table(c, which);
}

/* RDMSR and WRMSR by arg. */
int emul_x_msr(struct emul_ctxt *c)
{
	u32 msr = c->gpr[EMUL_RCX];
	u64 val;
	int rc;

	if (c->insn.op->arg) {
		val = (u32)c->gpr[EMUL_RAX] | c->gpr[EMUL_RDX] << 32;
		return c->ops->set_msr(c, msr, val);
	}
	rc = c->ops->get_msr(c, msr, &val);
	if (rc)
		return rc;
	c->gpr[EMUL_RAX] = (u32)val;
	c->gpr[EMUL_RDX] = val >> 32;
	return EMUL_OK;
}

int emul_x_cpuid(struct emul_ctxt *c)
{
	u32 regs[4] = { c->gpr[EMUL_RAX], 0, c->gpr[EMUL_RCX], 0 };
	int rc;

	rc = c->ops->cpuid(c, regs);
	if (rc)
		return rc;
	c->gpr[EMUL_RAX] = regs[0];
	c->gpr[EMUL_RBX] = regs[1];
	c->gpr[EMUL_RCX] = regs[2];
	c->gpr[EMUL_RDX] = regs[3];
	return EMUL_OK;
}

static int read_tsc(struct emul_ctxt *c, bool with_aux)
{
	u64 val;
	u32 aux;
	int rc;

	if (c->cpl) {
		rc = c->ops->get_cr(c, 4, &val);
		if (rc)
			return rc;
		if (val & X86_CR4_TSD)
			return emul_gp(c, 0);
	}
	rc = c->ops->rdtsc(c, &val, &aux);
	if (rc)
		return rc;
	c->gpr[EMUL_RAX] = (u32)val;
	c->gpr[EMUL_RDX] = val >> 32;
	if (with_aux)
		c->gpr[EMUL_RCX] = aux;
	return EMUL_OK;
}

int emul_x_rdtsc(struct emul_ctxt *c)
{
	return read_tsc(c, false);
}

int emul_x_hlt(struct emul_ctxt *c)
{
	return c->ops->system(c, EMUL_SYS_HLT, 0);
}

/* INVLPG addresses like any operand, but an address out of bounds is ignored. */
static int invlpg(struct emul_ctxt *c)
{
	u64 la = emul_ea(c);

	if (c->cpl)
		return emul_gp(c, 0);
	if (!emul_is64(c))
		la = (u32)(la + emul_get_seg(c, c->insn.seg)->base);
	else if (c->insn.seg >= EMUL_FS)
		la += emul_get_seg(c, c->insn.seg)->base;
	if (emul_is64(c) && !emul_canonical(c, la))
		return EMUL_OK;
	return c->ops->system(c, EMUL_SYS_INVLPG, la);
}

int emul_x_sys(struct emul_ctxt *c)
{
	if (c->insn.op->arg != EMUL_SYS_INVLPG)
		return c->ops->system(c, c->insn.op->arg, 0);
	return emul_has_mem(&c->insn) ? invlpg(c) : emul_x_grp7reg(c);
}

static int xsetbv(struct emul_ctxt *c)
{
	u64 val = (u32)c->gpr[EMUL_RAX] | c->gpr[EMUL_RDX] << 32;
	u64 cr4;
	int rc;

	rc = c->ops->get_cr(c, 4, &cr4);
	if (rc)
		return rc;
	if (!(cr4 & X86_CR4_OSXSAVE))
		return emul_ud(c);
	if (c->cpl)
		return emul_gp(c, 0);
	return c->ops->system(c, EMUL_SYS_XSETBV, val);
}

/* CLAC and STAC. */
static int set_ac(struct emul_ctxt *c, bool on)
{
	if (c->cpl || !emul_cpu_has(c, 7, 1, 20))
		return emul_ud(c);
	c->rflags &= ~(u64)X86_EFLAGS_AC;
	if (on)
		c->rflags |= X86_EFLAGS_AC;
	return EMUL_OK;
}

/* Group 7 with a register for operand: each ModRM byte is its own instruction. */
int emul_x_grp7reg(struct emul_ctxt *c)
{
	if (emul_has_mem(&c->insn))
		return emul_stop(c, "shadow-stack instruction");
	switch (c->insn.modrm) {
	case 0xc1:
		return c->ops->system(c, EMUL_SYS_HYPERCALL, 0x0f01c1);
	case 0xca:
	case 0xcb:
		return set_ac(c, c->insn.modrm & 1);
	case 0xd1:
		return xsetbv(c);
	case 0xd9:
		return c->ops->system(c, EMUL_SYS_HYPERCALL, 0x0f01d9);
	case 0xf9:
		if (!emul_cpu_has(c, 0x80000001, 3, 27))
			return emul_ud(c);
		return read_tsc(c, true);
	default:
		return emul_stop(c, "system instruction");
	}
}

static unsigned int iopl(const struct emul_ctxt *c)
{
	return (c->rflags & X86_EFLAGS_IOPL) >> X86_EFLAGS_IOPL_BIT;
}

/* With CR4.VME or PVI, CLI and STI act on VIF: the processor's business. */
static int if_guard(struct emul_ctxt *c)
{
	u64 cr4;
	int rc;

	if (c->cpl <= iopl(c))
		return EMUL_OK;
	rc = c->ops->get_cr(c, 4, &cr4);
	if (rc)
		return rc;
	if ((c->mode == EMUL_MODE_VM86 && (cr4 & X86_CR4_VME)) ||
	    (c->mode != EMUL_MODE_VM86 && c->cpl == 3 && (cr4 & X86_CR4_PVI)))
		return emul_stop(c, "virtual interrupt flag");
	return emul_gp(c, 0);
}

static int set_if(struct emul_ctxt *c, bool on)
{
	int rc = if_guard(c);

	if (rc)
		return rc;
	if (on && !(c->rflags & X86_EFLAGS_IF))
		c->shadow |= EMUL_SHADOW_STI;
	c->rflags &= ~(u64)X86_EFLAGS_IF;
	if (on)
		c->rflags |= X86_EFLAGS_IF;
	return EMUL_OK;
}

int emul_x_flag(struct emul_ctxt *c)
{
	switch (c->insn.op->arg) {
	case FLAG_CMC:
		c->rflags ^= X86_EFLAGS_CF;
		break;
	case FLAG_CLC:
		c->rflags &= ~(u64)X86_EFLAGS_CF;
		break;
	case FLAG_STC:
		c->rflags |= X86_EFLAGS_CF;
		break;
	case FLAG_CLI:
		return set_if(c, false);
	case FLAG_STI:
		return set_if(c, true);
	case FLAG_CLD:
		c->rflags &= ~(u64)X86_EFLAGS_DF;
		break;
	case FLAG_STD:
		c->rflags |= X86_EFLAGS_DF;
		break;
	}
	return EMUL_OK;
}

/* Fences order nothing that a callback has not finished; CLFLUSH checks. */
int emul_x_fence(struct emul_ctxt *c)
{
	unsigned int op = c->insn.op->arg, pp = emul_pp(&c->insn);
	u64 la;

	if (!emul_has_mem(&c->insn))
		return pp ? emul_stop(c, "fence with a prefix") : EMUL_OK;
	if (op == 7 && pp <= 1)
		return emul_linear(c, c->insn.seg, emul_ea(c), 1, false, &la);
	if (op == 6 && pp == 1)
		return emul_linear(c, c->insn.seg, emul_ea(c), 1, false, &la);
	return emul_stop(c, "extended state in memory");
}
