// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "dev/rtc.h"
#include "lib/bytes.h"
#include "lib/container.h"

enum {
	SECONDS		= 0x00,
	SECONDS_ALARM	= 0x01,
	MINUTES		= 0x02,
	MINUTES_ALARM	= 0x03,
	HOURS		= 0x04,
	HOURS_ALARM	= 0x05,
	WEEKDAY		= 0x06,
	DAY		= 0x07,
	MONTH		= 0x08,
	YEAR		= 0x09,
	REG_A		= 0x0a,
	REG_B		= 0x0b,
	REG_C		= 0x0c,
	REG_D		= 0x0d,
	EQUIPMENT	= 0x14,
	BASE_KIB	= 0x15,
	EXTENDED_KIB	= 0x17,
	EXTENDED_KIB_2	= 0x30,
	CENTURY		= 0x32,
	ABOVE_16M	= 0x34,	/* in 64 KiB */
	ABOVE_4G	= 0x5b,	/* likewise, three bytes */
	LAST_CPU	= 0x5f,
};

#define A_UIP		0x80
#define A_DIVIDER	0x20	/* 32.768 kHz */
#define A_RATE		0x0f
#define A_RATE_1024HZ	0x06

#define B_SET		0x80
#define B_24H		0x02
#define B_BINARY	0x04

/* Flags of register C; their enables are the same bits of register B. */
#define C_IRQ		0x80
#define C_PERIODIC	0x40
#define C_ALARM		0x20
#define C_UPDATE	0x10
#define C_CAUSES	(C_PERIODIC | C_ALARM | C_UPDATE)

#define D_VALID		0x80

#define PM		0x80	/* of the hour, on a 12-hour clock */
#define ANY		0xc0	/* an alarm field that always matches */

#define SEC_NS		1000000000LL
#define UIP_NS		244000	/* before an update it is announced */
#define CRYSTAL_HZ	32768
#define DAY_SECONDS	86400
#define LAST_SECOND	7258118399LL	/* of the year 2199; ns fit 64 bits */

static int64_t host_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * SEC_NS + ts.tv_nsec;
}

static bool updating(const struct rtc *rtc)
{
	return !(rtc->byte[REG_B] & B_SET);
}

static uint8_t encode(const struct rtc *rtc, int value)
{
	if (rtc->byte[REG_B] & B_BINARY)
		return (uint8_t)value;
	return (uint8_t)(value / 10 << 4 | value % 10);
}

static int decode(const struct rtc *rtc, uint8_t byte)
{
	if (rtc->byte[REG_B] & B_BINARY)
		return byte;
	return (byte >> 4) * 10 + (byte & 0xf);
}

static uint8_t encode_hour(const struct rtc *rtc, int hour)
{
	if (rtc->byte[REG_B] & B_24H)
		return encode(rtc, hour);
	return encode(rtc, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? PM : 0);
}

static int decode_hour(const struct rtc *rtc, uint8_t byte)
{
	if (rtc->byte[REG_B] & B_24H)
		return decode(rtc, byte);
	return decode(rtc, byte & ~PM) % 12 + (byte & PM ? 12 : 0);
}

/* Puts the guest's time into the bytes that show it. */
static void show_time(struct rtc *rtc, int64_t guest)
{
	time_t t = guest / SEC_NS;
	struct tm tm;

	gmtime_r(&t, &tm);
	rtc->byte[SECONDS] = encode(rtc, tm.tm_sec);
	rtc->byte[MINUTES] = encode(rtc, tm.tm_min);
	rtc->byte[HOURS] = encode_hour(rtc, tm.tm_hour);
	rtc->byte[WEEKDAY] = encode(rtc, tm.tm_wday + 1);
	rtc->byte[DAY] = encode(rtc, tm.tm_mday);
	rtc->byte[MONTH] = encode(rtc, tm.tm_mon + 1);
	rtc->byte[YEAR] = encode(rtc, tm.tm_year % 100);
	rtc->byte[CENTURY] = encode(rtc, (1900 + tm.tm_year) / 100);
}

/* The other way: the guest has set its clock; to 1970 at the earliest. */
static void take_time(struct rtc *rtc)
{
	int64_t seconds;
	struct tm tm = {
		.tm_sec = decode(rtc, rtc->byte[SECONDS]),
		.tm_min = decode(rtc, rtc->byte[MINUTES]),
		.tm_hour = decode_hour(rtc, rtc->byte[HOURS]),
		.tm_mday = decode(rtc, rtc->byte[DAY]),
		.tm_mon = decode(rtc, rtc->byte[MONTH]) - 1,
		.tm_year = decode(rtc, rtc->byte[CENTURY]) * 100 +
			   decode(rtc, rtc->byte[YEAR]) - 1900,
	};

	seconds = timegm(&tm);
	if (seconds < 0)
		seconds = 0;
	if (seconds > LAST_SECOND)
		seconds = LAST_SECOND;
	rtc->offset = seconds * SEC_NS - rtc->now();
	rtc->seen = rtc->now() + rtc->offset;
}

static int64_t guest_now(const struct rtc *rtc)
{
	return rtc->now() + rtc->offset;
}

/* Periods of the rate in force that have passed since 1970; 0: it is off. */
static unsigned int rate_shift(const struct rtc *rtc)
{
	unsigned int rate = rtc->byte[REG_A] & A_RATE;

	if (!rate)
		return 0;
	return rate <= 2 ? rate + 6 : rate - 1;
}

static int64_t crystal(int64_t guest)
{
	return guest / SEC_NS * CRYSTAL_HZ +
	       guest % SEC_NS * CRYSTAL_HZ / SEC_NS;
}

static bool alarm_field(const struct rtc *rtc, unsigned int reg, int value)
{
	uint8_t byte = rtc->byte[reg];

	if ((byte & ANY) == ANY)
		return true;
	return value == (reg == HOURS_ALARM ? decode_hour(rtc, byte) :
					      decode(rtc, byte));
}

/* Seconds from @guest to the next alarm, 1 to a day; 0: it never comes. */
static int alarm_distance(const struct rtc *rtc, int64_t guest)
{
	int start = (int)(guest / SEC_NS % DAY_SECONDS), d = 1, t;

	while (d <= DAY_SECONDS) {
		t = (start + d) % DAY_SECONDS;
		if (!alarm_field(rtc, HOURS_ALARM, t / 3600))
			d += 3600 - t % 3600;
		else if (!alarm_field(rtc, MINUTES_ALARM, t / 60 % 60))
			d += 60 - t % 60;
		else if (!alarm_field(rtc, SECONDS_ALARM, t % 60))
			d++;
		else
			return d;
	}
	return 0;
}

/* Works out what has happened since the last look. */
static void catch_up(struct rtc *rtc)
{
	int64_t from = rtc->seen, to = guest_now(rtc);
	unsigned int shift = rate_shift(rtc);
	int alarm;

	if (to <= from)
		return;
	rtc->seen = to;
	if (shift && crystal(from) >> shift != crystal(to) >> shift)
		rtc->byte[REG_C] |= C_PERIODIC;
	if (!updating(rtc) || from / SEC_NS == to / SEC_NS)
		return;
	rtc->byte[REG_C] |= C_UPDATE;
	alarm = alarm_distance(rtc, from);
	if (alarm && from / SEC_NS + alarm <= to / SEC_NS)
		rtc->byte[REG_C] |= C_ALARM;
}

/* Guest's ns until the next event that would interrupt; 0: none will. */
static int64_t next_event(const struct rtc *rtc)
{
	uint8_t wanted = rtc->byte[REG_B] & ~rtc->byte[REG_C] & C_CAUSES;
	int64_t at = rtc->seen, second = SEC_NS - at % SEC_NS, best = 0, left;
	unsigned int shift = rate_shift(rtc);
	int alarm;

	if ((wanted & C_PERIODIC) && shift) {
		left = ((crystal(at) >> shift) + 1) << shift;
		best = (left - crystal(at)) * SEC_NS / CRYSTAL_HZ + 1;
	}
	if (!updating(rtc))
		return best;
	if ((wanted & C_UPDATE) && (!best || second < best))
		best = second;
	alarm = wanted & C_ALARM ? alarm_distance(rtc, at) : 0;
	left = second + (alarm - 1) * SEC_NS;
	if (alarm && (!best || left < best))
		best = left;
	return best;
}

/* After every change: the interrupt line and the timer. */
static void update(struct rtc *rtc)
{
	struct itimerspec when = { 0 };
	int64_t ns;
	bool irq;

	irq = rtc->byte[REG_C] & rtc->byte[REG_B] & C_CAUSES;
	rtc->byte[REG_C] &= (uint8_t)~C_IRQ;
	if (irq)
		rtc->byte[REG_C] |= C_IRQ;
	irq_set(rtc->irq, irq);
	ns = next_event(rtc);
	when.it_value.tv_sec = ns / SEC_NS;
	when.it_value.tv_nsec = ns % SEC_NS;
	timerfd_settime(rtc->timer.fd, 0, &when, NULL);
}

static bool is_time(unsigned int index)
{
	return index == SECONDS || index == MINUTES || index == HOURS ||
	       (index >= WEEKDAY && index <= YEAR) || index == CENTURY;
}

static uint8_t read_byte(struct rtc *rtc)
{
	unsigned int index = rtc->index;
	uint8_t value;

	if (is_time(index) && updating(rtc))
		show_time(rtc, guest_now(rtc));
	if (index == REG_A && updating(rtc) &&
	    guest_now(rtc) % SEC_NS >= SEC_NS - UIP_NS)
		return rtc->byte[REG_A] | A_UIP;
	if (index != REG_C)
		return rtc->byte[index];
	catch_up(rtc);
	update(rtc);
	value = rtc->byte[REG_C];
	rtc->byte[REG_C] = 0;
	update(rtc);
	return value;
}

static void write_b(struct rtc *rtc, uint8_t value)
{
	bool was = updating(rtc);

	catch_up(rtc);
	if (was)
		show_time(rtc, guest_now(rtc));
	else if (!(value & B_SET))
		take_time(rtc);
	if (value & B_SET)
		value &= (uint8_t)~C_UPDATE;	/* as the chip does */
	rtc->byte[REG_B] = value;
	update(rtc);
}

static void write_byte(struct rtc *rtc, uint8_t value)
{
	unsigned int index = rtc->index;

	switch (index) {
	case REG_A:
		catch_up(rtc);
		rtc->byte[REG_A] = value & (uint8_t)~A_UIP;
		update(rtc);
		return;
	case REG_B:
		write_b(rtc, value);
		return;
	case REG_C:
	case REG_D:
		return;
	}
	if (!is_time(index) || !updating(rtc)) {
		rtc->byte[index] = value;
	} else {
		show_time(rtc, guest_now(rtc));
		rtc->byte[index] = value;
		take_time(rtc);
	}
	if (index <= YEAR)
		update(rtc);
}

static uint32_t rtc_in(struct port_device *dev, unsigned int off,
		       unsigned int size)
{
	struct rtc *rtc = container_of(dev, struct rtc, port);
	uint8_t value = 0xff;	/* the index can't be read back */

	(void)size;
	if (off != 1)
		return value;
	pthread_mutex_lock(&rtc->lock);
	value = read_byte(rtc);
	pthread_mutex_unlock(&rtc->lock);
	return value;
}

static void rtc_out(struct port_device *dev, unsigned int off,
		    unsigned int size, uint32_t value)
{
	struct rtc *rtc = container_of(dev, struct rtc, port);

	(void)size;
	pthread_mutex_lock(&rtc->lock);
	if (off == 0)
		rtc->index = value % RTC_BYTES;	/* the top bit masks NMIs */
	else
		write_byte(rtc, (uint8_t)value);
	pthread_mutex_unlock(&rtc->lock);
}

static const struct port_ops rtc_ops = {
	.in = rtc_in,
	.out = rtc_out,
};

static void timer_ready(struct loop_source *source)
{
	struct rtc *rtc = container_of(source, struct rtc, timer);
	uint64_t count;

	if (read(source->fd, &count, sizeof(count)) < 0)
		return;		/* disarmed in the meantime */
	pthread_mutex_lock(&rtc->lock);
	catch_up(rtc);
	update(rtc);
	pthread_mutex_unlock(&rtc->lock);
}

static uint64_t clamp(uint64_t value, uint64_t max)
{
	return value < max ? value : max;
}

/* Memory sizes, where firmware would have left them. */
static void fill_memory(struct rtc *rtc, const struct layout *layout)
{
	uint64_t kib = (layout->low - LAYOUT_HIGH_MEMORY) / KIB, above = 0;
	uint8_t high[4];

	put16(&rtc->byte[BASE_KIB], LAYOUT_VGA / KIB);
	put16(&rtc->byte[EXTENDED_KIB], (uint16_t)clamp(kib, UINT16_MAX));
	put16(&rtc->byte[EXTENDED_KIB_2], (uint16_t)clamp(kib, UINT16_MAX));
	if (layout->low > 16 * MIB)
		above = (layout->low - 16 * MIB) / (64 * KIB);
	put16(&rtc->byte[ABOVE_16M], (uint16_t)clamp(above, UINT16_MAX));
	put32(high, (uint32_t)clamp(layout->high / (64 * KIB), 0xffffff));
	memcpy(&rtc->byte[ABOVE_4G], high, 3);
}

int rtc_init(struct rtc *rtc, struct irq_line *irq,
	     const struct layout *layout, unsigned int cpus, struct err *err)
{
	memset(rtc, 0, sizeof(*rtc));
	rtc->port = (struct port_device){
		.name = "real-time clock",
		.ops = &rtc_ops,
		.base = RTC_PORT,
		.count = 2,
		.width = 1,
	};
	rtc->irq = irq;
	rtc->now = host_now;
	pthread_mutex_init(&rtc->lock, NULL);
	rtc->byte[REG_A] = A_DIVIDER | A_RATE_1024HZ;
	rtc->byte[REG_B] = B_24H;
	rtc->byte[REG_D] = D_VALID;
	rtc->byte[EQUIPMENT] = 0x02;	/* an FPU, no floppy, no display */
	rtc->byte[LAST_CPU] = (uint8_t)clamp(cpus - 1, UINT8_MAX);
	fill_memory(rtc, layout);
	rtc->seen = guest_now(rtc);
	rtc->timer.ready = timer_ready;
	rtc->timer.fd = timerfd_create(CLOCK_MONOTONIC,
				       TFD_CLOEXEC | TFD_NONBLOCK);
	if (rtc->timer.fd < 0)
		return err_set(err, VMCTL_FAILED, "timerfd: %s",
			       strerror(errno));
	return 0;
}

void rtc_fini(struct rtc *rtc)
{
	if (rtc->timer.fd >= 0)
		close(rtc->timer.fd);
	rtc->timer.fd = -1;
	pthread_mutex_destroy(&rtc->lock);
}

/* ---- its state ------------------------------------------------------------------- */

void rtc_save(const struct rtc *rtc, struct rtc_state *st)
{
	memset(st, 0, sizeof(*st));
	st->offset = rtc->offset;
	st->seen = rtc->seen;
	st->index = rtc->index;
	memcpy(st->byte, rtc->byte, sizeof(st->byte));
}

bool rtc_valid(const struct rtc_state *st)
{
	static const uint8_t zero[sizeof(st->pad)];
	int64_t most = LAST_SECOND * SEC_NS;

	return st->offset >= -most && st->offset <= most && st->seen >= 0 &&
	       st->index < RTC_BYTES && !(st->byte[REG_A] & A_UIP) &&
	       !memcmp(st->pad, zero, sizeof(zero));
}

/* This host's clock may be behind that of the one before. */
void rtc_load(struct rtc *rtc, const struct rtc_state *st)
{
	int64_t now = rtc->now();

	rtc->offset = st->offset;
	if (rtc->offset < -now)
		rtc->offset = -now;
	if (rtc->offset > LAST_SECOND * SEC_NS - now)
		rtc->offset = LAST_SECOND * SEC_NS - now;
	now += rtc->offset;
	rtc->seen = st->seen < now ? st->seen : now;
	rtc->index = st->index;
	memcpy(rtc->byte, st->byte, sizeof(rtc->byte));
	update(rtc);
	irq_sync(rtc->irq, rtc->byte[REG_C] & C_IRQ);
}
