/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The real-time clock (MC146818) and its CMOS memory.
 *
 * The clock is the host's, in UTC, plus an offset that the guest changes by
 * setting it.  Nothing ticks: what happened since the last look is worked out
 * when the guest looks, and a timer of the host is armed only for interrupts
 * that the guest has enabled.  What a guest writes lasts as long as the VM.
 */
#ifndef VMCTL_RTC_H
#define VMCTL_RTC_H

#include <pthread.h>

#include "boot/layout.h"
#include "vm/bus.h"
#include "vm/irq.h"
#include "vm/loop.h"

#define RTC_PORT	0x70
#define RTC_IRQ		8
#define RTC_BYTES	128

/**
 * struct rtc - the clock; @lock protects everything below it
 * @timer:	a timerfd; armed for the next enabled interrupt
 * @now:	the host's clock in ns since 1970
 * @offset:	what the guest's clock has more, ns
 * @seen:	up to when events were worked out, guest's ns
 * @index:	the byte that port 0x71 shows
 */
struct rtc {
	struct port_device port;
	struct irq_line *irq;
	struct loop_source timer;
	int64_t (*now)(void);
	pthread_mutex_t lock;
	int64_t offset;
	int64_t seen;
	uint8_t index;
	uint8_t byte[RTC_BYTES];
};

int rtc_init(struct rtc *rtc, struct irq_line *irq,
	     const struct layout *layout, unsigned int cpus, struct err *err);
void rtc_fini(struct rtc *rtc);

/** struct rtc_state - the clock, saved; fields as in struct rtc */
struct rtc_state {
	int64_t offset;
	int64_t seen;
	uint8_t byte[RTC_BYTES];
	uint8_t index;
	uint8_t pad[7];
};

/*
 * Save and load, by who holds the lock.  rtc_valid(): whether a clock can be in that
 * state.  The clock goes on with the host's time of day: of what has passed in between
 * the guest is told once.
 */
void rtc_save(const struct rtc *rtc, struct rtc_state *st);
bool rtc_valid(const struct rtc_state *st);
void rtc_load(struct rtc *rtc, const struct rtc_state *st);

#endif
