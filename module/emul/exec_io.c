// SPDX-License-Identifier: GPL-2.0
/*
 * Port access: the permission that IOPL and the task's bitmap give, and the
 * handlers of IN and OUT. Their string forms are in exec_string.c.
 */
#include "exec.h"

#define TSS_TYPE_MASK	0x1d	/* S and type, busy or not */
#define TSS_TYPE_32	0x09
#define TSS_IOMAP	102	/* where the bitmap's offset is */

static int check_bitmap(struct emul_ctxt *c, u16 port, unsigned int size)
{
	const struct emul_seg *tr = emul_get_seg(c, EMUL_TR);
	u64 off, bits;
	int rc;

	if (!(tr->ar & EMUL_AR_P) || (tr->ar & TSS_TYPE_MASK) != TSS_TYPE_32 ||
	    tr->limit < TSS_IOMAP + 1)
		return emul_gp(c, 0);
	rc = emul_read(c, tr->base + TSS_IOMAP, 2, EMUL_ACC_SYSTEM, &off);
	if (rc)
		return rc;
	/* Always a word, for ports that straddle a byte of the map. */
	off += port / 8;
	if (off + 1 > tr->limit)
		return emul_gp(c, 0);
	rc = emul_read(c, tr->base + off, 2, EMUL_ACC_SYSTEM, &bits);
	if (rc)
		return rc;
	if ((bits >> (port & 7)) & ((1u << size) - 1))
		return emul_gp(c, 0);
	return EMUL_OK;
}

int emul_io_allowed(struct emul_ctxt *c, u16 port, unsigned int size)
{
	unsigned int iopl = (c->rflags & X86_EFLAGS_IOPL) >> X86_EFLAGS_IOPL_BIT;

	if (c->mode == EMUL_MODE_REAL)
		return EMUL_OK;
	if (c->mode != EMUL_MODE_VM86 && c->cpl <= iopl)
		return EMUL_OK;
	return check_bitmap(c, port, size);
}

/* Port and element size. */
static int prepare(struct emul_ctxt *c, unsigned int kind, struct emul_pio *io)
{
	io->port = kind == O_I ? c->insn.imm : c->gpr[EMUL_RDX];
	io->size = min_t(unsigned int, emul_size(&c->insn), 4);
	io->count = 1;
	return emul_io_allowed(c, io->port, io->size);
}

int emul_x_in(struct emul_ctxt *c)
{
	u64 val = 0;
	struct emul_pio io = { .in = true, .data = &val };
	int rc;

	rc = prepare(c, OPS_SRC(c->insn.opnds), &io);
	if (!rc)
		rc = emul_pio(c, &io);
	if (!rc)
		emul_set_reg(c, EMUL_RAX, io.size, val);
	return rc;
}

int emul_x_out(struct emul_ctxt *c)
{
	u64 val = c->gpr[EMUL_RAX];
	struct emul_pio io = { .data = &val, .flags = EMUL_ACC_LAST };
	int rc;

	rc = prepare(c, OPS_DST(c->insn.opnds), &io);
	return rc ? rc : emul_pio(c, &io);
}
