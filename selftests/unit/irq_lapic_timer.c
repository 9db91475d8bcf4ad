// SPDX-License-Identifier: GPL-2.0
/*
 * Local APICs: every mode of the timer.
 */
#include "irq_cpus.h"

/* Timer interrupts that arrive within @ns, each taken as it comes. */
static unsigned int ticks_in(struct vmm_lapic *l, u64 ns, u64 step)
{
	unsigned int n = 0;
	u64 gone;

	for (gone = 0; gone < ns; gone += step) {
		kshim_advance(step);
		if (vmm_lapic_ack(l) >= 0) {
			vmm_lapic_eoi(l);
			n++;
		}
	}
	return n;
}

static void test_timer(void)
{
	static const u8 tdcr[] = { 0xb, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa };
	unsigned int i, n;
	u64 fired;

	up();
	for (i = 0; i < 8; i++) {
		w(a0, APIC_LVTT, 0x30);
		w(a0, APIC_TDCR, tdcr[i]);
		w(a0, APIC_TMICT, 1000000);
		kshim_advance((1000ULL << i) - 1);
		tap_ok(r(a0, APIC_TMCCT) == 999001, "divide by %u: a tick early", 1U << i);
		kshim_advance(1);
		tap_ok(r(a0, APIC_TMCCT) == 999000, "divide by %u: on the tick", 1U << i);
		kshim_advance((999000ULL << i) - 1);
		tap_ok(vmm_lapic_pending(a0) == -1 && r(a0, APIC_TMCCT) == 1, "not yet");
		kshim_advance(1);
		tap_ok(vmm_lapic_ack(a0) == 0x30 && r(a0, APIC_TMCCT) == 0, "one-shot");
		vmm_lapic_eoi(a0);
		tap_ok(ticks_in(a0, 10000000, 1000000) == 0, "once");
	}
	w(a0, APIC_TDCR, 0xb);
	w(a0, APIC_LVTT, 0x20030);
	w(a0, APIC_TMICT, 1000000);
	tap_ok(ticks_in(a0, 50000000, 100000) == 50, "periodic");
	kshim_advance(300000);
	tap_ok(r(a0, APIC_TMCCT) == 700000, "current count");
	w(a0, APIC_TDCR, 0x0);
	tap_ok(r(a0, APIC_TMCCT) == 700000, "a new divider keeps it");
	kshim_advance(1400000);
	tap_ok(vmm_lapic_ack(a0) == 0x30 && r(a0, APIC_TMCCT) == 1000000,
	       "and counts on with it");
	vmm_lapic_eoi(a0);
	kshim_advance(500000);
	w(a0, APIC_LVTT, 0x30);
	tap_ok(r(a0, APIC_TMCCT) == 750000, "to one-shot: counts on");
	tap_ok(ticks_in(a0, 10000000, 100000) == 1 && r(a0, APIC_TMCCT) == 0,
	       "and expires once");
	w(a0, APIC_LVTT, 0x20030);
	tap_ok(ticks_in(a0, 10000000, 100000) == 0 && r(a0, APIC_TMCCT) == 0,
	       "to periodic when expired: stays stopped");
	w(a0, APIC_TMICT, 500000);
	w(a0, APIC_LVTT, 0x30030);
	tap_ok(ticks_in(a0, 10500000, 100000) == 0 && r(a0, APIC_TMCCT) == 250000,
	       "masked: counts and keeps quiet");
	w(a0, APIC_LVTT, 0x20030);
	kshim_advance(499999);
	tap_ok(vmm_lapic_pending(a0) == -1, "unmasked: its phase");
	kshim_advance(1);
	tap_ok(vmm_lapic_ack(a0) == 0x30, "is kept");
	vmm_lapic_eoi(a0);
	w(a0, APIC_TMICT, 0);
	tap_ok(ticks_in(a0, 10000000, 100000) == 0, "a count of 0 stops it");

	w(a0, APIC_TDCR, 0xb);
	fired = kshim_fired;
	w(a0, APIC_TMICT, 1);
	n = ticks_in(a0, 10000000, 1000);
	fired = kshim_fired - fired;
	tap_ok(fired <= 10000000 / VMM_LAPIC_TIMER_MIN_NS + 2 && n >= 90,
	       "period of 1 ns: the host takes %llu interrupts in 10 ms",
	       (unsigned long long)fired);
	w(a0, APIC_TMICT, 30000);
	n = ticks_in(a0, 12000000, 1000);
	tap_ok(n == 100, "period of 30 us: every 4th of 400, in phase: %u", n);
	w(a0, APIC_LVTT, 0x20005);
	w(a0, APIC_TMICT, 1000000);
	kshim_advance(1000000);
	tap_ok(esr(a0) == 0x40, "an illegal vector is an error");
	vmm_lapic_timer_migrate(a0);
	w(a0, APIC_LVTT, 0x20030);
	tap_ok(ticks_in(a0, 5000000, 100000) == 5, "moved to another CPU");
	w(a0, APIC_SPIV, 0xff);
	tap_ok(ticks_in(a0, 5000000, 100000) == 0, "software disable silences it");
	down();
	fired = kshim_fired;
	kshim_advance(10000000);
	tap_ok(kshim_fired == fired, "dead");
}

static u64 deadline(struct vmm_lapic *l)
{
	u64 val;

	return vmm_lapic_msr_read(l, MSR_IA32_TSC_DEADLINE, &val) ? ~0ULL : val;
}

static int arm(struct vmm_lapic *l, u64 at)
{
	return vmm_lapic_msr_write(l, MSR_IA32_TSC_DEADLINE, at);
}

static void test_deadline(void)
{
	u64 at;

	up();
	arm(a0, tsc(a0) + 1000);
	tap_ok(deadline(a0) == 0, "not in that mode: ignored");
	w(a0, APIC_LVTT, 0x40031);
	at = tsc(a0) + 20001;
	tap_ok(arm(a0, at) == 0 && deadline(a0) == at, "armed");
	w(a0, APIC_TMICT, 1000);
	tap_ok(r(a0, APIC_TMICT) == 0 && r(a0, APIC_TMCCT) == 0, "no count here");
	kshim_advance(10000);
	tap_ok(vmm_lapic_pending(a0) == -1 && deadline(a0) == at, "a tick early");
	kshim_advance(2000);
	tap_ok(vmm_lapic_ack(a0) == 0x31 && deadline(a0) == 0, "reached");
	vmm_lapic_eoi(a0);
	arm(a0, 1);
	tap_ok(vmm_lapic_ack(a0) == 0x31 && deadline(a0) == 0, "in the past: at once");
	vmm_lapic_eoi(a0);
	arm(a0, tsc(a0) + 1000);
	arm(a0, 0);
	tap_ok(ticks_in(a0, 100000, 1000) == 0, "0 disarms");
	at = ~0ULL;
	arm(a0, at);
	tap_ok(ticks_in(a0, 1ULL << 44, 1ULL << 40) == 0 && deadline(a0) == at,
	       "the end of time");
	w(a0, APIC_LVTT, 0x31);
	tap_ok(deadline(a0) == 0, "leaving the mode disarms");
	w(a0, APIC_LVTT, 0x50031);
	arm(a0, tsc(a0) + 1000);
	kshim_advance(5000);
	w(a0, APIC_LVTT, 0x40031);
	tap_ok(vmm_lapic_pending(a0) == -1 && deadline(a0) == 0,
	       "passed while masked: lost");
	w(a0, APIC_LVTT, 0x60031);
	arm(a0, tsc(a0) + 100);
	w(a0, APIC_TMICT, 100);
	tap_ok(ticks_in(a0, 100000, 1000) == 0, "the reserved mode does nothing");
	vmm_lapic_set_features(a1, VMM_LAPIC_F_X2APIC, 40);
	tap_ok(deadline(a1) == ~0ULL && arm(a1, 5) == -EINVAL, "not in CPUID: #GP");
	w(a1, APIC_LVTT, 0x40031);
	tap_ok(r(a1, APIC_LVTT) == 0x31, "nor a mode");
	down();
}

/* Frozen for a minute and a half. */
static void frozen_while(struct vmm_lapic *l)
{
	vmm_lapic_timer_freeze(l);
	kshim_advance(90000000000);
	vmm_lapic_timer_thaw(l, 90000000000);
}

static void test_freeze(void)
{
	u64 at, fired;

	up();
	w(a0, APIC_TDCR, 0xb);
	w(a0, APIC_LVTT, 0x30);
	w(a0, APIC_TMICT, 1000000);
	kshim_advance(400000);
	vmm_lapic_timer_freeze(a0);
	fired = kshim_fired;
	kshim_advance(5000000);
	tap_ok(r(a0, APIC_TMCCT) == 600000 && kshim_fired == fired,
	       "frozen: the count stands, nothing fires");
	vmm_lapic_timer_migrate(a0);
	vmm_lapic_timer_thaw(a0, 5000000);
	tap_ok(r(a0, APIC_TMCCT) == 600000, "thawed: it goes on from there");
	kshim_advance(599999);
	tap_ok(vmm_lapic_pending(a0) == -1, "not a tick early");
	kshim_advance(1);
	tap_ok(vmm_lapic_ack(a0) == 0x30, "nor late");
	vmm_lapic_eoi(a0);
	frozen_while(a0);
	tap_ok(ticks_in(a0, 10000000, 100000) == 0 && r(a0, APIC_TMCCT) == 0,
	       "expired before: stays so");
	w(a0, APIC_LVTT, 0x20030);
	w(a0, APIC_TMICT, 1000000);
	kshim_advance(300000);
	frozen_while(a0);
	kshim_advance(699999);
	tap_ok(vmm_lapic_pending(a0) == -1, "periodic: the phase");
	tap_ok(ticks_in(a0, 5000000, 100000) == 5, "is kept");
	vmm_lapic_timer_freeze(a0);
	kshim_advance(7000000);
	w(a0, APIC_TMICT, 2000000);
	tap_ok(r(a0, APIC_TMCCT) == 2000000, "loaded while frozen");
	kshim_advance(3000000);
	vmm_lapic_timer_thaw(a0, 10000000);
	tap_ok(r(a0, APIC_TMCCT) == 2000000, "counts from the thaw on");
	tap_ok(ticks_in(a0, 1900000, 100000) == 0 &&
	       ticks_in(a0, 100000, 100000) == 1, "and expires");
	vmm_lapic_timer_freeze(a0);
	kshim_advance(7000000);
	vmm_lapic_timer_thaw(a0, 6000000);
	tap_ok(r(a0, APIC_TMCCT) == 1000000, "a late thaw lets time pass");
	w(a0, APIC_LVTT, 0x30);
	w(a0, APIC_TMICT, 1000000);
	vmm_lapic_timer_freeze(a0);
	kshim_advance(7000000);
	vmm_lapic_timer_thaw(a0, 5000000);
	kshim_advance(0);
	tap_ok(vmm_lapic_ack(a0) == 0x30, "also beyond the expiry");
	vmm_lapic_eoi(a0);
	w(a0, APIC_LVTT, 0x40031);
	at = tsc(a0) + 200000;
	arm(a0, at);
	vmm_lapic_timer_freeze(a0);
	tap_ok(deadline(a0) == at, "a deadline shows while frozen");
	arm(a0, 0);
	vmm_lapic_timer_thaw(a0, 0);
	tap_ok(ticks_in(a0, 1000000, 1000) == 0, "and can be disarmed");
	arm(a0, tsc(a0) + 200000);
	vmm_lapic_timer_freeze(a0);
	vmm_lapic_reset(a0, false);
	fired = kshim_fired;
	vmm_lapic_timer_thaw(a0, 0);
	kshim_advance(10000000);
	tap_ok(kshim_fired == fired, "reset while frozen: nothing is left of it");
	vmm_lapic_timer_freeze(a0);
	down();
	fired = kshim_fired;
	kshim_advance(10000000);
	tap_ok(kshim_fired == fired, "dead");
}

/* A host's timer is late by that much when time is stopped. */
static void stop_late(struct vmm_lapic *l, u64 ns)
{
	kshim_now += ns;
	vmm_lapic_timer_freeze(l);
}

/* What has expired by then has, so that no record has to tell of it. */
static void test_late(void)
{
	struct vmm_state_lapic st, again;
	u64 at;

	up();
	w(a0, APIC_TDCR, 0xb);
	w(a0, APIC_LVTT, 0x20030);
	w(a0, APIC_TMICT, 1000000);
	stop_late(a0, 2300000);
	tap_ok(vmm_lapic_ack(a0) == 0x30 && r(a0, APIC_TMCCT) == 700000,
	       "periodic: late, and in its phase");
	vmm_lapic_eoi(a0);
	vmm_lapic_timer_thaw(a0, 0);
	kshim_advance(699999);
	tap_ok(vmm_lapic_pending(a0) == -1, "not made up for");
	kshim_advance(1);
	tap_ok(vmm_lapic_ack(a0) == 0x30, "and goes on");
	vmm_lapic_eoi(a0);
	w(a0, APIC_LVTT, 0x30);
	w(a0, APIC_TMICT, 1000);
	stop_late(a0, 5000);
	tap_ok(vmm_lapic_ack(a0) == 0x30, "one-shot: late");
	vmm_lapic_eoi(a0);
	vmm_lapic_timer_thaw(a0, 0);
	tap_ok(ticks_in(a0, 100000, 1000) == 0, "once");

	w(a0, APIC_LVTT, 0x40031);
	at = tsc(a0) + 200000;
	arm(a0, at);
	stop_late(a0, 1000000);
	vmm_lapic_save(a0, &st);
	tap_ok(vmm_lapic_pending(a0) == -1 && st.deadline == at,
	       "a deadline that nobody told of is saved");
	arm(a0, 0);
	vmm_lapic_load(a0, &st);
	vmm_lapic_save(a0, &again);
	tap_ok(vmm_lapic_pending(a0) == -1 && !memcmp(&st, &again, sizeof(st)),
	       "restored it stays so");
	vmm_lapic_timer_thaw(a0, 0);
	kshim_advance(0);
	tap_ok(vmm_lapic_ack(a0) == 0x31, "and is told when time goes on");
	vmm_lapic_eoi(a0);
	w(a0, APIC_LVTT, 0x50031);
	arm(a0, at = tsc(a0) + 1000);
	vmm_lapic_timer_freeze(a0);
	vmm_lapic_save(a0, &st);
	vmm_lapic_reset(a0, false);
	vmm_lapic_load(a0, &st);
	vmm_lapic_timer_thaw(a0, 0);
	kshim_advance(5000);
	tap_ok(st.deadline == at && vmm_lapic_pending(a0) == -1,
	       "a masked one tells nobody");
	down();
}

/* Where the processor leaves the guest at a deadline, no timer of the host runs. */
static void test_in_guest(void)
{
	u8 regs[VMM_LAPIC_REGS_SIZE];
	u64 when;

	up();
	cpu[0].has_deadline = true;
	w(a0, APIC_LVTT, 0x40030);
	when = tsc(a0) + 1000;
	arm(a0, when);
	tap_ok(cpu[0].deadline == when, "the processor is told the deadline");
	kshim_advance(100);
	vmm_lapic_timer_reached(a0);
	tap_ok(vmm_lapic_pending(a0) == -1 && cpu[0].deadline == when &&
	       deadline(a0) == when, "left early: still armed");
	kshim_advance(500);
	tap_ok(vmm_lapic_pending(a0) == -1, "no timer of the host's runs");
	vmm_lapic_timer_reached(a0);
	tap_ok(vmm_lapic_ack(a0) == 0x30 && !cpu[0].deadline && !deadline(a0),
	       "left at the deadline: the interrupt");
	vmm_lapic_eoi(a0);
	vmm_lapic_timer_reached(a0);
	tap_ok(vmm_lapic_pending(a0) == -1, "once");

	arm(a0, tsc(a0) + 1000);
	vmm_lapic_timer_outside(a0);
	tap_ok(!cpu[0].deadline, "before a sleep the host's timer takes over");
	tap_ok(ticks_in(a0, 2000, 100) == 1, "and fires");

	arm(a0, tsc(a0) + 1000);
	kshim_advance(600);
	w(a0, APIC_LVTT, 0x50030);
	tap_ok(vmm_lapic_ack(a0) == 0x30 && !cpu[0].deadline,
	       "masked after the deadline: the interrupt has come");
	vmm_lapic_eoi(a0);
	arm(a0, tsc(a0) + 1000);
	tap_ok(!cpu[0].deadline, "masked: nothing to tell");
	w(a0, APIC_LVTT, 0x40030);
	tap_ok(cpu[0].deadline == deadline(a0), "unmasked: told");
	kshim_advance(600);
	arm(a0, tsc(a0) + 1000);
	tap_ok(vmm_lapic_ack(a0) == 0x30 && cpu[0].deadline == deadline(a0),
	       "the next deadline does not undo the last");
	vmm_lapic_eoi(a0);
	kshim_advance(600);
	vmm_lapic_get_regs(a0, regs);
	tap_ok(vmm_lapic_ack(a0) == 0x30 && regs[APIC_IRR + 0x12] & 1,
	       "a deadline that has passed is in what is saved");
	vmm_lapic_eoi(a0);

	arm(a0, tsc(a0) + 1000);
	vmm_lapic_timer_freeze(a0);
	tap_ok(!cpu[0].deadline && deadline(a0), "frozen: out of the processor");
	arm(a0, tsc(a0) + 2000);
	tap_ok(!cpu[0].deadline, "nor set in it meanwhile");
	vmm_lapic_timer_thaw(a0, 0);
	tap_ok(ticks_in(a0, 900, 100) == 0 && ticks_in(a0, 200, 100) == 1,
	       "thawed: the host's timer has it");
	arm(a0, tsc(a0) + 1000);
	tap_ok(cpu[0].deadline == deadline(a0), "and the processor the next");
	kshim_advance(600);
	vmm_lapic_timer_freeze(a0);
	tap_ok(vmm_lapic_ack(a0) == 0x30,
	       "a deadline that has passed is not frozen");
	vmm_lapic_eoi(a0);
	vmm_lapic_timer_thaw(a0, 0);
	down();
}

int main(void)
{
	test_timer();
	test_deadline();
	test_freeze();
	test_late();
	test_in_guest();
	tap_ok(kshim_allocated == 0, "nothing left behind");
	return tap_done();
}
