/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the executor's files share: operands, memory, the stack, branches and the
 * handlers. Not for anyone outside emul/.
 *
 * A handler runs with ->next_rip set behind the instruction and returns enum
 * emul_rc. It does its last fallible access first and changes registers after
 * it: emul_failed() tells whether to leave without a trace.
 */
#ifndef VMM_EMUL_EXEC_H
#define VMM_EMUL_EXEC_H

#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/processor-flags.h>

#include "emul.h"
#include "table.h"

/* Exception vectors that instructions raise. */
enum {
	EMUL_DB = 1, EMUL_UD = 6, EMUL_NM = 7, EMUL_DE = 0, EMUL_TS = 10,
	EMUL_NP = 11, EMUL_SSF = 12, EMUL_GP = 13, EMUL_MF = 16, EMUL_AC = 17,
};

#define EMUL_ARITH (X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
		    X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF)

/* A locked operation that keeps losing its race goes back to the run loop. */
#define EMUL_LOCK_TRIES	64

/**
 * struct emul_opnd - where an operand lives
 * @la:		linear address, if @mem
 * @reg:	else the register
 * @size:	bytes
 * @mem:	which of the two
 */
struct emul_opnd {
	u64 la;
	u8 reg;
	u8 size;
	bool mem;
};

/**
 * struct emul_alu - one arithmetic operation on values
 * @dst:	first operand
 * @src:	second operand
 * @aux:	third operand
 * @flags:	RFLAGS in and out
 * @size:	bytes
 */
struct emul_alu {
	u64 dst;
	u64 src;
	u64 aux;
	u64 flags;
	unsigned int size;
};

typedef u64 (*emul_alu_fn)(struct emul_alu *a);
typedef int (*emul_handler)(struct emul_ctxt *c);

static inline bool emul_failed(int rc)
{
	return rc != EMUL_OK && rc != EMUL_POSTED;
}

static inline u64 emul_mask(unsigned int size)
{
	return size == 8 ? ~0ull : (1ull << (size * 8)) - 1;
}

static inline u64 emul_sext(u64 val, unsigned int size)
{
	unsigned int shift = 64 - size * 8;

	return (u64)((s64)(val << shift) >> shift);
}

/* Operand size of the instruction, with the opcode's wish for bytes. */
static inline unsigned int emul_size(const struct emul_insn *insn)
{
	return insn->attr & A_BYTE ? 1 : insn->opsize;
}

static inline bool emul_has_mem(const struct emul_insn *insn)
{
	return insn->flags & EMUL_I_MEM;
}

static inline bool emul_is64(const struct emul_ctxt *c)
{
	return c->mode == EMUL_MODE_LONG64;
}

/* Protected mode proper: segments have rights. */
static inline bool emul_is_prot(const struct emul_ctxt *c)
{
	return c->mode >= EMUL_MODE_PROT16;
}

/* The mandatory prefix: 0, 1 (66), 2 (F3) or 3 (F2). */
static inline unsigned int emul_pp(const struct emul_insn *insn)
{
	if (insn->vex)
		return insn->vex_pp;
	if (insn->rep)
		return insn->rep == 0xf3 ? 2 : 3;
	return insn->flags & EMUL_I_66 ? 1 : 0;
}

static inline int emul_ud(struct emul_ctxt *c)
{
	return emul_raise(c, EMUL_UD);
}

static inline int emul_gp(struct emul_ctxt *c, u32 code)
{
	return emul_raise_error(c, EMUL_GP, code);
}

static inline int emul_stop(struct emul_ctxt *c, const char *why)
{
	c->stop_why = why;
	return EMUL_STOP;
}

/* operand.c */
u64 emul_get_reg(const struct emul_ctxt *c, unsigned int reg,
		 unsigned int size);
void emul_set_reg(struct emul_ctxt *c, unsigned int reg, unsigned int size,
		  u64 val);
const struct emul_seg *emul_get_seg(struct emul_ctxt *c, unsigned int seg);
u64 emul_ea(const struct emul_ctxt *c);
bool emul_canonical(const struct emul_ctxt *c, u64 la);
int emul_linear(struct emul_ctxt *c, unsigned int seg, u64 off,
		unsigned int len, bool write, u64 *la);
int emul_read(struct emul_ctxt *c, u64 la, unsigned int size,
	      unsigned int flags, u64 *val);
int emul_write(struct emul_ctxt *c, u64 la, unsigned int size,
	       unsigned int flags, u64 val);
int emul_opnd_mem(struct emul_ctxt *c, u64 off, unsigned int size, bool write,
		  struct emul_opnd *o);
int emul_opnd(struct emul_ctxt *c, unsigned int kind, unsigned int size,
	      bool write, struct emul_opnd *o);
int emul_load(struct emul_ctxt *c, const struct emul_opnd *o,
	      unsigned int flags, u64 *val);
int emul_store(struct emul_ctxt *c, const struct emul_opnd *o, u64 val);
int emul_src(struct emul_ctxt *c, unsigned int size, u64 *val);
int emul_rmw(struct emul_ctxt *c, const struct emul_opnd *o, emul_alu_fn fn,
	     struct emul_alu *a);
bool emul_cpu_has(struct emul_ctxt *c, u32 leaf, unsigned int reg,
		  unsigned int bit);

/* log.c */
int emul_pio(struct emul_ctxt *c, struct emul_pio *io);

/* alu.c */
u64 emul_alu_op(enum emul_aluop op, struct emul_alu *a);
extern const emul_alu_fn emul_alu_fns[];
u64 emul_alu_inc(struct emul_alu *a);
u64 emul_alu_dec(struct emul_alu *a);
u64 emul_alu_not(struct emul_alu *a);
u64 emul_alu_neg(struct emul_alu *a);
u64 emul_alu_shift(struct emul_alu *a);
u64 emul_alu_shld(struct emul_alu *a);
u64 emul_alu_shrd(struct emul_alu *a);
u64 emul_alu_mul(struct emul_alu *a);
u64 emul_alu_imul(struct emul_alu *a);
bool emul_alu_div(struct emul_alu *a, u64 *rem);
bool emul_alu_idiv(struct emul_alu *a, u64 *rem);
void emul_alu_logic(struct emul_alu *a, u64 res);
bool emul_cond(u64 rflags, unsigned int cc);

/* exec_stack.c */
unsigned int emul_stack_size(struct emul_ctxt *c);
int emul_push(struct emul_ctxt *c, u64 *sp, u64 val, unsigned int size,
	      unsigned int flags);
int emul_pop(struct emul_ctxt *c, u64 *sp, u64 *val, unsigned int size);
void emul_set_sp(struct emul_ctxt *c, u64 sp);

/* exec_flow.c */
int emul_target(struct emul_ctxt *c, u64 target, u64 *rip);

#define SEL_RPL(sel)	((sel) & 3)
#define SEL_LDT		4

/* Error codes name the selector without its privilege level. */
static inline int emul_sel_fault(struct emul_ctxt *c, u8 vector, u16 sel)
{
	return emul_raise_error(c, vector, sel & ~3u);
}

/* exec_seg.c */
int emul_find_descriptor(struct emul_ctxt *c, u8 vector, u16 sel, u64 *la);
void emul_unpack_descriptor(u64 desc, u16 sel, struct emul_seg *s);
int emul_load_seg(struct emul_ctxt *c, unsigned int seg, u16 sel);

/* exec_io.c */
int emul_io_allowed(struct emul_ctxt *c, u16 port, unsigned int size);

/* exec_fpu.c */
int emul_check_mmx(struct emul_ctxt *c);
int emul_check_sse(struct emul_ctxt *c);
int emul_check_avx(struct emul_ctxt *c);

#define EMUL_HANDLER(name) int name(struct emul_ctxt *c)
EMUL_HANDLER(emul_x_alu);
EMUL_HANDLER(emul_x_unary);
EMUL_HANDLER(emul_x_shift);
EMUL_HANDLER(emul_x_shxd);
EMUL_HANDLER(emul_x_mul);
EMUL_HANDLER(emul_x_imul2);
EMUL_HANDLER(emul_x_div);
EMUL_HANDLER(emul_x_bt);
EMUL_HANDLER(emul_x_bitscan);
EMUL_HANDLER(emul_x_mov);
EMUL_HANDLER(emul_x_movzx);
EMUL_HANDLER(emul_x_movsx);
EMUL_HANDLER(emul_x_movnti);
EMUL_HANDLER(emul_x_movbe);
EMUL_HANDLER(emul_x_lea);
EMUL_HANDLER(emul_x_xchg);
EMUL_HANDLER(emul_x_xadd);
EMUL_HANDLER(emul_x_cmpxchg);
EMUL_HANDLER(emul_x_cmpxchg8b);
EMUL_HANDLER(emul_x_setcc);
EMUL_HANDLER(emul_x_cmov);
EMUL_HANDLER(emul_x_bswap);
EMUL_HANDLER(emul_x_cbw);
EMUL_HANDLER(emul_x_cwd);
EMUL_HANDLER(emul_x_xlat);
EMUL_HANDLER(emul_x_lahf);
EMUL_HANDLER(emul_x_flag);
EMUL_HANDLER(emul_x_push);
EMUL_HANDLER(emul_x_pop);
EMUL_HANDLER(emul_x_pusha);
EMUL_HANDLER(emul_x_popa);
EMUL_HANDLER(emul_x_pushf);
EMUL_HANDLER(emul_x_popf);
EMUL_HANDLER(emul_x_pushseg);
EMUL_HANDLER(emul_x_popseg);
EMUL_HANDLER(emul_x_enter);
EMUL_HANDLER(emul_x_leave);
EMUL_HANDLER(emul_x_call);
EMUL_HANDLER(emul_x_jmp);
EMUL_HANDLER(emul_x_jcc);
EMUL_HANDLER(emul_x_loop);
EMUL_HANDLER(emul_x_ret);
EMUL_HANDLER(emul_x_far);
EMUL_HANDLER(emul_x_movseg);
EMUL_HANDLER(emul_x_movtoseg);
EMUL_HANDLER(emul_x_lseg);
EMUL_HANDLER(emul_x_string);
EMUL_HANDLER(emul_x_in);
EMUL_HANDLER(emul_x_out);
EMUL_HANDLER(emul_x_movcr);
EMUL_HANDLER(emul_x_movtocr);
EMUL_HANDLER(emul_x_movdr);
EMUL_HANDLER(emul_x_movtodr);
EMUL_HANDLER(emul_x_clts);
EMUL_HANDLER(emul_x_msr);
EMUL_HANDLER(emul_x_cpuid);
EMUL_HANDLER(emul_x_rdtsc);
EMUL_HANDLER(emul_x_hlt);
EMUL_HANDLER(emul_x_sys);
EMUL_HANDLER(emul_x_grp7reg);
EMUL_HANDLER(emul_x_table);
EMUL_HANDLER(emul_x_smsw);
EMUL_HANDLER(emul_x_lmsw);
EMUL_HANDLER(emul_x_strsel);
EMUL_HANDLER(emul_x_fence);
EMUL_HANDLER(emul_x_vecmov);
EMUL_HANDLER(emul_x_mxcsr);
EMUL_HANDLER(emul_x_x87ctl);

#endif
