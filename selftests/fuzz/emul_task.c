// SPDX-License-Identifier: GPL-2.0
/*
 * Task switch fuzzer: random TSSs, descriptors and registers, and accesses that
 * come out at random. Beside what the sanitizers see it checks emul/task.h: a
 * switch that did not commit has changed no register, one that did has the new
 * task's; nothing is left in the log; accesses are bounded in number.
 *
 *	emul_task [COUNT [SEED]]
 *
 * test: timeout: 300
 */
#include <stdio.h>

#include "emul_world.h"
#include "emul/task.h"

#define MAX_CALLS	2000
#define GDT		(RAM_BASE + 0x1000)
#define GDT_ENTRIES	16

static struct world w;
static u64 rng;
static unsigned int calls, trouble;

static u64 rnd(void)
{
	return world_rnd(&rng);
}

static int hook(struct world *wd, enum world_kind kind, u64 addr,
		unsigned int len, unsigned int flags)
{
	u64 r = rnd();

	calls++;
	if (kind == W_SYS || r % 100 >= trouble)
		return EMUL_OK;
	switch ((r >> 32) % 4) {
	case 0:
		return EMUL_RETRY_SLEEP;
	case 1:
		return emul_raise_pf(&wd->c, addr, 0);
	case 2:
		return flags & EMUL_ACC_BATCH ? EMUL_SINGLE : EMUL_OK;
	default:
		return EMUL_STOP;
	}
}

/* Mostly descriptors that are what a switch needs, and some that are anything. */
static u64 descriptor(void)
{
	static const u16 types[] = {
		0x89, 0x8b, 0x81, 0x83, 0x82, 0xc09b, 0xc093, 0x409a, 0x92,
		0xc0fb, 0xc0f3, 0x9f,
	};
	u64 r = rnd(), base = RAM_BASE + (rnd() & 0xffff), type;

	if (r % 16 == 0)
		return rnd();
	type = types[(r >> 8) % (sizeof(types) / sizeof(*types))];
	return ((r >> 16) % 4 ? 0xffff : (r >> 20) & 0xff) |
	       (base & 0xffffff) << 16 | type << 40 | base >> 24 << 56;
}

static u16 selector(void)
{
	u64 r = rnd();

	return r % 16 ? (r >> 8) % (GDT_ENTRIES + 1) << 3 |
			(r % 8 ? 0 : (r >> 16) & 7) : r >> 32;
}

static void make_world(void)
{
	struct emul_seg *tr = &w.segs[EMUL_TR];
	unsigned int i;
	u64 r = rnd();

	world_reset(&w, r % 8 ? EMUL_MODE_PROT32 : EMUL_MODE_VM86);
	w.hook = hook;
	w.c.may_sleep = true;
	trouble = r & 0x100 ? (r >> 16) % 20 : 0;
	/* Selectors are all that there is in most of this memory. */
	for (i = 0; i < RAM_SIZE; i += 4)
		*(u32 *)(w.ram + i) = r & 0x200 ? selector() : rnd();
	for (i = 0; i < GDT_ENTRIES; i++)
		*(u64 *)(w.ram + 0x1000 + 8 * i) = descriptor();
	w.table_base[EMUL_GDT] = GDT;
	w.table_limit[EMUL_GDT] = GDT_ENTRIES * 8 - 1;
	w.cr[0] |= r & 0x400 ? X86_CR0_PG : 0;
	tr->base = RAM_BASE + (rnd() & 0xffff);
	tr->sel = selector();
	tr->ar = r & 0x800 ? 0x8b : 0x83;
	for (i = 0; i < 8; i++)
		w.gpr[i] = rnd();
	w.c.rip = (u32)rnd();
}

static void put(u8 *p, u64 val, unsigned int len)
{
	memcpy(p, &val, len);
}

/* A switch with nothing wrong, but for a field here and there. */
static void make_likely(struct emul_task *t)
{
	u8 *tss = w.ram + 0x8000 + rnd() % 0x2000;
	u64 type = t->source == EMUL_TASK_IRET ? 0x8b : 0x89;
	unsigned int at;

	t->sel = 0x18;
	put(w.ram + 0x1008, 0x00cf9b000000ffff, 8);
	put(w.ram + 0x1010, 0x00cf93000000ffff, 8);
	put(w.ram + 0x1018, 0x67 | type << 40 | RAM_BASE >> 24 << 56 |
	    (u64)(tss - w.ram) << 16, 8);
	for (at = 72; at <= 96; at += 4)
		put(tss + at, at == 96 ? 0 : at == 76 ? 8 : 0x10, 2);
	if (rnd() % 2)
		put(tss + 72 + rnd() % 7 * 4, selector(), 2);
	put(tss + 36, rnd() % 4 ? rnd() & 0xffff : rnd(), 4);
	put(tss + 56, RAM_BASE + 0xf000 + (rnd() & 0xff), 4);
}

static bool sane(const struct world *was, const struct emul_task *t, int rc)
{
	bool same = !memcmp(was->gpr, w.gpr, sizeof(w.gpr)) &&
		    !memcmp(was->segs, w.segs, sizeof(w.segs)) &&
		    !memcmp(was->cr, w.cr, sizeof(w.cr)) &&
		    was->c.rip == w.c.rip && was->c.rflags == w.c.rflags;

	if (calls > MAX_CALLS || emul_busy(&w.c) || w.nr_events)
		return false;
	if (rc != EMUL_OK && rc != EMUL_EXCEPTION && rc != EMUL_STOP &&
	    rc != EMUL_RETRY_SLEEP)
		return false;
	if (!t->committed)
		return same && rc != EMUL_OK;
	return rc != EMUL_RETRY_SLEEP && w.segs[EMUL_TR].sel == t->sel &&
	       (w.segs[EMUL_TR].ar & 2) && (w.cr[0] & X86_CR0_TS) &&
	       (w.c.rflags & X86_EFLAGS_FIXED) && !(w.c.rip >> 32);
}

int main(int argc, char **argv)
{
	u64 count = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000, i;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	u64 seen[2][EMUL_STOP + 1] = {};
	static struct world was;
	struct emul_task t;
	int rc;

	for (i = 0; i < count; i++) {
		rng = seed + i * 0x10001;
		make_world();
		t = (struct emul_task){
			.sel = selector(), .source = rnd() % 4,
			.ext = rnd() & 1, .has_error = rnd() & 1,
			.error = rnd(), .rip = rnd(),
		};
		if (rnd() % 2)
			make_likely(&t);
		was = w;
		calls = 0;
		rc = emul_task_switch(&w.c, &t);
		if (!sane(&was, &t, rc)) {
			printf("case %llu of seed %llu: result %d, committed %d, %u calls\n",
			       i, seed, rc, t.committed, calls);
			return 1;
		}
		seen[t.committed][rc]++;
	}
	printf("refused %llu, committed: done %llu, raised %llu, stopped %llu\n",
	       seen[0][EMUL_EXCEPTION], seen[1][EMUL_OK],
	       seen[1][EMUL_EXCEPTION], seen[1][EMUL_STOP]);
	return !seen[1][EMUL_OK] || !seen[1][EMUL_EXCEPTION];
}
