// SPDX-License-Identifier: GPL-2.0
/*
 * What a thread has in its processor is its own again after it has run a guest:
 * selectors and bases of segments, vector registers, and the first LDT of the
 * process if another thread has made one meanwhile (ldt.c changes it on and on).
 *
 * test: cpus: 2
 */
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <sys/syscall.h>

#include "vmmtest.h"

/* Tells that it runs, then spins; its vector registers are not the host's. */
VT_BLOB(spin,
	"sti\n mov %cr4, %eax\n or $0x200, %eax\n mov %eax, %cr4\n"
	"pcmpeqd %xmm0, %xmm0\n pcmpeqd %xmm7, %xmm7\n"
	"1: incl 0x3000\n jmp 1b");

#define LDT_SELECTOR	((0 << 3) | 4 | 3)
#define DS_SELECTOR	0x2b

static bool usable(uint16_t selector)
{
	bool good;
	uint32_t rights;

	asm volatile("lar %2, %1" : "=@ccz" (good), "=r" (rights)
		     : "r" ((uint32_t)selector));
	return good;
}

static int set_ldt(unsigned int limit)
{
	struct user_desc d = {
		.entry_number = 0, .limit = limit, .seg_32bit = 1,
		.limit_in_pages = 1, .useable = 1,
	};

	return syscall(SYS_modify_ldt, 1, &d, sizeof(d));
}

static uint32_t limit_of(uint16_t selector)
{
	uint32_t limit = 0;

	asm volatile("lsl %1, %0" : "=r" (limit) : "r" ((uint32_t)selector));
	return limit;
}

/**
 * struct guest_thread - one that runs a guest until told to stop, then looks
 * @limit: of the first descriptor in its LDT, as its processor has it
 */
struct guest_thread {
	struct vt t;
	pthread_t thread;
	bool ldt, segments, bases, vectors;
	uint32_t limit;
};

static void *guest_main(void *arg)
{
	struct guest_thread *g = arg;
	uint64_t fs = 0, fs_before = 0, gs = 0, word;
	uint16_t ds, es;

	syscall(SYS_arch_prctl, ARCH_GET_FS, &fs_before);
	syscall(SYS_arch_prctl, ARCH_SET_GS, 0x123456789000);
	asm volatile("mov %0, %%ds\n mov %0, %%es" : : "r" (DS_SELECTOR));
	asm volatile("movq %0, %%xmm7" : : "r" (0x1122334455667788) : "xmm7");
	while (!g->t.run[0]->immediate_exit)
		ioctl(g->t.cpu[0], VMM_VCPU_RUN, 0);
	asm volatile("movq %%xmm7, %0" : "=r" (word));
	g->vectors = word == 0x1122334455667788;
	g->ldt = usable(LDT_SELECTOR);
	g->limit = g->ldt ? limit_of(LDT_SELECTOR) : 0;
	asm volatile("mov %%ds, %0\n mov %%es, %1" : "=r" (ds), "=r" (es));
	asm volatile("mov %0, %%ds\n mov %0, %%es" : : "r" (0));
	g->segments = ds == DS_SELECTOR && es == DS_SELECTOR;
	syscall(SYS_arch_prctl, ARCH_GET_FS, &fs);
	syscall(SYS_arch_prctl, ARCH_GET_GS, &gs);
	g->bases = fs == fs_before && gs == 0x123456789000;
	return NULL;
}

static void begin(struct guest_thread *g)
{
	memset(g, 0, sizeof(*g));
	vt_make(&g->t, 1, VT_MB);
	VT_LOAD(&g->t, spin);
	if (pthread_create(&g->thread, NULL, guest_main, g))
		vt_bail("thread");
	tap_ok(VT_WAIT_FOR(vt_mail(&g->t)[0]), "the guest runs");
}

static void end(struct guest_thread *g)
{
	g->t.run[0]->immediate_exit = 1;
	pthread_kill(g->thread, SIGUSR1);
	pthread_join(g->thread, NULL);
	vt_free(&g->t);
}

int main(void)
{
	struct guest_thread g;

	vt_open();
	vt_catch(SIGUSR1);

	begin(&g);
	end(&g);
	tap_ok(g.segments, "DS and ES");
	tap_ok(g.bases, "bases of FS and GS");
	tap_ok(g.vectors, "vector registers");
	tap_ok(!g.ldt, "no LDT");

	begin(&g);
	tap_ok(!set_ldt(0x123), "another thread makes an LDT");
	end(&g);
	tap_ok(g.ldt, "the guest's thread has it");
	tap_ok(g.limit == 0x123fff, "and its descriptor: limit %#x", g.limit);
	return tap_done();
}
