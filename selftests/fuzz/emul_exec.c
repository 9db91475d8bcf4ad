// SPDX-License-Identifier: GPL-2.0
/*
 * Executor fuzzer: random instructions in every mode, on random registers and
 * segments, in a machine whose accesses come out at random. Beside what the
 * sanitizers see it checks the rules of emul.h: a step that did not commit left
 * no trace, one that did left no log, and no run asks for more than its bound.
 *
 *	emul_exec [COUNT [SEED]]
 *
 * test: timeout: 300
 */
#include <inttypes.h>
#include <stdio.h>

#include "emul_world.h"

#define MAX_CALLS 20000	/* callbacks in one run: far over any bound we claim */

static struct world world;
static u64 rng;
static unsigned int calls, trouble;

static u64 rnd(void)
{
	return world_rnd(&rng);
}

static int hook(struct world *w, enum world_kind kind, u64 addr,
		unsigned int len, unsigned int flags)
{
	u64 r = rnd();

	calls++;
	if (kind != W_PIO && len > 4096)
		abort();
	if (kind == W_FETCH) {
		if (!len || (addr & 4095) + len > 4096)
			abort();
		return r % 64 ? EMUL_OK : EMUL_RETRY_SLEEP;
	}
	if (r % 100 >= trouble)
		return EMUL_OK;
	switch ((r >> 32) % 5) {
	case 0:
		return EMUL_RETRY_SLEEP;
	case 1:
		return emul_raise_pf(&w->c, addr, 2);
	case 2:
		return kind == W_MMIO || kind == W_PIO ? EMUL_USER : EMUL_OK;
	case 3:
		return flags & EMUL_ACC_LAST ? EMUL_POSTED : EMUL_OK;
	default:
		return flags & EMUL_ACC_BATCH ? EMUL_SINGLE : EMUL_OK;
	}
}

static u64 rnd_reg(void)
{
	u64 r = rnd();

	switch (r % 8) {
	case 0:
	case 1:
	case 2:
		return RAM_BASE + (rnd() & (RAM_SIZE - 1));
	case 3:
		return MMIO_BASE + (rnd() & 0xfff);
	case 4:
		return rnd() & 0xff;
	case 5:
		return rnd() & 0xffffffff;
	case 6:
		return (u64)((s64)(rnd() << 16) >> 16);
	default:
		return rnd();
	}
}

/* A vector move or its like, often with VEX. */
static unsigned int make_move(u8 *buf)
{
	static const u8 ops[] = {
		0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x28, 0x29, 0x2b, 0x6e,
		0x6f, 0x7e, 0x7f, 0xd6, 0xe7, 0xf0, 0xae,
	};
	unsigned int n = 0, i;
	u64 r = rnd();

	if (r & 1) {
		buf[n++] = 0xc4;
		buf[n++] = (r & 0xe0) | 1;
		buf[n++] = r & 0x300 ? 0x78 | (r >> 16 & 0x87) : r >> 16;
	} else {
		buf[n++] = 0x0f;
	}
	buf[n++] = ops[(r >> 32) % sizeof(ops)];
	buf[n++] = (r >> 40) & 0x7f;
	for (i = n; i < n + 6; i++)
		buf[i] = rnd() & 7;
	return n + 6;
}

/* Mostly opcodes that do something, with prefixes in front now and then. */
static unsigned int make_code(u8 *buf)
{
	static const u8 pfx[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x64 };
	unsigned int n = 0, i;
	u64 r = rnd();

	while (n < 4 && r % 3 == 0) {
		buf[n++] = pfx[(r >> 8) % sizeof(pfx)];
		r = rnd();
	}
	if (r & 0x100)
		buf[n++] = 0x40 | ((r >> 12) & 15);
	if (r % 32 == 31)
		return n + make_move(buf + n);
	if (r & 0x200)
		buf[n++] = 0x0f;
	for (i = n; i < 20; i++)
		buf[i] = rnd();
	/* Small displacements stay near the registers' targets. */
	if (r & 0x400)
		for (i = n + 2; i < 20; i++)
			buf[i] = rnd() & 7;
	return 20;
}

static void make_world(void)
{
	static const enum emul_mode modes[] = {
		EMUL_MODE_LONG64, EMUL_MODE_LONG64, EMUL_MODE_PROT32,
		EMUL_MODE_PROT16, EMUL_MODE_REAL, EMUL_MODE_VM86,
	};
	u64 r = rnd();
	struct world *w = &world;
	unsigned int i;
	u8 code[20];

	emul_cancel(&w->c);
	w->c.mode = modes[r % 6];
	w->c.cpl = w->c.mode == EMUL_MODE_REAL ? 0 :
		   w->c.mode == EMUL_MODE_VM86 ? 3 : r & 0x100 ? 0 : 3;
	w->c.amd = r & 0x200;
	w->c.la57 = (r & 0xc00) == 0xc00;
	w->c.rflags = (rnd() & 0x3f7fd5) | X86_EFLAGS_FIXED;
	w->c.rip = r & 0x1000 ? CODE_BASE : CODE_BASE + 4096 - 3;
	w->c.rep_max = r & 0x2000 ? 0 : (r >> 16) % 32 + 1;
	w->c.sio = r & 0x4000 ? w->sio : NULL;
	w->hook = hook;
	w->nr_events = 0;
	for (i = 0; i < 16; i++)
		w->gpr[i] = rnd_reg();
	for (i = 0; i < EMUL_NR_SEG; i++) {
		w->segs[i].base = rnd() % 4 ? 0 : rnd_reg();
		w->segs[i].limit = rnd() % 4 ? ~0u : (u32)rnd_reg();
		w->segs[i].ar = rnd() % 4 ? 0xc093 : rnd() & 0xf0ff;
		w->segs[i].sel = rnd();
	}
	w->cr[0] = rnd();
	w->cr[4] = rnd();
	w->xcr0 = rnd() % 4 ? 7 : rnd() & 7;
	for (i = 0; i < 2; i++) {
		w->table_base[i] = rnd_reg();
		w->table_limit[i] = rnd();
	}
	trouble = (r >> 40) % 3 * 15;
	if (w->c.mode <= EMUL_MODE_VM86 && rnd() % 2) {
		w->segs[EMUL_CS].base = CODE_BASE;
		w->segs[EMUL_CS].limit = 0xffff;
		w->c.rip = 0;
	} else if (w->c.mode != EMUL_MODE_LONG64) {
		w->segs[EMUL_CS].base = 0;
		w->segs[EMUL_CS].limit = ~0u;
	}
	w->code_at = CODE_BASE + (w->c.rip & 4095);
	world_code(w, code, make_code(code));
}

static bool is_string(const struct emul_insn *insn)
{
	return insn->map == EMUL_MAP_1 &&
	       ((insn->opcode >= 0x6c && insn->opcode <= 0x6f) ||
		(insn->opcode >= 0xa4 && insn->opcode <= 0xa7) ||
		(insn->opcode >= 0xaa && insn->opcode <= 0xaf));
}

static void complain(const char *what, int rc, u64 n)
{
	unsigned int i;

	printf("%s: case %" PRIu64 ", result %d, mode %u cpl %u:", what,
	       (uint64_t)n, rc, world.c.mode, world.c.cpl);
	for (i = 0; i < 15; i++)
		printf(" %02x", world.code[i]);
	printf("\n");
}

static void answer(struct world *w)
{
	struct emul_access *e = emul_pending(&w->c);
	u64 data[EMUL_DATA_MAX / 8] = { rnd(), rnd(), rnd(), rnd() };

	if (e)
		emul_complete(&w->c, e->count > 1 ? NULL : data);
}

/* One case, run until it is through; returns the last result or -1. */
static int run_case(u64 n)
{
	struct world *w = &world;
	u64 gpr[16], rip, flags;
	unsigned int tries;
	int rc = EMUL_OK;

	make_world();
	for (tries = 0; tries < 30; tries++) {
		memcpy(gpr, w->gpr, sizeof(gpr));
		rip = w->c.rip;
		flags = w->c.rflags;
		calls = 0;
		rc = emul_run(&w->c);
		if (calls > MAX_CALLS) {
			complain("unbounded", rc, n);
			return -1;
		}
		if (rc < 0 || rc > EMUL_STOP || rc == EMUL_SINGLE) {
			complain("strange result", rc, n);
			return -1;
		}
		if (rc != EMUL_USER && rc != EMUL_RETRY_SLEEP &&
		    emul_busy(&w->c)) {
			complain("log left", rc, n);
			return -1;
		}
		if (rc == EMUL_USER && !emul_pending(&w->c)) {
			complain("nothing pending", rc, n);
			return -1;
		}
		if (rc == EMUL_STOP && !w->c.stop_why) {
			complain("no reason", rc, n);
			return -1;
		}
		if (rc != EMUL_OK && rc != EMUL_POSTED &&
		    (w->c.rip != rip ||
		     (!is_string(&w->c.insn) &&
		      (memcmp(gpr, w->gpr, sizeof(gpr)) ||
		       flags != w->c.rflags)))) {
			complain("half committed", rc, n);
			return -1;
		}
		if (rc == EMUL_USER)
			answer(w);
		else if (rc != EMUL_RETRY_SLEEP && rc != EMUL_CONTINUE)
			return rc;
	}
	return rc;
}

int main(int argc, char **argv)
{
	static const char *const names[] = {
		"ok", "continue", "exception", "retry", "user", "posted",
		"single", "stop",
	};
	u64 count = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	u64 results[8] = { 0 }, n, bad = 0;
	unsigned int i;

	world_reset(&world, EMUL_MODE_LONG64);
	for (n = 0; n < count && bad < 10; n++) {
		int rc;

		rng = seed * 0x9e3779b97f4a7c15ull + n;
		rc = run_case(n);
		bad += rc < 0;
		if (rc >= 0)
			results[rc]++;
	}
	printf("emul_exec: seed %" PRIu64 ": %" PRIu64 " cases, %" PRIu64
	       " broken rules;", (uint64_t)seed, (uint64_t)n, (uint64_t)bad);
	for (i = 0; i < 8; i++)
		if (results[i])
			printf(" %s %" PRIu64, names[i], (uint64_t)results[i]);
	printf("\n");
	/* A fuzzer that hardly executes anything would prove nothing. */
	return bad || results[EMUL_OK] < n / 10;
}
