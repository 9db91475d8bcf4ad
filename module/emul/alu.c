// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic on values: each function takes operands of a->size bytes and
 * RFLAGS, and returns the result with the flags that the processor would leave.
 * Flags that the architecture leaves undefined are what common processors do.
 */
#include "exec.h"

static inline u64 msb(u64 val, unsigned int size)
{
	return (val >> (size * 8 - 1)) & 1;
}

/* ZF, SF and PF follow from every result alike. */
static u64 result_flags(u64 res, unsigned int size)
{
	unsigned int nibble = (res ^ res >> 4) & 15;
	u64 flags = 0;

	if (!(res & emul_mask(size)))
		flags |= X86_EFLAGS_ZF;
	if (msb(res, size))
		flags |= X86_EFLAGS_SF;
	if ((0x9669 >> nibble) & 1)
		flags |= X86_EFLAGS_PF;
	return flags;
}

static void set_flags(struct emul_alu *a, u64 which, u64 val)
{
	a->flags = (a->flags & ~which) | (val & which);
}

static inline void set_cf_of(struct emul_alu *a, u64 cf, u64 of)
{
	set_flags(a, X86_EFLAGS_CF | X86_EFLAGS_OF,
		  (cf ? X86_EFLAGS_CF : 0) | (of ? X86_EFLAGS_OF : 0));
}

static u64 add(struct emul_alu *a, u64 carry)
{
	u64 d = a->dst, s = a->src;
	u64 r = (d + s + carry) & emul_mask(a->size);
	u64 f = result_flags(r, a->size);

	if (msb((d & s) | ((d | s) & ~r), a->size))
		f |= X86_EFLAGS_CF;
	if (msb((d ^ r) & (s ^ r), a->size))
		f |= X86_EFLAGS_OF;
	f |= (d ^ s ^ r) & X86_EFLAGS_AF;
	set_flags(a, EMUL_ARITH, f);
	return r;
}

static u64 sub(struct emul_alu *a, u64 borrow)
{
	u64 d = a->dst, s = a->src;
	u64 r = (d - s - borrow) & emul_mask(a->size);
	u64 f = result_flags(r, a->size);

	if (msb((~d & s) | ((~d | s) & r), a->size))
		f |= X86_EFLAGS_CF;
	if (msb((d ^ s) & (d ^ r), a->size))
		f |= X86_EFLAGS_OF;
	f |= (d ^ s ^ r) & X86_EFLAGS_AF;
	set_flags(a, EMUL_ARITH, f);
	return r;
}

void emul_alu_logic(struct emul_alu *a, u64 res)
{
	set_flags(a, EMUL_ARITH, result_flags(res, a->size));
}

static u64 alu_add(struct emul_alu *a)
{
	return add(a, 0);
}

static u64 alu_adc(struct emul_alu *a)
{
	return add(a, a->flags & X86_EFLAGS_CF);
}

static u64 alu_sub(struct emul_alu *a)
{
	return sub(a, 0);
}

static u64 alu_sbb(struct emul_alu *a)
{
	return sub(a, a->flags & X86_EFLAGS_CF);
}

static u64 alu_and(struct emul_alu *a)
{
	u64 r = a->dst & a->src;

	emul_alu_logic(a, r);
	return r;
}

static u64 alu_or(struct emul_alu *a)
{
	u64 r = a->dst | a->src;

	emul_alu_logic(a, r);
	return r;
}

static u64 alu_xor(struct emul_alu *a)
{
	u64 r = a->dst ^ a->src;

	emul_alu_logic(a, r);
	return r;
}

const emul_alu_fn emul_alu_fns[] = {
	[ALU_ADD] = alu_add,
	[ALU_OR] = alu_or,
	[ALU_ADC] = alu_adc,
	[ALU_SBB] = alu_sbb,
	[ALU_AND] = alu_and,
	[ALU_SUB] = alu_sub,
	[ALU_XOR] = alu_xor,
	[ALU_CMP] = alu_sub,
	[ALU_TEST] = alu_and,
};

u64 emul_alu_op(enum emul_aluop op, struct emul_alu *a)
{
	return emul_alu_fns[op](a);
}

u64 emul_alu_inc(struct emul_alu *a)
{
	u64 cf = a->flags & X86_EFLAGS_CF;
	u64 r;

	a->src = 1;
	r = add(a, 0);
	set_flags(a, X86_EFLAGS_CF, cf);
	return r;
}

u64 emul_alu_dec(struct emul_alu *a)
{
	u64 cf = a->flags & X86_EFLAGS_CF;
	u64 r;

	a->src = 1;
	r = sub(a, 0);
	set_flags(a, X86_EFLAGS_CF, cf);
	return r;
}

u64 emul_alu_not(struct emul_alu *a)
{
	return ~a->dst & emul_mask(a->size);
}

u64 emul_alu_neg(struct emul_alu *a)
{
	u64 old = a->dst;
	u64 r;

	a->src = old;
	a->dst = 0;
	r = sub(a, 0);
	a->dst = old;
	return r;
}

static u64 rotl(u64 val, unsigned int n, unsigned int bits)
{
	n %= bits;
	return n ? val << n | val >> (bits - n) : val;
}

static u64 shift_rol(struct emul_alu *a, unsigned int n, unsigned int bits)
{
	u64 r = rotl(a->dst, n, bits) & emul_mask(a->size);

	set_cf_of(a, r & 1, (r & 1) ^ msb(r, a->size));
	return r;
}

static u64 shift_ror(struct emul_alu *a, unsigned int n, unsigned int bits)
{
	u64 r = rotl(a->dst, bits - n % bits, bits) & emul_mask(a->size);

	set_cf_of(a, msb(r, a->size), msb(r ^ r << 1, a->size));
	return r;
}

static u64 shift_rcl(struct emul_alu *a, unsigned int n)
{
	u64 cf = a->flags & X86_EFLAGS_CF;
	u64 r = a->dst;

	while (n--) {
		u64 out = msb(r, a->size);

		r = (r << 1 | cf) & emul_mask(a->size);
		cf = out;
	}
	set_cf_of(a, cf, cf ^ msb(r, a->size));
	return r;
}

static u64 shift_rcr(struct emul_alu *a, unsigned int n, unsigned int bits)
{
	u64 cf = a->flags & X86_EFLAGS_CF;
	u64 r = a->dst;

	while (n--) {
		u64 out = r & 1;

		r = r >> 1 | cf << (bits - 1);
		cf = out;
	}
	set_cf_of(a, cf, msb(r ^ r << 1, a->size));
	return r;
}

static u64 shift_shl(struct emul_alu *a, unsigned int n, unsigned int bits)
{
	u64 r = n < bits ? (a->dst << n) & emul_mask(a->size) : 0;
	u64 cf = n <= bits ? (a->dst >> (bits - n)) & 1 : 0;

	emul_alu_logic(a, r);
	set_cf_of(a, cf, cf ^ msb(r, a->size));
	return r;
}

static u64 shift_shr(struct emul_alu *a, unsigned int n, unsigned int bits)
{
	u64 r = n < bits ? a->dst >> n : 0;
	u64 cf = n <= bits ? (a->dst >> (n - 1)) & 1 : 0;
	u64 of = msb(a->dst, a->size);

	emul_alu_logic(a, r);
	set_cf_of(a, cf, of);
	return r;
}

static u64 shift_sar(struct emul_alu *a, unsigned int n)
{
	s64 val = (s64)emul_sext(a->dst, a->size);
	u64 r = (u64)(val >> n) & emul_mask(a->size);
	u64 cf = (u64)(val >> (n - 1)) & 1;

	emul_alu_logic(a, r);
	set_cf_of(a, cf, 0);
	return r;
}

/* src: count, aux: ModRM.reg. A count of zero leaves the flags alone. */
u64 emul_alu_shift(struct emul_alu *a)
{
	unsigned int bits = a->size * 8;
	unsigned int n = a->src & (a->size == 8 ? 63 : 31);

	if (!n)
		return a->dst;
	switch (a->aux) {
	case 0:
		return shift_rol(a, n, bits);
	case 1:
		return shift_ror(a, n, bits);
	case 2:
		return shift_rcl(a, bits < 32 ? n % (bits + 1) : n);
	case 3:
		return shift_rcr(a, bits < 32 ? n % (bits + 1) : n, bits);
	case 5:
		return shift_shr(a, n, bits);
	case 7:
		return shift_sar(a, n);
	default:
		return shift_shl(a, n, bits);
	}
}

/*
 * Double shifts; src: what is shifted in, aux: count. Words by more than 16 see
 * their own operand again behind the other one.
 */
static unsigned int shxd_count(struct emul_alu *a)
{
	return a->aux & (a->size == 8 ? 63 : 31);
}

u64 emul_alu_shld(struct emul_alu *a)
{
	unsigned int bits = a->size * 8, n = shxd_count(a);
	u64 r, cf;

	if (!n)
		return a->dst;
	if (n > bits) {
		u64 both = a->src << 16 | a->dst;

		r = both >> (32 - n);
		cf = (both >> (48 - n)) >> 16;
	} else {
		cf = a->dst >> (bits - n);
		r = (n < 64 ? a->dst << n : 0) | a->src >> (bits - n);
	}
	r &= emul_mask(a->size);
	emul_alu_logic(a, r);
	set_cf_of(a, cf & 1, msb(r ^ a->dst, a->size));
	return r;
}

u64 emul_alu_shrd(struct emul_alu *a)
{
	unsigned int bits = a->size * 8, n = shxd_count(a);
	u64 r, cf;

	if (!n)
		return a->dst;
	if (n > bits) {
		u64 both = a->dst << 16 | a->src;

		r = both >> (n - 16);
		cf = both >> (n - 17);
	} else {
		cf = a->dst >> (n - 1);
		r = (n < bits ? a->dst >> n : 0) | a->src << (bits - n);
	}
	r &= emul_mask(a->size);
	emul_alu_logic(a, r);
	set_cf_of(a, cf & 1, msb(r ^ a->dst, a->size));
	return r;
}

/* Full products: the low half is returned, the high half left in aux. */
u64 emul_alu_mul(struct emul_alu *a)
{
	u64 lo, hi;

	if (a->size == 8) {
		asm("mulq %3" : "=a" (lo), "=d" (hi)
		    : "a" (a->dst), "rm" (a->src) : "cc");
	} else {
		u64 full = a->dst * a->src;

		lo = full & emul_mask(a->size);
		hi = full >> (a->size * 8);
	}
	a->aux = hi;
	emul_alu_logic(a, lo);
	set_cf_of(a, hi, hi);
	return lo;
}

u64 emul_alu_imul(struct emul_alu *a)
{
	unsigned int size = a->size;
	u64 d = emul_sext(a->dst, size), s = emul_sext(a->src, size);
	u64 lo, hi, over;

	asm("imulq %3" : "=a" (lo), "=d" (hi) : "a" (d), "rm" (s) : "cc");
	if (size < 8)
		hi = (lo >> (size * 8)) & emul_mask(size);
	over = size == 8 ? hi != (u64)((s64)lo >> 63) :
			   emul_sext(lo, size) != lo;
	lo &= emul_mask(size);
	a->aux = hi;
	emul_alu_logic(a, lo);
	set_cf_of(a, over, over);
	return lo;
}

/* 128 by 64 bits, whose quotient is known to fit. */
static u64 div128(u64 hi, u64 lo, u64 by, u64 *rem)
{
	u64 quot;

	asm("divq %4" : "=a" (quot), "=d" (*rem)
	    : "a" (lo), "d" (hi), "rm" (by) : "cc");
	return quot;
}

/*
 * Division: aux:dst by src, each of a->size bytes. The quotient goes to dst; a
 * false return is a divide error. Flags stay.
 */
bool emul_alu_div(struct emul_alu *a, u64 *rem)
{
	u64 full;

	if (a->aux >= a->src)
		return false;
	if (a->size == 8) {
		a->dst = div128(a->aux, a->dst, a->src, rem);
		return true;
	}
	full = a->aux << (a->size * 8) | a->dst;
	a->dst = full / a->src;
	*rem = full % a->src;
	return true;
}

bool emul_alu_idiv(struct emul_alu *a, u64 *rem)
{
	u64 hi, lo, by = emul_sext(a->src, a->size);
	bool neg, negby = (s64)by < 0;
	u64 limit, quot;

	if (a->size == 8) {
		hi = a->aux;
		lo = a->dst;
	} else {
		lo = a->aux << (a->size * 8) | a->dst;
		lo = emul_sext(lo, a->size * 2);
		hi = (u64)((s64)lo >> 63);
	}
	neg = (s64)hi < 0;
	if (neg) {
		lo = -lo;
		hi = ~hi + !lo;
	}
	if (negby)
		by = -by;
	if (hi >= by)
		return false;
	quot = div128(hi, lo, by, rem);
	limit = emul_mask(a->size) >> 1;
	if (neg != negby)
		limit++;
	if (quot > limit)
		return false;
	a->dst = (neg != negby ? -quot : quot) & emul_mask(a->size);
	*rem = (neg ? -*rem : *rem) & emul_mask(a->size);
	return true;
}

bool emul_cond(u64 rflags, unsigned int cc)
{
	bool cf = rflags & X86_EFLAGS_CF, zf = rflags & X86_EFLAGS_ZF;
	bool sf = rflags & X86_EFLAGS_SF, of = rflags & X86_EFLAGS_OF;
	bool val;

	switch ((cc >> 1) & 7) {
	case 0:
		val = of;
		break;
	case 1:
		val = cf;
		break;
	case 2:
		val = zf;
		break;
	case 3:
		val = cf || zf;
		break;
	case 4:
		val = sf;
		break;
	case 5:
		val = rflags & X86_EFLAGS_PF;
		break;
	case 6:
		val = sf != of;
		break;
	default:
		val = zf || sf != of;
	}
	return val != (cc & 1);
}
