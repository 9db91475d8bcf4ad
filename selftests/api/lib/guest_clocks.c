// SPDX-License-Identifier: GPL-2.0
/*
 * guest_clocks SECONDS: inside a Linux guest, for so many seconds of CLOCK_MONOTONIC, what
 * each clock does and how timers come.  Says "guest: begin" and in the end
 *
 *	guest: clocks MONO RAW BOOT REAL TSC: milliseconds that each has counted
 *	guest: timer TICKS LATE BURST: of a timer of 100 Hz, how often it ticked, the longest
 *		wait for a tick in milliseconds, the most ticks that came at once
 *
 * Static, as the guest has no libraries.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define HZ	100

enum { MONO, RAW, BOOT, REAL, TSC, NR_CLOCKS };

static uint64_t ms_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static uint64_t rdtsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return low | (uint64_t)high << 32;
}

static void look_once(uint64_t *now)
{
	now[TSC] = rdtsc();
	now[MONO] = ms_of(CLOCK_MONOTONIC);
	now[RAW] = ms_of(CLOCK_MONOTONIC_RAW);
	now[BOOT] = ms_of(CLOCK_BOOTTIME);
	now[REAL] = ms_of(CLOCK_REALTIME);
}

/* The reading that nothing came in between of: the quickest of some. */
static void look(uint64_t *now)
{
	uint64_t best = UINT64_MAX, took, it[NR_CLOCKS];
	int i;

	for (i = 0; i < 20; i++) {
		look_once(it);
		took = rdtsc() - it[TSC];
		if (took >= best)
			continue;
		best = took;
		memcpy(now, it, sizeof(it));
	}
}

/* TSC cycles in a millisecond, by the clock that is judged least: a fifth of a second. */
static uint64_t tsc_per_ms(void)
{
	uint64_t a[NR_CLOCKS], b[NR_CLOCKS];

	look(a);
	usleep(200000);
	look(b);
	return (b[TSC] - a[TSC]) / (b[MONO] - a[MONO]);
}

static void ticks(int fd, uint64_t end, uint64_t *n, uint64_t *late,
		  uint64_t *burst)
{
	uint64_t last = ms_of(CLOCK_MONOTONIC), now, count;

	do {
		if (read(fd, &count, sizeof(count)) != sizeof(count))
			exit(1);
		now = ms_of(CLOCK_MONOTONIC);
		*n += count;
		if (now - last > *late)
			*late = now - last;
		if (count > *burst)
			*burst = count;
		last = now;
	} while (now < end);
}

int main(int argc, char **argv)
{
	struct itimerspec every = {
		.it_interval = { .tv_nsec = 1000000000 / HZ },
		.it_value = { .tv_nsec = 1000000000 / HZ },
	};
	uint64_t a[NR_CLOCKS], b[NR_CLOCKS], n = 0, late = 0, burst = 0;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0), i;
	uint64_t khz = tsc_per_ms();

	if (argc != 2 || fd < 0 || timerfd_settime(fd, 0, &every, NULL))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	look(a);
	puts("guest: begin");
	ticks(fd, a[MONO] + 1000 * strtoull(argv[1], NULL, 10), &n, &late,
	      &burst);
	look(b);
	puts("guest: end");
	printf("guest: clocks");
	for (i = 0; i < NR_CLOCKS; i++)
		printf(" %llu", (unsigned long long)((b[i] - a[i]) /
						     (i == TSC ? khz : 1)));
	printf("\nguest: timer %llu %llu %llu\n", (unsigned long long)n,
	       (unsigned long long)late, (unsigned long long)burst);
	return 0;
}
