// SPDX-License-Identifier: GPL-2.0
/*
 * The replay log. Instructions that reach devices in every way run twice: once
 * undisturbed, and once with a machine that at random points cannot go on, wants
 * to sleep, or hands the access to user space. Both have to end in the same
 * registers, memory and sequence of device accesses, each made once; and every
 * time a run breaks off, nothing of it may show.
 *
 *	emul_replay [ROUNDS [SEED]]
 */
#include <linux/kernel.h>

#include "tap.h"
#include "emul_world.h"

struct prog {
	const char *name;
	u8 bytes[8];
	u8 len;
	u8 mode;
};

#define L EMUL_MODE_LONG64
#define P EMUL_MODE_PROT32

/* RBX, RSI, RDI and RSP point to RAM or to the device, as it falls. */
static const struct prog progs[] = {
	{ "mov [rbx],eax", { 0x89, 0x03 }, 2, L },
	{ "mov rax,[rbx]", { 0x48, 0x8b, 0x03 }, 3, L },
	{ "mov word [rbx],imm", { 0x66, 0xc7, 0x03, 1, 2 }, 5, L },
	{ "movzx eax,byte [rbx]", { 0x0f, 0xb6, 0x03 }, 3, L },
	{ "add [rbx],ecx", { 0x01, 0x0b }, 2, L },
	{ "lock add [rbx],ecx", { 0xf0, 0x01, 0x0b }, 3, L },
	{ "sbb rcx,[rbx]", { 0x48, 0x1b, 0x0b }, 3, L },
	{ "xchg [rbx],ecx", { 0x87, 0x0b }, 2, L },
	{ "xadd [rbx],ecx", { 0x0f, 0xc1, 0x0b }, 3, L },
	{ "lock xadd [rbx],cl", { 0xf0, 0x0f, 0xc0, 0x0b }, 4, L },
	{ "cmpxchg [rbx],ecx", { 0x0f, 0xb1, 0x0b }, 3, L },
	{ "lock cmpxchg8b [rbx]", { 0xf0, 0x0f, 0xc7, 0x0b }, 4, L },
	{ "cmpxchg16b [rbx]", { 0x48, 0x0f, 0xc7, 0x0b }, 4, L },
	{ "not byte [rbx]", { 0xf6, 0x13 }, 2, L },
	{ "rcl dword [rbx],3", { 0xc1, 0x13, 3 }, 3, L },
	{ "shld [rbx],ecx,5", { 0x0f, 0xa4, 0x0b, 5 }, 4, L },
	{ "bts dword [rbx],7", { 0x0f, 0xba, 0x2b, 7 }, 4, L },
	{ "mul dword [rbx]", { 0xf7, 0x23 }, 2, L },
	{ "cmp dword [rbx],0", { 0x83, 0x3b, 0 }, 3, L },
	{ "setz [rbx]", { 0x0f, 0x94, 0x03 }, 3, L },
	{ "cmovz ecx,[rbx]", { 0x0f, 0x44, 0x0b }, 3, L },
	{ "push qword [rbx]", { 0xff, 0x33 }, 2, L },
	{ "pop qword [rbx]", { 0x8f, 0x03 }, 2, L },
	{ "pushf", { 0x9c }, 1, L },
	{ "enter 16,3", { 0xc8, 16, 0, 3 }, 4, L },
	{ "leave", { 0xc9 }, 1, L },
	{ "call +0x10", { 0xe8, 0x10, 0, 0, 0 }, 5, L },
	{ "movups xmm1,[rbx]", { 0x0f, 0x10, 0x0b }, 3, L },
	{ "movups [rbx],xmm1", { 0x0f, 0x11, 0x0b }, 3, L },
	{ "movhps [rbx],xmm1", { 0x0f, 0x17, 0x0b }, 3, L },
	{ "movq xmm1,[rbx]", { 0xf3, 0x0f, 0x7e, 0x0b }, 4, L },
	{ "movq mm1,[rbx]", { 0x0f, 0x6f, 0x0b }, 3, L },
	{ "movntq [rbx],mm1", { 0x0f, 0xe7, 0x0b }, 3, L },
	{ "vmovdqu ymm1,[rbx]", { 0xc5, 0xfe, 0x6f, 0x0b }, 4, L },
	{ "vmovdqu [rbx],ymm1", { 0xc5, 0xfe, 0x7f, 0x0b }, 4, L },
	{ "ldmxcsr [rbx]", { 0x0f, 0xae, 0x13 }, 3, L },
	{ "fnstsw [rbx]", { 0xdd, 0x3b }, 2, L },
	{ "sgdt [rbx]", { 0x0f, 0x01, 0x03 }, 3, L },
	{ "xlat", { 0xd7 }, 1, L },
	{ "in al,dx", { 0xec }, 1, L },
	{ "in eax,0x40", { 0xe5, 0x40 }, 2, L },
	{ "out dx,ax", { 0x66, 0xef }, 2, L },
	{ "movsb", { 0xa4 }, 1, L },
	{ "rep movsq", { 0xf3, 0x48, 0xa5 }, 3, L },
	{ "rep movsb", { 0xf3, 0xa4 }, 2, L },
	{ "rep stosd", { 0xf3, 0xab }, 2, L },
	{ "rep lodsw", { 0xf3, 0x66, 0xad }, 3, L },
	{ "repe cmpsd", { 0xf3, 0xa7 }, 2, L },
	{ "repne scasb", { 0xf2, 0xae }, 2, L },
	{ "insb", { 0x6c }, 1, L },
	{ "rep insb", { 0xf3, 0x6c }, 2, L },
	{ "rep insd", { 0xf3, 0x6d }, 2, L },
	{ "outsw", { 0x66, 0x6f }, 2, L },
	{ "rep outsb", { 0xf3, 0x6e }, 2, L },
	{ "rep outsd", { 0xf3, 0x6f }, 2, L },
	{ "pusha", { 0x60 }, 1, P },
	{ "popa", { 0x61 }, 1, P },
	{ "add [ebx],ecx", { 0x01, 0x0b }, 2, P },
	{ "rep movsw", { 0xf3, 0x66, 0xa5 }, 3, P },
	{ "rep insw", { 0xf3, 0x66, 0x6d }, 3, P },
	{ "lds ecx,[ebx]", { 0xc5, 0x0b }, 2, P },
};

static struct world ref, got;
static u64 rng;

/* Once in a while something is in the way. */
static int hook(struct world *w, enum world_kind kind, u64 addr,
		unsigned int len, unsigned int flags)
{
	u64 r = world_rnd(&rng);

	if (r % 4)
		return EMUL_OK;
	if (kind == W_MMIO || kind == W_PIO) {
		if (r & 0x100)
			return EMUL_USER;
		if ((r & 0x200) && (flags & EMUL_ACC_LAST))
			return EMUL_POSTED;
		return r & 0x400 ? EMUL_RETRY_SLEEP : EMUL_OK;
	}
	return kind == W_SYS ? EMUL_OK : EMUL_RETRY_SLEEP;
}

/* What user space does with the pending access. */
static bool user_space(struct world *w)
{
	struct emul_access *e = emul_pending(&w->c);
	u8 buf[EMUL_DATA_MAX];
	u8 *data = buf;
	u32 i;

	if (!e)
		return false;
	if (e->count > 1)
		data = w->sio;
	else
		memcpy(buf, e->data, sizeof(buf));
	for (i = 0; i < e->count; i++)
		world_event(w, e->addr, data + i * e->len, e->len, e->pio,
			    e->write);
	emul_complete(&w->c, e->count > 1 || e->write ? NULL : buf);
	return true;
}

static void start(struct world *w, const struct prog *p, u64 seed)
{
	u64 s = seed;
	unsigned int i;

	world_reset(w, p->mode);
	world_code(w, p->bytes, p->len);
	for (i = 0; i < 16; i++)
		w->gpr[i] = world_rnd(&s);
	for (i = 0; i < RAM_SIZE; i += 8)
		*(u64 *)(w->ram + i) = world_rnd(&s);
	for (i = 0; i < 16; i++)
		w->xmm[1][i] = i * 17;
	for (i = EMUL_RBX; i <= EMUL_RDI; i++) {
		u64 r = world_rnd(&s);

		w->gpr[i] = (r & 1 ? RAM_BASE + 0x2f00 : MMIO_BASE + 0x400) +
			    ((r >> 8) & 0xf0);
	}
	w->gpr[EMUL_RCX] = world_rnd(&s) % 9 * (world_rnd(&s) & 1 ? 9 : 1);
	w->gpr[EMUL_RAX] &= 0xff;
	w->c.rflags |= world_rnd(&s) & X86_EFLAGS_DF;
	w->c.rep_max = world_rnd(&s) % 50 + 1;
	w->hook = NULL;
}

/* Runs to the end; a run that breaks off must leave no trace. */
static bool finish(struct world *w, bool string)
{
	unsigned int tries;
	u64 gpr[16], rip, flags;
	int rc;

	for (tries = 0; tries < 5000; tries++) {
		memcpy(gpr, w->gpr, sizeof(gpr));
		rip = w->c.rip;
		flags = w->c.rflags;
		rc = emul_run(&w->c);
		switch (rc) {
		case EMUL_OK:
			return !emul_busy(&w->c);
		case EMUL_EXCEPTION:
			return !emul_busy(&w->c) &&
			       (string || !memcmp(gpr, w->gpr, sizeof(gpr)));
		case EMUL_POSTED:
			if (emul_busy(&w->c))
				return false;
			if (w->c.rip != rip)
				return true;
			break;
		case EMUL_CONTINUE:
			if (emul_busy(&w->c) || w->c.rip != rip)
				return false;
			break;
		case EMUL_USER:
			if (!user_space(w))
				return false;
			/* fall through */
		case EMUL_RETRY_SLEEP:
			if (w->c.rip != rip)
				return false;
			if (!string && (memcmp(gpr, w->gpr, sizeof(gpr)) ||
					flags != w->c.rflags))
				return false;
			break;
		case EMUL_STOP:
			/* ENTER refuses to copy a frame onto itself. */
			return w->code[0] == 0xc8 && !emul_busy(&w->c) &&
			       !memcmp(gpr, w->gpr, sizeof(gpr));
		default:
			tap_note("result %d", rc);
			return false;
		}
	}
	return false;
}

static bool same(const struct world *a, const struct world *b)
{
	unsigned int i;

	if (a->nr_events != b->nr_events) {
		tap_note("%u device accesses instead of %u", b->nr_events,
			 a->nr_events);
		return false;
	}
	for (i = 0; i < a->nr_events; i++)
		if (memcmp(&a->events[i], &b->events[i],
			   offsetof(struct world_event, write) + 1)) {
			tap_note("access %u differs: %#llx/%u %#llx, %#llx/%u %#llx",
				 i, a->events[i].addr, a->events[i].len,
				 a->events[i].data, b->events[i].addr,
				 b->events[i].len, b->events[i].data);
			return false;
		}
	return !memcmp(a->gpr, b->gpr, sizeof(a->gpr)) &&
	       !memcmp(a->ram, b->ram, RAM_SIZE) &&
	       !memcmp(a->xmm, b->xmm, sizeof(a->xmm)) &&
	       !memcmp(a->ymm_high, b->ymm_high, sizeof(a->ymm_high)) &&
	       !memcmp(a->mm, b->mm, sizeof(a->mm)) &&
	       !memcmp(a->fpu, b->fpu, sizeof(a->fpu)) &&
	       a->mmx_entered == b->mmx_entered &&
	       a->c.rip == b->c.rip && a->c.rflags == b->c.rflags;
}

static bool is_string(const struct prog *p)
{
	u8 b = p->bytes[p->len - 1];

	return (b >= 0x6c && b <= 0x6f) || (b >= 0xa4 && b <= 0xaf);
}

static bool round_trip(const struct prog *p, u64 seed)
{
	bool string = is_string(p);

	start(&ref, p, seed);
	if (!finish(&ref, string)) {
		tap_note("%s, seed %llu: undisturbed run", p->name, seed);
		return false;
	}
	start(&got, p, seed);
	got.hook = hook;
	if (!finish(&got, string)) {
		tap_note("%s, seed %llu: disturbed run", p->name, seed);
		return false;
	}
	if (!same(&ref, &got)) {
		tap_note("%s, seed %llu: results differ", p->name, seed);
		return false;
	}
	return true;
}

/* A step whose surroundings changed gets no stale answer. */
static void test_stale(void)
{
	static const u8 mov[] = { 0x8b, 0x03 };

	world_reset(&got, EMUL_MODE_LONG64);
	world_code(&got, mov, sizeof(mov));
	got.gpr[EMUL_RBX] = MMIO_BASE;
	rng = 0;
	got.hook = NULL;
	got.c.log[0] = (struct emul_access){
		.addr = MMIO_BASE + 8, .count = 1, .len = 4, .done = true,
		.data = { 1, 2, 3, 4 },
	};
	got.c.log_len = 1;
	tap_ok(emul_run(&got.c) == EMUL_OK && got.nr_events == 1 &&
	       got.gpr[EMUL_RAX] != 0x04030201,
	       "an entry for another address is dropped");
}

static int to_user(struct world *w, enum world_kind kind, u64 addr,
		   unsigned int len, unsigned int flags)
{
	return kind == W_MMIO || kind == W_PIO ? EMUL_USER : EMUL_OK;
}

static void test_pending(void)
{
	static const u8 mov[] = { 0x8b, 0x03 };
	u32 val = 0x55667788;
	struct emul_access *e;

	world_reset(&got, EMUL_MODE_LONG64);
	world_code(&got, mov, sizeof(mov));
	got.gpr[EMUL_RBX] = MMIO_BASE + 4;
	got.hook = to_user;
	tap_ok(emul_run(&got.c) == EMUL_USER, "the load goes to user space");
	e = emul_pending(&got.c);
	tap_ok(e && e->addr == MMIO_BASE + 4 && e->len == 4 && !e->write &&
	       !e->pio, "the pending access describes it");
	tap_ok(emul_run(&got.c) == EMUL_USER && got.nr_events == 0,
	       "unanswered, it is still pending");
	emul_complete(&got.c, &val);
	tap_ok(emul_run(&got.c) == EMUL_OK && got.gpr[EMUL_RAX] == val &&
	       got.c.rip == CODE_BASE + 2, "answered, it completes");
	tap_ok(!emul_busy(&got.c), "and the log is empty");
}

/* POSTED for an access that is not the last is the owner's mistake. */
static int post_all(struct world *w, enum world_kind kind, u64 addr,
		    unsigned int len, unsigned int flags)
{
	return kind == W_MMIO ? EMUL_POSTED : EMUL_OK;
}

static void test_posted(void)
{
	static const u8 store[] = { 0x89, 0x03 }, load[] = { 0x8b, 0x03 };

	world_reset(&got, EMUL_MODE_LONG64);
	world_code(&got, store, sizeof(store));
	got.gpr[EMUL_RBX] = MMIO_BASE;
	got.hook = post_all;
	tap_ok(emul_run(&got.c) == EMUL_POSTED && got.c.rip == CODE_BASE + 2,
	       "a last store may be posted, and commits");
	world_code(&got, load, sizeof(load));
	got.c.rip = CODE_BASE;
	tap_ok(emul_run(&got.c) == EMUL_STOP && got.c.rip == CODE_BASE,
	       "a load may not");
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? atoi(argv[1]) : 200;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(progs); i++) {
		bool good = true;

		for (n = 0; n < rounds && good; n++) {
			rng = seed * 1000003 + n;
			good = round_trip(&progs[i], seed * 77 + n);
		}
		tap_ok(good, "%s: each access once (%u rounds)",
		       progs[i].name, n);
	}
	test_stale();
	test_pending();
	test_posted();
	return tap_done();
}
