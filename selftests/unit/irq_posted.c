// SPDX-License-Identifier: GPL-2.0
/*
 * Posted requests as a processor sees them that takes them over by itself: where the
 * architecture has its descriptor, what may be in it, and, between two threads, that
 * none is lost.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "irq_cpus.h"
#include "rnd.h"

/* Of the architecture: bit 256 of the descriptor. */
#define ON(l)	(((const u64 *)(l)->posted)[4] & 1)

static int notifies;

static void notify(struct vmm_lapic *l)
{
	notifies++;
}

static const struct vmm_lapic_ops posting_ops = {
	.kick = kick, .notify = notify, .nmi = nmi, .init = init, .sipi = sipi,
	.eoi = eoi, .tsc = tsc, .tsc_to_ns = tsc_to_ns,
};

/* The bits of a word that say PIR or IRR of 64 vectors. */
static u64 pir(const struct vmm_lapic *l, unsigned int i)
{
	return ((const u64 *)l->posted)[i];
}

static u32 *irr(const struct vmm_lapic *l, unsigned int i)
{
	return l->regs + APIC_IRR + 0x10 * i;
}

/* What a processor in the guest does at a notification. */
static void take_over(struct vmm_lapic *l)
{
	u64 *words = (u64 *)l->posted;
	int i, top = -1;

	__atomic_fetch_and(&words[4], ~1ULL, __ATOMIC_SEQ_CST);
	for (i = 0; i < 4; i++) {
		u64 val = __atomic_exchange_n(&words[i], 0, __ATOMIC_SEQ_CST);

		*irr(l, 2 * i) |= val;
		*irr(l, 2 * i + 1) |= val >> 32;
	}
	for (i = 0; i < 8; i++)
		if (*irr(l, i))
			top = 32 * i + fls(*irr(l, i)) - 1;
	vmm_lapic_hw_left(l, top, l->isr_top);
}

static void test_descriptor(void)
{
	up();
	a0->ops = &posting_ops;
	vmm_lapic_highest_irr(a0);
	tap_ok(((unsigned long)a0->posted & 63) == 0, "at a multiple of 64");
	send(a0, 0x41, false);
	tap_ok(notifies == 1 && !cpu[0].kicks, "an edge notifies");
	tap_ok(pir(a0, 1) == 1U << 1 && ON(a0), "its bit and ON are set");
	tap_ok(send(a0, 0xff, false) == 1 && pir(a0, 3) == 1ULL << 63 &&
	       notifies == 1, "with ON set another does not");
	tap_ok(vmm_lapic_requested(a0), "seen without a look at registers");
	take_over(a0);
	tap_ok(vmm_lapic_pending(a0) == 0xff && !a0->posted->flags,
	       "taken over by the processor, nothing is left to look at");
	send(a0, 0x42, false);
	tap_ok(notifies == 2 && ON(a0), "the next notifies again");
	tap_ok(vmm_lapic_highest_irr(a0) == 0xff && !ON(a0) && !pir(a0, 1) &&
	       *irr(a0, 2) == (1U << 1 | 1U << 2),
	       "taken over by a look, ON is clear");
	take_over(a0);
	tap_ok(vmm_lapic_highest_irr(a0) == 0xff && *irr(a0, 2) == 6,
	       "a notification that comes late changes nothing");
	down();
}

/* What is in the descriptor comes into IRR with no regard to TMR. */
static void test_kinds(void)
{
	u8 saved[VMM_LAPIC_REGS_SIZE];

	up();
	a0->ops = &posting_ops;
	notifies = 0;
	send(a0, 0x41, true);
	tap_ok(cpu[0].kicks == 1 && !notifies && !pir(a0, 1) && !ON(a0),
	       "a level kicks, and is not in the descriptor");
	take_over(a0);
	tap_ok(vmm_lapic_requested(a0) && !*irr(a0, 2),
	       "nor taken over by the processor");
	tap_ok(vmm_lapic_highest_irr(a0) == 0x41 &&
	       vmm_lapic_levels(a0, 1) == 1U << 1, "a look finds it, and TMR");
	vmm_lapic_ack(a0);
	vmm_lapic_eoi(a0);
	tap_ok(cpu[0].eois == 1, "whose end is told");

	forget();
	send(a0, 0x41, false);
	tap_ok(cpu[0].kicks == 1 && !notifies && !pir(a0, 1),
	       "the first edge behind a level kicks, too");
	tap_ok(vmm_lapic_highest_irr(a0) == 0x41 && !vmm_lapic_levels(a0, 1),
	       "for TMR has to change");
	send(a0, 0x41, false);
	tap_ok(notifies == 1 && cpu[0].kicks == 1, "the second notifies");
	send(a0, 0x41, true);
	tap_ok(ON(a0) && cpu[0].kicks == 2, "a level meets it");
	tap_ok(vmm_lapic_highest_irr(a0) == 0x41 &&
	       vmm_lapic_levels(a0, 1) == 1U << 1, "and is the later one");

	send(a0, 0x55, false);
	vmm_lapic_get_regs(a0, saved);
	tap_ok(saved[APIC_IRR + 0x22] == 1U << 5 && !ON(a0),
	       "what is saved has what was posted");
	tap_ok(vmm_lapic_set_regs(a0, saved) == 0 &&
	       vmm_lapic_levels(a0, 1) == 1U << 1, "and is restored");
	forget();
	notifies = 0;
	send(a0, 0x41, false);
	tap_ok(cpu[0].kicks == 1 && !notifies,
	       "where levels are known by TMR alone");
	down();
}

/*
 * Two threads: a sender, and a vCPU that goes in and out of its guest as the core's
 * run loop does. In the guest it looks at nothing until it is told, and so a request
 * of which it is not told stays where it is, and the sender waits in vain.
 */
#define ROUNDS		20000
#define PATIENCE_S	20

static struct {
	int in_guest, told, kicked, stop;	/* atomic */
	u32 taken[256];				/* atomic */
	u32 entries, notified, left;		/* the vCPU's */
} world;

#define GET(x)		__atomic_load_n(&world.x, __ATOMIC_SEQ_CST)
#define SET(x, v)	__atomic_store_n(&world.x, v, __ATOMIC_SEQ_CST)
#define TAKE(x)		(GET(x) && __atomic_exchange_n(&world.x, 0, __ATOMIC_SEQ_CST))

static void tell(struct vmm_lapic *l)
{
	if (GET(in_guest))
		SET(told, 1);
}

static void get_out(struct vmm_lapic *l)
{
	if (GET(in_guest))
		SET(kicked, 1);
}

static const struct vmm_lapic_ops thread_ops = {
	.kick = get_out, .notify = tell, .nmi = nmi, .init = init, .sipi = sipi,
	.eoi = eoi, .tsc = tsc, .tsc_to_ns = tsc_to_ns,
};

static void consume(struct vmm_lapic *l)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		u32 *word = irr(l, i), val = *word;

		*word = 0;
		for (; val; val &= val - 1)
			__atomic_fetch_add(&world.taken[32 * i + __ffs(val)], 1,
					   __ATOMIC_SEQ_CST);
	}
	vmm_lapic_hw_left(l, -1, -1);
}

/* Until kicked, or, every other time, notified. */
static void stay_in_guest(struct vmm_lapic *l)
{
	while (!GET(stop)) {
		if (TAKE(kicked)) {
			world.left++;
			return;
		}
		if (TAKE(told)) {
			take_over(l);
			consume(l);
			if (++world.notified & 1)
				return;
		}
		sched_yield();
	}
}

static void *vcpu(void *arg)
{
	struct vmm_lapic *l = arg;

	while (!GET(stop)) {
		world.entries++;
		SET(in_guest, 1);
		if (vmm_lapic_requested(l)) {
			vmm_lapic_highest_irr(l);
			consume(l);
		}
		stay_in_guest(l);
		SET(in_guest, 0);
		/* The host's handler of a notification does nothing. */
		(void)TAKE(told);
		(void)TAKE(kicked);
	}
	return NULL;
}

static void race(void)
{
	static __thread unsigned int n;

	if (++n % 5 == 0)
		sched_yield();
}

static bool arrives(u8 vector, u32 before)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (GET(taken[vector]) == before) {
		if (time(NULL) > end)
			return false;
		sched_yield();
	}
	return true;
}

static void test_threads(void)
{
	unsigned int i, j;
	bool lost = false;
	pthread_t thread;

	up();
	a0->ops = &thread_ops;
	kshim_race = race;
	if (pthread_create(&thread, NULL, vcpu, a0))
		abort();
	for (i = 0; i < ROUNDS && !lost; i++) {
		u8 vector[3] = {};
		u32 before[3];

		for (j = 0; j < 1 + i % 3; j++) {
			vector[j] = 16 + rnd() % 240;
			before[j] = GET(taken[vector[j]]);
			send(a0, vector[j], rnd() % 16 == 0);
		}
		while (j--)
			lost |= !arrives(vector[j], before[j]);
	}
	tap_ok(!lost, "none of %u rounds is lost", i);
	SET(stop, 1);
	pthread_join(thread, NULL);
	kshim_race = NULL;
	tap_ok(world.notified > ROUNDS / 100 && world.left > ROUNDS / 100 &&
	       world.entries > ROUNDS / 100,
	       "%u notifications, %u kicks, %u entries", world.notified,
	       world.left, world.entries);
	down();
}

int main(void)
{
	test_descriptor();
	test_kinds();
	test_threads();
	tap_ok(kshim_allocated == 0, "nothing left behind");
	return tap_done();
}
