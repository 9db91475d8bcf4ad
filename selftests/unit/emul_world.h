/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A toy machine around the executor, for its tests and fuzzers: some RAM at
 * RAM_BASE, a device page at MMIO_BASE, ports, flat or real-mode segments, plain
 * storage for control registers. Everything is in one struct world; a hook may
 * decide the outcome of each access before it happens.
 */
#ifndef UNIT_EMUL_WORLD_H
#define UNIT_EMUL_WORLD_H

#include <stdlib.h>
#include <string.h>
#include <cpuid.h>
#include <asm/processor-flags.h>

#include "emul/emul.h"

#define RAM_BASE	0x10000000ull
#define RAM_SIZE	0x10000u
#define MMIO_BASE	0x18000000ull
#define MMIO_SIZE	0x1000u
#define CODE_BASE	0x1c000000ull
#define WORLD_EVENTS	4096

enum world_kind { W_FETCH, W_READ, W_WRITE, W_CHECK, W_CMPXCHG, W_MMIO, W_PIO,
		  W_SYS };

/* One effect on a device, in the order of arrival. */
struct world_event {
	u64 addr;
	u64 data;
	u32 len;
	bool pio;
	bool write;
};

struct world {
	struct emul_ctxt c;
	u64 gpr[EMUL_NR_GPR];
	struct emul_seg segs[EMUL_NR_SEG];
	u64 cr[16], dr[8];
	u64 table_base[2];
	u16 table_limit[2];
	u8 xmm[16][16], ymm_high[16][16], mm[8][8];
	unsigned int mmx_entered;
	u32 fpu[EMUL_FPU_MXCSR + 1];
	u64 xcr0;
	u8 ram[RAM_SIZE] __attribute__((aligned(16)));
	u8 sio[4096];
	u8 code[64];
	u64 code_at;		/* linear address of code[] */
	u64 msr[4];
	u64 tsc;
	/* What the device answers: a counter, so that each read differs. */
	u64 device_next;
	struct world_event events[WORLD_EVENTS];
	unsigned int nr_events;
	unsigned int sys_calls[EMUL_SYS_PAUSE + 1];
	u64 sys_arg;
	/* Outcome of an access, EMUL_OK to let it happen. */
	int (*hook)(struct world *w, enum world_kind kind, u64 addr,
		    unsigned int len, unsigned int flags);
	/* Races: changes memory just before a cmpxchg looks at it. */
	void (*race)(struct world *w, u8 *p);
	void *priv;
};

static inline struct world *world_of(struct emul_ctxt *c)
{
	return (struct world *)((char *)c - offsetof(struct world, c));
}

static inline int world_hook(struct world *w, enum world_kind kind, u64 addr,
			     unsigned int len, unsigned int flags)
{
	return w->hook ? w->hook(w, kind, addr, len, flags) : EMUL_OK;
}

static inline u8 *world_ram(struct world *w, u64 la, unsigned int len)
{
	if (la < RAM_BASE || la - RAM_BASE > RAM_SIZE - len)
		return NULL;
	return w->ram + (la - RAM_BASE);
}

static inline bool world_is_mmio(u64 la, unsigned int len)
{
	return la >= MMIO_BASE && la - MMIO_BASE <= MMIO_SIZE - len;
}

static int world_fetch(struct emul_ctxt *c, u64 la, void *data,
		       unsigned int len)
{
	struct world *w = world_of(c);
	int rc = world_hook(w, W_FETCH, la, len, 0);
	unsigned int i;
	u8 *p = data;

	if (rc)
		return rc;
	for (i = 0; i < len; i++)
		p[i] = la + i - w->code_at < sizeof(w->code) ?
			w->code[la + i - w->code_at] : 0xcc;
	return EMUL_OK;
}

static int world_read(struct emul_ctxt *c, u64 la, void *data,
		      unsigned int len, unsigned int flags)
{
	struct world *w = world_of(c);
	int rc = world_hook(w, W_READ, la, len, flags);
	u8 *p;

	if (rc)
		return rc;
	p = world_ram(w, la, len);
	if (p) {
		memcpy(data, p, len);
		return EMUL_OK;
	}
	if (flags & EMUL_ACC_BATCH)
		return EMUL_SINGLE;
	if (world_is_mmio(la, len))
		return emul_mmio(c, la, data, len, false, flags);
	return emul_raise_pf(c, la, 0);
}

static int world_write(struct emul_ctxt *c, u64 la, const void *data,
		       unsigned int len, unsigned int flags)
{
	struct world *w = world_of(c);
	bool check = flags & EMUL_ACC_CHECK;
	int rc = world_hook(w, check ? W_CHECK : W_WRITE, la, len, flags);
	u8 *p;

	if (rc && rc != EMUL_POSTED)
		return rc;
	p = world_ram(w, la, len);
	if (p) {
		if (!check)
			memcpy(p, data, len);
		return rc;
	}
	if (flags & EMUL_ACC_BATCH)
		return EMUL_SINGLE;
	if (!world_is_mmio(la, len))
		return emul_raise_pf(c, la, 2);
	return check ? EMUL_OK :
		emul_mmio(c, la, (void *)data, len, true, flags);
}

static int world_cmpxchg(struct emul_ctxt *c, u64 la, void *old,
			 const void *new, unsigned int len, unsigned int flags)
{
	struct world *w = world_of(c);
	int rc = world_hook(w, W_CMPXCHG, la, len, flags);
	u8 *p;

	if (rc)
		return rc;
	p = world_ram(w, la, len);
	if (!p)
		return world_is_mmio(la, len) ?
			emul_mmio(c, la, (void *)new, len, true, flags) :
			emul_raise_pf(c, la, 2);
	if (w->race)
		w->race(w, p);
	if (memcmp(p, old, len))
		memcpy(old, p, len);
	else
		memcpy(p, new, len);
	return EMUL_OK;
}

static void world_event(struct world *w, u64 addr, void *data, u32 len,
			bool pio, bool write)
{
	struct world_event *e = &w->events[w->nr_events++ % WORLD_EVENTS];
	u64 val;

	if (!write) {
		for (u32 i = 0; i < len; i++)
			((u8 *)data)[i] = (w->device_next + i) * 0x9d;
		w->device_next++;
	}
	val = 0;
	memcpy(&val, data, len < 8 ? len : 8);
	*e = (struct world_event){ addr, val, len, pio, write };
}

static int world_mmio(struct emul_ctxt *c, const struct emul_mmio *io)
{
	struct world *w = world_of(c);
	int rc = world_hook(w, W_MMIO, io->gpa, io->len,
			    io->flags | (io->write ? 0x100 : 0));

	if (rc == EMUL_OK || rc == EMUL_POSTED)
		world_event(w, io->gpa, io->data, io->len, false, io->write);
	return rc;
}

static int world_pio(struct emul_ctxt *c, const struct emul_pio *io)
{
	struct world *w = world_of(c);
	int rc = world_hook(w, W_PIO, io->port, io->size * io->count,
			    io->flags | (io->in ? 0 : 0x100));
	u32 i;

	if (rc == EMUL_OK || rc == EMUL_POSTED)
		for (i = 0; i < io->count; i++)
			world_event(w, io->port,
				    (u8 *)io->data + i * io->size, io->size,
				    true, !io->in);
	return rc;
}

static void world_get_seg(struct emul_ctxt *c, unsigned int seg,
			  struct emul_seg *val)
{
	*val = world_of(c)->segs[seg];
}

static int world_set_seg(struct emul_ctxt *c, unsigned int seg,
			 const struct emul_seg *val)
{
	struct world *w = world_of(c);
	int rc = world_hook(w, W_SYS, seg, 0, 0);

	if (!rc)
		w->segs[seg] = *val;
	return rc;
}

static int world_get_cr(struct emul_ctxt *c, unsigned int cr, u64 *val)
{
	*val = world_of(c)->cr[cr];
	return EMUL_OK;
}

static int world_set_cr(struct emul_ctxt *c, unsigned int cr, u64 val)
{
	world_of(c)->cr[cr] = val;
	return EMUL_OK;
}

static int world_get_dr(struct emul_ctxt *c, unsigned int dr, u64 *val)
{
	*val = world_of(c)->dr[dr];
	return EMUL_OK;
}

static int world_set_dr(struct emul_ctxt *c, unsigned int dr, u64 val)
{
	world_of(c)->dr[dr] = val;
	return EMUL_OK;
}

static int world_get_msr(struct emul_ctxt *c, u32 msr, u64 *val)
{
	if (msr >= 4)
		return emul_raise_error(c, 13, 0);
	*val = world_of(c)->msr[msr];
	return EMUL_OK;
}

static int world_set_msr(struct emul_ctxt *c, u32 msr, u64 val)
{
	if (msr >= 4)
		return emul_raise_error(c, 13, 0);
	world_of(c)->msr[msr] = val;
	return EMUL_OK;
}

static int world_get_table(struct emul_ctxt *c, enum emul_table which,
			   u64 *base, u16 *limit)
{
	*base = world_of(c)->table_base[which];
	*limit = world_of(c)->table_limit[which];
	return EMUL_OK;
}

static int world_set_table(struct emul_ctxt *c, enum emul_table which,
			   u64 base, u16 limit)
{
	world_of(c)->table_base[which] = base;
	world_of(c)->table_limit[which] = limit;
	return EMUL_OK;
}

static int world_get_xcr0(struct emul_ctxt *c, u64 *val)
{
	*val = world_of(c)->xcr0;
	return EMUL_OK;
}

static void world_get_vec(struct emul_ctxt *c, enum emul_vec file,
			  unsigned int reg, void *val)
{
	struct world *w = world_of(c);

	if (file == EMUL_VEC_MMX)
		memcpy(val, w->mm[reg], 8);
	else
		memcpy(val, w->xmm[reg], 16);
	if (file == EMUL_VEC_YMM)
		memcpy((u8 *)val + 16, w->ymm_high[reg], 16);
}

static void world_set_vec(struct emul_ctxt *c, enum emul_vec file,
			  unsigned int reg, const void *val)
{
	struct world *w = world_of(c);

	w->mmx_entered += file == EMUL_VEC_MMX;
	if (file == EMUL_VEC_MMX)
		memcpy(w->mm[reg], val, 8);
	else
		memcpy(w->xmm[reg], val, 16);
	if (file == EMUL_VEC_YMM)
		memcpy(w->ymm_high[reg], (u8 *)val + 16, 16);
}

static void world_enter_mmx(struct emul_ctxt *c)
{
	world_of(c)->mmx_entered++;
}

static u32 world_get_fpu(struct emul_ctxt *c, enum emul_fpu which)
{
	return world_of(c)->fpu[which];
}

static int world_set_fpu(struct emul_ctxt *c, enum emul_fpu which, u32 val)
{
	if (which == EMUL_FPU_SW)
		abort();
	if (which == EMUL_FPU_MXCSR && val & 0xffff0000)
		return emul_raise_error(c, 13, 0);
	world_of(c)->fpu[which] = val;
	return EMUL_OK;
}

static int world_cpuid(struct emul_ctxt *c, u32 regs[4])
{
	__cpuid_count(regs[0], regs[2], regs[0], regs[1], regs[2], regs[3]);
	return EMUL_OK;
}

static int world_rdtsc(struct emul_ctxt *c, u64 *tsc, u32 *aux)
{
	*tsc = world_of(c)->tsc;
	*aux = 0x77;
	return EMUL_OK;
}

static int world_system(struct emul_ctxt *c, enum emul_sys what, u64 arg)
{
	struct world *w = world_of(c);
	int rc = world_hook(w, W_SYS, what, 0, 0);

	if (rc)
		return rc;
	w->sys_calls[what]++;
	w->sys_arg = arg;
	return EMUL_OK;
}

static const struct emul_ops world_ops = {
	.fetch = world_fetch,
	.read = world_read,
	.write = world_write,
	.cmpxchg = world_cmpxchg,
	.pio = world_pio,
	.mmio = world_mmio,
	.get_seg = world_get_seg,
	.set_seg = world_set_seg,
	.get_cr = world_get_cr,
	.set_cr = world_set_cr,
	.get_dr = world_get_dr,
	.set_dr = world_set_dr,
	.get_msr = world_get_msr,
	.set_msr = world_set_msr,
	.get_table = world_get_table,
	.set_table = world_set_table,
	.get_xcr0 = world_get_xcr0,
	.get_vec = world_get_vec,
	.set_vec = world_set_vec,
	.enter_mmx = world_enter_mmx,
	.get_fpu = world_get_fpu,
	.set_fpu = world_set_fpu,
	.cpuid = world_cpuid,
	.rdtsc = world_rdtsc,
	.system = world_system,
};

/* A flat machine in the given mode, everything else zero. */
static inline void world_reset(struct world *w, enum emul_mode mode)
{
	unsigned int i;

	memset(w, 0, sizeof(*w));
	emul_init(&w->c, &world_ops, w->sio, sizeof(w->sio));
	w->c.gpr = w->gpr;
	w->c.mode = mode;
	w->c.cpl = mode == EMUL_MODE_VM86 ? 3 : 0;
	w->c.rip = CODE_BASE;
	w->code_at = CODE_BASE;
	w->c.rflags = X86_EFLAGS_FIXED;
	if (mode == EMUL_MODE_VM86)
		w->c.rflags |= X86_EFLAGS_VM | X86_EFLAGS_IOPL;
	w->cr[0] = X86_CR0_PE | X86_CR0_NE;
	w->cr[4] = X86_CR4_OSFXSR | X86_CR4_OSXSAVE;
	w->xcr0 = 7;
	w->fpu[EMUL_FPU_CW] = 0x37f;
	w->fpu[EMUL_FPU_MXCSR] = 0x1f80;
	for (i = 0; i < EMUL_NR_SEG; i++) {
		w->segs[i].limit = 0xffffffff;
		w->segs[i].ar = EMUL_AR_P | EMUL_AR_S | EMUL_AR_RW | 1 |
				EMUL_AR_G;
		if (mode == EMUL_MODE_PROT32)
			w->segs[i].ar |= EMUL_AR_DB;
	}
	w->segs[EMUL_CS].ar |= EMUL_AR_CODE;
	if (mode == EMUL_MODE_LONG64)
		w->segs[EMUL_CS].ar |= EMUL_AR_L;
	w->segs[EMUL_TR].ar = EMUL_AR_P | 0xb;
	w->segs[EMUL_TR].limit = 0x67;
	w->segs[EMUL_LDTR].ar = 0;
	if (mode == EMUL_MODE_REAL || mode == EMUL_MODE_VM86) {
		/* Big limits: the tests aim at RAM_BASE by segment base. */
		for (i = 0; i < EMUL_NR_USER_SEG; i++) {
			w->segs[i].base = RAM_BASE;
			w->segs[i].limit = 0xffff;
			w->segs[i].ar &= ~EMUL_AR_G;
		}
		w->segs[EMUL_CS].base = CODE_BASE;
		w->c.rip = 0;
	}
}

static inline void world_code(struct world *w, const void *bytes,
			      unsigned int len)
{
	memset(w->code, 0xcc, sizeof(w->code));
	memcpy(w->code, bytes, len);
	w->c.fetched_len = 0;
}

static inline u64 world_rnd(u64 *state)
{
	u64 z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

#endif
