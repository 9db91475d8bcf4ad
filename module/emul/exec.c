// SPDX-License-Identifier: GPL-2.0
/*
 * The executor's frame: fetch, decode, dispatch, commit. What an instruction
 * does is in the exec_*.c files; this one sees to it that it happens wholly or
 * not at all. See emul.h for the rules.
 */
#include "exec.h"

static int x_ud(struct emul_ctxt *c)
{
	return emul_ud(c);
}

static int x_stop(struct emul_ctxt *c)
{
	return emul_stop(c, "instruction not emulated");
}

static int x_nop(struct emul_ctxt *c)
{
	return EMUL_OK;
}

static const emul_handler handlers[X_NR] = {
	[X_UD] = x_ud,
	[X_STOP] = x_stop,
	[X_NOP] = x_nop,
	[X_ALU] = emul_x_alu,
	[X_UNARY] = emul_x_unary,
	[X_SHIFT] = emul_x_shift,
	[X_SHXD] = emul_x_shxd,
	[X_MUL] = emul_x_mul,
	[X_IMUL2] = emul_x_imul2,
	[X_DIV] = emul_x_div,
	[X_BT] = emul_x_bt,
	[X_BITSCAN] = emul_x_bitscan,
	[X_MOV] = emul_x_mov,
	[X_MOVZX] = emul_x_movzx,
	[X_MOVSX] = emul_x_movsx,
	[X_MOVNTI] = emul_x_movnti,
	[X_MOVBE] = emul_x_movbe,
	[X_LEA] = emul_x_lea,
	[X_XCHG] = emul_x_xchg,
	[X_XADD] = emul_x_xadd,
	[X_CMPXCHG] = emul_x_cmpxchg,
	[X_CMPXCHG8B] = emul_x_cmpxchg8b,
	[X_SETCC] = emul_x_setcc,
	[X_CMOV] = emul_x_cmov,
	[X_BSWAP] = emul_x_bswap,
	[X_CBW] = emul_x_cbw,
	[X_CWD] = emul_x_cwd,
	[X_XLAT] = emul_x_xlat,
	[X_LAHF] = emul_x_lahf,
	[X_FLAG] = emul_x_flag,
	[X_PUSH] = emul_x_push,
	[X_POP] = emul_x_pop,
	[X_PUSHA] = emul_x_pusha,
	[X_POPA] = emul_x_popa,
	[X_PUSHF] = emul_x_pushf,
	[X_POPF] = emul_x_popf,
	[X_PUSHSEG] = emul_x_pushseg,
	[X_POPSEG] = emul_x_popseg,
	[X_ENTER] = emul_x_enter,
	[X_LEAVE] = emul_x_leave,
	[X_CALL] = emul_x_call,
	[X_JMP] = emul_x_jmp,
	[X_JCC] = emul_x_jcc,
	[X_LOOP] = emul_x_loop,
	[X_RET] = emul_x_ret,
	[X_FAR] = emul_x_far,
	[X_MOVSEG] = emul_x_movseg,
	[X_MOVTOSEG] = emul_x_movtoseg,
	[X_LSEG] = emul_x_lseg,
	[X_STRING] = emul_x_string,
	[X_IN] = emul_x_in,
	[X_OUT] = emul_x_out,
	[X_MOVCR] = emul_x_movcr,
	[X_MOVTOCR] = emul_x_movtocr,
	[X_MOVDR] = emul_x_movdr,
	[X_MOVTODR] = emul_x_movtodr,
	[X_CLTS] = emul_x_clts,
	[X_MSR] = emul_x_msr,
	[X_CPUID] = emul_x_cpuid,
	[X_RDTSC] = emul_x_rdtsc,
	[X_HLT] = emul_x_hlt,
	[X_SYS] = emul_x_sys,
	[X_GRP7REG] = emul_x_grp7reg,
	[X_TABLE] = emul_x_table,
	[X_SMSW] = emul_x_smsw,
	[X_LMSW] = emul_x_lmsw,
	[X_STRSEL] = emul_x_strsel,
	[X_FENCE] = emul_x_fence,
	[X_VECMOV] = emul_x_vecmov,
	[X_MXCSR] = emul_x_mxcsr,
	[X_X87CTL] = emul_x_x87ctl,
};

void emul_init(struct emul_ctxt *ctxt, const struct emul_ops *ops, void *sio,
	       u32 sio_len)
{
	ctxt->ops = ops;
	ctxt->sio = sio;
	ctxt->sio_len = min_t(u32, sio_len, 4096);
}

int emul_raise(struct emul_ctxt *ctxt, u8 vector)
{
	ctxt->exc = (struct emul_exception){ .vector = vector };
	return EMUL_EXCEPTION;
}

int emul_raise_error(struct emul_ctxt *ctxt, u8 vector, u32 error_code)
{
	ctxt->exc = (struct emul_exception){
		.vector = vector, .error_code = error_code, .has_error = true,
	};
	return EMUL_EXCEPTION;
}

int emul_raise_pf(struct emul_ctxt *ctxt, u64 cr2, u32 error_code)
{
	ctxt->exc = (struct emul_exception){
		.vector = 14, .error_code = error_code, .has_error = true,
		.cr2 = cr2,
	};
	return EMUL_EXCEPTION;
}

/* RIP is as wide as the code segment. */
static u64 wrap_rip(const struct emul_ctxt *c, u64 rip)
{
	if (emul_is64(c))
		return rip;
	return c->mode == EMUL_MODE_PROT32 ? (u32)rip : (u16)rip;
}

/* Linear address of the next byte to fetch, and how many may follow it. */
static int fetch_window(struct emul_ctxt *c, u64 *la, unsigned int *len)
{
	u64 off = c->rip + c->fetched_len;
	const struct emul_seg *cs;

	*len = EMUL_MAX_LEN - c->fetched_len;
	if (emul_is64(c)) {
		*la = off;
		if (!emul_canonical(c, off))
			return emul_gp(c, 0);
	} else {
		cs = emul_get_seg(c, EMUL_CS);
		if (off > cs->limit)
			return emul_gp(c, 0);
		*len = min_t(u64, *len, cs->limit - off + 1);
		*la = (u32)(cs->base + off);
	}
	*len = min_t(unsigned int, *len, 4096 - (*la & 4095));
	return EMUL_OK;
}

static int fetch_more(struct emul_ctxt *c)
{
	unsigned int len;
	u64 la;
	int rc;

	rc = fetch_window(c, &la, &len);
	if (!rc)
		rc = c->ops->fetch(c, la, c->fetched + c->fetched_len, len);
	if (!rc)
		c->fetched_len += len;
	return rc;
}

static struct emul_decoded *decoded_at(struct emul_ctxt *c)
{
	return &c->decoded[(c->rip ^ c->rip >> 4) % EMUL_DECODED];
}

/* What these bytes were decoded to before, if they were. */
static bool recall(struct emul_ctxt *c, unsigned int mode)
{
	const struct emul_decoded *d = decoded_at(c);
	unsigned int i;

	if (d->mode != mode + 1 || c->fetched_len < d->insn.len)
		return false;
	for (i = 0; i < d->insn.len; i++)
		if (c->fetched[i] != d->bytes[i])
			return false;
	c->insn = d->insn;
	return true;
}

static void remember(struct emul_ctxt *c, unsigned int mode)
{
	struct emul_decoded *d = decoded_at(c);

	memcpy(d->bytes, c->fetched, sizeof(d->bytes));
	d->mode = mode + 1;
	d->insn = c->insn;
}

int emul_fetch(struct emul_ctxt *ctxt)
{
	unsigned int mode = ctxt->mode | (ctxt->amd ? EMUL_MODE_AMD : 0);
	int rc;

	ctxt->seg_valid = 0;
	if (ctxt->fetched_len > EMUL_MAX_LEN)
		ctxt->fetched_len = 0;
	if (!ctxt->fetched_len) {
		rc = fetch_more(ctxt);
		if (rc)
			return rc;
	}
	if (recall(ctxt, mode))
		return EMUL_OK;
	/* Each round adds a byte at least, and 15 are enough to decide. */
	for (;;) {
		rc = emul_decode(&ctxt->insn, ctxt->fetched, ctxt->fetched_len,
				 mode);
		if (rc != EMUL_DEC_MORE)
			break;
		rc = fetch_more(ctxt);
		if (rc)
			return rc;
	}
	if (rc == EMUL_DEC_LONG)
		return emul_gp(ctxt, 0);
	if (rc)
		return emul_ud(ctxt);
	remember(ctxt, mode);
	return EMUL_OK;
}

void emul_advance(struct emul_ctxt *ctxt)
{
	ctxt->rip = wrap_rip(ctxt, ctxt->rip + ctxt->insn.len);
	ctxt->rflags &= ~(u64)X86_EFLAGS_RF;
	ctxt->fetched_len = 0;
}

static int dispatch(struct emul_ctxt *c)
{
	const struct emul_insn *insn = &c->insn;

	if (insn->flags & EMUL_I_UNDEF)
		return emul_ud(c);
	if ((insn->attr & A_PRIV) && c->cpl)
		return emul_gp(c, 0);
	return handlers[insn->op->fn](c);
}

int emul_exec(struct emul_ctxt *ctxt)
{
	int rc;

	ctxt->shadow = 0;
	ctxt->stop_why = NULL;
	ctxt->log_pos = 0;
	ctxt->was_tf = ctxt->rflags & X86_EFLAGS_TF;
	ctxt->next_rip = wrap_rip(ctxt, ctxt->rip + ctxt->insn.len);

	rc = dispatch(ctxt);
	switch (rc) {
	case EMUL_OK:
	case EMUL_POSTED:
		ctxt->rip = ctxt->next_rip;
		ctxt->rflags &= ~(u64)X86_EFLAGS_RF;
		break;
	case EMUL_RETRY_SLEEP:
	case EMUL_USER:
		/* The same bytes, and the log, wait for the next run. */
		return rc;
	case EMUL_SINGLE:
		rc = emul_stop(ctxt, "callback declined a plain access");
		break;
	case EMUL_STOP:
		emul_cancel(ctxt);
		return rc;
	}
	ctxt->fetched_len = 0;
	emul_cancel(ctxt);
	return rc;
}

int emul_run(struct emul_ctxt *ctxt)
{
	int rc;

	rc = emul_fetch(ctxt);
	if (!rc)
		return emul_exec(ctxt);
	if (rc == EMUL_EXCEPTION) {
		ctxt->fetched_len = 0;
		emul_cancel(ctxt);
	}
	return rc;
}
