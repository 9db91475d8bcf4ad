// SPDX-License-Identifier: GPL-2.0
/*
 * The timer of a local APIC.
 *
 * Nothing counts: the load time and the length of a count-down give the current
 * count at any moment. The hrtimer is armed only for an expiry that would
 * interrupt the guest, and every change happens with it cancelled, so that
 * its callback needs no lock.
 *
 * Where the processor can leave the guest at a given TSC, that stands in for the
 * hrtimer in TSC-deadline mode: nothing of the host's has to be programmed, and
 * no interrupt comes. It works while the guest runs, or is about to; before the
 * vCPU sleeps, and before its state is saved, the hrtimer takes over.
 */
#include <linux/ktime.h>
#include <linux/math64.h>

#include "compat.h"
#include "irq/lapic_internal.h"

#define TIMER_MODE		HRTIMER_MODE_ABS_PINNED_HARD

/* A deadline is approached in steps of at most this, so that no sum overflows. */
#define DEADLINE_STEP_NS	(1ULL << 40)

/* Host time, which stands still for a timer that is frozen. */
static u64 now(const struct vmm_lapic *l)
{
	return l->timer.frozen ? l->timer.frozen_at : ktime_get_ns();
}

/* Shift that the divide configuration stands for: 0 (by 1) to 7 (by 128). */
static unsigned int divide_shift(const struct vmm_lapic *l)
{
	u32 tdcr = lapic_get(l, APIC_TDCR);

	return (((tdcr & 3) | ((tdcr >> 1) & 4)) + 1) & 7;
}

static bool deadline_mode(const struct vmm_lapic *l)
{
	return lapic_timer_mode(l) == APIC_LVT_TIMER_TSCDEADLINE;
}

static bool periodic_mode(const struct vmm_lapic *l)
{
	return lapic_timer_mode(l) == APIC_LVT_TIMER_PERIODIC;
}

static bool counting_mode(const struct vmm_lapic *l)
{
	return lapic_timer_mode(l) == APIC_LVT_TIMER_ONESHOT ||
		periodic_mode(l);
}

/* ns from now until the deadline, 0 if it has been reached; in steps. */
static u64 deadline_left(struct vmm_lapic *l, u64 deadline)
{
	u64 tsc = l->ops->tsc(l);

	if (tsc >= deadline)
		return 0;
	return clamp_t(u64, l->ops->tsc_to_ns(l, deadline - tsc), 1,
		       DEADLINE_STEP_NS);
}

static void deadline_reached(struct vmm_lapic *l)
{
	atomic64_set(&l->timer.deadline, 0);
	vmm_lapic_raise_lvt(l, APIC_LVTT);
}

/* The deadline has passed, or is still ahead: go on then. */
static enum hrtimer_restart deadline_expire(struct vmm_lapic *l)
{
	u64 deadline = atomic64_read(&l->timer.deadline);
	u64 left = deadline_left(l, deadline);

	if (left) {
		/* Not at once again: clocks may differ by a rounding. */
		hrtimer_forward_now(&l->timer.hrtimer,
				    ns_to_ktime(max_t(u64, left, 1000)));
		return HRTIMER_RESTART;
	}
	deadline_reached(l);
	return HRTIMER_NORESTART;
}

static enum hrtimer_restart timer_expire(struct hrtimer *t)
{
	struct vmm_lapic *l = container_of(t, struct vmm_lapic, timer.hrtimer);
	u64 span = l->timer.span, step;

	if (deadline_mode(l))
		return deadline_expire(l);

	vmm_lapic_raise_lvt(l, APIC_LVTT);
	if (!periodic_mode(l))
		return HRTIMER_NORESTART;

	/* Whole periods, so that the phase stays; and not too many a second. */
	step = span;
	if (span < VMM_LAPIC_TIMER_MIN_NS)
		step = DIV_ROUND_UP_ULL(VMM_LAPIC_TIMER_MIN_NS, span) * span;
	hrtimer_forward_now(t, ns_to_ktime(step));
	return HRTIMER_RESTART;
}

void lapic_timer_init(struct vmm_lapic *l)
{
	vmm_hrtimer_setup(&l->timer.hrtimer, timer_expire, TIMER_MODE);
}

static void arm_at(struct vmm_lapic *l, u64 when)
{
	struct vmm_lapic_timer *t = &l->timer;

	if (unlikely(t->frozen)) {
		hrtimer_set_expires(&t->hrtimer, ns_to_ktime(when));
		t->armed = true;
		return;
	}
	hrtimer_start(&t->hrtimer, ns_to_ktime(when), TIMER_MODE);
}

/* @loaded: this very moment, so that the end is ahead however near it was. */
static void arm_count(struct vmm_lapic *l, bool loaded)
{
	struct vmm_lapic_timer *t = &l->timer;
	u64 gone, rest;

	if (!t->span)
		return;
	if (loaded) {
		arm_at(l, t->load + t->span);
		return;
	}
	gone = now(l) - t->load;
	if (gone < t->span) {
		arm_at(l, t->load + t->span);
	} else if (periodic_mode(l)) {
		div64_u64_rem(gone, t->span, &rest);
		arm_at(l, t->load + gone - rest + t->span);
	}
}

static void arm_deadline(struct vmm_lapic *l)
{
	u64 deadline = atomic64_read(&l->timer.deadline);
	u64 left;

	if (!deadline)
		return;
	left = deadline_left(l, deadline);
	/* While time stands still nothing fires: it does when time goes on. */
	if (left || l->timer.frozen) {
		arm_at(l, now(l) + left);
		return;
	}
	deadline_reached(l);
}

static bool arm_in_guest(struct vmm_lapic *l)
{
	u64 deadline = atomic64_read(&l->timer.deadline);

	l->timer.in_guest = deadline && !l->timer.frozen && l->ops->deadline &&
			    l->ops->deadline(l, deadline);
	return l->timer.in_guest;
}

static void disarm_in_guest(struct vmm_lapic *l)
{
	if (!l->timer.in_guest)
		return;
	l->timer.in_guest = false;
	l->ops->deadline(l, 0);
}

/* With the timer cancelled: arm it if an expiry ahead interrupts. */
static void timer_arm(struct vmm_lapic *l, bool loaded)
{
	if (lapic_get(l, APIC_LVTT) & APIC_LVT_MASKED)
		return;
	if (deadline_mode(l)) {
		if (!arm_in_guest(l))
			arm_deadline(l);
	} else if (counting_mode(l)) {
		arm_count(l, loaded);
	}
}

void vmm_lapic_timer_reached(struct vmm_lapic *l)
{
	if (!l->timer.in_guest ||
	    l->ops->tsc(l) < (u64)atomic64_read(&l->timer.deadline))
		return;
	disarm_in_guest(l);
	deadline_reached(l);
}

/*
 * What was reached by this moment counts.  Mostly there is nothing to cancel: a
 * one-shot timer has run out.
 */
static void timer_cancel(struct vmm_lapic *l)
{
	vmm_lapic_timer_reached(l);
	disarm_in_guest(l);
	if (hrtimer_active(&l->timer.hrtimer))
		hrtimer_cancel(&l->timer.hrtimer);
	l->timer.armed = false;
}

void vmm_lapic_timer_outside(struct vmm_lapic *l)
{
	if (!l->timer.in_guest)
		return;
	disarm_in_guest(l);
	arm_deadline(l);
}

void lapic_timer_stop(struct vmm_lapic *l)
{
	disarm_in_guest(l);
	hrtimer_cancel(&l->timer.hrtimer);
	l->timer.armed = false;
	l->timer.span = 0;
	atomic64_set(&l->timer.deadline, 0);
}

u32 lapic_timer_current(struct vmm_lapic *l)
{
	struct vmm_lapic_timer *t = &l->timer;
	unsigned int shift = divide_shift(l);
	u64 gone;

	if (!t->span || !counting_mode(l))
		return 0;
	gone = now(l) - t->load;
	if (gone >= t->span) {
		if (!periodic_mode(l))
			return 0;
		div64_u64_rem(gone, t->span, &gone);
	}
	return (t->span - gone + (1ULL << shift) - 1) >> shift;
}

/* The count goes on from @count with the divider as it is; 0 stops it. */
static void timer_load(struct vmm_lapic *l, u32 count)
{
	struct vmm_lapic_timer *t = &l->timer;
	unsigned int shift = divide_shift(l);
	u32 initial = lapic_get(l, APIC_TMICT);

	t->span = count ? (u64)initial << shift : 0;
	t->load = now(l) - ((u64)(initial - count) << shift);
}

void lapic_timer_write_initial(struct vmm_lapic *l, u32 count)
{
	if (deadline_mode(l))
		return;
	timer_cancel(l);
	lapic_set(l, APIC_TMICT, count);
	timer_load(l, count);
	timer_arm(l, true);
}

void lapic_timer_write_divide(struct vmm_lapic *l, u32 tdcr)
{
	u32 count;

	timer_cancel(l);
	count = lapic_timer_current(l);
	lapic_set(l, APIC_TDCR, tdcr);
	timer_load(l, count);
	timer_arm(l, true);
}

void lapic_timer_write_lvt(struct vmm_lapic *l, u32 lvt)
{
	u32 old = lapic_timer_mode(l);
	u32 new = lvt & LAPIC_LVT_TIMER_MODE;
	u32 count;

	timer_cancel(l);
	/* What passed while nobody was to be interrupted is not made up for. */
	if (!lapic_timer_read_deadline(l))
		atomic64_set(&l->timer.deadline, 0);
	count = lapic_timer_current(l);
	lapic_set(l, APIC_LVTT, lvt);
	if (old == new) {
		timer_arm(l, false);
		return;
	}

	atomic64_set(&l->timer.deadline, 0);
	if (!counting_mode(l) || old == APIC_LVT_TIMER_TSCDEADLINE) {
		lapic_set(l, APIC_TMICT, 0);
		count = 0;
	}
	timer_load(l, count);
	timer_arm(l, true);
}

u64 lapic_timer_read_deadline(struct vmm_lapic *l)
{
	u64 deadline;

	vmm_lapic_timer_reached(l);
	deadline = atomic64_read(&l->timer.deadline);
	if (!deadline || !deadline_mode(l) || l->ops->tsc(l) >= deadline)
		return 0;
	return deadline;
}

void lapic_timer_write_deadline(struct vmm_lapic *l, u64 tsc)
{
	if (!deadline_mode(l))
		return;
	timer_cancel(l);
	atomic64_set(&l->timer.deadline, tsc);
	timer_arm(l, false);
}

void lapic_timer_restore(struct vmm_lapic *l, u32 current_count)
{
	timer_load(l, counting_mode(l) ? current_count : 0);
	timer_arm(l, true);
}

void vmm_lapic_timer_migrate(struct vmm_lapic *l)
{
	if (hrtimer_cancel(&l->timer.hrtimer))
		hrtimer_start_expires(&l->timer.hrtimer, TIMER_MODE);
}

/* An expiry that the host's timer is late for has been. */
static void settle_late(struct vmm_lapic *l)
{
	struct vmm_lapic_timer *t = &l->timer;

	if (!t->armed || !counting_mode(l) ||
	    ktime_to_ns(hrtimer_get_expires(&t->hrtimer)) > (s64)t->frozen_at)
		return;
	t->armed = false;
	vmm_lapic_raise_lvt(l, APIC_LVTT);
	if (periodic_mode(l))
		arm_count(l, false);
}

void vmm_lapic_timer_freeze(struct vmm_lapic *l)
{
	struct vmm_lapic_timer *t = &l->timer;

	if (t->frozen)
		return;
	vmm_lapic_timer_outside(l);
	t->armed = hrtimer_cancel(&t->hrtimer);
	t->frozen_at = ktime_get_ns();
	t->frozen = true;
	settle_late(l);
}

void vmm_lapic_timer_thaw(struct vmm_lapic *l, u64 ns)
{
	struct vmm_lapic_timer *t = &l->timer;

	if (!t->frozen)
		return;
	t->frozen = false;
	t->load += ns;
	if (!t->armed)
		return;
	t->armed = false;
	hrtimer_set_expires(&t->hrtimer,
			    ktime_add_ns(hrtimer_get_expires(&t->hrtimer), ns));
	hrtimer_start_expires(&t->hrtimer, TIMER_MODE);
}
