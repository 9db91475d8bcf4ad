// SPDX-License-Identifier: GPL-2.0
/* The real-time clock, with a clock of our own behind it. */
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>

#include "dev/rtc.h"
#include "tap.h"

#define SEC	1000000000LL
/* Friday, 2024-03-01 13:59:58 UTC, and 0.25 s */
#define START	(1709301598 * SEC + SEC / 4)

static struct rtc rtc;
static int64_t clock_now;
static unsigned int edges;

static int64_t now(void)
{
	return clock_now;
}

static void drive(struct irq_line *line, bool level)
{
	edges += level;
}

static struct irq_line line = { .drive = drive };

static uint8_t get(uint8_t index)
{
	rtc.port.ops->out(&rtc.port, 0, 1, index);
	return (uint8_t)rtc.port.ops->in(&rtc.port, 1, 1);
}

static void set(uint8_t index, uint8_t value)
{
	rtc.port.ops->out(&rtc.port, 0, 1, index);
	rtc.port.ops->out(&rtc.port, 1, 1, value);
}

static bool time_is(uint8_t h, uint8_t m, uint8_t s)
{
	return get(4) == h && get(2) == m && get(0) == s;
}

static void start(void)
{
	struct layout layout;
	struct err err;

	if (rtc.port.ops)
		rtc_fini(&rtc);
	layout_make(&layout, 6 * GIB, 48, &err);
	line.level = false;
	edges = 0;
	rtc_init(&rtc, &line, &layout, 4, &err);
	rtc.now = now;
	clock_now = START;
	rtc.seen = START;
}

static void test_time(void)
{
	start();
	tap_ok(time_is(0x13, 0x59, 0x58), "BCD, 24 hours");
	tap_ok(get(7) == 0x01 && get(8) == 0x03 && get(9) == 0x24 &&
	       get(0x32) == 0x20 && get(6) == 6, "date, century, weekday");
	clock_now += 3 * SEC;
	tap_ok(time_is(0x14, 0x00, 0x01), "it goes on");
	set(0x0b, 0x06);
	tap_ok(time_is(14, 0, 1) && get(9) == 24, "binary");
	set(0x0b, 0x00);
	tap_ok(time_is(0x82, 0x00, 0x01), "12 hours, afternoon");
	clock_now += 10 * 3600 * SEC;
	tap_ok(get(4) == 0x12, "midnight is 12 am");
	tap_ok(get(0x0d) == 0x80, "the battery is good");
}

static void test_set(void)
{
	start();
	set(0x0b, 0x82);
	clock_now += 5 * SEC;
	tap_ok(time_is(0x13, 0x59, 0x58), "SET stops the clock");
	set(9, 0x99);
	set(0x32, 0x19);
	set(8, 0x12);
	set(7, 0x31);
	set(4, 0x23);
	set(2, 0x59);
	set(0, 0x59);
	set(0x0b, 0x02);
	tap_ok(time_is(0x23, 0x59, 0x59) && get(9) == 0x99, "it was set");
	clock_now += SEC;
	tap_ok(time_is(0, 0, 0) && get(7) == 1 && get(8) == 1 &&
	       get(9) == 0 && get(0x32) == 0x20 && get(6) == 7,
	       "and carries into 2000, a Saturday");
	start();
	set(4, 0x20);
	clock_now += SEC;
	tap_ok(time_is(0x20, 0x59, 0x59), "one field without SET");
}

static void test_uip(void)
{
	start();
	tap_ok(!(get(0x0a) & 0x80), "no update in progress");
	clock_now = START / SEC * SEC + SEC - 200000;
	tap_ok(get(0x0a) & 0x80, "200 us before the second there is");
	set(0x0b, 0x82);
	tap_ok(!(get(0x0a) & 0x80), "but not with SET");
}

static void tick(int64_t ns)
{
	clock_now += ns;
	rtc.timer.ready(&rtc.timer);
}

static bool armed(void)
{
	struct itimerspec left;

	timerfd_gettime(rtc.timer.fd, &left);
	return left.it_value.tv_sec || left.it_value.tv_nsec;
}

/* The loop calls only when the timer has fired; here time is ours, so it
 * is made to fire. */
static void fire(int64_t ns)
{
	const struct itimerspec soon = { .it_value.tv_nsec = 1 };
	struct pollfd pfd = { .fd = rtc.timer.fd, .events = POLLIN };

	timerfd_settime(rtc.timer.fd, 0, &soon, NULL);
	poll(&pfd, 1, -1);
	tick(ns);
}

static void test_interrupts(void)
{
	start();
	tap_ok(!armed(), "no timer without interrupts");
	set(0x0b, 0x12);
	tap_ok(armed() && !line.level, "update interrupt: a timer");
	fire(SEC);
	tap_ok(line.level && edges == 1, "the second is over");
	fire(SEC);
	tap_ok(line.level && edges == 1, "and the next, unseen");
	tap_ok((get(0x0c) & 0x90) == 0x90 && !line.level && !get(0x0c),
	       "register C tells once");
	set(0x0b, 0x42);
	tap_ok(armed(), "periodic interrupt");
	fire(SEC / 1000);
	tap_ok(line.level && (get(0x0c) & 0xc0) == 0xc0, "after 1/1024 s");
	fire(SEC / 10000);
	tap_ok(!line.level, "but not after a tenth of that");
	set(0x0a, 0x20);
	tap_ok(!armed(), "rate 0 is never");
	set(0x0b, 0x02);
	get(0x0c);
	set(0x0a, 0x26);
	clock_now += SEC;
	tap_ok(get(0x0c) == 0x50,
	       "flags without enables, for who polls");
}

static void test_alarm(void)
{
	start();
	set(5, 0x14);
	set(3, 0x00);
	set(1, 0x05);
	set(0x0b, 0x22);
	tap_ok(armed(), "alarm at 14:00:05");
	fire(6 * SEC);
	tap_ok(!line.level, "not at 14:00:04");
	fire(SEC);
	tap_ok(line.level && (get(0x0c) & 0xa0) == 0xa0, "at 14:00:05");
	fire(86399 * SEC);
	tap_ok(!line.level, "not within a day");
	fire(SEC);
	tap_ok(line.level && get(0x0c), "but after one");
	set(5, 0xc0);
	set(3, 0xff);
	fire(59 * SEC);
	tap_ok(!line.level, "any hour and minute:");
	fire(SEC);
	tap_ok(line.level && get(0x0c), "every minute");
	set(1, 0x77);
	tap_ok(!armed(), "second 77 never comes");
	set(0x0b, 0xa2);
	clock_now += 86400 * SEC;
	tap_ok(!(get(0x0c) & 0x20), "nor anything while SET");
}

static void test_memory(void)
{
	start();
	tap_ok(get(0x15) == 0x80 && get(0x16) == 0x02, "640 KiB");
	tap_ok(get(0x30) == 0xff && get(0x31) == 0xff, "more than 64 MiB");
	tap_ok((get(0x34) | get(0x35) << 8) == 0xbf00, "3 GiB less 16 MiB");
	tap_ok((get(0x5b) | get(0x5c) << 8 | get(0x5d) << 16) == 0xc000,
	       "3 GiB above 4 GiB");
	tap_ok(get(0x5f) == 3, "the last processor");
	set(0x0f, 0xa5);
	set(0x7f, 0x5a);
	tap_ok(get(0x0f) == 0xa5 && get(0xff) == 0x5a,
	       "bytes persist, the NMI bit is no address");
	set(0x0c, 0xff);
	set(0x0d, 0x00);
	tap_ok(!(get(0x0c) & 0x0f) && get(0x0d) == 0x80,
	       "C and D can't be written");
	tap_ok(rtc.port.ops->in(&rtc.port, 0, 1) == 0xff,
	       "the index can't be read");
}

int main(void)
{
	test_time();
	test_set();
	test_uip();
	test_interrupts();
	test_alarm();
	test_memory();
	rtc_fini(&rtc);
	return tap_done();
}
