// SPDX-License-Identifier: GPL-2.0
/*
 * steal.c: steal time, in the form that Linux documents for KVM guests: each CPU
 * names a structure, in which it finds for how long it was kept from running, and
 * whether it is.
 */
#include "apic.h"
#include "machine.h"
#include "smp.h"
#include "sync.h"
#include "test.h"
#include "time.h"

#define MSR_STEAL	0x4b564d03
#define FEATURE_STEAL	5
#define ENABLE		1ull
#define MARK		0x5a

struct steal {
	u64 ns;
	u32 version;
	u32 flags;
	u8 preempted;
	u8 pad[47];
} __attribute__((packed, aligned(64)));

static volatile struct steal areas[MAX_CPUS];

static bool present(void)
{
	struct cpuid h = cpuid(0x40000000, 0);

	return cpuid(1, 0).c >> 31 && h.b == 0x4b4d564b && h.c == 0x564b4d56 && h.d == 0x4d &&
	       cpuid(0x40000001, 0).a >> FEATURE_STEAL & 1;
}

static bool absent(void)
{
	if (!present())
		skip("no steal time");
	return !present();
}

static volatile struct steal *area(void)
{
	return &areas[this_cpu()->index];
}

static void clear(volatile struct steal *s)
{
	for (u32 i = 0; i < sizeof(*s); i++)
		((volatile u8 *)s)[i] = i < 17 ? 0 : MARK;
}

static void without(void)
{
	u64 v;

	if (present()) {
		skip("there is steal time");
		return;
	}
	check_exc(rdmsr_exc(MSR_STEAL, &v), GP, 0, "without the feature: #GP");
}

static void turn_on(void)
{
	volatile struct steal *s = area();
	u32 marks = 0;
	u64 v;

	if (absent())
		return;
	check_exc(rdmsr_exc(MSR_STEAL, &v), NO_EXCEPTION, 0, "the register reads");
	check_eq(v, 0, "off at first");
	clear(s);
	check_exc(wrmsr_exc(MSR_STEAL, (u64)s | ENABLE), NO_EXCEPTION, 0, "it is turned on");
	check_eq(rdmsr(MSR_STEAL), (u64)s | ENABLE, "and reads back");
	check(s->version && !(s->version & 1), "the next instruction finds a version, %u",
	      s->version);
	check(!s->preempted && !s->flags, "who runs is not preempted");
	for (u32 i = 17; i < sizeof(*s); i++)
		marks += ((volatile u8 *)s)[i] == MARK;
	check_eq(marks, sizeof(*s) - 17, "what is reserved is left alone");
	wrmsr(MSR_STEAL, 0);
}

static u32 odd[MAX_CPUS], back[MAX_CPUS], preempted[MAX_CPUS], much[MAX_CPUS];

/* Time is stolen or not; of what is told none must be wrong. */
static void spend(void *arg __unused)
{
	volatile struct steal *s = area();
	u32 me = this_cpu()->index;
	u64 start = rdtsc(), end = start + 200 * tsc_khz, first, last, now;

	clear(s);
	wrmsr(MSR_STEAL, (u64)s | ENABLE);
	first = last = s->ns;
	while (rdtsc() < end) {
		odd[me] += s->version & 1;
		preempted[me] += s->preempted != 0;
		now = s->ns;
		back[me] += now < last;
		last = now;
		/* Cycles beyond those that went by are not stolen. */
		much[me] += (last - first) / 1000 > (rdtsc() - start) * 1000 / tsc_khz + 1000;
	}
}

static u32 sum(const u32 *of)
{
	u32 all = 0;

	for (u32 i = 0; i < machine.ncpus; i++)
		all += of[i];
	return all;
}

static void over_time(void)
{
	if (absent())
		return;
	smp_call_all(spend, NULL);
	check_eq(sum(odd), 0, "no CPU ever sees its own version odd");
	check_eq(sum(preempted), 0, "nor itself preempted");
	check_eq(sum(back), 0, "nor steal time go back");
	check_eq(sum(much), 0, "nor more of it than time");
	for (u32 i = 0; i < machine.ncpus; i++)
		note("CPU %u: %lu us of 200000, version %u", i, areas[i].ns / 1000,
		     areas[i].version);
}

static void turn_off(void)
{
	volatile struct steal *s = area();
	u32 changed = 0;

	if (absent())
		return;
	wrmsr(MSR_STEAL, (u64)s | ENABLE);
	wrmsr(MSR_STEAL, 0);
	clear(s);
	for (u32 i = 0; i < 20; i++) {
		udelay(5000);
		cpuid(0, 0);
	}
	for (u32 i = 0; i < sizeof(*s); i++)
		changed += ((volatile u8 *)s)[i] != (i < 17 ? 0 : MARK);
	check_eq(changed, 0, "turned off, nothing is written");
}

/* A structure that is named again goes on from what is in it. */
static void go_on(void)
{
	volatile struct steal *s = area();

	if (absent())
		return;
	clear(s);
	s->ns = 1ull << 60;
	s->version = 0x1001;
	wrmsr(MSR_STEAL, (u64)s | ENABLE);
	check(s->ns >= 1ull << 60 && s->ns < (1ull << 60) + (1ull << 40),
	      "steal time goes on from what is there");
	check(s->version > 0x1001 && !(s->version & 1), "and so does the version, 0x%x", s->version);
	wrmsr(MSR_STEAL, 0);
}

static void addresses(void)
{
	u64 good = (u64)area() | ENABLE;
	const struct { u64 value; const char *name; } bad[] = {
		{ 1ull << 45, "no memory" },
		{ 0xfee00000, "the local APIC" },
		{ 0xfec00000, "the IOAPIC" },
		{ 1ull << 52, "more bits than addresses have" },
		{ ~0x3full, "the end of all addresses" },
	};

	if (absent())
		return;
	wrmsr(MSR_STEAL, good);
	for (u32 bit = 1; bit < 6; bit++)
		check_exc(wrmsr_exc(MSR_STEAL, good | BIT(bit)), GP, 0, "bit %u: #GP(0)", bit);
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		check_exc(wrmsr_exc(MSR_STEAL, bad[i].value | ENABLE), GP, 0, "%s: #GP(0)",
			  bad[i].name);
	check_eq(rdmsr(MSR_STEAL), good, "what was refused has changed nothing");
	wrmsr(MSR_STEAL, 0);
}

const struct test tests[] = {
	{ "without", without, false },
	{ "turn-on", turn_on, false },
	{ "over-time", over_time, false },
	{ "turn-off", turn_off, false },
	{ "go-on", go_on, false },
	{ "addresses", addresses, false },
	{}
};
