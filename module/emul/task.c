// SPDX-License-Identifier: GPL-2.0
/*
 * Task switches.
 *
 * Before the commit point everything that it will write is read with the
 * intention to write, so that a page that is not there shows while the old task
 * is whole.  The writes themselves then come in an order in which each may fail
 * and the switch start again: the new task's busy bit, which a second start
 * would take for another's, is the last.
 *
 * A TSS, a descriptor table or a stack in a device is nobody's intention: such
 * accesses are refused, so that the replay log is not needed here.
 */
#include "exec.h"
#include "task.h"

#define TSS_MAX		104	/* of a 32-bit TSS, without its bitmaps */
#define TSS_SEGS	6
#define TYPE_TSS	0x01	/* available, 16-bit */
#define TYPE_BUSY	0x02
#define TYPE_32		0x08
#define TYPE_LDT	0x02
#define TRAP_BIT	0x01

/* The busy bit in the upper half of a descriptor. */
#define DESC_BUSY	((u32)TYPE_BUSY << 8)

/* Tries of what is behind the commit point, where there is no way back. */
#define LOAD_TRIES	16

/* What EFLAGS can have; the upper half only from a 32-bit TSS. */
#define FLAGS_VALID							\
	(EMUL_ARITH | X86_EFLAGS_TF | X86_EFLAGS_IF | X86_EFLAGS_DF |	\
	 X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM | \
	 X86_EFLAGS_AC | X86_EFLAGS_VIF | X86_EFLAGS_VIP | X86_EFLAGS_ID)

/* Segments as virtual-8086 mode has them. */
#define AR_VM86		(EMUL_AR_P | 3 << 5 | EMUL_AR_S | EMUL_AR_RW |	\
			 EMUL_AR_ACCESSED)

/**
 * struct tss_format - where the fields of a TSS are
 * @size:	bytes that must be there
 * @width:	of a field
 * @cr3:	CR3; 0: there is none
 * @ip:		EIP, the first field that a switch saves
 * @flags:	EFLAGS
 * @gprs:	general registers, in the order of enum emul_reg
 * @segs:	selectors, in the order of enum emul_segreg
 * @nr_segs:	so many of them
 * @end:	behind the last field that a switch saves
 * @ldt:	LDTR's selector
 * @trap:	the T bit; 0: there is none
 */
struct tss_format {
	u8 size, width;
	u8 cr3, ip, flags, gprs, segs, nr_segs, end, ldt, trap;
};

static const struct tss_format tss16 = {
	.size = 44, .width = 2, .ip = 14, .flags = 16, .gprs = 18,
	.segs = 34, .nr_segs = 4, .end = 42, .ldt = 42,
};

static const struct tss_format tss32 = {
	.size = 104, .width = 4, .cr3 = 28, .ip = 32, .flags = 36, .gprs = 40,
	.segs = 72, .nr_segs = 6, .end = 96, .ldt = 96, .trap = 100,
};

/**
 * struct task - one of the two tasks of a switch
 * @f:		format of its TSS
 * @tr:		its task register
 * @desc:	linear address of the upper half of its descriptor
 * @image:	the TSS
 */
struct task {
	const struct tss_format *f;
	struct emul_seg tr;
	u64 desc;
	u8 image[TSS_MAX];
};

struct task_pair {
	struct task old, new;
};

/* ---- memory ---------------------------------------------------------------- */

static u64 linear(const struct emul_ctxt *c, u64 la)
{
	return emul_is64(c) ? la : (u32)la;
}

static int no_device(struct emul_ctxt *c, int rc)
{
	if (rc == EMUL_SINGLE || rc == EMUL_USER || rc == EMUL_POSTED) {
		emul_cancel(c);
		return emul_stop(c, "a table or TSS where there is no memory");
	}
	return rc;
}

/* Bytes of [la, la + len) in the page of @la. */
static unsigned int in_page(u64 la, unsigned int len)
{
	return min_t(u64, len, 4096 - (la & 4095));
}

static int table_read(struct emul_ctxt *c, u64 la, void *data,
		      unsigned int len, unsigned int flags)
{
	unsigned int n;
	int rc;

	for (; len; len -= n, la += n, data += n) {
		la = linear(c, la);
		n = in_page(la, len);
		rc = c->ops->read(c, la, data, n,
				  flags | EMUL_ACC_SYSTEM | EMUL_ACC_BATCH);
		if (rc)
			return no_device(c, rc);
	}
	return EMUL_OK;
}

static int table_write(struct emul_ctxt *c, u64 la, const void *data,
		       unsigned int len)
{
	unsigned int n;
	int rc;

	for (; len; len -= n, la += n, data += n) {
		la = linear(c, la);
		n = in_page(la, len);
		rc = c->ops->write(c, la, data, n,
				   EMUL_ACC_SYSTEM | EMUL_ACC_BATCH);
		if (rc)
			return no_device(c, rc);
	}
	return EMUL_OK;
}

/*
 * The busy bit, which other processors may look at.  If somebody has set it
 * meanwhile, the switch has to start again and find it.
 */
static int write_busy(struct emul_ctxt *c, u64 desc, bool busy)
{
	u32 was, found, val;
	int rc;

	rc = table_read(c, desc, &was, sizeof(was), EMUL_ACC_RMW);
	if (rc)
		return rc;
	if (busy && (was & DESC_BUSY))
		return EMUL_RETRY_SLEEP;
	val = busy ? was | DESC_BUSY : was & ~DESC_BUSY;
	found = was;
	rc = c->ops->cmpxchg(c, linear(c, desc), &found, &val, sizeof(val),
			     EMUL_ACC_SYSTEM | EMUL_ACC_LOCK);
	if (rc)
		return no_device(c, rc);
	return found == was ? EMUL_OK : EMUL_RETRY_SLEEP;
}

static u32 get_field(const struct task *t, unsigned int at)
{
	u32 val = 0;

	memcpy(&val, t->image + at, t->f->width);
	return val;
}

static u16 get_sel(const struct task *t, unsigned int at)
{
	u16 sel;

	memcpy(&sel, t->image + at, sizeof(sel));
	return sel;
}

/* ---- before the commit point ------------------------------------------------ */

static int find_new(struct emul_ctxt *c, const struct emul_task *t,
		    struct task *new)
{
	bool iret = t->source == EMUL_TASK_IRET;
	u8 bad = iret ? EMUL_TS : EMUL_GP;
	u16 want = iret ? TYPE_TSS | TYPE_BUSY : TYPE_TSS;
	u64 la = 0, desc = 0;
	int rc;

	if ((t->sel & SEL_LDT) || !(t->sel & ~3u))
		return emul_sel_fault(c, bad, t->sel);
	rc = emul_find_descriptor(c, bad, t->sel, &la);
	if (!rc)
		rc = table_read(c, la, &desc, sizeof(desc), 0);
	if (rc)
		return rc;
	emul_unpack_descriptor(desc, t->sel, &new->tr);
	new->desc = la + 4;
	new->f = new->tr.ar & TYPE_32 ? &tss32 : &tss16;
	if ((new->tr.ar & (EMUL_AR_S | EMUL_AR_TYPE) & ~TYPE_32) != want)
		return emul_sel_fault(c, bad, t->sel);
	if (!(new->tr.ar & EMUL_AR_P))
		return emul_sel_fault(c, EMUL_NP, t->sel);
	if (new->tr.limit < new->f->size - 1u)
		return emul_sel_fault(c, EMUL_TS, t->sel);
	return EMUL_OK;
}

static int find_old(struct emul_ctxt *c, struct task *old)
{
	u64 base;
	u16 limit;
	int rc;

	old->tr = *emul_get_seg(c, EMUL_TR);
	old->f = old->tr.ar & TYPE_32 ? &tss32 : &tss16;
	if (old->tr.limit < old->f->size - 1u)
		return emul_sel_fault(c, EMUL_TS, old->tr.sel);
	rc = c->ops->get_table(c, EMUL_GDT, &base, &limit);
	old->desc = base + (old->tr.sel & ~7u) + 4;
	return rc;
}

static bool frees_old(const struct emul_task *t)
{
	return t->source == EMUL_TASK_JMP || t->source == EMUL_TASK_IRET;
}

static bool nests(const struct emul_task *t)
{
	return t->source == EMUL_TASK_CALL || t->source == EMUL_TASK_GATE;
}

static int read_registers(struct emul_ctxt *c, struct task *old,
			  unsigned int flags)
{
	return table_read(c, old->tr.base + old->f->ip,
			  old->image + old->f->ip, old->f->end - old->f->ip,
			  flags);
}

/* Looks at all that the commit needs. */
static int probe(struct emul_ctxt *c, const struct emul_task *t,
		 struct task_pair *p)
{
	u32 desc;
	u16 link;
	int rc;

	rc = read_registers(c, &p->old, EMUL_ACC_RMW);
	if (!rc)
		rc = table_read(c, p->new.tr.base, p->new.image, p->new.f->size,
				0);
	if (!rc && nests(t))
		rc = table_read(c, p->new.tr.base, &link, sizeof(link),
				EMUL_ACC_RMW);
	if (!rc && t->source != EMUL_TASK_IRET)
		rc = table_read(c, p->new.desc, &desc, sizeof(desc),
				EMUL_ACC_RMW);
	if (!rc && frees_old(t))
		rc = table_read(c, p->old.desc, &desc, sizeof(desc),
				EMUL_ACC_RMW);
	return rc;
}

static void put_field(struct task *t, unsigned int at, u32 val)
{
	memcpy(t->image + at, &val, t->f->width);
}

/* The rest of a selector's field belongs to the guest. */
static void fill_old(struct emul_ctxt *c, const struct emul_task *t,
		     struct task *old)
{
	const struct tss_format *f = old->f;
	u64 rflags = c->rflags;
	unsigned int i;

	if (t->source == EMUL_TASK_IRET)
		rflags &= ~(u64)X86_EFLAGS_NT;
	if (t->source != EMUL_TASK_GATE)
		rflags &= ~(u64)X86_EFLAGS_RF;
	put_field(old, f->ip, t->rip);
	put_field(old, f->flags, rflags);
	for (i = 0; i < 8; i++)
		put_field(old, f->gprs + i * f->width, c->gpr[i]);
	for (i = 0; i < f->nr_segs; i++)
		memcpy(old->image + f->segs + i * f->width,
		       &emul_get_seg(c, i)->sel, sizeof(u16));
}

/*
 * Writes what the old task leaves in memory.  The new TSS is read again, for
 * the two may be one.
 */
static int leave_old(struct emul_ctxt *c, const struct emul_task *t,
		     struct task_pair *p)
{
	const struct tss_format *f = p->old.f;
	int rc = EMUL_OK;

	if (frees_old(t))
		rc = write_busy(c, p->old.desc, false);
	fill_old(c, t, &p->old);
	if (!rc)
		rc = table_write(c, p->old.tr.base + f->ip,
				 p->old.image + f->ip, f->end - f->ip);
	if (!rc && nests(t))
		rc = table_write(c, p->new.tr.base, &p->old.tr.sel,
				 sizeof(u16));
	if (!rc)
		rc = table_read(c, p->new.tr.base, p->new.image, p->new.f->size,
				0);
	if (!rc && t->source != EMUL_TASK_IRET)
		rc = write_busy(c, p->new.desc, true);
	return rc;
}

/* ---- the commit point -------------------------------------------------------- */

static int set_seg(struct emul_ctxt *c, unsigned int seg,
		   const struct emul_seg *s)
{
	c->seg[seg] = *s;
	c->seg_valid |= 1u << seg;
	return c->ops->set_seg(c, seg, s);
}

static void take_registers(struct emul_ctxt *c, const struct emul_task *t,
			   const struct task *new)
{
	const struct tss_format *f = new->f;
	unsigned int i;

	c->rip = get_field(new, f->ip);
	c->rflags = (get_field(new, f->flags) & FLAGS_VALID) |
		    X86_EFLAGS_FIXED;
	if (nests(t))
		c->rflags |= X86_EFLAGS_NT;
	for (i = 0; i < 8; i++)
		c->gpr[i] = get_field(new, f->gprs + i * f->width);
	c->shadow = 0;
}

/* What a segment register has between its selector and its descriptor. */
static void seg_unloaded(const struct emul_ctxt *c, unsigned int seg, u16 sel,
			 struct emul_seg *s)
{
	*s = (struct emul_seg){ .sel = sel };
	if (c->mode == EMUL_MODE_VM86 && seg < EMUL_NR_USER_SEG) {
		s->base = (u32)sel << 4;
		s->limit = 0xffff;
		s->ar = AR_VM86;
	} else if (seg == EMUL_CS) {
		/* Never run: whoever handles the fault has his own. */
		s->ar = EMUL_AR_P | c->cpl << 5 | EMUL_AR_S | EMUL_AR_CODE |
			EMUL_AR_RW | EMUL_AR_ACCESSED;
	} else if (seg == EMUL_SS) {
		s->ar = c->cpl << 5;
	}
}

static u16 new_sel(const struct task *new, unsigned int seg)
{
	if (seg == EMUL_LDTR)
		return get_sel(new, new->f->ldt);
	if (seg >= new->f->nr_segs)
		return 0;
	return get_sel(new, new->f->segs + seg * new->f->width);
}

/* The new task's registers; its descriptors come later. */
static int commit(struct emul_ctxt *c, struct emul_task *t, struct task *new)
{
	struct emul_seg s;
	unsigned int seg;
	u64 cr0;
	int rc;

	t->committed = true;
	take_registers(c, t, new);
	c->mode = EMUL_MODE_PROT32;
	c->cpl = SEL_RPL(new_sel(new, EMUL_CS));
	if (c->rflags & X86_EFLAGS_VM) {
		c->mode = EMUL_MODE_VM86;
		c->cpl = 3;
	}
	new->tr.ar |= TYPE_BUSY;
	rc = set_seg(c, EMUL_TR, &new->tr);
	for (seg = 0; !rc && seg <= EMUL_LDTR; seg++) {
		seg_unloaded(c, seg, new_sel(new, seg), &s);
		rc = set_seg(c, seg, &s);
	}
	if (!rc)
		rc = c->ops->get_cr(c, 0, &cr0);
	if (!rc && !(cr0 & X86_CR0_TS))
		rc = c->ops->set_cr(c, 0, cr0 | X86_CR0_TS);
	return rc;
}

/* ---- behind it ------------------------------------------------------------------ */

static int load_cr3(struct emul_ctxt *c, const struct task *new)
{
	u64 cr0, cr3, val;
	int rc;

	if (!new->f->cr3)
		return EMUL_OK;
	rc = c->ops->get_cr(c, 0, &cr0);
	if (!rc)
		rc = c->ops->get_cr(c, 3, &cr3);
	if (rc || !(cr0 & X86_CR0_PG))
		return rc;
	val = get_field(new, new->f->cr3);
	return val == cr3 ? EMUL_OK : c->ops->set_cr(c, 3, val);
}

static int check_ldt(struct emul_ctxt *c, u16 sel, u16 ar)
{
	if ((ar & (EMUL_AR_S | EMUL_AR_TYPE)) != TYPE_LDT || !(ar & EMUL_AR_P))
		return emul_sel_fault(c, EMUL_TS, sel);
	return EMUL_OK;
}

static int check_code(struct emul_ctxt *c, u16 sel, u16 ar)
{
	unsigned int dpl = EMUL_AR_DPL(ar), rpl = SEL_RPL(sel);
	bool code = (ar & EMUL_AR_S) && (ar & EMUL_AR_CODE);

	if (!code || (ar & EMUL_AR_DC ? dpl > rpl : dpl != rpl))
		return emul_sel_fault(c, EMUL_TS, sel);
	if (!(ar & EMUL_AR_P))
		return emul_sel_fault(c, EMUL_NP, sel);
	return EMUL_OK;
}

static int check_stack(struct emul_ctxt *c, u16 sel, u16 ar)
{
	bool data = (ar & EMUL_AR_S) && !(ar & EMUL_AR_CODE) &&
		    (ar & EMUL_AR_RW);

	if (!data || SEL_RPL(sel) != c->cpl || EMUL_AR_DPL(ar) != c->cpl)
		return emul_sel_fault(c, EMUL_TS, sel);
	if (!(ar & EMUL_AR_P))
		return emul_sel_fault(c, EMUL_SSF, sel);
	return EMUL_OK;
}

static int check_data(struct emul_ctxt *c, u16 sel, u16 ar)
{
	bool code = ar & EMUL_AR_CODE;
	bool conforming = code && (ar & EMUL_AR_DC);
	unsigned int dpl = EMUL_AR_DPL(ar);

	if (!(ar & EMUL_AR_S) || (code && !(ar & EMUL_AR_RW)))
		return emul_sel_fault(c, EMUL_TS, sel);
	if (!conforming && (SEL_RPL(sel) > dpl || c->cpl > dpl))
		return emul_sel_fault(c, EMUL_TS, sel);
	if (!(ar & EMUL_AR_P))
		return emul_sel_fault(c, EMUL_NP, sel);
	return EMUL_OK;
}

static int check_segment(struct emul_ctxt *c, unsigned int seg, u16 sel, u16 ar)
{
	switch (seg) {
	case EMUL_LDTR:
		return check_ldt(c, sel, ar);
	case EMUL_CS:
		return check_code(c, sel, ar);
	case EMUL_SS:
		return check_stack(c, sel, ar);
	}
	return check_data(c, sel, ar);
}

static int load_segment(struct emul_ctxt *c, unsigned int seg, u16 sel)
{
	struct emul_seg s;
	u64 la = 0, desc;
	u8 access;
	int rc;

	if (!(sel & ~3u) && seg != EMUL_CS && seg != EMUL_SS)
		return EMUL_OK;
	/* The LDT's own descriptor is not in it, and null is no segment. */
	if (!(sel & ~3u) || (seg == EMUL_LDTR && (sel & SEL_LDT)))
		return emul_sel_fault(c, EMUL_TS, sel);
	rc = emul_find_descriptor(c, EMUL_TS, sel, &la);
	if (!rc)
		rc = table_read(c, la, &desc, sizeof(desc), 0);
	if (rc)
		return rc;
	emul_unpack_descriptor(desc, sel, &s);
	rc = check_segment(c, seg, sel, s.ar);
	if (!rc && (s.ar & EMUL_AR_S) && !(s.ar & EMUL_AR_ACCESSED)) {
		s.ar |= EMUL_AR_ACCESSED;
		access = s.ar;
		rc = table_write(c, la + 5, &access, sizeof(access));
	}
	return rc ? rc : set_seg(c, seg, &s);
}

/* As wide as the TSS is, in the new task. */
static int push_error(struct emul_ctxt *c, const struct emul_task *t,
		      const struct task *new)
{
	u64 sp = c->gpr[EMUL_RSP];
	int rc;

	rc = emul_push(c, &sp, t->error, new->f->width, EMUL_ACC_BATCH);
	if (rc)
		return no_device(c, rc);
	emul_set_sp(c, sp);
	return EMUL_OK;
}

static int load(struct emul_ctxt *c, const struct emul_task *t,
		const struct task *new)
{
	static const u8 order[] = {
		EMUL_CS, EMUL_SS, EMUL_ES, EMUL_DS, EMUL_FS, EMUL_GS,
	};
	unsigned int i;
	int rc;

	rc = load_cr3(c, new);
	if (!rc)
		rc = load_segment(c, EMUL_LDTR, new_sel(new, EMUL_LDTR));
	if (c->mode != EMUL_MODE_VM86)
		for (i = 0; !rc && i < TSS_SEGS; i++)
			rc = load_segment(c, order[i], new_sel(new, order[i]));
	if (!rc && t->has_error)
		rc = push_error(c, t, new);
	return rc;
}

/*
 * There is no way back, and what has been loaded can be loaded again: a guest
 * that keeps changing its page tables gets a few tries.
 */
static int load_surely(struct emul_ctxt *c, const struct emul_task *t,
		       const struct task *new)
{
	unsigned int tries;
	int rc;

	for (tries = 0; tries < LOAD_TRIES; tries++) {
		rc = load(c, t, new);
		if (rc != EMUL_RETRY_SLEEP)
			return rc;
	}
	return emul_stop(c, "page tables that do not come to rest");
}

/* ---- all of it --------------------------------------------------------------------- */

static bool names_selector(u8 vector)
{
	return vector >= EMUL_TS && vector <= EMUL_GP;
}

static int switch_tasks(struct emul_ctxt *c, struct emul_task *t,
			struct task_pair *p)
{
	int rc;

	rc = find_new(c, t, &p->new);
	if (!rc)
		rc = find_old(c, &p->old);
	if (!rc)
		rc = probe(c, t, p);
	if (!rc)
		rc = leave_old(c, t, p);
	if (!rc)
		rc = commit(c, t, &p->new);
	if (!rc)
		rc = load_surely(c, t, &p->new);
	t->trap = !rc && p->new.f->trap &&
		  (p->new.image[p->new.f->trap] & TRAP_BIT);
	return rc;
}

int emul_task_switch(struct emul_ctxt *c, struct emul_task *t)
{
	struct task_pair p = {};
	int rc;

	t->committed = false;
	c->seg_valid = 0;
	c->stop_why = NULL;
	rc = switch_tasks(c, t, &p);
	if (rc == EMUL_EXCEPTION && t->ext && names_selector(c->exc.vector))
		c->exc.error_code |= 1;
	return rc;
}
