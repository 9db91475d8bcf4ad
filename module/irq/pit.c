// SPDX-License-Identifier: GPL-2.0
/*
 * The 8254.
 *
 * Time in a channel is the number of clock ticks since its count was loaded.
 * Loading takes no time: where the chip spends the first clock on it, the
 * model's tick 0 is that clock. With N for the count and d for the ticks gone:
 *
 *	mode	output low while		counter shows
 *	0, 1	d < N				N - d, wrapping
 *	2	d mod N = N - 1			N - d mod N
 *	3	d mod N >= (N + 1) / 2		twos, see square_count()
 *	4, 5	d = N				N - d, wrapping
 *
 * Modes 1 and 5 start at a rising gate; 0 and 4 stand still while it is low;
 * 2 and 3 do too, and start over when it rises.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "irq/pit.h"

#define NSEC		1000000000U
#define SPEAKER_CH	2U
/* Half a period of the memory refresh whose toggling shows in the speaker port. */
#define REFRESH_NS	15085U

enum { ACCESS_LATCH, ACCESS_LOW, ACCESS_HIGH, ACCESS_BOTH };

static u64 ticks_of(u64 ns)
{
	return mul_u64_u32_div(ns, VMM_PIT_HZ, NSEC);
}

/* The least number of ns in which @ticks go by. */
static u64 ns_of(u64 ticks)
{
	u64 ns = mul_u64_u32_div(ticks, NSEC, VMM_PIT_HZ);

	return ticks_of(ns) < ticks ? ns + 1 : ns;
}

static bool repeats(const struct vmm_pit_channel *c)
{
	return c->mode == 2 || c->mode == 3;
}

static bool triggered(const struct vmm_pit_channel *c)
{
	return c->mode == 1 || c->mode == 5;
}

static u64 ticks_gone(const struct vmm_pit_channel *c, u64 now)
{
	return c->stopped ? c->paused : ticks_of(now - c->start);
}

static void take_next(struct vmm_pit_channel *c, u64 when)
{
	c->start = when;
	if (c->next) {
		c->count = c->next;
		c->next = 0;
	}
}

/* Let a count that was to take over in the meantime do so. */
static void settle(struct vmm_pit_channel *c, u64 now)
{
	if (c->next && c->next_at != VMM_PIT_NEVER &&
	    (s64)(now - c->next_at) >= 0)
		take_next(c, c->next_at);
}

static bool channel_out(const struct vmm_pit_channel *c, u64 now)
{
	u64 d, phase;

	if (!c->count)
		return c->mode != 0;
	if (repeats(c) && (c->stopped || c->count < 2))
		return true;

	d = ticks_gone(c, now);
	switch (c->mode) {
	case 0:
	case 1:
		return d >= c->count;
	case 2:
		div64_u64_rem(d, c->count, &phase);
		return phase != c->count - 1;
	case 3:
		div64_u64_rem(d, c->count, &phase);
		return phase < (c->count + 1) / 2;
	default:
		return d != c->count;
	}
}

bool vmm_pit_out(const struct vmm_pit *pit, unsigned int ch, u64 now)
{
	struct vmm_pit_channel c = pit->ch[ch];

	settle(&c, now);
	return channel_out(&c, now);
}

bool vmm_pit_line(const struct vmm_pit *pit, unsigned int ch, u64 now)
{
	/* Modes 0 and 1 end high; the others fall for a moment before they rise. */
	return pit->ch[ch].mode > 1 || vmm_pit_out(pit, ch, now);
}

u64 vmm_pit_next_edge(const struct vmm_pit *pit, unsigned int ch, u64 now)
{
	struct vmm_pit_channel c = pit->ch[ch];
	u64 d, edge;

	settle(&c, now);
	if (!c.count || c.stopped)
		return VMM_PIT_NEVER;
	d = ticks_gone(&c, now);
	if (repeats(&c)) {
		if (c.count < 2)
			return VMM_PIT_NEVER;
		edge = (div64_u64(d, c.count) + 1) * c.count;
	} else {
		edge = c.mode < 2 ? c.count : c.count + 1;
		if (d >= edge)
			return VMM_PIT_NEVER;
	}
	return c.start + ns_of(edge);
}

static u16 to_bcd(u32 n)
{
	return n % 10 | (n / 10 % 10) << 4 | (n / 100 % 10) << 8 |
		(n / 1000 % 10) << 12;
}

/* Digits beyond 9 count for what they are, as in a decimal counter's adder. */
static u32 from_bcd(u16 bcd)
{
	return (bcd & 0xf) + 10 * ((bcd >> 4) & 0xf) +
		100 * ((bcd >> 8) & 0xf) + 1000 * (bcd >> 12);
}

/*
 * Mode 3 counts by twos, twice over a period. An even count is shown as
 * loaded; from an odd one the chip drops the low bit, and the half in which the
 * output is high has one step more than the other.
 */
static u32 square_count(u32 n, u32 phase)
{
	u32 half = (n + 1) / 2;

	if (phase >= half)
		phase -= half;
	return (n & ~1U) - 2 * phase;
}

static u16 channel_value(const struct vmm_pit_channel *c, u64 now)
{
	u32 modulus = c->bcd ? 10000 : 65536;
	u64 d, phase;
	u32 val;

	if (!c->count)
		return 0;
	d = ticks_gone(c, now);
	if (repeats(c)) {
		div64_u64_rem(d, c->count, &phase);
		val = c->mode == 3 ? square_count(c->count, phase) :
				     c->count - phase;
	} else {
		div64_u64_rem(d, modulus, &phase);
		val = c->count + modulus - phase;
	}
	val %= modulus;
	return c->bcd ? to_bcd(val) : val;
}

static u8 channel_status(const struct vmm_pit_channel *c, u64 now)
{
	bool null = c->next || !c->count;

	return channel_out(c, now) << 7 | null << 6 | c->access << 4 |
		c->mode << 1 | c->bcd;
}

static void latch_count(struct vmm_pit_channel *c, u64 now)
{
	if (c->latch_bytes)
		return;
	c->latched = channel_value(c, now);
	c->latch_bytes = c->access == ACCESS_BOTH ? 2 : 1;
	c->read_high = c->access == ACCESS_HIGH;
}

static u8 channel_read(struct vmm_pit_channel *c, u64 now)
{
	u16 val;
	bool high;

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	val = c->latch_bytes ? c->latched : channel_value(c, now);
	if (c->latch_bytes)
		c->latch_bytes--;
	high = c->read_high;
	if (c->access == ACCESS_BOTH)
		c->read_high = !high;
	return high ? val >> 8 : val;
}

/* The gate is low and the mode heeds it: stand still at @ticks. */
static void stop_at(struct vmm_pit_channel *c, u64 ticks)
{
	c->paused = ticks;
	c->stopped = !c->gate && !triggered(c);
}

/* A whole count was written. */
static void load_count(struct vmm_pit_channel *c, u16 written, u64 now)
{
	u32 count = c->bcd ? from_bcd(written) : written;

	if (!count)
		count = c->bcd ? 10000 : 65536;
	if (triggered(c)) {
		c->next = count;
		c->next_at = VMM_PIT_NEVER;
		return;
	}
	if (repeats(c) && c->count) {
		c->next = count;
		c->next_at = VMM_PIT_NEVER;
		if (!c->stopped)
			c->next_at = c->start + ns_of((div64_u64(
				ticks_gone(c, now), c->count) + 1) * c->count);
		return;
	}
	c->next = count;
	take_next(c, now);
	stop_at(c, 0);
}

static void channel_write(struct vmm_pit_channel *c, u8 val, u64 now)
{
	switch (c->access) {
	case ACCESS_LOW:
		load_count(c, val, now);
		return;
	case ACCESS_HIGH:
		load_count(c, val << 8, now);
		return;
	}
	if (c->write_high) {
		c->write_high = false;
		load_count(c, c->write_low | val << 8, now);
		return;
	}
	c->write_low = val;
	c->write_high = true;
	if (c->mode == 0)
		c->count = 0;	/* half a count stops mode 0 */
}

static void set_mode(struct vmm_pit_channel *c, u8 word)
{
	u8 mode = (word >> 1) & 7;

	c->mode = mode > 5 ? mode - 4 : mode;
	c->access = (word >> 4) & 3;
	c->bcd = word & 1;
	c->count = 0;
	c->next = 0;
	c->stopped = false;
	c->write_high = false;
	c->latch_bytes = 0;
	c->status_latched = false;
	c->read_high = c->access == ACCESS_HIGH;
}

static void read_back(struct vmm_pit *pit, u8 word, u64 now)
{
	unsigned int i;

	for (i = 0; i < VMM_PIT_CHANNELS; i++) {
		struct vmm_pit_channel *c = &pit->ch[i];

		if (!(word & (2U << i)))
			continue;
		if (!(word & 0x20))
			latch_count(c, now);
		if (!(word & 0x10) && !c->status_latched) {
			c->status = channel_status(c, now);
			c->status_latched = true;
		}
	}
}

static void write_control(struct vmm_pit *pit, u8 word, u64 now)
{
	unsigned int ch = word >> 6;

	if (ch == 3)
		read_back(pit, word, now);
	else if (((word >> 4) & 3) == ACCESS_LATCH)
		latch_count(&pit->ch[ch], now);
	else
		set_mode(&pit->ch[ch], word);
}

static void gate_rises(struct vmm_pit_channel *c, u64 now)
{
	c->gate = true;
	if (triggered(c) || repeats(c)) {
		take_next(c, now);
	} else if (c->stopped) {
		/* On from where it stood. */
		c->start = now - ns_of(c->paused);
	}
	c->stopped = false;
}

static void gate_falls(struct vmm_pit_channel *c, u64 now)
{
	u64 ticks = ticks_gone(c, now);

	c->gate = false;
	if (!c->count || triggered(c))
		return;
	stop_at(c, ticks);
	/* A count for the end of the period waits for the trigger instead. */
	c->next_at = VMM_PIT_NEVER;
}

static void write_speaker(struct vmm_pit *pit, u8 val, u64 now)
{
	struct vmm_pit_channel *c = &pit->ch[SPEAKER_CH];
	bool gate = val & 1;

	pit->speaker = val & 3;
	if (gate && !c->gate)
		gate_rises(c, now);
	else if (!gate && c->gate)
		gate_falls(c, now);
}

static u8 read_speaker(const struct vmm_pit *pit, u64 now)
{
	bool refresh = div_u64(now, REFRESH_NS) & 1;

	return pit->speaker | refresh << 4 |
		channel_out(&pit->ch[SPEAKER_CH], now) << 5;
}

static void settle_all(struct vmm_pit *pit, u64 now)
{
	unsigned int i;

	for (i = 0; i < VMM_PIT_CHANNELS; i++)
		settle(&pit->ch[i], now);
}

u8 vmm_pit_read(struct vmm_pit *pit, u16 port, u64 now)
{
	settle_all(pit, now);
	if (port == VMM_PIT_PORT_SPEAKER)
		return read_speaker(pit, now);
	if (port >= VMM_PIT_PORT && port < VMM_PIT_PORT + VMM_PIT_CHANNELS)
		return channel_read(&pit->ch[port - VMM_PIT_PORT], now);
	return 0xff;
}

void vmm_pit_write(struct vmm_pit *pit, u16 port, u8 val, u64 now)
{
	settle_all(pit, now);
	if (port == VMM_PIT_PORT_SPEAKER)
		write_speaker(pit, val, now);
	else if (port == VMM_PIT_PORT + VMM_PIT_CHANNELS)
		write_control(pit, val, now);
	else if (port >= VMM_PIT_PORT && port < VMM_PIT_PORT + VMM_PIT_CHANNELS)
		channel_write(&pit->ch[port - VMM_PIT_PORT], val, now);
}

void vmm_pit_init(struct vmm_pit *pit)
{
	unsigned int i;

	memset(pit, 0, sizeof(*pit));
	for (i = 0; i < VMM_PIT_CHANNELS; i++) {
		/* Undefined in hardware; this way the outputs are low. */
		pit->ch[i].mode = 0;
		pit->ch[i].access = ACCESS_BOTH;
		pit->ch[i].gate = i != SPEAKER_CH;
	}
}

static bool channel_valid(const struct vmm_pit_channel *c, u64 now)
{
	u8 flags = c->bcd | c->gate | c->stopped | c->read_high |
		c->write_high | c->status_latched;

	if (flags > 1 || c->mode > 5 || c->latch_bytes > 2 ||
	    c->access < ACCESS_LOW || c->access > ACCESS_BOTH)
		return false;
	if (c->count > 65536 || c->next > 65536)
		return false;
	/* Times lie in the past, but for the end of the current period. */
	if ((s64)(now - c->start) < 0)
		return false;
	if (c->next && c->next_at != VMM_PIT_NEVER &&
	    (!c->count || !repeats(c) ||
	     (s64)(c->next_at - now) > (s64)ns_of(65536)))
		return false;
	return c->paused <= ticks_of(VMM_PIT_NEVER >> 1);
}

int vmm_pit_check(const struct vmm_pit *pit, u64 now)
{
	unsigned int i;

	if (pit->speaker > 3 ||
	    (pit->speaker & 1) != pit->ch[SPEAKER_CH].gate ||
	    !pit->ch[0].gate || !pit->ch[1].gate)
		return -EINVAL;
	for (i = 0; i < VMM_PIT_CHANNELS; i++) {
		if (!channel_valid(&pit->ch[i], now))
			return -EINVAL;
	}
	return 0;
}

void vmm_pit_shift(struct vmm_pit *pit, u64 delta)
{
	unsigned int i;

	for (i = 0; i < VMM_PIT_CHANNELS; i++) {
		struct vmm_pit_channel *c = &pit->ch[i];

		c->start += delta;
		if (c->next_at != VMM_PIT_NEVER)
			c->next_at += delta;
	}
}
