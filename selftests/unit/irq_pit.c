// SPDX-License-Identifier: GPL-2.0
/*
 * The interval timer against a counter that really ticks.
 *
 * The model steps one clock at a time as the data sheet describes each mode.
 * The timer under test computes everything from the time; at every tick of
 * several periods both must show the same count and the same output, and the next
 * rising edge must be the model's.
 */
#include "kshim.h"
#include "irq/pit.h"
#include "tap.h"

#define CH2	2U

static struct vmm_pit pit;

/* The model. */
struct ticker {
	unsigned int mode, n, modulus, ce;
	bool out, done;
};

static void start(struct ticker *m, unsigned int mode, unsigned int n, bool bcd)
{
	*m = (struct ticker) { .mode = mode, .n = n, .ce = n };
	m->modulus = bcd ? 10000 : 65536;
	m->out = mode != 0 && mode != 1;
	if (mode == 3 && (n & 1))
		m->ce = n - 1;
}

static void tick_square(struct ticker *m)
{
	bool odd = m->n & 1;

	if (odd && m->out) {
		/* The count expires, and the output falls a clock later. */
		if (m->ce == 0) {
			m->out = false;
			m->ce = m->n - 1;
		} else {
			m->ce -= 2;
		}
		return;
	}
	m->ce -= 2;
	if (m->ce == 0) {
		m->out = !m->out;
		m->ce = odd ? m->n - 1 : m->n;
	}
}

static void tick(struct ticker *m)
{
	switch (m->mode) {
	case 2:
		if (m->ce == 1)
			m->ce = m->n;
		else
			m->ce--;
		m->out = m->ce != 1;
		return;
	case 3:
		tick_square(m);
		return;
	}
	m->ce = m->ce ? m->ce - 1 : m->modulus - 1;
	if (m->mode < 2)
		m->out |= m->ce == 0;
	else
		m->out = m->done || m->ce != 0;
	m->done |= m->ce == 0;
}

/* First ns at which @t ticks have gone by. */
static u64 tick_ns(u64 t)
{
	return ((unsigned __int128)t * 1000000000U + VMM_PIT_HZ - 1) / VMM_PIT_HZ;
}

static unsigned int bcd_digits(unsigned int n)
{
	return n % 10 | n / 10 % 10 << 4 | n / 100 % 10 << 8 | n / 1000 % 10 << 12;
}

static void w(u16 port, u8 val, u64 now)
{
	vmm_pit_write(&pit, port, val, now);
}

static u8 r(u16 port, u64 now)
{
	return vmm_pit_read(&pit, port, now);
}

static unsigned int read_latched(u64 now)
{
	unsigned int low;

	w(0x43, 0x80, now);
	low = r(0x42, now);
	return low | r(0x42, now) << 8;
}

static bool out_status(u64 now)
{
	w(0x43, 0xe8, now);
	return r(0x42, now) & 0x80;
}

static void program(unsigned int mode, unsigned int n, bool bcd, u64 now)
{
	unsigned int count = bcd ? bcd_digits(n % 10000) : n & 0xffff;

	w(0x61, mode == 1 || mode == 5 ? 0 : 1, now);
	w(0x43, 0xb0 | mode << 1 | bcd, now);
	w(0x42, count & 0xff, now);
	w(0x42, count >> 8, now);
	w(0x61, 1, now);
}

static bool same(const struct ticker *m, u64 now, bool bcd, u64 t)
{
	unsigned int want = m->ce % m->modulus;
	unsigned int got = read_latched(now);

	if (bcd)
		want = bcd_digits(want);
	if (got != want || out_status(now) != m->out) {
		tap_note("mode %u n %u tick %llu: count %#x out %d, want %#x %d",
			 m->mode, m->n, (unsigned long long)t, got,
			 out_status(now), want, m->out);
		return false;
	}
	return true;
}

/* The tick of the model's first rising edge after tick @t, or 0. */
static u64 next_rise(struct ticker m, u64 t)
{
	u64 i;

	for (i = t + 1; i <= t + 2 * m.n + 4; i++) {
		bool before = m.out;

		tick(&m);
		if (m.out && !before)
			return i;
	}
	return 0;
}

static bool same_edge(const struct ticker *m, u64 base, u64 now, u64 t)
{
	u64 got = vmm_pit_next_edge(&pit, CH2, now);
	u64 rise = next_rise(*m, t);
	u64 want = rise ? base + tick_ns(rise) : VMM_PIT_NEVER;

	if (got != want)
		tap_note("mode %u n %u tick %llu: edge at %llu, want %llu",
			 m->mode, m->n, (unsigned long long)t,
			 (unsigned long long)got, (unsigned long long)want);
	return got == want;
}

static bool run(unsigned int mode, unsigned int n, bool bcd)
{
	static u64 base = 77777;
	struct ticker m;
	bool good = true;
	u64 t;

	base += 123456789;
	vmm_pit_init(&pit);
	program(mode, n, bcd, base);
	start(&m, mode, n, bcd);
	for (t = 0; good && t < 3 * n + 8; t++) {
		u64 first = base + tick_ns(t), last = base + tick_ns(t + 1) - 1;

		good = same(&m, first, bcd, t) && same(&m, last, bcd, t);
		if (good && n <= 1000)
			good = same_edge(&m, base, first, t) &&
				same_edge(&m, base, last, t);
		tick(&m);
	}
	return good;
}

static void test_modes(void)
{
	static const unsigned int counts[] = {
		1, 2, 3, 4, 5, 6, 7, 10, 99, 100, 101, 999, 1000, 10000,
		65535, 65536
	};
	unsigned int mode, i, bcd, n;

	for (mode = 0; mode < 6; mode++) {
		for (bcd = 0; bcd < 2; bcd++) {
			for (i = 0; i < ARRAY_SIZE(counts); i++) {
				n = counts[i];
				if ((mode == 2 || mode == 3) && n < 2)
					continue;
				if (bcd && n > 10000)
					continue;
				tap_ok(run(mode, n, bcd),
				       "mode %u, count %u%s: every tick of 3 periods",
				       mode, n, bcd ? ", BCD" : "");
			}
		}
	}
}

static void test_access(void)
{
	vmm_pit_init(&pit);
	w(0x61, 1, 0);
	w(0x43, 0x94, 0);	/* low byte, mode 2 */
	w(0x42, 100, 0);
	tap_ok(r(0x42, 0) == 100 && r(0x42, tick_ns(1)) == 99, "low byte alone");
	w(0x43, 0xa4, 0);	/* high byte, mode 2 */
	w(0x42, 3, 0);
	tap_ok(r(0x42, 0) == 3 && r(0x42, tick_ns(1)) == 2, "high byte alone");
	w(0x43, 0xb4, 0);
	w(0x42, 0x34, 0);
	w(0x42, 0x12, 0);
	tap_ok(r(0x42, 0) == 0x34 && r(0x42, tick_ns(1)) == 0x12, "low, then high");
	w(0x43, 0x80, tick_ns(2));
	w(0x43, 0x80, tick_ns(9));
	tap_ok(r(0x42, tick_ns(20)) == 0x32 && r(0x42, tick_ns(30)) == 0x12,
	       "a second latch changes nothing");
	w(0x43, 0xc8, tick_ns(4));	/* count and status */
	tap_ok(r(0x42, 0) == 0xb4 && r(0x42, 0) == 0x30 && r(0x42, 0) == 0x12,
	       "read-back: status, then count");
	tap_ok(r(0x43, 0) == 0xff, "the control word can't be read");
	w(0x43, 0xbe, 0);
	w(0x43, 0xe8, 0);
	tap_ok(r(0x42, 0) == 0xf6, "mode 7 is 3; no count yet");
}

static void test_null_and_reload(void)
{
	u64 period = 100;

	vmm_pit_init(&pit);
	program(2, period, false, 0);
	w(0x42, 50, tick_ns(30));
	w(0x42, 0, tick_ns(30));
	w(0x43, 0xe8, tick_ns(40));
	tap_ok(r(0x42, tick_ns(40)) & 0x40, "mode 2: a new count is pending");
	tap_ok(read_latched(tick_ns(99)) == 1, "the old period goes on");
	w(0x43, 0xe8, tick_ns(100));
	tap_ok(!(r(0x42, tick_ns(100)) & 0x40), "then the new one counts");
	tap_ok(read_latched(tick_ns(100) + tick_ns(1)) == 49,
	       "from its start");
	tap_ok(vmm_pit_next_edge(&pit, CH2, tick_ns(120)) ==
	       tick_ns(100) + tick_ns(50), "its edge");

	vmm_pit_init(&pit);
	program(0, 100, false, 0);
	tap_ok(!vmm_pit_out(&pit, CH2, tick_ns(99)) &&
	       vmm_pit_out(&pit, CH2, tick_ns(100)), "mode 0: at N");
	w(0x42, 10, tick_ns(200));
	tap_ok(!vmm_pit_out(&pit, CH2, tick_ns(900)), "half a count: low, stopped");
	w(0x42, 0, tick_ns(1000));
	tap_ok(vmm_pit_next_edge(&pit, CH2, tick_ns(1000)) ==
	       tick_ns(1000) + tick_ns(10), "mode 0: counts again");

	vmm_pit_init(&pit);
	program(1, 100, false, 0);
	w(0x42, 20, tick_ns(30));
	w(0x42, 0, tick_ns(30));
	tap_ok(read_latched(tick_ns(40)) == 60, "mode 1: new count waits");
	w(0x61, 0, tick_ns(50));
	tap_ok(read_latched(tick_ns(60)) == 40, "mode 1: a low gate is nothing");
	w(0x61, 1, tick_ns(70));
	tap_ok(vmm_pit_next_edge(&pit, CH2, tick_ns(70)) ==
	       tick_ns(70) + tick_ns(20), "mode 1: trigger takes it");
}

static void test_gate(void)
{
	unsigned int mode;

	for (mode = 0; mode < 5; mode += 4) {
		vmm_pit_init(&pit);
		program(mode, 100, false, 0);
		w(0x61, 0, tick_ns(30));
		tap_ok(read_latched(tick_ns(500)) == 70 &&
		       vmm_pit_next_edge(&pit, CH2, tick_ns(500)) == VMM_PIT_NEVER,
		       "mode %u: a low gate stops the count", mode);
		w(0x61, 1, tick_ns(500));
		tap_ok(read_latched(tick_ns(501)) == 69, "mode %u: and it goes on", mode);
	}
	for (mode = 2; mode < 4; mode++) {
		vmm_pit_init(&pit);
		program(mode, 100, false, 0);
		w(0x61, 0, tick_ns(99));
		tap_ok(vmm_pit_out(&pit, CH2, tick_ns(99)) &&
		       vmm_pit_next_edge(&pit, CH2, tick_ns(99)) == VMM_PIT_NEVER,
		       "mode %u: a low gate forces the output high", mode);
		w(0x61, 1, tick_ns(500));
		tap_ok(read_latched(tick_ns(500)) == 100, "mode %u: starts over", mode);
	}
	vmm_pit_init(&pit);
	tap_ok(vmm_pit_next_edge(&pit, 0, 5) == VMM_PIT_NEVER &&
	       !vmm_pit_out(&pit, 0, 5), "power-up: low, no edge");
}

static void test_speaker(void)
{
	unsigned int toggles = 0;
	u64 t;

	vmm_pit_init(&pit);
	w(0x61, 0xff, 0);
	tap_ok((r(0x61, 0) & 0xcf) == 0x03, "speaker port keeps two bits");
	program(0, 100, false, 0);
	tap_ok(!(r(0x61, tick_ns(99)) & 0x20) && (r(0x61, tick_ns(100)) & 0x20),
	       "and shows channel 2's output");
	for (t = 0; t < 1000000; t += 1000)
		toggles += (r(0x61, t) ^ r(0x61, t + 1000)) >> 4 & 1;
	tap_ok(toggles > 60 && toggles < 70, "refresh toggles: %u in 1 ms", toggles);
}

static void test_state(void)
{
	struct vmm_pit bad;
	u64 now = tick_ns(12345);

	vmm_pit_init(&pit);
	program(2, 1000, false, now);
	tap_ok(vmm_pit_check(&pit, now + 5) == 0, "a real state is accepted");
	bad = pit;
	bad.ch[1].mode = 6;
	tap_ok(vmm_pit_check(&bad, now) == -EINVAL, "mode");
	bad = pit;
	bad.ch[1].access = 0;
	tap_ok(vmm_pit_check(&bad, now) == -EINVAL, "access");
	bad = pit;
	bad.ch[2].count = 65537;
	tap_ok(vmm_pit_check(&bad, now) == -EINVAL, "count");
	bad = pit;
	bad.ch[2].start = now + 1;
	tap_ok(vmm_pit_check(&bad, now) == -EINVAL, "future");
	bad = pit;
	bad.ch[0].gate = 0;
	tap_ok(vmm_pit_check(&bad, now) == -EINVAL, "gate");
	vmm_pit_shift(&pit, 1ULL << 40);
	tap_ok(read_latched((1ULL << 40) + now + tick_ns(10)) == 990, "shifted in time");
}

int main(void)
{
	test_modes();
	test_access();
	test_null_and_reload();
	test_gate();
	test_speaker();
	test_state();
	return tap_done();
}
