// SPDX-License-Identifier: GPL-2.0
/*
 * String instructions. One iteration is a step: it commits RSI, RDI and RCX, and
 * the replay log starts afresh. RIP stays on the instruction until the last one,
 * so that an interrupt, a fault or a trip to user space between two of them
 * finds a state that the processor itself could have left.
 *
 * Repeated INS and OUTS move a batch of elements at once when the memory side is
 * plain memory, forward, and within a page; the batch is then one step. Its
 * length is part of the logged access: a step that runs again takes it from
 * there.
 */
#include "exec.h"

#define REP_MAX_DEFAULT	1024

/**
 * struct string - a string instruction under way
 * @size:	element size
 * @mask:	of index registers and count
 * @back:	RFLAGS.DF
 * @max:	elements that may be done at once
 * @done:	elements that the step has done
 */
struct string {
	unsigned int size;
	u64 mask;
	bool back;
	u64 max;
	u64 done;
};

static int src_addr(struct emul_ctxt *c, const struct string *s, u64 count,
		    u64 *la)
{
	return emul_linear(c, c->insn.seg, c->gpr[EMUL_RSI] & s->mask,
			   s->size * count, false, la);
}

/* The destination is in ES whatever the prefixes say. */
static int dst_addr(struct emul_ctxt *c, const struct string *s, u64 count,
		    bool write, u64 *la)
{
	return emul_linear(c, EMUL_ES, c->gpr[EMUL_RDI] & s->mask,
			   s->size * count, write, la);
}

static int load_src(struct emul_ctxt *c, const struct string *s, u64 *val)
{
	u64 la;
	int rc;

	rc = src_addr(c, s, 1, &la);
	return rc ? rc : emul_read(c, la, s->size, 0, val);
}

static int load_dst(struct emul_ctxt *c, const struct string *s, u64 *val)
{
	u64 la;
	int rc;

	rc = dst_addr(c, s, 1, false, &la);
	return rc ? rc : emul_read(c, la, s->size, 0, val);
}

static int store_dst(struct emul_ctxt *c, const struct string *s, u64 val)
{
	u64 la;
	int rc;

	rc = dst_addr(c, s, 1, true, &la);
	return rc ? rc : emul_write(c, la, s->size, EMUL_ACC_LAST, val);
}

/* Elements from an offset on that neither wrap nor leave the page of la. */
static u64 batch_fit(const struct string *s, u64 off, u64 la, u64 max)
{
	u64 room = (4096 - (la & 4095)) / s->size;
	u64 wrap = (s->mask - off) / s->size;

	max = min_t(u64, max, room);
	return min_t(u64, max, wrap);
}

/*
 * How many elements the step moves. One that runs again keeps to the number
 * that the log has for it.
 */
static u64 batch(struct emul_ctxt *c, struct string *s, struct emul_pio *io,
		 u64 off, unsigned int seg)
{
	const struct emul_access *e = &c->log[0];
	u64 max, la;

	if (c->log_len)
		return e->pio && e->addr == io->port && e->len == s->size &&
		       e->write == !io->in && e->count <= s->max ?
			e->count : 1;
	max = c->sio ? min_t(u64, s->max, c->sio_len / s->size) : 1;
	if (max < 2 || s->back)
		return 1;
	if (emul_linear(c, seg, off, s->size, io->in, &la))
		return 1;
	max = batch_fit(s, off, la, max);
	if (max < 2 || emul_linear(c, seg, off, max * s->size, io->in, &la))
		return 1;
	return max;
}

/* Is the memory that string input goes to there, and of what kind? */
static int check_dst(struct emul_ctxt *c, const struct string *s, u64 *count)
{
	u64 la;
	int rc;

	if (*count > 1) {
		rc = dst_addr(c, s, *count, true, &la);
		if (!rc)
			rc = c->ops->write(c, la, NULL, s->size * *count,
					   EMUL_ACC_BATCH | EMUL_ACC_CHECK);
		/* The first element alone decides about the fault. */
		if (rc != EMUL_SINGLE && rc != EMUL_EXCEPTION)
			return rc;
		if (c->log_len)
			return rc;
		*count = 1;
	}
	rc = dst_addr(c, s, 1, true, &la);
	return rc ? rc : c->ops->write(c, la, NULL, s->size, EMUL_ACC_CHECK);
}

static int do_ins(struct emul_ctxt *c, struct string *s)
{
	u64 val = 0, count, la;
	struct emul_pio io = { .in = true, .size = s->size };
	int rc;

	io.port = c->gpr[EMUL_RDX];
	rc = emul_io_allowed(c, io.port, s->size);
	if (rc)
		return rc;
	count = batch(c, s, &io, c->gpr[EMUL_RDI] & s->mask, EMUL_ES);
	rc = check_dst(c, s, &count);
	if (rc)
		return rc == EMUL_SINGLE ?
			emul_stop(c, "string input lost its memory") : rc;
	io.count = count;
	io.data = count > 1 ? c->sio : &val;
	rc = emul_pio(c, &io);
	if (rc)
		return rc;
	s->done = count;
	if (count == 1)
		return store_dst(c, s, val);
	rc = dst_addr(c, s, count, true, &la);
	if (!rc)
		rc = c->ops->write(c, la, c->sio, s->size * count,
				   EMUL_ACC_BATCH);
	return rc == EMUL_SINGLE ?
		emul_stop(c, "string input lost its memory") : rc;
}

/* Fills the buffer with what goes out; takes back the batch if it can't. */
static int fetch_out(struct emul_ctxt *c, struct string *s, u64 *count)
{
	u64 la;
	int rc;

	rc = src_addr(c, s, *count, &la);
	if (!rc)
		rc = c->ops->read(c, la, c->sio, s->size * *count,
				  EMUL_ACC_BATCH);
	if (rc == EMUL_SINGLE || rc == EMUL_EXCEPTION) {
		*count = 1;
		return EMUL_OK;
	}
	return rc;
}

static int do_outs(struct emul_ctxt *c, struct string *s)
{
	struct emul_pio io = { .size = s->size, .flags = EMUL_ACC_LAST };
	u64 val = 0, count;
	int rc = EMUL_OK;

	io.port = c->gpr[EMUL_RDX];
	rc = emul_io_allowed(c, io.port, s->size);
	if (rc)
		return rc;
	count = batch(c, s, &io, c->gpr[EMUL_RSI] & s->mask, c->insn.seg);
	/* A batch that is in the log has been read; it may be under way. */
	if (count > 1 && !c->log_len)
		rc = fetch_out(c, s, &count);
	if (!rc && count == 1)
		rc = load_src(c, s, &val);
	if (rc)
		return rc;
	io.count = count;
	io.data = count > 1 ? c->sio : &val;
	rc = emul_pio(c, &io);
	s->done = count;
	return rc;
}

static void compare(struct emul_ctxt *c, const struct string *s, u64 a, u64 b)
{
	struct emul_alu alu = {
		.dst = a, .src = b, .flags = c->rflags, .size = s->size,
	};

	emul_alu_op(ALU_CMP, &alu);
	c->rflags = alu.flags;
}

static int one(struct emul_ctxt *c, struct string *s)
{
	u64 a, b;
	int rc;

	s->done = 1;
	switch (c->insn.op->arg) {
	case STR_MOVS:
		rc = load_src(c, s, &a);
		return rc ? rc : store_dst(c, s, a);
	case STR_STOS:
		return store_dst(c, s, c->gpr[EMUL_RAX]);
	case STR_LODS:
		rc = load_src(c, s, &a);
		if (!rc)
			emul_set_reg(c, EMUL_RAX, s->size, a);
		return rc;
	case STR_CMPS:
		rc = load_src(c, s, &a);
		if (!rc)
			rc = load_dst(c, s, &b);
		if (!rc)
			compare(c, s, a, b);
		return rc;
	case STR_SCAS:
		rc = load_dst(c, s, &b);
		if (!rc)
			compare(c, s, c->gpr[EMUL_RAX] & emul_mask(s->size), b);
		return rc;
	case STR_INS:
		return do_ins(c, s);
	default:
		return do_outs(c, s);
	}
}

static void move_index(struct emul_ctxt *c, const struct string *s,
		       unsigned int reg)
{
	u64 by = s->size * s->done;

	emul_set_reg(c, reg, c->insn.adsize,
		     s->back ? c->gpr[reg] - by : c->gpr[reg] + by);
}

static void commit(struct emul_ctxt *c, const struct string *s)
{
	unsigned int op = c->insn.op->arg;

	if (op != STR_STOS && op != STR_SCAS && op != STR_INS)
		move_index(c, s, EMUL_RSI);
	if (op != STR_LODS && op != STR_OUTS)
		move_index(c, s, EMUL_RDI);
	if (c->insn.rep)
		emul_set_reg(c, EMUL_RCX, c->insn.adsize,
			     c->gpr[EMUL_RCX] - s->done);
	emul_cancel(c);
}

/* REPE and REPNE end on the flag, too. */
static bool finished(const struct emul_ctxt *c, const struct string *s)
{
	unsigned int op = c->insn.op->arg;
	bool zf = c->rflags & X86_EFLAGS_ZF;

	if (!c->insn.rep || !(c->gpr[EMUL_RCX] & s->mask))
		return true;
	if (op != STR_CMPS && op != STR_SCAS)
		return false;
	return zf != (c->insn.rep == 0xf3);
}

int emul_x_string(struct emul_ctxt *c)
{
	unsigned int op = c->insn.op->arg;
	u64 budget = c->rep_max ? c->rep_max : REP_MAX_DEFAULT;
	struct string s = {
		.size = emul_size(&c->insn),
		.mask = emul_mask(c->insn.adsize),
		.back = c->rflags & X86_EFLAGS_DF,
		.max = 1,
	};
	u64 left;
	int rc;

	/* Ports are at most a doubleword wide. */
	if ((op == STR_INS || op == STR_OUTS) && s.size == 8)
		s.size = 4;
	if (c->insn.rep && !(c->gpr[EMUL_RCX] & s.mask))
		return EMUL_OK;
	for (;;) {
		left = c->gpr[EMUL_RCX] & s.mask;
		if (c->insn.rep)
			s.max = min_t(u64, budget, left);
		rc = one(c, &s);
		if (emul_failed(rc))
			return rc;
		commit(c, &s);
		if (finished(c, &s))
			return rc;
		budget -= s.done;
		if (rc == EMUL_POSTED) {
			c->next_rip = c->rip;
			return rc;
		}
		if (!budget)
			return EMUL_CONTINUE;
	}
}
