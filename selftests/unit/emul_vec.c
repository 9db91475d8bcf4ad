// SPDX-License-Identifier: GPL-2.0
/*
 * Loads and stores of MMX, XMM and YMM registers and of MXCSR, the executor
 * against the processor. Every encoding of the opcodes concerned, whether it
 * exists or not, runs on the same random state on both; they have to agree on
 * the whole of the state after it, on memory, or on the exception.
 */
#include <sys/mman.h>

#include "tap.h"
#include "emul_world.h"
#include "xsave_native.h"

#define WINDOW	0x1000u		/* the operand is here in RAM ... */
#define BYTES	128		/* ... and nothing outside it is looked at */

/**
 * struct enc - one encoding
 * @op:		opcode
 * @map:	1: 0F, 2: 0F 38
 * @digit:	ModRM.reg, or -1: a register
 * @pp:		mandatory prefix, 0 to 3
 * @vex, @l, @w, @v: VEX and its fields; @w is REX.W without it
 * @reg:	register
 */
struct enc {
	u8 op, map;
	s8 digit;
	u8 pp;
	bool vex, l, w;
	u8 v, reg;
};

static const struct enc opcodes[] = {
	{ 0x10, 1, -1 }, { 0x11, 1, -1 }, { 0x12, 1, -1 }, { 0x13, 1, -1 },
	{ 0x16, 1, -1 }, { 0x17, 1, -1 }, { 0x28, 1, -1 }, { 0x29, 1, -1 },
	{ 0x2b, 1, -1 }, { 0x6e, 1, -1 }, { 0x6f, 1, -1 }, { 0x7e, 1, -1 },
	{ 0x7f, 1, -1 }, { 0xd6, 1, -1 }, { 0xe7, 1, -1 }, { 0xf0, 1, -1 },
	{ 0x2a, 2, -1 }, { 0xae, 1, 2 }, { 0xae, 1, 3 },
};

static struct world world;
static struct emul_ops ops;
static u8 *stub;
static u8 copy[AREA] __attribute__((aligned(64)));
static u8 window[BYTES] __attribute__((aligned(64)));
static unsigned int moved, undefined, misaligned, others;

/* ---- registers of the world are those of the area -------------------------- */

static void get_vec(struct emul_ctxt *c, enum emul_vec file, unsigned int reg,
		    void *val)
{
	u64 v[4] = { 0 };

	if (file == EMUL_VEC_MMX)
		v[0] = vmm_xsave_get_mm(copy, reg);
	else if (file == EMUL_VEC_XMM)
		vmm_xsave_get_xmm(copy, reg, v);
	else
		vmm_xsave_get_ymm(&layout, copy, reg, v);
	memcpy(val, v, 8u << file);
}

static void set_vec(struct emul_ctxt *c, enum emul_vec file, unsigned int reg,
		    const void *val)
{
	u64 v[4] = { 0 };

	memcpy(v, val, 8u << file);
	if (file == EMUL_VEC_MMX)
		vmm_xsave_set_mm(copy, reg, v[0]);
	else if (file == EMUL_VEC_XMM)
		vmm_xsave_set_xmm(copy, reg, v);
	else
		vmm_xsave_set_ymm(&layout, copy, reg, v);
}

static void enter_mmx(struct emul_ctxt *c)
{
	vmm_xsave_enter_mmx(copy);
}

static u32 get_fpu(struct emul_ctxt *c, enum emul_fpu which)
{
	return vmm_xsave_get_word(copy, (enum vmm_fpu_word)which);
}

static int set_fpu(struct emul_ctxt *c, enum emul_fpu which, u32 val)
{
	if (which == EMUL_FPU_MXCSR && val & ~layout.mxcsr_mask)
		return emul_raise_error(c, 13, 0);
	vmm_xsave_set_word(copy, (enum vmm_fpu_word)which, val);
	return EMUL_OK;
}

/* ---- both sides -------------------------------------------------------------- */

/* The instruction on [RBX]. */
static unsigned int encode(const struct enc *e, u8 *p)
{
	static const u8 pfx[] = { 0, 0x66, 0xf3, 0xf2 };
	unsigned int n = 0, reg = e->digit < 0 ? e->reg : (u8)e->digit;

	if (e->vex) {
		p[n++] = 0xc4;
		p[n++] = (reg & 8 ? 0 : 0x80) | 0x60 | e->map;
		p[n++] = e->w << 7 | (~e->v & 15) << 3 | e->l << 2 | e->pp;
	} else {
		if (e->pp)
			p[n++] = pfx[e->pp];
		if (e->w || reg & 8)
			p[n++] = 0x40 | e->w << 3 | (reg & 8) >> 1;
		p[n++] = 0x0f;
		if (e->map == 2)
			p[n++] = 0x38;
	}
	p[n++] = e->op;
	p[n++] = (reg & 7) << 3 | EMUL_RBX;
	return n;
}

/* Loads the area, runs the instruction and saves to @out; 0 or the signal. */
static __attribute__((noinline)) int native(const u8 *bytes, unsigned int len,
					    void *operand)
{
	static const u8 head[] = {
		0x53, 0x48, 0x89, 0xcb,		/* push rbx; mov rbx,rcx */
		0x89, 0xd0, 0x31, 0xd2,		/* mov eax,edx; xor edx,edx */
		0x48, 0x0f, 0xae, 0x2f,		/* xrstor64 [rdi] */
	};
	static const u8 tail[] = {
		0x48, 0x0f, 0xae, 0x26,		/* xsave64 [rsi] */
		0x5b, 0xc3,			/* pop rbx; ret */
	};
	int sig;

	memset(out, 0, sizeof(out));
	memcpy(stub, head, sizeof(head));
	memcpy(stub + sizeof(head), bytes, len);
	memcpy(stub + sizeof(head) + len, tail, sizeof(tail));
	asm volatile("xsave64 (%0)" : : "r" (saved), "a" (~0), "d" (~0) :
		     "memory");
	sig = sigsetjmp(fault, 1);
	if (!sig)
		((void (*)(void *, void *, u32, void *))(void *)stub)
			(area, out, layout.mask, operand);
	asm volatile("xrstor64 (%0)" : : "r" (saved), "a" (~0), "d" (~0) :
		     "memory");
	return sig;
}

static int executor(const u8 *bytes, unsigned int len, unsigned int offset)
{
	memcpy(copy, area, AREA);
	memcpy(world.ram + WINDOW, window, BYTES);
	world.gpr[EMUL_RBX] = RAM_BASE + WINDOW + offset;
	world.c.rip = CODE_BASE;
	world_code(&world, bytes, len);
	return emul_run(&world.c);
}

/* ---- comparing --------------------------------------------------------------- */

/* They are no moves: those that duplicate parts of what they load. */
static bool duplicates(const struct enc *e)
{
	return (e->op == 0x12 && e->pp >= 2) || (e->op == 0x16 && e->pp == 2);
}

static bool same_state(u8 *first, const u8 *operand)
{
	if (memcmp(world.ram + WINDOW, operand, BYTES) ||
	    !loads(copy, layout.mask))
		return false;
	forget_initial(first);
	forget_initial(out);
	return !memcmp(first, out, layout.size);
}

static bool same_end(const struct enc *e, int sig, int rc, u8 *first,
		     const u8 *operand)
{
	unsigned int vector = rc == EMUL_EXCEPTION ? world.c.exc.vector : 0;

	if (rc == EMUL_STOP && duplicates(e)) {
		others++;
		return true;
	}
	switch (sig) {
	case 0:
		moved++;
		return rc == EMUL_OK && same_state(first, operand);
	case SIGILL:
		undefined++;
		return vector == 6 || rc == EMUL_STOP;
	default:
		misaligned++;
		return vector == 13;
	}
}

/* A switch to another thread may change what the processor tracks: see loads(). */
static bool agree(const struct enc *e, unsigned int offset)
{
	static u8 first[AREA], operand[BYTES] __attribute__((aligned(64)));
	u8 bytes[16];
	unsigned int len = encode(e, bytes), tries;
	int sig = 0, rc = 0, i;

	for (tries = 0; tries < 5; tries++) {
		memcpy(operand, window, BYTES);
		sig = native(bytes, len, operand + offset);
		memcpy(first, out, AREA);
		rc = executor(bytes, len, offset);
		if (same_end(e, sig, rc, first, operand))
			return true;
	}
	printf("# signal %d, executor %d (vector %u):", sig, rc,
	       world.c.exc.vector);
	for (i = 0; i < (int)len; i++)
		printf(" %02x", bytes[i]);
	printf(" at %u\n", offset);
	return false;
}

static bool try_encoding(struct enc *e)
{
	static const u8 offsets[] = { 0, 32, 16, 8, 3 };
	u32 mxcsr = rnd() & layout.mxcsr_mask;
	unsigned int i, k;

	quiet_area();
	for (i = 0; i < BYTES; i++)
		window[i] = rnd();
	k = rnd() % sizeof(offsets);
	/* Now and then what LDMXCSR refuses. */
	if (rnd() % 4)
		memcpy(window + offsets[k], &mxcsr, sizeof(mxcsr));
	return agree(e, offsets[k]);
}

/* All fields of one opcode. */
static unsigned int try_opcode(const struct enc *opcode, bool vex)
{
	unsigned int n, k, bad = 0;

	for (n = 0; n < 16; n++) {
		struct enc e = *opcode;

		e.vex = vex;
		e.pp = n & 3;
		e.l = vex && n & 4;
		e.w = n & 8;
		for (k = 0; k < 24; k++) {
			e.reg = rnd() & 15;
			e.v = vex && k % 3 == 0 ? rnd() & 15 : 0;
			bad += !try_encoding(&e);
		}
	}
	return bad;
}

static void setup(void)
{
	static u8 stack[65536];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = {
		.sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER,
	};

	stub = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stub == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	sigaltstack(&ss, NULL);
	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	world_reset(&world, EMUL_MODE_LONG64);
	ops = world_ops;
	ops.get_vec = get_vec;
	ops.set_vec = set_vec;
	ops.enter_mmx = enter_mmx;
	ops.get_fpu = get_fpu;
	ops.set_fpu = set_fpu;
	world.c.ops = &ops;
	world.xcr0 = layout.mask;
}

static void test_opcodes(bool vex)
{
	unsigned int i, bad;

	for (i = 0; i < sizeof(opcodes) / sizeof(*opcodes); i++) {
		bad = try_opcode(&opcodes[i], vex);
		tap_ok(!bad, "%s%s %02x as the processor (%u differ)",
		       vex ? "VEX " : "", opcodes[i].map == 1 ? "0f" : "0f38",
		       opcodes[i].op, bad);
	}
}

int main(void)
{
	if (!find_layout()) {
		tap_ok(true, "this machine's vectors # SKIP no XSAVE");
		return tap_done();
	}
	setup();
	test_opcodes(false);
	if (layout.mask & VMM_XCR0_AVX)
		test_opcodes(true);
	else
		tap_ok(true, "VEX # SKIP no AVX");
	tap_ok(moved > 1000 && undefined > 1000 && misaligned > 100,
	       "%u moves, %u undefined, %u misaligned, %u others", moved,
	       undefined, misaligned, others);
	return tap_done();
}
