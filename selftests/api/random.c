// SPDX-License-Identifier: GPL-2.0
/*
 * Random states of a vCPU, which may end the guest but not the host.
 *
 *	random [SEED]	states from this seed alone
 *
 * test: check: 6.1, timeout: 120
 */
#include "random.h"
#include "vmmtest.h"

static void random_segment(struct vmm_segment *s)
{
	static const uint16_t attrs[] = {
		0xc093, 0xc09b, 0x0093, 0x009b, 0xa09b, 0xc0f3, 0xc0fb, 0x8b,
		0x82, 0x83, 0xe09b, 0x00f3, 0x0097, 0xc09f, 0x1b, 0x13,
	};

	if (rnd() & 1)
		s->attr = attrs[rnd() & 15];
	else if (!(rnd() & 7))
		s->attr = rnd() & (VMM_SEG_UNUSABLE | 0xf0ff);
	if (rnd() & 1)
		s->base = rnd() & 3 ? rnd() & 0xfffff : rnd();
	if (!(rnd() & 3))
		s->limit = rnd();
	if (!(rnd() & 3))
		s->selector = rnd();
}

static void random_sregs(struct vmm_sregs *s)
{
	static const uint64_t efers[] = { 0, 1, 0x500, 0xd00, 0xd01, 0x100, 0x800 };
	struct vmm_segment *seg = &s->es;
	int i;

	vt_fill_sregs(s);
	s->cr8 = rnd() & 15;
	for (i = 0; i < 8; i++)
		if (!(rnd() & 15))
			random_segment(&seg[i]);
	if (!(rnd() & 3))
		s->cr0 = 0x10 | (rnd() & 0xe005003fULL);
	if (rnd() & 1)
		s->cr4 = rnd() & (rnd() & 7 ? 0x6b0 : 0x7fffff);
	if (!(rnd() & 3))
		s->efer = efers[rnd() % 7];
	if (rnd() & 1)
		s->cr3 = rnd() & (rnd() & 1 ? 0xff000 : 0x1ffffffffffULL);
	/*
	 * An exit from a guest with LME, but neither paging nor PAE, leaves
	 * a host that is QEMU 7.2 without paging, and so without a processor.
	 */
	if (s->efer & 0x100 && !(s->cr0 & 0x80000000))
		s->cr4 |= 0x20;
	/* A host that is Bochs 2.7 wants CS's RPL to be its level. */
	s->cs.selector = (s->cs.selector & ~3) | (s->cs.attr >> 5 & 3);
	if (!(rnd() & 7))
		s->gdtr.base = (int64_t)rnd() >> 16;
	if (!(rnd() & 7))
		s->idtr.base = (int64_t)rnd() >> 16;
	if (!(rnd() & 7))
		s->idtr.limit = rnd() & 0xffff;
}

static void random_regs(struct vmm_regs *regs, bool code64)
{
	fill_random(regs, sizeof(*regs));
	regs->rip = rnd() & 7 ? rnd() & 0xfffff : rnd();
	/* The upper 16 bits are alike in 64-bit code, elsewhere it has 32. */
	regs->rip = code64 ? (uint64_t)((int64_t)(regs->rip << 15) >> 15) :
			     (uint32_t)regs->rip;
	regs->rsp = rnd() & 3 ? rnd() & 0xffff8 : rnd();
	/* VM wants segments of its own. */
	regs->rflags = rnd() & 0x3d7fd7;
}

static void random_events(struct vmm_vcpu_events *e)
{
	memset(e, 0, sizeof(*e));
	if (rnd() & 1)
		e->flags = rnd() & 0x7f;
	/* Half of those that have an error code should. */
	if (rnd() & 1)
		e->flags &= ~VMM_EVENT_ERROR_CODE;
	e->type = rnd() % 5;
	e->vector = rnd() & 1 ? rnd() & 31 : rnd();
	e->error = rnd() & 0xffff;
	e->mp_state = rnd() & 7 ? VMM_MP_RUNNABLE : rnd() % 3;
}

#define FUZZ_ROUNDS	5000
#define FUZZ_MS		5000

/* From a seed, so that what failed can be had again. */
static void test_random(uint64_t start)
{
	unsigned int rounds, ran = 0, wrong = 0, failed = 0, reasons[8] = {};
	uint64_t end = vt_now_ms() + FUZZ_MS;
	struct vmm_vcpu_events events;
	struct vmm_debugregs d = { .dr7 = 0x400 };
	struct vmm_sregs sregs;
	struct vmm_regs regs;
	struct vt t;

	seed = start;
	vt_make(&t, 1, VT_MB);
	ioctl(t.cpu[0], VMM_VCPU_GET_SREGS, &sregs);
	timer_every(2000);
	for (rounds = 0; rounds < FUZZ_ROUNDS && vt_now_ms() < end; rounds++) {
		if (!(rounds & 63))
			fill_random(t.ram + VT_CODE, VT_MB / 4);
		vt_fill_handlers(t.ram);
		random_sregs(&sregs);
		random_regs(&regs, sregs.efer & 0x400 && sregs.cs.attr & 0x2000);
		random_events(&events);
		/* Only where interrupts are on is one delivered. */
		if (events.flags & VMM_EVENT_INJECTED && !events.type)
			regs.rflags |= 0x200;
		d.dr7 = rnd() & 3 ? 0x400 : (uint32_t)rnd();
		ioctl(t.cpu[0], VMM_VCPU_SET_DEBUGREGS, &d);
		if (ioctl(t.cpu[0], VMM_VCPU_SET_SREGS, &sregs)) {
			wrong += errno != EINVAL;
			continue;
		}
		ioctl(t.cpu[0], VMM_VCPU_SET_REGS, &regs);
		if (ioctl(t.cpu[0], VMM_VCPU_SET_EVENTS, &events)) {
			wrong += errno != EINVAL;
			memset(&events, 0, sizeof(events));
			ioctl(t.cpu[0], VMM_VCPU_SET_EVENTS, &events);
		}
		ran++;
		if (ioctl(t.cpu[0], VMM_VCPU_RUN, 0)) {
			wrong += errno != EINTR;
			reasons[7]++;
			continue;
		}
		reasons[t.run[0]->reason & 7]++;
		if (t.run[0]->reason == VMM_RUN_FAIL_ENTRY && failed++ < 5)
			tap_note("%s: cr0 %llx cr3 %llx cr4 %llx efer %llx cs %x rflags %llx events %x type %u vector %u dr7 %llx",
				 t.run[0]->text, sregs.cr0, sregs.cr3, sregs.cr4,
				 sregs.efer, sregs.cs.attr, regs.rflags,
				 events.flags, events.type, events.vector, d.dr7);
	}
	timer_every(0);
	tap_note("%u states, %u taken: %u none, %u port, %u MMIO, %u shutdown, %u entry failed, %u internal, %u signal",
		 rounds, ran, reasons[0], reasons[1], reasons[2], reasons[3],
		 reasons[4], reasons[5], reasons[7]);
	tap_ok(ran > 100 && reasons[1] + reasons[2] + reasons[3], "random states from %llu run", (unsigned long long)start);
	tap_ok(!wrong, "and end as runs may end");
	tap_ok(!failed, "and none that was taken fails to enter");
	vt_free(&t);
	tap_ok(vt_host_works(), "the host works");
}

int main(int argc, char **argv)
{
	static const uint64_t seeds[] = {
		88172645463325252ULL, 1, 271828182845904523ULL, 31415926535ULL,
	};
	size_t i;

	vt_open();
	vt_catch(SIGALRM);
	if (argc > 1) {
		test_random(strtoull(argv[1], NULL, 0));
		return tap_done();
	}
	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		test_random(seeds[i]);
	return tap_done();
}
