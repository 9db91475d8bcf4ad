// SPDX-License-Identifier: GPL-2.0
/*
 * The executor against the processor. Every form is run many times with random
 * registers, flags, operands and addressing modes, once natively from a page of
 * generated code and once by the executor; registers, defined flags, memory and
 * the branch taken have to agree.
 *
 *	emul_native [CASES-PER-FORM [SEED]]
 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "tap.h"
#include "emul_world.h"
#include "emul_native_forms.h"

#define CTX_BASE	0x1d000000ul
#define WINDOW		0x4000u		/* operands are here in RAM ... */
#define WINDOW_LEN	0x1000u		/* ... and nothing outside it moves */
#define TARGET		(RAM_BASE + WINDOW + 0x800)

/* What the generated code loads and stores; lives at CTX_BASE. */
struct native {
	u64 in[16], out[16];
	u64 flags_in, flags_out;
	u64 save_rsp;
	u64 taken;
};

struct gen {
	u8 bytes[32];
	unsigned int len;
	u64 gpr[16];
	unsigned int size;
	bool mem;
	u64 imm;
	u64 undef;
};

static struct native *nat;
static u8 *nat_ram;
static u8 *nat_code;
static struct world world;
static u64 rng;
static sigjmp_buf trap;
static volatile int trapped;

static u64 rnd(void)
{
	return world_rnd(&rng);
}

/* Values that meet the corners more often than chance would. */
static u64 rnd_val(void)
{
	static const u64 corner[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
		0x80000000, 0xffffffff, 0x7fffffffffffffff, 1ull << 63, ~0ull,
	};
	u64 r = rnd();

	switch (r & 7) {
	case 0:
	case 1:
		return corner[(r >> 8) % 14];
	case 2:
		return rnd() >> ((r >> 8) & 63);
	case 3:
		return (r >> 8) & 0xff;
	default:
		return rnd();
	}
}

static void on_signal(int sig)
{
	trapped = sig;
	siglongjmp(trap, 1);
}

static void *map_at(unsigned long addr, size_t len, int prot)
{
	void *p = mmap((void *)addr, len, prot, MAP_PRIVATE | MAP_ANONYMOUS |
		       MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (void *)addr) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static void setup(void)
{
	static u8 stack[65536];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = {
		.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER,
	};

	nat = map_at(CTX_BASE, 4096, PROT_READ | PROT_WRITE);
	nat_ram = map_at(RAM_BASE, RAM_SIZE, PROT_READ | PROT_WRITE);
	nat_code = map_at(CODE_BASE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
	sigaltstack(&ss, NULL);
	sigaction(SIGFPE, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
}

/* ------------------------------------------------------ the native side */

static u8 *emit(u8 *p, const void *bytes, unsigned int n)
{
	memcpy(p, bytes, n);
	return p + n;
}

/* mov between a register and an absolute address, no flag touched */
static u8 *emit_mov(u8 *p, bool load, unsigned int reg, const void *at)
{
	u32 addr = (u32)(unsigned long)at;

	*p++ = 0x48 | (reg & 8 ? 4 : 0);
	*p++ = load ? 0x8b : 0x89;
	*p++ = 0x04 | (reg & 7) << 3;
	*p++ = 0x25;
	return emit(p, &addr, 4);
}

static u8 *emit_exit(u8 *p, u8 taken)
{
	static const u8 pops[] = {
		0xfc, 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d,
		0x5b, 0xc3,
	};
	u32 at = (u32)(unsigned long)&nat->taken;
	u32 fl = (u32)(unsigned long)&nat->flags_out;
	unsigned int i;

	*p++ = 0xc6;
	*p++ = 0x04;
	*p++ = 0x25;
	p = emit(p, &at, 4);
	*p++ = taken;
	for (i = 0; i < 16; i++)
		p = emit_mov(p, false, i, &nat->out[i]);
	p = emit_mov(p, true, EMUL_RSP, &nat->save_rsp);
	*p++ = 0x9c;
	*p++ = 0x8f;
	*p++ = 0x04;
	*p++ = 0x25;
	p = emit(p, &fl, 4);
	return emit(p, pops, sizeof(pops));
}

/*
 * Code page: entry at 0; the instruction at 0x400, behind it a jump to the exit
 * "not taken", and five bytes on one to the exit "taken".
 */
#define INSN_AT	0x400u

static void emit_frame(void)
{
	static const u8 pushes[] = {
		0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57,
	};
	u32 fl = (u32)(unsigned long)&nat->flags_in;
	unsigned int i;
	s32 rel;
	u8 *p;

	p = emit(nat_code, pushes, sizeof(pushes));
	p = emit_mov(p, false, EMUL_RSP, &nat->save_rsp);
	*p++ = 0xff;
	*p++ = 0x34;
	*p++ = 0x25;
	p = emit(p, &fl, 4);
	*p++ = 0x9d;
	for (i = 0; i < 16; i++)
		p = emit_mov(p, true, i, &nat->in[i]);
	*p++ = 0xe9;
	rel = (s32)(nat_code + INSN_AT - (p + 4));
	emit(p, &rel, 4);
	emit_exit(nat_code + 0x800, 0);
	emit_exit(nat_code + 0xc00, 1);
}

static void emit_insn(const u8 *bytes, unsigned int len)
{
	u8 *p = emit(nat_code + INSN_AT, bytes, len);
	s32 rel;

	*p++ = 0xe9;
	rel = (s32)(nat_code + 0x800 - (p + 4));
	p = emit(p, &rel, 4);
	*p++ = 0xe9;
	rel = (s32)(nat_code + 0xc00 - (p + 4));
	emit(p, &rel, 4);
}

static int run_native(void)
{
	trapped = 0;
	if (!sigsetjmp(trap, 1))
		((void (*)(void))(unsigned long)CODE_BASE)();
	return trapped;
}

/* ------------------------------------------------------ making a case */

static void put(struct gen *g, u8 byte)
{
	g->bytes[g->len++] = byte;
}

static void put_n(struct gen *g, u64 val, unsigned int n)
{
	while (n--) {
		put(g, val);
		val >>= 8;
	}
}

/* Where a memory operand is to be; sometimes across a quadword or a page. */
static u64 pick_target(void)
{
	u64 r = rnd();

	return r & 1 ? TARGET + ((r >> 8) & 0xff) :
		       TARGET + ((r >> 8) & 0x1f) * 8;
}

/*
 * Chooses an addressing mode and sets its registers so that it names target.
 * Returns false if the choice cannot.
 */
static bool gen_mem(struct gen *g, unsigned int reg, u8 *rex, u8 *tail,
		    unsigned int *tail_len, u64 target, bool *rip_rel)
{
	u64 r = rnd();
	unsigned int base = r & 15, index = (r >> 4) & 15, mod = (r >> 8) % 3;
	unsigned int scale = (r >> 16) & 3, n = 0;
	bool sib = (r >> 20) & 1 || (base & 7) == 4;
	s32 disp = 0;

	if ((r >> 24) % 8 == 0) {	/* RIP-relative or absolute */
		if (r & 1) {
			tail[n++] = (reg & 7) << 3 | 5;
			*rip_rel = true;
		} else {
			tail[n++] = (reg & 7) << 3 | 4;
			tail[n++] = 0x25;
		}
		disp = (s32)target;
		memcpy(tail + n, &disp, 4);
		*tail_len = n + 4;
		return true;
	}
	if (mod == 0 && (base & 7) == 5)
		mod = 1;
	if (mod == 1)
		disp = (s8)rnd();
	else if (mod == 2)
		disp = (s32)rnd() >> 4;
	tail[n++] = mod << 6 | (reg & 7) << 3 | (sib ? 4 : base & 7);
	if (sib) {
		if (index == base)
			return false;
		tail[n++] = scale << 6 | (index & 7) << 3 | (base & 7);
		*rex |= index & 8 ? 2 : 0;
		if (index != 4)
			g->gpr[index] = rnd() & 0xffff;
	}
	*rex |= base & 8 ? 1 : 0;
	g->gpr[base] = target - (u64)(s64)disp -
		       (sib && index != 4 ? g->gpr[index] << scale : 0);
	if (mod == 1)
		tail[n++] = disp;
	if (mod == 2) {
		memcpy(tail + n, &disp, 4);
		n += 4;
	}
	*tail_len = n;
	return true;
}

static unsigned int imm_len(const struct form *f, unsigned int size)
{
	switch (f->imm) {
	case 'b':
		return 1;
	case 'w':
		return 2;
	case 'z':
		return size == 2 ? 2 : 4;
	case 'v':
		return size;
	case 'o':
		return 8;
	case 'e':
		return 3;
	default:
		return 0;
	}
}

static u64 shift_undef(const struct form *f, const struct gen *g)
{
	unsigned int count, bits = g->size * 8;

	count = f->imm ? g->imm & 0xff :
		f->op[0] == 0xd0 || f->op[0] == 0xd1 ? 1 : g->gpr[EMUL_RCX];
	count &= g->size == 8 ? 63 : 31;
	if (!count)
		return 0;
	if (f->special == S_ROT)
		return count == 1 ? 0 : X86_EFLAGS_OF;
	return X86_EFLAGS_AF | (count == 1 ? 0 : X86_EFLAGS_OF) |
	       (count >= bits ? X86_EFLAGS_CF : 0);
}

/* Registers as the form needs them. */
static void prepare(const struct form *f, struct gen *g)
{
	switch (f->special) {
	case S_DIV:
		/* Random dividends would nearly always overflow. */
		if (rnd() & 3)
			g->gpr[EMUL_RDX] = rnd() & 1 ? 0 : ~0ull;
		break;
	case S_STRING:
		g->gpr[EMUL_RSI] = TARGET + (rnd() & 0x7f);
		g->gpr[EMUL_RDI] = TARGET + (rnd() & 0x7f);
		g->gpr[EMUL_RCX] = rnd() % 20;
		break;
	case S_FRAME:
		g->gpr[EMUL_RBP] = TARGET + 0x100 + (rnd() & 0xff);
		break;
	case S_CX:
		g->gpr[EMUL_RCX] = rnd() & 3;
		break;
	case S_XLAT:
		g->gpr[EMUL_RBX] = TARGET;
		break;
	}
}

/* Puts together the operand-size prefix and REX.W for a random size. */
static void gen_size(const struct form *f, struct gen *g, u8 *rex)
{
	u64 r = rnd();

	g->size = f->flags & F_BYTE ? 1 : 4;
	if (f->flags & F_D64)
		g->size = 8;
	if (f->flags & (F_BYTE | F_ONE))
		return;
	if (r % 3 == 0 && !(f->flags & F_NO16)) {
		g->size = 2;
		put(g, 0x66);
	} else if (r % 3 == 1 && !(f->flags & F_D64)) {
		g->size = 8;
		*rex |= 8;
	}
}

static void gen_imm(const struct form *f, struct gen *g, u64 target)
{
	g->imm = rnd_val();
	if (f->imm == 'e')
		g->imm = (rnd() & 0x3f) | (rnd() % 4) << 16;
	if (f->imm == 'o')
		g->imm = target;
	if (f->special == S_RET && f->imm)
		g->imm &= 0x3f;
	if (f->special == S_BRANCH || f->special == S_CX)
		g->imm = 5;
	put_n(g, g->imm, imm_len(f, g->size));
}

/* Opcodes that carry their register: PUSH and POP here. */
static bool reg_in_opcode(const struct form *f)
{
	return f->special == S_STACK && f->digit == -2 && f->op[0] < 0x60;
}

static bool gen_modrm(const struct form *f, struct gen *g, unsigned int reg,
		      unsigned int rm, u8 *rex, u8 *tail, unsigned int *n,
		      u64 target, bool *rip_rel)
{
	u64 rsp = g->gpr[EMUL_RSP];

	if (f->digit == -1)
		*rex |= reg & 8 ? 4 : 0;
	if (!g->mem) {
		tail[0] = 0xc0 | (reg & 7) << 3 | (rm & 7);
		*n = 1;
		*rex |= rm & 8 ? 1 : 0;
		return true;
	}
	if (f->special == S_BT && f->digit == -1)
		g->gpr[reg] = (u64)(s64)((int)(rnd() % 4000) - 2000);
	if (!gen_mem(g, reg, rex, tail, n, target, rip_rel))
		return false;
	/* A bit offset that is an address goes too far. */
	if (f->special == S_BT && f->digit == -1 && g->gpr[reg] + 2000 > 4000)
		return false;
	return f->special < S_STACK ||
	       g->gpr[EMUL_RSP] == rsp;
}

/* Double shifts of a word by more than 16 are undefined altogether. */
static bool defined(const struct form *f, struct gen *g)
{
	unsigned int count = (f->imm ? g->imm : g->gpr[EMUL_RCX]) & 31;

	if (f->special >= S_SHIFT && f->special <= S_SHXD)
		g->undef = shift_undef(f, g);
	return f->special != S_SHXD || g->size != 2 || count <= 16;
}

static bool gen_case(const struct form *f, struct gen *g)
{
	unsigned int i, reg = rnd() & 15, rm = rnd() & 15, tail_len = 0;
	u64 r = rnd(), target = pick_target();
	u8 rex = 0, tail[16];
	bool rip_rel = false;

	memset(g, 0, sizeof(*g));
	for (i = 0; i < 16; i++)
		g->gpr[i] = rnd_val();
	if (f->special >= S_STACK)
		g->gpr[EMUL_RSP] = TARGET + 0x200 + (rnd() & 0xff);
	g->undef = f->undef;
	gen_size(f, g, &rex);
	g->mem = f->digit != -2 && !(f->flags & F_REG) &&
		 (f->flags & F_MEM || (r >> 8) & 1);
	if (g->mem && f->flags & F_LOCK) {
		/* Locks across cache lines stall the whole machine. */
		target &= f->special == S_BT ? ~7ull : ~0x30ull;
		if ((r >> 16) & 1)
			put(g, 0xf0);
	}
	if (f->pfx)
		put(g, f->pfx);
	if (f->digit >= 0)
		reg = f->digit;
	prepare(f, g);
	if (f->digit != -2 && !gen_modrm(f, g, reg, rm, &rex, tail, &tail_len,
					 target, &rip_rel))
		return false;
	/* An indirect branch cannot have its target in the stack pointer. */
	if (f->special == S_INDIRECT && rm == EMUL_RSP)
		return false;
	if (reg_in_opcode(f))
		rex |= rm & 8 ? 1 : 0;
	if (rex || (r >> 24) & 1)
		put(g, 0x40 | rex);
	for (i = 0; i < f->oplen; i++)
		put(g, f->op[i]);
	if (reg_in_opcode(f))
		g->bytes[g->len - 1] |= rm & 7;
	for (i = 0; i < tail_len; i++)
		put(g, tail[i]);
	gen_imm(f, g, target);
	if (rip_rel) {
		u32 disp = (u32)(target - (CODE_BASE + INSN_AT + g->len));

		memcpy(g->bytes + g->len - imm_len(f, g->size) - 4, &disp, 4);
	}
	return defined(f, g);
}

/* Memory that the instruction is going to look at. */
static void fill_window(const struct form *f, const struct gen *g)
{
	static u64 pool[8192];
	u8 *p = nat_ram + WINDOW;
	u64 after = CODE_BASE + INSN_AT + g->len + 5;
	unsigned int i;

	if (!pool[0])
		for (i = 0; i < 8192; i++)
			pool[i] = rnd_val() | !i;
	memcpy(p, pool + rnd() % (8192 - WINDOW_LEN / 8), WINDOW_LEN);
	/* Comparing strings have to find something equal, too. */
	if (f->special == S_STRING)
		for (i = 0; i < WINDOW_LEN; i++)
			p[i] &= 1;
	if (f->special == S_RET)
		memcpy((void *)(unsigned long)g->gpr[EMUL_RSP], &after, 8);
	if (f->special == S_POPF) {
		u64 fl = (rnd() & (ARITH | X86_EFLAGS_DF)) | X86_EFLAGS_FIXED |
			 X86_EFLAGS_IF;

		memcpy((void *)(unsigned long)g->gpr[EMUL_RSP], &fl, 8);
	}
	memcpy(world.ram + WINDOW, nat_ram + WINDOW, WINDOW_LEN);
}

/* An indirect branch finds the exit in its register. */
static void aim_branch(const struct gen *g)
{
	unsigned int reg = g->bytes[g->len - 1] & 7;
	unsigned int i;

	for (i = 0; i + 1 < g->len; i++)
		if ((g->bytes[i] & 0xf1) == 0x41)
			reg |= 8;
	nat->in[reg] = CODE_BASE + INSN_AT + g->len + 5;
	world.gpr[reg] = nat->in[reg];
}

static void show(const struct form *f, const struct gen *g, const char *what,
		 u64 native, u64 ours)
{
	unsigned int i;

	printf("# %s: %s: native %#llx executor %#llx:", f->name, what, native,
	       ours);
	for (i = 0; i < g->len; i++)
		printf(" %02x", g->bytes[i]);
	printf("\n#  ");
	for (i = 0; i < 16; i++)
		printf(" %llx", nat->in[i]);
	printf(" fl %llx\n", nat->flags_in);
}

static bool compare(const struct form *f, const struct gen *g)
{
	u64 mask = (ARITH | X86_EFLAGS_DF) & ~g->undef;
	u64 rip = CODE_BASE + INSN_AT + g->len + (nat->taken ? 5 : 0);
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (nat->out[i] != world.gpr[i]) {
			char name[8];

			snprintf(name, sizeof(name), "r%u", i);
			show(f, g, name, nat->out[i], world.gpr[i]);
			return false;
		}
	if ((nat->flags_out ^ world.c.rflags) & mask) {
		show(f, g, "flags", nat->flags_out & mask,
		     world.c.rflags & mask);
		return false;
	}
	if (world.c.rip != rip) {
		show(f, g, "rip", rip, world.c.rip);
		return false;
	}
	if (!memcmp(nat_ram + WINDOW, world.ram + WINDOW, WINDOW_LEN))
		return true;
	for (i = WINDOW; nat_ram[i] == world.ram[i]; i++)
		;
	show(f, g, "memory", nat_ram[i], world.ram[i]);
	return false;
}

/* 1: agreed, 0: not run, -1: differ */
static int run_case(const struct form *f)
{
	struct gen g;
	int sig, rc, i;

	if (!gen_case(f, &g))
		return 0;
	memcpy(nat->in, g.gpr, sizeof(g.gpr));
	memcpy(world.gpr, g.gpr, sizeof(g.gpr));
	nat->flags_in = (rnd() & (ARITH | X86_EFLAGS_DF)) | X86_EFLAGS_FIXED |
			X86_EFLAGS_IF;
	fill_window(f, &g);
	if (f->special == S_INDIRECT)
		aim_branch(&g);
	emit_insn(g.bytes, g.len);
	world.c.rflags = nat->flags_in;
	world.c.rip = CODE_BASE + INSN_AT;
	world.code_at = CODE_BASE + INSN_AT;
	world_code(&world, g.bytes, g.len);

	sig = run_native();
	for (i = 0; i < 64; i++) {
		rc = emul_run(&world.c);
		if (rc != EMUL_CONTINUE)
			break;
	}
	/* ENTER refuses to copy a frame onto itself. */
	if (rc == EMUL_STOP && f->special == S_FRAME)
		return 0;
	if (sig) {
		bool same = rc == EMUL_EXCEPTION &&
			((sig == SIGFPE && world.c.exc.vector == 0) ||
			 (sig == SIGILL && world.c.exc.vector == 6) ||
			 ((sig == SIGSEGV || sig == SIGBUS) &&
			  world.c.exc.vector >= 12));

		if (same && memcmp(world.gpr, g.gpr, sizeof(g.gpr)))
			same = false;
		if (!same)
			show(f, &g, "signal, rc", sig, rc);
		return same ? 1 : -1;
	}
	if (rc != EMUL_OK) {
		show(f, &g, "rc", 0, rc);
		return -1;
	}
	return compare(f, &g) ? 1 : -1;
}

int main(int argc, char **argv)
{
	unsigned int per_form = argc > 1 ? atoi(argv[1]) : 1000;
	unsigned int i, n, run, bad;

	rng = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	setup();
	world_reset(&world, EMUL_MODE_LONG64);
	world.c.cpl = 3;
	emit_frame();
	add_forms();
	for (i = 0; i < nr_forms; i++) {
		for (n = run = bad = 0; n < per_form && bad < 3; n++) {
			int rc = run_case(&forms[i]);

			run += rc != 0;
			bad += rc < 0;
		}
		tap_ok(!bad && run, "%s (%u cases)", forms[i].name, run);
	}
	return tap_done();
}
